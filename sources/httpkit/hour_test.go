package httpkit

import (
	"slices"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	location, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return location
}

func TestClockHourBecomesTheRealHourSinceMidnight(t *testing.T) {
	for _, rule := range []struct {
		name, zone    string
		date          kpi.Date
		clock, actual int
	}{
		{"ordinary day", "Europe/Berlin", kpi.NewDate(2026, 6, 1), 14, 14},
		{"before the spring change", "Europe/Berlin", kpi.NewDate(2026, 3, 29), 1, 1},
		{"skipped by the spring change", "Europe/Berlin", kpi.NewDate(2026, 3, 29), 2, 2},
		{"after the spring change", "Europe/Berlin", kpi.NewDate(2026, 3, 29), 3, 2},
		{"last of 23 hours", "Europe/Berlin", kpi.NewDate(2026, 3, 29), 23, 22},
		{"repeated in autumn: the first", "Europe/Berlin", kpi.NewDate(2026, 10, 25), 2, 2},
		{"after the autumn change", "Europe/Berlin", kpi.NewDate(2026, 10, 25), 3, 4},
		{"last of 25 hours", "Europe/Berlin", kpi.NewDate(2026, 10, 25), 23, 24},
		{"autumn in New York", "America/New_York", kpi.NewDate(2026, 11, 1), 1, 1},
		{"after autumn in New York", "America/New_York", kpi.NewDate(2026, 11, 1), 2, 3},
		{"midnight skipped in Beirut", "Asia/Beirut", kpi.NewDate(2026, 3, 29), 1, 0},
	} {
		if got := ClockHour(rule.date, rule.clock, zone(t, rule.zone)).Hour; got != rule.actual {
			t.Errorf("%s: %d o'clock is hour %d, want %d", rule.name, rule.clock, got, rule.actual)
		}
	}
}

func TestFiguresAreCompleteSomeHoursAfterTheFact(t *testing.T) {
	day := kpi.NewDate(2026, 11, 20)
	q := sources.Query{Account: sources.Account{Zone: zone(t, "Asia/Kolkata")}, Days: kpi.DateRange{From: day, To: day}}
	for _, rule := range []struct{ name, asked, want string }{
		{"whole hours of a zone of half hours", "2026-11-20T14:50:00+05:30", "2026-11-20T11:00:00+05:30"},
		{"soon after midnight nothing of the day", "2026-11-20T01:10:00+05:30", "2026-11-19T22:00:00+05:30"},
		{"never beyond the asked days", "2026-11-23T10:00:00+05:30", "2026-11-21T00:00:00+05:30"},
	} {
		asked, err := time.Parse(time.RFC3339, rule.asked)
		if err != nil {
			t.Fatal(err)
		}
		if got := CompleteThrough(asked, 3*time.Hour, q).Format(time.RFC3339); got != rule.want {
			t.Errorf("%s: complete through %s, want %s", rule.name, got, rule.want)
		}
	}
}

func TestHoursOfOneNameAreKnown(t *testing.T) {
	for _, rule := range []struct {
		zone string
		date kpi.Date
		want int
	}{
		{"Europe/Berlin", kpi.NewDate(2026, 10, 25), 2}, {"America/New_York", kpi.NewDate(2026, 11, 1), 1},
		{"Europe/Berlin", kpi.NewDate(2026, 3, 29), -1}, {"Europe/Berlin", kpi.NewDate(2026, 10, 26), -1}, {"Asia/Tokyo", kpi.NewDate(2026, 10, 25), -1},
	} {
		if got := RepeatedHour(rule.date, zone(t, rule.zone)); got != rule.want {
			t.Errorf("%s in %s: %d, want %d", rule.date, rule.zone, got, rule.want)
		}
	}
}

func TestPiecesCoverTheDaysOnce(t *testing.T) {
	days := kpi.DateRange{From: 10, To: 16}
	if got := Pieces(days, 3); !slices.Equal(got, []kpi.DateRange{{From: 10, To: 12}, {From: 13, To: 15}, {From: 16, To: 16}}) {
		t.Errorf("got %v", got)
	}
	if got := Pieces(kpi.DateRange{From: 2, To: 1}, 3); got != nil {
		t.Errorf("no days in %v", got)
	}
}
