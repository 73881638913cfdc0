package notify

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"adtop/snapshot"
)

var histories = flag.Int("histories", 8, "how many random histories of alerts to plan")

// TestRandomHistoriesAreToldOnceEachAndWhole plays random lives of alerts, mutes,
// acks, quiet hours and maintenance: at most one firing message of a group to a
// target in an interval, nothing that may be told is late, and an end is told
// where, and only where, its beginning was.
func TestRandomHistoriesAreToldOnceEachAndWhole(t *testing.T) {
	firings, ends := 0, 0
	for seed := range *histories {
		random := rand.New(rand.NewPCG(uint64(seed), 3))
		page := everything("oncall", "team")
		page.Severity, page.Continue, page.GroupBy = snapshot.Critical, random.IntN(2) == 0, []string{"channel"}
		rest := everything("team", "mail")
		rest.Wait, rest.AtNight = time.Duration(random.IntN(10))*time.Minute, []AtNight{Urgent, Everything, Nothing}[random.IntN(3)]
		r := newTeller(t, page, rest)
		r.plan.Quiet = []Hours{{Days: [7]bool{1: true, 3: true}, From: 20 * time.Hour, To: time.Duration(random.IntN(12)) * time.Hour}}
		r.plan.Maintenance = []Window{{From: monday.Add(5 * time.Hour), To: monday.Add(9 * time.Hour)}}
		for n := range 120 {
			r.now = r.now.Add(time.Duration(random.IntN(1200)) * time.Second)
			for !r.next.IsZero() && r.next.Before(r.now) { // wakes are kept
				now := r.now
				r.now = r.next
				r.look()
				r.punctual()
				r.now = now
			}
			switch ids := slices.Sorted(maps.Keys(r.alerts)); random.IntN(3) {
			case 0:
				r.fire(fmt.Sprintf("%d.%d", seed, n), []string{"Meta", "Google", "TikTok"}[random.IntN(3)], snapshot.Severity(random.IntN(3)))
			default:
				if len(ids) > 0 {
					if id := ids[random.IntN(len(ids))]; r.alerts[id].Open() {
						r.change(id, func(a *snapshot.Alert) { live(a, random, r.now) })
					}
				}
			}
			r.look()
			r.punctual()
		}
		for id, a := range r.alerts {
			if a.Open() {
				r.end(id)
			}
		}
		r.now = r.now.AddDate(0, 0, 1)
		for !r.next.IsZero() {
			r.now = r.next
			r.look()
		}
		begun, over := r.audit()
		firings, ends = firings+begun, ends+over
	}
	if firings < 30**histories || ends != firings {
		t.Errorf("%d beginnings and %d ends were told", firings, ends)
	}
}

// live changes an alert at random.
func live(a *snapshot.Alert, random *rand.Rand, now time.Time) {
	switch random.IntN(9) {
	case 0:
		a.AckedBy = "ann"
	case 1:
		a.AckedBy = ""
	case 2:
		a.SnoozedUntil = now.Add(time.Hour)
	case 3:
		a.SnoozedUntil = time.Time{}
	case 4:
		a.Silence = []string{"", "s"}[random.IntN(2)]
	case 5:
		a.Severity = snapshot.Severity(random.IntN(3))
	case 6:
		a.State = []string{snapshot.Firing, snapshot.Recovering}[random.IntN(2)]
	default:
		a.State, a.EndedAt = []string{snapshot.Resolved, snapshot.Retracted}[random.IntN(2)], now
	}
}

// punctual fails where an alert that asks is untold though it may be told: the
// wait of its route, and the interval of its group, are over.
func (r *teller) punctual() {
	r.Helper()
	for _, a := range r.alerts {
		for _, target := range r.plan.Targets {
			route := r.plan.route(a, target)
			if route == nil || !a.Asks() || !r.plan.held(a, route, r.now).IsZero() {
				continue
			}
			key, _ := r.plan.key(a, route)
			told := r.told[[2]string{target, key}]
			known := slices.ContainsFunc(slices.Collect(maps.Values(r.told)), func(t Told) bool { _, ok := t.Alerts[a.ID]; return t.Target == target && ok })
			if !known && !r.now.Before(a.FiredAt.Add(route.Wait)) && (told.At.IsZero() || !r.now.Before(told.At.Add(route.Interval))) {
				r.Fatalf("%s: %s is not told of %s, which fired at %s", r.now, target, a.ID, a.FiredAt)
			}
		}
	}
}

// audit checks the log of a history and counts the beginnings and ends in it.
func (r *teller) audit() (begun, over int) {
	r.Helper()
	last := map[[2]string]time.Time{}
	fired, ended := map[[2]string]bool{}, map[[2]string]bool{}
	events := map[string]bool{}
	for _, out := range r.log {
		m := out.Message
		if events[m.Event] {
			r.Fatalf("two messages are %s", m.Event)
		}
		events[m.Event] = true
		group := [2]string{out.Target, m.Key}
		if before := last[group]; m.Kind == Fired {
			if !before.IsZero() && m.At.Sub(before) < 5*time.Minute {
				r.Fatalf("%v: firing at %s and at %s", group, before, m.At)
			}
			last[group] = m.At
		}
		for _, a := range m.Alerts {
			id := [2]string{out.Target, a.ID}
			switch {
			case a.Open() && m.Kind == Fired:
				fired[id] = true
			case !a.Open() && (!fired[id] || ended[id]):
				r.Fatalf("%s is told of the end of %s, begun %t, ended %t", out.Target, a.ID, fired[id], ended[id])
			case !a.Open():
				ended[id] = true
			}
		}
	}
	return len(fired), len(ended)
}
