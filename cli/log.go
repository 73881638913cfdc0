package cli

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"os"
)

// openLog returns the log that --log asks for, or that of a command that tells
// on stderr what happens, or one that drops everything.
func (a *app) openLog() (*slog.Logger, io.Closer, error) {
	switch {
	case a.logFile != "":
		file, err := os.OpenFile(a.logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, nil, fmt.Errorf("open the log: %w", err)
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
