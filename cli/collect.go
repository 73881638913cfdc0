package cli

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"adtop/config"
	"adtop/monitor"
)

const collectLong = `Poll the sources into the cache and judge the channels without a screen,
until the process is ended, or with --once until everything was fetched once.

What happens is told on stderr, one line each, or in the file of --log; with
--once in that file alone. SIGHUP reads the config again: a good one is in force
at once, with a bad one all goes on as before and the log says why. It also opens
the file of --log anew, which logrotate may have moved away. Under systemd it tells
when it is ready, reloads, stops, and that it is alive; see contrib/adtop.service.

Beside a running collector, 'adtop' and 'adtop report' show what it collects. A
second collector waits, and takes over when the first one ends.`

// collectOptions are the flags of collect.
type collectOptions struct {
	config        string
	once          bool
	metrics, feed string // addresses; "" for none
	token         string // where it is
}

func (a *app) collect() *cobra.Command {
	var o collectOptions
	cmd := &cobra.Command{
		Use: "collect", Short: "Poll and judge without a screen", Long: collectLong, Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.runCollector(cmd.Context(), o, func(*collector) error { return nil })
		},
	}
	a.collectorFlags(cmd, &o)
	cmd.Flags().BoolVar(&o.once, "once", false, "stop when everything was fetched and judged once")
	return cmd
}

// collectorFlags are those of a process that collects.
func (a *app) collectorFlags(cmd *cobra.Command, o *collectOptions) {
	configFlag(cmd, &o.config)
	cmd.Flags().StringVar(&o.metrics, "metrics", "", "answer Prometheus at `ADDRESS`/metrics and health checks at /healthz; :9101 is for this machine alone, others need the token")
	cmd.Flags().StringVar(&o.feed, "feed", "", "hand out CSV and JSON at `ADDRESS`/feed/ to who has the token, see docs/feeds.md; :9102 is for this machine alone")
	cmd.Flags().StringVar(&o.token, "token", "", "`WHERE` the token of readers is, env:NAME or file:PATH (default: feed: token: in the config)")
	cmd.Flags().StringVar(&a.logFormat, "log-format", "text", "`FORMAT` of the log: text or json")
}

// runCollector collects until ctx ends. open opens what it does besides.
func (a *app) runCollector(ctx context.Context, o collectOptions, open func(*collector) error) error {
	if err := oneOf("log-format", a.logFormat, "text", "json"); err != nil {
		return err
	}
	cfg, err := loadConfig(o.config)
	if err != nil {
		return err
	}
	if o.once && (o.metrics != "" || o.feed != "") {
		return usageError{errors.New("--once ends when everything was fetched: --metrics and --feed are for a collector that stays")}
	}
	a.tellsLog = !o.once // cron sends a mail of every line
	s, err := a.open(ctx, cfg, true)
	if err != nil {
		return err
	}
	defer s.close()
	if o.once {
		return runUntilSettled(ctx, s.monitor)
	}
	c := &collector{session: s, o: o}
	if err := open(c); err != nil {
		return err
	}
	return c.run(ctx)
}

// lastMessages bounds the wait for what is to be told when everything is known.
const lastMessages = 30 * time.Second

// collector is a running 'adtop collect' or 'adtop serve'.
type collector struct {
	*session
	o       collectOptions
	screens func(context.Context) error // those over SSH; nil without any
	inForce atomic.Pointer[inForce]
	last    lastReload
	guarded bool // there are readers who need the token
}

// inForce is what readers are answered by; a reload replaces it.
type inForce struct {
	config *config.Config
	token  string
}

func (c *collector) token() string { return c.inForce.Load().token }

// admit looks up the token of a config. It is for before the config counts.
func (c *collector) admit(ctx context.Context, cfg *config.Config) (inForce, error) {
	if err := c.serves(cfg); err != nil {
		return inForce{}, err
	}
	if !c.guarded {
		return inForce{config: cfg}, nil
	}
	token, err := readersToken(c.o.token, cfg, config.Secrets(ctx, cfg.Dir()))
	if err == nil && token == "" {
		err = errors.New("--feed, and --metrics for others than this machine, need a token: say where it is with feed: {token: env:ADTOP_FEED_TOKEN} in the config, or with --token")
	}
	return inForce{cfg, token}, err
}

// reader is a listener with those who answer there.
type reader struct {
	at      net.Listener
	handler http.Handler
}

