package csv

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"adtop/kpi"
)

// missing says whether a cell holds no figure. That is not the same as zero.
func missing(cell string) bool {
	switch strings.ToLower(cell) {
	case "", "-", "--", "–", "—", "null", "none", "n/a", "na", "nan", "#n/a", `\n`:
		return true
	}
	return false
}

// number reads a cell exactly, with '.' or ',' as the decimal mark and the
// other one, spaces or apostrophes between groups of digits, times ten to the
// power of scale. Digits beyond the sixth decimal are rounded half to even.
func number(cell string, mark byte, scale int) (kpi.Micros, error) {
	text := strings.Replace(cell, "−", "-", 1)
	sign := ""
	if strings.HasPrefix(text, "-") || strings.HasPrefix(text, "+") {
		sign, text = text[:1], text[1:]
	}
	mantissa, power := text, 0
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		exponent, err := strconv.ParseInt(text[i+1:], 10, 8)
		if err != nil || exponent < -60 || exponent > 60 {
			return 0, noNumber(cell, mark)
		}
		mantissa, power = text[:i], int(exponent)
	}
	whole, fraction, _ := strings.Cut(mantissa, string(mark))
	whole, grouped := ungroup(whole, mark)
	if !grouped || !digitsOnly(fraction) || whole+fraction == "" || len(whole)+len(fraction) > 40 {
		return 0, noNumber(cell, mark)
	}
	// Nearly all cells are short and need no rounding: 18 digits fit into 64 bits.
	if zeros := 6 + power + scale - len(fraction); zeros >= 0 && len(whole)+len(fraction)+zeros <= 18 {
		value, err := strconv.ParseInt(sign+whole+fraction, 10, 64)
		for range zeros {
			value *= 10
		}
		return kpi.Micros(value), err
	}
	value, err := kpi.ParseMicros(fmt.Sprintf("%s0%s.%s0e%d", sign, whole, fraction, power+scale))
	if err != nil {
		return 0, fmt.Errorf("%s: expected an amount below nine million millions", quote(cell))
	}
	return value, nil
}

func noNumber(cell string, mark byte) error {
	name := "point"
	if mark == ',' {
		name = "comma"
	}
	return fmt.Errorf("%s: expected a number with a decimal %s", quote(cell), name)
}

// ungroup takes the separators out of the digits before the decimal mark. The
// groups must be of three digits, or of two and a last one of three, as is
// the habit in India, with the same separator between all of them.
func ungroup(whole string, mark byte) (string, bool) {
	if digitsOnly(whole) {
		return whole, true
	}
	separator := rune(0)
	groups := strings.FieldsFunc(whole, func(r rune) bool {
		if unicode.IsDigit(r) {
			return false
		}
		if separator == 0 {
			separator = r
		}
		return r == separator
	})
	if byte(separator) == mark && separator < 128 || !strings.ContainsRune(".,'’ \u00a0\u202f\u2009", separator) || strings.Join(groups, string(separator)) != whole || len(groups[0]) > 3 {
		return "", false
	}
	last := len(groups) - 1
	for i, group := range groups {
		short := len(group) == 2 && i < last && len(groups[0]) <= 2
		if !digitsOnly(group) || i > 0 && len(group) != 3 && !short {
			return "", false
		}
	}
	return strings.Join(groups, ""), true
}

func digitsOnly(text string) bool { return strings.Trim(text, "0123456789") == "" }

// count reads a whole number that is not negative.
func count(cell string, mark byte) (int64, error) {
	value, err := number(cell, mark, 0)
	if err != nil || value < 0 || value%kpi.MicrosPerUnit != 0 {
		return 0, fmt.Errorf("%s: expected a whole number", quote(cell))
	}
	return int64(value / kpi.MicrosPerUnit), nil
}

// unclear marks a cell that reads differently with either decimal mark.
const unclear = '?'

// markOf returns the decimal mark that a cell gives away, unclear for one such
// as "1,234", or 0 when the cell has no separator. A count has no decimals, so
// there "1,234" is clear.
func markOf(cell string, isCount bool) byte {
	points, commas := strings.Count(cell, "."), strings.Count(cell, ",")
	if points == 0 && commas == 0 {
		return 0
	}
	at := strings.LastIndexAny(cell, ".,")
	last, other := cell[at], byte('.'+','-cell[at])
	switch {
	case points > 0 && commas > 0:
		return last
	case points+commas > 1:
		return other
	}
	before, after := strings.TrimLeft(cell[:at], "+-−"), cell[at+1:]
	if len(after) != 3 || !digitsOnly(after) || len(before) == 0 || len(before) > 3 || before[0] == '0' {
		return last
	}
	if isCount {
		return other
	}
	return unclear
}

// quote shortens a cell for a message.
func quote(cell string) string {
	if runes := []rune(cell); len(runes) > 40 {
		cell = string(runes[:40]) + "…"
	}
	return strconv.Quote(cell)
}
