package world

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"adtop/kpi"
)

// Order is a shop order as it stands at some instant. Money is in the shop's
// currency, tax and shipping included in Total.
type Order struct {
	ID        int64
	Clicked   time.Time // when the visit began that led to it
	Created   time.Time
	Updated   time.Time // last change that the shop counts as one; attribution is not
	Cancelled time.Time // zero when it was not
	Test      bool

	Total, Tax, Shipping kpi.Micros // as first placed
	Refunds              []Refund   // those made so far

	// Visits that led to the order are known once Ready. Without a Journey
	// they never will be.
	Journey, Ready bool
	First, Last    UTM    // of the first and the last visit; the zero UTM has none
	Referrer       string // address of the page before both, where they have no UTM
	Dialled        string // number of the shop, without a plus, by which it was ordered
	Repeat         int    // orders of the same customer before this one

	Campaign string // the truth, which the shop does not know: the campaign whose click came last
}

// Refund is money given back.
type Refund struct {
	At     time.Time
	Amount kpi.Micros
}

// Refunded totals the refunds made so far.
func (o Order) Refunded() kpi.Micros {
	var sum kpi.Micros
	for _, r := range o.Refunds {
		sum += r.Amount
	}
	return sum
}

// Name is the number that the merchant sees.
func (o Order) Name() string { return "#" + strconv.FormatInt(o.ID%100_000_000, 10) }

// order is an Order with its whole future.
type order struct {
	id          int64
	click, at   int64 // Unix seconds of the click and of the order
	total       kpi.Micros
	refund      kpi.Micros
	refundAt    int64 // 0 when nothing is ever given back
	cancelledAt int64 // 0 when it never is
	readyAt     int64 // when its journey is known; 0 when it never is
	repeat      int
	test        bool
	first, last UTM
	referrer    string
	dialled     string
	campaign    string
}

// change is a moment at which an order's Updated moves.
type change struct {
	at    int64
	order int32 // index in cohort.orders
}

// Fates of an order, as probabilities.
const (
	refundedShare  = 0.07
	partialShare   = 0.3 // of the refunded
	cancelledShare = 0.015
	testShare      = 0.002
	noJourneyShare = 0.02
	sharedShare    = 0.25 // of the over-claimed conversions: the customer came back on the shop's own link; the rest are view-throughs without any order
	journeyAfter   = 20 * time.Minute
	journeyWithin  = 100 * time.Minute
	refundAfter    = 24 * time.Hour
	refundWithin   = 21 * 24 * time.Hour
	cancelWithin   = 36 * time.Hour
)

// ordersPerDay bounds the orders of one campaign's click day; ids depend on it.
const ordersPerDay = 100_000

// place makes the shop orders that came of a day's sales. A platform claims
// more conversions than the shop sees orders with its UTM: some customers came
// back by a newsletter or directly, and some claims have no order at all.
func (day *cohort) place(w *World, c *campaign, d kpi.Date, sales []sale, r *rand.Rand) {
	own := c.meanCredit() / c.OverClaim
	shared := own + (1-own)*sharedShare
	for n, s := range sales {
		u, o := r.Float64(), c.order(r, s, w.spec.Shop.Currency)
		o.id = (int64(d)*1000+int64(c.index))*ordersPerDay + int64(n)
		switch other := w.lastVisit(r); {
		case u < own:
		case u < shared && other != nil:
			o.last, o.referrer, o.dialled, o.campaign = other.UTM, other.Referrer, other.Dialled, other.ID
		default:
			continue
		}
		day.orders = append(day.orders, o)
	}
	for i, o := range day.orders {
		for _, at := range []int64{o.at, o.refundAt, o.cancelledAt} {
			if at != 0 {
				day.changes = append(day.changes, change{at, int32(i)})
			}
		}
	}
	slices.SortStableFunc(day.changes, func(a, b change) int { return int(a.at - b.at) })
}

// lastVisit draws by whose link a shared customer came back.
func (w *World) lastVisit(r *rand.Rand) *campaign {
	own := w.campaigns[len(w.campaigns)-len(w.spec.Shop.Campaigns):]
	if len(own) == 0 {
		return nil
	}
	return own[r.IntN(len(own))]
}

// order draws what becomes of a sale in the shop.
func (c *campaign) order(r *rand.Rand, s sale, currency kpi.Currency) order {
	coin := MinorUnit(currency)
	o := order{click: s.click, at: s.at, total: max(toMinor(s.orderValue.Float()*c.rate, currency), coin), first: c.UTM, last: c.UTM,
		referrer: c.Referrer, dialled: c.Dialled, campaign: c.ID}
	refunded, partial, after := r.Float64(), r.Float64(), int64(logUniform(r, refundAfter.Seconds(), refundWithin.Seconds()))
	if refunded < refundedShare {
		o.refund, o.refundAt = o.total, s.at+after
		if partial < partialShare {
			o.refund = max(toMinor(o.total.Float()*partial/partialShare, currency), coin)
		}
	}
	if cancelled, after := r.Float64(), int64(r.Float64()*cancelWithin.Seconds()); cancelled < cancelledShare && o.refundAt == 0 {
		o.cancelledAt = s.at + 60 + after
	}
	if known, ready := r.Float64(), r.Int64N(int64((journeyWithin-journeyAfter)/time.Second)); known >= noJourneyShare {
		o.readyAt = s.at + int64(journeyAfter/time.Second) + ready
	}
	o.test = r.Float64() < testShare
	o.repeat = int(r.ExpFloat64() * 0.8)
	return o
}

