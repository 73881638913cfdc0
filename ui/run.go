package ui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"

	"adtop/snapshot"
)

// Monitor is what the screens need of the engine.
type Monitor interface {
	// Watch delivers the newest Snapshot of the view now and after every
	// change; older ones are dropped when the reader is slow. The channel
	// closes when ctx ends.
	Watch(ctx context.Context, view snapshot.View) <-chan *snapshot.Snapshot
	// Send hands a command to the one who collects.
	Send(ctx context.Context, c snapshot.Command) error
}

// Size is a terminal's, in cells.
type Size struct{ Width, Height int }

// State is what a dashboard restores at its next start. Unknown values are
// ignored.
type State struct {
	Screen  string `json:"screen,omitempty"` // "overview", "alerts" or "sources"
	Sort    string `json:"sort,omitempty"`   // the key of a column
	Reverse bool   `json:"reverse,omitempty"`
	Range   string `json:"range,omitempty"` // as snapshot.ParseRange reads it
	Filter  string `json:"filter,omitempty"`
}

// Options say what to show, to whom and where.
type Options struct {
	Monitor Monitor
	First   *snapshot.Snapshot // from the cache, shown in the very first frame; may be nil
	User    string             // who sends the commands
	Theme   string             // "auto" (or ""), "dark", "light"
	Color   string             // "auto" (or ""), "never", "always", "16", "256", "truecolor"
	FPS     int                // upper bound of frames a second; 0 means 30

	// For a session that is not on this process's own terminal. Input nil is
	// the process's terminal, with its signals and its size.
	Input   io.Reader
	Output  io.Writer
	Env     []string
	Size    Size
	Resizes <-chan Size

	State State
	Save  func(State) // called once, at the end; may be nil
	Now   func() time.Time
}

// view is the view to start with.
func (o *Options) view() snapshot.View {
	if r, err := snapshot.ParseRange(o.State.Range); err == nil {
		return snapshot.View{Range: r}
	}
	if o.First != nil {
		return o.First.View
	}
	return snapshot.View{Range: snapshot.Ranges[0]}
}

// getenv reads the session's environment.
func (o *Options) getenv(name string) string {
	for _, pair := range slices.Backward(o.Env) {
		if value, ok := strings.CutPrefix(pair, name+"="); ok {
			return value
		}
	}
	return ""
}

// remote says whether the terminal is at the other end of an SSH connection,
// where Bubble Tea does not ask for synchronized output by itself.
func (o *Options) remote() bool {
	return o.getenv("SSH_TTY") != "" || o.getenv("SSH_CONNECTION") != ""
}

// hasProgressBar lists the terminals that draw OSC 9;4 as a progress bar.
// Others show it as a desktop notification, at every change.
func (o *Options) hasProgressBar() bool {
	if o.getenv("TMUX") != "" {
		return false
	}
	return o.getenv("WT_SESSION") != "" || o.getenv("ConEmuANSI") == "ON" || o.getenv("TERM_PROGRAM") == "ghostty"
}

// synchronizedOutput turns it on: terminals without it ignore it.
func synchronizedOutput() tea.Msg {
	return tea.ModeReportMsg{Mode: ansi.ModeSynchronizedOutput, Value: ansi.ModeReset}
}

// profile decides how many colours are used. "always" is for terminals whose
// description hides what they can do.
func (o *Options) profile() (colorprofile.Profile, error) {
	switch o.Color {
	case "", "auto":
		if o.Input == nil {
			return colorprofile.Detect(o.Output, o.Env), nil
		}
		return colorprofile.Env(o.Env), nil
	case "never":
		return colorprofile.ASCII, nil
	case "always":
		return max(colorprofile.ANSI256, colorprofile.Env(o.Env)), nil
	case "16":
		return colorprofile.ANSI, nil
	case "256":
		return colorprofile.ANSI256, nil
	case "truecolor":
		return colorprofile.TrueColor, nil
	}
	return 0, fmt.Errorf("color %q: expected auto, never, always, 16, 256 or truecolor", o.Color)
}

// quitWithin is how long the program may take to quit once it is asked to.
const quitWithin = 2 * time.Second

// Run shows the dashboard until the user quits, the context ends or the
// terminal hangs up; all three are a normal end.
func Run(ctx context.Context, o Options) error {
	if o.Theme != "" && o.Theme != "auto" && o.Theme != "dark" && o.Theme != "light" {
		return fmt.Errorf("theme %q: expected auto, dark or light", o.Theme)
	}
	local := o.Input == nil
	if o.Env == nil {
		o.Env = os.Environ()
	}
	if o.Output == nil {
		o.Output = os.Stdout
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.FPS == 0 {
		o.FPS = 30
	}
	profile, err := o.profile()
	if err != nil {
		return err
	}
	if local {
		var stop context.CancelFunc
		ctx, stop = untilSignal(ctx)
		defer stop()
	}
	ctx, cancel := context.WithCancel(ctx)
	b := newBridge(ctx, o.Monitor)
	a := newApp(o, b, profile)
	// The program is asked to quit when ctx ends, and killed when a stalled
	// terminal keeps it from doing so: killing leaves its reader behind.
	hard, kill := context.WithCancel(context.WithoutCancel(ctx))
	defer kill()
	program := tea.NewProgram(a, o.programOptions(hard, profile, local)...)
	stop := context.AfterFunc(ctx, func() {
		time.AfterFunc(quitWithin, kill)
		program.Quit()
	})
	defer stop()

	var background sync.WaitGroup
	b.show(a.wanted)
	background.Go(func() { b.run(program.Send) })
	background.Go(func() { tick(ctx, program.Send) })
	background.Go(func() { forwardResizes(ctx, o.Resizes, program.Send) })
	_, err = program.Run()
	kill()
	cancel()
	background.Wait()
	if o.Save != nil {
		o.Save(a.state())
	}
	if err == nil || errors.Is(err, tea.ErrInterrupted) || (errors.Is(err, tea.ErrProgramKilled) && errors.Is(err, context.Canceled)) {
		return nil
	}
	return fmt.Errorf("screen: %w", err)
}

func (o *Options) programOptions(ctx context.Context, profile colorprofile.Profile, local bool) []tea.ProgramOption {
	options := []tea.ProgramOption{
		tea.WithContext(ctx), tea.WithOutput(o.Output), tea.WithEnvironment(o.Env),
		tea.WithColorProfile(profile), tea.WithFPS(o.FPS), tea.WithoutSignalHandler(),
	}
	if !local {
		options = append(options, tea.WithInput(o.Input), tea.WithWindowSize(o.Size.Width, o.Size.Height))
	}
	return options
}

func forwardResizes(ctx context.Context, resizes <-chan Size, send func(tea.Msg)) {
	for {
		select {
		case <-ctx.Done():
			return
		case size, open := <-resizes:
			if !open {
				return
			}
			send(tea.WindowSizeMsg{Width: size.Width, Height: size.Height})
		}
	}
}
