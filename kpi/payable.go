package kpi

// OfPart is the economics of a part of a channel, such as a campaign: without what
// belongs to the channel as a whole, its fixed fees and the cap of its payouts.
func (e Economics) OfPart() Economics {
	e.FixedFeesPerMonth, e.PayoutCap, e.HoldDays = 0, 0, 0
	return e
}

// Payable is what is due between a channel and its partners for some days.
type Payable struct {
	Capped Micros // of the payouts, what is not due: it is beyond the cap
	Held   Micros // what is paid later: payouts, or revenue where nothing is paid out
	Until  Date   // when the last of Held is paid; 0 without any
}

// Payable looks at each of some days, as of today. Payouts of a day or a month are due
// up to the cap, first come, first paid; byDay has to hold the month of the first day
// from its beginning where the cap is a month's. What is not known of a day is none.
func (e Economics) Payable(byDay map[Date]Metrics, days DateRange, today Date) (p Payable, err error) {
	if e.PayoutCap == 0 && e.HoldDays == 0 {
		return p, nil
	}
	begin := days.From
	if e.PayoutCapMonthly {
		begin = begin.FirstOfMonth()
	}
	var sum Micros // of the payouts since the cap counts
	for d := begin; d <= days.To; d++ {
		if !e.PayoutCapMonthly || d == d.FirstOfMonth() {
			sum = 0
		}
		owed, err := e.due(byDay[d])
		if err != nil {
			return p, err
		}
		before := sum
		if sum, err = sum.Add(owed); err != nil {
			return p, err
		}
		due := owed
		if e.PayoutCap != 0 {
			due = min(sum, e.PayoutCap) - min(before, e.PayoutCap)
		}
		if d < days.From {
			continue
		}
		if p.Capped, err = p.Capped.Add(owed - due); err != nil {
			return p, err
		}
		if paid := d + Date(e.HoldDays); due != 0 && e.HoldDays > 0 && paid > today {
			if p.Held, err = p.Held.Add(due); err != nil {
				return p, err
			}
			p.Until = paid
		}
	}
	return p, nil
}

// due is what passes between a channel and its partners for m: payouts, as reported or
// by the model, or what the channel itself earns.
func (e Economics) due(m Metrics) (Micros, error) {
	switch e.Payout {
	case ReportedPayout:
		return m.Cost, nil
	case NoPayout:
		value, _, err := e.Value(m)
		return value, err
	}
	owed, err := e.Payouts(m)
	return owed.Micros, err
}
