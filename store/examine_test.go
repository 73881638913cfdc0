package store_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"adtop/kpi"
	"adtop/store"
)

func TestExaminationFindsTornPages(t *testing.T) {
	ctx, path := context.Background(), filepath.Join(t.TempDir(), "adtop.db")
	s := open(t, path)
	if _, err := s.Commit(ctx, adBatch(0, 20000, 0, 0)); err != nil {
		t.Fatal(err)
	}
	c, err := s.Examine(ctx)
	if err != nil || len(c.Problems) > 0 || c.Version == 0 || c.Bytes < 1<<19 || c.Free < 0 || c.Unsummed != 0 {
		t.Errorf("a whole database: %+v, %v", c, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const page = 4096
	middle := len(content) / page / 2 * page
	clear(content[middle : middle+page])
	write(t, path, content)
	torn, err := store.Open(ctx, path, store.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer torn.Close()
	if c, err := torn.Examine(ctx); err != nil || len(c.Problems) == 0 {
		t.Errorf("a torn page: %+v, %v", c, err)
	}
	copied := filepath.Join(t.TempDir(), "copy.db")
	write(t, copied, nil)
	if err := torn.Backup(ctx, copied); err == nil {
		t.Error("a backup of a torn database passes for a good one")
	}
}

func TestRebuildCountsWrongSumsAndNotThoseThatWait(t *testing.T) {
	ctx, path := context.Background(), filepath.Join(t.TempDir(), "adtop.db")
	s := open(t, path)
	defer s.Close()
	if err := s.Assign(ctx, oneChannel, nil); err != nil {
		t.Fatal(err)
	}
	rebuild := func(want int) {
		t.Helper()
		if changed, err := s.Rebuild(ctx, nil); err != nil || changed != want {
			t.Errorf("%d sums differed, want %d (%v)", changed, want, err)
		}
	}
	for _, minute := range []int{5, 3} { // the later commit is about the past
		if _, err := s.Commit(ctx, adBatch(0, kpi.NewDate(2026, 1, 1), minute, 1)); err != nil {
			t.Fatal(err)
		}
	}
	if c, err := s.Examine(ctx); err != nil || c.Unsummed != adDays {
		t.Errorf("%d days wait, want %d (%v)", c.Unsummed, adDays, err)
	}
	rebuild(0)
	db := sql.OpenDB(plainConnector{path})
	defer db.Close()
	if _, err := db.Exec("UPDATE part_sum SET cost = cost + 1 WHERE k = (SELECT max(k) FROM part_sum)"); err != nil {
		t.Fatal(err)
	}
	rebuild(1)
	rebuild(0)
}
