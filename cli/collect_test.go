//go:build !windows

package cli

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"adtop/config"
	"adtop/store"
)

// service is an adtop that collects in a process of its own.
type service struct {
	t     testing.TB
	cmd   *exec.Cmd
	lines chan string // of stderr
	ended chan error
}

// startsService starts 'adtop collect' and its like. It is killed with the test,
// unless it ended before.
func startsService(t testing.TB, home string, env []string, args ...string) *service {
	t.Helper()
	return startsCommand(t, exec.Command(os.Args[0], args...), home, env)
}

func startsCommand(t testing.TB, cmd *exec.Cmd, home string, env []string) *service {
	t.Helper()
	cmd.Env = childEnv(home, env...)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := &service{t, cmd, make(chan string, 1000), make(chan error, 1)}
	go func() {
		for in := bufio.NewScanner(stderr); in.Scan(); {
			s.lines <- in.Text()
		}
		close(s.lines)
		s.ended <- cmd.Wait()
	}()
	t.Cleanup(func() { cmd.Process.Kill() })
	return s
}

// says waits for a line of the log that has all the parts, and returns it.
func (s *service) says(parts ...string) string {
	s.t.Helper()
	return awaits(s.t, s.lines, parts)
}

// awaits waits for a line of a process that has all the parts, and returns it.
func awaits(t testing.TB, lines <-chan string, parts []string) string {
	t.Helper()
	var seen []string
	timeout := time.After(30 * time.Second)
next:
	for {
		select {
		case line, open := <-lines:
			if !open {
				t.Fatalf("it ended without saying %q:\n%s", parts, strings.Join(seen, "\n"))
			}
			seen = append(seen, line)
			for _, part := range parts {
				if !strings.Contains(line, part) {
					continue next
				}
			}
			return line
		case <-timeout:
			t.Fatalf("it never said %q:\n%s", parts, strings.Join(seen, "\n"))
		}
	}
}

func (s *service) signal(sig os.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}

// ends asks it to end and checks that it does so well.
func (s *service) ends(sig os.Signal) {
	s.t.Helper()
	s.signal(sig)
	for range s.lines { // closes
	}
	select {
	case err := <-s.ended:
		if err != nil {
			s.t.Errorf("it ended with %v", err)
		}
	case <-time.After(30 * time.Second):
		s.t.Fatalf("it goes on after %v", sig)
	}
}

// zoneOfShop is midday, loaded.
func zoneOfShop(t testing.TB) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(midday)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// dayAgo is a date in the zone of the shop, so many days back.
func dayAgo(t testing.TB, days int) string {
	t.Helper()
	return time.Now().In(zoneOfShop(t)).AddDate(0, 0, -days).Format(time.DateOnly)
}

// shop writes a config that reads an export of today, and returns its path.
func shop(t testing.TB, dir string) (path string) {
	t.Helper()
	day := dayAgo(t, 0)
	export := write(t, filepath.Join(dir, "export.csv"), "date,campaign,clicks,cost,orders,revenue\n"+day+",A,10,20.00,2,90.00\n")
	return write(t, filepath.Join(dir, "shop.yaml"), strings.Replace(shopConfig, "EXPORT", export, 1))
}

// TestAHangupReloadsTheConfigOfACollector: a good one counts, a bad one does
// not, and the log says so.
func TestAHangupReloadsTheConfigOfACollector(t *testing.T) {
	dir := home(t)
	path := shop(t, dir)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s := startsService(t, dir, nil, "collect", "--config", path)
	s.says("level=INFO", "msg=collecting")

	write(t, path, strings.Replace(string(content), "title: Shop", "title: [Shop", 1))
	s.signal(syscall.SIGHUP)
	s.says("level=ERROR", "was not reloaded", "shop.yaml:3:")
	write(t, path, strings.Replace(string(content), "type: csv", "type: csv\n    token: literal", 1))
	s.signal(syscall.SIGHUP)
	s.says("level=ERROR", "was not reloaded", "token")
	write(t, path, "database: elsewhere.db\n"+string(content))
	s.signal(syscall.SIGHUP)
	s.says("level=ERROR", "was not reloaded", "elsewhere.db", "another start")

	write(t, path, strings.ReplaceAll(string(content), "Partners", "Affiliates"))
	s.signal(syscall.SIGHUP)
	s.says("level=INFO", "was reloaded")
	cfg, err := config.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	database, err := databasePath(cfg)
	if err != nil {
		t.Fatal(err)
	}
	cache, err := store.Open(t.Context(), database, store.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer cache.Close()
	judged := func() bool {
		all, err := cache.Evaluations(t.Context(), time.Now())
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range all {
			if e.Channel == "Affiliates" {
				return true
			}
		}
		return false
	}
	for deadline := time.Now().Add(20 * time.Second); !judged(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the channel of the new config is never judged")
		}
	}
	if holder, err := cache.Holder(); err != nil || holder == "" {
		t.Errorf("after the reload nobody collects: %v", err)
	}
	s.ends(syscall.SIGTERM)
}

func TestACollectorEndsWellByEitherSignalAndLogsJSONWhenAsked(t *testing.T) {
	dir := home(t)
	path := shop(t, dir)
	for _, sig := range []os.Signal{syscall.SIGTERM, syscall.SIGINT} {
		s := startsService(t, dir, nil, "collect", "--config", path, "--log-format", "json")
		s.says(`"level":"INFO"`, `"msg":"collecting"`)
		s.ends(sig)
	}
}

