package ui

import (
	"context"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/exp/golden"

	"adtop/kpi"
	"adtop/snapshot"
)

// spokenLine is a line of the text mode: the time, then words.
var spokenLine = regexp.MustCompile(`^\d\d:\d\d \PC*\pL\pL\PC*[.!?]$`)

func checkSpoken(t *testing.T, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !spokenLine.MatchString(line) {
			t.Errorf("this is no sentence behind a time: %q", line)
		}
		for _, sign := range []string{"▲", "●", "○", "◐", "◌", "◆", "◇", "→", minus, " " + missing + " ", "×"} {
			if strings.Contains(strings.ReplaceAll(line, "Meta — Prospecting", ""), sign) {
				t.Errorf("a sign instead of a word in %q", line)
			}
		}
	}
}

func testTeller() *teller {
	format, err := numbersLike("")
	if err != nil {
		panic(err)
	}
	return newTeller(format, "anna")
}

func TestTheSummaryTellsEverythingWorstFirst(t *testing.T) {
	lines := testTeller().tell(testSnapshot(), testNow)
	checkSpoken(t, lines...)
	golden.RequireEqual(t, strings.Join(lines, "\n")+"\n")
}

// laterSnapshot is the test's picture some minutes later, changed.
func laterSnapshot(minutes int, change func(s *snapshot.Snapshot)) *snapshot.Snapshot {
	s := testSnapshot()
	s.Seq += int64(minutes)
	s.AsOf = testNow.Add(time.Duration(minutes) * time.Minute)
	change(s)
	return s
}

// story is what happens to the test's picture, a step after the other; each
// keeps what the steps before changed.
func story() []*snapshot.Snapshot {
	steps := []func(s *snapshot.Snapshot){
		func(s *snapshot.Snapshot) { // a verdict changes
			s.Channels[1].Verdict, s.Channels[1].P = kpi.Unprofitable, ok(.81)
			s.Channels[1].Reason = "Since ~12:00: 2 conversions seen, 6.1 needed by now to break even. Expected revenue is 0.64 × break-even."
		},
		func(s *snapshot.Snapshot) { // an alert begins
			s.Alerts = append(s.Alerts, snapshot.Alert{ID: "9", Rule: "spend stopped", Subject: "Google Search", Severity: snapshot.Warning,
				State: snapshot.Pending, Since: s.AsOf, Summary: "Google Search: no spend since 13:00", Reason: "Each of the last weeks spent about 510 EUR in these hours."})
		},
		func(s *snapshot.Snapshot) {
			a := &s.Alerts[len(s.Alerts)-1]
			a.State, a.FiredAt = snapshot.Firing, s.AsOf
		},
		func(s *snapshot.Snapshot) { // somebody elsewhere takes it over
			a := &s.Alerts[len(s.Alerts)-1]
			a.AckedBy, a.AckNote, a.AckedAt = "ben", "card was declined, \x1b[31mcalling\x1b[0m", s.AsOf
		},
		func(s *snapshot.Snapshot) { // a source dies, which freezes an alert and a verdict
			s.Sources[0].Health, s.Sources[0].Problem, s.Sources[0].Next = snapshot.Failing, "sign-in needed: the token was revoked", "Make a new token and start again."
			s.Channels[0].Verdict, s.Channels[0].Problem = kpi.NoData, "google: sign-in needed"
			s.Alerts[len(s.Alerts)-1].Frozen = snapshot.NoData
		},
		func(s *snapshot.Snapshot) { // and comes back
			s.Sources[0] = testSnapshot().Sources[0]
			s.Channels[0].Verdict, s.Channels[0].Problem = kpi.Profitable, ""
			s.Alerts[len(s.Alerts)-1].Frozen = ""
		},
		func(s *snapshot.Snapshot) { a := &s.Alerts[len(s.Alerts)-1]; a.State = snapshot.Recovering },
		func(s *snapshot.Snapshot) {
			a := &s.Alerts[len(s.Alerts)-1]
			a.State, a.EndedAt = snapshot.Resolved, s.AsOf
		},
		func(s *snapshot.Snapshot) { // one came and went while nobody listened
			s.Alerts = append(s.Alerts, snapshot.Alert{ID: "10", Rule: "spend spike", Subject: "Meta", Severity: snapshot.Warning, State: snapshot.Retracted,
				Since: s.AsOf.Add(-time.Hour), FiredAt: s.AsOf.Add(-50 * time.Minute), EndedAt: s.AsOf, Summary: "Meta spent 2.4 times its usual"})
		},
		func(s *snapshot.Snapshot) { s.Backfill = snapshot.Progress{} },
		func(s *snapshot.Snapshot) { s.Collector = snapshot.Collector{Who: "process 4711 on desk"} },
		func(*snapshot.Snapshot) {}, // nothing
		func(s *snapshot.Snapshot) { s.Channels = s.Channels[:6]; s.AsOf = s.AsOf.Add(10 * time.Hour) },
	}
	var out []*snapshot.Snapshot
	for i := range steps {
		out = append(out, laterSnapshot(1+2*i, func(s *snapshot.Snapshot) {
			at := s.AsOf
			for j, step := range steps[:i+1] {
				s.AsOf = testNow.Add(time.Duration(1+2*j) * time.Minute)
				step(s)
			}
			if i < len(steps)-1 {
				s.AsOf = at
			}
		}))
	}
	return out
}

