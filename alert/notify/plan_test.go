package notify

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"adtop/alert"
	"adtop/pattern"
	"adtop/snapshot"
)

// teller keeps what was told, as a store does, and notes who got what.
type teller struct {
	*testing.T
	plan   Plan
	now    time.Time
	alerts map[string]snapshot.Alert
	told   map[[2]string]Told
	next   time.Time
	log    []Outgoing
}

// monday is a day without a change of clocks near it, in the morning.
var monday = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

func zoneOf(t *testing.T, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// everything is a route of all alerts with Alertmanager's own times.
func everything(targets ...string) Route {
	return Route{Targets: targets, GroupBy: []string{"channel", "source"}, Wait: 30 * time.Second, Interval: 5 * time.Minute, Repeat: 4 * time.Hour, Resolved: true, AtNight: Urgent}
}

func newTeller(t *testing.T, routes ...Route) *teller {
	p := Plan{Name: "Shop", Zone: zoneOf(t, "Europe/Berlin"), Routes: routes}
	for _, r := range routes {
		p.Targets = append(p.Targets, r.Targets...)
	}
	slices.Sort(p.Targets)
	p.Targets = slices.Compact(p.Targets)
	return &teller{T: t, plan: p, now: monday, alerts: map[string]snapshot.Alert{}, told: map[[2]string]Told{}}
}

// fire begins an alert about a channel.
func (r *teller) fire(id, channel string, severity snapshot.Severity) {
	r.alerts[id] = snapshot.Alert{ID: id, Rule: "unprofitable", Subject: channel, Labels: map[string]string{"channel": channel, "source": "google, shop"},
		Severity: severity, State: snapshot.Firing, Since: r.now, FiredAt: r.now, Summary: channel + " loses money", Reason: "Because."}
}

func (r *teller) change(id string, f func(*snapshot.Alert)) {
	a := r.alerts[id]
	f(&a)
	r.alerts[id] = a
}

func (r *teller) end(id string) {
	r.change(id, func(a *snapshot.Alert) { a.State, a.EndedAt = snapshot.Resolved, r.now })
}

// look plans once, twice to see that nothing is told twice, and returns what was
// told as "target kind id id".
func (r *teller) look() (said []string) {
	r.Helper()
	step := r.plan.Next(r.now, slices.Collect(maps.Values(r.alerts)), slices.Collect(maps.Values(r.told)))
	for _, t := range step.Told {
		packed, err := json.Marshal(t)
		var kept Told
		if err == nil {
			err = json.Unmarshal(packed, &kept)
		}
		if err != nil {
			r.Fatal(err)
		}
		r.told[[2]string{t.Target, t.Key}] = kept
		if len(t.Alerts) == 0 {
			delete(r.told, [2]string{t.Target, t.Key})
		}
	}
	for _, out := range step.Messages {
		ids := []string{out.Target, string(out.Message.Kind)}
		for _, a := range out.Message.Alerts {
			if a.Open() {
				ids = append(ids, a.ID)
			} else {
				ids = append(ids, "-"+a.ID)
			}
		}
		said = append(said, strings.Join(ids, " "))
	}
	r.log, r.next = append(r.log, step.Messages...), step.Next
	again := r.plan.Next(r.now, slices.Collect(maps.Values(r.alerts)), slices.Collect(maps.Values(r.told)))
	if len(again.Messages)+len(again.Told) > 0 {
		r.Fatalf("the same again told %+v and changed %+v", again.Messages, again.Told)
	}
	if !again.Next.Equal(step.Next) && len(step.Messages) == 0 {
		r.Fatalf("the same again looks next at %s, not %s", again.Next, step.Next)
	}
	return said
}

// after lets time pass and fails unless exactly that is told then.
func (r *teller) after(d time.Duration, want ...string) {
	r.Helper()
	r.now = r.now.Add(d)
	got := r.look()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		r.Fatalf("at %s: told %q, want %q", r.now.Format("Mon 15:04:05"), got, want)
	}
}

