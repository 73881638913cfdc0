package monitor

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
	"adtop/sources"
	"adtop/sources/awin"
	"adtop/store"
)

// network is a rig over one account of an affiliate network, whose transactions the
// test commits. side is of the user.
func network(t *testing.T, at time.Time, side string, e kpi.Economics) *rig {
	return newRig(t, at, func(r *rig, o *Options) {
		d := awin.Definition()
		if d.Owes(&awin.Options{Side: side}) {
			d.Gives |= kpi.Cost
		}
		o.Sources = []Source{{Name: "awin", Definition: d, Every: time.Hour}}
		o.Channels[0].Economics, o.Channels[0].Results = e, "awin"
		if side == "publisher" {
			o.Channels[0].Spend = []string{}
		}
	})
}

// transact commits a poll that brought some transactions.
func (r *rig) transact(at time.Time, events ...sources.Event) {
	r.Helper()
	r.clock.set(at)
	d := r.o.Sources[0].Definition
	account := sources.Account{ID: "1", Name: "Network", Currency: "EUR", Zone: r.o.Zone}
	today := kpi.DateOf(at, account.Zone)
	b := store.Batch{Source: "awin", Type: "awin", Account: account, ObservedAt: at, Gives: d.Gives, PendingApart: d.Approval != 0,
		Query:   sources.Query{Account: account, Days: kpi.DateRange{From: today - 1, To: today}, Level: sources.LevelCampaign, Grain: sources.Hour},
		Receipt: sources.Receipt{CompleteThrough: at.Add(-time.Hour)}}
	for _, e := range events {
		b.Records = append(b.Records, e)
	}
	if err := r.commit(context.Background(), b); err != nil {
		r.Fatal(err)
	}
}

// sale is a pending transaction that costs a commission.
func sale(id string, at time.Time, value, cost int64) sources.Event {
	return sources.Event{ID: id, Kind: "order", Time: at, Status: sources.Pending, Value: kpi.Micros(value) * kpi.MicrosPerUnit, Cost: kpi.Micros(cost) * kpi.MicrosPerUnit,
		Currency: "EUR", Key: sources.Key{Source: "awin", Campaign: "spring"}}
}

// decided is an event after it was approved or rejected.
func decided(e sources.Event, approved bool) sources.Event {
	e.Status = sources.Approved
	if !approved {
		e.Status, e.Value, e.Cost = sources.Rejected, 0, 0
	}
	return e
}

// TestPendingCommissionCountsAtTheRateOfItsAge has 30 of 40 commissions of last month
// approved after ten days, and others pending: they count for what was known by the
// hour of the picture, and for no more.
func TestPendingCommissionCountsAtTheRateOfItsAge(t *testing.T) {
	began := instant(t, "2026-11-02T10:00:00Z")
	r := network(t, began, "publisher", kpi.Economics{Margin: kpi.MicrosPerUnit})
	var old []sources.Event
	for i := range 40 {
		old = append(old, sale(fmt.Sprint("old ", i), began.Add(-time.Hour), 1, 0))
		old[i].Cost = 0
	}
	r.transact(began, old...)
	euros(t, "revenue at the assumed rate", channel(t, r.show("today", time.Time{}), "Shop").Now.Metrics.Revenue, "34.00")

	later := began.AddDate(0, 0, 10)
	fresh := sale("fresh", later.Add(-2*time.Hour), 100, 0)
	fresh.Cost = 0
	for i := range old {
		old[i] = decided(old[i], i < 30)
	}
	r.transact(later, append(old, fresh)...)
	at := later.Add(time.Hour)
	r.clock.set(at)
	ch := channel(t, r.show("today", time.Time{}), "Shop")
	// of all: (30 + 20·0.85) of 60; of this age: (40·0.75 + 20·0.7833) of 60
	euros(t, "revenue", ch.Now.Metrics.Revenue, "76.1111")
	euros(t, "profit", ch.Now.Profit.Micros, "76.1111")
	euros(t, "pending", ch.Now.Pending.Reported.Revenue, "100.00")
	euros(t, "pending that counts", ch.Now.Pending.Counted.Revenue, "76.1111")
	want := snapshot.Approval{Source: "awin", Account: "1", Approved: 30, Rejected: 10, Assumed: 0.85, Behind: approvalPrior}
	if len(ch.Approvals) != 1 || ch.Approvals[0] != want || ch.Approvals[0].Rate() != (kpi.Ratio{Value: 0.75, OK: true}) {
		t.Errorf("approval %+v, want %+v", ch.Approvals, want)
	}
	if len(ch.Campaigns) != 1 || ch.Campaigns[0].Now.Metrics != ch.Now.Metrics || ch.Campaigns[0].Now.Pending != ch.Now.Pending {
		t.Errorf("campaigns %+v: want one, with what is pending", ch.Campaigns)
	}

	slots := channel(t, r.show("7d", time.Time{}), "Shop").Series.Slots
	if day := slots[len(slots)-1].Figures.Pending; day != ch.Now.Pending || slots[0].Figures.Pending.Any() {
		t.Errorf("today's %+v is pending, and %+v a week before", day, slots[0].Figures.Pending)
	}

	before := channel(t, r.show("14d", later.Add(-time.Minute)), "Shop")
	euros(t, "revenue as it was known before", before.Now.Metrics.Revenue, "34.00")
	if a := before.Approvals[0]; a.Approved+a.Rejected != 0 {
		t.Errorf("before anything was decided, %d were", a.Approved+a.Rejected)
	}
	r.transact(at, decided(fresh, false))
	euros(t, "revenue after it was declined", channel(t, r.show("today", time.Time{}), "Shop").Now.Metrics.Revenue, "0.00")
}

