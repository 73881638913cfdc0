package snapshot

import (
	"testing"

	"adtop/kpi"
)

func TestNamedRangesMoveWithToday(t *testing.T) {
	today := kpi.NewDate(2026, 11, 20)
	for text, want := range map[string]string{
		"today": "2026-11-20..2026-11-20", "yesterday": "2026-11-19..2026-11-19", "7d": "2026-11-14..2026-11-20",
		"30d": "2026-10-22..2026-11-20", "mtd": "2026-11-01..2026-11-20", "2026-01-01..2026-01-31": "2026-01-01..2026-01-31",
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

func TestThePreviousPeriodIsAsLongAndEndsRightBefore(t *testing.T) {
	days := kpi.DateRange{From: kpi.NewDate(2026, 3, 1), To: kpi.NewDate(2026, 3, 7)}
	before := Previous(days)
	if before.Days() != 7 || before.To != days.From-1 {
		t.Fatalf("before %s is %s", days, before)
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
