package ssh

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"

	gossh "golang.org/x/crypto/ssh"

	"adtop/snapshot"
	"adtop/ui"
)

// session is one run of the dashboard, or of a command.
type session struct {
	*connection
	channel gossh.Channel
	log     *slog.Logger
	env     []string
	term    string // "" without a terminal
	size    ui.Size
	resizes chan ui.Size // the newest size that was not taken yet
	started bool
}

func newSession(c *connection, channel gossh.Channel, log *slog.Logger) *session {
	return &session{connection: c, channel: channel, log: log, resizes: make(chan ui.Size, 1)}
}

// serve answers the requests of the session until the client closes it or the
// connection does.
func (s *session) serve(ctx context.Context, requests <-chan *gossh.Request) {
	ctx, cancel := context.WithCancelCause(ctx)
	var work sync.WaitGroup
	defer work.Wait()
	defer cancel(nil)
	for r := range requests {
		ok, start := s.answer(r)
		if r.WantReply {
			_ = r.Reply(ok, nil) // the requests end when the client is gone
		}
		if start != nil {
			work.Go(func() { s.run(ctx, cancel, start) })
		}
	}
}

// job is what a session does, from its start to its exit status.
type job func(ctx context.Context, end context.CancelCauseFunc) (status int)

// answer takes in a request. A job is returned to be started, once.
func (s *session) answer(r *gossh.Request) (ok bool, start job) {
	switch r.Type {
	case "pty-req":
		return s.terminal(r.Payload), nil
	case "env":
		return s.setEnv(r.Payload), nil
	case "window-change":
		return s.resize(r.Payload), nil
	case "shell":
		if s.term != "" {
			start = s.dashboard
		} else {
			start = s.command("")
		}
	case "exec":
		var asked struct{ Line string }
		if gossh.Unmarshal(r.Payload, &asked) == nil {
			start = s.command(asked.Line)
		}
	default: // subsystems, X11, agents, signals
		s.log.Warn("request refused", "type", short(r.Type))
	}
	if start == nil || s.started {
		return false, nil
	}
	s.started = true
	return true, start
}

// run does the job, tells its exit status and closes the session.
func (s *session) run(ctx context.Context, end context.CancelCauseFunc, do job) {
	status := 1
	func() {
		defer s.server.survive(s.From)
		status = do(ctx, end)
	}()
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		status = 1
		s.say("adtop: " + cause.Error() + ".")
	}
	_, _ = s.channel.SendRequest("exit-status", false, gossh.Marshal(struct{ Status uint32 }{uint32(status)}))
	_ = s.channel.Close()
}

// say writes a sentence beside the output.
func (s *session) say(text string) { _, _ = io.WriteString(s.channel.Stderr(), text+"\r\n") }

// dashboard shows the screens, or tells in sentences where the terminal cannot
// show any.
func (s *session) dashboard(ctx context.Context, end context.CancelCauseFunc) int {
	input := s.awake(end)
	state := s.server.o.Restore(s.Name)
	s.log.Info("opened the dashboard", "term", s.term, "size", fmt.Sprintf("%dx%d", s.size.Width, s.size.Height))
	var err error
	if s.term == "dumb" {
		err = s.tell(ctx, input)
	} else {
		err = ui.Run(ctx, ui.Options{
			Monitor: s.monitor(), User: s.Name, Barred: s.barred,
			Load:  func(ctx context.Context) (*snapshot.Snapshot, error) { return s.first(ctx, state.View()) },
			Theme: s.server.o.Theme, Numbers: s.server.o.Numbers, Mouse: s.server.o.Mouse, FPS: framesPerSecond,
			Input: input, Output: onlcr{s.channel}, Env: s.environ(), Size: s.size, Resizes: s.resizes,
			State: state, Save: func(state ui.State) { s.server.o.Save(s.Name, state) },
		})
	}
	if err != nil && ctx.Err() == nil {
		s.log.Error("the dashboard ended", "err", err)
		s.say("adtop: " + err.Error())
		return 1
	}
	return 0
}

