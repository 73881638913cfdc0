package stripe

import (
	"errors"
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
	"adtop/sources/httpkit"
	"adtop/sources/simulator"
	"adtop/sources/simulator/world"
	"adtop/sources/sourcetest"
)

func simulated(place string) any {
	o := Definition().Options().(*Options)
	o.Key, o.BaseURL = sources.NewSecret(simulator.StripeKey), place
	return o
}

// expected lists the payments of days as they stand at an instant, as events.
func expected(w *world.World, account sources.Account, days kpi.DateRange, asOf time.Time) []sources.Event {
	var events []sources.Event
	for _, o := range w.Orders(days.From.Start(account.Zone), days.To.End(account.Zone), asOf) {
		if o.Test {
			continue
		}
		withheld, status := simulator.StripeDispute(o, asOf)
		if status == "won" {
			withheld = 0
		}
		gone := min(simulator.StripeRefunded(o)+withheld, o.Total)
		e := sources.Event{ID: "ch_" + strconv.FormatInt(o.ID, 10), Kind: "order", Time: o.Created, Status: sources.Approved, Value: o.Total - gone, Currency: account.Currency, Refunded: gone}
		if o.Journey {
			e.Key = sources.Key{Source: o.Last.Source, Medium: o.Last.Medium, Campaign: o.Last.Campaign}
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
		Path:       "/v1/charges",
		Secrets:    []string{simulator.StripeKey, simulator.StripeCustomer, "Jenny Rosen"},
		Parks:      true, // where what stands before Stripe says so
		Events:     expected,
	})
}

var shop = sync.OnceValue(func() *world.World { return world.ConformanceFor(world.Stripe) })

// bench is a source on a simulated account whose clock the test moves.
type bench struct {
	sources.Source
	sim *simulator.Simulator
	now time.Time
}

func newBench(t *testing.T, change ...func(*Options)) *bench {
	t.Helper()
	b := &bench{now: world.ConformanceAutumn}
	b.sim = simulator.New(shop(), func() time.Time { return b.now })
	server := httptest.NewServer(b.sim)
	t.Cleanup(server.Close)
	o := simulated(server.URL + "/stripe").(*Options)
	for _, f := range change {
		f(o)
	}
	var err error
	if b.Source, err = Definition().Open(o, sources.Env{Name: "stripe", Now: func() time.Time { return b.now }}); err != nil {
		t.Fatal(err)
	}
	return b
}

var account = sources.Account{ID: "acct_1Conformance", Name: "Conformance", Currency: "JPY", Zone: sourcetest.Zone("America/New_York")}

