package simulator

import (
	"math"
	"strconv"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources/simulator/world"
)

// An account that measures the campaigns of others must not invent anything: its
// clicks are those of the campaigns, its orders those of the shop.
func TestWhatMeasuresCountsTheVisitsAndOrdersOfTheWorld(t *testing.T) {
	now := time.Date(2026, 11, 16, 9, 0, 0, 0, time.UTC)
	w := world.Demo(1, now, false)
	s := New(w, func() time.Time { return now })
	account, found := w.Account(world.GA4, world.DemoAnalytics)
	if !found || !account.Measures {
		t.Fatalf("the demo's analytics are %+v", account)
	}
	days := kpi.DateRange{From: kpi.NewDate(2026, 10, 24), To: kpi.NewDate(2026, 11, 16)} // with a day of 25 hours
	got := map[bool]map[string]kpi.Metrics{true: {}, false: {}}
	for byHour, of := range got {
		for _, f := range s.figures(&call{now: now}, &account, days, byHour) {
			of[f.campaign.ID] = sum(of[f.campaign.ID], f.metrics)
		}
	}
	orders, value := map[string]int64{}, map[string]kpi.Micros{}
	for _, o := range w.Orders(days.From.Start(account.Zone), now, now) {
		if !o.Test {
			orders[o.Campaign]++
			value[o.Campaign] += o.Total
		}
	}
	for _, c := range account.Campaigns {
		m, want := got[true][c.ID], w.Visits(c.ID, days.From.Start(account.Zone), now, now)
		if m != got[false][c.ID] {
			t.Errorf("%s: %+v by the hour, %+v by the day", c.Name, m, got[false][c.ID])
		}
		if m.Clicks != want.Clicks || m.Clicks == 0 || m.Impressions != want.Impressions {
			t.Errorf("%s: %+v, want the visits %+v", c.Name, m, want)
		}
		if m.Conversions != kpi.Micros(orders[c.ID])*kpi.MicrosPerUnit || m.Revenue != value[c.ID] || orders[c.ID] == 0 {
			t.Errorf("%s: %+v, the shop has %d orders of %s", c.Name, m, orders[c.ID], value[c.ID].Decimal(2))
		}
	}
}

// The shop changes the dollars of its customers at about the rate that the bank quotes.
func TestTheDemosDollarIsTheBanks(t *testing.T) {
	now := time.Date(2026, 11, 16, 9, 0, 0, 0, time.UTC)
	price := world.Demo(1, now, false).Spec().Shop.Rates["USD"]
	for d := kpi.DateOf(now, time.UTC) - 60; d < kpi.DateOf(now, time.UTC); d++ {
		quoted := ECBUnits("USD", d, false)
		units, err := strconv.ParseFloat(quoted, 64)
		if quoted != "" && (err != nil || math.Abs(price*units-1) > 0.011) {
			t.Errorf("%s: %s dollars a euro, the shop takes %.4f euros for one", d, quoted, price)
		}
	}
}
