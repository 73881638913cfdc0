//go:build !windows

package ui

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/hinshun/vt10x"

	"adtop/snapshot"
)

// TestMain lets the test binary be the dashboard, in a terminal of its own.
func TestMain(m *testing.M) {
	if os.Getenv("ADTOP_UI_CHILD") != "" {
		os.Exit(child())
	}
	os.Exit(m.Run())
}

// child runs the dashboard; commands it sends are printed after it ended.
func child() int {
	f := newFeed()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGHUP, syscall.SIGTERM, syscall.SIGINT) // as cli does
	defer stop()
	err := Run(ctx, Options{
		Monitor: f, First: terminalSnapshot(), User: "anna", Theme: "dark", Now: func() time.Time { return testNow },
	})
	close(f.commands)
	for c := range f.commands {
		os.Stdout.WriteString("sent " + c.Verb + " " + c.ID + " by " + c.By + "\n")
	}
	if err != nil {
		os.Stdout.WriteString("error: " + err.Error() + "\n")
		return 1
	}
	return 0
}

// terminalSnapshot has no wide characters: the screen oracle counts every
// character as one cell.
func terminalSnapshot() *snapshot.Snapshot {
	s := testSnapshot()
	s.Channels = s.Channels[2:5]
	return s
}

// terminal is a real pseudo-terminal with an emulator behind it.
type terminal struct {
	t       *testing.T
	file    *os.File
	screen  vt10x.Terminal
	changed chan struct{}
	ended   chan struct{}

	mu  sync.Mutex
	raw bytes.Buffer
}

func startTerminal(t *testing.T) (*terminal, *exec.Cmd) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "ADTOP_UI_CHILD=1", "TERM=xterm-256color", "COLORTERM=truecolor", "TMUX=")
	file, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 24, Cols: 80})
	if err != nil {
		t.Fatal(err)
	}
	term := &terminal{t: t, file: file, screen: vt10x.New(vt10x.WithSize(80, 24)), changed: make(chan struct{}, 1), ended: make(chan struct{})}
	go term.read()
	t.Cleanup(func() { cmd.Process.Kill(); file.Close(); <-term.ended })
	return term, cmd
}

func (term *terminal) read() {
	defer close(term.ended)
	chunk := make([]byte, 1<<16)
	for {
		n, err := term.file.Read(chunk)
		term.mu.Lock()
		term.raw.Write(chunk[:n])
		term.mu.Unlock()
		term.screen.Write(chunk[:n])
		select {
		case term.changed <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

func (term *terminal) output() string {
	term.mu.Lock()
	defer term.mu.Unlock()
	return term.raw.String()
}

// until waits for text on the screen, or, when it has ended, in the output.
func (term *terminal) until(text string) {
	term.t.Helper()
	deadline := time.After(10 * time.Second)
	for !strings.Contains(term.screen.String(), text) {
		select {
		case <-term.changed:
		case <-deadline:
			term.t.Fatalf("%q never appeared on:\n%s", text, term.screen.String())
		}
	}
}

func (term *terminal) press(keys string) { io.WriteString(term.file, keys) }

func TestDashboardInARealTerminal(t *testing.T) {
	term, cmd := startTerminal(t)
	term.until("UNPROFITABLE")
	term.until("? help")
	pty.Setsize(term.file, &pty.Winsize{Rows: 32, Cols: 120})
	term.screen.Resize(120, 32)
	term.until("TREND 14d")
	term.press("a\r")
	term.until("ack sent: TikTok")
	term.press("\r")
	term.until("loses money: 97% sure")
	term.press("q")
	if err := cmd.Wait(); err != nil {
		t.Fatalf("q does not end it cleanly: %v", err)
	}
	<-term.ended
	if !strings.Contains(term.output(), "sent ack 1 by anna") {
		t.Error("the ack did not reach the monitor")
	}
	if !strings.Contains(term.output(), "\x1b[?1049l") {
		t.Error("the normal screen was not restored")
	}
	if !strings.Contains(term.output(), "▲ 2 alerts · Acme Shop · adtop") {
		t.Error("the window title does not carry the worst state")
	}
}

func TestASignalEndsCleanlyAlsoWithTheContext(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGHUP, syscall.SIGTERM, syscall.SIGINT} {
		t.Run(signal.String(), func(t *testing.T) {
			term, cmd := startTerminal(t)
			term.until("UNPROFITABLE")
			cmd.Process.Signal(signal)
			if err := cmd.Wait(); err != nil {
				t.Fatalf("%v\n%s", err, term.output())
			}
		})
	}
}
