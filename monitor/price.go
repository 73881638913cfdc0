package monitor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
	"adtop/sources"
	"adtop/store"
)

// RateSource is one configured source of exchange rates.
type RateSource struct {
	Name, Type string
	Source     sources.RateSource // nil where the process may not ask
	History    int                // days whose rates are fetched once
}

const (
	rateRetry   = 30 * time.Minute // after a failure, and where rates are late
	rateTries   = 6                // how often late rates are asked for
	ratesOldest = 5                // days between two publications at most: Easter
)

// pricer keeps what one source publishes in the store: the rates of currencies
// that accounts have, from the first day of their history on.
type pricer struct {
	m     *Monitor
	src   RateSource
	asked map[kpi.Currency]bool // whole history was asked for
	due   time.Time
	await kpi.Date // of the rates that are due then
	tries int      // since they were
}

// price polls until ctx ends.
func (p *pricer) price(ctx context.Context) {
	for {
		if now := p.m.o.Clock.Now(); !now.Before(p.due) {
			p.poll(ctx, now)
			p.m.planned(p.src.Name, p.due, len(p.m.polls[p.src.Name]) == 0)
			p.m.markDirty()
		}
		timer := p.m.o.Clock.Timer(p.due.Sub(p.m.o.Clock.Now()))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-p.m.polls[p.src.Name]:
			p.due = time.Time{}
		case <-timer.C:
		}
		timer.Stop()
	}
}

// poll asks for the rates that are wanted and not there, and plans the next poll.
func (p *pricer) poll(ctx context.Context, now time.Time) {
	published, err := p.fetch(ctx, now)
	if ctx.Err() != nil {
		return
	}
	p.note(ctx, now, err)
	switch {
	case err != nil:
		p.m.o.Log.Warn("fetch exchange rates", "source", p.src.Name, "err", err)
		p.due = now.Add(max(rateRetry, min(retryAfter(err), parkAtMost)))
		return
	case p.await != 0 && published != 0 && published < p.await && p.tries < rateTries:
		p.tries++
		p.due = now.Add(rateRetry)
		return
	}
	p.due, p.tries = p.src.Source.Next(now), 0
	p.await = kpi.DateOf(p.due, time.UTC)
}

// fetch brings the store up to date and returns the newest day with rates, 0 when
// nothing was asked for.
func (p *pricer) fetch(ctx context.Context, now time.Time) (newest kpi.Date, err error) {
	o := &p.m.o
	accounts, err := o.Store.Accounts(ctx, now)
	if err != nil {
		return 0, err
	}
	stored, err := o.Store.Rates(ctx, now)
	if err != nil {
		return 0, err
	}
	days, wanted := p.lacking(accounts, stored, now)
	if len(wanted) == 0 {
		return 0, nil
	}
	rates, err := p.src.Source.Rates(ctx, o.Currency, days)
	if err != nil {
		return 0, err
	}
	known := map[store.Rate]bool{}
	for _, r := range stored {
		known[r] = true
		if r.Origin == p.src.Name {
			newest = max(newest, r.Date)
		}
	}
	var fresh []store.Rate
	for _, r := range rates {
		rate := store.Rate{From: r.From, To: r.To, Date: r.Date, Rate: r.Rate, Origin: p.src.Name}
		if newest = max(newest, r.Date); wanted[r.From] && r.To == o.Currency && !known[rate] && !p.m.fixes(r.From, r.Date) {
			fresh = append(fresh, rate)
		}
	}
	for currency := range wanted {
		p.asked[currency] = true
	}
	if len(fresh) == 0 {
		return newest, nil
	}
	if err := o.Store.PutRates(ctx, now, fresh); err != nil {
		return 0, err
	}
	return newest, p.m.reprice(ctx)
}

// lacking returns the currencies of accounts that the config does not fix for all
// days, and the days whose rates may not be stored yet. The newest stored week is
// asked for again: corrections are rare, and come soon.
func (p *pricer) lacking(accounts []store.Account, stored []store.Rate, now time.Time) (kpi.DateRange, map[kpi.Currency]bool) {
	today := kpi.DateOf(now, time.UTC) + 1 // wherever it is
	first := today - 1 - kpi.Date(p.src.History)
	wanted := map[kpi.Currency]bool{}
	for _, a := range accounts {
		if a.Currency != p.m.o.Currency && !p.m.fixes(a.Currency, first) {
			wanted[a.Currency] = true
		}
	}
	from := today
	for currency := range wanted {
		oldest, newest := kpi.Date(0), kpi.Date(0)
		for _, r := range stored {
			if r.From == currency && r.To == p.m.o.Currency && r.Origin == p.src.Name {
				if oldest == 0 {
					oldest = r.Date
				}
				newest = r.Date
			}
		}
		switch {
		case !p.asked[currency] && (oldest == 0 || oldest > first+carryDays):
			from = first
		case newest != 0:
			from = min(from, newest-carryDays)
		}
	}
	return kpi.DateRange{From: from, To: today}, wanted
}

