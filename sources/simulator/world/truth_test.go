package world

import (
	"math"
	"slices"
	"testing"
	"time"

	"adtop/kpi"
)

// sales lists a campaign's sales of n days, all arrived.
func sales(w *World, c *campaign, from kpi.Date, n int) (delays []float64) {
	for d := from; d < from+kpi.Date(n); d++ {
		day := w.cohort(c, d)
		for _, h := range day.hours {
			for _, at := range h.sales.at {
				delays = append(delays, float64(at-h.start)/3600)
			}
		}
	}
	return delays
}

func TestDelaysHaveTheCampaignsOwnCurve(t *testing.T) {
	w := Demo(1, now, false)
	from := kpi.DateOf(w.Spec().Epoch, time.UTC) + 1
	var shares []float64
	for _, c := range w.campaigns[:len(w.campaigns)-len(w.spec.Shop.Campaigns)] {
		delays := sales(w, c, from, 50)
		var day int
		for _, hours := range delays {
			if hours < 24 {
				day++
			}
			if hours < 0 || hours > 24*7+1 {
				t.Fatalf("%s: a delay of %.1f hours", c.Name, hours)
			}
		}
		// Ages count from the hour's beginning, so that a few of the first day's come later.
		if got, want := float64(day)/float64(len(delays)), c.Delay.Hour+c.Delay.Day; math.Abs(got-want) > 0.05 {
			t.Errorf("%s: %.3f of %d orders within a day, want %.3f", c.Name, got, len(delays), want)
		}
		if c.Delay.Hour < 0.45 || c.Delay.Hour > 0.75 {
			t.Errorf("%s: share of the first hour is %.2f", c.Name, c.Delay.Hour)
		}
		shares = append(shares, c.Delay.Hour)
	}
	if spread := slices.Max(shares) - slices.Min(shares); spread < 0.2 {
		t.Errorf("all campaigns have nearly one curve: %v", shares)
	}
}

func TestDemoChannelsEarnWhatTheyAreSaidTo(t *testing.T) {
	w := Demo(1, now, false)
	volumes := map[string]float64{
		"Google Shopping": 250, "Google Search": 150, "Meta Prospecting": 120, "Meta Retargeting": 40, "Meta US": 50, "Affiliates": 35, "Taboola": 45,
	}
	const days = 45
	for _, ch := range w.Spec().Channels {
		if ch.BreakEven == 0 {
			continue
		}
		var sum kpi.Metrics
		for _, c := range ch.Campaigns {
			if multiple := w.TrueReturn(c, now) / ch.BreakEven; multiple < 1.45 || multiple > 2.2+1e-9 {
				t.Errorf("%s %s: true return is %.2f times break-even", ch.Name, c, multiple)
			}
			for d := kpi.DateOf(now, time.UTC) - 10 - days; d < kpi.DateOf(now, time.UTC)-10; d++ {
				sum = total(t, sum, w.Day(ch.Account, c, d, now))
			}
		}
		if perDay, want := sum.Conversions.Float()/days, volumes[ch.Name]; math.Abs(perDay/want-1) > 0.15 {
			t.Errorf("%s: %.0f conversions a day, want about %.0f", ch.Name, perDay, want)
		}
		if multiple := sum.ROAS().Value / ch.BreakEven; multiple < 1.35 || multiple > 2.4 {
			t.Errorf("%s: reported return is %.2f times break-even", ch.Name, multiple)
		}
	}
}

