package monitor

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/postback"
	"adtop/sources/record"
	"adtop/store"
)

const postbackSecret = "0123456789abcdef0123"

// tracker is a source of postbacks on a free port of this machine.
func tracker(t testing.TB, now func() time.Time) (Source, string) {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	free.Close()
	d := postback.Definition()
	o := d.Options().(*postback.Options)
	o.Rate = 100_000 // the flood has one address
	o.Listen, o.Secret = address, sources.NewSecret(postbackSecret)
	o.Account = record.Account{ID: "tracker", Currency: "EUR", Timezone: "Europe/Berlin"}
	s, err := d.Open(o, sources.Env{Name: "tracker", Now: now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return Source{Name: "tracker", Definition: d, Source: s, Every: 5 * time.Minute, History: d.History}, address
}

// running collects with a source until stop is called.
func running(t testing.TB, path string, src Source, clock func() time.Time) (cache *store.SQLite, stop func()) {
	t.Helper()
	cache, err := store.Open(context.Background(), path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m := New(Options{
		Store: cache, Clock: Clock{Now: clock, Speed: 1}, Log: slog.New(slog.DiscardHandler), Title: "Test", Currency: "EUR", Zone: time.UTC, FalseAlarms: 1,
		Channels: []Channel{{Name: "Shop", Economics: kpi.Economics{Margin: 500_000}, Results: "tracker"}},
		Claim:    func(string, string, sources.Entity) Claim { return Claim{Channel: 0, Fields: kpi.AllFields} },
		Sources:  []Source{src},
	})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- m.Run(ctx) }()
	<-m.Settled()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
			if err := cache.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(stop)
	return cache, stop
}

// call sends one postback and returns the status of its answer.
func call(t testing.TB, address, query string) int {
	t.Helper()
	answer, err := http.Get("http://" + address + "/pb/" + query)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode
}

// results is what the store has of today: conversions in millionths, and revenue.
func results(t testing.TB, cache *store.SQLite, today kpi.Date) (kpi.Micros, kpi.Micros) {
	t.Helper()
	totals, err := cache.Days(context.Background(), kpi.DateRange{From: today - 1, To: today + 1}, time.Now().Add(time.Hour), nil)
	if err != nil {
		t.Fatal(err)
	}
	var sum kpi.Metrics
	for _, total := range totals {
		if sum, err = sum.Add(total.Metrics); err != nil {
			t.Fatal(err)
		}
	}
	return sum.Conversions, sum.Revenue
}

func TestPostbacksCountOnceInWhateverOrderAndAfterARestart(t *testing.T) {
	path := t.TempDir() + "/cache.db"
	src, address := tracker(t, time.Now)
	cache, stop := running(t, path, src, time.Now)
	today := kpi.DateOf(time.Now(), time.UTC)
	wantStatus := func(query string, status int) {
		t.Helper()
		if got := call(t, address, query); got != status {
			t.Errorf("%s: status %d, want %d", query, got, status)
		}
	}
	want := func(conversions, revenue kpi.Micros) {
		t.Helper()
		if c, r := results(t, cache, today); c != conversions*kpi.MicrosPerUnit || r != revenue*kpi.MicrosPerUnit {
			t.Errorf("%d conversions and %d revenue, want %d and %d", c, r, conversions, revenue)
		}
	}
	const s = postbackSecret
	wantStatus(s+"?txid=1&payout=10&status=lead&utm_source=net", 200)
	want(1, 10)
	wantStatus(s+"?txid=1&payout=12&status=sale", 200)
	wantStatus(s+"?txid=1&payout=10&status=lead", 200) // late
	wantStatus(s+"?txid=2&payout=5&status=rejected", 200)
	wantStatus(s+"?txid=2&payout=5&status=sale", 200) // late too
	wantStatus("forged"+s+"?txid=3&payout=1000", 404)
	want(1, 12)
	if said, err := cache.Messages(context.Background(), "1", 10); err != nil || len(said) != 3 || said[2].Text != "payout=10&status=lead&txid=1&utm_source=net" {
		t.Errorf("kept of it is %+v, %v", said, err)
	}
	if said, err := cache.Messages(context.Background(), "3", 10); err != nil || len(said) != 0 {
		t.Errorf("kept of a forged one is %+v, %v", said, err)
	}
	health, err := cache.Health(context.Background(), time.Now().Add(time.Hour))
	if err != nil || len(health) != 1 || health[0].Last.Kind != 0 || health[0].Good.CompleteThrough.IsZero() || !strings.Contains(strings.Join(health[0].Good.Warnings, ";"), "newer status was known") {
		t.Errorf("health is %+v, %v", health, err)
	}
	stop()

	src, address = tracker(t, time.Now)
	cache, _ = running(t, path, src, time.Now)
	wantStatus(s+"?txid=1&payout=10&status=lead", 200)
	wantStatus(s+"?txid=1&payout=12&status=sale", 200)
	want(1, 12)
	wantStatus(s+"?txid=1&status=chargeback", 200)
	want(0, 0)
}

func TestASourceThatCannotListenIsAFailureOfThatSource(t *testing.T) {
	src, address := tracker(t, time.Now)
	taken, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	cache, _ := running(t, t.TempDir()+"/cache.db", src, time.Now)
	health, err := cache.Health(context.Background(), time.Now().Add(time.Hour))
	if err != nil || len(health) == 0 || health[0].Last.Kind != sources.Unavailable || !strings.Contains(health[0].Last.Message, "address already in use") {
		t.Errorf("health is %+v, %v", health, err)
	}
}

var flood = flag.Bool("flood", false, "send postbacks at 10,000 a second for 10 seconds")

// TestAFloodOfPostbacksLosesNothingThatWasAnswered sends as fast as it says, over
// many connections, and compares what was answered well with what is stored.
func TestAFloodOfPostbacksLosesNothingThatWasAnswered(t *testing.T) {
	rate, seconds, connections := 2000, 1, 16
	if *flood {
		rate, seconds, connections = 10_000, 10, 900
	}
	src, address := tracker(t, time.Now)
	cache, _ := running(t, t.TempDir()+"/cache.db", src, time.Now)
	f := &flooded{address: address, began: time.Now(), gap: time.Second / time.Duration(rate), n: int64(rate * seconds)}
	var most atomic.Uint64
	done := make(chan struct{})
	var parts, watch sync.WaitGroup
	watch.Go(func() { watchMemory(done, &most) })
	for range connections {
		parts.Go(func() { f.run(t) })
	}
	parts.Wait()
	took := time.Since(f.began)
	close(done)
	watch.Wait()
	conversions, revenue := results(t, cache, kpi.DateOf(time.Now(), time.UTC))
	good := f.good.Load()
	t.Logf("%d sent in %s (%.0f a second): %d stored, %d told to come again, slowest answer %s, heap at most %d MiB", f.n, took.Round(time.Millisecond), float64(f.n)/took.Seconds(), good, f.later.Load(), time.Duration(f.slowest.Load()).Round(time.Millisecond), most.Load()>>20)
	if conversions < kpi.Micros(good)*kpi.MicrosPerUnit || revenue != 2*conversions {
		t.Errorf("%d were answered well, and %d conversions with %d revenue are stored", good, conversions/kpi.MicrosPerUnit, revenue)
	}
	if good+f.later.Load() != f.n || good == 0 {
		t.Errorf("%d of %d were answered well, %d with 503", good, f.n, f.later.Load())
	}
	if most.Load() > 256<<20 {
		t.Errorf("the heap grew to %d MiB", most.Load()>>20)
	}
}

func watchMemory(done <-chan struct{}, most *atomic.Uint64) {
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		most.Store(max(most.Load(), m.HeapAlloc))
		if *flood {
			status, _ := os.ReadFile("/proc/self/status")
			for _, line := range strings.Split(string(status), "\n") {
				if strings.HasPrefix(line, "VmRSS") {
					fmt.Fprintln(os.Stderr, time.Now().Format("05.0"), line, "heap", m.HeapAlloc>>20, "MiB")
				}
			}
		}
		select {
		case <-done:
			return
		case <-ticker.C:
		}
	}
}

// flooded are messages with their times of sending.
type flooded struct {
	address           string
	began             time.Time
	gap               time.Duration
	n                 int64
	next, good, later atomic.Int64
	slowest           atomic.Int64
}

// run sends messages over one connection, each when its time has come.
func (f *flooded) run(t *testing.T) {
	conn, err := net.Dial("tcp", f.address)
	if err != nil {
		t.Error(err)
		return
	}
	defer conn.Close()
	answers := bufio.NewReader(conn)
	for {
		i := f.next.Add(1) - 1
		if i >= f.n {
			return
		}
		pause := time.NewTimer(time.Until(f.began.Add(time.Duration(i) * f.gap)))
		<-pause.C
		sent := time.Now()
		fmt.Fprintf(conn, "GET /pb/%s?cid=c%d&txid=t%d&payout=2&utm_source=network&utm_campaign=c%d HTTP/1.1\r\nHost: x\r\n\r\n", postbackSecret, i, i, i%50)
		status, err := answered(answers)
		if err != nil {
			t.Errorf("message %d: %v", i, err)
			return
		}
		for took := int64(time.Since(sent)); ; {
			slowest := f.slowest.Load()
			if took <= slowest || f.slowest.CompareAndSwap(slowest, took) {
				break
			}
		}
		switch status {
		case http.StatusOK:
			f.good.Add(1)
		case http.StatusServiceUnavailable:
			f.later.Add(1)
		default:
			t.Errorf("message %d: status %d", i, status)
			return
		}
	}
}

// answered reads one answer: its status, and the rest away.
func answered(r *bufio.Reader) (status int, err error) {
	length := 0
	for n := 0; ; n++ {
		line, err := r.ReadString('\n')
		if err != nil {
			return 0, err
		}
		line = strings.TrimSpace(line)
		name, value, _ := strings.Cut(line, " ")
		switch {
		case n == 0:
			if status, err = strconv.Atoi(value[:min(3, len(value))]); err != nil {
				return 0, errors.New(line)
			}
		case strings.EqualFold(name, "Content-Length:"):
			if length, err = strconv.Atoi(value); err != nil {
				return 0, err
			}
		case line == "":
			_, err = r.Discard(length)
			return status, err
		}
	}
}
