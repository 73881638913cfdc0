package monitor

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
	"adtop/sources"
	"adtop/store"
)

// totals fetches an account's own figures by day, right after its campaigns.
func (p *poller) totals(ctx context.Context, s *schedule, t task, days kpi.DateRange) {
	d := p.src.Definition
	b := store.Batch{
		Source: p.src.Name, Type: d.Type, Account: s.account, ObservedAt: p.m.o.Clock.Now(),
		Query: sources.Query{Account: s.account, Days: days, Level: sources.LevelAccount, Grain: sources.Day},
		Gives: d.Gives, OmitsZeros: d.OmitsZeros,
	}
	if p.fetchBeside(ctx, s, &b, "totals") && !t.history {
		s.owed, s.whole = kpi.DateRange{}, b.Receipt.CompleteThrough
	}
}

// beyond remembers what accounts report beyond their campaigns, and what these won
// of the impressions: as of one poll of either it does not change.
type beyond struct {
	mu    sync.Mutex
	known map[totalled]rests
	won   map[totalled]map[store.EntityID]kpi.Won
}

// maxBeyond bounds what is remembered.
const maxBeyond = 1000

// totalled is a poll of an account's totals or shares, and the days in question.
type totalled struct {
	source, account string
	at              time.Time
	days            kpi.DateRange
}

// rests are an account's totals by day, and what of them no listed campaign
// has, in its currency. Only days are there that both sides had complete.
type rests struct{ whole, rest map[kpi.Date]kpi.Metrics }

// noise is what differs between two answers of a moment: results that came in
// between them. Money and what it bought does not.
const noise = kpi.Conversions | kpi.Revenue | kpi.ViewThrough

// unlisted adds a row to the channels that are opened for what an account spent
// beyond its listed campaigns, and warns where that is more than a hundredth of
// its spend. No channel can claim it by a campaign's name: it is the unassigned
// channel's, unless one claims the whole account.
func (b *builder) unlisted(ctx context.Context, s *snapshot.Snapshot, l *ledger, now question) error {
	if s.View.Range.ByHour() || l.hurried {
		return nil // totals are told by the day
	}
	var totals map[[2]string][]claimed
	if err := b.list(ctx, func(e *entityList) { totals = e.totals }); err != nil {
		return err
	}
	today := kpi.DateOf(s.AsOf, b.o.Zone)
	span := s.View.Range.Days(today).Widen(1)
	now.span = kpi.DateRange{From: min(span.From, today-campaignDays), To: max(span.To, today+1)}
	now.last = time.Time{}
	for _, key := range slices.SortedFunc(maps.Keys(l.accounts), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }) {
		if len(totals[key]) == 0 {
			continue
		}
		found, err := b.rests(ctx, key, totals[key], l.accounts[key].Zone, now)
		if err == nil {
			err = b.showUnlisted(s, l, key, totals[key][0].claim, found, now)
		}
		if err != nil {
			return fmt.Errorf("totals of %s %s: %w", key[0], key[1], err)
		}
	}
	return nil
}

