package kpi

// Fields is a set of metric fields.
type Fields uint8

// The fields that a slot may carry. A source sets only what it was told. Their bits
// are stored.
const (
	Impressions Fields = 1 << iota
	Clicks
	Cost
	Conversions
	Revenue
	ViewThrough

	// Usual are those that nearly every platform tells.
	Usual     = Impressions | Clicks | Cost | Conversions | Revenue
	AllFields = Usual | ViewThrough
)

// Metrics are the cumulative figures of one entity and one slot, or a sum of
// them. A field that is not in Has is unknown: its value is 0 and means nothing.
type Metrics struct {
	Has         Fields
	Impressions int64
	Clicks      int64
	Cost        Micros // money, in the currency the context names (an account's, or the display currency)
	Conversions Micros // conversions, in millionths, since platforms attribute fractions
	Revenue     Micros // money, as Cost; whether tax, shipping or refunds are in it is Economics.Basis
	// ViewThrough is how many of Conversions the platform credits to a view without a
	// click, in millionths. It is a part of them and never beyond them, so that
	// Conversions and Revenue stay what the platform's own manager shows. A platform
	// that reports such conversions outside of its conversions does not set it: none of
	// Conversions are of that kind, as its Attribution says.
	ViewThrough Micros
}

// Knows says whether every field of f is present.
func (m Metrics) Knows(f Fields) bool { return m.Has&f == f }

// Add sums two metrics the way SQL's SUM does: a field is present in the sum
// when it is present in either. It fails with ErrOverflow.
func (m Metrics) Add(n Metrics) (Metrics, error) {
	counts := [2]Micros{}
	var err error
	add := func(a, b Micros) Micros {
		sum, e := a.Add(b)
		if e != nil {
			err = e
		}
		return sum
	}
	counts[0] = add(Micros(m.Impressions), Micros(n.Impressions))
	counts[1] = add(Micros(m.Clicks), Micros(n.Clicks))
	sum := Metrics{
		Has:         m.Has | n.Has,
		Impressions: int64(counts[0]),
		Clicks:      int64(counts[1]),
		Cost:        add(m.Cost, n.Cost),
		Conversions: add(m.Conversions, n.Conversions),
		Revenue:     add(m.Revenue, n.Revenue),
		ViewThrough: add(m.ViewThrough, n.ViewThrough),
	}
	return sum, err
}

// Less is what m has beyond n, in the fields of m; what n does not have is none.
// It fails with ErrOverflow.
func (m Metrics) Less(n Metrics) (Metrics, error) {
	rest, err := m.Add(Metrics{Impressions: -n.Impressions, Clicks: -n.Clicks, Cost: -n.Cost, Conversions: -n.Conversions, Revenue: -n.Revenue, ViewThrough: -n.ViewThrough})
	return rest.Only(m.Has), err
}

// Only keeps the given fields and forgets the others.
func (m Metrics) Only(f Fields) Metrics {
	f &= m.Has
	out := Metrics{Has: f}
	if f&Impressions != 0 {
		out.Impressions = m.Impressions
	}
	if f&Clicks != 0 {
		out.Clicks = m.Clicks
	}
	if f&Cost != 0 {
		out.Cost = m.Cost
	}
	if f&Conversions != 0 {
		out.Conversions = m.Conversions
	}
	if f&Revenue != 0 {
		out.Revenue = m.Revenue
	}
	if f&ViewThrough != 0 {
		out.ViewThrough = m.ViewThrough
	}
	return out
}

// Times returns a share, in millionths, of what results bring and cost. Impressions
// and clicks stay: they are no results.
func (m Metrics) Times(share Micros) (Metrics, error) {
	for _, part := range []*Micros{&m.Cost, &m.Conversions, &m.Revenue, &m.ViewThrough} {
		var err error
		if *part, err = part.Times(share); err != nil {
			return Metrics{}, err
		}
	}
	return m, nil
}

// Convert returns the metrics with cost and revenue at one rate.
func (m Metrics) Convert(rate Rate) (Metrics, error) {
	var err error
	if m.Cost, err = rate.Apply(m.Cost); err != nil {
		return Metrics{}, err
	}
	m.Revenue, err = rate.Apply(m.Revenue)
	return m, err
}

// Ratio is a quotient that may be undefined. An undefined ratio is shown as
// "—": neither 0 nor ∞.
type Ratio struct {
	Value float64
	OK    bool
}

// ratioOf divides last. A zero denominator leaves the ratio undefined.
func ratioOf(numerator, denominator float64, known bool) Ratio {
	if !known || denominator == 0 {
		return Ratio{}
	}
	return Ratio{numerator / denominator, true}
}

// CTR is clicks per impression.
func (m Metrics) CTR() Ratio {
	return ratioOf(float64(m.Clicks), float64(m.Impressions), m.Knows(Clicks|Impressions))
}

// CPC is cost per click, in units of money.
func (m Metrics) CPC() Ratio {
	return ratioOf(m.Cost.Float(), float64(m.Clicks), m.Knows(Cost|Clicks))
}

// CPM is cost per thousand impressions, in units of money.
func (m Metrics) CPM() Ratio {
	return ratioOf(1000*m.Cost.Float(), float64(m.Impressions), m.Knows(Cost|Impressions))
}

// CVR is conversions per click.
func (m Metrics) CVR() Ratio {
	return ratioOf(m.Conversions.Float(), float64(m.Clicks), m.Knows(Conversions|Clicks))
}

// CPA is cost per conversion, in units of money (CPL when they are leads).
// With known cost and no conversions it is undefined; its lower bound is Cost.
func (m Metrics) CPA() Ratio {
	return ratioOf(m.Cost.Float(), m.Conversions.Float(), m.Knows(Cost|Conversions))
}

// AOV is revenue per conversion, in units of money.
func (m Metrics) AOV() Ratio {
	return ratioOf(m.Revenue.Float(), m.Conversions.Float(), m.Knows(Revenue|Conversions))
}

// ROAS is revenue per unit of cost.
func (m Metrics) ROAS() Ratio {
	return ratioOf(m.Revenue.Float(), m.Cost.Float(), m.Knows(Revenue|Cost))
}

// ACOS is cost per unit of revenue.
func (m Metrics) ACOS() Ratio {
	return ratioOf(m.Cost.Float(), m.Revenue.Float(), m.Knows(Revenue|Cost))
}

// Sound says whether ViewThrough is a part of Conversions, wherever it is known.
func (m Metrics) Sound() bool {
	part, whole := m.ViewThrough, m.Conversions
	return !m.Knows(ViewThrough) || m.Knows(Conversions) && min(whole, 0) <= part && part <= max(whole, 0)
}

// ViewShare is the part of the conversions that followed a view without a click.
func (m Metrics) ViewShare() Ratio {
	return ratioOf(m.ViewThrough.Float(), m.Conversions.Float(), m.Knows(ViewThrough|Conversions))
}

// Change is the relative difference from before to now, as in +0.08.
func Change(now, before Ratio) Ratio {
	if !now.OK || !before.OK || before.Value == 0 {
		return Ratio{}
	}
	abs := before.Value
	if abs < 0 {
		abs = -abs
	}
	return Ratio{(now.Value - before.Value) / abs, true}
}
