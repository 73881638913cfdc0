package storetest

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/store"
)

func moments(t *testing.T, f *fixture) {
	for _, poll := range []struct {
		minute int
		cost   int64
	}{{0, 1}, {5, 1}, {10, 2}, {20, 3}} { // that at 5 brings nothing new
		f.commit(batch(at(poll.minute), row("a", hour(today, 3), spent(poll.cost, 0, 0))))
	}
	f.commit(insideOf("a", at(25), group("g", "a", spent(9, 0, 0))))
	none := 1 << 20
	for _, c := range []struct{ asOf, earlier, later int }{
		{-5, none, 0}, {0, none, 10}, {3, none, 10}, {5, none, 10}, {10, 0, none}, {15, 0, none}, {20, 10, none}, {25, 10, none}, {99, 10, none},
	} {
		earlier, later, err := f.Moments(ctx, at(c.asOf))
		if err != nil {
			t.Fatal(err)
		}
		for what, pair := range map[string]struct {
			got  time.Time
			want int
		}{"earlier": {earlier, c.earlier}, "later": {later, c.later}} {
			if want := at(pair.want); pair.want == none && !pair.got.IsZero() || pair.want != none && !pair.got.Equal(want) {
				t.Errorf("%s than minute %d is %s, want minute %d", what, c.asOf, pair.got, pair.want)
			}
		}
	}
}

// thinnedMoments walks through an old and thinned history: between two moments
// nothing changes, and the way back is the way forth.
func thinnedMoments(t *testing.T, f *fixture) {
	w := &world{Rand: rand.New(rand.NewPCG(6, 7)), pace: 151, turn: 1 << 30}
	w.assign(f, byName)
	for range 120 {
		b := w.poll()
		w.batches = append(w.batches, b)
		f.commit(b)
	}
	w.thin(f, store.Retention{Detail: 30 * time.Hour, Hourly: 4 * 24 * time.Hour, History: 1000 * 24 * time.Hour})
	var steps []time.Time
	for asOf := at(w.clock); ; {
		earlier, _, err := f.Moments(ctx, asOf)
		if err != nil {
			t.Fatal(err)
		}
		if earlier.IsZero() {
			break
		}
		if exact, _, err := f.Exact(ctx, earlier); err != nil || !exact.Equal(earlier) || !earlier.Before(asOf) {
			t.Fatalf("%s is before %s, and answered as of %s (%v)", earlier, asOf, exact, err)
		}
		steps, asOf = append(steps, earlier), earlier
	}
	slices.Reverse(steps)
	if len(steps) < 10 {
		t.Fatalf("only %d moments", len(steps))
	}
	for i, step := range steps {
		_, later, err := f.Moments(ctx, step)
		if err != nil || i+1 < len(steps) && !later.Equal(steps[i+1]) || i+1 == len(steps) && !later.IsZero() {
			t.Fatalf("later than %s is %s (%v), moment %d of %d", step, later, err, i, len(steps))
		}
	}
	for range 40 {
		instant := at(w.IntN(w.clock))
		i, found := slices.BinarySearchFunc(steps, instant, time.Time.Compare)
		if !found {
			i--
		}
		if i < 0 || i+1 == len(steps) {
			continue
		}
		got, want := w.got(f, instant), w.got(f, steps[i])
		same(f, "days between two moments", instant, got.days, want.days)
		same(f, "hours between two moments", instant, got.hours, want.hours)
	}
}

// group is a row of an ad group of a campaign for the whole of today.
func group(id, campaign string, m kpi.Metrics) sources.Row {
	r := row(id, day(today), m)
	r.Entity.Level, r.Entity.Parent = sources.LevelAdGroup, campaign
	return r
}

// insideOf is a complete answer about the ad groups of one campaign.
func insideOf(campaign string, at time.Time, records ...sources.Record) store.Batch {
	b := batch(at, records...)
	b.Query.Level, b.Query.Parent, b.Query.Grain, b.OmitsZeros = sources.LevelAdGroup, campaign, sources.Day, true
	return b
}

