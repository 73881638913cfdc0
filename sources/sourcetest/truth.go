package sourcetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/simulator/world"
)

// accounts compares the listed accounts with the world's.
func (a Adapter) accounts(t *testing.T) {
	s := a.stand(t, world.ConformanceSpring)
	listed := map[string]sources.Account{}
	for _, account := range s.accounts() {
		listed[account.ID] = account
	}
	check := func(id string, currency kpi.Currency, zone *time.Location) {
		got, ok := listed[id]
		delete(listed, id)
		switch {
		case !ok:
			t.Errorf("account %s is not listed", id)
		case got.Currency != currency || got.Zone.String() != zone.String():
			t.Errorf("account %s has %s and %s, want %s and %s", id, got.Currency, got.Zone, currency, zone)
		case got.Name == "" || got.Name != sources.Clean(got.Name):
			t.Errorf("account %s has the name %q: want one fit for a terminal, the id when there is none", id, got.Name)
		}
	}
	if a.Definition.Events {
		shop := s.world.Spec().Shop
		check(shop.ID, shop.Currency, shop.Zone)
	}
	for _, account := range s.world.Accounts(a.Definition.Type) {
		check(account.ID, account.Currency, account.Zone)
	}
	for id := range listed {
		t.Errorf("account %s is listed and does not exist", id)
	}
}

// truth fetches every account at every grain and compares.
func (a Adapter) truth(t *testing.T, now time.Time, days kpi.DateRange) {
	s := a.stand(t, now)
	most := 0
	for _, account := range s.accounts() {
		for _, grain := range a.Grains {
			t.Run(account.ID+" by "+grain.String(), func(t *testing.T) {
				days := a.reachable(days, grain, kpi.DateOf(now, account.Zone))
				got := s.fetch(t.Context(), s.query(account, days, grain))
				if got.err != nil {
					t.Fatal(got.err)
				}
				most = max(most, got.pages)
				if a.Definition.Events {
					s.compareEvents(t, account, days, got.records)
				} else {
					s.compareRows(t, account, days, grain, got.records)
				}
			})
		}
	}
	if !a.Files && !testing.Short() && most < 2 {
		t.Error("no answer had a second page: paging is not proved")
	}
}

// reachable are those of days that can be asked for at a grain.
func (a Adapter) reachable(days kpi.DateRange, grain sources.Grain, today kpi.Date) kpi.DateRange {
	if grain == sources.Hour && a.HoursBack > 0 {
		days.From = max(days.From, today-kpi.Date(a.HoursBack)+1)
	}
	return days
}

func checkReceipt(t *testing.T, receipt sources.Receipt, now time.Time) {
	t.Helper()
	if receipt.CompleteThrough.After(now) || receipt.CompleteThrough.IsZero() {
		t.Errorf("complete through %s at %s: it is an instant that has passed", receipt.CompleteThrough, now)
	}
	if len(receipt.State) > 64<<10 {
		t.Errorf("state of %d bytes: at most 64 KiB are kept", len(receipt.State))
	}
}

func (s *stand) compareEvents(t *testing.T, account sources.Account, days kpi.DateRange, records []sources.Record) {
	t.Helper()
	byID := func(events []sources.Event) map[string]sources.Event {
		found := map[string]sources.Event{}
		for _, e := range events {
			e.Time = e.Time.UTC()
			found[e.ID] = e
		}
		return found
	}
	var got []sources.Event
	for _, record := range records {
		event, ok := record.(sources.Event)
		if !ok {
			t.Fatalf("got a %T from an adapter of events", record)
		}
		got = append(got, event)
	}
	want := s.adapter.Events(s.world, account, days, s.now)
	if len(want) == 0 {
		t.Fatal("no events are expected: nothing would be proved")
	}
	if len(byID(got)) != len(got) {
		t.Errorf("%d events with %d ids: some are handed over twice", len(got), len(byID(got)))
	}
	if diff := cmp.Diff(byID(want), byID(got)); diff != "" {
		t.Errorf("events differ (-want +got):\n%s", clipped(diff))
	}
}

// place is what identifies a figure.
type place struct {
	campaign string
	slot     sources.Slot
}

