package store_test

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/store"

	"golang.org/x/sys/unix"
)

// rows is the size of the big database. The full table of figures needs ten
// million, and some twenty minutes.
var rows = flag.Int("store.rows", 500_000, "how many hours of campaigns the big database of the benchmarks holds")

const bigDays = 60

var (
	bigEnd = kpi.NewDate(2026, 6, 30) // the last date of the big database
	bigNow = (bigEnd + 1).Start(time.UTC).Add(-time.Minute)
)

// big is a database of sixty days as they were observed: every date once when
// it was over, and again one, three and seven days later, with a tenth of its
// hours changed.
type big struct {
	*store.SQLite
	path      string
	campaigns int
}

func openBig(b *testing.B, rows int) *big {
	return openDays(b, max(1, rows/adSources/bigDays/24), bigDays)
}

func openDays(b *testing.B, campaigns int, days kpi.Date) *big {
	b.Helper()
	d := &big{path: filepath.Join(b.TempDir(), "big.db"), campaigns: campaigns}
	d.SQLite = open(b, d.path)
	b.Cleanup(func() { d.Close() })
	if err := d.Assign(context.Background(), channelOfSource, nil); err != nil {
		b.Fatal(err)
	}
	for day := bigEnd - days + 1; day <= bigEnd; day++ {
		for _, age := range []kpi.Date{0, 1, 3, 7} {
			if date := day - age; date > bigEnd-days {
				changed := 0
				if age > 0 {
					changed = 10
				}
				d.poll(b, date, (day + 1).Start(time.UTC).Add(-time.Hour+time.Duration(age)*time.Minute), changed)
			}
		}
	}
	return d
}

// poll has every source answer for one date.
func (d *big) poll(b *testing.B, date kpi.Date, at time.Time, changed int) (rows int) {
	b.Helper()
	for source := range adSources {
		batch := ads{source, d.campaigns, kpi.DateRange{From: date, To: date}, at, changed}.batch()
		if _, err := d.Commit(context.Background(), batch); err != nil {
			b.Fatal(err)
		}
		rows += len(batch.Records)
	}
	return rows
}

// overview asks what the overview shows: sixty days of every channel (today, 7
// and 30 days, each against the days before), its last 48 hours, and the fifty
// campaigns that spent most in a week, with their days.
func (d *big) overview(b testing.TB, s *store.SQLite, asOf time.Time) {
	b.Helper()
	ctx := context.Background()
	last := kpi.DateOf(asOf, time.UTC)
	days, err := s.ChannelDays(ctx, channelOfSource, kpi.DateRange{From: last - 59, To: last}, asOf)
	hours, err2 := s.ChannelHours(ctx, channelOfSource, kpi.DateRange{From: last - 1, To: last}, asOf)
	week := kpi.DateRange{From: last - 6, To: last}
	top, err3 := s.Top(ctx, week, asOf, nil, 50)
	totals, err4 := s.Days(ctx, week, asOf, top)
	if err := errors.Join(err, err2, err3, err4); err != nil {
		b.Fatal(err)
	}
	if len(days) < adSources || len(hours) < adSources || len(top) != min(50, adSources*d.campaigns) || len(totals) < len(top) {
		b.Fatalf("as of %s: %d days, %d hours of channels, %d campaigns with %d days", asOf, len(days), len(hours), len(top), len(totals))
	}
}

// scan adds up every hour there is, as an overview without sums would.
func scan(b *testing.B, path string) {
	db := sql.OpenDB(plainConnector{path})
	defer db.Close()
	var n int
	if err := db.QueryRow("SELECT count(*) FROM (SELECT k & 0xFFFFFF, k >> 30, sum(cost), sum(revenue) FROM hour GROUP BY 1, 2)").Scan(&n); err != nil || n == 0 {
		b.Fatal(n, err)
	}
}

// timed runs f until there are enough runs, and returns their times in order.
func timed(n int, f func()) []time.Duration {
	times := make([]time.Duration, n)
	for i := range times {
		started := time.Now()
		f()
		times[i] = time.Since(started)
	}
	slices.Sort(times)
	return times
}