// showUnlisted adds the row and the warning of one account.
func (b *builder) showUnlisted(s *snapshot.Snapshot, l *ledger, key [2]string, claim Claim, found rests, now question) error {
	i, fields := claim.Channel, claim.Fields
	if i < 0 || fields&kpi.Cost == 0 { // who counts results of the account only does not have its money
		i, fields = len(b.o.Channels), fields|kpi.AllFields&^noise
	}
	var whole, rest part
	a := l.adder(now)
	for date := range found.whole {
		of := heard{date: date}
		if err := a.day(of, key, found.whole[date], &whole); err != nil {
			return err
		}
		if err := a.day(of, key, found.rest[date].Only(fields), &rest); err != nil {
			return err
		}
	}
	told := rest.sum.Only(kpi.AllFields &^ noise)
	if told == (kpi.Metrics{Has: told.Has}) {
		return nil
	}
	if spent := rest.sum.Cost; 100*max(spent, -spent) > whole.sum.Cost {
		l.warnings = append(l.warnings, fmt.Sprintf("%s %s: %s %s of %s are of campaigns that are not listed", key[0], key[1], spent.Cents().Decimal(2), s.Currency, whole.sum.Cost.Cents().Decimal(2)))
	}
	if !l.opened[i] {
		return nil
	}
	ch := s.Channels[i]
	ch.Economics = ch.Economics.OfPart()
	c := snapshot.Campaign{Source: key[0], Account: key[1], Name: "unlisted", Unlisted: true}
	if err := b.fill(&c, ch, &l.curves[i], now, &rest, nil, nil, nil); err != nil {
		return err
	}
	s.Channels[i].Campaigns = append(s.Channels[i].Campaigns, c)
	slices.SortStableFunc(s.Channels[i].Campaigns, bySize)
	return nil
}

// rests takes an account's campaigns from its totals, both as of the newest
// totals.
func (b *builder) rests(ctx context.Context, key [2]string, members []claimed, zone *time.Location, q question) (rests, error) {
	polled, err := b.o.Store.Totals(ctx, key[0], key[1], q.asOf)
	if err != nil || polled.Good.At.IsZero() {
		return rests{}, err
	}
	if exact, _, err := b.o.Store.Exact(ctx, polled.Good.At); err != nil || !exact.Equal(polled.Good.At) {
		return rests{}, err // what was known at that moment is told no more: both sides cannot be read as of one poll
	}
	days := kpi.DateRange{From: min(q.span.From, q.windows[key].days.From), To: max(q.span.To, q.windows[key].days.To)}
	of := totalled{key[0], key[1], polled.Good.At, days}
	b.beyond.mu.Lock()
	defer b.beyond.mu.Unlock()
	if found, ok := b.beyond.known[of]; ok {
		return found, nil
	}
	found, err := b.subtract(ctx, of, members, zone, polled.Good)
	if err != nil {
		return rests{}, err
	}
	if b.beyond.known == nil || len(b.beyond.known) >= maxBeyond {
		b.beyond.known = map[totalled]rests{}
	}
	b.beyond.known[of] = found
	return found, nil
}

// subtract reads both sides as of the totals. A day counts when it was over for
// both: of a running one, the later answer knows more.
func (b *builder) subtract(ctx context.Context, of totalled, members []claimed, zone *time.Location, polled store.Poll) (rests, error) {
	through, err := b.through(ctx, of.at)
	if err != nil {
		return rests{}, err
	}
	complete := polled.CompleteThrough
	if campaigns := through[[2]string{of.source, of.account}]; campaigns.Before(complete) {
		complete = campaigns
	}
	var ids []store.EntityID
	for _, m := range members {
		ids = append(ids, m.Entity.ID)
	}
	totals, err := b.o.Store.Days(ctx, of.days, of.at, ids)
	if err != nil {
		return rests{}, err
	}
	parts, err := b.o.Store.ChannelDays(ctx, b.channel, of.days, of.at)
	if err != nil {
		return rests{}, err
	}
	listed := map[kpi.Date]kpi.Metrics{}
	for _, p := range parts {
		if p.Part.Source == of.source && p.Part.Account == of.account {
			if listed[p.Slot.Date], err = listed[p.Slot.Date].Add(p.Metrics); err != nil {
				return rests{}, err
			}
		}
	}
	found := rests{map[kpi.Date]kpi.Metrics{}, map[kpi.Date]kpi.Metrics{}}
	for _, t := range totals {
		if t.Date.End(zone).After(complete) {
			continue
		}
		if found.whole[t.Date], err = found.whole[t.Date].Add(t.Metrics); err != nil {
			return rests{}, err
		}
	}
	for date, whole := range found.whole {
		if found.rest[date], err = whole.Less(listed[date]); err != nil {
			return rests{}, err
		}
	}
	return found, nil
}