// fixes says whether the config fixes the price of a currency on a day.
func (m *Monitor) fixes(currency kpi.Currency, day kpi.Date) bool {
	return slices.ContainsFunc(m.o.Rates, func(r store.Rate) bool { return r.From == currency && r.Date <= day })
}

// meet takes note of the currency of an account. A new one wants its rates.
func (m *Monitor) meet(currency kpi.Currency) {
	m.mu.Lock()
	known := m.met[currency]
	m.met[currency] = true
	m.mu.Unlock()
	if known || currency == m.o.Currency {
		return
	}
	for _, src := range m.o.RateSources {
		m.mu.Lock()
		delete(m.whole, src.Name)
		m.mu.Unlock()
		select {
		case m.polls[src.Name] <- struct{}{}:
		default:
		}
	}
}

// reprice has the evaluation tell its detectors anew, at rates that they did not
// know, and the screens drawn.
func (m *Monitor) reprice(ctx context.Context) error {
	m.markDirty()
	m.committing.Lock()
	defer m.committing.Unlock()
	if !m.evaluating {
		return nil
	}
	select {
	case m.work <- outcome{change: store.Change{Entities: true, Moved: true}}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// rateHealth is how the last polls of a source of rates went. It is kept as a
// setting: there is no account that polls could belong to.
type rateHealth struct {
	At      time.Time    `json:"at"`
	Good    time.Time    `json:"good"`
	Kind    sources.Kind `json:"kind,omitempty"`
	Message string       `json:"message,omitempty"`
	Next    string       `json:"next,omitempty"`
}

func rateKey(source string) string { return "rates/" + source }

// note keeps how a poll went.
func (p *pricer) note(ctx context.Context, now time.Time, failure error) {
	h, err := readRateHealth(ctx, p.m.o.Store, p.src.Name)
	if h.At = now; failure == nil {
		h = rateHealth{At: now, Good: now}
	} else {
		h.Kind, h.Message, h.Next = sources.KindOf(failure), sources.Clean(failure.Error()), ""
		var e *sources.Error
		if errors.As(failure, &e) {
			h.Next = e.Next
		}
	}
	text, err2 := json.Marshal(h)
	if err = errors.Join(err, err2); err == nil {
		err = p.m.o.Store.PutSetting(ctx, rateKey(p.src.Name), string(text))
	}
	if err != nil {
		p.m.o.Log.Warn("remember a poll of exchange rates", "source", p.src.Name, "err", err)
	}
}

func readRateHealth(ctx context.Context, s store.Store, source string) (h rateHealth, err error) {
	text, err := s.Setting(ctx, rateKey(source))
	if err != nil || text == "" {
		return h, err
	}
	if err := json.Unmarshal([]byte(text), &h); err != nil {
		return h, fmt.Errorf("setting %s: %w", rateKey(source), err)
	}
	return h, nil
}

// rateSources fills in the health of the sources of exchange rates.
func (b *builder) rateSources(ctx context.Context, s *snapshot.Snapshot, st status) error {
	if len(b.o.RateSources) == 0 {
		return nil
	}
	stored, err := b.o.Store.Rates(ctx, s.AsOf)
	if err != nil {
		return err
	}
	for _, src := range b.o.RateSources {
		h, err := readRateHealth(ctx, b.o.Store, src.Name)
		if err != nil {
			return err
		}
		shown := snapshot.Source{Name: src.Name, Type: src.Type, Health: snapshot.Waiting, NextPoll: st.next[src.Name], Every: 24 * time.Hour, EveryWhy: "once a day, after rates were published"}
		newest := kpi.Date(0)
		for _, r := range stored {
			if r.Origin == src.Name {
				newest = max(newest, r.Date)
			}
		}
		today := kpi.DateOf(s.AsOf, b.o.Zone)
		if newest != 0 {
			shown.Health, shown.Watermark = snapshot.Healthy, newest.End(b.o.Zone)
			if newest < today {
				shown.Warnings = []string{fmt.Sprintf("The rates of %s are the newest: money of later days is converted at them", newest)}
			}
			if today-newest > ratesOldest {
				shown.Health, shown.Problem = snapshot.Stale, fmt.Sprintf("its newest rates are of %s", newest)
			}
		}
		if s.View.AsOf.IsZero() {
			shown.LastGood, shown.Exchanges = h.Good, b.o.Exchanges.newest(src.Name)
			if h.Good.IsZero() && h.Kind == 0 && newest == 0 {
				shown.Health = snapshot.Waiting
			} else if newest == 0 {
				shown.Health = snapshot.Healthy // there is no foreign money yet, or none that it has a rate for
			}
			if h.Kind != 0 && rank(snapshot.Failing) > rank(shown.Health) {
				shown.Health, shown.Problem, shown.Next = snapshot.Failing, problem(h.Kind, h.Message), h.Next
				deny(&shown, h.Kind)
			}
		}
		s.Sources = append(s.Sources, shown)
	}
	return nil
}
