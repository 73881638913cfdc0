package monitor

import (
	"context"
	"slices"
	"testing"
	"time"

	"adtop/alert/notify"
	"adtop/snapshot"
	"adtop/store"
)

func TestADigestComesOnceInItsPeriodAlsoOverRestarts(t *testing.T) {
	r := newRig(t, instant(t, "2026-11-20T06:59:00Z"), func(r *rig, o *Options) { // a Friday, 07:59 in Berlin
		o.Notify = &notify.Plan{Zone: o.Zone, Targets: []string{"team"}}
		o.Digests = []Digest{{Period: snapshot.DigestDay, At: 8 * time.Hour, Targets: []string{"team"}}, {Period: snapshot.DigestWeek, Day: time.Monday, At: 9 * time.Hour, Targets: []string{"team"}}}
	})
	for hour := range 6 * 24 {
		r.clock.set(instant(t, "2026-11-20T07:00:00Z").Add(time.Duration(hour) * time.Hour))
		if hour%5 == 0 {
			r.restart(r.o.Clock)
		}
		for range 2 {
			if err := r.decide(context.Background(), &snapshot.Snapshot{AsOf: r.clock.now(), Zone: r.o.Zone}, nil, nil); err != nil {
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
		got = append(got, d.Kind+" "+d.Event)
	}
	want := []string{"note digest/week/2026-11-16", "note digest/week/2026-11-23"}
	for _, day := range []string{"20", "21", "22", "23", "24", "25"} {
		want = append(want, "note digest/day/2026-11-"+day)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("queued %q, want %q", got, want)
	}
}
