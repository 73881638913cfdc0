package ui

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"adtop/kpi"
	"adtop/snapshot"
)

// hostileNames are names that a terminal could trip over.
var hostileNames = []string{
	"東京都渋谷区の広告キャンペーン", "حملة إعلانية صيفية", "קמפיין קיץ 2026", "👨‍👩‍👧‍👦 Family 🏳️‍🌈 👩🏽‍🚀", "🇩🇪🇫🇷🇪🇸🇮🇹", "e\u0301\u0302\u0303\u0304\u0305 Zalgo",
	"\x1b[31mred\x1b[2J\x1b[H", "\x1b]0;title\x07\x1b]52;c;aGk=\x07", "\x9b31mC1\x9d0;x\x9c", "line\nbreak\r\ttab\x00\x07\x08\x7f", "\u202egnp.exe\u202c \u2066x\u2069",
	"\ufeffzero\u200bwidth\u200cjoin\u200d", "bad \xff\xfe utf8 \xf0\x9f", "\u2028line\u2029par", "", " ", strings.Repeat("W", 400), strings.Repeat("長", 200), "=HYPERLINK(\"http://x\")",
	"ก็ ษัตริย์ नमस्ते க்ஷ", "ﷺ ꧅ 𒈙", "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f", "\u00ad soft", "☺️ ☺︎ ✈️ ©️ ⚠", "é", "½ ㎏ Ⅷ ①",
}

// hostileSnapshot has such names wherever a name can stand, beginning with one.
func hostileSnapshot(from int) *snapshot.Snapshot {
	at := from
	name := func() string {
		at++
		return hostileNames[at%len(hostileNames)]
	}
	s := testSnapshot()
	s.Seq = int64(from)
	s.Title, s.Backfill.What = name(), name()
	s.Warnings = []string{name(), name()}
	for i := range s.Channels {
		c := &s.Channels[i]
		c.Name, c.Reason, c.Problem = name(), name()+" "+name(), name()
		for j := range 3 {
			c.Campaigns = append(c.Campaigns, snapshot.Campaign{
				Source: name(), Account: name(), ID: fmt.Sprint(j, name()), Name: name(), Status: name(), URL: "https://example.com/" + name(), Reason: name(),
				Now: figures(100, 3, 400, .5), Verdict: kpi.AtRisk, P: ok(.5),
			})
		}
		if i%2 == 0 {
			c.Accounts = []snapshot.Campaign{{Source: name(), Account: name(), ID: name(), Name: name()}, {Source: name(), Account: name(), ID: name(), Name: name()}}
		}
		s.Notes = append(s.Notes, snapshot.Note{ID: fmt.Sprint(i), Channel: c.Name, Date: testDay - kpi.Date(i), Text: name(), By: name()})
	}
	s.Notes[0].Channel = ""
	for i := range s.Alerts {
		alert := &s.Alerts[i]
		alert.Subject, alert.Summary, alert.Reason, alert.Rule, alert.Runbook = s.Channels[i].Name, name(), name(), name(), name()
		alert.Labels = map[string]string{"channel": name(), "source": name(), name(): name()}
		if i%2 == 1 {
			alert.AckedBy, alert.AckNote = name(), name()
		}
	}
	s.Silences = []snapshot.Silence{
		{ID: "s", Match: map[string]string{"rule": name(), "channel": name()}, Starts: testNow.Add(-1), Ends: testNow.Add(5000000000), By: name(), Note: name()},
	}
	for i := range s.Sources {
		src := &s.Sources[i]
		src.Name, src.Type, src.Problem, src.Next, src.EveryWhy, src.Warnings = name(), name(), name(), name(), name(), []string{name()}
		src.Drills = i%2 == 0
		src.Exchanges = []snapshot.Exchange{{At: testNow, Request: "GET " + name(), Status: 200 + i*100, Problem: name()}, {At: testNow, Request: name()}}
	}
	s.Collector = snapshot.Collector{Who: name()}
	s.Drill = snapshot.Drill{Problem: name()}
	return s
}

