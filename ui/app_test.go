package ui

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"

	"adtop/kpi"
	"adtop/snapshot"
)

// feed is a Monitor whose pictures the test chooses.
type feed struct {
	pictures chan *snapshot.Snapshot
	watched  chan snapshot.View
	commands chan snapshot.Command
}

func newFeed() *feed {
	return &feed{make(chan *snapshot.Snapshot, 8), make(chan snapshot.View, 8), make(chan snapshot.Command, 8)}
}

func (f *feed) Watch(_ context.Context, view snapshot.View) <-chan *snapshot.Snapshot {
	f.watched <- view
	return f.pictures
}

func (f *feed) Send(_ context.Context, c snapshot.Command) error {
	f.commands <- c
	return nil
}

type look struct {
	name    string
	profile colorprofile.Profile
	theme   string
}

var looks = []look{
	{"dark", colorprofile.TrueColor, "dark"}, {"light", colorprofile.TrueColor, "light"},
	{"sixteen", colorprofile.ANSI, "dark"}, {"none", colorprofile.ASCII, "dark"},
	{"colorblind", colorprofile.TrueColor, "colorblind"},
}

func testApp(w, h int, l look) *app {
	o := Options{
		Monitor: newFeed(), First: testSnapshot(), User: "anna", Theme: l.theme,
		Size: Size{w, h}, Now: func() time.Time { return testNow },
	}
	a := newApp(o, newBridge(context.Background(), o.Monitor), l.profile)
	a.st.widths = ansi.GraphemeWidth
	return a
}

func press(a *app, keys ...string) tea.Cmd {
	var cmd tea.Cmd
	for _, key := range keys {
		msg := tea.KeyPressMsg{Text: key, Code: []rune(key)[0]}
		switch key {
		case "enter":
			msg = tea.KeyPressMsg{Code: tea.KeyEnter}
		case "esc":
			msg = tea.KeyPressMsg{Code: tea.KeyEscape}
		case "tab":
			msg = tea.KeyPressMsg{Code: tea.KeyTab}
		case "backspace":
			msg = tea.KeyPressMsg{Code: tea.KeyBackspace}
		case "down":
			msg = tea.KeyPressMsg{Code: tea.KeyDown}
		case "left":
			msg = tea.KeyPressMsg{Code: tea.KeyLeft}
		case "space":
			msg = tea.KeyPressMsg{Code: tea.KeySpace, Text: " "}
		}
		_, cmd = a.Update(msg)
	}
	return cmd
}

// screensToShow are the ways to each screen from the overview.
var screensToShow = []struct {
	name string
	keys []string
}{
	{"overview", nil}, {"channel", []string{"enter"}}, {"alerts", []string{"2"}}, {"alert", []string{"!"}}, {"sources", []string{"3"}}, {"unclaimed", []string{"4"}}, {"help", []string{"?"}},
	{"palette", []string{":"}}, {"columns", []string{"C"}}, {"days", []string{"t"}}, {"silence", []string{"Z"}}, {"filter", []string{"/"}},
}

func TestScreensLookAsApproved(t *testing.T) {
	for _, size := range []Size{{40, 12}, {80, 24}, {120, 32}, {200, 60}} {
		for _, l := range looks {
			for _, s := range screensToShow {
				if l.name != "none" && s.name != "overview" && size.Width != 120 {
					continue // colours do not depend on the size
				}
				name := fmt.Sprintf("%s-%dx%d-%s", s.name, size.Width, size.Height, l.name)
				t.Run(name, func(t *testing.T) {
					a := testApp(size.Width, size.Height, l)
					press(a, s.keys...)
					golden.RequireEqual(t, a.View().Content)
				})
			}
		}
	}
}

func TestEveryFrameFillsItsTerminalExactly(t *testing.T) {
	for w := 1; w <= 220; w += 1 + w/12 {
		for h := 1; h <= 60; h += 1 + h/12 {
			for _, s := range screensToShow {
				a := testApp(w, h, looks[3])
				press(a, s.keys...)
				a.alarm = "TikTok unprofitable"
				a.stale = true
				lines := strings.Split(a.View().Content, "\n")
				if len(lines) != h {
					t.Fatalf("%s at %d×%d has %d lines", s.name, w, h, len(lines))
				}
				for i, line := range lines {
					if got := ansi.StringWidth(line); got != w {
						t.Fatalf("%s at %d×%d: line %d is %d wide: %q", s.name, w, h, i, got, line)
					}
				}
			}
		}
	}
}