// Orders lists the shop orders that were created in [from, to) and no later
// than asOf, as they stood at asOf, by creation. The shop has none that were made by
// telephone.
func (w *World) Orders(from, to, asOf time.Time) []Order {
	return w.created(from, to, asOf, false)
}

// Calls lists the orders that were made by telephone, as Orders does the others.
func (w *World) Calls(from, to, asOf time.Time) []Order {
	return w.created(from, to, asOf, true)
}

func (w *World) created(from, to, asOf time.Time, byTelephone bool) []Order {
	until := min(to.Unix(), asOf.Unix()+1)
	found := w.collect(from, to, maxDelay, func(o *order, changed int64) bool {
		return changed == o.at && o.at < until && (o.dialled != "") == byTelephone
	}, asOf)
	slices.SortFunc(found, func(a, b Order) int { return compareTimes(a.Created, b.Created, a.ID, b.ID) })
	return found
}

// Placed tells of each shop order that was created in [from, to) and no later than
// asOf, in no order: the campaign whose click came last, when it was placed and its
// total. Test orders are left out.
func (w *World) Placed(from, to, asOf time.Time, tell func(campaign string, at time.Time, total kpi.Micros)) {
	until := min(to.Unix(), asOf.Unix()+1)
	w.changed(from, to, maxDelay, asOf, func(o *order, changed int64) {
		if changed == o.at && o.at < until && o.dialled == "" && !o.test {
			tell(o.campaign, time.Unix(o.at, 0), o.total)
		}
	})
}

// OrdersUpdated lists the shop orders whose last change as of asOf lies in
// [from, to), by that change.
func (w *World) OrdersUpdated(from, to, asOf time.Time) []Order {
	until := asOf.Unix() + 1
	found := w.collect(from, to, maxDelay+refundWithin, func(o *order, changed int64) bool {
		return o.at < until && changed == o.updated(until) && o.dialled == ""
	}, asOf)
	slices.SortFunc(found, func(a, b Order) int { return compareTimes(a.Updated, b.Updated, a.ID, b.ID) })
	return found
}

func compareTimes(a, b time.Time, first, second int64) int {
	if c := a.Compare(b); c != 0 {
		return c
	}
	return int(first - second)
}

// collect returns the orders of changes when keep says so, see changed.
func (w *World) collect(from, to time.Time, age time.Duration, keep func(o *order, changed int64) bool, asOf time.Time) []Order {
	var found []Order
	w.changed(from, to, age, asOf, func(o *order, changed int64) {
		if keep(o, changed) {
			found = append(found, o.asOf(asOf.Unix()))
		}
	})
	return found
}

// changed looks at each change in [from, to) of clicks made up to age before.
func (w *World) changed(from, to time.Time, age time.Duration, asOf time.Time, look func(o *order, changed int64)) {
	from = latest(from, w.spec.Epoch)
	to = earliest(to, asOf.Add(time.Second))
	for _, c := range w.campaigns {
		first, last := kpi.DateOf(latest(from.Add(-age), w.spec.Epoch), c.zone), kpi.DateOf(to, c.zone)
		for d := first; d <= last; d++ {
			day := w.cohort(c, d)
			i, _ := slices.BinarySearchFunc(day.changes, from.Unix(), func(ch change, t int64) int { return int(ch.at - t) })
			for ; i < len(day.changes) && day.changes[i].at < to.Unix(); i++ {
				look(&day.orders[day.changes[i].order], day.changes[i].at)
			}
		}
	}
}

// updated is the last change before a Unix second.
func (o *order) updated(until int64) int64 {
	last := o.at
	for _, at := range []int64{o.refundAt, o.cancelledAt} {
		if at != 0 && at < until {
			last = max(last, at)
		}
	}
	return last
}

func (o *order) asOf(second int64) Order {
	out := Order{
		ID: o.id, Clicked: time.Unix(o.click, 0).UTC(), Created: time.Unix(o.at, 0).UTC(), Updated: time.Unix(o.updated(second+1), 0).UTC(), Test: o.test,
		Total: o.total, Tax: o.tax(), Shipping: o.shipping(),
		Journey: o.readyAt != 0, Ready: o.readyAt != 0 && o.readyAt <= second,
		First: o.first, Last: o.last, Referrer: o.referrer, Dialled: o.dialled, Repeat: o.repeat, Campaign: o.campaign,
	}
	if o.cancelledAt != 0 && o.cancelledAt <= second {
		out.Cancelled = time.Unix(o.cancelledAt, 0).UTC()
	}
	if o.refundAt != 0 && o.refundAt <= second {
		out.Refunds = []Refund{{time.Unix(o.refundAt, 0).UTC(), o.refund}}
	}
	return out
}

// tax is 19% on the goods, contained in the total, rounded to a cent.
func (o *order) tax() kpi.Micros {
	return (o.total/10_000*19 + 59) / 119 * 10_000
}

// shipping is charged on orders below 50.
func (o *order) shipping() kpi.Micros {
	if o.total < 50*kpi.MicrosPerUnit {
		return min(4_900_000, o.total)
	}
	return 0
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
