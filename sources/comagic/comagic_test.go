package comagic

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
	"adtop/sources/simulator"
	"adtop/sources/simulator/world"
	"adtop/sources/sourcetest"
)

func simulated(place string) any {
	o := Definition().Options().(*Options)
	o.Token, o.BaseURL = sources.NewSecret(simulator.ComagicToken), place+"/v2.0"
	return o
}

// known lists the incoming calls of days as they stand at an instant.
func known(w *world.World, days kpi.DateRange, asOf time.Time, o *Options) []sources.Event {
	var events []sources.Event
	for _, order := range w.Orders(days.From.Start(moscow), days.To.End(moscow), asOf) {
		c := simulator.ComagicOf(order, asOf)
		if order.Test || c.Out {
			continue
		}
		e := sources.Event{ID: strconv.FormatInt(order.ID, 10), Kind: "call", Time: order.Created, Status: sources.Approved, Value: c.Sale, Currency: "RUB",
			Key: sources.Key{Dialled: "+" + c.Dialled}, ClickID: c.GClick + c.YClick}
		if order.Journey {
			e.Key.Source, e.Key.Medium, e.Key.Campaign = order.Last.Source, order.Last.Medium, order.Last.Campaign
		}
		switch {
		case c.GClick != "":
			e.Key.Click = "gclid"
		case c.YClick != "":
			e.Key.Click = "yclid"
		}
		if c.Lost && !o.Lost || len(o.Attributes) > 0 && order.ID%2 == 1 {
			e.Status, e.Value = sources.Rejected, 0
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
		Path:       "/v2.0",
		Secrets:    []string{simulator.ComagicToken, simulator.ComagicCaller, simulator.ComagicName},
		Parks:      true,
		Events: func(w *world.World, _ sources.Account, days kpi.DateRange, asOf time.Time) []sources.Event {
			return known(w, days, asOf, &Options{})
		},
	})
}

var (
	shop   = sync.OnceValue(func() *world.World { return world.ConformanceFor(world.CoMagic) })
	moscow = sourcetest.Zone("Europe/Moscow")
)

// bench is a source on a simulated account.
type bench struct {
	*sourcetest.Stage
	options *Options
}

func newBench(t *testing.T, change ...func(*Options)) *bench {
	t.Helper()
	b := &bench{}
	keep := func(o *Options) { b.options = o }
	b.Stage = sourcetest.NewStage(t, shop(), Definition(), simulated, append(change, keep)...)
	b.List(t)
	return b
}

// fetch compares the calls of days with the truth and returns them.
func (b *bench) fetch(t *testing.T, days kpi.DateRange) (map[string]sources.Event, sources.Receipt) {
	t.Helper()
	have, receipt := b.Poll(t, days)
	want := sourcetest.ByID(known(shop(), days, b.Now, b.options))
	if diff := cmp.Diff(want, have); diff != "" || len(want) == 0 {
		t.Fatalf("of %d: %.3000s", len(want), diff)
	}
	return have, receipt
}

func TestOptionsSayWhichCallsCount(t *testing.T) {
	counted := map[string]int{}
	for name, change := range map[string]func(*Options){
		"answered": func(*Options) {},
		"all":      func(o *Options) { o.Lost = true },
		"target":   func(o *Options) { o.Attributes = []string{"quality", "target"} },
	} {
		b := newBench(t, change)
		have, _ := b.fetch(t, b.Lately(3))
		for _, e := range have {
			if e.Status.Counts() {
				counted[name]++
			}
		}
	}
	if !(counted["target"] > 0 && counted["answered"] > counted["target"] && counted["all"] > counted["answered"]) {
		t.Errorf("counted %v: without differences the comparison proves little", counted)
	}
}

func TestSaleThatIsEnteredLaterIsTheValue(t *testing.T) {
	b := newBench(t)
	days := b.Lately(0)
	before, _ := b.fetch(t, days)
	b.Now = b.Now.Add(72 * time.Hour)
	after, _ := b.fetch(t, days)
	entered := 0
	for id, e := range before {
		if e.Value == 0 && after[id].Value > 0 {
			entered++
		}
	}
	if entered == 0 {
		t.Error("no sale was entered: nothing is proved")
	}
}

func TestOnlyFieldsWithoutAPersonAreAskedFor(t *testing.T) {
	b := newBench(t)
	b.fetch(t, b.Lately(0))
	for _, r := range b.Simulator.Requests("comagic") {
		for _, personal := range []string{"contact", "full_name", "person", "visitor", "cpn_", "record", "ip", "client_id", "employee", "referrer", "page"} {
			if _, asked, _ := strings.Cut(r.Body, `"fields":`); strings.Contains(asked, personal) {
				t.Errorf("asked for %s: %s", personal, asked)
			}
		}
	}
}

func TestAccountWithoutTheComponentIsAskedForLess(t *testing.T) {
	b := newBench(t, func(o *Options) { o.Currency = "USD" })
	if b.Account.ID != "1103" || b.Account.Currency != "USD" || b.Account.Zone.String() != "Europe/Moscow" || !strings.Contains(b.Simulator.Requests("comagic")[0].Body, `"get.account"`) {
		t.Errorf("%+v", b.Account)
	}
}

func TestAgencyNamesItsClient(t *testing.T) {
	b := newBench(t, func(o *Options) { o.User = simulator.ComagicClient })
	b.fetch(t, b.Lately(0))
	for _, r := range b.Simulator.Requests("comagic") {
		if !strings.Contains(r.Body, `"user_id":2870`) {
			t.Errorf("asked %s", r.Body)
		}
	}
	b.Source.(*source).options.User = "1"
	var e *sources.Error
	if _, err := b.Accounts(t.Context()); !errors.As(err, &e) || e.Kind != sources.Permission || !strings.Contains(e.Next, "user_id") {
		t.Errorf("somebody else's client: %v", err)
	}
}

func TestAddressThatIsNotLetInIsSaid(t *testing.T) {
	b := newBench(t)
	b.Simulator.Faults().Set(simulator.Fault{Kind: simulator.Denied, Platform: world.CoMagic, Times: 1})
	var e *sources.Error
	if _, err := b.Accounts(t.Context()); !errors.As(err, &e) || e.Kind != sources.Permission || !strings.Contains(e.Error(), "192.0.2.1") || !strings.Contains(e.Next, "let in the address") {
		t.Errorf("got %v", err)
	}
}

func TestPointsOfTheDayAreTheQuota(t *testing.T) {
	b := newBench(t)
	if _, receipt := b.fetch(t, b.Lately(0)); receipt.Quota.Scope != "points of the account a day" || receipt.Quota.Used < 0.0003 || receipt.Quota.Used > 0.0005 {
		t.Errorf("%+v", receipt.Quota)
	}
}

func TestWrongOptionsAreNamed(t *testing.T) {
	sourcetest.RefuseOptions(t, Definition(), simulated, map[string]func(*Options){
		"access_token": func(o *Options) { o.Token = sources.Secret{} },
		"user_id":      func(o *Options) { o.User = "x" },
		"currency":     func(o *Options) { o.Currency = "rub" },
		"currency: an": func(o *Options) { o.Currency, o.User = "RUB", "1" },
		"attributes":   func(o *Options) { o.Attributes = []string{"good"} },
		"base_url":     func(o *Options) { o.BaseURL = "x" },
	})
}
