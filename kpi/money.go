package kpi

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
)

// Micros counts millionths of a unit: of a currency's major unit (1 EUR is
// 1_000_000) or of one conversion (platforms attribute fractions). Sums of
// Micros are exact and do not depend on their order.
type Micros int64

// MicrosPerUnit is the number of Micros in one unit.
const MicrosPerUnit = 1_000_000

// ErrOverflow reports a sum that does not fit into 64 bits.
var ErrOverflow = errors.New("amount is out of range")

// Add returns m+n, or ErrOverflow.
func (m Micros) Add(n Micros) (Micros, error) {
	sum := m + n
	if (n > 0 && sum < m) || (n < 0 && sum > m) {
		return 0, ErrOverflow
	}
	return sum, nil
}

// Float returns m in units. It is for ratios and drawing, never for sums.
func (m Micros) Float() float64 { return float64(m) / MicrosPerUnit }

// Decimal renders m in units with at least minDecimals digits after the point
// and no more than the value needs: 1500000 with 2 is "1.50".
func (m Micros) Decimal(minDecimals int) string {
	sign, abs := "", uint64(m)
	if m < 0 {
		sign, abs = "-", uint64(-(m+1))+1
	}
	frac := strconv.FormatUint(MicrosPerUnit+abs%MicrosPerUnit, 10)[1:]
	keep := min(max(len(strings.TrimRight(frac, "0")), minDecimals), 6)
	out := sign + strconv.FormatUint(abs/MicrosPerUnit, 10)
	if keep > 0 {
		out += "." + frac[:keep]
	}
	return out
}

// Cents is m rounded to hundredths of a unit, half away from zero, for people
// to read.
func (m Micros) Cents() Micros {
	const cent = MicrosPerUnit / 100
	rest := m % cent
	m -= rest
	switch {
	case 2*rest >= cent && m <= math.MaxInt64-cent:
		m += cent
	case 2*rest <= -cent && m >= math.MinInt64+cent:
		m -= cent
	}
	return m
}

// MicrosFromFloat rounds units to Micros, half away from zero. NaN, infinities
// and values beyond 64 bits are ErrOverflow.
func MicrosFromFloat(units float64) (Micros, error) {
	scaled := math.Round(units * MicrosPerUnit)
	if math.IsNaN(scaled) || scaled >= math.MaxInt64 || scaled <= math.MinInt64 {
		return 0, ErrOverflow
	}
	return Micros(scaled), nil
}

// ParseMicros reads a decimal number with a point ("19.99", "-3", "1.5e2")
// exactly; digits beyond the sixth are rounded half to even.
func ParseMicros(text string) (Micros, error) {
	if m, ok := parsePlain(text); ok {
		return m, nil
	}
	trimmed := strings.TrimSpace(text)
	if trimmed == "" || len(trimmed) > 64 || strings.ContainsAny(trimmed, "/_xXpPoObB") || hugeExponent(trimmed) {
		return 0, fmt.Errorf("%q is not a decimal number", clip(text))
	}
	value, ok := new(big.Rat).SetString(trimmed)
	if !ok {
		return 0, fmt.Errorf("%q is not a decimal number", clip(text))
	}
	value.Mul(value, new(big.Rat).SetInt64(MicrosPerUnit))
	parsed, err := roundQuotient(value.Num(), value.Denom())
	if err != nil {
		return 0, fmt.Errorf("%q: %w", clip(text), err)
	}
	return parsed, nil
}

// parsePlain reads what nearly all amounts look like: up to twelve digits, and
// up to six behind the point.
func parsePlain(text string) (m Micros, ok bool) {
	negative := strings.HasPrefix(text, "-")
	whole, frac, point := strings.Cut(strings.TrimPrefix(text, "-"), ".")
	if len(whole) == 0 || len(whole) > 12 || len(frac) > 6 || (point && frac == "") {
		return 0, false
	}
	for _, digits := range [2]string{whole, frac} {
		for i := range len(digits) {
			if digits[i] < '0' || digits[i] > '9' {
				return 0, false
			}
			m = 10*m + Micros(digits[i]-'0')
		}
	}
	for range 6 - len(frac) {
		m *= 10
	}
	if negative {
		m = -m
	}
	return m, true
}

// hugeExponent guards big.Rat, whose work grows with the exponent itself.
func hugeExponent(text string) bool {
	_, exponent, found := strings.Cut(strings.ToLower(text), "e")
	return found && len(strings.TrimLeft(exponent, "+-0")) > 2
}

func clip(text string) string {
	if len(text) > 40 {
		return text[:40] + "…"
	}
	return text
}

// Currency is an ISO 4217 code in capitals.
type Currency string

// Money is an amount of one currency.
type Money struct {
	Micros   Micros
	Currency Currency
}

// String renders the amount for people, as in "12.50 EUR".
func (m Money) String() string { return m.Micros.Decimal(2) + " " + string(m.Currency) }

// Rate is the price of one unit of a currency in another, in millionths of a
// millionth, so that published rates of up to twelve decimals are exact.
type Rate int64

// RateOne converts a currency into itself.
const RateOne Rate = 1_000_000_000_000

// ParseRate reads a positive decimal number of at most twelve decimals.
func ParseRate(text string) (Rate, error) {
	if trimmed := strings.TrimSpace(text); trimmed != "" && len(trimmed) <= 32 && strings.Trim(trimmed, "0123456789.") == "" {
		if value, ok := new(big.Rat).SetString(trimmed); ok && value.Sign() > 0 {
			value.Mul(value, new(big.Rat).SetInt64(int64(RateOne)))
			if value.IsInt() && value.Num().IsInt64() {
				return Rate(value.Num().Int64()), nil
			}
		}
	}
	return 0, fmt.Errorf("%q is not an exchange rate: expected a positive decimal number such as 0.92", clip(text))
}

// Apply converts an amount, rounding half to even.
func (r Rate) Apply(m Micros) (Micros, error) {
	if r == RateOne {
		return m, nil
	}
	if r <= 0 {
		return 0, fmt.Errorf("exchange rate %d is not positive", r)
	}
	return mulDiv(m, int64(r), int64(RateOne))
}

// Times returns the share of the amount, rounding half to even: a share of
// 450_000 is 45%.
func (m Micros) Times(share Micros) (Micros, error) {
	return mulDiv(m, int64(share), MicrosPerUnit)
}

// mulDiv returns m·factor/divisor, rounded half to even; divisor is positive.
func mulDiv(m Micros, factor, divisor int64) (Micros, error) {
	product := new(big.Int).Mul(big.NewInt(int64(m)), big.NewInt(factor))
	return roundQuotient(product, big.NewInt(divisor))
}

// roundQuotient divides by a positive divisor, rounding half to even.
func roundQuotient(numerator, divisor *big.Int) (Micros, error) {
	quotient, rest := new(big.Int).QuoRem(numerator, divisor, new(big.Int))
	twice := new(big.Int).Abs(new(big.Int).Lsh(rest, 1))
	if cmp := twice.Cmp(divisor); cmp > 0 || (cmp == 0 && quotient.Bit(0) == 1) {
		quotient.Add(quotient, big.NewInt(int64(numerator.Sign())))
	}
	if !quotient.IsInt64() {
		return 0, ErrOverflow
	}
	return Micros(quotient.Int64()), nil
}
