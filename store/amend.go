package store

import (
	"context"
	"database/sql/driver"
	"slices"

	"adtop/kpi"

	"github.com/mattn/go-sqlite3"
)

// historyKey is one date of one feed.
type historyKey struct {
	feed int64
	date kpi.Date
}

// histories are all versions of the slots that one feed reported of one date.
type histories map[slotKey]*slotHistory

type slotHistory struct {
	versions []stamped[kpi.Metrics]
	untils   []instant // as stored, of all versions but the newest
}

// maxHistories is how many dates of feeds are kept: commits into the past come
// in series.
const maxHistories = 64

// letGo makes room for histories. It must not be called between a change to
// them and the moment at which that is stored: what is read again would lack it.
func (w *writer) letGo() {
	if len(w.histories) > maxHistories {
		clear(w.histories)
	}
}

// load reads the histories of one date of some feeds, where they are not kept.
func (w *writer) load(date kpi.Date, feeds []*feed) error {
	owner := map[EntityID]histories{}
	for _, f := range feeds {
		key := historyKey{f.id, date}
		if w.histories[key] != nil {
			continue
		}
		h := histories{}
		w.histories[key] = h
		for id := range f.byID {
			owner[id] = h
		}
	}
	if len(owner) == 0 {
		return nil
	}
	first, last := slotRange(kpi.DateRange{From: date, To: date})
	low, high := EntityID(maxID), EntityID(0) // of most other feeds, the database skips the rows
	for id := range owner {
		low, high = min(low, id), max(high, id)
	}
	between := []driver.Value{int64(first), int64(last), int64(low), int64(high)}
	const ofThem = " AND (k & 0xFFFFFF) BETWEEN ? AND ?"
	for _, read := range []struct {
		query string
		args  []driver.Value
		past  bool
	}{
		{"SELECT until, at, slot, " + metricColumns + " FROM hour_past WHERE date = ? AND (slot & 0xFFFFFF) BETWEEN ? AND ? ORDER BY until", []driver.Value{int64(date), int64(low), int64(high)}, true},
		{"SELECT k, at, whole, " + metricColumns + " FROM day_past WHERE k BETWEEN ? AND ? AND whole" + ofThem + " ORDER BY k, at", between, false},
		{"SELECT " + hourTable.columns() + " FROM hour WHERE k BETWEEN ? AND ?" + ofThem, between, false},
		{"SELECT " + dayTable.columns() + " FROM day WHERE k BETWEEN ? AND ? AND whole" + ofThem, between, false},
	} {
		err := w.values(read.query, read.args, func(values []driver.Value) error {
			v, err := scanVersion(values)
			if err != nil {
				return err
			}
			until := instant(0)
			if read.past { // the columns are until, at, slot
				until, v.key = instant(v.key), slotKey(int64(date)<<dateShift|values[2].(int64))
			}
			h, ok := owner[v.key.id()]
			if !ok {
				return nil
			}
			s := h[v.key]
			if s == nil {
				s = &slotHistory{}
				h[v.key] = s
			}
			if n := len(s.versions); n > 0 && until == 0 && !read.past && len(s.untils) < n {
				s.untils = append(s.untils, v.at) // a day's version ends where the next begins
			}
			s.versions = append(s.versions, stamped[kpi.Metrics]{v.at, v.value.Metrics})
			if read.past {
				s.untils = append(s.untils, until)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// amend fits a commit into the past of its feed: each slot's history is
// rewritten, and the sums of its dates are left to be made anew. Those of a
// second poll of the newest instant are made at once: whoever follows the
// commits is to be told of them.
func (c *commit) amend(events []slotKey) error {
	c.w.letGo()
	rewritten := rewrite{}
	family := c.family()
	for _, g := range c.groups(c.rows, family) {
		if err := c.amendSlot(&rewritten, g, family); err != nil {
			return err
		}
	}
	for _, k := range events {
		if err := c.amendEvents(&rewritten, k); err != nil {
			return err
		}
	}
	if err := rewritten.store(c); err != nil {
		return err
	}
	for date := range rewritten.dates {
		c.w.dropSpans(c.feed, date)
		if err := c.w.markUnsummed(historyKey{c.feed.id, date}); err != nil {
			return err
		}
		if c.at == c.feed.newest {
			if err := c.sumAnew(date); err != nil {
				return err
			}
		}
	}
	return nil
}

// amendSlot observes what the batch says, and what its silence says, of the
// entities in one slot.
func (c *commit) amendSlot(r *rewrite, g group, family map[EntityID]bool) error {
	if err := c.ctx.Err(); err != nil {
		return err
	}
	date := g.first.date()
	if err := c.w.load(date, []*feed{c.feed}); err != nil {
		return err
	}
	confirmed, err := c.nextPollOf(date)
	if err != nil {
		return err
	}
	zero := kpi.Metrics{Has: c.batch.Gives}
	var absent *kpi.Metrics
	if c.batch.OmitsZeros {
		absent = &zero
	}
	h := c.w.histories[historyKey{c.feed.id, date}]
	reported := map[slotKey]bool{}
	for _, row := range g.rows {
		reported[row.key] = true
		r.observe(h, row.key, func(old []stamped[kpi.Metrics]) []stamped[kpi.Metrics] {
			return observe(old, c.at, row.value.Metrics, confirmed, absent)
		})
	}
	for id := range family {
		k := g.first&^maxID | slotKey(id)
		if reported[k] || h[k] == nil {
			continue
		}
		if old, known := asOf(h[k].versions, c.at); known && !isZero(old.value, c.batch.Gives) {
			r.observe(h, k, func(old []stamped[kpi.Metrics]) []stamped[kpi.Metrics] {
				return observe(old, c.at, zero, confirmed, absent)
			})
		}
	}
	return nil
}

// amendEvents sums the events of an hour anew from the commit's instant on.
func (c *commit) amendEvents(r *rewrite, k slotKey) error {
	if err := c.w.load(k.date(), []*feed{c.feed}); err != nil {
		return err
	}
	series, err := c.w.eventSeries(k, c.batch.eventFields())
	if err != nil {
		return err
	}
	r.observe(c.w.histories[historyKey{c.feed.id, k.date()}], k, func(old []stamped[kpi.Metrics]) []stamped[kpi.Metrics] {
		next := slices.Clone(old[:before(old, c.at)])
		if len(next) == 0 && len(old) > 0 && (len(series) == 0 || series[0].at > old[0].at) {
			// its first event moved away at the same instant: the slot is known, and zero
			next = append(next, stamped[kpi.Metrics]{old[0].at, kpi.Metrics{Has: c.batch.eventFields()}})
		}
		for _, s := range series[before(series, c.at):] {
			if len(next) == 0 || next[len(next)-1].value != s.value {
				next = append(next, s)
			}
		}
		return next
	})
	return nil
}

// rewrite collects what has to be removed from and put into the tables.
type rewrite struct {
	gone, past map[*table][]past
	newest     map[*table][]version
	told       []version
	dates      map[kpi.Date]bool
}

// observe changes the history of one slot.
func (r *rewrite) observe(h histories, k slotKey, change func([]stamped[kpi.Metrics]) []stamped[kpi.Metrics]) {
	s := h[k]
	if s == nil {
		s = &slotHistory{}
		h[k] = s
	}
	next := change(s.versions)
	gone, put := difference(s.versions, next)
	if len(gone)+len(put) == 0 {
		return
	}
	if r.dates == nil {
		*r = rewrite{gone: map[*table][]past{}, past: map[*table][]past{}, newest: map[*table][]version{}, dates: map[kpi.Date]bool{}}
	}
	r.dates[k.date()] = true
	for _, v := range put {
		r.told = append(r.told, r.version(k, v))
	}
	r.replace(k, s, next)
	s.versions = next
}

func (r *rewrite) version(k slotKey, s stamped[kpi.Metrics]) version {
	return version{k, stamped[figure]{s.at, figure{s.value, k.ordinal() == dayOrdinal}}}
}

// replace notes how the rows of a slot change. A superseded version that is
// followed by the same one as before keeps its row, and with it its end: it
// may be sooner than its successor, where thinning took one in between.
func (r *rewrite) replace(k slotKey, s *slotHistory, next []stamped[kpi.Metrics]) {
	t := tableOf(k)
	row := func(v stamped[kpi.Metrics], until instant) past { return past{r.version(k, v), until} }
	kept := map[instant]bool{}
	untils := make([]instant, 0, len(next))
	for i, v := range next[:len(next)-1] {
		until := next[i+1].at
		if j := before(s.versions, v.at); j < len(s.untils) && s.versions[j] == v && s.versions[j+1] == next[i+1] {
			until, kept[v.at] = s.untils[j], true
		} else {
			r.past[t] = append(r.past[t], row(v, until))
		}
		untils = append(untils, until)
	}
	for j, until := range s.untils {
		if v := s.versions[j]; !kept[v.at] {
			r.gone[t] = append(r.gone[t], row(v, until))
		}
	}
	newest := next[len(next)-1]
	if n := len(s.versions); n == 0 || s.versions[n-1] != newest {
		r.newest[t] = append(r.newest[t], r.version(k, newest))
	}
	s.untils = untils
}

func (r *rewrite) store(c *commit) error {
	for _, t := range []*table{hourTable, dayTable} {
		if err := c.w.removePast(c.ctx, t, r.gone[t]); err != nil {
			return err
		}
		if err := c.w.putPast(c.ctx, t, r.past[t]); err != nil {
			return err
		}
		if err := c.w.putNewest(c.ctx, t, r.newest[t]); err != nil {
			return err
		}
		for _, v := range r.told {
			if tableOf(v.key) == t {
				c.change.Versions = append(c.change.Versions, v.public())
			}
		}
	}
	return nil
}

// removePast deletes superseded versions, one at a time: a list of keys would
// have the whole table read.
func (w *writer) removePast(ctx context.Context, t *table, gone []past) error {
	query := "DELETE FROM " + t.name + "_past WHERE k = ? AND at = ?"
	if t == hourTable {
		query = "DELETE FROM hour_past WHERE date = ? AND until = ? AND slot = ?"
	}
	if err := ctx.Err(); err != nil || len(gone) == 0 {
		return err
	}
	return w.use(query, func(stmt *sqlite3.SQLiteStmt) error {
		for _, p := range gone {
			args := []driver.Value{int64(p.key), int64(p.at)}
			if t == hourTable {
				args = []driver.Value{int64(p.key.date()), int64(p.until), int64(p.key & slotInDate)}
			}
			if _, err := stmt.Exec(args); err != nil {
				return err
			}
		}
		return nil
	})
}
