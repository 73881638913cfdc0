package alert

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
)

// keeper keeps alerts and silences between evaluations, as the store would.
type keeper struct {
	t        *testing.T
	alerts   map[string]snapshot.Alert
	silences map[string]snapshot.Silence
	refused  []string
}

func newKeeper(t *testing.T) *keeper {
	return &keeper{t: t, alerts: map[string]snapshot.Alert{}, silences: map[string]snapshot.Silence{}}
}

// step evaluates a picture and keeps what changed. A second evaluation of the
// same picture must change nothing.
func (k *keeper) step(s *snapshot.Snapshot, commands ...snapshot.Command) {
	k.t.Helper()
	k.in(Input{Picture: s, Commands: commands})
}

func (k *keeper) in(in Input) {
	k.t.Helper()
	s := in.Picture
	s.Zone = time.UTC
	for range 2 {
		s.Alerts, s.Silences = nil, nil
		for _, a := range k.alerts {
			s.Alerts = append(s.Alerts, a)
		}
		for _, v := range k.silences {
			s.Silences = append(s.Silences, v)
		}
		out := Step(in)
		for _, a := range out.Alerts {
			k.alerts[a.ID] = a
		}
		for _, v := range out.Silences {
			k.silences[v.ID] = v
		}
		k.refused = append(k.refused, out.Refused...)
	}
	in.Picture, in.Commands = k.same(s), nil
	if out := Step(in); len(out.Alerts) > 0 {
		k.t.Errorf("evaluated again, %+v changed", out.Alerts)
	}
}

func (k *keeper) same(s *snapshot.Snapshot) *snapshot.Snapshot {
	again := *s
	again.Alerts = nil
	for _, a := range k.alerts {
		again.Alerts = append(again.Alerts, a)
	}
	again.Silences = nil
	for _, v := range k.silences {
		again.Silences = append(again.Silences, v)
	}
	return &again
}

// only returns the one alert of a rule that is open, or else ended last.
func (k *keeper) only(rule string) snapshot.Alert {
	k.t.Helper()
	var found []snapshot.Alert
	for _, a := range k.alerts {
		if a.Rule == rule {
			found = append(found, a)
		}
	}
	if len(found) == 0 {
		k.t.Fatalf("no alert of %q", rule)
	}
	slices.SortFunc(found, func(a, b snapshot.Alert) int { return b.Since.Compare(a.Since) })
	return found[0]
}

// shop is a picture of one channel on one source, hours after noon.
func shop(hour float64, p float64, more ...func(*snapshot.Snapshot)) *snapshot.Snapshot {
	at := noon.Add(time.Duration(hour * float64(time.Hour)))
	s := &snapshot.Snapshot{AsOf: at, Currency: "EUR", Alarm: snapshot.Alarm{Threshold: .8},
		Channels: []snapshot.Channel{{Name: "Shopping", SpentAt: []string{"google"}, CountedBy: []string{"google"}, P: kpi.Ratio{Value: p, OK: true},
			Verdict: kpi.Profitable, Watermark: at, Reason: "why"}},
		Sources: []snapshot.Source{{Name: "google", Health: snapshot.Healthy, LastGood: at, Watermark: at}}}
	for _, change := range more {
		change(s)
	}
	return s
}

func dead(s *snapshot.Snapshot) {
	s.Channels[0].Verdict = kpi.NoData
	s.Sources[0].Health, s.Sources[0].Problem = snapshot.Stale, "no good answer for 3h"
}

func TestForIsCountedInFreshPollsAndInDataTimeNeverInLooks(t *testing.T) {
	at := func(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }
	for name, c := range map[string]struct {
		wait  Hold
		marks []time.Time // watermark of each evaluation, a minute apart
		want  string
	}{
		"one poll":                           {Hold{}, []time.Time{at(0)}, "firing"},
		"three looks at one poll":            {Hold{Polls: 3}, []time.Time{at(0), at(0), at(0)}, "pending"},
		"three fresh polls":                  {Hold{Polls: 3}, []time.Time{at(0), at(5), at(10)}, "firing"},
		"a watermark that went back":         {Hold{Polls: 3}, []time.Time{at(10), at(5), at(10)}, "pending"},
		"an hour by the watermark":           {Hold{Span: time.Hour}, []time.Time{at(0), at(60)}, "firing"},
		"not yet an hour":                    {Hold{Span: time.Hour}, []time.Time{at(0), at(59)}, "pending"},
		"an hour, but too few polls":         {Hold{Polls: 3, Span: time.Hour}, []time.Time{at(0), at(90)}, "pending"},
		"zones are the same instant":         {Hold{Polls: 2}, []time.Time{at(0), at(0).In(time.FixedZone("x", 3600))}, "pending"},
		"the clock alone never makes it old": {Hold{Span: time.Minute}, []time.Time{at(0), at(0), at(0), at(0), at(0)}, "pending"},
	} {
		t.Run(name, func(t *testing.T) {
			var a snapshot.Alert
			for i, mark := range c.marks {
				cond := condition{rule: "x", subject: "y", signal: breach, watermark: mark, wait: c.wait}
				if i == 0 {
					a = cond.begin("id", noon)
				}
				a = cond.next(a, noon.Add(time.Duration(i)*time.Minute))
			}
			if a.State != c.want {
				t.Errorf("%s after %v, want %s", a.State, a.Run, c.want)
			}
		})
	}
}

