package kpi

import (
	"fmt"
	"time"
)

// Date is a calendar day without a zone, counted in days since 1 January 1970.
// What it begins and ends at depends on an account's zone: see Start and End.
type Date int32

// DateOf returns the day that instant t falls on in zone.
func DateOf(t time.Time, zone *time.Location) Date {
	y, m, d := t.In(zone).Date()
	return NewDate(y, m, d)
}

// NewDate returns the day of a proleptic Gregorian date; out-of-range months
// and days are normalised as in time.Date.
func NewDate(year int, month time.Month, day int) Date {
	return Date(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// ParseDate reads "2026-11-20".
func ParseDate(text string) (Date, error) {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return 0, fmt.Errorf("%q is not a date: expected YYYY-MM-DD", clip(text))
	}
	return Date(t.Unix() / 86400), nil
}

func (d Date) utc() time.Time { return time.Unix(int64(d)*86400, 0).UTC() }

// String renders the day as "2026-11-20".
func (d Date) String() string { return d.utc().Format(time.DateOnly) }

// Weekday returns the day of the week.
func (d Date) Weekday() time.Weekday { return d.utc().Weekday() }

// Month returns the year and month.
func (d Date) Month() (int, time.Month) { y, m, _ := d.utc().Date(); return y, m }

// FirstOfMonth returns the first day of d's month.
func (d Date) FirstOfMonth() Date { y, m := d.Month(); return NewDate(y, m, 1) }

// Start returns the first instant of the day in zone. Where the clock skips
// midnight (as in Beirut or Santiago), it is the first instant that exists.
func (d Date) Start(zone *time.Location) time.Time {
	y, m, day := d.utc().Date()
	t := time.Date(y, m, day, 0, 0, 0, 0, zone)
	for DateOf(t, zone) < d {
		t = t.Add(15 * time.Minute)
	}
	for earlier := t.Add(-30 * time.Minute); DateOf(earlier, zone) == d; earlier = t.Add(-30 * time.Minute) {
		t = earlier
	}
	return t
}

// End returns the first instant of the next day in zone.
func (d Date) End(zone *time.Location) time.Time { return (d + 1).Start(zone) }

// Length returns how long the day is in zone: 24 h, or another length when
// the clock is changed.
func (d Date) Length(zone *time.Location) time.Duration { return d.End(zone).Sub(d.Start(zone)) }

// Hours returns how many hours the day has in zone, a last half hour counted
// as one: 24, or 23 or 25 when the clock is changed.
func (d Date) Hours(zone *time.Location) int {
	return int((d.Length(zone) + time.Hour - 1) / time.Hour)
}

// HourOf returns the day of t in zone and how many whole hours t lies after
// its beginning (0..24): the ordinal of the real hour, which on a 25-hour day
// tells the two equal wall-clock hours apart.
func HourOf(t time.Time, zone *time.Location) (Date, int) {
	d := DateOf(t, zone)
	return d, int(t.Sub(d.Start(zone)) / time.Hour)
}

// DateRange is a run of days, both ends included. From after To is empty.
type DateRange struct{ From, To Date }

// Days returns the number of days.
func (r DateRange) Days() int { return max(0, int(r.To-r.From)+1) }

// Contains says whether d lies in the range.
func (r DateRange) Contains(d Date) bool { return r.From <= d && d <= r.To }

// Widen adds n days at both ends.
func (r DateRange) Widen(n int) DateRange { return DateRange{r.From - Date(n), r.To + Date(n)} }

// String renders the range as "2026-11-01..2026-11-20".
func (r DateRange) String() string { return r.From.String() + ".." + r.To.String() }
