package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/charmbracelet/x/term"
	"github.com/spf13/cobra"

	"adtop/config"
	"adtop/monitor"
	"adtop/snapshot"
	"adtop/ui"
)

const dashboardLong = `adtop shows live KPIs, trends and alerts of your advertising channels.

It polls the channels' own APIs into a local database and says, with a stated
certainty, when a channel turns unprofitable. Without a terminal it prints the
cached table once; with --text it tells in sentences what changes.`

// keysLong names the keys in the help; the manual page has a section of them.
var keysLong = "\n\nKeys (? in the dashboard shows them all):\n\n" + strings.TrimRight(ui.KeyHelp(), "\n")

func (a *app) dashboard() *cobra.Command {
	var path string
	var text textOptions
	cmd := &cobra.Command{
		Use: "adtop", Short: "Live campaign monitoring in the terminal", Long: dashboardLong + keysLong, Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := text.check(); err != nil {
				return err
			}
			cfg, err := loadConfig(path)
			if err != nil {
				return err
			}
			tells := text.on || a.onDumbTerminal()
			open := a.openBeside
			if !tells && !a.interactive() {
				open = func(ctx context.Context, cfg *config.Config) (*session, error) { return a.open(ctx, cfg, false) }
			}
			s, err := open(cmd.Context(), cfg)
			if err != nil {
				return err
			}
			defer s.close()
			switch {
			case tells:
				return a.tell(cmd.Context(), s.monitor, cfg.Display, text)
			case !a.interactive():
				return a.printOnce(cmd.Context(), s.monitor)
			}
			return a.show(cmd.Context(), s.monitor, cfg.Display, configName(cfg))
		},
	}
	configFlag(cmd, &path)
	text.flags(cmd)
	return cmd
}

// interactive says whether there is a terminal that can show screens.
func (a *app) interactive() bool { return a.onTerminal() && os.Getenv("TERM") != "dumb" }

// onTerminal says whether a person can read and type.
func (a *app) onTerminal() bool {
	in, okIn := a.in.(*os.File)
	out, okOut := a.out.(*os.File)
	return okIn && okOut && term.IsTerminal(in.Fd()) && term.IsTerminal(out.Fd())
}

// printOnce prints today's table from what is known.
func (a *app) printOnce(ctx context.Context, m *monitor.Monitor) error {
	s, err := m.Snapshot(ctx, snapshot.View{Range: snapshot.Ranges[0]})
	if err != nil {
		return err
	}
	return ui.Plain(a.out, s, a.width())
}

// width is the terminal's, or 120 cells where there is none.
func (a *app) width() int {
	if a.columns > 0 {
		return a.columns
	}
	if out, ok := a.out.(*os.File); ok {
		if w, _, err := term.GetSize(out.Fd()); err == nil && w > 0 {
			return w
		}
	}
	return 120
}

// show runs the dashboard over a running monitor until the user leaves. name
// is that of the config, by which the screen is remembered.
func (a *app) show(ctx context.Context, m *monitor.Monitor, look config.Display, name string) error {
	hurry()
	go func() {
		select {
		case <-m.Settled():
			rest()
		case <-ctx.Done():
		}
	}()
	state := restoreState(name)
	read := make(chan struct{}) // the cache: until then the engine does not compete for it
	load := func(ctx context.Context) (*snapshot.Snapshot, error) {
		defer func() {
			goSteady()
			close(read)
		}()
		return m.First(ctx, state.View())
	}
	return whileRunning(ctx, m, read, func(ctx context.Context) error {
		return ui.Run(ctx, ui.Options{
			Monitor: m, Load: load, User: userName(), Theme: cmp.Or(a.theme, look.Theme), Color: a.color, Numbers: look.Numbers, Mouse: look.Mouse, Desktop: look.Desktop,
			State: state, Save: func(s ui.State) { saveState(name, s) }, Open: opener(), Copy: copier(), Export: exportFile,
		})
	})
}

// hurry, go steady and rest are the paces of a dashboard. Until the first frame,
// collecting garbage would only delay it. While the cache is replayed and every
// source is asked, heaps of it would stay with the program for good. Then it
// waits for hours: what the start left goes back to the system, less is let pile
// up, and one processor is enough. A second one is woken by every tick of the
// renderer and finds nothing to do.
func hurry() { debug.SetGCPercent(400) }

func goSteady() { debug.SetGCPercent(100) }

func rest() {
	runtime.GOMAXPROCS(1)
	debug.SetGCPercent(20)
	debug.FreeOSMemory()
}

// whileRunning does what is to be seen over a monitor that runs once start is
// closed, or at once where it is nil. Either ends the other: figures that
// nobody renews must not go on being shown.
func whileRunning(ctx context.Context, m *monitor.Monitor, start <-chan struct{}, show func(ctx context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	engine := make(chan error, 1)
	go func() {
		if start != nil {
			select {
			case <-start:
			case <-ctx.Done():
			}
		}
		err := m.Run(ctx)
		if err != nil {
			cancel()
		}
		engine <- err
	}()
	shown := show(ctx)
	cancel()
	return errors.Join(<-engine, shown)
}

func userName() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "local"
}

// statePath is where the dashboard of a config remembers its last screen.
func statePath(name string) (string, error) {
	dir, err := dataDir()
	return filepath.Join(dir, name+".screen.json"), err
}

// restoreState returns the last screen; without a readable one it is the first.
func restoreState(name string) (state ui.State) {
	path, err := statePath(name)
	if err != nil {
		return state
	}
	content, err := os.ReadFile(path)
	if err != nil || json.Unmarshal(content, &state) != nil {
		return ui.State{}
	}
	return state
}

// saveState remembers the screen. Forgetting it is no reason to complain.
func saveState(name string, state ui.State) {
	path, err := statePath(name)
	if err != nil {
		return
	}
	content, err := json.Marshal(state)
	if err == nil {
		_ = os.MkdirAll(filepath.Dir(path), 0o700)
		_ = os.WriteFile(path, content, 0o600)
	}
}

// oneOf checks the value of a flag.
func oneOf(flag, value string, allowed ...string) error {
	for _, a := range allowed {
		if a == value {
			return nil
		}
	}
	return usageError{fmt.Errorf("--%s %q: expected one of %v", flag, value, allowed)}
}
