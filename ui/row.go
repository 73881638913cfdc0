package ui

import (
	"cmp"
	"math"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
)

// row is one line of the tables of figures: a channel, or what it is made of.
// It is comparable, so that an unchanged row is not drawn again.
type row struct {
	id, name    string
	now, before snapshot.Figures
	same        snapshot.Figures // what before compares with, where that is not now
	share       kpi.Ratio        // of the spend of all lines
	trend       trend
	costless    bool
	verdict     kpi.Verdict // "" where none is given
	p           kpi.Ratio
	silent      string // how long there has been no data, "" otherwise
	status      string // the platform's word
	account     string
}

// compared are the figures that before compares with.
func (r *row) compared() snapshot.Figures { return r.same.Or(r.now) }

// channelRow is the row of c at the moment now of the data's clock.
func channelRow(c *snapshot.Channel, now time.Time) row {
	r := row{
		id: c.Name, name: c.Name, now: c.Now, same: c.Same, before: c.Before, costless: c.Costless,
		trend: trendOf(c.Days), verdict: c.Verdict, p: c.P,
	}
	if c.Verdict == kpi.NoData && !c.Watermark.IsZero() {
		r.silent = age(now.Sub(c.Watermark))
	}
	return r
}

// campaignRow is the row of a campaign, an account, an ad group or an ad.
func campaignRow(c *snapshot.Campaign) row {
	return row{
		id: campaignID(c), name: cmp.Or(c.Name, c.ID), status: c.Status, account: c.Account,
		now: c.Now, same: c.Same, before: c.Before, trend: trendOf(c.Days), verdict: c.Verdict, p: c.P,
	}
}

func campaignID(c *snapshot.Campaign) string { return c.Source + "/" + c.Account + "/" + c.ID }

// shareSpend tells each row its part of what all of them spent, in whole
// percents: a row must not be drawn again because another one spent a little.
func shareSpend(rows []row) {
	var total float64
	for i := range rows {
		total += max(0, cost(&rows[i]).Value)
	}
	if total <= 0 {
		return
	}
	for i := range rows {
		if c := cost(&rows[i]); c.OK && !rows[i].costless {
			rows[i].share = kpi.Ratio{Value: math.Round(100*c.Value/total) / 100, OK: true}
		}
	}
}

// byAttention puts first what needs a look: losses by certainty, then what
// cannot be judged, then what is well; within them by spend.
func byAttention(a, b *row) int {
	if by := cmp.Compare(urgency(a.verdict), urgency(b.verdict)); by != 0 {
		return by
	}
	if a.verdict == kpi.Unprofitable || a.verdict == kpi.AtRisk {
		if by := compareRatios(b.p, a.p); by != 0 {
			return by
		}
	}
	return cmp.Compare(b.now.Metrics.Cost, a.now.Metrics.Cost)
}

func urgency(v kpi.Verdict) int {
	switch v {
	case kpi.Unprofitable:
		return 0
	case kpi.AtRisk:
		return 1
	case kpi.NoData:
		return 2
	case kpi.TooEarly:
		return 3
	case kpi.Profitable:
		return 4
	}
	return 5
}

// bySpend puts first what spent most, then what earned most.
func bySpend(a, b *row) int {
	return cmp.Or(cmp.Compare(b.now.Metrics.Cost, a.now.Metrics.Cost), cmp.Compare(b.now.Metrics.Revenue, a.now.Metrics.Revenue))
}
