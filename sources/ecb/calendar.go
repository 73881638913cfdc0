package ecb

import (
	"time"

	"adtop/kpi"
)

// Rates are out at about 16:00; a quarter of an hour more is rarely not enough.
const publishedHour, publishedMinute = 16, 15

// Next implements sources.RateSource.
func (s *source) Next(after time.Time) time.Time {
	for d := kpi.DateOf(after, s.frankfurt); ; d++ {
		at := d.Start(s.frankfurt).Add(publishedHour*time.Hour + publishedMinute*time.Minute)
		if d.Length(s.frankfurt) != 24*time.Hour { // Sundays, on which nothing is published
			continue
		}
		if works(d) && at.After(after) {
			return at
		}
	}
}

// works says whether rates are published on a day: not at weekends, nor on the
// holidays of the banks' settlement system (TARGET).
func works(d kpi.Date) bool {
	at := d.Start(time.UTC)
	if weekday := at.Weekday(); weekday == time.Saturday || weekday == time.Sunday {
		return false
	}
	switch month, day := at.Month(), at.Day(); {
	case month == time.January && day == 1, month == time.May && day == 1, month == time.December && (day == 25 || day == 26):
		return false
	}
	easter := easterOf(at.Year())
	return d != easter-2 && d != easter+1
}

// easterOf is Easter Sunday of a year, by the rule of Meeus, Jones and Butcher.
func easterOf(year int) kpi.Date {
	a, b, c := year%19, year/100, year%100
	h := (19*a + b - b/4 - (b-(b+8)/25+1)/3 + 15) % 30
	l := (32 + 2*(b%4) + 2*(c/4) - h - c%4) % 7
	m := (a + 11*h + 22*l) / 451
	n := h + l - 7*m + 114
	return kpi.NewDate(year, time.Month(n/31), n%31+1)
}
