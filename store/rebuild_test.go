package store_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"

	"adtop/kpi"
)

func TestARebuildCountsAndMendsEverySumThatIsWrong(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "adtop.db")
	s := open(t, path)
	defer s.Close()
	if err := s.Assign(ctx, oneChannel, nil); err != nil {
		t.Fatal(err)
	}
	for minute := range 2 {
		if _, err := s.Commit(ctx, adBatch(0, kpi.NewDate(2026, 1, 1), minute, 1)); err != nil {
			t.Fatal(err)
		}
	}
	db := sql.OpenDB(plainConnector{path})
	defer db.Close()
	for _, c := range []struct {
		name, damage string
		want         int
	}{
		{"nothing", "UPDATE seq SET n = n + 1", 0},
		{"a day", "UPDATE day SET cost = cost + 1 WHERE k = (SELECT min(k) FROM day)", 1},
		{"a day that was superseded", "UPDATE day_past SET cost = cost + 1 WHERE k = (SELECT min(k) FROM day_past)", 1},
		{"a day that has no hours", "INSERT INTO day SELECT k + (1000 << 30), at, whole, has, impressions, clicks, cost, conversions, revenue, view_through FROM day LIMIT 1", 1},
		{"an hour of a channel", "UPDATE part_sum SET revenue = 0 WHERE k = (SELECT min(k) FROM part_sum)", 1},
		{"a channel's hour that is missing", "DELETE FROM part_sum WHERE k = (SELECT max(k) FROM part_sum)", 1},
		{"a channel's hour that nothing stands for", "INSERT INTO part_sum SELECT k + (900 << 30), at, has, impressions, clicks, cost, conversions, revenue, view_through FROM part_sum LIMIT 1", 1},
	} {
		if _, err := db.Exec(c.damage); err != nil {
			t.Fatal(c.name, err)
		}
		for _, want := range []int{c.want, 0} { // the second time all is mended
			if changed, err := s.Rebuild(ctx, nil); err != nil || changed != want {
				t.Errorf("%s: %d sums differed (%v), want %d", c.name, changed, err, want)
			}
		}
		checkWhole(t, path)
	}
}
