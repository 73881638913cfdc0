package monitor

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
	"adtop/store"
)

// drill fills in the ad groups, ads or parts that the view asks for, as they were
// fetched last. They are told by the day, and only where somebody asked: what
// the last fetch did not cover is unknown.
func (b *builder) drill(ctx context.Context, s *snapshot.Snapshot, l *ledger, st status) error {
	in := s.View.Inside
	if in == (snapshot.Inside{}) {
		return nil
	}
	fetched, err := b.o.Store.Inside(ctx, in.Source, in.Account, asked(in), s.AsOf)
	if err != nil {
		return err
	}
	s.Drill = snapshot.Drill{Of: in, Fetched: fetched.Good.At, Notes: fetched.Good.Warnings}
	if fetched.Last.Kind != 0 {
		s.Drill.Problem = problem(fetched.Last.Kind, fetched.Last.Message)
	}
	if s.Drill.Busy, err = b.waits(ctx, in, st); err != nil {
		return err
	}
	members, err := b.inside(ctx, in)
	if err != nil || len(members) == 0 || fetched.Good.At.IsZero() {
		return err
	}
	return b.drillRows(ctx, s, l, members, fetched.Good)
}

// waits says whether what is asked for is on its way.
func (b *builder) waits(ctx context.Context, in snapshot.Inside, st status) (bool, error) {
	if st.busy[in] {
		return true, nil
	}
	inbox, err := b.o.Store.Inbox(ctx)
	return slices.ContainsFunc(inbox, func(c store.Command) bool { return c.Verb == "fetch" && fromInbox(c).Inside == in }), err
}

func (b *builder) drillRows(ctx context.Context, s *snapshot.Snapshot, l *ledger, members map[store.EntityID]claimed, fetched store.Poll) error {
	ids := slices.Sorted(maps.Keys(members))
	ch, curve := b.owner(l, members[ids[0]].claim.Channel)
	account, known := l.accounts[[2]string{fetched.Source, fetched.Account}]
	if !known {
		return nil
	}
	today := kpi.DateOf(s.AsOf, account.Zone)
	days := s.View.Range.Days(today)
	days.To = min(days.To, today)
	now := l.present(s.View.Range, b.o.Zone, s.AsOf)
	now.span = kpi.DateRange{From: today - campaignDays, To: today + 1}
	past, err := b.drillPast(ctx, *s, l, fetched, s.View.Against.Of(s.View.Range, s.View.Range.Days(today)))
	if err != nil {
		return err
	}
	rows, err := b.rows(ctx, l, ch, curve, now, past, members, ids)
	if err != nil {
		return err
	}
	if !covers(fetched.Days, days) {
		for i := range rows {
			rows[i].Now, rows[i].Before, rows[i].Same = snapshot.Figures{}, snapshot.Figures{}, snapshot.Figures{}
		}
		if s.Drill.Problem == "" {
			s.Drill.Problem = fmt.Sprintf("Only %s were fetched.", spelled(fetched.Days))
		}
	}
	slices.SortFunc(rows, bySize)
	s.Drill.Rows = rows
	return nil
}

// owner is the channel that a campaign counts for, without its fixed fees.
func (b *builder) owner(l *ledger, channel int) (snapshot.Channel, *maturity) {
	if channel < 0 {
		ch := snapshot.Channel{Name: "unassigned", Unassigned: true, Economics: b.o.Default}
		ch.Economics = ch.Economics.OfPart()
		return ch, &l.curves[len(b.o.Channels)]
	}
	c := b.o.Channels[channel]
	ch := snapshot.Channel{Name: c.Name, Costless: len(c.Spend) == 0, Economics: c.Economics}
	ch.Economics = ch.Economics.OfPart()
	return ch, &l.curves[channel]
}

// drillPast is what they compare with: a moment at which they had
// been fetched shortly before, or a period that is over and that the last fetch
// covered. s is a copy: its Past is that of the channels.
func (b *builder) drillPast(ctx context.Context, s snapshot.Snapshot, l *ledger, fetched store.Poll, before kpi.DateRange) (*past, error) {
	p, err := b.comparing(ctx, &s, l, func(then time.Time) (bool, error) {
		h, err := b.o.Store.Inside(ctx, fetched.Source, fetched.Account, asked(s.View.Inside), then)
		age := then.Sub(h.Good.At)
		return !h.Good.At.IsZero() && age <= max(watchedWithin, l.every[fetched.Source]) && covers(h.Good.Days, before), err
	})
	if err != nil || p.late && (p.running || !covers(fetched.Days, before)) {
		return nil, err
	}
	return p, nil
}
