package store_test

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"adtop/store"
)

// TestMain lets the test binary be the other process of some tests.
func TestMain(m *testing.M) {
	switch os.Getenv("ADTOP_STORE_CHILD") {
	case "hold":
		holdLease(os.Getenv("ADTOP_STORE_PATH"))
	case "forget":
		forgetPages(os.Getenv("ADTOP_STORE_PATH"))
		os.Exit(0)
	case "migrate":
		migrate(os.Getenv("ADTOP_STORE_PATH"))
	case "write":
		writeUntilKilled(os.Getenv("ADTOP_STORE_PATH"))
	}
	os.Exit(m.Run())
}

// child starts this test binary in a role and returns its lines.
func child(t *testing.T, role, path string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "ADTOP_STORE_CHILD="+role, "ADTOP_STORE_PATH="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	return cmd, bufio.NewScanner(out)
}

func TestNewDatabaseIsPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state", "adtop", "my #1 50%?.db")
	s := open(t, path)
	defer s.Close()
	for name, want := range map[string]os.FileMode{path: 0o600, path + "-wal": 0o600, filepath.Dir(path): 0o700 | os.ModeDir, filepath.Dir(filepath.Dir(path)): 0o700 | os.ModeDir} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode() != want {
			t.Errorf("%s has mode %s, want %s", name, info.Mode(), want)
		}
	}
}

// otherDatabase makes an SQLite file that adtop did not.
func otherDatabase(t *testing.T, path, statements string) {
	t.Helper()
	db := sql.OpenDB(plainConnector{path})
	defer db.Close()
	if _, err := db.Exec(statements); err != nil {
		t.Fatal(err)
	}
}

func TestUnusableFileIsRefusedWithItsReason(t *testing.T) {
	for _, c := range []struct {
		name string
		make func(t *testing.T, path string)
		want error
	}{
		{"a text", func(t *testing.T, path string) { write(t, path, []byte(strings.Repeat("Dear diary. ", 1000))) }, store.ErrForeign},
		{"a short text", func(t *testing.T, path string) { write(t, path, []byte("hello")) }, store.ErrForeign},
		{"a folder", func(t *testing.T, path string) {
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
		}, store.ErrForeign},
		{"another program's", func(t *testing.T, path string) { otherDatabase(t, path, "CREATE TABLE notes (n)") }, store.ErrForeign},
		{"a marked one", func(t *testing.T, path string) {
			otherDatabase(t, path, "PRAGMA application_id = 7; CREATE TABLE notes (n)")
		}, store.ErrForeign},
		{"a newer one", func(t *testing.T, path string) {
			open(t, path).Close()
			otherDatabase(t, path, "PRAGMA user_version = 999")
		}, store.ErrNewer},
		{"a torn one", func(t *testing.T, path string) {
			open(t, path).Close()
			file, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for i := 100; i < len(file); i++ {
				file[i] = 0xA5
			}
			write(t, path, file)
		}, store.ErrCorrupt},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "adtop.db")
			c.make(t, path)
			before, _ := os.ReadFile(path)
			for _, o := range []store.Options{{}, {ReadOnly: true}} {
				s, err := store.Open(context.Background(), path, o)
				if err == nil {
					s.Close()
				}
				if !errors.Is(err, c.want) || !strings.Contains(err.Error(), path) {
					t.Errorf("%+v: error %v, want %v naming %s", o, err, c.want, path)
				}
			}
			if after, _ := os.ReadFile(path); string(after) != string(before) {
				t.Error("the file was changed")
			}
		})
	}
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestUnwritableFolderIsReadOnly(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "locked")
	if os.Geteuid() == 0 {
		folder = "/sys" // where not even root makes files
	} else if err := os.Mkdir(folder, 0o500); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(folder); err != nil {
		t.Skip("no folder that refuses root")
	}
	for _, path := range []string{filepath.Join(folder, "adtop.db"), filepath.Join(folder, "adtop", "adtop.db")} {
		if _, err := store.Open(context.Background(), path, store.Options{}); !errors.Is(err, store.ErrReadOnly) {
			t.Errorf("%s: error %v, want %v", path, err, store.ErrReadOnly)
		}
	}
}

func TestReadOnlyStoreWritesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "adtop.db")
	if _, err := store.Open(context.Background(), path, store.Options{ReadOnly: true}); err == nil {
		t.Error("a database that is not there was opened for reading")
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Error("opening for reading made a file")
	}
	w := open(t, path)
	if _, err := w.Commit(context.Background(), adBatch(0, 20000, 0, 0)); err != nil {
		t.Fatal(err)
	}
	for _, writerAlive := range []bool{true, false} {
		if !writerAlive {
			w.Close()
		}
		r, err := store.Open(context.Background(), path, store.Options{ReadOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		if accounts, err := r.Accounts(context.Background(), time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)); err != nil || len(accounts) != 1 {
			t.Errorf("writer alive: %v: accounts %v, error %v", writerAlive, accounts, err)
		}
		if _, err := r.Commit(context.Background(), adBatch(0, 20000, 1, 1)); !errors.Is(err, store.ErrReadOnly) {
			t.Errorf("commit: %v", err)
		}
		if _, err := r.Lease(time.Now()); !errors.Is(err, store.ErrReadOnly) {
			t.Errorf("lease: %v", err)
		}
		r.Close()
	}
}

// holdLease is the child of TestLeaseEndsWithItsProcess.
func holdLease(path string) {
	s, err := store.Open(context.Background(), path, store.Options{})
	if err == nil {
		_, err = s.Lease(time.Unix(0, 0))
	}
	if err != nil {
		panic(err)
	}
	os.Stdout.WriteString("held\n")
	select {}
}

func TestLeaseEndsWithItsProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "adtop.db")
	cmd, lines := child(t, "hold", path)
	if !lines.Scan() {
		t.Fatal("the child does not hold the lease")
	}
	s := open(t, path)
	defer s.Close()
	_, err := s.Lease(time.Unix(0, 0))
	if !errors.Is(err, store.ErrHeld) || !strings.Contains(err.Error(), "process") {
		t.Errorf("error %v, want %v naming the process", err, store.ErrHeld)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed
	lease, err := s.Lease(time.Unix(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Lease(time.Unix(0, 0)); !errors.Is(err, store.ErrHeld) {
		t.Errorf("second lease: %v", err)
	}
	if err := lease.Release(); err != nil {
		t.Fatal(err)
	}
	if lease, err = s.Lease(time.Unix(0, 0)); err != nil {
		t.Fatal(err)
	}
	lease.Release()
}

func TestManyMayMakeTheDatabaseAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "adtop.db")
	errs := make(chan error)
	const many = 8
	for range many {
		go func() {
			s, err := store.Open(context.Background(), path, store.Options{})
			if err == nil {
				err = errors.Join(s.PutSetting(context.Background(), "x", "y"), s.Close())
			}
			errs <- err
		}()
	}
	for range many {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

func TestEmptyFileBecomesADatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "adtop.db")
	write(t, path, nil)
	open(t, path).Close()
	db := sql.OpenDB(plainConnector{path})
	defer db.Close()
	for pragma, want := range map[string]string{"auto_vacuum": "2", "journal_mode": "wal", "application_id": "1633973360"} {
		var got string
		if err := db.QueryRow("PRAGMA " + pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %s (%v), want %s", pragma, got, err, want)
		}
	}
}
