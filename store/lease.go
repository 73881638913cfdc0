package store

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"adtop/sources"

	"golang.org/x/sys/unix"
)

// fileLease is an flock on the file beside the database. The system frees it
// when the process ends, however it ends; the text in it is for people.
type fileLease struct{ file *os.File }

// Lease implements Store.
func (s *SQLite) Lease(at time.Time) (Lease, error) {
	if s.readOnly {
		return nil, explain(s.path, tryLease, ErrReadOnly)
	}
	return takeLease(s.path, at)
}

const tryLease = "take the lease"

func takeLease(path string, at time.Time) (Lease, error) {
	file, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, explain(path, tryLease, err)
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		if errors.Is(err, unix.EWOULDBLOCK) {
			err = fmt.Errorf("%w: %s", ErrHeld, holder(file))
		}
		return nil, errors.Join(explain(path, tryLease, err), file.Close())
	}
	if err := sign(file, at); err != nil {
		return nil, errors.Join(explain(path, tryLease, err), file.Close())
	}
	return &fileLease{file}, nil
}

// Release implements Lease. The file stays: removing it would let two
// processes hold two different ones.
func (l *fileLease) Release() error { return l.file.Close() }

// lockFolder makes openers of databases in one folder wait for each other:
// SQLite gives up at once where two turn a new file to WAL.
func lockFolder(folder string) (*os.File, error) {
	file, err := os.Open(folder)
	if err != nil {
		return nil, err
	}
	for {
		err := unix.Flock(int(file.Fd()), unix.LOCK_EX)
		switch {
		case err == nil:
			return file, nil
		case !errors.Is(err, unix.EINTR):
			return nil, errors.Join(&os.PathError{Op: "lock", Path: folder, Err: err}, file.Close())
		}
	}
}

func sign(file *os.File, at time.Time) error {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	text := fmt.Sprintf("process %d on %s since %s\n", os.Getpid(), host, at.UTC().Format(time.RFC3339))
	if err := file.Truncate(0); err != nil {
		return err
	}
	_, err = file.WriteAt([]byte(text), 0)
	return err
}

// holder reads who signed; the text may be missing for a moment.
func holder(file *os.File) string {
	text, err := io.ReadAll(io.LimitReader(file, 256))
	if signed := strings.TrimSpace(sources.Clean(string(text))); err == nil && signed != "" {
		return signed
	}
	return "by a process that has not signed yet"
}
