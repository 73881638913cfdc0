package monitor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
	"adtop/sources"
	"adtop/sources/csv"
	googleads "adtop/sources/google_ads"
	"adtop/sources/simulator"
	"adtop/sources/simulator/world"
	"adtop/store"
)

// hands are a clock that a test sets.
type hands struct {
	mu sync.Mutex
	at time.Time
}

func (h *hands) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.at
}

func (h *hands) set(at time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.at = at
}

func instant(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func zoneOf(t *testing.T, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// rig is a monitor over a real store and real adapters, driven by hand: the
// test sets the clock and says when to poll and when to judge.
type rig struct {
	*testing.T
	*Monitor
	clock   *hands
	dir     string // of the exports
	path    string // of the database
	pollers map[string]*poller
}

// newRig opens a store in a new folder. Everything counts for the one channel
// "Shop" until the test says otherwise in the options.
func newRig(t *testing.T, at time.Time, change func(*rig, *Options)) *rig {
	t.Helper()
	r := &rig{T: t, clock: &hands{at: at}, dir: t.TempDir(), path: filepath.Join(t.TempDir(), "cache.db")}
	o := Options{
		Clock: Clock{Now: r.clock.now, Speed: 1}, Log: slog.New(slog.DiscardHandler), Title: "Test", Currency: "EUR", Zone: zoneOf(t, "Europe/Berlin"), FalseAlarms: 1,
		Channels: []Channel{{Name: "Shop", Economics: kpi.Economics{Margin: 500_000}}},
		Claim: func(string, string, sources.Entity) Claim {
			return Claim{Channel: 0, Fields: kpi.AllFields}
		},
	}
	change(r, &o)
	for i := range o.Channels {
		if o.Channels[i].Spend == nil {
			for _, src := range o.Sources {
				o.Channels[i].Spend = append(o.Channels[i].Spend, src.Name)
			}
		}
	}
	r.start(o)
	return r
}

// start puts a new monitor on the store, as a restart does.
func (r *rig) start(o Options) {
	r.Helper()
	o.Store = openStore(r.T, r.path)
	r.Monitor, r.pollers = New(o), map[string]*poller{}
	for _, src := range o.Sources {
		r.pollers[src.Name] = &poller{m: r.Monitor, src: src, schedules: map[string]*schedule{}}
	}
}

func openStore(t *testing.T, path string) *store.SQLite {
	t.Helper()
	cache, err := store.Open(context.Background(), path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cache.Close() })
	return cache
}

// poll does every poll that is due now, of history too.
func (r *rig) poll() {
	r.Helper()
	ctx := context.Background()
	for _, src := range r.o.Sources {
		p := r.pollers[src.Name]
		p.list(ctx, r.clock.now())
		for _, id := range p.order {
			for {
				t, ok := p.schedules[id].due(r.clock.now(), true)
				if !ok {
					break
				}
				failed := p.schedules[id].failed
				p.run(ctx, p.schedules[id], t)
				if p.schedules[id].failed > failed {
					break
				}
			}
		}
		now := r.clock.now()
		r.planned(src.Name, later(p.next(true, now), now.Add(time.Second)), true)
	}
}

// weigh begins the evaluation with what the store knows.
func (r *rig) weigh() *weigher {
	r.Helper()
	w, err := r.beginEvaluating(context.Background())
	if err != nil {
		r.Fatal(err)
	}
	return w
}

// judge takes in what the polls brought and writes one round of decisions.
func (r *rig) judge(w *weigher) {
	r.Helper()
	if err := r.absorb(context.Background(), w, outcome{}); err != nil {
		r.Fatal(err)
	}
	if err := r.round(context.Background(), w); err != nil {
		r.Fatal(err)
	}
}

// show builds the picture of a range, live or as of an instant.
func (r *rig) show(span string, asOf time.Time) *snapshot.Snapshot {
	r.Helper()
	days, err := snapshot.ParseRange(span)
	if err != nil {
		r.Fatal(err)
	}
	s, err := r.Snapshot(context.Background(), snapshot.View{Range: days, AsOf: asOf, Campaigns: snapshot.AllCampaigns})
	if err != nil {
		r.Fatal(err)
	}
	return s
}

// export writes the file that a csv source reads: lines of date, campaign,
// clicks, cost, conversions and revenue. It is dated as of the clock.
func (r *rig) export(name string, lines ...string) {
	r.Helper()
	if err := exportAt(r.dir, name, r.clock.now(), lines...); err != nil {
		r.Fatal(err)
	}
}

func exportAt(dir, name string, now time.Time, lines ...string) error {
	path := filepath.Join(dir, name+".csv")
	text := "date,campaign,clicks,cost,conversions,revenue\n" + strings.Join(lines, "\n") + "\n"
	return errors.Join(os.WriteFile(path, []byte(text), 0o600), os.Chtimes(path, now, now))
}

// file is a source that reads the export of its name.
func (r *rig) file(name, currency, zone string) Source {
	r.Helper()
	src, err := fileAt(r.dir, name, currency, zone, r.clock.now)
	if err != nil {
		r.Fatal(err)
	}
	return src
}

// fileAt is a source that reads an export in a folder.
func fileAt(dir, name, currency, zone string, now func() time.Time) (Source, error) {
	d := csv.Definition()
	o := d.Options().(*csv.Options)
	o.Path, o.Account = filepath.Join(dir, name+".csv"), csv.Account{Currency: currency, Timezone: zone}
	o.Columns = csv.Columns{Date: "date", Campaign: "campaign", Clicks: "clicks", Cost: csv.Amount{Column: "cost"},
		Conversions: "conversions", Revenue: csv.Amount{Column: "revenue"}}
	opened, err := d.Open(o, sources.Env{Name: name, Now: now, Log: slog.New(slog.DiscardHandler), Dir: dir})
	return Source{Name: name, Definition: d, Source: opened, Every: 15 * time.Minute}, err
}

// google is a source that reads the simulator's Google Ads accounts.
func (r *rig) google(w *world.World, history int) (Source, *simulator.Simulator) {
	r.Helper()
	sim := simulator.New(w, r.clock.now)
	server := httptest.NewServer(sim)
	r.Cleanup(server.Close)
	src, err := googleAt(server.URL, r.clock.now, history)
	if err != nil {
		r.Fatal(err)
	}
	return src, sim
}

// googleAt is a source that reads Google Ads accounts from a simulator's address.
func googleAt(url string, now func() time.Time, history int) (Source, error) {
	d := googleads.Definition()
	o := d.Options().(*googleads.Options)
	o.ClientID, o.ClientSecret, o.RefreshToken = simulator.GoogleClientID, sources.Secret{Ref: "env:SECRET"}, sources.Secret{Ref: "env:TOKEN"}
	o.BaseURL, o.TokenURL = url+"/google_ads", url+"/google_ads/oauth/token"
	err := sources.ResolveSecrets(o, func(ref string) (string, error) {
		return map[string]string{"env:SECRET": simulator.GoogleClientSecret, "env:TOKEN": simulator.GoogleRefreshToken}[ref], nil
	})
	if err != nil {
		return Source{}, err
	}
	opened, err := d.Open(o, sources.Env{Name: "google", Now: now, Log: slog.New(slog.DiscardHandler),
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
	return Source{Name: "google", Definition: d, Source: opened, Every: 15 * time.Minute, History: history}, err
}

// channel finds a channel of a picture.
func channel(t *testing.T, s *snapshot.Snapshot, name string) snapshot.Channel {
	t.Helper()
	i := slices.IndexFunc(s.Channels, func(ch snapshot.Channel) bool { return ch.Name == name })
	if i < 0 {
		t.Fatalf("no channel %q among %d", name, len(s.Channels))
	}
	return s.Channels[i]
}

// euros checks money, in units.
func euros(t *testing.T, what string, got kpi.Micros, want string) {
	t.Helper()
	if got.Decimal(2) != want {
		t.Errorf("%s is %s, want %s", what, got.Decimal(2), want)
	}
}

// smallWorld is one Google Ads account with two campaigns, one of which loses
// its conversions at an instant.
func smallWorld(epoch, trouble time.Time) *world.World {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		panic(err)
	}
	account := world.Account{Platform: world.Google, ID: "4440000001", Name: "Shop", Currency: "EUR", Zone: berlin}
	for i := range 2 {
		account.Campaigns = append(account.Campaigns, world.Campaign{
			ID: fmt.Sprint(51_000_000_001 + i), Name: fmt.Sprintf("Search %d", i+1), Status: "ENABLED", ChannelType: "SEARCH",
			SpendPerDay: 400, ROAS: 3, AOV: 60, CPC: 0.5, CTR: 0.02, OverClaim: 1, Delay: world.Delay{Hour: 0.5, Day: 0.3},
			UTM: world.UTM{Source: "google", Medium: "cpc"},
		})
	}
	return world.New(world.Spec{Seed: 3, Epoch: epoch, Accounts: []world.Account{account},
		Shop:      world.Shop{ID: "shop.example", Name: "Shop", Currency: "EUR", Zone: berlin},
		Incidents: []world.Incident{{Campaign: account.Campaigns[0].ID, At: trouble, Factor: 0}, {Campaign: account.Campaigns[1].ID, At: trouble, Factor: 0}}})
}