// framesPerSecond is what a line that may be slow is sent.
const framesPerSecond = 10

// tell is the text mode.
func (s *session) tell(ctx context.Context, input io.Reader) error {
	first, err := s.first(ctx, snapshot.View{Range: snapshot.Ranges[0]})
	if err != nil {
		return err
	}
	out := onlcr{s.channel}
	return ui.Live(ctx, ui.LiveOptions{
		Monitor: s.monitor(), First: first, User: s.Name, Numbers: s.server.o.Numbers, Input: newLineReader(input, out), Output: out,
	})
}

// first waits for the monitor's next picture, so that all who come at once share
// the work that it is.
func (s *session) first(ctx context.Context, view snapshot.View) (*snapshot.Snapshot, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if picture, open := <-s.server.o.Monitor.Watch(ctx, view); open {
		return picture, nil
	}
	return nil, ctx.Err()
}

// command is the job of a line that asks for something without a screen.
func (s *session) command(line string) job {
	return func(ctx context.Context, _ context.CancelCauseFunc) int {
		var out, said io.Writer = s.channel, s.channel.Stderr()
		var in io.Reader = s.channel
		if s.term != "" {
			out, said = onlcr{out}, onlcr{said}
			in = newLineReader(in, out)
		}
		args, err := words(line)
		if err != nil {
			s.log.Warn("command refused", "line", line, "why", err)
			fmt.Fprintf(said, "adtop: %v\n", err)
			return 2
		}
		if len(args) > 0 && args[0] == "adtop" {
			args = args[1:]
		}
		status := s.server.o.Run(ctx, Command{Person: s.Person, Args: args, Monitor: s.monitor(), In: in, Out: out, Err: said, Width: s.size.Width})
		s.log.Info("ran a command", "line", line, "status", status)
		return status
	}
}

// awake is the session's input; a screen that is left alone for too long ends.
func (s *session) awake(end context.CancelCauseFunc) io.Reader {
	if s.server.o.Idle == 0 {
		return s.channel
	}
	return &awake{s.channel, time.AfterFunc(s.server.o.Idle, func() { end(errIdle) }), s.server.o.Idle}
}

type awake struct {
	io.Reader
	sleep *time.Timer
	after time.Duration
}

func (a *awake) Read(p []byte) (int, error) {
	n, err := a.Reader.Read(p)
	if err != nil {
		a.sleep.Stop()
	} else {
		a.sleep.Reset(a.after)
	}
	return n, err
}

// monitor is the monitor as this person may use it.
func (s *session) monitor() ui.Monitor {
	return &deputy{s.server.o.Monitor, s.Name, s.barred, s.log}
}

// deputy passes on what a person may send, in that person's name, and keeps in
// the log that it did.
type deputy struct {
	ui.Monitor
	name   string
	barred func() string // why it may only look now
	log    *slog.Logger
}

// Send passes on a command. Fetching ad groups is looking.
func (d *deputy) Send(ctx context.Context, c snapshot.Command) error {
	c.By = d.name
	var err error
	if why := d.barred(); why != "" && c.Verb != "fetch" {
		err = errors.New(why)
	} else {
		err = d.Monitor.Send(ctx, c)
	}
	about := []any{"verb", c.Verb, "id", c.ID}
	for _, field := range [][2]string{{"note", c.Note}, {"until", c.Until}, {"as", c.As}, {"on", c.On}, {"inside", strings.Trim(fmt.Sprint(c.Inside), "{ }")}} {
		if field[1] != "" {
			about = append(about, field[0], field[1])
		}
	}
	if len(c.Match) > 0 {
		about = append(about, "match", fmt.Sprint(c.Match))
	}
	if err != nil {
		d.log.Warn("command refused", append(about, "why", err)...)
		return err
	}
	d.log.Info("sent a command", about...)
	return nil
}
