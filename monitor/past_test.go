package monitor

import (
	"context"
	"slices"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
	"adtop/sources"
	"adtop/store"
)

// spend has the rig's one source report what a day's campaign has cost so far.
func (r *rig) spend(at time.Time, cost kpi.Micros) {
	r.Helper()
	r.clock.set(at)
	accounts, err := r.o.Sources[0].Source.Accounts(context.Background())
	if err != nil {
		r.Fatal(err)
	}
	account := accounts[0]
	day := kpi.DateOf(at, account.Zone)
	err = r.commit(context.Background(), store.Batch{Source: "home", Type: "csv", Account: account, ObservedAt: at,
		Query:   sources.Query{Account: account, Days: kpi.DateRange{From: day, To: day}, Level: sources.LevelCampaign, Grain: sources.Day},
		Receipt: sources.Receipt{CompleteThrough: at},
		Records: []sources.Record{sources.Row{Entity: sources.Entity{Level: sources.LevelCampaign, ID: "1", Name: "One"},
			Slot: sources.Slot{Date: day, Grain: sources.Day}, Metrics: kpi.Metrics{Has: kpi.AllFields, Cost: cost * kpi.MicrosPerUnit}}}})
	if err != nil {
		r.Fatal(err)
	}
}

func TestAComparisonTakesThePresentAtTheMomentAtWhichThePastIsKnown(t *testing.T) {
	r := newRig(t, instant(t, "2026-11-13T00:00:00Z"), func(r *rig, o *Options) { o.Sources = []Source{r.file("home", "EUR", "Europe/Berlin")} })
	for _, day := range []struct {
		date   string
		factor kpi.Micros
	}{{"2026-11-13T", 1}, {"2026-11-20T", 2}} {
		for minute, cost := range map[int]kpi.Micros{0: 100, 20: 110} {
			r.spend(instant(t, day.date+"14:00:00Z").Add(time.Duration(minute)*time.Minute), cost*day.factor)
		}
	}
	r.clock.set(instant(t, "2026-11-20T14:30:00Z"))
	if ch := channel(t, r.show("7d", time.Time{}), "Shop"); ch.Same.Known || ch.Before.Metrics.Cost != 110*kpi.MicrosPerUnit {
		t.Errorf("while every observation is kept: same %+v, before %+v", ch.Same, ch.Before.Metrics)
	}
	keep := store.Retention{Detail: 48 * time.Hour, Hourly: 14 * 24 * time.Hour, History: 400 * 24 * time.Hour}
	for more := true; more; {
		var err error
		if more, err = r.o.Store.Thin(context.Background(), r.clock.now(), keep); err != nil {
			t.Fatal(err)
		}
	}
	s := r.show("7d", time.Time{})
	ch := channel(t, s, "Shop")
	for _, figures := range []struct {
		what              string
		now, same, before snapshot.Figures
	}{{"channel", ch.Now, ch.Same, ch.Before}, {"campaign", ch.Campaigns[0].Now, ch.Campaigns[0].Same, ch.Campaigns[0].Before}, {"total", s.Total, s.Same, s.Before}} {
		euros(t, figures.what+" now", figures.now.Metrics.Cost, "220.00")
		euros(t, figures.what+" before, at 14:00", figures.before.Metrics.Cost, "100.00")
		euros(t, figures.what+" now, at 14:00", figures.same.Metrics.Cost, "200.00")
	}
	past := r.show("today", instant(t, "2026-11-13T14:30:00Z"))
	if past.Resolution != time.Hour || !past.AsOf.Equal(instant(t, "2026-11-13T14:00:00Z")) {
		t.Errorf("a week ago is shown as of %s, resolution %s", past.AsOf, past.Resolution)
	}
}

func TestOtherDefinitionsOfTheChannelsCountAtOnceAndWithoutFetching(t *testing.T) {
	r := newRig(t, instant(t, "2026-11-20T00:00:00Z"), func(r *rig, o *Options) { o.Sources = []Source{r.file("home", "EUR", "Europe/Berlin")} })
	for hour := range 9 {
		r.spend(instant(t, "2026-11-20T09:00:00Z").Add(time.Duration(hour)*time.Hour), kpi.Micros(10*hour+10))
	}
	r.weigh()
	euros(t, "cost by the first definitions", channel(t, r.show("today", time.Time{}), "Shop").Now.Metrics.Cost, "90.00")

	o := r.o
	o.Channels = []Channel{{Name: "Search", Economics: o.Channels[0].Economics, Spend: []string{"home"}, Hash: "other"}}
	reader := openStore(t, r.path)
	o.Store = reader
	report := New(o) // reads only: nobody has summed by these definitions
	for _, m := range []*Monitor{report, func() *Monitor { r.start(r.o); r.Monitor = New(o); r.weigh(); return r.Monitor }()} {
		for at, want := range map[string]string{"2026-11-20T17:00:00Z": "90.00", "2026-11-20T11:30:00Z": "30.00"} {
			s, err := m.Snapshot(context.Background(), snapshot.View{Range: snapshot.Range{Name: "today"}, AsOf: instant(t, at)})
			if err != nil {
				t.Fatal(err)
			}
			euros(t, "cost by other definitions at "+at, channel(t, s, "Search").Now.Metrics.Cost, want)
		}
	}
}

func TestStepsThroughThePastShowSomethingElseEachTime(t *testing.T) {
	r := twoDays(t) // it polls on the 19th at 10:00 and 23:00 and on the 20th at 10:00, in Berlin
	now := r.show("today", time.Time{})
	if !now.Earlier.Equal(instant(t, "2026-11-19T22:00:00Z")) || !now.Later.IsZero() {
		t.Fatalf("from now, steps lead to %s and %s", now.Earlier, now.Later)
	}
	back := r.show("today", now.Earlier)
	if !back.Earlier.Equal(instant(t, "2026-11-19T09:00:00Z")) || !back.Later.IsZero() {
		t.Errorf("from %s, steps lead to %s and %s: the next one is live", back.AsOf, back.Earlier, back.Later)
	}
	first := r.show("today", back.Earlier)
	if !first.Earlier.IsZero() || !first.Later.Equal(back.AsOf) {
		t.Errorf("from the first poll, steps lead to %s and %s", first.Earlier, first.Later)
	}
	costs := []string{now.Total.Metrics.Cost.Decimal(2), back.Total.Metrics.Cost.Decimal(2), first.Total.Metrics.Cost.Decimal(2)}
	if want := []string{"50.00", "100.00", "40.00"}; !slices.Equal(costs, want) {
		t.Errorf("spend by step: %q, want %q", costs, want)
	}
}
