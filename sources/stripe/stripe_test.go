package stripe

import (
	"errors"
	"net/http"
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

var account = sources.Account{ID: "acct_1Conformance", Name: "Conformance", Currency: "JPY", Zone: sourcetest.Zone("America/New_York")}

// bench is a source on a simulated account.
type bench struct{ *sourcetest.Stage }

func newBench(t *testing.T, change ...func(*Options)) *bench {
	t.Helper()
	b := &bench{sourcetest.NewStage(t, shop(), Definition(), simulated, change...)}
	b.Account = account
	return b
}

func (b *bench) compare(t *testing.T, days kpi.DateRange) {
	t.Helper()
	b.Compare(t, expected(shop(), account, days, b.Now))
}

// TestLaterPollsBringRefundsAndDisputes follows an account, poll by poll, and
// compares what has accumulated with the truth. Disputes that end are found by the
// daily look at old ones.
func TestLaterPollsBringRefundsAndDisputes(t *testing.T) {
	b := newBench(t)
	days := b.Lately(20)
	b.Poll(t, days)
	first, handed, polls := len(b.Have), 0, 14
	if testing.Short() {
		polls = 4
	}
	for range polls {
		b.Now = b.Now.Add(12*time.Hour + 7*time.Minute)
		days.To = kpi.DateOf(b.Now, account.Zone)
		news, _ := b.Poll(t, kpi.DateRange{From: days.To - 1, To: days.To})
		handed += len(news)
		if httpkit.Recall[httpkit.Memory](b.State).Swept != b.Now.Unix() {
			continue // a dispute may have ended since
		}
		b.compare(t, days)
	}
	kinds := map[string]int{}
	for _, o := range shop().Orders(days.From.Start(account.Zone), b.Now, b.Now) {
		_, status := simulator.StripeDispute(o, b.Now)
		kinds[status]++
		if simulator.StripeRefunded(o) > 0 {
			kinds["refunded"]++
		}
	}
	if kinds["won"] == 0 || kinds["lost"] == 0 || kinds["needs_response"] == 0 || kinds["refunded"] == 0 || handed == 0 || first == 0 {
		t.Errorf("%v of %d payments: without all of these the comparison proves little", kinds, len(b.Have))
	}
}

// TestPollBetweenSweepsAsksForWhatIsNew keeps the usual poll at three questions.
func TestPollBetweenSweepsAsksForWhatIsNew(t *testing.T) {
	b := newBench(t)
	b.Poll(t, b.Lately(20))
	before := len(b.Simulator.Requests("stripe"))
	b.Now = b.Now.Add(5 * time.Minute)
	b.Poll(t, b.Lately(20))
	var paths []string
	for _, r := range b.Simulator.Requests("stripe")[before:] {
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
	days := b.Lately(20)
	days.From += 12
	b.Poll(t, days)
	b.compare(t, days)
	b.Now = b.Now.Add(25 * time.Hour)
	days.To = kpi.DateOf(b.Now, account.Zone)
	b.Poll(t, kpi.DateRange{From: days.To, To: days.To})
	b.compare(t, days)
}

func TestEarlierDaysAreAddedToWhatIsKnown(t *testing.T) {
	b := newBench(t)
	all := b.Lately(20)
	late, early := all, all
	late.From, early.To = all.From+15, all.From+14
	b.Poll(t, late)
	b.Poll(t, early)
	b.compare(t, all)
}

func TestLoadOfPastDaysDoesNotSkipWhatCameAfter(t *testing.T) {
	b := newBench(t)
	all := b.Lately(20)
	b.Poll(t, kpi.DateRange{From: all.From, To: all.From + 10})
	b.Poll(t, kpi.DateRange{From: all.To - 1, To: all.To})
	b.compare(t, all)
}

func TestChangedOptionsReadAllKnownPaymentsAgain(t *testing.T) {
	b := newBench(t)
	known, _ := b.Poll(t, b.Lately(20))
	b.Source.(*source).options.Revenue = kpi.Ordered
	today := b.Lately(20).To
	news, _ := b.Poll(t, kpi.DateRange{From: today, To: today})
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
	if _, err := b.Accounts(t.Context()); err != nil || b.Simulator.Requests("stripe")[0].Header.Get("Stripe-Account") != "acct_1Conformance" {
		t.Errorf("%v, %v", err, b.Simulator.Requests("stripe")[0].Header)
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
