//go:build !windows

package cli

import (
	"bytes"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// shared is output that is read while it is written.
type shared struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *shared) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

func (s *shared) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// smallShop writes a config with one channel and returns its path.
func smallShop(t *testing.T) string {
	t.Helper()
	dir := home(t)
	export := write(t, filepath.Join(dir, "export.csv"), "date,campaign,clicks,cost,orders,revenue\n2026-11-20,A,10,20.00,2,90.00\n")
	return write(t, filepath.Join(dir, "shop.yaml"), strings.Replace(shopConfig, "EXPORT", export, 1))
}

func TestTextModeAnswersTypedCommandsWithoutATerminal(t *testing.T) {
	var out, stderr shared
	if code := Run([]string{"--text", "--config", smallShop(t)}, strings.NewReader("why partners\nquit\n"), &out, &stderr); code != 0 || stderr.String() != "" {
		t.Errorf("exit code %d: %s", code, stderr.String())
	}
	text := out.String()
	for _, part := range []string{"Partners is ", "No alert is open.", "Partners, today: ", "Type help for the commands."} {
		if !strings.Contains(text, part) {
			t.Errorf("does not say %q:\n%s", part, text)
		}
	}
	if strings.ContainsAny(text, "\x1b\r\t") {
		t.Errorf("controls the terminal: %q", text)
	}
}

func TestASignalEndsTextModeWithoutAnError(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(signal.String(), func(t *testing.T) {
			var out, stderr shared
			cfg, ended := smallShop(t), make(chan int, 1)
			go func() { ended <- Run([]string{"--text", "--config", cfg}, strings.NewReader(""), &out, &stderr) }()
			deadline := time.After(20 * time.Second)
			for look := time.NewTicker(10 * time.Millisecond); !strings.Contains(out.String(), "Type help"); {
				select {
				case <-look.C:
				case <-deadline:
					t.Fatalf("no summary: %s", out.String())
				}
			}
			if err := syscall.Kill(syscall.Getpid(), signal); err != nil { // it is caught since before the summary
				t.Fatal(err)
			}
			select {
			case code := <-ended:
				if code != 0 || stderr.String() != "" {
					t.Errorf("exit code %d: %s", code, stderr.String())
				}
			case <-deadline:
				t.Fatal("it does not end")
			}
		})
	}
}

func TestFlagsOfTextModeAreChecked(t *testing.T) {
	home(t)
	for _, args := range [][]string{{"--text", "--every", "10s"}, {"demo", "--text", "--once"}, {"demo", "--text", "--every", "0"}} {
		if code, _, stderr := adtop(t, args...); code != 2 || !strings.Contains(stderr, "--") {
			t.Errorf("%v: exit code %d: %s", args, code, stderr)
		}
	}
}
