package profit

import (
	"math"
	"slices"
)

// rule is one way to say that a channel loses money: it fires, and once it has,
// it is over. Rules may remember, so that each world needs its own.
type rule struct {
	name        string
	fires, over func(w *world) bool
}

// naive are the rules that platforms offer. They know the true order value for
// their floor of spend and judge clicks by the revenue visible now.
//
//	A  today's ROAS is below break-even, from 1 order value of spend on
//	B  that of the last three days with today, from 3 order values of spend on; looked at every half hour
//	C  that of the last 24 hours, for 2 hours on end
func naive() []rule {
	since := math.MaxInt
	below := func(w *world, from int, floor float64) bool {
		spend, value := w.visibleSince(from)
		return spend >= floor*w.aov && value < spend
	}
	trailing := func(w *world) bool {
		if !below(w, (w.tick-dayTicks)/hourTicks, 0) {
			since = math.MaxInt
			return false
		}
		since = min(since, w.tick)
		return w.tick-since >= 2*hourTicks
	}
	return []rule{
		not("A", func(w *world) bool { return below(w, w.hourOf(w.today()), 1) }),
		not("B", func(w *world) bool { return below(w, w.hourOf(w.today()-2), 3) }),
		not("C", trailing),
	}
}

// not is a rule that is over when it does not fire. It is asked once a poll.
func not(name string, fires func(w *world) bool) rule {
	tick, now := -1, false
	once := func(w *world) bool {
		if w.tick != tick {
			tick, now = w.tick, fires(w)
		}
		return now
	}
	return rule{name, once, func(w *world) bool { return !once(w) }}
}

func (w *world) today() int { return w.day[(w.tick-1)/hourTicks] }

// visibleSince sums the spend of the hours from on and the revenue of their
// clicks that is visible now.
func (w *world) visibleSince(from int) (spend, value float64) {
	for h := max(0, from); h*hourTicks < w.tick; h++ {
		spend += w.spent(h)
		value += w.clickV[h]
	}
	return spend, value
}

// ladder is the detector, which alerts from a P on.
func ladder(name string, alert float64) rule {
	return rule{name,
		func(w *world) bool { return w.det.Evidence().P >= alert },
		func(w *world) bool { return w.det.Evidence().P < Resolve }}
}

// oracle is Page's CUSUM on the same delayed counts, told everything but the
// day effects: the levels before (1.5) and after, the true delays, seasons and
// order value. It is the fastest rule there is for its false alarms on
// undelayed Poisson counts (Moustakides 2008).
type oracle struct{ then, threshold float64 }

func (o oracle) rule() rule {
	return not("oracle", func(w *world) bool { return o.statistic(w) >= o.threshold })
}

// statistic is the largest log-likelihood ratio of a fall at any hour of the
// last 14 days.
func (o oracle) statistic(w *world) float64 {
	then := max(o.then, 1e-9)
	gain, loss := math.Log(then/1.5), then-1.5
	sum, best := 0.0, 0.0
	last := (w.tick - 1) / hourTicks
	for h := last; h >= max(0, last-14*24); h-- {
		age := min(w.tick-h*hourTicks, len(w.arrive)-1)
		sum += w.clickN[h]*gain - w.due[h]*w.arrive[age]*loss
		best = max(best, sum)
	}
	return best
}

// oracleRate is the false alarms per channel-month at 1.5× that the oracle is
// allowed: one in three months.
const oracleRate = 0.33

// newOracle finds the threshold that gives oracleRate on so many channel-days
// of seeds of its own.
func newOracle(then, perDay float64, s size) oracle {
	const seed = 41000 // of no other run
	o := oracle{then: then}
	traces := make([][]float64, s.channels)
	for c := range traces {
		w := blindWorld(seed+uint64(c), perDay, s.days, scenario{steady(1.5), steady(1)})
		for w.hour() < float64(s.days*24) {
			w.poll()
			traces[c] = append(traces[c], o.statistic(w))
		}
	}
	perTick := float64(s.days*dayTicks) / float64(len(traces[0]))
	low, high := 0.0, 30.0
	for range 30 {
		o.threshold = (low + high) / 2
		alarms := 0
		for _, t := range traces {
			alarms += crossings(t, o.threshold, int(dayTicks/perTick))
		}
		if float64(alarms)/(float64(s.channels*s.days)/30) > oracleRate {
			low = o.threshold
		} else {
			high = o.threshold
		}
	}
	return o
}

// crossings counts the episodes in which a trace is at or above a threshold;
// they begin at least so many polls after the last one ended.
func crossings(trace []float64, threshold float64, apart int) (n int) {
	last := -apart - 1
	for i, s := range trace {
		if s < threshold {
			continue
		}
		if i-last > apart {
			n++
		}
		last = i
	}
	return n
}

// blindWorld is a warm world without a detector, for rules that need none.
func blindWorld(seed uint64, perDay float64, days int, sc scenario) *world {
	w := newWorld(seed, perDay, days, ByClickHour, sc)
	w.det = nil
	w.warm()
	return w
}

func median(x []float64) float64 { return quantile(x, 0.5) }

// quantile is NaN of nothing.
func quantile(x []float64, q float64) float64 {
	if len(x) == 0 {
		return math.NaN()
	}
	x = slices.Sorted(slices.Values(x))
	return x[min(len(x)-1, int(q*float64(len(x))))]
}
