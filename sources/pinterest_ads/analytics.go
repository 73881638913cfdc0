package pinterestads

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

const (
	idsAtOnce  = 250 // campaigns of one question
	daysAtOnce = 7   // so that an answer for as many campaigns stays small
)

// lag is how late figures are taken to be; Pinterest names no delay.
const lag = 3 * time.Hour

// Fetch reads campaigns by UTC day, a question for each 250 campaigns and each
// piece of the asked days.
func (s *source) Fetch(ctx context.Context, q sources.Query, yield func(sources.Record) error) (sources.Receipt, error) {
	rows, err := httpkit.NewRows(platform, q, yield, sources.Day)
	if err != nil {
		return sources.Receipt{}, err
	}
	if !accountPattern.MatchString(q.Account.ID) {
		return sources.Receipt{}, sources.Errorf(sources.Invalid, "%s: %q is no account id", platform, sources.Clean(q.Account.ID))
	}
	rows.Entity.Action = s.options.Result
	rows.Entity.Attribution = strconv.Itoa(s.options.ClickWindow) + "d click, " + strconv.Itoa(s.options.ViewWindow) + "d view"
	asked := s.env.Now()
	d := decoder{rows: rows, clicks: clickColumns[s.options.Clicks], result: results[s.options.Result]}
	if d.names, err = s.campaigns(ctx, q.Account.ID); err != nil {
		return sources.Receipt{}, err
	}
	for some := range slices.Chunk(slices.Sorted(maps.Keys(d.names)), idsAtOnce) {
		for _, days := range httpkit.Pieces(q.Days, daysAtOnce) {
			response, err := s.client.Do(ctx, s.request(q.Account.ID, some, days))
			if err != nil {
				return sources.Receipt{}, err
			}
			if err := d.read(s.client.Scan(response)); err != nil {
				return sources.Receipt{}, err
			}
		}
	}
	return sources.Receipt{CompleteThrough: httpkit.CompleteThrough(asked, lag, q), Expires: s.client.Expires()}, nil
}

func (s *source) request(account string, campaigns []string, days kpi.DateRange) *httpkit.Request {
	columns := []string{"SPEND_IN_MICRO_DOLLAR", "IMPRESSION_1", clickColumns[s.options.Clicks]}
	for _, name := range results[s.options.Result] {
		if name != "" {
			columns = append(columns, name)
		}
	}
	return &httpkit.Request{Path: "v5/ad_accounts/" + account + "/campaigns/analytics", Query: url.Values{
		"start_date":             {days.From.String()},
		"end_date":               {days.To.String()},
		"granularity":            {"DAY"},
		"campaign_ids":           {strings.Join(campaigns, ",")},
		"columns":                {strings.Join(columns, ",")},
		"click_window_days":      {strconv.Itoa(s.options.ClickWindow)},
		"view_window_days":       {strconv.Itoa(s.options.ViewWindow)},
		"conversion_report_time": {"TIME_OF_AD_ACTION"},
	}}
}

// decoder hands over the rows of the answers of one Fetch.
type decoder struct {
	rows   *httpkit.Rows
	clicks string    // the column of clicks
	result [3]string // as in results
	names  map[string]httpkit.Campaign
}

// read reads one answer: a list without anything around it.
func (d *decoder) read(s *httpkit.Scanner) error {
	for range s.Array() {
		if err := d.row(s); err != nil {
			return err
		}
	}
	return s.End()
}

// row reads one row. A column without a value may be left out: unknown.
func (d *decoder) row(s *httpkit.Scanner) error {
	var f httpkit.Figure
	var date []byte
	m := &f.Metrics
	for key := range s.Object() {
		switch string(key) {
		case "DATE":
			date = s.Text()
		case "CAMPAIGN_ID":
			f.ID = s.Text()
		case "SPEND_IN_MICRO_DOLLAR":
			s.Millionths(m, kpi.Cost)
		case "IMPRESSION_1":
			s.Metric(m, kpi.Impressions)
		case d.clicks:
			s.Metric(m, kpi.Clicks)
		case d.result[0]:
			s.Metric(m, kpi.Conversions)
		case d.result[1]:
			s.Millionths(m, kpi.Revenue)
		case d.result[2]:
			s.Metric(m, kpi.ViewThrough)
		}
	}
	if err := s.Err(); err != nil {
		return err
	}
	var err error
	if f.Slot, err = d.rows.Day(date); err != nil {
		return err
	}
	if c, ok := d.names[string(f.ID)]; ok {
		f.Name, f.Status = []byte(c.Name), []byte(c.Status)
	}
	return d.rows.Put(f)
}
