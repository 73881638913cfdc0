package tiktokads

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/simulator"
	"adtop/sources/simulator/world"
	"adtop/sources/sourcetest"
)

func simulated(place string) any {
	o := Definition().Options().(*Options)
	o.Token, o.AppID, o.AppSecret = sources.NewSecret(simulator.TikTokToken), simulator.TikTokAppID, sources.NewSecret(simulator.TikTokSecret)
	o.BaseURL = place
	return o
}

func TestConformance(t *testing.T) {
	sourcetest.Run(t, sourcetest.Adapter{
		Definition: Definition(),
		Options:    simulated,
		Grains:     []sources.Grain{sources.Day, sources.Hour},
		Path:       "/report/",
		Secrets:    []string{simulator.TikTokToken, simulator.TikTokSecret},
	})
}

// opened is a source on the simulator, or on a handler in its place.
func opened(t *testing.T, handler http.Handler, change ...func(*Options)) sources.Source {
	t.Helper()
	s, _ := sourcetest.Serve(t, handler, Definition(), simulated, world.ConformanceAutumn, change...)
	return s
}

func platformServer() *simulator.Simulator {
	return simulator.New(world.ConformanceFor(world.TikTok), func() time.Time { return world.ConformanceAutumn })
}

func query(zone string, grain sources.Grain, days ...kpi.Date) sources.Query {
	return sourcetest.Query(sources.Account{ID: "7000000000000000001", Name: "Shop", Zone: sourcetest.Zone(zone), Currency: "EUR"}, grain, days...)
}

func TestHoursAreAskedForDayByDayAndDaysByTheMonth(t *testing.T) {
	sim := platformServer()
	s := opened(t, sim)
	for grain, want := range map[sources.Grain]int{sources.Hour: 31, sources.Day: 2} {
		before := len(sim.Requests(world.TikTok))
		if _, _, err := sourcetest.Fetch(t, s, query("Europe/Berlin", grain, kpi.NewDate(2026, 4, 1), kpi.NewDate(2026, 5, 1))); err != nil {
			t.Fatal(err)
		}
		spans := map[string]bool{}
		for _, r := range sim.Requests(world.TikTok)[before:] {
			q := strings.Split(r.Query, "&page=")[0]
			spans[q] = true
		}
		starts := map[string]bool{}
		for span := range spans {
			_, after, _ := strings.Cut(span, "end_date=")
			starts[after[:10]] = true
		}
		if len(starts) != want {
			t.Errorf("by %s: %d spans, want %d", grain, len(starts), want)
		}
	}
}

func TestRepeatedHourIsBookedOnTheFirstAndTheUserTold(t *testing.T) {
	_, receipt, err := sourcetest.Fetch(t, opened(t, platformServer()), query("Europe/Berlin", sources.Hour, kpi.NewDate(2026, 10, 25)))
	if err != nil || len(receipt.Warnings) != 1 || !strings.Contains(receipt.Warnings[0], "25 hours") {
		t.Errorf("%+v, %v", receipt, err)
	}
}

func TestThrottledAppStaysAwayForAMinute(t *testing.T) {
	sim := platformServer()
	sim.Faults().Set(simulator.Fault{Kind: simulator.Throttle, Platform: world.TikTok})
	server := httptest.NewServer(sim)
	defer server.Close()
	s, waits := sourcetest.Open(t, Definition(), simulated(server.URL+"/tiktok_ads"), world.ConformanceAutumn)
	_, _, err := sourcetest.Fetch(t, s, query("Europe/Berlin", sources.Day, kpi.NewDate(2026, 11, 1)))
	var refusal *sources.Error
	if !errors.As(err, &refusal) || refusal.Kind != sources.QuotaKind || refusal.RetryAfter != time.Minute || len(*waits) != 3 || (*waits)[0] != time.Minute {
		t.Errorf("got %v after %v, want a minute between four tries", err, *waits)
	}
}

func TestAccountsAreNarrowedByTheOptionAndNeedNoAppSecret(t *testing.T) {
	named := func(ids ...string) func(*Options) {
		return func(o *Options) { o.Accounts, o.AppID, o.AppSecret = ids, "", sources.Secret{} }
	}
	accounts, err := opened(t, platformServer(), named("7000000000000000002")).Accounts(t.Context())
	if err != nil || len(accounts) != 1 || accounts[0].Zone.String() != "America/New_York" {
		t.Errorf("got %v, %v", accounts, err)
	}
	_, err = opened(t, platformServer(), named("7000000000000000002", "70000000000")).Accounts(t.Context())
	if sources.KindOf(err) != sources.Permission || !strings.Contains(err.Error(), "70000000000") {
		t.Errorf("an account out of reach: %v", err)
	}
}

func TestSignOfAZoneWithoutACityIsPosixs(t *testing.T) {
	account, err := advertiser{ID: []byte(`872746382648`), Currency: "USD", Timezone: "Etc/GMT+8"}.account()
	if err != nil {
		t.Fatal(err)
	}
	if got := kpi.NewDate(2026, 1, 1).Start(account.Zone).UTC(); got.Hour() != 8 || account.ID != "872746382648" || account.Name != account.ID {
		t.Errorf("the day of %+v begins at %s, want 08:00 UTC", account, got)
	}
}

func TestWrongOptionsAreNamed(t *testing.T) {
	sourcetest.RefuseOptions(t, Definition(), simulated, map[string]func(*Options){
		"token":    func(o *Options) { o.Token = sources.Secret{} },
		"accounts": func(o *Options) { o.AppID = "" },
		"version":  func(o *Options) { o.Version = "1.3" },
		"result":   func(o *Options) { o.Result = "Purchases!" },
		"value":    func(o *Options) { o.Value = "a b" },
		"base_url": func(o *Options) { o.BaseURL = "business-api.tiktok.com" },
	})
	o := simulated("http://127.0.0.1:1").(*Options)
	o.Accounts = []string{"act_1"}
	if _, err := Definition().Open(o, sources.Env{}); err == nil || !strings.HasPrefix(err.Error(), "accounts") {
		t.Errorf("accounts: %v", err)
	}
}
