package snapchatads

import (
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

// decoder hands over the rows of the pages of one Fetch.
type decoder struct {
	rows    *httpkit.Rows
	query   sources.Query
	metrics [3]string // as in results
	names   map[string]httpkit.Campaign
	slots   map[string]sources.Slot // by the text of their beginning: campaigns share them
	points  []point                 // of the campaign that is being read
}

// point is one slot of a series.
type point struct {
	start   []byte
	metrics kpi.Metrics
}

// page reads one page and returns the link to the next one, "" on the last.
func (d *decoder) page(s *httpkit.Scanner) (link string, err error) {
	listed := false
	for key := range s.Object() {
		switch string(key) {
		case "timeseries_stats":
			listed = true
			for range s.Array() {
				if err := d.stat(s); err != nil {
					return "", err
				}
			}
		case "paging":
			for key := range s.Object() {
				if string(key) == "next_link" {
					link = string(s.Text())
				}
			}
		}
	}
	if err := s.End(); err != nil {
		return "", err
	}
	if !listed {
		return "", d.rows.Malformed("answer has no timeseries_stats")
	}
	return link, nil
}

// stat reads one part of an answer.
func (d *decoder) stat(s *httpkit.Scanner) error {
	var status, reason string
	for key := range s.Object() {
		switch string(key) {
		case "sub_request_status":
			status = string(s.Text())
		case "sub_request_error_reason":
			reason = string(s.Text())
		case "timeseries_stat":
			if err := d.series(s); err != nil {
				return err
			}
		}
	}
	if err := s.Err(); err != nil {
		return err
	}
	return failed(status, reason)
}

// series reads an object with a series of its own, as a campaign is, or with
// those of the campaigns within it, as an account is.
func (d *decoder) series(s *httpkit.Scanner) error {
	var id []byte
	own := false
	for key := range s.Object() {
		switch string(key) {
		case "id":
			id = s.Text()
		case "breakdown_stats":
			for key := range s.Object() {
				if string(key) != "campaign" {
					continue
				}
				for range s.Array() {
					if err := d.series(s); err != nil {
						return err
					}
				}
			}
		case "timeseries":
			own, d.points = true, d.points[:0]
			for range s.Array() {
				d.points = append(d.points, d.point(s))
			}
		}
	}
	if err := s.Err(); err != nil || !own {
		return err
	}
	for _, p := range d.points {
		if err := d.put(id, p); err != nil {
			return err
		}
	}
	return nil
}

func (d *decoder) point(s *httpkit.Scanner) (p point) {
	m := &p.metrics
	for key := range s.Object() {
		switch string(key) {
		case "start_time":
			p.start = s.Text()
		case "stats":
			for key := range s.Object() {
				switch string(key) {
				case "impressions":
					s.Metric(m, kpi.Impressions)
				case "swipes":
					s.Metric(m, kpi.Clicks)
				case "spend":
					s.Millionths(m, kpi.Cost)
				case d.metrics[0]:
					s.Metric(m, kpi.Conversions)
				case d.metrics[1]:
					s.Millionths(m, kpi.Revenue)
				case d.metrics[2]:
					s.Metric(m, kpi.ViewThrough)
				}
			}
		}
	}
	return p
}

func (d *decoder) put(id []byte, p point) error {
	slot, known := d.slots[string(p.start)]
	if !known {
		var err error
		if slot, err = d.slot(string(p.start)); err != nil {
			return err
		}
		d.slots[string(p.start)] = slot
	}
	f := httpkit.Figure{ID: id, Slot: slot, Metrics: p.metrics}
	if c, ok := d.names[string(id)]; ok {
		f.Name, f.Status = []byte(c.Name), []byte(c.Status)
	}
	return d.rows.Put(f)
}

// slot reads the beginning of a slot. Days have been seen without an offset:
// then they are the account's.
func (d *decoder) slot(start string) (sources.Slot, error) {
	zone := d.query.Account.Zone
	at, err := time.Parse(time.RFC3339, start)
	if err != nil {
		if at, err = time.ParseInLocation("2006-01-02T15:04:05", start, zone); err != nil {
			return sources.Slot{}, d.rows.Malformed("start_time is %q: expected one such as 2026-11-20T00:00:00.000-08:00", sources.Clean(start))
		}
	}
	slot := sources.Slot{Date: kpi.DateOf(at, zone), Grain: d.query.Grain}
	if slot.Grain == sources.Hour {
		_, slot.Hour = kpi.HourOf(at, zone)
	}
	if !slot.Start(zone).Equal(at) {
		return sources.Slot{}, d.rows.Malformed("a slot begins at %s: no %s of %s does", sources.Clean(start), slot.Grain, zone)
	}
	return slot, nil
}