// TestApprovalIsLearntWithoutWaitingForTheLast makes events that are rejected early
// and approved late, most of them in the last weeks: to count only what is decided
// would mistake them for bad ones.
func TestApprovalIsLearntWithoutWaitingForTheLast(t *testing.T) {
	const events = 20000
	random := rand.New(rand.NewPCG(5, 9))
	now := instant(t, "2026-11-02T00:00:00Z")
	var f fates
	seen := [2]int{}
	for i := range events {
		made := now.Add(-time.Duration(30 * math.Pow(random.Float64(), 2) * 24 * float64(time.Hour))) // more and more of them
		f = append(f, store.StatusVersion{Event: int64(i), Made: made, At: made.Add(time.Hour), Status: sources.Pending})
		v := store.StatusVersion{Event: int64(i), Made: made, Status: sources.Approved, At: made.Add(time.Duration(14*24+random.IntN(10*24)) * time.Hour)}
		if random.Float64() < 0.3 {
			v.Status, v.At = sources.Rejected, made.Add(time.Duration(24+random.IntN(5*24))*time.Hour)
		}
		if !v.At.After(now) {
			f = append(f, v)
			seen[v.Status/sources.Rejected]++
		}
	}
	a := f.learn(now, 850_000)
	if naive := float64(seen[0]) / float64(seen[0]+seen[1]); naive > 0.65 {
		t.Fatalf("%.2f of those decided are approved: the test shows nothing", naive)
	}
	for age, want := range map[int]float64{0: 0.70, 3: 0.79, 10: 1} {
		if got := a.of(age).Float(); math.Abs(got-want) > 0.02 {
			t.Errorf("at %d days %.3f end approved, want %.2f", age, got, want)
		}
	}
	early := f.learn(now.AddDate(0, 0, -70), 850_000)
	if early.of(5) != 850_000 || early.told.Approved != 0 {
		t.Errorf("before the first event %+v is known", early.told)
	}
}

// TestFateOfAnEvent tells what one event says of approval.
func TestFateOfAnEvent(t *testing.T) {
	made := instant(t, "2026-11-02T10:00:00Z")
	after := func(days float64, s sources.EventStatus) store.StatusVersion {
		return store.StatusVersion{Made: made, At: made.Add(time.Duration(days * 24 * float64(time.Hour))), Status: s}
	}
	pending, approved, rejected, test := sources.Pending, sources.Approved, sources.Rejected, sources.Test
	for name, c := range map[string]struct {
		versions []store.StatusVersion
		want     fated
		ok       bool
	}{
		"not yet known":           {[]store.StatusVersion{after(30, pending)}, fated{}, false},
		"pending":                 {[]store.StatusVersion{after(0, pending)}, fated{watched: true, to: 20}, true},
		"approved":                {[]store.StatusVersion{after(1, pending), after(12, approved)}, fated{watched: true, from: 1, to: 12, decided: true, approved: true}, true},
		"approved later than now": {[]store.StatusVersion{after(1, pending), after(21, approved)}, fated{watched: true, from: 1, to: 20}, true},
		"reversed":                {[]store.StatusVersion{after(1, pending), after(5, approved), after(9, rejected)}, fated{watched: true, from: 1, to: 5, decided: true}, true},
		"fetched when it was old": {[]store.StatusVersion{after(10, rejected)}, fated{to: 10, decided: true}, true},
		"never pending":           {[]store.StatusVersion{after(0.1, approved)}, fated{}, false},
		"a test":                  {[]store.StatusVersion{after(0, pending), after(1, test)}, fated{}, false},
	} {
		if got, ok := fate(c.versions, made.AddDate(0, 0, 20)); got != c.want || ok != c.ok {
			t.Errorf("%s: %+v, %v; want %+v, %v", name, got, ok, c.want, c.ok)
		}
	}
}