func TestEveryChangeIsALineThatStandsAlone(t *testing.T) {
	teller := testTeller()
	teller.tell(testSnapshot(), testNow)
	var all []string
	for _, s := range story() {
		lines := teller.tell(s, testNow)
		checkSpoken(t, lines...)
		all = append(all, lines...)
	}
	golden.RequireEqual(t, strings.Join(all, "\n")+"\n")
}

func TestWhyTellsWhatAVerdictRestsOn(t *testing.T) {
	teller := testTeller()
	teller.tell(testSnapshot(), testNow)
	var all []string
	for _, typed := range []string{"help", "why tik", "why e-mail", "why linkedin", "why criteo", "why e", "why", "why nobody", "alerts", "ack", "ack 3", "ack 4", "ack x", "snooze 99", "foo bar"} {
		r := teller.answer(typed, testNow)
		checkSpoken(t, r.lines...)
		if len(r.lines) == 0 || len(r.commands) > 0 {
			t.Errorf("%q is answered with %d lines and %d commands", typed, len(r.lines), len(r.commands))
		}
		all = append(append(all, "> "+typed), r.lines...)
	}
	golden.RequireEqual(t, strings.Join(all, "\n")+"\n")
}

func TestWhatIsNotKnownIsNeverAZero(t *testing.T) {
	s := testSnapshot()
	s.Channels = s.Channels[:1]
	s.Channels[0].Now.Metrics = s.Channels[0].Now.Metrics.Only(kpi.Cost)
	s.Channels[0].Now.Profit = kpi.Amount{}
	teller := testTeller()
	lines := teller.tell(s, testNow)
	if want := "spend 4,210 EUR, revenue unknown, profit unknown, ROAS unknown, CPA unknown, conversions unknown, 88% of the final conversions seen."; !strings.HasSuffix(lines[2], want) {
		t.Errorf("%s\ndoes not end in\n%s", lines[2], want)
	}
}

func TestCertaintyIsToldTowardsTheLikelierSideAndNeverWhole(t *testing.T) {
	for p, want := range map[float64]string{
		.97: "97% sure that it loses money", 1: "more than 99% sure that it loses money", .5: "50% sure that it loses money",
		.02: "98% sure that it loses no money", 0: "more than 99% sure that it loses no money",
	} {
		if got := certain(ok(p)); got != want {
			t.Errorf("P %g: %s", p, got)
		}
	}
	if got := certain(kpi.Ratio{}); got != "" {
		t.Errorf("no evidence: %s", got)
	}
}

