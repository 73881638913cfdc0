package monitor

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"adtop/alert/notify"
	"adtop/snapshot"
	"adtop/store"
)

func TestADigestComesOnceInItsPeriodAlsoOverRestarts(t *testing.T) {
	made := map[string]int{}
	r := newRig(t, instant(t, "2026-11-20T06:59:00Z"), func(r *rig, o *Options) { // a Friday, 07:59 in Berlin
		o.Notify = &notify.Plan{Zone: o.Zone, Targets: []string{"team"}}
		o.Digests = []Digest{{Period: "daily", At: 8 * time.Hour, Targets: []string{"team"}}, {Period: "weekly", Day: time.Monday, At: 9 * time.Hour, Targets: []string{"team"}}}
		o.Digest = func(_ context.Context, period string, now time.Time) (notify.Message, error) {
			if made[period]++; made[period] == 1 {
				return notify.Message{}, errors.New("not yet")
			}
			return notify.Message{Title: period + " " + now.Format(time.DateOnly)}, nil
		}
	})
	for hour := range 6 * 24 {
		r.clock.set(instant(t, "2026-11-20T07:00:00Z").Add(time.Duration(hour) * time.Hour))
		if hour%5 == 0 {
			r.restart(r.o.Clock)
		}
		for range 2 {
			if err := r.decide(context.Background(), &snapshot.Snapshot{AsOf: r.clock.now(), Zone: r.o.Zone}, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	log, err := r.o.Store.Deliveries(context.Background(), store.DeliveryFilter{Most: 100}, forever)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range slices.Backward(log) {
		got = append(got, d.Kind+" "+d.Title)
	}
	want := []string{"note daily 2026-11-20", "note weekly 2026-11-20", "note daily 2026-11-21", "note daily 2026-11-22", "note daily 2026-11-23", "note weekly 2026-11-23", "note daily 2026-11-24", "note daily 2026-11-25"}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("queued %q, want %q", got, want)
	}
}
