package httpkit

import (
	"io"

	"adtop/sources"
)

// maxElement bounds one element of a streamed list, in bytes.
const maxElement = 256 << 10

// Stream goes through the elements of the JSON list that r holds and keeps no
// more than one of them: it is for files that unpack to more than an answer may
// hold. read reads the element that is next in the scanner. Errors of r are
// returned as they are, those of the list are of kind Malformed.
func (c *Client) Stream(r io.Reader, read func(*Scanner) error) error {
	w := window{r: r, buffer: make([]byte, 0, maxElement)}
	s := &Scanner{client: c}
	next, err := w.peek()
	if err != nil {
		return err
	}
	if next != '[' {
		return w.noList(s)
	}
	w.at++
	for n := 0; ; n++ {
		if next, err = w.peek(); err != nil {
			return err
		}
		switch {
		case next == ']':
			w.at++
			return w.end(s)
		case n > 0 && next == ',':
			w.at++
		case n > 0:
			return w.fail(s, "a comma")
		}
		if err := w.element(s, n); err != nil {
			return err
		}
		if err := read(s); err != nil {
			return err
		}
		if err := s.End(); err != nil {
			return err
		}
	}
}

// window is the part of a text that is being read.
type window struct {
	r      io.Reader
	buffer []byte
	at     int // the first byte of buffer that is not used yet
	passed int // bytes before buffer
	ended  bool
}

// more reads on. It returns false at the end of the text.
func (w *window) more() (bool, error) {
	if w.at > 0 {
		rest := copy(w.buffer[:cap(w.buffer)], w.buffer[w.at:])
		w.buffer, w.passed, w.at = w.buffer[:rest], w.passed+w.at, 0
	}
	if len(w.buffer) == cap(w.buffer) {
		return false, sources.Errorf(sources.Malformed, "an element of the list is larger than %d KiB", maxElement>>10)
	}
	for !w.ended {
		n, err := w.r.Read(w.buffer[len(w.buffer):cap(w.buffer)])
		w.buffer = w.buffer[:len(w.buffer)+n]
		w.ended = err == io.EOF
		if err != nil && !w.ended {
			return false, err
		}
		if n > 0 {
			return true, nil
		}
	}
	return false, nil
}

// peek returns the next byte that is no white space, 0 at the end.
func (w *window) peek() (byte, error) {
	for {
		for w.at < len(w.buffer) {
			if c := w.buffer[w.at]; c != ' ' && c != '\n' && c != '\r' && c != '\t' {
				return c, nil
			}
			w.at++
		}
		if more, err := w.more(); err != nil || !more {
			return 0, err
		}
	}
}

// element makes the next element that of the scanner. It finds its end only;
// the scanner finds out whether it is sound.
func (w *window) element(s *Scanner, n int) error {
	depth, quoted, escaped := 0, false, false
	for length := 0; ; {
		for rest := w.buffer[w.at:]; length < len(rest); length++ {
			switch c := rest[length]; {
			case escaped:
				escaped = false
			case quoted && c == '\\':
				escaped = true
			case c == '"':
				quoted = !quoted
			case quoted:
			case c == '{' || c == '[':
				depth++
			case depth == 0 && (c == ',' || c == ']'):
				w.show(s, rest[:length], n)
				w.at += length
				return nil
			case c == '}' || c == ']':
				if depth--; depth < 0 { // the scanner will not take it
					w.show(s, rest[:length+1], n)
					w.at += length + 1
					return nil
				}
			}
		}
		more, err := w.more()
		if err != nil {
			return err
		}
		if !more {
			w.show(s, w.buffer[w.at:], n)
			s.fail("answer breaks off at byte %d", w.passed+len(w.buffer))
			return s.Err()
		}
	}
}

func (w *window) show(s *Scanner, text []byte, n int) {
	s.body, s.at, s.before, s.err = text, 0, w.passed+w.at, nil
	s.path = append(s.path[:0], step{index: n})
}

// noList is the error of a text that is something else.
func (w *window) noList(s *Scanner) error {
	for more := true; more && len(w.buffer)-w.at < 4096; {
		var err error
		if more, err = w.more(); err != nil {
			return err
		}
	}
	w.show(s, w.buffer[w.at:min(len(w.buffer), w.at+4096)], 0)
	if s.path = s.path[:0]; len(s.body) > 0 && s.body[0] == '{' {
		s.mistyped(0, "an array")
		return s.Err()
	}
	for range s.Array() {
		break
	}
	return s.Err()
}

func (w *window) end(s *Scanner) error {
	next, err := w.peek()
	if err == nil && next != 0 {
		return w.fail(s, "the end")
	}
	return err
}

func (w *window) fail(s *Scanner, want string) error {
	w.show(s, w.buffer[w.at:min(len(w.buffer), w.at+200)], 0)
	s.path = s.path[:0]
	if len(s.body) == 0 {
		s.fail("answer breaks off at byte %d", s.before)
	} else {
		s.broken(want)
	}
	return s.Err()
}