func TestInTheJournalLinesHaveAPriorityAndNoTime(t *testing.T) {
	dir := home(t)
	s := startsService(t, dir, []string{"JOURNAL_STREAM=9:9"}, "collect", "--config", shop(t, dir))
	if line := s.says("msg=collecting"); line != "<6>level=INFO msg=collecting" {
		t.Errorf("the line is %q", line)
	}
	s.ends(syscall.SIGTERM)
}

// notifySocket is where systemd would listen.
type notifySocket struct {
	t    *testing.T
	path string
	conn *net.UnixConn
}

func newSocket(t *testing.T) *notifySocket {
	t.Helper()
	path := filepath.Join(t.TempDir(), "n")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &notifySocket{t, path, conn}
}

// hears waits for a message with lines that begin so.
func (n *notifySocket) hears(lines ...string) {
	n.t.Helper()
	buffer := make([]byte, 4096)
	if err := n.conn.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		n.t.Fatal(err)
	}
next:
	for {
		size, err := n.conn.Read(buffer)
		if err != nil {
			n.t.Fatalf("never told %q: %v", lines, err)
		}
		for _, line := range lines {
			if !strings.Contains("\n"+string(buffer[:size]), "\n"+line) {
				continue next
			}
		}
		return
	}
}

// hearsNothing returns what was told already, "" for nothing.
func (n *notifySocket) hearsNothing() string {
	n.t.Helper()
	buffer := make([]byte, 4096)
	if err := n.conn.SetReadDeadline(time.Now().Add(time.Millisecond)); err != nil {
		n.t.Fatal(err)
	}
	size, err := n.conn.Read(buffer)
	if err != nil {
		return ""
	}
	return string(buffer[:size])
}

// TestTheServiceManagerIsToldReadyReloadAlivenessAndTheEnd listens where systemd
// would.
func TestTheServiceManagerIsToldReadyReloadAlivenessAndTheEnd(t *testing.T) {
	dir := home(t)
	path := shop(t, dir)
	manager := newSocket(t)
	hears := manager.hears
	s := startsService(t, dir, []string{"NOTIFY_SOCKET=" + manager.path, "WATCHDOG_USEC=200000"}, "collect", "--config", path)
	hears("READY=1")
	hears("WATCHDOG=1")
	s.says("msg=collecting")
	s.signal(syscall.SIGHUP)
	hears("RELOADING=1", "MONOTONIC_USEC=")
	hears("READY=1", "STATUS=collecting by the config of ")
	write(t, path, "title: [")
	s.signal(syscall.SIGHUP)
	hears("RELOADING=1")
	hears("READY=1", "STATUS=a changed config is not in force")
	hears("WATCHDOG=1")
	s.signal(syscall.SIGTERM)
	hears("STOPPING=1")
	s.ends(syscall.SIGTERM)
}

// TestAReloadClosesWhatTheFormerSourcesKeptOpen counts the connections at a
// platform, which are kept for the next poll.
func TestAReloadClosesWhatTheFormerSourcesKeptOpen(t *testing.T) {
	dir := home(t)
	var answers atomic.Int64
	var mu sync.Mutex
	open := map[net.Conn]bool{}
	platform := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		answers.Add(1)
		w.Header().Set("Content-Type", "application/json")
		w.Write([]byte(`{"rows":[]}`))
	}))
	platform.Config.ConnState = func(c net.Conn, state http.ConnState) {
		mu.Lock()
		defer mu.Unlock()
		open[c] = true
		if state == http.StateClosed {
			delete(open, c)
		}
	}
	platform.Start()
	defer platform.Close()
	count := func() int {
		mu.Lock()
		defer mu.Unlock()
		return len(open)
	}
	path := write(t, filepath.Join(dir, "web.yaml"), strings.Replace(webConfig, "URL", platform.URL, 1))
	cfg, err := config.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	s, err := (&app{}).open(t.Context(), cfg, true)
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.monitor.Run(ctx) }()
	<-s.monitor.Settled()
	if kept := count(); kept != 1 {
		t.Fatalf("%d connections are kept for the next poll, want 1", kept)
	}
	asked := answers.Load()
	for range 20 {
		if err := s.reload(ctx, path, func(*config.Config) error { return nil }); err != nil {
			t.Fatal(err)
		}
		for began := asked; asked == began; asked = answers.Load() { // the new source polls at once
			time.Sleep(time.Millisecond)
		}
	}
	end()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := s.close(); err != nil {
		t.Error(err)
	}
	for deadline := time.Now().Add(10 * time.Second); count() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d connections are left", count())
		}
	}
}

// webConfig asks a platform at URL.
const webConfig = `
title: Web
currency: EUR
timezone: Europe/Berlin
sources:
  - name: web
    type: http
    url: URL/report
    answer: json
    rows: .rows[]
    columns: {date: .day, campaign: .name, cost: .cost}
    accounts: [{id: a, name: A, currency: EUR, timezone: Europe/Berlin}]
channels:
  - name: Web
    spend: {source: web}
    economics: {margin: 50%}
`
