package monitor

import (
	"slices"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
	"adtop/sources"
	"adtop/store"
)

func TestAChartHasTheDaysOfItsRangeAndAsManyBefore(t *testing.T) {
	r, _ := unwatched(t)
	for _, c := range []struct {
		span                      string
		against                   snapshot.Comparison
		first, last, before, ends string // dates of the slots
		known                     int    // of those before
	}{
		{"today", snapshot.PreviousPeriod, "2026-11-07", "2026-11-20", "2026-11-06", "2026-11-19", 14},
		{"yesterday", snapshot.SameWeekday, "2026-11-06", "2026-11-19", "2026-10-30", "2026-11-12", 14},
		{"30d", snapshot.PreviousPeriod, "2026-10-22", "2026-11-20", "2026-09-22", "2026-10-21", 11},
		{"7d", snapshot.LastYear, "2026-11-07", "2026-11-20", "2025-11-08", "2025-11-21", 0},
		{"lastmonth", snapshot.PreviousPeriod, "2026-10-01", "2026-10-31", "2026-09-01", "2026-10-01", 0},
		{"2026-01-01..2026-01-03", snapshot.PreviousPeriod, "2025-12-21", "2026-01-03", "2025-12-18", "2025-12-31", 0},
		{"2025-01-01..2026-11-20", snapshot.PreviousPeriod, "2025-10-17", "2026-11-20", "2023-11-28", "2024-12-31", 0},
	} {
		s := r.against(c.span, c.against)
		for what, series := range map[string]snapshot.Series{"total": s.Series, "channel": channel(t, s, "Shop").Series} {
			got := []string{}
			for _, slots := range [][]snapshot.Slot{series.Slots, series.Before} {
				got = append(got, slots[0].Start.Format(time.DateOnly), slots[len(slots)-1].Start.Format(time.DateOnly))
			}
			if want := []string{c.first, c.last, c.before, c.ends}; !slices.Equal(got, want) || len(series.Slots) != len(series.Before) || series.ByHour {
				t.Errorf("%s of %s: %q, want %q; %d slots and %d before", what, c.span, got, want, len(series.Slots), len(series.Before))
			}
			known := 0
			for _, slot := range series.Before {
				if slot.Figures.Known {
					known++
				}
			}
			if known != c.known {
				t.Errorf("%s of %s: %d days before are known, want %d", what, c.span, known, c.known)
			}
			sum, in := kpi.Micros(0), s.View.Range.Days(kpi.DateOf(s.AsOf, s.Zone))
			for _, slot := range series.Slots {
				if in.Contains(kpi.DateOf(slot.Start, s.Zone)) {
					sum += slot.Figures.Metrics.Cost
				}
			}
			if sum != s.Total.Metrics.Cost {
				t.Errorf("%s of %s: the slots of the range sum up to %s, want %s", what, c.span, sum.Decimal(2), s.Total.Metrics.Cost.Decimal(2))
			}
		}
	}
}

func TestAChartOfTheLast24HoursSumsUpToThem(t *testing.T) {
	at := instant(t, "2026-10-25T13:20:00Z") // two in the morning came twice in Berlin
	var berlin, kolkata told
	r := newRig(t, at, func(r *rig, o *Options) {
		o.Sources = []Source{berlin.platform(r, "berlin", "Europe/Berlin", sources.Hour), kolkata.platform(r, "kolkata", "Asia/Kolkata", sources.Hour)}
		o.Channels[0].Economics.FixedFeesPerMonth = 310 * kpi.MicrosPerUnit
	})
	for _, p := range []*told{&berlin, &kolkata} {
		p.tell("a", at.AddDate(0, 0, -4), at)
	}
	r.poll()
	s := r.show("24h", time.Time{})
	var sum snapshot.Figures
	for i, slot := range s.Series.Slots {
		if want := instant(t, "2026-10-24T14:00:00Z").Add(time.Duration(i) * time.Hour); !slot.Start.Equal(want) || slot.Figures.Metrics.Cost != 2*kpi.MicrosPerUnit {
			t.Errorf("slot %d starts at %s with %s, want %s with 2.00", i, slot.Start, slot.Figures.Metrics.Cost.Decimal(2), want)
		}
		if before := s.Series.Before[i]; before.Figures.Metrics.Cost != 2*kpi.MicrosPerUnit {
			t.Errorf("before slot %d: %s", i, before.Figures.Metrics.Cost.Decimal(2))
		}
		var err error
		if sum, err = plus(sum, slot.Figures); err != nil {
			t.Fatal(err)
		}
	}
	if !s.Series.ByHour || len(s.Series.Slots) != 24 || sum.Fees != s.Total.Fees || sum.Profit != s.Total.Profit || sum.Metrics != s.Total.Metrics {
		t.Errorf("%d slots sum up to %+v, want %+v", len(s.Series.Slots), sum, s.Total)
	}
}

