package store_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/store"
)

func TestDamagedPageLeavesTheRestReadable(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "adtop.db")
	s := open(t, path)
	at := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	_, err := s.Commit(ctx, adBatch(0, kpi.NewDate(2026, 1, 1), 0, 0))
	err = errors.Join(err, s.Decide(ctx, store.Decision{At: at, Alerts: []store.Alert{{ID: "a", At: at, State: "firing", Since: at}}}))
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	db := sql.OpenDB(plainConnector{path})
	var root, size int64
	err = errors.Join(db.QueryRow("SELECT rootpage FROM sqlite_schema WHERE name = 'hour'").Scan(&root), db.QueryRow("PRAGMA page_size").Scan(&size), db.Close())
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err == nil {
		_, err = file.WriteAt([]byte(strings.Repeat("\xff", int(size))), (root-1)*size)
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		t.Fatal(err)
	}

	s = open(t, path)
	defer s.Close()
	day := kpi.DateRange{From: kpi.NewDate(2026, 1, 1), To: kpi.NewDate(2026, 1, 4)}
	if _, err := s.Hours(ctx, day, at.Add(time.Hour), nil); !errors.Is(err, store.ErrCorrupt) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "backup") {
		t.Errorf("hours from a damaged page: %v", err)
	}
	if totals, err := s.Days(ctx, day, at.Add(time.Hour), nil); err != nil || len(totals) != 4*adCampaigns {
		t.Errorf("%d totals beside a damaged page, %v", len(totals), err)
	}
	if alerts, err := s.Alerts(ctx, time.Time{}, at); err != nil || len(alerts) != 1 {
		t.Errorf("alerts beside a damaged page: %v, %v", alerts, err)
	}
}

func TestReplacedFileIsNoticedBeforeAnythingIsWritten(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "adtop.db")
	s := open(t, path)
	defer s.Close()
	if _, err := s.Commit(ctx, adBatch(0, kpi.NewDate(2026, 1, 1), 0, 0)); err != nil {
		t.Fatal(err)
	}
	moved := path + ".old"
	for _, name := range []string{"", "-wal", "-shm"} {
		if err := os.Rename(path+name, moved+name); err != nil {
			t.Fatal(err)
		}
	}
	gone := func() {
		t.Helper()
		_, err := s.Commit(ctx, adBatch(1, kpi.NewDate(2026, 1, 1), 5, 0))
		if !errors.Is(err, store.ErrReplaced) || !strings.Contains(err.Error(), "start it again") {
			t.Errorf("a write: %v", err)
		}
		if _, err := s.Entities(ctx, time.Now()); !errors.Is(err, store.ErrReplaced) {
			t.Errorf("a read: %v", err)
		}
	}
	gone()
	open(t, path).Close() // another one stands there now
	gone()
	old := open(t, moved)
	defer old.Close()
	if entities, err := old.Entities(ctx, time.Now().AddDate(1, 0, 0)); err != nil || len(entities) != adCampaigns {
		t.Errorf("the moved file holds %d entities, %v", len(entities), err)
	}
}
