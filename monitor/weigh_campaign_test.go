package monitor

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
	"adtop/sources"
	"adtop/sources/simulator/world"
	"adtop/store"
)

// campaignOf finds a campaign of a channel.
func campaignOf(t *testing.T, s *snapshot.Snapshot, channel, name string) snapshot.Campaign {
	t.Helper()
	for _, ch := range s.Channels {
		for _, c := range ch.Campaigns {
			if ch.Name == channel && c.Name == name {
				return c
			}
		}
	}
	t.Fatalf("no campaign %q in %q", name, channel)
	return snapshot.Campaign{}
}

// oneSick watches an account of two campaigns, the first of which loses its
// conversions, until three days after that.
func oneSick(t *testing.T) (r *rig, w *weigher, trouble time.Time) {
	t.Helper()
	if testing.Short() {
		t.Skip("watches days, in one goroutine")
	}
	began := instant(t, "2026-11-01T06:00:00Z")
	trouble = began.AddDate(0, 0, 6)
	r = newRig(t, began, func(r *rig, o *Options) {
		spec := smallWorld(began.AddDate(0, 0, -40), trouble).Spec()
		spec.Incidents = spec.Incidents[:1]
		src, _ := r.google(world.New(spec), 30)
		o.Sources = []Source{src}
	})
	w = r.weigh()
	for at := began; at.Before(trouble.AddDate(0, 0, 3)); at = at.Add(3 * time.Hour) {
		r.clock.set(at)
		r.poll()
		r.judge(w)
	}
	return r, w, trouble
}

func TestTheCampaignThatLosesIsToldApartFromItsChannel(t *testing.T) {
	r, _, trouble := oneSick(t)
	live := r.show("today", time.Time{})
	sick, well := campaignOf(t, live, "Shop", "Search 1"), campaignOf(t, live, "Shop", "Search 2")
	if sick.Verdict != kpi.Unprofitable || sick.P.Value < 0.9 || sick.Evidence.Seen >= sick.Evidence.Due || sick.Evidence.LossPerDay <= 0 || sick.Evidence.Since.Before(trouble.Add(-12*time.Hour)) {
		t.Errorf("without conversions for three days: %s %v %+v: %s", sick.Verdict, sick.P, sick.Evidence, sick.Reason)
	}
	if well.Verdict != kpi.Profitable || !well.P.OK || well.P.Value > 0.5 {
		t.Errorf("the other: %s %v: %s", well.Verdict, well.P, well.Reason)
	}
	for _, c := range []snapshot.Campaign{sick, well} {
		if !strings.Contains(c.Reason, "its channel's delays") || c.Evidence.Cohorts != nil || c.Evidence.Curve != nil {
			t.Errorf("%s: %s, %+v", c.Name, c.Reason, c.Evidence)
		}
	}
	for _, a := range live.Alerts {
		if a.Subject == sick.Name || a.Subject == well.Name {
			t.Errorf("a campaign pages: %s", a.Summary)
		}
	}
	then := campaignOf(t, r.show("today", trouble), "Shop", "Search 1")
	if !then.P.OK || then.Verdict == kpi.Unprofitable {
		t.Errorf("as of the beginning of the trouble: %s %v: %s", then.Verdict, then.P, then.Reason)
	}

	o := r.o
	o.Store = openStore(t, r.path) // another process looks on
	seen, err := New(o).Snapshot(context.Background(), live.View)
	if err != nil {
		t.Fatal(err)
	}
	if c := campaignOf(t, seen, "Shop", "Search 1"); c.Verdict != sick.Verdict || c.P != sick.P || c.Reason != sick.Reason || c.Evidence.Since != sick.Evidence.Since {
		t.Errorf("a viewer sees %s %v: %s", c.Verdict, c.P, c.Reason)
	}
}

// TestARestartJudgesCampaignsAsBefore: from their newest figures alone.
func TestARestartJudgesCampaignsAsBefore(t *testing.T) {
	r, w, _ := oneSick(t)
	watched := w.channels[0].campaigns
	r.start(r.o)
	again := r.weigh()
	r.judge(again)
	if len(again.channels[0].campaigns) != len(watched) {
		t.Fatalf("%d campaigns, %d before", len(again.channels[0].campaigns), len(watched))
	}
	for i, c := range again.channels[0].campaigns {
		a, b := watched[i].detector.Evidence(), c.detector.Evidence()
		t.Logf("%s: P %.4f watched, %.4f after a restart", c.member.Name, a.P, b.P)
		if c.member.Name != watched[i].member.Name || math.Abs(a.P-b.P) > 0.1 || !a.Watermark.Equal(b.Watermark) {
			t.Errorf("%s through %s", c.member.Name, b.Watermark)
		}
	}
}

