package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/store"
)

// earlier are the versions of which databases are about.
var earlier = map[int]func(t *testing.T, path string, campaigns int){1: firstVersion, 2: laterVersion(2), 3: laterVersion(3), 4: laterVersion(4), 5: laterVersion(5), 6: laterVersion(6), 7: laterVersion(7)}

// laterVersion makes that of firstVersion as another version had it.
func laterVersion(version int) func(t *testing.T, path string, campaigns int) {
	return func(t *testing.T, path string, campaigns int) {
		t.Helper()
		firstVersion(t, path, campaigns)
		db := sql.OpenDB(plainConnector{path})
		defer db.Close()
		for v := 2; v <= version; v++ {
			script, err := os.ReadFile(filepath.Join("migrations", fmt.Sprint(v, ".sql")))
			if err != nil {
				t.Fatal(err)
			}
			for _, statement := range []string{string(script), fmt.Sprint("PRAGMA user_version = ", v)} {
				if _, err := db.Exec(statement); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// firstVersion makes a database as the first version wrote it: the hours and
// whole days of some campaigns, part of them restated twice.
func firstVersion(t *testing.T, path string, campaigns int) {
	t.Helper()
	schema, err := os.ReadFile(filepath.Join("migrations", "1.sql"))
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(plainConnector{path})
	defer db.Close()
	numbers := fmt.Sprintf("WITH RECURSIVE e (e) AS (SELECT 1 UNION ALL SELECT e + 1 FROM e WHERE e < %d), d (d) AS (SELECT 20600 UNION ALL SELECT d + 1 FROM d WHERE d < 20603), h (h) AS (SELECT 0 UNION ALL SELECT h + 1 FROM h WHERE h < 23) ", campaigns)
	const second = "1000000000"
	for _, statement := range []string{
		"PRAGMA auto_vacuum = INCREMENTAL", "PRAGMA journal_mode = WAL", string(schema), "PRAGMA application_id = 1633973360", "PRAGMA user_version = 1",
		"INSERT INTO feed VALUES (1, 'ads', '1')",
		"INSERT INTO account_version VALUES (1, 1780000000 * " + second + ", 'meta_ads', 'Acme', 'EUR', 'UTC')",
		"INSERT INTO poll VALUES (1, 1, 1780009000 * " + second + ", 20600, 20603, 2, 1, '', 1780008000 * " + second + ", 0, '', '', 0, NULL, 0, '', 9)",
		numbers + "INSERT INTO entity SELECT e, 1, 2, '', 'c' || e, '', '', '' FROM e",
		numbers + "INSERT INTO entity_version SELECT e, 1780000000 * " + second + ", 'Campaign ' || e, 'active', '' FROM e",
		// Every fifth campaign reports whole days, the others hours.
		numbers + "INSERT INTO latest SELECT ((d * 64 + h) << 24) | e, (1780000000 + e % 3 * 3000) * " + second + ", 31, 100 * h, h, 1000000 * (e % 7) + h, 1000000, 2000000 FROM e, d, h WHERE e % 5 > 0",
		numbers + "INSERT INTO latest SELECT ((d * 64 + 63) << 24) | e, (1780000000 + e % 3 * 3000) * " + second + ", 31, 2400, 24, 24000000, 1000000, 2000000 FROM e, d WHERE e % 5 = 0",
		"INSERT INTO obs SELECT k, at - 1000 * " + second + ", has, impressions, clicks, cost / 2, conversions, revenue FROM latest WHERE (k & 0xFFFFFF) % 3 > 0",
		"INSERT INTO obs SELECT k, at - 2000 * " + second + ", has, impressions, clicks, cost / 4, conversions, 0 FROM latest WHERE (k & 0xFFFFFF) % 3 = 2",
		"INSERT INTO entity_day SELECT (k >> 30) << 24 | (k & 0xFFFFFF), max(at), max((k >> 24) & 63) = 63, 31, sum(impressions), sum(clicks), sum(cost), sum(conversions), sum(revenue) FROM latest GROUP BY 1",
		"INSERT INTO alert VALUES (1, 'unprofitable/Ads')",
		"INSERT INTO alert_version VALUES (1, 1780000000 * " + second + ", 'unprofitable', 'Ads', 'critical', 'firing', 1780000000 * " + second + ", 1780000000 * " + second + ", 0, 'ops', '', 1780001000 * " + second + ", 'losing', x'7B7D')",
	} {
		if _, err := db.Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement[:min(len(statement), 80)], err)
		}
	}
}

// checkFirstVersion checks that what firstVersion wrote is answered, as of
// every moment at which something changed.
func checkFirstVersion(t *testing.T, s *store.SQLite, campaigns int) {
	t.Helper()
	ctx := context.Background()
	all := kpi.DateRange{From: 20600, To: 20603}
	for _, since := range []int64{-2500, -1500, -500, 0, 1500, 2500, 3500, 5000, 7000} {
		var want kpi.Micros
		for e := 1; e <= campaigns; e++ {
			costs := func(cost kpi.Micros) (now kpi.Micros) { // in force: a quarter, a half, all
				at := int64(e % 3 * 3000)
				switch {
				case since >= at:
					return cost
				case e%3 > 0 && since >= at-1000:
					return cost / 2
				case e%3 == 2 && since >= at-2000:
					return cost / 4
				}
				return 0
			}
			if e%5 == 0 {
				want += 4 * costs(24_000_000)
				continue
			}
			for hour := range 24 {
				want += 4 * costs(kpi.Micros(1_000_000*(e%7)+hour))
			}
		}
		asOf := time.Unix(1780000000+since, 0)
		totals, err := s.Days(ctx, all, asOf, nil)
		parts, err2 := s.ChannelDays(ctx, oneChannel, all, asOf)
		if err := errors.Join(err, err2); err != nil {
			t.Fatal(err)
		}
		var got, ofChannel kpi.Micros
		for _, total := range totals {
			got += total.Metrics.Cost
		}
		for _, part := range parts {
			ofChannel += part.Metrics.Cost
		}
		if got != want || ofChannel != want {
			t.Errorf("cost as of %d s: %d by campaign, %d by channel, want %d", since, got, ofChannel, want)
		}
	}
	polls, err := s.Polls(ctx, time.Time{}, time.Unix(1780010000, 0))
	if err != nil || len(polls) != 1 || polls[0].Changed != 9 || polls[0].Level != sources.LevelCampaign || polls[0].Parent != "" || !polls[0].Expires.IsZero() {
		t.Errorf("polls: %+v, %v", polls, err)
	}
	before, _, err := s.Moments(ctx, time.Unix(1780010000, 0))
	_, after, err2 := s.Moments(ctx, time.Unix(1780000000, 0))
	if err := errors.Join(err, err2); err != nil || !before.IsZero() || !after.IsZero() { // the only poll is what is known now
		t.Errorf("moments: %s and %s, %v", before, after, err)
	}
	alerts, err := s.Alerts(ctx, time.Time{}, time.Unix(1780005000, 0))
	if err != nil || len(alerts) != 1 || alerts[0].AckedBy != "ops" || !alerts[0].FiredAt.Equal(time.Unix(1780000000, 0)) {
		t.Errorf("alerts: %+v, %v", alerts, err)
	}
}

func TestOlderDatabaseIsMigratedWithAllThatItKnew(t *testing.T) {
	for version, write := range earlier {
		t.Run(fmt.Sprint("version ", version), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "adtop.db")
			const campaigns = 40
			write(t, path, campaigns)
			s := open(t, path)
			defer s.Close()
			checkFirstVersion(t, s, campaigns) // its sums are not made yet
			if err := s.Assign(context.Background(), oneChannel, nil); err != nil {
				t.Fatal(err)
			}
			checkFirstVersion(t, s, campaigns)
			note := store.Note{ID: "n", At: time.Unix(1780020000, 0), Date: 20600, Text: "sale"}
			err := s.Decide(context.Background(), store.Decision{At: note.At, Notes: []store.Note{note}})
			notes, err2 := s.Notes(context.Background(), kpi.DateRange{From: 20600, To: 20600}, note.At)
			if err := errors.Join(err, err2); err != nil || len(notes) != 1 {
				t.Errorf("notes: %+v, %v", notes, err)
			}
		})
	}
}

