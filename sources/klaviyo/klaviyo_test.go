package klaviyo

import (
	"errors"
	"fmt"
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

var noon = world.ConformanceAutumn

func simulated(place string) any {
	o := Definition().Options().(*Options)
	o.Key, o.BaseURL = sources.NewSecret(simulator.KlaviyoKey), place
	return o
}

func TestConformance(t *testing.T) {
	sourcetest.Run(t, sourcetest.Adapter{
		Definition: Definition(),
		Options:    simulated,
		Grains:     []sources.Grain{sources.Day, sources.Hour},
		Path:       "/metric-aggregates",
		Secrets:    []string{simulator.KlaviyoKey},
		Parks:      true,
	})
}

// opened is a source on a simulator, or on a handler in its place.
func opened(t *testing.T, handler http.Handler, change ...func(*Options)) (sources.Source, *[]time.Duration) {
	t.Helper()
	return sourcetest.Serve(t, handler, Definition(), simulated, noon, change...)
}

func platformServer() *simulator.Simulator {
	return simulator.New(world.ConformanceFor(world.Klaviyo), func() time.Time { return noon })
}

func query(grain sources.Grain, days ...kpi.Date) sources.Query {
	return sourcetest.Query(sources.Account{ID: "AbC123", Zone: sourcetest.Zone("Europe/Berlin"), Currency: "EUR"}, grain, days...)
}

var today = kpi.NewDate(2026, 11, 4)

func TestReportsOfTwoHundredADayAreNeverAskedFor(t *testing.T) {
	sim := platformServer()
	s, _ := opened(t, sim)
	for range 2 {
		if _, receipt, err := sourcetest.Fetch(t, s, query(sources.Hour, today-7, today)); err != nil || receipt.Quota.Used != 0.25 {
			t.Fatalf("%+v, %v", receipt, err)
		}
	}
	asked := map[string]int{}
	for _, r := range sim.Requests(world.Klaviyo) {
		asked[r.Path]++
		if r.Header.Get("Revision") != "2026-07-15" {
			t.Errorf("%s without a revision", r.Path)
		}
	}
	if len(asked) != 3 || asked["/metrics"] != 3 || asked["/campaigns"] != 3 || asked["/metric-aggregates"] == 0 {
		t.Errorf("asked %v: lists are asked for once an hour, and no report is", asked)
	}
}

func TestMessagesOfACampaignAreAddedUpAndItsNameKnown(t *testing.T) {
	s, _ := opened(t, platformServer())
	rows, _, err := sourcetest.Fetch(t, s, query(sources.Day, today-3, today-1))
	if err != nil || len(rows) == 0 {
		t.Fatal(err)
	}
	for _, r := range rows {
		if r.Metrics.Has != Definition().Gives || strings.HasSuffix(r.Entity.ID, "A") || strings.HasPrefix(r.Entity.Name, "message") || r.Entity.Status != "sent" || r.Entity.Action != "Placed Order" {
			t.Errorf("got %+v", r)
		}
	}
}

func TestLimitThatIsUsedUpIsWaitedFor(t *testing.T) {
	sim := platformServer()
	s, waits := opened(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := httptest.NewRecorder()
		sim.ServeHTTP(answer, r)
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		if strings.HasSuffix(r.URL.Path, "/metric-aggregates") {
			w.Header().Set("RateLimit-Remaining", "0")
			w.Header().Set("RateLimit-Reset", "7")
		}
		_, _ = w.Write(answer.Body.Bytes())
	}))
	if _, receipt, err := sourcetest.Fetch(t, s, query(sources.Day, today)); err != nil || len(*waits) < 3 || (*waits)[0] != 7*time.Second || receipt.Quota.Used != 1 {
		t.Errorf("%v after %v", err, *waits)
	}
}

func TestMetricThatIsNotThereOrTwiceIsNamed(t *testing.T) {
	s, _ := opened(t, platformServer(), func(o *Options) { o.Conversion = "Bought" })
	_, _, err := sourcetest.Fetch(t, s, query(sources.Day, today))
	var e *sources.Error
	if !errors.As(err, &e) || e.Kind != sources.Invalid || !strings.Contains(e.Error(), "Bought") || e.Next == "" {
		t.Errorf("got %v", err)
	}
	s, _ = opened(t, platformServer(), func(o *Options) { o.Integration = "Shopify" })
	if _, _, err := sourcetest.Fetch(t, s, query(sources.Day, today)); err != nil {
		t.Error(err)
	}
	s, _ = opened(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"data":[{"id":"a","attributes":{"name":"Received Email","integration":{"name":"Klaviyo"}}},{"id":"b","attributes":{"name":"Clicked Email","integration":{"name":"Klaviyo"}}},
			{"id":"c","attributes":{"name":"Placed Order","integration":{"name":"Shopify"}}},{"id":"d","attributes":{"name":"Placed Order","integration":{"name":"WooCommerce"}}}],"links":{"next":null}}`)
	}))
	if _, _, err := sourcetest.Fetch(t, s, query(sources.Day, today)); sources.KindOf(err) != sources.Invalid || !strings.Contains(err.Error(), "2 metrics") {
		t.Errorf("got %v", err)
	}
}

func TestLinksToTheNextPageAreNotFollowed(t *testing.T) {
	for link, want := range map[string]string{
		"https://a.klaviyo.com/api/metrics?page%5Bcursor%5D=bmV4dA": "bmV4dA", "https://evil.example/?page_cursor=x": "x", "WzE2NDA5OTUyMDBd": "WzE2NDA5OTUyMDBd",
	} {
		if got, err := cursor(link); err != nil || got != want {
			t.Errorf("%s: %q, %v", link, got, err)
		}
	}
	if _, err := cursor("https://a.klaviyo.com/api/metrics"); sources.KindOf(err) != sources.Malformed {
		t.Errorf("a link without cursor: %v", err)
	}
}

func TestWrongOptionsAreNamed(t *testing.T) {
	sourcetest.RefuseOptions(t, Definition(), simulated, map[string]func(*Options){
		"key":        func(o *Options) { o.Key = sources.Secret{} },
		"conversion": func(o *Options) { o.Conversion = "" },
		"dates":      func(o *Options) { o.Dates = "local" },
		"revision":   func(o *Options) { o.Revision = "v1" },
		"base_url":   func(o *Options) { o.BaseURL = "x" },
	})
}
