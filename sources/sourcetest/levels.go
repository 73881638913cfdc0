package sourcetest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/simulator"
	"adtop/sources/simulator/world"
)

// deepPlace is what identifies a figure below the campaign, or a part of one.
type deepPlace struct {
	id, parent, breakdown string
	slot                  sources.Slot
}

// deepDays hold a change of the clock in Berlin.
func deepDays() kpi.DateRange {
	return kpi.DateRange{From: kpi.NewDate(2026, 10, 25), To: kpi.NewDate(2026, 10, 26)}
}

// deepStand sets up a world whose pages hold a few days of ads.
func (a Adapter) deepStand(t *testing.T) *stand {
	s := a.stand(t, world.ConformanceAutumn)
	s.simulator.PageSize = 25
	return s
}

// levels compares ad groups and ads with the truth, and with each other.
func (a Adapter) levels(t *testing.T) {
	s := a.deepStand(t)
	most := 0
	for _, account := range s.accounts() {
		for _, grain := range a.Grains {
			t.Run(account.ID+" by "+grain.String(), func(t *testing.T) {
				above := s.deep(t, s.query(account, deepDays(), grain))
				for level := sources.LevelAdGroup; level <= a.Definition.Deepest; level++ {
					q := s.query(account, deepDays(), grain)
					q.Level = level
					got := s.deep(t, q)
					most = max(most, got.pages)
					s.compareDeep(t, q, got)
					s.addUp(t, q, above, got)
					above = got
				}
			})
		}
	}
	if most < 2 {
		t.Error("no answer had a second page: paging is not proved")
	}
}

// deepAnswer is an answer by place.
type deepAnswer struct {
	fetched
	figures map[deepPlace]kpi.Metrics
}

// deep fetches and looks at what every row of a level has to say of itself.
func (s *stand) deep(t *testing.T, q sources.Query) deepAnswer {
	t.Helper()
	got := deepAnswer{s.fetch(t.Context(), q), map[deepPlace]kpi.Metrics{}}
	if got.err != nil {
		t.Fatalf("%s: %v", q.Level, got.err)
	}
	for _, record := range got.records {
		row, ok := record.(sources.Row)
		if !ok {
			t.Fatalf("got a %T from an adapter of rows", record)
		}
		e := row.Entity
		if e.Level != q.Level || e.Name == "" || e.Name != sources.Clean(e.Name) || e.Status != strings.ToLower(sources.Clean(e.Status)) ||
			(e.Parent != "") != (q.Level > sources.LevelCampaign) || (e.Breakdown != "") != (q.Breakdown != "") {
			t.Errorf("asked for %s by %q and got %+v", q.Level, q.Breakdown, e)
		}
		if q.Parent != "" && e.Parent != q.Parent {
			t.Errorf("asked for what belongs to %s and got %+v", q.Parent, e)
		}
		p := deepPlace{e.ID, e.Parent, e.Breakdown, row.Slot}
		if _, again := got.figures[p]; again {
			t.Errorf("%v is reported twice", p)
		}
		got.figures[p] = row.Metrics
	}
	return got
}

// compareDeep compares an answer with the world.
func (s *stand) compareDeep(t *testing.T, q sources.Query, got deepAnswer) {
	t.Helper()
	want := s.parts(t, q)
	for p, figures := range want {
		reported, ok := got.figures[p]
		switch {
		case ok && reported != figures:
			t.Errorf("%s %v: got %+v, want %+v", q.Level, p, reported, figures)
		case !ok && figures != (kpi.Metrics{Has: figures.Has}):
			t.Errorf("%s %v: no row, want %+v", q.Level, p, figures)
		}
	}
	for p, figures := range got.figures {
		if _, ok := want[p]; !ok {
			t.Errorf("%s %v: got %+v, and the platform knows nothing of it", q.Level, p, figures)
		}
	}
}

