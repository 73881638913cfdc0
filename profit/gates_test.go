package profit

import (
	"cmp"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

var grid = flag.Bool("grid", false, "run the detector's gates on all volumes, feeds and changes, at full size")

// falseAlarms counts the alerts in days of a channel that is always fine; an
// alert within a day of the last one is the same episode.
func falseAlarms(seed uint64, perDay float64, level float64, days int, feed Feed) int {
	w := newWorld(seed, perDay, days, feed, scenario{level: steady(level), value: steady(1)})
	w.warm()
	alarms, firing, last := 0, false, -math.MaxFloat64
	for w.hour() < float64(days*24) {
		w.poll()
		switch e := w.det.Evidence(); {
		case e.P >= Alert:
			if !firing && w.hour()-last > 24 {
				alarms++
			}
			firing, last = true, w.hour()
		case e.P < Resolve:
			firing = false
		}
	}
	return alarms
}

// hoursToAlert is how long after the change the alert comes, +Inf when it does
// not within 14 days; ok is false when it stood before.
func hoursToAlert(seed uint64, perDay float64, feed Feed, change func(at float64) scenario) (float64, bool) {
	at := 24 * 7 * rand.New(rand.NewPCG(seed, 3)).Float64()
	w := newWorld(seed, perDay, 21, feed, change(at))
	w.warm()
	for w.hour() < at {
		w.poll()
	}
	if w.det.Evidence().P >= Alert {
		return 0, false
	}
	for w.hour() < at+14*24 {
		w.poll()
		if w.det.Evidence().P >= Alert {
			return w.hour() - at, true
		}
	}
	return math.Inf(1), true
}

func fallTo(level float64) func(float64) scenario {
	return func(at float64) scenario { return scenario{level: after(at, 1.5, level), value: steady(1)} }
}

func orderValueTimes(factor float64) func(float64) scenario {
	return func(at float64) scenario { return scenario{level: steady(1.5), value: after(at, 1, factor)} }
}

// driftDown falls from 1.5 to 0.5 within 14 days and is measured from the
// crossing of break-even.
func driftDown(at float64) scenario {
	return scenario{value: steady(1), level: func(h float64) float64 {
		const start, perHour = 84, 1. / (14 * 24)
		return min(1.5, max(0.5, 1.5-(h-at+2*start)*perHour))
	}}
}

// gate is the worst that may be measured. Values are those of click-hour
// feeds, by conversions a day.
type gate struct {
	perDay                 float64
	fa15, fa115            float64 // per channel-month
	dead, to03, to06, to08 float64 // median hours
	drift, value           float64
}

var gates = []gate{
	{2, .20, .55, 95, 155, 260, 0, 0, 0},
	{10, .20, .40, 30, 50, 90, 165, 135, 95},
	{50, .20, .33, 9.5, 16, 29, 58, 80, 27},
	{300, .20, .25, 3.25, 4.5, 9, 24, 62, 8},
}

// slack is how much longer a feed may take than click hours.
var slack = map[Feed]float64{ByClickHour: 1, ByDay: 1.4, ByOrder: 1.8}
var feedName = map[Feed]string{ByClickHour: "click hour", ByDay: "day", ByOrder: "order"}

// size is how much is simulated.
type size struct{ channels, days, changes int }

// allowed is the rate that a gate leaves to a sample of so many channel-months:
// two standard errors above it, since few months tell little.
func allowed(rate, months float64) float64 {
	return rate + 2*math.Sqrt(rate/months)
}

func TestDetectorStaysWithinItsGates(t *testing.T) {
	seed := uint64(99000)
	for _, g := range gates {
		for _, feed := range []Feed{ByClickHour, ByDay, ByOrder} {
			s := sizeOf(g.perDay, feed)
			if s.channels == 0 {
				continue
			}
			t.Run(fmt.Sprintf("%s %g a day", feedName[feed], g.perDay), func(t *testing.T) { checkGate(t, g, feed, s, seed) })
		}
	}
}

func sizeOf(perDay float64, feed Feed) size {
	switch {
	case *grid && perDay == 300:
		return size{24, 60, 40}
	case *grid:
		return size{60, 60, 80}
	case perDay != 10 && perDay != 300:
		return size{}
	case testing.Short():
		return size{2, 30, 5}
	case perDay == 300 && feed == ByClickHour:
		return size{6, 45, 16}
	case perDay == 300:
		return size{2, 45, 9}
	case feed == ByClickHour:
		return size{20, 60, 24}
	}
	return size{8, 60, 13}
}

func checkGate(t *testing.T, g gate, feed Feed, s size, seed uint64) {
	var row strings.Builder
	months := float64(s.channels*s.days) / 30
	for _, f := range []struct{ level, most float64 }{{1.5, g.fa15}, {1.15, g.fa115}} {
		alarms := 0
		for c := range s.channels {
			alarms += falseAlarms(seed+uint64(c), g.perDay, f.level, s.days, feed)
		}
		got := float64(alarms) / months
		fmt.Fprintf(&row, "  FA %.2fx %.2f (gate %.2f)", f.level, got, f.most)
		if got > allowed(f.most, months) {
			t.Errorf("%.2f false alarms a channel-month at %.2fx in %.0f channel-months, gate %.2f", got, f.level, months, f.most)
		}
	}
	for _, c := range []struct {
		name   string
		change func(float64) scenario
		most   float64
		always bool
	}{
		{"dead", fallTo(0), g.dead, true},
		{"0.3x", fallTo(0.3), g.to03, false},
		{"0.6x", fallTo(0.6), g.to06, true},
		{"0.8x", fallTo(0.8), g.to08, false},
		{"drift", driftDown, g.drift, false},
		{"value x0.4", orderValueTimes(0.4), g.value, true},
	} {
		if c.most == 0 || !c.always && !*grid {
			continue
		}
		median, p90, missed := delays(s.changes, g.perDay, feed, seed, c.change)
		most := c.most * slack[feed]
		fmt.Fprintf(&row, "  %s %.1f h (p90 %.0f, missed %d, gate %.1f)", c.name, median, p90, missed, most)
		if noise := 1 + 1/math.Sqrt(float64(s.changes)); median > most*noise {
			t.Errorf("%s: median delay %.1f h, gate %.1f h (%.1f h in a sample of %d)", c.name, median, most, most*noise, s.changes)
		}
	}
	t.Log(row.String())
}

func delays(changes int, perDay float64, feed Feed, seed uint64, change func(float64) scenario) (median, p90 float64, missed int) {
	var hours []float64
	for c := range changes {
		if h, ok := hoursToAlert(seed+5000+uint64(c), perDay, feed, change); ok {
			hours = append(hours, h)
			if math.IsInf(h, 1) {
				missed++
			}
		}
	}
	if len(hours) == 0 {
		return math.NaN(), math.NaN(), 0
	}
	slices.SortFunc(hours, cmp.Compare)
	return hours[len(hours)/2], hours[len(hours)*9/10], missed
}

// BenchmarkReplayedPoll is a poll of which no evidence is asked for, as at
// start-up. The simulated channel itself is part of it.
func BenchmarkReplayedPoll(b *testing.B) {
	for _, feed := range []Feed{ByClickHour, ByDay, ByOrder} {
		b.Run(feedName[feed], func(b *testing.B) {
			w := newWorld(1, 300, 365, feed, scenario{level: steady(1.5), value: steady(1)})
			w.warm()
			for b.Loop() {
				w.poll()
			}
		})
	}
}

// BenchmarkChannelTick is a live poll with its evidence.
func BenchmarkChannelTick(b *testing.B) {
	for _, feed := range []Feed{ByClickHour, ByDay, ByOrder} {
		b.Run(feedName[feed], func(b *testing.B) {
			w := newWorld(1, 300, 365, feed, scenario{level: steady(1.5), value: steady(1)})
			w.warm()
			for b.Loop() {
				w.poll()
				w.det.Evidence()
			}
		})
	}
}
