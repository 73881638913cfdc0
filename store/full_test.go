package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources"
)

func TestFullDiskLosesNothingStored(t *testing.T) {
	ctx := context.Background()
	s, err := Open(ctx, filepath.Join(t.TempDir(), "adtop.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	account := sources.Account{ID: "1", Currency: "EUR", Zone: time.UTC}
	batch := func(minute, campaigns int) Batch {
		b := Batch{Source: "ads", Account: account, ObservedAt: time.Unix(int64(minute)*60, 0), Query: sources.Query{Account: account, Level: sources.LevelCampaign, Grain: sources.Day}}
		for n := range campaigns {
			entity := sources.Entity{Level: sources.LevelCampaign, ID: fmt.Sprint(n)}
			b.Records = append(b.Records, sources.Row{Entity: entity, Slot: sources.Slot{Date: 20000, Grain: sources.Day}, Metrics: kpi.Metrics{Has: kpi.Cost, Cost: kpi.Micros(minute)}})
		}
		return b
	}
	if _, err := s.Commit(ctx, batch(1, 3)); err != nil {
		t.Fatal(err)
	}
	var pages int
	if _, err := s.w.one("PRAGMA page_count", nil, &pages); err != nil {
		t.Fatal(err)
	}
	limit := func(pages int) {
		if _, err := s.w.conn.ExecContext(ctx, "PRAGMA max_page_count = "+kpi.Micros(pages*kpi.MicrosPerUnit).Decimal(0)); err != nil {
			t.Fatal(err)
		}
	}
	limit(pages)
	if _, err := s.Commit(ctx, batch(2, 5000)); !errors.Is(err, ErrFull) {
		t.Fatalf("error %v, want %v", err, ErrFull)
	}
	totals, err := s.Days(ctx, kpi.DateRange{From: 20000, To: 20000}, time.Unix(1e9, 0), nil)
	if err != nil || len(totals) != 3 || totals[0].Metrics.Cost != 1 {
		t.Errorf("totals %+v, error %v", totals, err)
	}
	limit(1 << 20)
	if change, err := s.Commit(ctx, batch(3, 5000)); err != nil || len(change.Versions) != 5000 {
		t.Errorf("after room was made: %d versions, error %v", len(change.Versions), err)
	}
}
