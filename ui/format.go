package ui

import (
	"math"
	"strconv"
	"time"

	"adtop/kpi"
)

const (
	missing = "—" // what was not told or cannot be divided
	minus   = "−" // U+2212 is as wide as the digits and the plus sign
)

// whole renders a number without decimals and with thousands separators.
func whole(v float64) string {
	rounded := math.Round(math.Abs(v))
	if rounded >= 1e15 {
		return short(v)
	}
	digits := strconv.FormatInt(int64(rounded), 10)
	out := make([]byte, 0, 24)
	if v < 0 && rounded > 0 {
		out = append(out, minus...)
	}
	for i := range len(digits) {
		if i > 0 && (len(digits)-i)%3 == 0 {
			out = append(out, ',')
		}
		out = append(out, digits[i])
	}
	return string(out)
}

// short renders a number in at most six cells, as in "12.3k" or "−1.2M".
func short(v float64) string {
	abs, unit := math.Abs(v), ""
	for _, step := range []string{"k", "M", "B", "T"} {
		if abs < 999.5 {
			break
		}
		abs, unit = abs/1000, step
	}
	decimals := 0
	if unit != "" && abs < 99.95 {
		decimals = 1
	}
	return signed(v, strconv.FormatFloat(abs, 'f', decimals, 64)+unit)
}

// decimal renders a number with the given number of decimals.
func decimal(v float64, decimals int) string {
	return signed(v, strconv.FormatFloat(math.Abs(v), 'f', decimals, 64))
}

// signed puts the minus before the digits of |v|, but not before a zero.
func signed(v float64, digits string) string {
	if v >= 0 {
		return digits
	}
	for i := range len(digits) {
		if digits[i] >= '1' && digits[i] <= '9' {
			return minus + digits
		}
	}
	return digits
}

// fitted renders v in full where it fits into width cells, else shortened.
func fitted(v float64, width int) string {
	if text := whole(v); cells(text) <= width {
		return text
	}
	return short(v)
}

// money renders an amount in whole units of the display currency, with cents
// only below ten units.
func money(m kpi.Micros, width int) string {
	if v := m.Float(); m != 0 && math.Abs(v) < 9.995 && width >= 5 {
		return decimal(v, 2)
	}
	return fitted(m.Float(), width)
}

// amount renders money that may be unknown.
func amount(a kpi.Amount, width int) string {
	if !a.Known {
		return missing
	}
	return money(a.Micros, width)
}

// price renders money for one click or conversion: cents matter below 100.
func price(v float64, width int) string {
	if math.Abs(v) < 99.995 {
		return decimal(v, 2)
	}
	return fitted(v, width)
}

// ratio renders a multiple such as ROAS.
func ratio(r kpi.Ratio) string {
	switch {
	case !r.OK:
		return missing
	case math.Abs(r.Value) >= 99.95:
		return short(r.Value)
	case math.Abs(r.Value) >= 9.995:
		return decimal(r.Value, 1)
	}
	return decimal(r.Value, 2)
}

// share renders a part of a whole, 0..1, as a percentage.
func share(r kpi.Ratio, decimals int) string {
	if !r.OK {
		return missing
	}
	return decimal(100*r.Value, decimals) + "%"
}

// sure renders a probability: never 100%, since nothing is.
func sure(p kpi.Ratio) string {
	if p.OK && p.Value > 0.99 {
		return ">99%"
	}
	return share(p, 0)
}

// change renders a relative difference, in at most six cells.
func change(r kpi.Ratio) string {
	percent := math.Round(100 * r.Value)
	switch {
	case !r.OK:
		return missing
	case percent == 0:
		return "0%"
	case percent > 999:
		return ">+999%"
	case percent < -999:
		return "<" + minus + "999%"
	case percent > 0:
		return "+" + decimal(percent, 0) + "%"
	}
	return decimal(percent, 0) + "%"
}

// conversions renders a count of conversions; attributed fractions show one
// decimal while they matter.
func conversions(m kpi.Micros, width int) string {
	if m%kpi.MicrosPerUnit != 0 && m < 100*kpi.MicrosPerUnit {
		return decimal(m.Float(), 1)
	}
	return fitted(m.Float(), width)
}

// costPerConversion renders the CPA, or its lower bound while there are no
// conversions.
func costPerConversion(m kpi.Metrics, width int) string {
	if cpa := m.CPA(); cpa.OK {
		return price(cpa.Value, width)
	}
	if m.Knows(kpi.Cost|kpi.Conversions) && m.Cost > 0 {
		return ">" + fitted(m.Cost.Float(), width-1)
	}
	return missing
}

// age renders a span in one unit, rounded down. It changes by the minute.
func age(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "<1m"
	case d < time.Hour:
		return strconv.Itoa(int(d/time.Minute)) + "m"
	case d < 48*time.Hour:
		return strconv.Itoa(int(d/time.Hour)) + "h"
	}
	return strconv.Itoa(int(d/(24*time.Hour))) + "d"
}

// clock renders an instant in zone: the time, with the day when it is not the
// day of now.
func clock(t, now time.Time, zone *time.Location) string {
	if kpi.DateOf(t, zone) == kpi.DateOf(now, zone) {
		return t.In(zone).Format("15:04")
	}
	return t.In(zone).Format("2 Jan 15:04")
}

// plural renders a count with its noun.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return whole(float64(n)) + " " + noun + "s"
}
