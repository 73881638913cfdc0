package monitor

import (
	"fmt"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
	"adtop/sources"
	metaads "adtop/sources/meta_ads"
	"adtop/sources/simulator"
	"adtop/sources/simulator/world"
)

// tellAccount has the platform report a day of the account as a whole.
func (p *told) tellAccount(date kpi.Date, m kpi.Metrics) {
	p.mu.Lock()
	defer p.mu.Unlock()
	of := sources.Entity{Level: sources.LevelAccount, ID: p.account.ID, Name: p.account.Name}
	p.rows = slices.DeleteFunc(p.rows, func(r sources.Row) bool { return r.Entity == of && r.Slot.Date == date })
	p.rows = append(p.rows, sources.Row{Entity: of, Slot: sources.Slot{Date: date, Grain: sources.Day}, Metrics: m})
}

// claimNone leaves an account as a whole to nobody; its campaigns count for the
// one channel.
func claimNone(_, _ string, e sources.Entity) Claim {
	if e.Level == sources.LevelAccount {
		return Claim{Channel: -1, Fields: kpi.AllFields}
	}
	return Claim{Channel: 0, Fields: kpi.AllFields}
}

// totalling is a platform that tells totals, polled at one in the morning with a
// campaign that spends 24 a day.
func totalling(t *testing.T, claim func(string, string, sources.Entity) Claim) (*rig, *told) {
	at := instant(t, "2026-11-20T00:00:00Z")
	p := &told{through: at}
	r := newRig(t, at, func(r *rig, o *Options) {
		src := p.platform(r, "ads", "Europe/Berlin", sources.Hour)
		src.Definition.Totals, src.Definition.OmitsZeros = 1, true
		o.Sources, o.Claim = []Source{src}, claim
	})
	p.tell("a", at.AddDate(0, 0, -40), at)
	return r, p
}

// notListed are the warnings of money that nobody sees.
func notListed(s *snapshot.Snapshot) (warnings []string) {
	for _, w := range s.Warnings {
		if strings.Contains(w, "not listed") {
			warnings = append(warnings, w)
		}
	}
	return warnings
}

func unlistedOf(ch snapshot.Channel) *snapshot.Campaign {
	for i := range ch.Campaigns {
		if ch.Campaigns[i].Unlisted {
			return &ch.Campaigns[i]
		}
	}
	return nil
}

func TestMoneyOfCampaignsThatAreNotListedIsShown(t *testing.T) {
	for name, c := range map[string]struct {
		claim func(string, string, sources.Entity) Claim
		owner string
	}{
		"nobody claims the account":    {claimNone, "unassigned"},
		"one channel claims all of it": {func(string, string, sources.Entity) Claim { return Claim{Channel: 0, Fields: kpi.AllFields} }, "Shop"},
		"one channel counts its results only": {func(_, _ string, e sources.Entity) Claim {
			if e.Level == sources.LevelAccount {
				return Claim{Channel: 0, Fields: kpi.Conversions | kpi.Revenue}
			}
			return claimNone("", "", e)
		}, "unassigned"},
	} {
		t.Run(name, func(t *testing.T) {
			r, p := totalling(t, c.claim)
			today := kpi.NewDate(2026, 11, 20)
			for d := today - 3; d < today; d++ {
				p.tellAccount(d, worth(34))
			}
			r.poll()
			s := r.show("yesterday", time.Time{})
			row := unlistedOf(channel(t, s, c.owner))
			if row == nil {
				t.Fatalf("no row among %+v", channel(t, s, c.owner).Campaigns)
			}
			if row.Name != "unlisted" || row.ID != "" || row.Account != "1" || row.Verdict != "" {
				t.Errorf("row %+v", row)
			}
			if c.owner == "Shop" {
				euros(t, "its profit", row.Now.Profit.Micros, "40.00")
			}
			euros(t, "unlisted spend", row.Now.Metrics.Cost, "10.00")
			euros(t, "spend of the channel", channel(t, s, "Shop").Now.Metrics.Cost, "24.00")
			euros(t, "spend of all", s.Total.Metrics.Cost, "24.00")
			if want := "ads 1: 10.00 EUR of 34.00 are of campaigns that are not listed"; !slices.Contains(s.Warnings, want) {
				t.Errorf("warnings %q, want %q", s.Warnings, want)
			}
			closed, err := r.Snapshot(t.Context(), snapshot.View{Range: snapshot.Range{Name: "yesterday"}})
			if err != nil || len(closed.Channels) != 1 || len(notListed(closed)) != 1 {
				t.Errorf("without campaigns: %d channels, warnings %q, %v", len(closed.Channels), closed.Warnings, err)
			}
			if hours := r.show("24h", time.Time{}); len(notListed(hours)) != 0 {
				t.Errorf("by the hour: %q", hours.Warnings)
			}
		})
	}
}

