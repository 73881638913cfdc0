package monitor

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
	"adtop/sources"
	"adtop/sources/shopify"
	"adtop/sources/simulator"
	"adtop/sources/simulator/world"
	"adtop/store"
)

func TestEvaluationByReplayIsTheOneThatWasMadeLive(t *testing.T) {
	r, _, judged := troubled(t)
	live := judged[len(judged)-1]
	r.start(r.o) // another process
	r.judge(r.weigh())
	if again := channel(t, r.show("today", time.Time{}), "Shop"); again.P != live.P || again.Reason != live.Reason {
		t.Errorf("live P %.12f: %s\nreplay P %.12f: %s", live.P.Value, live.Reason, again.P.Value, again.Reason)
	}
}

func TestAStartAfterAPauseDoesNotAlertBeforeItHasPolled(t *testing.T) {
	r := newRig(t, instant(t, "2026-11-20T12:00:00Z"), func(r *rig, o *Options) {
		o.Sources = []Source{r.file("home", "EUR", "Europe/Berlin")}
	})
	r.export("home", "2026-11-20,A,50,10,1,30")
	end := run(t, r.Monitor)
	settled(t, r.Monitor)
	end()
	r.clock.set(r.clock.now().Add(10 * time.Hour))
	r.export("home", "2026-11-20,A,50,10,1,30")
	again := r.second()
	run(t, again)
	settled(t, again)
	s, err := again.Snapshot(t.Context(), today)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range s.Alerts {
		t.Errorf("%s (%s): %s", a.Summary, a.State, a.Reason)
	}
}

