package cli

import (
	"path/filepath"
	"testing"

	"github.com/parquet-go/parquet-go"

	"adtop/kpi"
)

func TestTheParquetExportHasTheColumnsOfTheCSV(t *testing.T) {
	cfg, _ := collected(t)
	file := filepath.Join(t.TempDir(), "observations.parquet")
	if code, _, stderr := adtop(t, "export", "--format", "parquet", "-o", file, "--config", cfg); code != 0 {
		t.Fatal(stderr)
	}
	rows, err := parquet.ReadFile[exportRow](file)
	if err != nil || len(rows) != 2 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, r := range rows {
		wantCost, known := kpi.Micros(20_500_000), r.Name == "A"
		if known {
			wantCost = 20_000_000
		}
		if r.Cost == nil || *r.Cost != int64(wantCost) || (r.Revenue != nil) != known || r.Hour != nil || kpi.Date(r.Date) != kpi.NewDate(2026, 11, 20) || r.ObservedAt == 0 || r.SupersededAt != nil {
			t.Errorf("%+v", r)
		}
	}
	columns := parquet.SchemaOf(exportRow{}).Columns()
	if len(columns) != len(csvHeader) {
		t.Fatalf("%d columns, the CSV has %d", len(columns), len(csvHeader))
	}
	for i, path := range columns {
		if path[0] != csvHeader[i] {
			t.Errorf("column %d is %s, that of the CSV %s", i, path[0], csvHeader[i])
		}
	}
}
