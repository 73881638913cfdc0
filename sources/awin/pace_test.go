package awin

import (
	"context"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/simulator"
	"adtop/sources/simulator/world"
	"adtop/sources/sourcetest"
)

// moving is a clock that every pause moves to its end, and nothing else.
type moving struct {
	mu  sync.Mutex
	now time.Time
}

func (m *moving) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now
}

func (m *moving) pause(ctx context.Context, d time.Duration) error {
	end := m.Now().Add(d)
	m.mu.Lock()
	defer m.mu.Unlock()
	if end.After(m.now) {
		m.now = end
	}
	return ctx.Err()
}

// TestSourcesWithOneTokenShareItsMinute loads a month at once with two sources, on a
// simulator that refuses the 21st call of any minute. Either alone asks for so much that
// both together would be refused.
func TestSourcesWithOneTokenShareItsMinute(t *testing.T) {
	spec := affiliates().Spec() // whose transactions are served beside the accounts with reports
	spec.Accounts = slices.Concat(spec.Accounts, world.ConformanceFor(world.AwinClicks).Spec().Accounts)
	whole := world.New(spec)
	days := kpi.DateRange{From: today - 29, To: today}
	transactions := func(place string) (sources.Definition, any, sources.Account) {
		o := simulated(place + "/awin").(*Options)
		o.PerCall = 1
		return Definition(), o, sources.Account{ID: "45628", Currency: "EUR", Zone: newYork}
	}
	reports := func(place string) (sources.Definition, any, sources.Account) {
		return ClicksDefinition(), simulatedClicks(place + "/awin_clicks"), query(today).Account
	}
	for name, both := range map[string][2]func(string) (sources.Definition, any, sources.Account){
		"both types":      {transactions, reports},
		"two of one type": {transactions, transactions},
		"two of clicks":   {reports, reports},
	} {
		t.Run(name, func(t *testing.T) {
			clock := moving{now: noon}
			sim := simulator.New(whole, clock.Now)
			sim.AwinCalls = 20
			server := httptest.NewServer(sim)
			defer server.Close()
			var mu sync.Mutex
			statuses := map[int]int{}
			var fetches sync.WaitGroup
			for _, of := range both {
				d, o, account := of(server.URL)
				s, err := d.Open(o, sources.Env{Name: d.Type, Now: clock.Now, Sleep: clock.pause,
					Exchanged: func(e sources.Exchange) {
						mu.Lock()
						defer mu.Unlock()
						statuses[e.Status]++
					}})
				if err != nil {
					t.Fatal(err)
				}
				fetches.Go(func() {
					q := sources.Query{Account: account, Days: days, Level: sources.LevelCampaign, Grain: sources.Day}
					if _, err := s.Fetch(t.Context(), q, func(sources.Record) error { return nil }); err != nil {
						t.Error(err)
					}
				})
			}
			fetches.Wait()
			if calls := statuses[200]; len(statuses) != 1 || calls < 60 {
				t.Errorf("answers by status: %v, want at least 60 good ones and no other", statuses)
			}
			if took := clock.Now().Sub(noon); took < 2*time.Minute {
				t.Errorf("took %s: nobody waited", took)
			}
		})
	}
}

func TestOtherTokensHaveTheirOwnMinute(t *testing.T) {
	pace := func(token string) any {
		o := simulated("http://127.0.0.1:1").(*Options)
		o.Token = sources.NewSecret(token)
		s, _ := sourcetest.Open(t, Definition(), o, noon)
		return s.(*source).client.Pace
	}
	if pace("a") == pace("b") || pace("a") != pace("a") {
		t.Error("one token has several paces, or two have one")
	}
}
