package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"adtop/kpi"
)

// chunk is how many rows one step of thinning removes at most: some ten
// milliseconds of writing.
const chunk = 1000

const (
	hourWidth = instant(time.Hour / time.Millisecond)
	dayWidth  = 24 * hourWidth
)

// sumsByHour is how much longer than everything else the past of channels is
// kept by the hour: the detectors learn from it how conversions arrive, and
// learn it again at every start. Reads are answered no more exactly by it.
const sumsByHour = 60 * dayWidth

// passEvery is how far a limit moves before thinning sets out again.
var passEvery = map[instant]time.Duration{0: 24 * time.Hour, hourWidth: 6 * time.Hour, dayWidth: 24 * time.Hour}

// Thin implements Store.
func (s *SQLite) Thin(ctx context.Context, now time.Time, r Retention) (more bool, err error) {
	if r.Detail < time.Hour || r.Hourly < r.Detail || r.History < r.Hourly {
		return false, fmt.Errorf("thin: retention of %s, %s, %s: each has to be as long as the one before, and an hour at least", r.Detail, r.Hourly, r.History)
	}
	res, err := s.moveLimits(ctx, now, r)
	if err != nil {
		return false, err
	}
	for _, drop := range []func(context.Context, time.Time) (bool, error){s.dropDeliveries, s.dropMessages} {
		if more, err := drop(ctx, now); more || err != nil {
			return more, err
		}
	}
	for _, step := range []func(context.Context, resolutions) (bool, error){s.thinPasts, s.dropHours, s.dropEvents, s.thinEvaluations, s.thinPolls, s.shrink} {
		if more, err := step(ctx, res); more || err != nil {
			return more, err
		}
	}
	return false, nil
}

// moveLimits announces how exactly the past will be known: readers ask for no
// more from then on, and what is in between may be removed.
func (s *SQLite) moveLimits(ctx context.Context, now time.Time, r Retention) (res resolutions, err error) {
	err = s.read(ctx, "read the resolution", func(r reader) error {
		res, err = r.resolution()
		return err
	})
	if err != nil {
		return res, err
	}
	present := map[instant]instant{0: res.begin}
	for _, step := range res.steps {
		present[step.width] = step.until
	}
	moved := map[instant]instant{}
	for width, age := range map[instant]time.Duration{0: r.History, hourWidth: r.Detail, dayWidth: r.Hourly} {
		limit := instantOf(now.Add(-age))
		if width == 0 {
			limit -= limit % dayWidth
		} else {
			limit -= limit % width
		}
		if (limit - present[width]).span() >= passEvery[width] {
			moved[width] = limit
		}
	}
	if len(moved) == 0 {
		return res, nil
	}
	_, err = s.write(ctx, "move the limits of the history", func(w *writer) error {
		for width, limit := range moved {
			if err := w.exec("INSERT OR REPLACE INTO resolution (width, until) VALUES (?, ?)", width, limit); err != nil {
				return err
			}
		}
		res, err = w.resolution()
		return err
	})
	return res, err
}

// thinPasts removes superseded versions that no question shows any more.
func (s *SQLite) thinPasts(ctx context.Context, res resolutions) (more bool, err error) {
	limits := append([]resolution{{0, res.begin}}, res.steps...)
	for _, t := range []*table{hourTable, dayTable, partTable} {
		for _, limit := range limits {
			if t == partTable && limit.width == dayWidth {
				limit.until = max(limit.until-sumsByHour, res.begin)
			}
			if more, err := s.thinPast(ctx, t, limit); more || err != nil {
				return more, err
			}
		}
	}
	return false, nil
}

