package profit

import (
	"math"
	"math/rand/v2"
)

// tally is what a rule did on channels that nothing happened to.
type tally struct {
	episodes      []int // by channel; those within a day of the last one are one
	raw           int   // all of them
	firing, polls int
	months        float64
}

func (t tally) alarms() (n int) {
	for _, e := range t.episodes {
		n += e
	}
	return n
}

// rate is false alarms per channel-month.
func (t tally) rate() float64 { return float64(t.alarms()) / t.months }

// interval is the 95% confidence interval of the rate: Poisson by Wilson and
// Hilferty, widened by how much more than Poisson the channels differ.
func (t tally) interval() (low, high float64) {
	k, channels := float64(t.alarms()), float64(len(t.episodes))
	spread := 1.0
	if k > 0 && channels > 1 {
		mean, sum := k/channels, 0.0
		for _, e := range t.episodes {
			sum += (float64(e) - mean) * (float64(e) - mean)
		}
		spread = max(1, sum/(channels-1)/mean)
	}
	cube := func(k, sign float64) float64 {
		if k <= 0 {
			return 0
		}
		return k * math.Pow(1-1/(9*k)+sign*1.96/(3*math.Sqrt(k)), 3)
	}
	k /= spread
	return spread * cube(k, -1) / t.months, spread * cube(k+1, 1) / t.months
}

// count watches one world to its end and adds to the rules' tallies.
func count(w *world, days int, rules []rule, tallies []tally) {
	state := make([]struct {
		firing   bool
		last     float64
		episodes int
	}, len(rules))
	for i := range state {
		state[i].last = math.Inf(-1)
	}
	for w.hour() < float64(days*24) {
		w.poll()
		for i, r := range rules {
			s, t := &state[i], &tallies[i]
			t.polls++
			switch {
			case r.fires(w):
				if !s.firing {
					t.raw++
					if w.hour()-s.last > 24 {
						s.episodes++
					}
				}
				s.firing, s.last = true, w.hour()
			case s.firing && r.over(w):
				s.firing = false
			}
			if s.firing {
				t.firing++
			}
		}
	}
	for i, s := range state {
		tallies[i].episodes = append(tallies[i].episodes, s.episodes)
		tallies[i].months += float64(days) / 30
	}
}

// maker makes worlds that differ by seed only.
type maker func(seed uint64, days int, sc scenario) *world

// usual makes usual worlds.
func usual(perDay float64, feed Feed) maker { return strange(nature{}, perDay, feed) }

func strange(n nature, perDay float64, feed Feed) maker {
	return func(seed uint64, days int, sc scenario) *world { return newWorldOf(n, seed, perDay, days, feed, sc) }
}

// falseAlarms watches so many channels that are fine all the time.
func falseAlarms(world maker, seed uint64, sc scenario, s size, rules func() []rule) []tally {
	tallies := make([]tally, len(rules()))
	for c := range s.channels {
		w := world(seed+uint64(c), s.days, sc)
		w.warm()
		count(w, s.days, rules(), tallies)
	}
	return tallies
}

// at is a channel that stays at a level.
func at(level float64) scenario { return scenario{steady(level), steady(1)} }

// change is what turns a channel bad at an hour and, 14 days later, good again.
type change struct {
	name     string
	scenario func(at float64) scenario
	bad      float64 // the level it falls to, value and level taken together
	begins   float64 // hours from its beginning to the moment that delays are counted from
}

const badHours = 14 * 24

func fallFrom(before, level float64) func(at float64) scenario {
	return func(at float64) scenario {
		return scenario{value: steady(1), level: func(h float64) float64 {
			if h < at || h >= at+badHours {
				return before
			}
			return level
		}}
	}
}

func fallTo(level float64) func(float64) scenario { return fallFrom(1.5, level) }

func orderValueTimes(factor float64) func(float64) scenario {
	return func(at float64) scenario {
		return scenario{level: steady(1.5), value: func(h float64) float64 {
			if h < at || h >= at+badHours {
				return 1
			}
			return factor
		}}
	}
}

// driftTo falls in a line from 1.5 to a level within so many days; at is when
// it crosses break-even. An alert on the way there counts as no delay.
func driftTo(level, days float64) func(at float64) scenario {
	return func(at float64) scenario {
		perHour := (1.5 - level) / (days * 24)
		return scenario{value: steady(1), level: func(h float64) float64 {
			if h >= at+badHours {
				return 1.5
			}
			return min(1.5, max(level, 1-(h-at)*perHour))
		}}
	}
}

