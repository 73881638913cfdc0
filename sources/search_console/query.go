package searchconsole

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

const (
	rowsAtOnce = 25_000 // the most that Google gives in a page
	maxPages   = 1000
	hoursBack  = 10 // days, today included, of which there are hours
)

// question is the body of a query.
type question struct {
	Start      string   `json:"startDate"`
	End        string   `json:"endDate"`
	Dimensions []string `json:"dimensions"`
	Type       string   `json:"type"`
	State      string   `json:"dataState"`
	Limit      int      `json:"rowLimit"`
	From       int      `json:"startRow"`
}

// Fetch reads the types of search of a site by day or by hour, a question for each
// type and each page.
func (s *source) Fetch(ctx context.Context, q sources.Query, yield func(sources.Record) error) (sources.Receipt, error) {
	rows, err := httpkit.NewRows(platform, q, yield, sources.Day, sources.Hour)
	if err != nil {
		return sources.Receipt{}, err
	}
	rows.RealHours = true // hours come with their offset
	today := kpi.DateOf(s.env.Now(), q.Account.Zone)
	switch {
	case !isSite(q.Account.ID):
		return sources.Receipt{}, sources.Errorf(sources.Invalid, "%s: %q is no site", platform, sources.Clean(q.Account.ID))
	case q.Grain == sources.Hour && q.Days.From <= today-hoursBack:
		return sources.Receipt{}, sources.Errorf(sources.Invalid, "%s: hours reach back %d days, %s is older", platform, hoursBack, q.Days.From)
	}
	body := question{Start: q.Days.From.String(), End: q.Days.To.String(), Dimensions: []string{"date"}, State: "final", Limit: s.limit}
	switch {
	case q.Grain == sources.Hour:
		body.Dimensions, body.State = []string{"hour"}, "hourly_all"
	case s.options.Fresh:
		body.State = "all"
	}
	d := decoder{rows: rows, query: q}
	for _, name := range s.options.Types {
		body.Type = name
		if err := s.pages(ctx, body, &d); err != nil {
			return sources.Receipt{}, err
		}
	}
	if err := rows.Close(); err != nil {
		return sources.Receipt{}, err
	}
	return sources.Receipt{CompleteThrough: d.completeThrough(s.env.Now()), Warnings: rows.Warnings}, nil
}

// pages hands over one type of search.
func (s *source) pages(ctx context.Context, body question, d *decoder) error {
	d.kind = []byte(body.Type)
	d.id = fmt.Appendf(nil, "%s %s", body.Type, d.query.Account.ID)
	path := "webmasters/v3/sites/" + url.PathEscape(d.query.Account.ID) + "/searchAnalytics/query"
	for n := 0; ; n++ {
		if n >= maxPages {
			return sources.Errorf(sources.Malformed, "%s: more than %d pages", platform, maxPages)
		}
		response, err := s.client.Do(ctx, &httpkit.Request{Method: http.MethodPost, Path: path, Body: body})
		if err != nil {
			return err
		}
		read, err := d.page(s.client.Scan(response))
		if err != nil {
			return err
		}
		if body.From += read; read < body.Limit {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// completeThrough is from when on figures may still grow: what the answers say,
// and never later than the days that are final by now.
func (d *decoder) completeThrough(now time.Time) time.Time {
	complete := (kpi.DateOf(now, d.query.Account.Zone) - finalAfter + 1).Start(d.query.Account.Zone)
	if !d.incomplete.IsZero() && d.incomplete.Before(complete) {
		complete = d.incomplete
	}
	if end := d.query.Days.To.End(d.query.Account.Zone); end.Before(complete) {
		return end
	}
	return complete
}
