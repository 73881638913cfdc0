package monitor

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/store"
)

const (
	benchChannels  = 10
	benchCampaigns = 20 // of a channel
	benchDays      = 40 // of history
	benchEvery     = 15 * time.Minute
)

// account is a monitor over a store with benchChannels channels, each a source
// with benchCampaigns campaigns by the hour.
type account struct {
	*testing.B
	m     *Monitor
	w     *weigher
	clock *hands
	rand  *rand.Rand
}

// newAccount reads benchDays of history and judges them. most is how many
// campaigns of a channel are weighed.
func newAccount(b *testing.B, most int) *account {
	b.Helper()
	cache, err := store.Open(context.Background(), filepath.Join(b.TempDir(), "cache.db"), store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = cache.Close() })
	began := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	a := &account{B: b, clock: &hands{at: began}, rand: rand.New(rand.NewPCG(1, 1))}
	o := Options{Store: cache, Clock: Clock{Now: a.clock.now, Speed: 1}, Log: slog.New(slog.DiscardHandler), Currency: "EUR", Zone: time.UTC, FalseAlarms: 1}
	for i := range benchChannels {
		name := fmt.Sprint("ads ", i)
		o.Sources = append(o.Sources, Source{Name: name, Every: benchEvery, Definition: sources.Definition{Type: "ads", Gives: kpi.AllFields, Grain: sources.Hour, Dating: sources.ByClick}})
		o.Channels = append(o.Channels, Channel{Name: name, Economics: kpi.Economics{Margin: 500_000}, Spend: []string{name}})
	}
	o.Claim = func(source, _ string, _ sources.Entity) Claim {
		var i int
		_, _ = fmt.Sscanf(source, "ads %d", &i)
		return Claim{Channel: i, Fields: kpi.AllFields}
	}
	a.m = New(o)
	for day := range benchDays {
		a.clock.set(began.AddDate(0, 0, day+1))
		for i := range benchChannels {
			a.poll(i, 24)
		}
	}
	if a.w, err = a.m.beginEvaluating(context.Background()); err != nil {
		b.Fatal(err)
	}
	if a.w.most = most; most == 0 {
		a.w.campaignOf = nil
		for _, c := range a.w.channels {
			c.campaigns = nil
		}
	}
	a.round()
	return a
}

// poll commits what source i reports of the hours before now: two conversions a
// day of each campaign on average, at 1.5 times break-even.
func (a *account) poll(i, hours int) {
	a.Helper()
	now := a.clock.now()
	var records []sources.Record
	for h := range hours {
		at := now.Add(time.Duration(h+1-hours) * time.Hour).Add(-time.Second)
		slot := sources.Slot{Date: kpi.DateOf(at, time.UTC), Grain: sources.Hour, Hour: at.Hour()}
		for c := range benchCampaigns {
			m := kpi.Metrics{Has: kpi.AllFields, Clicks: int64(now.Unix() % 1000), Cost: kpi.Micros(2_000_000 + a.rand.IntN(500_000))}
			if a.rand.IntN(12) == 0 {
				m.Conversions, m.Revenue = kpi.MicrosPerUnit, 80*kpi.MicrosPerUnit
			}
			records = append(records, sources.Row{Entity: sources.Entity{Level: sources.LevelCampaign, ID: fmt.Sprint(c), Name: fmt.Sprint("Campaign ", c)}, Slot: slot, Metrics: m})
		}
	}
	src := a.m.o.Sources[i]
	acc := sources.Account{ID: src.Name, Name: src.Name, Currency: "EUR", Zone: time.UTC}
	batch := store.Batch{Source: src.Name, Type: "ads", Account: acc, ObservedAt: now, Records: records, Gives: kpi.AllFields,
		Query:   sources.Query{Account: acc, Days: kpi.DateRange{From: kpi.DateOf(now.Add(-24*time.Hour), time.UTC), To: kpi.DateOf(now, time.UTC)}, Level: sources.LevelCampaign, Grain: sources.Hour},
		Receipt: sources.Receipt{CompleteThrough: now}}
	if err := a.m.commit(context.Background(), batch); err != nil {
		a.Fatal(err)
	}
}

// round takes in what was polled and judges, and returns how long that took.
func (a *account) round() time.Duration {
	a.Helper()
	began := time.Now()
	err := a.m.absorb(context.Background(), a.w, outcome{})
	if err == nil {
		err = a.m.round(context.Background(), a.w)
	}
	if err != nil {
		a.Fatal(err)
	}
	return time.Since(began)
}

// detail is how many bytes the evaluations of this moment keep for the screens.
func (a *account) detail() (bytes int) {
	evaluations, err := a.m.o.Store.Evaluations(context.Background(), a.clock.now())
	if err != nil {
		a.Fatal(err)
	}
	for _, e := range evaluations {
		if e.At.Equal(a.clock.now()) {
			bytes += len(e.Detail)
		}
	}
	return bytes
}

// BenchmarkRound is what follows a poll: taking it in, weighing, deciding and
// writing, with the campaigns of all channels and without, in turns. The sources
// are polled one after the other, each every 15 minutes.
func BenchmarkRound(b *testing.B) {
	with, without := newAccount(b, maxWeighed), newAccount(b, 0)
	var took [2]time.Duration
	var kept [2]int
	for n := 0; b.Loop(); n++ {
		for i, a := range []*account{with, without} {
			a.clock.set(a.clock.now().Add(benchEvery / benchChannels))
			a.poll(n%benchChannels, 1)
			took[i] += a.round()
			kept[i] += a.detail()
		}
	}
	day := float64(24*time.Hour/benchEvery) * benchChannels / 1e6
	b.ReportMetric(took[0].Seconds()*1e3/float64(b.N), "ms/round")
	b.ReportMetric(took[1].Seconds()*1e3/float64(b.N), "ms/round-without")
	b.ReportMetric(took[0].Seconds()/took[1].Seconds(), "x-of-without")
	b.ReportMetric(float64(kept[0])/float64(b.N)*day, "MB/day")
	b.ReportMetric(float64(kept[1])/float64(b.N)*day, "MB/day-without")
}
