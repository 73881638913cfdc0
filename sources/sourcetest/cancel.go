package sourcetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"adtop/sources"
	"adtop/sources/simulator"
	"adtop/sources/simulator/world"
)

// cancelledInRequest ends the context while the platform is silent.
func (a Adapter) cancelledInRequest(t *testing.T) {
	s := a.stand(t, world.ConformanceSpring)
	q := s.lately()
	s.fail(simulator.Fault{Kind: simulator.Slow, Wait: time.Hour})
	s.endsWith(t, q, &s.asked)
}

// cancelledInPause ends the context while the source waits for an outage to
// pass.
func (a Adapter) cancelledInPause(t *testing.T) {
	s := a.stand(t, world.ConformanceSpring)
	q := s.lately()
	s.fail(simulator.Fault{Kind: simulator.Outage})
	s.endsWith(t, q, &s.paused)
}

// endsWith fetches, has the context ended by the first call of the hook, and
// wants that to be the end of the fetch.
func (s *stand) endsWith(t *testing.T, q sources.Query, hook *func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	*hook = cancel
	began := time.Now()
	got := s.fetch(ctx, q)
	checkEnd(t, got.err, time.Since(began))
	if got.pages != 1 {
		t.Errorf("asked %d times, want no request after the end of the context", got.pages)
	}
}

// cancelledBetweenRecords ends the context while a record is handed over.
func (a Adapter) cancelledBetweenRecords(t *testing.T) {
	s := a.stand(t, world.ConformanceSpring)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	began, handed := time.Now(), 0
	_, err := s.source.Fetch(ctx, s.lately(), func(sources.Record) error { handed++; cancel(); return nil })
	checkEnd(t, err, time.Since(began))
	if handed != 1 {
		t.Errorf("%d records were handed over, want none after the end of the context", handed)
	}
}

func checkEnd(t *testing.T, err error, took time.Duration) {
	t.Helper()
	if !errors.Is(err, context.Canceled) || took > 5*time.Second {
		t.Errorf("got %v after %s, want the end of the context at once", err, took)
	}
	if sources.KindOf(err) != 0 {
		t.Errorf("%v counts as %q: the end of a context is no failure of the source", err, sources.KindOf(err))
	}
}
