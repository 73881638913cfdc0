package sql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"time"

	"github.com/mattn/go-sqlite3"

	"adtop/sources"
)

func sqlite() driver {
	return driver{
		check: func(o *Options) error {
			if o.File == "" {
				return fmt.Errorf("file: required: the database's file")
			}
			if o.Database.IsSet() {
				return fmt.Errorf("database: is for a server: SQLite has a file")
			}
			return nil
		},
		open: openSQLite,
		begin: func(ctx context.Context, tx *sql.Tx, _ time.Duration) error {
			_, err := tx.ExecContext(ctx, "PRAGMA query_only = 1")
			return err
		},
		explain:   explainSQLite,
		parameter: func(n int, _ string) string { return "?" + strconv.Itoa(n) },
		options:   sql.TxOptions{},
	}
}

// openSQLite opens a file that has to exist, for reading. Attached files are read
// only too: they are opened like the first.
func openSQLite(o *Options, env sources.Env) (*sql.DB, error) {
	path := env.Path(o.File)
	if status, err := os.Stat(path); err != nil || !status.Mode().IsRegular() {
		if err == nil {
			err = fmt.Errorf("%s is not a regular file", path)
		}
		refusal := sources.Errorf(sources.Unavailable, "%w", err)
		refusal.Next = "Check file in the config."
		return nil, refusal
	}
	address := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: "mode=ro&_query_only=1&_busy_timeout=5000&_txlock=deferred"}
	return sql.Open("sqlite3", address.String())
}

func explainSQLite(err error) *sources.Error {
	var refused sqlite3.Error
	if !errors.As(err, &refused) {
		return nil
	}
	explained := func(kind sources.Kind, next string) *sources.Error {
		e := sources.Errorf(kind, "%s", refused.Error())
		e.Next = next
		return e
	}
	switch refused.Code {
	case sqlite3.ErrError, sqlite3.ErrReadonly, sqlite3.ErrAuth, sqlite3.ErrRange, sqlite3.ErrMismatch:
		return explained(sources.Invalid, "Correct query. It may only read.")
	case sqlite3.ErrPerm, sqlite3.ErrCantOpen:
		return explained(sources.Permission, "Let adtop's user read the file and its folder.")
	case sqlite3.ErrNotADB, sqlite3.ErrCorrupt:
		return explained(sources.Malformed, "Check that file is a database of SQLite.")
	}
	return explained(sources.Unavailable, "")
}
