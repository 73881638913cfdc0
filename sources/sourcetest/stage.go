package sourcetest

import (
	"context"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/simulator"
	"adtop/sources/simulator/world"
)

// Stage is a source of events on a simulator whose clock the test moves.
type Stage struct {
	sources.Source
	Simulator *simulator.Simulator
	Account   sources.Account // that is asked about
	Now       time.Time
	State     []byte                   // of the last poll
	Have      map[string]sources.Event // what polls brought, by id
}

// NewStage opens a source on a simulator of w in autumn. options makes the options
// that reach it; changes are made to them. Nothing is waited for.
func NewStage[O any](t *testing.T, w *world.World, d sources.Definition, options func(place string) any, changes ...func(*O)) *Stage {
	t.Helper()
	s := &Stage{Now: world.ConformanceAutumn, Have: map[string]sources.Event{}}
	s.Simulator = simulator.New(w, func() time.Time { return s.Now })
	server := httptest.NewServer(s.Simulator)
	t.Cleanup(server.Close)
	o := options(server.URL + "/" + d.Type).(*O)
	for _, change := range changes {
		change(o)
	}
	var err error
	s.Source, err = d.Open(o, sources.Env{Name: d.Type, Now: func() time.Time { return s.Now }, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// List makes the one account that the source lists the one that is asked about.
func (s *Stage) List(t *testing.T) {
	t.Helper()
	accounts, err := s.Accounts(t.Context())
	if err != nil || len(accounts) != 1 {
		t.Fatalf("%+v, %v", accounts, err)
	}
	s.Account = accounts[0]
}

// Lately is today and so many days before it, on the account's clock.
func (s *Stage) Lately(back kpi.Date) kpi.DateRange {
	today := kpi.DateOf(s.Now, s.Account.Zone)
	return kpi.DateRange{From: today - back, To: today}
}

// Poll fetches with the state of the last poll and returns what came, by id. Nothing
// may come twice.
func (s *Stage) Poll(t *testing.T, days kpi.DateRange) (map[string]sources.Event, sources.Receipt) {
	t.Helper()
	events := map[string]sources.Event{}
	receipt, err := s.Fetch(t.Context(), sources.Query{Account: s.Account, Days: days, State: s.State}, func(r sources.Record) error {
		e := r.(sources.Event)
		if _, twice := events[e.ID]; twice {
			t.Errorf("%s was handed over twice", e.ID)
		}
		events[e.ID], s.Have[e.ID] = e, e
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	s.State = receipt.State
	return events, receipt
}

// Compare holds what polls brought to what is expected, of which there has to be some.
func (s *Stage) Compare(t *testing.T, expected []sources.Event) {
	t.Helper()
	if diff := cmp.Diff(ByID(expected), s.Have); diff != "" || len(expected) == 0 {
		t.Fatalf("at %v, of %d: %.3000s", s.Now, len(expected), diff)
	}
}

// ByID maps events by their ids.
func ByID(events []sources.Event) map[string]sources.Event {
	all := map[string]sources.Event{}
	for _, e := range events {
		all[e.ID] = e
	}
	return all
}
