package monitor

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
)

// figures fills in the totals, channels and campaigns of s.
func (b *builder) figures(ctx context.Context, s *snapshot.Snapshot, l *ledger) error {
	now, err := b.tally(ctx, l, l.span(s.View.Range), s.AsOf, s.AsOf, s.View.Range)
	if err != nil {
		return err
	}
	past, err := b.past(ctx, s, l)
	if err != nil {
		return err
	}
	var before, same *tally
	if past != nil {
		if before, err = b.tally(ctx, l, past.span, past.exact, past.then, past.range_); err != nil {
			return err
		}
		if past.lag > 0 { // the past is known a little earlier than asked for: so is the present then
			if same, err = b.tally(ctx, l, s.View.Range.Days(kpi.DateOf(s.AsOf, b.o.Zone)).Widen(1), s.AsOf.Add(-past.lag), s.AsOf, s.View.Range); err != nil {
				return err
			}
		}
	}
	today := kpi.DateOf(s.AsOf, b.o.Zone)
	for i := range s.Channels {
		ch := &s.Channels[i]
		t := now.channels[i]
		if ch.Now, err = b.closeBooks(*ch, t.sum, now.range_, &l.curves[i], s.AsOf, t.days); err != nil {
			return err
		}
		if ch.Before, err = b.closeTally(*ch, before, i, s.AsOf); err != nil {
			return err
		}
		if ch.Same, err = b.closeTally(*ch, same, i, s.AsOf); err != nil {
			return err
		}
		if ch.Days, err = b.series(*ch, t.days, today, trendDays, &l.curves[i], s.AsOf); err != nil {
			return err
		}
		if s.View.Campaigns == snapshot.AllCampaigns || s.View.Campaigns == ch.Name {
			if ch.Campaigns, err = b.campaigns(ctx, s, l, i, past); err != nil {
				return err
			}
		}
	}
	if unassigned := len(s.Channels) - 1; len(now.channels[unassigned].days) == 0 {
		s.Channels = s.Channels[:unassigned]
	}
	if err := sumUp(s); err != nil {
		return err
	}
	if rest := s.Channels[len(s.Channels)-1]; rest.Unassigned && rest.Now.Metrics.Cost > 0 && !rest.Now.Profit.Known {
		l.warnings = append(l.warnings, fmt.Sprintf("unassigned campaigns spent %s %s that is not in the profit: assign them to a channel, or state economics: in the config",
			rest.Now.Metrics.Cost.Decimal(2), s.Currency))
	}
	if a := s.Alarm; !a.Met {
		l.warnings = append(l.warnings, fmt.Sprintf("no threshold keeps to the %g false alarms a month that you accept: at %.0f%% expect about %.1f, should every channel stay at 1.5× break-even",
			a.Wish, 100*a.Threshold, a.Rate))
	}
	l.warnings = append(l.warnings, now.missing...)
	return nil
}

// span covers every day that a Snapshot of this range needs.
func (l *ledger) span(r snapshot.Range) kpi.DateRange {
	days := kpi.DateRange{From: 1 << 30}
	for _, a := range l.accounts {
		today := kpi.DateOf(l.asOf, a.Zone)
		wanted := r.Days(today)
		days.From = min(days.From, wanted.From, today-trendDays+1)
		days.To = max(days.To, wanted.To, today)
	}
	return days
}

// tally is what a pass over sums added up by channel, in the display currency.
type tally struct {
	channels []part
	range_   kpi.DateRange // of the display zone's today
	missing  []string      // warnings
}

type part struct {
	sum  kpi.Metrics // over the range
	days map[kpi.Date]kpi.Metrics
}

func (p *part) add(d kpi.Date, m kpi.Metrics, inRange bool) (err error) {
	if p.days == nil {
		p.days = map[kpi.Date]kpi.Metrics{}
	}
	if p.days[d], err = p.days[d].Add(m); err == nil && inRange {
		p.sum, err = p.sum.Add(m)
	}
	return err
}

