package storetest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/store"
)

// order is an approved order of the shop.
func order(id, campaign string, at time.Time, value int64) sources.Event {
	return sources.Event{ID: id, Kind: "order", Time: at, Status: sources.Approved, Value: kpi.Micros(value) * kpi.MicrosPerUnit, Currency: "EUR", Key: sources.Key{Campaign: campaign}}
}

// shop is an answer of a shop in Berlin.
func shop(at time.Time, records ...sources.Record) store.Batch {
	b := batch(at, records...)
	b.Source, b.Type = "shop", "shopify"
	b.Query.Level = sources.LevelKey
	b.Gives = kpi.Conversions | kpi.Revenue
	return b
}

func orders(n, value int64) kpi.Metrics {
	return kpi.Metrics{Has: kpi.Conversions | kpi.Revenue, Conversions: kpi.Micros(n) * kpi.MicrosPerUnit, Revenue: kpi.Micros(value) * kpi.MicrosPerUnit}
}

func events(t *testing.T, f *fixture) {
	const spring, summer = "utm_campaign=spring", "utm_campaign=summer"
	first := order("1", "spring", start, 10)
	second := order("2", "spring", start.Add(10*time.Minute), 20)
	f.commit(shop(at(0), first, second))
	f.commit(shop(at(5), first)) // a repeat
	second.Value, second.Refunded = 15_000_000, 5_000_000
	f.commit(shop(at(10), second))
	first.Key.Campaign = "summer"
	f.commit(shop(at(15), first))
	second.Status = sources.Rejected
	f.commit(shop(at(20), second))
	second.Status = sources.Pending
	second.Time = second.Time.Add(time.Hour)
	f.commit(shop(at(25), second))

	for minute, want := range map[int][2]kpi.Metrics{
		0:  {orders(2, 30), {}},
		9:  {orders(2, 30), {}},
		10: {orders(2, 25), {}},
		15: {orders(1, 15), orders(1, 10)},
		20: {orders(0, 0), orders(1, 10)},
		25: {orders(1, 15), orders(1, 10)},
	} {
		f.wantTotal(spring, today, at(minute), want[0])
		f.wantTotal(summer, today, at(minute), want[1])
	}
	spread := map[int]kpi.Metrics{}
	for _, v := range must[[]store.Version](t)(f.Hours(ctx, days(today, today), at(25), nil)) {
		if v.Entity == f.ids()[spring] {
			spread[v.Slot.Hour] = v.Metrics
		}
	}
	if len(spread) != 2 || spread[10] != orders(0, 0) || spread[11] != orders(1, 15) {
		t.Errorf("hours of %s: %v", spring, spread)
	}
}

// mergedEvents pushes an order in parts: its value, a message without one, and an
// older status. Merge is asked about each but the first, of one batch too.
func mergedEvents(t *testing.T, f *fixture) {
	const spring = "utm_campaign=spring"
	asked := 0
	push := func(minute int, records ...sources.Record) {
		b := shop(at(minute), records...)
		b.Merge = func(known, reported sources.Event) (sources.Event, bool) {
			asked++
			if reported.Status == sources.Pending || known == reported {
				return known, false
			}
			known.Status = reported.Status
			if reported.Currency != "" {
				known.Value = reported.Value
			}
			return known, true
		}
		f.commit(b)
	}
	whole := order("1", "spring", start, 10)
	part := sources.Event{ID: "1", Kind: "order", Time: start.Add(3 * time.Hour), Status: sources.Approved}
	pending, rejected := part, part
	pending.Status, rejected.Status = sources.Pending, sources.Rejected
	push(0, whole, part, pending)
	push(5, pending)
	f.wantTotal(spring, today, at(5), orders(1, 10))
	push(10, rejected, order("2", "spring", start, 7))
	f.wantTotal(spring, today, at(9), orders(1, 10))
	f.wantTotal(spring, today, at(10), orders(1, 7))
	if asked != 4 {
		t.Errorf("Merge was asked %d times, want once for each message but the first of each order", asked)
	}
	if _, strange := f.ids()["none"]; strange {
		t.Error("a message without an origin made an entity of its own")
	}
}

