// Package ecb reads the euro reference rates of the European Central Bank. It is a
// source of exchange rates: it has no accounts and no figures.
//
// What to know about the rates: they are published on working days at about 16:00
// in Frankfurt, for information only; networks invoice at others. For a day without
// a rate the one before it counts. RUB has had none since 2 March 2022, and many
// currencies never had one. A currency that has given way to the euro keeps its
// fixed price. Other prices than those in euros are crossed.
//
// Source of the facts: www.ecb.europa.eu, euro foreign exchange reference rates.
// Unconfirmed: whether the site answers conditional questions; none is asked.
package ecb

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

const platform = "ECB"

// Options are what the config says of a source of type ecb.
type Options struct {
	BaseURL string `yaml:"base_url"` // the folder of the files
}

// Definition describes the type ecb.
func Definition() sources.Definition {
	return sources.Definition{
		Type:        "ecb",
		Summary:     "Exchange rates: the euro reference rates of the European Central Bank, by day",
		Docs:        "https://www.ecb.europa.eu/stats/policy_and_exchange_rates/euro_reference_exchange_rates/html/index.en.html",
		Credentials: []string{"None: the rates are public. Foreign money is priced at the rate of its day; what the config fixes under `rates` wins."},
		Grain:       sources.Day,
		History:     3650,
		MinInterval: 24 * time.Hour,
		Calls:       1,
		Options:     func() any { return &Options{} },
		Open:        open,
	}
}

// source is the bank.
type source struct {
	env       sources.Env
	client    *httpkit.Client
	frankfurt *time.Location
}

func open(options any, env sources.Env) (sources.Source, error) {
	base, err := httpkit.ParseBase(options.(*Options).BaseURL, "https://www.ecb.europa.eu/stats/eurofxref")
	if err != nil {
		return nil, fmt.Errorf("base_url: %w", err)
	}
	frankfurt, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		return nil, fmt.Errorf("zone of the bank: %w", err)
	}
	client, err := httpkit.New(httpkit.Options{Env: env, Platform: platform, Base: base, Header: http.Header{"Accept": {"application/xml, text/xml"}}})
	if err != nil {
		return nil, err
	}
	return &source{env: env, client: client, frankfurt: frankfurt}, nil
}

// Accounts lists none.
func (s *source) Accounts(context.Context) ([]sources.Account, error) { return nil, nil }

// Fetch has no rows to hand over.
func (s *source) Fetch(context.Context, sources.Query, func(sources.Record) error) (sources.Receipt, error) {
	return sources.Receipt{}, sources.Errorf(sources.Invalid, "%s publishes exchange rates and has no figures", platform)
}

// Rates implements sources.RateSource.
func (s *source) Rates(ctx context.Context, base kpi.Currency, days kpi.DateRange) ([]sources.Rate, error) {
	if days.Days() == 0 {
		return nil, nil
	}
	response, err := s.client.Do(ctx, &httpkit.Request{Path: s.file(days)})
	if err != nil {
		return nil, err
	}
	sheets, err := read(response.Body, days)
	if err != nil {
		return nil, err
	}
	var rates []sources.Rate
	for _, sheet := range sheets {
		more, err := sheet.in(base)
		if err != nil {
			return nil, err
		}
		rates = append(rates, more...)
	}
	return rates, nil
}

// file is the smallest of the bank's files that holds the days: the newest rates,
// those of 90 days, or all.
func (s *source) file(days kpi.DateRange) string {
	const spare = 5 // days: what exactly 90 days are is not said
	today := kpi.DateOf(s.env.Now(), s.frankfurt)
	newest := today
	for !works(newest) {
		newest--
	}
	first := days.From
	for first < newest && !works(first) {
		first++
	}
	switch {
	case first >= newest:
		return "eurofxref-daily.xml"
	case first > today-90+spare:
		return "eurofxref-hist-90d.xml"
	}
	return "eurofxref-hist.xml"
}
