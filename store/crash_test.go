package store_test

import (
	"context"
	"database/sql"
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

var kills = flag.Int("kills", 10, "how often TestKilledWriterLosesNothingCommitted kills its writer")

// oneChannel counts everything for one channel.
var oneChannel = store.Channels{Hash: "one", Of: func(store.Entity) store.Assignment { return store.Assignment{Channel: "Ads", Fields: kpi.AllFields} }}

// writeUntilKilled is the child of TestKilledWriterLosesNothingCommitted: it
// prints the number of each write that was acknowledged.
func writeUntilKilled(path string) {
	s, err := store.Open(context.Background(), path, store.Options{})
	if err != nil {
		panic(err)
	}
	first, err := s.Seq(context.Background())
	if err != nil {
		panic(err)
	}
	if err := s.Assign(context.Background(), oneChannel, nil); err != nil {
		panic(err)
	}
	for n := int(first); ; n++ {
		if _, err := s.Commit(context.Background(), adBatch(n%3, kpi.NewDate(2026, 1, 1)+kpi.Date(n/9), n, 7)); err != nil {
			panic(err)
		}
		polls, err := s.Polls(context.Background(), time.Time{}, time.Now().AddDate(100, 0, 0))
		if err != nil {
			panic(err)
		}
		fmt.Println(len(polls))
	}
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
		cmd, lines := child(t, "write", path)
		for range 1 + moments.IntN(6) {
			if !lines.Scan() {
				t.Fatal("the writer ended by itself")
			}
			acknowledged, _ = strconv.Atoi(lines.Text())
		}
		killed := time.AfterFunc(time.Duration(moments.IntN(20_000))*time.Microsecond, func() { _ = cmd.Process.Kill() })
		for lines.Scan() {
			acknowledged, _ = strconv.Atoi(lines.Text())
		}
		killed.Stop()
		_ = cmd.Wait() // killed
		checkWhole(t, path, acknowledged)
	}
}

// checkWhole opens the database and checks that it holds every acknowledged
// poll and that its totals are those of its facts.
func checkWhole(t *testing.T, path string, acknowledged int) {
	t.Helper()
	s := open(t, path)
	if seq, err := s.Seq(context.Background()); err != nil || seq < int64(acknowledged) {
		t.Errorf("seq is %d (%v) after %d acknowledged writes", seq, err, acknowledged)
	}
	s.Close()
	db := sql.OpenDB(plainConnector{path})
	defer db.Close()
	for query, want := range map[string]string{
		"PRAGMA quick_check": "ok",
		fmt.Sprintf("SELECT count(*) >= %d AND count(*) <= (SELECT n FROM seq) FROM poll", acknowledged):                      "1",
		"SELECT (SELECT sum(cost) FROM hour) = (SELECT sum(cost) FROM day)":                                                   "1",
		"SELECT (SELECT sum(clicks) FROM hour) = (SELECT sum(clicks) FROM day)":                                               "1",
		"SELECT (SELECT sum(cost) FROM part_sum WHERE (k >> 24) & 63 = 63) = (SELECT sum(cost) FROM day)":                     "1",
		"SELECT (SELECT sum(cost) FROM part_sum WHERE (k >> 24) & 63 <> 63) = (SELECT sum(cost) FROM hour)":                   "1",
		"SELECT (SELECT count(*) FROM hour) + (SELECT count(*) FROM hour_past) = (SELECT sum(changed) FROM poll)":             "1",
		"SELECT count(*) FROM hour_past p WHERE until > (SELECT at FROM hour WHERE k = p.date << 30 | p.slot) OR at >= until": "0",
		"SELECT count(*) FROM day_past p WHERE at >= (SELECT at FROM day WHERE k = p.k)":                                      "0",
		"SELECT count(*) FROM hour WHERE (k & 0xFFFFFF) NOT IN (SELECT entity FROM entity_version)":                           "0",
	} {
		var got string
		if err := db.QueryRow(query).Scan(&got); err != nil || got != want {
			t.Errorf("%s: got %s (%v), want %s", query, got, err, want)
		}
	}
}