func TestPlatformsClaimMoreThanTheShopSees(t *testing.T) {
	w := Demo(1, now, false)
	from, to := now.AddDate(0, 0, -50), now.AddDate(0, 0, -8)
	seen, own := map[string]float64{}, map[string]float64{}
	for _, o := range w.Orders(from, to, now) {
		seen[o.Last.Campaign]++
		own[o.Last.Medium+o.Referrer]++
	}
	for range w.Calls(from, to, now) {
		own["telephone"]++
	}
	days := to.Sub(from).Hours() / 24
	for how, want := range map[string]float64{"email": 45, "": 60, "https://www.google.com/": 36, "social": 15, "telephone": 24} {
		if perDay := own[how] / days; math.Abs(perDay/want-1) > 0.2 {
			t.Errorf("%.0f orders a day by %q, want about %.0f", perDay, how, want)
		}
	}
	everyCampaign(w, func(a Account, c Campaign) {
		var claimed kpi.Metrics
		for d := kpi.DateOf(from, a.Zone); d < kpi.DateOf(to, a.Zone); d++ {
			claimed = total(t, claimed, w.Day(a.ID, c.ID, d, now))
		}
		ratio := claimed.Conversions.Float() / seen[c.UTM.Campaign]
		if math.Abs(ratio/c.OverClaim-1) > 0.12 || c.OverClaim < 1.1 || c.OverClaim > 1.4 {
			t.Errorf("%s: %.2f claims for each order, want %.2f", c.Name, ratio, c.OverClaim)
		}
	})
}

func TestAnOrderIsMadeInTheShopOrByTelephone(t *testing.T) {
	w := Demo(1, now, false)
	from := now.AddDate(0, 0, -5)
	orders, calls := w.Orders(from, now, now), w.Calls(from, now, now)
	genuine, placed := 0, 0
	for _, o := range orders {
		if !o.Test {
			genuine++
		}
	}
	w.Placed(from, now, now, func(string, time.Time, kpi.Micros) { placed++ })
	if placed != genuine || placed == 0 {
		t.Errorf("%d orders were placed, the shop has %d", placed, genuine)
	}
	for _, o := range append(orders, w.OrdersUpdated(from, now, now)...) {
		if o.Dialled != "" {
			t.Errorf("order %d of the shop was made by telephone", o.ID)
		}
	}
	for _, o := range calls {
		if o.Dialled == "" {
			t.Errorf("call %d dialled no number", o.ID)
		}
	}
	if len(calls) == 0 {
		t.Error("nobody calls")
	}
}

func TestSpendFollowsTheHoursOfTheDay(t *testing.T) {
	w := Demo(1, now, false)
	c := w.campaigns[0]
	var byHour [24]float64
	for d := kpi.DateOf(now, c.zone) - 56; d < kpi.DateOf(now, c.zone); d++ {
		for i, m := range w.Hours(c.account.ID, c.ID, d, now) {
			wall := d.Start(c.zone).Add(time.Duration(i) * time.Hour).In(c.zone).Hour()
			byHour[wall] += m.Cost.Float()
		}
	}
	if ratio := slices.Max(byHour[:]) / slices.Min(byHour[:]); ratio < 3 || ratio > 5.5 {
		t.Errorf("the best hour spends %.1f times the worst, want about 4", ratio)
	}
}

func TestOrderValuesHaveAHeavyTail(t *testing.T) {
	w := Demo(1, now, false)
	orders := w.Orders(now.AddDate(0, 0, -30), now, now)
	var sum, squares float64
	for _, o := range orders {
		x := math.Log(o.Total.Float())
		sum, squares = sum+x, squares+x*x
	}
	n := float64(len(orders))
	if sigma := math.Sqrt(squares/n - sum/n*sum/n); sigma < 0.95 || sigma > 1.1 {
		t.Errorf("sigma of the logarithm is %.2f, want about 1", sigma)
	}
}

func TestConversionsVaryMoreThanPoissonFromDayToDay(t *testing.T) {
	w := Demo(1, now, false)
	c := w.must("21034567804")
	var logs []float64
	for d := kpi.DateOf(now, c.zone) - 58; d < kpi.DateOf(now, c.zone)-8; d++ {
		m := w.Day(DemoGoogle, c.ID, d, now)
		logs = append(logs, math.Log(m.CVR().Value))
	}
	var mean, variance float64
	for _, x := range logs {
		mean += x / float64(len(logs))
	}
	for _, x := range logs {
		variance += (x - mean) * (x - mean) / float64(len(logs))
	}
	// Counting alone gives about 0.09 at 130 a day; weekday and shock add 0.16.
	if sd := math.Sqrt(variance); sd < 0.12 || sd > 0.28 {
		t.Errorf("standard deviation of the log conversion rate is %.2f", sd)
	}
}

