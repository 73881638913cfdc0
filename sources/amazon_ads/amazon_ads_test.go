package amazonads

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
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
	o.ClientID, o.ClientSecret, o.RefreshToken = simulator.AmazonClientID, sources.NewSecret(simulator.AmazonClientSecret), sources.NewSecret(simulator.AmazonRefreshToken)
	o.NAURL, o.EUURL, o.FEURL, o.TokenURL = place+"/na", place+"/eu", place+"/fe", place+"/oauth/token"
	return o
}

func TestConformance(t *testing.T) {
	sourcetest.Run(t, sourcetest.Adapter{
		Definition: Definition(),
		Options:    simulated,
		Grains:     []sources.Grain{sources.Day},
		Path:       "/reporting/reports",
		Secrets:    []string{simulator.AmazonClientSecret, simulator.AmazonRefreshToken, "Atza|simulatedAmazonAccess", "5imulated0signature"},
		Refreshes:  true,
		Parks:      true,
	})
}

// opened is a source on a simulator; waits collects its pauses.
func opened(t *testing.T, change ...func(*Options)) (s *source, sim *simulator.Simulator, waits *[]time.Duration) {
	t.Helper()
	sim = simulator.New(world.ConformanceFor(world.Amazon), func() time.Time { return noon })
	s, waits = on(t, sim, change...)
	return s, sim, waits
}

// on is a source on a handler.
func on(t *testing.T, handler http.Handler, change ...func(*Options)) (*source, *[]time.Duration) {
	t.Helper()
	served, waits := sourcetest.Serve(t, handler, Definition(), simulated, noon, change...)
	return served.(*source), waits
}

func query(days ...kpi.Date) sources.Query {
	return sourcetest.Query(sources.Account{ID: "3312345678901231", Zone: sourcetest.Zone("Europe/Berlin"), Currency: "EUR"}, sources.Day, days...)
}

var today = kpi.NewDate(2026, 11, 4)

// asked lists the requests for figures, as in "POST sbCampaigns" and "GET".
func asked(sim *simulator.Simulator) (list []string) {
	for _, r := range sim.Requests(world.Amazon) {
		_, report, _ := strings.Cut(r.Body, `"reportTypeId":"`)
		if report, _, _ = strings.Cut(report, `"`); strings.Contains(r.Path, "/reports") || strings.Contains(r.Path, "/files/") {
			list = append(list, strings.TrimSpace(r.Method+" "+report))
		}
	}
	return list
}

func TestReportsAreBuiltSideBySideAndWaitedForEverLonger(t *testing.T) {
	s, sim, waits := opened(t)
	sim.Faults().Set(simulator.Fault{Kind: simulator.Building, Platform: world.Amazon, Path: "/reports/", Times: 5})
	if rows, _, err := sourcetest.Fetch(t, s, query(today-1, today)); err != nil || len(rows) == 0 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	if got := asked(sim); !slices.Equal(got[:4], []string{"POST sbCampaigns", "POST sdCampaigns", "POST spCampaigns", "GET"}) {
		t.Errorf("asked %v", got)
	}
	if want := []time.Duration{15 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 2 * time.Minute}; !slices.Equal(*waits, want) {
		t.Errorf("paused for %v, want %v", *waits, want)
	}
}

func TestReportThatIsStillBuiltIsTheOneToWaitForAfterARestart(t *testing.T) {
	s, sim, _ := opened(t)
	sim.Faults().Set(simulator.Fault{Kind: simulator.Building, Platform: world.Amazon, Path: "/reports/"})
	if _, _, err := sourcetest.Fetch(t, s, query(today)); sources.KindOf(err) != sources.Unavailable || !strings.Contains(err.Error(), "not ready") {
		t.Fatalf("a report that is never ready: %v", err)
	}
	sim.Faults().Clear()
	again, _ := on(t, sim)
	rows, _, err := sourcetest.Fetch(t, again, query(today))
	if err != nil || len(rows) == 0 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	submitted := map[string]int{}
	for _, r := range sim.Requests(world.Amazon) {
		if r.Method == http.MethodPost && strings.Contains(r.Path, "/reports") {
			submitted[r.Body]++
		}
	}
	if len(submitted) != 3 || sim.Requests(world.Amazon)[len(sim.Requests(world.Amazon))-1].Path != "/files/b09d780d-44d8-425c-a3fc-000000000003.json.gz" {
		t.Errorf("reports %v, want the first three to be those that are read", submitted)
	}
}

