package ga4

import (
	"errors"
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
	o.Key = sources.NewSecret(simulator.ServiceAccountFile())
	o.BaseURL, o.AdminURL, o.TokenURL = place, place, place+"/oauth/token"
	return o
}

func TestConformance(t *testing.T) {
	lines := strings.Split(simulator.ServiceAccountFile(), `\n`)
	sourcetest.Run(t, sourcetest.Adapter{
		Definition: Definition(),
		Options:    simulated,
		Grains:     []sources.Grain{sources.Day, sources.Hour},
		Key: func(c world.Campaign) sources.Key {
			return sources.Key{Source: c.UTM.Source, Medium: c.UTM.Medium, Campaign: sources.Clean(c.UTM.Campaign)}
		},
		Path:      ":runReport",
		Secrets:   []string{lines[1], lines[2], "eyJhbGciOiJSUzI1NiIs", "ya29.c.simulatedGA4Access"},
		Refreshes: true,
		Parks:     true,
	})
}

// opened is a source on a simulator, or on a handler in its place.
func opened(t *testing.T, handler http.Handler, change ...func(*Options)) (sources.Source, *[]time.Duration) {
	t.Helper()
	return sourcetest.Serve(t, handler, Definition(), simulated, noon, change...)
}

func platformServer() *simulator.Simulator {
	return simulator.New(world.ConformanceFor(world.GA4), func() time.Time { return noon })
}

func query(grain sources.Grain, days ...kpi.Date) sources.Query {
	return sourcetest.Query(sources.Account{ID: "213025501", Zone: sourcetest.Zone("Europe/Berlin"), Currency: "EUR"}, grain, days...)
}

var today = kpi.NewDate(2026, 11, 4)

func TestVisitsWithoutAnOriginHaveTheEmptyKeyOncePerSlot(t *testing.T) {
	s, _ := opened(t, platformServer())
	rows, receipt, err := sourcetest.Fetch(t, s, query(sources.Day, today-12, today))
	if err != nil {
		t.Fatal(err)
	}
	none := map[sources.Slot]int{}
	for _, r := range rows {
		if r.Entity.ID == "none" {
			none[r.Slot]++
		}
		if r.Metrics.Has != Definition().Gives {
			t.Errorf("got %+v", r)
		}
	}
	if len(none) == 0 || none[rows[0].Slot] > 1 {
		t.Errorf("rows without an origin: %v", none)
	}
	if want := noon.Truncate(time.Hour).Add(-6 * time.Hour); !receipt.CompleteThrough.Equal(want) {
		t.Errorf("complete through %s, want %s", receipt.CompleteThrough, want)
	}
	if receipt.Quota.Used != 0.25 || receipt.Quota.Scope != "tokens of the project an hour" || len(receipt.Warnings) != 1 || !strings.Contains(receipt.Warnings[0], "few users") {
		t.Errorf("quota %+v, warnings %q", receipt.Quota, receipt.Warnings)
	}
}

func TestOptionsChooseTheFigures(t *testing.T) {
	sim := platformServer()
	s, _ := opened(t, sim, func(o *Options) { o.KeyEvent, o.Revenue, o.Tier, o.LagHours = "purchase", "total", "360", 48 })
	rows, receipt, err := sourcetest.Fetch(t, s, query(sources.Hour, today-1, today))
	if err != nil || len(rows) == 0 || rows[0].Entity.Action != "purchase" || receipt.Quota.Used < 0.9 {
		t.Fatalf("%d rows, %+v, %v", len(rows), receipt, err)
	}
	asked := sim.Requests(world.GA4)
	if body := asked[len(asked)-1].Body; !strings.Contains(body, `"keyEvents:purchase"`) || !strings.Contains(body, `"totalRevenue"`) {
		t.Errorf("asked %s", body)
	}
	if want := noon.Truncate(time.Hour).Add(-48 * time.Hour); !receipt.CompleteThrough.Equal(want) {
		t.Errorf("complete through %s, want %s", receipt.CompleteThrough, want)
	}
}

func TestPropertiesAreNarrowedByTheOption(t *testing.T) {
	s, _ := opened(t, platformServer(), func(o *Options) { o.Properties = []string{"213025502", "213025502"} })
	if accounts, err := s.Accounts(t.Context()); err != nil || len(accounts) != 1 || accounts[0].Currency != "JPY" || accounts[0].Zone.String() != "Asia/Tokyo" {
		t.Errorf("got %v, %v", accounts, err)
	}
	s, _ = opened(t, platformServer(), func(o *Options) { o.Properties = []string{"1"} })
	if _, err := s.Accounts(t.Context()); sources.KindOf(err) != sources.Permission {
		t.Errorf("a property out of reach: %v", err)
	}
}

func TestAPIThatIsOffIsNamed(t *testing.T) {
	sim := platformServer()
	s, _ := opened(t, sim)
	sim.Faults().Set(simulator.Fault{Kind: simulator.TooMuch, Platform: world.GA4, Path: ":runReport"})
	_, _, err := sourcetest.Fetch(t, s, query(sources.Day, today))
	var e *sources.Error
	if !errors.As(err, &e) || e.Kind != sources.Permission || !strings.Contains(e.Next, "enable") {
		t.Errorf("got %v", err)
	}
}

func TestWhatIsNoPropertyIsNotAskedAbout(t *testing.T) {
	sim := platformServer()
	s, _ := opened(t, sim)
	q := query(sources.Day, today)
	q.Account.ID = "1/../2"
	if _, _, err := sourcetest.Fetch(t, s, q); sources.KindOf(err) != sources.Invalid || len(sim.Requests(world.GA4)) != 0 {
		t.Errorf("got %v", err)
	}
}

func TestWrongOptionsAreNamed(t *testing.T) {
	sourcetest.RefuseOptions(t, Definition(), simulated, map[string]func(*Options){
		"key is missing": func(o *Options) { o.Key = sources.Secret{} },
		"key: expected":  func(o *Options) { o.Key = sources.NewSecret("{}") },
		"key: the": func(o *Options) {
			o.Key = sources.NewSecret(`{"type":"service_account","client_email":"a@b","private_key":"x"}`)
		},
		"key_event":  func(o *Options) { o.KeyEvent = "a b" },
		"revenue":    func(o *Options) { o.Revenue = "all" },
		"tier":       func(o *Options) { o.Tier = "free" },
		"lag_hours":  func(o *Options) { o.LagHours = 0 },
		"properties": func(o *Options) { o.Properties = []string{"G-AB12"} },
		"base_url":   func(o *Options) { o.BaseURL = "x" },
		"admin_url":  func(o *Options) { o.AdminURL = "x" },
		"token_url":  func(o *Options) { o.TokenURL = "x" },
	})
}
