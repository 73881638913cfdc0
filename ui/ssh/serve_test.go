package ssh

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hinshun/vt10x"
	gossh "golang.org/x/crypto/ssh"

	"adtop/kpi"
	"adtop/snapshot"
	"adtop/ui"
)

// soon is how long a test waits for what has to come.
const soon = 20 * time.Second

// feed is a monitor that shows what it was told last.
type feed struct {
	mu       sync.Mutex
	now      *snapshot.Snapshot
	watchers map[chan *snapshot.Snapshot]bool
	commands chan snapshot.Command
}

func newFeed() *feed {
	return &feed{now: picture(0), watchers: map[chan *snapshot.Snapshot]bool{}, commands: make(chan snapshot.Command, 100)}
}

func (f *feed) Watch(ctx context.Context, view snapshot.View) <-chan *snapshot.Snapshot {
	out := make(chan *snapshot.Snapshot, 1)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.watchers[out] = true
	out <- f.now
	context.AfterFunc(ctx, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.watchers, out)
		close(out)
	})
	return out
}

func (f *feed) Send(_ context.Context, c snapshot.Command) error {
	f.commands <- c
	return nil
}

// shows hands a picture to everybody; who has not taken the one before gets only
// the newer one, as of the monitor.
func (f *feed) shows(s *snapshot.Snapshot) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = s
	for out := range f.watchers {
		select {
		case <-out:
		default:
		}
		out <- s
	}
}

// picture is one with an open alert, in which the spend is 1000 + n.
func picture(n int) *snapshot.Snapshot {
	now := time.Date(2026, 11, 23, 14, 32, 0, 0, time.UTC)
	figures := snapshot.Figures{Known: true, Metrics: kpi.Metrics{
		Has: kpi.AllFields, Clicks: 100, Impressions: 1000, Cost: kpi.Micros(1000+n) * kpi.MicrosPerUnit, Conversions: 10 * kpi.MicrosPerUnit, Revenue: 3000 * kpi.MicrosPerUnit,
	}}
	return &snapshot.Snapshot{
		Seq: int64(n), View: snapshot.View{Range: snapshot.Ranges[0]}, AsOf: now, Title: "Acme Shop", Currency: "EUR", Zone: time.UTC, Speed: 1,
		Collector: snapshot.Collector{Here: true}, Total: figures,
		Channels: []snapshot.Channel{{Name: "TikTok", Verdict: kpi.Unprofitable, Now: figures, Watermark: now}},
		Alerts: []snapshot.Alert{{ID: "7", Rule: "unprofitable", Subject: "TikTok", Severity: snapshot.Critical, State: snapshot.Firing, Since: now, FiredAt: now,
			Summary: "TikTok unprofitable"}},
	}
}

// key is a private key that is the same for the same name.
func key(name string) gossh.Signer {
	seed := make([]byte, ed25519.SeedSize)
	copy(seed, name)
	signer, err := gossh.NewSignerFromKey(ed25519.NewKeyFromSeed(seed))
	if err != nil {
		panic(err)
	}
	return signer
}

// line is the line of a key in the file of those that may log in.
func line(name string) string {
	return strings.TrimSpace(string(gossh.MarshalAuthorizedKey(key(name).PublicKey()))) + " " + name + "@laptop\n"
}

// service is a Server that runs. Anna acts, ben looks.
type service struct {
	*feed
	t       testing.TB
	address string
	keys    string // the file of those that may log in
	log     *bytes.Buffer
	stop    context.CancelFunc
	ended   chan error

	mu    sync.Mutex
	saved map[string]ui.State
}

// quick are limits for tests: nobody waits for minutes.
func quick() limits {
	l := usual
	l.attempts, l.perHost = 200, 64
	return l
}

func serves(t testing.TB, l limits, change func(*Options)) *service {
	t.Helper()
	s := &service{feed: newFeed(), t: t, keys: filepath.Join(t.TempDir(), "keys"), log: &bytes.Buffer{}, ended: make(chan error, 1), saved: map[string]ui.State{}}
	s.allow("anna", "ben")
	log := slog.New(slog.NewTextHandler(&locked{w: s.log}, nil))
	keys, err := OpenKeys(s.keys, log)
	if err != nil {
		t.Fatal(err)
	}
	o := Options{
		Monitor: s.feed, HostKey: key("host"), Keys: keys, PerUser: 100, Theme: "dark", Log: log,
		Role: func(name string) Role {
			return map[bool]Role{true: Operator, false: Viewer}[name == "anna"]
		},
		Restore: func(name string) ui.State { s.mu.Lock(); defer s.mu.Unlock(); return s.saved[name] },
		Save:    func(name string, state ui.State) { s.mu.Lock(); defer s.mu.Unlock(); s.saved[name] = state },
		Run: func(_ context.Context, c Command) int {
			fmt.Fprintf(c.Out, "%s asks for %q in %d cells\n", c.Name, c.Args, c.Width)
			return 3
		},
	}
	if change != nil {
		change(&o)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.address = listener.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	s.stop = cancel
	go func() { s.ended <- newServer(o, l).Serve(ctx, narrow{listener}) }()
	t.Cleanup(s.stops)
	return s
}

// narrow is a listener whose lines hold little, so that a client that does not
// read is felt at once.
type narrow struct{ net.Listener }

func (n narrow) Accept() (net.Conn, error) {
	conn, err := n.Listener.Accept()
	if tcp, ok := conn.(*net.TCPConn); ok {
		err = errors.Join(err, tcp.SetWriteBuffer(1))
	}
	return conn, err
}

// stops ends the server and waits for it.
func (s *service) stops() {
	s.stop()
	select {
	case err := <-s.ended:
		s.ended <- nil
		if err != nil {
			s.t.Error(err)
		}
	case <-time.After(soon):
		s.t.Fatal("the server does not end")
	}
}

// allow says whose keys may log in from now on.
func (s *service) allow(names ...string) {
	s.t.Helper()
	content := ""
	for _, name := range names {
		content += line(name)
	}
	if err := os.WriteFile(s.keys, []byte(content), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// logged waits until the log has all of the texts in one line.
func (s *service) logged(texts ...string) {
	s.t.Helper()
	eventually(s.t, fmt.Sprintf("%q in the log", texts), func() bool {
		logging.Lock()
		defer logging.Unlock()
		for text := range strings.Lines(s.log.String()) {
			all := true
			for _, want := range texts {
				all = all && strings.Contains(text, want)
			}
			if all {
				return true
			}
		}
		return false
	})
}

// eventually waits until something holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(soon); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it never came: %s", what)
		}
	}
}

