package monitor

import (
	"sort"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
)

// maturity tells how much of a day's final conversions is visible at an age,
// from the curve that the channel's evaluation kept. Without a curve, nothing
// is claimed.
type maturity struct {
	curve []snapshot.CurvePoint
	own   bool // results are dated by themselves: complete as soon as seen
}

func newMaturity(ch snapshot.Channel) maturity {
	return maturity{curve: ch.Evidence.Curve, own: ch.Costless || ch.Evidence.ByEvent}
}

// visible returns the share of an hour's conversions that is visible at age.
func (m maturity) visible(age time.Duration) float64 {
	i := sort.Search(len(m.curve), func(i int) bool { return m.curve[i].Age >= age })
	switch {
	case age <= 0:
		return 0
	case i == len(m.curve):
		return m.curve[i-1].Share
	case i == 0:
		return m.curve[0].Share * float64(age) / float64(m.curve[0].Age)
	}
	a, b := m.curve[i-1], m.curve[i]
	return a.Share + (b.Share-a.Share)*float64(age-a.Age)/float64(b.Age-a.Age)
}

// day averages over the hours of a day that have begun.
func (m maturity) day(d kpi.Date, asOf time.Time, zone *time.Location) float64 {
	var sum, n float64
	for at := d.Start(zone); at.Before(d.End(zone)) && at.Before(asOf); at = at.Add(time.Hour) {
		sum += m.visible(asOf.Sub(at))
		n++
	}
	if n == 0 {
		return 0
	}
	return sum / n
}

// of returns the maturity of a range, each day weighing by its spend.
func (m maturity) of(days kpi.DateRange, byDay map[kpi.Date]kpi.Metrics, asOf time.Time, zone *time.Location) kpi.Ratio {
	if m.own {
		return kpi.Ratio{Value: 1, OK: true}
	}
	if len(m.curve) == 0 {
		return kpi.Ratio{}
	}
	old := kpi.DateOf(asOf, zone) - kpi.Date(m.curve[len(m.curve)-1].Age/(24*time.Hour)) - 2
	var sum, weights float64
	for d := days.From; d <= days.To; d++ {
		w := weight(byDay[d])
		if w <= 0 {
			continue
		}
		share := 1.0
		if d >= old {
			share = m.day(d, asOf, zone)
		}
		sum, weights = sum+w*share, weights+w
	}
	if weights == 0 {
		return kpi.Ratio{}
	}
	return kpi.Ratio{Value: sum / weights, OK: true}
}
