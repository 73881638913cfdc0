package monitor

import (
	"context"
	"reflect"
	"slices"
	"testing"
	"time"

	"adtop/alert"
	"adtop/snapshot"
)

// replayAll runs a backtest up to an instant.
func (r *rig) replayAll(to time.Time) *Backtest {
	r.Helper()
	b, err := r.Backtest(context.Background(), BacktestOptions{To: to})
	if err != nil {
		r.Fatal(err)
	}
	return b
}

func TestABacktestFiresWhatFiredLiveAtTheSameMoments(t *testing.T) {
	if testing.Short() {
		t.Skip("watches days, in one goroutine")
	}
	r, trouble, judged := troubled(t)
	b := r.replayAll(time.Time{})
	if b.Moments != len(judged) {
		t.Errorf("%d evaluations, %d live", b.Moments, len(judged))
	}
	live := r.show("today", time.Time{}).Alerts
	if len(live) == 0 || len(b.Episodes) != len(live) {
		t.Fatalf("%d episodes, %d alerts live: %+v", len(b.Episodes), len(live), b.Episodes)
	}
	for _, a := range live {
		i := slices.IndexFunc(b.Episodes, func(e Episode) bool { return e.Rule == a.Rule && e.Subject == a.Subject })
		if i < 0 || !b.Episodes[i].FiredAt.Equal(a.FiredAt) || b.Episodes[i].State != a.State || b.Episodes[i].Summary != a.Summary {
			t.Errorf("live %s at %s: %s; replayed %+v", a.Rule, a.FiredAt, a.Summary, b.Episodes)
		}
	}
	i := slices.IndexFunc(b.Episodes, func(e Episode) bool { return e.Rule == alert.RuleUnprofitable })
	e := b.Episodes[i]
	if e.Began.Before(trouble.Add(-6*time.Hour)) || e.Began.After(e.FiredAt) || e.Lost <= 0 || e.Backfilled {
		t.Errorf("trouble at %s: %+v", trouble, e)
	}
	if len(e.Leads) == 0 {
		t.Error("no naive rule ever fires in three days without a conversion")
	}
	if b.Resolution[0].Gap != 3*time.Hour {
		t.Errorf("resolution %+v", b.Resolution)
	}
}

func TestABacktestDoesNotLookAhead(t *testing.T) {
	if testing.Short() {
		t.Skip("watches a week three times")
	}
	began := instant(t, "2026-11-01T06:00:00Z")
	r := newRig(t, began, func(r *rig, o *Options) {
		src, _ := r.google(smallWorld(began.AddDate(0, 0, -20), began.AddDate(0, 0, 6)), 0)
		o.Sources = []Source{src}
		o.Rules = []*alert.Rule{mustCompile(t, "channel.today.roas < 4 && channel.today.cost > 100")}
	})
	w := r.weigh()
	poll := func(from, to time.Time) {
		for at := from; at.Before(to); at = at.Add(3 * time.Hour) {
			r.clock.set(at)
			r.poll()
			r.judge(w)
		}
	}
	until := began.AddDate(0, 0, 7)
	poll(began, until)
	before := r.replayAll(until)
	poll(until.Add(3*time.Hour), until.AddDate(0, 0, 1)) // late conversions for the same days, and new ones
	after := r.replayAll(until)
	before.Resolution, after.Resolution = nil, nil
	if len(before.Episodes) == 0 || !reflect.DeepEqual(before, after) {
		t.Errorf("as of then: %+v\nwith what came later: %+v", before, after)
	}
	if whole := r.replayAll(time.Time{}); reflect.DeepEqual(whole.Episodes, before.Episodes) {
		t.Error("two more days change nothing: the test cannot fail")
	}
}

func mustCompile(t *testing.T, condition string) *alert.Rule {
	t.Helper()
	compiled, err := alert.Compile(alert.Options{Name: "mine", Expr: condition, Severity: alert.Severity{Severity: snapshot.Warning}})
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

func TestABacktestClaimsNothingAboutHistoryThatWasFetchedLater(t *testing.T) {
	began := instant(t, "2026-11-12T06:00:00Z")
	r := newRig(t, began, func(r *rig, o *Options) {
		src, _ := r.google(smallWorld(began.AddDate(0, 0, -60), began.AddDate(0, 0, -4)), 40) // four days of loss before the first start
		o.Sources = []Source{src}
	})
	w := r.weigh()
	for range 4 {
		r.poll()
		r.judge(w)
		r.clock.set(r.clock.now().Add(3 * time.Hour))
	}
	r.weigh() // history came at one instant with the polls: a start makes the sums of it
	b := r.replayAll(time.Time{})
	i := slices.IndexFunc(b.Episodes, func(e Episode) bool { return e.Rule == alert.RuleUnprofitable })
	if i < 0 || !b.Episodes[i].Backfilled {
		t.Errorf("%+v", b.Episodes)
	}
}

func TestABacktestKnowsWhatTheUserMarked(t *testing.T) {
	r := withAlert(t)
	w := r.weigh()
	r.poll()
	r.judge(w)
	for _, mark := range []string{"", snapshot.MarkedFalse} {
		stale, fired := of(r.show("today", time.Time{}).Alerts, alert.RuleSourceStale, "home")
		if !fired {
			t.Fatal("no alert")
		}
		if err := r.Send(t.Context(), snapshot.Command{Verb: "mark", ID: stale.ID, As: mark, By: "ops"}); err != nil {
			t.Fatal(err)
		}
		r.judge(w)
		if b := r.replayAll(time.Time{}); len(b.Episodes) != 1 || b.Episodes[0].Marked != mark {
			t.Errorf("marked %q: %+v", mark, b.Episodes)
		}
	}
}

// TestABacktestTellsHowFarItIs: of every poll it replays, and of the last one.
func TestABacktestTellsHowFarItIs(t *testing.T) {
	r, _, _ := troubled(t)
	var told []int
	of := 0
	if _, err := r.Backtest(t.Context(), BacktestOptions{From: r.clock.now().AddDate(0, 0, -2), Progress: func(done, total int) { told, of = append(told, done), total }}); err != nil {
		t.Fatal(err)
	}
	if len(told) == 0 || !slices.IsSorted(told) || told[len(told)-1] != of-1 {
		t.Errorf("told %v of %d", told, of)
	}
}