// pendingApart has a pending order that was stored before pending ones stood apart,
// and one that costs something.
func pendingApart(t *testing.T, f *fixture) {
	assign := store.Channels{Hash: "pending", Of: func(e store.Entity) store.Assignment {
		return store.Assignment{Channel: "Shop", Fields: kpi.AllFields, Pending: e.Action == sources.Undecided}
	}}
	if err := f.Assign(ctx, assign, nil); err != nil {
		t.Fatal(err)
	}
	old, young := order("1", "spring", start, 10), order("2", "spring", start, 20)
	old.Status, young.Status, young.Cost = sources.Pending, sources.Pending, 3_000_000
	f.commit(shop(at(0), old))
	push := func(minute int, e sources.Event) {
		b := shop(at(minute), e)
		b.PendingApart, b.Gives = true, b.Gives|kpi.Cost
		f.commit(b)
	}
	push(5, old)
	push(10, young)
	young.Status = sources.Approved
	push(15, young)
	old.Status, old.Value = sources.Rejected, 0
	push(20, old)

	paid := func(n, value, cost int64) kpi.Metrics {
		m := orders(n, value)
		m.Has, m.Cost = m.Has|kpi.Cost, kpi.Micros(cost)*kpi.MicrosPerUnit
		return m
	}
	for minute, want := range map[int][2]kpi.Metrics{ // decided, pending
		0: {orders(1, 10)}, 5: {paid(0, 0, 0), paid(1, 10, 0)}, 10: {paid(0, 0, 0), paid(2, 30, 3)}, 15: {paid(1, 20, 3), paid(1, 10, 0)}, 20: {paid(1, 20, 3), paid(0, 0, 0)},
	} {
		var got [2]kpi.Metrics
		for _, v := range must[[]store.PartVersion](t)(f.ChannelDays(ctx, assign, days(today, today), at(minute))) {
			n := 0
			if v.Part.Pending {
				n = 1
			}
			got[n] = v.Metrics
		}
		if got != want {
			t.Errorf("minute %d: decided %+v, pending %+v; want %+v", minute, got[0], got[1], want)
		}
	}
}

// statuses asks for those of one account, made since an instant, as of another.
func statuses(t *testing.T, f *fixture) {
	early, late := order("1", "spring", start, 10), order("2", "spring", start.Add(time.Hour), 20)
	early.Status, late.Status = sources.Pending, sources.Pending
	f.commit(shop(at(70), early, late))
	early.Status, late.Status = sources.Approved, sources.Rejected
	f.commit(shop(at(80), early))
	f.commit(shop(at(90), late))
	other := shop(at(95), order("1", "spring", start, 10))
	other.Account.ID = "other"
	f.commit(other)
	ask := func(since, asOf time.Time) (got []string) {
		for v, err := range f.Statuses(ctx, "shop", "1", since, asOf) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, v.Made.Format("15:04 ")+v.At.Format("15:04 ")+[]string{"", "approved", "pending", "rejected"}[v.Status])
		}
		return got
	}
	for _, c := range []struct {
		since, asOf time.Time
		want        []string
	}{
		{start, at(69), nil},
		{start, at(80), []string{"09:00 10:10 pending", "09:00 10:20 approved", "10:00 10:10 pending"}},
		{at(60), at(99), []string{"10:00 10:10 pending", "10:00 10:30 rejected"}},
	} {
		if got := ask(c.since, c.asOf); !slices.Equal(got, c.want) {
			t.Errorf("since %s, as of %s: %q, want %q", c.since.Format("15:04"), c.asOf.Format("15:04"), got, c.want)
		}
	}
	for range f.Statuses(ctx, "shop", "1", start, at(99)) {
		break // who has seen enough may stop
	}
}

func pastEvents(_ *testing.T, f *fixture) {
	const spring = "utm_campaign=spring"
	old, young := order("1", "spring", start, 10), order("2", "spring", start, 20)
	f.commit(shop(at(20), young))
	f.commit(shop(at(10), old))
	young.Value = 5_000_000
	f.commit(shop(at(15), young))
	for minute, want := range map[int]kpi.Metrics{9: {}, 10: orders(1, 10), 15: orders(2, 15), 19: orders(2, 15), 20: orders(2, 30), 99: orders(2, 30)} {
		f.wantTotal(spring, today, at(minute), want)
	}
}

func foreignEvent(t *testing.T, f *fixture) {
	dollars := order("77", "spring", start, 10)
	dollars.Currency = "USD"
	if _, err := f.Commit(ctx, shop(at(0), order("1", "spring", start, 10), dollars)); err == nil || !strings.Contains(err.Error(), "77") || !strings.Contains(err.Error(), "USD") {
		t.Errorf("error %v does not name the event and its currency", err)
	}
	f.wantTotal("utm_campaign=spring", today, at(0), kpi.Metrics{})
}

