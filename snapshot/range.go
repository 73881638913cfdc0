package snapshot

import (
	"fmt"
	"strings"

	"adtop/kpi"
)

// Range is a span of account-local days: a named one, which moves with each
// account's own today, or a fixed one. "mtd" and "lastmonth" compare with the
// same days of the month before, clipped at its end: 1 to 31 March with 1 to 28
// February.
type Range struct {
	Name  string        // one of Ranges; "" for a fixed range
	Fixed kpi.DateRange // used when Name is ""
}

// Ranges are the named ranges, in the order in which a screen steps through them.
var Ranges = []Range{{Name: "today"}, {Name: "yesterday"}, {Name: "24h"}, {Name: "7d"}, {Name: "14d"}, {Name: "30d"}, {Name: "mtd"}, {Name: "lastmonth"}}

// ParseRange reads a named range or "2026-11-01..2026-11-20", at most 800 days.
func ParseRange(text string) (Range, error) {
	for _, r := range Ranges {
		if r.Name == text {
			return r, nil
		}
	}
	if from, to, ok := strings.Cut(text, ".."); ok {
		first, err := kpi.ParseDate(from)
		if err != nil {
			return Range{}, err
		}
		last, err := kpi.ParseDate(to)
		if err != nil {
			return Range{}, err
		}
		if days := int(last-first) + 1; days < 1 || days > 800 {
			return Range{}, fmt.Errorf("range %s has %d days: expected 1 to 800, first day first", text, days)
		}
		return Range{Fixed: kpi.DateRange{From: first, To: last}}, nil
	}
	return Range{}, fmt.Errorf("unknown range %q: expected today, yesterday, 24h, 7d, 14d, 30d, mtd, lastmonth or FROM..TO as in 2026-11-01..2026-11-20", text)
}

// String renders the range as ParseRange reads it.
func (r Range) String() string {
	if r.Name != "" {
		return r.Name
	}
	return r.Fixed.String()
}

// Label renders the range for a heading.
func (r Range) Label() string {
	switch r.Name {
	case "today":
		return "Today"
	case "yesterday":
		return "Yesterday"
	case "24h":
		return "Last 24 hours"
	case "mtd":
		return "Month to date"
	case "lastmonth":
		return "Last month"
	case "":
		return r.Fixed.String()
	}
	return "Last " + strings.TrimSuffix(r.Name, "d") + " days"
}

// ByHour says whether the range is made of hours: the last 24 that began.
func (r Range) ByHour() bool { return r.Name == "24h" }

// Days resolves the range where today is the given day. Of a range by the hour
// they are the days that its hours lie in.
func (r Range) Days(today kpi.Date) kpi.DateRange {
	switch r.Name {
	case "today":
		return kpi.DateRange{From: today, To: today}
	case "yesterday":
		return kpi.DateRange{From: today - 1, To: today - 1}
	case "7d":
		return kpi.DateRange{From: today - 6, To: today}
	case "14d":
		return kpi.DateRange{From: today - 13, To: today}
	case "30d":
		return kpi.DateRange{From: today - 29, To: today}
	case "24h":
		return kpi.DateRange{From: today - 1, To: today}
	case "mtd":
		return kpi.DateRange{From: today.FirstOfMonth(), To: today}
	case "lastmonth":
		last := today.FirstOfMonth() - 1
		return kpi.DateRange{From: last.FirstOfMonth(), To: last}
	}
	return r.Fixed
}

// Comparison says which period a range is compared with.
type Comparison string

// The comparisons. Of a running day, each compares with the same time of day.
const (
	PreviousPeriod Comparison = ""        // of the same length, right before; of a month, the same days of the one before
	SameWeekday    Comparison = "weekday" // as many weeks earlier as the range takes
	LastYear       Comparison = "year"    // 52 weeks earlier, so that weekdays match
)

// Comparisons are all of them, in the order in which a screen steps through them.
var Comparisons = []Comparison{PreviousPeriod, SameWeekday, LastYear}

// ParseComparison reads "previous" (or ""), "weekday" or "year".
func ParseComparison(text string) (Comparison, error) {
	if text == "previous" {
		return PreviousPeriod, nil
	}
	for _, c := range Comparisons {
		if string(c) == text {
			return c, nil
		}
	}
	return "", fmt.Errorf("unknown comparison %q: expected previous, weekday or year", text)
}

// Shift returns how many days before days of r those lie that they compare
// with. A day of days compares with the one that lies so far before it.
func (c Comparison) Shift(r Range, days kpi.DateRange) kpi.Date {
	length := kpi.Date(max(1, days.Days()))
	switch {
	case c == LastYear:
		return 52 * 7
	case r.ByHour() && c == SameWeekday:
		return 7
	case r.ByHour():
		return 1
	case c == SameWeekday:
		return (length + 6) / 7 * 7
	case r.ofMonth():
		return days.From - (days.From - 1).FirstOfMonth()
	}
	return length
}

// Of returns the days that days of r compare with.
func (c Comparison) Of(r Range, days kpi.DateRange) kpi.DateRange {
	shift := c.Shift(r, days)
	before := kpi.DateRange{From: days.From - shift, To: days.To - shift}
	if c == PreviousPeriod && r.ofMonth() {
		before.To = min(before.To, days.From-1)
	}
	return before
}

// ofMonth says whether the range begins with a month.
func (r Range) ofMonth() bool { return r.Name == "mtd" || r.Name == "lastmonth" }

// Label renders the comparison for a heading.
func (c Comparison) Label() string {
	switch c {
	case SameWeekday:
		return "same weekday"
	case LastYear:
		return "last year"
	}
	return "previous period"
}
