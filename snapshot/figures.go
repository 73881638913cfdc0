package snapshot

import (
	"adtop/kpi"
)

// Figures are the sums of one channel, campaign or account over a range.
type Figures struct {
	Metrics      kpi.Metrics // Revenue is what Economics.Value says it is worth
	Contribution kpi.Amount  // before fixed fees
	Profit       kpi.Amount  // contribution − cost − fixed fees
	Fees         kpi.Micros  // fixed fees contained in Profit
	Payable      kpi.Payable // of a channel by the day: what is beyond a cap, or on hold
	Maturity     kpi.Ratio   // share of the final conversions visible by now, weighted by spend (by conversions where there is none)
	Known        bool        // false when nothing was observed of the range
	Pending      Undecided   // the part of Metrics that nobody has approved yet
	// ImpressionShare is that of searches, over the days of a range that are
	// complete; of a channel's and a campaign's Now alone.
	ImpressionShare kpi.Share
	// New are the conversions of new customers, and Told those of which it is known
	// whether the customer was new, pending ones as far as they count. Of a channel's and an account's range alone.
	New, Told kpi.Micros
}

// Undecided are results that are neither approved nor rejected. They count at the rate
// at which such of their age end approved; those that are rejected leave.
type Undecided struct {
	Reported kpi.Metrics // as if all of it will be approved
	Counted  kpi.Metrics // what of it is in the figures
}

// Any says whether anything is pending.
func (p Undecided) Any() bool { return p.Reported.Conversions != 0 || p.Reported.Revenue != 0 }

// Approval is what is known of how the pending results of a source end.
type Approval struct {
	Source, Account    string
	Approved, Rejected int     // events that are decided
	Assumed            float64 // share that counts as if it stood for Behind decided events more
	Behind             int
}

// Rate is the approval rate: approved of those decided.
func (a Approval) Rate() kpi.Ratio {
	n := a.Approved + a.Rejected
	if n == 0 {
		return kpi.Ratio{}
	}
	return kpi.Ratio{Value: float64(a.Approved) / float64(n), OK: true}
}

// Or returns f where it is known, else g.
func (f Figures) Or(g Figures) Figures {
	if f.Known {
		return f
	}
	return g
}

// POAS is contribution per unit of cost.
func (f Figures) POAS() kpi.Ratio {
	if !f.Contribution.Known || !f.Metrics.Knows(kpi.Cost) || f.Metrics.Cost == 0 {
		return kpi.Ratio{}
	}
	return kpi.Ratio{Value: f.Contribution.Micros.Float() / f.Metrics.Cost.Float(), OK: true}
}

// NewShare is the part of new customers in the conversions of which it is known.
func (f Figures) NewShare() kpi.Ratio {
	if f.Told <= 0 {
		return kpi.Ratio{}
	}
	return kpi.Ratio{Value: f.New.Float() / f.Told.Float(), OK: true}
}

// fewestTold is the part of conversions of which it has to be known whose they are, to
// take the others to be like them.
const fewestTold = 0.8

// NewCPA is the cost of a new customer, in units of money: the CPA over the share of
// new ones. It is unknown where nobody knows of more than a fifth of the conversions.
func (f Figures) NewCPA() kpi.Ratio {
	cpa := f.Metrics.CPA()
	if !cpa.OK || f.New <= 0 || f.Told.Float() < fewestTold*f.Metrics.Conversions.Float() {
		return kpi.Ratio{}
	}
	return kpi.Ratio{Value: cpa.Value * f.Told.Float() / f.New.Float(), OK: true}
}

// Day is the figure of one account-local day.
type Day struct {
	Date    kpi.Date
	Figures Figures
}
