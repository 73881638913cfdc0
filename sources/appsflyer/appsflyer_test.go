package appsflyer

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/simulator"
	"adtop/sources/simulator/world"
	"adtop/sources/sourcetest"
)

var noon = world.ConformanceAutumn

func simulated(place string) any {
	o := Definition().Options().(*Options)
	o.Token, o.BaseURL = sources.NewSecret(simulator.AppsFlyerToken), place
	return o
}

func TestConformance(t *testing.T) {
	sourcetest.Run(t, sourcetest.Adapter{
		Definition: Definition(),
		Options:    simulated,
		Grains:     []sources.Grain{sources.Day},
		Path:       "/agg-data/",
		Secrets:    []string{simulator.AppsFlyerToken},
	})
}

// opened is a source on a simulator, or on a handler in its place.
func opened(t *testing.T, handler http.Handler, change ...func(*Options)) (sources.Source, *[]time.Duration) {
	t.Helper()
	return sourcetest.Serve(t, handler, Definition(), simulated, noon, change...)
}

func platformServer() *simulator.Simulator {
	return simulator.New(world.ConformanceFor(world.AppsFlyer), func() time.Time { return noon })
}

func query(days ...kpi.Date) sources.Query {
	return sourcetest.Query(sources.Account{ID: "com.acme.shop", Zone: sourcetest.Zone("Europe/Berlin"), Currency: "EUR"}, sources.Day, days...)
}

var today = kpi.NewDate(2026, 11, 4)

// asked lists the questions for figures.
func asked(t *testing.T, sim *simulator.Simulator) (questions []url.Values) {
	t.Helper()
	for _, r := range sim.Requests(world.AppsFlyer) {
		if strings.Contains(r.Path, "/agg-data/") {
			q, err := url.ParseQuery(r.Query)
			if err != nil {
				t.Fatal(err)
			}
			questions = append(questions, q)
		}
	}
	return questions
}

func TestTodayAndYesterdayTakeNothingOfTheDaysQuota(t *testing.T) {
	sim := platformServer()
	s, waits := opened(t, sim)
	for range 30 {
		if _, receipt, err := sourcetest.Fetch(t, s, query(today-1, today)); err != nil || receipt.Quota != (sources.Quota{}) {
			t.Fatalf("%+v, %v", receipt.Quota, err)
		}
	}
	if q := asked(t, sim); len(q) != 30 || q[0].Get("from") != "2026-11-03" || q[0].Get("to") != "2026-11-04" || q[0].Get("timezone") != "Europe/Berlin" || len(*waits) != 0 {
		t.Errorf("%d questions, first %v, waited %v", len(q), q[0], *waits)
	}
	_, receipt, err := sourcetest.Fetch(t, s, query(today-30, today))
	if q := asked(t, sim)[30:]; err != nil || len(q) != 2 || q[1].Get("from") != "2026-10-05" || q[1].Get("to") != "2026-11-02" || receipt.Quota.Used != 1.0/longOfApp {
		t.Errorf("all days that may change: %v, %+v, %v", q, receipt.Quota, err)
	}
}

// figures are the rows by what identifies them.
func figures(rows []sources.Row) map[string]kpi.Metrics {
	found := map[string]kpi.Metrics{}
	for _, r := range rows {
		found[r.Entity.ID+" "+r.Slot.Date.String()] = r.Metrics
	}
	return found
}

func TestSpentDayIsReadTwoDaysAtATimeAMinuteApart(t *testing.T) {
	sim := platformServer()
	s, waits := opened(t, sim)
	want, _, err := sourcetest.Fetch(t, s, query(today-8, today))
	if err != nil {
		t.Fatal(err)
	}
	s.(*source).quota.spend("com.acme.shop")
	before := len(asked(t, sim))
	got, receipt, err := sourcetest.Fetch(t, s, query(today-8, today))
	if diff := cmp.Diff(figures(want), figures(got)); err != nil || diff != "" || receipt.Quota.Used != 1 {
		t.Errorf("%+v, %v, rows differ:\n%s", receipt.Quota, err, diff)
	}
	var days []string
	for _, q := range asked(t, sim)[before:] {
		days = append(days, q.Get("from")[5:]+" "+q.Get("to")[5:])
	}
	if want := []string{"11-03 11-04", "10-27 10-28", "10-29 10-30", "10-31 11-01", "11-02 11-02"}; !slices.Equal(days, want) {
		t.Errorf("asked about %q, want %q", days, want)
	}
	if !slices.Equal(*waits, slices.Repeat([]time.Duration{time.Minute}, 4)) {
		t.Errorf("waited %v, want a minute between two questions", *waits)
	}
}

