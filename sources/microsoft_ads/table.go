package microsoftads

import (
	"bufio"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

// maxTable bounds an unpacked report: a small zip file can hold a great deal.
const maxTable = 512 << 20

// table reads a report: some lines about it, a header, rows, and a line about
// whose it is. The first and the last are not in every report.
type table struct {
	rows  *httpkit.Rows
	query sources.Query

	width   int         // cells of a row; 0 before the header
	at      [fields]int // where each column is, -1 where it is not
	promise int         // how many rows the lines at the top speak of, -1 without them
	through time.Time   // complete up to here, by the lines at the top
}

// The columns that are read.
const (
	period = iota
	campaignID
	campaignName
	campaignStatus
	currency
	impressions
	clicks
	spend
	conversions
	revenue
	fields
)

var errTooLarge = errors.New("larger than 512 MiB")

// bounded is a reader that fails beyond maxTable.
type bounded struct {
	r    io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return n, errTooLarge
	}
	return n, err
}

// read hands over the rows line by line.
func (t table) read(content io.Reader) (through time.Time, err error) {
	t.promise = -1
	text := bufio.NewReaderSize(&bounded{content, maxTable}, 64<<10)
	if mark, err := text.Peek(3); err == nil && string(mark) == "\ufeff" {
		_, _ = text.Discard(3) // was peeked at
	}
	lines := csv.NewReader(text)
	lines.FieldsPerRecord, lines.ReuseRecord = -1, true
	count, ended := 0, false
	for {
		cells, err := lines.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.rows.Line = 0 // the error has it
			return time.Time{}, t.rows.Malformed("the report cannot be read: %w", err)
		}
		t.rows.Line, _ = lines.FieldPos(0)
		switch {
		case t.width == 0:
			err = t.head(cells)
		case len(cells) == 1 || ended:
			ended = true // the line about whose it is
		default:
			count++
			err = t.row(cells)
		}
		if err != nil {
			return time.Time{}, err
		}
	}
	t.rows.Line = 0
	if t.width == 0 {
		return time.Time{}, t.rows.Malformed("the report has no header with TimePeriod and CampaignId")
	}
	if t.promise >= 0 && t.promise != count {
		return time.Time{}, t.rows.Malformed("the report breaks off after %d of %d rows", count, t.promise)
	}
	return t.through, nil
}

// head reads a line before the rows: one about the report, or the header.
func (t *table) head(cells []string) error {
	if len(cells) == 1 {
		name, value, _ := strings.Cut(cells[0], ": ")
		switch name {
		case "Rows":
			if n, err := strconv.Atoi(value); err == nil {
				t.promise = n
			}
		case "Last Completed Available Hour": // in UTC, which it calls GMT
			if at, err := time.Parse("1/2/2006 3:04:05 PM (GMT)", value); err == nil {
				t.through = at
			}
		}
		return nil
	}
	t.width = len(cells)
	for i, name := range columns {
		t.at[i] = slices.Index(cells, name)
	}
	for _, field := range []int{period, campaignID} {
		if t.at[field] < 0 {
			return t.rows.Malformed("the report has no column %s", columns[field])
		}
	}
	return nil
}

// cell is a cell of a column, "" where there is none.
func (t *table) cell(cells []string, field int) string {
	if i := t.at[field]; i >= 0 {
		return cells[i]
	}
	return ""
}

// row hands over one row.
func (t *table) row(cells []string) error {
	if len(cells) != t.width {
		return t.rows.Malformed("a row has %d cells: expected %d", len(cells), t.width)
	}
	if c := t.cell(cells, currency); c != "" && kpi.Currency(c) != t.query.Account.Currency {
		return t.rows.Malformed("a row is in %q: expected %s", sources.Clean(c), t.query.Account.Currency)
	}
	f := httpkit.Figure{ID: []byte(t.cell(cells, campaignID)), Name: []byte(t.cell(cells, campaignName)), Status: []byte(t.cell(cells, campaignStatus))}
	var err error
	if f.Slot, err = t.slot(t.cell(cells, period)); err != nil {
		return err
	}
	if f.Metrics, err = t.metrics(cells); err != nil {
		return err
	}
	return t.rows.Put(f)
}

// metrics reads the figures. An empty cell is unknown. ConversionsQualified
// took the place of Conversions in 2022, which counts whole ones only.
func (t *table) metrics(cells []string) (m kpi.Metrics, err error) {
	number := func(column int, field kpi.Fields) (value kpi.Micros) {
		text := t.cell(cells, column)
		if text == "" || err != nil {
			return 0
		}
		if value, err = kpi.ParseMicros(text); err != nil {
			err = t.rows.Malformed("%s: %w", columns[column], err)
			return 0
		}
		m.Has |= field
		return value
	}
	count := func(column int, field kpi.Fields) int64 {
		value := number(column, field)
		if value%kpi.MicrosPerUnit != 0 && err == nil {
			err = t.rows.Malformed("%s: %s is no whole number", columns[column], value.Decimal(0))
		}
		return int64(value / kpi.MicrosPerUnit)
	}
	m.Impressions, m.Clicks = count(impressions, kpi.Impressions), count(clicks, kpi.Clicks)
	m.Cost, m.Conversions, m.Revenue = number(spend, kpi.Cost), number(conversions, kpi.Conversions), number(revenue, kpi.Revenue)
	return m, err
}

// slot reads TimePeriod: "2026-11-20" or, by hour, "2026-11-20|09". Pages and
// older formats have "2026-11-20|9" and "11/20/2026 12:00:00 AM|9".
func (t *table) slot(when string) (sources.Slot, error) {
	day, hour, hourly := strings.Cut(when, "|")
	if strings.Contains(day, "/") {
		day, _, _ = strings.Cut(day, " ")
		if parsed, err := time.Parse("1/2/2006", day); err == nil {
			day = parsed.Format(time.DateOnly)
		}
	}
	if hourly != (t.query.Grain == sources.Hour) {
		return sources.Slot{}, t.rows.Malformed("TimePeriod is %q: the report was asked for by %s", sources.Clean(when), t.query.Grain)
	}
	if !hourly {
		return t.rows.Day([]byte(day))
	}
	date, err := t.rows.Date([]byte(day))
	if err != nil {
		return sources.Slot{}, err
	}
	wall, err := strconv.Atoi(hour)
	if err != nil {
		return sources.Slot{}, t.rows.Malformed("TimePeriod is %q: expected one such as 2026-11-20|09", sources.Clean(when))
	}
	return t.rows.Hour(date, wall)
}
