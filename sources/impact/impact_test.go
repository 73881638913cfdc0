package impact

import (
	"net/http/httptest"
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

func simulated(place string) any {
	o := Definition().Options().(*Options)
	o.SID, o.Token, o.BaseURL = "IRpartner1", sources.NewSecret(simulator.ImpactToken), place
	o.Side, o.Currency, o.Timezone, o.PerCall = partner, "EUR", "America/New_York", 2
	return o
}

// known lists the actions of days as they stand at an instant.
func known(w *world.World, days kpi.DateRange, asOf time.Time, side string) []sources.Event {
	var events []sources.Event
	for _, o := range w.Orders(days.From.Start(newYork), days.To.End(newYork), asOf) {
		if o.Test || o.ID%29 == 0 { // in francs
			continue
		}
		a := simulator.ImpactOf(o, asOf)
		e := sources.Event{ID: simulator.ImpactID(o), Kind: "order", Time: o.Created, Currency: "EUR", Key: sources.Key{Source: "impact", Medium: "affiliate"}}
		e.Status = map[string]sources.EventStatus{"PENDING": sources.Pending, "APPROVED": sources.Approved, "REVERSED": sources.Rejected}[a.State]
		value, refunded := a.Payout, a.IntendedPay-a.Payout
		if side == partner && o.Journey {
			e.Key.Campaign = o.Last.Campaign
		}
		if side == brand {
			value, refunded, e.Key.Campaign, e.Key.Customer = a.Amount, a.IntendedAmount-a.Amount, simulator.ImpactPartner, sources.ReturningCustomer
		}
		if e.Status.Counts() {
			e.Value, e.Refunded = value, refunded
			if side == brand {
				e.Cost = 2 * a.Payout // the network's fee is as high as the payout
			}
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
		Path:       "/Actions",
		Secrets:    []string{simulator.ImpactToken, simulator.ImpactCustomer},
		Told:       true,
		Events: func(w *world.World, _ sources.Account, days kpi.DateRange, asOf time.Time) []sources.Event {
			return known(w, days, asOf, partner)
		},
	})
}

var (
	network = sync.OnceValue(func() *world.World { return world.ConformanceFor(world.Impact) })
	newYork = sourcetest.Zone("America/New_York")
)

// bench is a source on a simulated network whose clock the test moves.
type bench struct {
	sources.Source
	sim     *simulator.Simulator
	now     time.Time
	account sources.Account
	state   []byte
	have    map[string]sources.Event
}

func newBench(t *testing.T, change ...func(*Options)) *bench {
	t.Helper()
	b := &bench{now: world.ConformanceAutumn, have: map[string]sources.Event{}}
	b.sim = simulator.New(network(), func() time.Time { return b.now })
	server := httptest.NewServer(b.sim)
	t.Cleanup(server.Close)
	o := simulated(server.URL + "/impact").(*Options)
	o.PerCall = 30
	for _, f := range change {
		f(o)
	}
	var err error
	if b.Source, err = Definition().Open(o, sources.Env{Name: "impact", Now: func() time.Time { return b.now }}); err != nil {
		t.Fatal(err)
	}
	accounts, err := b.Accounts(t.Context())
	if err != nil || len(accounts) != 1 {
		t.Fatalf("%+v, %v", accounts, err)
	}
	b.account = accounts[0]
	return b
}

func (b *bench) lately(back kpi.Date) kpi.DateRange {
	today := kpi.DateOf(b.now, newYork)
	return kpi.DateRange{From: today - back, To: today}
}

// poll fetches with the state of the last poll, and returns how many came.
func (b *bench) poll(t *testing.T, days kpi.DateRange) (int, sources.Receipt) {
	t.Helper()
	n := 0
	receipt, err := b.Fetch(t.Context(), sources.Query{Account: b.account, Days: days, State: b.state}, func(r sources.Record) error {
		b.have[r.(sources.Event).ID] = r.(sources.Event)
		n++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	b.state = receipt.State
	return n, receipt
}

func (b *bench) compare(t *testing.T, days kpi.DateRange, payout string) {
	t.Helper()
	want := map[string]sources.Event{}
	for _, e := range known(network(), days, b.now, payout) {
		want[e.ID] = e
	}
	if diff := cmp.Diff(want, b.have); diff != "" || len(want) == 0 {
		t.Fatalf("at %v, of %d: %.3000s", b.now, len(want), diff)
	}
}

// TestJournalLeadsToWhatChanged follows an account for up to three weeks: after every poll
// all states and payouts are the true ones, whatever the age of the action.
func TestJournalLeadsToWhatChanged(t *testing.T) {
	b := newBench(t)
	days := b.lately(20)
	b.poll(t, days)
	moved := map[sources.EventStatus]int{}
	refunded, polls := false, 10
	if testing.Short() {
		polls = 3
	}
	for range polls {
		b.now = b.now.Add(53*time.Hour + 7*time.Minute)
		days.To = kpi.DateOf(b.now, newYork)
		before := map[string]sources.EventStatus{}
		for id, e := range b.have {
			before[id] = e.Status
		}
		b.poll(t, kpi.DateRange{From: days.To - 1, To: days.To})
		b.compare(t, days, partner)
		for id, e := range b.have {
			if was, ok := before[id]; ok && was != e.Status {
				moved[e.Status]++
			}
			refunded = refunded || e.Refunded > 0
		}
	}
	if moved[sources.Approved] == 0 || moved[sources.Rejected] == 0 || !refunded {
		t.Errorf("moved %v, refunded %v: without these the comparison proves little", moved, refunded)
	}
}

func TestDaysOfTheJournalAreReadTogetherWhenTheyAreNear(t *testing.T) {
	p := &poll{source: &source{account: sources.Account{Zone: time.UTC}}, handed: map[string]bool{"known": true}, changed: map[string]time.Time{"known": time.Date(2026, 10, 20, 0, 0, 0, 0, time.UTC)}}
	p.after.From = kpi.NewDate(2026, 10, 1)
	for id, d := range map[string]int{"a": 3, "b": 5, "c": 12, "d": 12, "e": -2} {
		p.changed[id] = time.Date(2026, 10, d, 12, 0, 0, 0, time.UTC)
	}
	from := func(a, b int) kpi.DateRange {
		return kpi.DateRange{From: kpi.NewDate(2026, 10, a), To: kpi.NewDate(2026, 10, b)}
	}
	if diff := cmp.Diff([]kpi.DateRange{from(3, 5), from(12, 12)}, p.changedDays()); diff != "" {
		t.Error(diff)
	}
}

func TestEarlierDaysAreAddedToWhatIsKnown(t *testing.T) {
	b := newBench(t)
	all := b.lately(20)
	b.poll(t, kpi.DateRange{From: all.From + 15, To: all.To})
	b.poll(t, kpi.DateRange{From: all.From, To: all.From + 14})
	b.compare(t, all, partner)
}

func TestLoadOfPastDaysDoesNotSkipWhatCameAfter(t *testing.T) {
	b := newBench(t)
	all := b.lately(20)
	b.poll(t, kpi.DateRange{From: all.From, To: all.From + 10})
	b.poll(t, kpi.DateRange{From: all.To - 1, To: all.To})
	b.compare(t, all, partner)
}

func TestChangedOptionsReadAllKnownActionsAgain(t *testing.T) {
	b := newBench(t)
	first, _ := b.poll(t, b.lately(9))
	b.Source.(*source).options.Keys.Medium = "=partners"
	if again, _ := b.poll(t, b.lately(0)); again != first || first == 0 {
		t.Errorf("%d actions read again, want %d", again, first)
	}
}

func TestBrandOwesWhatAnActionCosts(t *testing.T) {
	b := newBench(t, func(o *Options) { o.SID, o.Side, o.Program = simulator.ImpactBrand, brand, simulator.ImpactProgram })
	b.poll(t, b.lately(20))
	b.compare(t, b.lately(20), brand)
}

func TestActionsInOtherCurrenciesAreLeftOutAndSaidSo(t *testing.T) {
	b := newBench(t)
	if _, receipt := b.poll(t, b.lately(9)); len(receipt.Warnings) != 1 || !strings.Contains(receipt.Warnings[0], " in CHF") {
		t.Errorf("warned %q", receipt.Warnings)
	}
}

func TestWrongOptionsAreNamed(t *testing.T) {
	sourcetest.RefuseOptions(t, Definition(), simulated, map[string]func(*Options){
		"account_sid":   func(o *Options) { o.SID = "../x" },
		"auth_token":    func(o *Options) { o.Token = sources.Secret{} },
		"side":          func(o *Options) { o.Side = "agency" },
		"program":       func(o *Options) { o.Side = brand },
		"currency":      func(o *Options) { o.Currency = "eur" },
		"timezone":      func(o *Options) { o.Timezone = "Local" },
		"keys.campaign": func(o *Options) { o.Keys.Campaign = "SubId9" },
		"days_per_call": func(o *Options) { o.PerCall = 45 },
		"version":       func(o *Options) { o.Version = "v16" },
		"base_url":      func(o *Options) { o.BaseURL = "x" },
	})
}
