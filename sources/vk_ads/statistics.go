package vkads

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

// lag is how late figures are taken to be; VK speaks of minutes and promises
// nothing.
const lag = time.Hour

// Fetch reads campaigns by day, a question for each group of campaigns and each
// piece of the asked days.
func (s *source) Fetch(ctx context.Context, q sources.Query, yield func(sources.Record) error) (sources.Receipt, error) {
	rows, err := httpkit.NewRows(platform, q, yield, sources.Day)
	if err != nil {
		return sources.Receipt{}, err
	}
	if !idPattern.MatchString(q.Account.ID) {
		return sources.Receipt{}, sources.Errorf(sources.Invalid, "%s: %q is no account id", platform, sources.Clean(q.Account.ID))
	}
	asked := s.env.Now()
	d := decoder{rows: rows, value: s.options.Value != ""}
	if d.names, err = s.campaigns(ctx, q.Account.ID); err != nil {
		return sources.Receipt{}, err
	}
	receipt := sources.Receipt{CompleteThrough: httpkit.CompleteThrough(asked, lag, q)}
	for some := range slices.Chunk(slices.Sorted(maps.Keys(d.names)), s.options.IDsAtOnce) {
		for _, days := range httpkit.Pieces(q.Days, s.options.DaysAtOnce) {
			response, err := s.client.Do(ctx, s.request(some, days))
			if err != nil {
				return sources.Receipt{}, err
			}
			if err := d.read(s.client.Scan(response)); err != nil {
				return sources.Receipt{}, err
			}
			receipt.Quota = used(response.Header)
			if err := ctx.Err(); err != nil {
				return sources.Receipt{}, err
			}
		}
	}
	return receipt, nil
}

func (s *source) request(campaigns []string, days kpi.DateRange) *httpkit.Request {
	return &httpkit.Request{Path: "api/v2/statistics/ad_plans/day.json", Query: url.Values{
		"id":        {strings.Join(campaigns, ",")},
		"date_from": {days.From.String()},
		"date_to":   {days.To.String()},
		"metrics":   {s.options.metrics()},
	}}
}

// decoder hands over the rows of the answers of one Fetch.
type decoder struct {
	rows   *httpkit.Rows
	value  bool // what results were worth is read
	names  map[string]httpkit.Campaign
	points []point // of the campaign that is being read
}

// point is one day of a campaign.
type point struct {
	date    []byte
	metrics kpi.Metrics
}

// read reads one answer.
func (d *decoder) read(s *httpkit.Scanner) error {
	listed := false
	for key := range s.Object() {
		if string(key) != "items" {
			continue
		}
		listed = true
		for range s.Array() {
			if err := d.item(s); err != nil {
				return err
			}
		}
	}
	if err := s.End(); err != nil {
		return err
	}
	if !listed {
		return d.rows.Malformed("answer has no items")
	}
	return nil
}

// item reads one campaign and its days.
func (d *decoder) item(s *httpkit.Scanner) error {
	var id []byte
	d.points = d.points[:0]
	for key := range s.Object() {
		switch string(key) {
		case "id":
			id = s.Text()
		case "rows":
			for range s.Array() {
				d.points = append(d.points, d.point(s))
			}
		}
	}
	if err := s.Err(); err != nil {
		return err
	}
	name := d.names[string(id)]
	f := httpkit.Figure{ID: id, Name: []byte(name.Name), Status: []byte(name.Status)}
	for _, p := range d.points {
		var err error
		if f.Slot, err = d.rows.Day(p.date); err != nil {
			return err
		}
		f.Metrics = p.metrics
		if err := d.rows.Put(f); err != nil {
			return err
		}
	}
	return nil
}

func (d *decoder) point(s *httpkit.Scanner) (p point) {
	for key := range s.Object() {
		switch string(key) {
		case "date":
			p.date = s.Text()
		case "base":
			base(s, &p.metrics)
		case "romi":
			if !d.value {
				continue
			}
			for key := range s.Object() {
				if string(key) == "value" {
					s.Metric(&p.metrics, kpi.Revenue)
				}
			}
		}
	}
	return p
}

// base reads a group of figures. Goals of VK's own stand for all results; only
// without them does the older field count.
func base(s *httpkit.Scanner, m *kpi.Metrics) {
	var older, own httpkit.Decimal
	for key := range s.Object() {
		switch string(key) {
		case "shows":
			s.Metric(m, kpi.Impressions)
		case "clicks":
			s.Metric(m, kpi.Clicks)
		case "spent":
			s.Metric(m, kpi.Cost)
		case "goals":
			older = s.Decimal()
		case "vk":
			for key := range s.Object() {
				if string(key) == "goals" {
					own = s.Decimal()
				}
			}
		}
	}
	if !own.Known {
		own = older
	}
	if own.Known {
		m.Has |= kpi.Conversions
		m.Conversions = own.Micros
	}
}
