package monitor

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
	"adtop/sources"
	"adtop/store"
)

// roundEvery is how often the rules are evaluated when no poll came, on the
// clock of the data: sources grow stale all by themselves.
const roundEvery = 10 * time.Minute

// collect polls, weighs and decides until ctx ends.
func (m *Monitor) collect(ctx context.Context) error {
	if err := m.putRates(ctx); err != nil {
		return err
	}
	if err := m.assign(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	var pollers sync.WaitGroup
	defer pollers.Wait()
	defer cancel()
	history := make(chan struct{})
	for _, src := range m.o.Sources {
		p := &poller{m: m, src: src, schedules: map[string]*schedule{}}
		pollers.Go(func() { p.poll(ctx, history) })
		if l, ok := src.Source.(sources.Listener); ok {
			pollers.Go(func() { p.listen(ctx, l) })
		}
	}
	for _, src := range m.o.RateSources {
		p := &pricer{m: m, src: src, asked: map[kpi.Currency]bool{}}
		pollers.Go(func() { p.price(ctx) })
	}
	for _, t := range m.o.Targets {
		s := &sender{m: m, Target: t, complaints: map[string]string{}}
		pollers.Go(func() { s.send(ctx) })
	}
	if m.o.Heartbeat != nil {
		pollers.Go(func() { m.heartbeat(ctx, *m.o.Heartbeat) })
	}
	if m.o.Before != nil {
		err := m.o.Before(ctx, func(b store.Batch) error { return m.commit(ctx, b) }, m.report)
		m.report(snapshot.Progress{})
		if err != nil {
			return err
		}
	}
	w, err := m.beginEvaluating(ctx)
	if err != nil {
		return err
	}
	close(history) // what it brings comes after the replay: the same start gives the same picture
	pollers.Go(func() { m.thin(ctx) })
	err = m.rounds(ctx, w)
	cancel() // a commit may wait for somebody to take its outcome
	m.endEvaluating()
	return err
}

// report shows the progress of a long job.
func (m *Monitor) report(p snapshot.Progress) {
	m.mu.Lock()
	m.backfill = p
	m.mu.Unlock()
	m.beat(false)
	m.markDirty()
}

// putRates keeps the fixed rates of the config in the store, once each. One that
// stands there no more is withdrawn from now on: pictures of before keep it.
func (m *Monitor) putRates(ctx context.Context) error {
	now := m.o.Clock.Now()
	stored, err := m.o.Store.Rates(ctx, now)
	if err != nil {
		return err
	}
	var fresh []store.Rate
	for _, r := range stored {
		if r.Origin == ofConfig && !slices.ContainsFunc(m.o.Rates, func(given store.Rate) bool { return given.From == r.From && given.To == r.To && given.Date == r.Date }) {
			r.Origin = withdrawn
			fresh = append(fresh, r)
		}
	}
	for _, r := range m.o.Rates {
		if !slices.Contains(stored, r) {
			fresh = append(fresh, r)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	return m.o.Store.PutRates(ctx, now, fresh)
}

// beginEvaluating replays the store into fresh detectors. Commits wait for it,
// so that nothing is told twice or not at all.
func (m *Monitor) beginEvaluating(ctx context.Context) (*weigher, error) {
	for !m.committing.TryLock() { // a commit may wait for its outcome to be taken; the replay reads it back
		select {
		case <-m.work:
		case <-time.After(time.Millisecond):
		}
	}
	defer m.committing.Unlock()
	if err := m.assign(ctx); err != nil {
		return nil, err
	}
	w, now := newWeigher(&m.o), m.o.Clock.Now()
	if err := w.replay(ctx, now); err != nil {
		return nil, fmt.Errorf("replay the store: %w", err)
	}
	if err := w.rankCampaigns(ctx, m.builder, now); err != nil {
		return nil, err
	}
	m.evaluating = true
	return w, nil
}

func (m *Monitor) endEvaluating() {
	m.committing.Lock()
	defer m.committing.Unlock()
	m.evaluating = false
	for len(m.work) > 0 {
		<-m.work
	}
}

// rounds evaluates after every poll, every command and every roundEvery.
func (m *Monitor) rounds(ctx context.Context, w *weigher) error {
	for {
		err := m.round(ctx, w)
		if err == nil {
			err = m.untilDue(ctx, w)
		}
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// untilDue waits until a round is due, also because there may be something to tell,
// and takes in what made it so.
func (m *Monitor) untilDue(ctx context.Context, w *weigher) error {
	wait := roundEvery
	if !m.tellAt.IsZero() {
		wait = min(wait, m.tellAt.Sub(m.o.Clock.Now()))
	}
	timer := m.o.Clock.Timer(wait)
	defer timer.Stop()
	look := time.NewTicker(followEvery) // viewers leave commands in the inbox
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case o := <-m.work:
			return m.absorb(ctx, w, o)
		case <-timer.C:
			return nil
		case <-look.C:
			m.beat(false)
			seq, err := m.o.Store.Seq(ctx)
			if err != nil {
				return err
			}
			if seq == m.looked {
				continue
			}
			m.looked = seq
			if inbox, err := m.o.Store.Inbox(ctx); err != nil || len(inbox) > 0 {
				return err
			}
		}
	}
}

// absorb tells the detectors what came, all that waits at once.
func (m *Monitor) absorb(ctx context.Context, w *weigher, o outcome) error {
	for {
		if o.change.Entities {
			w.unranked[o.poll.Source] = true
			err := w.refresh(ctx, m.o.Clock.Now())
			if err == nil && o.change.Moved { // it counts elsewhere, with all its past
				var again *weigher
				if again, err = m.beginEvaluating(ctx); err == nil {
					*w = *again
				}
			}
			if err != nil {
				return err
			}
		}
		if o.poll.Source != "" {
			if err := w.learn(ctx, o.poll.At); err != nil {
				return err
			}
		}
		for _, v := range o.change.Parts {
			w.tell(v)
		}
		w.tellCampaigns(o.change.Versions)
		if o.poll.Source != "" {
			w.advance(o.poll)
		}
		select {
		case o = <-m.work:
		default:
			return nil
		}
	}
}

// sameEvaluation says whether b says nothing new.
func sameEvaluation(a, b store.Evaluation) bool {
	return a.P == b.P && a.Known == b.Known && a.Verdict == b.Verdict && a.Reason == b.Reason && a.Config == b.Config && bytes.Equal(a.Detail, b.Detail)
}
