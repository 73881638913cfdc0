package shopify

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/simulator"
	"adtop/sources/simulator/world"
	"adtop/sources/sourcetest"
)

// bench is a source on a simulated shop whose clock the test moves.
type bench struct {
	sources.Source
	world  *world.World
	sim    *simulator.Simulator
	now    time.Time
	paused time.Duration
}

// conformance is one world for all tests: it remembers what it has worked out.
var conformance = sync.OnceValue(world.Conformance)

func newBench(t *testing.T, change ...func(*Options)) *bench {
	t.Helper()
	b := &bench{world: conformance(), now: world.ConformanceAutumn}
	b.sim = simulator.New(b.world, func() time.Time { return b.now })
	b.sim.PageSize = 20
	server := httptest.NewServer(b.sim)
	t.Cleanup(server.Close)
	b.Source = b.open(t, server.URL+"/shopify", change...)
	return b
}

// answering opens a source on a handler.
func answering(t *testing.T, handler http.HandlerFunc, change ...func(*Options)) *bench {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	b := &bench{now: world.ConformanceAutumn}
	b.Source = b.open(t, server.URL, change...)
	return b
}

func (b *bench) open(t *testing.T, base string, change ...func(*Options)) sources.Source {
	t.Helper()
	o := Definition().Options().(*Options)
	o.Shop, o.Token, o.BaseURL = "conformance", sources.NewSecret(simulator.ShopifyToken), base
	for _, f := range change {
		f(o)
	}
	source, err := Definition().Open(o, sources.Env{
		Name: "shop", Now: func() time.Time { return b.now }, Log: slog.New(slog.DiscardHandler),
		Sleep: func(ctx context.Context, d time.Duration) error { b.paused += d; return ctx.Err() },
	})
	if err != nil {
		t.Fatal(err)
	}
	return source
}

var account = func() sources.Account {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		panic(err)
	}
	return sources.Account{ID: "conformance.myshopify.com", Name: "Conformance", Currency: "EUR", Zone: zone}
}()

// lately is the fortnight before the bench's clock.
func (b *bench) lately() kpi.DateRange {
	today := kpi.DateOf(b.now, account.Zone)
	return kpi.DateRange{From: today - 13, To: today}
}

