package store

import (
	"context"
	"database/sql"
	"errors"
	"iter"
	"time"

	"adtop/kpi"
	"adtop/sources"
)

// reader answers from one state of the database, however many statements that
// takes.
type reader struct {
	ctx context.Context
	tx  *sql.Tx
}

// read runs ask in one read transaction: it sees whole commits only.
func (s *SQLite) read(ctx context.Context, tried string, ask func(reader) error) error {
	tx, err := s.readers.BeginTx(ctx, nil)
	if err != nil {
		return explain(s.path, tried, err)
	}
	defer func() { _ = tx.Rollback() }() // nothing was written
	err = ask(reader{ctx, tx})
	if err != nil && ctx.Err() != nil {
		err = ctx.Err() // the driver's words for it differ
	}
	return explain(s.path, tried, err)
}

func (r reader) each(query string, args []any, scan func(*sql.Rows) error) error {
	rows, err := r.tx.QueryContext(r.ctx, query, args...)
	if err != nil {
		return err
	}
	return drain(rows, scan)
}

// list runs one query in a read transaction and collects its rows.
func list[T any](ctx context.Context, s *SQLite, tried, query string, args []any, scan func(*sql.Rows) (T, error)) ([]T, error) {
	var all []T
	err := s.read(ctx, tried, func(r reader) error {
		return r.each(query, args, func(rows *sql.Rows) error {
			row, err := scan(rows)
			all = append(all, row)
			return err
		})
	})
	return all, err
}

// Days implements Store.
func (s *SQLite) Days(ctx context.Context, days kpi.DateRange, asOf time.Time) ([]Total, error) {
	var totals []Total
	err := s.read(ctx, "read days "+days.String(), func(r reader) error {
		at := instantOf(asOf)
		past := map[dayKey]*dayTotal{} // days whose newest total is younger than at
		var all []dayTotal
		first, last := dayRange(days)
		row := newFigures(3)
		err := r.each(selectDays, []any{int64(first), int64(last)}, func(rows *sql.Rows) error {
			if err := row.scan(rows); err != nil {
				return err
			}
			t := row.dayTotal()
			if t.at > at {
				past[t.key] = &dayTotal{key: t.key}
			}
			all = append(all, t)
			return nil
		})
		if err != nil {
			return err
		}
		if err := r.replayDays(past, at); err != nil {
			return err
		}
		totals = make([]Total, 0, len(all))
		for _, t := range all {
			if replayed, ok := past[t.key]; ok {
				t = *replayed
			}
			if t.at != 0 {
				totals = append(totals, Total{t.key.entity(), t.key.date(), t.metrics, t.at.time()})
			}
		}
		return nil
	})
	return totals, err
}

// replayDays sums the versions that were in force at an instant; a day that
// had none keeps its zero instant.
func (r reader) replayDays(past map[dayKey]*dayTotal, at instant) error {
	dates := map[kpi.Date]bool{}
	for k := range past {
		dates[k.date()] = true
	}
	for date := range dates {
		first, last := slotRange(kpi.DateRange{From: date, To: date})
		err := r.inForce(first, last, at, func(v version) error {
			if total, ok := past[v.key.day()]; ok {
				return total.add(v.key.slot(), v.at, v.value)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// inForce calls yield for the version of every slot from first to last that
// was in force at an instant, in the order of the keys.
func (r reader) inForce(first, last slotKey, at instant, yield func(version) error) error {
	var pending version
	row := newFigures(2)
	err := r.each("SELECT k, at, "+metricColumns+" FROM version WHERE k BETWEEN ? AND ? AND at <= ? ORDER BY k, at", []any{int64(first), int64(last), at}, func(rows *sql.Rows) error {
		if err := row.scan(rows); err != nil {
			return err
		}
		v := row.version()
		if done := pending; done.at != 0 && done.key != v.key {
			pending = v
			return yield(done)
		}
		pending = v
		return nil
	})
	if err != nil || pending.at == 0 {
		return err
	}
	return yield(pending)
}

// Hours implements Store.
func (s *SQLite) Hours(ctx context.Context, days kpi.DateRange, asOf time.Time) ([]Version, error) {
	at := instantOf(asOf)
	var hours []Version
	err := s.read(ctx, "read hours "+days.String(), func(r reader) error {
		for d, last := clampDays(days).From, clampDays(days).To; d <= last; d++ {
			versions, err := r.hours(d, at)
			if err != nil {
				return err
			}
			hours = append(hours, versions...)
		}
		return nil
	})
	return hours, err
}

// hours reads one day: the newest versions where they were known at the
// instant already, which spares the history, else those in force then.
func (r reader) hours(day kpi.Date, at instant) ([]Version, error) {
	var hours []Version
	young := false
	first, _ := slotRange(kpi.DateRange{From: day, To: day})
	last := packSlot(sources.Slot{Date: day, Grain: sources.Day}, 0) - 1
	row := newFigures(2)
	err := r.each("SELECT k, at, "+metricColumns+" FROM latest WHERE k BETWEEN ? AND ? ORDER BY k", []any{int64(first), int64(last)}, func(rows *sql.Rows) error {
		if err := row.scan(rows); err != nil {
			return err
		}
		v := row.version()
		young = young || v.at > at
		hours = append(hours, v.public())
		return nil
	})
	if err != nil || !young {
		return hours, err
	}
	hours = hours[:0]
	err = r.inForce(first, last, at, func(v version) error {
		hours = append(hours, v.public())
		return nil
	})
	return hours, err
}

func (v version) public() Version {
	return Version{v.at.time(), v.key.entity(), v.key.slot(), v.value}
}

// errStopped ends a query whose caller has seen enough.
var errStopped = errors.New("stopped")

// Versions implements Store. Versions of one moment come in the order of their
// slots. The database sorts, on disk where it must; nothing else is held.
func (s *SQLite) Versions(ctx context.Context, days kpi.DateRange, asOf time.Time) iter.Seq2[Version, error] {
	return func(yield func(Version, error) bool) {
		first, last := slotRange(days)
		err := s.read(ctx, "replay "+days.String(), func(r reader) error {
			row := newFigures(2)
			return r.each("SELECT k, at, "+metricColumns+" FROM version WHERE k BETWEEN ? AND ? AND at <= ? ORDER BY at, k", []any{int64(first), int64(last), instantOf(asOf)}, func(rows *sql.Rows) error {
				if err := row.scan(rows); err != nil {
					return err
				}
				if !yield(row.version().public(), nil) {
					return errStopped
				}
				return nil
			})
		})
		if err != nil && !errors.Is(err, errStopped) {
			yield(Version{}, err)
		}
	}
}
