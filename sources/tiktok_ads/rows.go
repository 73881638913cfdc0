package tiktokads

import (
	"bytes"
	"strconv"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

// decoder hands over the rows of the pages of one Fetch.
type decoder struct {
	rows          *httpkit.Rows
	grain         sources.Grain
	result, value string // names of metrics; value may be ""
}

// page reads one page and returns the number of the last one. An answer
// without page_info is a single page.
func (d *decoder) page(s *httpkit.Scanner) (last int64, err error) {
	s.Missing = "-"
	last = 1
	listed := false
	for key := range s.Object() {
		if string(key) != "data" {
			continue
		}
		for key := range s.Object() {
			switch string(key) {
			case "list":
				listed = true
				for range s.Array() {
					if err := d.row(s); err != nil {
						return 0, err
					}
				}
			case "page_info":
				for key := range s.Object() {
					if string(key) == "total_page" {
						last = s.Integer().Value
					}
				}
			}
		}
	}
	if err := s.End(); err != nil {
		return 0, err
	}
	if !listed {
		return 0, d.rows.Malformed("answer has no list of rows")
	}
	return last, nil
}

// row reads one row. Values are strings, and some have been seen as numbers.
func (d *decoder) row(s *httpkit.Scanner) error {
	var f httpkit.Figure
	var when []byte
	for key := range s.Object() {
		switch string(key) {
		case "dimensions":
			for key := range s.Object() {
				switch string(key) {
				case "campaign_id":
					f.ID = s.Text()
				case "stat_time_day", "stat_time_hour":
					when = s.Text()
				}
			}
		case "metrics":
			f.Name, f.Metrics = d.metrics(s)
		}
	}
	if err := s.Err(); err != nil {
		return err
	}
	var err error
	if f.Slot, err = d.slot(when); err != nil {
		return err
	}
	return d.rows.Put(f)
}

// metrics reads the figures of a row. What is not there, or "-", is unknown.
func (d *decoder) metrics(s *httpkit.Scanner) (name []byte, m kpi.Metrics) {
	for key := range s.Object() {
		switch string(key) {
		case "campaign_name":
			name = s.Text()
		case "spend":
			s.Metric(&m, kpi.Cost)
		case "impressions":
			s.Metric(&m, kpi.Impressions)
		case "clicks":
			s.Metric(&m, kpi.Clicks)
		case d.result:
			s.Metric(&m, kpi.Conversions)
		case d.value:
			s.Metric(&m, kpi.Revenue)
		}
	}
	return name, m
}

// slot reads "2026-11-20 09:00:00", of which a day has only the first part.
// The hour has been seen without its leading zero.
func (d *decoder) slot(when []byte) (sources.Slot, error) {
	day, clock, _ := bytes.Cut(when, []byte(" "))
	if d.grain == sources.Day {
		return d.rows.Day(day)
	}
	date, err := d.rows.Date(day)
	if err != nil {
		return sources.Slot{}, err
	}
	hour, rest, _ := bytes.Cut(clock, []byte(":"))
	wall, err := strconv.Atoi(string(hour))
	if err != nil || string(rest) != "00:00" {
		return sources.Slot{}, d.rows.Malformed("stat_time_hour is %q: expected one such as 2026-11-20 09:00:00", sources.Clean(string(when)))
	}
	return d.rows.Hour(date, wall)
}
