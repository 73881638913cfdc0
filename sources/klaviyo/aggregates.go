package klaviyo

import (
	"context"
	"fmt"
	"net/http"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

const (
	pageSize   = 500
	daysOfHour = 10 // days by the hour in one question: so many are held until all metrics of them have come
	daysOfDay  = 180
)

// question is the body of a question for aggregates.
type question struct {
	Data struct {
		Type       string     `json:"type"`
		Attributes attributes `json:"attributes"`
	} `json:"data"`
}

type attributes struct {
	Metric       string   `json:"metric_id"`
	Measurements []string `json:"measurements"`
	Interval     string   `json:"interval"`
	PageSize     int      `json:"page_size"`
	Cursor       string   `json:"page_cursor,omitempty"`
	By           []string `json:"by"`
	Filter       []string `json:"filter"`
	Timezone     string   `json:"timezone"`
}

// series is a metric that is asked for.
type series struct {
	id           string
	measurements []string
	by           []string
	count        kpi.Fields // what the count is
}

// Fetch reads the messages by day or by hour: for each run of days a question for
// each metric and each page.
func (s *source) Fetch(ctx context.Context, q sources.Query, yield func(sources.Record) error) (sources.Receipt, error) {
	rows, err := httpkit.NewRows(platform, q, yield, sources.Day, sources.Hour)
	if err != nil {
		return sources.Receipt{}, err
	}
	asked := s.env.Now()
	all, err := s.series(ctx, q.Account.ID)
	if err != nil {
		return sources.Receipt{}, err
	}
	messages, err := s.campaigns(ctx)
	if err != nil {
		return sources.Receipt{}, err
	}
	rows.Entity.Action = s.options.Conversion
	d := decoder{rows: rows, query: q, messages: messages, flows: s.options.Flows, utc: s.options.Dates == "utc", left: map[string]bool{}}
	rows.RealHours = d.utc
	receipt := sources.Receipt{CompleteThrough: httpkit.CompleteThrough(asked, lag, q)}
	length := daysOfDay
	if q.Grain == sources.Hour {
		length = daysOfHour
	}
	for _, days := range httpkit.Pieces(q.Days, length) {
		d.begin(days)
		for _, one := range all {
			if err := s.pages(ctx, one, &d, &receipt); err != nil {
				return sources.Receipt{}, err
			}
		}
		if err := d.flush(); err != nil {
			return sources.Receipt{}, err
		}
	}
	if receipt.Warnings = rows.Warnings; len(d.left) > 0 {
		receipt.Warnings = append(receipt.Warnings, fmt.Sprintf("%d messages are of no campaign in Klaviyo's list and were left out (flows: false)", len(d.left)))
	}
	return receipt, rows.Close()
}

// series are the metrics of the account.
func (s *source) series(ctx context.Context, account string) ([]series, error) {
	all := []series{
		{measurements: []string{"count"}, by: []string{"$message"}, count: kpi.Impressions},
		{measurements: []string{"count"}, by: []string{"$message"}, count: kpi.Clicks},
		{measurements: []string{"count", "sum_value"}, by: []string{"$attributed_message", "$attributed_channel"}, count: kpi.Conversions},
	}
	for i, name := range [][2]string{{"Received Email", "Klaviyo"}, {"Clicked Email", "Klaviyo"}, {s.options.Conversion, s.options.Integration}} {
		id, err := s.metric(ctx, account, name[0], name[1])
		if err != nil {
			return nil, err
		}
		all[i].id = id
	}
	return all, nil
}

// pages reads one metric of a run of days.
func (s *source) pages(ctx context.Context, one series, d *decoder, receipt *sources.Receipt) error {
	var body question
	body.Data.Type = "metric-aggregate"
	body.Data.Attributes = attributes{
		Metric: one.id, Measurements: one.measurements, Interval: d.query.Grain.String(), PageSize: pageSize, By: one.by, Timezone: d.query.Account.Zone.String(),
		Filter: []string{
			"greater-or-equal(datetime," + d.days.From.String() + "T00:00:00)", "less-than(datetime," + (d.days.To + 1).String() + "T00:00:00)",
		},
	}
	for range maxPages {
		response, err := s.client.Do(ctx, &httpkit.Request{
			Method: http.MethodPost, Path: "metric-aggregates", Body: body, Header: http.Header{"Content-Type": {"application/vnd.api+json"}},
		})
		if err != nil {
			return err
		}
		next, err := d.page(s.client.Scan(response), one.count)
		if err != nil {
			return err
		}
		receipt.Quota = used(response.Header)
		if pause := breather(response.Header); pause > 0 {
			if err := httpkit.Wait(ctx, s.env, pause); err != nil {
				return fmt.Errorf("%s: %w", platform, err)
			}
		}
		if err := ctx.Err(); err != nil || next == "" {
			return err
		}
		if body.Data.Attributes.Cursor, err = cursor(next); err != nil {
			return err
		}
	}
	return sources.Errorf(sources.Malformed, "%s: more than %d pages", platform, maxPages)
}
