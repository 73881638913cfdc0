package ga4

import (
	"strconv"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

// column is a metric and the field that it is.
type column struct {
	name  string
	field kpi.Fields
}

// decoder hands over the rows of the pages of one Fetch. Several origins may have
// one key, since Google has many words for none: their figures are added up, slot
// by slot.
type decoder struct {
	rows       *httpkit.Rows
	query      sources.Query
	dimensions []string // the slot first, then those of keys
	metrics    []column

	raw     map[string]*origin // by the values of the dimensions
	byID    map[string]*tally
	slot    sources.Slot
	at      string // the slot as it came
	current []*tally
	values  []byte
	ends    []int // of each value in values

	limits                       limits
	thresholded, folded, sampled bool
	other, unset                 int64 // sessions
}

// tally is what one key has done in the slot that is being read.
type tally struct {
	id, name []byte
	metrics  kpi.Metrics
	counted  bool
}

// origin is what Google calls a key.
type origin struct {
	tally        *tally
	other, unset bool
}

func newDecoder(q sources.Query, yield func(sources.Record) error, metrics []column, keys ...string) *decoder {
	slot := "date"
	if q.Grain == sources.Hour {
		slot = "dateHour"
	}
	q.Level = sources.LevelKey
	return &decoder{
		rows: httpkit.RowsOf(platform, q, yield), query: q, metrics: metrics, dimensions: append([]string{slot}, keys...),
		raw: map[string]*origin{}, byID: map[string]*tally{},
	}
}

// page reads one page: how many rows it holds, and how many there are.
func (d *decoder) page(s *httpkit.Scanner) (read, total int64, err error) {
	for key := range s.Object() {
		switch string(key) {
		case "dimensionHeaders":
			err = d.headers(s, "dimension", len(d.dimensions), func(i int) string { return d.dimensions[i] })
		case "metricHeaders":
			err = d.headers(s, "metric", len(d.metrics), func(i int) string { return d.metrics[i].name })
		case "rows":
			for range s.Array() {
				if err := d.row(s); err != nil {
					return 0, 0, err
				}
				read++
			}
		case "rowCount":
			total = s.Integer().Value
		case "metadata":
			err = d.metadata(s)
		case "propertyQuota":
			d.quota(s)
		}
		if err != nil {
			return 0, 0, err
		}
	}
	return read, total, s.End()
}

// headers demands the columns that were asked for, in their order: rows name none.
func (d *decoder) headers(s *httpkit.Scanner, what string, want int, name func(int) string) error {
	n := 0
	for i := range s.Array() {
		for key := range s.Object() {
			if string(key) != "name" {
				continue
			}
			if got := s.Text(); s.Err() == nil && (i >= want || string(got) != name(i)) {
				return d.rows.Malformed("%s %d is %q, which was not asked for", what, i+1, sources.Clean(string(got)))
			}
		}
		n++
	}
	if err := s.Err(); err != nil {
		return err
	}
	if n != want {
		return d.rows.Malformed("answer has %d %ss: expected %d", n, what, want)
	}
	return nil
}

func (d *decoder) metadata(s *httpkit.Scanner) error {
	flag := func(into *bool) {
		if value, _ := s.Bool(); value {
			*into = true
		}
	}
	for key := range s.Object() {
		switch string(key) {
		case "currencyCode":
			if code := s.Text(); len(code) > 0 && string(code) != string(d.query.Account.Currency) {
				return d.rows.Malformed("figures are in %q: expected %s", sources.Clean(string(code)), d.query.Account.Currency)
			}
		case "timeZone":
			if zone := s.Text(); len(zone) > 0 && string(zone) != d.query.Account.Zone.String() {
				return d.rows.Malformed("days are those of %q: expected %s", sources.Clean(string(zone)), d.query.Account.Zone)
			}
		case "subjectToThresholding":
			flag(&d.thresholded)
		case "dataLossFromOtherRow":
			flag(&d.folded)
		case "samplingMetadatas":
			for range s.Array() {
				d.sampled = true
			}
		}
	}
	return s.Err()
}

func (d *decoder) quota(s *httpkit.Scanner) {
	for key := range s.Object() {
		var into *httpkit.Integer
		switch string(key) {
		case "tokensPerDay":
			into = &d.limits.day
		case "tokensPerHour":
			into = &d.limits.hour
		case "tokensPerProjectPerHour":
			into = &d.limits.project
		case "potentiallyThresholdedRequestsPerHour":
			into = &d.limits.thresholded
		default:
			continue
		}
		for key := range s.Object() {
			if string(key) == "remaining" {
				*into = s.Integer()
			}
		}
	}
}

// row reads one row and books it on the key and slot that it names.
func (d *decoder) row(s *httpkit.Scanner) error {
	var m kpi.Metrics
	figures := 0
	d.values, d.ends = d.values[:0], d.ends[:0]
	for key := range s.Object() {
		switch string(key) {
		case "dimensionValues":
			for range s.Array() {
				for key := range s.Object() {
					if string(key) == "value" {
						d.values = append(d.values, s.Text()...)
					}
				}
				d.ends = append(d.ends, len(d.values))
				d.values = append(d.values, 0)
			}
		case "metricValues":
			for i := range s.Array() {
				figures++
				for key := range s.Object() {
					if string(key) == "value" && i < len(d.metrics) {
						s.Metric(&m, d.metrics[i].field)
					}
				}
			}
		}
	}
	if err := s.Err(); err != nil {
		return err
	}
	if len(d.ends) != len(d.dimensions) || figures != len(d.metrics) {
		return d.rows.Malformed("a row has %d dimensions and %d figures: expected %d and %d", len(d.ends), figures, len(d.dimensions), len(d.metrics))
	}
	if when := d.values[:d.ends[0]]; string(when) != d.at || d.at == "" {
		if err := d.begin(when); err != nil {
			return err
		}
	}
	return d.book(m)
}

// begin goes on to another slot: "20261120", and by hour "2026112009".
func (d *decoder) begin(when []byte) error {
	if err := d.flush(); err != nil {
		return err
	}
	length := len("20261120")
	if d.query.Grain == sources.Hour {
		length = len("2026112009")
	}
	if len(when) != length {
		return d.rows.Malformed("%s is %q: expected %d digits", d.dimensions[0], sources.Clean(string(when)), length)
	}
	date, err := d.rows.Date([]byte(string(when[:4]) + "-" + string(when[4:6]) + "-" + string(when[6:8])))
	if err != nil {
		return err
	}
	d.at, d.slot = string(when), sources.Slot{Date: date, Grain: sources.Day}
	if d.query.Grain == sources.Hour {
		hour, err := strconv.Atoi(string(when[8:]))
		if err != nil {
			return d.rows.Malformed("hour is %q: expected two digits", sources.Clean(string(when[8:])))
		}
		d.slot, err = d.rows.Hour(date, hour)
		return err
	}
	return nil
}

// book adds figures to their key.
func (d *decoder) book(m kpi.Metrics) error {
	if m.Clicks < 0 {
		return d.rows.Malformed("a count on %s is below zero", d.slot.Date)
	}
	values := d.values[d.ends[0]:]
	from := d.raw[string(values)]
	if from == nil {
		from = d.origin()
		d.raw[string(values)] = from
	}
	if from.other {
		d.other += m.Clicks
	}
	if from.unset {
		d.unset += m.Clicks
	}
	t := from.tally
	if !t.counted {
		t.counted, t.metrics = true, kpi.Metrics{}
		d.current = append(d.current, t)
	}
	sum, err := t.metrics.Add(m)
	if err != nil {
		return d.rows.Malformed("%s on %s: %w", t.name, d.slot.Date, err)
	}
	t.metrics = sum
	return nil
}

// flush hands over the slot that was read.
func (d *decoder) flush() error {
	for _, t := range d.current {
		if t.counted = false; t.metrics.Has == 0 {
			continue
		}
		if err := d.rows.Put(httpkit.Figure{ID: t.id, Name: t.name, Slot: d.slot, Metrics: t.metrics}); err != nil {
			return err
		}
	}
	d.current = d.current[:0]
	return nil
}

// close hands over what is left.
func (d *decoder) close() error {
	if err := d.flush(); err != nil {
		return err
	}
	return d.rows.Close()
}