func TestAnotherReportThatIsTakenForTheSameIsNotRead(t *testing.T) {
	s, _ := on(t, answering(map[string]string{
		"POST": `{"code":"425","detail":"The Request is a duplicate of : b09d780d-44d8-425c-a3fc-c6aa51e91b39"}`,
		"GET":  `{"reportId":"b09d780d-44d8-425c-a3fc-c6aa51e91b39","status":"COMPLETED","url":"https://x.s3.amazonaws.com/f","startDate":"2026-11-04","endDate":"2026-11-04","configuration":{"adProduct":"SPONSORED_BRANDS","timeUnit":"SUMMARY"}}`,
	}))
	var e *sources.Error
	if _, _, err := sourcetest.Fetch(t, s, query(today)); !errors.As(err, &e) || e.Kind != sources.Unavailable || e.RetryAfter == 0 || !strings.Contains(err.Error(), "another one") {
		t.Errorf("got %v", err)
	}
}

// answering answers requests for reports by their method; a duplicate with 425.
func answering(said map[string]string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case strings.HasSuffix(r.URL.Path, "/token"):
			fmt.Fprint(w, `{"access_token":"a","token_type":"bearer"}`)
		case strings.HasSuffix(r.URL.Path, "/profiles"):
			fmt.Fprint(w, `[{"profileId":3312345678901231}]`)
		default:
			if strings.Contains(said[r.Method], `"425"`) {
				w.WriteHeader(http.StatusTooEarly)
			}
			fmt.Fprint(w, strings.ReplaceAll(said[r.Method], "HOST", r.Host))
		}
	}
}

func TestReportThatFailsIsAskedForOnceMore(t *testing.T) {
	s, _ := on(t, answering(map[string]string{"POST": `{"reportId":"1"}`, "GET": `{"reportId":"1","status":"FAILED","failureReason":"no\u001b luck","url":null}`}))
	if _, _, err := sourcetest.Fetch(t, s, query(today)); sources.KindOf(err) != sources.Unavailable || !strings.Contains(err.Error(), "failed twice while it was being built: no luck") {
		t.Errorf("got %v", err)
	}
}

func TestLinkThatHasRunOutIsAskedForAnew(t *testing.T) {
	s, sim, _ := opened(t)
	sim.Faults().Set(simulator.Fault{Kind: simulator.Denied, Platform: world.Amazon, Path: "/files/", Times: 1})
	if rows, _, err := sourcetest.Fetch(t, s, query(today)); err != nil || len(rows) == 0 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
	sim.Faults().Set(simulator.Fault{Kind: simulator.Denied, Platform: world.Amazon, Path: "/files/"})
	if _, _, err := sourcetest.Fetch(t, s, query(today)); sources.KindOf(err) != sources.Unavailable || !strings.Contains(err.Error(), "is gone") {
		t.Errorf("got %v", err)
	}
}

func TestFilesElsewhereAreNotFetched(t *testing.T) {
	s, _ := on(t, answering(map[string]string{"POST": `{"reportId":"1"}`, "GET": `{"reportId":"1","status":"COMPLETED","url":"https://evil.example/f.json.gz"}`}))
	if _, _, err := sourcetest.Fetch(t, s, query(today)); sources.KindOf(err) != sources.Malformed || !strings.Contains(err.Error(), "evil.example") {
		t.Errorf("got %v", err)
	}
}

func TestWatermarkIsThatOfTheOldestReport(t *testing.T) {
	s, sim, _ := opened(t)
	_, receipt, err := sourcetest.Fetch(t, s, query(today-1, today))
	if want := noon.Add(-lag).Truncate(time.Hour); err != nil || !receipt.CompleteThrough.Equal(want) {
		t.Errorf("complete through %s, %v, want %s", receipt.CompleteThrough, err, want)
	}
	sim.Faults().Set(simulator.Fault{Kind: simulator.ClockSkew, Wait: -2 * time.Hour, Platform: world.Amazon, Path: "/reports", Times: 1})
	_, receipt, err = sourcetest.Fetch(t, s, query(today-1, today))
	if want := noon.Add(-lag - 2*time.Hour).Truncate(time.Hour); err != nil || !receipt.CompleteThrough.Equal(want) {
		t.Errorf("with a report of two hours ago: complete through %s, %v, want %s", receipt.CompleteThrough, err, want)
	}
}

func TestPollsOfADayAreThreeCallsForEachProduct(t *testing.T) {
	s, sim, _ := opened(t)
	if _, _, err := sourcetest.Fetch(t, s, query(today-1, today)); err != nil {
		t.Fatal(err)
	}
	if got := len(asked(sim)); got != Definition().Calls {
		t.Errorf("a poll of today and yesterday took %d calls, the definition says %d", got, Definition().Calls)
	}
}

func TestAllDaysThatMayChangeCanBeAskedForAndNoOlderOnes(t *testing.T) {
	s, sim, _ := opened(t)
	if _, _, err := sourcetest.Fetch(t, s, query(today-kpi.Date(Definition().Restates), today)); err != nil || len(asked(sim)) != 2*Definition().Calls {
		t.Errorf("the restated days: %d calls, %v", len(asked(sim)), err)
	}
	if _, _, err := sourcetest.Fetch(t, s, query(today-kpi.Date(Definition().History)-1, today)); sources.KindOf(err) != sources.Invalid {
		t.Errorf("older days: %v", err)
	}
}