// tally sums the days of all channels as they were known at asOf. The range is
// that of the moment now: each account's days are its own, "today" in Berlin
// and "today" in New York may be two dates.
func (b *builder) tally(ctx context.Context, l *ledger, span kpi.DateRange, asOf, now time.Time, r snapshot.Range) (*tally, error) {
	sums, err := b.o.Store.ChannelDays(ctx, b.channel, span, asOf)
	if err != nil {
		return nil, err
	}
	t := &tally{channels: make([]part, len(b.o.Channels)+1), range_: r.Days(kpi.DateOf(now, b.o.Zone))}
	index := map[string]int{"": len(b.o.Channels)}
	for i, ch := range b.o.Channels {
		index[ch.Name] = i
	}
	inRange := map[[2]string]kpi.DateRange{}
	for key, a := range l.accounts {
		inRange[key] = r.Days(kpi.DateOf(now, a.Zone))
	}
	missing := map[string]bool{}
	for _, v := range sums {
		key := [2]string{v.Part.Source, v.Part.Account}
		account, known := l.accounts[key]
		channel, steered := index[v.Part.Channel]
		if !known || !steered {
			continue
		}
		m, err := l.rates.convert(v.Metrics.Only(v.Part.Fields), account.Currency, v.Slot.Date)
		if err != nil {
			missing[fmt.Sprintf("%s: %v", v.Part.Source, err)] = true
			continue
		}
		if m.Has == 0 {
			continue // counts elsewhere
		}
		if err := t.channels[channel].add(v.Slot.Date, m, inRange[key].Contains(v.Slot.Date)); err != nil {
			return nil, err
		}
	}
	t.missing = slices.Sorted(maps.Keys(missing))
	return t, nil
}

// past is the period that a range is compared with.
type past struct {
	range_ snapshot.Range // of the moment then
	then   time.Time      // the same moment of it
	exact  time.Time      // as of when it is known
	lag    time.Duration  // between exact and then
	span   kpi.DateRange
}

// past finds the previous period as it was known at the same moment of it:
// this Monday until ten against last Monday until ten, equally mature. When
// nothing had been observed by then, a period that is over is compared as it
// is known now, and a running one is not compared at all.
func (b *builder) past(ctx context.Context, s *snapshot.Snapshot, l *ledger) (*past, error) {
	today := kpi.DateOf(s.AsOf, b.o.Zone)
	days := s.View.Range.Days(today)
	shift := days.Days()
	p := &past{range_: s.View.Range, then: s.AsOf.In(b.o.Zone).AddDate(0, 0, -shift)}
	p.span = kpi.DateRange{From: days.From - kpi.Date(shift), To: days.To - kpi.Date(shift)}.Widen(1)
	if p.range_.Name == "" || p.range_.Name == "mtd" {
		p.range_ = snapshot.Range{Fixed: snapshot.Previous(days)}
	}
	watched, err := b.watched(ctx, l, p.then)
	if err != nil {
		return nil, err
	}
	if !watched {
		if days.Contains(today) {
			return nil, nil
		}
		p.range_, p.exact = snapshot.Range{Fixed: snapshot.Previous(days)}, s.AsOf
		return p, nil
	}
	p.exact, _, err = b.o.Store.Exact(ctx, p.then)
	p.lag = max(0, p.then.Sub(p.exact))
	return p, err
}

// watchedWithin is how old the last good poll of every account may be for a
// past moment to count as watched, unless it is polled less often.
const watchedWithin = 6 * time.Hour

// watched says whether what was known at a past moment is the picture of that
// moment: every account had been polled shortly before.
func (b *builder) watched(ctx context.Context, l *ledger, then time.Time) (bool, error) {
	health, err := b.o.Store.Health(ctx, then)
	if err != nil {
		return false, err
	}
	good := map[[2]string]time.Time{}
	for _, h := range health {
		good[[2]string{h.Last.Source, h.Last.Account}] = h.Good.At
	}
	for key := range l.polled {
		if at := good[key]; at.IsZero() || then.Sub(at) > max(watchedWithin, l.every[key[0]]) {
			return false, nil
		}
	}
	return true, nil
}

// closeTally turns a channel's sums of a tally into figures; there may be none.
func (b *builder) closeTally(ch snapshot.Channel, t *tally, i int, asOf time.Time) (snapshot.Figures, error) {
	if t == nil {
		return snapshot.Figures{}, nil
	}
	return b.closeBooks(ch, t.channels[i].sum, t.range_, nil, asOf, nil)
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
	return f, b.settle(&f, ch, curve, days, asOf, byDay)
}

// settle computes what follows from f.Metrics and f.Fees.
func (b *builder) settle(f *snapshot.Figures, ch snapshot.Channel, curve *maturity, days kpi.DateRange, asOf time.Time, byDay map[kpi.Date]kpi.Metrics) error {
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
	if curve != nil {
		f.Maturity = curve.of(days, byDay, asOf, b.o.Zone)
	}
	return nil
}

// series renders days as a gapless row of the last n days up to today.
func (b *builder) series(ch snapshot.Channel, days map[kpi.Date]kpi.Metrics, today kpi.Date, n int, curve *maturity, asOf time.Time) ([]snapshot.Day, error) {
	row := make([]snapshot.Day, 0, n)
	for d := today - kpi.Date(n) + 1; d <= today; d++ {
		one := kpi.DateRange{From: d, To: d}
		f, err := b.closeBooks(ch, days[d], one, curve, asOf, days)
		if err != nil {
			return nil, err
		}
		row = append(row, snapshot.Day{Date: d, Figures: f})
	}
	return row, nil
}
