package store

import (
	"context"
	"database/sql"
	"time"
)

// Moments implements Store.
func (s *SQLite) Moments(ctx context.Context, asOf time.Time) (earlier, later time.Time, err error) {
	err = s.read(ctx, "look for other moments", func(r reader) error {
		res, err := r.resolution()
		if err != nil {
			return err
		}
		m := moments{r, res}
		at := res.exact(instantOf(asOf))
		before, err := m.before(at)
		if err != nil {
			return err
		}
		after, err := m.after(at)
		earlier, later = before.time(), after.time()
		return err
	})
	return earlier, later, err
}

// moments finds instants that can be asked for and show something else. A poll
// shows from the next such instant on.
type moments struct {
	reader
	resolutions
}

func (m moments) poll(where, order string, at instant) (found instant, err error) {
	query := "SELECT at FROM poll INDEXED BY poll_changed WHERE changed > 0 AND " + ofCampaigns + " AND at " + where + " ? ORDER BY at " + order + " LIMIT 1"
	return found, m.each(query, []any{at}, func(rows *sql.Rows) error { return rows.Scan(&found) })
}

// before returns when what was known before the present picture of at began to
// be, 0 when nothing was.
func (m moments) before(at instant) (instant, error) {
	newest, err := m.poll("<=", "DESC", at)
	if newest == 0 || err != nil {
		return 0, err
	}
	shown := m.next(newest)
	last := m.exact(shown - 1)
	if last >= shown {
		return 0, nil // the history begins with it
	}
	other, err := m.poll("<=", "DESC", last)
	if other == 0 || err != nil {
		return 0, err
	}
	return m.next(other), nil
}

// after returns when something else than at began to be known, 0 when that is
// all there is to know now.
func (m moments) after(at instant) (instant, error) {
	other, err := m.poll(">", "ASC", at)
	if other == 0 || err != nil {
		return 0, err
	}
	shown := m.next(other)
	still, err := m.poll(">", "ASC", shown)
	if still == 0 || err != nil {
		return 0, err
	}
	return shown, nil
}
