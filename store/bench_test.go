package store_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/store"

	"github.com/mattn/go-sqlite3"
)

// BenchmarkCommit compares whole commits (history, rollups, what is known of
// entities) with a plain upsert of the same rows, 200 a statement, into a
// database of the same settings, in turn. x-of-plain is rows a second of the
// commits as a share of the plain upsert's.
func BenchmarkCommit(b *testing.B) {
	for _, c := range []struct {
		name    string
		changed int // every nth row, 0 for none
		fresh   bool
	}{{"new", 1, true}, {"unchanged", 0, false}, {"tenth changed", 10, false}} {
		b.Run(c.name, func(b *testing.B) {
			s := open(b, filepath.Join(b.TempDir(), "adtop.db"))
			defer s.Close()
			p := openPlain(b)
			var commits, upserts time.Duration
			rows := 0
			round := func(first kpi.Date, minute int, timed bool) {
				for source := range adSources {
					batch := adBatch(source, first, minute, c.changed)
					keys := plainKeys(source, batch)
					started := time.Now()
					if _, err := s.Commit(context.Background(), batch); err != nil {
						b.Fatal(err)
					}
					middle := time.Now()
					p.upsert(b, keys, batch)
					if timed {
						commits, upserts, rows = commits+middle.Sub(started), upserts+time.Since(middle), rows+len(keys)
					}
				}
			}
			first := kpi.NewDate(2026, 1, 1)
			for minute := range 3 {
				round(first, minute, false)
			}
			minute := 3
			for b.Loop() {
				if c.fresh {
					first += adDays
				}
				round(first, minute, true)
				minute++
			}
			b.ReportMetric(float64(rows)/commits.Seconds(), "rows/s")
			b.ReportMetric(float64(rows)/upserts.Seconds(), "plain-rows/s")
			b.ReportMetric(upserts.Seconds()/commits.Seconds(), "x-of-plain")
			b.ReportMetric(0, "ns/op")
		})
	}
}

const adSources, adCampaigns, adDays = 20, 105, 4

// adBatch has 24 hours of adDays days of all campaigns of one account, in the
// order in which platforms answer.
func adBatch(source int, first kpi.Date, minute, changed int) store.Batch {
	account := sources.Account{ID: fmt.Sprint("act_", source), Name: "Acme", Currency: "EUR", Zone: time.UTC}
	batch := store.Batch{
		Source: fmt.Sprint("ads ", source), Type: "meta_ads", Account: account, ObservedAt: time.Date(2026, 6, 1, 0, minute, 0, 0, time.UTC), Gives: kpi.AllFields,
		Query: sources.Query{Account: account, Days: kpi.DateRange{From: first, To: first + adDays - 1}, Level: sources.LevelCampaign, Grain: sources.Hour},
	}
	for d := batch.Query.Days.From; d <= batch.Query.Days.To; d++ {
		for campaign := range adCampaigns {
			id := fmt.Sprintf("1202%08d", source*1000+campaign)
			entity := sources.Entity{Level: sources.LevelCampaign, ID: id, Name: "Prospecting | DE | " + id, Status: "active"}
			for hour := range 24 {
				n := int64(hour + campaign)
				m := kpi.Metrics{Has: kpi.AllFields, Impressions: 900 + 13*n, Clicks: 20 + n, Cost: kpi.Micros(7_310_000 + 10_007*n), Conversions: kpi.Micros(n % 3 * 1_000_000), Revenue: kpi.Micros(n % 3 * 39_900_000)}
				if changed > 0 && len(batch.Records)%changed == 0 {
					m.Clicks += int64(minute)
					m.Cost += kpi.Micros(minute * 310_000)
				}
				batch.Records = append(batch.Records, sources.Row{Entity: entity, Slot: sources.Slot{Date: d, Grain: sources.Hour, Hour: hour}, Metrics: m})
			}
		}
	}
	return batch
}

// plain is a table like the store's, without anything around it.
type plain struct {
	upsert func(b *testing.B, keys []int64, batch store.Batch)
}

type plainConnector struct{ dsn string }

func (c plainConnector) Connect(context.Context) (driver.Conn, error) {
	return (&sqlite3.SQLiteDriver{}).Open(c.dsn)
}
func (c plainConnector) Driver() driver.Driver { return &sqlite3.SQLiteDriver{} }

func openPlain(b *testing.B) plain {
	dsn := "file:" + filepath.Join(b.TempDir(), "plain.db") + "?_journal_mode=WAL&_synchronous=FULL&_cache_size=-8192"
	db := sql.OpenDB(plainConnector{dsn})
	db.SetMaxOpenConns(1)
	b.Cleanup(func() { db.Close() })
	const columns = "k INTEGER PRIMARY KEY, at INTEGER NOT NULL, has INTEGER NOT NULL, impressions INTEGER NOT NULL, clicks INTEGER NOT NULL, cost INTEGER NOT NULL, conversions INTEGER NOT NULL, revenue INTEGER NOT NULL"
	if _, err := db.Exec("PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 4000; CREATE TABLE plain (" + columns + ")"); err != nil {
		b.Fatal(err)
	}
	stmts := map[int]*sql.Stmt{}
	for _, size := range []int{200, 10, 1} {
		stmt, err := db.Prepare("INSERT INTO plain VALUES " + strings.Repeat(",(?,?,?,?,?,?,?,?)", size)[1:] + ` ON CONFLICT (k) DO UPDATE SET at = excluded.at, has = excluded.has,
			impressions = excluded.impressions, clicks = excluded.clicks, cost = excluded.cost, conversions = excluded.conversions, revenue = excluded.revenue`)
		if err != nil {
			b.Fatal(err)
		}
		stmts[size] = stmt
	}
	return plain{upsert: func(b *testing.B, keys []int64, batch store.Batch) {
		tx, err := db.Begin()
		if err != nil {
			b.Fatal(err)
		}
		prepared := map[int]*sql.Stmt{200: tx.Stmt(stmts[200]), 10: tx.Stmt(stmts[10]), 1: tx.Stmt(stmts[1])}
		args := make([]any, 0, 1600)
		for done, at := 0, batch.ObservedAt.UnixNano(); done < len(keys); {
			size := 200
			for _, smaller := range []int{10, 1} {
				if len(keys)-done < size {
					size = smaller
				}
			}
			args = args[:0]
			for i := done; i < done+size; i++ {
				m := batch.Records[i].(sources.Row).Metrics
				args = append(args, keys[i], at, int64(m.Has), m.Impressions, m.Clicks, int64(m.Cost), int64(m.Conversions), int64(m.Revenue))
			}
			if _, err := prepared[size].Exec(args...); err != nil {
				b.Fatal(err)
			}
			done += size
		}
		if err := tx.Commit(); err != nil {
			b.Fatal(err)
		}
	}}
}

// plainKeys packs hour and campaign as the store does.
func plainKeys(source int, batch store.Batch) []int64 {
	keys := make([]int64, len(batch.Records))
	for i, record := range batch.Records {
		slot := record.(sources.Row).Slot
		campaign := i / 24 % adCampaigns
		keys[i] = (int64(slot.Date)*64+int64(slot.Hour))<<24 | int64(source*adCampaigns+campaign+1)
	}
	return keys
}
