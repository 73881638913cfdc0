package monitor

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
	"adtop/sources"
	"adtop/sources/simulator"
	"adtop/sources/simulator/world"
)

// TestTheShareOfNewCustomersIsAmongThoseOfWhomItIsKnown: Shopify knows some hours
// after an order who the customer was, and of some orders never.
func TestTheShareOfNewCustomersIsAmongThoseOfWhomItIsKnown(t *testing.T) {
	now := instant(t, "2026-11-02T06:00:00Z")
	spec := smallWorld(now.AddDate(0, 0, -60), now).Spec()
	spec.Shop.ID = "shop.myshopify.com"
	w := world.New(spec)
	r := newRig(t, now, func(r *rig, o *Options) {
		sim := simulator.New(w, r.clock.now)
		sim.PageSize = 250
		o.Sources = []Source{r.shop(sim, spec.Shop.ID, 3)}
		o.Channels = []Channel{{Name: "New", Results: "shop"}, {Name: "Rest", Results: "shop"}}
		o.Claim = func(_, _ string, e sources.Entity) Claim {
			c := Claim{Channel: 1, Fields: kpi.Conversions | kpi.Revenue}
			if sources.ParseKey(e.ID).Customer == sources.NewCustomer && sources.ParseKey(e.ID).Campaign == "" {
				c.Channel = 0
			}
			return c
		}
	})
	r.poll()
	zone := zoneOf(t, "Europe/Berlin")
	today := kpi.NewDate(2026, 11, 2)
	var fresh, told, all int64
	for _, o := range w.Orders((today - 1).Start(zone), today.Start(zone), now) {
		if o.Test || !o.Cancelled.IsZero() {
			continue
		}
		all++
		if o.Journey && o.Ready {
			told++
			fresh += int64(b2i(o.Repeat == 0))
		}
	}
	if fresh == 0 || fresh == told || told == all {
		t.Fatalf("%d new of %d known of %d orders prove nothing", fresh, told, all)
	}
	s := r.show("yesterday", time.Time{})
	if f := s.Total; int64(f.New) != fresh*kpi.MicrosPerUnit || int64(f.Told) != told*kpi.MicrosPerUnit || int64(f.Metrics.Conversions) != all*kpi.MicrosPerUnit {
		t.Errorf("%s new of %s known of %s, want %d, %d and %d", f.New.Decimal(0), f.Told.Decimal(0), f.Metrics.Conversions.Decimal(0), fresh, told, all)
	}
	if got := channel(t, s, "New").Now.NewShare(); !got.OK || got.Value != 1 {
		t.Errorf("of new customers alone, %+v are new", got)
	}
	if got := r.show("24h", time.Time{}).Total; got.Told == 0 || got.Told > got.Metrics.Conversions {
		t.Errorf("by the hour: %s of %s", got.Told.Decimal(0), got.Metrics.Conversions.Decimal(0))
	}
}

func TestWhatAShopDoesNotKnowOfItsCustomersIsUnknown(t *testing.T) {
	f := snapshot.Figures{Metrics: kpi.Metrics{Has: kpi.Cost | kpi.Conversions, Cost: 100 * kpi.MicrosPerUnit, Conversions: 10 * kpi.MicrosPerUnit}}
	if f.NewShare().OK || f.NewCPA().OK {
		t.Errorf("%+v and %+v of nothing", f.NewShare(), f.NewCPA())
	}
	f.Told, f.New = 8*kpi.MicrosPerUnit, 2*kpi.MicrosPerUnit
	if share, cpa := f.NewShare(), f.NewCPA(); share.Value != 0.25 || math.Abs(cpa.Value-40) > 1e-9 {
		t.Errorf("a share of %v, %v each", share.Value, cpa.Value)
	}
	if f.Told = 7 * kpi.MicrosPerUnit; !f.NewShare().OK || f.NewCPA().OK {
		t.Error("what a new customer costs is guessed, with three of ten unknown")
	}
	if f.New = 0; !f.NewShare().OK || f.NewCPA().OK {
		t.Error("no new customer costs nothing, and nothing is known of what one costs")
	}
}

