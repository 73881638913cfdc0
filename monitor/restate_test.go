package monitor

import (
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/simulator/world"
)

// TestRefundsOfOrdersFromBeforeTheStartComeIn loads a shop's history and follows it
// for days: refunds of orders that history brought have to arrive too.
func TestRefundsOfOrdersFromBeforeTheStartComeIn(t *testing.T) {
	began := instant(t, "2026-11-20T11:00:00Z")
	spec := smallWorld(began.AddDate(0, 0, -40), began.AddDate(1, 0, 0)).Spec()
	spec.Shop.ID = "shop.myshopify.com"
	w := world.New(spec)
	r := newRig(t, began, func(r *rig, o *Options) {
		_, sim := r.google(w, 1)
		sim.PageSize = 250
		o.Sources = []Source{r.shop(sim, spec.Shop.ID, 20)}
		o.Claim = func(string, string, sources.Entity) Claim { return Claim{Fields: kpi.Conversions | kpi.Revenue} }
	})
	r.poll() // with the history
	end := began.AddDate(0, 0, 4)
	for at := began; !at.After(end); at = at.Add(6 * time.Hour) {
		r.clock.set(at)
		r.poll()
	}
	refunded := 0
	for day := kpi.DateOf(began, spec.Shop.Zone) - 19; day < kpi.DateOf(began, spec.Shop.Zone)-1; day++ {
		want := kpi.Micros(0)
		for _, o := range w.Orders(day.Start(spec.Shop.Zone), day.End(spec.Shop.Zone), r.clock.now()) {
			if o.Test || !o.Cancelled.IsZero() {
				continue
			}
			want += o.Total - o.Refunded()
			for _, refund := range o.Refunds {
				if refund.At.After(began) {
					refunded++
				}
			}
		}
		if got := r.show(day.String()+".."+day.String(), time.Time{}).Total.Metrics.Revenue; got != want {
			t.Errorf("%s: revenue %s, want %s", day, got.Decimal(2), want.Decimal(2))
		}
	}
	if refunded == 0 {
		t.Error("nothing was refunded since: the comparison proves nothing")
	}
}
