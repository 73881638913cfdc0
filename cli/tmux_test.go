//go:build !windows

package cli

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// tmux is a server of its own with one window, in which adtop runs.
type tmux struct {
	t      *testing.T
	socket string
	env    []string
}

// startTmux starts the demo in a window of cols×rows cells. Without tmux the
// test is skipped, except where the machine is meant to have it.
func startTmux(t *testing.T, home string, cols, rows int) *tmux {
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("tmux is not installed: .ci/run does that")
		}
		t.Skip("tmux is not installed")
	}
	dir, err := os.MkdirTemp("", "adtop-tmux-") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	conf := write(t, filepath.Join(dir, "conf"), "set -g status off\nset -g default-terminal tmux-256color\nset -s escape-time 0\nset -s set-clipboard on\nset -g remain-on-exit on\n")
	w := &tmux{t: t, socket: filepath.Join(dir, "s"), env: childEnv(home)}
	t.Cleanup(func() { exec.Command("tmux", "-S", w.socket, "kill-server").Run() })
	// childEnv empties TMUX so that a test within tmux starts a server; the
	// server gives its windows their own.
	w.runs("-f", conf, "new-session", "-d", "-x", fmt.Sprint(cols), "-y", fmt.Sprint(rows), os.Args[0], "demo", "--start", storyStart, "--speed", "1")
	return w
}

// runs gives tmux a command and returns what it says.
func (w *tmux) runs(args ...string) string {
	w.t.Helper()
	cmd := exec.Command("tmux", append([]string{"-S", w.socket}, args...)...)
	cmd.Env = w.env
	out, err := cmd.CombinedOutput()
	if err != nil {
		w.t.Fatalf("tmux %v: %v: %s", args, err, out)
	}
	return string(out)
}

// screen is what is in the window, without the spaces at the ends of lines.
func (w *tmux) screen() []string {
	return strings.Split(strings.TrimSuffix(w.runs("capture-pane", "-p"), "\n"), "\n")
}

// until waits until a condition holds of the screen, and until that stands still: a
// look in the middle of a frame sees half of it.
func (w *tmux) until(what string, holds func(lines []string) bool) []string {
	w.t.Helper()
	var before []string
	for deadline := time.Now().Add(soon); ; time.Sleep(50 * time.Millisecond) {
		lines := w.screen()
		if holds(lines) && slices.Equal(lines, before) {
			return lines
		}
		before = lines
		if time.Now().After(deadline) {
			w.t.Fatalf("%s never happens:\n%s", what, strings.Join(lines, "\n"))
		}
	}
}

func has(texts ...string) func(lines []string) bool {
	return func(lines []string) bool {
		all := strings.Join(lines, "\n")
		for _, text := range texts {
			if !strings.Contains(all, text) {
				return false
			}
		}
		return true
	}
}

// demoChannels are the beginnings of the demo's channels: narrow windows cut names.
var demoChannels = []string{"Google Search", "Google Shoppi", "Meta Prospect", "Meta Retarget", "Meta US", "Affiliates", "Taboola", "E-mail", "SEO", "Social", "Telephone", "Direct"}

// TestScreensInTmux looks at the screens as a terminal of its own kind shows them.
func TestScreensInTmux(t *testing.T) {
	if testing.Short() {
		t.Skip("fills a world")
	}
	for _, size := range []struct{ cols, rows int }{{80, 24}, {200, 50}} {
		t.Run(fmt.Sprintf("%d×%d", size.cols, size.rows), func(t *testing.T) {
			t.Parallel()
			w := startTmux(t, worldAfter(t, 0), size.cols, size.rows)
			lines := w.until("the overview", has(append([]string{"10/10 sources", "? help"}, demoChannels...)...))
			checkTmuxScreen(t, lines, size.cols, size.rows)
			if !strings.HasPrefix(lines[0], " adtop Acme Shop") || !strings.Contains(lines[0], "Today") {
				t.Errorf("the header is %q", lines[0])
			}
			titles := -1
			for i, line := range lines {
				if strings.HasPrefix(line, "   CHANNEL") {
					titles = i
				}
			}
			if titles < 0 {
				t.Fatalf("no table in\n%s", strings.Join(lines, "\n"))
			}
			verdict := utf8.RuneCountInString(lines[titles][:strings.Index(lines[titles], "VERDICT")])
			for i := range demoChannels {
				row := []rune(lines[titles+1+i])
				if len(row) <= verdict || !strings.HasPrefix(string(row[verdict:]), "profitable") && !strings.HasPrefix(string(row[verdict:]), "at risk") {
					t.Errorf("no verdict under its title: %q", string(row))
				}
			}

			w.runs("send-keys", "y")
			w.until("the copy", has("copied: "))
			for deadline := time.Now().Add(soon); ; time.Sleep(50 * time.Millisecond) {
				if out, err := exec.Command("tmux", "-S", w.socket, "show-buffer").Output(); err == nil && strings.Contains(string(out), "VERDICT") {
					break
				} else if time.Now().After(deadline) {
					t.Fatalf("the line is not in tmux's clipboard: %q, %v", out, err)
				}
			}
			for _, key := range []struct{ key, shows string }{{"2", "no alert"}, {"3", "ANSWERED"}, {"1", "CHANNEL"}, {"Enter", "CAMPAIGN"}, {"?", "Keys on this screen"}, {"Escape", "CAMPAIGN"}} {
				w.runs("send-keys", key.key)
				lines = w.until(key.shows, has(key.shows))
				checkTmuxScreen(t, lines, size.cols, size.rows)
			}
			w.runs("resize-window", "-x", "100", "-y", "30")
			lines = w.until("the new size", func(lines []string) bool {
				return len(lines) == 30 && strings.HasSuffix(lines[29], "? help") && utf8.RuneCountInString(lines[29]) > 90
			})
			checkTmuxScreen(t, lines, 100, 30)
			w.runs("send-keys", "q")
			for deadline := time.Now().Add(soon); ; time.Sleep(50 * time.Millisecond) {
				if state := strings.Fields(w.runs("display-message", "-p", "#{pane_dead} #{pane_dead_status}#{pane_dead_signal}")); len(state) > 0 && state[0] == "1" {
					if len(state) > 1 && state[1] != "0" { // tmux does not always learn how it ended
						t.Errorf("q ends it with %v:\n%s", state, strings.Join(w.screen(), "\n"))
					}
					break
				} else if time.Now().After(deadline) {
					t.Fatalf("q does not end it:\n%s", strings.Join(w.screen(), "\n"))
				}
			}
		})
	}
}

// checkTmuxScreen expects whole lines and the hints at the bottom.
func checkTmuxScreen(t *testing.T, lines []string, cols, rows int) {
	t.Helper()
	if len(lines) != rows {
		t.Errorf("%d lines in a window of %d", len(lines), rows)
	}
	for i, line := range lines {
		if n := utf8.RuneCountInString(line); n > cols {
			t.Errorf("line %d has %d cells of %d: %q", i, n, cols, line)
		}
		if strings.ContainsAny(line, "\x1b\ufffd") {
			t.Errorf("line %d is broken: %q", i, line)
		}
		if strings.HasPrefix(line, "─") && utf8.RuneCountInString(line) != cols && !strings.Contains(line, "┬") && !strings.Contains(line, "Keys on this screen") { // the help stands in two columns
			t.Errorf("the rule of line %d does not reach the edge: %q", i, line)
		}
	}
	if last := lines[len(lines)-1]; !strings.HasSuffix(last, "? help") && !strings.Contains(last, "esc close") && !strings.Contains(last, "copied") {
		t.Errorf("no hints at the bottom: %q", last)
	}
}
