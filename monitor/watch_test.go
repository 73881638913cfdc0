package monitor

import (
	"context"
	"fmt"
	"testing"
	"time"

	"adtop/snapshot"
)

func TestASlowReaderGetsTheNewestSnapshotAndHoldsNobodyUp(t *testing.T) {
	r := newRig(t, instant(t, "2026-11-20T12:00:00Z"), func(r *rig, o *Options) {
		o.Sources = []Source{r.file("home", "EUR", "Europe/Berlin")}
	})
	ctx, cancel := context.WithCancel(t.Context())
	slow := r.Watch(ctx, snapshot.View{Range: snapshot.Range{Name: "today"}})
	other := r.Watch(ctx, snapshot.View{Range: snapshot.Range{Name: "7d"}})
	var last int64
	delivered := make(chan struct{})
	go func() {
		defer close(delivered)
		for i := range 50 {
			if err := r.o.Store.PutSetting(ctx, "n", fmt.Sprint(i)); err != nil {
				t.Error(err)
				return
			}
			s, err := r.Snapshot(ctx, snapshot.View{Range: snapshot.Range{Name: "today"}})
			if err != nil {
				t.Error(err)
				return
			}
			last = s.Seq
			r.deliver(s)
		}
	}()
	select {
	case <-delivered:
	case <-time.After(20 * time.Second):
		t.Fatal("a reader that does not read holds the engine up")
	}
	if got := <-slow; got.Seq != last {
		t.Errorf("the reader gets change %d, the newest is %d", got.Seq, last)
	}
	select {
	case s := <-slow:
		t.Errorf("an older picture waits as well: change %d", s.Seq)
	case s := <-other:
		t.Errorf("a picture of %q reached a watcher of another range", s.View.Range)
	default:
	}
	cancel()
	for range slow {
		t.Error("a picture after the end")
	}
}

// TestTheFirstPictureHasTheFiguresOfEveryLaterOne: what it leaves out for the sake
// of speed is beside them.
func TestTheFirstPictureHasTheFiguresOfEveryLaterOne(t *testing.T) {
	r, _, _ := troubled(t)
	view := snapshot.View{Range: snapshot.Ranges[0]}
	first, err := r.First(t.Context(), view)
	if err != nil {
		t.Fatal(err)
	}
	later, err := r.Snapshot(t.Context(), view)
	if err != nil {
		t.Fatal(err)
	}
	if len(first.Channels) != len(later.Channels) || first.Total != later.Total || len(first.Alerts) != len(later.Alerts) {
		t.Fatalf("first %d channels with %+v, later %d with %+v", len(first.Channels), first.Total, len(later.Channels), later.Total)
	}
	for i := range later.Channels {
		a, b := first.Channels[i], later.Channels[i]
		if a.Name != b.Name || a.Verdict != b.Verdict || a.P != b.P || a.Now != b.Now || a.Before != b.Before {
			t.Errorf("%s: first %s %v %+v, later %s %v %+v", a.Name, a.Verdict, a.P, a.Now, b.Verdict, b.P, b.Now)
		}
	}
}
