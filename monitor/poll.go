package monitor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/store"
)

// outcome tells the evaluation what a poll brought; the zero one only wakes it.
type outcome struct {
	change store.Change
	poll   store.Poll // the good poll that brought it
}

const (
	maxRecords    = 2_000_000 // records of one poll
	accountsEvery = time.Hour // how often the accounts of a source are listed
)

// poller runs the polls of one source, one at a time.
type poller struct {
	m         *Monitor
	src       Source
	schedules map[string]*schedule
	order     []string
	listed    time.Time // when the accounts were listed
}

// poll runs until ctx ends. history closes when history may be fetched.
func (p *poller) poll(ctx context.Context, history <-chan struct{}) {
	for ctx.Err() == nil {
		now := p.m.o.Clock.Now()
		allowed := closed(history)
		wake := p.list(ctx, now)
		if p.order != nil {
			for _, id := range p.order {
				p.today(ctx, allowed)
				if t, ok := p.schedules[id].due(p.m.o.Clock.Now(), allowed); ok && ctx.Err() == nil {
					p.run(ctx, p.schedules[id], t)
				}
			}
			now = p.m.o.Clock.Now()
			wake = p.next(allowed, now)
			if allowed {
				wake = p.grant(ctx, wake)
			}
		}
		p.m.planned(p.src.Name, wake, wake.After(now) && allowed)
		var start <-chan struct{}
		if !allowed {
			start = history
		}
		if p.sleep(ctx, wake, start) != nil {
			return
		}
	}
}

