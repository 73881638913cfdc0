package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"iter"
	"time"

	"adtop/sources"
)

// Events implements Store.
func (s *SQLite) Events(ctx context.Context, source string, ids []string) ([]AccountEvent, error) {
	clean := make([]string, len(ids))
	for i, id := range ids {
		clean[i] = sources.Clean(id)
	}
	wanted, err := json.Marshal(clean)
	if err != nil {
		return nil, err
	}
	return list(ctx, s, "find events of "+source, `SELECT account, platform_id, `+eventColumns+` FROM feed
		JOIN event ON event.feed = feed.id AND platform_id IN (SELECT value FROM json_each(?1))
		JOIN event_version v ON v.event = event.id AND v.at = (SELECT max(at) FROM event_version WHERE event = event.id) WHERE source = ?2 AND v.status <> ?3`,
		[]any{string(wanted), source, sources.Test}, func(rows *sql.Rows) (AccountEvent, error) {
			var account, id string
			var v eventVersion
			err := rows.Scan(append([]any{&account, &id}, v.columns()...)...)
			return AccountEvent{account, v.public(id)}, err
		})
}

// Statuses implements Store.
func (s *SQLite) Statuses(ctx context.Context, source, account string, since, asOf time.Time) iter.Seq2[StatusVersion, error] {
	return func(yield func(StatusVersion, error) bool) {
		err := s.read(ctx, "read the statuses of "+source, func(r reader) error {
			return r.each(`SELECT event, time, at, status FROM event e JOIN event_version v ON v.event = e.id
				WHERE feed = (SELECT id FROM feed WHERE source = ? AND account = ?) AND time >= ? AND at <= ? ORDER BY event, at`,
				[]any{source, account, instantOf(since), instantOf(asOf)}, func(rows *sql.Rows) error {
					var v StatusVersion
					var made, at instant
					if err := rows.Scan(&v.Event, &made, &at, &v.Status); err != nil {
						return err
					}
					v.Made, v.At = made.time(), at.time()
					if !yield(v, nil) {
						return errStopped
					}
					return nil
				})
		})
		if err != nil && !errors.Is(err, errStopped) {
			yield(StatusVersion{}, err)
		}
	}
}
