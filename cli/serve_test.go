//go:build !windows

package cli

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/hinshun/vt10x"
	gossh "golang.org/x/crypto/ssh"
)

// servedConfig has an alert that fires at once.
var servedConfig = shopConfig + `
alerts:
  rules: [{name: any spend, expr: channel.last_7d.cost > 1}]
serve:
  address: 127.0.0.1:0
  authorized_keys: keys
  roles: {anna: operator}
`

// office is an adtop serve in a process of its own, and the machines of those
// who log in, with OpenSSH's client.
type office struct {
	t       testing.TB
	home    string
	config  string
	export  string
	server  *exec.Cmd
	said    lockedBuffer // stderr of the server
	address string
	ended   chan error
}

// lockedBuffer is what a process says while it runs.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// opensOffice starts a server. Anna acts, ben looks, and eve has a key that
// nobody allowed.
func opensOffice(t testing.TB) *office { return opensOfficeWith(t, servedConfig) }

func opensOfficeWith(t testing.TB, config string) *office {
	t.Helper()
	if _, err := exec.LookPath("ssh"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("ssh is not installed: .ci/run does that")
		}
		t.Skip("ssh is not installed")
	}
	o := &office{t: t, home: t.TempDir()}
	o.export = filepath.Join(o.home, "export.csv")
	o.spends(20)
	allowed := ""
	for _, name := range []string{"anna", "ben", "eve"} {
		public := o.makesKey(name)
		if name != "eve" {
			allowed += public + " " + name + "@laptop\n"
		}
	}
	write(t, filepath.Join(o.home, "keys"), allowed)
	o.config = write(t, filepath.Join(o.home, "shop.yaml"), strings.Replace(config, "EXPORT", o.export, 1))
	o.starts()
	t.Cleanup(o.stops)
	return o
}

// spends writes an export in which so much was spent today.
func (o *office) spends(amount int) {
	o.t.Helper()
	write(o.t, o.export, fmt.Sprintf("date,campaign,clicks,cost,orders,revenue\n%s,A,10,%d.00,2,90.00\n", dayAgo(o.t, 0), amount))
}

func (o *office) makesKey(name string) (public string) {
	o.t.Helper()
	seed := make([]byte, ed25519.SeedSize)
	copy(seed, name)
	private := ed25519.NewKeyFromSeed(seed)
	block, err := gossh.MarshalPrivateKey(private, name)
	if err != nil {
		o.t.Fatal(err)
	}
	write(o.t, filepath.Join(o.home, name+".key"), string(pem.EncodeToMemory(block)))
	key, err := gossh.NewPublicKey(private.Public())
	if err != nil {
		o.t.Fatal(err)
	}
	return strings.TrimSpace(string(gossh.MarshalAuthorizedKey(key)))
}

// starts starts the server and waits until it listens.
func (o *office) starts() {
	o.t.Helper()
	o.server = exec.Command(os.Args[0], "serve", "--config", o.config)
	o.server.Env, o.server.Stderr = childEnv(o.home), &o.said
	out, err := o.server.StdoutPipe()
	if err != nil {
		o.t.Fatal(err)
	}
	if err := o.server.Start(); err != nil {
		o.t.Fatal(err)
	}
	first, err := bufio.NewReader(out).ReadString('\n')
	if _, err := fmt.Sscanf(first, "adtop serves at %s Its host key is SHA256:", &o.address); err != nil {
		o.t.Fatalf("the server says %q and %q: %v", first, o.said.String(), err)
	}
	if err != nil {
		o.t.Fatal(err)
	}
	o.address = strings.TrimSuffix(o.address, ".")
	o.ended = make(chan error, 1)
	server, ended := o.server, o.ended
	go func() { ended <- server.Wait() }()
}

// stops ends the server as systemd does.
func (o *office) stops() {
	o.t.Helper()
	if err := o.server.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		o.t.Fatal(err)
	}
	select {
	case err := <-o.ended:
		o.ended <- nil
		if err != nil {
			o.t.Errorf("the server ends with %v: %s", err, o.said.String())
		}
	case <-time.After(soon):
		o.server.Process.Kill()
		o.t.Fatal("the server does not end")
	}
}

// logs waits until the server has said all of the texts in one line.
func (o *office) logs(texts ...string) {
	o.t.Helper()
	for deadline := time.Now().Add(soon); ; time.Sleep(10 * time.Millisecond) {
		for line := range strings.Lines(o.said.String()) {
			all := true
			for _, text := range texts {
				all = all && strings.Contains(line, text)
			}
			if all {
				return
			}
		}
		if time.Now().After(deadline) {
			o.t.Fatalf("no line of the log has %q:\n%s", texts, o.said.String())
		}
	}
}