func TestDayThatOthersHaveSpentIsNotAskedOfAgain(t *testing.T) {
	sim := platformServer()
	s, waits := opened(t, sim)
	want, _, err := sourcetest.Fetch(t, s, query(today-5, today))
	if err != nil {
		t.Fatal(err)
	}
	sim.Faults().Set(simulator.Fault{Kind: simulator.TooMuch, Platform: world.AppsFlyer, Path: "/agg-data/", After: 1, Times: 1})
	for _, questions := range []int{4, 3} { // two, the refused one and two pairs; then none to be refused
		before := len(asked(t, sim))
		rows, _, err := sourcetest.Fetch(t, s, query(today-5, today))
		if n := len(asked(t, sim)) - before; err != nil || len(rows) != len(want) || n != questions {
			t.Errorf("%d rows in place of %d after %d questions, want %d; %v", len(rows), len(want), n, questions, err)
		}
	}
	if len(*waits) != 4 {
		t.Errorf("waited %v", *waits)
	}
}

func TestDaysQuotaBeginsAnewAtMidnightUTC(t *testing.T) {
	var q quota
	for range longOfApp {
		if !q.take("a", noon, false) {
			t.Fatal("an app's day ends early")
		}
	}
	if q.take("a", noon.Add(11*time.Hour), false) || !q.take("b", noon, false) || !q.take("a", noon.Add(12*time.Hour), false) {
		t.Error("an app has its day's questions, and no others")
	}
}

func TestHistoryLeavesTheDaysThatMayChangeTheirQuestions(t *testing.T) {
	var q quota
	app := func(i int) string { return string(rune('a' + i%10)) }
	for i := range longOfAll {
		if past := i < longOfPast; !q.take(app(i), noon, past) {
			t.Fatalf("the account's day ends after %d", i)
		}
		if i+1 >= longOfPast && q.take(app(i), noon, true) {
			t.Fatalf("history takes more after %d", i)
		}
	}
	if q.take("z", noon, false) {
		t.Error("the account has more questions than its day")
	}
}

func TestMinutesLimitIsWaitedOut(t *testing.T) {
	sim := platformServer()
	s, waits := opened(t, sim)
	sim.Faults().Set(simulator.Fault{Kind: simulator.Throttle, Platform: world.AppsFlyer, Path: "/agg-data/", Times: 1})
	if rows, _, err := sourcetest.Fetch(t, s, query(today)); err != nil || len(rows) == 0 || !slices.Equal(*waits, []time.Duration{time.Minute}) {
		t.Errorf("%d rows, %v after %v", len(rows), err, *waits)
	}
}

func TestUnknownCostIsNeitherZeroNorSilent(t *testing.T) {
	s, _ := opened(t, platformServer())
	rows, receipt, err := sourcetest.Fetch(t, s, query(today-1, today))
	if err != nil {
		t.Fatal(err)
	}
	free := 0
	for _, r := range rows {
		if without := strings.Contains(r.Entity.Name, "_free") || r.Entity.Name == "Organic"; without == r.Metrics.Knows(kpi.Cost) {
			t.Errorf("got %+v", r)
		} else if without {
			free++
		}
	}
	if free == 0 || len(receipt.Warnings) != 1 || receipt.Warnings[0] != "AppsFlyer knows no cost of googleadwords_int_free: connect it there, or name another source of spend" {
		t.Errorf("%d rows without cost, warnings %q", free, receipt.Warnings)
	}
}