// TestPendingResultsAreOneWithTheDecidedOnesOfTheirKey: a network tells of a key that has
// some of both, of new and of returning customers. Each counts once, a pending one at the
// rate at which such are approved (0.85 is assumed): among new customers, and in the
// list of what no channel claims.
func TestPendingResultsAreOneWithTheDecidedOnesOfTheirKey(t *testing.T) {
	now := instant(t, "2026-11-02T12:00:00Z")
	r := network(t, now, "advertiser", kpi.Economics{Margin: 450_000, Payout: kpi.ReportedPayout})
	o := r.o
	o.Claim = func(_, _ string, e sources.Entity) Claim {
		return Claim{Channel: -b2i(sources.ParseKey(e.ID).Campaign == "autumn"), Fields: kpi.Conversions | kpi.Revenue | kpi.Cost}
	}
	r.start(o)
	if err := r.assign(t.Context()); err != nil {
		t.Fatal(err)
	}
	var events []sources.Event
	for i, c := range []struct {
		campaign, customer string
		approved           bool
	}{
		{"spring", sources.NewCustomer, true}, {"spring", sources.NewCustomer, false}, {"spring", sources.ReturningCustomer, false}, {"spring", "", true},
		{"autumn", sources.NewCustomer, true}, {"autumn", sources.NewCustomer, false}, {"autumn", "", false},
	} {
		e := sale(fmt.Sprint(i), now.Add(-2*time.Hour), 100, 10)
		e.Key.Campaign, e.Key.Customer = c.campaign, c.customer
		if c.approved {
			e = decided(e, true)
		}
		events = append(events, e)
	}
	r.transact(now, events...)
	for _, name := range []string{"today", "24h"} {
		s, err := r.Snapshot(t.Context(), snapshot.View{Range: snapshot.Range{Name: name}, Unclaimed: true, Campaigns: "Shop"})
		if err != nil {
			t.Fatal(err)
		}
		shop := channel(t, s, "Shop")
		euros(t, name+": conversions", shop.Now.Metrics.Conversions, "3.70")
		euros(t, name+": of new customers", shop.Now.New, "1.85")
		euros(t, name+": of known customers", shop.Now.Told, "2.70")
		euros(t, name+": pending", shop.Now.Pending.Reported.Conversions, "2.00")
		if cpa := shop.Now.NewCPA(); cpa.OK { // 2.7 of 3.7 are known
			t.Errorf("%s: what a new customer costs is guessed: %+v", name, cpa)
		}
		euros(t, name+": of new customers in all", s.Total.New, "3.70")
		if len(shop.Campaigns) != 3 { // of new, of returning, of unknown ones
			t.Errorf("%s: %d campaigns", name, len(shop.Campaigns))
		}
		if len(s.Unclaimed) != 1 || !s.Unclaimed[0].Counts || s.Unclaimed[0].Campaign != "autumn" || s.Unclaimed[0].Campaigns != 1 {
			t.Fatalf("%s: unclaimed %+v", name, s.Unclaimed)
		}
		left := s.Unclaimed[0]
		euros(t, name+": unclaimed conversions", left.Metrics.Conversions, "2.70")
		euros(t, name+": unclaimed revenue", left.Metrics.Revenue, "270.00")
		euros(t, name+": unclaimed cost", left.Metrics.Cost, "27.00")
		if want := "economics: {payout: {model: reported}}"; !strings.Contains(left.Lines, want) {
			t.Errorf("%s: the lines are without %s, which the config asks for:\n%s", name, want, left.Lines)
		}
	}
	for i, e := range events {
		events[i] = decided(e, true)
	}
	r.transact(now.Add(time.Minute), events...)
	s := r.show("today", time.Time{})
	shop := channel(t, s, "Shop").Now
	euros(t, "all decided: of new customers", shop.New, "2.00")
	euros(t, "all decided: of known customers", shop.Told, "3.00")
	euros(t, "all decided: of all", s.Total.Metrics.Conversions, "7.00")
	euros(t, "as it was known before", channel(t, r.show("today", now), "Shop").Now.New, "1.85")
}

func TestAPastWithoutItsResultsHasNoCustomers(t *testing.T) {
	f := snapshot.Figures{Known: true, Metrics: kpi.Metrics{Has: kpi.Cost | kpi.Conversions, Conversions: kpi.MicrosPerUnit}, New: kpi.MicrosPerUnit, Told: kpi.MicrosPerUnit}
	if !withoutResults(&f) || f.NewShare().OK || f.NewCPA().OK {
		t.Errorf("%+v", f)
	}
}