// shopWorld is a channel whose spend comes from one source and whose results
// come from a shop's orders, by utm_campaign.
type shopWorld struct {
	*testing.T
	o     *Options
	cache *store.SQLite
	m     *Monitor
}

func newShopWorld(t *testing.T) *shopWorld {
	s := &shopWorld{T: t}
	r := newRig(t, instant(t, "2026-10-01T00:00:00Z"), func(r *rig, o *Options) {
		o.Zone = time.UTC
		o.Sources = []Source{
			{Name: "ads", Definition: sources.Definition{Type: "ads", Gives: kpi.Cost, Grain: sources.Hour}},
			{Name: "shop", Definition: sources.Definition{Type: "shop", Gives: kpi.Conversions | kpi.Revenue, Events: true, Grain: sources.Hour, Dating: sources.ByEvent}},
		}
		o.Channels = []Channel{{Name: "Social", Economics: kpi.Economics{Margin: 500_000}, Spend: []string{"ads"}, Results: "shop"}}
		o.Claim = func(source, _ string, _ sources.Entity) Claim {
			if source == "ads" {
				return Claim{Fields: kpi.Cost}
			}
			return Claim{Fields: kpi.Conversions | kpi.Revenue}
		}
	})
	s.m, s.o, s.cache = r.Monitor, &r.o, r.o.Store.(*store.SQLite)
	return s
}

// day commits a day in which each campaign spends 10 an hour and has so many
// orders of 60; orders of the name "" name none.
func (s *shopWorld) day(date kpi.Date, orders map[string]int) {
	s.Helper()
	var spend, events []sources.Record
	for hour := range 24 {
		slot := sources.Slot{Date: date, Grain: sources.Hour, Hour: hour}
		for name, n := range orders {
			if name != "" {
				spend = append(spend, sources.Row{Entity: sources.Entity{Level: sources.LevelCampaign, ID: "id-" + name, Name: name}, Slot: slot, Metrics: kpi.Metrics{Has: kpi.Cost, Cost: 10_000_000}})
			}
			for i := hour * n / 24; i < (hour+1)*n/24; i++ {
				events = append(events, sources.Event{ID: fmt.Sprint(date, name, i), Kind: "order", Time: slot.Start(time.UTC).Add(time.Minute), Status: sources.Approved,
					Value: 60_000_000, Currency: "EUR", Key: sources.Key{Source: "social", Campaign: strings.ToUpper(name)}})
			}
		}
	}
	for source, records := range map[string][]sources.Record{"ads": spend, "shop": events} {
		account := sources.Account{ID: source, Name: source, Currency: "EUR", Zone: time.UTC}
		b := store.Batch{Source: source, Type: source, Account: account, ObservedAt: date.End(time.UTC), Records: records,
			Query:   sources.Query{Account: account, Days: kpi.DateRange{From: date, To: date}, Level: sources.LevelCampaign, Grain: sources.Hour},
			Receipt: sources.Receipt{CompleteThrough: date.End(time.UTC)}}
		if err := s.m.commit(context.Background(), b); err != nil {
			s.Fatal(err)
		}
	}
}

