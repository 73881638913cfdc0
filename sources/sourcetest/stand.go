package sourcetest

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/simulator"
	"adtop/sources/simulator/world"
)

// stand is one adapter opened against a simulator of its own.
type stand struct {
	t         *testing.T
	adapter   Adapter
	world     *world.World
	simulator *simulator.Simulator
	server    *httptest.Server // nil for an adapter of files
	place     string           // as Options gets it
	source    sources.Source
	now       time.Time
	asked     func() // called on each request for figures, before the simulator answers; may be nil
	paused    func() // called on each pause of the source; may be nil

	mu    sync.Mutex
	said  bytes.Buffer // log, errors and records: all that must be free of secrets
	pages int          // requests for figures so far
	waits []time.Duration
	told  []sources.Exchange
}

// shared holds one world for all stands of an adapter: it remembers what it
// has worked out.
var shared sync.Map

func sharedWorld(platform string) *world.World {
	w, known := shared.Load(platform)
	if !known {
		w, _ = shared.LoadOrStore(platform, world.ConformanceFor(platform))
	}
	return w.(*world.World)
}

// Write takes the log.
func (s *stand) Write(line []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.said.Write(line)
}

func (s *stand) sleep(ctx context.Context, d time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waits = append(s.waits, d)
	if s.paused != nil {
		s.paused()
	}
	return ctx.Err()
}

// waited sums the pauses of the source.
func (s *stand) waited() (total time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, wait := range s.waits {
		total += wait
	}
	return total
}

// stand sets up a world as of an instant. When the test ends, whatever the
// source said is searched for secrets.
func (a Adapter) stand(t *testing.T, now time.Time) *stand {
	t.Helper()
	s := &stand{t: t, adapter: a, world: sharedWorld(a.Definition.Type), now: now}
	s.simulator = simulator.New(s.world, func() time.Time { return now })
	s.simulator.PageSize = 7
	if a.Definition.Events { // an order is much, and there are many
		s.simulator.PageSize = 30
	}
	place := t.TempDir()
	if a.Files {
		if err := s.simulator.WriteCSV(place, now); err != nil {
			t.Fatal(err)
		}
	} else {
		s.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Path, a.Path) {
				s.count(1)
			}
			s.simulator.ServeHTTP(w, r)
		}))
		t.Cleanup(s.server.Close)
		place = s.server.URL + "/" + a.Definition.Type
	}
	s.place = place
	s.source = s.open(place)
	t.Cleanup(s.searchSecrets)
	return s
}

// count adds requests for figures and returns how many there were so far.
func (s *stand) count(more int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pages += more
	if more > 0 && s.asked != nil {
		s.asked()
	}
	return s.pages
}

func (s *stand) open(place string) sources.Source {
	s.t.Helper()
	source, err := s.adapter.Definition.Open(s.adapter.Options(place), sources.Env{
		Name:      "under test",
		Now:       func() time.Time { return s.now },
		Log:       slog.New(slog.NewTextHandler(s, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Dir:       place,
		Sleep:     s.sleep,
		Exchanged: s.exchanged,
	})
	if err != nil {
		s.t.Fatalf("open: %v", err)
	}
	return source
}

// exchanged takes what the source tells of its requests.
func (s *stand) exchanged(e sources.Exchange) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told = append(s.told, e)
	fmt.Fprintf(&s.said, "%+v\n", e)
}

func (s *stand) accounts() []sources.Account {
	s.t.Helper()
	accounts, err := s.source.Accounts(s.t.Context())
	if err != nil {
		s.t.Fatalf("accounts: %v", err)
	}
	if len(accounts) == 0 {
		s.t.Fatal("no accounts")
	}
	return accounts
}

// fetched is the outcome of one Fetch.
type fetched struct {
	records []sources.Record
	receipt sources.Receipt
	err     error
	pages   int // requests for figures that it took
}

// fetch fetches once. Whatever the outcome, no goroutine may be left, and a
// sound receipt comes with success, none with an error.
func (s *stand) fetch(ctx context.Context, q sources.Query) fetched {
	s.t.Helper()
	var f fetched
	before := s.count(0)
	f.receipt, f.err = s.source.Fetch(ctx, q, func(r sources.Record) error {
		f.records = append(f.records, r)
		return nil
	})
	if f.err != nil && !reflect.DeepEqual(f.receipt, sources.Receipt{}) {
		s.t.Errorf("receipt %+v of a fetch that failed: %v", f.receipt, f.err)
	}
	if f.err == nil {
		checkReceipt(s.t, f.receipt, s.now)
	}
	for _, stack := range strays() {
		s.t.Errorf("a goroutine outlives the fetch:\n%s", stack)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f.pages = s.pages - before
	fmt.Fprintf(&s.said, "%+v %+v %v %#v\n", f.records, f.receipt, f.err, f.err)
	return f
}

// lately asks for the last days of the first account at the finest grain: for
// so many that the answer has several pages.
func (s *stand) lately() sources.Query {
	s.t.Helper()
	account := s.accounts()[0]
	today := kpi.DateOf(s.now, account.Zone)
	from := today - 13
	if s.adapter.Definition.Events {
		from = today - 4
	}
	finest := s.adapter.finest()
	return s.query(account, s.adapter.reachable(kpi.DateRange{From: from, To: today}, finest, today), finest)
}

func (s *stand) query(account sources.Account, days kpi.DateRange, grain sources.Grain) sources.Query {
	level := sources.LevelCampaign
	if s.adapter.Definition.Events {
		level = sources.LevelKey
	}
	return sources.Query{Account: account, Days: days, Level: level, Grain: grain}
}

func (a Adapter) finest() sources.Grain {
	finest := sources.Day
	for _, grain := range a.Grains {
		finest = max(finest, grain)
	}
	return finest
}

// fail sets a fault that meets the requests for figures only.
func (s *stand) fail(f simulator.Fault) {
	f.Platform = s.adapter.Definition.Type
	if f.Path == "" && f.Kind != simulator.RevokedToken {
		f.Path = s.adapter.Path
	}
	s.simulator.Faults().Set(f)
}

func (s *stand) searchSecrets() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.t.Helper()
	findSecrets(s.t, "log, errors, records and exchanges", s.said.String(), s.adapter.Secrets)
}

func findSecrets(t *testing.T, where, text string, secrets []string) {
	t.Helper()
	for _, secret := range secrets {
		for _, form := range []string{secret, url.QueryEscape(secret)} {
			if i := strings.Index(text, form); i >= 0 {
				t.Errorf("%s hold the secret that begins with %.8s: …%s…", where, secret, text[max(0, i-80):i])
			}
		}
	}
}

// strays lists goroutines at work below package sources, other than tests and
// the requests that the simulator is answering. A source has to wait for what
// it starts, so there is none once Fetch has returned.
func strays() []string {
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	var found []string
	for i, stack := range strings.Split(string(stacks), "\n\n") {
		own := i == 0 || strings.Contains(stack, "testing.tRunner(") || strings.Contains(stack, "net/http.(*conn).serve(")
		if !own && strings.Contains(stack, "adtop/sources/") {
			found = append(found, stack)
		}
	}
	return found
}
