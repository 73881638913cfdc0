package cli

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"adtop/config"
	"adtop/monitor"
	"adtop/snapshot"
	"adtop/ui"
)

// textOptions are the flags of telling in sentences instead of showing screens.
type textOptions struct {
	on    bool
	every time.Duration
}

func (o *textOptions) flags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&o.on, "text", false, "tell what changes in plain sentences, for a screen reader; commands are typed, one a line")
	o.pace(cmd)
}

func (o *textOptions) pace(cmd *cobra.Command) {
	cmd.Flags().DurationVar(&o.every, "every", 15*time.Minute, "in the text mode, tell figures that changed once in a `TIME`, at least 1m")
}

func (o *textOptions) check() error {
	if o.every < time.Minute {
		return usageError{fmt.Errorf("--every %s: expected at least 1m", o.every)}
	}
	return nil
}

// onDumbTerminal says whether a person sits at a terminal that cannot show
// screens, such as a shell within an editor.
func (a *app) onDumbTerminal() bool { return a.onTerminal() && os.Getenv("TERM") == "dumb" }

// tell runs the text mode over a running monitor until the user leaves.
func (a *app) tell(ctx context.Context, m *monitor.Monitor, look config.Display, o textOptions) error {
	first, err := m.Snapshot(ctx, snapshot.View{Range: snapshot.Ranges[0]})
	if err != nil {
		return err
	}
	return whileRunning(ctx, m, nil, func(ctx context.Context) error {
		return ui.Live(ctx, ui.LiveOptions{
			Monitor: m, First: first, User: userName(), Numbers: look.Numbers, Every: o.every, Input: a.in, Output: a.out,
		})
	})
}
