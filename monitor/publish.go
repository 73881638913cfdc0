package monitor

import (
	"context"
	"sync"
	"time"

	"adtop/snapshot"
)

// publishEvery is the shortest time between two Snapshots, on the real clock.
const publishEvery = 100 * time.Millisecond

// buildAtOnce bounds the Snapshots that are built for watchers at one time: each keeps
// a processor busy.
const buildAtOnce = 2

// publish builds one Snapshot a view whenever something changed, and hands it
// to the watchers of that view. Views do not wait for each other, but for a place.
func (m *Monitor) publish(ctx context.Context) {
	places := make(chan struct{}, buildAtOnce)
	var builds sync.WaitGroup
	defer builds.Wait()
	for {
		select {
		case <-ctx.Done():
			return
		case <-m.dirty:
		}
		for _, view := range m.changed() {
			builds.Go(func() {
				select {
				case places <- struct{}{}:
					m.buildFor(ctx, view)
					<-places
				case <-ctx.Done():
				}
			})
		}
		pause := time.NewTimer(publishEvery)
		select {
		case <-ctx.Done():
		case <-pause.C:
		}
		pause.Stop()
	}
}

// changed returns the watched views of which no Snapshot is being built; of the
// others it is noted that one more is due.
func (m *Monitor) changed() (views []snapshot.View) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for w := range m.watchers {
		if _, begun := m.building[w.view]; !begun {
			views = append(views, w.view)
		}
		m.building[w.view] = true
	}
	for _, view := range views {
		m.building[view] = false
	}
	return views
}

// buildFor builds a Snapshot of a view for its watchers, if there are any by now.
func (m *Monitor) buildFor(ctx context.Context, view snapshot.View) {
	m.mu.Lock()
	watched := false
	for w := range m.watchers {
		watched = watched || w.view == view
	}
	m.building[view] = false // what changed while it waited is in it
	m.mu.Unlock()
	var s *snapshot.Snapshot
	var err error
	if watched {
		s, err = m.Snapshot(ctx, view)
	}
	o, _ := m.current()
	if err != nil && ctx.Err() == nil {
		o.Log.Error("build snapshot", "view", view.Range.String(), "err", err)
	}
	if s != nil && err == nil {
		m.deliver(s)
	}
	m.mu.Lock()
	again, late := m.building[view], false
	for w := range m.watchers {
		late = late || w.view == view && !w.served
	}
	delete(m.building, view)
	m.mu.Unlock()
	if again && !late && s != nil && !view.AsOf.IsZero() { // has anything changed, or did somebody only ask for the same moment?
		seq, err := o.Store.Seq(ctx)
		again = err != nil || seq != s.Seq
	}
	if again {
		m.markDirty()
	}
}

func (m *Monitor) deliver(s *snapshot.Snapshot) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for w := range m.watchers {
		if w.view != s.View {
			continue
		}
		select {
		case <-w.out: // the reader has not taken the one before: it is old now
		default:
		}
		w.out <- s
		w.served = true
	}
}
