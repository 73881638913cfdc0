package awin

import (
	"context"
	"net/url"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

// Fetch reads the report of each asked day up to today, of a publisher in each of its
// regions.
func (s *clicks) Fetch(ctx context.Context, q sources.Query, yield func(sources.Record) error) (sources.Receipt, error) {
	rows, err := httpkit.NewRows(platform, q, yield, sources.Day)
	if err != nil {
		return sources.Receipt{}, err
	}
	asked := s.env.Now()
	switch {
	case !idPattern.MatchString(q.Account.ID):
		return sources.Receipt{}, sources.Errorf(sources.Invalid, "%s: %q is no account number", platform, sources.Clean(q.Account.ID))
	case q.Account.Zone.String() != s.timezone:
		return sources.Receipt{}, sources.Errorf(sources.Invalid, "%s: days of %s were asked for: expected those of %s", platform, q.Account.Zone, s.timezone)
	}
	partner := publisher
	if s.side == publisher {
		partner = advertiser
	}
	path := s.side + "s/" + q.Account.ID + "/reports/" + partner
	d := decoder{rows: rows, id: partner + "Id", name: partner + "Name"}
	for d.day = q.Days.From; d.day <= min(q.Days.To, kpi.DateOf(asked, q.Account.Zone)); d.day++ {
		for _, query := range s.questions(d.day) {
			response, err := s.ask(ctx, path, query)
			if err != nil {
				return sources.Receipt{}, err
			}
			if err := d.read(s.client.Scan(response)); err != nil {
				return sources.Receipt{}, err
			}
		}
	}
	if err := rows.Close(); err != nil {
		return sources.Receipt{}, err
	}
	return sources.Receipt{CompleteThrough: httpkit.CompleteThrough(asked, lag, q), Warnings: rows.Warnings}, nil
}

// questions are those about one day. The last day of a question belongs to it.
func (s *clicks) questions(day kpi.Date) []url.Values {
	ask := func() url.Values {
		return url.Values{"startDate": {day.String()}, "endDate": {day.String()}, "timezone": {s.timezone}}
	}
	if s.side == advertiser {
		return []url.Values{ask()}
	}
	var all []url.Values
	for _, region := range s.regions {
		query := ask()
		query.Set("region", region)
		all = append(all, query)
	}
	return all
}

// decoder hands over the rows of the reports of one Fetch.
type decoder struct {
	rows     *httpkit.Rows
	id, name string   // the keys of the partner
	day      kpi.Date // of the report that is read: its rows name none
}

// read reads one report.
func (d *decoder) read(s *httpkit.Scanner) error {
	for range s.Array() {
		if err := d.row(s); err != nil {
			return err
		}
	}
	return s.End()
}

// row reads one partner. What its transactions were worth is for the type awin to read.
func (d *decoder) row(s *httpkit.Scanner) error {
	f := httpkit.Figure{Slot: sources.Slot{Date: d.day, Grain: sources.Day}}
	for key := range s.Object() {
		switch string(key) {
		case d.id:
			f.ID = s.Text()
		case d.name:
			f.Name = s.Text()
		case "impressions":
			s.Metric(&f.Metrics, kpi.Impressions)
		case "clicks":
			s.Metric(&f.Metrics, kpi.Clicks)
		}
	}
	if err := s.Err(); err != nil {
		return err
	}
	if !f.Metrics.Knows(kpi.Clicks) {
		return d.rows.Malformed("a row of %s has no clicks", d.day)
	}
	return d.rows.Put(f)
}
