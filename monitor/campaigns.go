package monitor

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"adtop/kpi"
	"adtop/snapshot"
	"adtop/sources"
	"adtop/store"
)

// maxCampaigns is how many campaigns of a channel are listed: those that spent
// most in the range.
const maxCampaigns = 500

// campaigns lists the entities of channel i that have figures in the range or
// within the trend. Fixed fees belong to the channel and stay out.
func (b *builder) campaigns(ctx context.Context, s *snapshot.Snapshot, l *ledger, i int, past *past) ([]snapshot.Campaign, error) {
	ch := s.Channels[i]
	ch.Economics = ch.Economics.OfPart()
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
	now := l.present(s.View.Range, b.o.Zone, s.AsOf)
	now.span = span
	rows, err := b.rows(ctx, l, ch, &l.curves[i], now, past, members, ids)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(rows, bySize)
	return rows, nil
}

// bySize orders campaigns by cost, then revenue, largest first.
func bySize(x, y snapshot.Campaign) int {
	return cmp.Or(cmp.Compare(y.Now.Metrics.Cost, x.Now.Metrics.Cost), cmp.Compare(y.Now.Metrics.Revenue, x.Now.Metrics.Revenue),
		cmp.Compare(x.Name, y.Name), cmp.Compare(x.ID, y.ID))
}

// rows makes a row of every entity that has figures. ch is what they count for.
func (b *builder) rows(ctx context.Context, l *ledger, ch snapshot.Channel, curve *maturity, now question, past *past, members map[store.EntityID]claimed, ids []store.EntityID) ([]snapshot.Campaign, error) {
	found, err := b.entityTally(ctx, l, now, members, ids)
	if err != nil {
		return nil, err
	}
	var before, same map[store.EntityID]*part
	if past != nil {
		if before, err = b.entityTally(ctx, l, past.before, members, ids); err == nil && past.same != nil {
			same, err = b.entityTally(ctx, l, *past.same, members, ids)
		}
		if err != nil {
			return nil, err
		}
	}
	if l.verdicts == nil {
		if l.verdicts, err = b.campaignVerdicts(ctx, l.asOf); err != nil {
			return nil, err
		}
	}
	var list []snapshot.Campaign
	for id, p := range found {
		c := b.described(members[id].Entity)
		if steers(members[id].Entity) {
			l.verdictOf(ch, members[id], &c)
		}
		if err := b.fill(&c, ch, curve, now, p, past, before[id], same[id]); err != nil {
			return nil, err
		}
		c.Now.ImpressionShare = l.won[id].Share()
		list = append(list, c)
	}
	return list, nil
}

// described names an entity and where its page is.
func (b *builder) described(e store.Entity) snapshot.Campaign {
	c := snapshot.Campaign{Source: e.Source, Account: e.Account, ID: e.Entity.ID, Name: cmp.Or(e.Name, e.Entity.ID), Status: e.Status, Attribution: settingInWords(e.Attribution)}
	if e.Breakdown != "" { // a part of a campaign, not the campaign
		c.ID, c.Name = e.Breakdown, e.Breakdown
		return c
	}
	for _, src := range b.o.Sources {
		if link := src.Definition.Link; src.Name == e.Source && link != nil && e.Level == sources.LevelCampaign {
			c.URL = link(e.Account, e.Entity.ID)
		}
	}
	return c
}

// fill gives a row its figures.
func (b *builder) fill(c *snapshot.Campaign, ch snapshot.Channel, curve *maturity, q question, now *part, past *past, before, same *part) (err error) {
	if c.Now, err = b.closePart(ch, now, q, curve, q.asOf); err != nil {
		return err
	}
	if before != nil {
		if c.Before, err = b.closePart(ch, before, past.before, nil, q.asOf); err != nil {
			return err
		}
		past.fair(c.Now, &c.Before)
	}
	if same != nil {
		if c.Same, err = b.closePart(ch, same, *past.same, nil, q.asOf); err != nil {
			return err
		}
	}
	c.Days, err = b.series(ch, now.days, kpi.DateOf(q.asOf, b.o.Zone), campaignDays, curve, q.asOf)
	return err
}

// entityTally answers a question for some entities.
func (b *builder) entityTally(ctx context.Context, l *ledger, q question, members map[store.EntityID]claimed, ids []store.EntityID) (map[store.EntityID]*part, error) {
	days, hours := q.reads(l)
	totals, err := b.o.Store.Days(ctx, days, q.asOf, ids)
	if err != nil {
		return nil, err
	}
	var versions []store.Version
	if hours.Days() > 0 {
		if versions, err = b.o.Store.Hours(ctx, hours, q.asOf, ids); err != nil {
			return nil, err
		}
	}
	a, found, decided := l.adder(q), map[store.EntityID]*part{}, decidedOf(members)
	if a.approvals, err = b.approvals(ctx, l, q.asOf); err != nil {
		return nil, err
	}
	add := func(id store.EntityID, date kpi.Date, m kpi.Metrics, add func(heard, [2]string, kpi.Metrics, *part) error) error {
		e := members[id]
		key := [2]string{e.Source, e.Account}
		if m = m.Only(e.claim.Fields); m.Has == 0 {
			return nil // it counts elsewhere
		}
		if _, known := l.accounts[key]; !known {
			return nil
		}
		of := heard{entity: id, date: date, pending: isPending(e.Entity)}
		if row, known := decided[id]; known {
			id = row
		}
		if found[id] == nil {
			found[id] = &part{}
		}
		if err := add(of, key, m, found[id]); err != nil {
			return fmt.Errorf("%s %s: %w", e.Source, e.Name, err)
		}
		return nil
	}
	for _, v := range versions {
		err := add(v.Entity, v.Slot.Date, v.Metrics, func(of heard, key [2]string, m kpi.Metrics, p *part) error { return a.hour(of, key, v.Slot, m, p) })
		if err != nil {
			return nil, err
		}
	}
	for _, total := range totals {
		err := add(total.Entity, total.Date, total.Metrics, func(of heard, key [2]string, m kpi.Metrics, p *part) error { return a.day(of, key, m, p) })
		if err != nil {
			return nil, err
		}
	}
	for id, p := range found {
		p.close()
		if len(p.days) == 0 {
			delete(found, id) // no rate is known of its money; the channel's own sum has warned of it
		}
	}
	return found, nil
}

// decidedOf finds, for what holds the pending results of a key, what holds the others:
// both are one row.
func decidedOf(members map[store.EntityID]claimed) map[store.EntityID]store.EntityID {
	type key struct{ source, account, id string }
	decided := map[key]store.EntityID{}
	for id, m := range members {
		if m.Level == sources.LevelKey && m.Action == "" {
			decided[key{m.Source, m.Account, m.Entity.Entity.ID}] = id
		}
	}
	of := map[store.EntityID]store.EntityID{}
	for id, m := range members {
		if row, known := decided[key{m.Source, m.Account, m.Entity.Entity.ID}]; known && isPending(m.Entity) {
			of[id] = row
		}
	}
	return of
}