// TestWhatWasKnownBeforeViewsWereToldTellsNothingOfThem: no zero appears where nobody
// looked, and a later answer adds them. The migration rewrites no row, so that a cache of
// any size takes no time.
func TestWhatWasKnownBeforeViewsWereToldTellsNothingOfThem(t *testing.T) {
	ctx, path := context.Background(), filepath.Join(t.TempDir(), "adtop.db")
	const campaigns = 2000
	earlier[7](t, path, campaigns)
	db := sql.OpenDB(plainConnector{path})
	db.SetMaxOpenConns(1)
	script, err := os.ReadFile(filepath.Join("migrations", "8.sql"))
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{"PRAGMA wal_checkpoint(TRUNCATE)", "BEGIN", string(script), "PRAGMA user_version = 8", "COMMIT"} {
		if _, err := db.Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	whole, err := os.Stat(path)
	written, err2 := os.Stat(path + "-wal")
	if err := errors.Join(err, err2); err != nil || written.Size() > 256<<10 || whole.Size() < 20*written.Size() {
		t.Errorf("%v bytes were written for %v, %v", written, whole, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	s := open(t, path)
	defer s.Close()
	all, asOf := kpi.DateRange{From: 20600, To: 20603}, time.Unix(1780010000, 0)
	totals, err := s.Days(ctx, all, asOf, nil)
	if err != nil || len(totals) != 4*campaigns {
		t.Fatalf("%d totals, %v", len(totals), err)
	}
	for _, total := range totals {
		if total.Metrics.Has != kpi.Usual || total.Metrics.ViewThrough != 0 {
			t.Fatalf("%+v", total)
		}
	}
	checkFirstVersion(t, s, campaigns)
}

// TestSumsKeepWhoseResultsTheyAreWhenPendingOnesPart: version 6 told customers apart, and
// knew of no pending results.
func TestSumsKeepWhoseResultsTheyAreWhenPendingOnesPart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "adtop.db")
	earlier[6](t, path, 1)
	db := sql.OpenDB(plainConnector{path})
	defer db.Close()
	for _, statement := range []string{
		"INSERT INTO part VALUES (1, 1, 'Shop', 31, ''), (2, 1, 'Shop', 31, 'new')",
		"DELETE FROM unsummed",
		"INSERT INTO setting VALUES ('channels', 'by customer')",
		"INSERT INTO part_sum SELECT ((20600 * 64 + 63) << 24) | id, 1780000000 * 1000, 31, 0, 0, 0, id * 1000000, 0 FROM part",
	} {
		if _, err := db.Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	s := open(t, path)
	defer s.Close()
	channels := store.Channels{Hash: "by customer", Of: func(store.Entity) store.Assignment { return store.Assignment{} }}
	sums, err := s.ChannelDays(context.Background(), channels, kpi.DateRange{From: 20600, To: 20600}, time.Unix(1780000000, 0))
	if err != nil || len(sums) != 2 {
		t.Fatalf("%+v, %v", sums, err)
	}
	for i, customer := range []string{"", sources.NewCustomer} {
		want := store.Part{Channel: "Shop", Source: "ads", Account: "1", Fields: kpi.AllFields, Customer: customer}
		if got := sums[i]; got.Part != want || got.Metrics.Conversions != kpi.Micros(i+1)*kpi.MicrosPerUnit {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
}

func TestKilledMigrationLosesNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a process for each kill")
	}
	const campaigns = 400
	var fresh []string
	for version, write := range earlier {
		fresh = append(fresh, filepath.Join(t.TempDir(), fmt.Sprint(version, ".db")))
		write(t, fresh[len(fresh)-1], campaigns)
	}
	moments := rand.New(rand.NewPCG(3, 4))
	half := 0
	for n := range max(1, *kills/4) {
		path := filepath.Join(t.TempDir(), "adtop.db")
		copyFile(t, fresh[n%len(fresh)], path)
		cmd, lines := child(t, "migrate", path)
		killed := time.AfterFunc(time.Duration(moments.IntN(400_000))*time.Microsecond, func() { _ = cmd.Process.Kill() })
		if !lines.Scan() {
			half++
		}
		killed.Stop()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		s := open(t, path)
		checkFirstVersion(t, s, campaigns)
		s.Close()
	}
	t.Logf("%d of %d killed before the end", half, max(1, *kills/4))
}

// migrate is the child of TestKilledMigrationLosesNothing.
func migrate(path string) {
	s, err := store.Open(context.Background(), path, store.Options{})
	if err == nil {
		err = s.Assign(context.Background(), oneChannel, nil)
	}
	if err != nil {
		panic(err)
	}
	fmt.Println("migrated")
	select {} // until it is killed
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.Create(to)
	if err == nil {
		_, err = io.Copy(out, in)
		err = errors.Join(err, out.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}