func TestAPendingAlertThatDoesNotLastEndsWithoutHavingFired(t *testing.T) {
	c := condition{rule: "x", subject: "y", signal: breach, watermark: noon, wait: Hold{Polls: 2}}
	a := c.next(c.begin("id", noon), noon)
	c.signal, c.watermark = clear, noon.Add(time.Hour)
	if a = c.next(a, noon.Add(time.Hour)); a.Open() || !a.FiredAt.IsZero() {
		t.Errorf("%+v", a)
	}
}

func TestKeepFiringForIsCountedLikeFor(t *testing.T) {
	c := condition{rule: "x", subject: "y", signal: breach, watermark: noon, keep: Hold{Span: 2 * time.Hour}}
	a := c.next(c.begin("id", noon), noon)
	states := []string{}
	for _, hour := range []int{1, 2, 3} { // clear from one o'clock on
		c.signal, c.watermark = clear, noon.Add(time.Duration(hour)*time.Hour)
		a = c.next(a, c.watermark)
		states = append(states, a.State)
	}
	if got := fmt.Sprint(states); got != "[recovering recovering resolved]" {
		t.Errorf("%s", got)
	}
}

func TestWhileASourceIsDeadAnAlertWaitsInItsStateAndAsksForNothing(t *testing.T) {
	k := newKeeper(t)
	k.step(shop(0, .9))
	k.step(shop(1, .1, dead))
	a := k.only(RuleUnprofitable)
	if a.State != snapshot.Firing || a.Frozen != snapshot.NoData || a.Inhibited != k.only(RuleSourceStale).ID || a.Asks() {
		t.Errorf("while dead: %+v", a)
	}
	k.step(shop(2, .9))
	k.step(shop(3, .9))
	if again := k.only(RuleUnprofitable); again.ID != a.ID || again.Frozen != "" || again.Inhibited != "" || !again.Asks() || !again.FiredAt.Equal(a.FiredAt) {
		t.Errorf("when it answers again: %+v", again)
	}
}

func TestAnAckOutlivesLaterEvaluationsAndCanBeTakenBack(t *testing.T) {
	k := newKeeper(t)
	k.step(shop(0, .9))
	id := k.only(RuleUnprofitable).ID
	k.step(shop(0.1, .9), snapshot.Command{Verb: "ack", ID: id, By: "ops", Note: "paused"})
	k.step(shop(1, .97))
	if a := k.only(RuleUnprofitable); a.AckedBy != "ops" || a.AckNote != "paused" || a.Asks() || !strings.Contains(a.Summary, "97%") {
		t.Errorf("%+v", a)
	}
	k.step(shop(2, .97), snapshot.Command{Verb: "unack", ID: id, By: "ops"})
	if a := k.only(RuleUnprofitable); a.AckedBy != "" || !a.AckedAt.IsZero() || !a.Asks() {
		t.Errorf("still acked: %+v", a)
	}
}

func TestASnoozeEndsByTheClockOrWhenTheDayIsComplete(t *testing.T) {
	k := newKeeper(t)
	k.step(shop(0, .9))
	id := k.only(RuleUnprofitable).ID
	snoozed := func() bool { return !k.only(RuleUnprofitable).SnoozedUntil.IsZero() }
	k.step(shop(1, .9), snapshot.Command{Verb: "snooze", ID: id, By: "ops", Until: noon.Add(3 * time.Hour).Format(time.RFC3339)})
	k.step(shop(2.9, .9))
	if a := k.only(RuleUnprofitable); a.Muted() != "snoozed" || a.SnoozedBy != "ops" {
		t.Errorf("before its end: %+v", a)
	}
	if k.step(shop(3, .9)); snoozed() {
		t.Error("at its end it is still snoozed")
	}
	k.step(shop(3, .9), snapshot.Command{Verb: "snooze", ID: id, By: "ops", Until: snapshot.UntilDay})
	behind := func(s *snapshot.Snapshot) { s.Channels[0].Watermark = s.AsOf.Add(-3 * time.Hour) }
	if k.step(shop(14, .9, behind)); !snoozed() {
		t.Error("at two in the morning, with figures until eleven, the snooze until the day is complete ended")
	}
	if k.step(shop(15, .9, behind)); snoozed() {
		t.Error("the day is complete, and it is still snoozed")
	}
	k.step(shop(15, .9), snapshot.Command{Verb: "snooze", ID: id, By: "ops", Until: snapshot.UntilDay})
	stuck := func(s *snapshot.Snapshot) { s.Channels[0].Watermark = noon }
	if k.step(shop(36+24, .9, stuck)); snoozed() {
		t.Error("figures that never came keep it quiet for ever")
	}
	if k.step(shop(61, .9), snapshot.Command{Verb: "snooze", ID: id, Until: noon.Format(time.RFC3339)}); len(k.refused) == 0 || snoozed() {
		t.Error("a snooze until yesterday was accepted")
	}
}