func inside(t *testing.T, f *fixture) {
	regular := batch(at(0), row("a", hour(today, 3), spent(1, 1, 4)), row("b", hour(today, 3), spent(2, 1, 4)))
	regular.Receipt.Expires = at(5000)
	f.commit(regular)
	f.commit(insideOf("a", at(5), group("a1", "a", spent(1, 0, 0)), group("a2", "a", spent(3, 0, 0))))
	f.commit(insideOf("b", at(6), group("b1", "b", spent(4, 0, 0))))
	change := f.commit(insideOf("a", at(10), group("a2", "a", spent(3, 0, 0)))) // a1 is absent: zero, b1 was not asked for
	if len(change.Parts) != 0 {
		t.Errorf("it counts for channels: %+v", change.Parts)
	}
	f.wantTotal("a1", today, at(9), spent(1, 0, 0))
	f.wantTotal("a1", today, at(10), spent(0, 0, 0))
	f.wantTotal("a2", today, at(10), spent(3, 0, 0))
	f.wantTotal("b1", today, at(10), spent(4, 0, 0))
	f.wantTotal("a", today, at(10), spent(1, 1, 4))
	f.wantTotal("b", today, at(10), spent(2, 1, 4))

	// Fitted into the past, it still speaks of its own campaign only.
	f.commit(insideOf("b", at(8)))
	f.wantTotal("b1", today, at(7), spent(4, 0, 0))
	f.wantTotal("b1", today, at(8), spent(0, 0, 0))
	f.wantTotal("a2", today, at(8), spent(3, 0, 0))

	failed := store.Failure{Source: "ads", Account: "1", At: at(12), Query: sources.Query{Level: sources.LevelAdGroup, Parent: "a"}, Err: sources.Errorf(sources.Unavailable, "down")}
	if err := f.Fail(ctx, failed); err != nil {
		t.Fatal(err)
	}
	healths := must[[]store.Health](t)(f.Health(ctx, at(20)))
	if len(healths) != 1 || !healths[0].Last.At.Equal(at(0)) || !healths[0].Good.At.Equal(at(0)) || !healths[0].Good.Expires.Equal(at(5000)) {
		t.Errorf("health of the account: %+v, want that of its regular poll", healths)
	}
	for minute, want := range map[int][2]time.Time{4: {}, 5: {at(5), at(5)}, 10: {at(10), at(10)}, 12: {at(12), at(10)}} {
		h := must[store.Health](t)(f.Inside(ctx, "ads", "1", sources.Query{Level: sources.LevelAdGroup, Parent: "a"}, at(minute)))
		if !h.Last.At.Equal(want[0]) || !h.Good.At.Equal(want[1]) || !h.Good.At.IsZero() && (h.Good.Level != sources.LevelAdGroup || h.Good.Parent != "a") {
			t.Errorf("minute %d: %+v, want %s and %s", minute, h, want[0], want[1])
		}
	}
	if h := must[store.Health](t)(f.Inside(ctx, "ads", "1", sources.Query{Level: sources.LevelAd, Parent: "a"}, at(20))); !h.Last.At.IsZero() {
		t.Errorf("nobody asked for ads: %+v", h)
	}
	levels := 0
	for _, p := range must[[]store.Poll](t)(f.Polls(ctx, at(-1), at(20))) {
		levels += int(p.Level)
	}
	if want := 2 + 5*3; levels != want {
		t.Errorf("levels of all polls add up to %d, want %d", levels, want)
	}
}

