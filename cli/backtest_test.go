package cli

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"adtop/alert"
	"adtop/monitor"
	"adtop/snapshot"
)

// replayed is a backtest with one alarm of each kind.
func replayed() *monitor.Backtest {
	at := func(hour int) time.Time { return time.Date(2026, 11, 20, hour, 0, 0, 0, time.UTC) }
	return &monitor.Backtest{From: at(0), To: at(23), Moments: 92, Resolution: []monitor.Resolution{{Source: "google", Polls: 92, Gap: 15 * time.Minute}},
		Episodes: []monitor.Episode{
			{Rule: alert.RuleUnprofitable, Subject: "Search", Severity: "critical", Began: at(3), FiredAt: at(9), State: snapshot.Firing, Summary: "Search unprofitable", Lost: 120_500_000,
				Leads: map[string]time.Duration{monitor.NaiveToday: -2 * time.Hour, monitor.NaiveThreeDays: 26 * time.Hour}},
			{Rule: alert.RuleUnprofitable, Subject: "Old", Began: at(1), FiredAt: at(2), EndedAt: at(4), State: snapshot.Resolved, Backfilled: true, Lost: 5_000_000},
			{Rule: alert.RuleSpendSpike, Subject: "Search", Began: at(5), FiredAt: at(5), EndedAt: at(7), State: snapshot.Resolved, Marked: snapshot.MarkedFalse},
		},
		Naive: []monitor.NaiveRule{{Rule: monitor.NaiveToday, Episodes: 22}, {Rule: monitor.NaiveThreeDays, Episodes: 4}, {Rule: monitor.NaiveDay, Episodes: 9}}}
}

func TestBacktestPrintsWhenRulesFiredAndWhatTheyAreWorth(t *testing.T) {
	var out bytes.Buffer
	if err := (&app{out: &out}).printBacktest(replayed(), time.UTC, "EUR", backtestOptions{budget: -1}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"google: 92 polls, one every 15 minutes", "120.50", "2.0 h after: today below break-even", "26.0 h before: three days below",
		"never told: 24 h below for 2 h", "history fetched later: no claim"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, out.String())
		}
	}
	if !slices.ContainsFunc(strings.Split(out.String(), "\n"), func(line string) bool { return strings.Join(strings.Fields(line), " ") == "spend spike 1 1 0" }) {
		t.Errorf("it does not count the false alarm:\n%s", out.String())
	}
	if strings.Contains(out.String(), "5.00") {
		t.Errorf("it claims a loss from history that nobody watched:\n%s", out.String())
	}
	out.Reset()
	if err := (&app{out: &out}).printBacktest(replayed(), time.UTC, "EUR", backtestOptions{budget: -1, format: "json"}); err != nil {
		t.Fatal(err)
	}
	var report struct {
		Episodes []struct {
			Lost  *string             `json:"lost"`
			Hours map[string]*float64 `json:"hours_before"`
		}
	}
	if err := json.Unmarshal(out.Bytes(), &report); err != nil || len(report.Episodes) != 3 {
		t.Fatalf("%v\n%s", err, out.String())
	}
	if first := report.Episodes[0]; *first.Lost != "120.50" || *first.Hours[monitor.NaiveThreeDays] != 26 || first.Hours[monitor.NaiveDay] != nil || report.Episodes[1].Lost != nil {
		t.Errorf("%s", out.String())
	}
}

func TestBacktestFailsWhenARuleExceedsItsBudgetOfFalseAlarms(t *testing.T) {
	for budget, fails := range map[float64]bool{-1: false, 0: true, 0.5: true, 1: false} {
		err := (&app{out: &bytes.Buffer{}}).printBacktest(replayed(), time.UTC, "EUR", backtestOptions{budget: budget})
		if (err != nil) != fails || fails && !strings.Contains(err.Error(), "spend spike") {
			t.Errorf("budget %g: %v", budget, err)
		}
	}
}

func TestBacktestReadsTheCacheOfAConfig(t *testing.T) {
	dir := home(t)
	export := write(t, filepath.Join(dir, "export.csv"), "date,campaign,clicks,cost,orders,revenue\n"+dayAgo(t, 0)+",A,80,100,4,300\n")
	cfg := write(t, filepath.Join(dir, "shop.yaml"), strings.ReplaceAll(shopConfig, "EXPORT", export))
	if code, _, stderr := adtop(t, "backtest", "--config", cfg); code != exitError || !strings.Contains(stderr, "adtop") {
		t.Errorf("without a cache: exit %d, %s", code, stderr)
	}
	if code, _, stderr := adtop(t, "collect", "--once", "--config", cfg); code != 0 {
		t.Fatal(stderr)
	}
	if code, stdout, stderr := adtop(t, "backtest", "--config", cfg); code != 0 || !strings.Contains(stdout, "evaluations from") {
		t.Errorf("exit %d\n%s%s", code, stdout, stderr)
	}
	for _, args := range [][]string{{"--from", "yesterday"}, {"--format", "xml"}, {"--from", "2026-11-20", "--to", "2026-11-01"}, {"--step", "-1h"}} {
		if code, _, stderr := adtop(t, append([]string{"backtest", "--config", cfg}, args...)...); code != exitUsage {
			t.Errorf("%v: exit %d, %s", args, code, stderr)
		}
	}
}
