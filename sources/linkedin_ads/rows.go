package linkedinads

import (
	"bytes"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

// decoder hands over the rows of the answers of one Fetch.
type decoder struct {
	rows    *httpkit.Rows
	metrics [3]string                   // as in results
	names   map[string]httpkit.Campaign // by id
	count   int                         // rows so far
}

// crumb is what a cost may be below zero: sums of fractions leave such a rest.
const crumb = kpi.MicrosPerUnit / 100

var campaignURN = []byte("urn:li:sponsoredCampaign:")

// read reads one answer. Its paging is decoration: there is one page.
func (d *decoder) read(s *httpkit.Scanner) error {
	listed := false
	for key := range s.Object() {
		if string(key) != "elements" {
			continue
		}
		listed = true
		for range s.Array() {
			if err := d.row(s); err != nil {
				return err
			}
		}
	}
	if err := s.End(); err != nil {
		return err
	}
	if !listed {
		return d.rows.Malformed("answer has no elements")
	}
	return nil
}

// row reads one element. What has no value is left out: unknown.
func (d *decoder) row(s *httpkit.Scanner) error {
	var f httpkit.Figure
	var first, last kpi.Date
	m := &f.Metrics
	for key := range s.Object() {
		switch string(key) {
		case "dateRange":
			first, last = days(s)
		case "pivotValues":
			for range s.Array() {
				f.ID = s.Text()
			}
		case "impressions":
			s.Metric(m, kpi.Impressions)
		case "clicks":
			s.Metric(m, kpi.Clicks)
		case "costInLocalCurrency":
			s.Metric(m, kpi.Cost)
		case d.metrics[0]:
			s.Metric(m, kpi.Conversions)
		case d.metrics[1]:
			s.Metric(m, kpi.Revenue)
		case d.metrics[2]:
			s.Metric(m, kpi.ViewThrough)
		}
	}
	if err := s.Err(); err != nil {
		return err
	}
	if m.Cost < 0 && m.Cost > -crumb {
		m.Cost = 0
	}
	return d.put(f, first, last)
}

func (d *decoder) put(f httpkit.Figure, first, last kpi.Date) error {
	if first != last {
		return d.rows.Malformed("a row covers %s to %s: expected one day", first, last)
	}
	id, isCampaign := bytes.CutPrefix(f.ID, campaignURN)
	if !isCampaign {
		return d.rows.Malformed("a row of %s is of %q: expected a campaign", first, sources.Clean(string(f.ID)))
	}
	f.ID, f.Slot = id, sources.Slot{Date: first, Grain: sources.Day}
	if known, ok := d.names[string(id)]; ok {
		f.Name, f.Status = []byte(known.Name), []byte(known.Status)
	}
	d.count++
	return d.rows.Put(f)
}

// days reads a range of dates, each of them in three numbers.
func days(s *httpkit.Scanner) (first, last kpi.Date) {
	for key := range s.Object() {
		var into *kpi.Date
		switch string(key) {
		case "start":
			into = &first
		case "end":
			into = &last
		default:
			continue
		}
		var year, month, day int64
		for key := range s.Object() {
			switch string(key) {
			case "year":
				year = s.Integer().Value
			case "month":
				month = s.Integer().Value
			case "day":
				day = s.Integer().Value
			}
		}
		if year > 0 && year < 10_000 && month > 0 && month < 13 && day > 0 && day < 32 {
			*into = kpi.NewDate(int(year), time.Month(month), int(day))
		}
	}
	return first, last
}