func totals(t *testing.T, f *fixture) {
	whole := func(observed int, days kpi.DateRange, records ...sources.Record) store.Batch {
		b := batch(at(observed), records...)
		b.Query.Level, b.Query.Grain, b.Query.Days, b.OmitsZeros = sources.LevelAccount, sources.Day, days, true
		return b
	}
	account := sources.Row{Entity: sources.Entity{Level: sources.LevelAccount, ID: "1", Name: "Account"}, Slot: sources.Slot{Date: today, Grain: sources.Day}, Metrics: spent(9, 1, 4)}
	one := kpi.DateRange{From: today, To: today}
	f.commit(batch(at(0), row("a", hour(today, 3), spent(1, 1, 4))))
	if change := f.commit(whole(5, one, account)); len(change.Parts) != 0 {
		t.Errorf("it counts for channels: %+v", change.Parts)
	}
	old := kpi.DateRange{From: today - 60, To: today - 40}
	f.commit(whole(6, old)) // history tells nothing of the present
	if err := f.Fail(ctx, store.Failure{Source: "ads", Account: "1", At: at(12), Days: one, Query: sources.Query{Level: sources.LevelAccount}, Err: sources.Errorf(sources.Unavailable, "down")}); err != nil {
		t.Fatal(err)
	}
	f.wantTotal("a", today, at(20), spent(1, 1, 4))
	f.wantTotal("1", today, at(20), spent(9, 1, 4))
	healths := must[[]store.Health](t)(f.Health(ctx, at(20)))
	if len(healths) != 1 || !healths[0].Last.At.Equal(at(0)) {
		t.Errorf("health of the account: %+v, want that of its campaigns", healths)
	}
	if earlier, later, err := f.Moments(ctx, at(20)); err != nil || !earlier.IsZero() || !later.IsZero() {
		t.Errorf("moments %s and %s (%v): the campaigns were the same all the time", earlier, later, err)
	}
	for minute, want := range map[int][2]time.Time{4: {}, 5: {at(5), at(5)}, 10: {at(5), at(5)}, 12: {at(12), at(5)}} {
		h := must[store.Health](t)(f.Totals(ctx, "ads", "1", at(minute)))
		if !h.Last.At.Equal(want[0]) || !h.Good.At.Equal(want[1]) {
			t.Errorf("minute %d: %+v, want %s and %s", minute, h, want[0], want[1])
		}
	}
}

func shares(t *testing.T, f *fixture) {
	told := func(observed int, shares map[string]kpi.Share) store.Batch {
		b := batch(at(observed))
		b.Query.Grain, b.Query.Shares, b.Query.Days, b.OmitsZeros = sources.Day, true, kpi.DateRange{From: today, To: today}, false
		for id, s := range shares {
			b.Records = append(b.Records, sources.Row{Entity: sources.Entity{Level: sources.LevelCampaign, ID: id, Name: id}, Slot: sources.Slot{Date: today, Grain: sources.Day},
				Metrics: kpi.Metrics{Has: kpi.Impressions, Impressions: 100}, ImpressionShare: s})
		}
		return b
	}
	f.commit(batch(at(0), row("a", hour(today, 3), spent(1, 1, 4)), row("b", hour(today, 3), spent(2, 1, 4))))
	half, tenth := kpi.Share{Value: 0.5, Known: true}, kpi.Share{Value: 0.1, Bound: kpi.Below, Known: true}
	if change := f.commit(told(5, map[string]kpi.Share{"a": half, "b": tenth})); len(change.Parts)+len(change.Versions) != 0 {
		t.Errorf("it counts: %+v", change)
	}
	f.commit(told(10, map[string]kpi.Share{"a": half})) // nothing is told of b any more
	days := kpi.DateRange{From: today - 3, To: today + 3}
	for minute, want := range map[int][]kpi.Won{4: nil, 5: {{Impressions: 100, Eligible: 200}, {Impressions: 100, Eligible: 1000, Below: true}}, 10: {{Impressions: 100, Eligible: 200}}} {
		var got []kpi.Won
		all := must[map[store.EntityID]kpi.Won](t)(f.Shares(ctx, "ads", "1", days, at(minute)))
		for _, id := range slices.Sorted(maps.Keys(all)) {
			got = append(got, all[id])
		}
		if !slices.Equal(got, want) {
			t.Errorf("minute %d: %+v, want %+v", minute, got, want)
		}
	}
	if other := must[map[store.EntityID]kpi.Won](t)(f.Shares(ctx, "ads", "2", days, at(20))); len(other) != 0 {
		t.Errorf("another account has %+v", other)
	}
	healths := must[[]store.Health](t)(f.Health(ctx, at(20)))
	if len(healths) != 1 || !healths[0].Last.At.Equal(at(0)) {
		t.Errorf("health of the account: %+v, want that of its campaigns", healths)
	}
	if h := must[store.Health](t)(f.Inside(ctx, "ads", "1", sources.Query{Level: sources.LevelCampaign, Shares: true}, at(20))); !h.Good.At.Equal(at(10)) {
		t.Errorf("the last poll of shares: %+v", h)
	}
	f.wantTotal("a", today, at(20), spent(1, 1, 4))
	if _, err := f.Commit(ctx, told(15, map[string]kpi.Share{"a": {Value: 1.5, Known: true}})); err == nil {
		t.Error("a share above one was stored")
	}
}
