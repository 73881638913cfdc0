package searchconsole

import (
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

// decoder hands over the rows of the pages of one Fetch.
type decoder struct {
	rows       *httpkit.Rows
	query      sources.Query
	kind       []byte    // the type of search that is read, and its name
	id         []byte    // of it
	incomplete time.Time // the first instant whose figures may still grow; zero where no answer says
}

// page reads one page and returns how many rows it holds. An answer without any has
// no list of them.
func (d *decoder) page(s *httpkit.Scanner) (read int, err error) {
	for key := range s.Object() {
		switch string(key) {
		case "rows":
			for range s.Array() {
				if err := d.row(s); err != nil {
					return 0, err
				}
				read++
			}
		case "metadata":
			for key := range s.Object() {
				switch string(key) {
				case "first_incomplete_date", "firstIncompleteDate", "first_incomplete_hour", "firstIncompleteHour":
					if err := d.from(s.Text()); err != nil {
						return 0, err
					}
				}
			}
		}
	}
	return read, s.End()
}

// from takes from when on figures are not final, a day or an hour.
func (d *decoder) from(text []byte) error {
	if len(text) == 0 {
		return nil
	}
	at, err := time.Parse(time.RFC3339, string(text))
	if err != nil {
		date, err := kpi.ParseDate(string(text))
		if err != nil {
			return d.rows.Malformed("figures are incomplete from %q on: expected a day or an instant", sources.Clean(string(text)))
		}
		at = date.Start(d.query.Account.Zone)
	}
	if d.incomplete.IsZero() || at.Before(d.incomplete) {
		d.incomplete = at
	}
	return nil
}

// row reads the figures of one slot. Counts are written with or without a fraction
// that is zero. How high the site stood is no sum and is left out.
func (d *decoder) row(s *httpkit.Scanner) error {
	var when []byte
	var m kpi.Metrics
	for key := range s.Object() {
		switch string(key) {
		case "keys":
			for i := range s.Array() {
				if i == 0 {
					when = s.Text()
				}
			}
		case "clicks":
			s.Metric(&m, kpi.Clicks)
		case "impressions":
			s.Metric(&m, kpi.Impressions)
		}
	}
	if err := s.Err(); err != nil {
		return err
	}
	slot, err := d.slot(when)
	if err != nil {
		return err
	}
	return d.rows.Put(httpkit.Figure{ID: d.id, Name: d.kind, Slot: slot, Metrics: m})
}

// slot reads a day, or the instant at which an hour begins.
func (d *decoder) slot(text []byte) (sources.Slot, error) {
	if d.query.Grain == sources.Day {
		return d.rows.Day(text)
	}
	at, err := time.Parse(time.RFC3339, string(text))
	if err != nil {
		return sources.Slot{}, d.rows.Malformed("hour is %q: expected an instant such as 2026-11-04T09:00:00-08:00", sources.Clean(string(text)))
	}
	slot := sources.Slot{Grain: sources.Hour}
	if slot.Date, slot.Hour = kpi.HourOf(at, d.query.Account.Zone); !slot.Start(d.query.Account.Zone).Equal(at) {
		return sources.Slot{}, d.rows.Malformed("hour is %q: it begins within an hour", sources.Clean(string(text)))
	}
	return slot, nil
}
