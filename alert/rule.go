package alert

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"adtop/pattern"
	"adtop/snapshot"
)

// Options are the keys of a rule of the config.
type Options struct {
	Name          string            `yaml:"name"`
	Expr          string            `yaml:"expr"`
	For           Hold              `yaml:"for"`
	KeepFiringFor Hold              `yaml:"keep_firing_for"`
	Severity      Severity          `yaml:"severity"`
	Summary       string            `yaml:"summary"`
	Runbook       string            `yaml:"runbook"`
	Labels        map[string]string `yaml:"labels"`
	Channels      []pattern.Pattern `yaml:"channels"`
}

// Severity reads a severity by its name.
type Severity struct{ snapshot.Severity }

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Severity) UnmarshalText(text []byte) error {
	for _, known := range []snapshot.Severity{snapshot.Info, snapshot.Warning, snapshot.Critical} {
		if known.String() == string(text) {
			s.Severity = known
			return nil
		}
	}
	return fmt.Errorf("%q is no severity: expected info, warning or critical", text)
}

// UnmarshalText reads "3 polls" or a span such as "90m", "2h" or "1d".
func (h *Hold) UnmarshalText(text []byte) error {
	number, unit, _ := strings.Cut(string(text), " ")
	n, err := strconv.Atoi(number)
	if unit == "polls" || unit == "poll" {
		if err != nil || n < 1 || n > 1000 {
			return fmt.Errorf("%q: expected 1 to 1000 polls, as in 3 polls", text)
		}
		*h = Hold{Polls: n}
		return nil
	}
	days, isDays := strings.CutSuffix(string(text), "d")
	if n, err = strconv.Atoi(days); isDays && err == nil && n > 0 && n <= 90 {
		*h = Hold{Span: time.Duration(n) * 24 * time.Hour}
		return nil
	}
	span, err := time.ParseDuration(string(text))
	if err != nil || span <= 0 || span > 90*24*time.Hour {
		return fmt.Errorf("%q: expected polls or a span of the data's time, as in 3 polls, 90m, 2h or 1d", text)
	}
	*h = Hold{Span: span}
	return nil
}

// KeyError is a mistake in the value of one key of a rule.
type KeyError struct {
	Key string
	Err error // an *ExprError where the value is an expression
}

func (e *KeyError) Error() string { return e.Key + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *KeyError) Unwrap() error { return e.Err }

// Rule is a checked rule of the config.
type Rule struct {
	o       Options
	expr    *expression
	summary []piece
	kind    string // of its subjects
}

// piece is a text of the summary, or a value in it.
type piece struct {
	text  string
	value *expression
}

// builtIn are names that a rule of the config cannot take.
var builtIn = []string{RuleUnprofitable, RuleTracking, RuleIncident, RuleSpendStopped, RuleSpendSpike, RuleTargetMissed, RuleClaims,
	RuleSourceStale, RuleSourceAccess, RuleSourceQuota, RuleTokenExpiring, RuleNotify}

// Compile checks a rule. Its errors are *KeyErrors.
func Compile(o Options) (*Rule, error) {
	switch {
	case o.Name == "":
		return nil, &KeyError{"name", errors.New("the rule has none: add one")}
	case slices.Contains(builtIn, o.Name):
		return nil, &KeyError{"name", fmt.Errorf("%q is built in: choose another", o.Name)}
	case o.Expr == "":
		return nil, &KeyError{"expr", errors.New("the rule has none: add a condition such as channel.today.roas < 1.2")}
	}
	for _, label := range []string{labelRule, labelSubject, labelSeverity, labelChannel, labelSource} {
		if _, taken := o.Labels[label]; taken {
			return nil, &KeyError{"labels", fmt.Errorf("%q is given by adtop: choose another name", label)}
		}
	}
	r := &Rule{o: o}
	var err error
	if r.expr, err = compile(o.Expr, reflect.Bool); err != nil {
		return nil, &KeyError{"expr", err}
	}
	if r.kind, err = subjectKind(r.expr.paths); err != nil {
		return nil, &KeyError{"expr", err}
	}
	if r.summary, err = r.pieces(o.Summary); err != nil {
		return nil, &KeyError{"summary", err}
	}
	return r, nil
}

// ReadCampaigns says whether one of the rules is about campaigns: only then do
// their figures have to be read.
func ReadCampaigns(rules []*Rule) bool {
	return slices.ContainsFunc(rules, func(r *Rule) bool { return r.kind == kindCampaign })
}

// Name returns the rule's name.
func (r *Rule) Name() string { return r.o.Name }

