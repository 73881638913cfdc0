package alert

import (
	"strings"
	"testing"
	"time"
)

func trialRules(t *testing.T) []*Rule {
	return []*Rule{rule(t, Options{Name: "low", Expr: "channel.roas < 1.2", For: Hold{Polls: 2}, Summary: "{channel.name} at {channel.roas}"})}
}

func TestATrialTellsWhatIsNotAsExpected(t *testing.T) {
	trial := Trial{Name: "x", Subject: "Search", Every: 15 * time.Minute,
		Series: map[string]string{"channel.today.roas": "3 1.1x2 _ 1 2+0.5x3"},
		Expect: []Expectation{
			{0, "low", "none", ""}, {15 * time.Minute, "low", "pending", ""}, {30 * time.Minute, "low", "firing", "Search at 1.10"},
			{45 * time.Minute, "low", "firing", ""}, {75 * time.Minute, "low", "recovering", ""}, {90 * time.Minute, "low", "none", ""},
		}}
	failures, err := trial.Run(trialRules(t))
	if err != nil || len(failures) > 0 {
		t.Fatalf("%v %q", err, failures)
	}
	for i := range trial.Expect {
		wrong := trial
		wrong.Expect = append([]Expectation(nil), trial.Expect...)
		wrong.Expect[i].State = map[string]string{"none": "firing", "pending": "none", "firing": "pending", "recovering": "firing"}[wrong.Expect[i].State]
		if failures, err := wrong.Run(trialRules(t)); err != nil || len(failures) != 1 {
			t.Errorf("expecting %+v: %v %q", wrong.Expect[i], err, failures)
		}
	}
	trial.Expect[2].Summary = "Search at 1.2"
	if failures, _ := trial.Run(trialRules(t)); len(failures) != 1 || !strings.Contains(failures[0], "Search at 1.10") {
		t.Errorf("another summary: %q", failures)
	}
}

func TestATrialThatTestsNothingIsRefused(t *testing.T) {
	fine := Trial{Every: time.Hour, Series: map[string]string{"channel.roas": "1"}, Expect: []Expectation{{0, "low", "pending", ""}}}
	if _, err := fine.Run(trialRules(t)); err != nil {
		t.Fatal(err)
	}
	for message, spoil := range map[string]func(*Trial){
		"every":        func(x *Trial) { x.Every = 0 },
		"at least one": func(x *Trial) { x.Expect = nil },
		"no field":     func(x *Trial) { x.Series = map[string]string{"channel.roaz": "1"} },
		"no number":    func(x *Trial) { x.Series = map[string]string{"channel.roas": "1 a"} },
		"how often":    func(x *Trial) { x.Series = map[string]string{"channel.roas": "1x0"} },
		"no rule":      func(x *Trial) { x.Expect = []Expectation{{0, "other", "firing", ""}} },
		"no state":     func(x *Trial) { x.Expect = []Expectation{{0, "low", "", ""}} },
		"no poll":      func(x *Trial) { x.Expect = []Expectation{{time.Minute, "low", "firing", ""}} },
		"away":         func(x *Trial) { x.Expect = []Expectation{{1e6 * time.Hour, "low", "firing", ""}} },
	} {
		x := fine
		if spoil(&x); true {
			if _, err := x.Run(trialRules(t)); err == nil || !strings.Contains(err.Error(), message) {
				t.Errorf("want %q: %v", message, err)
			}
		}
	}
}

func FuzzSeries(f *testing.F) {
	for _, seed := range []string{"1 2 3", "_x3 1.5", "3+0.5x4", "-1e-3x2", "x", "1x99999999", "1-2-3"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if numbers, err := expand(text); err == nil && len(numbers) > maxMoments {
			t.Errorf("%q has %d numbers", text, len(numbers))
		}
	})
}
