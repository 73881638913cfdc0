package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
)

// migrations/N.sql takes a database from version N-1 to version N. Those that
// have been released are never changed.
//
//go:embed migrations/*.sql
var scripts embed.FS

var migrations = func() (all []string) {
	for {
		script, err := scripts.ReadFile(fmt.Sprintf("migrations/%d.sql", len(all)+1))
		if err != nil {
			return all
		}
		all = append(all, string(script))
	}
}()

// applicationID marks an SQLite file as adtop's ("adtp").
const applicationID = 0x61647470

// queryer is a connection, a pool or a transaction.
type queryer interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// versionOf returns the schema version of a database of adtop's, 0 for an
// empty file. Everything else is ErrForeign or ErrNewer.
func versionOf(ctx context.Context, q queryer) (int, error) {
	var id, version, tables int
	if err := errors.Join(
		q.QueryRowContext(ctx, "PRAGMA application_id").Scan(&id),
		q.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version),
		q.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables),
	); err != nil {
		return 0, err
	}
	switch {
	case id == 0 && version == 0 && tables == 0:
		return 0, nil
	case id != applicationID:
		return 0, fmt.Errorf("%w: an SQLite database of another program", ErrForeign)
	case version > len(migrations):
		return 0, fmt.Errorf("%w: its version is %d, this adtop knows %d", ErrNewer, version, len(migrations))
	}
	return version, nil
}

// migrate brings a database to the present version, each step in a
// transaction of its own. A foreign file is left as it is.
func migrate(ctx context.Context, conn *sql.Conn) error {
	version, err := versionOf(ctx, conn)
	if err != nil {
		return err
	}
	if version == 0 { // only possible before the first table
		if _, err := conn.ExecContext(ctx, "PRAGMA auto_vacuum = INCREMENTAL"); err != nil {
			return err
		}
	}
	if _, err := conn.ExecContext(ctx, "PRAGMA journal_mode = WAL"); err != nil {
		return err
	}
	for version < len(migrations) {
		if version, err = step(ctx, conn); err != nil {
			return err
		}
	}
	return nil
}

// step does one migration and returns the version reached. Another process
// may be migrating too: the version is read again under the write lock.
func step(ctx context.Context, conn *sql.Conn) (version int, err error) {
	if _, err = conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return 0, err
	}
	defer func() {
		if err != nil {
			_, rollback := conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
			err = errors.Join(err, rollback)
		}
	}()
	if version, err = versionOf(ctx, conn); err != nil {
		return 0, err
	}
	if version < len(migrations) {
		mark := fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", applicationID, version+1)
		if _, err = conn.ExecContext(ctx, migrations[version]+";"+mark); err != nil {
			return 0, fmt.Errorf("migrate to version %d: %w", version+1, err)
		}
		version++
	}
	_, err = conn.ExecContext(ctx, "COMMIT")
	return version, err
}

// checkVersion accepts only a database of the present version: a reader
// migrates nothing.
func (s *SQLite) checkVersion(ctx context.Context) error {
	version, err := versionOf(ctx, s.readers)
	if err == nil && version < len(migrations) {
		return fmt.Errorf("its version %d is older than this adtop's %d: open it once for writing", version, len(migrations))
	}
	return err
}
