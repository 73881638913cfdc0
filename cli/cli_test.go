package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"adtop/config"
	"adtop/sources/sourcetest"
	"adtop/store"
)

// adtop runs a command line in a home of its own and returns what it printed.
func adtop(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	code = Run(args, strings.NewReader(""), &out, &err)
	return code, out.String(), err.String()
}

// home gives the test folders of its own for config and database.
func home(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("HOME", dir)
	t.Setenv("XDG_DATA_HOME", filepath.Join(dir, "data"))
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(dir, "config"))
	return dir
}

func write(t testing.TB, path, content string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// midday is a zone in which it is past noon now: a test that goes by the clock
// sees no day end, whenever it runs.
var midday = func() string {
	east := 12 - time.Now().UTC().Hour() // hours ahead of Greenwich, -11 to 12
	if east == 0 {
		return "Etc/GMT"
	}
	return fmt.Sprintf("Etc/GMT%+d", -east) // the names go by the sign of POSIX
}()

// shopConfig reads a small export; EXPORT is replaced by the file's path.
var shopConfig = `
title: Shop
currency: EUR
timezone: ` + midday + `
sources:
  - name: partners
    type: csv
    path: EXPORT
    account: {id: p, currency: EUR, timezone: ` + midday + `}
    columns: {date: date, campaign: campaign, clicks: clicks, cost: cost, conversions: orders, revenue: revenue}
channels:
  - name: Partners
    spend: {source: partners}
    economics: {margin: 50%}
`

func TestEveryMistakeIsOneSentenceWithAnExitCode(t *testing.T) {
	dir := home(t)
	broken := write(t, filepath.Join(dir, "broken.yaml"), strings.Replace(shopConfig, "currency: EUR\n", "currency: EUROS\n", 1))
	export := write(t, filepath.Join(dir, "export.csv"), "date,campaign,clicks,cost,orders,revenue\n2026-11-20,A,1,2.00,1,9.00\n2026-11-20,B,one,2.00,1,9.00\n")
	good := write(t, filepath.Join(dir, "good.yaml"), strings.Replace(shopConfig, "EXPORT", export, 1))
	foreign := write(t, filepath.Join(dir, "foreign.yaml"), "database: foreign.db\n"+strings.Replace(shopConfig, "EXPORT", export, 1))
	write(t, filepath.Join(dir, "foreign.db"), strings.Repeat("this is a text file, and no database\n", 200))
	for name, c := range map[string]struct {
		args []string
		code int
		says []string
	}{
		"an unknown command":        {[]string{"fly"}, 2, []string{"fly", "--help"}},
		"an unknown flag":           {[]string{"report", "--frobnicate"}, 2, []string{"frobnicate"}},
		"an unknown range":          {[]string{"report", "--range", "fortnight"}, 2, []string{"fortnight", "FROM..TO"}},
		"an unknown format":         {[]string{"report", "--format", "xml"}, 2, []string{"xml", "json"}},
		"no config":                 {[]string{}, 1, []string{"config.yaml", "config.example.yaml", "adtop demo"}},
		"a wrong config":            {[]string{"--config", broken}, 1, []string{"broken.yaml:3:", "EUROS", "ISO 4217"}},
		"a report without a cache":  {[]string{"report", "--config", good}, 1, []string{"good.db"}},
		"a foreign database":        {[]string{"collect", "--once", "--config", foreign}, 1, []string{"foreign.db", "not an adtop database"}},
		"readers of one collection": {[]string{"collect", "--once", "--feed", ":0", "--config", good}, 2, []string{"--once", "--feed"}},
		"a demo with a wrong start": {[]string{"demo", "--once", "--start", "yesterday"}, 2, []string{"yesterday", "YYYY-MM-DD"}},
		"a demo with a wrong speed": {[]string{"demo", "--speed", "0"}, 2, []string{"speed"}},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := adtop(t, c.args...)
			if code != c.code || stdout != "" {
				t.Errorf("exit code %d, want %d; stdout %q; stderr %q", code, c.code, stdout, stderr)
			}
			for _, part := range c.says {
				if !strings.Contains(stderr, part) {
					t.Errorf("does not say %q:\n%s", part, stderr)
				}
			}
		})
	}
}

