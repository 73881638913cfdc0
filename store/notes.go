package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"adtop/kpi"
	"adtop/sources"
)

// MaxNote is how many characters a note has at most; what is longer than 512
// bytes is cut.
const MaxNote = 200

func (w *writer) note(n Note) error {
	if err := storable(n.At); err != nil {
		return err
	}
	text := sources.Clean(n.Text)
	switch {
	case n.ID == "" || n.ID != sources.Clean(n.ID):
		return errors.New("it has no proper id")
	case text == "" || utf8.RuneCountInString(text) > MaxNote:
		return fmt.Errorf("%d characters are not 1 to %d", utf8.RuneCountInString(text), MaxNote)
	case n.Date < 0 || n.Date > maxDate:
		return fmt.Errorf("day %s is out of range", n.Date)
	}
	return w.exec("INSERT OR REPLACE INTO note (id, at, channel, date, text, by, removed) VALUES (?, ?, ?, ?, ?, ?, ?)",
		n.ID, instantOf(n.At), sources.Clean(n.Channel), n.Date, text, sources.Clean(n.By), n.Removed)
}

// Notes implements Store. Those of one date are in the order in which they were
// written.
func (s *SQLite) Notes(ctx context.Context, days kpi.DateRange, asOf time.Time) ([]Note, error) {
	const query = `SELECT id, at, channel, date, text, by FROM note v
		WHERE date BETWEEN ? AND ? AND at = (SELECT max(at) FROM note WHERE id = v.id AND at <= ?) AND NOT removed ORDER BY date, at, id`
	return list(ctx, s, "read notes of "+days.String(), query, []any{days.From, days.To, instantOf(asOf)}, func(rows *sql.Rows) (Note, error) {
		var n Note
		var at instant
		err := rows.Scan(&n.ID, &at, &n.Channel, &n.Date, &n.Text, &n.By)
		n.At = at.time()
		return n, err
	})
}
