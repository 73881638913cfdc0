package redditads

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/simulator"
	"adtop/sources/simulator/world"
	"adtop/sources/sourcetest"
)

var noon = world.ConformanceAutumn

func simulated(place string) any {
	o := Definition().Options().(*Options)
	o.ClientID, o.ClientSecret, o.RefreshToken = simulator.RedditClientID, sources.NewSecret(simulator.RedditClientSecret), sources.NewSecret(simulator.RedditRefreshToken)
	o.UserAgent, o.ValueUnit, o.BaseURL, o.TokenURL = "adtop/1.0 (by /u/acme)", "micros", place, place+"/oauth/token"
	return o
}

func TestConformance(t *testing.T) {
	sourcetest.Run(t, sourcetest.Adapter{
		Definition: Definition(),
		Options:    simulated,
		Grains:     []sources.Grain{sources.Day},
		Path:       "/reports",
		Secrets:    []string{simulator.RedditClientSecret, simulator.RedditRefreshToken, "eyJsimulatedRedditAccess"},
		Refreshes:  true,
		Parks:      true,
	})
}

// opened is a source on a simulator, or on a handler in its place.
func opened(t *testing.T, handler http.Handler, change ...func(*Options)) sources.Source {
	t.Helper()
	s, _ := sourcetest.Serve(t, handler, Definition(), simulated, noon, change...)
	return s
}

func platformServer() *simulator.Simulator {
	return simulator.New(world.ConformanceFor(world.Reddit), func() time.Time { return noon })
}

func query(days ...kpi.Date) sources.Query {
	return sourcetest.Query(sources.Account{ID: "a2_conformance1", Zone: sourcetest.Zone("Europe/Berlin"), Currency: "EUR"}, sources.Day, days...)
}

var today = kpi.NewDate(2026, 11, 4)

func TestEveryRequestNamesItsUser(t *testing.T) {
	sim := platformServer()
	if _, err := opened(t, sim).Accounts(t.Context()); err != nil {
		t.Fatal(err)
	}
	paths := map[string]bool{}
	for _, r := range sim.Requests(world.Reddit) {
		paths[r.Path] = true
		if r.Header.Get("User-Agent") != "adtop/1.0 (by /u/acme)" {
			t.Errorf("%s comes from %q", r.Path, r.Header.Get("User-Agent"))
		}
	}
	if !paths["/oauth/token"] {
		t.Errorf("asked %v: the request for a token is not proved", paths)
	}
}

func TestQuestionNamesTheDaysOfTheAccountsZone(t *testing.T) {
	sim := platformServer()
	sim.PageSize = 7
	if _, _, err := sourcetest.Fetch(t, opened(t, sim), query(today-3, today)); err != nil {
		t.Fatal(err)
	}
	asked := 0
	for _, r := range sim.Requests(world.Reddit) {
		if !strings.HasSuffix(r.Path, "/reports") {
			continue
		}
		asked++ // to the second page goes the same body
		for _, part := range []string{`"starts_at":"2026-11-01T00:00:00Z"`, `"ends_at":"2026-11-04T00:00:00Z"`, `"time_zone_id":"Europe/Berlin"`, `"CONVERSION_PURCHASE_VIEWS"`} {
			if r.Method != http.MethodPost || !strings.Contains(r.Body, part) {
				t.Errorf("sent %s %s, want %s", r.Method, r.Body, part)
			}
		}
	}
	if asked < 2 {
		t.Errorf("%d pages: want several, or nothing is proved", asked)
	}
}

func TestUnconfirmedUnitLeavesRevenueOutAndSaysSo(t *testing.T) {
	sim := platformServer()
	rows, receipt, err := sourcetest.Fetch(t, opened(t, sim, func(o *Options) { o.ValueUnit = "" }), query(today))
	if err != nil || rows[0].Metrics.Has != kpi.AllFields&^kpi.Revenue || len(receipt.Warnings) != 1 || !strings.Contains(receipt.Warnings[0], "value_unit") {
		t.Errorf("%+v, %+v, %v", rows, receipt, err)
	}
	whole, _, err := sourcetest.Fetch(t, opened(t, sim), query(today))
	if err != nil {
		t.Fatal(err)
	}
	for unit, factor := range map[string]kpi.Micros{"cents": 10_000, "units": 1_000_000} {
		rows, _, err := sourcetest.Fetch(t, opened(t, sim, func(o *Options) { o.ValueUnit = unit }), query(today))
		if err != nil || rows[0].Metrics.Revenue != whole[0].Metrics.Revenue*factor {
			t.Errorf("in %s: %+v, %v; in millionths %+v", unit, rows[0], err, whole[0])
		}
	}
}