func TestABrokenExportLosesNothingThatWasCommitted(t *testing.T) {
	dir := home(t)
	header := "date,campaign,clicks,cost,orders,revenue\n"
	export := write(t, filepath.Join(dir, "export.csv"), header+"2026-11-20,A,10,20.00,2,90.00\n")
	cfg := write(t, filepath.Join(dir, "shop.yaml"), strings.Replace(shopConfig, "EXPORT", export, 1))
	if code, _, stderr := adtop(t, "collect", "--once", "--config", cfg); code != 0 {
		t.Fatal(stderr)
	}
	first := reportJSON(t, cfg)
	write(t, export, header+"2026-11-20,A,10,20.00,2,oops\n")
	if code, _, stderr := adtop(t, "collect", "--once", "--config", cfg); code != 0 {
		t.Fatal(stderr)
	}
	second := reportJSON(t, cfg)
	if *first.Total.Revenue != "90.00" || *second.Total.Revenue != "90.00" || *second.Total.Profit != "25.00" {
		t.Fatalf("revenue was %s, is %s; profit %s", *first.Total.Revenue, *second.Total.Revenue, *second.Total.Profit)
	}
	problem := second.Sources[0].Problem
	if problem == nil || !strings.Contains(*problem, "export.csv") || !strings.Contains(*problem, "oops") {
		t.Fatalf("the source says %q", r2s(problem))
	}
}

