package world

import (
	"math/bits"
	"time"

	"adtop/kpi"
)

// AdGroup is a part of a campaign; Meta calls it an ad set.
type AdGroup struct {
	ID, Name string // the platform's
	Status   string // as of a Campaign
	Ads      []Ad
}

// Ad is what people see. Most of Google's ads have headlines and no name.
type Ad struct {
	ID, Name, Headline string
	Type               string // Google's ad type
	Status             string // as of a Campaign
	Share              int    // of the campaign's figures, relative to its other ads; at least 1
}

// Placement is where ads are shown.
type Placement struct {
	Network  string // Google's network, Meta's publisher platform
	Position string // within the network; "" where the platform names none
	Share    int    // of the campaign's figures, relative to the others; at least 1
}

// Part is what one ad did at one placement. In a campaign without ad groups
// Group and Ad are nil, in one without placements Placement is.
type Part struct {
	Group     *AdGroup
	Ad        *Ad
	Placement *Placement
	Metrics   kpi.Metrics
}

// division says how the figures of a campaign fall to its parts: unit by unit,
// in an order that repeats.
type division struct {
	parts []Part // without figures
	share []int  // of each part
	turns []int  // part that gets the next unit, for as many units as the shares add up to
}

func newDivision(c *campaign) division {
	var d division
	add := func(group *AdGroup, ad *Ad, share int) {
		if len(c.Placements) == 0 {
			d.parts, d.share = append(d.parts, Part{Group: group, Ad: ad}), append(d.share, share)
		}
		for i := range c.Placements {
			p := &c.Placements[i]
			d.parts, d.share = append(d.parts, Part{Group: group, Ad: ad, Placement: p}), append(d.share, share*p.Share)
		}
	}
	for i := range c.Groups {
		for j := range c.Groups[i].Ads {
			add(&c.Groups[i], &c.Groups[i].Ads[j], c.Groups[i].Ads[j].Share)
		}
	}
	if len(d.parts) == 0 {
		add(nil, nil, 1)
	}
	total := 0
	for _, share := range d.share {
		total += share
	}
	given := make([]int, len(d.parts))
	for turn := range total { // whoever lags most behind its share is next
		next := 0
		for i := range d.parts {
			if d.share[i]*(turn+1)-total*given[i] > d.share[next]*(turn+1)-total*given[next] {
				next = i
			}
		}
		given[next]++
		d.turns = append(d.turns, next)
	}
	return d
}

// deal divides units among the parts. Whoever has got some keeps them when
// there are more units.
func (d *division) deal(units int64, phase uint64, give func(part int, units int64)) {
	n := int64(len(d.turns))
	for i, share := range d.share {
		give(i, units/n*int64(share))
	}
	for turn := range uint64(units % n) {
		give(d.turns[(phase+turn)%uint64(n)], 1)
	}
}

// Parts divides the figures of one slot of a campaign among its ads and
// placements. They add up to the whole exactly. Revenue goes where the
// conversions are, and so do those after a view. start is the first instant of the slot.
func (w *World) Parts(account, campaign string, start time.Time, whole kpi.Metrics) []Part {
	c := w.of(account, campaign)
	d := &c.division
	parts := append([]Part(nil), d.parts...)
	phase := mix(c.key ^ uint64(start.Unix()))
	coin := MinorUnit(c.currency)
	for i := range parts {
		parts[i].Metrics.Has = whole.Has
	}
	d.deal(whole.Clicks, phase, func(i int, n int64) { parts[i].Metrics.Clicks += n })
	d.deal(whole.Impressions, phase, func(i int, n int64) { parts[i].Metrics.Impressions += n })
	d.deal(int64(whole.Cost/coin), phase, func(i int, n int64) { parts[i].Metrics.Cost += kpi.Micros(n) * coin })
	parts[0].Metrics.Cost += whole.Cost % coin
	unit := kpi.Micros(1)
	if whole.Conversions%kpi.MicrosPerUnit == 0 {
		unit = kpi.MicrosPerUnit
	}
	d.deal(int64(whole.Conversions/unit), phase, func(i int, n int64) { parts[i].Metrics.Conversions += kpi.Micros(n) * unit })
	var converted, paid, seen kpi.Micros
	for i := range parts {
		converted += parts[i].Metrics.Conversions
		due := proportion(whole.Revenue, converted, whole.Conversions)
		parts[i].Metrics.Revenue, paid = due-paid, due
		viewed := proportion(whole.ViewThrough, converted, whole.Conversions) / unit * unit
		parts[i].Metrics.ViewThrough, seen = viewed-seen, viewed
	}
	return parts
}

// proportion is sum·part/whole, rounded down; nothing of a whole of 0.
func proportion(sum, part, whole kpi.Micros) kpi.Micros {
	if whole == 0 {
		return 0
	}
	high, low := bits.Mul64(uint64(sum), uint64(part))
	quotient, _ := bits.Div64(high, low, uint64(whole))
	return kpi.Micros(quotient)
}

// HourParts lists the parts of every real hour of a day in order; an hour adds
// up to what Hours has for it.
func (w *World) HourParts(account, campaign string, d kpi.Date, asOf time.Time) [][]Part {
	zone := w.of(account, campaign).zone
	var all [][]Part
	for n, whole := range w.Hours(account, campaign, d, asOf) {
		all = append(all, w.Parts(account, campaign, d.Start(zone).Add(time.Duration(n)*time.Hour), whole))
	}
	return all
}

// DayParts lists the parts of a day: the sums of those of its hours, and what
// the platform reports by day only. They add up to what Day has.
func (w *World) DayParts(account, campaign string, d kpi.Date, asOf time.Time) []Part {
	c := w.of(account, campaign)
	whole := w.Day(account, campaign, d, asOf)
	rest := whole
	parts := append([]Part(nil), c.division.parts...)
	add := func(more []Part) {
		for i := range parts {
			sum, err := parts[i].Metrics.Add(more[i].Metrics)
			if err != nil {
				panic("world: " + err.Error()) // a day comes nowhere near the range of int64
			}
			parts[i].Metrics = sum
		}
	}
	for _, hour := range w.HourParts(account, campaign, d, asOf) {
		for _, part := range hour {
			rest = rest.Only(kpi.AllFields &^ part.Metrics.Has)
		}
		add(hour)
	}
	add(w.Parts(account, campaign, d.Start(c.zone), rest))
	return parts
}
