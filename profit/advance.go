package profit

import (
	"math"
	"time"

	"adtop/kpi"
)

// Advance says that everything observed so far is complete up to the two
// watermarks: CompleteThrough of the last receipts for spend and for results,
// never the wall clock. Without a newer one it does nothing, so that the
// evidence of a stale channel stays as it is. Watermarks do not go back.
func (d *Detector) Advance(spendThrough, resultsThrough time.Time) {
	spend := max(d.spendThrough, tickOf(spendThrough))
	results := max(d.resultsThrough, tickOf(resultsThrough))
	if !d.begun || spend == d.spendThrough && results == d.resultsThrough {
		return
	}
	before, mark := d.resultsThrough, d.watermark()
	spendBefore := d.spendThrough
	d.spendThrough, d.resultsThrough = spend, results
	d.spreadSpend(spendBefore, spend)
	if results > before {
		d.spreadResults(before, results)
		d.followHours(before, results)
		d.seeOrders(results)
	}
	if d.watermark() > mark {
		d.changed = true
		d.learn()
	}
}

func (d *Detector) followHours(before, now int) {
	if d.params.Feed != ByClickHour || d.channel != nil {
		return
	}
	for i := len(d.hours) - 1; i >= 0; i-- {
		h := &d.hours[i]
		if h.start < before-mature-dayTicks {
			break
		}
		if h.start >= now {
			continue
		}
		if h.trace == nil {
			h.trace = new(trace)
		}
		if h.trace.next < nKnots {
			d.curve.follow(h, before, now)
		}
	}
}

func (d *Detector) seeOrders(now int) {
	if d.fresh != (poll{}) {
		d.orders.see(d.fresh.orders, d.fresh.value, now)
		d.fresh = poll{}
	}
}

// learn catches up on the local days that have begun since the last time.
func (d *Detector) learn() {
	if d.refAOV == 0 {
		average, ok := d.orders.average()
		if !ok {
			return
		}
		d.refAOV = average
	}
	today := kpi.DateOf(timeOf(d.watermark()), d.params.Zone)
	if d.rebuild {
		d.forgetLevel()
		d.rebuild = false
	}
	if d.learned == 0 {
		d.centre()
		d.frozen = newBelief(&d.start)
		d.learned = d.hours[0].date
		d.folded = d.hours[0].start
	}
	if d.learned >= today {
		return
	}
	if d.aged == 0 {
		d.aged = today // what is older was weighted by its age when it came in
	}
	for d.learned < today {
		d.learned++
		d.beginDay(d.learned)
	}
	d.forget()
}

// beginDay folds what has become final into the frozen belief and learns from
// the days that are old enough by the beginning of a local date.
func (d *Detector) beginDay(date kpi.Date) {
	now := tickOf(date.Start(d.params.Zone))
	for d.foldDay(now) {
	}
	if d.channel != nil {
		d.beginCampaignDay(date)
		return
	}
	d.season.decay()
	if d.params.Feed != ByDay {
		d.learnClock(date - 4)
	}
	d.learnWeekday(date - 8)
	d.learnWobble(date - 8)
	d.learnLater(date - laterDays)
	if date > d.aged {
		d.aged = date
		d.curve.decay(math.Exp2(-1.0 / curveHalf))
		d.orders.decay(1)
		d.later.decay()
		if d.params.Feed == ByClickHour {
			d.curve.learnLadder()
		}
	}
	if d.params.Feed == ByDay {
		d.learnArrivals(now)
	}
	d.season.settle()
	d.rebase()
}

// foldDay takes the first day that the frozen belief does not hold into it, if
// it was final by tick now.
func (d *Detector) foldDay(now int) bool {
	if d.folded >= d.hours[len(d.hours)-1].end {
		return false
	}
	from, to := d.day(d.hours[d.at(d.folded)].date)
	if d.hours[to-1].end+mature > now {
		return false
	}
	d.settle(from, to, now)
	d.frozen.run(d, d.due(from, to, 1), math.MaxInt)
	d.folded = d.hours[to-1].end
	return true
}

// run takes steps into the belief: hour by hour from tick hourly on, by quarter
// of a day before.
func (b *belief) run(d *Detector, steps []step, hourly int) {
	var block step
	sway := d.wobble.sway()
	for i, st := range steps {
		block.dt += st.dt
		block.n += st.n
		block.x += st.x
		h := &d.hours[st.hour]
		if i+1 < len(steps) && h.end <= hourly {
			next := &d.hours[steps[i+1].hour]
			if next.date == h.date && next.ordinal/6 == h.ordinal/6 {
				continue
			}
		}
		b.step(block.dt, block.n, block.x, sway, &d.start)
		block = step{}
	}
}

// rebase measures levels by the long-run order value again when it has moved
// by a rung.
func (d *Detector) rebase() {
	average, ok := d.orders.average()
	if !ok {
		return
	}
	if m := int(math.Round(math.Log(average/d.refAOV) / rungStep)); m != 0 {
		d.frozen.shift(m)
		d.refAOV *= math.Exp(float64(m) * rungStep)
	}
}
