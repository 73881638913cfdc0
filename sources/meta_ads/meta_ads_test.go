package metaads

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/simulator"
	"adtop/sources/simulator/world"
	"adtop/sources/sourcetest"
)

// noon is the clock of these tests, after both days of 25 hours.
var noon = world.ConformanceAutumn

// simulated opens a source on the simulator of the conformance world, whose
// pages are small.
func simulated(t *testing.T, change ...func(*Options)) (sources.Source, *simulator.Simulator) {
	t.Helper()
	s := simulator.New(world.Conformance(), func() time.Time { return noon })
	s.PageSize = 4
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return opened(t, server.URL+"/meta_ads", change...), s
}

func opened(t *testing.T, base string, change ...func(*Options)) sources.Source {
	t.Helper()
	o := Definition().Options().(*Options)
	o.Token, o.BaseURL = sources.NewSecret(simulator.MetaToken), base
	for _, f := range change {
		f(o)
	}
	source, err := Definition().Open(o, sources.Env{
		Name: "meta", Now: func() time.Time { return noon }, Log: slog.New(slog.DiscardHandler),
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	})
	if err != nil {
		t.Fatal(err)
	}
	return source
}

// answering serves handler and opens a source on it.
func answering(t *testing.T, handler http.HandlerFunc, change ...func(*Options)) sources.Source {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return opened(t, server.URL, change...)
}

func day(text string) kpi.Date {
	d, err := kpi.ParseDate(text)
	if err != nil {
		panic(err)
	}
	return d
}

// query asks for a week of an account by campaign.
func query(account sources.Account) sources.Query {
	return sources.Query{Account: account, Level: sources.LevelCampaign, Grain: sources.Day,
		Days: kpi.DateRange{From: day("2026-10-29"), To: day("2026-11-04")}}
}

var berlin = sources.Account{ID: "act_900000000000001", Name: "Berlin", Currency: "EUR", Zone: time.UTC}

func fetch(t *testing.T, s sources.Source, q sources.Query) ([]sources.Row, sources.Receipt, error) {
	t.Helper()
	var rows []sources.Row
	receipt, err := s.Fetch(t.Context(), q, func(r sources.Record) error {
		rows = append(rows, r.(sources.Row))
		return nil
	})
	return rows, receipt, err
}

func TestConformance(t *testing.T) {
	sourcetest.Run(t, sourcetest.Adapter{
		Definition: Definition(),
		Options: func(place string) any {
			o := Definition().Options().(*Options)
			o.Token, o.AppSecret = sources.NewSecret(simulator.MetaToken), sources.NewSecret(simulator.MetaAppSecret)
			o.BaseURL = place
			return o
		},
		Grains: []sources.Grain{sources.Day},
		Breakdowns: map[string]func(world.Placement) string{
			"network":   func(p world.Placement) string { return p.Network },
			"placement": func(p world.Placement) string { return p.Network + "/" + p.Position },
		},
		Path:    "/insights",
		Secrets: []string{simulator.MetaToken, simulator.MetaAppSecret, proof(simulator.MetaAppSecret, simulator.MetaToken)},
		Parks:   true,
	})
}

func TestAccountsAreNarrowedByTheOption(t *testing.T) {
	s, _ := simulated(t, func(o *Options) { o.Accounts = []string{"900000000000002"} })
	accounts, err := s.Accounts(t.Context())
	if err != nil || len(accounts) != 1 || accounts[0].Name != "New York" {
		t.Errorf("got %v, %v", accounts, err)
	}
	s, _ = simulated(t, func(o *Options) { o.Accounts = []string{"act_1"} })
	if _, err := s.Accounts(t.Context()); sources.KindOf(err) != sources.Permission || !strings.Contains(err.Error(), "act_1") {
		t.Errorf("an account out of reach: %v", err)
	}
}

func TestRowsAndReceiptSayWhatTheyAreAbout(t *testing.T) {
	s, sim := simulated(t)
	rows, receipt, err := fetch(t, s, query(berlin))
	if err != nil || len(rows) == 0 {
		t.Fatalf("%d rows, error %v", len(rows), err)
	}
	for _, r := range rows {
		if r.Entity.Attribution != "7d_click_1d_view" || r.Entity.Action != "purchase" {
			t.Errorf("entity %+v", r.Entity)
		}
	}
	if want := noon.Add(-15 * time.Minute); !receipt.CompleteThrough.Equal(want) {
		t.Errorf("complete through %v, want %v", receipt.CompleteThrough, want)
	}
	for _, r := range sim.Requests("meta_ads") {
		if strings.Contains(r.Query, "access_token") || r.Header.Get("Authorization") == "" {
			t.Errorf("%s?%s does not carry the token in its header alone", r.Path, r.Query)
		}
	}
}

