package cli

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
)

// openLog returns the log that --log asks for, or that of a command that tells
// on stderr what happens, or one that drops everything.
func (a *app) openLog() (*slog.Logger, io.Closer, error) {
	switch {
	case a.logFile != "":
		file := &logFile{path: a.logFile}
		if err := file.reopen(); err != nil {
			return nil, nil, err
		}
		return slog.New(a.logHandler(file, &slog.HandlerOptions{Level: slog.LevelDebug})), file, nil
	case a.tellsLog && os.Getenv("JOURNAL_STREAM") != "": // its lines have a time and a priority already
		timeless := &slog.HandlerOptions{ReplaceAttr: func(groups []string, attr slog.Attr) slog.Attr {
			if len(groups) == 0 && attr.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return attr
		}}
		return slog.New(a.logHandler(prioritized{a.err}, timeless)), io.NopCloser(nil), nil
	case a.tellsLog:
		return slog.New(a.logHandler(a.err, nil)), io.NopCloser(nil), nil
	}
	return slog.New(slog.DiscardHandler), io.NopCloser(nil), nil
}

// logFile is the file of --log, which logrotate may move away.
type logFile struct {
	path string
	mu   sync.Mutex
	file *os.File
}

// reopen goes on in the file that bears the name now. Where that cannot be opened,
// the one before is written on.
func (f *logFile) reopen() error {
	file, err := os.OpenFile(f.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open the log: %w", err)
	}
	f.mu.Lock()
	old := f.file
	f.file = file
	f.mu.Unlock()
	if old != nil {
		return old.Close()
	}
	return nil
}

func (f *logFile) Write(line []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.file.Write(line)
}

func (f *logFile) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.file.Close()
}

func (a *app) logHandler(w io.Writer, o *slog.HandlerOptions) slog.Handler {
	if a.logFormat == "json" {
		return slog.NewJSONHandler(w, o)
	}
	return slog.NewTextHandler(w, o)
}

// prioritized begins each line of text, which begins with its level, with the
// priority that the journal reads there (sd-daemon(3)).
type prioritized struct{ w io.Writer }

func (p prioritized) Write(line []byte) (int, error) {
	for _, level := range []struct{ text, priority string }{{"level=ERROR", "<3>"}, {"level=WARN", "<4>"}, {"level=INFO", "<6>"}, {"level=DEBUG", "<7>"}} {
		if bytes.HasPrefix(line, []byte(level.text)) {
			_, err := p.w.Write(append([]byte(level.priority), line...))
			return len(line), err
		}
	}
	return p.w.Write(line)
}
