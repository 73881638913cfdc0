package monitor

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
	"adtop/sources"
	"adtop/sources/simulator/world"
)

func TestPollsAreNeverFasterThanThePlatformAllows(t *testing.T) {
	for name, c := range map[string]struct {
		wished   time.Duration
		d        sources.Definition
		accounts int
		every    time.Duration
		why      string
	}{
		"as wished":           {time.Hour, sources.Definition{MinInterval: time.Minute}, 1, time.Hour, "as configured"},
		"nothing newer":       {time.Minute, sources.Definition{Type: "x", MinInterval: 15 * time.Minute}, 1, 15 * time.Minute, "x has nothing newer before 15m"},
		"quota of one":        {time.Minute, sources.Definition{Calls: 2, DailyCalls: 100}, 1, 40 * time.Minute, "2 calls a poll, and the lowest access tier allows 100 a day"},
		"quota of ten":        {time.Minute, sources.Definition{Calls: 2, DailyCalls: 100}, 10, 6 * time.Hour, "20 calls a poll"},
		"quota not known yet": {time.Minute, sources.Definition{Calls: 2, DailyCalls: 100}, 0, 40 * time.Minute, "2 calls"},
		"quota is no limit":   {time.Hour, sources.Definition{Calls: 1, DailyCalls: 1000}, 1, time.Hour, "as configured"},
	} {
		every, why := Source{Every: c.wished, Definition: c.d}.interval(c.accounts)
		if every != c.every || !strings.HasPrefix(why, c.why) {
			t.Errorf("%s: every %s because %q, want %s because %q", name, every, why, c.every, c.why)
		}
	}
}

// planned returns a schedule of an hourly source and the noon it stands at.
func planned(t *testing.T, history int) (*schedule, time.Time) {
	t.Helper()
	zone := zoneOf(t, "Europe/Berlin")
	return &schedule{
		account: sources.Account{ID: "1", Zone: zone},
		source:  Source{Definition: sources.Definition{Grain: sources.Hour, Restates: 30}, History: history},
	}, instant(t, "2026-11-20T11:00:00Z")
}

func TestHistoryIsFetchedOnceNewestFirstByTheHourWhileItIsYoung(t *testing.T) {
	s, now := planned(t, 200)
	today := kpi.DateOf(now, s.account.Zone)
	recent, _ := s.due(now, true)
	s.done(recent, now, time.Minute)
	first, ok := s.due(now, true)
	if !ok || first.history || first.days != (kpi.DateRange{From: today - 30, To: today}) {
		t.Fatalf("first comes %+v, want the days that may still change", first)
	}
	s.done(first, now, time.Hour)
	oldest, polls := first.days.From, s.chunks(today)
	for n := 0; ; n++ {
		next, ok := s.due(now, true)
		if !ok {
			if n != polls {
				t.Errorf("%d polls, but %d were announced", n, polls)
			}
			break
		}
		if !next.history || next.days.To != oldest-1 || next.days.Days() < 1 || next.days.Days() > chunkDays {
			t.Fatalf("after %s comes %+v", oldest, next)
		}
		want := sources.Hour
		if next.days.To < today-hourlyDays {
			want = sources.Day
		}
		if next.grain != want || (want == sources.Hour && next.days.From < today-hourlyDays) {
			t.Errorf("%s is asked for by the %s", next.days, next.grain)
		}
		s.done(next, now, time.Hour)
		oldest = next.days.From
	}
	if oldest != today-200 {
		t.Errorf("history ends at %s, want %s", oldest, today-200)
	}
	if again, ok := s.due(now.Add(30*time.Minute), true); ok {
		t.Errorf("history was fetched, yet %+v is due", again)
	}
}

