package monitor

import (
	"math"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/simulator"
	"adtop/sources/simulator/world"
	"adtop/store"
)

func TestImpressionShareIsToldOnceADayAndAddedUpByWhatThereWasToWin(t *testing.T) {
	now := instant(t, "2026-11-20T11:00:00Z")
	w := smallWorld(now.AddDate(0, 0, -60), now)
	var sim *simulator.Simulator
	r := newRig(t, now, func(r *rig, o *Options) {
		var src Source
		src, sim = r.google(w, 0)
		o.Sources = []Source{src}
	})
	asked := func() (n int) {
		for _, q := range must(t)(r.o.Store.Polls(t.Context(), now.Add(-time.Hour), r.clock.now())) {
			n += b2i(q.Breakdown != "")
		}
		return n
	}
	r.poll()
	if len(sim.Requests(world.Google)) == 0 || asked() != 1 {
		t.Fatalf("asked for shares %d times at first", asked())
	}
	account := w.Accounts(world.Google)[0]
	today := kpi.DateOf(now, account.Zone)
	var all kpi.Won
	s := r.show("7d", time.Time{})
	for i := range account.Campaigns {
		c := &account.Campaigns[i]
		var one kpi.Won
		for d := s.View.Range.Days(today).From; d < today; d++ {
			share, _ := simulator.SearchShare(c, d)
			told := kpi.Share{Value: share, Known: true}
			if share < 0.1 {
				told = kpi.Share{Value: 0.1, Bound: kpi.Below, Known: true}
			}
			one.Add(w.Day(account.ID, c.ID, d, now).Impressions, told)
		}
		all.Join(one)
		for _, row := range s.Channels[0].Campaigns {
			if row.ID == c.ID && !sameShare(row.Now.ImpressionShare, one.Share()) {
				t.Errorf("%s: %+v, want %+v", c.ID, row.Now.ImpressionShare, one.Share())
			}
		}
	}
	if got := s.Channels[0].Now.ImpressionShare; !sameShare(got, all.Share()) || !got.Known {
		t.Errorf("the channel: %+v, want %+v", got, all.Share())
	}
	if got := r.show("today", time.Time{}).Channels[0].Now.ImpressionShare; got.Known {
		t.Errorf("of a running day %+v is told", got)
	}
	r.clock.set(now.Add(3 * time.Hour))
	r.poll()
	if asked() != 1 {
		t.Errorf("asked again on the same day")
	}
	r.start(r.o)
	r.poll()
	if asked() != 1 {
		t.Errorf("asked again after a restart on the same day")
	}
	r.clock.set(now.Add(24 * time.Hour))
	r.poll()
	if asked() != 2 {
		t.Errorf("asked %d times within a day", asked())
	}
}

func sameShare(a, b kpi.Share) bool {
	return a.Known == b.Known && a.Bound == b.Bound && math.Abs(a.Value-b.Value) < 1e-9
}

func must(t *testing.T) func([]store.Poll, error) []store.Poll {
	return func(polls []store.Poll, err error) []store.Poll {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return polls
	}
}

func TestSharesWaitUntilYesterdayIsComplete(t *testing.T) {
	zone := zoneOf(t, "Europe/Berlin")
	s := &schedule{source: Source{Definition: sources.Definition{Shares: 1, Restates: 30}}, account: sources.Account{ID: "1", Zone: zone}}
	now := instant(t, "2026-11-20T01:00:00Z")
	s.through = now.Add(-3 * time.Hour)
	if _, due := s.shares(now); due {
		t.Error("due before yesterday is complete")
	}
	s.through = now.Add(-time.Hour)
	days, due := s.shares(now)
	if today := kpi.NewDate(2026, 11, 20); !due || days != (kpi.DateRange{From: today - 30, To: today - 1}) {
		t.Errorf("%v, %v", days, due)
	}
	s.sharesLater = now.Add(time.Hour)
	if _, due := s.shares(now); due {
		t.Error("due again right after a failure")
	}
}
