package profit

import (
	"math"
	"testing"
)

// curveAfter is the delay curve that a detector has learnt in some days after
// the warm-up, and the true one.
func curveAfter(n nature, perDay float64, feed Feed, days float64) (learnt [nKnots]float64, truth func(age int) float64) {
	w := newWorldOf(n, 7, perDay, int(days)+1, feed, at(1.5))
	for w.hour() < days*24 {
		w.poll()
	}
	for j, k := range knots {
		learnt[j] = w.det.curve.share(k)
	}
	return learnt, func(age int) float64 { return w.arrive[min(age, len(w.arrive)-1)] }
}

// distance is the largest difference of a curve from a truth.
func distance(curve [nKnots]float64, truth func(age int) float64) (worst float64) {
	for j, k := range knots {
		worst = max(worst, math.Abs(curve[j]-truth(k)))
	}
	return worst
}

func TestOutagesDoNotSlowTheCurve(t *testing.T) {
	for feed, most := range map[Feed]float64{ByClickHour: 0.05, ByDay: 0.15} {
		for name, n := range map[string]nature{"none": {}, "12 h a week": {outage: 12}, "a third of the polls": {missing: 1. / 3}} {
			learnt, truth := curveAfter(n, 300, feed, 1)
			d, prior := distance(learnt, truth), distance(slowCurve, truth)
			t.Logf("%s, outage: %s: off by %.3f, the prior by %.3f", feedName[feed], name, d, prior)
			if d > most {
				t.Errorf("%s, outage: %s: the curve is off by %.3f", feedName[feed], name, d)
			}
		}
	}
}

// TestRefundsDoNotSlowTheCurve: what is taken back later says nothing of how
// fast conversions come, or the newest hours would seem to owe more.
func TestRefundsDoNotSlowTheCurve(t *testing.T) {
	learnt, truth := curveAfter(nature{cancelled: 0.2, cancelDays: 28}, 300, ByClickHour, 1)
	for j, k := range knots {
		if learnt[j] < truth(k)-0.05 {
			t.Errorf("%.3f visible at age %d, learnt %.3f", truth(k), k, learnt[j])
		}
	}
}

// TestLittleTeachesLittle: the fewer conversions, the nearer the curve stays to
// its prior.
func TestLittleTeachesLittle(t *testing.T) {
	last := 0.0
	for _, perDay := range []float64{0.1, 2, 50} {
		learnt, _ := curveAfter(nature{}, perDay, ByClickHour, 1)
		d := distance(learnt, func(age int) float64 {
			for j, k := range knots {
				if k == age {
					return slowCurve[j]
				}
			}
			return 1
		})
		t.Logf("%g a day: %.3f from the prior", perDay, d)
		if d <= last {
			t.Errorf("%g a day: the curve is %.3f from the prior, with fewer conversions %.3f", perDay, d, last)
		}
		last = d
	}
	if last < 0.1 {
		t.Errorf("50 a day moved the curve by %.3f only", last)
	}
}

// TestCurveFollowsASlowerWorld: when conversions come half as fast, the curve
// is re-learnt day by day.
func TestCurveFollowsASlowerWorld(t *testing.T) {
	const age, knot = 8, 6
	w := newWorldOf(nature{late: 2}, 7, 300, 50, ByClickHour, at(1.5))
	var n, seen [2]float64 // before and after
	for _, o := range w.orders {
		i := 0
		if o.click >= warmUp*24 {
			i = 1
		}
		n[i]++
		if o.visible-o.click*hourTicks <= age {
			seen[i]++
		}
	}
	before, after := seen[0]/n[0], seen[1]/n[1]
	last := math.Inf(1)
	for _, day := range []float64{0, 10, 40} {
		for w.hour() < day*24 {
			w.poll()
		}
		got := w.det.curve.share(knots[knot])
		t.Logf("two hours, %.0f days on: %.3f; true %.3f, then %.3f", day, got, before, after)
		if got >= last {
			t.Errorf("the curve did not follow by day %.0f: %.3f visible after two hours, before %.3f", day, got, last)
		}
		last = got
	}
	if before-last < (before-after)/2 {
		t.Errorf("after 40 days the curve says %.3f; it was %.3f and is %.3f", last, before, after)
	}
}
