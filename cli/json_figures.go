package cli

import (
	"adtop/kpi"
	"adtop/snapshot"
)

type jsonFigures struct {
	Impressions  *int64   `json:"impressions"`
	Clicks       *int64   `json:"clicks"`
	Cost         *string  `json:"cost"`
	Conversions  *string  `json:"conversions"`
	ViewThrough  *string  `json:"view_through_conversions"` // of conversions
	Revenue      *string  `json:"revenue"`
	Contribution *string  `json:"contribution"`
	Profit       *string  `json:"profit"`
	FixedFees    string   `json:"fixed_fees"`
	CTR          *float64 `json:"ctr"`
	CPC          *float64 `json:"cpc"`
	CPM          *float64 `json:"cpm"`
	CVR          *float64 `json:"cvr"`
	CPA          *float64 `json:"cpa"`
	AOV          *float64 `json:"aov"`
	ROAS         *float64 `json:"roas"`
	POAS         *float64 `json:"poas"`
	Maturity     *float64 `json:"maturity"`

	NewCustomersShare *float64 `json:"new_customers_share"`
	NewCustomerCPA    *float64 `json:"new_customer_cpa"`

	Pending *jsonPending `json:"pending"` // null where nothing is
	Capped  *string      `json:"payouts_beyond_cap"`
	Held    *string      `json:"on_hold"`
	Until   *string      `json:"on_hold_until"`

	ImpressionShare      *float64 `json:"impression_share"`
	ImpressionShareBound *string  `json:"impression_share_bound"` // "below" or "above" where the share is such a bound
}

// jsonPending is the part of figures that nobody has approved yet.
type jsonPending struct {
	jsonResults
	Counted jsonResults `json:"counted"` // what of it is in the figures
}

type jsonResults struct {
	Conversions *string `json:"conversions"`
	Revenue     *string `json:"revenue"`
	Cost        *string `json:"cost"`
}

func figuresOf(f snapshot.Figures) jsonFigures {
	m := f.Metrics
	out := jsonFigures{
		Cost: decimal(m.Cost, m.Knows(kpi.Cost)), Conversions: decimal(m.Conversions, m.Knows(kpi.Conversions)), Revenue: decimal(m.Revenue, m.Knows(kpi.Revenue)),
		ViewThrough: decimal(m.ViewThrough, m.Knows(kpi.ViewThrough)), Contribution: decimal(f.Contribution.Micros, f.Contribution.Known), Profit: decimal(f.Profit.Micros, f.Profit.Known), FixedFees: f.Fees.Decimal(2),
		CTR: number(m.CTR()), CPC: number(m.CPC()), CPM: number(m.CPM()), CVR: number(m.CVR()), CPA: number(m.CPA()), AOV: number(m.AOV()),
		ROAS: number(m.ROAS()), POAS: number(f.POAS()), Maturity: number(f.Maturity),
		NewCustomersShare: number(f.NewShare()), NewCustomerCPA: number(f.NewCPA()),
	}
	if p := f.Payable; p.Capped != 0 {
		out.Capped = decimal(p.Capped, true)
	}
	if p := f.Payable; p.Until != 0 {
		out.Held, out.Until = decimal(p.Held, true), text(p.Until.String())
	}
	if p := f.Pending; p.Any() {
		out.Pending = &jsonPending{resultsOf(p.Reported), resultsOf(p.Counted)}
	}
	if s := f.ImpressionShare; s.Known {
		out.ImpressionShare = number(kpi.Ratio{Value: s.Value, OK: true})
		out.ImpressionShareBound = map[kpi.Bound]*string{kpi.Below: text("below"), kpi.Above: text("above")}[s.Bound]
	}
	if m.Knows(kpi.Impressions) {
		out.Impressions = &m.Impressions
	}
	if m.Knows(kpi.Clicks) {
		out.Clicks = &m.Clicks
	}
	return out
}

// knownFigures is null where nothing is known to compare with.
func knownFigures(f snapshot.Figures) *jsonFigures {
	if !f.Known {
		return nil
	}
	figures := figuresOf(f)
	return &figures
}

func resultsOf(m kpi.Metrics) jsonResults {
	return jsonResults{decimal(m.Conversions, m.Knows(kpi.Conversions)), decimal(m.Revenue, m.Knows(kpi.Revenue)), decimal(m.Cost, m.Knows(kpi.Cost))}
}