func TestASilenceCoversWhatItsLabelsMatchUntilItEnds(t *testing.T) {
	k := newKeeper(t)
	until := noon.Add(5 * time.Hour).Format(time.RFC3339)
	k.step(shop(0, .9), snapshot.Command{Verb: "silence", By: "ops", At: noon, Until: until, Note: "relaunch",
		Match: map[string]string{"source": "goog*", "rule": "/^unprof/", "severity": "critical", "channel": "shopping"}})
	a := k.only(RuleUnprofitable)
	silence, kept := k.silences[a.Silence]
	if !kept || a.Asks() || silence.By != "ops" || silence.Note != "relaunch" {
		t.Fatalf("not silenced: %+v by %+v", a, k.silences)
	}
	if k.step(shop(5, .9)); !k.only(RuleUnprofitable).Asks() {
		t.Error("the silence outlived its end")
	}
	k.step(shop(6, .9), snapshot.Command{Verb: "silence", By: "ops", At: noon.Add(6 * time.Hour), Until: noon.AddDate(0, 0, 3).Format(time.RFC3339), Match: map[string]string{"subject": "Shopping"}})
	id := k.only(RuleUnprofitable).Silence
	if k.step(shop(7, .9), snapshot.Command{Verb: "unsilence", ID: id, By: "ops"}); id == "" || !k.only(RuleUnprofitable).Asks() {
		t.Errorf("silence %q, ended by hand, still covers it", id)
	}
	for _, match := range []map[string]string{nil, {"rule": ""}, {"rule": "/("}, {"team": "*"}, {"source": "meta"}} {
		k.step(shop(8, .9), snapshot.Command{Verb: "silence", By: "ops", At: noon.Add(8 * time.Hour), Until: noon.AddDate(0, 0, 3).Format(time.RFC3339), Match: match})
		if !k.only(RuleUnprofitable).Asks() {
			t.Errorf("silenced by %v", match)
		}
	}
}

func TestASilenceOfAnotherPlaceIsMovedByItsName(t *testing.T) {
	k := newKeeper(t)
	at := func(hours int) string { return noon.Add(time.Duration(hours) * time.Hour).Format(time.RFC3339) }
	asks := func(hour float64, c ...snapshot.Command) bool {
		k.step(shop(hour, .9), c...)
		return k.only(RuleUnprofitable).Asks()
	}
	if asks(0, snapshot.Command{Verb: "silence", ID: "there/1", By: "anna", At: noon, Until: at(2), Match: map[string]string{"subject": "Shopping"}}) {
		t.Error("not silenced")
	}
	if asks(1, snapshot.Command{Verb: "silence", ID: "there/1", By: "anna", Until: at(5)}) || asks(3) {
		t.Error("extended, it ended as before")
	}
	if silence := k.silences["there/1"]; len(k.silences) != 1 || !silence.Starts.Equal(noon) || silence.Match["subject"] != "Shopping" {
		t.Errorf("%+v", k.silences)
	}
	if !asks(4, snapshot.Command{Verb: "unsilence", ID: "there/1", By: "anna"}) {
		t.Error("ended, it goes on")
	}
	if !asks(4.5, snapshot.Command{Verb: "silence", ID: "there/2", By: "anna", Until: at(9)}) || len(k.refused) == 0 {
		t.Error("an unknown one without labels silences")
	}
}

func TestAnAlertThatBeginsAgainAndAgainIsToldThreeTimesADay(t *testing.T) {
	k := newKeeper(t)
	var asked []bool
	for i := range 5 {
		hour := float64(3 * i)
		k.step(shop(hour, .9))
		asked = append(asked, k.only(RuleUnprofitable).Asks())
		k.step(shop(hour+1, .1))
		k.step(shop(hour+2, .1))
	}
	if got := fmt.Sprint(asked); got != "[true true true false false]" {
		t.Errorf("asked for attention: %s", got)
	}
	if k.step(shop(60, .9)); !k.only(RuleUnprofitable).Asks() {
		t.Error("two days later it is still damped")
	}
}