// TestCommissionIsTheSpendOfWhoOwesIt: no platform reports spend, and a commission of
// 60% at a margin of 45% loses money.
func TestCommissionIsTheSpendOfWhoOwesIt(t *testing.T) {
	began := instant(t, "2026-10-01T10:00:00Z")
	for name, c := range map[string]struct {
		commission int64
		verdict    kpi.Verdict
	}{"dear": {60, kpi.Unprofitable}, "cheap": {10, kpi.Profitable}} {
		r := network(t, began, "advertiser", kpi.Economics{Margin: 450_000, Payout: kpi.ReportedPayout})
		r.transact(began)
		w := r.weigh()
		var at time.Time
		for hour := range 24 * 20 {
			at = began.Add(time.Duration(hour+1) * time.Hour)
			var sales []sources.Event
			if hour%3 != 2 { // some hours bring none
				sales = append(sales, decided(sale(fmt.Sprint("s", hour), at.Add(-90*time.Minute), 100, c.commission), true))
			}
			if hour%24 == 0 {
				sales = append(sales, sale(fmt.Sprint("p", hour), at.Add(-90*time.Minute), 100, c.commission))
			}
			r.transact(at, sales...)
			if err := r.absorb(context.Background(), w, outcome{}); err != nil {
				t.Fatal(err)
			}
		}
		r.judge(w)
		ch := channel(t, r.show("yesterday", time.Time{}), "Shop")
		if ch.Costless || ch.Verdict != c.verdict {
			t.Errorf("%s: %s, %s", name, ch.Verdict, ch.Reason)
		}
		// 16 sales and one that is pending, at 85%
		euros(t, name+": revenue", ch.Now.Metrics.Revenue, "1685.00")
		euros(t, name+": cost", ch.Now.Metrics.Cost, fmt.Sprintf("%.2f", 16.85*float64(c.commission)))
		euros(t, name+": profit", ch.Now.Profit.Micros, fmt.Sprintf("%.2f", 16.85*(45-float64(c.commission))))
		if roas := ch.Now.Metrics.ROAS(); math.Abs(roas.Value-100/float64(c.commission)) > 1e-6 {
			t.Errorf("%s: ROAS %v", name, roas)
		}

		again := r.weigh() // as after a restart
		r.judge(again)
		if now := channel(t, r.show("yesterday", time.Time{}), "Shop"); now.P != ch.P || now.Reason != ch.Reason {
			t.Errorf("%s: %v after a restart, %v before: %s / %s", name, now.P, ch.P, now.Reason, ch.Reason)
		}
		for _, a := range r.alertsNow() {
			if a.Rule == "spend stopped" || a.Rule == "spend spike" {
				t.Errorf("%s: %s of commission", name, a.Rule)
			}
		}
	}
}

// TestProfitPaysNothingBeyondTheCap has ten sales a day that a partner gets 5 for, up to
// 30 a day or 130 a month.
func TestProfitPaysNothingBeyondTheCap(t *testing.T) {
	began := instant(t, "2026-10-29T10:00:00Z")
	for name, c := range map[string]struct {
		monthly bool
		cap     kpi.Micros
		profit  string     // of the seven days: 100 each before payouts
		paid    kpi.Micros // on the last day
		until   kpi.Date   // on hold
	}{
		"a day":   {false, 30, "490.00", 30, kpi.NewDate(2026, 11, 18)},
		"a month": {true, 130, "440.00", 0, kpi.NewDate(2026, 11, 17)}, // October: 130 of 150, November: 130 of 200, spent by the third
	} {
		r := network(t, began, "publisher", kpi.Economics{Margin: 500_000, Payout: kpi.CPA, PayoutAmount: 5 * kpi.MicrosPerUnit, PayoutCap: c.cap * kpi.MicrosPerUnit, PayoutCapMonthly: c.monthly, HoldDays: 14})
		var at time.Time
		for day := range 7 { // 29 October to 4 November, Berlin
			at = began.AddDate(0, 0, day)
			var sales []sources.Event
			for i := range 10 {
				e := decided(sale(fmt.Sprint(day, "/", i), at.Add(-2*time.Hour), 20, 0), true)
				sales = append(sales, e)
			}
			r.transact(at, sales...)
		}
		euros(t, name+": profit", channel(t, r.show("2026-10-29..2026-11-04", time.Time{}), "Shop").Now.Profit.Micros, c.profit)
		days := channel(t, r.show("2026-10-29..2026-11-04", time.Time{}), "Shop")
		if days.Now.Payable.Until != c.until {
			t.Errorf("%s: on hold until %s", name, days.Now.Payable.Until)
		}
		sum, week := kpi.Micros(0), kpi.DateRange{From: kpi.NewDate(2026, 10, 29), To: kpi.NewDate(2026, 11, 4)}
		for _, d := range days.Days {
			if week.Contains(d.Date) {
				sum += d.Figures.Profit.Micros
			}
		}
		if sum != days.Now.Profit.Micros {
			t.Errorf("%s: the days earn %s, and the week %s", name, sum.Decimal(2), days.Now.Profit.Micros.Decimal(2))
		}
		uncapped := kpi.Micros(0)
		for _, one := range days.Campaigns {
			uncapped += one.Now.Profit.Micros
		}
		euros(t, name+": what the cap is worth", days.Now.Profit.Micros-uncapped, days.Now.Payable.Capped.Decimal(2))
		if days.Now.Payable.Capped == 0 {
			t.Errorf("%s: the cap changes nothing", name)
		}
		last := channel(t, r.show("2026-11-04..2026-11-04", time.Time{}), "Shop").Now
		paid := 50*kpi.MicrosPerUnit - last.Payable.Capped
		if paid != c.paid*kpi.MicrosPerUnit {
			t.Errorf("%s: %s is paid on the last day, want %d", name, paid.Decimal(2), c.paid)
		}
	}
}

