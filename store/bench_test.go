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
	"golang.org/x/sys/unix"
)

// BenchmarkCommit compares whole commits of 10,080 rows (history, sums by day
// and channel, what is known of entities) with a plain upsert of the same rows,
// 200 a statement and as many a transaction, into a database of the same key
// and settings, in turn. x-of-plain is rows a second of the commits as a share
// of the plain upsert's, cpu-x-of-plain the same by processor time. Older commits are
// of moments before one that is known already: they are fitted into its past.
func BenchmarkCommit(b *testing.B) {
	for _, c := range []struct {
		name         string
		changed      int // every nth row, 0 for none
		fresh, older bool
	}{{"new", 1, true, false}, {"unchanged", 0, false, false}, {"tenth changed", 10, false, false}, {"tenth changed, older", 10, false, true}} {
		b.Run(c.name, func(b *testing.B) {
			s := open(b, filepath.Join(b.TempDir(), "adtop.db"))
			defer s.Close()
			if err := s.Assign(context.Background(), channelOfSource, nil); err != nil {
				b.Fatal(err)
			}
			p := openPlain(b)
			var commits, upserts, commitCPU, upsertCPU time.Duration
			rows := 0
			round := func(first kpi.Date, minute int, timed bool) {
				for source := range adSources {
					batch := adBatch(source, first, minute, c.changed)
					keys := plainKeys(source, batch)
					started, busy := time.Now(), processorTime(b)
					if _, err := s.Commit(context.Background(), batch); err != nil {
						b.Fatal(err)
					}
					middle, busyThen := time.Now(), processorTime(b)
					p.upsert(b, keys, batch)
					if timed {
						commits, upserts, rows = commits+middle.Sub(started), upserts+time.Since(middle), rows+len(keys)
						commitCPU, upsertCPU = commitCPU+busyThen-busy, upsertCPU+processorTime(b)-busyThen
					}
				}
			}
			first := kpi.NewDate(2026, 1, 1)
			if c.older {
				round(first, 1_000_000, false)
			}
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
			b.ReportMetric(upsertCPU.Seconds()/commitCPU.Seconds(), "cpu-x-of-plain")
			b.ReportMetric(0, "ns/op")
		})
	}
}

const adSources, adCampaigns, adDays = 20, 105, 4

// ads is what one source answers: all hours of some days of its campaigns, in
// the order in which platforms answer.
type ads struct {
	source, campaigns int
	days              kpi.DateRange
	at                time.Time
	changed           int // every nth row has changed since the last poll, 0 for none
}

// adBatch is one poll of adDays days, observed at a minute of June 2026.
func adBatch(source int, first kpi.Date, minute, changed int) store.Batch {
	return ads{source, adCampaigns, kpi.DateRange{From: first, To: first + adDays - 1}, time.Date(2026, 6, 1, 0, minute, 0, 0, time.UTC), changed}.batch()
}

func (a ads) batch() store.Batch {
	account := sources.Account{ID: fmt.Sprint("act_", a.source), Name: "Acme", Currency: "EUR", Zone: time.UTC}
	batch := store.Batch{
		Source: fmt.Sprint("ads ", a.source), Type: "meta_ads", Account: account, ObservedAt: a.at, Gives: kpi.AllFields,
		Query:   sources.Query{Account: account, Days: a.days, Level: sources.LevelCampaign, Grain: sources.Hour},
		Records: make([]sources.Record, 0, a.days.Days()*a.campaigns*24),
	}
	news := int64(a.at.Unix()/60) % 100_000
	for d := a.days.From; d <= a.days.To; d++ {
		for campaign := range a.campaigns {
			id := fmt.Sprintf("1202%08d", a.source*1000+campaign)
			entity := sources.Entity{Level: sources.LevelCampaign, ID: id, Name: "Prospecting | DE | " + id, Status: "active"}
			for hour := range 24 {
				n := int64(hour + campaign)
				m := kpi.Metrics{Has: kpi.AllFields, Impressions: 900 + 13*n, Clicks: 20 + n, Cost: kpi.Micros(7_310_000 + 10_007*n), Conversions: kpi.Micros(n % 3 * 1_000_000), Revenue: kpi.Micros(n % 3 * 39_900_000), ViewThrough: kpi.Micros(n % 2 * 1_000_000)}
				if a.changed > 0 && len(batch.Records)%a.changed == 0 {
					m.Clicks += news
					m.Cost += kpi.Micros(news * 310_000)
				}
				batch.Records = append(batch.Records, sources.Row{Entity: entity, Slot: sources.Slot{Date: d, Grain: sources.Hour, Hour: hour}, Metrics: m})
			}
		}
	}
	return batch
}

// channelOfSource makes a channel of every source.
var channelOfSource = store.Channels{Hash: "sources", Of: func(e store.Entity) store.Assignment {
	return store.Assignment{Channel: e.Source, Fields: kpi.AllFields}
}}

// processorTime is what this process has used so far.
func processorTime(b *testing.B) time.Duration {
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
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

const plainTable = "CREATE TABLE plain (k INTEGER PRIMARY KEY, at INTEGER NOT NULL, has INTEGER NOT NULL, impressions INTEGER NOT NULL, clicks INTEGER NOT NULL, cost INTEGER NOT NULL, conversions INTEGER NOT NULL, revenue INTEGER NOT NULL, view_through INTEGER NOT NULL)"

func openPlain(b *testing.B) plain {
	dsn := "file:" + filepath.Join(b.TempDir(), "plain.db") + "?_journal_mode=WAL&_synchronous=FULL&_cache_size=-8192"
	db := sql.OpenDB(plainConnector{dsn})
	db.SetMaxOpenConns(1)
	b.Cleanup(func() { db.Close() })
	if _, err := db.Exec("PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 4000; " + plainTable); err != nil {
		b.Fatal(err)
	}
	stmts := map[int]*sql.Stmt{}
	for _, size := range []int{200, 10, 1} {
		stmt, err := db.Prepare("INSERT INTO plain VALUES " + strings.Repeat(",(?,?,?,?,?,?,?,?,?)", size)[1:] + ` ON CONFLICT (k) DO UPDATE SET at = excluded.at, has = excluded.has,
			impressions = excluded.impressions, clicks = excluded.clicks, cost = excluded.cost, conversions = excluded.conversions, revenue = excluded.revenue, view_through = excluded.view_through`)
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
		args := make([]any, 0, 1800)
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
				args = append(args, keys[i], at, int64(m.Has), m.Impressions, m.Clicks, int64(m.Cost), int64(m.Conversions), int64(m.Revenue), int64(m.ViewThrough))
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