func median(sorted []time.Duration) time.Duration { return sorted[len(sorted)/2] }

func p99(sorted []time.Duration) time.Duration { return sorted[(len(sorted)*99+99)/100-1] }

func ms(b *testing.B, d time.Duration, unit string) {
	b.ReportMetric(float64(d.Microseconds())/1000, unit)
}

// BenchmarkBig reports how reads, writes and the file behave at -store.rows
// rows, beside a tenth of them.
func BenchmarkBig(b *testing.B) {
	small, large := openBig(b, *rows/10), openBig(b, *rows)
	b.Run("overview", func(b *testing.B) {
		for b.Loop() {
			atSmall := median(timed(21, func() { small.overview(b, small.SQLite, bigNow) }))
			atLarge := median(timed(21, func() { large.overview(b, large.SQLite, bigNow) }))
			full := median(timed(3, func() { scan(b, large.path) }))
			ms(b, atLarge, "ms")
			b.ReportMetric(atLarge.Seconds()/atSmall.Seconds(), "x-of-a-tenth")
			b.ReportMetric(full.Seconds()/atLarge.Seconds(), "scan-x")
		}
		b.ReportMetric(0, "ns/op")
	})
	b.Run("moments", func(b *testing.B) {
		walk := func(d *big) time.Duration {
			asOf := bigNow
			return median(timed(41, func() {
				earlier, _, err := d.Moments(context.Background(), asOf)
				if err != nil || earlier.IsZero() {
					b.Fatal(earlier, err)
				}
				asOf = earlier
			}))
		}
		for b.Loop() {
			atSmall, atLarge := walk(small), walk(large)
			ms(b, atLarge, "ms")
			b.ReportMetric(atLarge.Seconds()/atSmall.Seconds(), "x-of-a-tenth")
		}
		b.ReportMetric(0, "ns/op")
	})
	b.Run("as of", func(b *testing.B) {
		instants := rand.New(rand.NewPCG(1, 2))
		for b.Loop() {
			live := median(timed(21, func() { large.overview(b, large.SQLite, bigNow) }))
			past := timed(60, func() {
				large.overview(b, large.SQLite, bigNow.Add(-time.Duration(instants.Int64N(int64(14*24*time.Hour)))))
			})
			ms(b, median(past), "ms")
			b.ReportMetric(median(past).Seconds()/live.Seconds(), "x-of-live")
			b.ReportMetric(past[len(past)-1].Seconds()/live.Seconds(), "worst-x-of-live")
		}
		b.ReportMetric(0, "ns/op")
	})
	b.Run("while written", func(b *testing.B) { large.whileWritten(b) })
	b.Run("open", func(b *testing.B) { large.coldOpen(b) })
	b.Run("commit", func(b *testing.B) {
		young := openDays(b, large.campaigns, bigDays/20)
		date := bigEnd + 1
		rate := func(d *big) float64 {
			started := time.Now()
			rows := d.poll(b, date, (date + 1).Start(time.UTC), 0)
			return float64(rows) / time.Since(started).Seconds()
		}
		var youngs, larges float64
		for b.Loop() {
			youngs, larges = youngs+rate(young), larges+rate(large)
			date++
		}
		b.ReportMetric(larges/float64(b.N), "rows/s")
		b.ReportMetric(larges/youngs, "x-of-a-twentieth")
		b.ReportMetric(0, "ns/op")
	})
	b.Run("size", func(b *testing.B) { large.sizes(b) })
	b.Run("retention", func(b *testing.B) { large.retention(b) })
}

