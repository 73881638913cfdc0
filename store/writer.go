package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"strings"

	"github.com/mattn/go-sqlite3"
)

// writer is the one connection that writes, with its prepared statements and
// what it remembers of feeds and entities. SQLite.mu guards it.
//
// Its statements run without a cancellable context: the driver would start a
// goroutine for each. Long writes ask ctx between statements.
type writer struct {
	db    *sql.DB
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
	// bare are the statements that carry figures, in bulk: database/sql costs
	// more for each value than SQLite does.
	bare map[string]*sqlite3.SQLiteStmt

	channels Channels // whom new entities count for
	memory
	seen int64 // PRAGMA data_version when memory was read
}

// memory is what the writer remembers of the database.
type memory struct {
	feeds     map[feedName]*feed
	spans     map[spanKey]*span
	held      int // versions in spans
	histories map[historyKey]histories
	unsummed  map[historyKey]bool // nil when not read yet
}

func newWriter(db *sql.DB, conn *sql.Conn) *writer {
	w := &writer{db: db, conn: conn, stmts: map[string]*sql.Stmt{}, bare: map[string]*sqlite3.SQLiteStmt{}}
	w.forget()
	return w
}

func (w *writer) forget() {
	w.memory = memory{feeds: map[feedName]*feed{}, spans: map[spanKey]*span{}, histories: map[historyKey]histories{}}
}

func (w *writer) close() error {
	var errs []error
	for _, stmt := range w.stmts {
		errs = append(errs, stmt.Close())
	}
	for _, stmt := range w.bare {
		errs = append(errs, stmt.Close())
	}
	return errors.Join(append(errs, w.conn.Close(), w.db.Close())...)
}

// write runs change in one transaction and returns the number of the write:
// all of it is stored, or nothing.
func (s *SQLite) write(ctx context.Context, tried string, change func(*writer) error) (seq int64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.readOnly:
		return 0, explain(s.path, tried, ErrReadOnly)
	case s.w == nil:
		return 0, explain(s.path, tried, sql.ErrConnDone)
	case ctx.Err() != nil:
		return 0, explain(s.path, tried, ctx.Err())
	}
	if err := s.inPlace(); err != nil {
		return 0, explain(s.path, tried, err)
	}
	seq, err = s.w.transact(change)
	return seq, explain(s.path, tried, err)
}

func (w *writer) transact(change func(*writer) error) (seq int64, err error) {
	if err := w.exec("BEGIN IMMEDIATE"); err != nil {
		return 0, err
	}
	committed := false
	defer func() {
		if !committed { // what is remembered may be of what is rolled back
			w.forget()
			err = errors.Join(err, w.rollback())
		}
	}()
	if err := w.forgetIfStale(); err != nil {
		return 0, err
	}
	if err := change(w); err != nil {
		return 0, err
	}
	if _, err := w.one("UPDATE seq SET n = n + 1 RETURNING n", nil, &seq); err != nil {
		return 0, err
	}
	err = w.exec("COMMIT")
	committed = err == nil
	return seq, err
}

// rollback ends the transaction, unless SQLite has done so itself, as it does
// when the disk is full.
func (w *writer) rollback() error {
	var open bool
	err := w.conn.Raw(func(conn any) error {
		open = !conn.(*sqlite3.SQLiteConn).AutoCommit()
		return nil
	})
	if err == nil && open {
		err = w.exec("ROLLBACK")
	}
	return err
}

// forgetIfStale drops what is remembered when another process has written.
func (w *writer) forgetIfStale() error {
	var version int64
	if _, err := w.one("PRAGMA data_version", nil, &version); err != nil {
		return err
	}
	if version != w.seen {
		w.forget()
		w.seen = version
	}
	return nil
}

func (w *writer) prepared(query string) (*sql.Stmt, error) {
	if stmt, ok := w.stmts[query]; ok {
		return stmt, nil
	}
	stmt, err := w.conn.PrepareContext(context.Background(), query)
	if err == nil {
		w.stmts[query] = stmt
	}
	return stmt, err
}

func (w *writer) exec(query string, args ...any) error {
	stmt, err := w.prepared(query)
	if err == nil {
		_, err = stmt.Exec(args...)
	}
	return err
}

// insert returns the rowid of the new row.
func (w *writer) insert(query string, args ...any) (int64, error) {
	stmt, err := w.prepared(query)
	if err != nil {
		return 0, err
	}
	result, err := stmt.Exec(args...)
	if err != nil {
		return 0, err
	}
	return result.LastInsertId()
}

// one reads the first row, if there is any, into dest.
func (w *writer) one(query string, args []any, dest ...any) (found bool, err error) {
	stmt, err := w.prepared(query)
	if err != nil {
		return false, err
	}
	err = stmt.QueryRow(args...).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// each calls scan for every row.
func (w *writer) each(query string, args []any, scan func(*sql.Rows) error) error {
	stmt, err := w.prepared(query)
	if err != nil {
		return err
	}
	rows, err := stmt.Query(args...)
	if err != nil {
		return err
	}
	return drain(rows, scan)
}

// drain calls scan for every row and closes rows, even when scan panics.
func drain(rows *sql.Rows, scan func(*sql.Rows) error) (err error) {
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// chunks are the sizes of the multi-row statements, largest first: 200 rows a
// statement is where their gain levels off.
var chunks = []int{200, 20, 1}

// use runs f with a statement of the bare driver.
func (w *writer) use(query string, f func(*sqlite3.SQLiteStmt) error) error {
	return w.conn.Raw(func(conn any) error {
		stmt, ok := w.bare[query]
		if !ok {
			prepared, err := conn.(*sqlite3.SQLiteConn).Prepare(query)
			if err != nil {
				return err
			}
			stmt = prepared.(*sqlite3.SQLiteStmt)
			w.bare[query] = stmt
		}
		return f(stmt)
	})
}

// versions calls scan for every version that a query of version columns finds.
func (w *writer) versions(query string, args []driver.Value, scan func(version) error) error {
	return w.values(query, args, func(values []driver.Value) error {
		v, err := scanVersion(values)
		if err != nil {
			return err
		}
		return scan(v)
	})
}

// values calls scan for every row of a query of versionColumns columns. scan
// must not use the writer.
func (w *writer) values(query string, args []driver.Value, scan func([]driver.Value) error) error {
	return w.use(query, func(stmt *sqlite3.SQLiteStmt) (err error) {
		rows, err := stmt.Query(args)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, rows.Close()) }()
		values := make([]driver.Value, versionColumns)
		for {
			if err := rows.Next(values); err == io.EOF {
				return nil
			} else if err != nil {
				return err
			}
			if err := scan(values); err != nil {
				return err
			}
		}
	})
}

// bulk runs "head VALUES (…), (…), … tail" over n rows; fill appends the
// columns of row i.
func (w *writer) bulk(ctx context.Context, head, tail string, columns, n int, fill func(args []driver.Value, i int) []driver.Value) error {
	row := ",(?" + strings.Repeat(",?", columns-1) + ")"
	args := make([]driver.Value, 0, min(n, chunks[0])*columns)
	for done, c := 0, 0; done < n; {
		size := chunks[c]
		if n-done < size {
			c++
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		args = args[:0]
		for i := range size {
			args = fill(args, done+i)
		}
		err := w.use(head+" VALUES "+strings.Repeat(row, size)[1:]+tail, func(stmt *sqlite3.SQLiteStmt) error {
			_, err := stmt.Exec(args)
			return err
		})
		if err != nil {
			return err
		}
		done += size
	}
	return nil
}
