package profit

import (
	"math"
	"time"

	"adtop/kpi"
)

// Evidence is what a channel's figures say about its profitability as of a
// watermark. Money is in units of Observation.Spend: revenue that would break
// even. Divide by the break-even ROAS to get ad spend.
type Evidence struct {
	Watermark time.Time // both sides are complete up to here
	Known     bool      // false while no order value or no spend with results is known; then the rest means nothing

	P            float64 // probability that the channel is below break-even
	Level        float64 // expected ROAS over break-even ROAS
	LossPerDay   float64 // break-even spend of the last 24 h × what is missing to break-even
	SpentLastDay float64 // break-even spend of the 24 h before Watermark
	// HistoryDue is how many conversions the whole known history would have
	// brought by now at break-even.
	HistoryDue float64
	AOV        float64 // long-run value of a conversion, net as Observation.Value
	// Volume is how many conversions a day the spend of the last seven days would
	// bring at AssumedLevel, for Thresholds. What the channel really brings does
	// not count: one that went dead is not a small one.
	Volume float64

	// Cause and the run of hours that shows it best, set from P = 0.5 on. Since
	// is zero for an order value that fell: counts do not tell when.
	Cause     Cause
	Since     time.Time
	Due, Seen float64 // conversions needed to break even and seen since Since (the last 14 days when it is zero)
	// LateOrLost says that there would be no alert (or, below Alert, no more
	// than even odds) if conversions merely came half as fast as they used to, on
	// a channel that is busy enough to tell.
	LateOrLost bool

	Cohorts []Cohort     // the last 14 days, oldest first
	Curve   []CurvePoint // delays in force
}

// Cause is the likely reason of a loss.
type Cause uint8

// The causes.
const (
	NoCause        Cause = iota
	NoConversions        // none seen where at least 3 were due
	OrderValue           // orders are worth less than they were
	ConversionRate       // fewer conversions for the money
)

// Cohort is one local day of a channel.
type Cohort struct {
	Start    time.Time
	Spend    float64 // break-even spend
	Due      float64 // conversions that would be visible by now at break-even
	Seen     float64 // conversions visible now
	Maturity float64 // share of the day's final conversions that is visible, 0..1
}

const (
	evidenceDays = 14
	busy         = 50 // break-even conversions a day from which LateOrLost is told
)

// Evidence returns the state of knowledge at the last Advance. It re-reads the
// last week from the frozen belief, so that restated figures count as if they
// had always been so.
func (d *Detector) Evidence() Evidence {
	if d.changed {
		d.changed = false
		d.last = d.assess()
	}
	return d.last
}

func (d *Detector) assess() Evidence {
	mark := d.watermark()
	e := Evidence{Watermark: timeOf(mark), Curve: d.curve.points()}
	e.SpentLastDay = d.spendSince(mark - dayTicks)
	average, ok := d.orders.average()
	if !ok || d.refAOV == 0 {
		return e
	}
	e.AOV = average
	e.HistoryDue = d.historyDue(average)
	e.Volume = d.volume(mark) / average * AssumedLevel
	recent := append([]step(nil), d.due(d.at(mark-evidenceDays*dayTicks), len(d.hours), 1)...)
	now := d.hold(recent)
	e.P, e.Level = d.judge(&now)
	e.Known = e.HistoryDue > 0 && len(recent) > 0
	e.LossPerDay = e.SpentLastDay * max(0, 1-e.Level)
	worth := average * d.later.factor() // of a conversion that is visible when its day is final
	e.Cohorts = d.cohorts(recent, worth)
	if e.Known && e.P >= Resolve {
		d.explain(&e, recent, &now, worth)
		e.LateOrLost = d.lateOrLost(recent, e)
	}
	return e
}

// hold is the belief as of now: the frozen one and those of the steps that it
// does not hold yet.
func (d *Detector) hold(steps []step) belief {
	b, first := d.frozen, d.at(d.folded)
	if len(steps) > 0 && steps[0].hour > first { // nothing was folded for long
		steps = d.due(first, len(d.hours), 1)
	}
	for len(steps) > 0 && steps[0].hour < first {
		steps = steps[1:]
	}
	b.run(d, steps, d.watermark()-dayTicks)
	return b
}

