package store_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/store"
)

const viewers = 50

// watch has n viewers, each with a database of its own, ask what an overview
// asks, as often as they can until stop closes, and returns how long each
// answer took.
func watch(t testing.TB, path string, n, rounds int, asOf time.Time) []time.Duration {
	t.Helper()
	var mu sync.Mutex
	var took []time.Duration
	var errs []error
	var group sync.WaitGroup
	for range n {
		group.Go(func() {
			s, err := store.Open(context.Background(), path, store.Options{ReadOnly: true})
			if err != nil {
				mu.Lock()
				errs = append(errs, err)
				mu.Unlock()
				return
			}
			defer s.Close()
			for range rounds {
				started := time.Now()
				err := refresh(s, asOf)
				mu.Lock()
				took, errs = append(took, time.Since(started)), append(errs, err)
				mu.Unlock()
				time.Sleep(5 * time.Millisecond) // a screen asks now and then, not without end
			}
		})
	}
	group.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	slices.Sort(took)
	return took
}

// refresh asks what a viewer's screen shows.
func refresh(s *store.SQLite, asOf time.Time) error {
	ctx := context.Background()
	last := kpi.DateOf(asOf, time.UTC)
	_, err := s.ChannelDays(ctx, channelOfSource, kpi.DateRange{From: last - 59, To: last}, asOf)
	_, err2 := s.Alerts(ctx, asOf.AddDate(0, 0, -7), asOf)
	_, err3 := s.Evaluations(ctx, asOf)
	_, err4 := s.Health(ctx, asOf)
	_, err5 := s.Seq(ctx)
	return errors.Join(err, err2, err3, err4, err5)
}

// keepPolling commits polls, decisions and viewers' commands until stop closes.
func keepPolling(t testing.TB, s, viewer *store.SQLite, stop <-chan struct{}) {
	ctx := context.Background()
	for n := 0; ; n++ {
		select {
		case <-stop:
			return
		default:
		}
		at := time.Date(2026, 6, 1, 0, 0, n, 0, time.UTC)
		_, err := s.Commit(ctx, ads{n % adSources, 20, kpi.DateRange{From: 20600, To: 20602}, at, 5}.batch())
		err = errors.Join(err,
			s.Decide(ctx, store.Decision{At: at, Evaluations: []store.Evaluation{{At: at, Channel: "Ads", Detail: []byte("{}")}}}),
			viewer.Send(ctx, store.Command{At: at, Verb: "ack", Args: map[string]string{"id": "x"}}))
		_, thinErr := s.Thin(ctx, at, store.Retention{Detail: time.Hour, Hourly: 2 * time.Hour, History: 1000 * time.Hour})
		if err = errors.Join(err, thinErr); err != nil {
			t.Error(err)
			return
		}
	}
}

func TestNobodyIsLockedOut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "adtop.db")
	s, viewer := open(t, path), open(t, path)
	defer s.Close()
	defer viewer.Close()
	if err := s.Assign(context.Background(), channelOfSource, nil); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var writer sync.WaitGroup
	writer.Go(func() { keepPolling(t, s, viewer, stop) })
	took := watch(t, path, viewers, 4, time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC))
	close(stop)
	writer.Wait()
	if len(took) != 4*viewers {
		t.Errorf("%d answers, want %d", len(took), 4*viewers)
	}
	if commands, err := s.Inbox(context.Background()); err != nil || len(commands) == 0 {
		t.Errorf("%d commands arrived, %v", len(commands), err)
	}
}

// BenchmarkViewers compares the refresh of 50 viewers while polls are written
// flat out with their refresh of a quiet database.
func BenchmarkViewers(b *testing.B) {
	path := filepath.Join(b.TempDir(), "adtop.db")
	s, viewer := open(b, path), open(b, path)
	defer s.Close()
	defer viewer.Close()
	if err := s.Assign(context.Background(), channelOfSource, nil); err != nil {
		b.Fatal(err)
	}
	asOf := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
	for day := kpi.DateOf(asOf, time.UTC) - 60; day < kpi.DateOf(asOf, time.UTC); day++ {
		for source := range adSources {
			if _, err := s.Commit(context.Background(), (ads{source, 20, kpi.DateRange{From: day, To: day}, asOf.AddDate(0, -1, -1).Add(time.Duration(day) * time.Second), 0}).batch()); err != nil {
				b.Fatal(err)
			}
		}
	}
	for b.Loop() {
		idle := watch(b, path, viewers, 20, asOf)
		stop := make(chan struct{})
		var writer sync.WaitGroup
		writer.Go(func() { keepPolling(b, s, viewer, stop) })
		busy := watch(b, path, viewers, 20, asOf)
		close(stop)
		writer.Wait()
		ms(b, median(idle), "idle-ms")
		ms(b, median(busy), "ms")
		b.ReportMetric(median(busy).Seconds()/median(idle).Seconds(), "x-of-idle")
		b.ReportMetric(p99(busy).Seconds()/p99(idle).Seconds(), "p99-x-of-idle")
	}
	b.ReportMetric(0, "ns/op")
}
