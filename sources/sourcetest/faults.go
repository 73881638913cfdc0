package sourcetest

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"adtop/sources"
	"adtop/sources/httpkit"
	"adtop/sources/simulator"
	"adtop/sources/simulator/world"
)

// failures sets each fault for good and looks at what Fetch says.
func (a Adapter) failures(t *testing.T) {
	for _, rule := range []struct {
		fault simulator.Fault
		kind  sources.Kind
		says  string // part of the message
		next  bool   // the user is told what to do
	}{
		{simulator.Fault{Kind: simulator.Outage}, sources.Unavailable, "", false},
		{simulator.Fault{Kind: simulator.HTML}, sources.Unavailable, "HTML page", false},
		{simulator.Fault{Kind: simulator.HTML, Status: 200}, sources.Malformed, "HTML page", true},
		{simulator.Fault{Kind: simulator.Dropped}, sources.Unavailable, "broke off", false},
		{simulator.Fault{Kind: simulator.Truncated}, sources.Malformed, "byte", false},
		{simulator.Fault{Kind: simulator.Oversized}, sources.Malformed, "larger than", false},
		{simulator.Fault{Kind: simulator.NotJSON}, sources.Malformed, "not JSON", false},
		{simulator.Fault{Kind: simulator.WrongType}, sources.Malformed, " at ", false},
		{simulator.Fault{Kind: simulator.RevokedToken}, sources.Auth, "", true},
	} {
		name := string(rule.fault.Kind)
		if rule.fault.Status != 0 {
			name += " with status " + http.StatusText(rule.fault.Status)
		}
		t.Run(name, func(t *testing.T) {
			s := a.stand(t, world.ConformanceSpring)
			q := s.week()
			s.fail(rule.fault)
			got := s.fetch(t.Context(), q)
			var e *sources.Error
			if !errors.As(got.err, &e) || e.Kind != rule.kind || !strings.Contains(e.Error(), rule.says) {
				t.Fatalf("got %v, want an error of kind %q that says %q", got.err, rule.kind, rule.says)
			}
			if rule.next && e.Next == "" {
				t.Errorf("%v: it does not say what to do", got.err)
			}
		})
	}
}

func (a Adapter) latePage(t *testing.T) {
	s := a.stand(t, world.ConformanceSpring)
	q := s.week()
	s.fail(simulator.Fault{Kind: simulator.WrongType, After: 1})
	got := s.fetch(t.Context(), q)
	if len(got.records) == 0 {
		t.Fatal("no record before the error: the answer had one page only, and nothing is proved")
	}
	if sources.KindOf(got.err) != sources.Malformed {
		t.Errorf("got %v, want the error of the second page", got.err)
	}
}

func (a Adapter) shortQuota(t *testing.T) {
	s := a.stand(t, world.ConformanceSpring)
	q := s.week()
	const told = 20 * time.Second
	s.fail(simulator.Fault{Kind: simulator.Throttle, Wait: told, Times: 1})
	got := s.fetch(t.Context(), q)
	var e *sources.Error
	switch {
	case got.err == nil && s.waited() >= told:
	case errors.As(got.err, &e) && e.Kind == sources.QuotaKind && e.RetryAfter >= told:
	default:
		t.Errorf("got %v after waiting %s, want the answer after %s or a quota error that says so", got.err, s.waited(), told)
	}
}

func (a Adapter) longQuota(t *testing.T) {
	if !a.Parks {
		t.Skip("the platform never throttles for long")
	}
	s := a.stand(t, world.ConformanceSpring)
	q := s.week()
	const told = 3 * time.Hour
	s.fail(simulator.Fault{Kind: simulator.Throttle, Wait: told})
	got := s.fetch(t.Context(), q)
	var e *sources.Error
	if !errors.As(got.err, &e) || e.Kind != sources.QuotaKind || e.RetryAfter < told {
		t.Errorf("got %v, want a quota error that asks to wait %s", got.err, told)
	}
	if s.waited() != 0 {
		t.Errorf("waited %s within the fetch: a long wait is the poller's", s.waited())
	}
}

