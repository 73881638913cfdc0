package store

import (
	"context"
	"database/sql"
	"fmt"
)

// Setting implements Store.
func (s *SQLite) Setting(ctx context.Context, name string) (string, error) {
	var value string
	err := s.read(ctx, "read setting "+name, func(r reader) error {
		return r.each("SELECT value FROM setting WHERE name = ?", []any{name}, func(rows *sql.Rows) error { return rows.Scan(&value) })
	})
	return value, err
}

// PutSetting implements Store.
func (s *SQLite) PutSetting(ctx context.Context, name, value string) error {
	_, err := s.write(ctx, "store setting "+name, func(w *writer) error {
		if len(value) > maxValue {
			return fmt.Errorf("%d bytes are more than %d", len(value), maxValue)
		}
		return w.exec("INSERT OR REPLACE INTO setting VALUES (?, ?)", name, value)
	})
	return err
}

// Seq implements Store.
func (s *SQLite) Seq(ctx context.Context) (int64, error) {
	var seq int64
	// It is asked twice a second for as long as the program runs, and over in
	// microseconds: a context that can end would cost two goroutines each time.
	err := s.readers.QueryRowContext(context.WithoutCancel(ctx), "SELECT n FROM seq").Scan(&seq)
	return seq, explain(s.path, "read the number of the last write", err)
}

// EntitySeq implements Store.
func (s *SQLite) EntitySeq(ctx context.Context) (int64, error) {
	var seq int64
	err := s.readers.QueryRowContext(ctx, "SELECT entities FROM seq").Scan(&seq)
	return seq, explain(s.path, "read the number of the last new entity", err)
}