// whileWritten compares the overview's slowest answers while polls are written
// flat out with those of a quiet database.
func (d *big) whileWritten(b *testing.B) {
	for b.Loop() {
		ask := func() { d.overview(b, d.SQLite, bigNow) }
		idle := timed(200, ask)
		stop := make(chan struct{})
		stopped := make(chan int)
		go func() {
			written := 0
			for n := 0; ; n++ {
				select {
				case <-stop:
					stopped <- written
					return
				default:
					batch := ads{n % adSources, d.campaigns, kpi.DateRange{From: bigEnd - 1, To: bigEnd}, bigNow.Add(time.Duration(n+1) * time.Second), 10}.batch()
					if _, err := d.Commit(context.Background(), batch); err != nil {
						panic(err)
					}
					written += len(batch.Records)
				}
			}
		}()
		busy := timed(200, ask)
		close(stop)
		if written := <-stopped; written == 0 {
			b.Fatal("nothing was written meanwhile")
		}
		ms(b, p99(idle), "idle-p99-ms")
		ms(b, p99(busy), "p99-ms")
		b.ReportMetric(p99(busy).Seconds()/p99(idle).Seconds(), "x-of-idle")
	}
	b.ReportMetric(0, "ns/op")
}

// coldOpen opens the database with its pages out of memory and asks for what
// the overview shows first.
func (d *big) coldOpen(b *testing.B) {
	for b.Loop() {
		var first []time.Duration
		for range 9 {
			forget := exec.Command(os.Args[0])
			forget.Env = append(os.Environ(), "ADTOP_STORE_CHILD=forget", "ADTOP_STORE_PATH="+d.path)
			if out, err := forget.CombinedOutput(); err != nil {
				b.Fatalf("%s", out)
			}
			started := time.Now()
			s, err := store.Open(context.Background(), d.path, store.Options{ReadOnly: true})
			if err != nil {
				b.Fatal(err)
			}
			if days, err := s.ChannelDays(context.Background(), channelOfSource, kpi.DateRange{From: bigEnd, To: bigEnd}, bigNow); err != nil || len(days) == 0 {
				b.Fatal(days, err)
			}
			first = append(first, time.Since(started))
			s.Close()
		}
		slices.Sort(first)
		ms(b, median(first), "cold-ms")
	}
	b.ReportMetric(0, "ns/op")
}

// forgetPages has the system drop a file from its page cache. It runs in a
// process of its own: closing a file frees the locks that SQLite holds on it.
func forgetPages(path string) {
	for _, name := range []string{path, path + "-wal"} {
		file, err := os.Open(name)
		if err != nil {
			continue
		}
		if err := errors.Join(file.Sync(), unix.Fadvise(int(file.Fd()), 0, 0, unix.FADV_DONTNEED)); err != nil {
			panic(err)
		}
	}
}

// sizes reports bytes by table, as the sqlite3 shell sees them.
func (d *big) sizes(b *testing.B) {
	shell, err := exec.LookPath("sqlite3")
	if err != nil {
		b.Skip("the sqlite3 shell is not installed")
	}
	ask := func(query string) float64 {
		out, err := exec.Command(shell, d.path, query).CombinedOutput()
		if err != nil {
			b.Fatalf("%s: %s", query, out)
		}
		n, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
		if err != nil {
			b.Fatalf("%s: %s", query, out)
		}
		return n
	}
	size := func(tables ...string) float64 {
		return ask("SELECT sum(pgsize) FROM dbstat WHERE name IN ('" + strings.Join(tables, "','") + "')")
	}
	count := func(table string) float64 { return ask("SELECT count(*) FROM " + table) }
	for b.Loop() {
		b.ReportMetric(size("hour")/count("hour"), "B/row")
		b.ReportMetric(size("hour_past")/count("hour_past"), "B/past-hour")
		b.ReportMetric(size("day_past")/count("day_past"), "B/past-day")
		whole := ask("SELECT sum(pgsize) FROM dbstat")
		b.ReportMetric(100*size("day", "part_sum", "part_sum_past")/whole, "%-sums")
		b.ReportMetric(100*size("day_past")/whole, "%-past-days")
		b.ReportMetric(whole/(count("hour")+count("hour_past")), "B/observation")
	}
	b.ReportMetric(0, "ns/op")
}

