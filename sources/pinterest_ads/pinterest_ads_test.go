package pinterestads

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
	o.ClientID, o.ClientSecret, o.RefreshToken = simulator.PinterestClientID, sources.NewSecret(simulator.PinterestClientSecret), sources.NewSecret(simulator.PinterestRefreshToken)
	o.BaseURL, o.TokenURL = place, place+"/oauth/token"
	return o
}

func TestConformance(t *testing.T) {
	sourcetest.Run(t, sourcetest.Adapter{
		Definition: Definition(),
		Options:    simulated,
		Grains:     []sources.Grain{sources.Day},
		Path:       "/analytics",
		Secrets:    []string{simulator.PinterestClientSecret, simulator.PinterestRefreshToken, "pina_simulatedAccess"},
		Refreshes:  true,
		Parks:      true,
	})
}

// opened is a source on a simulator, or on a handler in its place.
func opened(t *testing.T, handler http.Handler, change ...func(*Options)) (sources.Source, *[]time.Duration) {
	t.Helper()
	return sourcetest.Serve(t, handler, Definition(), simulated, noon, change...)
}

func platformServer() *simulator.Simulator {
	return simulator.New(world.ConformanceFor(world.Pinterest), func() time.Time { return noon })
}

func query(days ...kpi.Date) sources.Query {
	return sourcetest.Query(sources.Account{ID: "549755885171", Zone: time.UTC, Currency: "EUR"}, sources.Day, days...)
}

var today = kpi.NewDate(2026, 11, 4)

func TestManyCampaignsAreAskedForInGroups(t *testing.T) {
	var groups []int
	s, _ := opened(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case strings.HasSuffix(r.URL.Path, "/campaigns"):
			var list []string
			for i := range 600 {
				list = append(list, fmt.Sprintf(`{"id":"%d","name":"n","status":"ACTIVE"}`, 1000+i))
			}
			fmt.Fprintf(w, `{"items":[%s],"bookmark":null}`, strings.Join(list, ","))
		case strings.HasSuffix(r.URL.Path, "/analytics"):
			groups = append(groups, len(strings.Split(r.URL.Query().Get("campaign_ids"), ",")))
			fmt.Fprint(w, `[]`)
		default:
			fmt.Fprint(w, `{"access_token":"a","token_type":"bearer"}`)
		}
	}))
	if _, _, err := sourcetest.Fetch(t, s, query(today)); err != nil || fmt.Sprint(groups) != "[250 250 100]" {
		t.Errorf("groups %v, %v", groups, err)
	}
}

func TestAccountWithoutCampaignsIsNotAskedAbout(t *testing.T) {
	sim := platformServer()
	s, _ := opened(t, sim)
	q := query(today)
	q.Account.ID = "549755885173"
	if rows, receipt, err := sourcetest.Fetch(t, s, q); err != nil || len(rows) != 0 || receipt.CompleteThrough.IsZero() {
		t.Errorf("%d rows, %v", len(rows), err)
	}
	for _, r := range sim.Requests(world.Pinterest) {
		if strings.HasSuffix(r.Path, "/analytics") {
			t.Errorf("asked %s", r.Query)
		}
	}
}

func TestClicksAreThoseOfTheOption(t *testing.T) {
	s, _ := opened(t, platformServer(), func(o *Options) { o.Clicks = "pin" })
	if _, _, err := sourcetest.Fetch(t, s, query(today)); sources.KindOf(err) != sources.Invalid || !strings.Contains(err.Error(), "CLICKTHROUGH_1") {
		t.Errorf("got %v: the simulator knows outbound clicks only, and says what it was asked for", err)
	}
}

func TestDaysOlderThanPinterestKeepsAreRefused(t *testing.T) {
	s, _ := opened(t, platformServer())
	if _, _, err := sourcetest.Fetch(t, s, query(today-kpi.Date(Definition().History), today)); err != nil {
		t.Errorf("the history of the definition: %v", err)
	}
	if _, _, err := sourcetest.Fetch(t, s, query(today-91, today)); sources.KindOf(err) != sources.Invalid {
		t.Errorf("older days: %v", err)
	}
}

func TestWaitsAreThoseThatPinterestNames(t *testing.T) {
	for wait, want := range map[time.Duration]time.Duration{20 * time.Second: 20 * time.Second, 3 * time.Hour: 3 * time.Hour} {
		sim := platformServer()
		s, waits := opened(t, sim)
		sim.Faults().Set(simulator.Fault{Kind: simulator.Throttle, Platform: world.Pinterest, Path: "/analytics", Wait: wait})
		_, _, err := sourcetest.Fetch(t, s, query(today))
		var e *sources.Error
		if !errors.As(err, &e) || e.Kind != sources.QuotaKind || e.RetryAfter != want || (len(*waits) > 0) != (wait < time.Minute) {
			t.Errorf("%s: %v after %v", wait, err, *waits)
		}
	}
}

func TestTroubleOfPinterestsOwnIsNoBadRequest(t *testing.T) {
	sim := platformServer()
	s, waits := opened(t, sim)
	sim.Faults().Set(simulator.Fault{Kind: simulator.TooMuch, Platform: world.Pinterest, Path: "/analytics", Times: 1})
	if _, _, err := sourcetest.Fetch(t, s, query(today)); err != nil || len(*waits) != 1 {
		t.Errorf("%v after %v", err, *waits)
	}
	sim.Faults().Set(simulator.Fault{Kind: simulator.Denied, Platform: world.Pinterest})
	if _, _, err := sourcetest.Fetch(t, s, query(today)); sources.KindOf(err) != sources.Permission {
		t.Errorf("got %v", err)
	}
}

func TestAccountsAreNarrowedByTheOption(t *testing.T) {
	s, _ := opened(t, platformServer(), func(o *Options) { o.Accounts = []string{"549755885172"} })
	if accounts, err := s.Accounts(t.Context()); err != nil || len(accounts) != 1 || accounts[0].Currency != "JPY" {
		t.Errorf("got %v, %v", accounts, err)
	}
	s, _ = opened(t, platformServer(), func(o *Options) { o.Accounts = []string{"1"} })
	if _, err := s.Accounts(t.Context()); sources.KindOf(err) != sources.Permission {
		t.Errorf("an account out of reach: %v", err)
	}
}

func TestWrongOptionsAreNamed(t *testing.T) {
	sourcetest.RefuseOptions(t, Definition(), simulated, map[string]func(*Options){
		"client_id":         func(o *Options) { o.ClientID = "" },
		"client_secret":     func(o *Options) { o.ClientSecret = sources.Secret{} },
		"refresh_token":     func(o *Options) { o.RefreshToken = sources.Secret{} },
		"result":            func(o *Options) { o.Result = "purchase" },
		"clicks":            func(o *Options) { o.Clicks = "all" },
		"click_window_days": func(o *Options) { o.ClickWindow = 28 },
		"view_window_days":  func(o *Options) { o.ViewWindow = -1 },
		"accounts":          func(o *Options) { o.Accounts = []string{"acme"} },
		"base_url":          func(o *Options) { o.BaseURL = "x" },
		"token_url":         func(o *Options) { o.TokenURL = "x" },
	})
}