// readers opens what the flags ask for.
func (c *collector) readers() (all []reader, err error) {
	closeAll := func() {
		for _, r := range all {
			_ = r.at.Close() // nobody came yet
		}
	}
	if c.o.metrics != "" {
		l, others, err := listen("metrics", c.o.metrics)
		if err != nil {
			return nil, err
		}
		guard := byAddress
		if others {
			c.guarded, guard = true, wantsToken(c.token)
		}
		all = append(all, reader{l, (&measured{monitor: c.monitor, started: time.Now(), reload: &c.last}).routes(guard)})
	}
	if c.o.feed != "" {
		l, _, err := listen("feed", c.o.feed)
		if err != nil {
			closeAll()
			return nil, err
		}
		c.guarded = true
		f := newFeed(c.monitor, c.cache, func() (*config.Config, string) { now := c.inForce.Load(); return now.config, now.token })
		all = append(all, reader{l, f.routes()})
	}
	return all, nil
}

// run collects until the process is asked to end.
func (c *collector) run(ctx context.Context) error {
	hangups := make(chan os.Signal, 1)
	signal.Ignore(syscall.SIGHUP) // it ends what has a terminal, not this
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	readers, err := c.readers()
	if err != nil {
		return err
	}
	now, err := c.admit(ctx, c.config)
	if err != nil {
		for _, r := range readers {
			_ = r.at.Close() // nobody came yet
		}
		return err
	}
	c.inForce.Store(&now)
	c.last.note(nil)
	group, ctx := errgroup.WithContext(ctx)
	log := c.log
	log.Info("adtop collects", "version", version(), "config", c.config.File, "pid", os.Getpid())
	tell(log, stateReady)
	stopping := context.AfterFunc(ctx, func() { tell(log, stateStopping) })
	defer stopping()
	group.Go(func() error { return c.monitor.Run(ctx) })
	group.Go(func() error { return keepAlive(ctx, log, c.monitor.Pulse) })
	group.Go(func() error { return c.reloads(ctx, hangups) })
	if c.screens != nil {
		group.Go(func() error { return c.screens(ctx) })
	}
	for _, r := range readers {
		log.Info("answering", "at", r.at.Addr().String())
		group.Go(func() error { return serveReaders(ctx, r.at, r.handler, log) })
	}
	if err := group.Wait(); err != nil {
		log.Error("adtop ends", "err", err)
		return err
	}
	log.Info("adtop ends: it was asked to")
	return nil
}

// reloads opens the log anew and reads the config again at every hangup, until ctx
// ends.
func (c *collector) reloads(ctx context.Context, hangups <-chan os.Signal) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-hangups:
		}
		tell(c.log, reloading())
		if file, ok := c.closer.(*logFile); ok {
			if err := file.reopen(); err != nil {
				c.log.Error("the log goes on in the file that was open", "err", err)
			}
		}
		began := time.Now()
		var next inForce
		err := c.reload(ctx, c.o.config, func(cfg *config.Config) (err error) {
			next, err = c.admit(ctx, cfg)
			return err
		})
		if ctx.Err() != nil {
			return nil
		}
		c.last.note(err)
		said := "collecting by the config of " + began.Format("2006-01-02 15:04:05")
		if err != nil {
			said = "a changed config is not in force, see the log"
			c.log.Error("the config was not reloaded; the one before stays in force", "err", err)
		} else {
			c.inForce.Store(&next)
			c.log.Info("the config was reloaded", "took", time.Since(began).Round(time.Millisecond))
		}
		tell(c.log, stateReady+"\nSTATUS="+said)
	}
}

// runUntilSettled runs the monitor until it knows what there is to know now, and
// has told of it. What is not sent by then is sent by the next start.
func runUntilSettled(ctx context.Context, m *monitor.Monitor) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx) }()
	select {
	case err := <-done:
		return err
	case <-m.Settled():
	}
	sending, stop := context.WithTimeout(ctx, lastMessages)
	defer stop()
	err := m.Sent(sending)
	if sending.Err() != nil {
		err = nil
	}
	cancel()
	return errors.Join(err, <-done)
}

// keepAlive tells the service manager that the engine is well, as often as it
// asks for, until ctx ends. Silence has it start the service anew.
func keepAlive(ctx context.Context, log *slog.Logger, pulse func() monitor.Pulse) error {
	every := watchdogEvery(log)
	if every == 0 {
		return nil
	}
	ticker := time.NewTicker(every / 2)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		if trouble := pulse().Trouble(time.Now()); trouble != "" {
			log.Error("the watchdog is told nothing", "why", trouble)
		} else {
			tell(log, stateAlive)
		}
	}
}
