package monitor

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
)

// figures fills in the totals, channels and campaigns of s, and returns what it
// added up.
func (b *builder) figures(ctx context.Context, s *snapshot.Snapshot, l *ledger) (*tally, error) {
	today := kpi.DateOf(s.AsOf, b.o.Zone)
	asked := l.present(s.View.Range, b.o.Zone, s.AsOf)
	asked.span = b.since(shownDays(s.View, today))
	now, err := b.tally(ctx, l, asked)
	if err != nil {
		return nil, err
	}
	l.warnings = append(l.warnings, now.missing...)
	b.warnOfDays(s, l, now)
	past, err := b.comparing(ctx, s, l, func(then time.Time) (bool, error) { return b.watched(ctx, l, then) })
	if err != nil {
		return nil, err
	}
	before, same, err := b.compare(ctx, s, l, past)
	if err != nil {
		return nil, err
	}
	if before == nil {
		past = nil
	}
	if l.won, err = b.won(ctx, l, now.question); err != nil {
		return nil, err
	}
	won, err := b.wonBy(ctx, l.won)
	if err != nil {
		return nil, err
	}
	var unfair []string // channels whose results are not compared
	for i := range s.Channels {
		ch := &s.Channels[i]
		if ch.Now, err = b.closePart(*ch, &now.channels[i], now.question, &l.curves[i], s.AsOf); err != nil {
			return nil, err
		}
		ch.Now.ImpressionShare = won[i].Share()
		ch.Approvals = now.approved(*ch)
		if before != nil {
			if ch.Before, err = b.closePart(*ch, &before.channels[i], before.question, nil, s.AsOf); err != nil {
				return nil, err
			}
			if past.fair(ch.Now, &ch.Before) {
				unfair = append(unfair, ch.Name)
			}
		}
		if same != nil {
			if ch.Same, err = b.closePart(*ch, &same.channels[i], same.question, nil, s.AsOf); err != nil {
				return nil, err
			}
		}
		if ch.Days, err = b.series(*ch, now.channels[i].days, today, trendDays, &l.curves[i], s.AsOf); err != nil {
			return nil, err
		}
		if l.opened[i] {
			if ch.Accounts, err = b.accounts(s, l, i, now, past, before, same); err != nil {
				return nil, err
			}
			if ch.Campaigns, err = b.campaigns(ctx, s, l, i, past); err != nil {
				return nil, err
			}
			ch.Attribution = b.o.attributions(ch.CountedBy, ch.Campaigns)
		}
	}
	if err := b.unlisted(ctx, s, l, now.question); err != nil {
		return nil, err
	}
	if unassigned := len(s.Channels) - 1; len(now.channels[unassigned].days) == 0 && len(s.Channels[unassigned].Campaigns) == 0 {
		s.Channels = s.Channels[:unassigned]
	}
	if err := sumUp(s); err != nil {
		return nil, err
	}
	if len(unfair) > 0 {
		withoutResults(&s.Before) // those of the other channels alone are no total
		l.warnings = append(l.warnings, fmt.Sprintf("conversions and revenue of %s are not compared: those of %s have had longer to come in", strings.Join(unfair, ", "), spelled(s.Past.Days)))
	}
	if rest := s.Channels[len(s.Channels)-1]; rest.Unassigned && rest.Now.Metrics.Cost > 0 && !rest.Now.Profit.Known {
		l.warnings = append(l.warnings, fmt.Sprintf("unassigned campaigns spent %s %s that is not in the profit: assign them to a channel, or state economics: in the config",
			rest.Now.Metrics.Cost.Cents().Decimal(2), s.Currency))
	}
	if a := s.Alarm; !a.Met {
		l.warnings = append(l.warnings, fmt.Sprintf("no threshold keeps to the %g false alarms a month that you accept: at %.0f%% expect about %.1f, should every channel stay at 1.5× break-even",
			a.Wish, 100*a.Threshold, a.Rate))
	}
	return now, nil
}

// closePart turns what was added up of a channel, an account or a campaign into
// figures. curve is nil where maturity is not asked for.
func (b *builder) closePart(ch snapshot.Channel, p *part, q question, curve *maturity, asOf time.Time) (f snapshot.Figures, err error) {
	if q.last.IsZero() {
		f, err = b.closeBooks(ch, p.sum, q.days, curve, asOf, p.days)
		if err == nil {
			err = b.pay(&f, ch, q.whole(), asOf, p.days)
		}
	} else {
		f, err = b.closeHours(ch, p.sum, p.hours, q.last, curve, asOf)
	}
	if err != nil || !f.Known {
		return f, err
	}
	f.New, f.Told = p.fresh, p.told
	f.Pending, err = earning(ch, p.pending)
	return f, err
}

