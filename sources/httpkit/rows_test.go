package httpkit

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources"
)

// rowsOf collects what is put for October 2026 in Berlin.
func rowsOf(t *testing.T, grain sources.Grain) (*Rows, *[]sources.Row) {
	t.Helper()
	q := sources.Query{
		Account: sources.Account{ID: "a", Zone: zone(t, "Europe/Berlin")}, Level: sources.LevelCampaign, Grain: grain,
		Days: kpi.DateRange{From: kpi.NewDate(2026, 10, 1), To: kpi.NewDate(2026, 10, 31)},
	}
	got := &[]sources.Row{}
	rows, err := NewRows("Acme Ads", q, func(r sources.Record) error { *got = append(*got, r.(sources.Row)); return nil }, sources.Day, sources.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return rows, got
}

func TestRowsAreCleanedAndCarryWhatTheyHaveInCommon(t *testing.T) {
	rows, got := rowsOf(t, sources.Day)
	rows.Entity = sources.Entity{Attribution: "7d", Action: "purchase"}
	for _, f := range []Figure{
		{ID: []byte("1"), Name: []byte("a\x1b[31m "), Status: []byte("ENABLED")},
		{ID: []byte("2")},
		{ID: []byte("1"), Name: []byte("renamed")},
	} {
		f.Slot = sources.Slot{Date: kpi.NewDate(2026, 10, 2+len(*got)), Grain: sources.Day}
		if err := rows.Put(f); err != nil {
			t.Fatal(err)
		}
	}
	want := []sources.Entity{
		{Level: sources.LevelCampaign, ID: "1", Attribution: "7d", Action: "purchase", Name: "a[31m", Status: "enabled"},
		{Level: sources.LevelCampaign, ID: "2", Attribution: "7d", Action: "purchase", Name: "2"},
		{Level: sources.LevelCampaign, ID: "1", Attribution: "7d", Action: "purchase", Name: "renamed"},
	}
	if !slices.EqualFunc(*got, want, func(r sources.Row, e sources.Entity) bool { return r.Entity == e }) {
		t.Errorf("got %+v, want %+v", *got, want)
	}
}

// TestConversionsAfterAViewThatAreNoPartOfTheConversionsAreUnknown: whoever tells more of
// them than of the whole, or no whole, means another count.
func TestConversionsAfterAViewThatAreNoPartOfTheConversionsAreUnknown(t *testing.T) {
	rows, got := rowsOf(t, sources.Day)
	given := []kpi.Metrics{
		{Has: kpi.Conversions | kpi.ViewThrough, Conversions: 3_000_000, ViewThrough: 3_000_000},
		{Has: kpi.Conversions | kpi.ViewThrough, Conversions: 3_000_000, ViewThrough: 3_000_001},
		{Has: kpi.Conversions | kpi.ViewThrough, Conversions: 3_000_000, ViewThrough: -1},
		{Has: kpi.Cost | kpi.ViewThrough, Cost: 1, ViewThrough: 1_000_000},
	}
	for i, m := range given {
		if err := rows.Put(Figure{ID: []byte("1"), Slot: sources.Slot{Date: kpi.NewDate(2026, 10, 2+i), Grain: sources.Day}, Metrics: m}); err != nil {
			t.Fatal(err)
		}
	}
	want := []kpi.Metrics{given[0], {Has: kpi.Conversions, Conversions: 3_000_000}, {Has: kpi.Conversions, Conversions: 3_000_000}, {Has: kpi.Cost, Cost: 1}}
	for i, row := range *got {
		if row.Metrics != want[i] {
			t.Errorf("%+v became %+v, want %+v", given[i], row.Metrics, want[i])
		}
	}
}

func TestPartsOfOneEntityAreToldApart(t *testing.T) {
	q := sources.Query{
		Account: sources.Account{ID: "a", Zone: zone(t, "Europe/Berlin")}, Level: sources.LevelAd, Grain: sources.Hour, Breakdown: "network",
		Days: kpi.DateRange{From: kpi.NewDate(2026, 10, 25), To: kpi.NewDate(2026, 10, 25)},
	}
	var got []sources.Row
	rows := RowsOf("Acme Ads", q, func(r sources.Record) error { got = append(got, r.(sources.Row)); return nil })
	put := func(network string, hour int) error {
		return rows.Put(Figure{
			ID: []byte("8"), Parent: []byte("7\x1b"), Breakdown: []byte(network), Slot: sources.Slot{Date: q.Days.From, Grain: sources.Hour, Hour: hour},
			Metrics: kpi.Metrics{Has: kpi.Clicks, Clicks: 1},
		})
	}
	for _, network := range []string{"SEARCH", "CONTENT"} {
		for _, hour := range []int{2, 2, 5} { // 2 is shown twice that night
			if err := put(network, hour); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := put("SEARCH", 5); sources.KindOf(err) != sources.Malformed || !strings.Contains(err.Error(), "ad 8 is reported twice") {
		t.Errorf("one part twice: %v", err)
	}
	if err := rows.Close(); err != nil {
		t.Fatal(err)
	}
	clicks := map[string]int64{}
	for _, r := range got {
		clicks[fmt.Sprint(r.Entity.Breakdown, r.Slot.Hour)] = r.Metrics.Clicks
		if r.Entity.Level != sources.LevelAd || r.Entity.Parent != "7" {
			t.Errorf("entity %+v", r.Entity)
		}
	}
	if len(got) != 4 || clicks["search2"] != 2 || clicks["content2"] != 2 || clicks["search5"] != 1 {
		t.Errorf("%d rows with clicks %v", len(got), clicks)
	}
}

func TestImpossibleRowsAreRefused(t *testing.T) {
	day := sources.Slot{Date: kpi.NewDate(2026, 10, 2), Grain: sources.Day}
	for says, figures := range map[string][]Figure{
		"twice":       {{ID: []byte("1"), Slot: day}, {ID: []byte("1"), Slot: day}},
		"names no":    {{Slot: day}},
		"below":       {{ID: []byte("1"), Slot: day, Metrics: kpi.Metrics{Has: kpi.Clicks, Clicks: -1}}},
		"no campaign": {{ID: []byte("\b\x1b"), Slot: day}},
		"not asked":   {{ID: []byte("1"), Slot: sources.Slot{Date: day.Date + 60, Grain: sources.Day}}},
	} {
		rows, _ := rowsOf(t, sources.Day)
		var err error
		for _, f := range figures {
			err = rows.Put(f)
		}
		if sources.KindOf(err) != sources.Malformed || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
	rows, _ := rowsOf(t, sources.Day)
	for _, text := range []string{"2026-09-30", "2026-11-01", "yesterday", ""} {
		if _, err := rows.Day([]byte(text)); sources.KindOf(err) != sources.Malformed {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, hour := range []int{-1, 24} {
		if _, err := rows.Hour(day.Date, hour); sources.KindOf(err) != sources.Malformed {
			t.Errorf("hour %d: %v", hour, err)
		}
	}
}

func TestWhatIsReportedForTheRepeatedHourIsAddedUp(t *testing.T) {
	rows, got := rowsOf(t, sources.Hour)
	for _, wall := range []int{1, 2, 2, 3} {
		slot, err := rows.Hour(kpi.NewDate(2026, 10, 25), wall)
		if err != nil {
			t.Fatal(err)
		}
		if err := rows.Put(Figure{ID: []byte("1"), Slot: slot, Metrics: kpi.Metrics{Has: kpi.Cost, Cost: 5}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := rows.Close(); err != nil {
		t.Fatal(err)
	}
	last := (*got)[len(*got)-1]
	if len(*got) != 3 || last.Slot.Hour != 2 || last.Metrics.Cost != 10 || len(rows.Warnings) != 1 {
		t.Errorf("got %+v with warnings %q", *got, rows.Warnings)
	}
}

// TestMemoryDoesNotGrowWithTheAnswer reads an answer of 744,000 rows, one after
// the other: what is kept is a bit for each, and 1,000 campaigns.
func TestMemoryDoesNotGrowWithTheAnswer(t *testing.T) {
	if testing.Short() {
		t.Skip("reads many rows")
	}
	q := sources.Query{
		Account: sources.Account{ID: "a", Zone: time.UTC}, Level: sources.LevelCampaign, Grain: sources.Hour,
		Days: kpi.DateRange{From: kpi.NewDate(2026, 10, 1), To: kpi.NewDate(2026, 10, 31)},
	}
	count := 0
	rows, err := NewRows("Acme Ads", q, func(sources.Record) error { count++; return nil }, sources.Hour)
	if err != nil {
		t.Fatal(err)
	}
	live := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := live()
	for campaign := range 1000 {
		id := fmt.Appendf(nil, "campaign-%d", campaign)
		for d := q.Days.From; d <= q.Days.To; d++ {
			answer := fmt.Appendf(nil, `{"name":"Prospecting","spend":"12.5"}`)
			for wall := range 24 {
				f := Figure{ID: id}
				s := NewScanner(answer)
				for key := range s.Object() {
					switch string(key) {
					case "name":
						f.Name = s.Text()
					case "spend":
						s.Metric(&f.Metrics, kpi.Cost)
					}
				}
				if f.Slot, err = rows.Hour(d, wall); err != nil {
					t.Fatal(err)
				}
				if err := errors.Join(s.End(), rows.Put(f)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if grown := live() - before; count != 744_000 || grown > 2<<20 {
		t.Errorf("%d rows left %d bytes behind", count, grown)
	}
	runtime.KeepAlive(rows)
}

func TestOnlyWhatIsReadCanBeAskedFor(t *testing.T) {
	good := sources.Query{Level: sources.LevelCampaign, Grain: sources.Day}
	for name, change := range map[string]func(*sources.Query){
		"level":     func(q *sources.Query) { q.Level = sources.LevelAd },
		"grain":     func(q *sources.Query) { q.Grain = sources.Hour },
		"breakdown": func(q *sources.Query) { q.Breakdown = "device" },
	} {
		q := good
		change(&q)
		if _, err := NewRows("Acme Ads", q, nil, sources.Day); sources.KindOf(err) != sources.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAccountsNeedCurrencyAndZone(t *testing.T) {
	for _, c := range [][4]string{{"", "n", "EUR", "UTC"}, {"1", "n", "", "UTC"}, {"1", "n", "EUR", ""}, {"1", "n", "EUR", "Local"}, {"1", "n", "EUR", "Mars"}} {
		if _, err := Account("Acme Ads", c[0], c[1], c[2], c[3]); sources.KindOf(err) != sources.Malformed {
			t.Errorf("%q: %v", c, err)
		}
	}
	a, err := Account("Acme Ads", "1", " \x1b ", "EUR", "Europe/Berlin")
	if err != nil || a.Name != "1" || a.Currency != "EUR" || a.Zone.String() != "Europe/Berlin" {
		t.Errorf("%+v, %v", a, err)
	}
	if err := Unreached("Acme Ads", []sources.Account{a}, []string{"1", "2"}, "check accounts"); sources.KindOf(err) != sources.Permission || !strings.Contains(err.Error(), "2") {
		t.Errorf("got %v", err)
	}
}
