package ssh

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	gossh "golang.org/x/crypto/ssh"

	"adtop/ui"
)

// usualSize is a terminal's that tells none; largestSize bounds what is drawn,
// and with it what a screen takes of memory.
var (
	usualSize   = ui.Size{Width: 80, Height: 24}
	largestSize = ui.Size{Width: 400, Height: 150}
)

// terminal takes in what a client says of its terminal.
func (s *session) terminal(payload []byte) bool {
	var asked struct {
		Term                         string
		Columns, Rows, Width, Height uint32
		Modes                        string
	}
	if s.term != "" || s.started || gossh.Unmarshal(payload, &asked) != nil {
		return false
	}
	s.term, s.size = "dumb", sized(asked.Columns, asked.Rows)
	if asked.Term != "" && plain(asked.Term) {
		s.term = asked.Term
	}
	return true
}

// resize passes on the terminal's new size; only the newest counts.
func (s *session) resize(payload []byte) bool {
	var asked struct{ Columns, Rows, Width, Height uint32 }
	if s.term == "" || gossh.Unmarshal(payload, &asked) != nil {
		return false
	}
	select {
	case <-s.resizes:
	default:
	}
	s.resizes <- sized(asked.Columns, asked.Rows)
	return true
}

func sized(columns, rows uint32) ui.Size {
	if columns == 0 || rows == 0 {
		return usualSize
	}
	return ui.Size{Width: int(min(columns, uint32(largestSize.Width))), Height: int(min(rows, uint32(largestSize.Height)))}
}

// variables are what a client may set, besides TERM.
var variables = []string{"COLORTERM", "LANG", "NO_COLOR"}

// setEnv keeps what a client may set.
func (s *session) setEnv(payload []byte) bool {
	var asked struct{ Name, Value string }
	if s.started || gossh.Unmarshal(payload, &asked) != nil || !slices.Contains(variables, asked.Name) || !plain(asked.Value) || len(s.env) == len(variables) {
		return false
	}
	s.env = append(s.env, asked.Name+"="+asked.Value)
	return true
}

// plain says whether a value is one that terminals have.
func plain(value string) bool {
	return len(value) <= 64 && !strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r > '~' })
}

// environ is the session's environment. The screens see in it that they are at
// the other end of a line.
func (s *session) environ() []string {
	return append([]string{"TERM=" + s.term, "SSH_TTY=ssh"}, s.env...)
}

// onlcr ends lines the way a terminal's driver does: there is none on this side,
// and programs count on it.
type onlcr struct{ io.Writer }

func (o onlcr) Write(p []byte) (int, error) {
	if _, err := o.Writer.Write(bytes.ReplaceAll(p, []byte("\n"), []byte("\r\n"))); err != nil {
		return 0, err
	}
	return len(p), nil
}

// maxLine bounds a typed line, in bytes.
const maxLine = 1000

// lineReader reads lines from a terminal that sends each key: it echoes them,
// lets the last character or the line be erased, and ends at ctrl+c or ctrl+d.
type lineReader struct {
	in    io.Reader
	echo  io.Writer
	line  []byte // as typed so far
	ready []byte // whole lines that were not read yet
	ended bool
}

func newLineReader(in io.Reader, echo io.Writer) *lineReader {
	return &lineReader{in: in, echo: echo}
}

func (l *lineReader) Read(p []byte) (int, error) {
	keys := make([]byte, 256)
	for len(l.ready) == 0 {
		if l.ended {
			return 0, io.EOF
		}
		n, err := l.in.Read(keys)
		var echo []byte
		for _, key := range keys[:n] {
			echo = append(echo, l.key(key)...)
		}
		if len(echo) > 0 {
			_, _ = l.echo.Write(echo)
		}
		l.ended = l.ended || err != nil
	}
	n := copy(p, l.ready)
	l.ready = l.ready[n:]
	return n, nil
}

// key takes in one byte and returns what is echoed.
func (l *lineReader) key(key byte) string {
	const rubOut = "\b \b"
	switch {
	case l.ended:
	case key == '\r' || key == '\n':
		l.ready = append(append(l.ready, l.line...), '\n')
		l.line = l.line[:0]
		return "\n"
	case key == '\b' || key == 0x7f:
		if _, size := utf8.DecodeLastRune(l.line); size > 0 {
			l.line = l.line[:len(l.line)-size]
			return rubOut
		}
	case key == 0x15: // ctrl+u
		erased := strings.Repeat(rubOut, utf8.RuneCount(l.line))
		l.line = l.line[:0]
		return erased
	case key == 0x03 || key == 0x04 && len(l.line) == 0: // ctrl+c, ctrl+d
		l.ready, l.ended = append(l.ready, "quit\n"...), true
	case key >= ' ' && len(l.line) < maxLine:
		l.line = append(l.line, key)
		return string([]byte{key})
	}
	return ""
}
