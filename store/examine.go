package store

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Condition is what can be said of a database without judging its figures.
type Condition struct {
	Problems []string // what SQLite finds wrong with the file; none when it is whole
	Version  int      // of the schema
	Bytes    int64    // that the database takes
	Free     int64    // bytes of them that hold nothing
	Unsummed int      // dates whose sums wait to be made; reads add up their slots meanwhile
	Past     []Resolution
}

// Resolution says how exactly instants before Until are known: as of the last
// multiple of Width, and with a Width of 0 as of Until, with no more than the
// totals of earlier days.
type Resolution struct {
	Width time.Duration
	Until time.Time
}

// Examine reads the whole database. It is about the file, and so beside Store.
func (s *SQLite) Examine(ctx context.Context) (c Condition, err error) {
	conn, err := s.readers.Conn(ctx)
	if err != nil {
		return c, explain(s.path, "examine", err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	var size, pages, free int64
	for query, value := range map[string]any{
		"PRAGMA user_version":                       &c.Version,
		"PRAGMA page_size":                          &size,
		"PRAGMA page_count":                         &pages,
		"PRAGMA freelist_count":                     &free,
		"SELECT count(DISTINCT date) FROM unsummed": &c.Unsummed,
	} {
		if err := conn.QueryRowContext(ctx, query).Scan(value); err != nil {
			return c, explain(s.path, "examine", err)
		}
	}
	rows, err := conn.QueryContext(ctx, selectResolution)
	if err == nil {
		err = drain(rows, func(rows *sql.Rows) error {
			var r resolution
			err := rows.Scan(&r.width, &r.until)
			c.Past = append(c.Past, Resolution{r.width.span(), r.until.time()})
			return err
		})
	}
	if err != nil {
		return c, explain(s.path, "examine", err)
	}
	c.Bytes, c.Free = size*pages, size*free
	c.Problems, err = integrity(ctx, conn)
	return c, explain(s.path, "examine", err)
}

// Holder says which process has the lease, "" for none.
func (s *SQLite) Holder() (name string, err error) {
	file, err := os.Open(s.path + ".lock")
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	} else if err != nil {
		return "", explain(s.path, "look who collects", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	switch err := unix.Flock(int(file.Fd()), unix.LOCK_SH|unix.LOCK_NB); {
	case errors.Is(err, unix.EWOULDBLOCK):
		return holder(file), nil
	case err != nil:
		return "", explain(s.path, "look who collects", err)
	}
	return "", nil
}