func TestFramesAreFilledWithEmptyAndExtremePictures(t *testing.T) {
	extreme := testSnapshot()
	extreme.Channels = append(extreme.Channels, snapshot.Channel{
		Name: strings.Repeat("長い", 80), Verdict: "unheard of", Now: figures(9e12, 1, 9e12, 2), Before: figures(1, 1, 1, 1), Days: daysOf(9e12, 1, -4),
	})
	for name, s := range map[string]*snapshot.Snapshot{"nothing": nil, "empty": {}, "extreme": extreme} {
		for _, size := range []Size{{40, 12}, {80, 24}, {160, 40}} {
			for _, to := range screensToShow {
				a := testApp(size.Width, size.Height, looks[3])
				a.snap = nil
				if s != nil {
					a.take(s)
				}
				press(a, to.keys...)
				lines := strings.Split(a.View().Content, "\n")
				for i, line := range lines {
					if got := ansi.StringWidth(line); got != size.Width || len(lines) != size.Height {
						t.Fatalf("%s, %s at %v: line %d is %d wide, of %d lines: %q", name, to.name, size, i, got, len(lines), line)
					}
				}
			}
		}
	}
}

func TestPhoneShowsNameProfitAndVerdict(t *testing.T) {
	text := ansi.Strip(testApp(40, 12, looks[3]).View().Content)
	for _, want := range []string{"TikTok", "−1,196", "UNPROFITABLE  97%"} {
		if !strings.Contains(text, want) {
			t.Errorf("40×12 does not show %q:\n%s", want, text)
		}
	}
}

func TestDeadSourceIsNeverZeroOnScreen(t *testing.T) {
	text := ansi.Strip(testApp(200, 50, looks[3]).View().Content)
	for _, line := range strings.Split(text, "\n") {
		if strings.Contains(line, "LinkedIn") && strings.Contains(line, "no data for 3h") {
			if strings.Contains(line, " 0 ") || strings.Count(line, missing) < 4 {
				t.Errorf("figures that nobody reported: %q", line)
			}
			return
		}
	}
	t.Errorf("no row says since when there is no data:\n%s", text)
}

func TestSnoozeAndMarksNameTheSelectedAlertAndAreTakenBackByTheSameKey(t *testing.T) {
	a := testApp(120, 32, looks[0])
	a.snap.Alerts[1].SnoozedUntil, a.snap.Alerts[1].SnoozedBy = testNow.Add(time.Hour), "ops"
	a.snap.Alerts[3].Marked, a.snap.Alerts[3].MarkedBy = snapshot.MarkedFalse, "ops"
	press(a, "2")
	if text := ansi.Strip(a.View().Content); !strings.Contains(text, "snoozed by ops until 15:32") {
		t.Errorf("the screen does not say who snoozed it:\n%s", text)
	}
	for _, step := range []struct {
		keys []string
		want snapshot.Command
	}{
		{[]string{"z", "enter"}, snapshot.Command{Verb: "snooze", ID: "1", Until: snapshot.UntilDay}},
		{[]string{"+"}, snapshot.Command{Verb: "mark", ID: "1", As: snapshot.MarkedTrue}},
		{[]string{"j", "z"}, snapshot.Command{Verb: "unsnooze", ID: "2"}},
		{[]string{"G", "-"}, snapshot.Command{Verb: "mark", ID: "4"}}, // an ended one; the mark is withdrawn
	} {
		step.want.By = "anna"
		a.Update(press(a, step.keys...)())
		if got := <-a.o.Monitor.(*feed).commands; !reflect.DeepEqual(got, step.want) {
			t.Errorf("%v sends %+v, want %+v", step.keys, got, step.want)
		}
	}
	if text := ansi.Strip(a.View().Content); !strings.Contains(text, "a false alarm, says ops") {
		t.Errorf("the screen does not say how it was marked:\n%s", text)
	}
}

func TestAckNamesTheWorstAlertOfTheSelectedChannel(t *testing.T) {
	a := testApp(120, 32, looks[0])
	cmd := press(a, "a", "o", "k", "enter")
	if cmd == nil {
		t.Fatal("ack of a firing channel sends nothing")
	}
	a.Update(cmd())
	got := <-a.o.Monitor.(*feed).commands
	if want := (snapshot.Command{Verb: "ack", ID: "1", By: "anna", Note: "ok"}); !reflect.DeepEqual(got, want) {
		t.Errorf("sent %+v, want %+v", got, want)
	}
	if !strings.Contains(ansi.Strip(a.View().Content), "ack sent: TikTok") {
		t.Error("the screen does not say that the ack was sent")
	}
	press(a, "2", "j", "j")
	a.Update(press(a, "a")())
	if got := <-a.o.Monitor.(*feed).commands; got.Verb != "unack" || got.ID != "3" {
		t.Errorf("an acked alert is not handed back: %+v", got)
	}
}

func TestOnlyANewAlertRings(t *testing.T) {
	a := testApp(120, 32, looks[0])
	if _, cmd := a.Update(snapshotMsg{testSnapshot()}); cmd != nil || a.alarm != "" {
		t.Fatal("alerts that were already firing ring again")
	}
	next := testSnapshot()
	next.Alerts = append(next.Alerts, snapshot.Alert{ID: "9", Subject: "Meta", Severity: snapshot.Critical, State: "firing", Since: testNow, FiredAt: testNow, Summary: "Meta unprofitable"})
	_, cmd := a.Update(snapshotMsg{next})
	if cmd == nil || !strings.Contains(ansi.Strip(a.View().Content), "NEW  Meta unprofitable") {
		t.Fatal("a new alert neither rings nor shows")
	}
	if _, again := a.Update(snapshotMsg{next}); again != nil {
		t.Error("it rings twice")
	}
	if press(a, "esc"); a.alarm == "" {
		t.Error("a key that was on its way when it came hides it")
	}
	a.o.Now = func() time.Time { return testNow.Add(time.Minute) }
	if press(a, "j"); a.alarm == "" {
		t.Error("moving the cursor hides it")
	}
	if press(a, "esc"); a.alarm != "" {
		t.Error("esc does not hide it")
	}
}

