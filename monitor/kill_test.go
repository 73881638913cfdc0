package monitor

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"adtop/alert"
	"adtop/alert/notify"
	"adtop/kpi"
	"adtop/snapshot"
	"adtop/sources"
	"adtop/sources/simulator"
	"adtop/store"
)

var killedSenders = flag.Int("chaos.notify", 30, "how often to kill a process that collects and sends notifications")

// TestMain starts the child of the kill test in place of the tests where it is
// asked to.
func TestMain(m *testing.M) {
	if database := os.Getenv("ADTOP_MONITOR_CHILD"); database != "" {
		if err := collectUntilKilled(database, os.Getenv("ADTOP_MONITOR_SIMULATOR"), os.Getenv("ADTOP_MONITOR_TARGETS"), os.Getenv("ADTOP_MONITOR_CLOCK")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// anchored is a clock that showed start at an instant of the real one, and runs
// 3000 times as fast; parent and child share it.
func anchored(text string) (Clock, error) {
	var start, real int64
	if _, err := fmt.Sscan(text, &start, &real); err != nil {
		return Clock{}, err
	}
	const speed = 3000
	return Clock{Speed: speed, Now: func() time.Time { return time.Unix(0, start).Add(speed * time.Since(time.Unix(0, real))) }}, nil
}

// exports are sources of the child that grow stale and fresh again.
var exports = []string{"north", "south", "east", "west", "middle"}

// collectUntilKilled is the child: it collects from a simulator and from exports,
// and tells two targets of every alert at once.
func collectUntilKilled(database, simulated, targets, clockText string) error {
	ctx := context.Background()
	clock, err := anchored(clockText)
	if err != nil {
		return err
	}
	google, err := googleAt(simulated, clock.Now, 1)
	if err != nil {
		return err
	}
	cache, err := store.Open(ctx, database, store.Options{})
	if err != nil {
		return err
	}
	plan := &notify.Plan{Name: "Test", Zone: time.UTC, Targets: []string{"oncall", "team"}}
	plan.Routes = []notify.Route{{Targets: plan.Targets, GroupBy: []string{"rule", "subject"}, Repeat: 1 << 62, Resolved: true, AtNight: notify.Everything}}
	o := Options{Store: cache, Clock: clock, Log: slog.New(slog.DiscardHandler), Currency: "EUR", Zone: time.UTC, FalseAlarms: 1, Sources: []Source{google},
		Channels: []Channel{{Name: "Shop", Economics: kpi.Economics{Margin: 500_000}, Spend: []string{"google"}}}, Notify: plan,
		Claim:     func(string, string, sources.Entity) Claim { return Claim{Fields: kpi.AllFields} },
		Retention: store.Retention{Detail: 48 * time.Hour, Hourly: 14 * 24 * time.Hour, History: 700 * 24 * time.Hour}}
	for _, name := range exports {
		file, err := fileAt(filepath.Dir(database), name, "EUR", "UTC", clock.Now)
		if err != nil {
			return err
		}
		o.Sources = append(o.Sources, file)
	}
	for _, name := range plan.Targets {
		o.Targets = append(o.Targets, Target{Name: name, Target: &service{Server: &httptest.Server{URL: targets + "/" + name}}})
	}
	fmt.Println("up")
	return New(o).Run(ctx)
}

// listener is where both targets of the child send to. The first is often out of
// order.
type listener struct {
	now     func() time.Time
	mu      sync.Mutex
	random  *rand.Rand
	healthy bool
	got     map[string]map[string]notify.Message // by target and event
	sent    int
}

func (l *listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var m notify.Message
	if err := json.NewDecoder(r.Body).Decode(&m); err != nil { // killed while it sent
		return
	}
	target := filepath.Base(r.URL.Path)
	l.mu.Lock()
	young := l.now().Sub(m.At) < giveUpAfter/2 // what is a day old may be given up
	ill := target == "team" && young && !l.healthy && l.random.IntN(4) == 0
	wait := time.Duration(l.random.IntN(20)) * time.Millisecond
	if !ill {
		l.sent++
		if l.got[target] == nil {
			l.got[target] = map[string]notify.Message{}
		}
		l.got[target][m.Event] = m
	}
	l.mu.Unlock()
	select {
	case <-r.Context().Done():
	case <-time.After(wait): // it may be killed between the arrival and the answer
	}
	if ill {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}

// TestNoKillLosesOrDoublesANotification kills a process that collects and sends
// at random moments, while its source and one of its targets fail and recover.
// Every alert that asked for attention is told to both, and so is its end; by
// their events, which targets deduplicate by, once each.
func TestNoKillLosesOrDoublesANotification(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a process for each kill")
	}
	random := rand.New(rand.NewPCG(11, 4))
	start := instant(t, "2026-11-20T12:00:00Z")
	var mu sync.Mutex
	clockText := ""
	now := func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		clock, err := anchored(clockText)
		if err != nil {
			panic(err)
		}
		return clock.Now()
	}
	wind := func(by time.Duration) string {
		mu.Lock()
		defer mu.Unlock()
		if clock, err := anchored(clockText); err == nil {
			start = clock.Now()
		}
		start = start.Add(by)
		clockText = fmt.Sprint(start.UnixNano(), " ", time.Now().UnixNano())
		return clockText
	}
	wind(0)
	sim := simulator.New(smallWorld(start.AddDate(0, 0, -30), start.AddDate(10, 0, 0)), now)
	simulated := httptest.NewServer(sim)
	defer simulated.Close()
	inbox := &listener{now: now, random: rand.New(rand.NewPCG(5, 4)), got: map[string]map[string]notify.Message{}}
	targets := httptest.NewServer(inbox)
	defer targets.Close()
	database := filepath.Join(t.TempDir(), "cache.db")
	write := func(name string, fresh bool) {
		at := now().Add(9 * time.Hour)
		if !fresh {
			at = at.AddDate(0, 0, -4)
		}
		if err := exportAt(filepath.Dir(database), name, at, at.Format(time.DateOnly)+",A,50,10,1,30"); err != nil {
			t.Fatal(err)
		}
	}
	child := func() *exec.Cmd {
		cmd := exec.Command(os.Args[0], "-test.run=^$")
		cmd.Env = append(os.Environ(), "ADTOP_MONITOR_CHILD="+database, "ADTOP_MONITOR_SIMULATOR="+simulated.URL, "ADTOP_MONITOR_TARGETS="+targets.URL,
			"ADTOP_MONITOR_CLOCK="+wind(9*time.Hour)) // so that nothing flaps
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		if !bufio.NewScanner(out).Scan() {
			t.Fatal("the child ended by itself")
		}
		return cmd
	}
	for life := range *killedSenders {
		sim.Faults().Clear()
		if life%4 < 2 {
			sim.Faults().Set(simulator.Fault{Kind: simulator.RevokedToken, Platform: "google_ads"})
		}
		for _, name := range exports {
			write(name, random.IntN(3) > 0)
		}
		cmd := child()
		time.Sleep(time.Duration(random.IntN(500_000)) * time.Microsecond) // the moment of its death
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // killed
	}
	sim.Faults().Clear()
	for _, name := range exports {
		write(name, true)
	}
	inbox.mu.Lock()
	inbox.healthy = true
	inbox.mu.Unlock()
	cmd := child()
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	cache := openStore(t, database)
	told := quiet(t, cache)
	inbox.check(t, cache, told)
	t.Logf("%d kills, %d alerts told, %d messages arrived, %d of them twice", *killedSenders, len(told), inbox.sent, inbox.sent-len(inbox.got["team"])-len(inbox.got["oncall"]))
	if len(told) == 0 {
		t.Error("there was nothing to tell")
	}
}

// quiet waits until no alert is open and nothing waits to be sent, and returns
// the alerts that asked for attention.
func quiet(t *testing.T, cache store.Store) (asked []snapshot.Alert) {
	t.Helper()
	ctx := context.Background()
	deadline := time.Now().Add(patience)
	for {
		log, err := cache.Deliveries(ctx, store.DeliveryFilter{Most: 1 << 20}, forever)
		if err != nil {
			t.Fatal(err)
		}
		waits := slices.ContainsFunc(log, func(d store.Delivery) bool { return d.State == store.Undelivered })
		alerts, err := cache.Alerts(ctx, time.Time{}, forever)
		if err != nil {
			t.Fatal(err)
		}
		open := slices.ContainsFunc(alerts, func(a store.Alert) bool { return a.Open() })
		told, err := cache.Told(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if !waits && !open && len(told) == 0 {
			for _, a := range alerts {
				if last, did := everAsked(t, cache, a.ID); did {
					asked = append(asked, last)
				}
			}
			return asked
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %s: %d alerts, open %t; messages wait %t; %d groups told", patience, len(alerts), open, waits, len(told))
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// everAsked says whether an alert ever asked for attention, and how it stands.
func everAsked(t *testing.T, cache store.Store, id string) (last snapshot.Alert, asked bool) {
	t.Helper()
	states, err := cache.AlertHistory(context.Background(), id, forever)
	if err != nil {
		t.Fatal(err)
	}
	for _, stored := range states {
		if last, err = fromStored(stored); err != nil {
			t.Fatal(err)
		}
		asked = asked || last.Asks()
	}
	return last, asked
}

// check fails unless every alert was told to every target but the one that it is
// about: its beginning and its end, once each.
func (l *listener) check(t *testing.T, cache store.Store, asked []snapshot.Alert) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, a := range asked {
		for _, target := range []string{"oncall", "team"} {
			begun, ended := 0, 0
			worst := snapshot.Severity(-1) // what got worse is told again
			inOrder := slices.SortedFunc(maps.Values(l.got[target]), func(a, b notify.Message) int { return a.At.Compare(b.At) })
			for _, m := range inOrder {
				for _, told := range m.Alerts {
					ended += b2i(told.ID == a.ID && !told.Open()) // with the beginning of the next one, or alone
					if told.ID != a.ID || !told.Open() || m.Cause == "repeat interval elapsed" {
						continue
					}
					if begun == 0 || told.Severity <= worst {
						begun++
					}
					worst = max(worst, told.Severity)
				}
			}
			want := b2i(a.Rule != alert.RuleNotify || a.Subject != target)
			if begun != want || ended != want {
				t.Errorf("%s was told %d times that %s began and %d that it ended, want %d", target, begun, a.ID, ended, want)
				for _, m := range inOrder {
					if slices.ContainsFunc(m.Alerts, func(told notify.Alert) bool { return told.ID == a.ID }) {
						t.Logf("%s %s %s, %s: %s", m.At.Format(time.RFC3339), m.Event, m.Kind, m.Severity, m.Cause)
					}
				}
			}
		}
	}
}