// lately is the month before the bench's clock.
func (b *bench) lately() kpi.DateRange {
	today := kpi.DateOf(b.now, account.Zone)
	return kpi.DateRange{From: today - 20, To: today}
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

func (b *bench) truth(days kpi.DateRange) map[string]sources.Event {
	events := map[string]sources.Event{}
	for _, e := range expected(shop(), account, days, b.now) {
		events[e.ID] = e
	}
	return events
}

// TestLaterPollsBringRefundsAndDisputes follows an account, poll by poll, and
// compares what has accumulated with the truth. Disputes that end are found by the
// daily look at old ones.
func TestLaterPollsBringRefundsAndDisputes(t *testing.T) {
	b := newBench(t)
	days := b.lately()
	known, receipt := b.poll(t, days, nil)
	first, handed, polls := len(known), 0, 14
	if testing.Short() {
		polls = 4
	}
	for range polls {
		b.now = b.now.Add(12*time.Hour + 7*time.Minute)
		days.To = kpi.DateOf(b.now, account.Zone)
		news, next := b.poll(t, kpi.DateRange{From: days.To - 1, To: days.To}, receipt.State)
		receipt, handed = next, handed+len(news)
		for id, e := range news {
			known[id] = e
		}
		if httpkit.Recall[httpkit.Memory](receipt.State).Swept != b.now.Unix() {
			continue // a dispute may have ended since
		}
		if diff := cmp.Diff(b.truth(days), known); diff != "" {
			t.Fatalf("at %v: %.3000s", b.now, diff)
		}
	}
	kinds := map[string]int{}
	for _, o := range shop().Orders(days.From.Start(account.Zone), b.now, b.now) {
		_, status := simulator.StripeDispute(o, b.now)
		kinds[status]++
		if simulator.StripeRefunded(o) > 0 {
			kinds["refunded"]++
		}
	}
	if kinds["won"] == 0 || kinds["lost"] == 0 || kinds["needs_response"] == 0 || kinds["refunded"] == 0 || handed == 0 || first == 0 {
		t.Errorf("%v of %d payments: without all of these the comparison proves little", kinds, len(known))
	}
}

// TestPollBetweenSweepsAsksForWhatIsNew keeps the usual poll at three questions.
func TestPollBetweenSweepsAsksForWhatIsNew(t *testing.T) {
	b := newBench(t)
	_, receipt := b.poll(t, b.lately(), nil)
	before := len(b.sim.Requests("stripe"))
	b.now = b.now.Add(5 * time.Minute)
	b.poll(t, b.lately(), receipt.State)
	var paths []string
	for _, r := range b.sim.Requests("stripe")[before:] {
		if !strings.Contains(r.Query, "charge=ch_") { // the disputes of one payment
			paths = append(paths, r.Path)
		}
		if r.Method != http.MethodGet || r.Header.Get("Stripe-Version") != simulator.StripeVersion || r.Header.Get("Idempotency-Key") != "" {
			t.Errorf("%s %s with version %q: reads are repeated freely and need no key", r.Method, r.Path, r.Header.Get("Stripe-Version"))
		}
	}
	if got := strings.Join(paths, " "); got != "/v1/charges /v1/refunds /v1/disputes" {
		t.Errorf("asked %s", got)
	}
}

func TestMetadataOfTheCheckoutGivesTheSameOrigins(t *testing.T) {
	b := newBench(t, func(o *Options) { o.UTM = "checkout" })
	days := b.lately()
	days.From += 12
	known, receipt := b.poll(t, days, nil)
	if diff := cmp.Diff(b.truth(days), known); diff != "" {
		t.Fatalf("%.3000s", diff)
	}
	b.now = b.now.Add(25 * time.Hour)
	days.To = kpi.DateOf(b.now, account.Zone)
	news, _ := b.poll(t, kpi.DateRange{From: days.To, To: days.To}, receipt.State)
	for id, e := range news {
		known[id] = e
	}
	if diff := cmp.Diff(b.truth(days), known); diff != "" {
		t.Fatalf("%.3000s", diff)
	}
}

func TestEarlierDaysAreAddedToWhatIsKnown(t *testing.T) {
	b := newBench(t)
	all := b.lately()
	late, early := all, all
	late.From, early.To = all.From+15, all.From+14
	known, receipt := b.poll(t, late, nil)
	news, _ := b.poll(t, early, receipt.State)
	for id, e := range news {
		known[id] = e
	}
	if diff := cmp.Diff(b.truth(all), known); diff != "" {
		t.Errorf("%.3000s", diff)
	}
}

func TestLoadOfPastDaysDoesNotSkipWhatCameAfter(t *testing.T) {
	b := newBench(t)
	all := b.lately()
	known, receipt := b.poll(t, kpi.DateRange{From: all.From, To: all.From + 10}, nil)
	news, _ := b.poll(t, kpi.DateRange{From: all.To - 1, To: all.To}, receipt.State)
	for id, e := range news {
		known[id] = e
	}
	if diff := cmp.Diff(b.truth(all), known); diff != "" {
		t.Errorf("%.3000s", diff)
	}
}

func TestChangedOptionsReadAllKnownPaymentsAgain(t *testing.T) {
	b := newBench(t)
	known, receipt := b.poll(t, b.lately(), nil)
	b.Source.(*source).options.Revenue = kpi.Ordered
	today := b.lately().To
	news, _ := b.poll(t, kpi.DateRange{From: today, To: today}, receipt.State)
	if len(news) != len(known) || len(known) == 0 {
		t.Errorf("%d payments read again, want %d", len(news), len(known))
	}
}

func TestThrottleWithoutAWaitIsWaitedOutLonger(t *testing.T) {
	sim := simulator.New(shop(), func() time.Time { return world.ConformanceAutumn })
	s, waits := sourcetest.Serve[Options](t, sim, Definition(), simulated, world.ConformanceAutumn)
	sim.Faults().Set(simulator.Fault{Kind: simulator.Throttle, Platform: world.Stripe, Times: 2})
	if _, err := s.Accounts(t.Context()); err != nil || len(*waits) != 2 || (*waits)[0] >= (*waits)[1] {
		t.Errorf("%v after %v", err, *waits)
	}
}

func TestKeyThatLacksARightIsToldWhich(t *testing.T) {
	sim := simulator.New(shop(), func() time.Time { return world.ConformanceAutumn })
	s, _ := sourcetest.Serve[Options](t, sim, Definition(), simulated, world.ConformanceAutumn)
	sim.Faults().Set(simulator.Fault{Kind: simulator.Denied, Platform: world.Stripe})
	_, err := s.Accounts(t.Context())
	var e *sources.Error
	if !errors.As(err, &e) || e.Kind != sources.Permission || !strings.Contains(e.Error(), "rak_charge_read") || e.Next == "" {
		t.Errorf("got %v", err)
	}
}

func TestConnectedAccountIsNamedInTheHeader(t *testing.T) {
	b := newBench(t, func(o *Options) { o.Account = "acct_1Conformance" })
	if _, err := b.Accounts(t.Context()); err != nil || b.sim.Requests("stripe")[0].Header.Get("Stripe-Account") != "acct_1Conformance" {
		t.Errorf("%v, %v", err, b.sim.Requests("stripe")[0].Header)
	}
}

func TestWrongOptionsAreNamed(t *testing.T) {
	sourcetest.RefuseOptions(t, Definition(), simulated, map[string]func(*Options){
		"key":      func(o *Options) { o.Key = sources.Secret{} },
		"account":  func(o *Options) { o.Account = "acme" },
		"revenue":  func(o *Options) { o.Revenue = kpi.NetOfTax },
		"utm":      func(o *Options) { o.UTM = "session" },
		"metadata": func(o *Options) { o.Metadata = Metadata{Medium: "utm_medium"} },
		"version":  func(o *Options) { o.Version = "latest" },
		"base_url": func(o *Options) { o.BaseURL = "x" },
	})
}
