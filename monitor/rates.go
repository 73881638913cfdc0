package monitor

import (
	"fmt"
	"slices"
	"strings"

	"adtop/kpi"
	"adtop/store"
)

// carryDays is how long a published rate stands in for the days after it.
// Rates of the config hold until the next one.
const carryDays = 7

// Where a rate comes from, other than the name of a source.
const (
	ofConfig  = "config"
	withdrawn = "withdrawn" // it stood in the config once
)

// rates finds the price of a currency in the display currency on a day. A rate
// that the config fixes wins over published ones.
type rates struct {
	display   kpi.Currency
	fixed     map[kpi.Currency][]store.Rate // ascending by date
	published map[kpi.Currency][]store.Rate
	carried   map[kpi.Currency]store.Rate // newest published rates that stood in for a day well after theirs
}

func newRates(display kpi.Currency, stored []store.Rate) rates {
	r := rates{display, map[kpi.Currency][]store.Rate{}, map[kpi.Currency][]store.Rate{}, map[kpi.Currency]store.Rate{}}
	for _, rate := range stored {
		switch {
		case rate.To != display || rate.Origin == withdrawn:
		case rate.Origin == ofConfig:
			r.fixed[rate.From] = append(r.fixed[rate.From], rate)
		default:
			r.published[rate.From] = append(r.published[rate.From], rate)
		}
	}
	for _, lists := range []map[kpi.Currency][]store.Rate{r.fixed, r.published} {
		for _, list := range lists {
			slices.SortStableFunc(list, func(a, b store.Rate) int { return int(a.Date) - int(b.Date) })
		}
	}
	return r
}

// latest returns the place of the newest rate of a day or before, -1 without one.
func latest(list []store.Rate, day kpi.Date) int {
	i, exact := slices.BinarySearchFunc(list, day, func(rate store.Rate, d kpi.Date) int { return int(rate.Date) - int(d) })
	if !exact {
		i--
	}
	return i
}

// on returns the rate of a day, or an error that names the currency: a missing
// rate is never taken for 1.
func (r rates) on(currency kpi.Currency, day kpi.Date) (kpi.Rate, error) {
	if currency == r.display {
		return kpi.RateOne, nil
	}
	if fixed := r.fixed[currency]; len(fixed) > 0 {
		if i := latest(fixed, day); i >= 0 {
			return fixed[i].Rate, nil
		}
	}
	list := r.published[currency]
	i := latest(list, day)
	if i < 0 || day-list[i].Date > carryDays {
		return 0, fmt.Errorf("no exchange rate from %s to %s on %s: add one under rates: in the config", currency, r.display, day)
	}
	if i == len(list)-1 && day-list[i].Date > 1 {
		r.carried[currency] = list[i]
	}
	return list[i].Rate, nil
}

// labels names the days of rates that stood in for later ones. One of the day
// before is the rule in the morning and is not named.
func (r rates) labels() []string {
	currencies := map[store.Rate][]string{}
	for currency, rate := range r.carried {
		by := store.Rate{Date: rate.Date, Origin: rate.Origin}
		currencies[by] = append(currencies[by], string(currency))
	}
	var labels []string
	for by, list := range currencies {
		slices.Sort(list)
		labels = append(labels, fmt.Sprintf("%s is converted at the rate of %s, the last that %s published", strings.Join(list, ", "), by.Date, by.Origin))
	}
	slices.Sort(labels)
	return labels
}

// convert returns metrics of a day in the display currency.
func (r rates) convert(m kpi.Metrics, currency kpi.Currency, day kpi.Date) (kpi.Metrics, error) {
	rate, err := r.on(currency, day)
	if err != nil {
		return kpi.Metrics{}, err
	}
	return m.Convert(rate)
}
