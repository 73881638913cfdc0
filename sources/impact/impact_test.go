package impact

import (
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

// bench is a source on a simulated network.
type bench struct{ *sourcetest.Stage }

func newBench(t *testing.T, change ...func(*Options)) *bench {
	t.Helper()
	longest := func(o *Options) { o.PerCall = 30 }
	b := &bench{sourcetest.NewStage(t, network(), Definition(), simulated, append([]func(*Options){longest}, change...)...)}
	b.List(t)
	return b
}

func (b *bench) compare(t *testing.T, days kpi.DateRange, payout string) {
	t.Helper()
	b.Compare(t, known(network(), days, b.Now, payout))
}

// TestJournalLeadsToWhatChanged follows an account for up to three weeks: after every poll
// all states and payouts are the true ones, whatever the age of the action.
func TestJournalLeadsToWhatChanged(t *testing.T) {
	b := newBench(t)
	days := b.Lately(20)
	b.Poll(t, days)
	moved := map[sources.EventStatus]int{}
	refunded, polls := false, 10
	if testing.Short() {
		polls = 3
	}
	for range polls {
		b.Now = b.Now.Add(53*time.Hour + 7*time.Minute)
		days.To = kpi.DateOf(b.Now, newYork)
		before := map[string]sources.EventStatus{}
		for id, e := range b.Have {
			before[id] = e.Status
		}
		b.Poll(t, kpi.DateRange{From: days.To - 1, To: days.To})
		b.compare(t, days, partner)
		for id, e := range b.Have {
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
	all := b.Lately(20)
	b.Poll(t, kpi.DateRange{From: all.From + 15, To: all.To})
	b.Poll(t, kpi.DateRange{From: all.From, To: all.From + 14})
	b.compare(t, all, partner)
}

func TestLoadOfPastDaysDoesNotSkipWhatCameAfter(t *testing.T) {
	b := newBench(t)
	all := b.Lately(20)
	b.Poll(t, kpi.DateRange{From: all.From, To: all.From + 10})
	b.Poll(t, kpi.DateRange{From: all.To - 1, To: all.To})
	b.compare(t, all, partner)
}

func TestChangedOptionsReadAllKnownActionsAgain(t *testing.T) {
	b := newBench(t)
	first, _ := b.Poll(t, b.Lately(9))
	b.Source.(*source).options.Keys.Medium = "=partners"
	if again, _ := b.Poll(t, b.Lately(0)); len(again) != len(first) || len(first) == 0 {
		t.Errorf("%d actions read again, want %d", len(again), len(first))
	}
}

func TestBrandOwesWhatAnActionCosts(t *testing.T) {
	b := newBench(t, func(o *Options) { o.SID, o.Side, o.Program = simulator.ImpactBrand, brand, simulator.ImpactProgram })
	b.Poll(t, b.Lately(20))
	b.compare(t, b.Lately(20), brand)
}

func TestActionsInOtherCurrenciesAreLeftOutAndSaidSo(t *testing.T) {
	b := newBench(t)
	if _, receipt := b.Poll(t, b.Lately(9)); len(receipt.Warnings) != 1 || !strings.Contains(receipt.Warnings[0], " in CHF") {
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
