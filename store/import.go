package store

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"adtop/kpi"

	"github.com/mattn/go-sqlite3"
)

// ErrNotEmpty is of a database that something is in already.
var ErrNotEmpty = errors.New("database is not empty")

// Limits of what is read, and of what is written in one transaction.
const (
	maxLine       = 1 << 20
	importRows    = 2000
	importAtOnce  = 4 << 20 // bytes of lines
	importSuffix  = ".import"
	emptyDatabase = "name another file as database: in the config, or move this one away"
	stopTheOthers = "end every other adtop with this config, then import again"
)

// Import makes the database at path from what Export wrote, under its lease:
// beside it first, and in its place when all of it is stored and added up. A
// database that something is in, or that somebody has open, is left alone. The
// first mistake ends it, with the number of the line, and nothing remains.
func Import(ctx context.Context, path string, at time.Time, in io.Reader, progress func(done, total int)) (lines int, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return 0, explain(path, "import", err)
	}
	lease, err := takeLease(path, at)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, lease.Release()) }()
	if err := vacate(ctx, path); err != nil {
		return 0, explain(path, "import", err)
	}
	beside := path + importSuffix
	if err := removeDatabase(beside); err != nil {
		return 0, explain(path, "import", err)
	}
	defer func() { err = errors.Join(err, removeDatabase(beside)) }() // in its place by then, or nothing
	s, err := Open(ctx, beside, Options{})
	if err != nil {
		return 0, err
	}
	p := &parser{}
	err = s.importAll(ctx, p, in, progress)
	if err = errors.Join(err, s.Close()); err != nil {
		return p.line, err
	}
	if err := vacate(ctx, path); err != nil {
		return p.line, explain(path, "import", err)
	}
	return p.line, explain(path, "import", settleFile(beside, path))
}

