package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"adtop/alert/notify"
	"adtop/alert/notify/targets"
	"adtop/config"
	"adtop/sources"
	"adtop/store"
)

const notifyLong = `Try the targets of notifications, and see what was told. The section notify: of
the config says who is told of which alerts, and when.`

func (a *app) notify() *cobra.Command {
	cmd := &cobra.Command{Use: "notify", Short: "Test the targets of notifications, show what was told", Long: notifyLong, Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	var path string
	test := &cobra.Command{
		Use: "test [TARGET]...", Short: "Send a test message",
		Long: "Send a test message to the named targets, or to all of them, and say what happened.\nThe exit code is 1 when one did not arrive.",
		RunE: func(cmd *cobra.Command, names []string) error {
			cfg, err := notified(path)
			if err != nil {
				return err
			}
			return a.testTargets(cmd.Context(), cfg, names)
		},
	}
	configFlag(test, &path)
	var most int
	log := &cobra.Command{
		Use: "log", Short: "Show the last messages and whether they arrived", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if most < 1 || most > 10_000 {
				return usageError{fmt.Errorf("--last %d: expected 1 to 10000", most)}
			}
			return a.notifyLog(cmd.Context(), path, most)
		},
	}
	configFlag(log, &path)
	log.Flags().IntVar(&most, "last", 20, "how many messages (`N`)")
	cmd.AddCommand(test, log)
	return cmd
}

// notified reads a config that says who is told.
func notified(path string) (*config.Config, error) {
	cfg, err := loadConfig(path)
	if err == nil && cfg.Notify == nil {
		err = fmt.Errorf("%s names nobody to tell: add a section notify: with targets, see config.example.yaml", cfg.File)
	}
	return cfg, err
}

// testTargets sends a test to each target and says what came of it.
func (a *app) testTargets(ctx context.Context, cfg *config.Config, names []string) error {
	for _, name := range names {
		if !slices.ContainsFunc(cfg.Notify.Targets, func(t config.Target) bool { return t.Name == name }) {
			return usageError{fmt.Errorf("there is no target %q in %s", name, cfg.File)}
		}
	}
	log, closer, err := a.openLog()
	if err != nil {
		return err
	}
	defer closer.Close()
	title := cmp.Or(cfg.Title, configName(cfg))
	secrets := config.Secrets(ctx, cfg.Dir())
	failed := false
	for _, t := range cfg.Notify.Targets {
		if len(names) > 0 && !slices.Contains(names, t.Name) {
			continue
		}
		opened, err := openTarget(t, targets.Env{Now: time.Now, Log: log.With("target", t.Name)}, secrets)
		err = t.Locate(err)
		if err == nil {
			err = sendTest(ctx, opened, title)
		}
		mark, finding := "ok", "it arrived, as far as the service says"
		if err != nil {
			mark, finding, failed = "!!", err.Error(), true
		}
		fmt.Fprintf(a.out, "%s  %s (%s): %s\n", mark, t.Name, t.Type, finding)
	}
	if failed {
		return errUnwell
	}
	return nil
}

func sendTest(ctx context.Context, t notify.Target, title string) error {
	ctx, cancel := context.WithTimeout(ctx, testPatience)
	defer cancel()
	err := t.Send(ctx, testMessage(title, time.Now()))
	var refused notify.Refused
	var later notify.Later
	switch {
	case errors.As(err, &refused):
		return fmt.Errorf("it says no, and will to every message: %w", refused.Err)
	case errors.As(err, &later):
		return fmt.Errorf("it asks for patience; an alert would be sent again in %s: %w", later.After, later.Err)
	case err != nil:
		return fmt.Errorf("it was not reached; an alert would be sent again: %w", err)
	}
	return nil
}

// notifyLog prints the last messages, oldest first.
func (a *app) notifyLog(ctx context.Context, path string, most int) error {
	cfg, database, err := databaseOf(path)
	if err != nil {
		return err
	}
	cache, err := store.Open(ctx, database, store.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	defer cache.Close()
	now := time.Now()
	deliveries, err := cache.Deliveries(ctx, store.DeliveryFilter{Most: most}, now)
	if err != nil {
		return err
	}
	if len(deliveries) == 0 {
		fmt.Fprintln(a.out, "Nothing was told yet.")
	}
	width := 0
	for _, d := range deliveries {
		width = max(width, len([]rune(d.Target)))
	}
	for _, d := range slices.Backward(deliveries) {
		fmt.Fprintf(a.out, "%12s  %-*s  %s\n%s  %s\n", d.At.In(cfg.Zone).Format("2 Jan 15:04"), width, d.Target, d.Title, strings.Repeat(" ", 14+width), became(d, cfg.Zone))
	}
	return nil
}

// became says what became of a message.
func became(d store.Delivery, zone *time.Location) string {
	attempts := fmt.Sprintf("%d attempts", d.Attempts)
	if d.Attempts == 1 {
		attempts = "1 attempt"
	}
	clock := func(at time.Time) string { return at.In(zone).Format("2 Jan 15:04:05") }
	why := sources.Clean(d.Error)
	switch d.State {
	case store.Delivered:
		return fmt.Sprintf("%s, arrived %s after %s", d.Kind, clock(d.Tried), attempts)
	case store.Refused:
		return fmt.Sprintf("%s, refused %s: %s", d.Kind, clock(d.Tried), why)
	case store.GivenUp:
		return fmt.Sprintf("%s, given up %s after %s: %s", d.Kind, clock(d.Tried), attempts, why)
	}
	if d.Attempts == 0 {
		return d.Kind + ", waits to be sent"
	}
	return fmt.Sprintf("%s, tried again %s after %s: %s", d.Kind, clock(d.Next), attempts, why)
}
