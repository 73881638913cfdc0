package monitor

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
	"adtop/store"
)

// figures fills in the totals, channels and campaigns of s.
func (b *builder) figures(ctx context.Context, s *snapshot.Snapshot, l *ledger) error {
	span := l.span(s.View.Range)
	totals, err := b.o.Store.Days(ctx, span, s.AsOf)
	if err != nil {
		return err
	}
	now, err := b.tally(l, totals, s.AsOf, s.View.Range, len(s.Channels))
	if err != nil {
		return err
	}
	before, err := b.before(ctx, s, l)
	if err != nil {
		return err
	}
	unassigned := len(s.Channels) - 1
	for i := range s.Channels {
		ch := &s.Channels[i]
		t := now.channels[i]
		if ch.Now, err = b.closeBooks(*ch, t.sum, now.range_, &l.curves[i], s.AsOf, t.days); err != nil {
			return err
		}
		if before != nil {
			if ch.Before, err = b.closeBooks(*ch, before.channels[i].sum, before.range_, nil, s.AsOf, nil); err != nil {
				return err
			}
		}
		today := kpi.DateOf(s.AsOf, b.o.Zone)
		if ch.Days, err = b.series(*ch, t.days, today, trendDays, &l.curves[i], s.AsOf); err != nil {
			return err
		}
		if ch.Campaigns, err = b.campaigns(*ch, l, i, now, before, today, s.AsOf); err != nil {
			return err
		}
	}
	if len(s.Channels[unassigned].Campaigns) == 0 {
		s.Channels = s.Channels[:unassigned]
	}
	if err := sumUp(s); err != nil {
		return err
	}
	if rest := s.Channels[len(s.Channels)-1]; rest.Unassigned && rest.Now.Metrics.Cost > 0 && !rest.Now.Profit.Known {
		l.warnings = append(l.warnings, fmt.Sprintf("unassigned campaigns spent %s %s that is not in the profit: assign them to a channel, or state economics: in the config",
			rest.Now.Metrics.Cost.Decimal(2), s.Currency))
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

// tally is what a pass over day totals added up, by channel and by entity, in
// the display currency.
type tally struct {
	channels []part
	entities map[store.EntityID]*part
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

// tally sums day totals. Each account's days are its own: "today" in Berlin
// and "today" in New York may be two dates.
func (b *builder) tally(l *ledger, totals []store.Total, asOf time.Time, r snapshot.Range, channels int) (*tally, error) {
	t := &tally{channels: make([]part, channels), entities: map[store.EntityID]*part{}, range_: r.Days(kpi.DateOf(asOf, b.o.Zone))}
	missing := map[string]bool{}
	for _, total := range totals {
		entity, ok := l.entities[total.Entity]
		if !ok {
			continue
		}
		account := l.accounts[[2]string{entity.Source, entity.Account}]
		claim := l.claims[total.Entity]
		index := claim.Channel
		if index < 0 {
			index = channels - 1
		}
		m, err := l.rates.convert(total.Metrics.Only(claim.Fields), account.Currency, total.Date)
		if err != nil {
			missing[fmt.Sprintf("%s: %v", entity.Source, err)] = true
			continue
		}
		if m.Has == 0 {
			continue // counts elsewhere
		}
		inRange := r.Days(kpi.DateOf(asOf, account.Zone)).Contains(total.Date)
		if t.entities[total.Entity] == nil {
			t.entities[total.Entity] = &part{}
		}
		if err := t.entities[total.Entity].add(total.Date, m, inRange); err != nil {
			return nil, fmt.Errorf("%s %s: %w", entity.Source, entity.Name, err)
		}
		if err := t.channels[index].add(total.Date, m, inRange); err != nil {
			return nil, err
		}
	}
	t.missing = slices.Sorted(maps.Keys(missing))
	return t, nil
}

// before tallies the previous period as it was known at the same moment of it:
// this Monday until ten against last Monday until ten, equally mature. When
// nothing had been observed by then, a period that is over is compared as it
// is known now, and a running one is not compared at all.
func (b *builder) before(ctx context.Context, s *snapshot.Snapshot, l *ledger) (*tally, error) {
	today := kpi.DateOf(s.AsOf, b.o.Zone)
	days := s.View.Range.Days(today)
	shift := days.Days()
	then := s.AsOf.In(b.o.Zone).AddDate(0, 0, -shift)
	watched, err := b.watched(ctx, l, then)
	if err != nil {
		return nil, err
	}
	r := s.View.Range
	if r.Name == "" || r.Name == "mtd" {
		r = snapshot.Range{Fixed: snapshot.Previous(days)}
	}
	asOf := then
	if !watched {
		if days.Contains(today) {
			return nil, nil
		}
		r, asOf = snapshot.Range{Fixed: snapshot.Previous(days)}, s.AsOf
	}
	span := kpi.DateRange{From: days.From - kpi.Date(shift) - 1, To: days.To - kpi.Date(shift) + 1}
	totals, err := b.o.Store.Days(ctx, span, asOf)
	if err != nil {
		return nil, err
	}
	return b.tally(l, totals, then, r, len(b.o.Channels)+1)
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

// campaigns lists the entities of a channel that have figures in the range or
// within the trend. Fixed fees belong to the channel and stay out.
func (b *builder) campaigns(ch snapshot.Channel, l *ledger, index int, now, before *tally, today kpi.Date, asOf time.Time) ([]snapshot.Campaign, error) {
	ch.Economics.FixedFeesPerMonth = 0
	var list []snapshot.Campaign
	for id, p := range now.entities {
		claim := l.claims[id].Channel
		if claim < 0 {
			claim = len(l.curves) - 1
		}
		if claim != index {
			continue
		}
		e := l.entities[id]
		c := snapshot.Campaign{Source: e.Source, Account: e.Account, ID: e.Entity.ID, Name: cmp.Or(e.Name, e.Entity.ID), Status: e.Status}
		var err error
		if c.Now, err = b.closeBooks(ch, p.sum, now.range_, &l.curves[index], asOf, p.days); err != nil {
			return nil, err
		}
		if before != nil && before.entities[id] != nil {
			if c.Before, err = b.closeBooks(ch, before.entities[id].sum, before.range_, nil, asOf, nil); err != nil {
				return nil, err
			}
		}
		if c.Days, err = b.series(ch, p.days, today, campaignDays, &l.curves[index], asOf); err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	slices.SortFunc(list, func(x, y snapshot.Campaign) int {
		return cmp.Or(cmp.Compare(y.Now.Metrics.Cost, x.Now.Metrics.Cost), cmp.Compare(y.Now.Metrics.Revenue, x.Now.Metrics.Revenue),
			cmp.Compare(x.Name, y.Name), cmp.Compare(x.ID, y.ID))
	})
	return list, nil
}