func FuzzTypedCommandsAreAnsweredInWords(f *testing.F) {
	for _, c := range typedCommands {
		f.Add(c.usage)
	}
	for _, seed := range []string{"", " ", "ack 1 known, ben", "ACK #2", "ack -1", "ack 99999999999999999999", "snooze 1", "why tiktok\x1b[31m", "why \u202e", "\x00", "q", "poll now", "ack\t1\tok"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		teller := testTeller()
		if r := teller.answer(typed, testNow); len(r.commands) > 0 {
			t.Fatalf("%q sends commands before anything is known", typed)
		}
		teller.tell(testSnapshot(), testNow)
		r := teller.answer(typed, testNow)
		if blank := strings.TrimSpace(printable(strings.ReplaceAll(typed, "\t", " "))) == ""; !blank && len(r.lines)+len(r.commands) == 0 && !r.quit {
			t.Fatalf("%q is not answered", typed)
		}
		for _, line := range append(r.lines, r.said) {
			if strings.ContainsFunc(line, func(c rune) bool { return unicode.IsControl(c) }) || len(line) > 4000 {
				t.Fatalf("%q is answered %q", typed, line)
			}
		}
		for _, c := range r.commands {
			if !slices.Contains([]string{"ack", "snooze", "poll"}, c.Verb) || c.ID == "" || c.By != "anna" || len([]rune(c.Note)) > maxNote {
				t.Fatalf("%q sends %+v", typed, c)
			}
		}
	})
}

// listener is a reader of the text mode, and a person who types.
type listener struct {
	t     *testing.T
	f     *feed
	keys  *io.PipeWriter
	end   context.CancelFunc
	ended chan error

	mu   sync.Mutex
	text strings.Builder
}

func (l *listener) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

// heard returns the lines since it was asked last, once nothing moves.
func (l *listener) heard() []string {
	synctest.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	text := strings.TrimSuffix(l.text.String(), "\n")
	l.text.Reset()
	if text == "" {
		return nil
	}
	lines := strings.Split(text, "\n")
	checkSpoken(l.t, lines...)
	return lines
}

func (l *listener) show(s *snapshot.Snapshot) []string { l.f.pictures <- s; return l.heard() }

func (l *listener) typeLine(text string) []string {
	if _, err := io.WriteString(l.keys, text+"\n"); err != nil {
		l.t.Error(err)
	}
	return l.heard()
}

func (l *listener) stop() {
	l.end()
	l.keys.Close()
	if err := <-l.ended; err != nil {
		l.t.Error(err)
	}
}

func listen(t *testing.T, output io.Writer) *listener {
	ctx, cancel := context.WithCancel(context.Background())
	input, keys := io.Pipe()
	l := &listener{t: t, f: newFeed(), keys: keys, end: cancel, ended: make(chan error, 1)}
	if output == nil {
		output = l
	}
	go func() {
		l.ended <- Live(ctx, LiveOptions{Monitor: l.f, First: testSnapshot(), User: "anna", Input: input, Output: output})
	}()
	return l
}

func TestFiguresAreToldEveryQuarterOfAnHourAndOnlyWhenTheyChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := listen(t, nil)
		defer l.stop()
		if lines := l.heard(); len(lines) < 10 {
			t.Fatalf("no summary: %q", lines)
		}
		for minute := range 14 {
			time.Sleep(time.Minute)
			if lines := l.show(laterSnapshot(minute, func(s *snapshot.Snapshot) { s.Channels[0].Now = figures(4300+float64(minute), 250, 15400, .88) })); lines != nil {
				t.Fatalf("after %d minutes figures are told: %q", minute+1, lines)
			}
		}
		time.Sleep(time.Minute)
		lines := l.heard()
		if len(lines) != 1 || !strings.Contains(lines[0], "Google Search is profitable") || !strings.Contains(lines[0], "spend 4,313 EUR") {
			t.Fatalf("after 15 minutes: %q", lines)
		}
		time.Sleep(time.Hour)
		if lines := l.heard(); lines != nil {
			t.Errorf("nothing changed, and it says %q", lines)
		}
	})
}

