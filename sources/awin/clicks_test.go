package awin

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

const eastern = "US/Eastern"

func simulatedClicks(place string) any {
	o := ClicksDefinition().Options().(*ClicksOptions)
	o.Token, o.Side, o.Currency, o.Timezone, o.BaseURL = sources.NewSecret(simulator.AwinToken), advertiser, "EUR", eastern, place
	return o
}

// ofPublisher makes the options those of a publisher.
func ofPublisher(o *ClicksOptions) { o.Side, o.Regions = publisher, simulator.AwinRegions }

// unhurried is the definition for tests whose clock stands still, so that a minute
// never ends: the pace has a test of its own.
func unhurried() sources.Definition {
	d := ClicksDefinition()
	d.Open = func(options any, env sources.Env) (sources.Source, error) {
		s, err := openClicks(options, env)
		if err == nil {
			s.(*clicks).client.Pace = nil
		}
		return s, err
	}
	return d
}

func TestConformanceOfClicks(t *testing.T) {
	for side, change := range map[string]func(*ClicksOptions){advertiser: func(*ClicksOptions) {}, publisher: ofPublisher} {
		t.Run(side, func(t *testing.T) {
			sourcetest.Run(t, sourcetest.Adapter{
				Definition: unhurried(),
				Options: func(place string) any {
					o := simulatedClicks(place).(*ClicksOptions)
					change(o)
					return o
				},
				Grains:  []sources.Grain{sources.Day},
				Path:    "/reports/",
				Secrets: []string{simulator.AwinToken},
			})
		})
	}
}

// opened is a source on a simulator, or on a handler in its place.
func opened(t *testing.T, handler http.Handler, change ...func(*ClicksOptions)) (sources.Source, *[]time.Duration) {
	t.Helper()
	return sourcetest.Serve(t, handler, unhurried(), simulatedClicks, noon, change...)
}

func platformServer() *simulator.Simulator {
	return simulator.New(world.ConformanceFor(world.AwinClicks), func() time.Time { return noon })
}

func query(days ...kpi.Date) sources.Query {
	return sourcetest.Query(sources.Account{ID: "7052", Zone: sourcetest.Zone(eastern), Currency: "EUR"}, sources.Day, days...)
}

var today = kpi.NewDate(2026, 11, 4)

// asked lists the questions about figures so far.
func asked(t *testing.T, sim *simulator.Simulator) (questions []url.Values) {
	t.Helper()
	for _, r := range sim.Requests(world.AwinClicks) {
		if !strings.Contains(r.Path, "/reports/") {
			continue
		}
		q, err := url.ParseQuery(r.Query)
		if err != nil {
			t.Fatal(err)
		}
		questions = append(questions, q)
	}
	return questions
}

func TestEachDayIsAQuestionAndTheFutureNone(t *testing.T) {
	sim := platformServer()
	s, _ := opened(t, sim)
	if _, _, err := sourcetest.Fetch(t, s, query(today-2, today+3)); err != nil {
		t.Fatal(err)
	}
	questions := asked(t, sim)
	if len(questions) != 3 {
		t.Fatalf("asked %v", questions)
	}
	for i, q := range questions {
		if day := (today - 2 + kpi.Date(i)).String(); q.Get("startDate") != day || q.Get("endDate") != day || q.Get("timezone") != eastern || q.Has("region") {
			t.Errorf("asked %v about %s", q, day)
		}
	}
}

func TestPublisherIsAskedInEachRegionAndHasAllItsAdvertisers(t *testing.T) {
	sim := platformServer()
	s, _ := opened(t, sim, ofPublisher)
	both, _, err := sourcetest.Fetch(t, s, query(today-1))
	if questions := asked(t, sim); err != nil || len(questions) != 2 || questions[0].Get("region") != "DE" || questions[1].Get("region") != "GB" {
		t.Fatalf("asked %v, %v", questions, err)
	}
	s, _ = opened(t, platformServer(), ofPublisher, func(o *ClicksOptions) { o.Regions = []string{"GB"} })
	one, _, err := sourcetest.Fetch(t, s, query(today-1))
	if err != nil || len(one) == 0 || len(one) >= len(both) {
		t.Errorf("%d rows of one region, %d of both, %v", len(one), len(both), err)
	}
}