func (a Adapter) outage(t *testing.T) {
	s := a.stand(t, world.ConformanceSpring)
	q := s.week()
	s.fail(simulator.Fault{Kind: simulator.Outage, Times: 2})
	if got := s.fetch(t.Context(), q); got.err != nil {
		t.Fatalf("got %v, want the answer of the third try", got.err)
	}
	if len(s.waits) != 2 || !slices.IsSorted(s.waits) {
		t.Errorf("paused for %v, want two growing pauses", s.waits)
	}
}

func (a Adapter) expiredToken(t *testing.T) {
	s := a.stand(t, world.ConformanceSpring)
	q := s.week()
	s.fail(simulator.Fault{Kind: simulator.ExpiredToken, Times: 1})
	got := s.fetch(t.Context(), q)
	if a.Refreshes && got.err != nil {
		t.Errorf("got %v, want the answer after a renewed token", got.err)
	}
	if !a.Refreshes && sources.KindOf(got.err) != sources.Auth {
		t.Errorf("got %v, want the user asked to sign in", got.err)
	}
}

func (a Adapter) unknownFields(t *testing.T) {
	s := a.stand(t, world.ConformanceSpring)
	q := s.week()
	before := s.fetch(t.Context(), q)
	s.fail(simulator.Fault{Kind: simulator.UnknownFields})
	after := s.fetch(t.Context(), q)
	if before.err != nil || after.err != nil {
		t.Fatal(before.err, after.err)
	}
	for i, record := range after.records {
		if row, ok := record.(sources.Row); ok && i < len(before.records) {
			row.Entity.Status = before.records[i].(sources.Row).Entity.Status
			after.records[i] = row
		}
	}
	if diff := cmp.Diff(before.records, after.records); diff != "" {
		t.Errorf("records differ (-documented +novel):\n%s", clipped(diff))
	}
}

// cancelled ends the context while the platform keeps the source waiting.
func (a Adapter) cancelled(t *testing.T) {
	s := a.stand(t, world.ConformanceSpring)
	q := s.week()
	s.fail(simulator.Fault{Kind: simulator.Slow, Wait: time.Hour})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s.asked = func(r *http.Request) {
		if strings.Contains(r.URL.Path, a.Path) {
			cancel()
		}
	}
	began := time.Now()
	got := s.fetch(ctx, q)
	if took := time.Since(began); !errors.Is(got.err, context.Canceled) || took > 5*time.Second {
		t.Errorf("got %v after %s, want the end of the context at once", got.err, took)
	}
	if sources.KindOf(got.err) != 0 {
		t.Errorf("%v counts as %q: the end of a context is no failure of the source", got.err, sources.KindOf(got.err))
	}
	for _, stack := range strays() {
		t.Errorf("a goroutine outlives the fetch:\n%s", stack)
	}
}

// recorded passes the adapter through a recorder and plays the recording to a
// second one.
func (a Adapter) recorded(t *testing.T) {
	s := a.stand(t, world.ConformanceSpring)
	target, err := url.Parse(s.server.URL)
	if err != nil {
		t.Fatal(err)
	}
	var recording bytes.Buffer
	recorder := httptest.NewServer(httpkit.Record(target, &recording, a.Secrets...))
	defer recorder.Close()
	s.source = s.open(recorder.URL + "/" + a.Definition.Type)
	q := s.week()
	said := s.fetch(t.Context(), q)
	findSecrets(t, "recording", recording.String(), a.Secrets)

	played, err := httpkit.Replay(&recording)
	if err != nil {
		t.Fatal(err)
	}
	player := httptest.NewServer(played)
	defer player.Close()
	s.source = s.open(player.URL + "/" + a.Definition.Type)
	s.accounts()
	again := s.fetch(t.Context(), q)
	if said.err != nil || again.err != nil {
		t.Fatal(said.err, again.err)
	}
	if diff := cmp.Diff(said.records, again.records); diff != "" || len(said.records) == 0 {
		t.Errorf("%d records differ when played back (-said +played):\n%s", len(said.records), clipped(diff))
	}
}
