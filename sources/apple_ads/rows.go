package appleads

import (
	"bytes"
	"strconv"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

// decoder hands over the rows of the pages of one Fetch.
type decoder struct {
	rows     *httpkit.Rows
	query    sources.Query
	installs [2]string // as in results
	utc      bool      // hours are those of UTC
	single   bool      // the total is that of the only day
	points   []point
}

// point is one slot of a campaign.
type point struct {
	date     []byte
	currency []byte
	metrics  kpi.Metrics
}

// page reads one page: how many campaigns it holds, and how many there are.
func (d *decoder) page(s *httpkit.Scanner) (read int, total int64, err error) {
	listed := false
	for key := range s.Object() {
		switch string(key) {
		case "result":
			for key := range s.Object() {
				if string(key) != "rows" {
					continue
				}
				listed = true
				for range s.Array() {
					if err := d.row(s); err != nil {
						return 0, 0, err
					}
					read++
				}
			}
		case "pagination":
			for key := range s.Object() {
				if string(key) == "totalCount" {
					total = s.Integer().Value
				}
			}
		}
	}
	if err := s.End(); err != nil {
		return 0, 0, err
	}
	if !listed {
		return 0, 0, d.rows.Malformed("answer has no rows")
	}
	return read, total, nil
}

// row reads one campaign.
func (d *decoder) row(s *httpkit.Scanner) error {
	var f httpkit.Figure
	var sum point
	d.points = d.points[:0]
	for key := range s.Object() {
		switch string(key) {
		case "metadata":
			for key := range s.Object() {
				switch string(key) {
				case "id":
					f.ID = s.Text()
				case "name":
					f.Name = s.Text()
				case "status":
					f.Status = s.Text()
				}
			}
		case "totalMetrics":
			if d.single {
				sum = d.point(s)
			}
		case "granularMetrics":
			for range s.Array() {
				d.points = append(d.points, d.point(s))
			}
		}
	}
	if err := s.Err(); err != nil {
		return err
	}
	if d.single {
		sum.date = []byte(d.query.Days.From.String())
		d.points = append(d.points[:0], sum)
	}
	for _, p := range d.points {
		if err := d.put(f, p); err != nil {
			return err
		}
	}
	return nil
}

// point reads the figures of a slot, or of all of them. A figure that is not
// there is unknown.
func (d *decoder) point(s *httpkit.Scanner) (p point) {
	for key := range s.Object() {
		switch string(key) {
		case "date":
			p.date = s.Text()
		case "impressions":
			s.Metric(&p.metrics, kpi.Impressions)
		case "taps":
			s.Metric(&p.metrics, kpi.Clicks)
		case d.installs[0]:
			s.Metric(&p.metrics, kpi.Conversions)
		case d.installs[1]:
			s.Metric(&p.metrics, kpi.ViewThrough)
		case "localSpend":
			for key := range s.Object() {
				switch string(key) {
				case "amount":
					s.Metric(&p.metrics, kpi.Cost)
				case "currency":
					p.currency = s.Text()
				}
			}
		}
	}
	return p
}

func (d *decoder) put(f httpkit.Figure, p point) error {
	if len(p.currency) > 0 && string(p.currency) != string(d.query.Account.Currency) {
		return d.rows.Malformed("a row is in %q: expected %s", sources.Clean(string(p.currency)), d.query.Account.Currency)
	}
	slot, asked, err := d.slot(p.date)
	if err != nil || !asked {
		return err
	}
	f.Slot, f.Metrics = slot, p.metrics
	return d.rows.Put(f)
}

// slot reads when a slot begins: "2026-11-20", and by hour "2026-11-20 09" or
// "2026-11-20T09:00:00.000". asked is false for an hour of UTC outside the days
// of the account.
func (d *decoder) slot(text []byte) (slot sources.Slot, asked bool, err error) {
	if d.query.Grain == sources.Day {
		slot, err = d.rows.Day(text)
		return slot, true, err
	}
	unreadable := func() (sources.Slot, bool, error) {
		return sources.Slot{}, false, d.rows.Malformed("date is %q: expected one such as 2026-11-20 09", sources.Clean(string(text)))
	}
	if len(text) < 13 || text[10] != ' ' && text[10] != 'T' {
		return unreadable()
	}
	hour, err := strconv.Atoi(string(text[11:13]))
	if err != nil || hour < 0 || hour > 23 || !onTheHour(text[13:]) {
		return unreadable()
	}
	if !d.utc {
		date, err := d.rows.Date(text[:10])
		if err != nil {
			return sources.Slot{}, false, err
		}
		slot, err = d.rows.Hour(date, hour)
		return slot, true, err
	}
	date, err := kpi.ParseDate(string(text[:10]))
	if err != nil {
		return unreadable()
	}
	at := date.Start(time.UTC).Add(time.Duration(hour) * time.Hour)
	slot.Grain = sources.Hour
	if slot.Date, slot.Hour = kpi.HourOf(at, d.query.Account.Zone); !slot.Start(d.query.Account.Zone).Equal(at) {
		return sources.Slot{}, false, sources.Errorf(sources.Invalid, "%s: hours of UTC are no hours of %s, which account %s is in", platform, d.query.Account.Zone, d.query.Account.ID)
	}
	return slot, d.query.Days.Contains(slot.Date), nil
}

// onTheHour says whether what follows the hour in a time is all zeros, as in
// ":00:00.000" and, in UTC, a Z at its end.
func onTheHour(rest []byte) bool {
	rest = bytes.TrimSuffix(rest, []byte("Z"))
	return len(bytes.Trim(rest, ":.0")) == 0
}
