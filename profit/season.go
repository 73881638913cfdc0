package profit

import (
	"math"

	"adtop/kpi"
)

const (
	seasonBase = 20   // conversions that "no season" is worth
	seasonHalf = 56   // days
	wobbleHalf = 42   // days
	wobbleBase = 1e4  // weight of the prior variance of the day effect
	wobbleSD   = 0.10 // prior standard deviation of the day effect
	wobbleClip = 0.15
)

// season is how much better or worse than on average a click converts, by hour
// of the clock and by weekday. Hours are compared within their day and days
// within their week, so that a change of level does not leak in.
type season struct {
	clockSeen, clockDue [24]float64
	daySeen, dayDue     [7]float64
	clock               [24]float64
	weekday             [7]float64
}

func newSeason() season {
	var s season
	for i := range s.clock {
		s.clock[i] = 1
	}
	for i := range s.weekday {
		s.weekday[i] = 1
	}
	return s
}

// at is the factor of an hour.
func (s *season) at(h *hour) float64 { return s.clock[h.clock] * s.weekday[h.date.Weekday()] }

func (s *season) decay() {
	keep := math.Exp2(-1.0 / seasonHalf)
	for i := range s.clock {
		s.clockSeen[i] *= keep
		s.clockDue[i] *= keep
	}
	for i := range s.weekday {
		s.daySeen[i] *= keep
		s.dayDue[i] *= keep
	}
}

var smoothing = [...]float64{1, 2, 3, 2, 1}

// settle recomputes the factors: smoothed over neighbouring hours, shrunk
// towards 1, with mean 1.
func (s *season) settle() {
	for i := range s.clock {
		seen, due := float64(seasonBase), float64(seasonBase)
		for j, w := range smoothing {
			k := (i + j - 2 + 24) % 24
			seen += w / 3 * max(0, s.clockSeen[k])
			due += w / 3 * s.clockDue[k]
		}
		s.clock[i] = seen / due
	}
	for i := range s.weekday {
		s.weekday[i] = (seasonBase + max(0, s.daySeen[i])) / (seasonBase + s.dayDue[i])
	}
	normalise(s.clock[:], s.clockDue[:])
	normalise(s.weekday[:], s.dayDue[:])
}

func normalise(factors, weights []float64) {
	sum, all := 0.0, 0.0
	for i, f := range factors {
		sum += f * (weights[i] + 1)
		all += weights[i] + 1
	}
	for i := range factors {
		factors[i] *= all / sum
	}
}

// learnClock compares the hours of a day with the whole day.
func (d *Detector) learnClock(date kpi.Date) {
	from, to := d.day(date)
	steps := d.due(from, to, 1)
	n, x := 0.0, 0.0
	for _, st := range steps {
		if d.hours[st.hour].spread {
			return
		}
		n += st.n
		x += st.x / d.season.clock[d.hours[st.hour].clock]
	}
	if x <= 0 || n <= 0 {
		return
	}
	for _, st := range steps {
		c := d.hours[st.hour].clock
		d.season.clockSeen[c] += st.n
		d.season.clockDue[c] += n * st.x / d.season.clock[c] / x
	}
}

// dayTotal sums a day's seen conversions and those due at break-even.
func (d *Detector) dayTotal(date kpi.Date) (n, x float64) {
	from, to := d.day(date)
	for _, st := range d.due(from, to, 1) {
		n += st.n
		x += st.x
	}
	return n, x
}

// learnWeekday compares a day with the week around it.
func (d *Detector) learnWeekday(date kpi.Date) {
	var n, x, week, weekDue float64
	for off := kpi.Date(-3); off <= 3; off++ {
		dn, dx := d.dayTotal(date + off)
		if dx <= 0 {
			return
		}
		dx /= d.season.weekday[(date + off).Weekday()]
		if off == 0 {
			n, x = dn, dx
		}
		week += dn
		weekDue += dx
	}
	d.season.daySeen[date.Weekday()] += n
	d.season.dayDue[date.Weekday()] += week * x / weekDue
}

// wobble is the variance of what a whole day lies above or below the level.
type wobble struct{ sum, weight float64 }

func newWobble() wobble { return wobble{wobbleBase * wobbleSD * wobbleSD, wobbleBase} }

// sway is the effect of a low or high day in rungs.
func (w *wobble) sway() int {
	sd := math.Sqrt(max(0, w.sum/w.weight))
	return min(maxSway, int(math.Round(math.Sqrt(3)*sd/rungStep)))
}

// learnWobble compares a day with what the seven days before it foretold.
func (d *Detector) learnWobble(date kpi.Date) {
	n, x := d.dayTotal(date)
	var week, weekDue float64
	for off := kpi.Date(1); off <= 7; off++ {
		dn, dx := d.dayTotal(date - off)
		if dx <= 0 {
			return
		}
		week += dn
		weekDue += dx
	}
	if x <= 0 || week <= 0 {
		return
	}
	e := week * x / weekDue
	v := ((n-e)*(n-e) - e - e*e/week) / (e * e)
	keep := math.Exp2(-1.0 / wobbleHalf)
	w := d.wobble
	w.weight = wobbleBase + keep*(w.weight-wobbleBase) + e*e
	prior := wobbleBase * wobbleSD * wobbleSD
	w.sum = prior + keep*(w.sum-prior) + e*e*min(max(v, -wobbleClip), wobbleClip)
}
