package roistat

import (
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/simulator"
	"adtop/sources/simulator/world"
	"adtop/sources/sourcetest"
)

func simulated(place string) any {
	o := Definition().Options().(*Options)
	o.Key, o.BaseURL, o.Timezone = sources.NewSecret(simulator.RoistatKey), place, "Europe/Berlin"
	return o
}

// known lists the deals of days as they stand at an instant.
func known(w *world.World, days kpi.DateRange, asOf time.Time, o *Options) []sources.Event {
	var events []sources.Event
	for _, order := range w.Orders(days.From.Start(berlin), days.To.End(berlin), asOf) {
		if order.Test {
			continue
		}
		d := simulator.RoistatOf(order, asOf)
		e := sources.Event{ID: strconv.FormatInt(order.ID, 10), Kind: "order", Time: order.Created, Status: sources.Rejected, Currency: "EUR", ClickID: simulator.RoistatClick(order)}
		switch {
		case d.Group == "paid":
			e.Status, e.Value = sources.Approved, d.Revenue
		case d.Group == "progress" && len(o.Counts) == 2:
			e.Status, e.Value = sources.Pending, d.Revenue
		}
		if order.Journey {
			e.Key = sources.Key{Source: order.Last.Source, Medium: order.Last.Medium, Campaign: order.Last.Campaign}
			if order.Last == (world.UTM{}) && o.Origins == "all" {
				e.Key.Source = "seo"
			}
		}
		if e.ClickID != "" {
			e.Key.Click = "yclid"
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
		Path:       "/order/list",
		Secrets:    []string{simulator.RoistatKey, simulator.RoistatClient},
		Events: func(w *world.World, _ sources.Account, days kpi.DateRange, asOf time.Time) []sources.Event {
			return known(w, days, asOf, Definition().Options().(*Options))
		},
	})
}

var (
	shop   = sync.OnceValue(func() *world.World { return world.ConformanceFor(world.Roistat) })
	berlin = sourcetest.Zone("Europe/Berlin")
)

// bench is a source on a simulated project.
type bench struct {
	*sourcetest.Stage
	options *Options
}

func newBench(t *testing.T, change ...func(*Options)) *bench {
	t.Helper()
	b := &bench{}
	keep := func(o *Options) { b.options = o }
	b.Stage = sourcetest.NewStage(t, shop(), Definition(), simulated, append(change, keep)...)
	b.Simulator.PageSize = 1000
	b.List(t)
	return b
}

func (b *bench) compare(t *testing.T, days kpi.DateRange) {
	t.Helper()
	b.Compare(t, known(shop(), days, b.Now, b.options))
}

// TestLaterPollsFollowDealsUntilTheyArePaid accumulates polls for a week: after each
// all statuses and amounts are the true ones, whatever the age of the deal.
func TestLaterPollsFollowDealsUntilTheyArePaid(t *testing.T) {
	b := newBench(t, func(o *Options) { o.Counts, o.Origins = []string{paid, progress}, "all" })
	days := b.Lately(9)
	b.Poll(t, days)
	moved := map[string]int{}
	polls := 4
	if testing.Short() {
		polls = 2
	}
	for range polls {
		b.Now = b.Now.Add(43*time.Hour + 7*time.Minute)
		days.To = kpi.DateOf(b.Now, berlin)
		before := map[string]sources.Event{}
		for id, e := range b.Have {
			before[id] = e
		}
		b.Poll(t, kpi.DateRange{From: days.To - 1, To: days.To})
		b.compare(t, days)
		for id, e := range b.Have {
			if was, ok := before[id]; ok && was.Status != e.Status {
				moved[strconv.Itoa(int(was.Status))+strconv.Itoa(int(e.Status))]++
			}
		}
	}
	if moved["21"] == 0 || moved["13"] == 0 && moved["23"] == 0 {
		t.Errorf("moved %v: without these the comparison proves little", moved)
	}
}

func TestEarlierDaysAreAddedToWhatIsKnown(t *testing.T) {
	b := newBench(t)
	all := b.Lately(9)
	b.Poll(t, kpi.DateRange{From: all.From + 7, To: all.To})
	b.Poll(t, kpi.DateRange{From: all.From, To: all.From + 6})
	b.compare(t, all)
}