func TestALagBetweenTwoPollsIsNoUnlistedMoney(t *testing.T) {
	r, p := totalling(t, claimNone)
	today := kpi.NewDate(2026, 11, 20)
	for d := today - 3; d <= today; d++ {
		p.tellAccount(d, worth(24))
	}
	r.poll()
	none := func(when string) {
		t.Helper()
		for _, span := range []string{"today", "yesterday", "7d"} {
			s := r.show(span, time.Time{})
			if len(notListed(s)) != 0 || len(s.Channels) != 1 || unlistedOf(s.Channels[0]) != nil {
				t.Errorf("%s, %s: %q, %d channels", when, span, s.Warnings, len(s.Channels))
			}
		}
	}
	none("at first, with a running day of which the account knows more")
	// Campaigns are polled again and yesterday was restated, the totals are not due yet.
	p.mu.Lock()
	for i, row := range p.rows {
		if row.Entity.Level == sources.LevelCampaign && row.Slot.Date == today-1 {
			p.rows[i].Metrics = worth(2)
		}
	}
	p.mu.Unlock()
	p.tellAccount(today-1, worth(48))
	r.clock.set(r.clock.now().Add(16 * time.Minute))
	r.poll()
	if last := p.asked[len(p.asked)-1]; last.Level != sources.LevelCampaign {
		t.Fatalf("a quarter of an hour later the platform was asked for %+v", last)
	}
	none("between two polls of totals")
	r.clock.set(r.clock.now().Add(time.Hour))
	p.mu.Lock()
	p.through = p.through.Add(time.Hour)
	p.mu.Unlock()
	r.poll()
	none("after the next totals")
}

func TestTotalsComeWithTheWindowAndHourlyUntilYesterdayIsComplete(t *testing.T) {
	r, p := totalling(t, claimNone)
	p.tellAccount(kpi.NewDate(2026, 11, 19), worth(24))
	count := map[string]int{}
	for end := r.clock.now().Add(24 * time.Hour); r.clock.now().Before(end); r.clock.set(r.clock.now().Add(15 * time.Minute)) {
		before := len(p.asked)
		p.mu.Lock()
		p.through = r.clock.now().Add(-3 * time.Hour)
		p.mu.Unlock()
		r.poll()
		for _, q := range p.asked[before:] {
			count[fmt.Sprint(q.Level, " ", q.Days.Days())]++
		}
	}
	if count["campaign 41"] != 4 || count["account 41"] != 4 || count["account 2"] < 2 || count["account 2"] > totalsADay-4 {
		t.Errorf("questions by level and days: %v", count)
	}
}

