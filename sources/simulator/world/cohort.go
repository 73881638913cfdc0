package world

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"adtop/kpi"
)

// maxDelay is the longest time between a click and its order.
const maxDelay = 7 * 24 * time.Hour

// cohort is one campaign's click day with its whole future. It is immutable.
type cohort struct {
	start   int64 // Unix second of the day's beginning
	hours   []clickHour
	sales   tally   // all of the day's sales
	orders  []order // shop orders that came of it
	changes []change
}

// clickHour is one real hour of clicks.
type clickHour struct {
	start               int64 // Unix second
	cost                kpi.Micros
	clicks, impressions int64
	sales               tally
}

// sale is one conversion as the platform claims it.
type sale struct {
	click, at  int64      // Unix seconds of the click and of the order
	credit     kpi.Micros // conversions
	viewed     bool       // credited to a view without a click
	value      kpi.Micros // money credited, in the account's currency
	cost       kpi.Micros // commission, in the account's currency
	orderValue kpi.Micros // money of the whole order, in the account's currency
}

// tally answers how much of a set of sales had arrived by a moment.
type tally struct {
	at  []int64  // arrivals in order
	sum []amount // sum[i] is the total of the first i arrivals
}

type amount struct{ credit, views, value, cost kpi.Micros }

func newTally(sales []sale) tally {
	t := tally{make([]int64, len(sales)), make([]amount, len(sales)+1)}
	for i, s := range sales {
		t.at[i] = s.at
		last := t.sum[i]
		t.sum[i+1] = amount{last.credit + s.credit, last.views + s.views(), last.value + s.value, last.cost + s.cost}
	}
	return t
}

// before totals what arrived before a Unix second.
func (t *tally) before(second int64) amount {
	n, _ := slices.BinarySearch(t.at, second)
	return t.sum[n]
}

// between totals what arrived from one second until before another.
func (t *tally) between(from, to int64) amount {
	if to <= from {
		return amount{}
	}
	a, b := t.before(from), t.before(to)
	return amount{b.credit - a.credit, b.views - a.views, b.value - a.value, b.cost - a.cost}
}

// grow generates a campaign's day.
func (w *World) grow(c *campaign, d kpi.Date) *cohort {
	day := &cohort{start: d.Start(c.zone).Unix(), sales: newTally(nil)}
	if d.End(c.zone).Before(w.spec.Epoch) || (!c.Ended.IsZero() && day.start > c.Ended.Unix()) {
		return day
	}
	r := stream(c.key, purposeDay, d)
	budget := c.SpendPerDay / 24 * lognormal(r, dayNoise)
	mood := c.shock(d)
	var all []sale
	for i := range d.Hours(c.zone) {
		start := day.start + int64(i)*3600
		spendFactor, season := c.shape.at(time.Unix(start, 0).In(c.zone))
		spend := budget * spendFactor * lognormal(r, hourNoise)
		if start < w.spec.Epoch.Unix() || (!c.Ended.IsZero() && start > c.Ended.Unix()) {
			spend = 0
		}
		h, sales := c.clicks(r, start, spend, season*mood)
		day.hours = append(day.hours, h)
		all = append(all, sales...)
	}
	slices.SortStableFunc(all, func(a, b sale) int { return int(a.at - b.at) })
	day.sales = newTally(all)
	day.place(w, c, d, all, r)
	return day
}

// clicks generates an hour that spends so many units of currency.
func (c *campaign) clicks(r *rand.Rand, start int64, spend, rate float64) (clickHour, []sale) {
	h := clickHour{start: start}
	var sales []sale
	if spend > 0 && c.CPC > 0 {
		h.clicks = int64(poisson(r, spend/c.CPC))
		h.impressions = max(h.clicks, int64(spend/c.CPC/c.CTR*lognormal(r, hourNoise)))
	}
	if !c.OnCommission && c.account != nil {
		h.cost = toMinor(spend, c.currency)
	}
	for range poisson(r, spend*c.ROAS/c.AOV*rate/c.meanCredit()) {
		s, lost := c.sale(r, start)
		s.credit, s.value = s.credit*c.claims(s.click), s.value*c.claims(s.click)
		if lost < c.factor(s.click) {
			sales = append(sales, s)
		}
	}
	slices.SortStableFunc(sales, func(a, b sale) int { return int(a.at - b.at) })
	h.sales = newTally(sales)
	return h, sales
}

// sale draws one conversion of a click hour, and a number between 0 and 1: the
// sale is lost in an incident that leaves no more than this of the rate.
func (c *campaign) sale(r *rand.Rand, hour int64) (sale, float64) {
	s := sale{click: hour + r.Int64N(3600), credit: c.credit(r)}
	s.at = s.click + c.delay(r)
	s.orderValue = max(toMinor(c.AOV*lognormal(r, orderSpread), c.currency), MinorUnit(c.currency))
	s.value = kpi.Micros(math.Round(float64(s.orderValue) * s.credit.Float()))
	if c.OnCommission {
		s.cost = toMinor(s.value.Float()/c.ROAS, c.currency)
	}
	s.viewed = c.viewed(s)
	return s, r.Float64()
}

// views are the conversions of a sale that are credited to a view.
func (s *sale) views() kpi.Micros {
	if s.viewed {
		return s.credit
	}
	return 0
}

// viewed says whether a sale is credited to a view. It takes no number of the day's
// stream: all else in the world is the same, however many are.
func (c *campaign) viewed(s sale) bool {
	const chances = 1 << 20
	return float64(mix(c.key^purposeView^uint64(s.click)<<20^uint64(s.at))%chances) < c.Views*chances
}

// delay draws the seconds between click and order.
func (c *campaign) delay(r *rand.Rand) int64 {
	const hour, day = 3600, 24 * 3600
	switch u := r.Float64(); {
	case u < c.Delay.Hour:
		return int64(logUniform(r, 60, hour))
	case u < c.Delay.Hour+c.Delay.Day:
		return int64(logUniform(r, hour, day))
	}
	return int64(logUniform(r, day, maxDelay.Seconds()-1))
}

// Data-driven attribution gives a third of the orders only in part to a campaign.
var parts = [...]kpi.Micros{500_000, 333_333, 666_667, 250_000, 750_000}

const splitShare = 0.35

func (c *campaign) credit(r *rand.Rand) kpi.Micros {
	if split, part := r.Float64() < splitShare, parts[r.IntN(len(parts))]; c.DataDriven && split {
		return part
	}
	return kpi.MicrosPerUnit
}

// meanCredit is the expected credit of one conversion.
func (c *campaign) meanCredit() float64 {
	if !c.DataDriven {
		return 1
	}
	return 1 - splitShare + splitShare*0.5
}

// MinorUnit is the smallest coin of a currency.
func MinorUnit(currency kpi.Currency) kpi.Micros {
	if currency == "JPY" {
		return kpi.MicrosPerUnit
	}
	return kpi.MicrosPerUnit / 100
}

// toMinor rounds units of a currency to its smallest coin.
func toMinor(units float64, currency kpi.Currency) kpi.Micros {
	coin := MinorUnit(currency)
	return kpi.Micros(math.Round(units*kpi.MicrosPerUnit/float64(coin))) * coin
}
