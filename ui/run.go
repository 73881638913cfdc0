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
	Screen  string                `json:"screen,omitempty"`  // "overview", "alerts", "sources" or "unclaimed"
	Range   string                `json:"range,omitempty"`   // as snapshot.ParseRange reads it
	Against string                `json:"against,omitempty"` // as snapshot.ParseComparison reads it
	Metric  string                `json:"metric,omitempty"`  // key of the figure in the chart
	Mouse   bool                  `json:"mouse,omitempty"`
	Recent  []string              `json:"recent,omitempty"` // picks of the palette, newest first
	Tables  map[string]TableState `json:"tables,omitempty"` // by the table's name
}

// View is the view that the state asks for; what it does not say is as usual.
func (s State) View() snapshot.View {
	view := snapshot.View{Range: snapshot.Ranges[0]}
	if r, err := snapshot.ParseRange(s.Range); err == nil {
		view.Range = r
	}
	if c, err := snapshot.ParseComparison(s.Against); err == nil {
		view.Against = c
	}
	return place{screen: s.screen()}.of(view)
}

// screen is the one to start with. A channel's is not remembered.
func (s State) screen() screen {
	if at := screen(max(0, slices.Index(screenNames[:], s.Screen))); at != channel {
		return at
	}
	return overview
}

// Options say what to show, to whom and where.
type Options struct {
	Monitor Monitor
	First   *snapshot.Snapshot // from the cache, shown in the very first frame; may be nil
	// Load reads it while the terminal is made ready, where First is nil; may be
	// nil too. Its error ends the program.
	Load    func(ctx context.Context) (*snapshot.Snapshot, error)
	User    string        // who sends the commands
	Barred  func() string // why this user may look only now, "" for one who may act; nil for one who always may
	Theme   string        // one of Themes, or "" for "auto"
	Color   string        // "auto" (or ""), "never", "always", "16", "256", "truecolor"
	Numbers string        // one of NumberFormats, or "" for the first
	Mouse   bool          // on from the beginning
	Desktop string        // how a new alert calls: one of Desktops, or "" for the first
	FPS     int           // upper bound of frames a second; 0 means 30

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

	// What the machine of the user can do; each may be nil.
	Open   func(url string) error                                     // shows a page in the browser; nil: the terminal gets a link
	Copy   func(text string) error                                    // nil: the terminal's clipboard
	Export func(name string, content []byte) (path string, err error) // keeps a file; nil: tables can only be copied
}

// view is the view to start with.
func (o *Options) view() snapshot.View {
	if o.State.Range == "" && o.First != nil {
		return o.First.View
	}
	return o.State.View()
}

func (o *Options) barred() string {
	if o.Barred == nil {
		return ""
	}
	return o.Barred()
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
	if err := o.check(); err != nil {
		return err
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
	var failed error // of Load
	if a.loading {
		background.Go(func() {
			first, err := o.Load(ctx)
			if failed = err; err != nil {
				program.Quit()
				return
			}
			program.Send(loadedMsg{first})
		})
	}
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
	if failed != nil && !errors.Is(failed, context.Canceled) {
		return failed
	}
	if err == nil || errors.Is(err, tea.ErrInterrupted) || (errors.Is(err, tea.ErrProgramKilled) && errors.Is(err, context.Canceled)) {
		return nil
	}
	return fmt.Errorf("screen: %w", err)
}

// check finds mistakes in what a user may set.
func (o *Options) check() error {
	_, err := numbersLike(o.Numbers)
	return errors.Join(checkTheme(o.Theme), checkDesktop(o.Desktop), err)
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
