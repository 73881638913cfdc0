// Package monitor is the engine: it plans polls, runs the sources, writes the
// store, weighs the evidence, evaluates the rules, and builds the Snapshots
// that screens and reports show.
//
// One process decides: the holder of the store's lease. Every other one is a
// viewer, which builds its Snapshots from what the holder wrote and sends it
// commands through the store's inbox.
package monitor

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"sync"
	"time"

	"adtop/alert"
	"adtop/alert/notify"
	"adtop/kpi"
	"adtop/snapshot"
	"adtop/sources"
	"adtop/store"
)

// Options is what a Monitor watches over.
type Options struct {
	Store    store.Store
	Clock    Clock
	Log      *slog.Logger
	Title    string
	Currency kpi.Currency // everything is shown in it
	Zone     *time.Location
	Sources  []Source
	Channels []Channel
	// Default is the economics of what no channel claims; its zero value
	// leaves the profit of that unknown.
	Default kpi.Economics
	// Claim says which channel the figures of an entity belong to.
	Claim func(source, account string, e sources.Entity) Claim
	// Rates are the fixed exchange rates of the config; RateSources publish others.
	Rates       []store.Rate
	RateSources []RateSource
	// FalseAlarms is the rate of false alarms a month that the user accepts
	// for the whole account.
	FalseAlarms float64
	// Retention says how exactly the past is kept.
	Retention store.Retention
	// Exchanges is where the sources tell of their requests; nil when they do not.
	Exchanges *Exchanges
	// Rules are those of the config.
	Rules []*alert.Rule
	// Notify says who is told of alerts, nil when nobody is; Targets carry it there.
	Notify  *notify.Plan
	Targets []Target
	Digests []Digest
	// Heartbeat is pinged while all is well; nil when nobody waits for it.
	Heartbeat *Heartbeat
	// Watches says that this process may not collect, since its sources stay
	// closed: it follows whoever does, or says that nobody does.
	Watches bool
	// Before is a long job to do before polling, such as the demo's past; nil
	// when there is none. It commits through the given function.
	Before func(ctx context.Context, commit func(store.Batch) error, progress func(snapshot.Progress)) error
}

// Source is one configured source.
type Source struct {
	Name       string
	Definition sources.Definition
	Source     sources.Source
	Every      time.Duration // wished interval of polls, in the data's time
	History    int           // days to fetch once
	// Attribution says to what its results are credited, as of Definition; "" where
	// it is not known.
	Attribution string
}

// Owes says whether its results tell what partners are owed for them.
func (s Source) Owes() bool { return s.Definition.Events && s.Definition.Gives&kpi.Cost != 0 }

// Channel is one configured channel.
type Channel struct {
	Name      string
	Economics kpi.Economics
	Spend     []string // sources of its spend; none for a channel that is costless by nature
	Traffic   []string // sources of impressions and clicks that cost nothing
	Results   string   // source of its results, "" when its spend sources report them
	Hash      string   // of its definition, kept with each evaluation
}

// resultSources names the sources that the channel's results come from.
func (c Channel) resultSources() []string {
	switch {
	case c.Results != "":
		return []string{c.Results}
	case len(c.Spend) == 0:
		return c.Traffic
	}
	return c.Spend
}

// Claim says where an entity's figures count.
type Claim struct {
	Channel int        // index into Options.Channels, -1 when none claims it
	Fields  kpi.Fields // the fields that count for the channel
	Also    []int      // further channels whose definition matches too
}

// Monitor runs the engine. Its methods are safe for concurrent use.
type Monitor struct {
	o       Options
	builder *builder

	mu       sync.Mutex
	watchers map[*watcher]struct{}
	building map[snapshot.View]bool // views of which a Snapshot is being built, and whether something changed since
	plan
	holding bool
	holder  string
	pulse   Pulse
	// attempts are those of this process; a reload does not begin them anew.
	attempts map[Try]int

	settled chan struct{} // closed once every source was polled and judged
	dirty   chan struct{} // a snapshot is due
	reloads chan reload
	work    chan outcome // what the evaluation has to look at
	looked  int64        // Store.Seq when the inbox was read last
	tellAt  time.Time    // when there may be something to tell though nothing happens

	// committing orders commits against the replay that evaluation begins
	// with: before evaluating is set, what was committed is read back from
	// the store; afterwards it comes through work.
	committing sync.Mutex
	evaluating bool
	settle     sync.Once
}

type watcher struct {
	view   snapshot.View
	out    chan *snapshot.Snapshot
	served bool // it was handed a picture
}

// New returns a Monitor that does nothing yet.
func New(o Options) *Monitor {
	return &Monitor{
		o: o, builder: newBuilder(o), watchers: map[*watcher]struct{}{}, building: map[snapshot.View]bool{}, plan: newPlan(o), attempts: map[Try]int{},
		settled: make(chan struct{}), dirty: make(chan struct{}, 1), reloads: make(chan reload), work: make(chan outcome, 64),
	}
}

// followEvery is how often a viewer looks for changes, and how often it tries
// to take over, on the real clock.
const followEvery = 500 * time.Millisecond

