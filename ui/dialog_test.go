package ui

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"adtop/kpi"
	"adtop/snapshot"
)

// sent is the command that the app's last command sends.
func sent(t *testing.T, a *app, cmd tea.Cmd) snapshot.Command {
	t.Helper()
	answer(t, a, cmd)
	select {
	case c := <-a.o.Monitor.(*feed).commands:
		return c
	default:
		t.Fatal("nothing was sent")
		return snapshot.Command{}
	}
}

func TestPaletteFindsWhatIsTypedAndRemembersWhatWasPicked(t *testing.T) {
	a := testApp(120, 32, looks[3])
	press(a, ":")
	enterText(a, "chart: roas")
	if text := screenText(a); !strings.Contains(text, "› chart: ROAS") {
		t.Errorf("the palette does not find a figure:\n%s", text)
	}
	press(a, "enter")
	if charted[a.metric] != roas {
		t.Errorf("%s is charted", charted[a.metric].name)
	}
	strike(a, "ctrl+p")
	enterText(a, "TIKT")
	press(a, "enter")
	if a.place.channel != "TikTok" {
		t.Errorf("the palette leads to %+v", a.place)
	}
	press(a, ":")
	lines := strings.Split(screenText(a), "\n")
	first := slices.IndexFunc(lines, func(l string) bool { return strings.Contains(l, "›") && strings.Contains(l, "channel: TikTok") })
	if first < 0 || !strings.Contains(lines[first+1], "chart: ROAS") {
		t.Errorf("what was picked lately does not stand first:\n%s", strings.Join(lines, "\n"))
	}
	enterText(a, "qqqq")
	if text := screenText(a); !strings.Contains(text, "nothing like this") {
		t.Errorf("finding nothing is not told:\n%s", text)
	}
	if press(a, "enter"); len(a.dialogs) != 1 {
		t.Error("picking nothing closes the palette")
	}
	press(a, "esc")
	for i := range 2 * keptPicks {
		a.remember(fmt.Sprint("pick ", i))
	}
	if len(a.recent) != keptPicks || a.recent[0] != fmt.Sprint("pick ", 2*keptPicks-1) {
		t.Errorf("remembered: %v", a.recent)
	}
	if state := a.state(); !slices.Equal(state.Recent, a.recent) {
		t.Error("the picks are not part of the state")
	}
}

func TestPaletteDoesWhatItsKeysDoOrSaysWhyNot(t *testing.T) {
	a := testApp(120, 32, looks[3])
	press(a, ":")
	enterText(a, "back to now")
	if text := screenText(a); !strings.Contains(text, "this is the present: < st") {
		t.Errorf("the palette does not say why a key does nothing now:\n%s", text)
	}
	press(a, "enter")
	if text := screenText(a); !strings.Contains(text, "this is the present: < steps back") {
		t.Errorf("picking it does not say why it does nothing:\n%s", text)
	}
	for _, c := range a.everything() { // each can be picked, whatever comes of it
		b := testApp(120, 32, looks[3])
		b.o.Monitor = deaf{}
		b.bridge = newBridge(context.Background(), b.o.Monitor)
		all := b.everything()
		pick := all[slices.IndexFunc(all, func(x choice) bool { return x.label == c.label })]
		pick.do()
		if mistake := frameMistake(b); mistake != "" {
			t.Errorf("after %q: %s", c.label, mistake)
		}
	}
}

func TestNoteIsRemovedThroughThePalette(t *testing.T) {
	a := testApp(120, 32, looks[3])
	s := testSnapshot()
	s.Notes = []snapshot.Note{{ID: "n1", Channel: "TikTok", Date: testDay, Text: "sale began", By: "ops"}}
	a.take(s)
	press(a, ":")
	enterText(a, "remove sale")
	if got, want := sent(t, a, press(a, "enter")), (snapshot.Command{Verb: "unnote", ID: "n1", By: "anna"}); !reflect.DeepEqual(got, want) {
		t.Errorf("sent %+v, want %+v", got, want)
	}
}

