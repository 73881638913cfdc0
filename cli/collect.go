package cli

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"adtop/monitor"
)

func (a *app) collect() *cobra.Command {
	var path string
	var once bool
	cmd := &cobra.Command{
		Use: "collect", Short: "Poll and judge without a screen", Args: noArgs,
		Long: "Poll the sources into the cache and judge the channels without a screen,\nuntil the process is ended, or with --once until everything was fetched once.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := loadConfig(path)
			if err != nil {
				return err
			}
			s, err := a.open(cmd.Context(), cfg, true)
			if err != nil {
				return err
			}
			defer s.close()
			if once {
				return runUntilSettled(cmd.Context(), s.monitor)
			}
			return s.monitor.Run(cmd.Context())
		},
	}
	configFlag(cmd, &path)
	cmd.Flags().BoolVar(&once, "once", false, "stop when everything was fetched and judged once")
	return cmd
}

// lastMessages bounds the wait for what is to be told when everything is known.
const lastMessages = 30 * time.Second

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