// retention lets the history pass one more day, and the oldest date's hours go
// with it. Somebody else writes all the while: the longest that a write takes
// is how long thinning holds the writer.
func (d *big) retention(b *testing.B) {
	ctx := context.Background()
	keep := store.Retention{Detail: 48 * time.Hour, Hourly: 14 * 24 * time.Hour, History: bigDays * 24 * time.Hour}
	now := bigNow
	drain := func() (took, held time.Duration, wal int64) {
		truncateWAL(b, d.path)
		stop, waited := make(chan struct{}), make(chan time.Duration)
		go func() {
			var longest time.Duration
			for {
				started := time.Now()
				if err := d.PutSetting(ctx, "beside thinning", started.String()); err != nil {
					panic(err)
				}
				longest = max(longest, time.Since(started))
				select {
				case <-stop:
					waited <- longest
					return
				case <-time.After(time.Millisecond):
				}
			}
		}()
		started := time.Now()
		for more := true; more; {
			var err error
			if more, err = d.Thin(ctx, now, keep); err != nil {
				b.Fatal(err)
			}
			if info, err := os.Stat(d.path + "-wal"); err == nil {
				wal = max(wal, info.Size())
			}
		}
		took = time.Since(started)
		close(stop)
		return took, <-waited, wal
	}
	first, firstHeld, _ := drain()
	for b.Loop() {
		now = now.Add(24 * time.Hour)
		took, held, wal := drain()
		ms(b, took, "ms-a-day")
		ms(b, held, "held-ms")
		b.ReportMetric(float64(wal)/1e6, "wal-MB")
	}
	ms(b, first, "first-ms")
	ms(b, firstHeld, "first-held-ms")
	b.ReportMetric(0, "ns/op")
}

func truncateWAL(b *testing.B, path string) {
	db := sql.OpenDB(plainConnector{path})
	defer db.Close()
	if _, err := db.Exec("PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkPlainUpsert compares the plain upsert with the sqlite3 shell, which
// imports the same rows.
func BenchmarkPlainUpsert(b *testing.B) {
	shell, err := exec.LookPath("sqlite3")
	if err != nil {
		b.Skip("the sqlite3 shell is not installed")
	}
	dir := b.TempDir()
	file, err := os.Create(filepath.Join(dir, "rows.csv"))
	if err != nil {
		b.Fatal(err)
	}
	var batches []store.Batch
	n := 0
	for day := range kpi.Date(5) {
		for source := range adSources {
			batch := adBatch(source, kpi.NewDate(2026, 1, 1)+day*adDays, 0, 0)
			batches = append(batches, batch)
			for i, k := range plainKeys(source, batch) {
				m := batch.Records[i].(sources.Row).Metrics
				fmt.Fprintf(file, "%d,%d,%d,%d,%d,%d,%d,%d\n", k, batch.ObservedAt.UnixNano(), m.Has, m.Impressions, m.Clicks, m.Cost, m.Conversions, m.Revenue)
				n++
			}
		}
	}
	if err := file.Close(); err != nil {
		b.Fatal(err)
	}
	var byShell, ours time.Duration
	for b.Loop() {
		imported := filepath.Join(dir, "imported.db")
		script := "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;\n" + plainTable + ";\n.mode csv\n.import " + file.Name() + " plain\n"
		shellCommand := exec.Command(shell, imported)
		shellCommand.Stdin = strings.NewReader(script)
		started := time.Now()
		if out, err := shellCommand.CombinedOutput(); err != nil {
			b.Fatalf("%s", out)
		}
		byShell += time.Since(started)
		for _, left := range []string{"", "-wal", "-shm"} {
			os.Remove(imported + left)
		}
		p := openPlain(b)
		started = time.Now()
		for i, batch := range batches {
			p.upsert(b, plainKeys(i%adSources, batch), batch)
		}
		ours += time.Since(started)
	}
	b.ReportMetric(float64(n*b.N)/ours.Seconds(), "rows/s")
	b.ReportMetric(byShell.Seconds()/ours.Seconds(), "x-of-import")
	b.ReportMetric(0, "ns/op")
}
