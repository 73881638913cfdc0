package store_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"adtop/kpi"
	"adtop/store"
)

// writeMeanwhile commits, one poll after the other, until stop is called,
// which returns how many there were. It returns when the first is stored.
func writeMeanwhile(t *testing.T, s store.Store) (stop func() int) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	first, done, polls := make(chan struct{}), make(chan struct{}), 0
	go func() {
		defer close(done)
		for ; ctx.Err() == nil; polls++ {
			b := adBatch(polls%3, kpi.NewDate(2026, 1, 1), polls, 7)
			b.Records = b.Records[:480]
			if _, err := s.Commit(context.Background(), b); err != nil {
				t.Error(err)
				cancel()
			}
			if polls == 0 {
				close(first)
			}
		}
	}()
	<-first
	return func() int {
		cancel()
		<-done
		return polls
	}
}

func TestBackupTakenWhileOthersCommitHoldsWholeCommits(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	s := open(t, filepath.Join(dir, "adtop.db"))
	defer s.Close()
	if err := s.Assign(ctx, oneChannel, nil); err != nil {
		t.Fatal(err)
	}
	for n := range 3 {
		if _, err := s.Commit(ctx, adBatch(3, kpi.NewDate(2025, 1, 1), n, 2)); err != nil {
			t.Fatal(err)
		}
	}
	reader, err := store.Open(ctx, filepath.Join(dir, "adtop.db"), store.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	stop := writeMeanwhile(t, s)
	for i, from := range []*store.SQLite{s, reader, s} {
		before, err := s.Seq(ctx)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "copy.db")
		write(t, path, nil)
		if err := from.Backup(ctx, path); err != nil {
			t.Fatal(err)
		}
		for _, left := range []string{"-wal", "-shm", "-journal"} {
			if _, err := os.Stat(path + left); err == nil {
				t.Errorf("copy %d needs its %s", i, left)
			}
		}
		checkWhole(t, path)
		checkQueries(t, path, map[string]string{ // the channels were assigned in one write
			fmt.Sprintf("SELECT count(*) >= %d FROM poll", before-1): "1",
		})
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d polls were committed meanwhile", stop())
}

func TestBackupEndsWithItsContext(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "adtop.db"))
	defer s.Close()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.Backup(ctx, filepath.Join(t.TempDir(), "copy.db")); err == nil {
		t.Error("a backup that nobody waits for was made")
	}
}
