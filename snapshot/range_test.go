package snapshot

import (
	"testing"

	"adtop/kpi"
)

func TestNamedRangesMoveWithToday(t *testing.T) {
	today := kpi.NewDate(2026, 11, 20)
	for text, want := range map[string]string{
		"today": "2026-11-20..2026-11-20", "yesterday": "2026-11-19..2026-11-19", "7d": "2026-11-14..2026-11-20",
		"30d": "2026-10-22..2026-11-20", "24h": "2026-11-19..2026-11-20", "lastmonth": "2026-10-01..2026-10-31", "mtd": "2026-11-01..2026-11-20", "2026-01-01..2026-01-31": "2026-01-01..2026-01-31",
	} {
		r, err := ParseRange(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := r.Days(today).String(); got != want {
			t.Errorf("%s is %s, want %s", text, got, want)
		}
	}
}

func FuzzARangeIsReadBackAsItPrints(f *testing.F) {
	for _, seed := range []string{"today", "2026-11-01..2026-11-20", "..", "2026-02-30..2026-03-01", "9999-12-31..9999-12-31"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := ParseRange(text)
		if err != nil {
			return
		}
		if again, err := ParseRange(r.String()); err != nil || again != r {
			t.Fatalf("%q reads %v, prints %q, reads back %v (%v)", text, r, r, again, err)
		}
		if days := r.Days(kpi.NewDate(2026, 11, 20)).Days(); days < 1 || days > 800 {
			t.Fatalf("%q has %d days", text, days)
		}
	})
}

func TestEachComparisonMeetsTheDaysItsNameSays(t *testing.T) {
	for _, c := range []struct {
		span, today, previous, weekday, year string
	}{
		{"today", "2026-11-20", "2026-11-19..2026-11-19", "2026-11-13..2026-11-13", "2025-11-21..2025-11-21"},
		{"7d", "2026-11-20", "2026-11-07..2026-11-13", "2026-11-07..2026-11-13", "2025-11-15..2025-11-21"},
		{"14d", "2026-11-20", "2026-10-24..2026-11-06", "2026-10-24..2026-11-06", "2025-11-08..2025-11-21"},
		{"30d", "2026-11-20", "2026-09-22..2026-10-21", "2026-09-17..2026-10-16", "2025-10-23..2025-11-21"},
		{"mtd", "2026-11-20", "2026-10-01..2026-10-20", "2026-10-11..2026-10-30", "2025-11-02..2025-11-21"},
		{"mtd", "2026-03-31", "2026-02-01..2026-02-28", "2026-01-25..2026-02-24", "2025-03-02..2025-04-01"},
		{"mtd", "2026-01-01", "2025-12-01..2025-12-01", "2025-12-25..2025-12-25", "2025-01-02..2025-01-02"},
		{"lastmonth", "2026-12-01", "2026-10-01..2026-10-30", "2026-09-27..2026-10-26", "2025-11-02..2025-12-01"},
		{"lastmonth", "2026-04-30", "2026-02-01..2026-02-28", "2026-01-25..2026-02-24", "2025-03-02..2025-04-01"},
		{"2026-11-01..2026-11-08", "2026-11-20", "2026-10-24..2026-10-31", "2026-10-18..2026-10-25", "2025-11-02..2025-11-09"},
	} {
		r, err := ParseRange(c.span)
		if err != nil {
			t.Fatal(err)
		}
		today, err := kpi.ParseDate(c.today)
		if err != nil {
			t.Fatal(err)
		}
		days := r.Days(today)
		for against, want := range map[Comparison]string{PreviousPeriod: c.previous, SameWeekday: c.weekday, LastYear: c.year} {
			got := against.Of(r, days)
			if got.String() != want {
				t.Errorf("%s on %s, %s: %s, want %s", c.span, c.today, against.Label(), got, want)
			}
			if against != PreviousPeriod && got.From.Weekday() != days.From.Weekday() {
				t.Errorf("%s, %s: begins on a %s, compared with a %s", c.span, against.Label(), days.From.Weekday(), got.From.Weekday())
			}
		}
	}
}
