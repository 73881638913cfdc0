package monitor

import (
	"context"
	"runtime"
	"testing"
	"time"

	"adtop/alert"
	"adtop/snapshot"
)

var today = snapshot.View{Range: snapshot.Range{Name: "today"}}

// patience bounds every wait on the real clock.
const patience = 20 * time.Second

// run lets a monitor run until the test, or the returned function, ends it.
func run(t *testing.T, m *Monitor) (end func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx) }()
	ended := false
	end = func() {
		t.Helper()
		cancel()
		if ended {
			return
		}
		ended = true
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(patience):
			t.Error("Run does not end with its context")
		}
	}
	t.Cleanup(end)
	return end
}

// until reads pictures until one is as wanted.
func until(t *testing.T, pictures <-chan *snapshot.Snapshot, what string, wanted func(*snapshot.Snapshot) bool) *snapshot.Snapshot {
	t.Helper()
	timeout := time.After(patience)
	for {
		select {
		case s := <-pictures:
			if wanted(s) {
				return s
			}
		case <-timeout:
			t.Fatalf("%s: not within %s", what, patience)
		}
	}
}

// settled waits until m has polled everything and judged it.
func settled(t *testing.T, m *Monitor) {
	t.Helper()
	select {
	case <-m.Settled():
	case <-time.After(patience):
		t.Fatal("never settled")
	}
}

// withAlert is a rig whose only source has figures that end three days ago, so
// that the alert about it fires at once. The data's time runs fast enough for
// a round every tenth of a second.
func withAlert(t *testing.T) *rig {
	r := newRig(t, instant(t, "2026-11-17T12:00:00Z"), func(r *rig, o *Options) {
		o.Sources = []Source{r.file("home", "EUR", "Europe/Berlin")}
		o.Clock.Speed = float64(roundEvery / (100 * time.Millisecond))
	})
	r.export("home", "2026-11-16,A,50,10,1,30")
	r.clock.set(instant(t, "2026-11-20T12:00:00Z"))
	return r
}

// second is another process on the same database.
func (r *rig) second() *Monitor {
	r.Helper()
	o := r.o
	o.Store = openStore(r.T, r.path)
	return New(o)
}

func firing(s *snapshot.Snapshot) bool {
	return len(s.Alerts) == 1 && s.Alerts[0].State == snapshot.Firing
}

func TestAnAckFromAViewerReachesTheHolderAndSurvivesARestart(t *testing.T) {
	r := withAlert(t)
	endHolder := run(t, r.Monitor)
	settled(t, r.Monitor)
	viewer := r.second()
	endViewer := run(t, viewer)
	pictures := viewer.Watch(t.Context(), today)
	s := until(t, pictures, "the alert at the viewer", func(s *snapshot.Snapshot) bool { return firing(s) && !s.Collector.Here })
	if err := viewer.Send(t.Context(), snapshot.Command{Verb: "ack", ID: s.Alerts[0].ID, Note: "looking", By: "ops"}); err != nil {
		t.Fatal(err)
	}
	until(t, pictures, "the ack at the viewer", func(s *snapshot.Snapshot) bool {
		return firing(s) && s.Alerts[0].AckedBy == "ops" && s.Alerts[0].AckNote == "looking" && !s.Alerts[0].Sent
	})
	endViewer()
	endHolder()

	again := r.second()
	run(t, again)
	settled(t, again)
	after, err := again.Snapshot(t.Context(), today)
	if err != nil {
		t.Fatal(err)
	}
	if !firing(after) || after.Alerts[0].ID != s.Alerts[0].ID || after.Alerts[0].AckedBy != "ops" {
		t.Errorf("after a restart: %+v", after.Alerts)
	}
}

func TestARestartNeitherLosesNorDoublesAnAlert(t *testing.T) {
	r := withAlert(t)
	end := run(t, r.Monitor)
	settled(t, r.Monitor)
	before := r.show("today", time.Time{}).Alerts
	if len(before) != 1 || before[0].Rule != alert.RuleSourceStale || before[0].FiredAt.IsZero() {
		t.Fatalf("before the restart: %+v", before)
	}
	end()
	for restart := range 3 {
		r.clock.set(r.clock.now().Add(time.Hour))
		again := r.second()
		end := run(t, again)
		settled(t, again)
		s, err := again.Snapshot(t.Context(), today)
		if err != nil {
			t.Fatal(err)
		}
		if len(s.Alerts) != 1 || s.Alerts[0].ID != before[0].ID || s.Alerts[0].State != snapshot.Firing || !s.Alerts[0].FiredAt.Equal(before[0].FiredAt) {
			t.Fatalf("after restart %d: %+v", restart+1, s.Alerts)
		}
		end()
	}
}

func TestAViewerSeesACommitWithinASecondAndTakesOverWhenTheHolderEnds(t *testing.T) {
	r := newRig(t, instant(t, "2026-11-20T12:00:00Z"), func(r *rig, o *Options) {
		o.Sources = []Source{r.file("home", "EUR", "Europe/Berlin")}
	})
	lease, err := r.o.Store.Lease(r.clock.now())
	if err != nil {
		t.Fatal(err)
	}
	viewer := r.second()
	run(t, viewer)
	pictures := viewer.Watch(t.Context(), today)
	s := until(t, pictures, "a first picture", func(s *snapshot.Snapshot) bool { return s.Collector.Who != "" })
	if s.Collector.Here || s.Total.Known {
		t.Fatalf("it collects (%v) or knows figures already (%v)", s.Collector.Here, s.Total.Known)
	}
	r.export("home", "2026-11-20,A,50,10,1,30")
	r.poll()
	committed := time.Now()
	until(t, pictures, "the commit", func(s *snapshot.Snapshot) bool { return s.Total.Metrics.Cost == 10_000_000 })
	if took := time.Since(committed); took > time.Second {
		t.Errorf("the viewer saw the commit after %s", took)
	}
	if err := lease.Release(); err != nil {
		t.Fatal(err)
	}
	until(t, pictures, "the takeover", func(s *snapshot.Snapshot) bool { return s.Collector.Here && len(s.Channels) > 0 })
	settled(t, viewer)
}

func TestNothingRunsOnAfterTheEnd(t *testing.T) {
	r := withAlert(t)
	r.show("today", time.Time{}) // opens the store's connections
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(t.Context())
	pictures := r.Watch(ctx, today)
	end := run(t, r.Monitor)
	until(t, pictures, "a picture", firing)
	settled(t, r.Monitor)
	end()
	cancel()
	for range pictures { // closes
	}
	deadline := time.After(patience)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for runtime.NumGoroutine() > before {
		select {
		case <-tick.C:
		case <-deadline:
			stacks := make([]byte, 1<<16)
			t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
		}
	}
}