func TestPartnerListedForABonusAloneHasNoClicks(t *testing.T) {
	s, _ := opened(t, platformServer())
	rows, _, err := sourcetest.Fetch(t, s, query(today-12, today))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if r.Metrics == (kpi.Metrics{Has: kpi.Impressions | kpi.Clicks}) {
			return
		}
	}
	t.Errorf("%d rows, none of them of a partner without clicks: nothing is proved", len(rows))
}

func TestDaysOfAnotherZoneAreRefusedUnasked(t *testing.T) {
	sim := platformServer()
	s, _ := opened(t, sim)
	q := query(today)
	q.Account.Zone = sourcetest.Zone("Europe/Berlin")
	if _, _, err := sourcetest.Fetch(t, s, q); sources.KindOf(err) != sources.Invalid || len(asked(t, sim)) != 0 {
		t.Errorf("got %v", err)
	}
}

func TestAccountWithoutReportsIsNamed(t *testing.T) {
	s, _ := opened(t, platformServer(), func(o *ClicksOptions) { o.Accounts = []string{"7053", "7055"} })
	var e *sources.Error
	if _, err := s.Accounts(t.Context()); !errors.As(err, &e) || e.Kind != sources.Permission || !strings.Contains(e.Error(), "7055") || e.Next == "" {
		t.Errorf("got %v", err)
	}
	s, _ = opened(t, platformServer(), func(o *ClicksOptions) { o.Accounts = []string{"7053"} })
	if accounts, err := s.Accounts(t.Context()); err != nil || len(accounts) != 1 || accounts[0].ID != "7053" {
		t.Errorf("got %v, %v", accounts, err)
	}
}

func TestLongLoadWaitsForTheMinuteToEnd(t *testing.T) {
	sim := platformServer()
	s, waits := sourcetest.Serve(t, sim, ClicksDefinition(), simulatedClicks, noon, func(*ClicksOptions) {})
	if _, _, err := sourcetest.Fetch(t, s, query(today-callsAMinute, today)); err != nil || len(asked(t, sim)) != callsAMinute+1 {
		t.Fatalf("asked %d times, %v", len(asked(t, sim)), err)
	}
	if len(*waits) != 1 || (*waits)[0] != time.Minute {
		t.Errorf("waited %v, want the clock's minute once", *waits)
	}
}

func TestWrongOptionsOfClicksAreNamed(t *testing.T) {
	sourcetest.RefuseOptions(t, ClicksDefinition(), simulatedClicks, map[string]func(*ClicksOptions){
		"token":                   func(o *ClicksOptions) { o.Token = sources.Secret{} },
		"side":                    func(o *ClicksOptions) { o.Side = "network" },
		"accounts":                func(o *ClicksOptions) { o.Accounts = []string{"../1"} },
		"currency":                func(o *ClicksOptions) { o.Currency = "eur" },
		"timezone":                func(o *ClicksOptions) { o.Timezone = "America/New_York" }, // Awin calls it US/Eastern
		"regions: a publisher":    func(o *ClicksOptions) { o.Side = publisher },
		"regions: an advertiser":  func(o *ClicksOptions) { o.Regions = []string{"DE"} },
		`regions: "de": expected`: func(o *ClicksOptions) { o.Side, o.Regions = publisher, []string{"de"} },
		`regions: "DE": expected`: func(o *ClicksOptions) { o.Side, o.Regions = publisher, []string{"DE", "DE"} },
		"base_url":                func(o *ClicksOptions) { o.BaseURL = "x" },
	})
}
