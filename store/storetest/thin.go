package storetest

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"adtop/sources"
	"adtop/store"
)

// thinning lets random histories grow old, and compares what is left with a
// replay of everything: reads answer exactly as of the instant they say.
func thinning(t *testing.T, f *fixture) {
	w := &world{Rand: rand.New(rand.NewPCG(5, 7)), pace: 151, turn: 1 << 30}
	w.assign(f, byName)
	keep := store.Retention{Detail: 30 * time.Hour, Hourly: 4 * 24 * time.Hour, History: 1000 * 24 * time.Hour}
	for n := range 160 {
		b := w.poll()
		w.batches = append(w.batches, b)
		f.commit(b)
		if n%40 == 39 {
			w.thin(f, keep)
			w.compareSome(f)
		}
	}
	if now := at(w.clock); now.Sub(start) < 7*24*time.Hour {
		t.Fatalf("the world is %s old: too young to be thinned", now.Sub(start))
	}
	w.assign(f, byName)
	if changed := must[int](t)(f.Rebuild(ctx, nil)); changed != 0 {
		t.Errorf("a rebuild of thinned history changed %d sums", changed)
	}
	w.compareSome(f)
	w.resolutions(f, keep)

	begin := store.Retention{Detail: keep.Detail, Hourly: keep.Hourly, History: 5 * 24 * time.Hour}
	before := must[[]store.Total](t)(f.Days(ctx, allDays, at(w.clock), nil))
	w.thin(f, begin)
	after := must[[]store.Total](t)(f.Days(ctx, allDays, at(w.clock), nil))
	if len(before) == 0 || len(before) != len(after) {
		t.Fatalf("%d totals were left of %d", len(after), len(before))
	}
	for i := range before {
		if before[i] != after[i] {
			t.Errorf("a total became %+v, from %+v", after[i], before[i])
		}
	}
	long := start.Add(-1000 * time.Hour)
	exact, _, err := f.Exact(ctx, long)
	if err != nil || !exact.After(long) {
		t.Errorf("the time before the history is answered as of %s (%v)", exact, err)
	}
	if hours := must[[]store.Version](t)(f.Hours(ctx, days(today-1, today), at(w.clock), nil)); len(hours) != 0 {
		t.Errorf("hours before the history are still there: %d", len(hours))
	}
	if changed := must[int](t)(f.Rebuild(ctx, nil)); changed != 0 {
		t.Errorf("a rebuild after the hours were dropped changed %d sums", changed)
	}
}

func (w *world) thin(f *fixture, r store.Retention) {
	f.Helper()
	for n := 0; ; n++ {
		more, err := f.Thin(ctx, at(w.clock), r)
		if err != nil {
			f.Fatal(err)
		}
		if !more {
			return
		}
		if n > 1000 {
			f.Fatal("thinning does not end")
		}
	}
}

func (w *world) compareSome(f *fixture) {
	f.Helper()
	for range 25 {
		w.compare(f, at(w.IntN(w.clock+2)))
	}
	w.compare(f, at(w.clock))
}

// resolutions checks that instants are answered as of themselves while they
// are young, then as of the hour, then of the day.
func (w *world) resolutions(f *fixture, r store.Retention) {
	f.Helper()
	for _, age := range []time.Duration{time.Minute, r.Detail - time.Hour, r.Detail + 12*time.Hour, r.Hourly - 12*time.Hour, r.Hourly + 30*time.Hour} {
		instant := at(w.clock).Add(-age)
		exact, width, err := f.Exact(ctx, instant)
		want := time.Duration(0)
		switch {
		case age > r.Hourly+24*time.Hour:
			want = 24 * time.Hour
		case age > r.Detail+6*time.Hour:
			want = time.Hour
		}
		if err != nil || width != want || exact.After(instant) || instant.Sub(exact) > width {
			f.Errorf("%s old: answered as of %s earlier, resolution %s, want %s (%v)", age, instant.Sub(exact), width, want, err)
		}
	}
}

// thinnedPolls has campaigns and their impression shares polled within one hour.
func thinnedPolls(t *testing.T, f *fixture) {
	for _, poll := range []struct {
		minute int
		shares bool
	}{{1, false}, {2, false}, {3, true}, {4, false}, {5, true}, {61, true}, {62, false}} {
		b := batch(at(poll.minute))
		if b.Query.Shares = poll.shares; !poll.shares {
			b.Records = []sources.Record{row("a", hour(today, 3), spent(1, 1, 4))}
		}
		f.commit(b)
	}
	w := &world{clock: 20 * 24 * 60}
	w.thin(f, store.Retention{Detail: 48 * time.Hour, Hourly: 14 * 24 * time.Hour, History: 1000 * 24 * time.Hour})
	var left []float64
	for _, p := range must[[]store.Poll](t)(f.Polls(ctx, at(0), at(100))) {
		left = append(left, p.At.Sub(start).Minutes())
	}
	if want := []float64{1, 4, 5, 61, 62}; !slices.Equal(left, want) { // the first changed something
		t.Errorf("the polls of the minutes %v are left, want %v", left, want)
	}
}
