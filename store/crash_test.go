package store_test

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/store"
)

var kills = flag.Int("kills", 20, "how often the tests kill a process that writes")

// oneChannel counts everything for one channel.
var oneChannel = store.Channels{Hash: "one", Of: func(store.Entity) store.Assignment {
	return store.Assignment{Channel: "Ads", Fields: kpi.AllFields}
}}

// writeUntilKilled is the child of TestKilledWriterLosesNothingCommitted: hour
// after hour it polls, decides, and thins what is old by then. It prints the
// number of each hour that was acknowledged.
func writeUntilKilled(path string) {
	ctx := context.Background()
	s, err := store.Open(ctx, path, store.Options{})
	if err != nil {
		panic(err)
	}
	decided, err := s.Alerts(ctx, time.Time{}, time.Now().AddDate(100, 0, 0))
	err = errors.Join(err, s.Assign(ctx, oneChannel, nil))
	for n := len(decided); err == nil; n++ {
		at := time.Date(2026, 1, 2, n, 0, 0, 0, time.UTC)
		date := kpi.DateOf(at, time.UTC)
		batch := ads{n % 3, 20, kpi.DateRange{From: date - 1, To: date}, at, 3}.batch()
		name := fmt.Sprint("alert ", n)
		_, err = s.Commit(ctx, batch)
		err = errors.Join(err, s.Decide(ctx, store.Decision{At: at,
			Alerts:      []store.Alert{{ID: name, At: at, Rule: "r", Subject: "s", State: "firing", Since: at, FiredAt: at, Detail: []byte("{}")}},
			Evaluations: []store.Evaluation{{At: at, Channel: "Ads", P: 0.9, Known: true, Detail: []byte("{}")}},
		}))
		if err == nil {
			fmt.Println(n + 1)
		}
		for range 3 {
			_, thinErr := s.Thin(ctx, at, store.Retention{Detail: 2 * time.Hour, Hourly: 30 * time.Hour, History: 4 * 24 * time.Hour})
			err = errors.Join(err, thinErr)
		}
	}
	panic(err)
}

// What is killed is the process, not the machine: power loss is what
// synchronous=FULL is for.
func TestKilledWriterLosesNothingCommitted(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a process for each kill")
	}
	path := filepath.Join(t.TempDir(), "adtop.db")
	moments := rand.New(rand.NewPCG(1, 2))
	acknowledged := 0
	for range *kills {
		killAtRandom(t, moments, "write", path, func(line string) { acknowledged, _ = strconv.Atoi(line) })
		checkWhole(t, path)
		checkDecisions(t, path, acknowledged)
	}
	t.Logf("%d kills, %d hours acknowledged, none lost", *kills, acknowledged)
}

// killAtRandom starts a child, waits for a few of its lines, and kills it some
// milliseconds later.
func killAtRandom(t *testing.T, moments *rand.Rand, role, path string, told func(string)) {
	t.Helper()
	cmd, lines := child(t, role, path)
	for range moments.IntN(8) {
		if !lines.Scan() {
			t.Fatal("the child ended by itself")
		}
		told(lines.Text())
	}
	killed := time.AfterFunc(time.Duration(moments.IntN(60_000))*time.Microsecond, func() { _ = cmd.Process.Kill() })
	for lines.Scan() {
		told(lines.Text())
	}
	killed.Stop()
	_ = cmd.Wait() // killed
}

// checkDecisions checks that no acknowledged decision was lost, and no alert
// doubled.
func checkDecisions(t *testing.T, path string, acknowledged int) {
	t.Helper()
	checkQueries(t, path, map[string]string{
		fmt.Sprintf("SELECT max(n) >= %d AND max(n) <= %[1]d + 1 FROM (SELECT count(*) AS n FROM evaluation)", acknowledged):                                        "1",
		fmt.Sprintf("SELECT count(*) >= %d AND count(*) = count(DISTINCT alert) AND count(*) = (SELECT count(*) FROM evaluation) FROM alert_version", acknowledged): "1",
	})
}

// checkWhole opens the database and checks that its sums are those of its
// facts.
func checkWhole(t *testing.T, path string) {
	t.Helper()
	open(t, path).Close()
	const gone = "(SELECT coalesce(max(until), 0) / 86400000 FROM resolution WHERE width = 0)" // first date whose hours are kept
	checkQueries(t, path, map[string]string{
		"PRAGMA integrity_check": "ok",
		"SELECT coalesce(sum(cost), 0) = (SELECT coalesce(sum(cost), 0) FROM day WHERE k >> 30 >= " + gone + ") FROM hour WHERE k >> 30 >= " + gone: "1",
		"SELECT coalesce((SELECT sum(clicks) FROM part_sum WHERE (k >> 24) & 63 = 63), 0) = coalesce((SELECT sum(clicks) FROM day), 0)":             "1",
		"SELECT coalesce((SELECT sum(cost) FROM part_sum WHERE (k >> 24) & 63 <> 63), 0) = coalesce((SELECT sum(cost) FROM hour), 0)":               "1",
		"SELECT count(*) FROM hour_past p JOIN hour n ON n.k = p.date << 30 | p.slot WHERE p.until > n.at OR p.at >= p.until":                       "0",
		"SELECT count(*) FROM day_past p WHERE at >= (SELECT at FROM day WHERE k = p.k)":                                                            "0",
		"SELECT count(*) FROM hour WHERE (k & 0xFFFFFF) NOT IN (SELECT entity FROM entity_version)":                                                 "0",
	})
}

func checkQueries(t *testing.T, path string, queries map[string]string) {
	t.Helper()
	db := sql.OpenDB(plainConnector{path})
	defer db.Close()
	for query, want := range queries {
		var got string
		if err := db.QueryRow(query).Scan(&got); err != nil || got != want {
			t.Errorf("%s: got %s (%v), want %s", query, got, err, want)
		}
	}
}