var changes = []change{
	{"0.8x", fallTo(0.8), 0.8, 0},
	{"0.6x", fallTo(0.6), 0.6, 0},
	{"0.3x", fallTo(0.3), 0.3, 0},
	{"dead", fallTo(0), 0, 0},
	{"drift", driftTo(0.7, 7), 0.7, 24 * 7 * 0.5 / 0.8},
	{"slow drift", driftTo(0.5, 14), 0.5, 24 * 7},
	{"value x0.4", orderValueTimes(0.4), 0.6, 0},
}

// delay is how a rule took one change.
type delay struct {
	before bool    // it fired already when the change came; the rest is not known
	missed bool    // it did not fire within the 14 days
	hours  float64 // to the alert, +Inf when missed
	due    float64 // conversions that would have come at break-even in that time
	loss   float64 // revenue missing to break-even in that time, in order values
	clear  float64 // hours from the recovery to the end of the alert, +Inf when longer than recovery
}

const recovery = 10 * 24 // hours that are watched after a change

// react shows a change to rules. A rule that has alerted rests until recovery.
func react(world maker, seed uint64, c change, rules []rule) []delay {
	start := 24*7*rand.New(rand.NewPCG(seed, 3)).Float64() + c.begins
	w := world(seed, 2*7+14+10, c.scenario(start))
	w.warm()
	out := make([]delay, len(rules))
	for i := range out {
		out[i] = delay{missed: true, hours: math.Inf(1), clear: math.Inf(1)}
	}
	w.approach(start, c.begins, rules, out)
	due, loss, level := 0.0, 0.0, c.scenario(start)
	for w.hour() < start+badHours {
		w.poll()
		w.lose(level, &due, &loss)
		for i, r := range rules {
			if o := &out[i]; o.waits() && r.fires(w) {
				o.missed, o.hours, o.due, o.loss = false, w.hour()-start, due, loss
			}
		}
	}
	for i := range out {
		if out[i].missed {
			out[i].due, out[i].loss = due, loss
		}
	}
	w.recover(start+badHours, rules, out)
	return out
}

// waits says that the rule has yet to fire.
func (d *delay) waits() bool { return d.missed && !d.before }

// approach runs up to the moment that delays are counted from.
func (w *world) approach(at, begins float64, rules []rule, out []delay) {
	for w.hour()+float64(w.step)/hourTicks <= at {
		w.poll()
		if w.hour() < at-begins-3 { // the rules' memory is two hours
			continue
		}
		for i, r := range rules {
			switch fires := r.fires(w); {
			case w.hour() <= at-begins:
				out[i].before = fires
			case fires && out[i].waits():
				out[i].missed, out[i].hours = false, 0
			}
		}
	}
}

// lose adds what the last poll's time would have brought at break-even and what
// was missing to it.
func (w *world) lose(sc scenario, due, loss *float64) {
	h := (w.tick - 1) / hourTicks
	at := float64(h - warmUp*24)
	d := w.spend[h] / w.aov * float64(w.step) / hourTicks
	*due += d
	*loss += d * (1 - sc.level(at)*sc.value(at))
}

// recover watches until all alerts are over.
func (w *world) recover(from float64, rules []rule, out []delay) {
	open := 0
	for i := range out {
		if !out[i].missed {
			open++
		}
	}
	for open > 0 && w.hour() < from+recovery-1 {
		w.poll()
		for i, r := range rules {
			if o := &out[i]; !o.missed && math.IsInf(o.clear, 1) && r.over(w) {
				o.clear = w.hour() - from
				open--
			}
		}
	}
}

// reactions sums up a rule over changes.
type reactions struct {
	hours, due, loss, clear []float64
	missed, before          int
}

func (r *reactions) add(d delay) {
	if d.before {
		r.before++
		return
	}
	r.hours, r.due, r.loss = append(r.hours, d.hours), append(r.due, d.due), append(r.loss, d.loss)
	if d.missed {
		r.missed++
	} else {
		r.clear = append(r.clear, d.clear)
	}
}

func (r *reactions) missedShare() float64 { return float64(r.missed) / float64(len(r.hours)) }

// reactionsTo shows so many channels the same change.
func reactionsTo(world maker, seed uint64, n int, c change, rules func() []rule) []reactions {
	out := make([]reactions, len(rules()))
	for i := range n {
		for j, d := range react(world, seed+uint64(i), c, rules()) {
			out[j].add(d)
		}
	}
	return out
}
