package ssh

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	gossh "golang.org/x/crypto/ssh"
)

func TestAKeyOpensTheDashboardAndQLeavesTheTerminalAsItWas(t *testing.T) {
	s := serves(t, quick(), nil)
	v := s.opens("anna", "xterm-256color")
	v.sees("TikTok")
	v.presses("2")
	v.sees("STATE")
	s.shows(picture(234))
	v.presses("1")
	v.sees("1,234")
	if err := v.session.WindowChange(12, 40); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a frame of the new size", func() bool { _, raw, _ := v.output(); return strings.Contains(raw, "\x1b[12;") })
	v.presses("q")
	if status := v.leaves(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	_, raw, _ := v.output()
	if entered, left := strings.LastIndex(raw, "\x1b[?1049h"), strings.LastIndex(raw, "\x1b[?1049l"); entered < 0 || left < entered {
		t.Errorf("the terminal is not as it was: %q", raw[max(0, len(raw)-200):])
	}
	v.client.Close()
	s.logged("logged in", "user=anna", "role=operator", "key=SHA256:", "from=127.0.0.1:")
	s.logged("opened the dashboard", "user=anna")
	s.logged("left", "user=anna")
}

func TestWhatAPersonChoseIsThereTheNextTime(t *testing.T) {
	s := serves(t, quick(), nil)
	v := s.opens("ben", "xterm")
	v.sees("TikTok")
	v.presses("2")
	v.sees("STATE")
	v.presses("q")
	v.leaves()
	again := s.opens("ben", "xterm")
	again.sees("STATE")
	other := s.opens("anna", "xterm")
	other.sees("SPEND")
}

func TestNobodyElseGetsIn(t *testing.T) {
	s := serves(t, quick(), nil)
	if _, err := s.dial("eve"); err == nil {
		t.Error("a key that nobody allowed logs in")
	}
	s.logged("log-in refused", "from=127.0.0.1:", gossh.FingerprintSHA256(key("eve").PublicKey()))
	for name, method := range map[string]gossh.AuthMethod{
		"a password": gossh.Password("anna"),
		"an answer":  gossh.KeyboardInteractive(func(_, _ string, q []string, _ []bool) ([]string, error) { return q, nil }),
	} {
		_, err := gossh.Dial("tcp", s.address, &gossh.ClientConfig{User: "anna", Auth: []gossh.AuthMethod{method}, HostKeyCallback: gossh.InsecureIgnoreHostKey()})
		if err == nil || !strings.Contains(err.Error(), "attempted methods [none]") {
			t.Errorf("%s is asked for: %v", name, err)
		}
	}
}

// TestALineThatIsAddedOrRemovedCountsAtOnce: the server is not started anew for it.
func TestALineThatIsAddedOrRemovedCountsAtOnce(t *testing.T) {
	l := quick()
	l.asks = 20 * time.Millisecond
	s := serves(t, l, nil)
	v := s.opens("ben", "xterm")
	v.sees("TikTok")
	s.allow("anna", "eve")
	if status := v.leaves(); status != 1 {
		t.Errorf("exit status %d", status)
	}
	if _, raw, beside := v.output(); !strings.Contains(beside, "your key may not log in any more") || !strings.Contains(raw, "\x1b[?1049l") {
		t.Errorf("who is locked out reads %q", beside)
	}
	if _, err := s.dial("ben"); err == nil {
		t.Error("a key that was removed logs in")
	}
	s.opens("eve", "xterm").sees("TikTok")
}

func TestNothingIsForwardedAndNoProgramStarted(t *testing.T) {
	s := serves(t, quick(), nil)
	client := s.logsIn("anna")
	to := gossh.Marshal(struct {
		Host       string
		Port       uint32
		From       string
		OriginPort uint32
	}{"127.0.0.1", 22, "127.0.0.1", 1})
	for _, kind := range []string{"direct-tcpip", "direct-streamlocal@openssh.com", "forwarded-tcpip", "x11", "auth-agent@openssh.com", "tun@openssh.com"} {
		_, _, err := client.OpenChannel(kind, to)
		var refused *gossh.OpenChannelError
		if !errors.As(err, &refused) || refused.Reason != gossh.Prohibited {
			t.Errorf("%s: %v", kind, err)
		}
	}
	for _, kind := range []string{"tcpip-forward", "streamlocal-forward@openssh.com"} {
		if ok, _, err := client.SendRequest(kind, true, to); ok || err != nil {
			t.Errorf("%s: %v %v", kind, ok, err)
		}
	}
	session, err := client.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"auth-agent-req@openssh.com", "x11-req", "subsystem", "signal", "anything"} {
		if ok, err := session.SendRequest(kind, true, gossh.Marshal(struct{ Name string }{"sftp"})); ok || err != nil {
			t.Errorf("%s: %v %v", kind, ok, err)
		}
	}
	for name, kept := range map[string]bool{"COLORTERM": true, "LANG": true, "NO_COLOR": true, "PATH": false, "LD_PRELOAD": false, "SSH_CONNECTION": false, "TERM_PROGRAM": false} {
		if err := session.Setenv(name, "x"); (err == nil) != kept {
			t.Errorf("%s: %v", name, err)
		}
	}
	if session.Setenv("LANG", "a\x1b]0;x\a") == nil || session.Setenv("LANG", strings.Repeat("x", 1000)) == nil {
		t.Error("a variable may be anything")
	}
	if _, err := client.NewSession(); err == nil {
		t.Error("one connection has two sessions")
	}
}

func TestCommandsWithoutAScreenAreHandedOnAndToldInTheLog(t *testing.T) {
	s := serves(t, quick(), nil)
	out, _, status := s.asks("ben", `adtop report --range "last month"`)
	if out != "ben asks for [\"report\" \"--range\" \"last month\"] in 0 cells\n" || status != 3 {
		t.Errorf("%q, exit status %d", out, status)
	}
	s.logged("ran a command", "user=ben", "report --range", "status=3")
	for line, says := range map[string]string{"report | sh": "for a shell", "report 'x": "within quotes", strings.Repeat("x", 5000): "too long", "a\x00b": "characters"} {
		if out, said, status := s.asks("ben", line); out != "" || status != 2 || !strings.Contains(said, says) {
			t.Errorf("%.20q: %q %q, exit status %d", line, out, said, status)
		}
	}
}

// TestACommandInATerminalEndsLinesForIt: nothing else turns a line's end into the
// two characters that a terminal needs.
func TestACommandInATerminalEndsLinesForIt(t *testing.T) {
	s := serves(t, quick(), nil)
	session, err := s.logsIn("ben").NewSession()
	if err != nil {
		t.Fatal(err)
	}
	if err := session.RequestPty("xterm", 24, 61, gossh.TerminalModes{}); err != nil {
		t.Fatal(err)
	}
	out, err := session.Output("report")
	if string(out) != "ben asks for [\"report\"] in 61 cells\r\n" || statusOf(t, err) != 3 {
		t.Errorf("%q %v", out, err)
	}
}

func TestAViewerCannotAct(t *testing.T) {
	s := serves(t, quick(), nil)
	v := s.opens("ben", "xterm")
	v.sees("TikTok")
	for _, keys := range []string{"a", "z", "r", "n"} {
		v.presses(keys)
		v.sees("ben may look, not act")
		v.presses("1")
		eventually(t, "the reason goes", func() bool { screen, _, _ := v.output(); return !strings.Contains(screen, "ben may look") })
	}
	select {
	case c := <-s.commands:
		t.Errorf("%+v was sent", c)
	default:
	}
	// The screen is no boundary: neither does the text mode get through.
	dumb := s.opens("ben", "dumb")
	dumb.sees("Type help")
	dumb.presses("ack 1\r")
	dumb.sees("ben may look, not act")
	s.logged("command refused", "user=ben", "verb=ack")
	select {
	case c := <-s.commands:
		t.Errorf("%+v was sent", c)
	default:
	}
}

// TestARoleThatChangesCountsForTheNextCommand: nobody logs in anew for it, and an
// open question is no way around it.
func TestARoleThatChangesCountsForTheNextCommand(t *testing.T) {
	var operator atomic.Bool
	s := serves(t, quick(), func(o *Options) {
		o.Role = func(string) Role { return map[bool]Role{true: Operator, false: Viewer}[operator.Load()] }
	})
	v := s.opens("ben", "xterm")
	v.sees("TikTok")
	v.presses("a")
	v.sees("ben may look, not act")
	operator.Store(true)
	v.presses("a")
	v.sees("note:")
	operator.Store(false)
	v.presses("seen\r")
	v.sees("ben may look, not act")
	s.logged("command refused", "user=ben", "verb=ack")
	operator.Store(true)
	v.presses("a")
	v.sees("note:")
	v.presses("seen\r")
	select {
	case c := <-s.commands:
		if c.Verb != "ack" || c.By != "ben" || c.Note != "seen" {
			t.Errorf("%+v was sent", c)
		}
	case <-time.After(soon):
		t.Error("who may act again does not")
	}
}

func TestAnOperatorActsInTheNameBehindTheKey(t *testing.T) {
	s := serves(t, quick(), nil)
	v := s.opens("anna", "xterm")
	v.sees("TikTok")
	v.presses("a")
	v.sees("note:")
	v.presses("card declined\r")
	select {
	case c := <-s.commands:
		if c.Verb != "ack" || c.By != "anna" || c.ID != "7" || c.Note != "card declined" {
			t.Errorf("%+v", c)
		}
	case <-time.After(soon):
		t.Fatal("nothing was sent")
	}
	s.logged("sent a command", "user=anna", "key=SHA256:", "verb=ack", "id=7", `note="card declined"`)
}

func TestSentencesAreTypedOnATerminalThatShowsNoScreens(t *testing.T) {
	s := serves(t, quick(), nil)
	v := s.opens("anna", "dumb")
	v.sees("Type help")
	v.presses("ackk\x7f 1 a note\r") // with a slip of the finger
	v.sees("ack 1 a note")
	if c := <-s.commands; c.Verb != "ack" || c.By != "anna" || c.Note != "a note" {
		t.Errorf("%+v", c)
	}
	if _, raw, _ := v.output(); strings.Contains(strings.ReplaceAll(raw, "\r\n", ""), "\n") || strings.Contains(raw, "\x1b") {
		t.Errorf("a dumb terminal gets %q", raw)
	}
	v.presses("\x03")
	if status := v.leaves(); status != 0 {
		t.Errorf("exit status %d", status)
	}
}

// TestAnEndOfTheServerIsToldAndLeavesTheTerminalAsItWas also when some do not
// listen.
func TestAnEndOfTheServerIsToldAndLeavesTheTerminalAsItWas(t *testing.T) {
	l := quick()
	l.farewell = 3 * time.Second
	s := serves(t, l, nil)
	v := s.opens("anna", "xterm")
	v.sees("TikTok")
	idle := s.logsIn("ben") // has no session
	s.stops()
	if status := v.leaves(); status != 1 {
		t.Errorf("exit status %d", status)
	}
	if _, raw, beside := v.output(); !strings.Contains(raw, "\x1b[?1049l") || beside != "adtop: adtop has been stopped on the server.\r\n" {
		t.Errorf("the end is told as %q after %q", beside, raw[max(0, len(raw)-100):])
	}
	if _, err := idle.NewSession(); err == nil {
		t.Error("a connection outlives the server")
	}
}

func TestAScreenThatIsLeftAloneEndsWhereTheConfigSaysSo(t *testing.T) {
	s := serves(t, quick(), func(o *Options) { o.Idle = 300 * time.Millisecond })
	v := s.opens("ben", "xterm")
	if status := v.leaves(); status != 1 {
		t.Errorf("exit status %d", status)
	}
	if _, _, beside := v.output(); !strings.Contains(beside, "left alone") {
		t.Errorf("says %q", beside)
	}
}

func TestWhoHasAllTheirSeatsIsToldSo(t *testing.T) {
	s := serves(t, quick(), func(o *Options) { o.PerUser = 2 })
	first := s.logsIn("anna")
	s.logsIn("anna")
	said := ""
	_, err := gossh.Dial("tcp", s.address, &gossh.ClientConfig{
		Auth: []gossh.AuthMethod{gossh.PublicKeys(key("anna"))}, HostKeyCallback: gossh.InsecureIgnoreHostKey(),
		BannerCallback: func(message string) error { said += message; return nil },
	})
	if err == nil || !strings.Contains(said, "anna has 2 connections open") {
		t.Errorf("the third of two is told %q: %v", said, err)
	}
	s.logsIn("ben")
	first.Close()
	eventually(t, "a seat is free again", func() bool {
		client, err := s.dial("anna")
		if err == nil {
			client.Close()
		}
		return err == nil
	})
}

func TestWhoDoesNotLogInIsDropped(t *testing.T) {
	l := quick()
	l.handshake, l.waiting, l.perHost = 300*time.Millisecond, 3, 2
	s := serves(t, l, nil)
	var lines []net.Conn
	for range 3 {
		conn, err := net.Dial("tcp", s.address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		lines = append(lines, conn)
	}
	refused := 0
	for _, conn := range lines {
		if err := conn.SetReadDeadline(time.Now().Add(soon)); err != nil {
			t.Fatal(err)
		}
		said, err := io.ReadAll(conn) // until the server closes it
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(string(said), "adtop: too many connections from your address") {
			refused++
		} else if !strings.HasPrefix(string(said), "SSH-2.0-adtop") {
			t.Errorf("says %q", said)
		}
	}
	if refused != 1 {
		t.Errorf("%d of 3 connections were turned away, want the third", refused)
	}
	s.logsIn("anna")
}

// TestAddressesThatFailTooOftenWaitAndOthersDoNot: what succeeds costs nothing.
func TestAddressesThatFailTooOftenWaitAndOthersDoNot(t *testing.T) {
	l := usual
	l.attempts, l.recovers = 3, time.Hour
	s := serves(t, l, nil)
	for range 5 {
		client := s.logsIn("anna")
		if _, _, err := client.SendRequest("anything", true, nil); err != nil { // both sides are through
			t.Fatal(err)
		}
		client.Close()
	}
	eventually(t, "what they took is given back", func() bool {
		logging.Lock()
		defer logging.Unlock()
		return strings.Count(s.log.String(), "msg=left") == 5
	})
	for range 10 {
		if _, err := s.dial("eve"); err == nil {
			t.Fatal("a key that nobody allowed logs in")
		}
	}
	if _, err := s.dial("anna"); err == nil {
		t.Error("the address that failed logs in at once")
	}
	s.stops() // all is in the log then
	if failed := strings.Count(s.log.String(), "log-in refused"); failed != 3 || !strings.Contains(s.log.String(), "too many log-ins from your address have failed") {
		t.Errorf("%d log-ins failed before the address was turned away:\n%s", failed, s.log.String())
	}
}

// TestAClientThatReadsNothingDelaysNobodyAndIsDropped: its line is full, its
// program waits, and all others get what they came for.
func TestAClientThatReadsNothingDelaysNobodyAndIsDropped(t *testing.T) {
	l := quick()
	l.asks, l.silence = 50*time.Millisecond, time.Second
	s := serves(t, l, nil)
	line := &stoppable{stopped: make(chan struct{}), ended: make(chan struct{})}
	defer close(line.ended)
	frozen := s.freezes(line)
	others := []*visitor{s.opens("anna", "xterm"), s.opens("ben", "xterm")}
	for _, v := range others {
		v.sees("TikTok")
	}
	close(line.stopped)
	for n := range 9 { // each repaints more than the line holds
		_ = frozen.WindowChange(100+n, 300+n) // until it is dropped
		s.shows(picture(100 * n))
		for _, v := range others {
			v.sees(fmt.Sprintf("1,%d00", n))
		}
	}
	s.logged("dropped: no sign of life", "user=anna")
	for _, v := range others {
		v.presses("q")
		v.leaves()
	}
}

// stoppable is a line that holds little, and whose client stops reading as a
// process does that was sent SIGSTOP.
type stoppable struct {
	net.Conn
	stopped, ended chan struct{}
}

func (l *stoppable) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	select {
	case <-l.stopped:
		<-l.ended
	default:
	}
	return n, err
}

// freezes opens a dashboard over a line that can stop.
func (s *service) freezes(l *stoppable) *gossh.Session {
	s.t.Helper()
	raw, err := net.Dial("tcp", s.address)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := raw.(*net.TCPConn).SetReadBuffer(1); err != nil {
		s.t.Fatal(err)
	}
	l.Conn = raw
	conn, channels, requests, err := gossh.NewClientConn(l, s.address, &gossh.ClientConfig{Auth: []gossh.AuthMethod{gossh.PublicKeys(key("anna"))}, HostKeyCallback: gossh.InsecureIgnoreHostKey()})
	if err != nil {
		s.t.Fatal(err)
	}
	session, err := gossh.NewClient(conn, channels, requests).NewSession()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := errors.Join(session.RequestPty("xterm-256color", 40, 120, nil), session.Shell()); err != nil {
		s.t.Fatal(err)
	}
	return session
}

func TestAFaultEndsTheSessionInWhichItIs(t *testing.T) {
	s := serves(t, quick(), func(o *Options) {
		o.Run = func(context.Context, Command) int { panic("a mistake of ours") }
	})
	v := s.opens("anna", "xterm")
	v.sees("TikTok")
	if _, _, status := s.asks("ben", "report"); status != 1 {
		t.Errorf("exit status %d", status)
	}
	s.logged("level=ERROR", "fault", "a mistake of ours", "server_test.go")
	s.shows(picture(5))
	v.sees("1,005")
}

func TestFiftyPeopleSeeOnePicture(t *testing.T) {
	s := serves(t, quick(), nil)
	visitors := make([]*visitor, 50)
	for i := range visitors {
		visitors[i] = s.opens([]string{"anna", "ben"}[i%2], "xterm")
	}
	for _, v := range visitors {
		v.sees("TikTok")
	}
	s.shows(picture(777))
	for _, v := range visitors {
		v.sees("1,777")
	}
}

// TestATerminalCannotBeMadeLargerThanAScreen: what is drawn takes memory.
func TestATerminalCannotBeMadeLargerThanAScreen(t *testing.T) {
	for asked, want := range map[[2]uint32][2]int{{0, 0}: {80, 24}, {1 << 31, 1 << 31}: {400, 150}, {120, 40}: {120, 40}} {
		if got := sized(asked[0], asked[1]); got.Width != want[0] || got.Height != want[1] {
			t.Errorf("%v is taken as %v", asked, got)
		}
	}
	s := &session{connection: &connection{}}
	if s.terminal([]byte("xterm")) || s.terminal(binary.BigEndian.AppendUint32(nil, 1<<31)) {
		t.Error("a request that is cut off gives a terminal")
	}
}
