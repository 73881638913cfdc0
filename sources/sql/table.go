package sql

import (
	"database/sql"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/record"
)

// table is an answer whose columns are understood.
type table struct {
	*source
	columns []record.Column
	types   []string // the database's names of them
	format  record.Format
}

// The types of dates, as databases name them.
const (
	typeDate    = "DATE"
	typeInstant = "TIMESTAMPTZ"
)

// table checks the names of the columns.
func (s *source) table(rows *sql.Rows) (*table, error) {
	types, err := rows.ColumnTypes()
	if err != nil {
		return nil, err
	}
	t := &table{source: s, format: s.options.Format}
	seen := map[record.Column]bool{}
	refused := func(format string, args ...any) (*table, error) {
		refusal := sources.Errorf(sources.Invalid, format, args...)
		refusal.Next = "Name the columns of the query with AS."
		return nil, refusal
	}
	figures := false
	for i, one := range types {
		c, known := record.ColumnOf(strings.ToLower(one.Name()))
		switch {
		case !known:
			return refused("column %d of the query is called %q: expected one of %s", i+1, sources.Clean(one.Name()), record.Names())
		case seen[c]:
			return refused("two columns of the query are called %s", c)
		}
		kind := strings.ToUpper(one.DatabaseTypeName())
		if s.driver.kind != nil {
			kind = s.driver.kind(one.DatabaseTypeName())
		}
		if c == record.Date && kind == s.driver.unzoned && kind != "" {
			return refused("column date is a %s, which the server shows on a clock of its own: expected a day, as in DATE(CONVERT_TZ(…)) AS date", kind)
		}
		seen[c] = true
		figures = figures || c >= record.Impressions
		t.columns, t.types = append(t.columns, c), append(t.types, kind)
	}
	switch {
	case !seen[record.Date]:
		return refused("the query has no column date")
	case !figures:
		return refused("the query has none of the columns impressions, clicks, cost, conversions and revenue")
	}
	return t, nil
}

// read enters all rows into a book.
func (t *table) read(rows *sql.Rows, q sources.Query) (*record.Book, error) {
	var book *record.Book
	values := make([]any, len(t.columns))
	into := make([]any, len(values))
	for i := range values {
		into[i] = &values[i]
	}
	dated := ""
	for n := 1; rows.Next(); n++ {
		if n > t.options.Rows {
			refusal := sources.Errorf(sources.Malformed, "more than %d rows: expected fewer", t.options.Rows)
			refusal.Next = "Group the query by campaign and day, narrow it with {from} and {to}, or raise rows."
			return nil, refusal
		}
		if err := rows.Scan(into...); err != nil {
			return nil, sources.Errorf(sources.Malformed, "row %d: %w", n, err)
		}
		var row record.Row
		for i, value := range values {
			if t.driver.value != nil {
				value = t.driver.value(value)
			}
			if at, ok := value.(time.Time); ok {
				text, format := t.time(t.columns[i], t.types[i], at)
				if t.columns[i] == record.Date {
					dated = format
				}
				row[t.columns[i]] = text
				continue
			}
			if err := row.Set(t.columns[i], value); err != nil {
				return nil, sources.Errorf(sources.Malformed, "row %d: %w", n, err)
			}
		}
		if book == nil {
			if dated != "" {
				t.format.Date = dated
			}
			var err error
			if book, err = record.NewBook(t.env.Name, q, t.format); err != nil {
				return nil, err
			}
		}
		if err := book.Add(&row); err != nil {
			return nil, sources.Errorf(sources.Malformed, "row %d: %w", n, err)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if book == nil {
		return record.NewBook(t.env.Name, q, t.format)
	}
	return book, nil
}

// time writes a date or time of the database, and says how: a day as it is, an
// instant with its offset, and a time without one as the account's clock shows it.
func (t *table) time(c record.Column, kind string, at time.Time) (text, format string) {
	switch {
	case c != record.Date:
		return at.Format(time.RFC3339), ""
	case kind == typeDate:
		year, month, day := at.Date()
		return kpi.NewDate(year, month, day).String(), "YYYY-MM-DD"
	case kind == typeInstant:
		return at.Format(time.RFC3339), "instant"
	}
	return at.Format("2006-01-02 15:04"), "YYYY-MM-DD HH:mm"
}
