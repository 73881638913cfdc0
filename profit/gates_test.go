package profit

import (
	"flag"
	"fmt"
	"math"
	"strings"
	"testing"
)

var grid = flag.Bool("grid", false, "measure the detector on all volumes, feeds and changes, at full size")

// gateSeed is the first of the seeds that gates are measured on. Nothing is
// tuned on 99000 and above.
const gateSeed = 99000

// gate is the worst that may be measured, by conversions a day. Delays are
// those of click-hour feeds. What is 0 has no gate.
type gate struct {
	perDay               float64
	fine, thin, halved   float64            // false alarms per channel-month at 1.5×, at 1.15×, and in 14 days after 3× became 1.5×
	hours                map[string]float64 // median delay by change
	clear                map[string]float64 // median hours to resolve
	missed               map[string]float64 // share not found in 14 days; changes that are not here may be
	conversions, optimum map[string]float64 // median break-even conversions over the optimum's on undelayed counts; the optimum in hours
}

var (
	neverMissed = map[string]float64{"dead": 0}
	fewMissed   = map[string]float64{"dead": 0, "0.3x": 0.02, "0.6x": 0.02}
	toOptimum   = map[string]float64{"dead": 2.4, "0.3x": 2.4, "0.6x": 2.4}
)

var gates = []gate{
	{2, .20, .55, .55, map[string]float64{"dead": 95, "0.3x": 155, "0.6x": 260}, nil, neverMissed,
		toOptimum, map[string]float64{"dead": 62, "0.3x": 91, "0.6x": 140}},
	{10, .20, .40, .55, map[string]float64{"dead": 30, "0.3x": 50, "0.6x": 90, "0.8x": 165, "drift": 135, "value x0.4": 95},
		map[string]float64{"dead": 12, "0.6x": 48}, fewMissed, toOptimum, map[string]float64{"dead": 16.3, "0.3x": 24, "0.6x": 43}},
	{50, .20, .33, .55, map[string]float64{"dead": 9.5, "0.3x": 16, "0.6x": 29, "0.8x": 58, "drift": 80, "value x0.4": 27},
		nil, fewMissed, toOptimum, map[string]float64{"dead": 4.0, "0.3x": 6.5, "0.6x": 11.6}},
	{300, .20, .25, .55, map[string]float64{"dead": 3.25, "0.3x": 4.5, "0.6x": 9, "0.8x": 24, "drift": 62, "value x0.4": 8},
		nil, fewMissed, nil, nil},
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

// TestDetectorStaysWithinItsGates runs a sample of the gates; with -grid, all
// volumes and changes.
func TestDetectorStaysWithinItsGates(t *testing.T) {
	for _, g := range gates {
		for _, feed := range feeds {
			if s := sizeOf(g.perDay, feed); s.channels > 0 {
				t.Run(fmt.Sprintf("%s %g a day", feedName[feed], g.perDay), func(t *testing.T) {
					checkFalseAlarms(t, g, feed, s)
					checkChanges(t, g, feed, s)
				})
			}
		}
	}
}

func sizeOf(perDay float64, feed Feed) size {
	switch {
	case *grid:
		return map[float64]size{2: {40, 60, 60}, 10: {40, 60, 60}, 50: {24, 60, 60}, 300: {16, 60, 50}}[perDay]
	case perDay != 10 && perDay != 300:
		return size{}
	case testing.Short():
		return size{2, 30, 5}
	case perDay == 300 && feed == ByClickHour:
		return size{3, 45, 10}
	case perDay == 300:
		return size{1, 45, 7}
	case feed == ByClickHour:
		return size{12, 60, 16}
	}
	return size{5, 60, 10}
}

func alarm() []rule { return []rule{ladder("P>=.8", Alert)} }

// fromThrice is fine before and after: it fell from 3× to 1.5×.
var fromThrice = scenario{after(0, 3, 1.5), steady(1)}

func checkFalseAlarms(t *testing.T, g gate, feed Feed, s size) {
	for _, f := range []struct {
		name string
		sc   scenario
		most float64
		size size
	}{
		{"at 1.5x", at(1.5), g.fine, s},
		{"at 1.15x", at(1.15), g.thin, s},
		{"in 14 days after 3x became 1.5x", fromThrice, g.halved, size{channels: 3 * s.channels, days: 14}},
	} {
		if f.size != s && feed != ByClickHour && !*grid {
			continue // feeds differ little in it
		}
		got := falseAlarms(usual(g.perDay, feed), gateSeed, f.sc, f.size, alarm)[0]
		t.Logf("%g a day, %s: false alarms %s: %s, gate %.2f", g.perDay, feedName[feed], f.name, episodes(got), f.most)
		if got.rate() > allowed(f.most, got.months) {
			t.Errorf("%.2f false alarms a channel-month %s in %.0f channel-months, gate %.2f", got.rate(), f.name, got.months, f.most)
		}
	}
}

// sampled are the changes that a sample of the gates is measured on.
const sampled = "dead 0.6x value x0.4"

func checkChanges(t *testing.T, g gate, feed Feed, s size) {
	for _, c := range changes {
		if !*grid && !strings.Contains(sampled, c.name) {
			continue
		}
		got := reactionsTo(usual(g.perDay, feed), gateSeed+5000, s.changes, c, alarm)[0]
		n := float64(len(got.hours))
		noise := 1 + 1/math.Sqrt(n)
		t.Logf("%g a day, %s: %-10s %s, gate %.1f h", g.perDay, feedName[feed], c.name, got.row(), g.hours[c.name]*slack[feed])
		most := func(what string, got, gate float64) {
			if gate > 0 && !(got <= gate*noise) {
				t.Errorf("%s: %s %.1f, gate %.1f (%.1f in a sample of %.0f)", c.name, what, got, gate, gate*noise, n)
			}
		}
		most("median delay in hours", median(got.hours), g.hours[c.name]*slack[feed])
		if feed == ByClickHour {
			most("median hours to resolve", median(got.clear), g.clear[c.name])
			perHour := g.perDay / 1.5 / 24
			most("conversions over the optimum", median(got.due)/(g.optimum[c.name]*perHour), g.conversions[c.name])
		}
		if share, ok := g.missed[c.name]; ok && float64(got.missed) > share*n+2*math.Sqrt(share*n) {
			t.Errorf("%s: %d of %.0f missed, gate %.0f%%", c.name, got.missed, n, 100*share)
		}
	}
}
