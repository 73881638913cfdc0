package monitor

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"adtop/alert"
	"adtop/kpi"
	"adtop/snapshot"
	"adtop/store"
)

var chaosRuns = flag.Int("chaos.runs", 50, "how many random histories of restarts, repeats and clock jumps to compare with the undisturbed one")

// scene is one moment of a random history.
type scene struct {
	now      time.Time // the clock jumps both ways now and then
	p        []float64 // P by channel
	marks    []time.Time
	dead     bool // the first source gives no data
	commands []snapshot.Command
}

// history is a random story of three channels on two sources. A command names
// its alert by its place among those there are.
func history(random *rand.Rand, length int) []scene {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	marks := make([]time.Time, 3)
	p := []float64{.3, .3, .3}
	scenes := make([]scene, 0, length)
	for range length {
		switch jump := random.IntN(30); jump {
		case 0:
			now = now.Add(-time.Duration(random.IntN(50)) * time.Hour)
		case 1:
			now = now.Add(time.Duration(random.IntN(50)) * time.Hour)
		default:
			now = now.Add(time.Duration(1+random.IntN(40)) * time.Minute)
		}
		s := scene{now: now, dead: random.IntN(6) == 0}
		for i := range p {
			if random.IntN(3) == 0 {
				p[i] = []float64{.1, .3, .55, .7, .85, .97}[random.IntN(6)]
			}
			if random.IntN(3) > 0 && now.After(marks[i]) {
				marks[i] = now
			}
		}
		s.p, s.marks = slices.Clone(p), slices.Clone(marks)
		for random.IntN(3) == 0 {
			s.commands = append(s.commands, wish(random, now))
		}
		scenes = append(scenes, s)
	}
	return scenes
}

func wish(random *rand.Rand, now time.Time) snapshot.Command {
	c := snapshot.Command{ID: fmt.Sprint(random.IntN(4)), By: []string{"ops", "ann"}[random.IntN(2)], At: now}
	switch c.Verb = []string{"ack", "unack", "snooze", "unsnooze", "silence", "unsilence", "mark"}[random.IntN(7)]; c.Verb {
	case "snooze":
		c.Until = []string{snapshot.UntilDay, now.Add(3 * time.Hour).Format(time.RFC3339)}[random.IntN(2)]
	case "silence":
		c.Until, c.Match = now.Add(5*time.Hour).Format(time.RFC3339), map[string]string{"subject": "Channel " + fmt.Sprint(random.IntN(3))}
	case "mark":
		c.As = []string{snapshot.MarkedTrue, snapshot.MarkedFalse, ""}[random.IntN(3)]
	}
	return c
}

// picture is the judged Snapshot of a scene, without the alerts.
func (s scene) picture() *snapshot.Snapshot {
	out := &snapshot.Snapshot{AsOf: s.now, Zone: time.UTC, Currency: "EUR", Alarm: snapshot.Alarm{Threshold: .8}}
	for i, p := range s.p {
		ch := snapshot.Channel{Name: fmt.Sprint("Channel ", i), SpentAt: []string{[]string{"google", "google", "meta"}[i]}, P: kpi.Ratio{Value: p, OK: true},
			Verdict: kpi.Profitable, Watermark: s.marks[i], Reason: fmt.Sprintf("P is %.2f", p)}
		if s.dead && i < 2 {
			ch.Verdict = kpi.NoData
		}
		out.Channels = append(out.Channels, ch)
	}
	google := snapshot.Source{Name: "google", Health: snapshot.Healthy, LastGood: s.now}
	if s.dead {
		google.Health, google.LastGood = snapshot.Stale, s.now.Add(-3*time.Hour)
	}
	out.Sources = []snapshot.Source{google, {Name: "meta", Health: snapshot.Healthy, LastGood: s.now}}
	return out
}

// named puts the ids of real alerts and silences into commands.
func named(commands []snapshot.Command, alerts map[string]snapshot.Alert, silences map[string]snapshot.Silence) []snapshot.Command {
	commands = slices.Clone(commands)
	for i := range commands {
		ids := slices.Sorted(maps.Keys(alerts))
		if commands[i].Verb == "unsilence" {
			ids = slices.Sorted(maps.Keys(silences))
		}
		var n int
		_, _ = fmt.Sscan(commands[i].ID, &n)
		if n < len(ids) {
			commands[i].ID = ids[len(ids)-1-n]
		}
	}
	return commands
}