func TestHistoryLeavesTheStateOfTheRecurringPollsAlone(t *testing.T) {
	r := newRig(t, world.ConformanceAutumn, func(r *rig, o *Options) {
		server := httptest.NewServer(simulator.New(world.Conformance(), r.clock.now))
		r.Cleanup(server.Close)
		d := shopify.Definition()
		so := d.Options().(*shopify.Options)
		so.Shop, so.Token, so.BaseURL = "conformance.myshopify.com", sources.Secret{Ref: "env:TOKEN"}, server.URL+"/shopify"
		if err := sources.ResolveSecrets(so, func(string) (string, error) { return simulator.ShopifyToken, nil }); err != nil {
			r.Fatal(err)
		}
		opened, err := d.Open(so, sources.Env{Name: "shop", Now: r.clock.now, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			r.Fatal(err)
		}
		o.Sources = []Source{{Name: "shop", Definition: d, Source: opened, Every: 15 * time.Minute, History: 10}}
	})
	p := r.pollers["shop"]
	p.list(t.Context(), r.clock.now())
	s := p.schedules[p.order[0]]
	state := func() string {
		kept, err := r.o.Store.State(t.Context(), "shop", p.order[0])
		if err != nil {
			t.Fatal(err)
		}
		return string(kept)
	}
	first, _ := s.due(r.clock.now(), true)
	p.run(t.Context(), s, first)
	before := state()
	r.clock.set(r.clock.now().Add(time.Minute))
	old, ok := s.due(r.clock.now(), true)
	if !ok || !old.history || before == "" {
		t.Fatalf("due is %+v, state %q", old, before)
	}
	p.run(t.Context(), s, old)
	if after := state(); after != before {
		t.Errorf("state %q became %q", before, after)
	}
}

func TestASourceThatRestatesNothingIsPolledOnceAnInterval(t *testing.T) {
	for _, restates := range []int{0, 1} {
		s, now := planned(t, 0)
		s.source.Definition.Restates = restates
		first, _ := s.due(now, true)
		s.done(first, now, time.Hour)
		if next, ok := s.due(now, true); ok {
			t.Errorf("restates %d: right after a poll %+v is due", restates, next)
		}
		if at := s.nextAt(true, now); at.Before(now.Add(time.Hour)) {
			t.Errorf("restates %d: next poll at %s", restates, at)
		}
	}
}

func TestASourceThatItsQuotaSlowsDownIsNotStaleBetweenPolls(t *testing.T) {
	src := Source{Every: 15 * time.Minute, Definition: sources.Definition{Calls: 1, DailyCalls: 2880}}
	const accounts = 100
	every, _ := src.interval(accounts)
	now := instant(t, "2026-11-20T12:00:00Z")
	shown := snapshot.Source{Accounts: accounts, Health: snapshot.Waiting}
	merge(&shown, src.staleAfter(accounts), src.oldAfter(), 0, "", "", now.Add(-every), now.Add(-every), now)
	if shown.Health != snapshot.Healthy {
		t.Errorf("polled every %s and heard %s ago, it is %q: %s", every, every, shown.Health, shown.Problem)
	}
}

func TestASourceThatIsDaysLateByItselfIsNotStaleForIt(t *testing.T) {
	src := Source{Every: 12 * time.Hour, Definition: sources.Definition{Lag: 3 * 24 * time.Hour}}
	now := instant(t, "2026-11-20T12:00:00Z")
	for behind, want := range map[time.Duration]snapshot.Health{84 * time.Hour: snapshot.Healthy, 121 * time.Hour: snapshot.Stale} {
		shown := snapshot.Source{Accounts: 1, Health: snapshot.Waiting}
		merge(&shown, src.staleAfter(1), src.oldAfter(), 0, "", "", now.Add(-time.Minute), now.Add(-behind), now)
		if shown.Health != want {
			t.Errorf("with figures that end %s ago it is %q: %s", behind, shown.Health, shown.Problem)
		}
	}
}

func TestAnAccountThatIsNotPolledAnyMoreDoesNotMakeItsSourceStale(t *testing.T) {
	r := newRig(t, world.ConformanceAutumn, func(r *rig, o *Options) {
		src, _ := r.google(world.Conformance(), 0)
		o.Sources = []Source{src}
	})
	r.poll()
	p := r.pollers["google"]
	r.clock.set(r.clock.now().Add(3 * time.Hour))
	p.order, p.listed = p.order[:1], r.clock.now() // what accounts: [4440000001] lists after a restart
	if err := p.remember(t.Context(), []sources.Account{p.schedules[p.order[0]].account}); err != nil {
		t.Fatal(err)
	}
	r.poll()
	if src := r.show("today", time.Time{}).Sources[0]; src.Health != snapshot.Healthy {
		t.Errorf("%d accounts, %q: %s", src.Accounts, src.Health, src.Problem)
	}
}

func TestAnAckFromAViewerReachesTheHolderWithinTwoSeconds(t *testing.T) {
	r := withAlert(t)
	r.o.Clock.Speed = 1
	run(t, r.Monitor)
	settled(t, r.Monitor)
	viewer := r.second()
	run(t, viewer)
	pictures := viewer.Watch(t.Context(), today)
	s := until(t, pictures, "the alert", firing)
	if err := viewer.Send(t.Context(), snapshot.Command{Verb: "ack", ID: s.Alerts[0].ID, By: "ops"}); err != nil {
		t.Fatal(err)
	}
	for deadline := time.After(2 * time.Second); s.Alerts[0].AckedBy == ""; {
		select {
		case s = <-pictures:
		case <-deadline:
			t.Fatal("not applied")
		}
	}
}

func TestAnOldDayWithoutARateDoesNotSilenceTheChannel(t *testing.T) {
	r := newRig(t, instant(t, "2026-11-20T12:00:00Z"), func(r *rig, o *Options) {
		o.Sources = []Source{r.file("us", "USD", "America/New_York")}
		o.Rates = []store.Rate{{From: "USD", To: "EUR", Date: kpi.NewDate(2026, 11, 1), Rate: 900_000_000_000, Origin: "config"}}
	})
	if err := r.putRates(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.export("us", "2026-10-31,A,1,100,1,200", "2026-11-19,A,1,100,1,200", "2026-11-20,A,1,100,1,200")
	r.poll()
	r.judge(r.weigh())
	if ch := channel(t, r.show("today", time.Time{}), "Shop"); ch.Verdict == kpi.NoData {
		t.Errorf("%s", ch.Reason)
	}
}

func TestNoSourceIsPolledMoreOftenThanItsInterval(t *testing.T) {
	s, now := planned(t, 0)
	s.every = 24 * time.Hour
	polls := 0
	for end := now.Add(72 * time.Hour); now.Before(end); now = now.Add(time.Minute) {
		if next, ok := s.due(now, true); ok {
			s.done(next, now, 24*time.Hour)
			polls++
		}
	}
	if polls != 3 {
		t.Errorf("%d polls in three days, although every: is 24h", polls)
	}
}

func TestARenamedCampaignIsWeighedWhereItsFiguresCount(t *testing.T) {
	r := newRig(t, instant(t, "2026-11-20T09:00:00Z"), func(r *rig, o *Options) {
		src := r.file("home", "EUR", "Europe/Berlin")
		o.Sources = []Source{src}
		o.Channels = append(o.Channels, Channel{Name: "Other", Economics: o.Channels[0].Economics})
		o.Claim = func(_, _ string, e sources.Entity) Claim {
			if e.Name == "Renamed" {
				return Claim{Channel: 1, Fields: kpi.AllFields}
			}
			return Claim{Channel: 0, Fields: kpi.AllFields}
		}
	})
	ctx := context.Background()
	src := r.o.Sources[0]
	account, err := src.Source.Accounts(ctx)
	if err != nil {
		t.Fatal(err)
	}
	commit := func(name string, cost kpi.Micros) {
		day := kpi.DateOf(r.clock.now(), account[0].Zone)
		err := r.commit(ctx, store.Batch{Source: "home", Type: "csv", Account: account[0], ObservedAt: r.clock.now(),
			Query:   sources.Query{Account: account[0], Days: kpi.DateRange{From: day, To: day}, Level: sources.LevelCampaign, Grain: sources.Day},
			Receipt: sources.Receipt{CompleteThrough: r.clock.now()},
			Records: []sources.Record{sources.Row{Entity: sources.Entity{Level: sources.LevelCampaign, ID: "1", Name: name},
				Slot: sources.Slot{Date: day, Grain: sources.Day}, Metrics: kpi.Metrics{Has: kpi.AllFields, Cost: cost}}}})
		if err != nil {
			t.Fatal(err)
		}
	}
	w := r.weigh()
	commit("First", 10_000_000)
	r.judge(w)
	r.clock.set(r.clock.now().Add(time.Hour))
	commit("Renamed", 20_000_000)
	r.judge(w)
	euros(t, "figures at the new channel", channel(t, r.show("today", time.Time{}), "Other").Now.Metrics.Cost, "20.00")
	again := r.replayed()
	for i := range w.channels {
		if live, replayed := weighedSlots(w.channels[i]), weighedSlots(again.channels[i]); live != replayed || (live > 0) != (i == 1) {
			t.Errorf("channel %d weighs %d slots live, and %d after a restart", i, live, replayed)
		}
	}
}

func (r *rig) replayed() *weigher {
	w := newWeigher(&r.o)
	if err := w.replay(context.Background(), r.clock.now()); err != nil {
		r.Fatal(err)
	}
	return w
}

func weighedSlots(c *weighed) (n int) {
	for _, slots := range c.parts {
		n += len(slots)
	}
	return n
}
