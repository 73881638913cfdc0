package ui

import (
	"slices"
	"strings"
	"testing"
)

// kept are the names of the lines in view, by name.
func kept(t *table[row]) []string {
	var names []string
	for _, r := range t.shown {
		names = append(names, r.name)
	}
	slices.Sort(names)
	return names
}

func TestFilterKeepsWhatAllOfItsTermsSay(t *testing.T) {
	a := testApp(120, 32, looks[3])
	var everything []string
	for i := range a.snap.Channels {
		everything = append(everything, a.snap.Channels[i].Name)
	}
	slices.Sort(everything)
	but := func(names ...string) []string {
		return slices.DeleteFunc(slices.Clone(everything), func(n string) bool { return slices.Contains(names, n) })
	}
	meta := everything[slices.IndexFunc(everything, func(n string) bool { return strings.HasPrefix(n, "Meta") })]
	reddit := everything[slices.IndexFunc(everything, func(n string) bool { return strings.HasPrefix(n, "Reddit") })]
	for _, c := range []struct {
		filter string
		want   []string
	}{
		{"", everything},
		{"TIK", []string{"TikTok"}},
		{"!tik", but("TikTok")},
		{"channel:tik", []string{"TikTok"}},
		{"name:tik", []string{"TikTok"}},
		{"!name:tik", but("TikTok")},
		{"東京", []string{meta}},
		{"verdict:unprof", []string{"TikTok"}},
		{"unprofitable", []string{"TikTok"}},
		{"g !tik", []string{"Google Search", meta}},
		{`"google search"`, []string{"Google Search"}},
		{`"google sea`, []string{"Google Search"}}, // a quote that is still open
		{`channel:"google s"`, []string{"Google Search"}},
		{`google\ search`, nil},
		{"roas<1.5", []string{reddit, "TikTok"}},
		{"roas<1.5 !tik", []string{reddit}},
		{"!roas<1.5", but(reddit, "TikTok")}, // an unknown figure is not below it
		{"roas>=0", []string{"Google Search", meta, reddit, "TikTok"}},
		{"maturity<20%", []string{reddit}},
		{"maturity<0.2", []string{reddit}},
		{"spend>1.2k", []string{"Google Search", meta, "TikTok"}},
		{"spend>0.004m", []string{"Google Search"}},
		{"spend=118", []string{reddit}},
		{"spend>=118 spend<=118", []string{reddit}},
		{"profit<-500", []string{"TikTok"}},
		{"profit<−500", []string{"TikTok"}},
		// What is not finished yet hides nothing.
		{"!", everything}, {"roas<", everything}, {"!roas<", everything}, {`"`, everything}, {`!"`, everything}, {"channel:", everything}, {"   ", everything},
		// A mistake hides nothing either, and the terms that are right count.
		{"roas<abc", everything}, {"tik roas<abc", []string{"TikTok"}}, {"roas<abc tik", []string{"TikTok"}},
		{"colour:red", everything}, {"!colour:red", everything}, {"tik colour>3", []string{"TikTok"}},
		{"verdict<5", everything}, {"!verdict<5", everything}, {"roas:1.5", everything}, {"!roas:1.5", everything},
	} {
		a.channels.setFilter(c.filter)
		if got := kept(a.channels); !slices.Equal(got, c.want) {
			t.Errorf("%q keeps %q, want %q", c.filter, got, c.want)
		}
	}
}

func TestFigureThatIsNotKnownMatchesNoComparison(t *testing.T) {
	a := testApp(120, 32, looks[3])
	for _, column := range a.channels.columns {
		if column.number == nil {
			continue
		}
		for _, compare := range []string{"<", "<=", ">", ">=", "="} {
			for _, number := range []string{"-1m", "0", "1m"} {
				a.channels.setFilter(column.key + compare + number)
				for _, r := range a.channels.shown {
					if v := column.number(r); !v.OK {
						t.Errorf("%s%s%s keeps %s, whose %s nobody knows", column.key, compare, number, r.name, column.key)
					}
				}
			}
		}
	}
}

func TestMistakeInAFilterIsTold(t *testing.T) {
	a := testApp(120, 32, looks[3])
	for filter, says := range map[string][]string{
		"colour:red": {`no column "colour"`, "channel", "roas", "spend_change", "verdict"},
		"trend>1":    {`no column "trend"`, "profit"},
		"roas<abc":   {"roas< needs a number", "roas<1.5"},
		"roas<nan":   {"roas< needs a number"},
		"verdict<5":  {"verdict is a text", "verdict:5"},
		"roas:1.5":   {"roas is a number", "roas>1.5"},
		"roas:":      nil,
		"roas<1.5":   nil,
	} {
		a.channels.setFilter(filter)
		said := ""
		if err := a.channels.problem(); err != nil {
			said = err.Error()
		}
		if len(says) == 0 && said != "" {
			t.Errorf("%q is right, but told: %s", filter, said)
		}
		for _, part := range says {
			if !strings.Contains(said, part) {
				t.Errorf("%q: %q does not say %q", filter, said, part)
			}
		}
	}
}

func TestFilterWorksAsItIsTypedAndEscTakesItBack(t *testing.T) {
	a := testApp(120, 32, looks[3])
	press(a, "/", "t", "i", "k")
	if n := a.channels.count(); n != 1 {
		t.Errorf("while typing, %d lines are shown", n)
	}
	if text := screenText(a); !strings.Contains(text, "tik▏") || !strings.Contains(text, "roas<1.5") {
		t.Errorf("neither what is typed nor an example is in sight:\n%s", text)
	}
	press(a, "esc")
	if n := a.channels.count(); n != len(a.snap.Channels) {
		t.Errorf("after esc, %d lines are shown", n)
	}
	press(a, "/", "r", "o", "a", "s", "<", "x", "enter")
	if text := screenText(a); !strings.Contains(text, "needs a number") || len(a.dialogs) != 1 {
		t.Errorf("a mistake is accepted without a word:\n%s", text)
	}
	press(a, "backspace", "1", "enter")
	if text := screenText(a); len(a.dialogs) != 0 || !strings.Contains(text, "filter: roas<1") {
		t.Errorf("the filter in force is not told:\n%s", text)
	}
	press(a, "esc")
	if text := screenText(a); strings.Contains(text, "filter: ") || a.channels.count() != len(a.snap.Channels) {
		t.Errorf("esc does not clear the filter:\n%s", text)
	}
	press(a, "/", "z", "z", "z", "enter")
	if text := screenText(a); !strings.Contains(text, "nothing matches the filter; esc clears it") {
		t.Errorf("an empty table does not say why:\n%s", text)
	}
}