func TestResultsAfterViewsAreLeftOutOnDemand(t *testing.T) {
	sim := platformServer()
	rows, _, err := sourcetest.Fetch(t, opened(t, sim, func(o *Options) { o.Count = "clicks" }), query(today))
	if err != nil || rows[0].Entity.Attribution != "clicks" { // a series of its own
		t.Fatalf("%+v, %v", rows, err)
	}
	requests := sim.Requests(world.Reddit)
	if last := requests[len(requests)-1].Body; strings.Contains(last, "VIEWS") || !strings.Contains(last, "CONVERSION_PURCHASE_CLICKS") {
		t.Errorf("sent %s", last)
	}
}

func TestWatermarkIsNotLaterThanTheAnswersFigures(t *testing.T) {
	for updated, want := range map[string]time.Time{
		"2026-11-04T02:16:44Z": time.Date(2026, 11, 4, 2, 16, 44, 0, time.UTC), "2026-11-04T12:00:00Z": noon.Add(-lag).Truncate(time.Hour), "never": noon.Add(-lag).Truncate(time.Hour),
	} {
		s := opened(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			switch {
			case strings.HasSuffix(r.URL.Path, "/reports"):
				_, _ = w.Write([]byte(`{"data":{"metrics":[],"metrics_updated_at":"` + updated + `"},"pagination":{}}`))
			case strings.HasSuffix(r.URL.Path, "/campaigns"):
				_, _ = w.Write([]byte(`{"data":[],"pagination":{"next_url":null}}`))
			default:
				_, _ = w.Write([]byte(`{"access_token":"a","token_type":"bearer"}`))
			}
		}))
		if _, receipt, err := sourcetest.Fetch(t, s, query(today)); err != nil || !receipt.CompleteThrough.Equal(want) {
			t.Errorf("%s: complete through %s, %v, want %s", updated, receipt.CompleteThrough, err, want)
		}
	}
}

func TestFaultsHaveTheirKind(t *testing.T) {
	for kind, want := range map[simulator.FaultKind]sources.Kind{simulator.Denied: sources.Permission, simulator.TooMuch: sources.Invalid} {
		sim := platformServer()
		s := opened(t, sim)
		sim.Faults().Set(simulator.Fault{Kind: kind, Platform: world.Reddit, Path: "/reports"})
		if _, _, err := sourcetest.Fetch(t, s, query(today)); sources.KindOf(err) != want {
			t.Errorf("%s: %v, want %v", kind, err, want)
		}
	}
}

func TestAccountsAreNarrowedByTheOption(t *testing.T) {
	s := opened(t, platformServer(), func(o *Options) { o.Accounts = []string{"t2_older"} })
	if accounts, err := s.Accounts(t.Context()); err != nil || len(accounts) != 1 || accounts[0].Zone.String() != "GMT" {
		t.Errorf("got %v, %v", accounts, err)
	}
	s = opened(t, platformServer(), func(o *Options) { o.Accounts = []string{"a2_other"} })
	if _, err := s.Accounts(t.Context()); sources.KindOf(err) != sources.Permission {
		t.Errorf("an account out of reach: %v", err)
	}
}

func TestWrongOptionsAreNamed(t *testing.T) {
	sourcetest.RefuseOptions(t, Definition(), simulated, map[string]func(*Options){
		"client_id":     func(o *Options) { o.ClientID = "" },
		"client_secret": func(o *Options) { o.ClientSecret = sources.Secret{} },
		"refresh_token": func(o *Options) { o.RefreshToken = sources.Secret{} },
		"user_agent":    func(o *Options) { o.UserAgent = "" },
		"result":        func(o *Options) { o.Result = "sale" },
		"count":         func(o *Options) { o.Count = "views" },
		"value_unit":    func(o *Options) { o.ValueUnit = "dollars" },
		"days_at_once":  func(o *Options) { o.DaysAtOnce = 0 },
		"accounts":      func(o *Options) { o.Accounts = []string{"acme"} },
		"base_url":      func(o *Options) { o.BaseURL = "x" },
		"token_url":     func(o *Options) { o.TokenURL = "x" },
	})
}
