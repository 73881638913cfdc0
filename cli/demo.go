package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"adtop/config"
	"adtop/kpi"
	"adtop/monitor"
	"adtop/snapshot"
	"adtop/sources/simulator"
	"adtop/sources/simulator/world"
	"adtop/store"
)

const demoLong = `demo shows the dashboard on a simulated shop with eight channels. Nothing
leaves this machine: a simulator speaks the platforms' real wire formats on
loopback, and the real adapters poll it. The world's time runs faster than the
clock and only while the demo runs. Within a minute one channel turns
unprofitable; the rest is up to the detector.`

// demoOptions are the demo's flags.
type demoOptions struct {
	speed  float64
	seed   uint64
	start  string
	once   bool
	json   bool
	steady bool
	fresh  bool
}

func (a *app) demo() *cobra.Command {
	var o demoOptions
	cmd := &cobra.Command{
		Use: "demo", Short: "Try the dashboard on a simulated shop", Long: demoLong, Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.speed < 1 || o.speed > 3600 {
				return usageError{fmt.Errorf("--speed %g: expected 1 to 3600", o.speed)}
			}
			return a.runDemo(cmd.Context(), o)
		},
	}
	flags := cmd.Flags()
	flags.Float64Var(&o.speed, "speed", 240, "how many times faster than the clock the world runs (`N`, 1 to 3600)")
	flags.Uint64Var(&o.seed, "seed", 1, "another `N` is another world")
	flags.StringVar(&o.start, "start", "", "the day on which the world begins, as `DATE` 2026-11-20 (default: today)")
	flags.BoolVar(&o.once, "once", false, "print the plain table and exit")
	flags.BoolVar(&o.json, "json", false, "print the JSON report and exit")
	flags.BoolVar(&o.steady, "steady", false, "a world in which nothing goes wrong")
	flags.BoolVar(&o.fresh, "fresh", false, "forget the cache of earlier starts")
	return cmd
}

// demo is a running world: simulator, clock and cache.
type demo struct {
	began   time.Time // of the world's live time; its past lies before
	world   *world.World
	sim     *simulator.Simulator
	time    *worldTime
	clock   monitor.Clock
	cache   *store.SQLite
	base    string // URL of the simulator
	exports string // folder of the partner network's files
	server  *http.Server
	monitor *monitor.Monitor
	work    sync.WaitGroup
}

func (a *app) runDemo(ctx context.Context, o demoOptions) error {
	ctx, cancel := context.WithCancel(ctx)
	live := !o.once && !o.json && a.interactive()
	d, err := a.openDemo(ctx, o, live)
	if err != nil {
		cancel()
		return err
	}
	defer func() { cancel(); d.close() }()
	if live {
		return a.show(ctx, d.monitor)
	}
	if err := runUntilSettled(ctx, d.monitor); err != nil {
		return err
	}
	if !o.json {
		return a.printOnce(ctx, d.monitor)
	}
	s, err := d.monitor.Snapshot(ctx, snapshot.View{Range: snapshot.Ranges[0]})
	if err != nil {
		return err
	}
	return writeJSON(a.out, s)
}

// demoPath names the cache of a world.
func (o demoOptions) path() (string, error) {
	dir, err := dataDir()
	if err != nil {
		return "", err
	}
	name := fmt.Sprintf("demo-%d", o.seed)
	if o.start != "" {
		name += "-" + o.start
	}
	if o.steady {
		name += "-steady"
	}
	return filepath.Join(dir, name+".db"), nil
}