// BenchmarkPicture builds the default view of twenty channels with a year of
// days, without its charts and with them.
func BenchmarkPicture(b *testing.B) {
	var list []Source
	o := Options{Clock: Clock{Speed: 1}, Currency: "EUR", Zone: time.UTC, FalseAlarms: 1}
	for i := range 20 {
		name := string(rune('a' + i))
		list = append(list, Source{Name: name, Every: 15 * time.Minute, Definition: sources.Definition{Type: "told", Gives: kpi.AllFields, Grain: sources.Hour}})
		o.Channels = append(o.Channels, Channel{Name: name, Economics: kpi.Economics{Margin: 500_000}, Spend: []string{name}})
	}
	o.Sources = list
	o.Claim = func(source, _ string, _ sources.Entity) Claim {
		return Claim{Channel: int(source[0] - 'a'), Fields: kpi.AllFields}
	}
	cache, err := store.Open(b.Context(), b.TempDir()+"/cache.db", store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer cache.Close()
	o.Store = cache
	now := time.Date(2026, 11, 20, 9, 20, 0, 0, time.UTC)
	o.Clock.Now = func() time.Time { return now }
	m := New(o)
	if err := cache.Assign(b.Context(), m.builder.channel, nil); err != nil {
		b.Fatal(err)
	}
	for _, at := range []time.Time{now.AddDate(0, 0, -1), now} { // both watched
		for _, src := range list {
			account := sources.Account{ID: "1", Currency: "EUR", Zone: time.UTC}
			today := kpi.DateOf(at, time.UTC)
			batch := store.Batch{Source: src.Name, Type: "told", Account: account, ObservedAt: at, Query: sources.Query{Account: account, Days: kpi.DateRange{From: today - 365, To: today}, Level: sources.LevelCampaign, Grain: sources.Day}}
			for d := today - 365; d <= today; d++ {
				for campaign := range 5 {
					batch.Records = append(batch.Records, sources.Row{Entity: sources.Entity{Level: sources.LevelCampaign, ID: string(rune('0' + campaign))}, Slot: sources.Slot{Date: d, Grain: sources.Day}, Metrics: worth(3)})
				}
			}
			if _, err := cache.Commit(b.Context(), batch); err != nil {
				b.Fatal(err)
			}
		}
	}
	view := snapshot.View{Range: snapshot.Range{Name: "today"}}
	// picture is build up to its charts, or with them.
	picture := func(charts bool) time.Duration {
		began := time.Now()
		s, err := m.builder.state(b.Context(), view, now, status{})
		if err != nil {
			b.Fatal(err)
		}
		l, err := m.builder.read(b.Context(), s, false)
		if err != nil {
			b.Fatal(err)
		}
		sums, err := m.builder.figures(b.Context(), s, l)
		if err == nil && charts {
			err = m.builder.charts(b.Context(), s, l, sums)
		}
		if err != nil {
			b.Fatal(err)
		}
		return time.Since(began)
	}
	var without, with time.Duration
	for b.Loop() {
		without += picture(false)
		with += picture(true)
	}
	b.ReportMetric(with.Seconds()/without.Seconds(), "x-of-without-charts")
	b.ReportMetric(float64(with.Microseconds())/1000/float64(b.N), "ms")
	b.ReportMetric(0, "ns/op")
}
