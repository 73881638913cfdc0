package stripe

import (
	"math"
	"math/big"
	"slices"
	"strings"

	"adtop/kpi"
)

// Amounts are in the smallest unit of their currency: hundredths, but for these.
// The table is Stripe's, not ISO 4217's: ISK and UGX have no cents and are passed
// in hundredths all the same.
var (
	withoutCents   = []kpi.Currency{"BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"}
	withThousandth = []kpi.Currency{"BHD", "JOD", "KWD", "OMR", "TND"}
)

// unit is what one of the smallest unit of a currency is worth, in millionths.
func unit(currency kpi.Currency) int64 {
	switch {
	case slices.Contains(withoutCents, currency):
		return kpi.MicrosPerUnit
	case slices.Contains(withThousandth, currency):
		return kpi.MicrosPerUnit / 1000
	}
	return kpi.MicrosPerUnit / 100
}

// currencyOf reads a code, which Stripe writes in small letters; "" is none.
func currencyOf(text string) kpi.Currency {
	if len(text) != 3 || strings.Trim(text, "abcdefghijklmnopqrstuvwxyz") != "" {
		return ""
	}
	return kpi.Currency(strings.ToUpper(text))
}

// scaled is amount·part/whole, rounded half to even.
func scaled(amount, part, whole int64) (int64, bool) {
	if part == whole {
		return amount, true
	}
	if whole <= 0 {
		return 0, false
	}
	product := new(big.Int).Mul(big.NewInt(amount), big.NewInt(part))
	quotient, rest := new(big.Int).QuoRem(product, big.NewInt(whole), new(big.Int))
	if twice := rest.Lsh(rest.Abs(rest), 1); twice.CmpAbs(big.NewInt(whole)) > 0 || twice.CmpAbs(big.NewInt(whole)) == 0 && quotient.Bit(0) == 1 {
		quotient.Add(quotient, big.NewInt(int64(product.Sign())))
	}
	return quotient.Int64(), quotient.IsInt64()
}

// micros turns an amount of a currency's smallest unit into millionths.
func micros(amount int64, currency kpi.Currency) (kpi.Micros, error) {
	u := unit(currency)
	if amount > math.MaxInt64/u || amount < math.MinInt64/u {
		return 0, kpi.ErrOverflow
	}
	return kpi.Micros(amount * u), nil
}