func TestProductsAndTheWindowAreThoseOfTheOptions(t *testing.T) {
	s, sim, _ := opened(t, func(o *Options) { o.Products, o.SPWindow = []string{"sponsored_products"}, "7d" })
	rows, _, err := sourcetest.Fetch(t, s, query(today-1, today))
	if err != nil || len(rows) == 0 || !slices.Equal(asked(sim), []string{"POST spCampaigns", "GET", "GET"}) {
		t.Fatalf("%d rows, asked %v, %v", len(rows), asked(sim), err)
	}
	for _, r := range rows {
		if r.Entity.Attribution != "7d click" || !r.Metrics.Knows(kpi.Usual) {
			t.Errorf("got %+v", r)
		}
	}
	s, _, _ = opened(t)
	rows, _, err = sourcetest.Fetch(t, s, query(today-1, today))
	found := map[string]bool{}
	for _, r := range rows {
		found[r.Entity.Attribution] = true
	}
	if err != nil || len(found) != 2 || !found["14d click"] || !found["14d click or view"] {
		t.Errorf("attributions %v, %v", found, err)
	}
}

func TestRegionsAreThoseOfTheOptions(t *testing.T) {
	s, sim, _ := opened(t, func(o *Options) { o.Regions = []string{"fe", "na"} })
	accounts, err := s.Accounts(t.Context())
	if err != nil || len(accounts) != 2 || accounts[0].Name != "3312345678901232 (JP)" || accounts[1].Name != "New York (US)" {
		t.Errorf("got %v, %v", accounts, err)
	}
	for _, r := range sim.Requests(world.Amazon) {
		if strings.HasPrefix(r.Path, "/eu") {
			t.Errorf("asked %s", r.Path)
		}
	}
	if _, _, err := sourcetest.Fetch(t, s, query(today)); sources.KindOf(err) != sources.Permission {
		t.Errorf("a profile of another region: %v", err)
	}
}

func TestAccountsAreNarrowedByTheOption(t *testing.T) {
	s, _, _ := opened(t, func(o *Options) { o.Accounts = []string{"3312345678901232"} })
	if accounts, err := s.Accounts(t.Context()); err != nil || len(accounts) != 1 || accounts[0].Zone.String() != "Asia/Tokyo" {
		t.Errorf("got %v, %v", accounts, err)
	}
	s, _, _ = opened(t, func(o *Options) { o.Accounts = []string{"1"} })
	if _, err := s.Accounts(t.Context()); sources.KindOf(err) != sources.Permission {
		t.Errorf("an account out of reach: %v", err)
	}
}

func TestSpoiltFilesAreRefused(t *testing.T) {
	for kind, want := range map[simulator.FaultKind]sources.Kind{
		simulator.Truncated: sources.Malformed, simulator.NotJSON: sources.Malformed, simulator.HTML: sources.Unavailable,
		simulator.Dropped: sources.Unavailable, simulator.Oversized: sources.Malformed, simulator.WrongType: sources.Malformed,
	} {
		s, sim, _ := opened(t)
		sim.Faults().Set(simulator.Fault{Kind: kind, Platform: world.Amazon, Path: "/files/"})
		if rows, _, err := sourcetest.Fetch(t, s, query(today)); sources.KindOf(err) != want {
			t.Errorf("%s: %d rows, %v, want %v", kind, len(rows), err, want)
		}
	}
}

func TestFaultsOfReportsHaveTheirKind(t *testing.T) {
	for kind, want := range map[simulator.FaultKind]sources.Kind{simulator.TooMuch: sources.Invalid, simulator.Denied: sources.Permission} {
		s, sim, _ := opened(t)
		sim.Faults().Set(simulator.Fault{Kind: kind, Platform: world.Amazon, Path: "/reports"})
		if _, _, err := sourcetest.Fetch(t, s, query(today)); sources.KindOf(err) != want {
			t.Errorf("%s: %v, want %v", kind, err, want)
		}
	}
}

func TestWrongOptionsAreNamed(t *testing.T) {
	sourcetest.RefuseOptions(t, Definition(), simulated, map[string]func(*Options){
		"client_id":     func(o *Options) { o.ClientID = "" },
		"client_secret": func(o *Options) { o.ClientSecret = sources.Secret{} },
		"refresh_token": func(o *Options) { o.RefreshToken = sources.Secret{} },
		"regions":       func(o *Options) { o.Regions = []string{"de"} },
		"products":      func(o *Options) { o.Products = nil },
		"sp_window":     func(o *Options) { o.SPWindow = "28d" },
		"accounts":      func(o *Options) { o.Accounts = []string{"ENTITY1"} },
		"na_url":        func(o *Options) { o.NAURL = "x" },
		"eu_url":        func(o *Options) { o.EUURL = "x" },
		"fe_url":        func(o *Options) { o.FEURL = "x" },
		"token_url":     func(o *Options) { o.TokenURL = "x" },
	})
}
