package sql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"adtop/sources"
)

func postgres() driver {
	return driver{
		check: func(o *Options) error {
			if !o.Database.IsSet() {
				return fmt.Errorf("database: required: a reference to the address, such as postgres://user:password@host/name?sslmode=verify-full")
			}
			if o.File != "" {
				return fmt.Errorf("file: is for driver sqlite")
			}
			if _, err := pgx.ParseConfig(o.Database.Reveal()); err != nil {
				return fmt.Errorf("database: expected postgres://user:password@host/name?sslmode=verify-full")
			}
			return nil
		},
		open: func(o *Options, _ sources.Env) (*sql.DB, error) {
			config, err := pgx.ParseConfig(o.Database.Reveal())
			if err != nil {
				return nil, sources.Errorf(sources.Invalid, "database: it is no address of a database")
			}
			config.RuntimeParams["application_name"] = "adtop"
			config.RuntimeParams["default_transaction_read_only"] = "on"
			return stdlib.OpenDB(*config), nil
		},
		begin: func(ctx context.Context, tx *sql.Tx, timeout time.Duration) error {
			_, err := tx.ExecContext(ctx, "SELECT set_config('statement_timeout', $1, true)", strconv.FormatInt(timeout.Milliseconds(), 10))
			return err
		},
		explain:   explainPostgres,
		parameter: func(n int, _ string) string { return "$" + strconv.Itoa(n) },
		options:   sql.TxOptions{ReadOnly: true, Isolation: sql.LevelRepeatableRead},
		dollars:   true,
	}
}

// explainPostgres reads the SQLSTATE (appendix A of PostgreSQL's documentation).
func explainPostgres(err error) *sources.Error {
	var refused *pgconn.PgError
	if !errors.As(err, &refused) {
		var unreached *pgconn.ConnectError
		if errors.As(err, &unreached) {
			return sources.Errorf(sources.Unavailable, "not reached: %w", err)
		}
		return nil
	}
	text := refused.Code + " " + refused.Message
	if refused.Position > 0 {
		text += fmt.Sprintf(" (at character %d of the query)", refused.Position)
	}
	explained := func(kind sources.Kind, next string) *sources.Error {
		e := sources.Errorf(kind, "%s", text)
		e.Next = next
		return e
	}
	switch code := refused.Code; {
	case strings.HasPrefix(code, "28"):
		return explained(sources.Auth, "Check user and password in database.")
	case code == "42501":
		return explained(sources.Permission, "Grant the user SELECT on what the query reads.")
	case code == "25006":
		return explained(sources.Invalid, "The query may only read.")
	case code == "57014":
		return explained(sources.Unavailable, "Make the query faster, or raise timeout.")
	case strings.HasPrefix(code, "42"), strings.HasPrefix(code, "22"), code == "3D000":
		return explained(sources.Invalid, "Correct query or database.")
	}
	return explained(sources.Unavailable, "")
}