// subjectKind is what a rule with such fields is evaluated for: each campaign,
// channel or source, or the account.
func subjectKind(paths []string) (string, error) {
	has := map[string]bool{}
	for _, path := range paths {
		has[kindOf(path)] = true
	}
	switch {
	case has[kindSource] && (has[kindChannel] || has[kindCampaign]):
		return "", &ExprError{1, 1, "it mixes a source with channels or campaigns: write two rules"}
	case has[kindSource]:
		return kindSource, nil
	case has[kindCampaign]:
		return kindCampaign, nil
	case has[kindChannel]:
		return kindChannel, nil
	case has[kindAccount]:
		return kindAccount, nil
	}
	return "", &ExprError{1, 1, "it names no field: nothing would change it. Begin with channel., campaign., source. or account."}
}

// pieces splits a summary at its {expressions}.
func (r *Rule) pieces(text string) (all []piece, err error) {
	column := 1
	for text != "" {
		before, rest, found := strings.Cut(text, "{")
		all = append(all, piece{text: before})
		if !found {
			break
		}
		inner, after, closed := strings.Cut(rest, "}")
		column += len([]rune(before)) + 1
		if !closed {
			return nil, &ExprError{1, column - 1, "the { is not closed: write {channel.today.roas}"}
		}
		value, err := compile(inner, reflect.Interface)
		var fault *ExprError
		if errors.As(err, &fault) {
			return nil, &ExprError{1, column + fault.Column - 1, fault.Message}
		}
		if kind, err := subjectKind(value.paths); err == nil && kind != r.kind && kind != kindAccount && (r.kind != kindCampaign || kind != kindChannel) {
			return nil, &ExprError{1, column, fmt.Sprintf("the rule is about a %s, and has no %s", r.kind, kind)}
		}
		all = append(all, piece{value: value})
		column += len([]rune(inner)) + 1
		text = after
	}
	return all, nil
}

// subject is what a rule is evaluated for.
type subject struct {
	name      string
	labels    map[string]string
	watermark time.Time
	frozen    string
	partial   bool // older figures are still being fetched
	waits     bool // a source's poll is due or under way: wait for what it says
	values    values
	texts     map[string]string
}

// on evaluates the rule for one subject.
func (r *Rule) on(sub subject) condition {
	c := condition{rule: r.o.Name, subject: sub.name, labels: map[string]string{}, severity: r.o.Severity.Severity, watermark: sub.watermark,
		frozen: sub.frozen, wait: r.o.For, keep: r.o.KeepFiringFor, runbook: r.o.Runbook}
	for _, labels := range []map[string]string{r.o.Labels, sub.labels} {
		for label, value := range labels {
			c.labels[label] = value
		}
	}
	if sub.frozen != "" || sub.waits || sub.partial && r.looksBack() {
		return c
	}
	holds, err := r.expr.run(sub.values, sub.texts)
	switch {
	case errors.Is(err, errMissing):
		return c
	case err != nil:
		c.frozen, c.err = snapshot.Failed, err
		return c
	case holds == true:
		c.signal = breach
	default:
		c.signal = clear
	}
	c.summary, c.reason = r.words(sub), r.because(sub)
	return c
}

// looksBack says whether the rule reads more than today's figures.
func (r *Rule) looksBack() bool {
	return slices.ContainsFunc(r.expr.paths, func(path string) bool {
		return strings.Contains(path, "."+spanWeek) || strings.Contains(path, "."+spanDayBefore)
	})
}

// words fills the values into the summary.
func (r *Rule) words(sub subject) string {
	var out strings.Builder
	for _, p := range r.summary {
		out.WriteString(p.text)
		if p.value == nil {
			continue
		}
		value, err := p.value.run(sub.values, sub.texts)
		out.WriteString(shown(value, err))
	}
	if out.Len() == 0 {
		return sub.name + ": " + r.o.Name
	}
	return out.String()
}

// because names the values behind the decision.
func (r *Rule) because(sub subject) string {
	var parts []string
	for _, path := range r.expr.paths {
		if number, ok := sub.values[path]; ok {
			parts = append(parts, path+" is "+shown(number, nil))
		} else if text, ok := sub.texts[path]; ok {
			parts = append(parts, path+" is "+text)
		} else {
			parts = append(parts, path+" is unknown")
		}
	}
	return fmt.Sprintf("%s, where %s.", strings.TrimSpace(r.o.Expr), strings.Join(parts, ", "))
}

func shown(value any, err error) string {
	switch number, isFloat := value.(float64); {
	case err != nil:
		return "—"
	case isFloat:
		return strings.TrimSuffix(strconv.FormatFloat(number, 'f', 2, 64), ".00")
	}
	return fmt.Sprint(value)
}
