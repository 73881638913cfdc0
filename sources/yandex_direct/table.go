package yandexdirect

import (
	"bytes"
	"strconv"
	"strings"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

// missing stands in a cell without a value.
const missing = "--"

// The columns that are read.
const (
	date = iota
	campaignID
	campaignName
	impressions
	clicks
	cost
	fields
)

var columns = [fields]string{"Date", "CampaignId", "CampaignName", "Impressions", "Clicks", "Cost"}

// table reads a report: a title in quotes unless it was left out, a header,
// rows, and the number of rows. Cells are parted by tabs and not quoted.
type table struct {
	rows   *httpkit.Rows
	micros bool // money is in millionths, as it is without the header returnMoneyInMicros

	width                int // cells of a row; 0 before the header
	at                   [fields]int
	conversions, revenue []int // columns: one of each, or one for each goal
	cells                [][]byte
}

// read hands over the rows line by line.
func (t *table) read(body []byte) error {
	count, rest := 0, body
	t.rows.Line = 0
	defer func() { t.rows.Line = 0 }()
	for len(rest) > 0 {
		line, after, whole := bytes.Cut(rest, []byte("\n"))
		rest, line = after, bytes.TrimSuffix(line, []byte("\r"))
		t.rows.Line++
		if total, found := bytes.CutPrefix(line, []byte("Total rows: ")); found && t.width > 0 {
			if n, err := strconv.Atoi(string(total)); err != nil || n != count || len(bytes.TrimSpace(rest)) > 0 {
				return t.rows.Malformed("the report speaks of %q rows, %d came", sources.Clean(string(total)), count)
			}
			return nil
		}
		var err error
		switch {
		case !whole:
			return t.cutOff(body)
		case t.width == 0:
			err = t.head(line, body)
		default:
			count++
			err = t.row(line, len(body)-len(rest))
		}
		if err != nil {
			return err
		}
	}
	return t.cutOff(body)
}

func (t *table) cutOff(body []byte) error {
	if t.width == 0 && len(body) > 0 {
		return t.foreign(body)
	}
	return t.rows.Malformed("the report breaks off at byte %d: the number of rows, its last line, is missing", len(body))
}

// foreign is for an answer that is neither an error of Yandex', which is JSON,
// nor a report.
func (t *table) foreign(body []byte) error {
	return t.rows.Malformed("answer is not JSON and not the report either: it begins with %q", sources.Clean(string(body[:min(len(body), 60)])))
}

// head reads a line before the rows.
func (t *table) head(line, body []byte) error {
	if t.rows.Line == 1 && bytes.HasPrefix(line, []byte(`"`)) {
		return nil // the title
	}
	names := strings.Split(string(bytes.TrimPrefix(line, []byte("\ufeff"))), "\t")
	for i := range t.at {
		t.at[i] = -1
	}
	for n, name := range names {
		for i := range columns {
			if name == columns[i] {
				t.at[i] = n
			}
		}
		switch kind, _, _ := strings.Cut(name, "_"); kind { // as in Conversions_20002_AUTO
		case "Conversions":
			t.conversions = append(t.conversions, n)
		case "Revenue":
			t.revenue = append(t.revenue, n)
		}
	}
	if t.at[date] < 0 || t.at[campaignID] < 0 {
		return t.foreign(body)
	}
	t.width = len(names)
	return nil
}

// row hands over one row, which ends at a byte of the answer.
func (t *table) row(line []byte, end int) error {
	t.cells = t.cells[:0]
	for more := true; more; {
		var cell []byte
		cell, line, more = bytes.Cut(line, []byte("\t"))
		t.cells = append(t.cells, cell)
	}
	if len(t.cells) != t.width {
		return t.rows.Malformed("a row has %d cells, expected %d (byte %d)", len(t.cells), t.width, end)
	}
	f := httpkit.Figure{ID: t.cell(campaignID), Name: bytes.TrimSpace(t.cell(campaignName))}
	var err error
	if f.Slot, err = t.rows.Day(t.cell(date)); err != nil {
		return err
	}
	if f.Metrics, err = t.metrics(); err != nil {
		return err
	}
	return t.rows.Put(f)
}

// cell is a cell of the row, nil where there is no such column or no value.
func (t *table) cell(field int) []byte {
	if i := t.at[field]; i >= 0 && string(t.cells[i]) != missing {
		return t.cells[i]
	}
	return nil
}

// metrics reads the figures. A cost in units has two decimals; one without any
// is in millionths, and taking it for units would inflate it a million times.
func (t *table) metrics() (m kpi.Metrics, err error) {
	count := func(field int, present kpi.Fields) int64 {
		text := t.cell(field)
		if text == nil || err != nil {
			return 0
		}
		value, problem := strconv.ParseInt(string(text), 10, 64)
		if problem != nil {
			err = t.mistyped(text, columns[field])
			return 0
		}
		m.Has |= present
		return value
	}
	m.Impressions, m.Clicks = count(impressions, kpi.Impressions), count(clicks, kpi.Clicks)
	if text := t.cell(cost); text != nil && err == nil {
		m.Has |= kpi.Cost
		if m.Cost, err = t.money(text, columns[cost]); err == nil && m.Cost != 0 && !t.micros && bytes.IndexByte(text, '.') < 0 {
			err = t.rows.Malformed("Cost is %s, without decimals: it seems to be in millionths, as when a proxy drops the header returnMoneyInMicros", text)
		}
	}
	if err != nil {
		return m, err
	}
	var known bool
	if m.Conversions, known, err = t.sum(t.conversions, "Conversions", func(text []byte, name string) (kpi.Micros, error) {
		value, err := kpi.ParseMicros(string(text))
		if err != nil {
			return 0, t.mistyped(text, name)
		}
		return value, nil
	}); known {
		m.Has |= kpi.Conversions
	}
	if err != nil {
		return m, err
	}
	if m.Revenue, known, err = t.sum(t.revenue, "Revenue", t.money); known {
		m.Has |= kpi.Revenue
	}
	return m, err
}

// sum adds up what stands in columns; known is false where none has a value.
func (t *table) sum(columns []int, name string, read func([]byte, string) (kpi.Micros, error)) (sum kpi.Micros, known bool, err error) {
	for _, i := range columns {
		if string(t.cells[i]) == missing {
			continue
		}
		value, err := read(t.cells[i], name)
		if err != nil {
			return 0, false, err
		}
		if sum, err = sum.Add(value); err != nil {
			return 0, false, t.rows.Malformed("%s: %w", name, err)
		}
		known = true
	}
	return sum, known, nil
}

// money reads an amount.
func (t *table) money(text []byte, name string) (kpi.Micros, error) {
	if t.micros {
		value, err := strconv.ParseInt(string(text), 10, 64)
		if err != nil {
			return 0, t.mistyped(text, name)
		}
		return kpi.Micros(value), nil
	}
	value, err := kpi.ParseMicros(string(text))
	if err != nil {
		return 0, t.mistyped(text, name)
	}
	return value, nil
}

func (t *table) mistyped(text []byte, name string) error {
	return t.rows.Malformed("answer has %q where a number belongs at %s", sources.Clean(string(text[:min(len(text), 40)])), name)
}