// parts is the truth below the campaign, or of a breakdown.
func (s *stand) parts(t *testing.T, q sources.Query) map[deepPlace]kpi.Metrics {
	t.Helper()
	want := map[deepPlace]kpi.Metrics{}
	add := func(campaign world.Campaign, slot sources.Slot, parts []world.Part) {
		for _, part := range parts {
			p, ok := s.deepPlace(q, campaign, part)
			if p.slot = slot; !ok || part.Metrics.Has == 0 {
				continue
			}
			sum, err := want[p].Add(part.Metrics)
			if err != nil {
				t.Fatal(err)
			}
			want[p] = sum
		}
	}
	for _, campaign := range s.campaigns(q.Account) {
		for d := q.Days.From; d <= q.Days.To; d++ {
			if q.Grain == sources.Day {
				add(campaign, sources.Slot{Date: d, Grain: q.Grain}, s.world.DayParts(q.Account.ID, campaign.ID, d, s.now))
				continue
			}
			first := map[int]int{} // hour of the clock -> ordinal of the first real hour of that name
			for hour, parts := range s.world.HourParts(q.Account.ID, campaign.ID, d, s.now) {
				clock := d.Start(q.Account.Zone).Add(time.Duration(hour) * time.Hour).In(q.Account.Zone).Hour()
				if _, repeated := first[clock]; !repeated || s.adapter.RealHours {
					first[clock] = hour
				}
				add(campaign, sources.Slot{Date: d, Grain: q.Grain, Hour: first[clock]}, parts)
			}
		}
	}
	return want
}

// deepPlace is where a query has a part; ok is false where it has none.
func (s *stand) deepPlace(q sources.Query, campaign world.Campaign, part world.Part) (p deepPlace, ok bool) {
	if part.Group == nil && q.Level > sources.LevelCampaign {
		return p, false
	}
	if q.Breakdown != "" {
		p.breakdown = s.adapter.Breakdowns[q.Breakdown](*part.Placement)
	}
	switch q.Level {
	case sources.LevelAdGroup:
		p.id, p.parent = part.Group.ID, campaign.ID
	case sources.LevelAd:
		p.id, p.parent = part.Ad.ID, part.Group.ID
		if s.adapter.AdID != nil {
			p.id = s.adapter.AdID(part.Group.ID, part.Ad.ID)
		}
	case sources.LevelAccount:
		p.id = q.Account.ID
	default:
		p.id = campaign.ID
	}
	return p, true
}

func (s *stand) campaigns(account sources.Account) []world.Campaign {
	accounts := s.world.Accounts(s.adapter.Definition.Type)
	return accounts[slices.IndexFunc(accounts, func(a world.Account) bool { return a.ID == account.ID })].Campaigns
}

// addUp demands that children add up to their parents. What has no children is
// named in a warning.
func (s *stand) addUp(t *testing.T, q sources.Query, above, below deepAnswer) {
	t.Helper()
	sums := map[deepPlace]kpi.Metrics{}
	for p, figures := range below.figures {
		over := deepPlace{id: p.parent, slot: p.slot}
		sum, err := sums[over].Add(figures)
		if err != nil {
			t.Fatal(err)
		}
		sums[over] = sum
	}
	childless := map[string]string{}
	for _, campaign := range s.campaigns(q.Account) {
		if len(campaign.Groups) == 0 {
			childless[campaign.ID] = strings.TrimSpace(sources.Clean(campaign.Name))
		}
	}
	warned := strings.Join(below.receipt.Warnings, "\n")
	for p, figures := range above.figures {
		sum, ok := sums[deepPlace{id: p.id, slot: p.slot}]
		if name, none := childless[p.id]; none {
			if ok || !strings.Contains(warned, name) {
				t.Errorf("%s has no %ss: got %v and the warnings %q, want it named", p.id, q.Level, ok, warned)
			}
			continue
		}
		if sum != figures && figures != (kpi.Metrics{Has: figures.Has}) {
			t.Errorf("%ss of %s on %v add up to %+v, want %+v", q.Level, p.id, p.slot, sum, figures)
		}
	}
}