// options are those of ssh on somebody's machine, which knows nothing but the
// key and this server.
func (o *office) options(name string) []string {
	_, port, _ := net.SplitHostPort(o.address)
	return []string{
		"-F", "none", "-p", port, "-i", filepath.Join(o.home, name+".key"), "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-o", "StrictHostKeyChecking=accept-new",
		"-o", "UserKnownHostsFile=" + filepath.Join(o.home, "known_hosts"), "-o", "HostKeyAlias=adtop", "-o", "NumberOfPasswordPrompts=1", "-o", "SendEnv=COLORTERM", "-l", "someone",
	}
}

// ssh runs OpenSSH's client without a terminal.
func (o *office) ssh(name string, args ...string) (code int, stdout, stderr string) {
	o.t.Helper()
	cmd := exec.Command("ssh", append(append(o.options(name), "-o", "BatchMode=yes"), args...)...)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		code = exit.ExitCode()
	case err != nil:
		o.t.Fatal(err)
	}
	return code, out.String(), said.String()
}

// sits is somebody at a terminal of cols×rows cells in which ssh runs.
func (o *office) sits(name string, cols, rows int) *person {
	o.t.Helper()
	return startsProgram(o.t, "ssh", o.home, cols, rows, append(o.options(name), "127.0.0.1")...)
}

// seesSpent waits until the row of the one channel says so much.
func (p *person) seesSpent(amount string) {
	p.t.Helper()
	p.waits(func(screen string) string {
		for line := range strings.Lines(screen) {
			if fields := strings.Fields(line); strings.Contains(line, "Partners") && slices.Contains(fields, amount) {
				return ""
			}
		}
		return "a spend of " + amount + " never came"
	})
}

// sitsAt is somebody at a terminal of another kind.
func (o *office) sitsAt(term, name string) *person {
	o.t.Helper()
	return startsProgram(o.t, "env", o.home, 100, 30, append([]string{"TERM=" + term, "ssh"}, append(o.options(name), "127.0.0.1")...)...)
}

func TestOverSSHEverybodySeesAndWhoMayActs(t *testing.T) {
	t.Parallel()
	o := opensOffice(t)
	anna, ben := o.sits("anna", 120, 32), o.sits("ben", 80, 24)
	anna.sees("Partners", "any spend", "? help")
	ben.sees("Partners", "? help")
	ben.presses("a")
	ben.sees("ben may look, not act")
	anna.presses("a")
	anna.sees("note:")
	anna.presses("card declined", "enter")
	anna.seesNo("firing")
	ben.presses("2")
	ben.sees("acked")
	ben.presses("enter")
	ben.sees("acked by anna: card declined")
	_, stdout, stderr := o.ssh("ben", "127.0.0.1", "report", "--format", "json")
	var report jsonReport
	if err := json.Unmarshal([]byte(stdout), &report); err != nil || len(report.Alerts) != 1 || r2s(report.Alerts[0].AckedBy) != "anna" {
		t.Errorf("the report says %v %s %s", err, stdout, stderr)
	}
	o.logs("logged in", "user=anna", "role=operator", "key=SHA256:", "from=127.0.0.1:")
	o.logs("sent a command", "user=anna", "key=SHA256:", "verb=ack", `note="card declined"`)
	o.logs("ran a command", "user=ben", `line="report --format json"`, "status=0")

	if err := pty.Setsize(ben.file, &pty.Winsize{Cols: 40, Rows: 12}); err != nil {
		t.Fatal(err)
	}
	ben.screen.Resize(40, 12)
	ben.presses("1")
	ben.waits(func(screen string) string {
		if lines := strings.Split(strings.TrimRight(screen, "\n"), "\n"); len(lines) != 12 || !strings.Contains(lines[11], "? help") {
			return "the hints never stood at the bottom of 12 lines"
		}
		return ""
	})
	ben.quits()
	anna.quits()
}

