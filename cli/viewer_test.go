//go:build !windows

package cli

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// viewer is an adtop in a process of its own that tells in sentences what
// changes, beside whoever collects.
type viewer struct {
	t     testing.TB
	cmd   *exec.Cmd
	types io.WriteCloser
	lines chan string
}

func startsViewer(t testing.TB, home string, env []string, args ...string) *viewer {
	t.Helper()
	cmd := exec.Command(os.Args[0], append([]string{"--text"}, args...)...)
	cmd.Env = childEnv(home, env...)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	v := &viewer{t, cmd, in, make(chan string, 1000)}
	go func() {
		defer close(v.lines)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			v.lines <- lines.Text()
		}
	}()
	t.Cleanup(func() {
		cmd.Process.Kill() // it has ended, unless the test broke off
		cmd.Wait()
	})
	return v
}

// tells waits for a line with all the parts.
func (v *viewer) tells(parts ...string) string {
	v.t.Helper()
	return awaits(v.t, v.lines, parts)
}

func (v *viewer) enters(line string) {
	v.t.Helper()
	if _, err := io.WriteString(v.types, line+"\n"); err != nil {
		v.t.Fatal(err)
	}
}

// staleShop is a shop whose figures ended days ago, so that an alert fires at once.
func staleShop(t testing.TB, dir string) (path string) {
	t.Helper()
	path = shop(t, dir)
	export := filepath.Join(dir, "export.csv")
	write(t, export, "date,campaign,clicks,cost,orders,revenue\n"+dayAgo(t, 6)+",A,10,20.00,2,90.00\n")
	old := time.Now().AddDate(0, 0, -5)
	if err := os.Chtimes(export, old, old); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestAViewerActsThroughTheCollectorAndTakesOverWhenItDies, all of them real
// processes: what is acked beside the collector counts there, and when that is
// killed, the viewer collects.
func TestAViewerActsThroughTheCollectorAndTakesOverWhenItDies(t *testing.T) {
	dir := home(t)
	path := staleShop(t, dir)
	s := startsService(t, dir, nil, "collect", "--config", path)
	s.says("msg=alert", "state=firing", "source stale")
	v := startsViewer(t, dir, nil, "--config", path)
	v.tells("Another adtop collects")
	v.enters("ack 1 on it")
	v.tells("acked", "on it")
	s.says("msg=alert", "muted=acked")
	if code, out, _ := adtop(t, "check", "--config", path); code != 3 || !strings.Contains(out, "1 muted") || !strings.Contains(out, "acked by "+userName()+": on it") {
		t.Errorf("check: %d %s", code, out)
	}
	v.enters("snooze 1")
	s.says("msg=alert")
	s.signal(syscall.SIGKILL)
	v.tells("This adtop collects from now on")
	if code, out, _ := adtop(t, "check", "--config", path); code != 3 || strings.Contains(out, "nobody collects") {
		t.Errorf("after the takeover: %d %s", code, out)
	}
	v.enters("quit")
	for range v.lines { // closes
	}
}

// TestWhoMayNotReadTheSecretsWatchesTheService, and is told when it is gone.
func TestWhoMayNotReadTheSecretsWatchesTheService(t *testing.T) {
	dir := home(t)
	path := write(t, filepath.Join(dir, "web.yaml"), strings.Replace(strings.Replace(webConfig, "URL", "http://127.0.0.1:9", 1), "    answer:", "    auth: {style: bearer, token: env:ADTOP_TEST_TOKEN}\n    answer:", 1))
	if code, _, stderr := adtop(t, "--text", "--config", path); code != 1 || !strings.Contains(stderr, "ADTOP_TEST_TOKEN is not set") {
		t.Errorf("while nobody collects: %d %s", code, stderr)
	}
	s := startsService(t, dir, []string{"ADTOP_TEST_TOKEN=hidden"}, "collect", "--config", path)
	s.says("msg=collecting")
	v := startsViewer(t, dir, nil, "--config", path)
	v.tells("Another adtop collects")
	s.ends(syscall.SIGTERM)
	v.tells("Nobody collects")
	again := startsService(t, dir, []string{"ADTOP_TEST_TOKEN=hidden"}, "collect", "--config", path)
	again.says("msg=collecting") // the one who watches is not in the way
	v.tells("Another adtop collects")
	again.ends(syscall.SIGTERM)
}

// TestACollectorOfAnotherContainerIsSeenAndReplaced: its process has a number of
// its own there, and the lease asks for none.
func TestACollectorOfAnotherContainerIsSeenAndReplaced(t *testing.T) {
	if err := exec.Command("unshare", "--pid", "--fork", "--kill-child", "true").Run(); err != nil {
		t.Skipf("no process namespaces here: %v", err)
	}
	dir := home(t)
	path := staleShop(t, dir)
	s := startsCommand(t, exec.Command("unshare", "--pid", "--fork", "--kill-child", os.Args[0], "collect", "--config", path), dir, nil)
	s.says("msg=\"adtop collects\"", "pid=1")
	s.says("msg=collecting")
	s.says("msg=alert", "state=firing")
	v := startsViewer(t, dir, nil, "--config", path)
	v.tells("Another adtop collects", "process 1 ")
	v.enters("ack 1")
	s.says("msg=alert", "muted=acked")
	s.signal(syscall.SIGKILL)
	v.tells("This adtop collects from now on")
}