// openDemo opens a world. In a live one time passes, from the moment on at
// which its past is known; in another it stands still, so that the same seed
// and start print the same figures.
func (a *app) openDemo(ctx context.Context, o demoOptions, live bool) (*demo, error) {
	path, err := o.path()
	if err != nil {
		return nil, err
	}
	if o.fresh {
		for _, suffix := range []string{"", "-wal", "-shm"} {
			if err := os.Remove(path + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
				return nil, fmt.Errorf("forget the demo's cache: %w", err)
			}
		}
	}
	log, closer, err := a.openLog()
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { closer.Close() })
	d := &demo{}
	if d.cache, err = store.Open(ctx, path, store.Options{}); err != nil {
		return nil, err
	}
	if err := d.start(ctx, o); err != nil {
		return nil, errors.Join(err, d.cache.Close())
	}
	cfg, err := config.Parse("demo.yaml", []byte(demoConfig(d.base, d.exports)))
	if err != nil {
		return nil, errors.Join(err, d.cache.Close())
	}
	options, err := compose(cfg, d.cache, d.clock, log, demoSecrets)
	if err != nil {
		return nil, errors.Join(err, d.cache.Close())
	}
	past, err := d.cache.Setting(ctx, settingPast)
	if err != nil {
		return nil, errors.Join(err, d.cache.Close())
	}
	if past == "" {
		options.Before = (&pastFiller{demo: d, cfg: cfg, log: log, live: live}).fill
	} else if live {
		d.time.start()
	}
	d.monitor = monitor.New(options)
	return d, nil
}

// worldTime is the world's clock. It stands still until it is started.
type worldTime struct {
	mu    sync.Mutex
	at    time.Time
	real  time.Time // when it was started, zero before
	speed float64
}

func (w *worldTime) start() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.real = time.Now()
}

func (w *worldTime) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.real.IsZero() {
		return w.at
	}
	return w.at.Add(time.Duration(float64(time.Since(w.real)) * w.speed)).Round(time.Millisecond)
}

// Settings that the demo keeps in its cache.
const (
	settingBegan = "demo/began" // Unix seconds: where the world's live time began
	settingClock = "demo/clock" // Unix seconds: how far it has come
	settingPast  = "demo/past"  // "filled" once the past observations are in
)

// start sets the world's clock going and serves the simulator on loopback.
func (d *demo) start(ctx context.Context, o demoOptions) error {
	now, err := d.restoreClock(ctx, o.start)
	if err != nil {
		return err
	}
	d.time = &worldTime{at: now, speed: o.speed}
	d.clock = monitor.Clock{Speed: o.speed, Now: d.time.now}
	d.world = world.Demo(o.seed, d.began, !o.steady)
	d.sim = simulator.New(d.world, d.clock.Now)
	d.sim.PageSize = 500
	if d.exports, err = os.MkdirTemp("", "adtop-demo-"); err != nil {
		return err
	}
	if err := d.sim.WriteCSV(d.exports, now); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("serve the simulator: %w", err)
	}
	d.base = "http://" + listener.Addr().String()
	d.server = &http.Server{Handler: d.sim, ReadHeaderTimeout: 10 * time.Second}
	d.work.Go(func() { _ = d.server.Serve(listener) }) // ends with close
	d.work.Go(func() { d.keepTime(ctx) })
	return nil
}

// restoreClock returns the world's time: where the last run stopped, or the
// beginning, which is kept so that a world stays the same between starts.
func (d *demo) restoreClock(ctx context.Context, start string) (time.Time, error) {
	began, err := d.cache.Setting(ctx, settingBegan)
	if err != nil {
		return time.Time{}, err
	}
	if began == "" {
		berlin, err := time.LoadLocation("Europe/Berlin")
		if err != nil {
			return time.Time{}, err
		}
		day := kpi.DateOf(time.Now(), berlin)
		if start != "" {
			if day, err = kpi.ParseDate(start); err != nil {
				return time.Time{}, usageError{fmt.Errorf("--start: %w", err)}
			}
		}
		began = strconv.FormatInt(day.Start(berlin).Add(10*time.Hour).Unix(), 10)
		if err := d.cache.PutSetting(ctx, settingBegan, began); err != nil {
			return time.Time{}, err
		}
	}
	clock, err := d.cache.Setting(ctx, settingClock)
	if err != nil {
		return time.Time{}, err
	}
	if clock == "" {
		clock = began
	}
	first, err1 := strconv.ParseInt(began, 10, 64)
	now, err2 := strconv.ParseInt(clock, 10, 64)
	d.began = time.Unix(first, 0).UTC()
	return time.Unix(now, 0).UTC(), errors.Join(err1, err2)
}