func TestOverSSHNobodyElseGetsIn(t *testing.T) {
	t.Parallel()
	o := opensOffice(t)
	if code, stdout, stderr := o.ssh("eve", "127.0.0.1", "report"); code != 255 || stdout != "" || !strings.Contains(stderr, "Permission denied (publickey)") {
		t.Errorf("a key that nobody allowed: %d %q %q", code, stdout, stderr)
	}
	o.logs("log-in refused", "SHA256:")
	for _, method := range []string{"password", "keyboard-interactive", "hostbased", "gssapi-with-mic"} {
		if code, stdout, stderr := o.ssh("anna", "-o", "PreferredAuthentications="+method, "127.0.0.1", "report"); code != 255 || stdout != "" || !strings.Contains(stderr, "Permission denied (publickey)") {
			t.Errorf("%s: %d %q %q", method, code, stdout, stderr)
		}
	}
}

func TestOverSSHCommandsOnlyRead(t *testing.T) {
	t.Parallel()
	o := opensOffice(t)
	outside := filepath.Join(o.home, "outside")
	for _, c := range []struct {
		line string
		code int
		says string
	}{
		{"", 0, "Partners"},
		{"report", 0, "Partners"},
		{"adtop report --range 7d", 0, "Last 7 days"},
		{"help", 0, "report"},
		{"report --config " + o.config, 2, `"--config" flag: not over SSH`},
		{"report --log " + outside, 2, "unknown flag: --log"},
		{"export -o " + outside, 2, `unknown command "export"`},
		{"doctor", 2, `unknown command "doctor"`},
		{"man", 2, `unknown command "man"`},
		{"__complete report --config ''", 2, `unknown command "__complete"`},
		{"report __complete", 2, "unknown command"},
		{"report --range fortnight", 2, "fortnight"},
		{"sh -c id", 2, `unknown command "sh": there is no shell here`},
		{"scp -t /tmp", 2, `unknown command "scp"`},
		{"report > " + outside, 2, "for a shell"},
	} {
		if code, stdout, stderr := o.ssh("anna", "-T", "127.0.0.1", c.line); code != c.code || !strings.Contains(stdout+stderr, c.says) {
			t.Errorf("%s: exit code %d, want %d:\n%s%s", c.line, code, c.code, stdout, stderr)
		}
	}
	if _, err := os.Stat(outside); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a command wrote a file: %v", err)
	}
	if code, _, stderr := o.ssh("anna", "-s", "127.0.0.1", "sftp"); code == 0 {
		t.Errorf("there is a subsystem: %s", stderr)
	}
}

func TestOverSSHTheTextModeIsTypedTo(t *testing.T) {
	t.Parallel()
	o := opensOffice(t)
	cmd := exec.Command("ssh", append(o.options("ben"), "127.0.0.1", "text")...)
	cmd.Stdin = strings.NewReader("poll\nquit\n")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "ben may look, not act") {
		t.Errorf("%v: %s", err, out)
	}
}

func TestOverSSHNothingIsForwarded(t *testing.T) {
	t.Parallel()
	o := opensOffice(t)
	if code, _, stderr := o.ssh("anna", "-W", "127.0.0.1:22", "127.0.0.1"); code == 0 || !strings.Contains(stderr, "administratively prohibited: adtop forwards nothing") {
		t.Errorf("-W: %d %s", code, stderr)
	}
	for _, to := range []string{"127.0.0.1:0:127.0.0.1:22", filepath.Join(o.home, "remote") + ":127.0.0.1:22"} {
		if code, _, stderr := o.ssh("anna", "-N", "-o", "ExitOnForwardFailure=yes", "-R", to, "127.0.0.1"); code == 0 || !strings.Contains(stderr, "forwarding failed") {
			t.Errorf("-R %s: %d %s", to, code, stderr)
		}
	}
	short, err := os.MkdirTemp("", "adtop-ssh-") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(short)
	local, agent := filepath.Join(short, "l"), filepath.Join(short, "a")
	keeper, err := net.Listen("unix", agent) // stands for an agent: nobody may come
	if err != nil {
		t.Fatal(err)
	}
	defer keeper.Close()
	go func() {
		for {
			conn, err := keeper.Accept()
			if err != nil {
				return
			}
			conn.Close()
		}
	}()
	forwarding := exec.Command("ssh", append([]string{"-o", "IdentityAgent=" + agent, "-T", "-A"}, append(o.options("anna"), "-L", local+":127.0.0.1:22", "127.0.0.1", "text")...)...)
	keyboard, err := forwarding.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	said, err := forwarding.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := forwarding.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(said).ReadString('\n'); err != nil { // it is logged in
		t.Fatal(err)
	}
	o.logs("request refused", "user=anna", "type=auth-agent-req@openssh.com")
	conn, err := net.Dial("unix", local)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, conn); n != 0 {
		t.Errorf("-L: %d bytes came through: %v", n, err)
	}
	o.logs("channel refused", "user=anna", "type=direct-tcpip")
	keyboard.Close()
	forwarding.Process.Signal(syscall.SIGTERM)
	_, _ = io.Copy(io.Discard, said)
	_ = forwarding.Wait() // by the signal
}

