package monitor

import (
	"cmp"
	"context"
	"slices"
	"time"

	"adtop/alert"
	"adtop/kpi"
	"adtop/snapshot"
	"adtop/store"
)

// note keeps an alert as an episode from the moment on at which it fires.
func (b *backtest) note(a snapshot.Alert, s *snapshot.Snapshot) {
	if a.FiredAt.IsZero() {
		return
	}
	e := b.episodes[a.ID]
	if e == nil {
		e = &Episode{Rule: a.Rule, Subject: a.Subject, Began: a.Since, FiredAt: a.FiredAt}
		b.episodes[a.ID] = e
		if i := slices.IndexFunc(s.Channels, func(ch snapshot.Channel) bool { return ch.Name == a.Subject }); i >= 0 && a.Rule == alert.RuleUnprofitable {
			b.cost(e, s.Channels[i], i)
		}
	}
	e.EndedAt, e.State, e.Severity, e.Summary = a.EndedAt, a.State, a.Severity.String(), a.Summary
}

// cost says since when a channel lost money and how much, as far as was due
// when the alert fired.
func (b *backtest) cost(e *Episode, ch snapshot.Channel, i int) {
	e.Began = ch.Evidence.Since
	if e.Began.IsZero() { // a fallen order value does not tell when
		e.Began = ch.Watermark.Add(-24 * time.Hour)
	}
	var lost float64
	kept := ch.Economics.KeptShare().Float()
	for _, c := range ch.Cohorts {
		if !c.Start.Before(e.Began) {
			lost += c.Cost*c.Visible - c.Value*kept
		}
	}
	e.Lost, _ = kpi.MicrosFromFloat(max(0, lost)) // sums of figures that are micros themselves
	for key, co := range b.w.channels[i].cohorts {
		end := time.Unix(key.start, 0).Add(co.length())
		if end.After(e.Began) && co.backfill {
			e.Backfilled = true
		}
	}
}

// finish compares with the naive rules and with what the user said.
func (b *backtest) finish(ctx context.Context) error {
	stored, err := b.m.o.Store.Alerts(ctx, b.out.From, forever)
	if err != nil {
		return err
	}
	for _, e := range b.episodes {
		if i := slices.IndexFunc(b.m.o.Channels, func(ch Channel) bool { return ch.Name == e.Subject }); i >= 0 && e.Rule == alert.RuleUnprofitable {
			e.Leads = b.naive[i].leads(e.Began, e.FiredAt)
		}
		for _, kept := range stored {
			a, err := fromStored(kept)
			if err != nil {
				return err
			}
			overlap := (a.EndedAt.IsZero() || !a.EndedAt.Before(e.FiredAt)) && (e.EndedAt.IsZero() || !a.FiredAt.After(e.EndedAt))
			if a.Rule == e.Rule && a.Subject == e.Subject && overlap && a.Marked != "" {
				e.Marked = a.Marked
			}
		}
		b.out.Episodes = append(b.out.Episodes, *e)
	}
	slices.SortFunc(b.out.Episodes, func(x, y Episode) int {
		return cmp.Or(x.FiredAt.Compare(y.FiredAt), cmp.Compare(x.Rule, y.Rule), cmp.Compare(x.Subject, y.Subject))
	})
	b.out.Naive = countNaive(b.naive)
	return nil
}

// resolutions says how closely each source was watched.
func resolutions(polls []store.Poll) (all []Resolution) {
	times := map[string][]time.Time{}
	for _, p := range polls {
		if p.Kind == 0 {
			times[p.Source] = append(times[p.Source], p.At)
		}
	}
	for source, at := range times {
		r := Resolution{Source: source, Polls: len(at)}
		var gaps []time.Duration
		for i := 1; i < len(at); i++ {
			if gap := at[i].Sub(at[i-1]); gap > 0 { // accounts are polled together
				gaps = append(gaps, gap)
			}
		}
		if slices.Sort(gaps); len(gaps) > 0 {
			r.Gap = gaps[len(gaps)/2]
		}
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b Resolution) int { return cmp.Compare(a.Source, b.Source) })
	return all
}