func TestFilterKeepsOnlyMatchingChannels(t *testing.T) {
	a := testApp(120, 32, looks[3])
	press(a, "/", "t", "I", "k", "enter")
	if a.channels.count() != 1 || a.channels.shown[0].name != "TikTok" {
		t.Fatalf("filter keeps %v", a.channels.shown)
	}
	if a.state().Tables["channels"].Filter != "tIk" {
		t.Error("the filter is not part of the state")
	}
}

func TestSelectionFollowsTheChannelNotTheLine(t *testing.T) {
	a := testApp(120, 32, looks[3])
	press(a, "j", "j")
	chosen := a.channels.selected()
	for range 5 {
		press(a, "s")
		if a.channels.selected() != chosen {
			t.Fatalf("after sorting, %q is selected instead of %q", a.channels.selected(), chosen)
		}
	}
}

func TestRangeAsksForAnotherPictureAndSaysSo(t *testing.T) {
	a := testApp(160, 40, looks[3])
	press(a, "t", "j", "enter")
	if got := <-a.bridge.views; got.Range.Name != "yesterday" {
		t.Errorf("asked for %v", got)
	}
	if !strings.Contains(a.View().Content, "Today → Yesterday…") {
		t.Error("old figures are shown under the new range without a word")
	}
}

func TestUnknownBackgroundNeverDelaysTheFirstFrame(t *testing.T) {
	a := testApp(80, 24, look{"auto", colorprofile.TrueColor, ""})
	before := a.View().Content
	if !strings.Contains(before, "TikTok") {
		t.Fatal("no first frame without the terminal's answer")
	}
	a.Update(tea.BackgroundColorMsg{Color: ansi.BrightWhite})
	if a.View().Content == before {
		t.Error("a light background does not change the palette")
	}
}

func TestEveryKeyOfTheMapIsInTheHelpTheTableAndMeansOneThing(t *testing.T) {
	a := testApp(120, 60, looks[3])
	help := ansi.Strip(strings.Join(a.helpLines(200), "\n"))
	for i := range keymap {
		b := &keymap[i]
		if !strings.Contains(help, b.help) || !strings.Contains(KeyTable(), b.help) {
			t.Errorf("%q is missing", b.help)
		}
		for _, key := range b.keys {
			for s := range screenCount {
				if b.on(s) && bound(s, key) != b {
					t.Errorf("key %q means two things on %v", key, s)
				}
			}
		}
	}
}

func TestIdenticalPictureChangesNoByte(t *testing.T) {
	a := testApp(120, 32, looks[0])
	before := a.View().Content
	a.Update(snapshotMsg{testSnapshot()})
	a.Update(minuteMsg{})
	if a.View().Content != before {
		t.Error("the frame changed although nothing did")
	}
}

func TestNumbersReadTheSameEverywhere(t *testing.T) {
	st := stylesOf(palette{})
	for _, c := range []struct{ got, want string }{
		{st.whole(-1115), "−1,115"}, {st.whole(-0.2), "0"}, {st.whole(1234567), "1,234,567"},
		{st.short(1234567), "1.2M"}, {st.short(-12345), "−12.3k"}, {st.short(999.6), "1.0k"}, {st.short(999_960), "1.0M"},
		{st.money(units(123456789), 7), "123M"}, {st.money(units(-3.5), 9), "−3.50"}, {st.money(0, 9), "0"},
		{st.change(ok(-.11)), "−11%"}, {st.change(ok(14)), ">+999%"}, {st.change(ok(.001)), "0%"}, {st.change(kpi.Ratio{}), missing},
		{st.sure(ok(.9999)), ">99%"}, {st.costPerConversion(figures(118, 0, 0, 1).Metrics, 7), ">118"}, {st.costPerConversion(figures(7.51, 0, 0, 1).Metrics, 7), ">7"}, {st.ratio(kpi.Ratio{}), missing},
		{age(59 * time.Second), "<1m"}, {age(47 * time.Hour), "47h"}, {age(49 * time.Hour), "2d"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestPlainTableHasNoEscapes(t *testing.T) {
	var out strings.Builder
	if err := Plain(&out, testSnapshot(), 120); err != nil {
		t.Fatal(err)
	}
	golden.RequireEqual(t, out.String())
	if strings.Contains(out.String(), "\x1b") || !strings.Contains(out.String(), "UNPROFITABLE") {
		t.Errorf("escapes or no verdict in:\n%s", out.String())
	}
}
