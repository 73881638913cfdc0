package kpi

import "fmt"

// Basis says what a revenue figure contains.
type Basis string

// What revenue can mean. The zero value leaves it to the adapter's default.
const (
	Gross     Basis = "gross"       // as charged: with tax and shipping, refunds taken off
	NetOfTax  Basis = "net_tax"     // without tax
	NetOfBoth Basis = "net"         // without tax and shipping: what the goods brought
	Ordered   Basis = "ordered"     // as first ordered, before refunds
	Reported  Basis = "as_reported" // whatever the platform's conversion value is set up to hold
)

// PayoutModel says for what a partner is paid.
type PayoutModel string

// The payout models. CPC pays by click; CPL, CPA and CPI by conversion: a lead, an
// order, an install; RevenueShare a share of revenue; Hybrid both for a conversion
// and a share. With ReportedPayout the source of the results tells what each of them
// costs: that is in Metrics.Cost, and no payout comes on top.
const (
	NoPayout     PayoutModel = ""
	CPC          PayoutModel = "cpc"
	CPL          PayoutModel = "cpl"
	CPA          PayoutModel = "cpa"
	CPI          PayoutModel = "cpi"
	RevenueShare PayoutModel = "revenue_share"
	Hybrid       PayoutModel = "hybrid"

	ReportedPayout PayoutModel = "reported"
)

// ByConversion says whether the model pays an amount for each conversion.
func (m PayoutModel) ByConversion() bool { return m == CPL || m == CPA || m == CPI || m == Hybrid }

// ByShare says whether the model pays a share of revenue.
func (m PayoutModel) ByShare() bool { return m == RevenueShare || m == Hybrid }

// Economics turns a channel's revenue into money earned. All amounts are in
// the display currency.
type Economics struct {
	Margin             Micros // share of revenue that remains after goods, payment fees and the like; 450_000 is 45%
	Basis              Basis  // what the revenue figure contains
	ValuePerConversion Micros // money a conversion or lead is worth; 0 means the revenue that was reported
	Payout             PayoutModel
	PayoutAmount       Micros // money for each click (CPC) or conversion (CPL, CPA, CPI, Hybrid)
	PayoutShare        Micros // share of revenue (RevenueShare, Hybrid)
	PayoutApproval     Micros `json:",omitempty"` // share of conversions, and of their revenue, that partners are paid for; 0 means all
	PayoutCap          Micros `json:",omitempty"` // money: payouts of a day or month are due up to it; 0 means all
	PayoutCapMonthly   bool   `json:",omitempty"` // it is of a calendar month
	HoldDays           int    `json:",omitempty"` // payouts, or revenue where nothing is paid out, are paid so many days later
	FixedFeesPerMonth  Micros // money: retainers and tools; they enter Profit, never the evidence
	TargetROAS         Micros // what the user steers by, 0 when not set; 2_500_000 is 2.5
	TargetCPA          Micros // money, 0 when not set
}

// Value returns the channel's revenue: as reported, or conversions times
// ValuePerConversion where that is set.
func (e Economics) Value(m Metrics) (Micros, bool, error) {
	if e.ValuePerConversion == 0 {
		return m.Revenue, m.Knows(Revenue), nil
	}
	if !m.Knows(Conversions) {
		return 0, false, nil
	}
	value, err := m.Conversions.Times(e.ValuePerConversion)
	return value, true, err
}

// KeptShare is the share of revenue that is left after margin and a revenue
// share, in millionths; it may be zero or negative.
func (e Economics) KeptShare() Micros {
	if e.Payout.ByShare() {
		return e.Margin - e.approved(e.PayoutShare)
	}
	return e.Margin
}

// PayoutPerConversion is what a conversion costs in payouts on average, its share of
// revenue apart. It is for estimates; sums are Payouts.
func (e Economics) PayoutPerConversion() Micros {
	if e.Payout.ByConversion() {
		return e.approved(e.PayoutAmount)
	}
	return 0
}

// approved is the part of an amount that is paid for. The approval is a share up to
// one, so that it fits.
func (e Economics) approved(m Micros) Micros {
	if e.PayoutApproval == 0 || e.Payout == CPC {
		return m
	}
	part, err := m.Times(e.PayoutApproval)
	if err != nil {
		return m
	}
	return part
}

