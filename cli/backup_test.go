package cli

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// collected returns the config of a shop whose export was read once, and its
// database.
func collected(t *testing.T) (cfg, database string) {
	t.Helper()
	dir := home(t)
	export := write(t, filepath.Join(dir, "export.csv"), "date,campaign,clicks,cost,orders,revenue\n2026-11-20,A,10,20.00,2,90.00\n2026-11-20,=1+1,10,20.50,,\n")
	cfg = write(t, filepath.Join(dir, "shop.yaml"), strings.Replace(shopConfig, "EXPORT", export, 1))
	if code, _, stderr := adtop(t, "collect", "--once", "--config", cfg); code != 0 {
		t.Fatal(stderr)
	}
	return cfg, filepath.Join(dir, "data", "adtop", "shop.db")
}

func TestABackupReplacesNothingUnasked(t *testing.T) {
	cfg, database := collected(t)
	copied := filepath.Join(t.TempDir(), "copy.db")
	if code, stdout, stderr := adtop(t, "backup", copied, "--config", cfg); code != 0 || !strings.Contains(stdout, copied) {
		t.Fatalf("exit code %d: %q %q", code, stdout, stderr)
	}
	if info, err := os.Stat(copied); err != nil || info.Mode() != 0o600 {
		t.Fatalf("the copy: %v, %v", info, err)
	}
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{copied}, 1, "--force"},
		{[]string{copied, "--force"}, 0, ""},
		{[]string{database, "--force"}, 1, "database itself"},
		{[]string{t.TempDir(), "--force"}, 1, "no regular file"},
		{nil, 2, "name one file"},
	} {
		if code, _, stderr := adtop(t, append([]string{"backup", "--config", cfg}, c.args...)...); code != c.code || !strings.Contains(stderr, c.says) {
			t.Errorf("%v: exit code %d, %s", c.args, code, stderr)
		}
	}
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(copied), ".*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	before := reportJSON(t, cfg)
	if err := os.Rename(copied, database); err != nil {
		t.Fatal(err)
	}
	if after := reportJSON(t, cfg); *after.Total.Cost != *before.Total.Cost || *after.Total.Cost != "40.50" {
		t.Errorf("restored: a cost of %s, before %s", *after.Total.Cost, *before.Total.Cost)
	}
}

func TestAnInterruptedCommandIsNoSuccess(t *testing.T) {
	cfg, _ := collected(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	file := filepath.Join(t.TempDir(), "file")
	for _, args := range [][]string{{"backup", file}, {"export", "-o", file}, {"export", "-o", file, "--format", "csv"}} {
		root := (&app{in: strings.NewReader(""), out: io.Discard, err: io.Discard}).root()
		root.SetArgs(append(args, "--config", cfg))
		if err := root.ExecuteContext(ctx); err == nil || errors.Is(err, context.Canceled) {
			t.Errorf("%v: error %v", args, err)
		}
		if left, err := os.ReadDir(filepath.Dir(file)); err != nil || len(left) > 0 {
			t.Errorf("%v left %v (%v)", args, left, err)
		}
	}
}
