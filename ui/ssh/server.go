// Package ssh serves the dashboard over SSH: each session has a screen, a size,
// colours and a memory of its own, and all of them share one monitor.
//
// It is no shell. Who has one of the keys may look, and act where the role says
// so. There are no passwords, nothing is forwarded, no program is started, no
// file is read or written for a client, and the commands without a screen are
// those that Options.Run knows. What a client may cost is bounded, before its
// log-in and after it.
//
// How it is put together: Server accepts connections through a gate, which
// bounds those that have not logged in, and hands out seats to those that have.
// A connection has one session at a time; a session is one run of package ui.
// A client that does not read blocks its own session alone, and is dropped when
// it gives no sign of life.
package ssh

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"runtime/debug"
	"sync"
	"time"

	gossh "golang.org/x/crypto/ssh"

	"adtop/ui"
)

// Options say who may log in, and what they find.
type Options struct {
	Monitor ui.Monitor
	HostKey gossh.Signer
	Keys    *Keys
	Role    func(name string) Role // now: it is asked before every command
	PerUser int                    // connections of one person at once
	Idle    time.Duration          // a screen without a key for so long is ended; 0: never
	Theme   string                 // as in ui.Options, and so are Numbers and Mouse
	Numbers string
	Mouse   bool
	Restore func(name string) ui.State // what a person's last screen was
	Save    func(name string, s ui.State)
	// Run does what a client asks for without a screen and returns its exit
	// status. Nothing it is given may reach a file or change anything.
	Run func(ctx context.Context, c Command) int
	Log *slog.Logger // who came, what they did, and what was refused
}

// Command is what somebody asks for without a screen.
type Command struct {
	Person
	Args     []string   // none: the table
	Monitor  ui.Monitor // as this person may use it
	In       io.Reader  // a line at a time
	Out, Err io.Writer
	Width    int // of the client's terminal in cells, 0 without one
}

// Role is what a person may do.
type Role string

// The roles.
const (
	Viewer   Role = "viewer"   // looks
	Operator Role = "operator" // acts too
)

// Person is who logged in.
type Person struct {
	Name string // as it stands behind the key
	Key  string // fingerprint of the key
	From string // address
}

// limits bound what clients may cost.
type limits struct {
	handshake time.Duration // from connecting to the log-in: a passphrase is typed in it
	waiting   int           // connections that have not logged in
	perHost   int           // of them from one address
	attempts  int           // log-ins that may fail from one address, at once
	recovers  time.Duration // until one more may
	seats     int           // connections that have logged in
	asks      time.Duration // how often a client is asked for a sign of life
	silence   time.Duration // how long it may take to answer
	farewell  time.Duration // how long a session may take to end
}

var usual = limits{
	handshake: time.Minute, waiting: 64, perHost: 16, attempts: 30, recovers: 2 * time.Second,
	seats: 250, asks: time.Minute, silence: 3 * time.Minute, farewell: 3 * time.Second,
}

// Server serves the dashboard.
type Server struct {
	o      Options
	limits limits
	gate   *gate
	seats  *seats
}

// New returns a Server that does not serve yet.
func New(o Options) *Server { return newServer(o, usual) }

func newServer(o Options, l limits) *Server {
	return &Server{o: o, limits: l, gate: newGate(l), seats: newSeats(l.seats, o.PerUser)}
}

// errStopped is what people read when the server ends.
var errStopped = errors.New("adtop has been stopped on the server")

// Serve serves until ctx ends, which is a normal end, and closes the listener.
// It returns when every session has ended: their terminals are as they were.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	serving, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		cancel(errStopped)
		listener.Close()
	})
	defer stop()
	var connections sync.WaitGroup
	defer connections.Wait()
	defer cancel(errStopped)
	for {
		conn, err := listener.Accept()
		switch {
		case err == nil:
			connections.Go(func() { s.handle(serving, conn) })
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("serve SSH: %w", err)
		default: // too many open files: some will close
			s.o.Log.Error("accept a connection", "err", err)
			pause := time.NewTimer(time.Second)
			select {
			case <-ctx.Done():
			case <-pause.C:
			}
			pause.Stop()
		}
	}
}

// handle serves one connection.
func (s *Server) handle(ctx context.Context, raw net.Conn) {
	defer raw.Close()
	defer s.survive(raw.RemoteAddr().String())
	leave, why := s.gate.enter(raw.RemoteAddr(), time.Now())
	if why != "" {
		s.o.Log.Warn("turned away", "from", raw.RemoteAddr().String(), "why", why)
		_ = raw.SetWriteDeadline(time.Now().Add(time.Second))
		_, _ = io.WriteString(raw, "adtop: "+why+"\r\n") // clients show it with -v
		return
	}
	c, err := s.logIn(ctx, raw)
	leave(err == nil)
	if err != nil {
		return // it is in the log
	}
	defer s.seats.leave(c.Name)
	c.serve(ctx)
}

// survive is deferred where a fault shall end what one client does, and not the
// process that collects.
func (s *Server) survive(from string) {
	if fault := recover(); fault != nil {
		s.o.Log.Error("fault", "from", from, "fault", fault, "stack", string(debug.Stack()))
	}
}
