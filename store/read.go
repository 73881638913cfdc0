package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"adtop/kpi"
)

// reader answers from one state of the database, however many statements that
// takes.
type reader struct {
	ctx context.Context
	tx  *sql.Tx
}

// read runs ask in one read transaction: it sees whole commits only.
func (s *SQLite) read(ctx context.Context, tried string, ask func(reader) error) error {
	if err := s.inPlace(); err != nil {
		return explain(s.path, tried, err)
	}
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

// versions calls yield for every version that a query of version columns finds.
func (r reader) versions(query string, args []any, yield func(version) error) error {
	row := newVersionScanner()
	return r.each(query, args, func(rows *sql.Rows) error {
		v, err := row.scan(rows)
		if err != nil {
			return err
		}
		return yield(v)
	})
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

// Exact implements Store.
func (s *SQLite) Exact(ctx context.Context, asOf time.Time) (exact time.Time, resolution time.Duration, err error) {
	err = s.read(ctx, "read the resolution", func(r reader) error {
		res, err := r.resolution()
		at := instantOf(asOf)
		exact, resolution = res.exact(at).time(), res.width(at).span()
		return err
	})
	return exact, resolution, err
}

// unsummed returns the dates in days whose sums are to be made anew.
func (r reader) unsummed(days kpi.DateRange) (map[kpi.Date]bool, error) {
	dates := map[kpi.Date]bool{}
	return dates, r.each("SELECT DISTINCT date FROM unsummed WHERE date BETWEEN ? AND ?", []any{days.From, days.To}, func(rows *sql.Rows) error {
		var d kpi.Date
		err := rows.Scan(&d)
		dates[d] = true
		return err
	})
}

// Days implements Store.
func (s *SQLite) Days(ctx context.Context, days kpi.DateRange, asOf time.Time, entities []EntityID) ([]Total, error) {
	var totals []Total
	err := s.read(ctx, "read days "+days.String(), func(r reader) error {
		res, err := r.resolution()
		if err != nil {
			return err
		}
		return r.days(clampDays(days), res.exact(instantOf(asOf)), entities, func(v version) error {
			totals = append(totals, Total{v.key.id(), v.key.date(), v.value.Metrics, v.at.time()})
			return nil
		})
	})
	return totals, err
}

// inForce finds the versions of days from one key to another that were in
// force at an instant: the newest one where it is that old, else the last one
// before. Its arguments are first, last, at and, of some entities only, the
// first date, the last date and their ids as JSON.
func inForce(some bool) string {
	with, from := "", "day n"
	if some {
		with = `WITH RECURSIVE dates (d) AS (SELECT ?4 UNION ALL SELECT d + 1 FROM dates WHERE d < ?5),
			wanted (k) AS MATERIALIZED (SELECT (d << 30) | (63 << 24) | value FROM dates CROSS JOIN json_each(?6)) `
		from = "wanted CROSS JOIN day n ON n.k = wanted.k"
	}
	return with + "SELECT n.k, at, whole, " + metricColumns + " FROM " + from + ` WHERE n.k BETWEEN ?1 AND ?2 AND at <= ?3
		UNION ALL SELECT p.k, p.at, p.whole, p.has, p.impressions, p.clicks, p.cost, p.conversions, p.revenue, p.view_through
		FROM ` + from + ` JOIN day_past p ON p.k = n.k AND p.at = (SELECT max(at) FROM day_past WHERE k = n.k AND at <= ?3)
		WHERE n.k BETWEEN ?1 AND ?2 AND n.at > ?3 ORDER BY 1`
}

// wholeInForce is inForce for the days that a source reports whole, whatever
// was summed of them.
const wholeInForce = "SELECT k, at, whole, " + metricColumns + ` FROM day n WHERE n.k BETWEEN ?1 AND ?2 AND whole AND at <= ?3
	UNION ALL SELECT p.k, p.at, p.whole, p.has, p.impressions, p.clicks, p.cost, p.conversions, p.revenue, p.view_through
	FROM day n JOIN day_past p ON p.k = n.k AND p.at = (SELECT max(at) FROM day_past WHERE k = n.k AND at <= ?3 AND whole)
	WHERE n.k BETWEEN ?1 AND ?2 AND n.whole AND n.at > ?3`

// days calls yield for the total of every entity and day in force at an
// instant, in the order of the dates, then of the entities.
func (r reader) days(days kpi.DateRange, at instant, entities []EntityID, yield func(version) error) error {
	unsummed, err := r.unsummed(days)
	if err != nil {
		return err
	}
	ids, err := json.Marshal(entities)
	if err != nil {
		return err
	}
	for d := days.From; d <= days.To; d++ {
		if unsummed[d] {
			if err := r.addUpDay(d, at, entities, yield); err != nil {
				return err
			}
			continue
		}
		run := kpi.DateRange{From: d, To: d}
		for run.To < days.To && !unsummed[run.To+1] {
			run.To++
		}
		first, last := slotRange(run)
		args := []any{int64(first), int64(last), at}
		if entities != nil {
			args = append(args, run.From, run.To, string(ids))
		}
		if err := r.versions(inForce(entities != nil), args, yield); err != nil {
			return err
		}
		d = run.To
	}
	return nil
}

// addUpDay adds up the slots of a day whose sums are not made.
func (r reader) addUpDay(d kpi.Date, at instant, entities []EntityID, yield func(version) error) error {
	wanted := map[EntityID]bool{}
	for _, id := range entities {
		wanted[id] = true
	}
	totals := map[slotKey]version{}
	err := r.slots(d, at, func(v version) error {
		day := v.key.day()
		t, known := totals[day]
		switch {
		case entities != nil && !wanted[v.key.id()] || t.value.whole:
			return nil
		case v.value.whole || !known:
			totals[day] = version{day, v.stamped}
			return nil
		}
		sum, err := t.value.Add(v.value.Metrics)
		totals[day] = version{day, stamped[figure]{max(t.at, v.at), figure{Metrics: sum}}}
		return err
	})
	if err != nil {
		return err
	}
	for _, k := range slices.Sorted(maps.Keys(totals)) {
		if err := yield(totals[k]); err != nil {
			return err
		}
	}
	return nil
}

// slots calls yield for the reported slots of a date in force at an instant:
// whole days first, then hours.
func (r reader) slots(d kpi.Date, at instant, yield func(version) error) error {
	first, last := slotRange(kpi.DateRange{From: d, To: d})
	if err := r.versions(wholeInForce, []any{int64(first), int64(last), at}, yield); err != nil {
		return err
	}
	return r.hours(d, at, nil, yield)
}

// hours calls yield for the hour slots of a date in force at an instant, of all
// entities or of those whose ids some lists as JSON.
func (r reader) hours(d kpi.Date, at instant, some []byte, yield func(version) error) error {
	first, last := slotRange(kpi.DateRange{From: d, To: d})
	args := []any{int64(first), int64(last), at, d}
	with, from, past := "", "hour", ""
	if some != nil {
		with = `WITH RECURSIVE hours (h) AS (SELECT 0 UNION ALL SELECT h + 1 FROM hours WHERE h < 24),
			wanted (id) AS MATERIALIZED (SELECT value FROM json_each(?5)) `
		from = "hours CROSS JOIN wanted CROSS JOIN hour ON k = (?4 << 30) | (h << 24) | id"
		past = " AND (slot & 0xFFFFFF) IN (SELECT id FROM wanted)"
		args = append(args, string(some))
	}
	return r.versions(with+"SELECT "+hourTable.columns()+" FROM "+from+" WHERE k BETWEEN ?1 AND ?2 AND at <= ?3 UNION ALL SELECT date << 30 | slot, at, 0, "+metricColumns+
		" FROM hour_past WHERE date = ?4 AND until > ?3 AND at <= ?3"+past+" ORDER BY 1", args, yield)
}

// Hours implements Store.
func (s *SQLite) Hours(ctx context.Context, days kpi.DateRange, asOf time.Time, entities []EntityID) ([]Version, error) {
	var some []byte
	if entities != nil {
		var err error
		if some, err = json.Marshal(entities); err != nil {
			return nil, err
		}
	}
	var hours []Version
	err := s.read(ctx, "read hours "+days.String(), func(r reader) error {
		res, err := r.resolution()
		if err != nil {
			return err
		}
		for d, last := clampDays(days).From, clampDays(days).To; d <= last; d++ {
			err := r.hours(d, res.exact(instantOf(asOf)), some, func(v version) error {
				hours = append(hours, v.public())
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	return hours, err
}

// Top implements Store.
func (s *SQLite) Top(ctx context.Context, days kpi.DateRange, asOf time.Time, entities []EntityID, n int) ([]EntityID, error) {
	only := ""
	ids, err := json.Marshal(entities)
	if err != nil {
		return nil, err
	}
	if entities != nil {
		only = " AND (n.k & 0xFFFFFF) IN (SELECT value FROM json_each(?4))"
	}
	var top []EntityID
	err = s.read(ctx, "rank campaigns of "+days.String(), func(r reader) error {
		res, err := r.resolution()
		if err != nil {
			return err
		}
		at := res.exact(instantOf(asOf))
		first, last := slotRange(days)
		query := fmt.Sprintf(`SELECT k & 0xFFFFFF, total(CASE WHEN at <= ?3 THEN cost ELSE (SELECT cost FROM day_past WHERE k = n.k AND at <= ?3 ORDER BY at DESC LIMIT 1) END)
			FROM day n WHERE k BETWEEN ?1 AND ?2%s GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT %d`, only, n)
		return r.each(query, []any{int64(first), int64(last), at, string(ids)}[:3+b2i(entities != nil)], func(rows *sql.Rows) error {
			var id EntityID
			var cost float64
			err := rows.Scan(&id, &cost)
			top = append(top, id)
			return err
		})
	})
	return top, err
}

// errStopped ends a query whose caller has seen enough.
var errStopped = errors.New("stopped")

// Versions implements Store. Versions of one moment come in the order of their
// slots. The database sorts, on disk where it must; nothing else is held.
func (s *SQLite) Versions(ctx context.Context, days kpi.DateRange, asOf time.Time) iter.Seq2[Version, error] {
	return func(yield func(Version, error) bool) {
		err := s.read(ctx, "replay "+days.String(), func(r reader) error {
			return r.replay(clampDays(days), instantOf(asOf), func(v version) error {
				if !yield(v.public(), nil) {
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

// replay calls yield for every version of the reported slots of some days.
func (r reader) replay(days kpi.DateRange, at instant, yield func(version) error) error {
	first, last := slotRange(days)
	var parts string
	var args []any
	for _, t := range []struct {
		columns, from string
		first, last   any
	}{
		{hourTable.columns(), "hour WHERE k", int64(first), int64(last)},
		{"date << 30 | slot, at, 0, " + metricColumns, "hour_past WHERE date", days.From, days.To},
		{dayTable.columns(), "day WHERE whole AND k", int64(first), int64(last)},
		{dayTable.columns(), "day_past WHERE whole AND k", int64(first), int64(last)},
	} {
		parts += " UNION ALL SELECT " + t.columns + " FROM " + t.from + " BETWEEN ? AND ? AND at <= ?"
		args = append(args, t.first, t.last, at)
	}
	return r.versions(parts[len(" UNION ALL "):]+" ORDER BY 2, 1", args, yield)
}
