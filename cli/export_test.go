package cli

import (
	"bytes"
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestAnExportMovesToAnotherMachine(t *testing.T) {
	cfg, database := collected(t)
	code, first, stderr := adtop(t, "export", "--config", cfg)
	if code != 0 {
		t.Fatal(stderr)
	}
	file := filepath.Join(t.TempDir(), "export.jsonl")
	if code, stdout, stderr := adtop(t, "export", "--config", cfg, "-o", file); code != 0 || stdout != "" {
		t.Fatalf("exit code %d: %q %q", code, stdout, stderr)
	}
	if written, err := os.ReadFile(file); err != nil || string(written) != first {
		t.Errorf("the file is another export (%v)", err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	before := reportJSON(t, cfg)
	if code, _, stderr := adtop(t, "import", file, "--config", cfg); code != 1 || !strings.Contains(stderr, "not empty") || !strings.Contains(stderr, "move this one away") {
		t.Errorf("into a database with something in it: exit code %d, %s", code, stderr)
	}
	if err := os.Rename(database, database+".old"); err != nil {
		t.Fatal(err)
	}
	broken := write(t, filepath.Join(t.TempDir(), "broken.jsonl"), strings.Replace(first, `"cost":"20"`, `"cost":20`, 1))
	if code, _, stderr := adtop(t, "import", broken, "--config", cfg); code != 1 || !strings.Contains(stderr, broken) || !strings.Contains(stderr, `field "cost": expected a decimal number`) {
		t.Errorf("a broken export: exit code %d, %s", code, stderr)
	}
	var out, errs bytes.Buffer
	if code := Run([]string{"import", "-", "--config", cfg}, strings.NewReader(first), &out, &errs); code != 0 {
		t.Fatal(errs.String())
	}
	if code, second, stderr := adtop(t, "export", "--config", cfg); code != 0 || second != first {
		t.Errorf("exported again: exit code %d, %s\n%s\nis not\n%s", code, stderr, second, first)
	}
	if after := reportJSON(t, cfg); *after.Total.Cost != *before.Total.Cost || *after.Total.Revenue != *before.Total.Revenue {
		t.Errorf("the report shows a cost of %s, before %s", *after.Total.Cost, *before.Total.Cost)
	}
}

func TestTheCSVExportIsHarmlessInASpreadsheet(t *testing.T) {
	cfg, database := collected(t)
	code, stdout, stderr := adtop(t, "export", "--format", "csv", "--days", "2026-11-20..2026-11-20", "--config", cfg)
	if code != 0 {
		t.Fatal(stderr)
	}
	rows, err := csv.NewReader(strings.NewReader(stdout)).ReadAll()
	if err != nil || len(rows) != 3 || !slices.Equal(rows[0], csvHeader) {
		t.Fatalf("%v\n%s", err, stdout)
	}
	slices.SortFunc(rows[1:], func(a, b []string) int { return strings.Compare(b[6], a[6]) })
	column := func(name string) int { return slices.Index(csvHeader, name) }
	for i, want := range []map[string]string{
		{"name": "A", "source": "partners", "account": "p", "currency": "EUR", "zone": midday, "level": "campaign", "date": "2026-11-20", "hour": "", "superseded_at": "", "cost": "20.00", "conversions": "2", "revenue": "90.00"},
		{"name": "'=1+1", "id": "'=1+1", "cost": "20.50", "conversions": "", "revenue": ""},
	} {
		for name, value := range want {
			if got := rows[1+i][column(name)]; got != value {
				t.Errorf("row %d: %s is %q, want %q", i, name, got, value)
			}
		}
	}
	if code, stdout, _ := adtop(t, "export", "--format", "csv", "--days", "2026-11-01..2026-11-02", "--config", cfg); code != 0 || stdout != strings.Join(csvHeader, ",")+"\n" {
		t.Errorf("of other days: exit code %d, %q", code, stdout)
	}
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"--days", "today"}, 2, "FROM..TO"},
		{[]string{"--format", "xml"}, 2, "parquet"},
		{[]string{"-o", database}, 1, "database itself"},
	} {
		if code, _, stderr := adtop(t, append([]string{"export", "--config", cfg}, c.args...)...); code != c.code || !strings.Contains(stderr, c.says) {
			t.Errorf("%v: exit code %d, %s", c.args, code, stderr)
		}
	}
}
