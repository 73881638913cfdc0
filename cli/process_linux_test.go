package cli

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"adtop/config"
	"adtop/kpi"
	"adtop/sources"
	"adtop/store"
)

// cacheRows is the size of the cache that the dashboard starts from. Ten
// million take some ten minutes to write.
var cacheRows = flag.Int("cli.rows", 100_000, "how many hours of campaigns the cache of the start's benchmark holds")

// built is the real program, built once.
func built(b *testing.B) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "adtop")
	if out, err := exec.Command("go", "build", "-o", path, "..").CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	return path
}

// usage is what a process has used so far.
type usage struct {
	cpu      time.Duration
	switches int // of context, voluntary or not, of all its threads
}

func used(b *testing.B, pid int) (u usage) {
	b.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal(err)
	}
	fields := strings.Fields(string(stat[strings.LastIndex(string(stat), ")")+1:]))
	for _, ticks := range fields[11:13] { // in user and in system mode, in hundredths of a second
		n, err := strconv.Atoi(ticks)
		if err != nil {
			b.Fatal(err)
		}
		u.cpu += time.Duration(n) * 10 * time.Millisecond
	}
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	for _, thread := range threads {
		u.switches += statusField(b, thread, "voluntary_ctxt_switches:") + statusField(b, thread, "nonvoluntary_ctxt_switches:")
	}
	return u
}

// statusField reads a number of a status file under /proc.
func statusField(b *testing.B, path, name string) int {
	b.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		return 0 // the thread has ended
	}
	for line := range strings.SplitSeq(string(content), "\n") {
		if rest, ok := strings.CutPrefix(line, name); ok {
			n, err := strconv.Atoi(strings.Fields(rest)[0])
			if err != nil {
				b.Fatal(err)
			}
			return n
		}
	}
	b.Fatalf("no %s in %s", name, path)
	return 0
}

// residentMB is how much memory a process holds.
func residentMB(b *testing.B, pid int) float64 { return memoryMB(b, pid, "VmRSS:") }

// ownMB is what of it is no file.
func ownMB(b *testing.B, pid int) float64 { return memoryMB(b, pid, "RssAnon:") }