func (s *SQLite) thinPast(ctx context.Context, t *table, limit resolution) (more bool, err error) {
	var gone []past
	pass := thinPass{table: t, limit: limit}
	err = s.read(ctx, "look for what to thin in "+t.name, func(r reader) error {
		if err := pass.begin(r); err != nil || pass.done >= limit.until {
			return err
		}
		for date := max(pass.first, s.thinDate[pass.key()]); date <= pass.last && len(gone) < chunk; date++ {
			s.thinDate[pass.key()] = date
			if gone, err = pass.find(r, date, gone); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil || pass.done >= limit.until {
		return false, err
	}
	finished := len(gone) < chunk
	_, err = s.write(ctx, "thin "+t.name, func(w *writer) error {
		w.histories = map[historyKey]histories{}
		if err := w.removePast(ctx, t, gone); err != nil || !finished {
			return err
		}
		return w.markThinned(t.name, limit)
	})
	if finished {
		delete(s.thinDate, pass.key())
	}
	return true, err
}

// thinPass is one way through a table's past: the versions that were
// superseded after done, up to limit.until.
type thinPass struct {
	table       *table
	limit       resolution
	done        instant
	first, last kpi.Date
}

func (p thinPass) key() string { return fmt.Sprint(p.table.name, p.limit) }

// begin finds where the pass has to look: superseded since done is only what a
// poll has asked for since.
func (p *thinPass) begin(r reader) (err error) {
	if p.done, err = r.thinned(p.table.name, p.limit.width); err != nil || p.done >= p.limit.until {
		return err
	}
	p.last = -1
	return r.each("SELECT coalesce(min(from_day), 0), coalesce(max(to_day), -1) FROM poll WHERE at > ? AND kind = 0", []any{p.done}, func(rows *sql.Rows) error {
		return rows.Scan(&p.first, &p.last)
	})
}

// find appends what is to be removed of one date, up to a chunk.
func (p *thinPass) find(r reader, date kpi.Date, gone []past) ([]past, error) {
	hidden := "1"
	if w := p.limit.width; w > 0 {
		hidden = fmt.Sprintf("(at + %d) / %d * %d >= until", w-1, w, w)
	}
	query := "SELECT date << 30 | slot, at, until FROM hour_past WHERE date = ?1 AND until > ?2 AND until <= ?3 AND " + hidden
	if p.table != hourTable {
		query = fmt.Sprintf(`SELECT k, at, until FROM (
			SELECT p.k, p.at, coalesce(lead(p.at) OVER (PARTITION BY p.k ORDER BY p.at), n.at) AS until
			FROM %[1]s_past p JOIN %[1]s n ON n.k = p.k WHERE p.k BETWEEN ?1 << 30 AND ?1 << 30 | %[2]d)
			WHERE until > ?2 AND until <= ?3 AND %[3]s`, p.table.name, slotInDate, hidden)
	}
	err := r.each(fmt.Sprintf("%s LIMIT %d", query, chunk-len(gone)), []any{date, p.done, p.limit.until}, func(rows *sql.Rows) error {
		var row past
		err := rows.Scan(&row.key, &row.at, &row.until)
		gone = append(gone, row)
		return err
	})
	return gone, err
}

// dropHours removes the hours of the oldest date that retention has passed: one
// hour of the day at a time, then what they were before.
func (s *SQLite) dropHours(ctx context.Context, res resolutions) (more bool, err error) {
	limit := packKey(res.hoursFrom(), 0, 0)
	var k, date sql.NullInt64
	err = s.read(ctx, "look for old hours", func(r reader) error {
		err := r.each(`SELECT min(k) FROM (SELECT min(k) AS k FROM hour WHERE k < ?1 UNION ALL
			SELECT k FROM (SELECT k FROM part_sum WHERE k < ?1 AND (k >> 24) & 63 <> 63 ORDER BY k LIMIT 1))`, []any{int64(limit)}, func(rows *sql.Rows) error { return rows.Scan(&k) })
		if err != nil {
			return err
		}
		return r.each("SELECT min(date) FROM hour_past WHERE date < ?", []any{limit.date()}, func(rows *sql.Rows) error { return rows.Scan(&date) })
	})
	if err != nil || !k.Valid && !date.Valid {
		return false, err
	}
	_, err = s.write(ctx, "remove old hours", func(w *writer) error {
		w.forget()
		slot := slotKey(k.Int64) &^ maxID
		for _, table := range []string{"hour", "part_sum", "part_sum_past"} {
			if !k.Valid {
				break
			}
			if err := w.exec("DELETE FROM "+table+" WHERE k BETWEEN ? AND ?", int64(slot), int64(slot|maxID)); err != nil {
				return err
			}
		}
		if !date.Valid {
			return nil
		}
		return w.exec("DELETE FROM hour_past WHERE date = ?1 AND until <= (SELECT max(until) FROM (SELECT until FROM hour_past WHERE date = ?1 ORDER BY until LIMIT ?2))", date.Int64, chunk)
	})
	return true, err
}

// dropEvents removes events whose hour is gone.
func (s *SQLite) dropEvents(ctx context.Context, res resolutions) (more bool, err error) {
	find := fmt.Sprintf("SELECT DISTINCT event FROM event_version WHERE k < %d AND ?1 < ?2", packKey(res.hoursFrom(), 0, 0))
	return s.remove(ctx, "event", resolution{0, res.begin}, find, "DELETE FROM event_version WHERE event = ?", "DELETE FROM event WHERE id = ?")
}

// thinEvaluations forgets what lay behind evaluations, but for one an hour, or
// later a day, and those at which an alert changed. The evaluations stay.
func (s *SQLite) thinEvaluations(ctx context.Context, res resolutions) (more bool, err error) {
	for _, limit := range res.steps {
		find := fmt.Sprintf(`SELECT rowid FROM evaluation e WHERE at >= ?1 AND at < ?2 AND detail IS NOT NULL
			AND EXISTS (SELECT 1 FROM evaluation WHERE channel = e.channel AND at > e.at AND at <= (e.at + %[1]d) / %[2]d * %[2]d)
			AND NOT EXISTS (SELECT 1 FROM alert_version WHERE at = e.at)`, limit.width-1, limit.width)
		if more, err := s.remove(ctx, "evaluation", limit, find, "UPDATE evaluation SET detail = NULL WHERE rowid = ?"); more || err != nil {
			return more, err
		}
	}
	return false, nil
}

// thinPolls keeps, beyond the hourly limit, the last poll of every hour, and that
// of every day where the hours are gone: good and failed ones apart, and those of
// each kind beside the regular ones. Of those that changed something, the last one
// stays, so that Moments finds it.
func (s *SQLite) thinPolls(ctx context.Context, res resolutions) (more bool, err error) {
	limits := []resolution{{dayWidth, res.begin}}
	if n := len(res.steps); n > 0 {
		limits = append(limits, resolution{hourWidth, res.steps[n-1].until})
	}
	for _, limit := range limits {
		find := fmt.Sprintf(`SELECT id FROM poll p WHERE at >= ?1 AND at < ?2 AND EXISTS (SELECT 1 FROM poll
			WHERE feed = p.feed AND at > p.at AND at <= (p.at + %[1]d) / %[2]d * %[2]d AND (kind = 0) = (p.kind = 0) AND (changed > 0) >= (p.changed > 0) AND level = p.level AND parent = p.parent AND breakdown = p.breakdown)`, limit.width-1, limit.width)
		if more, err := s.remove(ctx, "poll", limit, find, "DELETE FROM poll WHERE id = ?"); more || err != nil {
			return more, err
		}
	}
	return false, nil
}

// remove finds the ids of what is to go between where the last pass ended and
// limit.until, and runs the statements for a chunk of them.
func (s *SQLite) remove(ctx context.Context, name string, limit resolution, find string, statements ...string) (more bool, err error) {
	var done instant
	var ids []int64
	err = s.read(ctx, "look for what to thin in "+name, func(r reader) error {
		if done, err = r.thinned(name, limit.width); err != nil || done >= limit.until {
			return err
		}
		return r.each(fmt.Sprintf("%s LIMIT %d", find, chunk/4), []any{done, limit.until}, func(rows *sql.Rows) error {
			var id int64
			err := rows.Scan(&id)
			ids = append(ids, id)
			return err
		})
	})
	if err != nil || done >= limit.until {
		return false, err
	}
	_, err = s.write(ctx, "thin "+name, func(w *writer) error {
		for _, id := range ids {
			for _, statement := range statements {
				if err := w.exec(statement, id); err != nil {
					return err
				}
			}
		}
		if len(ids) < chunk/4 {
			return w.markThinned(name, limit)
		}
		return nil
	})
	return true, err
}

func (r reader) thinned(name string, width instant) (until instant, err error) {
	return until, r.each("SELECT until FROM thinned WHERE name = ? AND width = ?", []any{name, width}, func(rows *sql.Rows) error { return rows.Scan(&until) })
}

func (w *writer) markThinned(name string, limit resolution) error {
	return w.exec("INSERT OR REPLACE INTO thinned (name, width, until) VALUES (?, ?, ?)", name, limit.width, limit.until)
}

// vacuumPages is how many free pages one step gives back to the file system.
const vacuumPages = 500

// shrink gives free pages back, but for a few that will be needed again.
func (s *SQLite) shrink(ctx context.Context, _ resolutions) (more bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.w == nil {
		return false, explain(s.path, "shrink", ErrReadOnly)
	}
	var free, pages int
	if _, err := s.w.one("PRAGMA freelist_count", nil, &free); err != nil {
		return false, explain(s.path, "shrink", err)
	}
	if _, err := s.w.one("PRAGMA page_count", nil, &pages); err != nil {
		return false, explain(s.path, "shrink", err)
	}
	spare := max(vacuumPages, pages/50)
	if free <= spare {
		return false, nil
	}
	// The pragma gives back one page for every row that is read of it.
	err = s.w.each(fmt.Sprintf("PRAGMA incremental_vacuum(%d)", min(vacuumPages, free-spare)), nil, func(*sql.Rows) error { return nil })
	return true, explain(s.path, "shrink", err)
}
