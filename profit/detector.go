package profit

import (
	"time"

	"adtop/kpi"
)

// Feed says how a channel's conversions are dated and how finely.
type Feed uint8

// The feeds.
const (
	ByClickHour Feed = iota // booked on the hour of the click
	ByDay                   // booked on the day of the click; only day totals are known
	ByOrder                 // booked on the hour or day of the order, call or conversion
)

// Params describe one channel to its detector.
type Params struct {
	Zone  *time.Location // zone in which hours of the day and weekdays are counted
	Prior Curve          // delay curve to begin with; nil is a deliberately slow one
	Feed  Feed
	// OrderValue is the value that a conversion is expected to bring, in the
	// units of Observation.Value. It counts as much as 7 conversions. With 0,
	// nothing is known before the first conversion.
	OrderValue float64
}

// Observation is what is visible of one cohort from At on. Figures are
// cumulative; a later observation of the cohort replaces the earlier one, also
// downwards. A cohort that was never observed is missing, not zero: observe
// the zeros of a complete answer.
type Observation struct {
	At     time.Time     // when it was seen
	Start  time.Time     // first instant of the cohort's hour or day
	Length time.Duration // 1 h, or the length of the day (23..25 h)

	// Spend is cost × break-even ROAS, so the revenue that would break even,
	// in units of the display currency.
	Spend       float64
	Conversions float64
	// Value is revenue net of payouts by conversion, in units of the display
	// currency: at Value = Spend the channel breaks even.
	Value float64

	HasSpend, HasResults bool // which side is carried; the sides may come from different sources
	// Backfill marks figures seen for the first time long after: they build
	// level, season and order value, but tell nothing about delays.
	Backfill bool
}

// Detector follows one channel, or one campaign of a channel.
type Detector struct {
	params  Params
	channel *Detector // of a campaign: the detector that it borrows from

	hours         []hour // contiguous local days, in order of time
	spendTotals   totals // day totals that are spread over hours
	resultsTotals totals

	spendThrough, resultsThrough int      // watermarks, in ticks
	learned                      kpi.Date // the last local date whose beginning was learnt from
	aged                         kpi.Date // the last local date on which delays and order values were decayed
	folded                       int      // start tick of the first hour that the frozen belief does not hold
	begun                        bool
	rebuild                      bool
	pastSpend                    float64 // spend of forgotten hours

	// What is learnt. A campaign's are its channel's, from curve to later.
	curve  *maturity
	season *season
	wobble *wobble
	later  *later
	orders orderValue
	start  prior // levels that the channel begins with and jumps to
	frozen belief
	refAOV float64 // order value that the ladder's levels are measured by

	fresh   poll                 // orders that became visible since the last Advance
	settled map[kpi.Date]float64 // what local days showed as they became final, until they are counted again
	changed bool
	last    Evidence
	steps   *[]step // scratch, which campaigns share with their channel
}

// New returns the detector of one channel that knows nothing yet.
func New(p Params) *Detector {
	d := &Detector{params: p, season: new(season), wobble: new(wobble), later: new(later), start: aroundBreakEven,
		settled: map[kpi.Date]float64{}, steps: new([]step)}
	d.curve = newMaturity(p.Prior)
	d.orders = newOrderValue(p.OrderValue)
	d.refAOV = p.OrderValue
	d.forgetLevel()
	return d
}

// forgetLevel goes back to the beliefs that a channel begins with, save what
// is known of its delays and order values.
func (d *Detector) forgetLevel() {
	if d.channel == nil {
		*d.season, *d.wobble = newSeason(), newWobble()
	}
	d.frozen = newBelief(&d.start)
	d.learned = 0
	d.folded = 0
}

// Observe takes in one observation. Observations come in the order of At; they
// count from the next Advance on.
func (d *Detector) Observe(o Observation) {
	from := tickOf(o.Start)
	to := max(from+1, tickOf(o.Start.Add(o.Length)))
	if d.begun && to <= d.hours[0].start && !o.Backfill || to <= d.resultsThrough-d.memory() {
		return // too long ago to matter
	}
	d.cover(o.Start, o.Start.Add(o.Length))
	if o.Backfill && from < d.folded {
		d.rebuild = true
	}
	if to-from > hourTicks {
		d.observeTotal(o, from, to)
		return
	}
	h := &d.hours[d.at(from)]
	if o.HasSpend {
		h.spend, h.hasSpend = o.Spend, true
	}
	if !o.HasResults {
		return
	}
	conversions, value := o.Conversions-h.n, o.Value-h.value
	h.n, h.value = o.Conversions, o.Value
	h.hasResults = true
	h.backfill = h.backfill || o.Backfill
	d.countOrders(o, conversions, value)
}

// observeTotal takes in the figures of a cohort that is longer than an hour.
// They are spread over its hours at the next Advance, which knows what time
// they stand for.
func (d *Detector) observeTotal(o Observation, from, to int) {
	if o.HasSpend {
		t := d.spendTotals.of(from, to)
		t.pending, t.seen, t.backfill = o.Spend, true, t.backfill || o.Backfill
	}
	if !o.HasResults {
		return
	}
	t := d.resultsTotals.of(from, to)
	d.countOrders(o, o.Conversions-t.pending, o.Value-t.value)
	t.pending, t.value, t.seen = o.Conversions, o.Value, true
	t.backfill = t.backfill || o.Backfill
}

// poll sums the orders that became visible at one poll.
type poll struct{ orders, value float64 }

func (d *Detector) countOrders(o Observation, orders, value float64) {
	if o.Backfill {
		d.orders.recall(orders, value, o.At.Sub(o.Start).Hours()/24)
		return
	}
	d.fresh.orders += orders
	d.fresh.value += value
}

// Maturity returns the share of a cohort's final conversions that is visible
// when age has passed since its beginning, 0..1. length is the cohort's: an
// hour or a day. Conversions dated by order are mature at once.
func (d *Detector) Maturity(age, length time.Duration) float64 {
	if age <= 0 {
		return 0
	}
	if d.params.Feed == ByOrder {
		return min(1, float64(age)/float64(max(length, 1)))
	}
	a, l := int(age/tick), max(hourTicks, int(length/tick))
	var sum float64
	for start := 0; start < l; start += hourTicks {
		sum += d.curve.share(a - start)
	}
	return sum / float64((l+hourTicks-1)/hourTicks)
}