// TestEveryDialogIsLeftByEscAndEndsTheProgramByCtrlC opens each dialog.
func TestEveryDialogIsLeftByEscAndEndsTheProgramByCtrlC(t *testing.T) {
	for _, keys := range [][]string{{"/"}, {":"}, {"C"}, {"t"}, {"t", "o"}, {"a"}, {"z"}, {"Z"}, {"n"}, {"x"}, {"?"}, {"2", "o"}} {
		a := testApp(120, 32, looks[3])
		s := testSnapshot()
		s.Alerts[0].Runbook = "https://wiki.example.com"
		a.take(s)
		strike(a, keys...)
		if len(a.dialogs) == 0 {
			t.Errorf("%v opens nothing", keys)
			continue
		}
		if cmd := strike(a, "esc"); len(a.dialogs) != 0 || cmd != nil {
			t.Errorf("esc does not just leave what %v opened: %d are open", keys, len(a.dialogs))
		}
		strike(a, keys[len(keys)-1])
		if len(keys) > 1 && len(a.dialogs) == 0 {
			strike(a, keys...)
		}
		if cmd := strike(a, "ctrl+c"); !quits(cmd) {
			t.Errorf("ctrl+c does not end the program in what %v opened", keys)
		}
	}
}

func TestPasteGoesWhereTextIsTypedAndIsNoKey(t *testing.T) {
	hostile := "a\x1b[31mb\nq\x1b]52;c;eA==\x07c\x00 \u202ed"
	for _, c := range []struct {
		keys []string
		text func(a *app) string
	}{
		{[]string{"/"}, func(a *app) string { return a.channels.Filter }},
		{[]string{":"}, func(a *app) string { return a.dialogs[0].(*menu).input.String() }},
		{[]string{"a"}, func(a *app) string { return a.dialogs[0].(*prompt).input.String() }},
		{[]string{"Z"}, func(a *app) string { return a.dialogs[0].(*silenceEditor).fields[0].String() }},
	} {
		a := testApp(120, 32, looks[3])
		strike(a, c.keys...)
		before := c.text(a)
		a.Update(tea.PasteMsg{Content: hostile})
		if len(a.dialogs) != 1 {
			t.Fatalf("a paste after %v closes the dialog", c.keys)
		}
		if got := c.text(a); got != before+"abqc d" {
			t.Errorf("pasted after %v: %q", c.keys, got)
		}
	}
	a := testApp(120, 32, looks[3])
	a.Update(tea.PasteMsg{Content: "3q"})
	if a.place.screen != overview || len(a.dialogs) != 0 {
		t.Error("a paste without a dialog is taken for keys")
	}
	strike(a, "a")
	a.Update(tea.PasteMsg{Content: strings.Repeat("x", 5000)})
	if got := sent(t, a, strike(a, "enter")); len(got.Note) != maxNote {
		t.Errorf("a note of %d characters is sent", len(got.Note))
	}
}

func TestTextIsEditedWithTheKeysOfAShell(t *testing.T) {
	for _, c := range []struct {
		keys []string
		want string
	}{
		{[]string{"ctrl+a", "X"}, "Xone two"}, {[]string{"ctrl+w"}, "one "}, {[]string{"ctrl+u"}, ""}, {[]string{"home", "ctrl+k"}, ""},
		{[]string{"left", "left", "delete"}, "one to"}, {[]string{"left", "backspace"}, "one to"}, {[]string{"home", "right", "é"}, "oéne two"}, {[]string{"ctrl+b", "ctrl+f", "ctrl+e", "!"}, "one two!"},
		{[]string{"ctrl+a", "backspace"}, "one two"}, {[]string{"delete"}, "one two"}, {[]string{"alt+backspace", "alt+backspace", "alt+backspace"}, ""}, {[]string{"ctrl+h", "ctrl+a", "ctrl+d"}, "ne tw"},
	} {
		in := newInput("one two", 20)
		for _, key := range c.keys {
			in.key(keyNamed(key))
		}
		if in.String() != c.want {
			t.Errorf("%v makes %q, want %q", c.keys, in.String(), c.want)
		}
	}
}

