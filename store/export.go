package store

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"strings"
	"time"

	"adtop/kpi"
)

// Export writes all that cannot be fetched again as lines of JSON, as of one
// moment: a header, the facts in the order in which Import wants them, and a
// last line with their number. days restricts observations and events. It
// holds one line at a time.
//
// It is no part of Store: what Import puts back, bit for bit, is what this
// implementation keeps.
func (s *SQLite) Export(ctx context.Context, out io.Writer, days kpi.DateRange) error {
	return s.read(ctx, "export", func(r reader) error {
		e := exporter{reader: r, out: bufio.NewWriterSize(out, 1<<16), days: clampDays(days)}
		e.writeLine(fmt.Appendf(nil, `{"table":%q,"version":%d`, headerLine, formatVersion))
		for i := range facts {
			if f := &facts[i]; !f.dated {
				first, last := slotRange(days)
				args := []any{int64(first), int64(last)}
				if err := e.rows(f, args[:arity[f.from]]); err != nil {
					return err
				}
			} else if !facts[i-1].dated { // the first of the dated ones
				if err := e.dates(e.days, func(d kpi.Date) error { return e.date(facts[i:], d) }); err != nil {
					return err
				}
			}
		}
		e.writeLine(fmt.Appendf(nil, `{"table":%q,"lines":%d`, endLine, e.lines))
		if e.err != nil {
			return e.err
		}
		return e.out.Flush()
	})
}

type exporter struct {
	reader
	out   *bufio.Writer
	days  kpi.DateRange
	line  []byte
	lines int
	err   error // of out
}

func (e *exporter) writeLine(line []byte) {
	if e.err == nil {
		_, e.err = e.out.Write(append(line, '}', '\n'))
	}
	e.lines++
}

// date writes what is dated, for one date.
func (e *exporter) date(facts []fact, d kpi.Date) error {
	for i := range facts {
		if !facts[i].dated {
			return nil
		}
		if err := e.rows(&facts[i], []any{d}); err != nil {
			return err
		}
	}
	return nil
}

func (e *exporter) rows(f *fact, args []any) error {
	fields := make([]string, len(f.columns))
	values, dests := make([]any, len(f.columns)), make([]any, len(f.columns))
	for i, c := range f.columns {
		fields[i], dests[i] = c.sql, &values[i]
	}
	return e.each("SELECT "+strings.Join(fields, ", ")+" FROM "+f.from, args, func(rows *sql.Rows) (err error) {
		if err := rows.Scan(dests...); err != nil {
			return err
		}
		if e.line, err = f.encode(e.line[:0], values); err != nil {
			return fmt.Errorf("%s %v: %w", f.table, values[0], err)
		}
		e.writeLine(e.line)
		return e.err
	})
}

// encode writes a line but for its end.
func (f *fact) encode(line []byte, values []any) (_ []byte, err error) {
	line = append(append(append(line, `{"table":"`...), f.table...), '"')
	for i, c := range f.columns {
		if line, err = c.appendField(line, values[i]); err != nil {
			return nil, err
		}
	}
	return line, nil
}

// dates calls yield for every date in days that may have figures.
func (r reader) dates(days kpi.DateRange, yield func(kpi.Date) error) error {
	var first, last sql.NullInt64
	err := r.each(`SELECT min(d), max(d) FROM (SELECT min(k) >> 30 AS d FROM hour UNION ALL SELECT max(k) >> 30 FROM hour
		UNION ALL SELECT min(k) >> 30 FROM day UNION ALL SELECT max(k) >> 30 FROM day)`, nil, func(rows *sql.Rows) error { return rows.Scan(&first, &last) })
	if err != nil || !first.Valid {
		return err
	}
	for d := max(days.From, kpi.Date(first.Int64)); d <= min(days.To, kpi.Date(last.Int64)); d++ {
		if err := yield(d); err != nil {
			return err
		}
	}
	return nil
}

// Observation is what was reported of a slot from At until Until, with what it
// is about as that is called now. Where hours are older than what is kept by
// the hour, the totals of their days stand for them.
type Observation struct {
	Account Account
	About   Entity
	Version
	Until time.Time // zero while it holds
}

// Observations reads all observations of some days, date by date, in the order
// of their slots. It holds the names and one observation.
func (s *SQLite) Observations(ctx context.Context, days kpi.DateRange) iter.Seq2[Observation, error] {
	return func(yield func(Observation, error) bool) {
		err := s.read(ctx, "read observations of "+days.String(), func(r reader) error { return r.observations(clampDays(days), yield) })
		if err != nil && !errors.Is(err, errStopped) {
			yield(Observation{}, err)
		}
	}
}

func (r reader) observations(days kpi.DateRange, yield func(Observation, error) bool) error {
	res, err := r.resolution()
	if err != nil {
		return err
	}
	accounts, entities := map[feedName]Account{}, map[EntityID]Entity{}
	if err := r.accounts(math.MaxInt64, func(a Account) error { accounts[feedName{a.Source, a.ID}] = a; return nil }); err != nil {
		return err
	}
	if err := r.entities(math.MaxInt64, func(e Entity) error { entities[e.ID] = e; return nil }); err != nil {
		return err
	}
	return r.dates(days, func(d kpi.Date) error {
		for _, from := range []string{hoursOfDate, daysOfDate} {
			if from == hoursOfDate && d < res.hoursFrom() {
				continue // they are being removed
			}
			row := newVersionScanner()
			err := r.each("SELECT k, at, until, "+metricColumns+" FROM "+from, []any{d}, func(rows *sql.Rows) error {
				if err := rows.Scan(row.dests...); err != nil {
					return err
				}
				v, err := scanVersion(row.values)
				if err != nil {
					return err
				}
				about := entities[v.key.id()]
				until, _ := row.values[2].(int64)
				if !yield(Observation{accounts[feedName{about.Source, about.Account}], about, v.public(), instant(until).time()}, nil) {
					return errStopped
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}
