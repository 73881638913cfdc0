package taboola

import (
	"errors"
	"net/http"
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

var noon = world.ConformanceAutumn

func simulated(place string) any {
	o := Definition().Options().(*Options)
	o.ClientID, o.ClientSecret, o.BaseURL = simulator.TaboolaClientID, sources.NewSecret(simulator.TaboolaClientSecret), place
	return o
}

func TestConformance(t *testing.T) {
	sourcetest.Run(t, sourcetest.Adapter{
		Definition: Definition(),
		Options:    simulated,
		Grains:     []sources.Grain{sources.Day, sources.Hour},
		HoursBack:  2,
		Path:       "/reports/",
		Secrets:    []string{simulator.TaboolaClientSecret, "CZ0simulatedTaboolaAccess"},
		Refreshes:  true,
	})
}

// opened is a source on a simulator, or on a handler in its place.
func opened(t *testing.T, handler http.Handler, change ...func(*Options)) (sources.Source, *[]time.Duration) {
	t.Helper()
	return sourcetest.Serve(t, handler, Definition(), simulated, noon, change...)
}

func platformServer() *simulator.Simulator {
	return simulator.New(world.ConformanceFor(world.Taboola), func() time.Time { return noon })
}

func query(grain sources.Grain, days ...kpi.Date) sources.Query {
	return sourcetest.Query(sources.Account{ID: "acme-berlin-sc", Zone: sourcetest.Zone("Europe/Berlin"), Currency: "EUR"}, grain, days...)
}

var today = kpi.NewDate(2026, 11, 4)

// asked lists the questions for figures.
func asked(t *testing.T, sim *simulator.Simulator) (questions []url.Values) {
	t.Helper()
	for _, r := range sim.Requests(world.Taboola) {
		if strings.Contains(r.Path, "/reports/") {
			q, err := url.ParseQuery(r.Query)
			if err != nil {
				t.Fatal(err)
			}
			questions = append(questions, q)
		}
	}
	return questions
}

func TestHoursAreAskedForADayAtATimeAndOldOnesNotAtAll(t *testing.T) {
	sim := platformServer()
	s, _ := opened(t, sim)
	if rows, _, err := sourcetest.Fetch(t, s, query(sources.Hour, today-1, today)); err != nil || len(rows) < 24 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	questions := asked(t, sim)
	if len(questions) != 2 || questions[0].Get("start_date") != "2026-11-03T00:00:00" || questions[0].Get("end_date") != "2026-11-03T23:59:59" {
		t.Errorf("asked %v", questions)
	}
	if _, _, err := sourcetest.Fetch(t, s, query(sources.Hour, today-2, today)); sources.KindOf(err) != sources.Invalid || len(asked(t, sim)) != 2 {
		t.Errorf("hours that Taboola may have dropped: %v after %d questions", err, len(asked(t, sim)))
	}
}

func TestHoursAddUpToTheirDay(t *testing.T) {
	s, _ := opened(t, platformServer())
	days, _, err := sourcetest.Fetch(t, s, query(sources.Day, today-1, today))
	if err != nil {
		t.Fatal(err)
	}
	hours, _, err := sourcetest.Fetch(t, s, query(sources.Hour, today-1, today))
	if err != nil {
		t.Fatal(err)
	}
	sums := map[string]kpi.Metrics{}
	for _, r := range hours {
		key := r.Entity.ID + r.Slot.Date.String()
		if sums[key], err = sums[key].Add(r.Metrics); err != nil {
			t.Fatal(err)
		}
	}
	for _, r := range days {
		if key := r.Entity.ID + r.Slot.Date.String(); sums[key] != r.Metrics {
			t.Errorf("%s: hours %+v, day %+v", key, sums[key], r.Metrics)
		}
	}
}

func TestReportSaysHowFarItReaches(t *testing.T) {
	s, _ := opened(t, platformServer())
	_, receipt, err := sourcetest.Fetch(t, s, query(sources.Day, today))
	if want := noon.Add(-100 * time.Minute).Truncate(time.Hour); err != nil || !receipt.CompleteThrough.Equal(want) {
		t.Errorf("complete through %s, %v, want %s", receipt.CompleteThrough, err, want)
	}
}

func TestConversionsAfterAClickAloneHaveNoValue(t *testing.T) {
	s, _ := opened(t, platformServer(), func(o *Options) { o.Count = "clicks" })
	clicks, _, err := sourcetest.Fetch(t, s, query(sources.Day, today-1))
	if err != nil || len(clicks) == 0 {
		t.Fatalf("%d rows, %v", len(clicks), err)
	}
	for _, r := range clicks {
		if r.Metrics.Has&(kpi.Revenue|kpi.ViewThrough) != 0 || r.Entity.Attribution != "clicks only" {
			t.Errorf("got %+v: Taboola values all conversions together", r)
		}
	}
	s, _ = opened(t, platformServer())
	all, _, err := sourcetest.Fetch(t, s, query(sources.Day, today-1))
	if err != nil || len(all) != len(clicks) || all[0].Entity.Attribution != "" {
		t.Errorf("%d rows, first %+v, of clicks alone %+v, %v", len(all), all[0], clicks[0], err)
	}
	var viewed kpi.Micros
	for i, r := range all {
		viewed += r.Metrics.ViewThrough
		if r.Metrics.Conversions-r.Metrics.ViewThrough != clicks[i].Metrics.Conversions {
			t.Errorf("%+v without those after views is not %+v", r, clicks[i])
		}
	}
	if viewed == 0 {
		t.Error("no conversion followed a view: nothing is proved")
	}
}

func TestAdvertisersOfANetworkAreFound(t *testing.T) {
	s, _ := opened(t, platformServer(), func(o *Options) { o.Accounts = []string{"acme-us-sc"} })
	if accounts, err := s.Accounts(t.Context()); err != nil || len(accounts) != 1 || accounts[0].Currency != "USD" || accounts[0].Zone.String() != "US/Eastern" {
		t.Errorf("got %v, %v", accounts, err)
	}
	s, _ = opened(t, platformServer(), func(o *Options) { o.Accounts = []string{"acme-closed-sc"} })
	if accounts, err := s.Accounts(t.Context()); err != nil || len(accounts) != 1 {
		t.Errorf("a closed account that is named: %v, %v", accounts, err)
	}
	for _, out := range []string{"acme-network", "acme-elsewhere"} {
		s, _ = opened(t, platformServer(), func(o *Options) { o.Accounts = []string{out} })
		if _, err := s.Accounts(t.Context()); sources.KindOf(err) != sources.Permission {
			t.Errorf("%s: %v", out, err)
		}
	}
}

func TestWrongCredentialsAreNamedThoughTheRefusalIsXML(t *testing.T) {
	s, _ := opened(t, platformServer(), func(o *Options) { o.ClientSecret = sources.NewSecret("another secret") })
	_, err := s.Accounts(t.Context())
	var e *sources.Error
	if !errors.As(err, &e) || e.Kind != sources.Auth || !strings.Contains(e.Error(), "Bad client credentials") || !strings.Contains(e.Next, "client_secret") {
		t.Errorf("got %v", err)
	}
}

func TestFaultsHaveTheirKind(t *testing.T) {
	for kind, want := range map[simulator.FaultKind]struct {
		kind  sources.Kind
		retry time.Duration
		says  string
	}{
		simulator.Denied: {sources.Permission, 0, "Forbidden"}, simulator.TooMuch: {sources.Invalid, 0, "too long (start_date)"},
		simulator.Throttle: {sources.QuotaKind, throttled, "429"}, simulator.Outage: {sources.Unavailable, 0, "Taboola Service Unavailable"},
	} {
		sim := platformServer()
		s, _ := opened(t, sim)
		sim.Faults().Set(simulator.Fault{Kind: kind, Platform: world.Taboola, Path: "/reports/"})
		_, _, err := sourcetest.Fetch(t, s, query(sources.Day, today))
		var e *sources.Error
		if !errors.As(err, &e) || e.Kind != want.kind || e.RetryAfter != want.retry || !strings.Contains(e.Error(), want.says) {
			t.Errorf("%s: %v, want %v after %s that says %q", kind, err, want.kind, want.retry, want.says)
		}
	}
}

func TestWrongOptionsAreNamed(t *testing.T) {
	sourcetest.RefuseOptions(t, Definition(), simulated, map[string]func(*Options){
		"client_id":     func(o *Options) { o.ClientID = "" },
		"client_secret": func(o *Options) { o.ClientSecret = sources.Secret{} },
		"accounts":      func(o *Options) { o.Accounts = []string{"1234567"} },
		"count":         func(o *Options) { o.Count = "views" },
		"base_url":      func(o *Options) { o.BaseURL = "x" },
	})
}