// Run collects while this process holds the lease and follows the holder
// otherwise, until ctx ends. It returns nil then, or the error that makes
// going on impossible.
func (m *Monitor) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	publisher := make(chan struct{})
	go func() { defer close(publisher); m.publish(ctx) }()
	defer func() { cancel(); <-publisher }()

	ticker := time.NewTicker(followEvery)
	defer ticker.Stop()
	var seq int64
	for {
		lease, err := m.o.Store.Lease(m.o.Clock.Now())
		if err == nil && m.o.Watches { // it was free: nobody collects
			if err := lease.Release(); err != nil {
				return err
			}
			m.setCollector(false, "")
		} else if err == nil {
			m.setCollector(true, "")
			err = m.collectOn(ctx)
			err = errors.Join(err, lease.Release())
			if ctx.Err() != nil {
				return nil
			}
			return err
		} else if errors.Is(err, store.ErrHeld) {
			m.setCollector(false, err.Error())
		} else {
			return err
		}
		m.settle.Do(func() { close(m.settled) })
		m.beat(false)
		if now, err := m.o.Store.Seq(ctx); err == nil && now != seq {
			seq = now
			m.markDirty()
		}
		select {
		case <-ctx.Done():
			return nil
		case r := <-m.reloads:
			m.swap(r)
		case <-ticker.C:
		}
	}
}

func (m *Monitor) setCollector(here bool, who string) {
	m.mu.Lock()
	changed := m.holding != here || m.holder != who
	m.holding, m.holder = here, who
	if now := time.Now(); m.pulse.Since.IsZero() || m.pulse.Collecting != here {
		m.pulse = Pulse{Collecting: here, Who: who, Since: now, Looked: now}
	}
	m.pulse.Who = who
	m.mu.Unlock()
	if !changed {
		return
	}
	m.markDirty()
	switch {
	case here:
		m.o.Log.Info("collecting")
	case who != "":
		m.o.Log.Info("waiting for the one who collects", "who", who)
	default:
		m.o.Log.Warn("nobody collects")
	}
}

// Watch delivers the newest Snapshot of the view now and after every change.
// Older ones are dropped while the reader is slow. The channel closes when
// ctx ends.
func (m *Monitor) Watch(ctx context.Context, view snapshot.View) <-chan *snapshot.Snapshot {
	w := &watcher{view: view, out: make(chan *snapshot.Snapshot, 1)}
	m.mu.Lock()
	m.watchers[w] = struct{}{}
	m.mu.Unlock()
	m.markDirty()
	context.AfterFunc(ctx, func() {
		m.mu.Lock()
		delete(m.watchers, w)
		close(w.out)
		m.mu.Unlock()
	})
	return w.out
}

// Send hands a command to the one who collects, itself included: through the
// store's inbox, so that nothing is lost when it is away.
func (m *Monitor) Send(ctx context.Context, c snapshot.Command) error {
	o, _ := m.current()
	c.At = o.Clock.Now()
	stored := toInbox(c)
	if c.Verb == "fetch" {
		m.showing(c.Inside, stored.Args)
	}
	err := o.Store.Send(ctx, stored)
	if err == nil {
		m.markDirty()
		m.wake()
	}
	return err
}

// wake makes the evaluation look around, when it runs in this process.
func (m *Monitor) wake() {
	select {
	case m.work <- outcome{}:
	default:
	}
}

// Snapshot builds the picture of a view from the store alone.
func (m *Monitor) Snapshot(ctx context.Context, view snapshot.View) (*snapshot.Snapshot, error) {
	o, b := m.current()
	return b.build(ctx, view, o.Clock.Now(), m.status())
}

// First builds the picture of a view for the first frame: without that for which
// every campaign has to be looked at, which are the warnings of channels that
// claim the same, what accounts spend beyond their lists, and impression shares.
func (m *Monitor) First(ctx context.Context, view snapshot.View) (*snapshot.Snapshot, error) {
	o, b := m.current()
	st := m.status()
	st.hurried = true
	return b.build(ctx, view, o.Clock.Now(), st)
}

// Settled is closed once this process has polled every source, well or badly,
// has what there is of history, and has judged what came; or once it follows
// another process that does.
func (m *Monitor) Settled() <-chan struct{} { return m.settled }

// status is what only the running process knows.
type status struct {
	collector snapshot.Collector
	backfill  snapshot.Progress
	next      map[string]time.Time
	hurried   bool // as First
	backfills map[string]snapshot.Progress
	busy      map[snapshot.Inside]bool // what is being taken apart
}

func (m *Monitor) status() status {
	m.mu.Lock()
	defer m.mu.Unlock()
	return status{
		collector: snapshot.Collector{Here: m.holding, Who: m.holder}, backfill: m.backfill, next: maps.Clone(m.next), backfills: maps.Clone(m.backfills), busy: m.busy(),
	}
}

func (m *Monitor) markDirty() {
	select {
	case m.dirty <- struct{}{}:
	default:
	}
}
