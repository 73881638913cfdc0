package csv

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"adtop/kpi"
)

// layout is how the file writes dates.
type layout struct {
	written   string // as in the options
	reference string // in the words of package time
	hasHour   bool
	hasOffset bool
}

// tokens turns the usual names of date parts into Go's reference time.
var tokens = strings.NewReplacer("YYYY", "2006", "YY", "06", "MM", "01", "DD", "02", "M", "1", "D", "2", "HH", "15", "mm", "04", "ss", "05")

// parseLayout reads "YYYY-MM-DD", "DD.MM.YYYY HH:mm" or a layout of package
// time. It must tell the year, the month and the day.
func parseLayout(format string) (layout, error) {
	l := layout{written: format, reference: format}
	if strings.Contains(format, "YY") {
		l.reference = tokens.Replace(format)
	}
	probe := time.Date(2023, time.November, 24, 3, 0, 0, 0, time.UTC)
	differs := func(other time.Time) bool { return probe.Format(l.reference) != other.Format(l.reference) }
	for part, other := range map[string]time.Time{"year": probe.AddDate(1, 0, 0), "month": probe.AddDate(0, 1, 0), "day": probe.AddDate(0, 0, 1)} {
		if !differs(other) {
			return layout{}, fmt.Errorf("%q has no %s: expected something like YYYY-MM-DD or DD.MM.YYYY", format, part)
		}
	}
	l.hasHour = differs(probe.Add(14 * time.Hour))
	l.hasOffset = differs(probe.Add(-time.Hour).In(time.FixedZone("", 3600)))
	return l, nil
}

// date reads a date cell. The hour is the wall clock's, when the layout has it
// and no offset; with an offset the instant is moved into zone first.
func (l layout) date(cell string, zone *time.Location) (kpi.Date, int, error) {
	t, err := time.Parse(l.reference, cell)
	if err != nil {
		return 0, 0, fmt.Errorf("%s: expected a date like %s", quote(cell), l.written)
	}
	if l.hasOffset {
		t = t.In(zone)
	}
	year, month, day := t.Date()
	if year < 1970 || year > 9999 {
		return 0, 0, fmt.Errorf("%s: expected a year from 1970 on", quote(cell))
	}
	return kpi.NewDate(year, month, day), t.Hour(), nil
}

// hour reads an hour cell: "7", "07", "07:00" or "07:00 - 07:59".
func hour(cell string) (int, error) {
	digits, rest := cell, ""
	if i := strings.IndexByte(cell, ':'); i >= 0 {
		digits, rest = cell[:i], cell[i:]
	}
	h, err := strconv.ParseUint(digits, 10, 8)
	if err != nil || h > 23 || len(digits) > 2 || strings.Trim(rest, "0123456789: -–") != "" {
		return 0, fmt.Errorf("%s: expected an hour from 0 to 23", quote(cell))
	}
	return int(h), nil
}