func reportJSON(t *testing.T, cfg string) (r jsonReport) {
	t.Helper()
	code, stdout, stderr := adtop(t, "report", "--format", "json", "--range", "2026-11-20..2026-11-20", "--config", cfg)
	if code != 0 {
		t.Fatal(stderr)
	}
	if err := json.Unmarshal([]byte(stdout), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestWithoutATerminalTheTableIsPrintedOnce(t *testing.T) {
	dir := home(t)
	export := write(t, filepath.Join(dir, "export.csv"), "date,campaign,clicks,cost,orders,revenue\n2026-11-20,A,10,20.00,2,90.00\n")
	cfg := write(t, filepath.Join(dir, "shop.yaml"), strings.Replace(shopConfig, "EXPORT", export, 1))
	if code, _, stderr := adtop(t, "collect", "--once", "--config", cfg); code != 0 {
		t.Fatal(stderr)
	}
	code, stdout, stderr := adtop(t, "--config", cfg)
	if code != 0 || !strings.Contains(stdout, "Partners") || strings.Contains(stdout, "\x1b") {
		t.Fatalf("exit code %d, %q %q", code, stdout, stderr)
	}
}

func TestAReportPrintsTheNotesOfItsRange(t *testing.T) {
	dir := home(t)
	export := write(t, filepath.Join(dir, "export.csv"), "date,campaign,clicks,cost,orders,revenue\n2026-11-20,A,10,20.00,2,90.00\n")
	cfg := write(t, filepath.Join(dir, "shop.yaml"), strings.Replace(shopConfig, "EXPORT", export, 1))
	collect := func() {
		t.Helper()
		if code, _, stderr := adtop(t, "collect", "--once", "--config", cfg); code != 0 {
			t.Fatal(stderr)
		}
	}
	collect()
	_, path, err := databaseOf(cfg)
	if err != nil {
		t.Fatal(err)
	}
	cache, err := store.Open(t.Context(), path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for date, text := range map[string]string{"2026-11-20": "sale began", "2026-11-02": "elsewhere"} {
		if err := cache.Send(t.Context(), store.Command{At: time.Now(), Verb: "note", By: "ops", Args: map[string]string{"on": date, "note": text}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := cache.Close(); err != nil {
		t.Fatal(err)
	}
	collect()
	if notes := reportJSON(t, cfg).Notes; len(notes) != 1 || notes[0].Text != "sale began" || notes[0].Date != "2026-11-20" || notes[0].Channel != nil || *notes[0].By != "ops" {
		t.Errorf("notes: %+v", notes)
	}
	code, stdout, stderr := adtop(t, "report", "--range", "2026-11-20..2026-11-20", "--config", cfg)
	if code != 0 || !strings.Contains(stdout, "2026-11-20 sale began (all channels, ops)") || strings.Contains(stdout, "elsewhere") {
		t.Errorf("exit code %d, %s %s", code, stdout, stderr)
	}
}

// TestAWarehouseExportShowsItsTrueTotals reads a real export: 400 rows that
// split campaigns by device and network. The totals were added up from the
// file with an awk script.
func TestAWarehouseExportShowsItsTrueTotals(t *testing.T) {
	fixtures := sourcetest.Fixtures(t)
	dir := home(t)
	export := filepath.Join(fixtures, "microsoft_ads", "warehouse_campaign_daily_first_400.csv")
	cfg := write(t, filepath.Join(dir, "warehouse.yaml"), warehouseConfig(export))
	if code, _, stderr := adtop(t, "collect", "--once", "--config", cfg); code != 0 {
		t.Fatal(stderr)
	}
	code, stdout, stderr := adtop(t, "report", "--format", "json", "--range", "2018-10-01..2019-12-31", "--config", cfg)
	if code != 0 {
		t.Fatal(stderr)
	}
	var r jsonReport
	if err := json.Unmarshal([]byte(stdout), &r); err != nil {
		t.Fatal(err)
	}
	impressions, clicks, spend, conversions, revenue := warehouseTotals(t, export)
	if *r.Total.Impressions != impressions || *r.Total.Clicks != clicks || *r.Total.Cost != spend || *r.Total.Conversions != conversions || *r.Total.Revenue != revenue {
		t.Fatalf("%d impressions, %d clicks, %s spend, %s conversions, %s revenue; the file has %d, %d, %s, %s, %s",
			*r.Total.Impressions, *r.Total.Clicks, *r.Total.Cost, *r.Total.Conversions, *r.Total.Revenue, impressions, clicks, spend, conversions, revenue)
	}
	t.Logf("%d impressions, %d clicks, %s spend, %s conversions, %s revenue", impressions, clicks, spend, conversions, revenue)
}

func TestTheExampleConfigHasTheOptionsOfEveryAdapter(t *testing.T) {
	cfg, err := config.Load(filepath.Join("..", "config.example.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	types := registry()
	seen := map[string]bool{}
	for _, s := range cfg.Sources {
		definition, err := types.Lookup(s.Type)
		if err != nil {
			t.Fatal(s.Locate(err))
		}
		if err := s.Decode(definition.Options()); err != nil {
			t.Error(err)
		}
		seen[s.Type] = true
	}
	for _, name := range types.Names() {
		if !seen[name] {
			t.Errorf("config.example.yaml shows no source of type %s", name)
		}
	}
}

func TestASecondProcessReadsWhileTheFirstCollects(t *testing.T) {
	dir := home(t)
	export := write(t, filepath.Join(dir, "export.csv"), "date,campaign,clicks,cost,orders,revenue\n2026-11-20,A,10,20.00,2,90.00\n")
	path := write(t, filepath.Join(dir, "shop.yaml"), strings.Replace(shopConfig, "EXPORT", export, 1))
	cfg, err := config.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s, err := (&app{}).open(ctx, cfg, true)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.monitor.Run(ctx) }()
	<-s.monitor.Settled()
	if r := reportJSON(t, path); *r.Total.Cost != "20.00" {
		t.Errorf("the report shows a cost of %s", *r.Total.Cost)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := s.close(); err != nil {
		t.Error(err)
	}
}

func r2s(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
