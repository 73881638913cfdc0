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
	round := func(r *rig) {
		if err := r.decide(context.Background(), &snapshot.Snapshot{AsOf: r.clock.now(), Zone: r.o.Zone}, nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	round(r)
	for hour := range 6 * 24 {
		r.clock.set(instant(t, "2026-11-20T07:00:00Z").Add(time.Duration(hour) * time.Hour))
		if hour%5 == 0 {
			r.restart(r.o.Clock)
		}
		for range 2 {
			round(r)
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
	want := []string{"note digest/week/2026-11-23"}
	for _, day := range []string{"20", "21", "22", "23", "24", "25"} {
		want = append(want, "note digest/day/2026-11-"+day)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("queued %q, want %q", got, want)
	}
}

// A digest that is new in the config, moved, or back after a while waits for its
// time; one that was missed while nothing ran comes late.
func TestANewDigestWaitsForItsTime(t *testing.T) {
	monday := Digest{Period: snapshot.DigestWeek, Day: time.Monday, At: 9 * time.Hour, Targets: []string{"team"}}
	thursday := monday
	thursday.Day = time.Thursday
	r := newRig(t, instant(t, "2026-11-20T12:00:00Z"), func(r *rig, o *Options) { // a Friday
		o.Notify = &notify.Plan{Zone: o.Zone, Targets: []string{"team"}}
	})
	queued := 0
	for _, step := range []struct {
		at      string
		digests []Digest
		comes   bool
	}{
		{"2026-11-20T12:00:00Z", []Digest{monday}, false}, // new
		{"2026-11-23T07:59:00Z", []Digest{monday}, false},
		{"2026-11-23T08:00:00Z", []Digest{monday}, true},    // 09:00 in Berlin
		{"2026-11-24T08:00:00Z", []Digest{thursday}, false}, // moved
		{"2026-11-26T08:00:00Z", []Digest{thursday}, true},
		{"2026-12-04T08:00:00Z", []Digest{thursday}, true}, // missed the day before
		{"2026-12-05T08:00:00Z", nil, false},
		{"2026-12-19T08:00:00Z", []Digest{thursday}, false}, // back
		{"2026-12-24T08:00:00Z", []Digest{thursday}, true},
	} {
		r.clock.set(instant(t, step.at))
		o := r.o
		o.Digests = step.digests
		if err := r.o.Store.Close(); err != nil {
			t.Fatal(err)
		}
		r.start(o)
		for range 2 {
			if err := r.decide(t.Context(), &snapshot.Snapshot{AsOf: r.clock.now(), Zone: r.o.Zone}, nil, nil); err != nil {
				t.Fatal(err)
			}
		}
		log, err := r.o.Store.Deliveries(t.Context(), store.DeliveryFilter{Most: 100}, forever)
		if err != nil {
			t.Fatal(err)
		}
		if came := len(log) - queued; came != b2i(step.comes) {
			t.Errorf("%s: %d digests came", step.at, came)
		}
		queued = len(log)
	}
}