// ownSequences are the escape sequences that frames are made of: colours and links.
var ownSequences = regexp.MustCompile("\x1b\\[[0-9;:]*m|\x1b\\]8;[^;\x07\x1b]*;[ -~\u00a0-\U0010ffff]*(\x07|\x1b\\\\)")

// frameMistake says what is wrong with a frame, "" when nothing is: it fills
// its window exactly, and nothing in it moves the cursor or turns the text.
func frameMistake(a *app) string {
	frame := a.View().Content
	if a.width <= 0 || a.height <= 0 {
		return ""
	}
	lines := strings.Split(frame, "\n")
	if len(lines) != a.height {
		return fmt.Sprintf("it has %d lines in a window of %d", len(lines), a.height)
	}
	for i, line := range lines {
		if got := a.st.widths.StringWidth(line); got != a.width {
			return fmt.Sprintf("line %d is %d wide in a window of %d: %q", i, got, a.width, line)
		}
		bare := ownSequences.ReplaceAllString(line, "")
		if at := strings.IndexFunc(bare, unprintable); at >= 0 {
			return fmt.Sprintf("line %d has the control character %q: %q", i, bare[at:min(len(bare), at+4)], line)
		}
	}
	if title := a.windowTitle(); strings.ContainsFunc(title, unprintable) {
		return fmt.Sprintf("the title of the window has a control character: %q", title)
	}
	return ""
}

func TestNoNameMovesTheCursorOrBreaksALine(t *testing.T) {
	for from := range hostileNames {
		for _, size := range []Size{{30, 8}, {80, 24}, {200, 50}} {
			for _, keys := range append(slices.Clone(keysOfScreens), nil) {
				a := testApp(size.Width, size.Height, looks[from%len(looks)])
				a.take(hostileSnapshot(from))
				strike(a, keys...)
				if mistake := frameMistake(a); mistake != "" {
					t.Fatalf("names from %q, %v at %v: %s", hostileNames[from], keys, size, mistake)
				}
			}
		}
	}
}

// keysOfScreens lead to what there is to see.
var keysOfScreens = [][]string{
	{"enter"}, {"enter", "enter"}, {"enter", "enter", "enter"}, {"enter", "tab"}, {"enter", "tab", "tab", "e"}, {"tab", "tab"}, {"e"}, {"tab", "e"}, {"tab", "tab", "e"},
	{"2"}, {"2", "enter"}, {"2", "tab", "tab"}, {"2", "C"}, {"3"}, {"3", "enter"}, {"!"}, {"?"}, {":"}, {"C"}, {"t"}, {"t", "o"}, {"Z"}, {"z"}, {"a"}, {"n"}, {"x"}, {"y"}, {"/"},
	{"2", "o"}, {"f"}, {"<"}, {"enter", "o"}, {"left", "left"}, {"/", "東", "enter"},
}

func TestPlainTableOfHostileNamesHasNoControlCharacters(t *testing.T) {
	for from := range hostileNames {
		var out strings.Builder
		if err := Plain(&out, hostileSnapshot(from), 100); err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(out.String(), "\n") {
			if strings.ContainsFunc(line, unprintable) {
				t.Fatalf("names from %q: %q", hostileNames[from], line)
			}
		}
	}
}

func TestPastedEscapesAreNoText(t *testing.T) {
	for _, text := range hostileNames {
		a := testApp(120, 32, looks[0])
		for _, keys := range [][]string{{"/"}, {":"}, {"a"}, {"n"}, {"Z"}, {"t", "o"}, {"C"}, {"?"}, {"x"}} {
			strike(a, keys...)
			a.Update(tea.PasteMsg{Content: text + text})
			if mistake := frameMistake(a); mistake != "" {
				t.Fatalf("%q pasted after %v: %s", text, keys, mistake)
			}
			strike(a, "esc")
		}
	}
}