func (s *stand) compareRows(t *testing.T, account sources.Account, days kpi.DateRange, grain sources.Grain, records []sources.Record) {
	t.Helper()
	got := map[place]kpi.Metrics{}
	var viewed kpi.Micros
	for _, record := range records {
		row, ok := record.(sources.Row)
		if !ok {
			t.Fatalf("got a %T from an adapter of rows", record)
		}
		if row.Entity.Name == "" || row.Entity.Name != sources.Clean(row.Entity.Name) || row.Entity.Status != sources.Clean(row.Entity.Status) {
			t.Errorf("campaign %s has the name %q and the status %q: want them fit for a terminal", row.Entity.ID, row.Entity.Name, row.Entity.Status)
		}
		if row.Entity.Level != s.adapter.level() || row.Entity.Parent != "" || row.Entity.Breakdown != "" {
			t.Errorf("asked for campaigns and got %+v", row.Entity)
		}
		p := place{row.Entity.ID, row.Slot}
		if _, again := got[p]; again {
			t.Errorf("%v is reported twice", p)
		}
		got[p] = row.Metrics
		if viewed += row.Metrics.ViewThrough; !row.Metrics.Sound() {
			t.Errorf("%v has %+v: those after a view are a part of the conversions", p, row.Metrics)
		}
	}
	if s.adapter.Definition.Gives&world.Reports(s.adapter.Definition.Type, grain == sources.Hour)&kpi.ViewThrough != 0 && viewed == 0 && len(got) > 0 {
		t.Error("no conversion followed a view: nothing of them is proved")
	}
	want := s.figures(t, account, days, grain)
	for p, figures := range want {
		reported, ok := got[p]
		switch {
		case ok && reported != figures:
			t.Errorf("%v: got %+v, want %+v", p, reported, figures)
		case !ok && figures != (kpi.Metrics{Has: figures.Has}):
			t.Errorf("%v: no row, want %+v", p, figures)
		case s.adapter.Files && ok && figures == (kpi.Metrics{Has: figures.Has}):
			t.Errorf("%v: got %+v, and the file has no such row: what it leaves out is missing, not zero", p, reported)
		case !ok && !s.adapter.Definition.OmitsZeros && !s.adapter.Files:
			t.Errorf("%v: no row for a slot of zeros, and the definition does not say that zeros are left out", p)
		}
	}
	for p, figures := range got {
		if _, ok := want[p]; !ok {
			t.Errorf("%v: got %+v, and the platform knows nothing of it", p, figures)
		}
	}
}

// level is that of the rows which answer a question about campaigns.
func (a Adapter) level() sources.Level {
	if a.Key != nil {
		return sources.LevelKey
	}
	return sources.LevelCampaign
}

// figures is the truth: what the platform reports of each campaign and slot.
// Most platforms name hours by the clock, so that on a day of 25 hours the figures
// of two real hours arrive as those of the first. Exports know campaigns by name.
func (s *stand) figures(t *testing.T, account sources.Account, days kpi.DateRange, grain sources.Grain) map[place]kpi.Metrics {
	t.Helper()
	want := map[place]kpi.Metrics{}
	add := func(p place, m kpi.Metrics) {
		if m.Has == 0 {
			return
		}
		sum, err := want[p].Add(m)
		if err != nil {
			t.Fatal(err)
		}
		want[p] = sum
	}
	for _, campaign := range s.campaigns(account) {
		id := campaign.ID
		switch {
		case s.adapter.Files:
			id = sources.Clean(campaign.Name)
		case s.adapter.Key != nil:
			id = s.adapter.Key(campaign).ID()
		}
		for d := days.From; d <= days.To; d++ {
			if grain == sources.Day {
				add(place{id, sources.Slot{Date: d, Grain: grain}}, s.world.Day(account.ID, campaign.ID, d, s.now))
				continue
			}
			first := map[int]int{} // hour of the clock -> ordinal of the first real hour of that name
			for hour := range d.Hours(account.Zone) {
				start := d.Start(account.Zone).Add(time.Duration(hour) * time.Hour)
				clock := start.In(account.Zone).Hour()
				if _, repeated := first[clock]; !repeated || s.adapter.RealHours {
					first[clock] = hour
				}
				add(place{id, sources.Slot{Date: d, Grain: grain, Hour: first[clock]}}, s.world.Hour(account.ID, campaign.ID, start, s.now))
			}
		}
	}
	return want
}

func (a Adapter) yieldError(t *testing.T) {
	s := a.stand(t, world.ConformanceSpring)
	full, calls := errors.New("no room"), 0
	_, err := s.source.Fetch(t.Context(), s.lately(), func(sources.Record) error { calls++; return full })
	if !errors.Is(err, full) || calls != 1 {
		t.Errorf("got %v after %d records, want the error of yield after one", err, calls)
	}
}

func clipped(text string) string {
	const most = 4000
	if len(text) > most {
		return fmt.Sprintf("%s… (%d bytes more)", text[:most], len(text)-most)
	}
	return text
}
