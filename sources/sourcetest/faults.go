package sourcetest

import (
	"bytes"
	"errors"
	"fmt"
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
		{simulator.Fault{Kind: simulator.Oversized, Bytes: 33 << 20}, sources.Malformed, "larger than", false},
		{simulator.Fault{Kind: simulator.NotJSON}, sources.Malformed, "not JSON", false},
		{simulator.Fault{Kind: simulator.WrongType}, sources.Malformed, " at ", false},
	} {
		name := string(rule.fault.Kind)
		if rule.fault.Status != 0 {
			name += " with status " + http.StatusText(rule.fault.Status)
		}
		t.Run(name, func(t *testing.T) {
			s := a.stand(t, world.ConformanceSpring)
			q := s.lately()
			s.fail(rule.fault)
			got := s.fetch(t.Context(), q)
			var e *sources.Error
			if !errors.As(got.err, &e) || e.Kind != rule.kind || !strings.Contains(e.Error(), rule.says) {
				t.Fatalf("got %v, want an error of kind %q that says %q", got.err, rule.kind, rule.says)
			}
			if a.Definition.Events && strings.Contains(e.Error(), simulator.Person) {
				t.Errorf("%v: an error about orders or calls quotes whose they are", e)
			}
			if retried := len(s.waits) > 0; retried != (rule.kind == sources.Unavailable) {
				t.Errorf("%v after pauses of %v: what is unavailable is asked for again, and nothing else", got.err, s.waits)
			}
			if rule.next && e.Next == "" {
				t.Errorf("%v: it does not say what to do", got.err)
			}
		})
	}
}

// lastPage spoils the end of an answer that is good up to there.
func (a Adapter) lastPage(t *testing.T) {
	s := a.stand(t, world.ConformanceSpring)
	q := s.lately()
	whole := s.fetch(t.Context(), q)
	if whole.err != nil || whole.pages < 2 {
		t.Fatalf("%d pages, error %v: want several, or nothing is proved", whole.pages, whole.err)
	}
	s.fail(simulator.Fault{Kind: simulator.WrongType, After: whole.pages - 1})
	got := s.fetch(t.Context(), q)
	if sources.KindOf(got.err) != sources.Malformed || got.pages != whole.pages {
		t.Errorf("got %v on page %d, want the error of the last of %d pages", got.err, got.pages, whole.pages)
	}
}

// revokedToken looks at what both methods say when no credential is any good.
func (a Adapter) revokedToken(t *testing.T) {
	s := a.stand(t, world.ConformanceSpring)
	q := s.lately()
	s.fail(simulator.Fault{Kind: simulator.RevokedToken})
	refused := map[string]error{"Fetch": s.fetch(t.Context(), q).err}
	if !a.Told {
		_, refused["Accounts"] = s.source.Accounts(t.Context())
	}
	for name, err := range refused {
		var e *sources.Error
		if !errors.As(err, &e) || e.Kind != sources.Auth || e.Next == "" {
			t.Errorf("%s: got %v, want the user asked to sign in and told how", name, err)
		}
		findSecrets(t, "errors", fmt.Sprintf("%+v %#v", err, err), a.Secrets)
	}
}

func (a Adapter) shortQuota(t *testing.T) {
	s := a.stand(t, world.ConformanceSpring)
	q := s.lately()
	const told = 20 * time.Second
	before := s.fetch(t.Context(), q)
	s.fail(simulator.Fault{Kind: simulator.Throttle, Wait: told, Times: 1})
	got := s.fetch(t.Context(), q)
	var e *sources.Error
	switch {
	case got.err == nil && s.waited() >= told:
		same(t, before, got)
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
	q := s.lately()
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
	q := s.lately()
	before := s.fetch(t.Context(), q)
	s.fail(simulator.Fault{Kind: simulator.Outage, Times: 2})
	same(t, before, s.fetch(t.Context(), q))
	if len(s.waits) != 2 || !slices.IsSorted(s.waits) {
		t.Errorf("paused for %v, want two growing pauses", s.waits)
	}
}

func (a Adapter) expiredToken(t *testing.T) {
	s := a.stand(t, world.ConformanceSpring)
	q := s.lately()
	before := s.fetch(t.Context(), q)
	s.fail(simulator.Fault{Kind: simulator.ExpiredToken, Times: 1})
	got := s.fetch(t.Context(), q)
	if a.Refreshes {
		same(t, before, got)
	}
	if !a.Refreshes && sources.KindOf(got.err) != sources.Auth {
		t.Errorf("got %v, want the user asked to sign in", got.err)
	}
}

func (a Adapter) unknownFields(t *testing.T) {
	s := a.stand(t, world.ConformanceSpring)
	q := s.lately()
	before := s.fetch(t.Context(), q)
	s.fail(simulator.Fault{Kind: simulator.UnknownFields})
	after := s.fetch(t.Context(), q)
	for i, record := range after.records {
		if row, ok := record.(sources.Row); ok && i < len(before.records) {
			row.Entity.Status = before.records[i].(sources.Row).Entity.Status
			after.records[i] = row
		}
	}
	same(t, before, after)
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
	q := s.lately()
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
	same(t, said, s.fetch(t.Context(), q))
}

// same demands that two fetches succeeded and brought the same records.
func same(t *testing.T, before, after fetched) {
	t.Helper()
	if before.err != nil || after.err != nil || len(before.records) == 0 {
		t.Fatalf("%d records: got %v, then %v, want two good answers", len(before.records), before.err, after.err)
	}
	if diff := cmp.Diff(before.records, after.records); diff != "" {
		t.Errorf("records differ (-before +after):\n%s", clipped(diff))
	}
}
