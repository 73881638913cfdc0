package woocommerce

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
	"adtop/sources/simulator"
	"adtop/sources/simulator/world"
	"adtop/sources/sourcetest"
)

func simulated(place string) any {
	o := Definition().Options().(*Options)
	o.Site, o.Key, o.Secret = place, sources.NewSecret(simulator.WooCommerceKey), sources.NewSecret(simulator.WooCommerceSecret)
	return o
}

// expected lists the orders of days as they stand at an instant, as events.
func expected(w *world.World, account sources.Account, days kpi.DateRange, asOf time.Time) []sources.Event {
	var events []sources.Event
	for _, o := range w.Orders(days.From.Start(account.Zone), days.To.End(account.Zone), asOf) {
		e := sources.Event{
			ID: strconv.FormatInt(o.ID, 10), Kind: "order", Time: o.Created, Status: sources.Approved, Value: o.Total - o.Refunded(),
			Currency: account.Currency, Refunded: o.Refunded(), Tax: o.Tax, Shipping: o.Shipping, ClickID: simulator.WooCommerceClick(o),
		}
		if o.Test || !o.Cancelled.IsZero() {
			e.Status, e.Value = sources.Rejected, 0
		}
		if o.Journey {
			e.Key = sources.Key{Source: o.Last.Source, Medium: o.Last.Medium, Campaign: o.Last.Campaign}
		}
		if e.ClickID != "" {
			e.Key.Click = "gclid"
		}
		events = append(events, e)
	}
	return events
}

func TestConformance(t *testing.T) {
	sourcetest.Run(t, sourcetest.Adapter{
		Definition: Definition(),
		Options:    simulated,
		Grains:     []sources.Grain{sources.Hour}, // an event has its instant, whatever grain is asked for
		Path:       "/wc/v3/orders",
		Secrets:    []string{simulator.WooCommerceKey, simulator.WooCommerceSecret, simulator.WooCommerceBuyer},
		Parks:      true,
		Events:     expected,
	})
}

// TestConformanceWithTheKeyInTheQuery runs the suite as servers that drop the
// header want it: the key is in every address, and must turn up nowhere.
func TestConformanceWithTheKeyInTheQuery(t *testing.T) {
	if testing.Short() {
		t.Skip("the suite runs once without it")
	}
	sourcetest.Run(t, sourcetest.Adapter{
		Definition: Definition(),
		Options: func(place string) any {
			o := simulated(place).(*Options)
			o.Auth = "query"
			return o
		},
		Grains:  []sources.Grain{sources.Hour},
		Path:    "/wc/v3/orders",
		Secrets: []string{simulator.WooCommerceKey, simulator.WooCommerceSecret, simulator.WooCommerceBuyer},
		Events:  expected,
	})
}

var shop = sync.OnceValue(func() *world.World { return world.ConformanceFor(world.WooCommerce) })

var account = sources.Account{ID: "conformance.example/shop", Name: "Conformance", Currency: "EUR", Zone: sourcetest.Zone("Europe/Berlin")}

// bench is a source on a simulated shop.
type bench struct{ *sourcetest.Stage }

func newBench(t *testing.T, change ...func(*Options)) *bench {
	t.Helper()
	b := &bench{sourcetest.NewStage(t, shop(), Definition(), simulated, change...)}
	b.Account = account
	b.Simulator.PageSize = 40
	return b
}

func (b *bench) compare(t *testing.T, days kpi.DateRange) {
	t.Helper()
	b.Compare(t, expected(shop(), account, days, b.Now))
}

func TestLaterPollsBringEveryChange(t *testing.T) {
	b := newBench(t)
	days := b.Lately(13)
	b.Poll(t, days)
	handed, polls := 0, 20
	if testing.Short() {
		polls = 5
	}
	for range polls {
		b.Now = b.Now.Add(97 * time.Minute)
		days.To = kpi.DateOf(b.Now, account.Zone)
		news, _ := b.Poll(t, kpi.DateRange{From: days.To - 1, To: days.To})
		handed += len(news)
		b.compare(t, days)
	}
	if handed == 0 || handed > 4*len(b.Have) {
		t.Errorf("%d events handed over for %d orders: polls should bring changes only", handed, len(b.Have))
	}
}

