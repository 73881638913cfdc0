package ui

import (
	"strings"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
)

// asked is the newest view that the app wants.
func asked(t *testing.T, a *app) snapshot.View {
	t.Helper()
	select {
	case view := <-a.bridge.views:
		return view
	default:
		t.Fatal("nothing was asked for")
		return snapshot.View{}
	}
}

// pictureOf is a picture of a view, as the monitor would build it.
func pictureOf(view snapshot.View, zone *time.Location) *snapshot.Snapshot {
	s := testSnapshot()
	s.View, s.Zone = view, zone
	if !view.AsOf.IsZero() {
		s.AsOf = view.AsOf
	}
	return s
}

func at(t *testing.T, zone *time.Location, text string) time.Time {
	t.Helper()
	when, err := time.ParseInLocation("2006-01-02 15:04", text, zone)
	if err != nil {
		t.Fatal(err)
	}
	return when
}

func zoneNamed(t *testing.T, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// TestStepsLeadToFullHoursAndDays steps through the past. Berlin sets its
// clocks back on 25 October 2026 and ahead on 29 March, Kolkata is half an
// hour beside the others.
func TestStepsLeadToFullHoursAndDays(t *testing.T) {
	kolkata := zoneNamed(t, "Asia/Kolkata")
	for _, c := range []struct {
		name  string
		zone  *time.Location
		now   string
		keys  []string // one step each, after those that choose the unit
		unit  int      // how often . is pressed before
		wants []string // in UTC; "" is live
	}{
		{"by the hour", berlin, "2026-11-23 14:32", []string{"<", "<", ">", ">"}, 1, []string{"2026-11-23 13:00", "2026-11-23 12:00", "2026-11-23 13:00", ""}},
		{"by the hour, on the hour", berlin, "2026-11-23 14:00", []string{"<", ">"}, 1, []string{"2026-11-23 12:00", ""}},
		{"by the day", berlin, "2026-11-23 14:32", []string{"<", "<", ">", ">"}, 2, []string{"2026-11-22 23:00", "2026-11-21 23:00", "2026-11-22 23:00", ""}},
		{"hours as the clocks are set back", berlin, "2026-10-25 03:10", []string{"<", "<", "<", "<", ">"}, 1, []string{"2026-10-25 02:00", "2026-10-25 01:00", "2026-10-25 00:00", "2026-10-24 23:00", "2026-10-25 00:00"}},
		{"days as the clocks are set back", berlin, "2026-10-26 09:00", []string{"<", "<", "<", ">", ">"}, 2, []string{"2026-10-25 23:00", "2026-10-24 22:00", "2026-10-23 22:00", "2026-10-24 22:00", "2026-10-25 23:00"}},
		{"hours as the clocks are set ahead", berlin, "2026-03-29 03:10", []string{"<", "<", ">"}, 1, []string{"2026-03-29 01:00", "2026-03-29 00:00", "2026-03-29 01:00"}},
		{"days as the clocks are set ahead", berlin, "2026-03-30 09:00", []string{"<", "<", ">"}, 2, []string{"2026-03-29 22:00", "2026-03-28 23:00", "2026-03-29 22:00"}},
		{"hours beside those of others", kolkata, "2026-11-23 14:45", []string{"<", "<", ">", ">"}, 1, []string{"2026-11-23 08:30", "2026-11-23 07:30", "2026-11-23 08:30", ""}},
		{"days beside those of others", kolkata, "2026-11-23 14:45", []string{"<", ">"}, 2, []string{"2026-11-22 18:30", ""}},
	} {
		t.Run(c.name, func(t *testing.T) {
			now := at(t, c.zone, c.now)
			a := testApp(120, 32, looks[3])
			a.o.Now = func() time.Time { return now }
			live := pictureOf(a.wanted, c.zone)
			live.AsOf = now
			a.take(live)
			for range c.unit {
				press(a, ".")
			}
			for i, key := range c.keys {
				press(a, key)
				view := asked(t, a)
				got := ""
				if !view.AsOf.IsZero() {
					got = view.AsOf.UTC().Format("2006-01-02 15:04")
				}
				if got != c.wants[i] {
					t.Fatalf("step %d, %s, asks for %q, want %q", i, key, got, c.wants[i])
				}
				if got == "" {
					break
				}
				a.take(pictureOf(view, c.zone))
			}
		})
	}
}

func TestStepsByThePollFollowWhatWasKnown(t *testing.T) {
	a := testApp(120, 32, looks[3])
	earlier := testNow.Add(-7 * time.Minute)
	a.snap.Earlier = earlier
	press(a, "<")
	view := asked(t, a)
	if !view.AsOf.Equal(earlier) {
		t.Errorf("asks for %v, want the poll before", view.AsOf)
	}
	s := pictureOf(view, berlin)
	s.Earlier, s.Later = earlier.Add(-5*time.Minute), earlier.Add(5*time.Minute)
	a.take(s)
	press(a, ">")
	if view = asked(t, a); !view.AsOf.Equal(earlier.Add(5 * time.Minute)) {
		t.Errorf("> asks for %v, want the poll behind it", view.AsOf)
	}
	s = pictureOf(view, berlin)
	a.take(s) // nothing behind it: the present
	press(a, ">")
	if view = asked(t, a); !view.AsOf.IsZero() {
		t.Errorf("> asks for %v, want the present", view.AsOf)
	}
}

func TestBandSaysThatThePastIsShownUntilTheKeyBackToNow(t *testing.T) {
	a := testApp(140, 32, looks[3])
	press(a, ".", ".", "<")
	view := asked(t, a)
	s := pictureOf(view, berlin)
	s.Resolution = time.Hour
	a.take(s)
	lines := strings.Split(screenText(a), "\n")
	for _, part := range []string{"◷ as it was known on Mon 23 Nov 2026 00:00", "kept by the hour", "by the day", "0 back to now"} {
		if !strings.Contains(lines[1], part) {
			t.Errorf("the band %q does not say %q", lines[1], part)
		}
	}
	for _, c := range []struct{ key, says string }{
		{"a", "the past cannot be changed"}, {"Z", "the past cannot be changed"}, {"n", "a note is written in the present"}, {"r", "the past is not asked again"}, {"f", "the past stands still by itself"},
	} {
		if press(a, c.key); !strings.Contains(screenText(a), c.says) {
			t.Errorf("%s does not say %q:\n%s", c.key, c.says, screenText(a))
		}
	}
	press(a, "0")
	if view = asked(t, a); !view.AsOf.IsZero() {
		t.Errorf("0 asks for %v", view.AsOf)
	}
	a.take(pictureOf(view, berlin))
	if text := screenText(a); strings.Contains(text, "◷") {
		t.Errorf("the band stays:\n%s", text)
	}
	if press(a, "0"); !strings.Contains(screenText(a), "this is the present") {
		t.Error("0 in the present does not say why it does nothing")
	}
}

func TestThePastKeepsItsRangeAndChannel(t *testing.T) {
	a := testApp(140, 32, looks[3])
	press(a, "enter", ".", "<", "c")
	view := asked(t, a)
	if view.Campaigns != "TikTok" || view.AsOf.IsZero() || view.Against != snapshot.SameWeekday {
		t.Errorf("asks for %+v", view)
	}
	press(a, "esc")
	if view = asked(t, a); view.Campaigns != "" || view.AsOf.IsZero() {
		t.Errorf("going back leaves the past: %+v", view)
	}
}

func TestAlertOfThePresentRingsInThePast(t *testing.T) {
	a := testApp(140, 32, looks[3])
	press(a, ".", "<")
	past := pictureOf(asked(t, a), berlin)
	past.Alerts = append(past.Alerts, snapshot.Alert{ID: "old", Subject: "Meta", Severity: snapshot.Critical, State: "firing", Since: past.AsOf, FiredAt: past.AsOf, Summary: "Meta was unprofitable"})
	a.take(past)
	if a.alarm != "" {
		t.Errorf("an alert of the past rings: %s", a.alarm)
	}
	next := testSnapshot()
	next.Alerts = append(next.Alerts, snapshot.Alert{ID: "9", Subject: "Meta", Severity: snapshot.Critical, State: "firing", Since: testNow, FiredAt: testNow, Summary: "Meta unprofitable"})
	if _, cmd := a.Update(liveMsg{next}); cmd == nil || !strings.Contains(screenText(a), "NEW  Meta unprofitable") {
		t.Errorf("an alert of the present is not told in the past:\n%s", screenText(a))
	}
	press(a, "!")
	if view := asked(t, a); !view.AsOf.IsZero() || a.place.alert != "9" {
		t.Errorf("! leads to alert %q as of %v", a.place.alert, view.AsOf)
	}
}

func TestFrozenFiguresStandStillAndANewAlertStillShows(t *testing.T) {
	a := testApp(140, 32, looks[3])
	press(a, "f")
	before := screenText(a)
	if !strings.Contains(before, "◷ frozen at 14:32: f goes on") {
		t.Errorf("nothing says that it is frozen:\n%s", before)
	}
	next := testSnapshot()
	next.Channels[2].Now = figures(2500, 41, 1700, .7)
	a.Update(snapshotMsg{next})
	a.Update(minuteMsg{})
	if screenText(a) != before {
		t.Error("figures move on a frozen screen")
	}
	alarming := testSnapshot()
	alarming.Channels[2].Now = next.Channels[2].Now
	alarming.Alerts = append(alarming.Alerts, snapshot.Alert{ID: "9", Subject: "Meta", Severity: snapshot.Critical, State: "firing", Since: testNow, FiredAt: testNow, Summary: "Meta unprofitable"})
	if _, cmd := a.Update(snapshotMsg{alarming}); cmd == nil {
		t.Error("a new alert does not ring on a frozen screen")
	}
	text := screenText(a)
	if !strings.Contains(text, "NEW  Meta unprofitable") || strings.Contains(text, "2,500") {
		t.Errorf("a new alert does not show, or figures move:\n%s", text)
	}
	press(a, "f")
	if text = screenText(a); !strings.Contains(text, "2,500") || strings.Contains(text, "frozen") {
		t.Errorf("f does not go on with the newest figures:\n%s", text)
	}
}

func TestChosenDaysAreAskedFor(t *testing.T) {
	for _, c := range []struct {
		keys  []string
		typed string
		want  string
	}{
		{[]string{"t", "7"}, "", "7d"}, {[]string{"t", "h"}, "", "24h"}, {[]string{"t", "l"}, "", "lastmonth"},
		{[]string{"t", "o"}, "2026-11-01..2026-11-20", "2026-11-01..2026-11-20"},
	} {
		a := testApp(120, 32, looks[3])
		press(a, c.keys...)
		if c.typed != "" {
			enterText(a, "2026-11-20..2026-11-01")
			if press(a, "enter"); !strings.Contains(screenText(a), "first day first") {
				t.Errorf("a range that ends before it begins is accepted:\n%s", screenText(a))
			}
			strike(a, "ctrl+u")
			enterText(a, c.typed)
			press(a, "enter")
		}
		if view := asked(t, a); view.Range.String() != c.want {
			t.Errorf("%v asks for %s, want %s", c.keys, view.Range, c.want)
		}
		if len(a.dialogs) != 0 {
			t.Errorf("%v leaves a dialog open", c.keys)
		}
	}
	a := testApp(120, 32, looks[3])
	press(a, "t", "o")
	enterText(a, "2026-11-01..2026-11-20")
	press(a, "enter")
	if days := asked(t, a).Range.Fixed; days != (kpi.DateRange{From: kpi.NewDate(2026, 11, 1), To: kpi.NewDate(2026, 11, 20)}) {
		t.Errorf("asked for %v", days)
	}
}

// TestTheDatasClockRunsOnFromItsPicture: the demo's world has a time of its own,
// at any speed, and goes on from where it stopped.
func TestTheDatasClockRunsOnFromItsPicture(t *testing.T) {
	for _, speed := range []float64{1, 240} {
		now := testNow
		a := testApp(120, 32, looks[3])
		a.o.Now = func() time.Time { return now }
		s := testSnapshot()
		s.AsOf, s.Speed = testNow.Add(-14*24*time.Hour), speed
		a.take(s)
		runs := func(since time.Duration) time.Time {
			return s.AsOf.Add(time.Duration(speed * float64(since)))
		}
		now = now.Add(time.Minute)
		if got := a.dataNow(); !got.Equal(runs(time.Minute)) {
			t.Errorf("×%g: after a minute it is %v, want %v", speed, got, runs(time.Minute))
		}
		press(a, "f")
		held := testSnapshot()
		held.Speed, held.AsOf = speed, runs(time.Minute)
		a.take(held)
		now = now.Add(time.Minute)
		if press(a, "f"); !a.dataNow().Equal(runs(2 * time.Minute)) {
			t.Errorf("×%g: after a frozen minute it is %v, want %v", speed, a.dataNow(), runs(2*time.Minute))
		}
		if strings.Contains(screenText(a), "ago)") != (speed > 1) {
			t.Errorf("×%g: the header reads %q", speed, strings.Split(screenText(a), "\n")[0])
		}
	}
}