// earning gives what is pending the value that the channel's economics give its results.
func earning(ch snapshot.Channel, pending snapshot.Undecided) (snapshot.Undecided, error) {
	for _, m := range []*kpi.Metrics{&pending.Reported, &pending.Counted} {
		value, known, err := ch.Economics.Value(*m)
		if err != nil {
			return pending, err
		}
		if known {
			m.Revenue, m.Has = value, m.Has|kpi.Revenue
		}
	}
	return pending, nil
}

// closeBooks turns summed metrics into figures. curve is nil where maturity is
// not asked for.
func (b *builder) closeBooks(ch snapshot.Channel, sum kpi.Metrics, days kpi.DateRange, curve *maturity, asOf time.Time, byDay map[kpi.Date]kpi.Metrics) (snapshot.Figures, error) {
	f := snapshot.Figures{Metrics: sum, Known: sum.Has != 0}
	if !f.Known {
		return f, nil
	}
	if days.To > kpi.DateOf(asOf, b.o.Zone) {
		days.To = kpi.DateOf(asOf, b.o.Zone)
	}
	var err error
	if f.Fees, err = ch.Economics.FixedFees(days); err != nil {
		return f, err
	}
	if curve != nil {
		f.Maturity = curve.of(days, byDay, asOf, b.o.Zone)
	}
	return f, settle(&f, ch)
}

// settle computes what follows from f.Metrics and f.Fees.
func settle(f *snapshot.Figures, ch snapshot.Channel) error {
	e := ch.Economics
	value, known, err := e.Value(f.Metrics)
	if err != nil {
		return fmt.Errorf("%s: %w", ch.Name, err)
	}
	if e.Margin != 0 {
		if f.Contribution, err = e.Contribution(f.Metrics); err != nil {
			return fmt.Errorf("%s: %w", ch.Name, err)
		}
		if f.Profit, err = e.Profit(f.Metrics, f.Fees, ch.Costless); err != nil {
			return fmt.Errorf("%s: %w", ch.Name, err)
		}
	}
	if known {
		f.Metrics.Revenue, f.Metrics.Has = value, f.Metrics.Has|kpi.Revenue
	}
	return nil
}

// pay takes the payouts of some days off as far as they are due, and says what is
// on hold.
func (b *builder) pay(f *snapshot.Figures, ch snapshot.Channel, days kpi.DateRange, asOf time.Time, byDay map[kpi.Date]kpi.Metrics) (err error) {
	if !f.Known {
		return nil
	}
	today := kpi.DateOf(asOf, b.o.Zone)
	if f.Payable, err = ch.Economics.Payable(byDay, kpi.DateRange{From: days.From, To: min(days.To, today)}, today); err != nil {
		return fmt.Errorf("%s: %w", ch.Name, err)
	}
	for _, a := range []*kpi.Amount{&f.Contribution, &f.Profit} {
		if a.Known && err == nil {
			a.Micros, err = a.Micros.Add(f.Payable.Capped)
		}
	}
	return err
}

// since is when days begin to count for a cap of payouts.
func (b *builder) since(days kpi.DateRange) kpi.DateRange {
	if slices.ContainsFunc(b.o.Channels, func(ch Channel) bool { return ch.Economics.PayoutCapMonthly }) {
		days.From = days.From.FirstOfMonth()
	}
	return days
}

// capped are the days that have to be read one by one, besides a range's own, for
// caps of payouts.
func (b *builder) capped(days kpi.DateRange) kpi.DateRange {
	if since := b.since(days); since != days {
		return since
	}
	return empty
}

// series renders days as a gapless row of the last n days up to today.
func (b *builder) series(ch snapshot.Channel, days map[kpi.Date]kpi.Metrics, today kpi.Date, n int, curve *maturity, asOf time.Time) ([]snapshot.Day, error) {
	row := make([]snapshot.Day, 0, n)
	for d := today - kpi.Date(n) + 1; d <= today; d++ {
		one := kpi.DateRange{From: d, To: d}
		f, err := b.closeBooks(ch, days[d], one, curve, asOf, days)
		if err == nil {
			err = b.pay(&f, ch, one, asOf, days)
		}
		if err != nil {
			return nil, err
		}
		row = append(row, snapshot.Day{Date: d, Figures: f})
	}
	return row, nil
}