func TestMetaDaysGainNoPurchasesOnceTheyAreOver(t *testing.T) {
	w := Demo(1, now, false)
	c := w.must("120210000000000101")
	d := kpi.DateOf(now, c.zone) - 10
	atMidnight, later := w.Day(DemoMetaEU, c.ID, d, d.End(c.zone)), w.Day(DemoMetaEU, c.ID, d, now)
	if atMidnight.Conversions == 0 || atMidnight != later {
		t.Errorf("%+v at midnight, %+v later", atMidnight, later)
	}
	google := w.must("21034567804")
	if first, last := w.Day(DemoGoogle, google.ID, d, d.End(google.zone)), w.Day(DemoGoogle, google.ID, d, now); first.Conversions >= last.Conversions {
		t.Errorf("Google's day does not grow: %+v, %+v", first, last)
	}
}

func TestOrdersByChangeAreThoseByCreation(t *testing.T) {
	w := Conformance()
	asOf := ConformanceAutumn
	from := asOf.AddDate(0, 0, -40)
	known := map[int64]Order{}
	var refunds, cancelled int
	for _, o := range w.Orders(from, asOf.Add(time.Second), asOf) {
		known[o.ID] = o
		refunds += len(o.Refunds)
		if !o.Cancelled.IsZero() {
			cancelled++
		}
	}
	if refunds == 0 || cancelled == 0 {
		t.Errorf("%d refunds and %d cancellations among %d orders", refunds, cancelled, len(known))
	}
	found := 0
	for at := from; at.Before(asOf.Add(time.Second)); at = at.Add(5 * time.Hour) {
		until := earliest(at.Add(5*time.Hour), asOf.Add(time.Second))
		for _, o := range w.OrdersUpdated(at, until, asOf) {
			if o.Updated.Before(at) || !o.Updated.Before(until) {
				t.Fatalf("order %d, updated %s, is not of [%s, %s)", o.ID, o.Updated, at, until)
			}
			if want, ok := known[o.ID]; ok {
				found++
				if !o.Updated.Equal(want.Updated) || o.Refunded() != want.Refunded() {
					t.Fatalf("order %d differs: %+v, %+v", o.ID, o, want)
				}
			}
		}
	}
	if found != len(known) {
		t.Errorf("%d of %d orders found by their change", found, len(known))
	}
}

func TestJourneyIsKnownOnlyAfterAWhile(t *testing.T) {
	w := Demo(1, now, false)
	var early, late, never, young int
	for _, o := range w.Orders(now.AddDate(0, 0, -5), now, now) {
		if age := now.Sub(o.Created); age < journeyAfter {
			young++
			if o.Ready {
				early++
			}
		} else if age > journeyWithin && !o.Ready {
			if o.Journey {
				late++
			}
			never++
		}
	}
	if early > 0 || late > 0 || never == 0 || young == 0 {
		t.Errorf("%d of %d ready too early, %d too late, %d never", early, young, late, never)
	}
}

// The demo fetches a month of every campaign thousands of times.
func BenchmarkMonthOfEveryCampaign(b *testing.B) {
	w := Demo(1, now, false)
	for b.Loop() {
		everyCampaign(w, func(a Account, c Campaign) {
			for d := kpi.DateOf(now, a.Zone) - 28; d <= kpi.DateOf(now, a.Zone); d++ {
				w.Day(a.ID, c.ID, d, now)
			}
		})
	}
}

func BenchmarkOrdersOfTheLastHour(b *testing.B) {
	w := Demo(1, now, false)
	for b.Loop() {
		w.OrdersUpdated(now.Add(-time.Hour), now, now)
	}
}
