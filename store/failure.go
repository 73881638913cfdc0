package store

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"github.com/mattn/go-sqlite3"
)

// nextSteps says for each sentinel what the user can do about it.
var nextSteps = map[error]string{
	ErrForeign:  "name another file, or move this one away",
	ErrNewer:    "install the newest adtop",
	ErrCorrupt:  "move it away with its -wal file and restore a backup, or start with an empty one",
	ErrReadOnly: "give yourself write permission on the file and its folder, or name another file",
	ErrFull:     "free some space on its disk; nothing that was stored is lost",
	ErrNetwork:  "name a file on a local disk, since locks are not dependable over the network",
	ErrReplaced: "end adtop and start it again; what the old file held is in the file that was moved",
	ErrHeld:     "wait until it ends, or watch what it collects",
}

// explain names what was tried and on which file, and wraps the sentinel that
// err amounts to, with the next step.
func explain(path, tried string, err error) error {
	if err == nil {
		return nil
	}
	sentinel := sentinelOf(err)
	if sentinel == nil {
		return fmt.Errorf("%s in %s: %w", tried, path, err)
	}
	if errors.Is(err, sentinel) {
		return fmt.Errorf("%s in %s: %w: %s", tried, path, err, nextSteps[sentinel])
	}
	return fmt.Errorf("%s in %s: %w: %s (%w)", tried, path, sentinel, nextSteps[sentinel], err)
}

// sentinelOf returns the sentinel for an error of SQLite or the file system,
// or nil when callers have nothing particular to do about it.
func sentinelOf(err error) error {
	for sentinel := range nextSteps {
		if errors.Is(err, sentinel) {
			return sentinel
		}
	}
	var sqlite sqlite3.Error
	if errors.As(err, &sqlite) {
		switch {
		case sqlite.Code == sqlite3.ErrFull, errors.Is(sqlite.SystemErrno, syscall.ENOSPC), errors.Is(sqlite.SystemErrno, syscall.EDQUOT):
			return ErrFull
		case sqlite.Code == sqlite3.ErrNotADB:
			return ErrForeign
		case sqlite.Code == sqlite3.ErrCorrupt:
			return ErrCorrupt
		case sqlite.Code == sqlite3.ErrReadonly, sqlite.Code == sqlite3.ErrCantOpen, sqlite.Code == sqlite3.ErrPerm:
			return ErrReadOnly
		}
		return nil
	}
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return ErrFull
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return ErrReadOnly
	}
	return nil
}
