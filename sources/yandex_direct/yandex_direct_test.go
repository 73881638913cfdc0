package yandexdirect

import (
	"errors"
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
	o.Token, o.Agency, o.BaseURL = sources.NewSecret(simulator.YandexToken), true, place
	return o
}

func TestConformance(t *testing.T) {
	sourcetest.Run(t, sourcetest.Adapter{
		Definition: Definition(),
		Options:    simulated,
		Grains:     []sources.Grain{sources.Day},
		Path:       "/reports",
		Secrets:    []string{simulator.YandexToken},
	})
}

// opened is a source on a simulator, or on a handler in its place; waits
// collects its pauses.
func opened(t *testing.T, handler http.Handler, change ...func(*Options)) (s sources.Source, waits *[]time.Duration) {
	t.Helper()
	return sourcetest.Serve(t, handler, Definition(), simulated, noon, change...)
}

func platformServer() *simulator.Simulator {
	return simulator.New(world.ConformanceFor(world.Yandex), func() time.Time { return noon })
}

func query(days ...kpi.Date) sources.Query {
	return sourcetest.Query(sources.Account{ID: "tests-agency", Zone: sourcetest.Zone("Europe/Moscow"), Currency: "RUB"}, sources.Day, days...)
}

var today = kpi.NewDate(2026, 11, 4)

func TestQueuedReportIsAskedForAgainWithTheSameQuestion(t *testing.T) {
	sim := platformServer()
	s, waits := opened(t, sim)
	sim.Faults().Set(simulator.Fault{Kind: simulator.Building, Platform: world.Yandex, Path: "/reports", Times: 3})
	if rows, _, err := sourcetest.Fetch(t, s, query(today)); err != nil || len(rows) == 0 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	if want := []time.Duration{10 * time.Second, 10 * time.Second, 10 * time.Second}; !slices.Equal(*waits, want) {
		t.Errorf("paused for %v, want %v as Yandex asked", *waits, want)
	}
	asked := sim.Requests(world.Yandex)
	for _, r := range asked {
		if r.Body != asked[0].Body {
			t.Errorf("asked %s, then %s", asked[0].Body, r.Body)
		}
	}
	sim.Faults().Set(simulator.Fault{Kind: simulator.Building, Platform: world.Yandex})
	if _, _, err := sourcetest.Fetch(t, s, query(today)); sources.KindOf(err) != sources.Unavailable || !strings.Contains(err.Error(), "not ready") {
		t.Errorf("a report that is never ready: %v", err)
	}
}

func TestWaitForAReportIsWithinReason(t *testing.T) {
	for told, want := range map[string]time.Duration{"": 10 * time.Second, "1": 5 * time.Second, "-3": 5 * time.Second, "20": 20 * time.Second, "99999": 5 * time.Minute, "soon": 10 * time.Second} {
		if got := retryIn(http.Header{"Retryin": {told}}); got != want {
			t.Errorf("%q: %s, want %s", told, got, want)
		}
	}
}

func TestEachPollNamesItsReportsAnew(t *testing.T) {
	s, _ := opened(t, platformServer())
	days := kpi.DateRange{From: today, To: today}
	named := func(login string, asked time.Time) string {
		body := s.(*source).request(login, days, asked).Body.(map[string]any)
		return body["params"].(map[string]any)["ReportName"].(string)
	}
	if a, b, c, again := named("a", noon), named("a", noon.Add(time.Minute)), named("b", noon), named("a", noon); a == b || a == c || a != again {
		t.Errorf("names %s, %s, %s, %s", a, b, c, again)
	}
}