func TestPollOfAMinuteAsksForWhatWasModifiedAndForTheTrash(t *testing.T) {
	b := newBench(t)
	b.Poll(t, b.Lately(13))
	before := len(b.Simulator.Requests("woocommerce"))
	b.Now = b.Now.Add(time.Minute)
	b.Poll(t, b.Lately(13))
	asked := b.Simulator.Requests("woocommerce")[before:]
	if len(asked) != 2 || !strings.Contains(asked[0].Query, "modified_after=") || !strings.Contains(asked[0].Query, "status=any") || !strings.Contains(asked[1].Query, "status=trash") {
		t.Errorf("asked %+v", asked)
	}
	for _, field := range []string{"billing", "customer", "email", "ip_address", "note", "number"} {
		if strings.Contains(asked[0].Query, field) {
			t.Errorf("the list asks for %s", field)
		}
	}
}

// TestRefundThatModifiesNothingIsFoundWithinADay serves an older shop.
func TestRefundThatModifiesNothingIsFoundWithinADay(t *testing.T) {
	refunded := false
	now := time.Date(2026, 11, 4, 12, 0, 0, 0, time.UTC)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		refunds := ""
		if refunded {
			refunds = `{"id":9,"reason":"","total":"-10.00"}`
		}
		w.Header().Set("X-WP-TotalPages", "1")
		if since := r.URL.Query().Get("modified_after"); since > "2026-11-03T09:00:00" {
			_, _ = w.Write([]byte(`[]`))
			return
		}
		_, _ = w.Write([]byte(`[{"id":7,"status":"completed","currency":"EUR","date_created_gmt":"2026-11-03T08:00:00","date_modified_gmt":"2026-11-03T09:00:00","date_paid_gmt":null,"total":"30.00","refunds":[` + refunds + `]}]`))
	})
	b := &bench{&sourcetest.Stage{Account: account, Now: now, Have: map[string]sources.Event{}}}
	server := httptest.NewServer(handler)
	defer server.Close()
	var err error
	if b.Source, err = Definition().Open(simulated(server.URL), sources.Env{Name: "shop", Now: func() time.Time { return b.Now }}); err != nil {
		t.Fatal(err)
	}
	b.Poll(t, b.Lately(13))
	b.Now = now.Add(time.Hour) // the newest modification is so old that it is read again
	b.Poll(t, b.Lately(13))
	refunded = true
	b.Now = now.Add(25 * time.Hour)
	state := httpkit.Recall[httpkit.Memory](b.State)
	state.Seen = b.Now.Unix()
	b.State = httpkit.Keep(state)
	if events, _ := b.Poll(t, b.Lately(13)); events["7"].Value != 20_000_000 {
		t.Errorf("a day later: %+v", events)
	}
}

func TestAnalyticsTellWhoIsNew(t *testing.T) {
	b := newBench(t, func(o *Options) { o.Customers = true })
	days := b.Lately(13)
	b.Poll(t, days)
	b.Now = b.Now.Add(26 * time.Hour)
	days.To = kpi.DateOf(b.Now, account.Zone)
	news, _ := b.Poll(t, kpi.DateRange{From: days.To - 1, To: days.To})
	first := 0
	for _, o := range shop().Orders(days.From.Start(account.Zone), b.Now.Add(time.Second), b.Now) {
		e := b.Have[strconv.FormatInt(o.ID, 10)]
		if e.New != (o.Repeat == 0) || e.Key.Customer != map[bool]string{true: sources.NewCustomer, false: sources.ReturningCustomer}[e.New] {
			t.Fatalf("order %d is of a customer with %d before: %+v", o.ID, o.Repeat, e)
		}
		if e.New {
			first++
		}
	}
	if first == 0 || first == len(b.Have) || len(news) == 0 {
		t.Errorf("%d of %d are new", first, len(b.Have))
	}
	for _, r := range b.Simulator.Requests("woocommerce") {
		if strings.Contains(r.Path, "reports") && !strings.Contains(r.Query, "_fields=order_id%2Ccustomer_type") {
			t.Errorf("asked %s", r.Query)
		}
	}
}