func TestTotalsThatFailedAreMadeUpForAndHoldUpNothing(t *testing.T) {
	r, p := totalling(t, claimNone)
	today := kpi.NewDate(2026, 11, 20)
	p.tellAccount(today-1, worth(24))
	r.poll()
	s := r.pollers["ads"].schedules["1"]
	s.whole = time.Time{}
	s.owed = kpi.DateRange{From: today - 5, To: today} // of a window whose totals did not come
	r.clock.set(r.clock.now().Add(61 * time.Minute))
	r.poll()
	if last := p.asked[len(p.asked)-1]; last.Level != sources.LevelAccount || last.Days != (kpi.DateRange{From: today - 5, To: today}) || s.owed != (kpi.DateRange{}) {
		t.Errorf("the platform was asked for %+v, %v are owed", last, s.owed)
	}
	if got := r.show("yesterday", time.Time{}).Sources[0]; got.Health != snapshot.Healthy {
		t.Errorf("the source: %+v", got)
	}
}

func TestADeletedCampaignsSpendIsUnlisted(t *testing.T) {
	zone := zoneOf(t, "Europe/Berlin")
	at := instant(t, "2026-11-20T11:00:00Z")
	campaign := func(id, status string) world.Campaign {
		return world.Campaign{ID: id, Name: "Campaign " + id, Status: status, SpendPerDay: 90, ROAS: 3, AOV: 40, CPC: 0.5, CTR: 0.02, OverClaim: 1.2, Delay: world.Delay{Hour: 0.5, Day: 0.3}}
	}
	w := world.New(world.Spec{Seed: 3, Epoch: at.AddDate(0, 0, -60), Accounts: []world.Account{{Platform: world.Meta, ID: "act_7", Name: "Seven", Currency: "EUR", Zone: zone,
		Campaigns: []world.Campaign{campaign("71", "ENABLED"), campaign("72", "DELETED")}}}, Shop: world.Shop{ID: "shop", Currency: "EUR", Zone: zone}})
	r := newRig(t, at, func(r *rig, o *Options) {
		server := httptest.NewServer(simulator.New(w, r.clock.now))
		t.Cleanup(server.Close)
		d := metaads.Definition()
		options := d.Options().(*metaads.Options)
		options.Token, options.BaseURL = sources.NewSecret(simulator.MetaToken), server.URL+"/meta_ads"
		opened, err := d.Open(options, sources.Env{Name: "meta", Now: r.clock.now, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		o.Sources, o.Claim = []Source{{Name: "meta", Definition: d, Source: opened, Every: 15 * time.Minute}}, claimNone
	})
	r.poll()
	s := r.show("yesterday", time.Time{})
	rest := unlistedOf(channel(t, s, "unassigned"))
	if rest == nil {
		t.Fatalf("no row among %+v", s.Channels)
	}
	want := w.Day("act_7", "72", kpi.NewDate(2026, 11, 19), at).Cost
	if rest.Now.Metrics.Cost != want || want == 0 {
		t.Errorf("unlisted %s, want %s", rest.Now.Metrics.Cost.Decimal(2), want.Decimal(2))
	}
	if told := notListed(s); len(told) != 1 || !strings.HasPrefix(told[0], "meta act_7: ") {
		t.Errorf("warnings %q", s.Warnings)
	}
}

func TestAPlatformThatListsEverythingHasNothingUnlisted(t *testing.T) {
	now := instant(t, "2026-11-20T11:00:00Z")
	r := newRig(t, now, func(r *rig, o *Options) {
		src, _ := r.google(smallWorld(now.AddDate(0, 0, -60), now), 0)
		o.Sources, o.Claim = []Source{src}, claimNone
	})
	for hour := range 30 {
		r.clock.set(now.Add(time.Duration(hour) * time.Hour))
		for range 3 {
			r.clock.set(r.clock.now().Add(17 * time.Minute))
			r.poll()
		}
		if s := r.show("14d", time.Time{}); len(notListed(s)) != 0 || len(s.Channels) != 1 {
			t.Fatalf("at %s: %q", r.clock.now(), s.Warnings)
		}
	}
	totals := 0
	for _, p := range must(t)(r.o.Store.Polls(t.Context(), now, r.clock.now())) {
		totals += b2i(p.Level == sources.LevelAccount)
	}
	if totals < 5 {
		t.Errorf("%d polls of totals: nothing is proved", totals)
	}
}
