package searchconsole

import (
	"errors"
	"fmt"
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
	o.Key, o.Types, o.Currency = sources.NewSecret(simulator.ServiceAccountFile()), []string{"web", "image"}, "EUR"
	o.BaseURL, o.TokenURL = place, place+"/oauth/token"
	return o
}

func TestConformance(t *testing.T) {
	lines := strings.Split(simulator.ServiceAccountFile(), `\n`)
	sourcetest.Run(t, sourcetest.Adapter{
		Definition: Definition(),
		Options:    simulated,
		Grains:     []sources.Grain{sources.Day, sources.Hour},
		HoursBack:  hoursBack,
		RealHours:  true,
		Path:       "/searchAnalytics/",
		Secrets:    []string{lines[1], lines[2], "eyJhbGciOiJSUzI1NiIs", "ya29.c.simulatedSearchAccess"},
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
	return simulator.New(world.ConformanceFor(world.SearchConsole), func() time.Time { return noon })
}

func query(grain sources.Grain, days ...kpi.Date) sources.Query {
	return sourcetest.Query(sources.Account{ID: "sc-domain:tests.example", Zone: sourcetest.Zone(zone), Currency: "EUR"}, grain, days...)
}

var today = kpi.NewDate(2026, 11, 4)

func TestFiguresAreCompleteWhereGoogleSaysSo(t *testing.T) {
	s := opened(t, platformServer())
	_, receipt, err := sourcetest.Fetch(t, s, query(sources.Day, today-10, today))
	if want := (today - 2).Start(sourcetest.Zone(zone)); err != nil || !receipt.CompleteThrough.Equal(want) {
		t.Errorf("complete through %s, %v, want %s", receipt.CompleteThrough, err, want)
	}
}

func TestDaysThatAreNotFinalAreLeftOutByTheOption(t *testing.T) {
	for fresh, want := range map[bool]kpi.Date{true: today, false: today - 3} {
		s := opened(t, platformServer(), func(o *Options) { o.Fresh = fresh })
		rows, _, err := sourcetest.Fetch(t, s, query(sources.Day, today-10, today))
		newest := kpi.Date(0)
		for _, r := range rows {
			newest = max(newest, r.Slot.Date)
		}
		if err != nil || newest != want {
			t.Errorf("fresh: %t: the newest day is %s, %v, want %s", fresh, newest, err, want)
		}
	}
}

func TestPagesEndWithTheFirstThatIsNotFull(t *testing.T) {
	for limit, want := range map[int]int{3: 4, 10: 2, 100: 1} { // ten days
		sim := platformServer()
		s := opened(t, sim, func(o *Options) { o.Types = []string{"web"} })
		s.(*source).limit = limit
		rows, _, err := sourcetest.Fetch(t, s, query(sources.Day, today-9, today))
		pages := 0
		for _, r := range sim.Requests(world.SearchConsole) {
			if strings.Contains(r.Path, "searchAnalytics") {
				pages++
			}
		}
		if err != nil || len(rows) != 10 || pages != want {
			t.Errorf("%d a page: %d rows in %d pages, %v, want %d", limit, len(rows), pages, err, want)
		}
	}
}

func TestHoursOlderThanTenDaysAreRefusedUnasked(t *testing.T) {
	sim := platformServer()
	s := opened(t, sim)
	if _, _, err := sourcetest.Fetch(t, s, query(sources.Hour, today-hoursBack, today)); sources.KindOf(err) != sources.Invalid || len(sim.Requests(world.SearchConsole)) != 0 {
		t.Errorf("got %v", err)
	}
}

func TestSitesAreNarrowedByTheOptionAndTheirNamesAreEscaped(t *testing.T) {
	const site = "https://www.tests.example/söhne/"
	sim := platformServer()
	s := opened(t, sim, func(o *Options) { o.Sites = []string{site} })
	accounts, err := s.Accounts(t.Context())
	if err != nil || len(accounts) != 1 || accounts[0].ID != site {
		t.Fatalf("got %v, %v", accounts, err)
	}
	q := query(sources.Day, today-1, today)
	q.Account = accounts[0]
	if rows, _, err := sourcetest.Fetch(t, s, q); err != nil || len(rows) == 0 || rows[0].Entity.Name != "web" || rows[0].Entity.ID != "web "+site {
		t.Errorf("%+v, %v", rows, err)
	}
	s = opened(t, platformServer(), func(o *Options) { o.Sites = []string{"sc-domain:other.example"} })
	if _, err := s.Accounts(t.Context()); sources.KindOf(err) != sources.Permission {
		t.Errorf("a site out of reach: %v", err)
	}
}

func TestAPIThatIsOffIsNamed(t *testing.T) {
	sim := platformServer()
	s := opened(t, sim)
	sim.Faults().Set(simulator.Fault{Kind: simulator.TooMuch, Platform: world.SearchConsole, Path: "searchAnalytics"})
	_, _, err := sourcetest.Fetch(t, s, query(sources.Day, today))
	var e *sources.Error
	if !errors.As(err, &e) || e.Kind != sources.Permission || !strings.Contains(e.Next, "enable") {
		t.Errorf("got %v", err)
	}
}

func TestAccountWithoutSitesHasNone(t *testing.T) {
	s := opened(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if strings.HasSuffix(r.URL.Path, "/sites") {
			fmt.Fprint(w, `{}`)
			return
		}
		fmt.Fprint(w, `{"access_token":"a","token_type":"Bearer"}`)
	}))
	if accounts, err := s.Accounts(t.Context()); err != nil || len(accounts) != 0 {
		t.Errorf("%v, %v", accounts, err)
	}
}

func TestWrongOptionsAreNamed(t *testing.T) {
	sourcetest.RefuseOptions(t, Definition(), simulated, map[string]func(*Options){
		"key is missing": func(o *Options) { o.Key = sources.Secret{} },
		"key: expected":  func(o *Options) { o.Key = sources.NewSecret("x") },
		"types: ":        func(o *Options) { o.Types = nil },
		"types":          func(o *Options) { o.Types = []string{"web", "web"} },
		"sites":          func(o *Options) { o.Sites = []string{"https://www.example.com"} },
		"sites: ":        func(o *Options) { o.Sites = []string{"example.com/"} },
		"currency":       func(o *Options) { o.Currency = "euro" },
		"base_url":       func(o *Options) { o.BaseURL = "x" },
		"token_url":      func(o *Options) { o.TokenURL = "x" },
	})
}
