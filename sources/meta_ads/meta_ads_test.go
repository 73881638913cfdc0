package metaads

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/simulator"
	"adtop/sources/simulator/world"
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

func TestAccountsComeWithCurrencyAndZone(t *testing.T) {
	s, _ := simulated(t)
	accounts, err := s.Accounts(t.Context())
	if err != nil || len(accounts) != 3 {
		t.Fatalf("%d accounts, error %v", len(accounts), err)
	}
	for i, want := range world.Conformance().Accounts(world.Meta) {
		if got := accounts[i]; got.ID != want.ID || got.Name != want.Name || got.Currency != want.Currency || got.Zone.String() != want.Zone.String() {
			t.Errorf("got %+v, want %s %s %s %s", got, want.ID, want.Name, want.Currency, want.Zone)
		}
	}
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

// TestRowsAreTheTruthOfTheWorld compares with what the simulated world knows,
// over several pages and the day of 25 hours.
func TestRowsAreTheTruthOfTheWorld(t *testing.T) {
	w := world.Conformance()
	s, sim := simulated(t)
	accounts, err := s.Accounts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, known := range w.Accounts(world.Meta) {
		q := query(accounts[i])
		q.Days.From = day("2026-10-24")
		got, receipt, err := fetch(t, s, q)
		if err != nil {
			t.Fatal(err)
		}
		type at struct {
			id   string
			date kpi.Date
		}
		want, have := map[at]kpi.Metrics{}, map[at]kpi.Metrics{}
		for _, c := range known.Campaigns {
			for d := q.Days.From; d <= q.Days.To; d++ {
				if m := w.Day(known.ID, c.ID, d, noon); m.Cost != 0 || m.Conversions != 0 || m.Impressions != 0 {
					want[at{c.ID, d}] = m
				}
			}
		}
		for _, r := range got {
			have[at{r.Entity.ID, r.Slot.Date}] = r.Metrics
			if r.Entity.Attribution != "7d_click_1d_view" || r.Entity.Action != "purchase" || r.Entity.Name != sources.Clean(r.Entity.Name) {
				t.Errorf("entity %+v", r.Entity)
			}
		}
		if diff := cmp.Diff(want, have); diff != "" {
			t.Errorf("%s: %s", known.Name, diff)
		}
		if want := noon.Add(-15 * time.Minute); !receipt.CompleteThrough.Equal(want) {
			t.Errorf("complete through %v, want %v", receipt.CompleteThrough, want)
		}
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

func TestFailuresOfThePlatformHaveTheirKind(t *testing.T) {
	for _, c := range []struct {
		fault simulator.Fault
		kind  sources.Kind
		wait  time.Duration
	}{
		{simulator.Fault{Kind: simulator.Throttle, Wait: 10 * time.Minute}, sources.QuotaKind, 11 * time.Minute},
		{simulator.Fault{Kind: simulator.Outage}, sources.Unavailable, 0},
		{simulator.Fault{Kind: simulator.HTML}, sources.Unavailable, 0},
		{simulator.Fault{Kind: simulator.HTML, Status: 200}, sources.Malformed, 0},
		{simulator.Fault{Kind: simulator.Dropped}, sources.Unavailable, 0},
		{simulator.Fault{Kind: simulator.Truncated}, sources.Malformed, 0},
		{simulator.Fault{Kind: simulator.NotJSON}, sources.Malformed, 0},
		{simulator.Fault{Kind: simulator.WrongType}, sources.Malformed, 0},
		{simulator.Fault{Kind: simulator.ExpiredToken}, sources.Auth, 0},
		{simulator.Fault{Kind: simulator.RevokedToken}, sources.Auth, 0},
		{simulator.Fault{Kind: simulator.Denied}, sources.Permission, 0},
	} {
		t.Run(string(c.fault.Kind), func(t *testing.T) {
			s, sim := simulated(t)
			c.fault.Platform, c.fault.After = "meta_ads", 2 // in the middle of the pages
			sim.Faults().Set(c.fault)
			rows, receipt, err := fetch(t, s, query(berlin))
			var known *sources.Error
			if sources.KindOf(err) != c.kind || len(rows) != 0 || !receipt.CompleteThrough.IsZero() {
				t.Fatalf("%d rows, receipt %+v, error %v", len(rows), receipt, err)
			}
			if c.wait != 0 && (!asError(err, &known) || known.RetryAfter < c.wait) {
				t.Errorf("%v: wants to wait less than %v", err, c.wait)
			}
			if strings.Contains(err.Error(), simulator.MetaToken) {
				t.Errorf("token in %v", err)
			}
		})
	}
}

func TestUnknownFieldsDoNoHarm(t *testing.T) {
	s, sim := simulated(t)
	want, _, err := fetch(t, s, query(berlin))
	if err != nil {
		t.Fatal(err)
	}
	sim.Faults().Set(simulator.Fault{Kind: simulator.UnknownFields, Platform: "meta_ads"})
	got, _, err := fetch(t, s, query(berlin))
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Error(err, diff)
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
