package monitor

import (
	"context"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
)

// plan is what the collecting part knows of its sources and targets. It begins anew with
// other Options.
type plan struct {
	backfill  snapshot.Progress
	backfills map[string]snapshot.Progress // by source
	next      map[string]time.Time         // planned polls by source
	left      map[string]int               // history polls left by account
	whole     map[string]bool              // sources whose history is there, or cannot be had now
	inquiries map[string][]inquiry         // that wait, by source
	granting  map[snapshot.Inside]bool
	met       map[kpi.Currency]bool // currencies of accounts that were committed

	polls    map[string]chan struct{} // the user wants a poll of a source now
	inquired map[string]chan struct{} // there is a new inquiry at a source
	mail     map[string]chan struct{} // something new is in the outbox, by target
	said     map[string]bool          // failures of rules that stand in the log
}

func newPlan(o Options) plan {
	p := plan{
		backfills: map[string]snapshot.Progress{}, next: map[string]time.Time{}, left: map[string]int{}, whole: map[string]bool{},
		inquiries: map[string][]inquiry{}, granting: map[snapshot.Inside]bool{}, met: map[kpi.Currency]bool{},
		polls: map[string]chan struct{}{}, inquired: map[string]chan struct{}{}, mail: map[string]chan struct{}{}, said: map[string]bool{},
	}
	for _, src := range o.Sources {
		p.polls[src.Name], p.inquired[src.Name] = make(chan struct{}, 1), make(chan struct{}, 1)
	}
	for _, src := range o.RateSources {
		p.polls[src.Name] = make(chan struct{}, 1)
	}
	for _, t := range o.Targets {
		p.mail[t.Name] = make(chan struct{}, 1)
	}
	return p
}

// reload asks Run to go on with other options.
type reload struct {
	o    Options
	done chan struct{} // closed when it does
}

// Reload has a running Monitor go on with other options, under the same lease
// where it collects: polls under way are broken off and begin anew, watchers
// stay and see what the new options say. Store and Clock stay those of New. It
// returns when nothing uses the former sources any more, or with the error of
// ctx, which ends first where Run does not run; then all is as it was.
func (m *Monitor) Reload(ctx context.Context, o Options) error {
	r := reload{o, make(chan struct{})}
	select {
	case m.reloads <- r:
		<-r.done
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// collectOn collects until ctx ends. A reload interrupts it only.
func (m *Monitor) collectOn(ctx context.Context) error {
	for {
		part, end := context.WithCancel(ctx)
		done := make(chan error, 1)
		go func() { done <- m.collect(part) }()
		select {
		case err := <-done:
			end()
			return err
		case r := <-m.reloads:
			end()
			<-done // what failed because of the end is no failure, and what else did will again
			m.swap(r)
		}
	}
}

// swap puts other options in place while nothing collects.
func (m *Monitor) swap(r reload) {
	r.o.Store, r.o.Clock = m.o.Store, m.o.Clock
	m.mu.Lock()
	m.o, m.builder, m.plan = r.o, newBuilder(r.o), newPlan(r.o)
	m.mu.Unlock()
	m.markDirty()
	close(r.done)
}

// current is for those who may run while options are swapped.
func (m *Monitor) current() (Options, *builder) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.o, m.builder
}