func TestHelpSaysWhyAKeyDoesNothingNow(t *testing.T) {
	a := testApp(150, 70, looks[3])
	press(a, "?")
	text := screenText(a)
	for _, want := range []string{
		"Not now", "step forward — this is the present: < steps back", "end the selected silence — alerts only", "mark the alert as a true alarm, or take that back — alerts only",
		"open the page on the platform, or the runbook of an alert — channel, alerts only", "not told, or nothing to divide by; never a zero",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the help does not say %q:\n%s", want, text)
		}
	}
	now := strings.Split(text, "Not now")[0]
	if strings.Contains(now, "step forward") || !strings.Contains(now, "step back") {
		t.Error("the help mixes what works with what does not")
	}
	press(a, "esc", "2")
	press(a, "?")
	if text = screenText(a); !strings.Contains(text, "chart the next figure — overview, channel only") || !strings.Contains(text, "end the selected silence — no silence is in force") {
		t.Errorf("the help of the alerts screen is that of another:\n%s", text)
	}
	small := testApp(60, 12, looks[3])
	press(small, "?")
	first := screenText(small)
	if press(small, "space"); screenText(small) == first || len(small.dialogs) != 1 {
		t.Error("the help does not scroll")
	}
	if press(small, "G"); !strings.Contains(screenText(small), noteMark) {
		t.Errorf("the end of the help is out of reach:\n%s", screenText(small))
	}
	if press(small, "x"); len(small.dialogs) != 0 {
		t.Error("a key does not close the help")
	}
}

func TestNoteGoesToItsDayAndChannel(t *testing.T) {
	for _, c := range []struct {
		keys []string
		text string
		want snapshot.Command
	}{
		{[]string{"n"}, "sale began", snapshot.Command{ID: "TikTok", On: "2026-11-23", Note: "sale began"}},
		{[]string{"n"}, "2026-11-20 new prices", snapshot.Command{ID: "TikTok", On: "2026-11-20", Note: "new prices"}},
		{[]string{"n"}, "* the shop was down", snapshot.Command{On: "2026-11-23", Note: "the shop was down"}},
		{[]string{"n"}, "* 2026-11-20 the shop was down", snapshot.Command{On: "2026-11-20", Note: "the shop was down"}},
		{[]string{"n"}, "2026-11-20 * the shop was down", snapshot.Command{On: "2026-11-20", Note: "the shop was down"}},
		{[]string{"n"}, "2026-02-30 is no day", snapshot.Command{ID: "TikTok", On: "2026-11-23", Note: "2026-02-30 is no day"}},
		{[]string{"left", "left", "n"}, "read in the chart", snapshot.Command{ID: "TikTok", On: "2026-11-22", Note: "read in the chart"}},
		{[]string{"j", "enter", "n"}, "here", snapshot.Command{ID: testChannels()[1].Name, On: "2026-11-23", Note: "here"}},
		{[]string{"2", "j", "n"}, "token", snapshot.Command{ID: "LinkedIn", On: "2026-11-23", Note: "token"}},
	} {
		a := testApp(120, 32, looks[3])
		press(a, c.keys...)
		enterText(a, c.text)
		c.want.Verb, c.want.By = "note", "anna"
		if got := sent(t, a, press(a, "enter")); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%v %q sends %+v, want %+v", c.keys, c.text, got, c.want)
		}
	}
	for _, text := range []string{"", "  ", "*", "2026-11-20", "* 2026-11-20 ", "2026-11-20 *"} {
		a := testApp(120, 32, looks[3])
		press(a, "n")
		enterText(a, text)
		if cmd := press(a, "enter"); cmd != nil || !strings.Contains(screenText(a), "write what happened") {
			t.Errorf("%q is taken for a note", text)
		}
	}
}