// TestPendingResultsOfACampaignGrowOlderWithoutNews: they count at the rate of their age,
// as they do after a restart. Those of the first week are decided after five days.
func TestPendingResultsOfACampaignGrowOlderWithoutNews(t *testing.T) {
	began := instant(t, "2026-11-02T10:00:00Z")
	r := newRig(t, began, func(r *rig, o *Options) {
		o.Sources = []Source{{Name: "awin", Definition: awin.Definition(), Every: time.Hour}, {Name: "ads", Definition: sources.Definition{Type: "told", Gives: kpi.Cost, Grain: sources.Hour}, Every: time.Hour}}
		o.Channels[0].Spend, o.Channels[0].Results = []string{"ads"}, "awin"
		o.Claim = func(source, _ string, _ sources.Entity) Claim {
			if source == "ads" {
				return Claim{Channel: 0, Fields: kpi.Cost}
			}
			return Claim{Channel: 0, Fields: kpi.Conversions | kpi.Revenue}
		}
	})
	account := sources.Account{ID: "7", Name: "Ads", Currency: "EUR", Zone: r.o.Zone}
	spend := func(at time.Time) {
		date, hour := kpi.HourOf(at.Add(-2*time.Hour), account.Zone)
		r.clock.set(at)
		err := r.commit(t.Context(), store.Batch{Source: "ads", Type: "told", Account: account, ObservedAt: at, Gives: kpi.Cost,
			Query:   sources.Query{Account: account, Days: kpi.DateRange{From: date - 1, To: date + 1}, Level: sources.LevelCampaign, Grain: sources.Hour},
			Receipt: sources.Receipt{CompleteThrough: at.Add(-time.Hour)},
			Records: []sources.Record{sources.Row{Entity: sources.Entity{Level: sources.LevelCampaign, ID: "1", Name: "spring"}, Slot: sources.Slot{Date: date, Grain: sources.Hour, Hour: hour}, Metrics: kpi.Metrics{Has: kpi.Cost, Cost: 50 * kpi.MicrosPerUnit}}}})
		if err != nil {
			t.Fatal(err)
		}
	}
	counted := func(w *weigher) (sum float64) {
		for _, slot := range w.channels[0].campaigns[0].keyed {
			for _, f := range slot {
				sum += f.conversions
			}
		}
		return sum
	}
	spend(began)
	r.transact(began)
	w := r.weigh()
	var sales []sources.Event
	for day := range 12 {
		at := began.AddDate(0, 0, day).Add(time.Hour)
		spend(at)
		fresh := sale(fmt.Sprint(day), at.Add(-2*time.Hour), 100, 0)
		sales = append(sales, fresh)
		told := []sources.Event{fresh}
		if day >= 5 && day < 11 {
			told = append(told, decided(sales[day-5], day%3 == 0))
		}
		r.transact(at, told...)
		r.judge(w)
	}
	live := counted(w)
	again := r.weigh()
	r.judge(again)
	if now := counted(again); math.Abs(now-live) > 1e-6 || live == 0 {
		t.Errorf("%v conversions count, and %v after a restart", live, now)
	}
}