func TestPlainPermalinksGiveTheSame(t *testing.T) {
	b := newBench(t, func(o *Options) { o.Permalinks = "plain" })
	accounts, err := b.Accounts(t.Context())
	if err != nil || len(accounts) != 1 || accounts[0].ID != account.ID {
		t.Fatalf("%+v, %v", accounts, err)
	}
	days := b.Lately(13)
	days.From = days.To - 1
	b.Poll(t, days)
	b.compare(t, days)
}

func TestEarlierDaysAreAddedToWhatIsKnown(t *testing.T) {
	b := newBench(t)
	all := b.Lately(13)
	late, early := all, all
	late.From, early.To = all.From+10, all.From+9
	b.Poll(t, late)
	b.Poll(t, early)
	b.compare(t, all)
}

func TestLoadOfPastDaysDoesNotSkipWhatCameAfter(t *testing.T) {
	b := newBench(t)
	all := b.Lately(13)
	b.Poll(t, kpi.DateRange{From: all.From, To: all.From + 6})
	b.Poll(t, kpi.DateRange{From: all.To - 1, To: all.To})
	b.compare(t, all)
}

func TestChangedOptionsReadAllKnownOrdersAgain(t *testing.T) {
	b := newBench(t)
	known, _ := b.Poll(t, b.Lately(13))
	b.Source.(*source).options.Revenue = kpi.Ordered
	today := b.Lately(13).To
	news, _ := b.Poll(t, kpi.DateRange{From: today, To: today})
	if len(news) != len(known) || len(known) == 0 {
		t.Errorf("%d orders read again, want %d", len(news), len(known))
	}
}

func TestCurrencyAndZoneMayBeGiven(t *testing.T) {
	b := newBench(t, func(o *Options) { o.Currency, o.Timezone = "EUR", "Asia/Kolkata" })
	accounts, err := b.Accounts(t.Context())
	if err != nil || accounts[0].Zone.String() != "Asia/Kolkata" || len(b.Simulator.Requests("woocommerce")) != 1 {
		t.Errorf("%+v, %v after %d questions", accounts, err, len(b.Simulator.Requests("woocommerce")))
	}
}

func TestWrongOptionsAreNamed(t *testing.T) {
	sourcetest.RefuseOptions(t, Definition(), simulated, map[string]func(*Options){
		"site is missing":          func(o *Options) { o.Site = "" },
		"site: expected a URL":     func(o *Options) { o.Site = "shop.example" },
		"site: expected https":     func(o *Options) { o.Site = "http://shop.example" },
		"consumer_key":             func(o *Options) { o.Key = sources.Secret{} },
		"consumer_secret":          func(o *Options) { o.Secret = sources.Secret{} },
		"auth":                     func(o *Options) { o.Auth = "oauth" },
		"permalinks":               func(o *Options) { o.Permalinks = "ugly" },
		"revenue":                  func(o *Options) { o.Revenue = kpi.Reported },
		"origins":                  func(o *Options) { o.Origins = "some" },
		"currency":                 func(o *Options) { o.Currency = "euro" },
		"timezone":                 func(o *Options) { o.Timezone = "Berlin" },
		"sales: expected at least": func(o *Options) { o.Sales = nil },
		`sales: "wc-completed"`:    func(o *Options) { o.Sales = []string{"wc-completed"} },
	})
}
