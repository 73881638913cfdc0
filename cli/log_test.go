package cli

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// fileSays waits for a file with all parts in one line.
func fileSays(t *testing.T, path string, parts ...string) {
	t.Helper()
	var content []byte
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		content, _ = os.ReadFile(path) // it may not be there yet
	lines:
		for line := range strings.Lines(string(content)) {
			for _, part := range parts {
				if !strings.Contains(line, part) {
					continue lines
				}
			}
			return
		}
	}
	t.Fatalf("%s never says %q:\n%s", path, parts, content)
}

// TestAHangupGoesOnInTheLogThatBearsTheName: as logrotate needs it. Where there can be
// none, the old one is written on and says so.
func TestAHangupGoesOnInTheLogThatBearsTheName(t *testing.T) {
	dir := home(t)
	log := filepath.Join(dir, "adtop.log")
	s := startsService(t, dir, nil, "collect", "--config", shop(t, dir), "--log", log)
	fileSays(t, log, "msg=collecting")
	move := func(to string) {
		t.Helper()
		if err := os.Rename(log, to); err != nil {
			t.Fatal(err)
		}
	}
	move(log + ".1")
	s.signal(syscall.SIGHUP)
	fileSays(t, log, "was reloaded")
	if old, err := os.ReadFile(log + ".1"); err != nil || strings.Contains(string(old), "was reloaded") {
		t.Errorf("%v; the file that was moved away says\n%s", err, old)
	}

	move(log + ".2")
	if err := os.Mkdir(log, 0o700); err != nil {
		t.Fatal(err)
	}
	s.signal(syscall.SIGHUP)
	fileSays(t, log+".2", "level=ERROR", "goes on in the file that was open", "is a directory")
	s.ends(syscall.SIGTERM)
	fileSays(t, log+".2", "it was asked to")
}
