package taboola

import (
	"bytes"
	"context"
	"net/url"
	"strconv"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

// lag is how late figures are taken to be where a report does not say.
const lag = 3 * time.Hour

const (
	daysAtOnce  = 14 // of one question: few enough that an answer for thousands of campaigns stays within its bound
	hoursAtOnce = 1  // the same in days by the hour: Taboola recommends 24 hours and gives 48
	hourlyDays  = 2  // that are read by the hour: today and yesterday
)

// Fetch reads campaigns by day or by hour, a question for each piece of the asked days.
func (s *source) Fetch(ctx context.Context, q sources.Query, yield func(sources.Record) error) (sources.Receipt, error) {
	rows, err := httpkit.NewRows(platform, q, yield, sources.Day, sources.Hour)
	if err != nil {
		return sources.Receipt{}, err
	}
	asked := s.env.Now()
	switch {
	case !accountPattern.MatchString(q.Account.ID):
		return sources.Receipt{}, sources.Errorf(sources.Invalid, "%s: %q is no account id", platform, sources.Clean(q.Account.ID))
	case q.Grain == sources.Hour && q.Days.From <= kpi.DateOf(asked, q.Account.Zone)-hourlyDays:
		return sources.Receipt{}, sources.Errorf(sources.Invalid, "%s: hours are read of today and yesterday only", platform)
	}
	if s.options.Count == "clicks" {
		rows.Entity.Attribution = "clicks only"
	}
	length := daysAtOnce
	if q.Grain == sources.Hour {
		length = hoursAtOnce
	}
	d := decoder{rows: rows, query: q, count: counts[s.options.Count]}
	for _, days := range httpkit.Pieces(q.Days, length) {
		response, err := s.client.Do(ctx, request(q, days))
		if err != nil {
			return sources.Receipt{}, err
		}
		if err := d.read(s.client.Scan(response)); err != nil {
			return sources.Receipt{}, err
		}
	}
	if err := rows.Close(); err != nil {
		return sources.Receipt{}, err
	}
	return sources.Receipt{CompleteThrough: httpkit.CompleteThrough(asked, d.behind(asked), q), Warnings: rows.Warnings}, nil
}

// request asks for some days. Times are those of the account's clock; the last second
// is in.
func request(q sources.Query, days kpi.DateRange) *httpkit.Request {
	dimension, from, to := "campaign_day_breakdown", days.From.String(), days.To.String()
	if q.Grain == sources.Hour {
		dimension, from, to = "campaign_hour_breakdown", from+"T00:00:00", to+"T23:59:59"
	}
	return &httpkit.Request{
		Path:  "api/1.0/" + q.Account.ID + "/reports/campaign-summary/dimensions/" + dimension,
		Query: url.Values{"start_date": {from}, "end_date": {to}},
	}
}

// decoder hands over the rows of the answers of one Fetch.
type decoder struct {
	rows    *httpkit.Rows
	query   sources.Query
	count   [3]string // as in counts
	updated int64     // up to when the oldest of the answers knows everything, in Unix milliseconds; 0 when none says
}

// behind is how late the figures are.
func (d *decoder) behind(asked time.Time) time.Duration {
	if d.updated == 0 {
		return lag
	}
	return max(0, asked.Sub(time.UnixMilli(d.updated)))
}

// read reads one report. Its list may be null, and hold nulls.
func (d *decoder) read(s *httpkit.Scanner) error {
	listed := false
	for key := range s.Object() {
		switch string(key) {
		case "results":
			listed = true
			for range s.Array() {
				if s.Peek() == 'n' {
					continue
				}
				if err := d.row(s); err != nil {
					return err
				}
			}
		case "last-used-rawdata-update-time-gmt-millisec":
			if at := s.Integer().Value; at > 0 && (d.updated == 0 || at < d.updated) {
				d.updated = at
			}
		}
	}
	if err := s.End(); err != nil {
		return err
	}
	if !listed {
		return d.rows.Malformed("answer has no results")
	}
	return nil
}

// row reads one campaign and slot.
func (d *decoder) row(s *httpkit.Scanner) error {
	var f httpkit.Figure
	var date, currency []byte
	m := &f.Metrics
	for key := range s.Object() {
		switch string(key) {
		case "date":
			date = s.Text()
		case "campaign":
			f.ID = s.Text()
		case "campaign_name":
			f.Name = s.Text()
		case "currency":
			currency = s.Text()
		case "impressions":
			s.Metric(m, kpi.Impressions)
		case "clicks":
			s.Metric(m, kpi.Clicks)
		case "spent":
			s.Metric(m, kpi.Cost)
		case d.count[0]:
			s.Metric(m, kpi.Conversions)
		case d.count[1]:
			s.Metric(m, kpi.Revenue)
		case d.count[2]:
			s.Metric(m, kpi.ViewThrough)
		}
	}
	if err := s.Err(); err != nil {
		return err
	}
	if len(currency) > 0 && string(currency) != string(d.query.Account.Currency) {
		return d.rows.Malformed("a row is in %q: expected %s", sources.Clean(string(currency)), d.query.Account.Currency)
	}
	var err error
	if f.Slot, err = d.slot(date); err != nil {
		return err
	}
	return d.rows.Put(f)
}

// slot reads when a slot begins on the account's clock, as in "2026-11-20 09:00:00.0".
func (d *decoder) slot(text []byte) (sources.Slot, error) {
	const form = "2026-11-20 09"
	hour := -1
	if len(text) >= len(form) && len(bytes.Trim(text[len(form):], ":.0")) == 0 {
		if n, err := strconv.ParseUint(string(text[len(form)-2:len(form)]), 10, 8); err == nil {
			hour = int(n)
		}
	}
	if hour < 0 || hour > 0 && d.query.Grain == sources.Day {
		return sources.Slot{}, d.rows.Malformed("date is %q: expected the beginning of one %s, as in %s:00:00.0", sources.Clean(string(text)), d.query.Grain, form)
	}
	date, err := d.rows.Date(text[:len("2026-11-20")])
	if err != nil || d.query.Grain == sources.Day {
		return sources.Slot{Date: date, Grain: sources.Day}, err
	}
	return d.rows.Hour(date, hour)
}