// keepTime remembers how far the world has come and renews the partner
// network's export, as such networks do, every half hour of the world.
func (d *demo) keepTime(ctx context.Context) {
	for {
		timer := d.clock.Timer(30 * time.Minute)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		now := d.clock.Now()
		_ = d.sim.WriteCSV(d.exports, now) // a failure shows as a stale source
		_ = d.cache.PutSetting(ctx, settingClock, strconv.FormatInt(now.Unix(), 10))
	}
}

func (d *demo) close() {
	_ = d.server.Close()
	d.work.Wait()
	_ = d.cache.PutSetting(context.Background(), settingClock, strconv.FormatInt(d.clock.Now().Unix(), 10))
	_ = d.cache.Close()
	_ = os.RemoveAll(d.exports)
}

// demoSecrets resolves the references of the demo's config: the simulator's
// own credentials.
func demoSecrets(ref string) (string, error) {
	secret, ok := map[string]string{
		"env:DEMO_GOOGLE_SECRET": simulator.GoogleClientSecret, "env:DEMO_GOOGLE_TOKEN": simulator.GoogleRefreshToken,
		"env:DEMO_META_TOKEN": simulator.MetaToken, "env:DEMO_SHOP_TOKEN": simulator.ShopifyToken,
	}[ref]
	if !ok {
		return "", fmt.Errorf("%s is no secret of the demo", ref)
	}
	return secret, nil
}

// demoConfig is the demo's config file: a user's own would look like it.
func demoConfig(base, exports string) string {
	return strings.NewReplacer("BASE", base, "EXPORTS", exports, "CLIENT", simulator.GoogleClientID, "MANAGER", world.DemoGoogleManager,
		"DOMAIN", world.DemoShop, "MARGIN", fmt.Sprint(world.DemoMargin)).Replace(`
title: Acme Shop
currency: EUR
timezone: Europe/Berlin
rates: {USD: 0.92}
economics: {margin: MARGIN}
sources:
  - name: google
    type: google_ads
    every: 15m
    history: 2d
    client_id: CLIENT
    client_secret: env:DEMO_GOOGLE_SECRET
    refresh_token: env:DEMO_GOOGLE_TOKEN
    login_customer_id: MANAGER
    base_url: BASE/google_ads
    token_url: BASE/google_ads/oauth/token
  - name: meta
    type: meta_ads
    every: 15m
    history: 2d
    token: env:DEMO_META_TOKEN
    base_url: BASE/meta_ads
  - name: shop
    type: shopify
    every: 15m
    history: 2d
    shop: DOMAIN
    token: env:DEMO_SHOP_TOKEN
    revenue: gross
    base_url: BASE/shopify
  - name: affiliates
    type: csv
    every: 30m
    history: 2d
    path: EXPORTS/affiliates.csv
    account: {id: affiliates, name: Partner network, currency: EUR, timezone: Europe/Berlin}
    delimiter: ";"
    decimal: comma
    columns: {date: date, campaign: partner, clicks: clicks, cost: commission, conversions: orders, revenue: revenue}
channels:
  - {name: Google Search, spend: {source: google, campaign: "Search *"}}
  - {name: Google Shopping, spend: {source: google, campaign: "Shopping *"}}
  - {name: Meta Prospecting, spend: {source: meta, campaign: "Prospecting *"}}
  - {name: Meta Retargeting, spend: {source: meta, campaign: "Retargeting *"}}
  - {name: Meta US, spend: {source: meta, campaign: "US *"}}
  - {name: Affiliates, spend: {source: affiliates}}
  - name: E-mail
    results: {source: shop, utm_source: newsletter, utm_medium: email}
  - name: Direct
    results: {source: shop, none: true}
`)
}
