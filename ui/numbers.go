package ui

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"adtop/kpi"
)

const (
	missing = "—" // what was not told or cannot be divided
	minus   = "−" // U+2212 is as wide as the digits and the plus sign
)

// numbers renders figures as a country writes them: with its mark between
// thousands and before decimals. Each mark is one cell wide.
type numbers struct{ thousands, point string }

// NumberFormats are the ways to write a number, each told by an example.
var NumberFormats = []string{"1,234.5", "1.234,5", "1 234,5", "1'234.5", "1234.5"}

// numbersLike reads one of NumberFormats; "" is the first.
func numbersLike(example string) (numbers, error) {
	if example == "" {
		example = NumberFormats[0]
	}
	for _, known := range NumberFormats {
		if known != example {
			continue
		}
		rest := strings.TrimPrefix(strings.TrimSuffix(example, "5"), "1")
		at := strings.Index(rest, "234")
		format := numbers{thousands: rest[:at], point: rest[at+3:]}
		if format.thousands == " " {
			format.thousands = "\u00a0" // a line is never broken within a number
		}
		return format, nil
	}
	return numbers{}, fmt.Errorf("number format %q: expected one of %s", example, strings.Join(NumberFormats, "  "))
}

// whole renders a number without decimals.
func (f numbers) whole(v float64) string {
	rounded := math.Round(math.Abs(v))
	if rounded >= 1e15 {
		return f.short(v)
	}
	digits := strconv.FormatInt(int64(rounded), 10)
	out := make([]byte, 0, 32)
	if v < 0 && rounded > 0 {
		out = append(out, minus...)
	}
	for i := range len(digits) {
		if i > 0 && (len(digits)-i)%3 == 0 {
			out = append(out, f.thousands...)
		}
		out = append(out, digits[i])
	}
	return string(out)
}

// short renders a number in at most six cells, as in "12.3k" or "−1.2M".
func (f numbers) short(v float64) string {
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
	return signed(v, f.digits(abs, decimals)+unit)
}

// decimal renders a number with the given number of decimals.
func (f numbers) decimal(v float64, decimals int) string {
	return signed(v, f.digits(math.Abs(v), decimals))
}

func (f numbers) digits(abs float64, decimals int) string {
	text := strconv.FormatFloat(abs, 'f', decimals, 64)
	if f.point != "." {
		text = strings.Replace(text, ".", f.point, 1)
	}
	return text
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
func (f numbers) fitted(v float64, width int) string {
	if text := f.whole(v); cells(text) <= width {
		return text
	}
	return f.short(v)
}

// money renders an amount in whole units of the display currency, with cents
// only below ten units.
func (f numbers) money(m kpi.Micros, width int) string {
	if v := m.Float(); m != 0 && math.Abs(v) < 9.995 && width >= 5 {
		return f.decimal(v, 2)
	}
	return f.fitted(m.Float(), width)
}

// price renders money for one click or conversion: cents matter below 100.
func (f numbers) price(v float64, width int) string {
	if math.Abs(v) < 99.995 {
		return f.decimal(v, 2)
	}
	return f.fitted(v, width)
}

// ratio renders a multiple such as ROAS.
func (f numbers) ratio(r kpi.Ratio) string {
	switch {
	case !r.OK:
		return missing
	case math.Abs(r.Value) >= 99.95:
		return f.short(r.Value)
	case math.Abs(r.Value) >= 9.995:
		return f.decimal(r.Value, 1)
	}
	return f.decimal(r.Value, 2)
}

// share renders a part of a whole, 0..1, as a percentage.
func (f numbers) share(r kpi.Ratio, decimals int) string {
	if !r.OK {
		return missing
	}
	return f.decimal(100*r.Value, decimals) + "%"
}

// sure renders a probability: never 100%, since nothing is.
func (f numbers) sure(p kpi.Ratio) string {
	if p.OK && p.Value > 0.99 {
		return ">99%"
	}
	return f.share(p, 0)
}

// change renders a relative difference, in at most six cells.
func (f numbers) change(r kpi.Ratio) string {
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
		return "+" + f.decimal(percent, 0) + "%"
	}
	return f.decimal(percent, 0) + "%"
}

// count renders a number of conversions, with one decimal where it is no
// whole number.
func (f numbers) count(v float64) string {
	if v == math.Trunc(v) {
		return f.whole(v)
	}
	return f.decimal(v, 1)
}

// costPerConversion renders the CPA, or its lower bound while there are no
// conversions.
func (f numbers) costPerConversion(m kpi.Metrics, width int) string {
	if cpa := m.CPA(); cpa.OK {
		return f.price(cpa.Value, width)
	}
	if m.Knows(kpi.Cost|kpi.Conversions) && m.Cost > 0 {
		return ">" + f.fitted(math.Floor(m.Cost.Float()), width-1) // a bound is never rounded up
	}
	return missing
}

// plural renders a count with its noun.
func (f numbers) plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return f.whole(float64(n)) + " " + noun + "s"
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

// shortDate renders a day without its year.
func shortDate(d kpi.Date) string {
	_, month := d.Month()
	return strconv.Itoa(int(d-d.FirstOfMonth())+1) + " " + month.String()[:3]
}
