package monitor

import (
	"fmt"
	"slices"

	"adtop/kpi"
	"adtop/profit"
	"adtop/sources"
	"adtop/store"
)

// open chooses the recipe by where the channel's results come from.
func (c *weighed) open(o *Options, ch Channel) {
	p := profit.Params{Zone: o.Zone, Feed: profit.ByOrder, OrderValue: orderValue(ch.Economics)}
	for _, src := range o.Sources {
		if slices.Contains(c.results, src.Name) {
			p.Feed, p.Prior = feedOf(src.Definition), prior(src.Definition)
			break
		}
	}
	c.detector, c.byEvent = profit.New(p), p.Feed == profit.ByOrder
}

// orderValue is what a conversion is worth net of payouts, as value does it; 0
// when only the orders will tell.
func orderValue(e kpi.Economics) float64 {
	worth := e.ValuePerConversion.Float()
	if worth > 0 && e.KeptShare() > 0 {
		worth -= e.PayoutPerConversion().Float() / e.KeptShare().Float()
	}
	return max(0, worth)
}

func feedOf(d sources.Definition) profit.Feed {
	switch {
	case d.Events || d.Dating != sources.ByClick:
		return profit.ByOrder
	case d.Grain == sources.Hour:
		return profit.ByClickHour
	}
	return profit.ByDay
}

func prior(d sources.Definition) profit.Curve {
	var c profit.Curve
	for _, p := range d.Delay {
		c = append(c, profit.CurvePoint{Age: p.Age, Share: p.Share})
	}
	return c
}

// value applies the channel's economics to a version: spend becomes the
// revenue that would break even, payouts by click count as spend, payouts by
// conversion come off the value. Pending results count at the rate of approval.
func (w *weigher) value(channel int, account store.Account, v store.PartVersion) (floats, error) {
	m, err := w.rates.convert(v.Metrics.Only(v.Part.Fields), account.Currency, v.Slot.Date)
	if err != nil {
		return floats{}, err
	}
	if v.Part.Pending {
		if m, err = m.Times(w.approvedAt(v)); err != nil {
			return floats{}, err
		}
	}
	eco := w.o.Channels[channel].Economics
	kept := eco.KeptShare().Float()
	if kept <= 0 {
		return floats{}, fmt.Errorf("nothing of the revenue is kept")
	}
	value, _, err := eco.Value(m)
	if err != nil {
		return floats{}, err
	}
	f := floats{spend: m.Cost.Float() / kept, clicks: float64(m.Clicks), conversions: m.Conversions.Float(), value: value.Float()}
	if v.Part.Fields&kpi.Conversions == 0 {
		f.claimed = v.Metrics.Conversions.Float()
	}
	if eco.Payout == kpi.CPC {
		f.spend += float64(m.Clicks) * eco.PayoutAmount.Float() / kept
	}
	f.value -= f.conversions * eco.PayoutPerConversion().Float() / kept
	return f, nil
}