// undisturbed plays a history in memory, without a restart. It returns all
// states that each alert was in, and what each command was about.
func undisturbed(scenes []scene) (states map[string][]snapshot.Alert, silences map[string]snapshot.Silence, commands [][]snapshot.Command) {
	alerts := map[string]snapshot.Alert{}
	states, silences = map[string][]snapshot.Alert{}, map[string]snapshot.Silence{}
	for _, sc := range scenes {
		s := sc.picture()
		s.Alerts, s.Silences = slices.Collect(maps.Values(alerts)), slices.Collect(maps.Values(silences))
		slices.SortFunc(s.Silences, func(a, b snapshot.Silence) int { return a.Starts.Compare(b.Starts) })
		wishes := named(sc.commands, alerts, silences)
		commands = append(commands, wishes)
		out := alert.Step(alert.Input{Picture: s, Commands: wishes})
		for _, a := range out.Alerts {
			alerts[a.ID] = a
			states[a.ID] = append(states[a.ID], a)
		}
		for _, v := range out.Silences {
			silences[v.ID] = v
		}
	}
	return states, silences, commands
}

// TestNoRestartRepeatOrClockJumpLosesAnAckOrDoublesATransition plays random
// histories through the store, with another process taking over, a round done
// twice, a viewer sending the commands and a reload at random moments. Every
// state that every alert was in has to be the one of the same history without.
func TestNoRestartRepeatOrClockJumpLosesAnAckOrDoublesATransition(t *testing.T) {
	acks, ended, runs := 0, 0, *chaosRuns
	if testing.Short() {
		runs = min(runs, 10)
	}
	for seed := range runs {
		random := rand.New(rand.NewPCG(uint64(seed), 7))
		scenes := history(random, 30)
		want, silences, commands := undisturbed(scenes)
		r := newRig(t, scenes[0].now, func(_ *rig, o *Options) {})
		r.disturbed(scenes, commands, random)
		for id, states := range want {
			stored, err := r.o.Store.AlertHistory(context.Background(), id, forever)
			if err != nil {
				t.Fatal(err)
			}
			if len(stored) != len(states) {
				t.Fatalf("seed %d: alert %s was in %d states, and in %d without restarts", seed, id, len(stored), len(states))
			}
			for i, state := range states {
				got, err := fromStored(stored[i])
				if err != nil {
					t.Fatal(err)
				}
				got.At = state.At
				if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", state) {
					t.Fatalf("seed %d, state %d of %s:\ngot  %+v\nwant %+v", seed, i, id, got, state)
				}
				acks += b2i(state.AckedBy != "")
				ended += b2i(!state.Open())
			}
		}
		all, err := r.o.Store.Silences(context.Background(), time.Time{}, forever)
		if err != nil || len(all) != len(silences) {
			t.Fatalf("seed %d: %d silences, want %d: %v", seed, len(all), len(silences), err)
		}
		if err := r.o.Store.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if acks == 0 || ended == 0 {
		t.Errorf("%d acked and %d ended states: the histories test nothing", acks, ended)
	}
}

// disturbed plays a history through the store.
func (r *rig) disturbed(scenes []scene, commands [][]snapshot.Command, random *rand.Rand) {
	r.Helper()
	ctx := context.Background()
	for i, sc := range scenes {
		r.clock.set(sc.now)
		if random.IntN(5) == 0 { // another process, with its config read again
			if err := r.o.Store.Close(); err != nil {
				r.Fatal(err)
			}
			r.start(r.o)
		}
		viewer := r.Monitor
		if random.IntN(8) == 0 {
			o := r.o
			cache, err := store.Open(ctx, r.path, store.Options{})
			if err != nil {
				r.Fatal(err)
			}
			o.Store = cache
			viewer = New(o)
		}
		for _, c := range commands[i] {
			if err := viewer.Send(ctx, c); err != nil {
				r.Fatal(err)
			}
		}
		if viewer != r.Monitor {
			if err := viewer.o.Store.Close(); err != nil {
				r.Fatal(err)
			}
		}
		for range 1 + random.IntN(3) { // once, or again for nothing
			s := sc.picture()
			if err := r.builder.alerts(ctx, s); err != nil {
				r.Fatal(err)
			}
			if err := r.decide(ctx, s, nil, nil); err != nil {
				r.Fatal(err)
			}
		}
	}
}