// poll fetches with a state and returns the events by id.
func (b *bench) poll(t *testing.T, days kpi.DateRange, state []byte) (map[string]sources.Event, sources.Receipt) {
	t.Helper()
	events := map[string]sources.Event{}
	receipt, err := b.Fetch(t.Context(), sources.Query{Account: account, Days: days, State: state}, func(r sources.Record) error {
		e := r.(sources.Event)
		if _, twice := events[e.ID]; twice {
			t.Errorf("%s was handed over twice", e.ID)
		}
		events[e.ID] = e
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return events, receipt
}

// expected lists the orders of days as they stand at an instant, as events.
func expected(w *world.World, account sources.Account, days kpi.DateRange, asOf time.Time) []sources.Event {
	var events []sources.Event
	for _, o := range w.Orders(days.From.Start(account.Zone), days.To.End(account.Zone), asOf) {
		e := sources.Event{
			ID: "gid://shopify/Order/" + strconv.FormatInt(o.ID, 10), Kind: "order", Time: o.Created, Status: sources.Approved,
			Value: o.Total - o.Refunded(), Currency: account.Currency, Refunded: o.Refunded(), Tax: o.Tax, Shipping: o.Shipping,
		}
		switch {
		case o.Test:
			e.Status, e.Value = sources.Test, 0
		case !o.Cancelled.IsZero():
			e.Status, e.Value = sources.Rejected, 0
		}
		if o.Ready {
			e.New = o.Repeat == 0
			e.Key = sources.Key{Source: o.Last.Source, Medium: o.Last.Medium, Campaign: o.Last.Campaign, Customer: sources.ReturningCustomer}
			if e.New {
				e.Key.Customer = sources.NewCustomer
			}
		}
		events = append(events, e)
	}
	return events
}

// truth is what the world knows of the orders of days by now, by id.
func (b *bench) truth(days kpi.DateRange) map[string]sources.Event {
	events := map[string]sources.Event{}
	for _, e := range expected(b.world, account, days, b.now) {
		events[e.ID] = e
	}
	return events
}

func TestConformance(t *testing.T) {
	sourcetest.Run(t, sourcetest.Adapter{
		Definition: Definition(),
		Options: func(place string) any {
			o := Definition().Options().(*Options)
			o.Shop, o.Token, o.BaseURL = "conformance", sources.NewSecret(simulator.ShopifyToken), place
			return o
		},
		Grains:  []sources.Grain{sources.Hour}, // an event has its instant, whatever grain is asked for
		Path:    "/graphql.json",
		Secrets: []string{simulator.ShopifyToken},
		Events:  expected,
	})
}

func TestReceiptSaysHowFarOrdersAreKnownAndWhatTheyCost(t *testing.T) {
	b := newBench(t)
	events, receipt := b.poll(t, b.lately(), nil)
	if want := b.now.Add(-time.Minute); !receipt.CompleteThrough.Equal(want) || receipt.Quota.Used <= 0 {
		t.Errorf("receipt %+v, want completeness through %v and a quota in use", receipt, want)
	}
	kinds, refunds := map[sources.EventStatus]int{}, 0
	for _, e := range events {
		kinds[e.Status]++
		if e.Refunded > 0 {
			refunds++
		}
	}
	if kinds[sources.Rejected] == 0 || refunds == 0 {
		t.Errorf("%v, %d refunds: without cancelled and refunded orders the comparisons with the truth prove little", kinds, refunds)
	}
}

// TestLaterPollsBringEveryChange follows a shop for days, poll by poll, and
// compares what has accumulated with the truth: refunds, cancellations and
// visits that become known without a change of updatedAt.
func TestLaterPollsBringEveryChange(t *testing.T) {
	b := newBench(t)
	days := b.lately()
	known, receipt := b.poll(t, days, nil)
	handed, polls := 0, 40
	if testing.Short() {
		polls = 8
	}
	for range polls {
		b.now = b.now.Add(97 * time.Minute)
		today := kpi.DateOf(b.now, account.Zone)
		days.To = today
		news, next := b.poll(t, kpi.DateRange{From: today - 1, To: today}, receipt.State)
		receipt = next
		handed += len(news)
		for id, e := range news {
			known[id] = e
		}
		if diff := cmp.Diff(b.truth(days), known); diff != "" {
			t.Fatalf("at %v: %s", b.now, diff)
		}
	}
	if all := len(known); handed > 4*all {
		t.Errorf("%d events handed over for %d orders: polls should bring changes only", handed, all)
	}
}

// TestPollLooksBackFromTheNewestChange allows for orders that come into the
// list later than one with a newer change.
func TestPollLooksBackFromTheNewestChange(t *testing.T) {
	b := newBench(t)
	events, receipt := b.poll(t, b.lately(), nil)
	newest := time.Time{}
	for _, o := range b.world.Orders(b.lately().From.Start(account.Zone), b.now, b.now) {
		if o.Updated.After(newest) {
			newest = o.Updated
		}
	}
	if len(events) == 0 || newest.IsZero() {
		t.Fatal("the world has no orders")
	}
	before := len(b.sim.Requests("shopify"))
	b.poll(t, b.lately(), receipt.State)
	asked := b.sim.Requests("shopify")[before].Body
	if want := "updated_at:\\u003e='" + newest.Add(-10*time.Minute).Format("2006-01-02T15:04:05+00:00"); !strings.Contains(asked, want) {
		t.Errorf("asked %s, want %s", asked, want)
	}
}

func TestEarlierDaysAreAddedToWhatIsKnown(t *testing.T) {
	b := newBench(t)
	all := b.lately()
	late, early := all, all
	late.From = all.From + 7
	early.To = late.From - 1
	known, receipt := b.poll(t, late, nil)
	news, _ := b.poll(t, early, receipt.State)
	for id, e := range news {
		known[id] = e
	}
	if diff := cmp.Diff(b.truth(all), known); diff != "" {
		t.Error(diff)
	}
}

// TestLoadOfPastDaysDoesNotSkipWhatCameAfter starts with last week and goes on
// from its State.
func TestLoadOfPastDaysDoesNotSkipWhatCameAfter(t *testing.T) {
	b := newBench(t)
	all := b.lately()
	past := kpi.DateRange{From: all.From, To: all.From + 6}
	known, receipt := b.poll(t, past, nil)
	if diff := cmp.Diff(b.truth(past), known); diff != "" {
		t.Fatal(diff)
	}
	news, _ := b.poll(t, kpi.DateRange{From: all.To - 1, To: all.To}, receipt.State)
	for id, e := range news {
		known[id] = e
	}
	if diff := cmp.Diff(b.truth(all), known); diff != "" {
		t.Error(diff)
	}
}

func TestChangedRevenueOptionReadsAllKnownOrdersAgain(t *testing.T) {
	b := newBench(t)
	known, receipt := b.poll(t, b.lately(), nil)
	today := kpi.DateRange{From: b.lately().To, To: b.lately().To}
	b.Source.(*source).options.Revenue = kpi.Ordered
	news, _ := b.poll(t, today, receipt.State)
	if len(news) != len(known) {
		t.Errorf("%d orders read again, want %d", len(news), len(known))
	}
}

func TestRefusalsOfTheShopHaveTheirKind(t *testing.T) {
	for _, c := range []struct {
		fault simulator.Fault
		kind  sources.Kind
		least time.Duration // to wait
	}{
		{simulator.Fault{Kind: simulator.Throttle, Wait: 2 * time.Minute}, sources.QuotaKind, 100 * time.Second},
		{simulator.Fault{Kind: simulator.Denied}, sources.Permission, 0},
		{simulator.Fault{Kind: simulator.TooMuch}, sources.Invalid, 0},
	} {
		b := newBench(t)
		c.fault.Platform, c.fault.After = "shopify", 1
		b.sim.Faults().Set(c.fault)
		receipt, err := b.Fetch(t.Context(), sources.Query{Account: account, Days: b.lately()}, func(sources.Record) error { return nil })
		var refusal *sources.Error
		if !errors.As(err, &refusal) || refusal.Kind != c.kind || refusal.RetryAfter < c.least || refusal.RetryAfter > c.fault.Wait || receipt.State != nil {
			t.Errorf("%s: receipt %+v, error %v", c.fault.Kind, receipt, err)
		}
	}
}

func TestQueryThatCostsTooMuchIsMadeSmaller(t *testing.T) {
	b := newBench(t)
	b.sim.Faults().Set(simulator.Fault{Kind: simulator.TooMuch, Platform: "shopify", Times: 2})
	got, _ := b.poll(t, b.lately(), nil)
	if len(got) != len(b.truth(b.lately())) {
		t.Errorf("%d orders, want %d", len(got), len(b.truth(b.lately())))
	}
	if r := b.sim.Requests("shopify"); !strings.Contains(r[2].Body, `"first":12`) {
		t.Errorf("third request is %s, want one for a quarter of the orders", r[2].Body)
	}
}

func TestNobodyIsAskedAbout(t *testing.T) {
	for _, field := range []string{"customer {", "customer{", "email", "phone", "Address", "clientIp", "name", "note"} {
		if strings.Contains(ordersQuery, field) {
			t.Errorf("the query asks for %s", field)
		}
	}
}

func TestWrongOptionsAreNamed(t *testing.T) {
	for says, change := range map[string]func(*Options){
		"token":    func(o *Options) { o.Token = sources.Secret{} },
		"shop":     func(o *Options) { o.Shop = "evil.example/" },
		"version":  func(o *Options) { o.Version = "2026-11" },
		"revenue":  func(o *Options) { o.Revenue = kpi.Reported },
		"visit":    func(o *Options) { o.Visit = "any" },
		"base_url": func(o *Options) { o.BaseURL = "acme" },
	} {
		o := Definition().Options().(*Options)
		o.Shop, o.Token = "Acme.myshopify.com", sources.NewSecret("x")
		if _, err := Definition().Open(o, sources.Env{}); err != nil {
			t.Fatal(err)
		}
		change(o)
		if _, err := Definition().Open(o, sources.Env{}); err == nil || !strings.HasPrefix(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
}
