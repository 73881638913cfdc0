package profit

import "math"

// Shifts of the order value, in rungs of 11%.
const (
	lowShift   = -20
	highShift  = 15
	nShifts    = highShift - lowShift + 1
	shiftDays  = 60   // mean time between jumps
	shiftSD    = 0.5  // of the log order value after a jump
	orderHalf  = 45   // days after which an order counts half
	orderPrior = 7    // orders that an expected value is worth
	finestSD   = 0.10 // no group is trusted more closely than about a rung
)

var shiftTo [nShifts]float64

func init() {
	sum := 0.0
	for i := range shiftTo {
		z := float64(i+lowShift) * rungStep / shiftSD
		shiftTo[i] = math.Exp(-z * z / 2)
		sum += shiftTo[i]
	}
	for i := range shiftTo {
		shiftTo[i] /= sum
	}
}

// orderValue knows what an order is worth in the long run, and how likely it is
// that this has shifted lately. It works on logs with a clip, so that one huge
// order moves nothing.
type orderValue struct {
	orders, value float64 // decayed sums
	variance      float64 // of the log of one order's value
	spreadWeight  float64 // groups that variance was learnt from
	mean, weight  float64 // running mean of the log, and its precision
	shift         [nShifts]float64
	last          int // tick of the last group

	channel *orderValue // of a campaign: what is known of its channel's orders
}

func newOrderValue(expected float64) orderValue {
	v := orderValue{variance: 1, spreadWeight: 20}
	v.shift[-lowShift] = 1
	if expected > 0 {
		v.orders, v.value = orderPrior, orderPrior*expected
		v.mean, v.weight = math.Log(expected), orderPrior
	}
	return v
}

// average returns the long-run value of an order; ok says whether it is known.
func (v *orderValue) average() (float64, bool) {
	orders, value := v.known()
	return value / orders, orders > 0.5 && value > 0
}

// known is the weight and the sum of the orders that average stands on.
func (v *orderValue) known() (orders, value float64) {
	orders, value = v.orders, v.value
	if v.channel != nil {
		if average, ok := v.channel.average(); ok {
			orders += borrowedOrders
			value += borrowedOrders * average
		}
	}
	return orders, value
}

// uncertainty is the standard deviation of the log of average.
func (v *orderValue) uncertainty() float64 {
	orders, _ := v.known()
	return math.Sqrt(math.Expm1(v.spread()) / max(orders, 0.5))
}

// spread is the variance of the log of one order's value.
func (v *orderValue) spread() float64 {
	if v.channel != nil {
		return v.channel.variance
	}
	return v.variance
}

// recall takes in orders that were first seen age days after.
func (v *orderValue) recall(orders, value, age float64) {
	keep := math.Exp2(-age / orderHalf)
	v.orders += keep * orders
	v.value += keep * value
	if deviation, s, ok := v.deviation(orders, value); ok {
		v.learn(deviation, s, keep)
	}
}

// see takes in a group of orders that became visible by tick now.
func (v *orderValue) see(orders, value float64, now int) {
	v.orders += orders
	v.value += value
	deviation, s, ok := v.deviation(orders, value)
	if !ok {
		return
	}
	if v.last > 0 {
		v.pass(float64(now-v.last) / dayTicks)
	}
	v.last = now
	z, sum := min(max(deviation/s, -3), 3), 0.0
	for i := range v.shift {
		off := z - float64(i+lowShift)*rungStep/s
		v.shift[i] *= math.Exp(-off * off / 2)
		sum += v.shift[i]
	}
	for i := range v.shift {
		v.shift[i] /= sum
	}
	v.learn(deviation, s, 1)
}

// deviation is how far the log mean of a group lies above the running mean, and
// its standard deviation.
func (v *orderValue) deviation(orders, value float64) (deviation, s float64, ok bool) {
	if orders <= 0 || value <= 0 {
		return 0, 0, false
	}
	s2 := math.Log1p(math.Expm1(v.spread()) / max(orders, 1))
	y := math.Log(value/orders) + s2/2
	switch {
	case v.weight > 0:
	case v.channel != nil && v.channel.weight > 0:
		v.mean, v.weight = v.channel.mean, borrowedOrders/max(v.spread(), finestSD*finestSD)
	default:
		v.mean = y
	}
	return y - v.mean, max(math.Sqrt(s2), finestSD), true
}

func (v *orderValue) learn(deviation, s, keep float64) {
	z := min(max(deviation/s, -3), 3)
	w := keep / (s * s)
	v.weight += w
	v.mean += z * s * w / v.weight
	v.spreadWeight += keep
	v.variance = max(1e-6, v.variance*(1+keep*(z*z-1)/v.spreadWeight))
}

func (v *orderValue) pass(days float64) {
	jump := 1 - math.Exp(-days/shiftDays)
	for i := range v.shift {
		v.shift[i] += jump * (shiftTo[i] - v.shift[i])
	}
}

func (v *orderValue) decay(days float64) {
	keep := math.Exp2(-days / orderHalf)
	v.orders *= keep
	v.value *= keep
	v.weight *= keep
	v.spreadWeight = max(20, v.spreadWeight*keep)
}

// logShift is the mean shift of the log order value.
func (v *orderValue) logShift() float64 {
	mean := 0.0
	for i, q := range v.shift {
		mean += q * float64(i+lowShift) * rungStep
	}
	return mean
}

// factor is the mean of the order value over its long-run average.
func (v *orderValue) factor() float64 {
	mean := 0.0
	for i, q := range v.shift {
		mean += q * math.Exp(float64(i+lowShift)*rungStep)
	}
	return mean
}
