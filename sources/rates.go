package sources

import (
	"context"
	"time"

	"adtop/kpi"
)

// Rate is the price of one unit of From in To on a date.
type Rate struct {
	From, To kpi.Currency
	Date     kpi.Date
	Rate     kpi.Rate
}

// RateSource publishes exchange rates. A source that is one gives no metrics
// (Definition.Gives is 0), lists no accounts and fetches no rows.
type RateSource interface {
	// Rates returns the prices in base that were published for the days, of all
	// currencies that there are. Days without rates of their own, such as
	// weekends, have none. Its errors are those of Fetch.
	Rates(ctx context.Context, base kpi.Currency, days kpi.DateRange) ([]Rate, error)
	// Next returns when after an instant the next rates will have been published.
	Next(after time.Time) time.Time
}

// RatesOnly says whether a type publishes exchange rates instead of figures.
func (d Definition) RatesOnly() bool { return d.Gives == 0 }