// TestCampaignsArePairedWithAShopByName: the orders of one campaign end, and a
// third campaign was never named by any.
func TestCampaignsArePairedWithAShopByName(t *testing.T) {
	s := newShopWorld(t)
	first := kpi.NewDate(2026, 10, 1)
	const healthy, silent = 20, 4
	for day := range kpi.Date(healthy) {
		s.day(first+day, map[string]int{"spring": 12, "summer": 12, "unnamed": 0, "": 2})
	}
	at := (first + healthy).Start(time.UTC)
	r := &rig{T: t, Monitor: s.m, clock: &hands{at: at}}
	s.m.o.Clock = Clock{Now: r.clock.now, Speed: 1}
	w := r.weigh()
	r.judge(w)
	for day := range kpi.Date(silent) { // live
		s.day(first+healthy+day, map[string]int{"spring": 12, "summer": 0, "unnamed": 0, "": 2})
		r.clock.set((first + healthy + day + 1).Start(time.UTC))
		r.judge(w)
	}
	check := func(when string) {
		t.Helper()
		now := r.show("today", time.Time{})
		if c := campaignOf(t, now, "Social", "summer"); c.Verdict != kpi.Unprofitable {
			t.Errorf("%s, four days without an order: %s %v: %s", when, c.Verdict, c.P, c.Reason)
		}
		if c := campaignOf(t, now, "Social", "spring"); c.Verdict != kpi.Profitable {
			t.Errorf("%s, its orders go on: %s %v: %s", when, c.Verdict, c.P, c.Reason)
		}
		if c := campaignOf(t, now, "Social", "unnamed"); c.Verdict != "" || !strings.Contains(c.Reason, "nothing that shop reports names it") {
			t.Errorf("%s, no order names it: %q: %s", when, c.Verdict, c.Reason)
		}
	}
	check("live")
	if then := campaignOf(t, r.show("today", at), "Social", "summer"); then.Verdict != kpi.Profitable {
		t.Errorf("as of the last good day: %s %v: %s", then.Verdict, then.P, then.Reason)
	}
	live := w.channels[0].campaigns
	again := r.weigh()
	r.judge(again)
	check("after a restart")
	for i, c := range again.channels[0].campaigns {
		if c.detector != nil && math.Abs(c.evidence.P-live[i].evidence.P) > 0.1 {
			t.Errorf("%s: P %.3f live, %.3f after a restart", c.member.Name, live[i].evidence.P, c.evidence.P)
		}
	}
}

// TestCampaignsAreNotBlamedForOrdersWithoutAName: where too many orders name no
// campaign, those that do say little.
func TestCampaignsAreNotBlamedForOrdersWithoutAName(t *testing.T) {
	s := newShopWorld(t)
	first := kpi.NewDate(2026, 10, 1)
	for day := range kpi.Date(20) {
		s.day(first+day, map[string]int{"spring": 12, "": 12})
	}
	r := &rig{T: t, Monitor: s.m, clock: &hands{at: (first + 20).Start(time.UTC)}}
	s.m.o.Clock = Clock{Now: r.clock.now, Speed: 1}
	r.judge(r.weigh())
	if c := campaignOf(t, r.show("today", time.Time{}), "Social", "spring"); c.Verdict != "" || c.P.OK || !strings.Contains(c.Reason, "only 50% name a campaign") {
		t.Errorf("%q %v: %s", c.Verdict, c.P, c.Reason)
	}
}

// TestNothingIsStoredForTheNoiseOfCampaigns: another P of a campaign is no reason
// for an evaluation, another verdict is.
func TestNothingIsStoredForTheNoiseOfCampaigns(t *testing.T) {
	r, w, _ := oneSick(t)
	count := func() int {
		n := 0
		evaluations, err := r.o.Store.Evaluations(context.Background(), r.clock.now())
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range evaluations {
			if e.At.Equal(r.clock.now()) {
				n++
			}
		}
		return n
	}
	c := w.channels[0].campaigns[0]
	for _, step := range []struct {
		what string
		p    float64
		want int
	}{{"nothing changed", c.evidence.P, 0}, {"another P", 0.985, 0}, {"another verdict", 0.1, 1}} {
		c.evidence.P = step.p
		r.clock.set(r.clock.now().Add(time.Minute))
		r.judge(w)
		if got := count(); got != step.want {
			t.Errorf("%s: %d evaluations stored, want %d", step.what, got, step.want)
		}
	}
}

// TestOnlyTheCampaignsThatSpendMostAreWeighed: the others say so.
func TestOnlyTheCampaignsThatSpendMostAreWeighed(t *testing.T) {
	r, _, _ := oneSick(t)
	w := r.weigh()
	w.most, w.ranked = 1, 0
	r.judge(w)
	r.clock.set(r.clock.now().Add(3 * time.Hour))
	r.poll()
	r.judge(w)
	campaigns := channel(t, r.show("14d", time.Time{}), "Shop").Campaigns
	weighed := slices.IndexFunc(campaigns, func(c snapshot.Campaign) bool { return c.Verdict != "" })
	if weighed != 0 || campaigns[1].Verdict != "" || !strings.Contains(campaigns[1].Reason, "spent most") {
		t.Errorf("the first is %q, the second %q: %s", campaigns[0].Verdict, campaigns[1].Verdict, campaigns[1].Reason)
	}
}
