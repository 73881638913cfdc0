package profit

import (
	"math"
	"testing"
)

// TestWhatComesAfterAWeekIsLearnt: late conversions and cancellations after the
// week that the curve knows correct the level.
func TestWhatComesAfterAWeekIsLearnt(t *testing.T) {
	for name, n := range map[string]nature{
		"window of 28 days": {window: 28},
		"refunds":           {cancelled: 0.2, cancelDays: 28},
		"nothing":           {},
	} {
		eachFeed(t, func(t *testing.T, feed Feed) {
			if feed == ByOrder && n.window > 0 {
				t.Skip("an order is counted when it comes")
			}
			w := newWorldOf(n, 11, 300, 30, feed, at(1.5))
			for w.hour() < 28*24 {
				w.poll()
			}
			truth, got := w.afterAWeek(), w.det.later.factor()
			t.Logf("%s: %.3f times as many after four weeks as after one, learnt %.3f", name, truth, got)
			if math.Abs(got-truth) > 0.02 {
				t.Errorf("%s: %.3f times as many after four weeks as after one, learnt %.3f", name, truth, got)
			}
		})
	}
}

// afterAWeek is the true number of conversions of a cohort four weeks on over
// that one week on.
func (w *world) afterAWeek() float64 {
	var week, month float64
	for _, o := range w.orders {
		start := o.click * hourTicks
		if w.feed == ByOrder {
			start = o.cohort * hourTicks
		}
		if o.visible-start <= mature+dayTicks/2 {
			week += o.n
		}
		if o.visible-start <= laterDays*dayTicks {
			month += o.n
		}
	}
	return month / week
}

// TestLaterFactorIsBounded: a source that takes everything back does not turn
// the level into nothing.
func TestLaterFactorIsBounded(t *testing.T) {
	for _, l := range []later{{}, {1e6, 0}, {1e6, -1e6}, {0, 1e9}} {
		if f := l.factor(); f < laterLow || f > laterHigh || math.IsNaN(f) {
			t.Errorf("%+v gives %v", l, f)
		}
	}
	if f := (&later{}).factor(); f != 1 {
		t.Errorf("knowing nothing gives %v", f)
	}
}
