package storetest

import (
	"errors"
	"math"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/store"
)

func nothingBeforeObservation(t *testing.T, f *fixture) {
	f.commit(batch(at(5), row("a", hour(today, 3), spent(1, 1, 4))))
	for _, asOf := range []time.Time{at(5).Add(-1), {}} {
		if got := must[[]store.Total](t)(f.Days(ctx, days(today, today), asOf, nil)); len(got) != 0 {
			t.Errorf("days as of %s: %v", asOf, got)
		}
		if got := must[[]store.Version](t)(f.Hours(ctx, days(today, today), asOf, nil)); len(got) != 0 {
			t.Errorf("hours as of %s: %v", asOf, got)
		}
		if got := must[[]store.Entity](t)(f.Entities(ctx, asOf)); len(got) != 0 {
			t.Errorf("entities as of %s: %v", asOf, got)
		}
		if got := must[[]store.Account](t)(f.Accounts(ctx, asOf)); len(got) != 0 {
			t.Errorf("accounts as of %s: %v", asOf, got)
		}
		if got := must[[]store.Health](t)(f.Health(ctx, asOf)); len(got) != 0 {
			t.Errorf("health as of %s: %v", asOf, got)
		}
	}
	f.wantTotal("a", today, at(5), spent(1, 1, 4))
	if total, _ := f.total("a", today, at(9)); !total.At.Equal(at(5)) {
		t.Errorf("total is of %s, want %s", total.At, at(5))
	}
	if accounts := must[[]store.Account](t)(f.Accounts(ctx, at(5))); len(accounts) != 1 || accounts[0].Name != "Acme" || accounts[0].Zone.String() != "Europe/Berlin" || accounts[0].Type != "meta_ads" {
		t.Errorf("accounts: %v", accounts)
	}
}

func unchangedPoll(t *testing.T, f *fixture) {
	first := f.commit(batch(at(0), row("a", hour(today, 3), spent(1, 1, 4)), row("b", hour(today, 3), spent(2, 0, 0))))
	if len(first.Versions) != 2 || !first.Entities {
		t.Errorf("first commit changed %+v", first)
	}
	second := f.commit(batch(at(5), row("b", hour(today, 3), spent(2, 0, 0)), row("a", hour(today, 3), spent(1, 1, 4))))
	if len(second.Versions) != 0 || second.Entities || second.Seq <= first.Seq {
		t.Errorf("unchanged commit changed %+v after seq %d", second, first.Seq)
	}
	polls := must[[]store.Poll](t)(f.Polls(ctx, at(0), at(5)))
	if len(polls) != 2 || polls[0].Changed != 2 || polls[1].Changed != 0 || polls[1].Kind != 0 || !polls[1].CompleteThrough.Equal(at(5-60)) || polls[1].Days != days(today, today) {
		t.Errorf("polls: %+v", polls)
	}
	if polls := must[[]store.Poll](t)(f.Polls(ctx, at(1), at(4))); len(polls) != 0 {
		t.Errorf("polls between: %+v", polls)
	}
}

func restatements(t *testing.T, f *fixture) {
	steps := []kpi.Metrics{spent(1, 0, 0), spent(3, 1, 9), spent(2, 1, 9), spent(2, 0, 0)}
	for i, m := range steps {
		f.commit(batch(at(5*i), row("a", hour(today, 3), m), row("a", hour(today, 4), spent(5, 0, 0))))
	}
	for i, m := range steps {
		sum, err := m.Add(spent(5, 0, 0))
		if err != nil {
			t.Fatal(err)
		}
		f.wantTotal("a", today, at(5*i+4), sum)
	}
	seen := 0
	var last time.Time
	for v, err := range f.Versions(ctx, days(today, today), at(99)) {
		if err != nil {
			t.Fatal(err)
		}
		if v.At.Before(last) {
			t.Errorf("version of %s comes after one of %s", v.At, last)
		}
		seen, last = seen+1, v.At
	}
	if seen != len(steps)+1 {
		t.Errorf("%d versions, want %d", seen, len(steps)+1)
	}
	for range f.Versions(ctx, days(today, today), at(99)) {
		break
	}
	f.wantTotal("a", today, at(99), spent(7, 0, 0))
}

