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

// maxCampaigns is how many campaigns of a channel are listed: those that spent
// most in the range.
const maxCampaigns = 500

// campaigns lists the entities of channel i that have figures in the range or
// within the trend. Fixed fees belong to the channel and stay out.
func (b *builder) campaigns(ctx context.Context, s *snapshot.Snapshot, l *ledger, i int, past *past) ([]snapshot.Campaign, error) {
	ch := s.Channels[i]
	ch.Economics.FixedFeesPerMonth = 0
	claim := i
	if ch.Unassigned {
		claim = -1
	}
	members, err := b.members(ctx, claim)
	if err != nil {
		return nil, err
	}
	today := kpi.DateOf(s.AsOf, b.o.Zone)
	span := s.View.Range.Days(today).Widen(1)
	span.From, span.To = min(span.From, today-campaignDays), max(span.To, today+1)
	ids := slices.Sorted(maps.Keys(members))
	if len(ids) == 0 {
		return nil, nil
	}
	if len(ids) > maxCampaigns {
		if ids, err = b.o.Store.Top(ctx, span, s.AsOf, ids, maxCampaigns); err != nil {
			return nil, err
		}
		l.warnings = append(l.warnings, fmt.Sprintf("%s: only the %d campaigns that spent most are listed, of %d", ch.Name, len(ids), len(members)))
	}
	now, err := b.entityTally(ctx, l, span, s.AsOf, s.AsOf, s.View.Range, members, ids)
	if err != nil {
		return nil, err
	}
	var before, same map[store.EntityID]*part
	if past != nil {
		if before, err = b.entityTally(ctx, l, past.span, past.exact, past.then, past.range_, members, ids); err != nil {
			return nil, err
		}
		if past.lag > 0 {
			if same, err = b.entityTally(ctx, l, span, s.AsOf.Add(-past.lag), s.AsOf, s.View.Range, members, ids); err != nil {
				return nil, err
			}
		}
	}
	if l.verdicts == nil {
		if l.verdicts, err = b.campaignVerdicts(ctx, s.AsOf); err != nil {
			return nil, err
		}
	}
	var list []snapshot.Campaign
	days := s.View.Range.Days(today)
	for id, p := range now {
		e := members[id]
		c := snapshot.Campaign{Source: e.Source, Account: e.Account, ID: e.Entity.Entity.ID, Name: cmp.Or(e.Name, e.Entity.Entity.ID), Status: e.Status, URL: b.link(e)}
		l.verdictOf(ch, e, &c)
		if c.Now, err = b.closeBooks(ch, p.sum, days, &l.curves[i], s.AsOf, p.days); err != nil {
			return nil, err
		}
		for to, from := range map[*snapshot.Figures]*part{&c.Before: before[id], &c.Same: same[id]} {
			if from != nil {
				if *to, err = b.closeBooks(ch, from.sum, days, nil, s.AsOf, nil); err != nil {
					return nil, err
				}
			}
		}
		if c.Days, err = b.series(ch, p.days, today, campaignDays, &l.curves[i], s.AsOf); err != nil {
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

// entityTally sums the days of some entities as they were known at asOf.
func (b *builder) entityTally(ctx context.Context, l *ledger, span kpi.DateRange, asOf, now time.Time, r snapshot.Range, members map[store.EntityID]claimed, ids []store.EntityID) (map[store.EntityID]*part, error) {
	totals, err := b.o.Store.Days(ctx, span, asOf, ids)
	if err != nil {
		return nil, err
	}
	tally := map[store.EntityID]*part{}
	for _, total := range totals {
		e := members[total.Entity]
		account, known := l.accounts[[2]string{e.Source, e.Account}]
		if !known {
			continue
		}
		m, err := l.rates.convert(total.Metrics.Only(e.claim.Fields), account.Currency, total.Date)
		if err != nil || m.Has == 0 {
			continue // the channel's own sum has warned of it, or it counts elsewhere
		}
		if tally[total.Entity] == nil {
			tally[total.Entity] = &part{}
		}
		if err := tally[total.Entity].add(total.Date, m, r.Days(kpi.DateOf(now, account.Zone)).Contains(total.Date)); err != nil {
			return nil, fmt.Errorf("%s %s: %w", e.Source, e.Name, err)
		}
	}
	return tally, nil
}
