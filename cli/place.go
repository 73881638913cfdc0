package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// place makes the file at path from what fill writes: beside it first, 0600,
// and in its place when all of it is on the disk. What stood there is replaced
// only with force, and the database never.
func place(path, database string, force bool, fill func(file *os.File) error) (err error) {
	if err := placeable(path, database, force); err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("write beside %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(file.Name()) // worth nothing; the reason is told
		}
	}()
	if err = fill(file); err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	if err = placeable(path, database, force); err != nil { // something may have come there meanwhile
		return err
	}
	if err = os.Rename(file.Name(), path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// unfinished makes an interruption an error: what was asked for is not there.
func unfinished(err error) error {
	if errors.Is(err, context.Canceled) {
		return errors.New("it was interrupted before it was whole: call it again")
	}
	return err
}

func placeable(path, database string, force bool) error {
	there, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	for _, name := range []string{database, database + "-wal", database + "-shm", database + ".lock"} {
		if own, err := os.Stat(name); err == nil && os.SameFile(there, own) {
			return fmt.Errorf("%s belongs to the database itself: name another file", path)
		}
	}
	switch {
	case !there.Mode().IsRegular():
		return fmt.Errorf("%s is no regular file: name another one", path)
	case !force:
		return fmt.Errorf("%s is there already: name another file, or replace it with --force", path)
	}
	return nil
}

// syncFolder makes the name of a new file last.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