func TestAGroupWaitsForOthersThenTellsNewsByIntervalAndRepeats(t *testing.T) {
	r := newTeller(t, everything("team"))
	r.fire("a", "Meta", snapshot.Warning)
	r.after(0)
	if want := monday.Add(30 * time.Second); !r.next.Equal(want) {
		t.Fatalf("looks next at %s, want %s", r.next, want)
	}
	r.now = r.now.Add(20 * time.Second)
	r.fire("b", "Meta", snapshot.Critical)
	r.fire("other", "Google", snapshot.Warning)
	r.after(10*time.Second, "team firing b a")
	r.after(20*time.Second, "team firing other")
	r.fire("c", "Meta", snapshot.Warning)
	r.after(4 * time.Minute)
	r.after(time.Minute-20*time.Second, "team firing b a c")
	r.end("b")
	r.after(5*time.Minute, "team firing a c -b")
	if last := r.log[len(r.log)-1].Message; last.Cause != "some alerts resolved" || last.Severity != snapshot.Warning {
		t.Errorf("%s, %s", last.Cause, last.Severity)
	}
	r.after(4*time.Hour-5*time.Minute, "team firing other")
	r.after(5*time.Minute, "team firing a c")
	if last := r.log[len(r.log)-1].Message; last.Cause != "repeat interval elapsed" || last.Key != `Shop{channel="Meta",source="google, shop"}` {
		t.Errorf("%s of %s", last.Cause, last.Key)
	}
	r.end("a")
	r.end("c")
	r.after(5*time.Minute, "team resolved -a -c")
	r.end("other")
	r.after(time.Minute, "team resolved -other")
	r.after(24 * time.Hour)
	if len(r.told) != 0 || !r.next.IsZero() {
		t.Errorf("after the end, %v is remembered, next %s", r.told, r.next)
	}
}

func TestWhatEndsWithinItsWaitIsNeverTold(t *testing.T) {
	r := newTeller(t, everything("team"))
	r.fire("a", "Meta", snapshot.Warning)
	r.after(20 * time.Second)
	r.end("a")
	r.after(time.Hour)
}

func TestTheFirstRouteThatMatchesLeadsUnlessItSaysToGoOn(t *testing.T) {
	page, brand := everything("oncall"), everything("brand", "team")
	page.Severity, page.Continue = snapshot.Critical, true
	google, err := pattern.Parse("Google*")
	if err != nil {
		t.Fatal(err)
	}
	brand.Match = map[string]pattern.Pattern{"channel": google}
	r := newTeller(t, page, brand, everything("team"))
	r.fire("a", "Google Brand", snapshot.Critical)
	r.fire("b", "Meta", snapshot.Info)
	r.after(30*time.Second, "oncall firing a", "brand firing a", "team firing a", "team firing b")
	// It gets worse, and reaches one who was not concerned; who was hears it in the same group.
	r.change("b", func(a *snapshot.Alert) { a.Severity = snapshot.Critical })
	r.after(5*time.Minute, "oncall firing b", "team firing b")
	// It gets better: who was told hears of its end.
	r.change("b", func(a *snapshot.Alert) { a.Severity = snapshot.Info })
	r.after(5*time.Hour, "brand firing a", "oncall firing a", "team firing a", "team firing b")
	r.end("b")
	r.after(5*time.Minute, "oncall resolved -b", "team resolved -b")
}

func TestAnAckIsToldAtOnceToWhoGotTheFiring(t *testing.T) {
	r := newTeller(t, everything("oncall"))
	r.fire("a", "Meta", snapshot.Critical)
	r.fire("b", "Meta", snapshot.Critical)
	r.fire("untold", "Google", snapshot.Critical)
	ack := func(a *snapshot.Alert) { a.AckedBy, a.AckedAt = "ann", r.now }
	r.change("untold", ack)
	r.after(30*time.Second, "oncall firing a b")
	r.change("a", ack)
	r.after(time.Second) // the other one still needs somebody
	r.change("b", ack)
	r.after(time.Second, "oncall acknowledged a b")
	r.after(24 * time.Hour) // an acked alert is not repeated
	r.change("a", func(a *snapshot.Alert) { a.AckedBy = "" })
	r.after(time.Second, "oncall firing a b")
	r.change("a", ack)
	r.end("b")
	r.after(time.Second, "oncall acknowledged a")
	r.after(5*time.Minute, "oncall acknowledged a -b")
	r.end("a")
	r.after(5*time.Minute, "oncall resolved -a")
	r.end("untold")
	r.after(time.Hour)
}

