package ui

import (
	"fmt"
	"strings"
	"testing"
	"unicode"

	tea "charm.land/bubbletea/v2"

	"adtop/snapshot"
)

// within is an environment, written NAME=value NAME=value.
func within(text string) func(string) string {
	o := Options{Env: strings.Fields(text)}
	return o.getenv
}

func TestEachTerminalIsCalledInTheFormThatItKnows(t *testing.T) {
	const (
		osc9   = "\x1b]9;adtop; Shop: Meta unprofitable\x1b\\"
		osc777 = "\x1b]777;notify;adtop, Shop;Meta unprofitable\x1b\\"
		osc99  = "\x1b]99;i=adtop:d=0:p=title:o=unfocused;adtop; Shop\x1b\\\x1b]99;i=adtop:d=1:p=body;Meta unprofitable\x1b\\"
	)
	for _, c := range []struct{ env, way, want string }{
		{"TERM_PROGRAM=iTerm.app", "", osc9 + "\a"},
		{"TERM_PROGRAM=WezTerm", "auto", osc9 + "\a"},
		{"TERM=xterm-ghostty SSH_TTY=/dev/pts/1", "auto", osc9 + "\a"},
		{"TERM=xterm-kitty", "auto", osc99 + "\a"},
		{"TERM=foot-extra", "auto", osc777 + "\a"},
		{"TERM=rxvt-unicode-256color", "auto", osc777 + "\a"},
		{"TERM=xterm-256color", "auto", "\a"},
		{"TERM=xterm-256color TERM_PROGRAM=Apple_Terminal", "auto", "\a"},
		{"TERM=xterm-256color", "osc9", osc9 + "\a"},
		{"TERM_PROGRAM=iTerm.app", "bell", "\a"},
		{"TERM_PROGRAM=iTerm.app", "none", ""},
		{"TMUX=/tmp/s TERM_PROGRAM=tmux TERM=tmux-256color", "auto", "\a"},
		{"TMUX=/tmp/s TERM_PROGRAM=tmux LC_TERMINAL=iTerm2", "auto", "\x1bPtmux;" + strings.ReplaceAll(osc9, "\x1b", "\x1b\x1b") + "\x1b\\\a"},
		{"TMUX=/tmp/s", "osc99", "\x1bPtmux;" + strings.ReplaceAll(osc99, "\x1b", "\x1b\x1b") + "\x1b\\\a"},
	} {
		if got := Desktop(within(c.env), c.way, "adtop; Shop", "Meta\n unprofitable"); got != c.want {
			t.Errorf("%s, %q: %q, want %q", c.env, c.way, got, c.want)
		}
	}
}

func FuzzNoTextEndsTheNotificationItIsIn(f *testing.F) {
	f.Add("adtop", "Meta\x1b\\\x1b]52;c;aGk=\a")
	f.Add("4;1;50", "\u009c\x07;;")
	f.Add(strings.Repeat("ä", 5000), "\x1bP\xff")
	f.Fuzz(func(t *testing.T, title, text string) {
		for _, way := range Desktops[1:4] {
			got := Desktop(within("TERM=xterm"), way, title, text)
			if count := strings.Count(got, "\x1b"); count != map[string]int{"osc9": 2, "osc777": 2, "osc99": 4}[way] || strings.Count(got, "\a") != 1 {
				t.Fatalf("%s: %q", way, got)
			}
			if strings.ContainsFunc(strings.NewReplacer("\x1b]", "", "\x1b\\", "", "\a", "").Replace(got), unicode.IsControl) || len(got) > 2000 {
				t.Fatalf("%s: %q", way, got)
			}
		}
	})
}

func TestANewAlertShowsOnTheDesktop(t *testing.T) {
	a := testApp(120, 32, looks[0])
	a.o.Env = []string{"TERM_PROGRAM=ghostty"}
	a.Update(snapshotMsg{testSnapshot()})
	next := testSnapshot()
	next.Alerts = append(next.Alerts, snapshot.Alert{ID: "9", Subject: "Meta", Severity: snapshot.Critical, State: "firing", Since: testNow, FiredAt: testNow, Summary: "Meta unprofitable"})
	_, cmd := a.Update(snapshotMsg{next})
	if raw, ok := cmd().(tea.RawMsg); !ok || !strings.HasPrefix(fmt.Sprint(raw.Msg), "\x1b]9;adtop") || !strings.HasSuffix(fmt.Sprint(raw.Msg), "Meta unprofitable\x1b\\\a") {
		t.Errorf("%q", fmt.Sprint(raw.Msg))
	}
}