func TestTypedCommandsGoToTheCollector(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := listen(t, nil)
		defer l.stop()
		l.heard()
		for _, c := range []struct {
			typed string
			want  snapshot.Command
			says  string
		}{
			{"ack 1 ben looks at it", snapshot.Command{Verb: "ack", ID: "1", Note: "ben looks at it", By: "anna"}, "TikTok, alert 1: the ack is sent"},
			{"Snooze 2", snapshot.Command{Verb: "snooze", ID: "2", Until: snapshot.UntilDay, By: "anna"}, "LinkedIn, alert 2: the snooze"},
		} {
			lines := l.typeLine(c.typed)
			if len(lines) != 1 || !strings.Contains(lines[0], c.says) {
				t.Errorf("%q is answered %q", c.typed, lines)
			}
			if got := <-l.f.commands; got.Verb != c.want.Verb || got.ID != c.want.ID || got.Note != c.want.Note || got.Until != c.want.Until || got.By != c.want.By {
				t.Errorf("%q sends %+v", c.typed, got)
			}
		}
		if lines := l.typeLine("poll"); len(lines) != 1 || !strings.Contains(lines[0], "Asked 4 sources") {
			t.Errorf("poll is answered %q", lines)
		}
		for range 4 {
			if got := <-l.f.commands; got.Verb != "poll" {
				t.Errorf("poll sends %+v", got)
			}
		}
	})
}

func TestQuitAndTheEndOfTheContextEndItAndTheEndOfTheInputDoesNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := listen(t, nil)
		l.heard()
		l.keys.Close() // as with < /dev/null
		l.heard()
		acked := testSnapshot()
		acked.Alerts[0].AckedBy = "ben"
		if lines := l.show(acked); len(lines) != 1 || !strings.Contains(lines[0], "TikTok, alert 1 is acked by ben") {
			t.Errorf("after the end of the input it says %q", lines)
		}
		l.stop()

		l = listen(t, nil)
		l.heard()
		l.typeLine("quit")
		if err := <-l.ended; err != nil {
			t.Error(err)
		}
		l.ended <- nil
		l.stop()
	})
}

// stuck is a reader that does not read until it is told to.
type stuck struct {
	listener
	goOn chan struct{}
}

func (s *stuck) Write(b []byte) (int, error) {
	<-s.goOn
	return s.listener.Write(b)
}

func TestAReaderThatDoesNotReadBlocksNobodyAndMissesNoAlert(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reader := &stuck{goOn: make(chan struct{})}
		reader.t = t
		l := listen(t, reader)
		for _, s := range story()[:9] {
			l.f.pictures <- s // each is taken, although nothing can be written
			synctest.Wait()
		}
		close(reader.goOn)
		lines := reader.heard()
		told := strings.Join(lines, "\n")
		if !strings.Contains(told, "fired at 14:37 and ended at 14:47") || !strings.Contains(told, "Meta") {
			t.Errorf("it says\n%s", told)
		}
		l.stop()
	})
}

func TestAReaderThatNeverReadsDoesNotKeepItFromEnding(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reader := &stuck{goOn: make(chan struct{})}
		l := listen(t, reader)
		synctest.Wait()
		l.stop()
		close(reader.goOn)
	})
}

