package profit

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// robustSeed is the first of the seeds of the unusual worlds. Nothing is tuned
// on them.
const robustSeed = 70000

// unusual is a world that differs from what the detector assumes. It may not
// raise false alarms above the gate.
type unusual struct {
	name string
	nature
	// late worlds are judged by the alerts that do not say "late or lost?":
	// nobody can tell the two apart before the curve has been learnt anew.
	guarded bool
	beyond  string // why it is measured only: it is not what the gates are for
}

func berlin() *time.Location {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		panic(err)
	}
	return zone
}

// before is a local midnight so many days before a date.
func before(zone *time.Location, y int, m time.Month, d, days int) time.Time {
	return time.Date(y, m, d-days, 0, 0, 0, 0, zone)
}

func unusuals() []unusual {
	zone := berlin()
	return []unusual{
		{name: "usual"},
		{name: "refunds 10% in 28 days", nature: nature{cancelled: 0.1, cancelDays: 28}},
		{name: "rejections 30% in 14 days", nature: nature{cancelled: 0.3, cancelDays: 14}},
		{name: "fractions", nature: nature{fractions: true}},
		{name: "fractions split anew", nature: nature{resplit: true}},
		{name: "results silent 12 h a week", nature: nature{outage: 12}},
		{name: "a third of the polls fail", nature: nature{missing: 1. / 3}},
		{name: "spring clock change", nature: nature{zone: zone, from: before(zone, 2026, 3, 29, warmUp+10)}},
		{name: "autumn clock change", nature: nature{zone: zone, from: before(zone, 2026, 10, 25, warmUp+10)}},
		{name: "currency restated by 3%", nature: nature{restated: 0.03}},
		{name: "window of 28 days", nature: nature{window: 28}},
		{name: "slow shop", nature: nature{within: 0.3}},
		{name: "delays double", nature: nature{late: 2}, guarded: true},
		{name: "delays quadruple", nature: nature{late: 4}, guarded: true},
		{name: "day effects 20%", nature: nature{shock: 0.2}, beyond: "a channel at 1.15x is below break-even for days on end"},
		{name: "seasons doubled", nature: nature{season: 2}},
		{name: "order values of a heavy tail", nature: nature{tail: 1.5}},
	}
}

// wary is the alert on a channel that has been wrong: once it ended within three
// days of a "late or lost?", it waits for 28 days while that is said.
func wary() rule {
	until, fired, late, firing := math.Inf(-1), 0.0, false, false
	fires := func(w *world) bool {
		e := w.det.Evidence()
		if !firing && e.P >= Alert && !(e.LateOrLost && w.hour() < until) {
			firing, fired, late = true, w.hour(), e.LateOrLost
		}
		return firing && e.P >= Alert
	}
	return rule{"wary", fires, func(w *world) bool {
		over := w.det.Evidence().P < Resolve
		if over && firing && late && w.hour()-fired < 3*24 {
			until = w.hour() + 28*24
		}
		firing = firing && !over
		return over
	}}
}

// guarded are the alert, the alert unless it says "late or lost?", and the one of
// a channel that grows wary.
func guarded() []rule {
	return append(alarm(), rule{"sure", func(w *world) bool {
		e := w.det.Evidence()
		return e.P >= Alert && !e.LateOrLost
	}, alarm()[0].over}, wary())
}

func TestUnusualWorldsRaiseNoFalseAlarms(t *testing.T) {
	if testing.Short() {
		t.Skip("few channels tell nothing of alarms")
	}
	for i, u := range unusuals() {
		for _, perDay := range []float64{10, 300} {
			for _, feed := range feeds {
				if !*grid && (perDay != 10 || int(feed) != i%len(feeds)) {
					continue
				}
				name := fmt.Sprintf("%s/%g a day/%s", u.name, perDay, feedName[feed])
				t.Run(name, func(t *testing.T) { checkUnusual(t, u, perDay, feed) })
			}
		}
	}
}

func checkUnusual(t *testing.T, u unusual, perDay float64, feed Feed) {
	s := size{3, 28, 0}
	if *grid {
		s = map[float64]size{10: {30, 28, 0}, 300: {12, 28, 0}}[perDay]
	}
	g := gates[1]
	if perDay == 300 {
		g = gates[3]
	}
	for _, f := range []struct{ level, most float64 }{{1.5, g.fine}, {1.15, g.thin}} {
		got := falseAlarms(strange(u.nature, perDay, feed), robustSeed, at(f.level), s, guarded)
		t.Logf("%s %.2fx %s; sure %s; wary %s", t.Name(), f.level, episodes(got[0]), episodes(got[1]), episodes(got[2]))
		counted := got[0]
		if u.guarded {
			counted = got[1]
		}
		if counted.rate() > allowed(f.most, counted.months) && (u.beyond == "" || f.level > 1.15) {
			t.Errorf("%.2f false alarms a channel-month at %.2fx in %.0f months, gate %.2f", counted.rate(), f.level, counted.months, f.most)
		}
	}
}

// TestPIsWhatItSays: where levels jump about monthly and tracking fails for one
// to three days now and then, of the times that P is between .8 and .9 at
// least 68% are truly below break-even, above .9 at least 88%.
func TestPIsWhatItSays(t *testing.T) {
	const days = 120
	for _, perDay := range volumes {
		channels := 3
		switch {
		case *grid:
			channels = 60
		case perDay != 10:
			continue
		}
		var total, bad [10]float64
		for c := range channels {
			seed := gateSeed + 10000 + uint64(c)
			truth := jumping(seed, days)
			w := newWorld(seed, perDay, days, ByClickHour, scenario{truth, steady(1)})
			w.warm()
			for next := 0.0; w.hour() < days*24; {
				if w.poll(); w.hour() >= next {
					next += 6
					bin := min(9, int(10*w.det.Evidence().P))
					total[bin]++
					if truth(w.hour()-1e-9) < 1 {
						bad[bin]++
					}
				}
			}
		}
		row := ""
		for b := range total {
			row += fmt.Sprintf("  .%d %.0f%% of %.0f", b, 100*bad[b]/total[b], total[b])
		}
		t.Logf("%g a day:%s", perDay, row)
		for bin, least := range map[int]float64{8: 0.68, 9: 0.88} {
			// Within a channel, six hours apart tell little new: about one in ten.
			noise := 2 * math.Sqrt(least*(1-least)/(total[bin]/10))
			if bad[bin]/total[bin] < least-noise {
				t.Errorf("%g a day: of P in .%d only %.0f%% were below break-even, gate %.0f%%", perDay, bin, 100*bad[bin]/total[bin], 100*least)
			}
		}
	}
}

// jumping is a level that jumps about monthly, lognormally around 1.2 (sd 0.5),
// and goes dead for one to three days about every 45.
func jumping(seed uint64, days int) func(hour float64) float64 {
	r := rand.New(rand.NewPCG(seed, 5))
	hours := (days + 1) * 24
	levels := make([]float64, warmUp*24+hours)
	level, dead := 0.0, 0
	for h := range levels {
		if h == 0 || r.Float64() < 1./(30*24) {
			level = 1.2 * math.Exp(0.5*r.NormFloat64())
		}
		if dead--; r.Float64() < 1./(45*24) {
			dead = 24 + int(48*r.Float64())
		}
		if levels[h] = level; dead > 0 {
			levels[h] = 0
		}
	}
	return func(hour float64) float64 { return levels[min(max(0, int(math.Floor(hour))+warmUp*24), len(levels)-1)] }
}