func TestLoginIsSentForAgenciesOnly(t *testing.T) {
	for _, agency := range []bool{true, false} {
		sim := platformServer()
		s, _ := opened(t, sim, func(o *Options) { o.Agency = agency })
		accounts, err := s.Accounts(t.Context())
		if err != nil || (len(accounts) == 1) == agency {
			t.Errorf("agency %v: %v, %v", agency, accounts, err)
		}
		_, _, _ = sourcetest.Fetch(t, s, query(today)) // the simulator's token is an agency's
		requests := sim.Requests(world.Yandex)
		if sent := requests[len(requests)-1].Header.Get("Client-Login") != ""; sent != agency {
			t.Errorf("agency %v: login sent: %v", agency, sent)
		}
	}
}

func TestConversionsOfNamedGoalsAreASeriesOfTheirOwn(t *testing.T) {
	s, _ := opened(t, platformServer(), func(o *Options) { o.Goals, o.Attribution = []string{"20002", "20003"}, "LSC" })
	named, _, err := sourcetest.Fetch(t, s, query(today-1, today))
	if err != nil {
		t.Fatal(err)
	}
	s, _ = opened(t, platformServer())
	all, _, err := sourcetest.Fetch(t, s, query(today-1, today))
	if err != nil || len(all) != len(named) {
		t.Fatalf("%d and %d rows, %v", len(all), len(named), err)
	}
	for i := range all {
		if named[i].Metrics != all[i].Metrics || named[i].Entity.Attribution != "LSC" || all[i].Entity.Attribution != "" {
			t.Errorf("%+v with goals, %+v without", named[i], all[i])
		}
	}
}

func TestLostHeaderDoesNotInflateSpendAMillionTimes(t *testing.T) {
	sim := platformServer()
	s, _ := opened(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Del("returnMoneyInMicros") // as a proxy might
		sim.ServeHTTP(w, r)
	}))
	if rows, _, err := sourcetest.Fetch(t, s, query(today)); sources.KindOf(err) != sources.Malformed || len(rows) != 0 || !strings.Contains(err.Error(), "millionths") {
		t.Errorf("%d rows, %v", len(rows), err)
	}
}

func TestFaultsHaveTheirKind(t *testing.T) {
	for kind, want := range map[simulator.FaultKind]struct {
		kind  sources.Kind
		retry time.Duration
	}{
		simulator.Denied: {sources.Permission, 0}, simulator.TooMuch: {sources.Unavailable, 0}, simulator.Throttle: {sources.QuotaKind, connectionsPause},
	} {
		sim := platformServer()
		s, _ := opened(t, sim)
		sim.Faults().Set(simulator.Fault{Kind: kind, Platform: world.Yandex})
		_, _, err := sourcetest.Fetch(t, s, query(today))
		var e *sources.Error
		if !errors.As(err, &e) || e.Kind != want.kind || e.RetryAfter != want.retry {
			t.Errorf("%s: %v, want %v after %s", kind, err, want.kind, want.retry)
		}
	}
}

func TestAccountsAreNarrowedByTheOption(t *testing.T) {
	s, _ := opened(t, platformServer(), func(o *Options) { o.Accounts = []string{"shop-kz"} })
	if accounts, err := s.Accounts(t.Context()); err != nil || len(accounts) != 1 || accounts[0].Name != "shop-kz" || accounts[0].Currency != "KZT" {
		t.Errorf("got %v, %v", accounts, err)
	}
	s, _ = opened(t, platformServer(), func(o *Options) { o.Accounts = []string{"nobody"} })
	if _, err := s.Accounts(t.Context()); sources.KindOf(err) != sources.Permission {
		t.Errorf("an account out of reach: %v", err)
	}
}

func TestWrongOptionsAreNamed(t *testing.T) {
	sourcetest.RefuseOptions(t, Definition(), simulated, map[string]func(*Options){
		"token":       func(o *Options) { o.Token = sources.Secret{} },
		"timezone":    func(o *Options) { o.Timezone = "MSK" },
		"attribution": func(o *Options) { o.Attribution = "last" },
		"goals":       func(o *Options) { o.Goals = []string{"order"} },
		"accounts":    func(o *Options) { o.Accounts = []string{"a b"} },
		"base_url":    func(o *Options) { o.BaseURL = "x" },
	})
}
