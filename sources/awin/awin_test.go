package awin

import (
	"errors"
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
	o.Token, o.BaseURL = sources.NewSecret(simulator.AwinToken), place
	o.Side, o.Currency, o.Timezone, o.PerCall = publisher, "EUR", "America/New_York", 2
	return o
}

// worth makes the event of an order as an advertiser or a publisher sees it.
func worth(o world.Order, asOf time.Time, side string) (sources.Event, string) {
	t := simulator.AwinOf(o, asOf)
	e := sources.Event{ID: strconv.FormatInt(o.ID, 10), Kind: "order", Time: o.Created, Currency: "EUR", Key: sources.Key{Source: "awin", Medium: "affiliate"}}
	e.Status = map[string]sources.EventStatus{"pending": sources.Pending, "approved": sources.Approved, "declined": sources.Rejected, "deleted": sources.Rejected}[t.Status]
	value, before := t.Commission, t.OldComm
	if side == advertiser {
		value, before = t.Sale, t.OldSale
	}
	if e.Status.Counts() {
		e.Value = value
		if side == advertiser {
			e.Cost = t.Commission
		}
		if !t.Amended.IsZero() {
			e.Refunded = before - value
		}
	}
	if side == publisher && o.Journey {
		e.Key.Campaign = o.Last.Campaign
	}
	if side == advertiser {
		e.Key.Campaign = "45628"
	}
	return e, t.Status
}

// known lists the transactions of days as they stand at an instant. Deleted ones are
// in no list of a first load.
func known(w *world.World, zone *time.Location, days kpi.DateRange, asOf time.Time, side string, deleted bool) []sources.Event {
	var events []sources.Event
	for _, o := range w.Orders(days.From.Start(zone), days.To.End(zone), asOf) {
		e, status := worth(o, asOf, side)
		if o.Test || o.ID%29 == 0 || status == "deleted" && !deleted { // in francs
			continue
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
		Path:       "/transactions/",
		Secrets:    []string{simulator.AwinToken, simulator.AwinCustomer},
		Events: func(w *world.World, account sources.Account, days kpi.DateRange, asOf time.Time) []sources.Event {
			return known(w, account.Zone, days, asOf, publisher, false)
		},
	})
}

var affiliates = sync.OnceValue(func() *world.World { return world.ConformanceFor(world.Awin) })

// bench is a source on a simulated network.
type bench struct {
	*sourcetest.Stage
	side string
}

func newBench(t *testing.T, change ...func(*Options)) *bench {
	t.Helper()
	longest := func(o *Options) { o.PerCall = 30 }
	b := &bench{sourcetest.NewStage(t, affiliates(), Definition(), simulated, append([]func(*Options){longest}, change...)...), publisher}
	b.Account = sources.Account{ID: "45628", Name: "a", Currency: "EUR", Zone: newYork}
	return b
}

var newYork = sourcetest.Zone("America/New_York")

// compare holds what has accumulated to the truth. What was deleted before it was
// ever read is in neither.
func (b *bench) compare(t *testing.T, days kpi.DateRange) {
	t.Helper()
	want := map[string]sources.Event{}
	for _, e := range known(affiliates(), newYork, days, b.Now, b.side, true) {
		if _, have := b.Have[e.ID]; have || e.Status != sources.Rejected {
			want[e.ID] = e
		}
	}
	if diff := cmp.Diff(want, b.Have); diff != "" {
		t.Fatalf("at %v: %.3000s", b.Now, diff)
	}
}

// TestLaterPollsFollowTransactionsThroughTheirStates accumulates polls for three
// weeks: what is pending is approved, declined or amended, and at last deleted ones
// are found by the weekly look.
func TestLaterPollsFollowTransactionsThroughTheirStates(t *testing.T) {
	b := newBench(t)
	days := b.Lately(20)
	b.Poll(t, days)
	moved := map[string]bool{}
	for range 22 {
		b.Now = b.Now.Add(24 * time.Hour)
		days.To = kpi.DateOf(b.Now, newYork)
		before := map[string]sources.EventStatus{}
		for id, e := range b.Have {
			before[id] = e.Status
		}
		b.Poll(t, kpi.DateRange{From: days.To - 1, To: days.To})
		for id, e := range b.Have {
			if was, ok := before[id]; ok && was != e.Status {
				moved[strconv.Itoa(int(was))+strconv.Itoa(int(e.Status))] = true
			}
			if e.Refunded > 0 {
				moved["amended"] = true
			}
		}
		if httpkit.Recall[memory](b.State).Swept == b.Now.Unix() { // deletions are found by this look only
			b.compare(t, days)
		}
	}
	for _, move := range []string{"21", "23", "amended"} {
		if !moved[move] {
			t.Errorf("no transaction went %s: without it the comparison proves little", move)
		}
	}
}

