package monitor

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
)

// TestAReloadIsSeenByThoseWhoWatchAndKeepsTheLease: nobody has to connect anew,
// and no other process gets in between.
func TestAReloadIsSeenByThoseWhoWatchAndKeepsTheLease(t *testing.T) {
	r := withAlert(t)
	run(t, r.Monitor)
	settled(t, r.Monitor)
	other := r.second()
	run(t, other)
	pictures := r.Watch(t.Context(), today)
	before := until(t, pictures, "the alert", firing)

	r.export("tour", "2026-11-20,B,50,10,1,30")
	o := r.present()
	o.Title = "Renamed"
	o.Sources = append(o.Sources[:1:1], r.file("tour", "EUR", "Europe/Berlin"))
	o.Channels = []Channel{{Name: "Shop", Economics: kpi.Economics{Margin: 500_000}, Spend: []string{"home", "tour"}, Hash: "2"}, {Name: "Tours", Economics: kpi.Economics{Margin: 500_000}, Spend: []string{"tour"}, Hash: "1"}}
	if err := r.Reload(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	after := until(t, pictures, "the new config", func(s *snapshot.Snapshot) bool {
		return s.Title == "Renamed" && len(s.Sources) == 2 && s.Sources[1].Health == snapshot.Healthy && firing(s)
	})
	if !after.Collector.Here || after.Channels[1].Name != "Tours" || after.Alerts[0].ID != before.Alerts[0].ID {
		t.Errorf("after the reload: collects %v, %d channels, alerts %+v", after.Collector.Here, len(after.Channels), after.Alerts)
	}
	if p := r.Pulse(); !p.Collecting || p.Trouble(time.Now()) != "" {
		t.Errorf("the pulse is %+v", p)
	}
	if p := other.Pulse(); p.Collecting {
		t.Error("the other process collects")
	}
}

// present is a copy of the options that the rig's monitor runs by.
func (r *rig) present() Options {
	o, _ := r.current()
	return o
}

// TestAHundredReloadsUnderLoadLeaveNothingBehind: pictures are built and
// commands sent all the while. One reload shows what a run needs.
func TestAHundredReloadsUnderLoadLeaveNothingBehind(t *testing.T) {
	r := withAlert(t)
	underLoad(r, 1)
	goroutines, files := runtime.NumGoroutine(), openFiles(t)+10 // the store opens a few readers as it needs them; a leak opens a hundred
	underLoad(r, 100)
	deadline := time.After(patience)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for runtime.NumGoroutine() > goroutines || openFiles(t) > files {
		select {
		case <-tick.C:
		case <-deadline:
			stacks := make([]byte, 1<<16)
			t.Fatalf("%d goroutines, %d before; %d files, %d before:\n%s", runtime.NumGoroutine(), goroutines, openFiles(t), files, stacks[:runtime.Stack(stacks, true)])
		}
	}
}

// underLoad runs the engine through some reloads while it is made to work.
func underLoad(r *rig, reloads int) {
	r.Helper()
	end := run(r.T, r.Monitor)
	settled(r.T, r.Monitor)
	ctx, cancel := context.WithCancel(r.Context())
	pictures := r.Watch(ctx, today)
	loads := make(chan error, 4)
	for range cap(loads) {
		go func() {
			for ctx.Err() == nil {
				_, err := r.Snapshot(ctx, today)
				if err == nil {
					err = r.Send(ctx, snapshot.Command{Verb: "poll", ID: "home", By: "load"})
				}
				if err != nil && ctx.Err() == nil {
					loads <- err
					return
				}
			}
			loads <- nil
		}()
	}
	for i := range reloads {
		o := r.present()
		o.Title = fmt.Sprint("Config ", i+1)
		if err := r.Reload(r.Context(), o); err != nil {
			r.Fatal(err)
		}
	}
	until(r.T, pictures, "the last config", func(s *snapshot.Snapshot) bool { return s.Title == fmt.Sprint("Config ", reloads) && firing(s) })
	cancel()
	for range cap(loads) {
		if err := <-loads; err != nil {
			r.Error(err)
		}
	}
	for range pictures { // closes
	}
	end()
}

// openFiles counts what this process has open, where the system tells.
func openFiles(t *testing.T) (n int) {
	t.Helper()
	links, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range links {
		if to, err := os.Readlink(link); err == nil && !strings.HasPrefix(to, "/proc/") {
			n++
		}
	}
	return n
}

func TestWithoutARunningEngineAReloadChangesNothing(t *testing.T) {
	r := withAlert(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	o := r.present()
	o.Title = "Renamed"
	if err := r.Reload(ctx, o); err == nil || r.show("today", time.Time{}).Title != "Test" {
		t.Errorf("it was reloaded: %v", err)
	}
}

func TestAViewerIsReloadedToo(t *testing.T) {
	r := withAlert(t)
	lease, err := r.o.Store.Lease(r.clock.now())
	if err != nil {
		t.Fatal(err)
	}
	defer lease.Release()
	viewer := r.second()
	run(t, viewer)
	pictures := viewer.Watch(t.Context(), today)
	o := viewer.o
	o.Title = "Renamed"
	if err := viewer.Reload(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	until(t, pictures, "the new config", func(s *snapshot.Snapshot) bool { return s.Title == "Renamed" && !s.Collector.Here })
}