// parents narrows every level by one parent, by one that there is not, and by
// what is no id.
func (a Adapter) parents(t *testing.T) {
	s := a.deepStand(t)
	account := s.accounts()[0]
	for level := sources.LevelAdGroup; level <= a.Definition.Deepest; level++ {
		q := s.query(account, deepDays(), sources.Day)
		q.Level = level
		all := s.deep(t, q)
		of := map[string]int{}
		for p := range all.figures {
			of[p.parent]++
		}
		for parent, rows := range of {
			q.Parent = parent
			if got := s.deep(t, q); len(got.figures) != rows {
				t.Errorf("%d %s rows below %s, want %d of %d", len(got.figures), level, parent, rows, len(all.figures))
			}
		}
		if len(of) < 2 {
			t.Errorf("%d parents: nothing is proved", len(of))
		}
		q.Parent = "999999999999"
		if got := s.fetch(t.Context(), q); len(got.records) != 0 || got.err != nil && sources.KindOf(got.err) != sources.Permission {
			t.Errorf("below an unknown parent: %d records, %v, want an empty answer or a clear error", len(got.records), got.err)
		}
		q.Parent = "1' OR 1=1 --"
		if got := s.fetch(t.Context(), q); sources.KindOf(got.err) != sources.Invalid || got.pages != 0 {
			t.Errorf("below what is no id: %v after %d requests, want it refused unasked", got.err, got.pages)
		}
	}
}

// breakdowns compares every breakdown at every level with the truth, which adds
// up to the figures without it.
func (a Adapter) breakdowns(t *testing.T) {
	s := a.deepStand(t)
	s.simulator.PageSize = 250 // there are many more parts than ads
	account := s.accounts()[0]
	for name := range a.Breakdowns {
		for level := sources.LevelAccount; level <= max(a.Definition.Deepest, sources.LevelCampaign); level++ {
			for _, grain := range a.Grains {
				q := s.query(account, deepDays(), grain)
				q.Level = level
				whole := s.deep(t, q)
				q.Breakdown = name
				got := s.deep(t, q)
				s.compareDeep(t, q, got)
				sums := map[deepPlace]kpi.Metrics{}
				for p, figures := range got.figures {
					p.breakdown = ""
					sum, err := sums[p].Add(figures)
					if err != nil {
						t.Fatal(err)
					}
					sums[p] = sum
				}
				for p, figures := range whole.figures {
					if sums[p] != figures {
						t.Errorf("%s %v: %ss add up to %+v, want %+v", level, p, name, sums[p], figures)
					}
				}
				if len(got.figures) <= len(whole.figures) {
					t.Errorf("%s: %d rows by %s, %d without: nothing is split", level, len(got.figures), name, len(whole.figures))
				}
			}
		}
	}
}

// deepFaults spoils one page among several of the deepest level.
func (a Adapter) deepFaults(t *testing.T) {
	s := a.deepStand(t)
	days := deepDays()
	days.From = days.To // without the doubled hour, whose figures come in any order
	q := s.query(s.accounts()[0], days, a.finest())
	q.Level = a.Definition.Deepest
	s.simulator.PageSize = 9
	whole := s.fetch(t.Context(), q)
	if whole.err != nil || whole.pages < 3 {
		t.Fatalf("%d pages, error %v: want several, or nothing is proved", whole.pages, whole.err)
	}
	for _, rule := range []struct {
		fault simulator.Fault
		kind  sources.Kind
	}{
		{simulator.Fault{Kind: simulator.Truncated, Times: 1}, sources.Malformed},
		{simulator.Fault{Kind: simulator.WrongType, Times: 1}, sources.Malformed},
		{simulator.Fault{Kind: simulator.Denied, Times: 1}, sources.Permission},
		{simulator.Fault{Kind: simulator.Throttle, Wait: 3 * time.Hour, Times: 1}, sources.QuotaKind},
		{simulator.Fault{Kind: simulator.Outage, Times: 1}, 0},
	} {
		rule.fault.After = whole.pages / 2
		s.fail(rule.fault)
		got := s.fetch(t.Context(), q)
		if sources.KindOf(got.err) != rule.kind {
			t.Errorf("%s: got %v, want kind %q", rule.fault.Kind, got.err, rule.kind)
		}
		if rule.kind == 0 {
			same(t, whole, got)
		}
		s.simulator.Faults().Clear()
	}
}
