package monitor

import (
	"context"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/store"
)

// sharesAgain is how long failed impression shares wait.
const sharesAgain = 6 * time.Hour

// shares fetches the impression shares of an account's campaigns when they are
// due. A restart on the same day does not ask again.
func (p *poller) shares(ctx context.Context, s *schedule, now time.Time) {
	days, due := s.shares(now)
	if !due || ctx.Err() != nil {
		return
	}
	q := sources.Query{Account: s.account, Days: days, Level: sources.LevelCampaign, Grain: sources.Day, Shares: true}
	if s.shared.IsZero() {
		known, err := p.m.o.Store.Inside(ctx, p.src.Name, s.account.ID, q, now)
		if err == nil && !known.Good.At.Before(kpi.DateOf(now, s.account.Zone).Start(s.account.Zone)) {
			s.shared = known.Good.At
			return
		}
	}
	s.sharesLater = now.Add(sharesAgain)
	b := store.Batch{Source: p.src.Name, Type: p.src.Definition.Type, Account: s.account, ObservedAt: p.m.o.Clock.Now(), Query: q}
	if p.fetchBeside(ctx, s, &b, "impression shares") {
		s.shared = now
	}
}

// won is what campaigns won of the impressions of the range, where it is made of
// whole days, by source and account.
func (b *builder) won(ctx context.Context, l *ledger, q question) (map[store.EntityID]kpi.Won, error) {
	all := map[store.EntityID]kpi.Won{}
	if l.hurried {
		return all, nil
	}
	for _, src := range b.o.Sources {
		if src.Definition.Shares == 0 || !q.last.IsZero() {
			continue
		}
		for key := range l.accounts {
			if key[0] != src.Name {
				continue
			}
			found, err := b.wonIn(ctx, key, q.windows[key].days, q.asOf)
			if err != nil {
				return nil, err
			}
			for id, w := range found {
				all[id] = w
			}
		}
	}
	return all, nil
}

// wonIn is won of one account, whose shares are other ones once a day.
func (b *builder) wonIn(ctx context.Context, key [2]string, days kpi.DateRange, asOf time.Time) (map[store.EntityID]kpi.Won, error) {
	told, err := b.o.Store.Inside(ctx, key[0], key[1], sources.Query{Level: sources.LevelCampaign, Shares: true}, asOf)
	if err != nil || told.Good.At.IsZero() {
		return nil, err
	}
	of := totalled{key[0], key[1], told.Good.At, days}
	b.beyond.mu.Lock()
	defer b.beyond.mu.Unlock()
	if found, ok := b.beyond.won[of]; ok {
		return found, nil
	}
	found, err := b.o.Store.Shares(ctx, key[0], key[1], days, told.Good.At)
	if err != nil {
		return nil, err
	}
	if b.beyond.won == nil || len(b.beyond.won) >= maxBeyond {
		b.beyond.won = map[totalled]map[store.EntityID]kpi.Won{}
	}
	b.beyond.won[of] = found
	return found, nil
}

// wonBy adds up what the campaigns of every channel won.
func (b *builder) wonBy(ctx context.Context, won map[store.EntityID]kpi.Won) (byChannel []kpi.Won, err error) {
	byChannel = make([]kpi.Won, len(b.o.Channels)+1)
	if len(won) == 0 {
		return byChannel, nil
	}
	err = b.list(ctx, func(e *entityList) {
		for _, c := range e.all {
			w, known := won[c.Entity.ID]
			if !known || c.claim.Fields&kpi.Impressions == 0 {
				continue
			}
			i := c.claim.Channel
			if i < 0 {
				i = len(b.o.Channels)
			}
			byChannel[i].Join(w)
		}
	})
	return byChannel, err
}