func TestAccountLevelIsTheSumOfItsCampaigns(t *testing.T) {
	s, _ := simulated(t)
	campaigns, _, err := fetch(t, s, query(berlin))
	if err != nil {
		t.Fatal(err)
	}
	q := query(berlin)
	q.Level = sources.LevelAccount
	totals, _, err := fetch(t, s, q)
	if err != nil || len(totals) != 7 {
		t.Fatalf("%d rows, error %v", len(totals), err)
	}
	for _, total := range totals {
		var sum kpi.Metrics
		for _, c := range campaigns {
			if c.Slot == total.Slot {
				sum, _ = sum.Add(c.Metrics)
			}
		}
		if total.Metrics != sum || total.Entity.Level != sources.LevelAccount || total.Entity.ID != berlin.ID {
			t.Errorf("%s: %+v, campaigns give %+v", total.Slot.Date, total, sum)
		}
	}
}

func TestProofOfTheAppSecretGoesWithEveryPage(t *testing.T) {
	s, sim := simulated(t, func(o *Options) { o.AppSecret = sources.NewSecret(simulator.MetaAppSecret) })
	if _, _, err := fetch(t, s, query(berlin)); err != nil {
		t.Fatal(err)
	}
	requests := sim.Requests("meta_ads")
	if len(requests) < 3 {
		t.Fatalf("%d requests: expected several pages", len(requests))
	}
	for _, r := range requests {
		if strings.Count(r.Query, "appsecret_proof=") != 1 {
			t.Errorf("request without proof: %s", r.Query)
		}
	}
}

func TestTooMuchDataIsAskedForInSmallerPagesThenFewerDays(t *testing.T) {
	want, _, err := func() ([]sources.Row, sources.Receipt, error) {
		s, _ := simulated(t)
		return fetch(t, s, query(berlin))
	}()
	if err != nil {
		t.Fatal(err)
	}
	for times, asked := range map[int]string{1: "limit=250", 5: "limit=15", 7: `"until":"2026-10-31"`} {
		s, sim := simulated(t)
		sim.Faults().Set(simulator.Fault{Kind: simulator.TooMuch, Platform: "meta_ads", Times: times})
		got, _, err := fetch(t, s, query(berlin))
		if err != nil {
			t.Fatalf("%d refusals: %v", times, err)
		}
		if len(got) != len(want) {
			t.Errorf("%d refusals: %d rows, want %d", times, len(got), len(want))
		}
		found := false
		for _, r := range sim.Requests("meta_ads") {
			query, _ := url.QueryUnescape(r.Query)
			found = found || strings.Contains(query, asked)
		}
		if !found {
			t.Errorf("%d refusals: never asked for %s", times, asked)
		}
	}
	s, sim := simulated(t)
	sim.Faults().Set(simulator.Fault{Kind: simulator.TooMuch, Platform: "meta_ads"})
	if got, _, err := fetch(t, s, query(berlin)); sources.KindOf(err) != sources.Invalid || len(got) != 0 {
		t.Errorf("endless refusals: %d rows, %v", len(got), err)
	}
}

// TestRegainedAccessIsWaitedForAMinuteLonger allows for the minutes in which
// Meta counts.
func TestRegainedAccessIsWaitedForAMinuteLonger(t *testing.T) {
	s, sim := simulated(t)
	sim.Faults().Set(simulator.Fault{Kind: simulator.Throttle, Platform: "meta_ads", Wait: 10 * time.Minute})
	_, _, err := fetch(t, s, query(berlin))
	var refusal *sources.Error
	if !errors.As(err, &refusal) || refusal.Kind != sources.QuotaKind || refusal.RetryAfter != 11*time.Minute {
		t.Errorf("got %v, want a quota error that asks to wait 11 minutes", err)
	}
}

func TestAccountOutOfReachIsAMatterOfPermission(t *testing.T) {
	s, sim := simulated(t)
	sim.Faults().Set(simulator.Fault{Kind: simulator.Denied, Platform: "meta_ads"})
	if _, _, err := fetch(t, s, query(berlin)); sources.KindOf(err) != sources.Permission {
		t.Errorf("got %v", err)
	}
}

func TestWrongOptionsAreNamed(t *testing.T) {
	for says, change := range map[string]func(*Options){
		"token":    func(o *Options) { o.Token = sources.Secret{} },
		"version":  func(o *Options) { o.Version = "26" },
		"result":   func(o *Options) { o.Result = "Purchases!" },
		"accounts": func(o *Options) { o.Accounts = []string{"../me"} },
		"base_url": func(o *Options) { o.BaseURL = "graph.facebook.com" },
	} {
		o := Definition().Options().(*Options)
		o.Token = sources.NewSecret("x")
		change(o)
		if _, err := Definition().Open(o, sources.Env{}); err == nil || !strings.HasPrefix(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
}
