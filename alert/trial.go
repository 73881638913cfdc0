package alert

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"adtop/snapshot"
)

// Trial is a unit test of rules: figures as they come, and the alerts that are
// expected at some moments. Every moment is a fresh poll.
type Trial struct {
	Name    string            `yaml:"name"`
	Subject string            `yaml:"subject"`
	Every   time.Duration     `yaml:"every"`
	Series  map[string]string `yaml:"series"` // by field, see expand
	Texts   map[string]string `yaml:"texts"`
	Expect  []Expectation     `yaml:"expect"`
}

// Expectation is what an alert has to be at a moment.
type Expectation struct {
	At      time.Duration `yaml:"at"` // since the first moment
	Rule    string        `yaml:"rule"`
	State   string        `yaml:"state"` // none, pending, firing or recovering
	Summary string        `yaml:"summary"`
}

const (
	maxMoments = 10_000
	noAlert    = "none"
)

// Run plays the trial and returns what was not as expected, in sentences.
func (t Trial) Run(rules []*Rule) (failures []string, err error) {
	series, moments, err := t.check(rules)
	if err != nil {
		return nil, err
	}
	texts := map[string]string{"channel.name": t.Subject}
	maps.Copy(texts, t.Texts)
	var alerts []snapshot.Alert
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range moments {
		now := begin.Add(time.Duration(i) * t.Every)
		sub := subject{name: t.Subject, watermark: now, values: values{}, texts: texts}
		for path, numbers := range series {
			if i < len(numbers) && numbers[i] != nil {
				sub.values[path] = *numbers[i]
			}
		}
		e := &step{s: &snapshot.Snapshot{}, at: now, alerts: alerts, marks: map[[2]string]time.Time{}}
		var all []condition
		for _, r := range rules {
			all = append(all, r.on(sub))
		}
		e.evaluate(all)
		alerts = e.alerts
		for _, want := range t.Expect {
			if want.At == now.Sub(begin) {
				failures = append(failures, want.compare(alerts)...)
			}
		}
	}
	return failures, nil
}

func (want Expectation) compare(alerts []snapshot.Alert) (failures []string) {
	state, summary := noAlert, ""
	for _, a := range alerts {
		if a.Rule == want.Rule && a.Open() {
			state, summary = a.State, a.Summary
		}
	}
	if state != want.State {
		failures = append(failures, fmt.Sprintf("at %s %q is %s, expected %s", want.At, want.Rule, state, want.State))
	}
	if want.Summary != "" && state != noAlert && summary != want.Summary {
		failures = append(failures, fmt.Sprintf("at %s %q says %q, expected %q", want.At, want.Rule, summary, want.Summary))
	}
	return failures
}

// check reads the series, and refuses what would test nothing.
func (t Trial) check(rules []*Rule) (series map[string][]*float64, moments int, err error) {
	if t.Every <= 0 {
		return nil, 0, fmt.Errorf("every: write how far apart the polls are, such as 15m")
	}
	if len(t.Expect) == 0 {
		return nil, 0, fmt.Errorf("expect: write at least one, such as {at: 30m, rule: NAME, state: firing}")
	}
	series = map[string][]*float64{}
	for path, text := range t.Series {
		i := slices.IndexFunc(fields, func(f Field) bool { return f.Path == path && !f.Text })
		if i < 0 {
			return nil, 0, fmt.Errorf("series: there is no field %s; the README lists them", path)
		}
		numbers, err := expand(text)
		if err != nil {
			return nil, 0, fmt.Errorf("series: %s: %w", path, err)
		}
		for _, name := range twins(path) {
			series[name] = numbers
		}
		moments = max(moments, len(numbers))
	}
	for _, want := range t.Expect {
		switch {
		case !slices.ContainsFunc(rules, func(r *Rule) bool { return r.Name() == want.Rule }):
			return nil, 0, fmt.Errorf("expect: there is no rule %q", want.Rule)
		case !slices.Contains([]string{noAlert, snapshot.Pending, snapshot.Firing, snapshot.Recovering}, want.State):
			return nil, 0, fmt.Errorf("expect: %q is no state: expected none, pending, firing or recovering", want.State)
		case want.At < 0 || want.At%t.Every != 0:
			return nil, 0, fmt.Errorf("expect: at %s there is no poll: they come every %s", want.At, t.Every)
		case want.At/t.Every >= maxMoments:
			return nil, 0, fmt.Errorf("expect: %s is more than %d polls away", want.At, maxMoments)
		}
		moments = max(moments, int(want.At/t.Every)+1)
	}
	return series, moments, nil
}

// twins are the names of one field: today's figures also stand without today.
func twins(path string) []string {
	kind, rest, _ := strings.Cut(path, ".")
	if name, ok := strings.CutPrefix(rest, spanToday+"."); ok {
		return []string{path, kind + "." + name}
	}
	if today := kind + "." + spanToday + "." + rest; slices.ContainsFunc(fields, func(f Field) bool { return f.Path == today }) {
		return []string{path, today}
	}
	return []string{path}
}

// expand reads a series: numbers with spaces between, _ for one that is
// missing, 3x5 for the same five times, 3+0.5x5 and 3-0.5x5 for one that grows
// or falls from 3 over five polls.
func expand(text string) (numbers []*float64, err error) {
	for _, word := range strings.Fields(text) {
		value, times, repeated := strings.Cut(word, "x")
		n := 1
		if repeated {
			if n, err = strconv.Atoi(times); err != nil || n < 1 || n > maxMoments {
				return nil, fmt.Errorf("%q: behind x stands how often, from 1 to %d", word, maxMoments)
			}
		}
		from, by := value, "0"
		if i := strings.LastIndexAny(value, "+-"); i > 0 && value[i-1] != 'e' {
			from, by = value[:i], value[i:]
		}
		first, err := strconv.ParseFloat(from, 64)
		growth, errGrowth := strconv.ParseFloat(by, 64)
		if value != "_" && (err != nil || errGrowth != nil) {
			return nil, fmt.Errorf("%q is no number: expected one such as 1.5, 3x5, 3+0.5x5, or _ for a missing one", word)
		}
		for i := range n {
			if value == "_" {
				numbers = append(numbers, nil)
				continue
			}
			number := first + float64(i)*growth
			numbers = append(numbers, &number)
		}
		if len(numbers) > maxMoments {
			return nil, fmt.Errorf("more than %d numbers", maxMoments)
		}
	}
	return numbers, nil
}
