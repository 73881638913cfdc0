package linkedinads

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
	o.ClientID, o.ClientSecret, o.RefreshToken = simulator.LinkedInClientID, sources.NewSecret(simulator.LinkedInClientSecret), sources.NewSecret(simulator.LinkedInRefreshToken)
	o.BaseURL, o.TokenURL = place, place+"/oauth/token"
	return o
}

func TestConformance(t *testing.T) {
	sourcetest.Run(t, sourcetest.Adapter{
		Definition: Definition(),
		Options:    simulated,
		Grains:     []sources.Grain{sources.Day},
		Path:       "/adAnalytics",
		Secrets:    []string{simulator.LinkedInClientSecret, simulator.LinkedInRefreshToken, "AQVsimulatedLinkedInAccess"},
		Refreshes:  true,
	})
}

// opened is a source on a simulator, or on a handler in its place.
func opened(t *testing.T, handler http.Handler, change ...func(*Options)) sources.Source {
	t.Helper()
	s, _ := sourcetest.Serve(t, handler, Definition(), simulated, noon, change...)
	return s
}

func platformServer() *simulator.Simulator {
	return simulator.New(world.ConformanceFor(world.LinkedIn), func() time.Time { return noon })
}

// withToken signs in by an access token alone.
func withToken(o *Options) {
	o.Token, o.RefreshToken = sources.NewSecret("AQVsimulatedLinkedInAccess-0"), sources.Secret{}
}

func query(days ...kpi.Date) sources.Query {
	return sourcetest.Query(sources.Account{ID: "508720451", Zone: time.UTC, Currency: "EUR"}, sources.Day, days...)
}

var today = kpi.NewDate(2026, 11, 4)

func TestQueryKeepsItsBracketsAndEncodesIds(t *testing.T) {
	got := statement("508720451", kpi.DateRange{From: kpi.NewDate(2026, 11, 1), To: kpi.NewDate(2026, 11, 21)}, results["lead"])
	want := "q=analytics&pivot=CAMPAIGN&timeGranularity=DAILY&dateRange=(start:(year:2026,month:11,day:1),end:(year:2026,month:11,day:21))" +
		"&accounts=List(urn%3Ali%3AsponsoredAccount%3A508720451)&fields=dateRange,pivotValues,impressions,clicks,costInLocalCurrency,oneClickLeads"
	if got != want {
		t.Errorf("got\n%s, want\n%s", got, want)
	}
	sim := platformServer()
	if _, _, err := sourcetest.Fetch(t, opened(t, sim, withToken), query(today)); err != nil {
		t.Fatal(err)
	}
	requests := sim.Requests(world.LinkedIn)
	if last := requests[len(requests)-1].Query; !strings.Contains(last, "=(start:(year:2026,month:11,day:4),") || !strings.Contains(last, "List(urn%3Ali%3A") {
		t.Errorf("sent %s", last)
	}
}

// cutting answers a day with n rows, and never with more than LinkedIn does.
func cutting(asked *[]string, n int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/adAnalytics") {
			fmt.Fprint(w, `{"elements":[],"metadata":{}}`)
			return
		}
		var y, m, d, y2, m2, d2 int
		_, span, _ := strings.Cut(r.URL.RawQuery, "dateRange=")
		_, _ = fmt.Sscanf(span, "(start:(year:%d,month:%d,day:%d),end:(year:%d,month:%d,day:%d))", &y, &m, &d, &y2, &m2, &d2)
		*asked = append(*asked, fmt.Sprintf("%d..%d", d, d2))
		var list []string
		for day := d; day <= d2; day++ {
			for i := 0; i < n && len(list) < mostRows; i++ {
				list = append(list, element(fmt.Sprint(i+1), kpi.NewDate(y, time.Month(m), day), `"impressions":1`))
			}
		}
		fmt.Fprintf(w, `{"elements":[%s]}`, strings.Join(list, ","))
	}
}

func TestAnswerThatMayBeCutOffIsAskedForInHalves(t *testing.T) {
	var asked []string
	s := opened(t, cutting(&asked, 6000), withToken)
	rows, _, err := sourcetest.Fetch(t, s, query(today-3, today))
	if got := strings.Join(asked, " "); err != nil || len(rows) != 24_000 || got != "1..4 1..2 3..4" {
		t.Errorf("%d rows, asked %s, %v", len(rows), got, err)
	}
	asked = nil
	s = opened(t, cutting(&asked, mostRows), withToken)
	if rows, _, err := sourcetest.Fetch(t, s, query(today-1, today)); sources.KindOf(err) != sources.Malformed || len(rows) != 0 {
		t.Errorf("a day that is too large: %d rows, %v: a part is not taken for all", len(rows), err)
	}
}