func TestResultsAreThoseOfTheOption(t *testing.T) {
	s, _ := opened(t, platformServer())
	installed, _, err := sourcetest.Fetch(t, s, query(today-1))
	if err != nil {
		t.Fatal(err)
	}
	s, _ = opened(t, platformServer(), func(o *Options) { o.Result = "af_purchase" })
	bought, _, err := sourcetest.Fetch(t, s, query(today-1))
	var counted [2]kpi.Micros
	for i, rows := range [][]sources.Row{installed, bought} {
		for _, r := range rows {
			counted[i] += r.Metrics.Conversions
		}
	}
	if err != nil || counted[1] <= 0 || counted[1] >= counted[0] || bought[0].Entity.Action != "af_purchase" || installed[0].Entity.Action != "installs" {
		t.Errorf("%s installs and %s purchases, as %+v and %+v, %v", counted[0].Decimal(0), counted[1].Decimal(0), installed[0].Entity, bought[0].Entity, err)
	}
	s, _ = opened(t, platformServer(), func(o *Options) { o.Result = "af_wish" })
	wished, receipt, err := sourcetest.Fetch(t, s, query(today-1))
	if err != nil || wished[0].Metrics.Has&(kpi.Conversions|kpi.Revenue) != 0 || len(receipt.Warnings) == 0 || !strings.Contains(receipt.Warnings[0], "af_wish (Event counter)") {
		t.Errorf("an event that there is not: %+v, %q, %v", wished[0], receipt.Warnings, err)
	}
}

func TestRetargetingIsAReportOfItsOwn(t *testing.T) {
	sim := platformServer()
	s, _ := opened(t, sim, func(o *Options) { o.Retargeting = true })
	if rows, _, err := sourcetest.Fetch(t, s, query(today)); err != nil || len(rows) != 0 || asked(t, sim)[0].Get("reattr") != "true" {
		t.Errorf("%d rows, %v, asked %v", len(rows), err, asked(t, sim)[0])
	}
}

func TestTokenOfAnyOlderGenerationIsExplained(t *testing.T) {
	s, _ := opened(t, platformServer(), func(o *Options) { o.Token = sources.NewSecret("eyJrevoked.in.March.of.2026") })
	_, err := s.Accounts(t.Context())
	var e *sources.Error
	if !errors.As(err, &e) || e.Kind != sources.Auth || !strings.Contains(e.Next, "10 March 2026") {
		t.Errorf("one of V2 that was revoked: %v", err)
	}
	o := simulated("http://127.0.0.1:1").(*Options)
	o.Token = sources.NewSecret("11112222-3333-4444-5555-666677778888")
	if _, err := Definition().Open(o, sources.Env{}); err == nil || !strings.HasPrefix(err.Error(), "token is one of V1") || strings.Contains(err.Error(), "1111") {
		t.Errorf("one of V1: %v", err)
	}
}

func TestFaultsHaveTheirKind(t *testing.T) {
	sim := platformServer()
	s, _ := opened(t, sim)
	sim.Faults().Set(simulator.Fault{Kind: simulator.Denied, Platform: world.AppsFlyer, Path: "/agg-data/", Times: 1})
	if _, _, err := sourcetest.Fetch(t, s, query(today)); sources.KindOf(err) != sources.Permission || !strings.Contains(err.Error(), "Not authorized app-ids") {
		t.Errorf("got %v", err)
	}
	q := query(today)
	q.Account.ID = "com.acme.elsewhere" // or of another account: a page without words
	_, _, err := sourcetest.Fetch(t, s, q)
	var e *sources.Error
	if !errors.As(err, &e) || e.Kind != sources.Invalid || !strings.Contains(e.Error(), "404 Not Found") || e.Next != checkApps {
		t.Errorf("an app that is not the token's: %v", err)
	}
}

func TestAppsAreNarrowedByTheOption(t *testing.T) {
	s, _ := opened(t, platformServer(), func(o *Options) { o.Apps = []string{"com.acme.us"} }) // it is on the second page
	if accounts, err := s.Accounts(t.Context()); err != nil || len(accounts) != 1 || accounts[0].Currency != "USD" {
		t.Errorf("got %v, %v", accounts, err)
	}
	s, _ = opened(t, platformServer(), func(o *Options) { o.Apps = []string{"com.acme.elsewhere"} })
	if _, err := s.Accounts(t.Context()); sources.KindOf(err) != sources.Permission {
		t.Errorf("an app out of reach: %v", err)
	}
}

func TestWrongOptionsAreNamed(t *testing.T) {
	sourcetest.RefuseOptions(t, Definition(), simulated, map[string]func(*Options){
		"token":    func(o *Options) { o.Token = sources.Secret{} },
		"result":   func(o *Options) { o.Result = "" },
		"result ":  func(o *Options) { o.Result = "af\x1b" },
		"apps":     func(o *Options) { o.Apps = []string{"../shop"} },
		"base_url": func(o *Options) { o.BaseURL = "x" },
	})
}
