package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync"

	"adtop/kpi"

	"github.com/mattn/go-sqlite3"
)

// Options say how a database is opened.
type Options struct {
	// ReadOnly opens an existing database for reading and changes nothing,
	// not even its version; every method that writes gives ErrReadOnly.
	ReadOnly bool
}

// SQLite is the Store in one SQLite file.
type SQLite struct {
	path     string
	readOnly bool
	readers  *sql.DB
	file     fs.FileInfo // that was opened

	mu sync.Mutex // one writing transaction at a time
	w  *writer    // nil when opened read-only, or closed

	thinDate map[string]kpi.Date // how far a pass of thinning is; Thin is not called concurrently
}

var _ Store = (*SQLite)(nil)

const readerConnections = 4

// Open opens the database at path, creating it (0600) and its folder (0700)
// where they are missing, and brings it to the present version. Its errors
// wrap ErrForeign, ErrNewer, ErrCorrupt, ErrReadOnly, ErrFull or ErrNetwork.
func Open(ctx context.Context, path string, o Options) (*SQLite, error) {
	s := &SQLite{path: path, readOnly: o.ReadOnly, thinDate: map[string]kpi.Date{}}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(explain(path, "open database", err), s.Close())
	}
	return s, nil
}

func (s *SQLite) open(ctx context.Context) error {
	err := prepareFile(s.path, s.readOnly)
	if err != nil {
		return err
	}
	if s.file, err = os.Stat(s.path); err != nil {
		return err
	}
	if s.readOnly {
		s.readers = connect(s.path, "ro", readerPragmas)
		s.readers.SetMaxOpenConns(readerConnections)
		return s.checkVersion(ctx)
	}
	lock, err := lockFolder(filepath.Dir(s.path))
	if err != nil {
		return err
	}
	defer lock.Close()
	db := connect(s.path, "rw", writerPragmas)
	db.SetMaxOpenConns(1)
	conn, err := db.Conn(ctx)
	if err != nil {
		return errors.Join(err, db.Close())
	}
	s.w = newWriter(db, conn)
	if err := migrate(ctx, conn); err != nil {
		return err
	}
	s.readers = connect(s.path, "rw", readerPragmas)
	s.readers.SetMaxOpenConns(readerConnections)
	s.readers.SetMaxIdleConns(readerConnections)
	return nil
}

// inPlace reports a file that is not the one that was opened any more: what is
// written to it now would be lost.
func (s *SQLite) inPlace() error {
	now, err := os.Stat(s.path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !os.SameFile(now, s.file) {
		return ErrReplaced
	}
	return err
}

// Close ends all reads and writes and closes the file.
func (s *SQLite) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	if s.readers != nil {
		errs = append(errs, s.readers.Close())
	}
	if s.w != nil {
		errs = append(errs, s.w.close())
		s.w = nil
	}
	return errors.Join(errs...)
}

// prepareFile refuses network file systems and creates what is missing. It
// never opens an existing database: closing a second descriptor would drop
// the locks that SQLite holds on the file in this process.
func prepareFile(path string, readOnly bool) error {
	folder := filepath.Dir(path)
	if !readOnly {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return err
		}
	}
	info, err := os.Stat(path)
	lies := path
	if err != nil {
		lies = folder
	}
	if network, err := networkFileSystem(lies); err != nil {
		return err
	} else if network != "" {
		return fmt.Errorf("%w (%s)", ErrNetwork, network)
	}
	switch {
	case err == nil && info.IsDir():
		return fmt.Errorf("%w: it is a folder", ErrForeign)
	case err == nil || readOnly || !errors.Is(err, fs.ErrNotExist):
		return err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	} else if err != nil {
		return err
	}
	return file.Close()
}

// The writer keeps statement journals in memory: multi-row statements would
// spill them to a file otherwise. Readers may spill their sorts. Their caches
// (KiB) are small: the operating system keeps the file's pages for all of them,
// and a program that is open all day does not hold them five times more.
const (
	writerPragmas = `PRAGMA cache_size = -2048; PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 33554432`
	readerPragmas = `PRAGMA cache_size = -512; PRAGMA query_only = 1`
)

// connector opens SQLite connections without a global driver registration.
type connector struct {
	driver *sqlite3.SQLiteDriver
	dsn    string
}

func (c connector) Connect(context.Context) (driver.Conn, error) { return c.driver.Open(c.dsn) }
func (c connector) Driver() driver.Driver                        { return c.driver }

func connect(path, mode, pragmas string) *sql.DB {
	hook := func(conn *sqlite3.SQLiteConn) error {
		_, err := conn.Exec(pragmas, nil)
		return err
	}
	dsn := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: url.Values{
		"mode":          {mode},
		"_busy_timeout": {"30000"},
		"_foreign_keys": {"1"},
		"_synchronous":  {"FULL"},
	}.Encode()}
	return sql.OpenDB(connector{&sqlite3.SQLiteDriver{ConnectHook: hook}, dsn.String()})
}
