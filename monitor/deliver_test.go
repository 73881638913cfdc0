package monitor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"adtop/alert/notify"
	"adtop/store"
)

func TestRetriesFollowTheirScheduleForADay(t *testing.T) {
	at := instant(t, "2026-11-20T12:00:00Z")
	failure := errors.New("no answer")
	for _, c := range []struct {
		attempts int
		age      time.Duration
		err      error
		state    store.DeliveryState
		wait     time.Duration
	}{
		{0, 0, failure, store.Undelivered, time.Second},
		{1, time.Second, failure, store.Undelivered, 5 * time.Second},
		{2, time.Minute, failure, store.Undelivered, 15 * time.Second},
		{3, time.Minute, failure, store.Undelivered, time.Minute},
		{4, time.Hour, failure, store.Undelivered, 10 * time.Minute},
		{100, 23 * time.Hour, failure, store.Undelivered, 10 * time.Minute},
		{150, 24 * time.Hour, failure, store.GivenUp, 10 * time.Minute},
		{0, 0, notify.Later{After: 14 * time.Second, Err: failure}, store.Undelivered, 14 * time.Second},
		{9, 0, notify.Later{After: 1000 * time.Hour, Err: failure}, store.Undelivered, time.Hour},
		{0, 0, fmt.Errorf("slack: %w", notify.Refused{Err: failure}), store.Refused, time.Second},
	} {
		a := result(&store.Delivery{ID: 7, At: at.Add(-c.age), Attempts: c.attempts}, c.err, at)
		if a.ID != 7 || a.State != c.state || a.Next.Sub(at) != c.wait || !strings.Contains(a.Error, "no answer") {
			t.Errorf("attempt %d after %s with %v: %+v", c.attempts+1, c.age, c.err, a)
		}
	}
	if a := result(&store.Delivery{At: at.AddDate(0, 0, -2)}, nil, at); a.State != store.Delivered || a.Error != "" {
		t.Errorf("a success: %+v", a)
	}
}

// last is a target that is reached in the moment in which the program ends.
type last struct{ cancel context.CancelFunc }

func (l last) Send(context.Context, notify.Message) error { l.cancel(); return nil }

func TestWhatArrivedWhileTheProgramEndedIsNotSentAgain(t *testing.T) {
	r := newRig(t, instant(t, "2026-11-20T12:00:00Z"), func(*rig, *Options) {})
	d, err := addressed(notify.Message{Event: "e", Kind: notify.Note, Title: "x", At: r.clock.now()}, "team")
	if err == nil {
		err = r.o.Store.Decide(context.Background(), store.Decision{At: r.clock.now(), Deliveries: []store.Delivery{d}})
	}
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	(&sender{m: r.Monitor, Target: Target{Name: "team", Target: last{cancel}}, complaints: map[string]string{}}).send(ctx)
	if due, next, err := r.o.Store.Outgoing(context.Background(), "team", forever); due != nil || !next.IsZero() || err != nil {
		t.Errorf("still to be sent: %+v, %v", due, err)
	}
}

// full is a store whose disk has no room for what is recorded of deliveries.
type full struct {
	store.Store
	is atomic.Bool
}

func (f *full) Attempted(ctx context.Context, a store.Attempt) error {
	if f.is.Load() {
		return store.ErrFull
	}
	return f.Store.Attempted(ctx, a)
}

func TestWhatArrivedIsNotSentAgainWhileTheDiskIsFull(t *testing.T) {
	team := newService(t)
	r := newRig(t, instant(t, "2026-11-20T12:00:00Z"), func(*rig, *Options) {})
	disk := &full{Store: r.o.Store}
	disk.is.Store(true)
	r.o.Store = disk
	d, err := addressed(notify.Message{Event: "e", Kind: notify.Note, Title: "x", At: r.clock.now()}, "team")
	if err == nil {
		err = disk.Decide(context.Background(), store.Decision{At: r.clock.now(), Deliveries: []store.Delivery{d}})
	}
	if err != nil {
		t.Fatal(err)
	}
	s := &sender{m: r.Monitor, Target: Target{Name: "team", Target: team}, complaints: map[string]string{}}
	for range 3 {
		if _, _, err := s.one(context.Background(), r.clock.now()); !errors.Is(err, store.ErrFull) {
			t.Fatalf("recorded: %v", err)
		}
	}
	disk.is.Store(false)
	for more, err := true, error(nil); more; {
		if more, _, err = s.one(context.Background(), r.clock.now()); err != nil {
			t.Fatal(err)
		}
	}
	log, err := disk.Deliveries(context.Background(), store.DeliveryFilter{Most: 10}, forever)
	if err != nil || len(team.arrived) != 1 || log[0].State != store.Delivered || log[0].Attempts != 1 {
		t.Errorf("%d arrived; the log says %+v, %v", len(team.arrived), log, err)
	}
}
