package profit

import (
	"math"

	"adtop/kpi"
)

const (
	laterDays = 29  // age of a day at which it is counted again
	laterBase = 30  // conversions that "as many as at first" is worth
	laterLow  = 0.3 // and the factor stays within these
	laterHigh = 2
)

// later is how many conversions a day has four weeks on, over those it had when
// the delay curve took it for final: more where the source's attribution window
// is longer than seven days, fewer where orders are refunded or rejected. The
// ladder measures levels by what a day has at first; a channel lives on what it
// has in the end.
type later struct{ before, after float64 }

func (l *later) factor() float64 {
	return min(max((laterBase+l.after)/(laterBase+l.before), laterLow), laterHigh)
}

func (l *later) decay() {
	keep := math.Exp2(-1.0 / curveHalf)
	l.before *= keep
	l.after *= keep
}

// settle notes what the hours [from, to) of a local day show as they become
// final. What was first seen long after, or is noted late, tells nothing of
// what still changes.
func (d *Detector) settle(from, to, now int) {
	if d.channel != nil || now-d.hours[to-1].end-mature >= 2*dayTicks {
		return
	}
	if n, ok := d.visible(from, to); ok {
		d.settled[d.hours[from].date] = n
	}
}

// visible sums the conversions of the hours [from, to) that are visible now; ok
// says whether all of them were seen as they came.
func (d *Detector) visible(from, to int) (n float64, ok bool) {
	for i := from; i < to; i++ {
		h := &d.hours[i]
		if h.backfill || !h.hasResults {
			return 0, false
		}
		n += h.n
	}
	if d.params.Feed == ByDay {
		for _, t := range d.resultsTotals.overlapping(d.hours[from].start, d.hours[to-1].end) {
			n += t.late
		}
	}
	return n, true
}

// learnLater counts a day again.
func (d *Detector) learnLater(date kpi.Date) {
	first, noted := d.settled[date]
	if !noted {
		return
	}
	delete(d.settled, date)
	if n, ok := d.visible(d.day(date)); ok {
		d.later.before += first
		d.later.after += n
	}
}
