package profit

import (
	"math"
	"time"
)

// explain says since when, by how many conversions and why the channel is
// below break-even.
func (d *Detector) explain(e *Evidence, steps []step, now *belief, worth float64) {
	breakEven := d.refAOV / worth
	var n, x, best float64
	for i := len(steps) - 1; i >= 0; i-- {
		n += steps[i].n
		x += steps[i].x * breakEven
		if gain := shortfall(n, x); gain > best {
			best = gain
			e.Seen, e.Due = n, x
			e.Since = timeOf(d.hours[steps[i].hour].start)
		}
	}
	if e.Since.IsZero() {
		e.Seen, e.Due = n, x
	}
	switch {
	case e.Seen <= 0 && e.Due >= 3:
		e.Cause = NoConversions
	case d.orders.logShift() < min(0, now.logLevel()-d.frozen.logLevel()):
		e.Cause = OrderValue
		e.Since = time.Time{}
		e.Seen, e.Due = n, x
	default:
		e.Cause = ConversionRate
	}
}

// shortfall is the log-likelihood ratio of the seen rate against break-even, 0
// when enough was seen.
func shortfall(n, x float64) float64 {
	switch {
	case n >= x:
		return 0
	case n <= 0:
		return x
	}
	return n*math.Log(n/x) - n + x
}
