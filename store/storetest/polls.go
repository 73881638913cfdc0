package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/store"
)

func deadSource(t *testing.T, f *fixture) {
	good := batch(at(0), row("a", hour(today, 3), spent(1, 1, 4)))
	good.Receipt.Warnings = []string{"one"}
	good.Receipt.Quota = sources.Quota{Used: 0.25, Scope: "app"}
	f.commit(good)
	cause := &sources.Error{Kind: sources.QuotaKind, RetryAfter: 12 * time.Minute, Next: "Wait.", Err: errors.New("code 80004")}
	for _, failure := range []store.Failure{
		{Source: "ads", Account: "1", At: at(5), Days: days(today, today), Err: fmt.Errorf("fetch: %w", cause)},
		{Source: "mail", At: at(6), Err: sources.Errorf(sources.Auth, "401")},
	} {
		if err := f.Fail(ctx, failure); err != nil {
			t.Fatal(err)
		}
	}
	f.wantTotal("a", today, at(9), spent(1, 1, 4))
	healths := must[[]store.Health](t)(f.Health(ctx, at(9)))
	if len(healths) != 2 {
		t.Fatalf("health: %+v", healths)
	}
	ads, mail := healths[0], healths[1]
	if ads.Last.Kind != sources.QuotaKind || ads.Last.RetryAfter != 12*time.Minute || ads.Last.Next != "Wait." || !ads.Last.At.Equal(at(5)) || !ads.Last.CompleteThrough.IsZero() {
		t.Errorf("last poll of ads: %+v", ads.Last)
	}
	if ads.Good.Kind != 0 || !ads.Good.At.Equal(at(0)) || ads.Good.Quota != good.Receipt.Quota || len(ads.Good.Warnings) != 1 {
		t.Errorf("last good poll of ads: %+v", ads.Good)
	}
	if mail.Last.Source != "mail" || mail.Last.Account != "" || mail.Last.Kind != sources.Auth || !mail.Good.At.IsZero() {
		t.Errorf("health of mail: %+v", mail)
	}
	if healths := must[[]store.Health](t)(f.Health(ctx, at(4))); len(healths) != 1 || healths[0].Last.Kind != 0 {
		t.Errorf("health before the failures: %+v", healths)
	}
	if accounts := must[[]store.Account](t)(f.Accounts(ctx, at(9))); len(accounts) != 1 {
		t.Errorf("a source without accounts became one: %+v", accounts)
	}
	if err := f.Fail(ctx, store.Failure{Source: "ads", At: at(9)}); err == nil {
		t.Error("a failure without an error was stored")
	}
}

func state(t *testing.T, f *fixture) {
	if got := must[[]byte](t)(f.State(ctx, "ads", "1")); got != nil {
		t.Errorf("state before the first commit: %q", got)
	}
	b := batch(at(0))
	b.Receipt.State = []byte("page 7")
	f.commit(b)
	if err := f.Fail(ctx, store.Failure{Source: "ads", Account: "1", At: at(5), Err: errors.New("down")}); err != nil {
		t.Fatal(err)
	}
	if got := must[[]byte](t)(f.State(ctx, "ads", "1")); string(got) != "page 7" {
		t.Errorf("state %q, want that of the last commit", got)
	}
}

func currency(t *testing.T, f *fixture) {
	f.commit(batch(at(0), row("a", hour(today, 3), spent(1, 1, 4))))
	dollars := batch(at(5), row("a", hour(today, 3), spent(1, 1, 4)))
	dollars.Account.Currency = "USD"
	if _, err := f.Commit(ctx, dollars); err == nil {
		t.Error("EUR and USD went into one series")
	}
	moved := batch(at(10))
	moved.Account.Zone, moved.Account.Name = zone("America/New_York"), "Acme US"
	f.commit(moved)
	for minute, want := range map[int]string{9: "Europe/Berlin", 10: "America/New_York"} {
		if got := must[[]store.Account](t)(f.Accounts(ctx, at(minute))); len(got) != 1 || got[0].Zone.String() != want || got[0].Currency != "EUR" {
			t.Errorf("minute %d: %v, want %s", minute, got, want)
		}
	}
}

