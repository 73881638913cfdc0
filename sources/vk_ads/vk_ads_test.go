package vkads

import (
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
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

// simulated makes options with a token file of their own. Groups and pieces are
// small, so that there are several.
func simulated(t testing.TB) func(place string) any {
	return func(place string) any {
		o := Definition().Options().(*Options)
		o.ClientID, o.ClientSecret = simulator.VKClientID, sources.NewSecret(simulator.VKClientSecret)
		o.TokenFile = filepath.Join(t.TempDir(), "vk.token")
		o.Value, o.IDsAtOnce, o.DaysAtOnce = "romi", 4, 10
		o.BaseURL, o.TokenURL = place, place+"/oauth/token"
		return o
	}
}

func TestConformance(t *testing.T) {
	sourcetest.Run(t, sourcetest.Adapter{
		Definition: Definition(),
		Options:    simulated(t),
		Grains:     []sources.Grain{sources.Day},
		Path:       "/statistics/",
		Secrets:    []string{simulator.VKClientSecret, "5imulatedVKaccess", "5imulatedVKrefresh"},
		Refreshes:  true,
		Parks:      true, // until its day ends
	})
}

// opened is a source on a simulator, or on a handler in its place.
func opened(t *testing.T, handler http.Handler, change ...func(*Options)) (sources.Source, *[]time.Duration) {
	t.Helper()
	return sourcetest.Serve(t, handler, Definition(), simulated(t), noon, change...)
}

func platformServer() *simulator.Simulator {
	return simulator.New(world.ConformanceFor(world.VK), func() time.Time { return noon })
}

func query(days ...kpi.Date) sources.Query {
	return sourcetest.Query(sources.Account{ID: "15646746", Zone: sourcetest.Zone(zone), Currency: "RUB"}, sources.Day, days...)
}

var today = kpi.NewDate(2026, 11, 4)

func TestTokenOutlivesTheProgram(t *testing.T) {
	sim, path := platformServer(), filepath.Join(t.TempDir(), "vk.token")
	for range 7 { // two more than tokens may be alive
		s, _ := opened(t, sim, func(o *Options) { o.TokenFile = path })
		if _, err := s.Accounts(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	tokens := 0
	for _, r := range sim.Requests(world.VK) {
		if r.Path == "/oauth/token" {
			tokens++
		}
	}
	if tokens != 1 {
		t.Errorf("%d tokens for seven starts, want one", tokens)
	}
}

func TestSpentTokensAreToldAndNoneIsDeleted(t *testing.T) {
	sim := platformServer()
	for n := range 6 {
		s, _ := opened(t, sim)
		_, err := s.Accounts(t.Context())
		var e *sources.Error
		if n < 5 && err != nil || n == 5 && (!errors.As(err, &e) || e.Kind != sources.Auth || !strings.Contains(e.Next, "five tokens")) {
			t.Errorf("start %d: %v", n, err)
		}
	}
	for _, r := range sim.Requests(world.VK) {
		if strings.Contains(r.Path, "delete") || r.Method == http.MethodDelete {
			t.Errorf("asked %s", r.Path)
		}
	}
}

func TestExpiredTokenIsRenewedInItsPlace(t *testing.T) {
	sim := platformServer()
	s, _ := opened(t, sim)
	for range 7 {
		sim.Faults().Set(simulator.Fault{Kind: simulator.ExpiredToken, Platform: world.VK, Path: "/user.json", Times: 1})
		if _, err := s.Accounts(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	grants := map[bool]int{}
	for _, r := range sim.Requests(world.VK) {
		if r.Path == "/oauth/token" {
			grants[strings.Contains(r.Body, "grant_type=client_credentials")]++
		}
	}
	if grants[true] != 1 || grants[false] != 7 {
		t.Errorf("%d new tokens and %d renewed ones, want one and seven", grants[true], grants[false])
	}
}

func TestAgencysClientIsNamedInTheGrant(t *testing.T) {
	sim := platformServer()
	for says, change := range map[string]func(*Options){
		"agency_client_id=7": func(o *Options) { o.AgencyClientID = "7" }, "agency_client_name=acme%40vk": func(o *Options) { o.AgencyClientName = "acme@vk" },
	} {
		s, _ := opened(t, sim, change)
		if _, err := s.Accounts(t.Context()); err != nil {
			t.Fatal(err)
		}
		found := false
		for _, r := range sim.Requests(world.VK) {
			found = found || strings.Contains(r.Body, says) && strings.Contains(r.Body, "grant_type=agency_client_credentials")
		}
		if !found {
			t.Errorf("no token was asked for with %s", says)
		}
	}
}

func TestManyCampaignsAreAskedForInGroups(t *testing.T) {
	var groups []int
	s, _ := opened(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case strings.HasSuffix(r.URL.Path, "/ad_plans.json"):
			var list []string
			for i := range 250 {
				list = append(list, fmt.Sprintf(`{"id":%d,"name":"n","status":"active"}`, 1000+i))
			}
			fmt.Fprintf(w, `{"count":250,"items":[%s]}`, strings.Join(list, ","))
		case strings.HasSuffix(r.URL.Path, "/day.json"):
			groups = append(groups, len(strings.Split(r.URL.Query().Get("id"), ",")))
			fmt.Fprint(w, `{"items":[]}`)
		default:
			fmt.Fprint(w, `{"access_token":"a","token_type":"bearer"}`)
		}
	}), func(o *Options) { o.IDsAtOnce = 100 })
	if _, _, err := sourcetest.Fetch(t, s, query(today)); err != nil || fmt.Sprint(groups) != "[100 100 50]" {
		t.Errorf("groups %v, %v", groups, err)
	}
}

func TestWaitsFollowFromWhatIsLeft(t *testing.T) {
	for name, c := range map[string]struct {
		wait time.Duration
		want time.Duration
	}{
		"a burst":  {time.Second, 0},
		"the hour": {30 * time.Second, 40 * time.Minute},          // it is twenty past
		"the day":  {2 * time.Hour, 8*time.Hour + 40*time.Minute}, // it is 15:20 in Moscow
	} {
		sim := platformServer()
		s, waits := opened(t, sim)
		sim.Faults().Set(simulator.Fault{Kind: simulator.Throttle, Platform: world.VK, Path: "/statistics/", Wait: c.wait})
		_, _, err := sourcetest.Fetch(t, s, query(today))
		var e *sources.Error
		if !errors.As(err, &e) || e.Kind != sources.QuotaKind || e.RetryAfter != c.want || (len(*waits) > 0) != (c.want == 0) {
			t.Errorf("%s: %v after %v, want %s", name, err, *waits, c.want)
		}
	}
}

func TestQuotaIsThatOfTheNarrowestLimit(t *testing.T) {
	s, _ := opened(t, platformServer())
	_, receipt, err := sourcetest.Fetch(t, s, query(today))
	if err != nil || receipt.Quota != (sources.Quota{Used: 0.25, Scope: "hourly calls of the account"}) {
		t.Errorf("%+v, %v", receipt.Quota, err)
	}
}

func TestPollsOfADayAreOneCallEach(t *testing.T) {
	sim := platformServer()
	s, _ := opened(t, sim, func(o *Options) { o.IDsAtOnce = 100 })
	if _, _, err := sourcetest.Fetch(t, s, query(today)); err != nil { // lists the campaigns
		t.Fatal(err)
	}
	before := len(sim.Requests(world.VK))
	if _, _, err := sourcetest.Fetch(t, s, query(today-1, today)); err != nil {
		t.Fatal(err)
	}
	if got := len(sim.Requests(world.VK)) - before; got != Definition().Calls {
		t.Errorf("a poll of today and yesterday took %d calls, the definition says %d", got, Definition().Calls)
	}
}

func TestFaultsHaveTheirKind(t *testing.T) {
	for kind, want := range map[simulator.FaultKind]sources.Kind{simulator.Denied: sources.Permission, simulator.TooMuch: sources.Invalid} {
		sim := platformServer()
		s, _ := opened(t, sim)
		sim.Faults().Set(simulator.Fault{Kind: kind, Platform: world.VK, Path: "/statistics/"})
		if _, _, err := sourcetest.Fetch(t, s, query(today)); sources.KindOf(err) != want {
			t.Errorf("%s: %v, want %v", kind, err, want)
		}
	}
}

func TestWrongOptionsAreNamed(t *testing.T) {
	sourcetest.RefuseOptions(t, Definition(), simulated(t), map[string]func(*Options){
		"client_id":          func(o *Options) { o.ClientID = "" },
		"client_secret":      func(o *Options) { o.ClientSecret = sources.Secret{} },
		"token_file":         func(o *Options) { o.TokenFile = "" },
		"agency_client_id":   func(o *Options) { o.AgencyClientID = "acme" },
		"agency_client_name": func(o *Options) { o.AgencyClientID, o.AgencyClientName = "7", "acme" },
		"currency":           func(o *Options) { o.Currency = "rubles" },
		"value":              func(o *Options) { o.Value = "goals" },
		"statuses":           func(o *Options) { o.Statuses = []string{"active,deleted"} },
		"ids_at_once":        func(o *Options) { o.IDsAtOnce = 201 },
		"days_at_once":       func(o *Options) { o.DaysAtOnce = 0 },
		"base_url":           func(o *Options) { o.BaseURL = "x" },
		"token_url":          func(o *Options) { o.TokenURL = "x" },
	})
}

func timeOf(unix int64) time.Time { return time.Unix(unix, 0) }