func TestLoadOfPastDaysDoesNotSkipWhatCameAfter(t *testing.T) {
	b := newBench(t)
	all := b.Lately(9)
	b.Poll(t, kpi.DateRange{From: all.From, To: all.From + 3})
	b.Poll(t, kpi.DateRange{From: all.To - 1, To: all.To})
	b.compare(t, all)
}

func TestChangedOptionsReadAllKnownDealsAgain(t *testing.T) {
	b := newBench(t)
	first, _ := b.Poll(t, b.Lately(5))
	b.Source.(*source).options.Origins = "all"
	if again, _ := b.Poll(t, b.Lately(0)); len(again) != len(first) || len(first) == 0 {
		t.Errorf("%d deals read again, want %d", len(again), len(first))
	}
}

// TestSingleConditionStandsWithoutAnd holds a filter to the form that the service takes:
// the simulator answers the other one with an internal error, as the service does.
func TestSingleConditionStandsWithoutAnd(t *testing.T) {
	b := newBench(t)
	b.Poll(t, b.Lately(1))
	b.Now = b.Now.Add(time.Hour)
	b.Poll(t, b.Lately(1))
	asked := b.Simulator.Requests("roistat")
	if last := asked[len(asked)-1].Body; !strings.Contains(last, `"filters":[["update_date","\u003e","2026-11-04T11:20:00+0000"]]`) {
		t.Errorf("asked %s", last)
	}
}

// TestManyPagesKeepToAMinutesLimit wants a pause before each page after the fourth: five
// a minute are allowed.
func TestManyPagesKeepToAMinutesLimit(t *testing.T) {
	sim := simulator.New(shop(), func() time.Time { return world.ConformanceAutumn })
	sim.PageSize = 5
	s, waits := sourcetest.Serve[Options](t, sim, Definition(), simulated, world.ConformanceAutumn)
	accounts, err := s.Accounts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	today := kpi.DateOf(world.ConformanceAutumn, berlin)
	if _, err := s.Fetch(t.Context(), sources.Query{Account: accounts[0], Days: kpi.DateRange{From: today - 3, To: today}}, func(sources.Record) error { return nil }); err != nil {
		t.Fatal(err)
	}
	pages := len(sim.Requests("roistat")) - 1
	if pages <= freely || len(*waits) != pages-freely || (*waits)[0] != pause {
		t.Errorf("%d pages with pauses of %v", pages, *waits)
	}
}

func TestThrottleIsWaitedOutForAMinute(t *testing.T) {
	sim := simulator.New(shop(), func() time.Time { return world.ConformanceAutumn })
	s, waits := sourcetest.Serve[Options](t, sim, Definition(), simulated, world.ConformanceAutumn)
	sim.Faults().Set(simulator.Fault{Kind: simulator.Throttle, Platform: world.Roistat, Times: 1})
	if _, err := s.Accounts(t.Context()); err != nil || len(*waits) != 1 || (*waits)[0] != time.Minute {
		t.Errorf("%v after %v", err, *waits)
	}
}

func TestProjectThatIsNotReachedIsNamed(t *testing.T) {
	b := newBench(t)
	s := b.Source.(*source)
	s.options.Projects = []string{"12345", "99"}
	var e *sources.Error
	if _, err := s.Accounts(t.Context()); !errors.As(err, &e) || e.Kind != sources.Permission || !strings.Contains(e.Error(), "99") || e.Next == "" {
		t.Errorf("got %v", err)
	}
}

func TestWrongOptionsAreNamed(t *testing.T) {
	sourcetest.RefuseOptions(t, Definition(), simulated, map[string]func(*Options){
		"api_key":  func(o *Options) { o.Key = sources.Secret{} },
		"projects": func(o *Options) { o.Projects = []string{"../1"} },
		"timezone": func(o *Options) { o.Timezone = "Local" },
		"counts: ": func(o *Options) { o.Counts = []string{progress} },
		"counts":   func(o *Options) { o.Counts = []string{paid, "canceled"} },
		"origins":  func(o *Options) { o.Origins = "any" },
		"base_url": func(o *Options) { o.BaseURL = "x" },
	})
}