func TestWhatIsMutedIsNotToldAndASnoozeRemindsWhenItEnds(t *testing.T) {
	for name, mute := range map[string]func(*snapshot.Alert){
		"silenced":  func(a *snapshot.Alert) { a.Silence = "s" },
		"inhibited": func(a *snapshot.Alert) { a.Inhibited = "other" },
		"flapping":  func(a *snapshot.Alert) { a.Flapping = true },
		"snoozed":   func(a *snapshot.Alert) { a.SnoozedUntil = monday.AddDate(1, 0, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			r := newTeller(t, everything("team"))
			r.fire("a", "Meta", snapshot.Critical)
			r.change("a", mute)
			r.after(time.Hour)
			r.change("a", func(a *snapshot.Alert) {
				a.Silence, a.Inhibited, a.Flapping, a.SnoozedUntil = "", "", false, time.Time{}
			})
			r.after(time.Second, "team firing a")
			r.change("a", mute)
			r.after(24 * time.Hour)
			r.change("a", func(a *snapshot.Alert) {
				a.Silence, a.Inhibited, a.Flapping, a.SnoozedUntil = "", "", false, time.Time{}
			})
			r.after(time.Second, "team firing a") // for its snooze, or its repeat
			if cause := r.log[len(r.log)-1].Message.Cause; (cause == "new alerts added") != (name == "snoozed") {
				t.Errorf("told again for: %s", cause)
			}
			r.change("a", mute)
			r.end("a")
			r.after(time.Hour, "team resolved -a")
		})
	}
}

func TestARetractedAlertIsTakenBackWhereItWasTold(t *testing.T) {
	r := newTeller(t, everything("team"))
	r.fire("a", "Meta", snapshot.Critical)
	r.after(time.Minute, "team firing a")
	r.change("a", func(a *snapshot.Alert) { a.State, a.EndedAt = snapshot.Retracted, r.now })
	r.after(time.Hour, "team resolved -a")
	if m := r.log[1].Message; m.Alerts[0].State != snapshot.Retracted || !strings.Contains(m.Title+m.Text, "no ground") {
		t.Errorf("%s\n%s", m.Title, m.Text)
	}
}

func TestInQuietHoursOnlyTheUrgentIsTold(t *testing.T) {
	r := newTeller(t, everything("team"))
	r.plan.Quiet = []Hours{{Days: [7]bool{true, true, true, true, true, true, true}, From: 22 * time.Hour, To: 7*time.Hour + 30*time.Minute}}
	r.now = time.Date(2026, 11, 23, 23, 0, 0, 0, r.plan.Zone)
	r.fire("page", "Meta", snapshot.Critical)
	r.fire("later", "Meta", snapshot.Warning)
	r.fire("gone", "Google", snapshot.Warning)
	r.after(time.Minute, "team firing page")
	if want := time.Date(2026, 11, 24, 7, 30, 0, 0, r.plan.Zone); !r.plan.Quiet[0].covers(r.now.In(r.plan.Zone)).Equal(want) {
		t.Errorf("the night ends at %s", r.plan.Quiet[0].covers(r.now.In(r.plan.Zone)))
	}
	r.after(4*time.Hour, "team firing page")
	r.end("gone")
	r.end("page")
	r.after(time.Hour, "team resolved -page")
	r.now = r.next
	r.after(0, "team firing later")
	if at := r.now.In(r.plan.Zone).Format("15:04"); at != "07:30" {
		t.Errorf("told at %s", at)
	}
	for want, night := range map[int]AtNight{0: Nothing, 1: Everything} {
		r := newTeller(t, everything("team"))
		r.plan.Quiet = []Hours{{Days: [7]bool{true, true, true, true, true, true, true}}} // always
		r.plan.Routes[0].AtNight = night
		r.fire("a", "Meta", []snapshot.Severity{snapshot.Critical, snapshot.Info}[want])
		r.now = r.now.Add(time.Minute)
		if got := r.look(); len(got) != want {
			t.Errorf("a route that tells %s in quiet hours told %q", night, got)
		}
	}
}

