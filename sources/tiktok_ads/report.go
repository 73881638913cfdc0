package tiktokads

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

const (
	pageRows   = 1000 // the most that TikTok gives
	daysByDay  = 30   // the most of one request
	daysByHour = 1
	maxPages   = 10000
)

// lag is how old the newest complete figures are taken to be. TikTok speaks of
// ten minutes on average and promises nothing.
const lag = time.Hour

// Fetch reads campaigns by day or by hour, a request for each page of each
// piece of the asked days.
func (s *source) Fetch(ctx context.Context, q sources.Query, yield func(sources.Record) error) (sources.Receipt, error) {
	rows, err := httpkit.NewRows(platform, q, yield, sources.Day, sources.Hour)
	if err != nil {
		return sources.Receipt{}, err
	}
	rows.Entity.Action = s.options.Result
	asked, length := s.env.Now(), daysByDay
	if q.Grain == sources.Hour {
		length = daysByHour
	}
	d := decoder{rows: rows, grain: q.Grain}
	d.result, d.value = s.options.metrics()
	for _, days := range httpkit.Pieces(q.Days, length) {
		if err := s.pages(ctx, q, days, &d); err != nil {
			return sources.Receipt{}, err
		}
	}
	if err := rows.Close(); err != nil {
		return sources.Receipt{}, err
	}
	return sources.Receipt{CompleteThrough: httpkit.CompleteThrough(asked, lag, q), Warnings: rows.Warnings}, nil
}

func (s *source) pages(ctx context.Context, q sources.Query, days kpi.DateRange, d *decoder) error {
	query := s.parameters(q, days)
	for page := 1; ; page++ {
		query.Set("page", strconv.Itoa(page))
		response, err := s.client.Do(ctx, s.request("/report/integrated/get/", query))
		if err != nil {
			return err
		}
		last, err := d.page(s.client.Scan(response))
		if err != nil {
			return err
		}
		if int64(page) >= last {
			return nil
		}
		if page >= maxPages {
			return sources.Errorf(sources.Malformed, "%s: more than %d pages", platform, maxPages)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// parameters are those of all pages. Lists are JSON. The fewer metrics, the
// fewer can be unknown to TikTok: one such fails the whole request.
func (s *source) parameters(q sources.Query, days kpi.DateRange) url.Values {
	dimension := "stat_time_day"
	if q.Grain == sources.Hour {
		dimension = "stat_time_hour"
	}
	result, value := s.options.metrics()
	names := []string{"campaign_name", "spend", "impressions", "clicks", result}
	if value != "" && !slices.Contains(names, value) {
		names = append(names, value)
	}
	metrics, err := json.Marshal(names)
	if err != nil {
		panic(err) // strings always marshal
	}
	return url.Values{
		"advertiser_id": {q.Account.ID},
		"service_type":  {"AUCTION"}, // reservations have levels of their own and are not read
		"report_type":   {"BASIC"},
		"data_level":    {"AUCTION_CAMPAIGN"},
		"dimensions":    {`["campaign_id","` + dimension + `"]`},
		"metrics":       {string(metrics)},
		"start_date":    {days.From.String()},
		"end_date":      {days.To.String()},
		"page_size":     {strconv.Itoa(pageRows)},
	}
}
