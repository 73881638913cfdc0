package cli

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"adtop/monitor"
)

const collectLong = `Poll the sources into the cache and judge the channels without a screen,
until the process is ended, or with --once until everything was fetched once.

What happens is told on stderr, one line each, or in the file of --log. SIGHUP
reads the config again: a good one is in force at once, with a bad one all goes
on as before and the log says why. Under systemd it tells when it is ready,
reloads, stops, and that it is alive; see contrib/adtop.service.

Beside a running collector, 'adtop' and 'adtop report' show what it collects. A
second collector waits, and takes over when the first one ends.`

// collectOptions are the flags of collect.
type collectOptions struct {
	config string
	once   bool
}

func (a *app) collect() *cobra.Command {
	var o collectOptions
	cmd := &cobra.Command{
		Use: "collect", Short: "Poll and judge without a screen", Long: collectLong, Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := oneOf("log-format", a.logFormat, "text", "json"); err != nil {
				return err
			}
			cfg, err := loadConfig(o.config)
			if err != nil {
				return err
			}
			a.tellsLog = true
			s, err := a.open(cmd.Context(), cfg, true)
			if err != nil {
				return err
			}
			defer s.close()
			if o.once {
				return runUntilSettled(cmd.Context(), s.monitor)
			}
			return (&collector{session: s, o: o}).run(cmd.Context())
		},
	}
	configFlag(cmd, &o.config)
	cmd.Flags().BoolVar(&o.once, "once", false, "stop when everything was fetched and judged once")
	cmd.Flags().StringVar(&a.logFormat, "log-format", "text", "`FORMAT` of the log: text or json")
	return cmd
}

// collector is a running 'adtop collect'.
type collector struct {
	*session
	o collectOptions
}

// run collects until the process is asked to end.
func (c *collector) run(ctx context.Context) error {
	hangups := make(chan os.Signal, 1)
	signal.Ignore(syscall.SIGHUP) // it ends what has a terminal, not this
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	group, ctx := errgroup.WithContext(ctx)
	log := c.log
	log.Info("adtop collects", "version", version(), "config", c.config.File, "pid", os.Getpid())
	tell(log, stateReady)
	stopping := context.AfterFunc(ctx, func() { tell(log, stateStopping) })
	defer stopping()
	group.Go(func() error { return c.monitor.Run(ctx) })
	group.Go(func() error { return keepAlive(ctx, log, c.monitor.Pulse) })
	group.Go(func() error { return c.reloads(ctx, hangups) })
	err := group.Wait()
	if err != nil {
		log.Error("adtop ends", "err", err)
		return err
	}
	log.Info("adtop ends: it was asked to")
	return nil
}

// reloads reads the config again at every hangup, until ctx ends.
func (c *collector) reloads(ctx context.Context, hangups <-chan os.Signal) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-hangups:
		}
		tell(c.log, reloading())
		began := time.Now()
		err := c.reload(ctx, c.o.config)
		if ctx.Err() != nil {
			return nil
		}
		said := "collecting by the config of " + began.Format("2006-01-02 15:04:05")
		if err != nil {
			said = "a changed config is not in force, see the log"
			c.log.Error("the config was not reloaded; the one before stays in force", "err", err)
		} else {
			c.log.Info("the config was reloaded", "took", time.Since(began).Round(time.Millisecond))
		}
		tell(c.log, stateReady+"\nSTATUS="+said)
	}
}

// runUntilSettled runs the monitor until it knows what there is to know now.
func runUntilSettled(ctx context.Context, m *monitor.Monitor) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx) }()
	select {
	case err := <-done:
		return err
	case <-m.Settled():
		cancel()
		return <-done
	}
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
		if trouble := pulse().Trouble(time.Now()); trouble != "" {
			log.Error("the watchdog is told nothing", "why", trouble)
		} else {
			tell(log, stateAlive)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}
