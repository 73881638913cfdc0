package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"adtop/config"
	"adtop/monitor"
	"adtop/snapshot"
	"adtop/sources/simulator"
	"adtop/sources/simulator/world"
	"adtop/store"
)

const demoLong = `demo shows the dashboard on a simulated shop with twelve channels and ten
sources. Nothing leaves this machine: a simulator speaks the platforms' real wire
formats on loopback, and the real adapters poll it. The world's time runs faster
than the clock and only while the demo runs. Within a minute one channel turns
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
	text   textOptions
}

func (a *app) demo() *cobra.Command {
	var o demoOptions
	cmd := &cobra.Command{
		Use: "demo", Short: "Try the dashboard on a simulated shop", Long: demoLong, Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.speed < 1 || o.speed > 3600 {
				return usageError{fmt.Errorf("--speed %g: expected 1 to 3600", o.speed)}
			}
			if err := o.text.check(); err != nil {
				return err
			}
			if o.text.on && (o.once || o.json) {
				return usageError{errors.New("--text goes on telling what changes, --once and --json print and exit: choose one")}
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
	o.text.flags(cmd)
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
	prints := o.once || o.json
	tells := !prints && (o.text.on || a.onDumbTerminal())
	live := tells || !prints && a.interactive()
	d, err := a.openDemo(ctx, o, live)
	if err != nil {
		cancel()
		return err
	}
	defer func() { cancel(); d.close() }()
	switch {
	case tells:
		return a.tell(ctx, d.monitor, config.Display{}, o.text)
	case live:
		return a.show(ctx, d.monitor, config.Display{}, "demo")
	}
	if err := runUntilSettled(ctx, d.monitor); err != nil {
		return err
	}
	if !o.json {
		return a.printOnce(ctx, d.monitor)
	}
	s, err := d.monitor.Snapshot(ctx, snapshot.View{Range: snapshot.Ranges[0], Campaigns: snapshot.AllCampaigns})
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
		if err := forget(ctx, path); err != nil {
			return nil, fmt.Errorf("forget the demo's cache: %w", err)
		}
	}
	log, closer, err := a.openLog()
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { closer.Close() })
	d := &demo{}
	if d.cache, err = a.demoCache(ctx, path, o); err != nil {
		return nil, err
	}
	if err := d.start(ctx, o); err != nil {
		return nil, errors.Join(err, d.cache.Close())
	}
	cfg, err := config.Parse("demo.yaml", []byte(demoConfig(d.base, d.exports)))
	if err != nil {
		return nil, errors.Join(err, d.cache.Close())
	}
	options, err := compose(ctx, cfg, d.cache, d.clock, log, demoSecrets)
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

// demoCache opens the cache of a world. One of another demo, whose channels or
// volumes were others, is made anew.
func (a *app) demoCache(ctx context.Context, path string, o demoOptions) (*store.SQLite, error) {
	cache, err := store.Open(ctx, path, store.Options{})
	if err != nil {
		return nil, err
	}
	began, err := cache.Setting(ctx, settingBegan)
	made, err2 := cache.Setting(ctx, settingWorld)
	if err := errors.Join(err, err2); err != nil {
		return nil, errors.Join(err, cache.Close())
	}
	now, err := o.fingerprint()
	if err == nil && began != "" && made != now {
		if err := cache.Close(); err != nil {
			return nil, err
		}
		if err := forget(ctx, path); err != nil {
			return nil, fmt.Errorf("the cache at %s is of another version of the demo and cannot be made anew: %w", path, err)
		}
		fmt.Fprintln(a.err, "adtop: the cache is of another version of the demo: its world is made anew.")
		if cache, err = store.Open(ctx, path, store.Options{}); err != nil {
			return nil, err
		}
	}
	if err == nil {
		err = cache.PutSetting(ctx, settingWorld, now)
	}
	if err != nil {
		return nil, errors.Join(err, cache.Close())
	}
	return cache, nil
}

// fingerprint tells worlds apart that were made by different versions of the demo.
func (o demoOptions) fingerprint() (string, error) {
	spec, err := json.Marshal(world.Demo(o.seed, time.Unix(0, 0), !o.steady).Spec())
	sum := sha256.Sum256(append(spec, demoConfig("", "")...))
	return hex.EncodeToString(sum[:8]), err
}

// forget deletes a demo's cache, unless it is in use or is none.
func forget(ctx context.Context, path string) error {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	cache, err := store.Open(ctx, path, store.Options{})
	if errors.Is(err, store.ErrForeign) {
		return err
	}
	if err == nil {
		lease, err := cache.Lease(time.Now())
		if err != nil {
			return errors.Join(err, cache.Close())
		}
		if err := errors.Join(lease.Release(), cache.Close()); err != nil {
			return err
		}
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

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

func (d *demo) close() {
	_ = d.server.Close()
	d.work.Wait()
	d.saveClock(context.Background())
	_ = d.cache.Close()
	_ = os.RemoveAll(d.exports)
}
