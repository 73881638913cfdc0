package monitor

import (
	"errors"

	"adtop/kpi"
	"adtop/snapshot"
)

// sumUp adds the channels. Money that is unknown in one channel is left out of
// the sum, and the channel's own row says so. So are impressions and clicks that
// came without any spend: they would make those that were paid for look cheaper.
func sumUp(s *snapshot.Snapshot) error {
	var problems []error
	add := func(sum *snapshot.Figures, f snapshot.Figures) {
		var err error
		*sum, err = plus(*sum, f)
		problems = append(problems, err)
	}
	for _, ch := range s.Channels {
		add(&s.Total, ch.Now)
		add(&s.Before, ch.Before)
		add(&s.Same, ch.Same)
		for i, d := range ch.Days {
			if i == len(s.Days) {
				s.Days = append(s.Days, snapshot.Day{Date: d.Date})
			}
			add(&s.Days[i].Figures, d.Figures)
		}
	}
	return errors.Join(problems...)
}

// plus adds the figures of a channel to a sum of channels.
func plus(a, b snapshot.Figures) (sum snapshot.Figures, err error) {
	if !b.Metrics.Knows(kpi.Cost) {
		b.Metrics = b.Metrics.Only(kpi.AllFields &^ (kpi.Impressions | kpi.Clicks))
	}
	sum = snapshot.Figures{Known: a.Known || b.Known, Maturity: blend(a, b)}
	sum.Contribution.Known, sum.Profit.Known = a.Contribution.Known || b.Contribution.Known, a.Profit.Known || b.Profit.Known
	for _, part := range []struct {
		to   *kpi.Metrics
		a, b kpi.Metrics
	}{
		{&sum.Metrics, a.Metrics, b.Metrics},
		{&sum.Pending.Reported, a.Pending.Reported, b.Pending.Reported},
		{&sum.Pending.Counted, a.Pending.Counted, b.Pending.Counted},
	} {
		if *part.to, err = part.a.Add(part.b); err != nil {
			return sum, err
		}
	}
	for _, part := range []struct {
		to   *kpi.Micros
		a, b kpi.Micros
	}{
		{&sum.Contribution.Micros, a.Contribution.Micros, b.Contribution.Micros},
		{&sum.Profit.Micros, a.Profit.Micros, b.Profit.Micros},
		{&sum.Fees, a.Fees, b.Fees}, {&sum.New, a.New, b.New}, {&sum.Told, a.Told, b.Told},
		{&sum.Payable.Capped, a.Payable.Capped, b.Payable.Capped}, {&sum.Payable.Held, a.Payable.Held, b.Payable.Held},
	} {
		if *part.to, err = part.a.Add(part.b); err != nil {
			return sum, err
		}
	}
	sum.Payable.Until = max(a.Payable.Until, b.Payable.Until)
	return sum, nil
}

// blend weighs two maturities by what they are maturities of.
func blend(a, b snapshot.Figures) kpi.Ratio {
	switch {
	case !a.Maturity.OK:
		return b.Maturity
	case !b.Maturity.OK:
		return a.Maturity
	}
	wa, wb := weight(a.Metrics), weight(b.Metrics)
	if wa+wb == 0 {
		return a.Maturity
	}
	return kpi.Ratio{Value: (wa*a.Maturity.Value + wb*b.Maturity.Value) / (wa + wb), OK: true}
}

func weight(m kpi.Metrics) float64 {
	if m.Cost > 0 {
		return m.Cost.Float()
	}
	return m.Conversions.Float()
}