// settleFile gives a file its name for good.
func settleFile(from, to string) error {
	if log, err := os.Stat(from + "-wal"); err == nil && log.Size() > 0 {
		return fmt.Errorf("%s could not be completed: import again", from)
	}
	file, err := os.OpenFile(from, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	if err := errors.Join(file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Rename(from, to); err != nil {
		return err
	}
	folder, err := os.Open(filepath.Dir(to))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

func removeDatabase(path string) error {
	var errs []error
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(path + suffix); !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// vacate makes sure that the file at path, if there is one, is an empty
// database that nobody has open: its log must not outlive it.
func vacate(ctx context.Context, path string) (err error) {
	if info, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0 {
		if _, err := os.Stat(path + "-wal"); err == nil {
			return fmt.Errorf("%s-wal was left behind by another database: move it to where that is", path)
		}
		return nil
	} else if err != nil {
		return err
	}
	db := connect(path, "rw", "PRAGMA busy_timeout = 0")
	db.SetMaxOpenConns(1)
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := versionOf(ctx, db); err != nil {
		return err
	}
	if err := empty(ctx, db); err != nil {
		return err
	}
	var mode string
	if err := db.QueryRowContext(ctx, "PRAGMA journal_mode = DELETE").Scan(&mode); err != nil || mode != "delete" {
		return fmt.Errorf("another adtop has it open: %s (%v)", stopTheOthers, err)
	}
	return nil
}

// empty reports a database of any version that something is in.
func empty(ctx context.Context, db *sql.DB) error {
	var found string
	rows, err := db.QueryContext(ctx, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT IN ('seq', 'sqlite_sequence', 'resolution', 'thinned')")
	if err != nil {
		return err
	}
	query := "SELECT '' WHERE 0"
	err = drain(rows, func(rows *sql.Rows) error {
		var table string
		err := rows.Scan(&table)
		where := ""
		if table == "setting" {
			where = " WHERE name <> '" + settingChannels + "'"
		}
		query += fmt.Sprintf(" UNION ALL SELECT '%[1]s' WHERE EXISTS (SELECT 1 FROM %[1]s%s)", table, where)
		return err
	})
	if err == nil {
		err = db.QueryRowContext(ctx, query).Scan(&found)
	}
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return err
	}
	return fmt.Errorf("%w: it has %ss: %s", ErrNotEmpty, found, emptyDatabase)
}

// importAll puts every line into an empty database and makes the sums.
func (s *SQLite) importAll(ctx context.Context, p *parser, in io.Reader, progress func(done, total int)) error {
	lines := bufio.NewReaderSize(in, maxLine)
	var rows []*row
	size := 0
	for {
		text, err := readLine(lines)
		if errors.Is(err, io.EOF) {
			break
		}
		var r *row
		if err == nil {
			r, err = p.parse(text)
		} else {
			p.line++
		}
		if err != nil {
			if earlier := s.put(ctx, rows); earlier != nil { // the first mistake is the one to tell
				return earlier
			}
			return fmt.Errorf("line %d: %w", p.line, err)
		}
		if r != nil {
			rows, size = append(rows, r), size+len(text)
		}
		if len(rows) >= importRows || size >= importAtOnce {
			if err := s.put(ctx, rows); err != nil {
				return err
			}
			rows, size = rows[:0], 0
		}
	}
	if !p.ended {
		return fmt.Errorf("line %d: expected more lines, the last of them with %q as its table: the export was cut off", p.line, endLine)
	}
	if err := s.put(ctx, rows); err != nil {
		return err
	}
	return s.sumImported(ctx, progress)
}

// readLine reads a line of up to maxLine bytes.
func readLine(in *bufio.Reader) ([]byte, error) {
	text, err := in.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return nil, fmt.Errorf("expected at most %d bytes", maxLine)
	case errors.Is(err, io.EOF) && len(text) > 0:
		return nil, errors.New("expected a line break at its end: the export was cut off")
	}
	return bytes.TrimSuffix(text, []byte("\n")), err
}

// put stores rows in one transaction.
func (s *SQLite) put(ctx context.Context, rows []*row) error {
	_, err := s.write(ctx, "import", func(w *writer) error {
		for _, r := range rows {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := w.put(r); err != nil {
				return fmt.Errorf("line %d: %w", r.line, err)
			}
		}
		return nil
	})
	return err
}

func (w *writer) put(r *row) error {
	statements := r.fact.put
	if r.fact.past != "" && r.get("until") != int64(0) {
		statements = []string{r.fact.past}
	}
	for _, statement := range statements {
		err := w.exec(statement, r.values[:arity[statement]]...)
		var refused sqlite3.Error
		if errors.As(err, &refused) && refused.Code == sqlite3.ErrConstraint {
			return fmt.Errorf("expected a %s that no earlier line is about (%w)", r.fact.table, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// arity is the highest number of the parameters of every statement of facts.
var arity = func() map[string]int {
	parameter := regexp.MustCompile(`\?(\d+)`)
	arity := map[string]int{}
	for _, f := range facts {
		for _, statement := range append([]string{f.from, f.past}, f.put...) {
			for _, found := range parameter.FindAllStringSubmatch(statement, -1) {
				n, _ := strconv.Atoi(found[1]) // digits, by the pattern
				arity[statement] = max(arity[statement], n)
			}
		}
	}
	return arity
}()

// sumImported makes all sums of days. Those of channels wait for the next
// process that knows the channels.
func (s *SQLite) sumImported(ctx context.Context, progress func(done, total int)) error {
	var dates []kpi.Date
	_, err := s.write(ctx, "import", func(w *writer) (err error) {
		w.forget()
		err = w.exec(`INSERT INTO unsummed (date, feed) SELECT DISTINCT k >> 30, feed
			FROM (SELECT k FROM hour UNION ALL SELECT k FROM day) JOIN entity ON entity.id = k & 0xFFFFFF`)
		if err == nil {
			err = w.exec("UPDATE seq SET entities = n + 1")
		}
		if err == nil {
			dates, err = w.unsummedDates()
		}
		return err
	})
	if err != nil {
		return err
	}
	return s.sumDates(ctx, dates, progress)
}
