package monitor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"adtop/alert"
	"adtop/kpi"
	"adtop/snapshot"
	"adtop/store"
)

// BacktestOptions say what to replay.
type BacktestOptions struct {
	From, To time.Time     // zero: all there is
	Step     time.Duration // evaluations are at least so far apart; zero: one after every poll
	// Progress, where it is set, is told how many polls were replayed before the
	// one that is over now, and of how many. The last call says total-1.
	Progress func(done, total int)
}

// Backtest is what the rules would have said.
type Backtest struct {
	From, To   time.Time // of the first and the last evaluation
	Moments    int       // evaluations
	Resolution []Resolution
	Kept       time.Duration // how exactly the oldest part is kept: 0 is every observation, else what was known at full hours or midnights
	Episodes   []Episode     // by the moment at which they fired
	Naive      []NaiveRule
}

// Resolution is how closely a source was watched. No delay is known better.
type Resolution struct {
	Source string
	Polls  int
	Gap    time.Duration // median time between two good polls
}

// Episode is one alert that fired.
type Episode struct {
	Rule, Subject, Severity string
	Began                   time.Time // of the trouble, as the evidence had it when it fired; else of the alert
	FiredAt, EndedAt        time.Time // EndedAt is zero while it goes on
	State                   string
	Summary                 string
	Marked                  string // what the user said of the stored alert of that time

	// Of the rule "unprofitable": what was lost until it fired, and how long
	// before each naive rule that was; a rule that never fired is left out.
	Lost  kpi.Micros
	Leads map[string]time.Duration
	// Backfilled says that figures before it were fetched long after: nobody
	// watched them arrive, so that its delay says nothing.
	Backfilled bool
}

// Backtest replays the stored observations in the order in which they were
// made, through the detectors and the rules that decide live, and notes which
// alerts would have fired. Each evaluation sees what was observed up to its
// moment and nothing later; the definitions of channels and the rules are
// today's, and fixed exchange rates count as known from the start.
func (m *Monitor) Backtest(ctx context.Context, o BacktestOptions) (*Backtest, error) {
	if o.To.IsZero() {
		o.To = m.o.Clock.Now()
	}
	polls, err := m.o.Store.Polls(ctx, time.Time{}, o.To)
	if err != nil {
		return nil, err
	}
	if polls = regular(polls); len(polls) == 0 {
		return nil, fmt.Errorf("the cache holds no observation to replay: let adtop collect for a while")
	}
	if o.From.Before(polls[0].At) {
		o.From = polls[0].At
	}
	b := &backtest{m: m, o: o, w: newWeigher(&m.o), out: &Backtest{Resolution: resolutions(polls)}, alerts: map[string]snapshot.Alert{},
		episodes: map[string]*Episode{}, failed: map[string]bool{}, covered: map[[2]string]kpi.Date{}}
	if _, b.out.Kept, err = m.o.Store.Exact(ctx, o.From); err != nil {
		return nil, err
	}
	for range m.o.Channels {
		b.naive = append(b.naive, newNaive())
	}
	begin := o.From.AddDate(0, 0, -evidenceDays)
	for _, p := range polls {
		b.polls += b2i(!p.At.Before(begin))
	}
	if err := b.w.feed(ctx, begin, o.To, func(at time.Time, told []store.Poll) error { return b.after(ctx, at, told) }); err != nil {
		if errors.Is(err, store.ErrUnassigned) {
			err = fmt.Errorf("%w: the config changed since adtop last collected by it; start it once", err)
		}
		return nil, fmt.Errorf("replay the store: %w", err)
	}
	return b.out, b.finish(ctx)
}

// backtest is a replay under way.
type backtest struct {
	m        *Monitor
	o        BacktestOptions
	w        *weigher
	out      *Backtest
	alerts   map[string]snapshot.Alert // as the store would hold them
	episodes map[string]*Episode
	naive    []naive // by channel
	failed   map[string]bool
	covered  map[[2]string]kpi.Date // first day polled, by source and account
	day      kpi.Date
	polls    int // to replay
	replayed int
}

