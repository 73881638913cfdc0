package store

import (
	"cmp"
	"database/sql"
	"slices"

	"adtop/kpi"
)

// amendRows fits the rows of a commit into the past of their slots.
func (c *commit) amendRows() error {
	for _, row := range c.stale {
		if err := c.ctx.Err(); err != nil {
			return err
		}
		confirmed, err := c.nextPollOf(row.key.slot().Date)
		if err != nil {
			return err
		}
		var absent *kpi.Metrics
		if c.batch.OmitsZeros {
			absent = &kpi.Metrics{Has: c.batch.Gives}
		}
		reported := c.reported(row.key)
		err = c.amend(row.key, func(history []stamped[kpi.Metrics]) []stamped[kpi.Metrics] {
			old, known := asOf(history, c.at)
			if !reported && (!known || isZero(old.value, c.batch.Gives)) {
				return history // a slot that is not known yet is not zero
			}
			return observe(history, c.at, row.metrics, confirmed, absent)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// reported says whether a row of the batch is about the slot.
func (c *commit) reported(k slotKey) bool {
	_, found := slices.BinarySearchFunc(c.rows, k, func(row slotValue, k slotKey) int { return cmp.Compare(row.key, k) })
	return found
}

// amend rewrites the history of one slot where change alters it.
func (c *commit) amend(k slotKey, change func([]stamped[kpi.Metrics]) []stamped[kpi.Metrics]) error {
	history, err := c.w.history(k)
	if err != nil {
		return err
	}
	next := change(history)
	gone, put := difference(history, next)
	if len(gone)+len(put) == 0 {
		return nil
	}
	past, newest := next[:len(next)-1], next[len(next)-1]
	oldPast, oldNewest := history, stamped[kpi.Metrics]{}
	if n := len(history) - 1; n >= 0 {
		oldPast, oldNewest = history[:n], history[n]
	}
	goneFromPast, putIntoPast := difference(oldPast, past)
	for _, at := range goneFromPast {
		if err := c.w.exec("DELETE FROM obs WHERE k = ? AND at = ?", int64(k), at); err != nil {
			return err
		}
	}
	for _, s := range putIntoPast {
		if err := c.w.exec("INSERT OR REPLACE INTO obs VALUES (?, ?, ?, ?, ?, ?, ?, ?)", metricArgs([]any{int64(k), s.at}, s.value)...); err != nil {
			return err
		}
	}
	if newest != oldNewest {
		c.rebuild[k.day()] = true
		if err := c.w.exec("INSERT OR REPLACE INTO latest VALUES (?, ?, ?, ?, ?, ?, ?, ?)", metricArgs([]any{int64(k), newest.at}, newest.value)...); err != nil {
			return err
		}
	}
	for _, s := range put {
		c.tell(k, s)
	}
	return nil
}

// history returns all versions of a slot.
func (w *writer) history(k slotKey) ([]stamped[kpi.Metrics], error) {
	var history []stamped[kpi.Metrics]
	row := newFigures(2)
	err := w.each("SELECT k, at, "+metricColumns+" FROM version WHERE k = ? ORDER BY at", []any{int64(k)}, func(rows *sql.Rows) error {
		if err := row.scan(rows); err != nil {
			return err
		}
		history = append(history, row.version().stamped)
		return nil
	})
	return history, err
}