func longDay(t *testing.T, f *fixture) {
	autumn := kpi.NewDate(2026, 10, 25) // Berlin puts the clock back at 3
	before := order("1", "spring", time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC), 1)
	after := order("2", "spring", time.Date(2026, 10, 25, 1, 30, 0, 0, time.UTC), 2)
	late := order("3", "spring", time.Date(2026, 10, 25, 22, 30, 0, 0, time.UTC), 4)
	f.commit(shop(at(0), before, after, late))
	var got []int
	for _, v := range must[[]store.Version](t)(f.Hours(ctx, days(autumn, autumn), at(0), nil)) {
		got = append(got, v.Slot.Hour)
	}
	if len(got) != 3 || got[0] != 2 || got[1] != 3 || got[2] != 24 {
		t.Errorf("hours %v, want 2, 3 and 24", got)
	}
	f.wantTotal("utm_campaign=spring", autumn, at(0), orders(3, 7))
}

// messages keeps what senders said with the events, whole or not at all.
func messages(t *testing.T, f *fixture) {
	say := func(text string) sources.Message { return sources.Message{Text: text} }
	f.commit(shop(at(0), order("1", "spring", start, 10), say("payout=10&txid=T+1%2F2")))
	f.commit(shop(at(60*24), say("txid=T2"), say("cid=T2&txid=T3"), say("txid=T22"), say("status=%5Bleft+out%5D")))
	for _, bad := range []string{"txid=\x1b[2J", "txid=a b", "txid=" + strings.Repeat("x", 5000)} {
		if _, err := f.Commit(ctx, shop(at(61*24), order("9", "spring", start, 10), say(bad))); err == nil {
			t.Errorf("%.20q was stored", bad)
		}
	}
	f.wantTotal("utm_campaign=spring", today, at(62*24), orders(1, 10))
	ask := func(value string) (texts []string) {
		for _, m := range must[[]store.Message](t)(f.Messages(ctx, value, 10)) {
			if m.Source != "shop" || m.Account != "1" || m.At.IsZero() {
				t.Errorf("%+v", m)
			}
			texts = append(texts, m.Text)
		}
		return texts
	}
	for value, want := range map[string][]string{"T 1/2": {"payout=10&txid=T+1%2F2"}, "T2": {"cid=T2&txid=T3", "txid=T2"}, "txid": nil, "T": nil, "' OR 1 --": nil} {
		if got := ask(value); !slices.Equal(got, want) {
			t.Errorf("%q finds %q, want %q", value, got, want)
		}
	}
	if got := must[[]store.Message](t)(f.Messages(ctx, "T2", 1)); len(got) != 1 {
		t.Errorf("%d are found where one is asked for", len(got))
	}
	long := store.Retention{Detail: 1000 * 24 * time.Hour, Hourly: 1000 * 24 * time.Hour, History: 1000 * 24 * time.Hour}
	for {
		more, err := f.Thin(ctx, at(0).AddDate(0, 0, 90).Add(time.Hour), long)
		if err != nil {
			t.Fatal(err)
		}
		if !more {
			break
		}
	}
	if old, young := ask("T 1/2"), ask("T3"); len(old) != 0 || len(young) != 1 {
		t.Errorf("after ninety days %q and %q are left", old, young)
	}
}

// findEvents has one event in two accounts, one of which lets go of it.
func findEvents(t *testing.T, f *fixture) {
	first, second := order("1", "spring", start, 10), order("2", "summer", start, 20)
	first.ClickID, first.Cost, first.New = "c", 3_000_000, true
	f.commit(shop(at(0), first, second))
	other := shop(at(5), first)
	other.Account.ID = "other"
	f.commit(other)
	foreign := shop(at(6), order("3", "spring", start, 1))
	foreign.Source = "elsewhere"
	f.commit(foreign)
	find := func(want ...store.AccountEvent) {
		t.Helper()
		got := must[[]store.AccountEvent](t)(f.Events(ctx, "shop", []string{"1", "3", "4"}))
		slices.SortFunc(got, func(a, b store.AccountEvent) int { return strings.Compare(a.Account, b.Account) })
		if !slices.Equal(got, want) {
			t.Errorf("found %+v, want %+v", got, want)
		}
	}
	find(store.AccountEvent{Account: "1", Event: first}, store.AccountEvent{Account: "other", Event: first})
	gone := first
	gone.Status, gone.Value = sources.Test, 0
	f.commit(shop(at(10), gone))
	find(store.AccountEvent{Account: "other", Event: first})
	asked := []string{"1\x00"} // which stay the caller's
	if got := must[[]store.AccountEvent](t)(f.Events(ctx, "shop", asked)); len(got) != 1 || asked[0] != "1\x00" {
		t.Errorf("asked for %q, found %+v", asked, got)
	}
}