func TestTodayComesFirstAndHistoryWaitsUntilItIsAllowed(t *testing.T) {
	s, now := planned(t, 200)
	first, ok := s.due(now, false)
	if !ok || first.days.Days() != 2 || first.days.To != kpi.DateOf(now, s.account.Zone) {
		t.Fatalf("first comes %+v, want yesterday and today", first)
	}
	s.done(first, now, time.Hour)
	if next, ok := s.due(now, false); ok {
		t.Errorf("%+v is due", next)
	}
	if at := s.nextAt(false, now); !at.Equal(now.Add(time.Hour)) {
		t.Errorf("next poll at %s", at)
	}
	if at := s.nextAt(true, now); at.After(now) {
		t.Errorf("once allowed, the rest is due at %s, want at once", at)
	}
	second, _ := s.due(now, true)
	s.done(second, now, time.Hour)
	third, _ := s.due(now, true)
	if second.history || second.days.Days() != 31 || !third.history {
		t.Errorf("then come %+v and %+v, want the days that may still change, then history", second, third)
	}
}

func TestTodayIsPolledOftenAndTheRestatedDaysEverySixHours(t *testing.T) {
	s, now := planned(t, 0)
	s.oldest = 1
	days := map[int]int{}
	for end := now.Add(24 * time.Hour); now.Before(end); now = now.Add(time.Minute) {
		if next, ok := s.due(now, true); ok {
			s.done(next, now, 15*time.Minute)
			days[next.days.Days()]++
		}
	}
	if days[31] != 4 || days[2] != 24*4 {
		t.Errorf("polls by days that they asked for: %v, want 4 of 31 and 96 of 2", days)
	}
}

func TestThePollOfTheRestatedDaysStandsForOneOfTodayWherePollsAreRare(t *testing.T) {
	s, now := planned(t, 0)
	s.oldest, s.every = 1, 2*time.Hour
	days := map[int]int{}
	for end := now.Add(24 * time.Hour); now.Before(end); now = now.Add(time.Minute) {
		if next, ok := s.due(now, true); ok {
			s.done(next, now, 2*time.Hour)
			days[next.days.Days()]++
		}
	}
	if days[31] != 4 || days[2] != 8 {
		t.Errorf("polls by days that they asked for: %v, want 4 of 31 and 8 of 2", days)
	}
}

func TestRestatedDaysThatCannotBeHadDoNotHoldUpToday(t *testing.T) {
	for _, every := range []time.Duration{5 * time.Minute, 2 * time.Hour} {
		for _, kind := range []sources.Kind{sources.Malformed, sources.Invalid, sources.Unavailable, sources.QuotaKind} {
			s, now := planned(t, 0)
			s.every = every
			window, ok := s.due(now, true)
			if today := !window.window; today != (every < rarely) {
				t.Fatalf("every %s, first comes %+v", every, window)
			} else if today {
				s.done(window, now, every)
				window, ok = s.due(now, true)
			}
			if !ok || !window.window {
				t.Fatalf("then comes %+v", window)
			}
			now = now.Add(every - time.Second) // it took long
			s.putOff(window, &sources.Error{Kind: kind, Err: errors.New("no")}, now, every, 0)
			now = now.Add(time.Second)
			next, ok := s.due(now, true)
			if held := kind == sources.QuotaKind; ok == held || next.window {
				t.Errorf("every %s, after %s of the window %+v (%v) is due", every, kind, next, ok)
			}
			for range 4 {
				s.putOff(window, &sources.Error{Kind: sources.Unavailable, Err: errors.New("no")}, now, every, 0)
			}
			if wait := s.window.Sub(now); kind == sources.Unavailable && wait != max(every, 30*time.Minute) {
				t.Errorf("every %s: after five failures the window waits %s", every, wait)
			}
		}
	}
}