func TestAMarkCanBeGivenAfterTheEnd(t *testing.T) {
	k := newKeeper(t)
	k.step(shop(0, .9))
	k.step(shop(1, .1))
	k.step(shop(2, .1))
	id := k.only(RuleUnprofitable).ID
	k.step(shop(3, .1), snapshot.Command{Verb: "mark", ID: id, As: snapshot.MarkedFalse, By: "ops"})
	if a := k.only(RuleUnprofitable); a.State != snapshot.Resolved || a.Marked != snapshot.MarkedFalse || a.MarkedBy != "ops" {
		t.Errorf("%+v", a)
	}
	k.step(shop(4, .1), snapshot.Command{Verb: "mark", ID: id, As: "perhaps", By: "ops"}, snapshot.Command{Verb: "ack", ID: "no such", By: "ops"}, snapshot.Command{Verb: "dance", ID: id})
	if len(k.refused) != 6 { // each evaluation is done twice
		t.Errorf("refused: %q", k.refused)
	}
}

// lossy is an unprofitable channel whose hours since noon brought so many of
// the ten conversions that breaking even takes.
func lossy(hours int, seen float64, p float64) *snapshot.Snapshot {
	return shop(float64(hours), p, func(s *snapshot.Snapshot) {
		ch := &s.Channels[0]
		ch.Evidence = snapshot.Evidence{Since: noon, Due: 10, Seen: seen}
		for h := range hours {
			span := snapshot.Span{Start: noon.Add(time.Duration(h) * time.Hour), End: noon.Add(time.Duration(h+1) * time.Hour),
				HasSpend: true, HasResults: true, Cost: 100, Visible: 1}
			if h == 0 {
				span.Conversions = seen
			}
			if h >= 5 {
				span.Conversions = 50 // new hours are splendid
			}
			ch.Cohorts = append(ch.Cohorts, span)
		}
	})
}

func TestAnAlertIsRetractedWhenLateFiguresFillWhatItFiredOnAndNotWhenNewHoursAreGood(t *testing.T) {
	for name, c := range map[string]struct {
		later float64 // conversions of the judged hours, as known in the end
		want  string
	}{
		"late conversions fill the hole":     {11, snapshot.Retracted},
		"only the hours afterwards are good": {2, snapshot.Resolved},
		"late conversions do not suffice":    {9, snapshot.Resolved},
	} {
		t.Run(name, func(t *testing.T) {
			k := newKeeper(t)
			k.step(lossy(5, 2, .9))
			k.step(lossy(6, c.later, .2))
			if a := k.only(RuleUnprofitable); a.State != snapshot.Recovering {
				t.Fatalf("after one look: %s", a.State)
			}
			k.step(lossy(7, c.later, .2))
			if a := k.only(RuleUnprofitable); a.State != c.want || a.Open() {
				t.Errorf("ended as %s on %+v", a.State, a.Ground)
			}
		})
	}
}

func TestMatureSpendNeedsMoreBeforeAnAlertIsRetracted(t *testing.T) {
	k := newKeeper(t)
	young := lossy(5, 2, .9)
	for i := range young.Channels[0].Cohorts {
		young.Channels[0].Cohorts[i].Visible = .5
	}
	k.step(young)
	k.step(lossy(6, 15, .2)) // by now 20 conversions are due of these hours
	k.step(lossy(7, 15, .2))
	if a := k.only(RuleUnprofitable); a.State != snapshot.Resolved {
		t.Errorf("ended as %s: 15 of the 20 that are due by now", a.State)
	}
}

func TestAChannelMayBeNamedAsItsSource(t *testing.T) {
	k := newKeeper(t)
	for hour := range 3 {
		k.step(shop(float64(hour), .9, dead, func(s *snapshot.Snapshot) {
			s.Channels[0].Name = "google"
			s.Channels = append(s.Channels, s.Channels[0]) // and one name twice, which no config lets pass
		}))
	}
	if len(k.alerts) != 1 {
		t.Errorf("%d alerts: %+v", len(k.alerts), k.alerts)
	}
}

func TestTwoAlertsNeverShareAnIDWhenTheClockIsSetBack(t *testing.T) {
	k := newKeeper(t)
	k.step(shop(0, .9))
	k.step(shop(1, .1))
	k.step(shop(2, .1))
	back := func(s *snapshot.Snapshot) { s.AsOf = noon }
	k.step(shop(3, .9, back))
	if len(k.alerts) != 2 {
		t.Errorf("%d alerts: %v", len(k.alerts), k.alerts)
	}
}