func TestNotesAreMarkedUnderTheChart(t *testing.T) {
	a := testApp(160, 45, looks[3])
	s := testSnapshot()
	s.Notes = []snapshot.Note{
		{ID: "1", Channel: "TikTok", Date: testDay - 2, Text: "new creative", By: "ops"}, {ID: "2", Date: testDay - 1, Text: "shop was down"}, {ID: "3", Channel: "LinkedIn", Date: testDay - 3, Text: "of another channel"},
	}
	a.take(s)
	press(a, "enter")
	text := screenText(a)
	for _, want := range []string{"21 Nov new creative (ops)", "22 Nov shop was down", noteMark} {
		if !strings.Contains(text, want) {
			t.Errorf("the chart does not tell %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "of another channel") {
		t.Errorf("a note of another channel stands under the chart:\n%s", text)
	}
}

func TestSilenceEditorSendsWhatIsWritten(t *testing.T) {
	a := testApp(120, 32, looks[3])
	s := testSnapshot()
	s.Alerts[0].Labels = map[string]string{"channel": "TikTok", "source": "tiktok"}
	a.take(s)
	press(a, "Z")
	if text := screenText(a); !strings.Contains(text, "unprofitable") || !strings.Contains(text, "TikTok") || !strings.Contains(text, "for four hours, 18:32") {
		t.Errorf("it does not begin with what fits the alert:\n%s", text)
	}
	got := sent(t, a, press(a, "enter"))
	want := snapshot.Command{Verb: "silence", By: "anna", Match: map[string]string{"rule": "unprofitable", "channel": "TikTok"}, Until: testNow.Add(4 * time.Hour).Format(time.RFC3339)}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("sent %+v, want %+v", got, want)
	}

	press(a, "Z")
	strike(a, "ctrl+u")
	enterText(a, "spend *")
	strike(a, "down", "ctrl+u", "down", "down")
	enterText(a, "warning")
	strike(a, "tab", "right", "right", "down")
	enterText(a, " moving house ")
	got = sent(t, a, press(a, "enter"))
	monday := time.Date(2026, 11, 30, 9, 0, 0, 0, berlin)
	want = snapshot.Command{Verb: "silence", By: "anna", Note: "moving house", Match: map[string]string{"rule": "spend *", "severity": "warning"}, Until: monday.Format(time.RFC3339)}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("sent %+v, want %+v", got, want)
	}

	press(a, "Z")
	strike(a, "ctrl+u", "down", "ctrl+u")
	if cmd := press(a, "enter"); cmd != nil || !strings.Contains(screenText(a), "would silence everything") {
		t.Errorf("a silence of everything is sent:\n%s", screenText(a))
	}
	enterText(a, "TikTok")
	a.o.Now = func() time.Time { return testNow.Add(30 * 24 * time.Hour) }
	if cmd := press(a, "enter"); cmd != nil || !strings.Contains(screenText(a), "that time has passed") {
		t.Errorf("a silence that is over is sent:\n%s", screenText(a))
	}
}

func TestSilenceIsShownAndEnded(t *testing.T) {
	for _, width := range []int{80, 140} {
		a := testApp(width, 32, looks[3])
		s := testSnapshot()
		s.Silences = []snapshot.Silence{
			{ID: "late", Match: map[string]string{"channel": "Meta*"}, Starts: testNow.Add(-time.Hour), Ends: testNow.Add(3 * time.Hour), By: "ops", Note: "holiday"},
			{ID: "soon", Match: map[string]string{"rule": "source *"}, Starts: testNow.Add(-time.Hour), Ends: testNow.Add(time.Hour), By: "ops"},
			{ID: "over", Match: map[string]string{"rule": "old"}, Starts: testNow.Add(-2 * time.Hour), Ends: testNow.Add(-time.Hour), By: "ops"},
		}
		a.take(s)
		press(a, "2")
		if press(a, "d"); !strings.Contains(screenText(a), "tab goes to the silences first") {
			t.Errorf("d does not say where to go first:\n%s", screenText(a))
		}
		press(a, "tab", "tab")
		text := screenText(a)
		if !strings.Contains(text, "rule source * · until 15:32 · ops") || !strings.Contains(text, "channel Meta* · until 17:32 · ops: holiday") || strings.Contains(text, "rule old") {
			t.Errorf("the silences in force are not those shown:\n%s", text)
		}
		press(a, "j")
		if got, want := sent(t, a, press(a, "d")), (snapshot.Command{Verb: "unsilence", ID: "late", By: "anna"}); !reflect.DeepEqual(got, want) {
			t.Errorf("sent %+v, want %+v", got, want)
		}
	}
}

