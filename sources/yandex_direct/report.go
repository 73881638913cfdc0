package yandexdirect

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

// lag is how late figures are taken to be; Yandex names none for today's.
const lag = 3 * time.Hour

// daysAtOnce is how many days one report covers: few enough that Yandex mostly
// answers at once instead of queueing it, and that the table of an account with
// tens of thousands of campaigns stays within the bound of an answer.
const daysAtOnce = 7

// The pauses of a report that is being built, unless Yandex says how long, and
// when to give up on it.
const (
	leastPause = 5 * time.Second
	mostPause  = 5 * time.Minute
	patience   = 20 * time.Minute
)

// Fetch reads campaigns by day, a report for each piece of the asked days.
func (s *source) Fetch(ctx context.Context, q sources.Query, yield func(sources.Record) error) (sources.Receipt, error) {
	rows, err := httpkit.NewRows(platform, q, yield, sources.Day)
	if err != nil {
		return sources.Receipt{}, err
	}
	if len(s.options.Goals) > 0 {
		rows.Entity.Attribution = s.options.Attribution
	}
	asked := s.env.Now()
	for _, days := range httpkit.Pieces(q.Days, daysAtOnce) {
		response, err := s.report(ctx, s.request(q.Account.ID, days, asked))
		if err != nil {
			return sources.Receipt{}, err
		}
		if err := (&table{rows: rows}).read(response.Body); err != nil {
			return sources.Receipt{}, err
		}
	}
	return sources.Receipt{CompleteThrough: httpkit.CompleteThrough(asked, lag, q)}, nil
}

// request asks for one report. Money is asked for in units: Yandex' default is
// millionths, and table.metrics notices when the header was lost on the way.
func (s *source) request(login string, days kpi.DateRange, asked time.Time) *httpkit.Request {
	vat := "NO"
	if s.options.IncludeVAT {
		vat = "YES"
	}
	parameters := map[string]any{
		"SelectionCriteria": map[string]string{"DateFrom": days.From.String(), "DateTo": days.To.String()},
		"FieldNames":        []string{"Date", "CampaignId", "CampaignName", "Impressions", "Clicks", "Cost", "Conversions", "Revenue"},
		"ReportType":        "CAMPAIGN_PERFORMANCE_REPORT",
		"DateRangeType":     "CUSTOM_DATE",
		"Format":            "TSV",
		"IncludeVAT":        vat,
		"IncludeDiscount":   "NO", // concerns bonuses of old
	}
	if len(s.options.Goals) > 0 {
		parameters["Goals"], parameters["AttributionModels"] = s.options.Goals, []string{s.options.Attribution}
	}
	parameters["ReportName"] = name(login, parameters, asked)
	header := http.Header{
		"Accept":              {"*/*"}, // a table
		"Processingmode":      {"auto"},
		"Returnmoneyinmicros": {"false"},
		"Skipreportheader":    {"true"},
		"Skipreportsummary":   {"false"}, // its number of rows proves that nothing was cut off
	}
	if s.options.Agency {
		header.Set("Client-Login", login)
	}
	return &httpkit.Request{Method: http.MethodPost, Path: "json/v5/reports", Header: header, Body: map[string]any{"params": parameters}}
}

// name tells reports apart: one name with two bodies is an error, and one name
// with one body may bring the report of an earlier poll again.
func name(login string, parameters map[string]any, asked time.Time) string {
	body, err := json.Marshal(parameters)
	if err != nil {
		panic(err) // strings always marshal
	}
	sum := sha256.Sum256(fmt.Appendf(body, "%s %d", login, asked.UnixNano()))
	return "adtop-" + hex.EncodeToString(sum[:8])
}

// report asks until the report is there: 201 and 202 mean that it is queued or
// being built, and the same question has to be asked again.
func (s *source) report(ctx context.Context, request *httpkit.Request) (*httpkit.Response, error) {
	for waited := time.Duration(0); ; {
		response, err := s.client.Do(ctx, request)
		if err != nil {
			return nil, err
		}
		if response.Status != http.StatusCreated && response.Status != http.StatusAccepted {
			return response, nil
		}
		if waited >= patience {
			return nil, sources.Errorf(sources.Unavailable, "%s: the report is not ready after %s", platform, waited)
		}
		pause := retryIn(response.Header)
		if err := httpkit.Wait(ctx, s.env, pause); err != nil {
			return nil, fmt.Errorf("%s: %w", platform, err)
		}
		waited += pause
	}
}

// retryIn is how long Yandex asks to wait for a report.
func retryIn(h http.Header) time.Duration {
	seconds, err := strconv.Atoi(h.Get("retryIn"))
	if err != nil {
		return 2 * leastPause
	}
	return min(max(time.Duration(seconds)*time.Second, leastPause), mostPause)
}