func absence(t *testing.T, f *fixture) {
	yesterday := today - 1
	full := batch(at(0), row("a", hour(today, 3), spent(1, 1, 4)), row("b", hour(today, 3), spent(2, 1, 4)),
		row("a", day(today), spent(9, 9, 9)), row("a", hour(yesterday, 3), spent(3, 1, 4)))
	group := row("g", hour(today, 3), spent(4, 1, 4))
	group.Entity.Level = sources.LevelAdGroup
	full.Records = append(full.Records, group)
	f.commit(full)
	byNetwork := batch(at(1), row("a", hour(today, 3), spent(1, 1, 4)))
	byNetwork.Query.Breakdown = "network"
	byNetwork.Records[0] = func() sources.Row { r := byNetwork.Records[0].(sources.Row); r.Entity.Breakdown = "search"; return r }()
	f.commit(byNetwork)
	other := batch(at(2), row("x", hour(today, 3), spent(6, 1, 4)))
	other.Account.ID = "2"
	f.commit(other)

	f.commit(batch(at(5), row("a", hour(today, 3), spent(1, 1, 4)))) // b is missing
	f.wantTotal("b", today, at(5), spent(2, 1, 4))

	omits := batch(at(10), row("a", hour(today, 3), spent(1, 1, 4)))
	omits.OmitsZeros = true
	omits.Gives = kpi.Cost | kpi.Clicks
	change := f.commit(omits)
	if len(change.Versions) != 1 || change.Versions[0].Metrics != (kpi.Metrics{Has: kpi.Cost | kpi.Clicks}) {
		t.Errorf("changed %+v, want one observed zero", change.Versions)
	}
	f.wantTotal("b", today, at(9), spent(2, 1, 4))
	f.wantTotal("b", today, at(10), kpi.Metrics{Has: kpi.Cost | kpi.Clicks})
	f.wantTotal("a", today, at(10), spent(9, 9, 9))
	f.wantTotal("a", yesterday, at(10), spent(3, 1, 4))
	f.wantTotal("g", today, at(10), spent(4, 1, 4))
	f.wantTotal("x", today, at(10), spent(6, 1, 4))
	f.wantTotal("a/search", today, at(10), spent(1, 1, 4))

	omits.ObservedAt = at(15)
	if change := f.commit(omits); len(change.Versions) != 0 {
		t.Errorf("a second zero was stored: %+v", change.Versions)
	}
}

func missing(t *testing.T, f *fixture) {
	f.commit(batch(at(0), row("a", hour(today, 3), kpi.Metrics{Has: kpi.Cost, Cost: 7, Clicks: 99, Revenue: 99})))
	f.wantTotal("a", today, at(0), kpi.Metrics{Has: kpi.Cost, Cost: 7})
	f.commit(batch(at(5), row("a", hour(today, 3), kpi.Metrics{Has: kpi.Cost | kpi.Clicks, Cost: 7})))
	f.wantTotal("a", today, at(0), kpi.Metrics{Has: kpi.Cost, Cost: 7})
	f.wantTotal("a", today, at(5), kpi.Metrics{Has: kpi.Cost | kpi.Clicks, Cost: 7})
}

func daySlot(t *testing.T, f *fixture) {
	f.commit(batch(at(0), row("a", hour(today, 3), spent(1, 0, 0)), row("a", hour(today, 4), spent(2, 0, 0))))
	whole := batch(at(5), row("a", day(today), spent(4, 2, 8)))
	whole.Query.Grain = sources.Day
	f.commit(whole)
	f.commit(batch(at(10), row("a", hour(today, 3), spent(5, 0, 0))))
	f.wantTotal("a", today, at(4), spent(3, 0, 0))
	f.wantTotal("a", today, at(5), spent(4, 2, 8))
	f.wantTotal("a", today, at(10), spent(4, 2, 8))
	if total, _ := f.total("a", today, at(10)); !total.At.Equal(at(5)) {
		t.Errorf("the total is of %s, want the day slot's %s", total.At, at(5))
	}
	hours := must[[]store.Version](t)(f.Hours(ctx, days(today, today), at(10), nil))
	if len(hours) != 2 || hours[0].Slot.Hour != 3 || hours[0].Metrics != spent(5, 0, 0) || hours[1].Slot.Hour != 4 {
		t.Errorf("hours: %+v", hours)
	}
}

func vanishedField(_ *testing.T, f *fixture) {
	f.commit(batch(at(0), row("a", hour(today, 3), spent(1, 1, 4))))
	f.commit(batch(at(5), row("a", hour(today, 3), spent(1, 1, 4).Only(kpi.Cost))))
	f.wantTotal("a", today, at(0), spent(1, 1, 4))
	f.wantTotal("a", today, at(5), spent(1, 1, 4).Only(kpi.Cost))
}

func renames(t *testing.T, f *fixture) {
	for i, name := range []string{"Spring", "Spring", "Summer", "Spring"} {
		r := row("a", hour(today, 3), spent(1, 0, 0))
		r.Entity.Name = name
		if change := f.commit(batch(at(5*i), r)); change.Entities != (i != 1) {
			t.Errorf("commit %d: Entities is %v", i, change.Entities)
		}
	}
	for minute, want := range map[int]string{0: "Spring", 9: "Spring", 10: "Summer", 14: "Summer", 15: "Spring"} {
		if got := must[[]store.Entity](t)(f.Entities(ctx, at(minute))); len(got) != 1 || got[0].Name != want || got[0].Source != "ads" || got[0].Account != "1" {
			t.Errorf("as of minute %d: %+v, want %s", minute, got, want)
		}
	}
}

