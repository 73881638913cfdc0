package klaviyo

import (
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

// most bounds the figures that are held of a run of days: campaigns times slots.
const most = 2_000_000

// decoder adds up the messages of each campaign, metric by metric, and hands a run
// of days over when all metrics of it have come.
type decoder struct {
	rows     *httpkit.Rows
	query    sources.Query
	days     kpi.DateRange // the run that is read
	messages map[string]campaign
	flows    bool
	utc      bool // times of answers are instants

	slots  []sources.Slot // of each time in the answers, in their order
	byID   map[string]*tally
	order  []*tally
	left   map[string]bool // messages that were left out
	counts []httpkit.Decimal
	values []httpkit.Decimal
}

// tally is what a campaign did in each slot.
type tally struct {
	id, name, status []byte
	metrics          []kpi.Metrics
}

// begin goes on to a run of days.
func (d *decoder) begin(days kpi.DateRange) {
	d.days, d.slots, d.byID, d.order = days, nil, map[string]*tally{}, nil
}

// page reads one page, whose counts are of one field, and returns the link to the
// next one.
func (d *decoder) page(s *httpkit.Scanner, count kpi.Fields) (next string, err error) {
	listed, read := false, []sources.Slot(nil)
	for key := range s.Object() {
		switch string(key) {
		case "data":
			for key := range s.Object() {
				if string(key) != "attributes" {
					continue
				}
				for key := range s.Object() {
					switch string(key) {
					case "dates":
						if read, err = d.dates(s); err != nil {
							return "", err
						}
					case "data":
						listed = true
						for range s.Array() {
							if err := d.row(s, count); err != nil {
								return "", err
							}
						}
					}
				}
			}
		case "links":
			for key := range s.Object() {
				if string(key) == "next" {
					next = string(s.Text())
				}
			}
		}
	}
	if err := s.End(); err != nil {
		return "", err
	}
	if !listed || read == nil {
		return "", d.rows.Malformed("answer has no list of figures or of times")
	}
	return next, d.same(read)
}

// dates reads the times that figures are of.
func (d *decoder) dates(s *httpkit.Scanner) ([]sources.Slot, error) {
	slots := make([]sources.Slot, 0, len(d.slots))
	for range s.Array() {
		text := s.Text()
		if err := s.Err(); err != nil {
			return nil, err
		}
		slot, err := d.slot(text)
		if err != nil {
			return nil, err
		}
		slots = append(slots, slot)
	}
	return slots, s.Err()
}

// slot reads one time, as in "2026-11-01T09:00:00+00:00": what the clock of the
// account shows, or an instant.
func (d *decoder) slot(text []byte) (sources.Slot, error) {
	at, err := time.Parse(time.RFC3339, string(text))
	zone := d.query.Account.Zone
	if err != nil {
		return sources.Slot{}, d.rows.Malformed("time is %q: expected one such as 2026-11-01T09:00:00+00:00", sources.Clean(string(text)))
	}
	slot := sources.Slot{Grain: d.query.Grain}
	switch {
	case d.utc && slot.Grain == sources.Hour:
		slot.Date, slot.Hour = kpi.HourOf(at, zone)
	case d.utc:
		slot.Date = kpi.DateOf(at, zone)
	default:
		slot.Date = kpi.NewDate(at.Date())
		if slot.Grain == sources.Hour {
			slot = httpkit.ClockHour(slot.Date, at.Hour(), zone)
		}
	}
	if begins := slot.Start(zone); d.utc && !begins.Equal(at) || at.Minute() != 0 && !d.utc || slot.Grain == sources.Day && !d.utc && at.Hour() != 0 {
		return sources.Slot{}, d.rows.Malformed("time is %q: no %s begins then", sources.Clean(string(text)), slot.Grain)
	}
	if !d.days.Contains(slot.Date) {
		return sources.Slot{}, d.rows.Malformed("a figure is of %s, which was not asked for (%s)", slot.Date, d.days)
	}
	return slot, nil
}

// same demands that all answers about a run of days have the same times, and as
// many as there are figures.
func (d *decoder) same(read []sources.Slot) error {
	if d.slots == nil {
		d.slots = read
	}
	if len(read) != len(d.slots) {
		return d.rows.Malformed("answers about the same days have %d and %d times", len(d.slots), len(read))
	}
	for i := range read {
		if read[i] != d.slots[i] {
			return d.rows.Malformed("answers about the same days differ in their times")
		}
	}
	for _, t := range d.order {
		if len(t.metrics) > len(read) {
			return d.rows.Malformed("%s has %d figures for %d times", t.id, len(t.metrics), len(read))
		}
	}
	return nil
}

// row reads the figures of one message.
func (d *decoder) row(s *httpkit.Scanner, count kpi.Fields) error {
	var message, channel []byte
	d.counts, d.values = d.counts[:0], d.values[:0]
	for key := range s.Object() {
		switch string(key) {
		case "dimensions":
			for i := range s.Array() {
				switch i {
				case 0:
					message = s.Text()
				case 1:
					channel = s.Text()
				}
			}
		case "measurements":
			for key := range s.Object() {
				switch string(key) {
				case "count":
					for range s.Array() {
						d.counts = append(d.counts, s.Decimal())
					}
				case "sum_value":
					for range s.Array() {
						d.values = append(d.values, s.Decimal())
					}
				}
			}
		}
	}
	if err := s.Err(); err != nil {
		return err
	}
	if len(message) == 0 || len(channel) > 0 && string(channel) != "email" {
		return nil // no e-mail is credited
	}
	t := d.tally(message)
	if t == nil {
		return nil
	}
	return d.book(t, count)
}

// tally finds the campaign of a message; nil when it is left out.
func (d *decoder) tally(message []byte) *tally {
	c, known := d.messages[string(message)]
	if !known {
		if !d.flows {
			d.left[string(message)] = true
			return nil
		}
		c = campaign{id: string(message), name: "message " + string(message)}
	}
	t := d.byID[c.id]
	if t == nil {
		t = &tally{id: []byte(c.id), name: []byte(c.name), status: []byte(c.status)}
		d.byID[c.id] = t
		d.order = append(d.order, t)
	}
	return t
}

// book adds the figures of a message to those of its campaign.
func (d *decoder) book(t *tally, count kpi.Fields) error {
	n := max(len(d.counts), len(d.values))
	if n > 25*daysOfDay || n*len(d.order) > most {
		return d.rows.Malformed("answer has %d times and %d campaigns: too many to hold", n, len(d.order))
	}
	for len(t.metrics) < n {
		t.metrics = append(t.metrics, kpi.Metrics{})
	}
	for i := range n {
		var m kpi.Metrics
		if i < len(d.counts) {
			whole := int64(d.counts[i].Micros) / kpi.MicrosPerUnit
			switch {
			case d.counts[i].Micros < 0, count != kpi.Conversions && whole*kpi.MicrosPerUnit != int64(d.counts[i].Micros):
				return d.rows.Malformed("a count of %s is %s: expected a whole number", t.id, d.counts[i].Micros.Decimal(0))
			case count == kpi.Impressions:
				m.Impressions = whole
			case count == kpi.Clicks:
				m.Clicks = whole
			default:
				m.Conversions = d.counts[i].Micros
			}
		}
		if i < len(d.values) {
			m.Revenue = d.values[i].Micros
		}
		sum, err := t.metrics[i].Add(m)
		if err != nil {
			return d.rows.Malformed("%s: %w", t.id, err)
		}
		t.metrics[i] = sum
	}
	return nil
}

// flush hands a run of days over. Both hours of one name are one slot; slots without
// anything are left out.
func (d *decoder) flush() error {
	for _, t := range d.order {
		for i := 0; i < len(t.metrics); {
			slot, m := d.slots[i], kpi.Metrics{}
			for ; i < len(t.metrics) && d.slots[i] == slot; i++ {
				var err error
				if m, err = m.Add(t.metrics[i]); err != nil {
					return d.rows.Malformed("%s: %w", t.id, err)
				}
			}
			if m == (kpi.Metrics{}) {
				continue
			}
			m.Has = kpi.Usual &^ kpi.Cost // all of them were asked for
			if err := d.rows.Put(httpkit.Figure{ID: t.id, Name: t.name, Status: t.status, Slot: slot, Metrics: m}); err != nil {
				return err
			}
		}
	}
	return nil
}
