package amazonads

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

// maxFile bounds an unpacked report: a small packed one can hold a great deal.
const maxFile = 512 << 20

var errTooLarge = errors.New("larger than 512 MiB")

// bounded is a reader that fails beyond its bound, and remembers its failure.
type bounded struct {
	r    io.Reader
	left int64
	err  error
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		err = errTooLarge
	}
	if err != nil && err != io.EOF {
		b.err = err
	}
	return n, err
}

// read unpacks a report and hands over its rows, one after the other.
func (p *poll) read(file []byte, r *report) error {
	d := decoder{rows: p.rows, currency: []byte(p.query.Account.Currency), clicked: r.product.clicked}
	d.orders, d.sales = r.product.columns(p.source.options.SPWindow)
	p.rows.Entity.Attribution = r.product.attribution(p.source.options.SPWindow)
	return d.unpack(p.source.client, file)
}

// decoder hands over the rows of the reports of one Fetch.
type decoder struct {
	rows                   *httpkit.Rows
	currency               []byte
	orders, sales, clicked string // names of columns; the last may be ""
}

// unpack reads a file. Servers between may have unpacked it on the way.
func (d *decoder) unpack(client *httpkit.Client, file []byte) error {
	content := &bounded{r: bytes.NewReader(file), left: maxFile}
	if bytes.HasPrefix(file, []byte{0x1f, 0x8b}) {
		unpacked, err := gzip.NewReader(content.r)
		if err != nil {
			return d.rows.Malformed("the report cannot be unpacked: %w", err)
		}
		content.r = unpacked
	}
	err := client.Stream(content, d.row)
	if content.err != nil {
		return d.rows.Malformed("the report cannot be unpacked: %w", content.err)
	}
	return err
}

// row reads one row. A figure that is missing or null is unknown.
func (d *decoder) row(s *httpkit.Scanner) error {
	var f httpkit.Figure
	var date, currency []byte
	var clicked httpkit.Decimal
	m := &f.Metrics
	for key := range s.Object() {
		switch string(key) {
		case "date":
			date = s.Text()
		case "campaignId":
			f.ID = s.Text()
		case "campaignName":
			f.Name = s.Text()
		case "campaignStatus":
			f.Status = s.Text()
		case "campaignBudgetCurrencyCode":
			currency = s.Text()
		case "impressions":
			s.Metric(m, kpi.Impressions)
		case "clicks":
			s.Metric(m, kpi.Clicks)
		case "cost":
			s.Metric(m, kpi.Cost)
		case d.orders:
			s.Metric(m, kpi.Conversions)
		case d.sales:
			s.Metric(m, kpi.Revenue)
		case d.clicked:
			clicked = s.Decimal()
		}
	}
	if err := s.Err(); err != nil {
		return err
	}
	if len(currency) > 0 && !bytes.Equal(currency, d.currency) {
		return d.rows.Malformed("a row is in %q: expected %s", sources.Clean(string(currency)), d.currency)
	}
	if !digits(f.ID) { // an id that went through a floating-point number names another campaign
		return d.rows.Malformed("a row is of campaign %q: expected digits", sources.Clean(string(f.ID)))
	}
	var err error
	if d.clicked != "" && clicked.Known && m.Knows(kpi.Conversions) {
		m.Has |= kpi.ViewThrough
		if m.ViewThrough, err = m.Conversions.Add(-clicked.Micros); err != nil {
			return d.rows.Malformed("%s: %w", d.clicked, err)
		}
	}
	if f.Slot, err = d.rows.Day(date); err != nil {
		return err
	}
	return d.rows.Put(f)
}

func digits(id []byte) bool {
	for _, c := range id {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(id) > 0
}