func TestAFailedPollIsPutOffByTheKindOfItsError(t *testing.T) {
	const every = 5 * time.Minute
	of := func(kind sources.Kind, retry time.Duration) error {
		return &sources.Error{Kind: kind, RetryAfter: retry, Err: errors.New("no")}
	}
	for name, c := range map[string]struct {
		err   error
		waits []time.Duration // after the first, second, … failure in a row
	}{
		"unavailable doubles up to half an hour":        {of(sources.Unavailable, 0), []time.Duration{every, 2 * every, 4 * every, 30 * time.Minute, 30 * time.Minute}},
		"unreadable answers double too":                 {of(sources.Malformed, 0), []time.Duration{every, 2 * every}},
		"what is no error of a source is an outage":     {errors.New("disk"), []time.Duration{every, 2 * every}},
		"unavailable waits as long as it is asked to":   {of(sources.Unavailable, 40*time.Minute), []time.Duration{40 * time.Minute}},
		"a quota waits as long as it is asked to":       {of(sources.QuotaKind, time.Hour), []time.Duration{time.Hour, time.Hour}},
		"a quota without a time waits one interval":     {of(sources.QuotaKind, 0), []time.Duration{every, every}},
		"nothing is parked for more than a day":         {of(sources.QuotaKind, 100*time.Hour), []time.Duration{24 * time.Hour}},
		"signing in takes a person":                     {of(sources.Auth, 0), []time.Duration{15 * time.Minute, 15 * time.Minute}},
		"so does a permission":                          {of(sources.Permission, 0), []time.Duration{15 * time.Minute}},
		"and a request that the platform does not want": {of(sources.Invalid, 0), []time.Duration{15 * time.Minute}},
	} {
		s, now := planned(t, 0)
		for i, want := range c.waits {
			s.putOff(task{}, c.err, now, every, retryAfter(c.err))
			again := s.nextAt(true, now)
			if got := again.Sub(now); got != want {
				t.Errorf("%s: failure %d waits %s, want %s", name, i+1, got, want)
			}
			if next, ok := s.due(again.Add(-time.Second), true); ok {
				t.Errorf("%s: %+v is due too soon", name, next)
			}
			if _, ok := s.due(again, true); !ok {
				t.Errorf("%s: nothing is due when the wait is over", name)
			}
			now = again
		}
	}
}

func TestAGoodPollEndsTheBackoff(t *testing.T) {
	s, now := planned(t, 0)
	for range 4 {
		s.putOff(task{}, errors.New("no"), now, time.Minute, 0)
		now = s.nextAt(true, now)
	}
	next, _ := s.due(now, true)
	s.done(next, now, time.Minute)
	now = now.Add(time.Minute)
	s.putOff(task{}, errors.New("no"), now, time.Minute, 0)
	if wait := s.recent.Sub(now); wait != time.Minute {
		t.Errorf("after a good poll the first failure waits %s", wait)
	}
}

func TestHistoryThatCannotBeHadDoesNotHoldUpToday(t *testing.T) {
	for _, c := range []struct {
		kind   sources.Kind
		delays bool
	}{{sources.Malformed, false}, {sources.Invalid, false}, {sources.Unavailable, false}, {sources.QuotaKind, true}, {sources.Auth, true}} {
		s, now := planned(t, 200)
		for range 2 { // today, and the days that may still change
			next, _ := s.due(now, true)
			s.done(next, now, 5*time.Minute)
		}
		old, ok := s.due(now, true)
		if !ok || !old.history {
			t.Fatalf("due is %+v, want history", old)
		}
		s.putOff(old, &sources.Error{Kind: c.kind, RetryAfter: 2 * time.Hour, Err: errors.New("no")}, now, 5*time.Minute, 2*time.Hour)
		next, ok := s.due(now.Add(5*time.Minute), true)
		if (ok && !next.history) == c.delays {
			t.Errorf("%s for history: five minutes later %+v (%v) is due", c.kind, next, ok)
		}
	}
}

func TestAQuotaHoldsUpHistoryToo(t *testing.T) {
	s, now := planned(t, 200)
	first, _ := s.due(now, true)
	s.done(first, now, 5*time.Minute)
	refused := &sources.Error{Kind: sources.QuotaKind, RetryAfter: 2 * time.Hour, Err: errors.New("no")}
	s.putOff(task{}, refused, now, 5*time.Minute, refused.RetryAfter)
	if next, ok := s.due(now.Add(2*time.Hour-time.Second), true); ok {
		t.Errorf("within the time that the platform asked to wait, %+v is due", next)
	}
}

