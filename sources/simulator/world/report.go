package world

import (
	"time"

	"adtop/kpi"
)

// lookBack is how many click days before a day can still bring it orders.
const lookBack = kpi.Date(maxDelay/(24*time.Hour)) + 1

// Reports says which metrics a platform reports by hour and by day. Meta's
// hours carry no purchases, a partner network knows no impressions.
func Reports(platform string, hourly bool) kpi.Fields {
	switch {
	case platform == Meta && hourly:
		return kpi.Impressions | kpi.Clicks | kpi.Cost
	case platform == CSV:
		return kpi.Usual &^ kpi.Impressions
	case tellsViews[platform]:
		return kpi.AllFields
	}
	return kpi.Usual
}

// tellsViews are the platforms that report how many of their conversions followed a
// view without a click.
var tellsViews = map[string]bool{Meta: true, LinkedIn: true, Pinterest: true, Reddit: true, Snapchat: true, Taboola: true, Amazon: true, Apple: true}

// Hour is one real hour as the platform reports it at asOf, with conversions
// credited to the hour of the click (in a partner network, of the order). start
// is the first instant of the hour. Money is in the account's currency. An hour
// that had not begun at asOf has no fields at all; the running one is partial.
// It panics for an unknown campaign.
func (w *World) Hour(account, campaign string, start, asOf time.Time) kpi.Metrics {
	c := w.of(account, campaign)
	d := kpi.DateOf(start, c.zone)
	day := w.cohort(c, d)
	i := int((start.Unix() - day.start) / 3600)
	if i >= len(day.hours) {
		return w.blank(c, start, asOf, true)
	}
	return w.hour(c, d, day, i, asOf)
}

// Hours lists the real hours of a day in order, each as Hour returns it.
func (w *World) Hours(account, campaign string, d kpi.Date, asOf time.Time) []kpi.Metrics {
	c := w.of(account, campaign)
	day := w.cohort(c, d)
	hours := make([]kpi.Metrics, len(day.hours))
	for i := range hours {
		hours[i] = w.hour(c, d, day, i, asOf)
	}
	return hours
}

// Day is a whole day as the platform reports it at asOf: the exact sum of its
// hours, Meta excepted. Meta books each purchase on the day it
// was made, so that its days hold purchases of clicks up to seven days before.
func (w *World) Day(account, campaign string, d kpi.Date, asOf time.Time) kpi.Metrics {
	c := w.of(account, campaign)
	day := w.cohort(c, d)
	if len(day.hours) == 0 && !c.datedByOrder() {
		return w.blank(c, d.Start(c.zone), asOf, false)
	}
	if asOf.Unix() < day.start {
		return kpi.Metrics{}
	}
	m := kpi.Metrics{Has: c.reported(false)}
	for i := range day.hours {
		spent(&m, &day.hours[i], asOf, c.currency)
	}
	if c.datedByOrder() {
		w.arrived(&m, c, d, day.start, min(d.End(c.zone).Unix(), asOf.Unix()+1))
	} else {
		earned(&m, day.sales.before(asOf.Unix()+1))
	}
	return m.Only(c.reported(false))
}

// Visits are the clicks and impressions of a campaign, its shop's own among them, in
// the hours that begin in [from, to), as of an instant. It panics for an unknown
// campaign.
func (w *World) Visits(campaign string, from, to, asOf time.Time) kpi.Metrics {
	c := w.must(campaign)
	m := kpi.Metrics{Has: kpi.Impressions | kpi.Clicks}
	for at := from; at.Before(to) && !at.After(asOf); at = at.Add(time.Hour) {
		day := w.cohort(c, kpi.DateOf(at, c.zone))
		if i := int((at.Unix() - day.start) / 3600); i < len(day.hours) {
			spent(&m, &day.hours[i], asOf, c.currency)
		}
	}
	return m.Only(m.Has)
}

func (w *World) of(account, campaign string) *campaign {
	c := w.must(campaign)
	if c.account == nil || c.account.ID != account {
		panic("world: campaign " + campaign + " is not in account " + account)
	}
	return c
}

// datedByOrder says whether conversions are booked on the order's day rather
// than the click's.
func (c *campaign) datedByOrder() bool {
	return c.account.Platform == Meta || c.account.Platform == CSV
}

func (c *campaign) reported(hourly bool) kpi.Fields {
	return Reports(c.account.Platform, hourly) &^ c.Lacks
}

// blank is a slot in which nothing happened.
func (w *World) blank(c *campaign, start, asOf time.Time, hourly bool) kpi.Metrics {
	if asOf.Before(start) {
		return kpi.Metrics{}
	}
	return kpi.Metrics{Has: c.reported(hourly)}
}

func (w *World) hour(c *campaign, d kpi.Date, day *cohort, i int, asOf time.Time) kpi.Metrics {
	h := &day.hours[i]
	if asOf.Unix() < h.start {
		return kpi.Metrics{}
	}
	m := kpi.Metrics{Has: c.reported(true)}
	spent(&m, h, asOf, c.currency)
	if c.datedByOrder() {
		end := d.End(c.zone).Unix()
		w.arrived(&m, c, d, h.start, min(h.start+3600, end, asOf.Unix()+1))
	} else {
		earned(&m, h.sales.before(asOf.Unix()+1))
	}
	return m.Only(c.reported(true))
}

// spent adds what an hour had cost by asOf. A running hour spends evenly.
func spent(m *kpi.Metrics, h *clickHour, asOf time.Time, currency kpi.Currency) {
	elapsed := min(asOf.Unix()-h.start, 3600)
	if elapsed <= 0 {
		return
	}
	coin := MinorUnit(currency)
	m.Cost += h.cost / coin * kpi.Micros(elapsed) / 3600 * coin
	m.Clicks += h.clicks * elapsed / 3600
	m.Impressions += h.impressions * elapsed / 3600
}

// arrived adds the sales of all clicks that were made in [from, to).
func (w *World) arrived(m *kpi.Metrics, c *campaign, d kpi.Date, from, to int64) {
	for back := range lookBack + 1 {
		earned(m, w.cohort(c, d-back).sales.between(from, to))
	}
}

func earned(m *kpi.Metrics, a amount) {
	m.Conversions += a.credit
	m.ViewThrough += a.views
	m.Revenue += a.value
	m.Cost += a.cost
}
