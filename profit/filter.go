package profit

import "math"

// The ladder of possible levels: ROAS over break-even ROAS. Rung 0 is "tracking
// dead", the others rise by 11%.
const (
	rungs   = 43
	maxSway = 8 // most rungs by which a day may be off the level
)

const (
	jumpDays    = 30    // mean time between jumps of the level
	deadShare   = 0.15  // of jumps go to rung 0
	jumpSpread  = 0.6   // sd of the log level after another jump
	driftPerDay = 0.015 // sd of the slow drift of the log level
)

var (
	rungStep = math.Log(1.11)
	// swayWeight approximates a normal day effect by three points at 0 and
	// ± √3 standard deviations.
	swayWeight = [3]float64{1. / 6, 2. / 3, 1. / 6}

	rate, logRate [maxSway + rungs + maxSway]float64 // of rung i at index i+maxSway

	// aroundBreakEven is what is assumed of a channel.
	aroundBreakEven prior
)

// prior is the probability of each level before anything is seen and after a
// jump.
type prior [rungs]float64

const (
	deadRate   = 0.02
	negligible = 30 // e to the minus of which no probability shows
)

func init() {
	for i := range rate {
		logRate[i] = math.Log(0.12) + float64(i-maxSway-1)*rungStep
		rate[i] = math.Exp(logRate[i])
	}
	aroundBreakEven = around(0)
}

// around is lognormal around a log level, save for what goes dead.
func around(log float64) (p prior) {
	sum := 0.0
	for i := 1; i < rungs; i++ {
		z := (logRate[i+maxSway] - log) / jumpSpread
		p[i] = math.Exp(-z * z / 2)
		sum += p[i]
	}
	for i := range p {
		p[i] *= (1 - deadShare) / sum
	}
	p[0] = deadShare
	return p
}

// belief is a probability for each level (second index) and each state of the
// day (low, usual, high).
type belief [3][rungs]float64

func newBelief(p *prior) belief {
	var b belief
	for k := range b {
		for i := range b[k] {
			b[k][i] = swayWeight[k] * p[i]
		}
	}
	return b
}

// step lets dt hours pass and then takes in that n conversions were seen where
// x would be due at break-even. sway is by how many rungs a low or high day is
// off the level. Jumps go to p.
func (b *belief) step(dt, n, x float64, sway int, p *prior) {
	b.pass(dt, p)
	var like [len(rate)]float64
	lo, hi := maxSway+1-sway, maxSway+rungs+sway
	dead := n*math.Log(deadRate) - x*deadRate
	top := dead
	for e := lo; e < hi; e++ {
		like[e] = n*logRate[e] - x*rate[e]
		if like[e] > top {
			top = like[e]
		}
	}
	dead = math.Exp(dead - top)
	for e := lo; e < hi; e++ {
		if like[e] -= top; like[e] < -negligible {
			like[e] = 0
		} else {
			like[e] = math.Exp(like[e])
		}
	}
	sum := 0.0
	for k := range b {
		row, shifted := &b[k], like[maxSway+(k-1)*sway:]
		row[0] *= dead
		sum += row[0]
		for i := 1; i < rungs; i++ {
			row[i] *= shifted[i]
			sum += row[i]
		}
	}
	b.scale(sum, p)
}

// pass is the time step: a new day's sway, slow drift, rare jumps.
func (b *belief) pass(dt float64, p *prior) {
	sway := 1 - math.Exp(-dt/24)
	jump := 1 - math.Exp(-dt/24/jumpDays)
	drift := driftPerDay * driftPerDay * dt / 24 / (2 * rungStep * rungStep)
	for i := range rungs {
		all := b[0][i] + b[1][i] + b[2][i]
		for k := range b {
			b[k][i] += sway * (swayWeight[k]*all - b[k][i])
		}
	}
	for k := range b {
		row := &b[k]
		before := row[1]
		for i := 1; i < rungs; i++ {
			here, after := row[i], row[i]
			if i+1 < rungs {
				after = row[i+1]
			}
			row[i] = here + drift*(before+after-2*here)
			before = here
		}
		for i := range row {
			row[i] += jump * (swayWeight[k]*p[i] - row[i])
		}
	}
}

// scale divides by sum. An observation that no level explains teaches nothing.
func (b *belief) scale(sum float64, p *prior) {
	if !(sum > 1e-300) || math.IsInf(sum, 0) {
		*b = newBelief(p)
		return
	}
	part := 1 / sum
	for k := range b {
		for i := range b[k] {
			b[k][i] *= part
		}
	}
}

// shift moves the belief up by m rungs, as when levels are measured by another
// order value. What would leave the ladder stays on its end.
func (b *belief) shift(m int) {
	var moved belief
	for k := range b {
		moved[k][0] = b[k][0]
		for i := 1; i < rungs; i++ {
			moved[k][min(max(i+m, 1), rungs-1)] += b[k][i]
		}
	}
	*b = moved
}

// levels sums over the states of the day.
func (b *belief) levels() [rungs]float64 {
	var p [rungs]float64
	for i := range p {
		p[i] = b[0][i] + b[1][i] + b[2][i]
	}
	return p
}

// logLevel is the mean log level, tracking dead included.
func (b *belief) logLevel() float64 {
	p := b.levels()
	mean := p[0] * math.Log(deadRate)
	for i := 1; i < rungs; i++ {
		mean += p[i] * logRate[i+maxSway]
	}
	return mean
}
