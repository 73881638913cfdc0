package profit

import (
	"math"
	"time"
)

// CurvePoint is a point of a delay curve.
type CurvePoint struct {
	Age         time.Duration // since the hour of the click began
	Share       float64       // of the hour's final conversions that is visible, 0..1
	Conversions float64       // how many conversions (weighted by recency) the point was learnt from; 0 for a prior
}

// Curve is a delay curve with rising ages. Conversions later than seven days
// after the click are not modelled: the last share stands for all.
type Curve []CurvePoint

// knots are the ages, in ticks, at which the curve is learnt.
var knots = [...]int{1, 2, 3, 4, 5, 6, 8, 12, 16, 24, 32, 48, 72, 96, 144, 192, 288, 384, 480, 576, 676}

const (
	nKnots    = len(knots)
	mature    = 676 // ticks after which an hour is final
	curveBase = 30  // conversions that the prior curve is worth
	curveHalf = 28  // days after which what was seen counts half
)

// slowCurve is the prior without better knowledge. It is slow on purpose: too
// slow costs delay, too fast costs false alarms.
var slowCurve = [nKnots]float64{.05, .12, .20, .30, .36, .42, .48, .54, .58, .63, .66, .70, .75, .79, .84, .88, .92, .95, .97, .985, 1}

// maturity is the delay curve of a channel: a reverse chain ladder over the
// knots, shrunk towards a prior. Where conversions are known by day only, it
// learns by sharing them among the bins between the knots.
type maturity struct {
	prior     [nKnots]float64
	late      [nKnots]float64 // conversions that came between knot j-1 and knot j
	visible   [nKnots]float64 // conversions visible at knot j, of the same hours
	allocated [nKnots]float64 // conversions of day totals shared to the bin before knot j
	table     [mature + 1]float64
}

func newMaturity(prior Curve) *maturity {
	m := &maturity{prior: slowCurve}
	if len(prior) > 0 {
		for j, k := range knots {
			m.prior[j] = prior.share(time.Duration(k) * tick)
		}
		if last := m.prior[nKnots-1]; last > 0 {
			for j := range m.prior {
				m.prior[j] /= last
			}
		} else {
			m.prior = slowCurve
		}
	}
	m.tabulate(m.prior)
	return m
}

// share interpolates linearly, from nothing at age 0.
func (c Curve) share(age time.Duration) float64 {
	var before CurvePoint
	for _, p := range c {
		if age <= p.Age {
			if p.Age == before.Age {
				return p.Share
			}
			part := float64(age-before.Age) / float64(p.Age-before.Age)
			return before.Share + part*(p.Share-before.Share)
		}
		before = p
	}
	return before.Share
}

// share is the visible share at an age in ticks.
func (m *maturity) share(age int) float64 {
	if age <= 0 {
		return 0
	}
	if age >= mature {
		return 1
	}
	return m.table[age]
}

func (m *maturity) tabulate(g [nKnots]float64) {
	age, at := 0, 0.0
	for j, k := range knots {
		for a := age; a <= k; a++ {
			m.table[a] = at + (g[j]-at)*float64(a-age)/float64(k-age)
		}
		age, at = k, g[j]
	}
}

// learnLadder recomputes the curve from the pairs of knots. The clamp keeps it
// rising whatever was cancelled.
func (m *maturity) learnLadder() {
	var g [nKnots]float64
	g[nKnots-1] = 1
	for j := nKnots - 1; j > 0; j-- {
		late := (curveBase*(m.prior[j]-m.prior[j-1]) + m.late[j]) / (curveBase*m.prior[j] + m.visible[j])
		if math.IsNaN(late) {
			late = 0
		}
		g[j-1] = g[j] * (1 - min(max(late, 0), 0.95))
	}
	m.tabulate(g)
}

// learnBins recomputes the curve from conversions shared among bins.
func (m *maturity) learnBins() {
	var g [nKnots]float64
	sum, before := 0.0, 0.0
	for j := range g {
		sum += max(0, curveBase*(m.prior[j]-before)+m.allocated[j])
		before = m.prior[j]
		g[j] = sum
	}
	for j := range g {
		g[j] /= sum
	}
	m.tabulate(g)
}

func (m *maturity) decay(keep float64) {
	for j := range m.late {
		m.late[j] *= keep
		m.visible[j] *= keep
		m.allocated[j] *= keep
	}
}

// points lists the curve at its knots.
func (m *maturity) points() []CurvePoint {
	points := make([]CurvePoint, nKnots)
	for j, k := range knots {
		points[j] = CurvePoint{time.Duration(k) * tick, m.table[k], max(0, m.visible[j]) + max(0, m.allocated[j])}
	}
	return points
}

// trace is how far the curve has followed one hour.
type trace struct {
	n       float64 // conversions visible at the last watermark
	atKnot  float64 // conversions visible at the knot before next
	next    int     // first knot that was not passed yet
	tracked bool    // n was seen, not assumed
	valid   bool    // atKnot was seen at about the right age
}

// follow takes in that the watermark of results went from before to now, both
// in ticks, and h shows h.n conversions.
func (m *maturity) follow(h *hour, before, now int) {
	t := h.trace
	a1, a2 := max(0, before-h.start), now-h.start
	// A gap between polls that is long for the hour's age tells too little.
	usable := now-before <= max(hourTicks, a2/3) && !h.backfill && h.hasResults && (t.tracked || a1 == 0)
	for ; t.next < nKnots && knots[t.next] <= a2; t.next++ {
		n := h.n
		if rise := m.share(a2) - m.share(a1); rise > 0 {
			n = t.n + (h.n-t.n)*(m.share(knots[t.next])-m.share(a1))/rise
		}
		if j := t.next; usable && t.valid && j > 0 {
			m.late[j] += n - t.atKnot
			m.visible[j] += n
		}
		t.atKnot, t.valid = n, usable
	}
	t.n, t.tracked = h.n, h.hasResults
}