// judge returns P(unprofitable) and the expected ROAS over break-even ROAS.
func (d *Detector) judge(b *belief) (p, level float64) {
	average, _ := d.orders.average()
	worth := average * d.later.factor() / d.refAOV // of a conversion on the ladder
	base := math.Log(worth)
	sd := d.orders.uncertainty()
	// Levels and shifts of the order value are rungs of one size, so that their
	// sum takes few values.
	var below [rungs + nShifts]float64
	for i := range below {
		log := logRate[maxSway+1] + float64(i+lowShift)*rungStep + base
		below[i] = math.Erfc(log/(sd*math.Sqrt2)) / 2
	}
	levels := b.levels()
	p = levels[0]
	mean := levels[0] * deadRate
	for i := 1; i < rungs; i++ {
		at := 0.0
		for j, q := range d.orders.shift {
			at += q * below[i-1+j]
		}
		p += levels[i] * at
		mean += levels[i] * rate[i+maxSway]
	}
	return min(max(p, 0), 1), mean * d.orders.factor() * worth
}

// spendSince is the spend between tick from and the watermark, of hours that
// reach over from by the part after it.
func (d *Detector) spendSince(from int) float64 {
	sum := 0.0
	for i := d.at(from); i < len(d.hours) && d.hours[i].start < d.watermark(); i++ {
		h := &d.hours[i]
		part := float64(h.end-max(h.start, from)) / float64(h.end-h.start)
		sum += h.spend * min(max(part, 0), 1)
	}
	return sum
}

// volume is the mean spend a day of the last seven, or of the time that is
// known when that is less.
func (d *Detector) volume(mark int) float64 {
	from := max(d.hours[0].start, mark-7*dayTicks)
	return d.spendSince(from) / max(1, float64(mark-from)/dayTicks)
}

func (d *Detector) historyDue(average float64) float64 {
	sum := d.pastSpend
	for i := range d.hours {
		if h := &d.hours[i]; d.known(h) {
			if d.params.Feed == ByOrder {
				sum += h.spend
				continue
			}
			sum += d.fullSpend(h) * d.curve.share(d.resultsThrough-h.start)
		}
	}
	return sum / average
}

// cohorts sums the steps by day.
func (d *Detector) cohorts(steps []step, worth float64) []Cohort {
	var days []Cohort
	var date kpi.Date
	start := d.at(d.watermark() - evidenceDays*dayTicks)
	for i := start; i < len(d.hours) && d.hours[i].start < d.watermark(); i++ {
		h := &d.hours[i]
		if len(days) == 0 || h.date != date {
			date = h.date
			from, to := d.day(date)
			age := time.Duration(d.resultsThrough-d.hours[from].start) * tick
			length := time.Duration(d.hours[to-1].end-d.hours[from].start) * tick
			days = append(days, Cohort{Start: timeOf(d.hours[from].start), Maturity: d.Maturity(age, length)})
		}
		c := &days[len(days)-1]
		c.Spend += h.spend
		for ; len(steps) > 0 && steps[0].hour == i; steps = steps[1:] {
			c.Due += steps[0].x * d.refAOV / worth
			c.Seen += steps[0].n
		}
	}
	return days
}

// lateOrLost asks whether P falls below the mark it has passed (Alert, or else
// Resolve) if conversions come half as fast, which is told only where there are
// many.
func (d *Detector) lateOrLost(recent []step, e Evidence) bool {
	if d.params.Feed == ByOrder || e.SpentLastDay/e.AOV < busy || len(recent) == 0 {
		return false
	}
	slower := d.hold(d.due(d.at(d.folded), len(d.hours), 2))
	p, _ := d.judge(&slower)
	if e.P >= Alert {
		return p < Alert
	}
	return p < Resolve
}