func memoryMB(b *testing.B, pid int, name string) float64 {
	return float64(statusField(b, fmt.Sprintf("/proc/%d/status", pid), name)) / 1024
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// BenchmarkIdle reports what the dashboard uses for twenty seconds in which
// nothing changes, in a terminal of 200×50 cells.
func BenchmarkIdle(b *testing.B) {
	program, home := built(b), worldAfter(b, 0)
	for b.Loop() {
		p := startsProgram(b, program, home, 200, 50, "demo", "--start", storyStart, "--speed", "1")
		p.sees("10/10 sources", "? help")
		time.Sleep(5 * time.Second) // what follows the start is over
		before := used(b, p.cmd.Process.Pid)
		started := time.Now()
		time.Sleep(20 * time.Second)
		after, took := used(b, p.cmd.Process.Pid), time.Since(started)
		b.ReportMetric(100*(after.cpu-before.cpu).Seconds()/took.Seconds(), "%cpu")
		b.ReportMetric(float64(after.switches-before.switches)/took.Seconds(), "switches/s")
		p.quits()
	}
	b.ReportMetric(0, "ns/op")
}

// BenchmarkMemory reports how much the dashboard holds after a minute: over the
// demo's cache, over one of -cli.rows rows, and in the demo, whose simulator is
// part of the process; and in a world that runs 1800 times faster after 12 and 24
// hours.
func BenchmarkMemory(b *testing.B) {
	program := built(b)
	b.Run("demo", func(b *testing.B) {
		home := b.TempDir()
		fill := exec.Command(program, "demo", "--once")
		fill.Env = childEnv(home)
		if out, err := fill.CombinedOutput(); err != nil {
			b.Fatalf("%v: %s", err, out)
		}
		path := filepath.Join(home, "dead.yaml") // the demo's config, of sources that are not there
		text := regexp.MustCompile(`env:DEMO_\w+`).ReplaceAllStringFunc(demoConfig("http://127.0.0.1:1", home), func(ref string) string {
			secret, err := demoSecrets(ref)
			if err != nil {
				b.Fatal(err)
			}
			return "file:" + write(b, filepath.Join(home, strings.TrimPrefix(ref, "env:")), secret)
		})
		database := filepath.Join(home, "data", "adtop", "demo-1.db")
		if _, err := os.Stat(database); err != nil {
			b.Fatal(err)
		}
		write(b, path, "database: "+database+"\n"+text)
		for b.Loop() {
			p := startsProgram(b, program, home, 200, 50, "--config", path)
			p.sees("Google Search", "? help")
			time.Sleep(time.Minute)
			b.ReportMetric(residentMB(b, p.cmd.Process.Pid), "MB")
			b.ReportMetric(ownMB(b, p.cmd.Process.Pid), "MB-own")
			p.quits()
		}
		b.ReportMetric(0, "ns/op")
	})
	b.Run("cache", func(b *testing.B) {
		home := b.TempDir()
		path := bigCache(b, home, *cacheRows)
		for b.Loop() {
			p := startsProgram(b, program, home, 200, 50, "--config", path)
			p.sees("Channel 07", "? help")
			time.Sleep(time.Minute)
			b.ReportMetric(residentMB(b, p.cmd.Process.Pid), "MB")
			b.ReportMetric(ownMB(b, p.cmd.Process.Pid), "MB-own")
			p.quits()
		}
		b.ReportMetric(0, "ns/op")
	})
	b.Run("minute", func(b *testing.B) {
		for b.Loop() {
			p := startsProgram(b, program, worldAfter(b, 0), 200, 50, "demo", "--start", storyStart, "--speed", "1")
			p.sees("10/10 sources", "? help")
			time.Sleep(time.Minute)
			b.ReportMetric(residentMB(b, p.cmd.Process.Pid), "MB")
			b.ReportMetric(ownMB(b, p.cmd.Process.Pid), "MB-own")
			p.quits()
		}
		b.ReportMetric(0, "ns/op")
	})
	b.Run("day", func(b *testing.B) {
		const speed = 1800
		for b.Loop() {
			p := startsProgram(b, program, worldAfter(b, 0), 200, 50, "demo", "--start", storyStart, "--speed", fmt.Sprint(speed))
			p.sees("Google Search", "? help")
			time.Sleep(12 * time.Hour / speed)
			half := residentMB(b, p.cmd.Process.Pid)
			time.Sleep(12 * time.Hour / speed)
			day := residentMB(b, p.cmd.Process.Pid)
			b.ReportMetric(half, "MB-12h")
			b.ReportMetric(day, "MB-24h")
			b.ReportMetric(day/half, "x-of-12h")
			p.quits()
		}
		b.ReportMetric(0, "ns/op")
	})
}

// BenchmarkStart reports how long the program takes to say its version, and to
// show the first frame from a cache of -cli.rows rows. Its sources are dead:
// nothing but the cache is to be shown.
func BenchmarkStart(b *testing.B) {
	program := built(b)
	b.Run("version", func(b *testing.B) {
		for b.Loop() {
			var times []time.Duration
			for range 21 {
				started := time.Now()
				if out, err := exec.Command(program, "--version").CombinedOutput(); err != nil {
					b.Fatalf("%v: %s", err, out)
				}
				times = append(times, time.Since(started))
			}
			slices.Sort(times)
			b.ReportMetric(millis(times[0]), "min-ms")
			b.ReportMetric(millis(times[len(times)/2]), "ms")
		}
		b.ReportMetric(0, "ns/op")
	})
	home := b.TempDir()
	path := bigCache(b, home, *cacheRows)
	b.Run("frame", func(b *testing.B) {
		for b.Loop() {
			var times []time.Duration
			for range 9 {
				started := time.Now()
				p := startsProgram(b, program, home, 200, 50, "--config", path)
				p.sees("Channel 07", "? help")
				times = append(times, p.at.Sub(started))
				p.quits()
			}
			slices.Sort(times)
			b.ReportMetric(millis(times[0]), "min-ms")
			b.ReportMetric(millis(times[len(times)/2]), "ms")
		}
		b.ReportMetric(0, "ns/op")
	})
}

const cacheSources, cacheDays = 20, 60

// bigCache writes the cache of twenty channels with sixty days up to now, and
// returns the path of its config.
func bigCache(b *testing.B, home string, rows int) (path string) {
	b.Helper()
	var text strings.Builder
	text.WriteString("title: Big\ncurrency: EUR\ntimezone: UTC\neconomics: {margin: 45%}\ndatabase: big.db\nsources:\n")
	for i := range cacheSources {
		fmt.Fprintf(&text, "  - {name: file%02d, type: csv, path: %s, account: {id: a, currency: EUR, timezone: UTC}, columns: {date: date, campaign: campaign, clicks: clicks, cost: cost, conversions: orders, revenue: revenue}}\n", i, filepath.Join(home, "nothing.csv"))
	}
	text.WriteString("channels:\n")
	for i := range cacheSources {
		fmt.Fprintf(&text, "  - {name: Channel %02d, spend: {source: file%02d}}\n", i, i)
	}
	path = filepath.Join(home, "big.yaml")
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	cfg, err := config.Load(path)
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s, err := (&app{}).open(ctx, cfg, true)
	if err != nil {
		b.Fatal(err)
	}
	ran := make(chan error, 1)
	go func() { ran <- s.monitor.Run(ctx) }() // tells the store which channels there are
	<-s.monitor.Settled()
	cancel()
	if err := <-ran; err != nil {
		b.Fatal(err)
	}
	now := time.Now().UTC().Truncate(time.Second)
	today := kpi.DateOf(now, time.UTC)
	campaigns := max(1, rows/cacheSources/cacheDays/24)
	for date := today - cacheDays + 1; date <= today; date++ {
		at := (date + 1).Start(time.UTC).Add(-time.Minute)
		if date == today {
			at = now.Add(-time.Minute)
		}
		for i := range cacheSources {
			if _, err := s.cache.Commit(context.Background(), cacheBatch(i, campaigns, date, at)); err != nil {
				b.Fatal(err)
			}
		}
	}
	if err := s.close(); err != nil {
		b.Fatal(err)
	}
	return path
}

// cacheBatch is what one source answers for a day, as observed at an instant.
func cacheBatch(source, campaigns int, date kpi.Date, at time.Time) store.Batch {
	account := sources.Account{ID: "a", Name: "A", Currency: "EUR", Zone: time.UTC}
	batch := store.Batch{
		Source: fmt.Sprintf("file%02d", source), Type: "csv", Account: account, ObservedAt: at, Gives: kpi.AllFields,
		Query:   sources.Query{Account: account, Days: kpi.DateRange{From: date, To: date}, Level: sources.LevelCampaign, Grain: sources.Hour},
		Receipt: sources.Receipt{CompleteThrough: at},
	}
	for campaign := range campaigns {
		entity := sources.Entity{Level: sources.LevelCampaign, ID: fmt.Sprintf("%02d%06d", source, campaign), Name: fmt.Sprintf("Campaign %d", campaign), Status: "active"}
		for hour := range 24 {
			if date.Start(time.UTC).Add(time.Duration(hour) * time.Hour).After(at) {
				break
			}
			n := int64(hour + campaign)
			batch.Records = append(batch.Records, sources.Row{Entity: entity, Slot: sources.Slot{Date: date, Grain: sources.Hour, Hour: hour}, Metrics: kpi.Metrics{
				Has: kpi.AllFields, Impressions: 900 + 13*n, Clicks: 20 + n, Cost: kpi.Micros(7_310_000 + 10_007*n),
				Conversions: kpi.Micros(n % 3 * 1_000_000), Revenue: kpi.Micros(n % 3 * 39_900_000),
			}})
		}
	}
	return batch
}
