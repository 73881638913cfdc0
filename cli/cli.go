// Package cli is the composition root: one file a command, each wiring config,
// sources, store, monitor and screens together.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"adtop/monitor"
	"adtop/ui"
)

// Exit codes of the program.
const (
	exitOK    = 0
	exitError = 1
	exitUsage = 2
)

// app is what every command needs of the process.
type app struct {
	in        io.Reader
	out, err  io.Writer
	logFile   string
	logFormat string // "" and "text", or "json"
	tellsLog  bool   // without a file, the log goes to err
	theme     string
	color     string

	// For a command that somebody asks a server for over SSH.
	serving *monitor.Monitor // what it shows; nil elsewhere
	columns int              // of that person's terminal, 0 without one
}

// usageError is a mistake in how the program was called.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

// exitCode ends a command that has said all there is to say.
type exitCode int

func (c exitCode) Error() string { return fmt.Sprintf("exit code %d", int(c)) }

// Run executes a command line and returns the exit code: 0 for success, 1 for
// an error, 2 for wrong usage; of check, the state that it found. An error is
// one message on stderr.
func Run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	a := &app{in: stdin, out: stdout, err: stderr}
	root := a.root()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	cmd, err := root.ExecuteContextC(ctx)
	return a.exitCode(ctx, cmd, err)
}

// exitCode tells the error of a command and is the exit code that it stands for.
func (a *app) exitCode(ctx context.Context, cmd *cobra.Command, err error) int {
	var usage usageError
	var code exitCode
	switch {
	case errors.As(err, &code):
		return int(code)
	case err != nil && cmd.Name() == checkName:
		return int(a.unknown(err)) // wrong usage too: 2 would be critical
	case err == nil, errors.Is(err, context.Canceled) && ctx.Err() != nil:
		return exitOK
	case errors.As(err, &usage) || strings.HasPrefix(err.Error(), "unknown command"):
		hint := "Run 'adtop --help' to see what there is."
		if a.serving != nil {
			hint = "The command help says what there is."
		}
		fmt.Fprintf(a.err, "adtop: %v\n%s\n", err, hint)
		return exitUsage
	}
	fmt.Fprintf(a.err, "adtop: %v\n", err)
	return exitError
}

func (a *app) root() *cobra.Command {
	dashboard := a.dashboard()
	dashboard.SilenceErrors, dashboard.SilenceUsage = true, true
	dashboard.Version = version()
	dashboard.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	dashboard.PersistentPreRunE = func(*cobra.Command, []string) error {
		return oneOf("theme", a.theme, append([]string{""}, ui.Themes...)...)
	}
	flags := dashboard.PersistentFlags()
	flags.StringVar(&a.logFile, "log", "", "append a log of polls and errors to `FILE`")
	flags.StringVar(&a.theme, "theme", "", "colours of a `THEME`: "+strings.Join(ui.Themes, ", "))
	flags.StringVar(&a.color, "color", "auto", "`WHEN` to use colour: auto, never, always, 16, 256 or truecolor")
	dashboard.AddCommand(a.demo(), a.collect(), a.serve(), a.check(), a.report(), a.rules(), a.notify(), a.backtest(), a.export(), a.importing(), a.backup(), a.postbacks(), a.sources(), a.doctor(), a.man())
	return dashboard
}

// configFlag lets a command read another config than the usual one.
func configFlag(cmd *cobra.Command, path *string) {
	cmd.Flags().StringVar(path, "config", "", "read the config from `FILE` (default ~/.config/adtop/config.yaml)")
}

// noArgs refuses arguments as wrong usage.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError{fmt.Errorf("unknown command %q for %q", args[0], cmd.CommandPath())}
	}
	return nil
}

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
