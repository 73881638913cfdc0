package monitor

import (
	"math"
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