func TestAReasonIsToldOnceForAVerdictAndItsAlert(t *testing.T) {
	teller := testTeller()
	teller.tell(testSnapshot(), testNow)
	const reason = "Since 12:00: no conversions at all, 7.2 needed by now to break even."
	lines := teller.tell(laterSnapshot(5, func(s *snapshot.Snapshot) {
		s.Channels[0].Verdict, s.Channels[0].P, s.Channels[0].Reason = kpi.Unprofitable, ok(.9), reason
		s.Alerts = append(s.Alerts, snapshot.Alert{ID: "9", Rule: "unprofitable", Subject: "Google Search", Severity: snapshot.Critical,
			State: snapshot.Firing, Since: s.AsOf, FiredAt: s.AsOf, Summary: "Google Search unprofitable, 90% sure", Reason: reason})
	}), testNow)
	checkSpoken(t, lines...)
	if text := strings.Join(lines, "\n"); len(lines) != 2 || strings.Count(text, reason) != 1 || !strings.Contains(lines[1], "fires: unprofitable, 90% sure.") {
		t.Errorf("it says\n%s", text)
	}
}

func TestTheFirstFiguresOfAChannelAreToldAtOnceAndOnlyOnce(t *testing.T) {
	teller := testTeller()
	unknown := func(s *snapshot.Snapshot) { s.Channels[0].Now = snapshot.Figures{} }
	teller.tell(laterSnapshot(0, unknown), testNow)
	lines := teller.tell(laterSnapshot(1, func(*snapshot.Snapshot) {}), testNow)
	checkSpoken(t, lines...)
	if len(lines) != 1 || !strings.Contains(lines[0], "Google Search is profitable") || !strings.Contains(lines[0], "spend 4,210 EUR") {
		t.Errorf("it says %q", lines)
	}
	teller.tell(laterSnapshot(2, unknown), testNow)
	if lines := teller.tell(laterSnapshot(3, func(*snapshot.Snapshot) {}), testNow); lines != nil {
		t.Errorf("again: %q", lines)
	}
}

func TestWhatIsPendingIsToldWithTheRateAtWhichItCounts(t *testing.T) {
	results := func(n, value float64) kpi.Metrics {
		return kpi.Metrics{Has: kpi.Conversions | kpi.Revenue, Conversions: units(n), Revenue: units(value)}
	}
	p := snapshot.Undecided{Reported: results(38, 1240), Counted: results(31.5, 1029)}
	f := numbers{thousands: ",", point: "."}
	for _, c := range []struct {
		a    snapshot.Approval
		want string
	}{
		{snapshot.Approval{Source: "awin", Approved: 342, Rejected: 70, Assumed: .85, Behind: 20}, "awin approved: 83% of 412 decided; by age, with 85% assumed for 20 more"},
		{snapshot.Approval{Source: "awin", Assumed: .85, Behind: 20}, "awin: none is decided yet, 85% assumed to be approved"},
	} {
		got := f.pending(p, []snapshot.Approval{c.a})
		if len(got) != 2 || got[0] != "pending: 38 conversions worth 1,240, counted as 31.5 worth 1,029" || got[1] != c.want {
			t.Errorf("%q", got)
		}
	}
	if got := f.pending(snapshot.Undecided{}, nil); got != nil {
		t.Errorf("nothing is pending, and it says %q", got)
	}
}

func TestEconomicsTellWhatIsBeyondTheCapAndOnHold(t *testing.T) {
	a := &app{st: newStyles("none", colorprofile.ASCII, true)}
	s := subject{channel: &snapshot.Channel{Economics: kpi.Economics{Margin: units(.45)}}, whole: true,
		now: snapshot.Figures{Payable: kpi.Payable{Capped: units(40), Held: units(1240), Until: kpi.NewDate(2026, 12, 30)}}}
	if got := a.economics(&s); !strings.HasSuffix(got, "beyond the cap 40 · on hold 1,240 until 2026-12-30") {
		t.Errorf("%q", got)
	}
	s.now.Payable = kpi.Payable{}
	if got := a.economics(&s); strings.Contains(got, "cap") || strings.Contains(got, "hold") {
		t.Errorf("without any: %q", got)
	}
}