// today polls today and yesterday of every account where they are due, before
// another one is asked for more.
func (p *poller) today(ctx context.Context, history bool) {
	for _, id := range p.order {
		if t, ok := p.schedules[id].due(p.m.o.Clock.Now(), history); ok && !t.window && !t.history && ctx.Err() == nil {
			p.run(ctx, p.schedules[id], t)
		}
	}
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// sleep waits until at, or until the user wants a poll now, or until start closes.
func (p *poller) sleep(ctx context.Context, at time.Time, start <-chan struct{}) error {
	timer := p.m.o.Clock.Timer(at.Sub(p.m.o.Clock.Now()))
	defer timer.Stop()
	inquired := p.m.inquired[p.src.Name]
	if p.order == nil {
		inquired = nil // it waits for the accounts, which are not asked for sooner
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-p.m.polls[p.src.Name]:
		p.listed = time.Time{}
		for _, s := range p.schedules {
			s.recent = time.Time{}
		}
	case <-inquired:
	case <-start:
	case <-timer.C:
	}
	return nil
}

// list asks for the accounts when they are not known or old, and returns when
// to ask again after a failure.
func (p *poller) list(ctx context.Context, now time.Time) time.Time {
	if p.order != nil && now.Sub(p.listed) < accountsEvery && !p.listed.IsZero() {
		return now
	}
	accounts, err := p.src.Source.Accounts(ctx)
	if err == nil && len(accounts) == 0 {
		err = &sources.Error{Kind: sources.Permission, Err: errors.New("the credentials reach no account"), Next: "Check that the user behind them has access, and the accounts option."}
	}
	every, _ := p.src.interval(len(p.order))
	if err != nil {
		p.fail(ctx, store.Failure{Err: err})
		p.listed = now.Add(every - accountsEvery)
		return now.Add(max(every, retryAfter(err)))
	}
	p.listed = now
	if err := p.remember(ctx, accounts); err != nil {
		p.m.o.Log.Warn("remember the accounts", "source", p.src.Name, "err", err)
	}
	p.order = p.order[:0]
	for _, a := range accounts {
		p.order = append(p.order, a.ID)
		if s, known := p.schedules[a.ID]; known {
			s.account = a
			continue
		}
		p.schedules[a.ID] = p.resume(ctx, a, now)
	}
	return now
}

// remember keeps the list of accounts, so that one which is polled no more
// holds nobody up.
func (p *poller) remember(ctx context.Context, accounts []sources.Account) error {
	ids := make([]string, len(accounts))
	for i, a := range accounts {
		ids[i] = a.ID
	}
	list, err := json.Marshal(ids)
	if err != nil {
		return err
	}
	kept, err := p.m.o.Store.Setting(ctx, accountsKey(p.src.Name))
	if err != nil || kept == string(list) {
		return err
	}
	return p.m.o.Store.PutSetting(ctx, accountsKey(p.src.Name), string(list))
}

// resume makes the schedule of an account from what the store knows of its
// past. After an absence longer than the days that a poll reads again, history
// is fetched anew: nobody saw the days between.
func (p *poller) resume(ctx context.Context, a sources.Account, now time.Time) *schedule {
	s := &schedule{source: p.src, account: a}
	s.every, _ = p.src.interval(1)
	health, err := p.m.o.Store.Health(ctx, now)
	if err != nil {
		p.m.o.Log.Warn("read the last polls", "source", p.src.Name, "err", err)
	}
	var good time.Time
	for _, h := range health {
		if h.Last.Source == p.src.Name && h.Last.Account == a.ID {
			s.through, good = h.Good.CompleteThrough, h.Good.At
		}
	}
	absence := time.Duration(max(p.src.Definition.Restates, 1)) * 24 * time.Hour
	if oldest, err := p.m.o.Store.Setting(ctx, historyKey(p.src.Name, a.ID)); err == nil && oldest != "" && (p.src.Definition.Events || now.Sub(good) < absence) {
		if day, err := strconv.Atoi(oldest); err == nil {
			s.oldest = kpi.Date(day)
		}
	}
	return s
}

func historyKey(source, account string) string { return "history/" + source + "/" + account }

func retryAfter(err error) time.Duration {
	var e *sources.Error
	if errors.As(err, &e) {
		return e.RetryAfter
	}
	return 0
}

// next returns the earliest planned poll of the source.
func (p *poller) next(history bool, now time.Time) time.Time {
	next := now.Add(accountsEvery)
	for _, id := range p.order {
		if at := p.schedules[id].nextAt(history, now); at.Before(next) {
			next = at
		}
	}
	return next
}

// run does one poll: fetch, commit, tell.
func (p *poller) run(ctx context.Context, s *schedule, t task) {
	every, _ := p.src.interval(len(p.order))
	if t.history {
		p.m.progress(p.src.Name, s.account.ID, fmt.Sprintf("%s %s %s", p.src.Name, s.account.Name, t.days), s.chunks(kpi.DateOf(p.m.o.Clock.Now(), s.account.Zone)))
	}
	batch, err := p.fetch(ctx, s, t)
	if err == nil {
		err = p.m.commit(ctx, batch)
	}
	now := p.m.o.Clock.Now()
	if err != nil {
		if ctx.Err() == nil {
			s.putOff(t, err, now, every, retryAfter(err))
			p.fail(ctx, store.Failure{Account: s.account.ID, Days: t.days, Err: err})
		}
		return
	}
	oldest := s.oldest
	s.done(t, now, every)
	if s.oldest != oldest {
		if err := p.m.o.Store.PutSetting(ctx, historyKey(p.src.Name, s.account.ID), strconv.Itoa(int(s.oldest))); err != nil {
			p.m.o.Log.Warn("remember how far history reaches", "source", p.src.Name, "err", err)
		}
	}
	if days := s.totals(t, now); days != nil {
		p.totals(ctx, s, t, *days)
	}
	p.shares(ctx, s, now)
	if t.history {
		p.m.progress(p.src.Name, s.account.ID, "", s.chunks(kpi.DateOf(now, s.account.Zone)))
	}
}

func (p *poller) fetch(ctx context.Context, s *schedule, t task) (store.Batch, error) {
	account := s.account
	b := store.Batch{
		Source: p.src.Name, Type: p.src.Definition.Type, Account: account,
		Query: sources.Query{Account: account, Days: t.days, Level: sources.LevelCampaign, Grain: t.grain},
		Gives: p.src.Definition.Gives, OmitsZeros: p.src.Definition.OmitsZeros, PendingApart: p.src.Definition.Approval != 0,
		ObservedAt: p.m.o.Clock.Now(),
	}
	if !t.history {
		state, err := p.m.o.Store.State(ctx, p.src.Name, account.ID)
		if err != nil {
			return b, err
		}
		b.Query.State = state
	}
	err := Collect(ctx, p.src.Source, &b)
	if err != nil {
		return b, fmt.Errorf("fetch %s %s %s: %w", p.src.Name, account.ID, t.days, err)
	}
	s.through = later(s.through, b.Receipt.CompleteThrough)
	if t.history {
		b.Receipt.State, b.Receipt.CompleteThrough = nil, s.through
	}
	return b, nil
}

// Collect fetches b.Query into b: its records and its receipt.
func Collect(ctx context.Context, src sources.Source, b *store.Batch) error {
	receipt, err := src.Fetch(ctx, b.Query, func(r sources.Record) error {
		if len(b.Records) == maxRecords {
			return sources.Errorf(sources.Malformed, "more than %d records in one answer", maxRecords)
		}
		b.Records = append(b.Records, r)
		return nil
	})
	b.Receipt = receipt
	return err
}

// commit writes the batch and tells the evaluation.
func (m *Monitor) commit(ctx context.Context, b store.Batch) error {
	m.committing.Lock()
	defer m.committing.Unlock()
	change, err := m.o.Store.Commit(ctx, b)
	if err != nil {
		return err
	}
	m.markDirty()
	m.meet(b.Account.Currency)
	if m.evaluating && regularly(b.Query.Level, b.Query.Breakdown) && !b.Query.Shares {
		select {
		case m.work <- outcome{change, store.Poll{
			Source: b.Source, Account: b.Account.ID, At: b.ObservedAt, Days: b.Query.Days, CompleteThrough: b.Receipt.CompleteThrough,
		}}:
		case <-ctx.Done():
		}
	}
	return nil
}

// fail records a poll of this source that brought nothing.
func (p *poller) fail(ctx context.Context, failure store.Failure) {
	if ctx.Err() != nil {
		return
	}
	p.m.o.Log.Warn("poll failed", "source", p.src.Name, "account", failure.Account, "err", failure.Err)
	failure.Source, failure.At = p.src.Name, p.m.o.Clock.Now()
	if err := p.m.o.Store.Fail(ctx, failure); err != nil {
		p.m.o.Log.Error("record a failed poll", "source", p.src.Name, "err", err)
	}
	p.m.markDirty()
	p.m.wake()
}