// logging orders what is written to the logs of tests and read of them.
var logging sync.Mutex

type locked struct{ w io.Writer }

func (l *locked) Write(p []byte) (int, error) {
	logging.Lock()
	defer logging.Unlock()
	return l.w.Write(p)
}

// dial logs in as somebody.
func (s *service) dial(name string) (*gossh.Client, error) {
	return gossh.Dial("tcp", s.address, &gossh.ClientConfig{
		User: "whoever", Auth: []gossh.AuthMethod{gossh.PublicKeys(key(name))}, HostKeyCallback: gossh.FixedHostKey(key("host").PublicKey()), Timeout: soon,
		BannerCallback: func(message string) error { s.t.Log(message); return nil },
	})
}

func (s *service) logsIn(name string) *gossh.Client {
	s.t.Helper()
	client, err := s.dial(name)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { client.Close() })
	return client
}

// visitor sits at a screen.
type visitor struct {
	t       testing.TB
	client  *gossh.Client
	session *gossh.Session
	keys    io.Writer
	screen  vt10x.Terminal
	raw     *bytes.Buffer
	beside  *bytes.Buffer // what comes beside the screen
	mu      sync.Mutex    // of raw and beside
	ended   chan error
}

// opens opens the dashboard in a terminal of 100×30 cells.
func (s *service) opens(name, term string) *visitor {
	s.t.Helper()
	v := &visitor{t: s.t, client: s.logsIn(name), screen: vt10x.New(vt10x.WithSize(100, 30)), raw: &bytes.Buffer{}, beside: &bytes.Buffer{}, ended: make(chan error, 1)}
	var err error
	if v.session, err = v.client.NewSession(); err != nil {
		s.t.Fatal(err)
	}
	if err := v.session.RequestPty(term, 30, 100, gossh.TerminalModes{}); err != nil {
		s.t.Fatal(err)
	}
	if v.keys, err = v.session.StdinPipe(); err != nil {
		s.t.Fatal(err)
	}
	v.session.Stdout = writes(func(p []byte) { v.raw.Write(p); v.screen.Write(p) }, &v.mu)
	v.session.Stderr = writes(func(p []byte) { v.beside.Write(p) }, &v.mu)
	if err := v.session.Shell(); err != nil {
		s.t.Fatal(err)
	}
	go func() { v.ended <- v.session.Wait() }()
	return v
}

// writes makes a writer of a function.
func writes(write func(p []byte), mu *sync.Mutex) io.Writer { return &writer{write, mu} }

type writer struct {
	write func(p []byte)
	mu    *sync.Mutex
}

func (w *writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.write(p)
	return len(p), nil
}

func (v *visitor) output() (screen, raw, beside string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.screen.String(), v.raw.String(), v.beside.String()
}

func (v *visitor) sees(text string) {
	v.t.Helper()
	for deadline := time.Now().Add(soon); ; time.Sleep(5 * time.Millisecond) {
		screen, _, _ := v.output()
		if strings.Contains(screen, text) {
			return
		}
		if time.Now().After(deadline) {
			v.t.Fatalf("%q never appeared on:\n%s", text, screen)
		}
	}
}

func (v *visitor) presses(keys string) {
	v.t.Helper()
	if _, err := io.WriteString(v.keys, keys); err != nil {
		v.t.Fatal(err)
	}
}

// leaves waits for the end of the session and returns its exit status.
func (v *visitor) leaves() int {
	v.t.Helper()
	select {
	case err := <-v.ended:
		v.ended <- err
		return statusOf(v.t, err)
	case <-time.After(soon):
		v.t.Fatal("the session does not end")
		return 0
	}
}

func statusOf(t testing.TB, err error) int {
	t.Helper()
	switch err := err.(type) {
	case nil:
		return 0
	case *gossh.ExitError:
		return err.ExitStatus()
	}
	t.Fatalf("the session has no exit status: %v", err)
	return 0
}

// asks runs a command without a terminal.
func (s *service) asks(name, line string) (out, said string, status int) {
	s.t.Helper()
	session, err := s.logsIn(name).NewSession()
	if err != nil {
		s.t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	session.Stdout, session.Stderr = &stdout, &stderr
	err = session.Run(line)
	return stdout.String(), stderr.String(), statusOf(s.t, err)
}