func backdated(t *testing.T, f *fixture) {
	f.commit(batch(at(10), row("a", hour(today, 3), spent(1, 0, 0))))
	f.commit(batch(at(20), row("a", hour(today, 3), spent(1, 0, 0))))
	f.commit(batch(at(30), row("a", hour(today, 3), spent(3, 0, 0))))

	past := batch(at(15), row("a", hour(today, 3), spent(2, 0, 0)))
	past.Records[0] = func() sources.Row { r := past.Records[0].(sources.Row); r.Entity.Name = "Then"; return r }()
	past.Receipt.State = []byte("old")
	f.commit(past)
	f.commit(batch(at(5), row("a", hour(today, 3), spent(1, 0, 0))))
	for minute, want := range map[int]int64{5: 1, 10: 1, 15: 2, 19: 2, 20: 1, 29: 1, 30: 3, 99: 3} {
		f.wantTotal("a", today, at(minute), spent(want, 0, 0))
	}
	for minute, want := range map[int]string{14: "Campaign a", 15: "Then", 20: "Campaign a", 99: "Campaign a"} {
		if got := must[[]store.Entity](t)(f.Entities(ctx, at(minute))); len(got) != 1 || got[0].Name != want {
			t.Errorf("as of minute %d: %+v, want %s", minute, got, want)
		}
	}
	if total, _ := f.total("a", today, at(99)); !total.At.Equal(at(30)) {
		t.Errorf("the newest total is of %s", total.At)
	}
	if state := must[[]byte](t)(f.State(ctx, "ads", "1")); state != nil {
		t.Errorf("state %q is that of a past poll", state)
	}
}

func sameInstant(t *testing.T, f *fixture) {
	f.commit(batch(at(0), row("a", hour(today, 3), spent(1, 0, 0))))
	f.commit(batch(at(5), row("a", hour(today, 3), spent(2, 0, 0))))
	f.commit(batch(at(5), row("a", hour(today, 3), spent(3, 0, 0))))
	f.wantTotal("a", today, at(4), spent(1, 0, 0))
	f.wantTotal("a", today, at(5), spent(3, 0, 0))
	f.commit(batch(at(5), row("a", hour(today, 3), spent(1, 0, 0))))
	f.wantTotal("a", today, at(5), spent(1, 0, 0))
	hours := must[[]store.Version](t)(f.Hours(ctx, days(today, today), at(5), nil))
	if len(hours) != 1 || hours[0].Metrics != spent(1, 0, 0) {
		t.Errorf("hours: %+v", hours)
	}
}

func overflow(t *testing.T, f *fixture) {
	f.commit(batch(at(0), row("a", hour(today, 3), spent(1, 0, 0))))
	huge := kpi.Metrics{Has: kpi.Cost, Cost: 1 << 61}
	for name, b := range map[string]store.Batch{
		"a value":     batch(at(5), row("b", hour(today, 3), kpi.Metrics{Has: kpi.Cost, Cost: math.MaxInt64})),
		"a sum":       batch(at(5), row("b", hour(today, 1), huge), row("b", hour(today, 2), huge), row("b", hour(today, 3), huge), row("b", hour(today, 4), huge)),
		"an hour":     batch(at(5), row("b", hour(today, 25), spent(1, 0, 0))),
		"a date":      batch(at(5), row("b", hour(-1, 3), spent(1, 0, 0))),
		"an instant":  batch(time.Time{}, row("b", hour(today, 3), spent(1, 0, 0))),
		"the quota":   func() store.Batch { b := batch(at(5)); b.Receipt.Quota.Used = math.NaN(); return b }(),
		"the state":   func() store.Batch { b := batch(at(5)); b.Receipt.State = make([]byte, 64<<10+1); return b }(),
		"the zone":    func() store.Batch { b := batch(at(5)); b.Account.Zone = nil; return b }(),
		"an empty id": batch(at(5), row("", hour(today, 3), spent(1, 0, 0))),
	} {
		if _, err := f.Commit(ctx, b); err == nil {
			t.Errorf("%s out of range was stored", name)
		} else if (name == "a value" || name == "a sum") && !errors.Is(err, kpi.ErrOverflow) {
			t.Errorf("%s: %v", name, err)
		}
	}
	f.wantTotal("a", today, at(9), spent(1, 0, 0))
	if polls := must[[]store.Poll](t)(f.Polls(ctx, at(-9), at(9))); len(polls) != 1 || len(f.ids()) != 1 {
		t.Errorf("a refused batch left polls %v, entities %v", polls, f.ids())
	}
	f.commit(batch(at(6), row("b", hour(today, 3), spent(2, 0, 0))))
	f.wantTotal("b", today, at(6), spent(2, 0, 0))
}

func cleanText(t *testing.T, f *fixture) {
	r := row("a", hour(today, 3), spent(1, 0, 0))
	r.Entity.Name = "Spring\x1b[2J\nSale"
	f.commit(batch(at(0), r))
	if change := f.commit(batch(at(5), r)); change.Entities || len(change.Versions) != 0 {
		t.Errorf("the same unclean name is news: %+v", change)
	}
	if got := must[[]store.Entity](t)(f.Entities(ctx, at(5))); len(got) != 1 || got[0].Name != "Spring[2J Sale" {
		t.Errorf("entities: %+v", got)
	}
}
