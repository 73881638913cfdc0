package store_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/store"
)

func TestTheFileShrinksAsItsPastIsThinned(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "adtop.db")
	s := open(t, path)
	defer s.Close()
	for minute := range 12 {
		if _, err := s.Commit(ctx, adBatch(0, kpi.NewDate(2026, 5, 28), 1+minute, 1)); err != nil {
			t.Fatal(err)
		}
	}
	db := sql.OpenDB(plainConnector{path})
	defer db.Close()
	ask := func(query string) (n int) {
		t.Helper()
		if err := db.QueryRow(query).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	pages, sum := ask("PRAGMA page_count"), ask("SELECT sum(cost) FROM hour")
	later := time.Date(2026, 6, 5, 0, 0, 0, 0, time.UTC)
	for more := true; more; {
		var err error
		if more, err = s.Thin(ctx, later, store.Retention{Detail: 48 * time.Hour, Hourly: 14 * 24 * time.Hour, History: 400 * 24 * time.Hour}); err != nil {
			t.Fatal(err)
		}
	}
	if left := ask("PRAGMA page_count"); left > pages/2 {
		t.Errorf("%d pages are left of %d", left, pages)
	}
	if left := ask("SELECT count(*) FROM hour_past"); left != 0 {
		t.Errorf("%d versions are left that no full hour shows", left)
	}
	if ask("SELECT sum(cost) FROM hour") != sum || ask("SELECT sum(cost) FROM day") != sum {
		t.Error("sums changed by thinning")
	}
}
