package profit

import (
	"math"
	"time"

	"adtop/kpi"
)

// borrowedOrders is how many orders of its own a campaign needs until they
// count as much for its order value as what is known of its channel's: as if
// the order values of campaigns differed by a quarter.
const borrowedOrders = 30

// Campaign returns the detector of one campaign of the channel. A campaign is
// too small to learn from: it borrows the channel's delay curve, season, day
// effect and late changes, begins with the channel's order value, and is expected around the
// channel's level, so that few orders suffice to judge it. It is told the
// campaign's own figures. Of each poll the channel must be told and advanced
// first.
//
// Since delays and season are not its own, a campaign needs no history of
// versions: told the newest figures of its last 35 days as Backfill, and
// advanced once, it stands where one that watched them would, but for what it
// believed of its order value, which RecallOrders gives back. The rates of Thresholds are those of channels; they hold for campaigns
// of the same volume.
func (d *Detector) Campaign() *Detector {
	c := &Detector{params: d.params, channel: d, curve: d.curve, season: d.season, wobble: d.wobble, later: d.later, start: aroundBreakEven, steps: d.steps}
	c.orders = newOrderValue(0)
	c.orders.channel = &d.orders
	c.forgetLevel()
	return c
}

// OrderShift is how far the value of orders is believed to lie from its long-run
// mean just now: a mean and a standard deviation, in logs.
type OrderShift struct{ Mean, SD float64 }

// OrderShift returns the belief of order values, to be kept for RecallOrders.
func (d *Detector) OrderShift() OrderShift {
	s := OrderShift{Mean: d.orders.logShift()}
	for i, q := range d.orders.shift {
		off := float64(i+lowShift)*rungStep - s.Mean
		s.SD += q * off * off
	}
	s.SD = math.Sqrt(s.SD)
	return s
}

// RecallOrders puts a belief of order values in the place of one that was not
// watched, as it was at a moment. Sums of orders do not tell it: it came from
// which orders were seen together. What is no belief changes nothing.
func (d *Detector) RecallOrders(at time.Time, s OrderShift) {
	var shift [nShifts]float64
	sum, sd := 0.0, max(s.SD, rungStep/3)
	for i := range shift {
		z := (float64(i+lowShift)*rungStep - s.Mean) / sd
		shift[i] = math.Exp(-z * z / 2)
		sum += shift[i]
	}
	if !(sum > 0) {
		return
	}
	for i := range shift {
		d.orders.shift[i] = shift[i] / sum
	}
	d.orders.last = tickOf(at)
	d.changed = d.changed || d.begun
}

// beginCampaignDay is beginDay of what a campaign learns itself.
func (d *Detector) beginCampaignDay(date kpi.Date) {
	if date > d.aged {
		d.aged = date
		d.orders.decay(1)
	}
	d.rebase()
	d.centre()
}

// centre expects a campaign around the ROAS of its channel; tracking that went
// dead there says nothing of the level.
func (d *Detector) centre() {
	if d.channel == nil {
		return
	}
	theirs, ok := d.channel.orders.average()
	ours, known := d.orders.average()
	if !ok || !known || d.channel.refAOV <= 0 || d.refAOV <= 0 {
		return
	}
	level := d.channel.frozen.aliveLevel() + math.Log(theirs/d.channel.refAOV) - math.Log(ours/d.refAOV)
	d.start = around(level)
}

// aliveLevel is the mean log level, tracking dead excluded.
func (b *belief) aliveLevel() float64 {
	p := b.levels()
	sum, mean := 0.0, 0.0
	for i := 1; i < rungs; i++ {
		sum += p[i]
		mean += p[i] * logRate[i+maxSway]
	}
	if sum < 1e-6 {
		return 0
	}
	return mean / sum
}
