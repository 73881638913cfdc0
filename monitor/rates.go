package monitor

import (
	"fmt"
	"slices"

	"adtop/kpi"
	"adtop/store"
)

// carryDays is how long a published rate stands in for the days after it.
// Rates of the config hold until the next one.
const carryDays = 7

// rates finds the price of a currency in the display currency on a day.
type rates struct {
	display kpi.Currency
	of      map[kpi.Currency][]store.Rate // ascending by date
}

func newRates(display kpi.Currency, stored []store.Rate) rates {
	r := rates{display, map[kpi.Currency][]store.Rate{}}
	for _, rate := range stored {
		if rate.To == display {
			r.of[rate.From] = append(r.of[rate.From], rate)
		}
	}
	for _, list := range r.of {
		slices.SortStableFunc(list, func(a, b store.Rate) int { return int(a.Date) - int(b.Date) })
	}
	return r
}

// on returns the rate of a day, or an error that names the currency: a missing
// rate is never taken for 1.
func (r rates) on(currency kpi.Currency, day kpi.Date) (kpi.Rate, error) {
	if currency == r.display {
		return kpi.RateOne, nil
	}
	list := r.of[currency]
	i, exact := slices.BinarySearchFunc(list, day, func(rate store.Rate, d kpi.Date) int { return int(rate.Date) - int(d) })
	if !exact {
		i--
	}
	if i < 0 || (list[i].Origin != "config" && day-list[i].Date > carryDays) {
		return 0, fmt.Errorf("no exchange rate from %s to %s on %s: add one under rates: in the config", currency, r.display, day)
	}
	return list[i].Rate, nil
}

// convert returns metrics of a day in the display currency.
func (r rates) convert(m kpi.Metrics, currency kpi.Currency, day kpi.Date) (kpi.Metrics, error) {
	rate, err := r.on(currency, day)
	if err != nil {
		return kpi.Metrics{}, err
	}
	return m.Convert(rate)
}
