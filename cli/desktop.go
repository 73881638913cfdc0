package cli

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// aside bounds how long a program of the desktop may take to start.
const aside = 5 * time.Second

// opener returns what shows a page in the user's browser, nil where there is
// none to show it in: over SSH, and without a display.
func opener() func(url string) error {
	if os.Getenv("SSH_TTY") != "" || os.Getenv("SSH_CONNECTION") != "" {
		return nil
	}
	program := map[string]string{"darwin": "open", "windows": "explorer"}[runtime.GOOS]
	if program == "" {
		if os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
			return nil
		}
		program = "xdg-open"
	}
	path, err := exec.LookPath(program)
	if err != nil {
		return nil
	}
	return func(url string) error {
		if !strings.HasPrefix(url, "https://") && !strings.HasPrefix(url, "http://") {
			return fmt.Errorf("open %q: only web pages are opened", url)
		}
		cmd := exec.Command(path, url)
		if err := cmd.Start(); err != nil {
			return fmt.Errorf("open %s: %w", url, err)
		}
		go cmd.Wait() // it may live as long as the browser
		return nil
	}
}

// copier returns what puts text on the clipboard within tmux, which keeps a
// terminal's sequence to itself unless it is set up otherwise; nil elsewhere.
func copier() func(text string) error {
	if os.Getenv("TMUX") == "" {
		return nil
	}
	tmux, err := exec.LookPath("tmux")
	if err != nil {
		return nil
	}
	return func(text string) error {
		ctx, cancel := context.WithTimeout(context.Background(), aside)
		defer cancel()
		cmd := exec.CommandContext(ctx, tmux, "load-buffer", "-w", "-") // -w: to the terminal's clipboard too
		cmd.Stdin = strings.NewReader(text)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("copy through tmux: %w: %s", err, strings.TrimSpace(string(out)))
		}
		return nil
	}
}

// exportFile keeps an exported table in the folder that adtop was started in.
// A file that is there already is not overwritten.
func exportFile(name string, content []byte) (string, error) {
	ending := filepath.Ext(name)
	base := strings.TrimSuffix(name, ending)
	for n := 1; ; n++ {
		path := base + ending
		if n > 1 {
			path = fmt.Sprintf("%s-%d%s", base, n, ending)
		}
		file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if os.IsExist(err) && n < 1000 {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("export: %w", err)
		}
		_, err = file.Write(content)
		if closed := file.Close(); err == nil {
			err = closed
		}
		if err != nil {
			return "", fmt.Errorf("export %s: %w", path, err)
		}
		absolute, err := filepath.Abs(path)
		return absolute, err
	}
}