func TestPollBetweenChecksAsksForTheLastDaysOnly(t *testing.T) {
	b := newBench(t)
	b.Poll(t, b.Lately(10))
	before := len(b.Simulator.Requests("awin"))
	b.Now = b.Now.Add(time.Hour)
	b.Poll(t, b.Lately(1))
	asked := b.Simulator.Requests("awin")[before:]
	if len(asked) != 1 || !strings.Contains(asked[0].Query, "dateType=transaction") || !strings.Contains(asked[0].Query, "startDate=2026-11-02T12%3A20%3A00") {
		t.Errorf("asked %+v", asked)
	}
}

func TestEarlierDaysAreAddedToWhatIsKnown(t *testing.T) {
	b := newBench(t)
	all := b.Lately(20)
	b.Poll(t, kpi.DateRange{From: all.From + 15, To: all.To})
	b.Poll(t, kpi.DateRange{From: all.From, To: all.From + 14})
	b.compare(t, all)
}

func TestLoadOfPastDaysDoesNotSkipWhatCameAfter(t *testing.T) {
	b := newBench(t)
	all := b.Lately(9) // none of these is deleted yet
	b.Poll(t, kpi.DateRange{From: all.From, To: all.From + 3})
	b.Poll(t, kpi.DateRange{From: all.To - 1, To: all.To})
	b.compare(t, all)
}

func TestChangedOptionsReadAllKnownTransactionsAgain(t *testing.T) {
	b := newBench(t)
	first, _ := b.Poll(t, b.Lately(9))
	b.Source.(*source).options.Keys.Medium = "=partners"
	today := b.Lately(0)
	if again, _ := b.Poll(t, today); len(again) != len(first) || len(first) == 0 {
		t.Errorf("%d transactions read again, want %d", len(again), len(first))
	}
}

func TestAdvertiserOwesTheCommission(t *testing.T) {
	b := newBench(t, func(o *Options) { o.Side = advertiser })
	b.side, b.Account.ID = advertiser, simulator.AwinAdvertiser
	accounts, err := b.Accounts(t.Context())
	if err != nil || len(accounts) != 1 || accounts[0].ID != simulator.AwinAdvertiser {
		t.Fatalf("%+v, %v", accounts, err)
	}
	b.Poll(t, b.Lately(9))
	b.compare(t, b.Lately(9))
}

func TestTransactionsInOtherCurrenciesAreLeftOutAndSaidSo(t *testing.T) {
	b := newBench(t)
	if _, receipt := b.Poll(t, b.Lately(9)); len(receipt.Warnings) != 1 || !strings.Contains(receipt.Warnings[0], " in CHF") {
		t.Errorf("warned %q", receipt.Warnings)
	}
}

func TestAccountThatIsNotReachedIsNamed(t *testing.T) {
	b := newBench(t, func(o *Options) { o.Accounts = []string{"45628", "99"} })
	var e *sources.Error
	if _, err := b.Accounts(t.Context()); !errors.As(err, &e) || e.Kind != sources.Permission || !strings.Contains(e.Error(), "99") || e.Next == "" {
		t.Errorf("got %v", err)
	}
}

func TestThrottleIsWaitedOutForAMinute(t *testing.T) {
	sim := simulator.New(affiliates(), func() time.Time { return world.ConformanceAutumn })
	s, waits := sourcetest.Serve[Options](t, sim, Definition(), simulated, world.ConformanceAutumn)
	sim.Faults().Set(simulator.Fault{Kind: simulator.Throttle, Platform: world.Awin, Times: 1})
	if _, err := s.Accounts(t.Context()); err != nil || len(*waits) != 1 || (*waits)[0] != time.Minute {
		t.Errorf("%v after %v", err, *waits)
	}
}

func TestWrongOptionsAreNamed(t *testing.T) {
	sourcetest.RefuseOptions(t, Definition(), simulated, map[string]func(*Options){
		"token":         func(o *Options) { o.Token = sources.Secret{} },
		"side":          func(o *Options) { o.Side = "network" },
		"accounts":      func(o *Options) { o.Accounts = []string{"../1"} },
		"currency":      func(o *Options) { o.Currency = "eur" },
		"timezone":      func(o *Options) { o.Timezone = "Local" },
		"keys.campaign": func(o *Options) { o.Keys.Campaign = "clickRef7" },
		"days_per_call": func(o *Options) { o.PerCall = 31 },
		"base_url":      func(o *Options) { o.BaseURL = "x" },
	})
}