func TestOverSSHEveryTerminalShowsWhatItCan(t *testing.T) {
	t.Parallel()
	o := opensOffice(t)
	for term, sees := range map[string]string{
		"xterm-256color": "? help", "screen": "? help", "tmux-256color": "? help", "linux": "? help", "vt100": "? help", "xterm-kitty": "? help", "dumb": "Type help",
	} {
		p := o.sitsAt(term, "ben")
		p.sees("Partners", sees)
		if term == "dumb" {
			p.presses("quit")
			p.presses("enter")
			<-p.ended
			continue
		}
		p.quits()
	}
}

// TestOverSSHAFrozenClientDelaysNobody: its ssh is stopped as by ctrl+z, and goes
// on where the others are.
func TestOverSSHAFrozenClientDelaysNobody(t *testing.T) {
	t.Parallel()
	o := opensOffice(t)
	anna, ben := o.sits("anna", 120, 32), o.sits("ben", 80, 24)
	anna.sees("Partners", "? help")
	ben.sees("Partners", "? help")
	if err := ben.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	for _, spend := range []int{31, 32, 33} {
		o.spends(spend)
		anna.presses("r")
		anna.seesSpent(fmt.Sprint(spend))
	}
	if err := ben.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	ben.seesSpent("33")
	ben.quits()
	anna.quits()
}

// TestOverSSHTheServerIsKnownAgainAndSaysGoodBye: its key is the same after a
// start anew, and a stop leaves the terminals of those who were there in order.
func TestOverSSHTheServerIsKnownAgainAndSaysGoodBye(t *testing.T) {
	t.Parallel()
	o := opensOffice(t)
	anna := o.sits("anna", 120, 32)
	anna.sees("Partners", "? help")
	o.stops()
	anna.sees("adtop has been stopped on the server.")
	<-anna.ended
	if anna.screen.Mode()&vt10x.ModeAltScreen != 0 || !anna.screen.CursorVisible() {
		t.Error("the terminal is left on the other screen, or without a cursor")
	}
	o.starts()
	if code, _, stderr := o.ssh("anna", "-o", "StrictHostKeyChecking=yes", "127.0.0.1", "report"); code != 0 {
		t.Errorf("the client does not know the server again: %s", stderr)
	}
	stat, err := os.Stat(filepath.Join(o.home, "data", "adtop", "shop.host-key"))
	if err != nil || stat.Mode().Perm() != 0o600 {
		t.Errorf("the host key: %v %v", stat, err)
	}
}

// TestServeShowsWhatAnotherProcessCollects: it follows the holder of the lease, and
// takes its place.
func TestServeShowsWhatAnotherProcessCollects(t *testing.T) {
	t.Parallel()
	o := opensOffice(t)
	second := &office{t: t, home: o.home, config: o.config, export: o.export}
	second.starts()
	defer second.stops()
	ben := second.sits("ben", 120, 32)
	ben.sees("Partners", "any spend")
	anna := second.sits("anna", 120, 32)
	anna.sees("Partners", "any spend")
	anna.presses("a")
	anna.sees("note:")
	anna.presses("enter")
	ben.seesNo("firing") // through the one who collects
	o.stops()
	o.spends(55)
	anna.presses("r")
	ben.seesSpent("55")
	ben.quits()
	anna.quits()
}

func TestServeSaysWhatItMisses(t *testing.T) {
	dir := home(t)
	export := write(t, filepath.Join(dir, "export.csv"), "date,campaign,clicks,cost,orders,revenue\n")
	plain := strings.Replace(shopConfig, "EXPORT", export, 1)
	for name, c := range map[string]struct{ config, says string }{
		"no section": {plain, "no serve: section"},
		"no keys":    {plain + "serve: {authorized_keys: nowhere}\n", "no authorized keys at " + filepath.Join(dir, "nowhere")},
	} {
		cfg := write(t, filepath.Join(dir, "shop.yaml"), c.config)
		if code, stdout, stderr := adtop(t, "serve", "--config", cfg); code != 1 || stdout != "" || !strings.Contains(stderr, c.says) {
			t.Errorf("%s: exit code %d: %q %q", name, code, stdout, stderr)
		}
	}
}