func TestHistoryNeverMovesTheWatermarkBack(t *testing.T) {
	now := instant(t, "2026-11-20T11:00:00Z")
	r := newRig(t, now, func(r *rig, o *Options) {
		src, _ := r.google(smallWorld(now.AddDate(0, 0, -60), now), 50)
		o.Sources = []Source{src}
	})
	ctx := context.Background()
	p := r.pollers["google"]
	p.list(ctx, now)
	s := p.schedules[p.order[0]]
	first, _ := s.due(now, true)
	p.run(ctx, s, first)
	watermark := r.show("today", time.Time{}).Sources[0].Watermark
	if watermark.Before(now.Add(-6 * time.Hour)) {
		t.Fatalf("watermark %s after the first poll at %s", watermark, now)
	}
	r.poll() // the days that may still change, and history
	polls, err := r.o.Store.Polls(ctx, now.AddDate(0, 0, -1), now)
	if polls = regular(polls); err != nil || len(polls) != 3 {
		t.Fatalf("%d polls (%v), want today, the window and one piece of history", len(polls), err)
	}
	if got := r.show("today", time.Time{}).Sources[0].Watermark; !got.Equal(watermark) {
		t.Errorf("watermark %s after history, %s before", got, watermark)
	}
	if old := r.show("2026-10-05..2026-10-15", time.Time{}); !old.Total.Known {
		t.Error("history brought nothing")
	}
}

func TestEachSourceTellsHowFarItsOwnHistoryIs(t *testing.T) {
	r := newRig(t, instant(t, "2026-11-20T09:20:00Z"), func(r *rig, o *Options) {
		o.Sources = []Source{r.file("a", "EUR", "Europe/Berlin"), r.file("b", "EUR", "Europe/Berlin")}
	})
	check := func(when string, whole, a, b snapshot.Progress) {
		t.Helper()
		s := r.show("today", time.Time{})
		for what, pair := range map[string][2]snapshot.Progress{"the plan": {s.Backfill, whole}, "a": {s.Sources[0].Backfill, a}, "b": {s.Sources[1].Backfill, b}} {
			if pair[0] != pair[1] {
				t.Errorf("%s: %s is %+v, want %+v", when, what, pair[0], pair[1])
			}
		}
	}
	none := snapshot.Progress{}
	check("at first", none, none, none)
	r.progress("a", "1", "a 1", 3)
	r.progress("b", "1", "b 1", 2)
	check("both began", snapshot.Progress{What: "b 1", Total: 5}, snapshot.Progress{What: "a 1", Total: 3}, snapshot.Progress{What: "b 1", Total: 2})
	r.progress("a", "1", "", 2)
	r.progress("b", "1", "", 0)
	check("b is done", snapshot.Progress{What: "b 1", Done: 3, Total: 5}, snapshot.Progress{What: "a 1", Done: 1, Total: 3}, none)
	r.progress("a", "1", "", 0)
	check("all is done", none, none, none)
}

func TestTodayOfEveryAccountComesBeforeMoreOfAny(t *testing.T) {
	r := newRig(t, world.ConformanceAutumn, func(r *rig, o *Options) {
		src, _ := r.google(world.Conformance(), 0)
		o.Sources = []Source{src}
		o.Clock.Now = func() time.Time { // time passes
			r.clock.set(r.clock.now().Add(time.Millisecond))
			return r.clock.now()
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	allowed, ended := make(chan struct{}), make(chan struct{})
	close(allowed)
	p := r.pollers["google"]
	go func() { defer close(ended); p.poll(ctx, allowed) }()
	select {
	case <-r.work: // nothing is due any more
	case <-time.After(patience):
		t.Error("never whole")
	}
	cancel()
	<-ended
	polls, err := r.o.Store.Polls(t.Context(), world.ConformanceAutumn, r.clock.now())
	if err != nil {
		t.Fatal(err)
	}
	polls = regular(polls)
	accounts := len(p.order)
	if accounts < 2 || len(polls) != 2*accounts {
		t.Fatalf("%d polls of %d accounts", len(polls), accounts)
	}
	for i, poll := range polls {
		if young := poll.Days.Days() == 2; young != (i < accounts) {
			t.Errorf("poll %d asked %s for %s", i, poll.Account, poll.Days)
		}
	}
}
