package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"adtop/alert"
	"adtop/monitor"
	"adtop/sources"
	"adtop/sources/simulator/world"
	"adtop/store"
)

var seeds = flag.Uint64("demo.seeds", 1, "how many worlds to watch, each with and without the incident")

const (
	watchFor   = 14 * time.Hour // of the world's time
	watchSpeed = 1800
)

// TestTheDemosIncidentIsFoundAndItsPeaceIsQuiet watches worlds from the
// reported figures alone. In those with an incident, its channel must fire
// before watchFor is over; no other channel may fire in any, by any rule.
func TestTheDemosIncidentIsFoundAndItsPeaceIsQuiet(t *testing.T) {
	if testing.Short() {
		t.Skip("watching worlds takes most of a minute each")
	}
	home(t)
	var mu sync.Mutex
	found, quiet, alarms := 0, 0, 0
	t.Run("worlds", func(t *testing.T) {
		for seed := uint64(1); seed <= *seeds; seed++ {
			for _, steady := range []bool{false, true} {
				t.Run(fmt.Sprintf("seed %d steady %v", seed, steady), func(t *testing.T) {
					t.Parallel()
					delay, others := watchDemo(t, demoOptions{speed: watchSpeed, seed: seed, start: "2026-11-16", steady: steady})
					mu.Lock()
					defer mu.Unlock()
					alarms += len(others)
					if len(others) > 0 {
						t.Errorf("false alarms: %s", strings.Join(others, "; "))
					}
					switch {
					case steady && len(others) == 0:
						quiet++
					case !steady && delay == 0:
						t.Errorf("the incident was not found within %s", watchFor)
					case !steady:
						found++
						t.Logf("found %s of world time after it began", delay.Round(time.Minute))
					}
				})
			}
		}
	})
	t.Logf("%d worlds of each kind: found in %d, quiet in %d, %d false alarms", *seeds, found, quiet, alarms)
}

// watchDemo runs one world and returns how long after its beginning the
// incident's alert fired (0: not), and which other channels fired.
func watchDemo(t *testing.T, o demoOptions) (delay time.Duration, others []string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	d, err := (&app{}).openDemo(ctx, o, true)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- d.monitor.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		d.close()
	}()
	incident := d.began.Add(world.IncidentAfter)
	seen := map[string]bool{}
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for at := d.clock.Now(); at.Sub(d.began) <= watchFor; at = d.clock.Now() {
		<-look.C
		alerts, err := d.cache.Alerts(ctx, d.began, at)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range alerts {
			if a.FiredAt.IsZero() || seen[a.ID] || a.Rule == alert.RuleSourceStale {
				continue // at this speed a busy machine makes a source stale
			}
			seen[a.ID] = true
			if !o.steady && a.Subject == "Google Shopping" && a.FiredAt.After(incident) {
				if a.Rule == alert.RuleUnprofitable {
					findAgain(t, d, a)
					return a.FiredAt.Sub(incident), others
				}
				continue // another rule on what is really broken
			}
			others = append(others, a.Summary+" at "+a.FiredAt.Format(time.RFC3339))
		}
	}
	return delay, others
}

// findAgain expects a backtest of the demo's cache to find what fired live, within
// two polls. Live, an alert fires with the first evaluation that has taken in what
// shows it: at this speed a second of work is half an hour of the world's time, so
// that the one before it, which saw nothing yet, may be long ago on a busy machine.
func findAgain(t *testing.T, d *demo, live store.Alert) {
	t.Helper()
	b, err := d.monitor.Backtest(context.Background(), monitor.BacktestOptions{From: d.began})
	if err != nil {
		t.Error(err)
		return
	}
	var printed strings.Builder
	if err := (&app{out: &printed, err: io.Discard}).printBacktest(b, time.UTC, "EUR", backtestOptions{}); err != nil {
		t.Error(err)
	}
	t.Logf("its backtest:\n%s", &printed)
	quiet := lastQuiet(t, d, live)
	for _, e := range b.Episodes {
		apart := max(pollsBetween(t, d, e.FiredAt, quiet), pollsBetween(t, d, live.FiredAt, e.FiredAt))
		if e.Rule == live.Rule && e.Subject == live.Subject && apart <= 2 {
			return
		}
	}
	t.Errorf("%s fired live at %s and not yet at %s; the backtest, %d evaluations up to %s, found %+v", live.Subject, live.FiredAt, quiet, b.Moments, b.To, b.Episodes)
}

// lastQuiet is when the alert's channel was evaluated last before it fired.
func lastQuiet(t *testing.T, d *demo, live store.Alert) time.Time {
	t.Helper()
	evaluations, err := d.cache.Evaluations(context.Background(), live.FiredAt.Add(-time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(evaluations, func(e store.Evaluation) bool { return e.Channel == live.Subject })
	if i < 0 {
		t.Fatalf("%s was never evaluated before its alert", live.Subject)
	}
	return evaluations[i].At
}

// pollsBetween counts the polls of campaigns at Google, of one account, later than one
// instant and up to another.
func pollsBetween(t *testing.T, d *demo, after, to time.Time) (most int) {
	t.Helper()
	polls, err := d.cache.Polls(context.Background(), after.Add(time.Millisecond), to)
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, p := range polls {
		if p.Source == "google" && p.Level == sources.LevelCampaign && p.Breakdown == "" {
			count[p.Account]++
			most = max(most, count[p.Account])
		}
	}
	return most
}

// A cache from before the demo's world was another one is made anew, with a word of it,
// unless somebody still uses it.
func TestTheCacheOfAnotherDemoIsMadeAnew(t *testing.T) {
	ctx, o := context.Background(), demoOptions{seed: 3}
	path := filepath.Join(t.TempDir(), "demo.db")
	put := func(cache *store.SQLite, key, value string) {
		if err := cache.PutSetting(ctx, key, value); err != nil {
			t.Fatal(err)
		}
	}
	var said strings.Builder
	open := func(o demoOptions) *store.SQLite {
		t.Helper()
		cache, err := (&app{err: &said}).demoCache(ctx, path, o)
		if err != nil {
			t.Fatal(err)
		}
		return cache
	}
	cache := open(o)
	put(cache, settingBegan, "1")
	put(cache, settingPast, "filled")
	cache.Close()
	cache = open(o)
	if past, err := cache.Setting(ctx, settingPast); past != "filled" || err != nil || said.String() != "" {
		t.Fatalf("its own cache has the past %q, %v; said %q", past, err, &said)
	}

	put(cache, settingWorld, "of an older version")
	lease, err := cache.Lease(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (&app{err: &said}).demoCache(ctx, path, o); !errors.Is(err, store.ErrHeld) || !strings.Contains(err.Error(), "another version") {
		t.Errorf("a cache that is in use: %v", err)
	}
	lease.Release()
	cache.Close()
	cache = open(o)
	defer cache.Close()
	began, err := cache.Setting(ctx, settingBegan)
	past, err2 := cache.Setting(ctx, settingPast)
	if began != "" || past != "" || err != nil || err2 != nil || strings.Count(said.String(), "made anew") != 1 {
		t.Errorf("began %q, past %q, %v, %v; said %q", began, past, err, err2, &said)
	}
}