// Payouts returns what partners are owed for m. It is unknown while that is which
// they are paid for.
func (e Economics) Payouts(m Metrics) (Amount, error) {
	var owed Micros
	if e.Payout == CPC {
		if !m.Knows(Clicks) {
			return Amount{}, nil
		}
		owed, err := mulDiv(e.PayoutAmount, m.Clicks, 1)
		return Amount{owed, true}, err
	}
	if e.Payout.ByConversion() {
		if !m.Knows(Conversions) {
			return Amount{}, nil
		}
		fixed, err := m.Conversions.Times(e.PayoutAmount)
		if err != nil {
			return Amount{}, err
		}
		owed = fixed
	}
	if e.Payout.ByShare() {
		value, known, err := e.Value(m)
		if err != nil || !known {
			return Amount{}, err
		}
		part, err := value.Times(e.PayoutShare)
		if err != nil {
			return Amount{}, err
		}
		if owed, err = owed.Add(part); err != nil {
			return Amount{}, err
		}
	}
	if e.PayoutApproval == 0 {
		return Amount{owed, true}, nil
	}
	owed, err := owed.Times(e.PayoutApproval)
	return Amount{owed, true}, err
}

// Amount is money that may be unknown.
type Amount struct {
	Micros Micros
	Known  bool
}

// Float returns the amount as a Ratio in units of money, for drawing.
func (a Amount) Float() Ratio { return Ratio{a.Micros.Float(), a.Known} }

// Contribution is revenue·margin − payouts, before fixed fees. It is unknown
// while the revenue is, or the payouts are.
func (e Economics) Contribution(m Metrics) (Amount, error) {
	value, known, err := e.Value(m)
	if err != nil || !known {
		return Amount{}, err
	}
	earned, err := value.Times(e.Margin)
	if err != nil {
		return Amount{}, err
	}
	payouts, err := e.Payouts(m)
	if err != nil || !payouts.Known {
		return Amount{}, err
	}
	contribution, err := earned.Add(-payouts.Micros)
	return Amount{contribution, true}, err
}

// Profit is contribution − cost − fees, where fees are the fixed fees that
// fall into the range. A channel without any cost field (e-mail, a shop's own
// visitors) has a cost of zero by nature when costless is set; otherwise an
// unknown cost leaves the profit unknown.
func (e Economics) Profit(m Metrics, fees Micros, costless bool) (Amount, error) {
	contribution, err := e.Contribution(m)
	if err != nil || !contribution.Known || (!m.Knows(Cost) && !costless) {
		return Amount{}, err
	}
	profit, err := contribution.Micros.Add(-m.Cost)
	if err != nil {
		return Amount{}, err
	}
	profit, err = profit.Add(-fees)
	return Amount{profit, true}, err
}

// FixedFees returns the part of the monthly fees that falls on days, each day
// bearing its month's equal share.
func (e Economics) FixedFees(days DateRange) (Micros, error) {
	var total Micros
	for d := days.From; e.FixedFeesPerMonth != 0 && d <= days.To; {
		first := d.FirstOfMonth()
		year, month := d.Month()
		next := NewDate(year, month+1, 1)
		last := min(days.To, next-1)
		part, err := mulDiv(e.FixedFeesPerMonth, int64(last-d)+1, int64(next-first))
		if err != nil {
			return 0, err
		}
		if total, err = total.Add(part); err != nil {
			return 0, err
		}
		d = last + 1
	}
	return total, nil
}

// BreakEvenROAS is the revenue per unit of cost at which contribution equals
// cost: 1/(margin − revenue share), payouts by click or conversion left out.
// It is undefined when nothing of the revenue is kept.
func (e Economics) BreakEvenROAS() Ratio {
	kept := e.KeptShare()
	return ratioOf(1, kept.Float(), kept > 0)
}

// BreakEvenCPA is what a conversion may cost at an order value of aov money,
// ValuePerConversion winning over it: its contribution after payouts.
func (e Economics) BreakEvenCPA(aov Ratio) Ratio {
	if e.ValuePerConversion != 0 {
		aov = Ratio{e.ValuePerConversion.Float(), true}
	}
	cpa := aov.Value*e.KeptShare().Float() - e.PayoutPerConversion().Float()
	return Ratio{cpa, aov.OK && cpa > 0}
}

// Check says what is wrong with the economics, in words for the user.
func (e Economics) Check() error {
	switch {
	case e.Margin <= 0 || e.Margin > MicrosPerUnit:
		return fmt.Errorf("margin is %s: expected a share above 0 and up to 1, such as 0.45", e.Margin.Decimal(2))
	case e.PayoutShare < 0 || e.PayoutAmount < 0 || e.FixedFeesPerMonth < 0 || e.ValuePerConversion < 0:
		return fmt.Errorf("amounts of economics cannot be negative")
	case e.HoldDays > 0 && e.Payout == CPC:
		return fmt.Errorf("hold: clicks are paid for at once: remove it")
	case e.PayoutApproval < 0 || e.PayoutApproval > MicrosPerUnit:
		return fmt.Errorf("approval is %s: expected a share above 0 and up to 1, such as 0.85", e.PayoutApproval.Decimal(2))
	case e.KeptShare() <= 0:
		return fmt.Errorf("revenue share %s leaves nothing of the margin %s: every sale would lose money", e.PayoutShare.Decimal(2), e.Margin.Decimal(2))
	}
	return nil
}