func TestSnoozeOffersTimesThatPeopleWaitUntil(t *testing.T) {
	for _, c := range []struct{ key, until string }{
		{"d", snapshot.UntilDay}, {"1", "2026-11-23T15:32:00+01:00"}, {"4", "2026-11-23T18:32:00+01:00"}, {"t", "2026-11-24T09:00:00+01:00"}, {"m", "2026-11-30T09:00:00+01:00"}, {"w", "2026-11-30T14:32:00+01:00"},
	} {
		a := testApp(120, 32, looks[3])
		press(a, "z")
		if got, want := sent(t, a, press(a, c.key)), (snapshot.Command{Verb: "snooze", ID: "1", By: "anna", Until: c.until}); !reflect.DeepEqual(got, want) {
			t.Errorf("%s sends %+v, want %+v", c.key, got, want)
		}
	}
	saturday := time.Date(2026, 3, 28, 12, 0, 0, 0, berlin) // the clocks are set ahead at night
	a := testApp(120, 32, looks[3])
	a.o.Now = func() time.Time { return saturday }
	for _, c := range a.timesAhead() {
		switch c.key {
		case "t":
			if c.at.In(berlin).Format("02 15:04") != "29 09:00" {
				t.Errorf("tomorrow morning, as the clocks are set ahead, is %v", c.at.In(berlin))
			}
		case "m":
			if c.at.In(berlin).Format("Mon 02 15:04") != "Mon 30 09:00" {
				t.Errorf("Monday morning is %v", c.at.In(berlin))
			}
		}
		if !c.at.After(saturday) {
			t.Errorf("%s has passed", c.label)
		}
	}
}

func TestAckCarriesItsNoteAndEscSendsNothing(t *testing.T) {
	a := testApp(120, 32, looks[3])
	press(a, "!", "a")
	enterText(a, "  paused, Ana knows  ")
	if got, want := sent(t, a, press(a, "enter")), (snapshot.Command{Verb: "ack", ID: "1", By: "anna", Note: "paused, Ana knows"}); !reflect.DeepEqual(got, want) {
		t.Errorf("sent %+v, want %+v", got, want)
	}
	press(a, "a")
	enterText(a, "never mind")
	if cmd := press(a, "esc"); cmd != nil || len(a.o.Monitor.(*feed).commands) != 0 {
		t.Error("esc sends the ack all the same")
	}
	s := testSnapshot()
	s.Alerts[0].AckedBy, s.Alerts[0].AckNote, s.Alerts[0].AckedAt = "ana", "paused", testNow
	a.take(s)
	if text := screenText(a); !strings.Contains(text, "acked by ana: paused") {
		t.Errorf("the ack and its note are not in the story of the alert:\n%s", text)
	}
}

func TestPollAsksTheSourcesThatAreMeant(t *testing.T) {
	a := testApp(120, 32, looks[3])
	answer(t, a, press(a, "r"))
	if n := len(a.o.Monitor.(*feed).commands); n != len(a.snap.Sources) {
		t.Errorf("%d of %d sources are asked", n, len(a.snap.Sources))
	}
	for range a.snap.Sources {
		<-a.o.Monitor.(*feed).commands
	}
	press(a, "3")
	if got := sent(t, a, press(a, "r")); got.Verb != "poll" || got.ID != "linkedin" {
		t.Errorf("on the failing source, %+v is sent", got)
	}
	if n := len(a.o.Monitor.(*feed).commands); n != 0 {
		t.Errorf("%d others are asked too", n)
	}
}

func TestUnknownVerdictIsNoReasonToBlock(t *testing.T) {
	a := testApp(120, 32, looks[3])
	s := testSnapshot()
	s.Channels[0].Verdict = kpi.Verdict("never heard of")
	a.take(s)
	if mistake := frameMistake(a); mistake != "" || !strings.Contains(screenText(a), "never heard") {
		t.Errorf("%s\n%s", mistake, screenText(a))
	}
}
