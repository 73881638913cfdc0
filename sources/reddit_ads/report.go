package redditads

import (
	"context"
	"net/http"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

// lag is how late figures are taken to be at least; an answer may say more.
const lag = 3 * time.Hour

// Fetch reads campaigns by day, a question for each page of each piece of the
// asked days.
func (s *source) Fetch(ctx context.Context, q sources.Query, yield func(sources.Record) error) (sources.Receipt, error) {
	rows, err := httpkit.NewRows(platform, q, yield, sources.Day)
	if err != nil {
		return sources.Receipt{}, err
	}
	if !accountPattern.MatchString(q.Account.ID) {
		return sources.Receipt{}, sources.Errorf(sources.Invalid, "%s: %q is no account id", platform, sources.Clean(q.Account.ID))
	}
	rows.Entity.Action = s.options.Result
	if s.options.Count == "clicks" {
		rows.Entity.Attribution = "clicks"
	}
	receipt := sources.Receipt{CompleteThrough: httpkit.CompleteThrough(s.env.Now(), lag, q)}
	d := newDecoder(rows, &s.options)
	if d.names, err = s.campaigns(ctx, q.Account.ID); err != nil {
		return sources.Receipt{}, err
	}
	for _, days := range httpkit.Pieces(q.Days, s.options.DaysAtOnce) {
		if err := s.pages(ctx, s.request(q, days), d); err != nil {
			return sources.Receipt{}, err
		}
		if !d.updated.IsZero() && d.updated.Before(receipt.CompleteThrough) {
			receipt.CompleteThrough = d.updated
		}
	}
	receipt.Expires = s.client.Expires()
	if s.options.ValueUnit == "" && results[s.options.Result].value != "" {
		receipt.Warnings = append(receipt.Warnings, platform+" has no revenue here: set value_unit once you have compared one result's value with the web interface")
	}
	return receipt, nil
}

// pages reads all pages: to each link goes the same body.
func (s *source) pages(ctx context.Context, request *httpkit.Request, d *decoder) error {
	for page := 0; ; page++ {
		if page >= maxPages {
			return sources.Errorf(sources.Malformed, "%s: more than %d pages", platform, maxPages)
		}
		response, err := s.client.Do(ctx, request)
		if err != nil {
			return err
		}
		link, err := d.page(s.client.Scan(response))
		if err != nil || link == "" {
			return err
		}
		request = &httpkit.Request{Method: request.Method, Link: link, Body: request.Body}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// request asks for some days of the account's zone. Bounds are written as
// midnights of UTC and name days. That the last one is included is not
// documented: a public client relies on it to ask for single days.
func (s *source) request(q sources.Query, days kpi.DateRange) *httpkit.Request {
	fields := []string{"IMPRESSIONS", "CLICKS", "SPEND"}
	asked := s.options.asked()
	for _, name := range []string{asked.clicks, asked.views, asked.value} {
		if name != "" {
			fields = append(fields, name)
		}
	}
	return &httpkit.Request{
		Method: http.MethodPost, Path: "api/v3/ad_accounts/" + q.Account.ID + "/reports",
		Body: map[string]any{"data": map[string]any{
			"starts_at":    days.From.String() + "T00:00:00Z",
			"ends_at":      days.To.String() + "T00:00:00Z",
			"time_zone_id": q.Account.Zone.String(),
			"breakdowns":   []string{"DATE", "CAMPAIGN_ID"},
			"fields":       fields,
		}},
	}
}

// decoder hands over the rows of the pages of one Fetch.
type decoder struct {
	rows    *httpkit.Rows
	fields  result     // in small letters, as answers have them; "" where not asked for
	unit    kpi.Micros // millionths of one of what values are in
	names   map[string]httpkit.Campaign
	updated time.Time // as of when the newest answer is; the zero time where it does not say
}

func newDecoder(rows *httpkit.Rows, o *Options) *decoder {
	asked := o.asked()
	return &decoder{
		rows: rows, unit: valueUnits[o.ValueUnit],
		fields: result{strings.ToLower(asked.clicks), strings.ToLower(asked.views), strings.ToLower(asked.value)},
	}
}

// page reads one page and returns the link to the next one, "" on the last.
func (d *decoder) page(s *httpkit.Scanner) (link string, err error) {
	listed := false
	for key := range s.Object() {
		switch string(key) {
		case "data":
			for key := range s.Object() {
				switch string(key) {
				case "metrics":
					listed = true
					for range s.Array() {
						if err := d.row(s); err != nil {
							return "", err
						}
					}
				case "metrics_updated_at":
					d.updated, _ = time.Parse(time.RFC3339, string(s.Text())) // what is no time says nothing
				}
			}
		case "pagination":
			for key := range s.Object() {
				if string(key) == "next_url" {
					link = string(s.Text())
				}
			}
		}
	}
	if err := s.End(); err != nil {
		return "", err
	}
	if !listed {
		return "", d.rows.Malformed("answer has no metrics")
	}
	return link, nil
}

// row reads one row. What is null or missing is unknown.
func (d *decoder) row(s *httpkit.Scanner) error {
	var f httpkit.Figure
	var date []byte
	var views, value httpkit.Decimal
	m := &f.Metrics
	for key := range s.Object() {
		switch string(key) {
		case "date":
			date = s.Text()
		case "campaign_id":
			f.ID = s.Text()
		case "impressions":
			s.Metric(m, kpi.Impressions)
		case "clicks":
			s.Metric(m, kpi.Clicks)
		case "spend":
			s.Millionths(m, kpi.Cost)
		case d.fields.clicks:
			s.Metric(m, kpi.Conversions)
		case d.fields.views:
			views = s.Decimal()
		case d.fields.value:
			if d.unit == 1 {
				s.Millionths(m, kpi.Revenue)
			} else {
				value = s.Decimal()
			}
		}
	}
	if err := s.Err(); err != nil {
		return err
	}
	var err error
	if f.Slot, err = d.rows.Day(date); err != nil {
		return err
	}
	if views.Known {
		m.Has |= kpi.Conversions
		if m.Conversions, err = m.Conversions.Add(views.Micros); err != nil {
			return d.rows.Malformed("%s: %w", d.fields.views, err)
		}
		m.Has, m.ViewThrough = m.Has|kpi.ViewThrough, views.Micros
	}
	if value.Known {
		m.Has |= kpi.Revenue
		if m.Revenue, err = value.Micros.Times(d.unit); err != nil {
			return d.rows.Malformed("%s: %w", d.fields.value, err)
		}
	}
	if c, ok := d.names[string(f.ID)]; ok {
		f.Name, f.Status = []byte(c.Name), []byte(c.Status)
	}
	return d.rows.Put(f)
}