// after takes in the polls of an instant, and evaluates when it is time to.
func (b *backtest) after(ctx context.Context, at time.Time, told []store.Poll) error {
	if b.replayed += len(told); b.o.Progress != nil {
		defer b.o.Progress(b.replayed-1, b.polls)
	}
	for _, p := range told {
		b.failed[p.Source] = p.Kind != 0
		key := [2]string{p.Source, p.Account}
		if first, known := b.covered[key]; p.Kind == 0 && (!known || p.Days.From < first) {
			b.covered[key] = p.Days.From
		}
	}
	if today := kpi.DateOf(at, b.m.o.Zone); today != b.day {
		b.day = today
		b.w.forget(at)
		if err := b.w.refresh(ctx, at); err != nil {
			return err
		}
	}
	if at.Before(b.o.From) || (b.out.Moments > 0 && at.Sub(b.out.To) < b.o.Step) {
		return nil
	}
	return b.evaluate(ctx, at)
}

// evaluate is one round as of a past moment.
func (b *backtest) evaluate(ctx context.Context, at time.Time) error {
	s, err := b.picture(ctx, at)
	if err != nil {
		return err
	}
	b.w.arm(s)
	for i := range b.m.o.Channels {
		if _, s.Channels[i], err = b.m.evaluate(b.w, i, s, at); err != nil {
			return err
		}
		s.Channels[i].Partial = b.partial(s.Channels[i], at)
		b.naive[i].look(s.Channels[i], b.m.o.Zone)
	}
	books, err := b.books(ctx, s)
	if err != nil {
		return err
	}
	if b.out.Moments == 0 {
		b.out.From = at
	}
	b.out.To = at
	b.out.Moments++
	for _, a := range alert.Step(alert.Input{Picture: s, Rules: b.m.o.Rules, Books: books}).Alerts {
		b.alerts[a.ID] = a
		b.note(a, s)
	}
	return nil
}

// picture is what a round begins with. A source whose next poll was merely due
// is not called stale: nobody knows whether adtop ran.
func (b *backtest) picture(ctx context.Context, at time.Time) (*snapshot.Snapshot, error) {
	build := b.m.builder
	s := build.blank(snapshot.View{AsOf: at}, at)
	if err := build.sources(ctx, s, status{}); err != nil {
		return nil, err
	}
	for i, src := range s.Sources {
		if src.Health == snapshot.Stale && !b.failed[src.Name] && at.Sub(src.Watermark) <= b.m.o.Sources[i].oldAfter() {
			s.Sources[i].Health = snapshot.Waiting
		}
	}
	for id, a := range b.alerts {
		kept := alertDays * 24 * time.Hour
		if a.State == snapshot.Retracted {
			kept = alert.Wary
		}
		if !a.Open() && at.Sub(a.EndedAt) > kept {
			delete(b.alerts, id)
			continue
		}
		s.Alerts = append(s.Alerts, a)
	}
	slices.SortFunc(s.Alerts, func(x, y snapshot.Alert) int { return x.Since.Compare(y.Since) })
	return s, nil
}

// partial says whether the polls up to now had not yet gone back as far as the
// rules compare.
func (b *backtest) partial(ch snapshot.Channel, at time.Time) bool {
	for key, from := range b.covered {
		i := slices.IndexFunc(b.m.o.Sources, func(src Source) bool { return src.Name == key[0] })
		if i < 0 || !slices.Contains(ch.Sources(), key[0]) {
			continue
		}
		wanted := min(b.m.o.Sources[i].History, spanDays-1)
		if kpi.DateOf(at, time.UTC)-from < kpi.Date(wanted) {
			return true
		}
	}
	return false
}

// books are those of decide, as of the moment, with the replayed verdicts.
func (b *backtest) books(ctx context.Context, s *snapshot.Snapshot) (books alert.Books, err error) {
	if len(b.m.o.Rules) == 0 {
		return books, nil
	}
	read := func(name string) (*snapshot.Snapshot, error) {
		one := *s
		one.View, one.Channels = b.m.o.booked(name), slices.Clone(s.Channels)
		l, err := b.m.builder.read(ctx, &one, false)
		if err != nil {
			return nil, err
		}
		if _, err = b.m.builder.figures(ctx, &one, l); err != nil {
			return nil, err
		}
		watchedOnly(&one)
		return &one, nil
	}
	if books.Today, err = read("today"); err == nil {
		books.Week, err = read("7d")
	}
	return books, err
}
