package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/mattn/go-sqlite3"
)

// backupPages is how many pages one step of a backup copies: a few
// milliseconds, after which it looks whether it is still wanted.
const backupPages = 1000

// Backup copies the database, as it stands now, into the empty file at path
// and checks the copy. It holds nobody up: others read and write meanwhile.
//
// It stands beside the Store interface, as the rest that concerns the file
// does: a store in a server would be copied by other means.
func (s *SQLite) Backup(ctx context.Context, path string) error {
	tried := "copy to " + path
	if err := s.inPlace(); err != nil {
		return explain(s.path, tried, err)
	}
	source, err := s.readers.Conn(ctx)
	if err != nil {
		return explain(s.path, tried, err)
	}
	err = copyTo(ctx, source, path)
	return explain(s.path, tried, errors.Join(err, source.Close()))
}

// copyTo copies what source sees. The read transaction that it keeps open makes
// all steps copy one state, whatever is committed in between.
func copyTo(ctx context.Context, source *sql.Conn, path string) (err error) {
	if _, err := source.ExecContext(ctx, "BEGIN"); err != nil {
		return err
	}
	defer func() {
		_, rollback := source.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
		err = errors.Join(err, rollback)
	}()
	var seq int64
	if err := source.QueryRowContext(ctx, "SELECT n FROM seq").Scan(&seq); err != nil { // a transaction begins with its first read
		return err
	}
	// The file is nobody else's, and worth nothing unless it is whole.
	db := connect(path, "rw", "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF")
	db.SetMaxOpenConns(1)
	defer func() { err = errors.Join(err, db.Close()) }()
	target, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	err = source.Raw(func(from any) error {
		return target.Raw(func(to any) error { return copyPages(ctx, from.(*sqlite3.SQLiteConn), to.(*sqlite3.SQLiteConn)) })
	})
	if err != nil {
		return err
	}
	problems, err := integrity(ctx, target)
	if err == nil && len(problems) > 0 {
		err = fmt.Errorf("%w: %s", ErrCorrupt, problems[0])
	}
	return err
}

func copyPages(ctx context.Context, from, to *sqlite3.SQLiteConn) error {
	backup, err := to.Backup("main", from, "main")
	if err != nil {
		return err
	}
	for done := false; !done && err == nil; {
		if err = ctx.Err(); err == nil {
			done, err = backup.Step(backupPages)
		}
	}
	if finish := backup.Finish(); err == nil { // which repeats the error of a step
		err = finish
	}
	return err
}

// integrity returns what SQLite finds wrong with a whole database.
func integrity(ctx context.Context, conn *sql.Conn) (problems []string, err error) {
	rows, err := conn.QueryContext(ctx, "PRAGMA integrity_check")
	if err != nil {
		return nil, err
	}
	err = drain(rows, func(rows *sql.Rows) error {
		var found string
		err := rows.Scan(&found)
		if found != "ok" {
			problems = append(problems, found)
		}
		return err
	})
	if sentinelOf(err) == ErrCorrupt { // it may find more than it can report
		problems, err = append(problems, err.Error()), nil
	}
	return problems, err
}
