package googleads

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/simulator"
	"adtop/sources/simulator/world"
)

// opened is a source on a simulator of the conformance world.
func opened(t *testing.T, change func(*Options)) (sources.Source, *simulator.Simulator) {
	t.Helper()
	now := func() time.Time { return world.ConformanceSpring }
	s := simulator.New(world.Conformance(), now)
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	options := simulated(server.URL + "/google_ads").(*Options)
	if change != nil {
		change(options)
	}
	source, err := Definition().Open(options, sources.Env{Name: "google", Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return source, s
}

func TestChosenAccountsAreListedAndNoOthers(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"manager found":  func(o *Options) { o.Accounts = []string{"444-000-0002"} },
		"manager chosen": func(o *Options) { o.Accounts = []string{"4440000002"}; o.LoginCustomerID = "444-000-0000" },
	} {
		source, _ := opened(t, change)
		accounts, err := source.Accounts(t.Context())
		if err != nil || len(accounts) != 1 || accounts[0].ID != "4440000002" || accounts[0].Name != "4440000002" || accounts[0].Currency != "JPY" {
			t.Errorf("%s: got %+v, %v, want the account in yen under its id", name, accounts, err)
		}
	}
}

func TestUnreachableAccountIsAPermissionErrorThatNamesIt(t *testing.T) {
	source, _ := opened(t, func(o *Options) { o.Accounts = []string{"999"} })
	if _, err := source.Accounts(t.Context()); sources.KindOf(err) != sources.Permission || !strings.Contains(err.Error(), "999") {
		t.Errorf("listing: got %v", err)
	}
	source, _ = opened(t, nil)
	q := day(t, "Europe/Berlin", kpi.NewDate(2026, 3, 20))
	q.Account.ID = "999"
	if _, err := source.Fetch(t.Context(), q, nil); sources.KindOf(err) != sources.Permission || !strings.Contains(err.Error(), "999") {
		t.Errorf("fetching: got %v", err)
	}
}

func TestRetiredVersionAsksForANewerOne(t *testing.T) {
	source, _ := opened(t, func(o *Options) { o.Version = "v19" })
	_, err := source.Accounts(t.Context())
	e, ok := err.(*sources.Error)
	if !ok || e.Kind != sources.Invalid || !strings.Contains(e.Next, "adtop needs a newer API version") {
		t.Errorf("got %v, want a refused request that asks for a newer API version", err)
	}
}

func TestAccountIsTheSumOfItsCampaigns(t *testing.T) {
	source, _ := opened(t, nil)
	q := day(t, "Europe/Berlin", kpi.NewDate(2026, 3, 20))
	q.Account.ID = "4440000001"
	sum := func(level sources.Level) (total kpi.Metrics, rows int) {
		q.Level = level
		if _, err := source.Fetch(t.Context(), q, func(r sources.Record) (err error) {
			rows++
			total, err = total.Add(r.(sources.Row).Metrics)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return total, rows
	}
	account, slots := sum(sources.LevelAccount)
	campaigns, _ := sum(sources.LevelCampaign)
	if account != campaigns || account.Cost == 0 || slots > 24 {
		t.Errorf("account has %+v in %d slots, campaigns %+v", account, slots, campaigns)
	}
}

func TestWhatIsNotReadIsRefusedUnasked(t *testing.T) {
	source, s := opened(t, nil)
	for _, change := range []func(*sources.Query){
		func(q *sources.Query) { q.Level = sources.LevelKey },
		func(q *sources.Query) { q.Breakdown = "device" },
		func(q *sources.Query) { q.Grain = 0 },
		func(q *sources.Query) { q.Parent = "another account" },
		func(q *sources.Query) { q.Level, q.Parent = sources.LevelAdGroup, "1 OR 1 = 1" },
		func(q *sources.Query) { q.Level, q.Parent = sources.LevelAccount, "1" },
	} {
		q := day(t, "Europe/Berlin", kpi.NewDate(2026, 3, 20))
		change(&q)
		if _, err := source.Fetch(t.Context(), q, nil); sources.KindOf(err) != sources.Invalid {
			t.Errorf("%+v: got %v, want it refused", q, err)
		}
	}
	if asked := s.Requests(world.Google); len(asked) != 0 {
		t.Errorf("Google was asked %d times", len(asked))
	}
}

func TestManagerIsNamedInEveryRequestToAnAccountBeneathIt(t *testing.T) {
	source, s := opened(t, nil)
	q := day(t, "Europe/Berlin", kpi.NewDate(2026, 3, 20))
	q.Account.ID = "4440000001"
	if _, err := source.Fetch(t.Context(), q, func(sources.Record) error { return nil }); err != nil {
		t.Fatal(err)
	}
	asked := s.Requests(world.Google)
	last := asked[len(asked)-1]
	if last.Header.Get("login-customer-id") != "4440000000" || last.Header.Get("developer-token") != "" {
		t.Errorf("last request had %v, want the manager and no developer token", last.Header)
	}
}