func rates(t *testing.T, f *fixture) {
	rate := store.Rate{From: "USD", To: "EUR", Date: today, Rate: kpi.RateOne * 9 / 10, Origin: "config"}
	other := store.Rate{From: "CHF", To: "EUR", Date: today, Rate: kpi.RateOne, Origin: "config"}
	later := rate
	later.Rate--
	for minute, given := range map[int][]store.Rate{0: {rate, other}, 10: {later}} {
		if err := f.PutRates(ctx, at(minute), given); err != nil {
			t.Fatal(err)
		}
	}
	for minute, want := range map[int][]store.Rate{-1: nil, 0: {other, rate}, 9: {other, rate}, 10: {other, later}} {
		got := must[[]store.Rate](t)(f.Rates(ctx, at(minute)))
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("minute %d: %v, want %v", minute, got, want)
		}
	}
	if err := f.PutRates(ctx, at(20), []store.Rate{{From: "USD", To: "EUR", Date: today}}); err == nil {
		t.Error("a rate of zero was stored")
	}
}

func seq(t *testing.T, f *fixture) {
	other := f.another()
	last := must[int64](t)(f.Seq(ctx))
	for name, write := range map[string]func(store.Store) error{
		"commit": func(s store.Store) error { _, err := s.Commit(ctx, batch(at(0))); return err },
		"fail": func(s store.Store) error {
			return s.Fail(ctx, store.Failure{Source: "ads", At: at(0), Err: errors.New("down")})
		},
		"rates":    func(s store.Store) error { return s.PutRates(ctx, at(0), nil) },
		"decision": func(s store.Store) error { return s.Decide(ctx, store.Decision{At: at(0)}) },
		"command":  func(s store.Store) error { return s.Send(ctx, store.Command{At: at(0), Verb: "poll"}) },
		"setting":  func(s store.Store) error { return s.PutSetting(ctx, "clock", "1") },
	} {
		for _, s := range []store.Store{f.Store, other} {
			if err := write(s); err != nil {
				t.Fatal(name, err)
			}
			mine, theirs := must[int64](t)(f.Seq(ctx)), must[int64](t)(other.Seq(ctx))
			if mine <= last || mine != theirs {
				t.Errorf("after a %s: seq %d and %d, was %d", name, mine, theirs, last)
			}
			last = mine
		}
	}
	if got := must[string](t)(other.Setting(ctx, "clock")); got != "1" {
		t.Errorf("setting is %q", got)
	}
	if got := must[string](t)(f.Setting(ctx, "none")); got != "" {
		t.Errorf("missing setting is %q", got)
	}
}

// wholeCommits has every commit move one unit from one campaign to another.
func wholeCommits(t *testing.T, f *fixture) {
	const commits, sum = 60, 1000
	other := f.another()
	f.commit(batch(at(0), row("a", hour(today, 3), spent(sum, 0, 0)), row("b", hour(today, 4), spent(0, 0, 0))))
	done := make(chan error, 1)
	go func() {
		for i := range int64(commits) {
			if _, err := f.Commit(ctx, batch(at(int(i)+1), row("a", hour(today, 3), spent(sum-i, 0, 0)), row("b", hour(today, 4), spent(i, 0, 0)))); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	for reads := 0; ; reads++ {
		for _, s := range []store.Store{f.Store, other} {
			var cost kpi.Micros
			for _, total := range must[[]store.Total](t)(s.Days(ctx, days(today, today), at(reads%(commits+1)), nil)) {
				cost += total.Metrics.Cost
			}
			if cost != sum*kpi.MicrosPerUnit {
				t.Fatalf("read half a commit: %s", cost.Decimal(0))
			}
		}
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			return
		default:
		}
	}
}

func endedContext(t *testing.T, f *fixture) {
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := f.Commit(ended, batch(at(0), row("a", hour(today, 3), spent(1, 1, 4)))); !errors.Is(err, context.Canceled) {
		t.Errorf("commit: %v", err)
	}
	if _, err := f.Days(ended, days(today, today), at(0), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("days: %v", err)
	}
	if polls := must[[]store.Poll](t)(f.Polls(ctx, at(-9), at(9))); len(polls) != 0 {
		t.Errorf("polls: %+v", polls)
	}
}

func reopening(t *testing.T, f *fixture) {
	f.commit(batch(at(0), row("a", hour(today, 3), spent(1, 1, 4))))
	f.commit(batch(at(5), row("a", hour(today, 3), spent(2, 1, 4))))
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	f.Store = f.another()
	f.wantTotal("a", today, at(4), spent(1, 1, 4))
	f.wantTotal("a", today, at(5), spent(2, 1, 4))
	if change := f.commit(batch(at(10), row("a", hour(today, 3), spent(2, 1, 4)))); change.Entities || len(change.Versions) != 0 {
		t.Errorf("what was known before is news: %+v", change)
	}
}
