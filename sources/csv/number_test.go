package csv

import (
	"math/big"
	"strings"
	"testing"

	"adtop/kpi"
)

func TestNumbersAreReadExactly(t *testing.T) {
	for _, c := range []struct {
		cell  string
		mark  byte
		scale int
		want  kpi.Micros
	}{
		{"0", '.', 0, 0},
		{"007", '.', 0, 7_000_000},
		{".5", '.', 0, 500_000},
		{"-12.34", '.', 0, -12_340_000},
		{"−12,34", ',', 0, -12_340_000},
		{"+1", '.', 0, 1_000_000},
		{"1.5e-05", '.', 0, 15},
		{"2E3", '.', 0, 2_000_000_000},
		{"12,34,567.8", '.', 0, 1_234_567_800_000},
		{"1.234.567,8", ',', 0, 1_234_567_800_000},
		{"1\u00a0234,5", ',', 0, 1_234_500_000},
		{"1999", '.', -2, 19_990_000},
		{"36150000", '.', -6, 36_150_000},
		{"9000000000000000000", '.', -6, 9_000_000_000_000_000_000},
		{"0.0000005", '.', 0, 0},
		{"0.0000015", '.', 0, 2},
	} {
		if got, err := number(c.cell, c.mark, c.scale); err != nil || got != c.want {
			t.Errorf("number(%q, %c, %d) = %d, %v; want %d", c.cell, c.mark, c.scale, got, err, c.want)
		}
	}
}

func TestWhatIsNoNumberIsRefused(t *testing.T) {
	for _, cell := range []string{"", "x", "-", "1.2.3", "1,23.4", "1,2345", "12,34,56", "1234,567", "1,234'567", "0x10", "1_000", "1e999", "1e", "--1", "1/2", "€5", "5 EUR", "5%", "NaN", "Inf", "1,,234", ",123", "9000000000000000"} {
		if got, err := number(cell, '.', 0); err == nil {
			t.Errorf("number(%q) = %d, want an error", cell, got)
		}
	}
}

func TestDecimalMarkIsNeverGuessed(t *testing.T) {
	for _, c := range []struct {
		cell  string
		count bool
		want  byte
	}{
		{"12", false, 0}, {"1.5", false, '.'}, {"1,5", false, ','}, {"1,234", false, unclear}, {"1.234", false, unclear},
		{"1,234", true, '.'}, {"1.234", true, ','}, {"12.0", true, '.'}, {"1,234,567", false, '.'}, {"1,234.5", false, '.'},
		{"1.234,5", false, ','}, {"0,123", false, ','}, {"1234.567", false, '.'}, {"-1,234", false, unclear},
	} {
		if got := markOf(c.cell, c.count); got != c.want {
			t.Errorf("markOf(%q, %v) = %q, want %q", c.cell, c.count, got, c.want)
		}
	}
}

// FuzzNumber compares with big.Rat on what remains when the separators are
// taken out by hand.
func FuzzNumber(f *testing.F) {
	for _, cell := range []string{"1,234.5", "1.234,5", "-0.000001", "1e5", "12,34,567", "1 234", "--"} {
		f.Add(cell, true)
		f.Add(cell, false)
	}
	f.Fuzz(func(t *testing.T, cell string, point bool) {
		mark, other := byte('.'), ","
		if !point {
			mark, other = ',', "."
		}
		got, err := number(cell, mark, 0)
		if err != nil {
			return
		}
		plain := strings.NewReplacer(other, "", "'", "", "’", "", " ", "", "\u00a0", "", "\u202f", "", "\u2009", "", "−", "-").Replace(cell)
		want, ok := new(big.Rat).SetString(strings.Replace(plain, ",", ".", 1))
		if !ok {
			t.Fatalf("number(%q) = %d, but %q is no number", cell, got, plain)
		}
		difference := want.Sub(want.Mul(want, big.NewRat(kpi.MicrosPerUnit, 1)), new(big.Rat).SetInt64(int64(got)))
		if difference.Abs(difference).Cmp(big.NewRat(1, 2)) > 0 {
			t.Fatalf("number(%q) = %d is off by %s micros", cell, got, difference)
		}
	})
}
