package monitor

import (
	"context"
	"sync"
	"testing"
	"time"

	"adtop/snapshot"
	"adtop/store"
)

// latched is a store in which the picture of one moment waits before it is read.
type latched struct {
	store.Store
	moment           time.Time
	entered, release chan struct{}

	mu    sync.Mutex
	built map[int64]int // pictures by their moment
}

func (l *latched) Exact(ctx context.Context, at time.Time) (time.Time, time.Duration, error) {
	l.mu.Lock()
	l.built[at.Unix()]++
	l.mu.Unlock()
	if at.Equal(l.moment) {
		l.entered <- struct{}{}
		<-l.release
	}
	return l.Store.Exact(ctx, at)
}

func TestWhoLooksAtAnotherMomentDoesNotWaitAndTheSameOneIsBuiltOnce(t *testing.T) {
	r := newRig(t, instant(t, "2026-11-20T12:00:00Z"), func(r *rig, o *Options) {
		o.Sources = []Source{r.file("home", "EUR", "Europe/Berlin")}
	})
	r.export("home", "2026-11-20,A,50,10,1,30")
	r.poll()
	moment, other := r.clock.now().Add(-2*time.Hour), r.clock.now().Add(-time.Hour)
	l := &latched{Store: r.o.Store, moment: moment, entered: make(chan struct{}, 8), release: make(chan struct{}), built: map[int64]int{}}
	o := r.o
	o.Store = l
	m := New(o)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); m.publish(ctx) }()
	at := func(moment time.Time) <-chan *snapshot.Snapshot {
		return m.Watch(ctx, snapshot.View{Range: snapshot.Range{Name: "today"}, AsOf: moment})
	}
	comes := func(what string, pictures <-chan *snapshot.Snapshot) {
		t.Helper()
		select {
		case <-pictures:
		case <-time.After(patience):
			t.Errorf("%s never comes", what)
		}
	}
	first := at(moment)
	<-l.entered
	comes("another moment", at(other))
	second := at(moment)
	comes("a third one", at(other.Add(time.Minute))) // by then it is known that the second one waits
	close(l.release)
	comes("the first", first)
	comes("the same moment for somebody else", second)
	cancel()
	<-ended
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := l.built[moment.Unix()]; n != 1 {
		t.Errorf("the moment was built %d times for two who asked at once", n)
	}
}