func TestHoursFollowTheClockOnTheWall(t *testing.T) {
	berlin := zoneOf(t, "Europe/Berlin")
	night := Hours{Days: [7]bool{time.Saturday: true}, From: 22 * time.Hour, To: 6 * time.Hour}
	for _, c := range []struct {
		at, ends string
	}{
		{"2026-10-24 21:59", ""},
		{"2026-10-24 22:00", "2026-10-25 06:00 +0100"}, // the clock goes back within it: nine hours
		{"2026-10-25 05:59", "2026-10-25 06:00 +0100"},
		{"2026-10-25 06:00", ""},
		{"2026-10-25 23:00", ""}, // it begins on Saturdays
		{"2026-03-28 23:00", "2026-03-29 06:00 +0200"},
	} {
		at, err := time.ParseInLocation("2006-01-02 15:04", c.at, berlin)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if end := night.covers(at); !end.IsZero() {
			got = end.Format("2006-01-02 15:04 -0700")
		}
		if got != c.ends {
			t.Errorf("at %s it ends %q, want %q", c.at, got, c.ends)
		}
	}
}

func TestMaintenanceHoldsBackWhatItMatchesAlsoTheUrgent(t *testing.T) {
	shop, err := pattern.Parse("shop")
	if err != nil {
		t.Fatal(err)
	}
	match := map[string]pattern.Pattern{"source": shop}
	for name, w := range map[string]Window{
		"once":   {From: monday, To: monday.Add(2 * time.Hour), Match: match},
		"weekly": {Weekly: &Hours{Days: [7]bool{time.Monday: true}, From: 10 * time.Hour, To: 12 * time.Hour}, Match: match},
	} {
		t.Run(name, func(t *testing.T) {
			r := newTeller(t, everything("team"))
			r.plan.Maintenance = []Window{w}
			r.fire("stays", "Meta", snapshot.Critical)
			r.fire("ends", "Google", snapshot.Critical)
			r.fire("other", "Offline", snapshot.Critical)
			r.change("other", func(a *snapshot.Alert) { a.Labels = map[string]string{"channel": "Offline", "source": "csv"} })
			r.after(time.Hour, "team firing other")
			r.end("ends")
			r.after(59 * time.Minute)
			r.after(time.Minute, "team firing stays")
		})
	}
}

func TestAFailingTargetIsToldOnAllOthers(t *testing.T) {
	page := everything("oncall")
	page.Severity = snapshot.Critical
	r := newTeller(t, page, everything("team", "mail"))
	r.alerts["n"] = snapshot.Alert{ID: "n", Rule: alert.RuleNotify, Subject: "team", Labels: map[string]string{"target": "team"}, State: snapshot.Firing, Severity: snapshot.Warning, Since: r.now, FiredAt: r.now}
	r.after(0, "oncall firing n", "mail firing n")
	r.end("n")
	r.after(5*time.Minute, "oncall resolved -n", "mail resolved -n")
}

func TestAChangedConfigTellsTheEndWhereTheBeginningWasTold(t *testing.T) {
	r := newTeller(t, everything("team", "gone"))
	r.fire("a", "Meta", snapshot.Warning)
	r.after(time.Minute, "gone firing a", "team firing a")
	r.plan.Targets = []string{"new", "team"}
	r.plan.Routes = []Route{everything("new")}
	r.plan.Routes[0].GroupBy = nil
	r.after(time.Hour, "new firing a")
	if len(r.told) != 2 {
		t.Errorf("%d states are kept: that of a target that is gone has to go", len(r.told))
	}
	r.end("a")
	r.after(time.Hour, "new resolved -a", "team resolved -a")
}

func TestARouteWithoutEndsTellsBeginningsAlone(t *testing.T) {
	route := everything("team")
	route.Resolved = false
	r := newTeller(t, route)
	r.fire("a", "Meta", snapshot.Warning)
	r.fire("b", "Meta", snapshot.Warning)
	r.after(time.Minute, "team firing a b")
	r.end("a")
	r.after(time.Hour)
	r.end("b")
	r.after(time.Hour)
	if len(r.told) != 0 {
		t.Errorf("%v is remembered", r.told)
	}
}

func TestAClockThatWasSetBackDelaysNothing(t *testing.T) {
	r := newTeller(t, everything("team"))
	r.fire("a", "Meta", snapshot.Critical)
	r.after(time.Minute, "team firing a")
	r.fire("b", "Meta", snapshot.Critical)
	r.now = r.now.Add(-50 * time.Hour)
	r.look()
	r.after(5*time.Minute, "team firing a b")
	r.fire("c", "Google", snapshot.Critical)
	r.after(-50*time.Hour, "team firing c")
}
