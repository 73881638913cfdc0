package monitor

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"maps"
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
func tracker(t testing.TB, now func() time.Time, currencies ...kpi.Currency) (Source, string) {
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
	o.Currencies = currencies
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

// TestAConversionCountsOnceInTheCurrencyOfItsPayout has leads that name no currency,
// sales that do, and messages that come late.
func TestAConversionCountsOnceInTheCurrencyOfItsPayout(t *testing.T) {
	src, address := tracker(t, time.Now, "USD")
	cache, _ := running(t, t.TempDir()+"/cache.db", src, time.Now)
	const s = postbackSecret
	for _, m := range []struct {
		query  string
		status int
	}{
		{"?txid=1&cid=c1&status=lead&utm_source=net", 200},
		{"?txid=1&payout=20&currency=USD", 200}, // moves
		{"?txid=1&status=lead", 200},            // late
		{"?txid=2&payout=5&currency=usd", 200},
		{"?txid=3&payout=7", 200},
		{"?txid=4&payout=%24+3", 200},
		{"?txid=4&status=rejected", 200}, // where it is known
		{"?txid=5&payout=1&currency=GBP", 422},
	} {
		if got := call(t, address, s+m.query); got != m.status {
			t.Errorf("%s: status %d, want %d", m.query, got, m.status)
		}
	}
	today := kpi.DateOf(time.Now(), time.UTC)
	parts, err := cache.ChannelDays(context.Background(), store.Channels{Of: func(store.Entity) store.Assignment { return store.Assignment{Channel: "all", Fields: kpi.AllFields} }},
		kpi.DateRange{From: today - 1, To: today + 1}, time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][2]kpi.Micros{}
	for _, p := range parts {
		sum := got[p.Part.Account]
		got[p.Part.Account] = [2]kpi.Micros{sum[0] + p.Metrics.Conversions/kpi.MicrosPerUnit, sum[1] + p.Metrics.Revenue/kpi.MicrosPerUnit}
	}
	if want := map[string][2]kpi.Micros{"tracker": {1, 7}, "tracker USD": {2, 25}}; !maps.Equal(got, want) {
		t.Errorf("conversions and revenue %v, want %v", got, want)
	}
	moved, err := cache.Events(context.Background(), "tracker", []string{"tx:1", "tx:9"})
	if err != nil || len(moved) != 1 || moved[0].Account != "tracker USD" || moved[0].ClickID != "c1" || moved[0].Key.Source != "net" || moved[0].Status != sources.Approved {
		t.Errorf("the one that moved is %+v, %v", moved, err)
	}
	if said, err := cache.Messages(context.Background(), "1", 10); err != nil || len(said) != 3 {
		t.Errorf("kept of it is %+v, %v", said, err)
	}
}

// TestAConversionInACurrencyThatLeftTheConfigIsStillFollowed: it counts where it is
// known, and what becomes of it is told without a currency.
func TestAConversionInACurrencyThatLeftTheConfigIsStillFollowed(t *testing.T) {
	for _, left := range [][]kpi.Currency{{"GBP"}, nil} {
		path := t.TempDir() + "/cache.db"
		src, address := tracker(t, time.Now, "GBP", "USD")
		cache, stop := running(t, path, src, time.Now)
		today := kpi.DateOf(time.Now(), time.UTC)
		if got := call(t, address, postbackSecret+"?txid=1&payout=20&currency=USD"); got != 200 {
			t.Fatalf("status %d", got)
		}
		if conversions, revenue := results(t, cache, today); conversions != kpi.MicrosPerUnit || revenue != 20*kpi.MicrosPerUnit {
			t.Fatalf("%d conversions, %d revenue", conversions, revenue)
		}
		stop()
		src, address = tracker(t, time.Now, left...)
		cache, stop = running(t, path, src, time.Now)
		if got := call(t, address, postbackSecret+"?txid=1&status=chargeback"); got != 200 {
			t.Errorf("with %v left, status %d", left, got)
		}
		if conversions, revenue := results(t, cache, today); conversions != 0 || revenue != 0 {
			t.Errorf("with %v left, %d conversions and %d revenue are left of one that was charged back", left, conversions, revenue)
		}
		if got := call(t, address, postbackSecret+"?txid=2&payout=1"); got != 200 {
			t.Errorf("with %v left, a new one is answered with %d", left, got)
		}
		if found, err := cache.Events(t.Context(), "tracker", []string{"tx:2"}); err != nil || len(found) != 1 || found[0].Account != "tracker" {
			t.Errorf("with %v left, a new one is %+v, %v", left, found, err)
		}
		stop()
	}
}

// quietly is a source that always has a receipt, as one that listens and was called.
type quietly struct{ sources.Source }

// Fetch hands over nothing.
func (quietly) Fetch(context.Context, sources.Query, func(sources.Record) error) (sources.Receipt, error) {
	return sources.Receipt{}, nil
}

// TestMessagesOfOneDeliveryMoveTheirConversionOneAfterTheOther commits them together.
func TestMessagesOfOneDeliveryMoveTheirConversionOneAfterTheOther(t *testing.T) {
	src, _ := tracker(t, time.Now, "USD")
	cache := openStore(t, t.TempDir()+"/cache.db")
	now := time.Now()
	m := New(Options{Store: cache, Clock: Clock{Now: func() time.Time { now = now.Add(time.Millisecond); return now }, Speed: 1}, Log: slog.New(slog.DiscardHandler), Currency: "EUR", Zone: time.UTC, Sources: []Source{src}})
	accounts, err := src.Source.Accounts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	taken := taker{&poller{m: m, src: Source{Name: src.Name, Definition: src.Definition, Source: quietly{src.Source}}}, src.Source.(sources.Listener), accounts}
	lead := sources.Event{ID: "tx:1", Kind: "conversion", Time: now, Status: sources.Pending}
	sale, late := lead, lead
	sale.Status, sale.Value, sale.Currency = sources.Approved, 20_000_000, "USD"
	late.Currency = "EUR"
	if err := taken.take(t.Context(), []sources.Record{lead, sources.Message{Text: "a"}, sale, sources.Message{Text: "b"}, late, sources.Message{Text: "c"}}); err != nil {
		t.Fatal(err)
	}
	got, err := cache.Events(t.Context(), "tracker", []string{"tx:1"})
	if err != nil || len(got) != 1 || got[0].Account != "tracker USD" || got[0].Status != sources.Approved || got[0].Value != 20_000_000 {
		t.Errorf("%+v, %v", got, err)
	}
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