func TestEmptyAnswerOfAnAccountOutOfReachIsNoZero(t *testing.T) {
	sim := platformServer()
	s := opened(t, sim)
	sim.Faults().Set(simulator.Fault{Kind: simulator.Denied, Platform: world.LinkedIn, Path: "/adAnalytics"})
	sim.Faults().Set(simulator.Fault{Kind: simulator.Denied, Platform: world.LinkedIn, Path: "/adAccounts/508720451", After: 1})
	_, _, err := sourcetest.Fetch(t, s, query(today))
	var e *sources.Error
	if !errors.As(err, &e) || e.Kind != sources.Permission || e.Next == "" {
		t.Errorf("got %v, want it to say that the account may not be read", err)
	}
	sim.Faults().Clear()
	q := query(today)
	q.Account.ID = "508720453"
	if rows, receipt, err := sourcetest.Fetch(t, s, q); err != nil || len(rows) != 0 || receipt.CompleteThrough.IsZero() {
		t.Errorf("an account that is readable and idle: %d rows, %v", len(rows), err)
	}
}

func TestNamesAreAskedForOnceAnHour(t *testing.T) {
	sim := platformServer()
	s := opened(t, sim)
	names := func() (n int) {
		for _, r := range sim.Requests(world.LinkedIn) {
			if strings.HasSuffix(r.Path, "/adCampaigns") {
				n++
			}
		}
		return n
	}
	for range 2 {
		rows, _, err := sourcetest.Fetch(t, s, query(today))
		if err != nil || rows[0].Entity.Name != "Spring" || rows[0].Entity.Status != "enabled" {
			t.Fatalf("%+v, %v", rows, err)
		}
	}
	if names() != 1 {
		t.Errorf("asked %d times within an hour", names())
	}
	now := noon.Add(61 * time.Minute)
	s.(*source).env.Now = func() time.Time { return now }
	if _, _, err := sourcetest.Fetch(t, s, query(today)); err != nil || names() != 2 {
		t.Errorf("asked %d times after an hour, %v", names(), err)
	}
}

func TestTokenAloneIsEnoughUntilItEnds(t *testing.T) {
	sim := platformServer()
	s := opened(t, sim, withToken)
	if accounts, err := s.Accounts(t.Context()); err != nil || len(accounts) != 3 {
		t.Errorf("%v, %v", accounts, err)
	}
	sim.Faults().Set(simulator.Fault{Kind: simulator.ExpiredToken, Platform: world.LinkedIn, Times: 1})
	_, err := s.Accounts(t.Context())
	var e *sources.Error
	if !errors.As(err, &e) || e.Kind != sources.Auth || !strings.Contains(e.Next, "60 days") {
		t.Errorf("got %v", err)
	}
}

func TestVersionThatEndedSaysWhatToSet(t *testing.T) {
	s := opened(t, platformServer(), func(o *Options) { o.Version = "202501" })
	_, err := s.Accounts(t.Context())
	var e *sources.Error
	if !errors.As(err, &e) || e.Kind != sources.Invalid || !strings.Contains(e.Next, "version") {
		t.Errorf("got %v", err)
	}
}

func TestAccountsAreNarrowedByTheOption(t *testing.T) {
	s := opened(t, platformServer(), func(o *Options) { o.Accounts = []string{"508720452"} })
	if accounts, err := s.Accounts(t.Context()); err != nil || len(accounts) != 1 || accounts[0].Currency != "JPY" {
		t.Errorf("got %v, %v", accounts, err)
	}
	s = opened(t, platformServer(), func(o *Options) { o.Accounts = []string{"1"} })
	if _, err := s.Accounts(t.Context()); sources.KindOf(err) != sources.Permission {
		t.Errorf("an account out of reach: %v", err)
	}
}

func TestWrongOptionsAreNamed(t *testing.T) {
	sourcetest.RefuseOptions(t, Definition(), simulated, map[string]func(*Options){
		"token":         func(o *Options) { o.RefreshToken = sources.Secret{} },
		"refresh_token": func(o *Options) { o.ClientID = "" },
		"version":       func(o *Options) { o.Version = "2026-08" },
		"result":        func(o *Options) { o.Result = "sale" },
		"accounts":      func(o *Options) { o.Accounts = []string{"urn:li:1"} },
		"base_url":      func(o *Options) { o.BaseURL = "x" },
		"token_url":     func(o *Options) { o.TokenURL = "x" },
	})
}
