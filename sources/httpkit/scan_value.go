package httpkit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"adtop/sources"
)

// scalar reads a string or a number; known is false for null.
func (s *Scanner) scalar(want string) (text []byte, known bool) {
	if s.err != nil {
		return nil, false
	}
	start := s.at
	if text, known = s.literalOrText(want); !known {
		return nil, false
	}
	if c := s.body[s.skipped(start)]; c != '"' && c != '-' && (c < '0' || c > '9') {
		s.mistyped(start, want)
		return nil, false
	}
	return text, true
}

// literalOrText reads whatever is next. An object or list is passed over.
func (s *Scanner) literalOrText(want string) (text []byte, known bool) {
	switch s.peek() {
	case '"':
		text = s.quoted()
	case '{', '[':
		start := s.at
		s.Skip()
		text = s.body[start:s.at]
	default:
		text = s.literal(want)
	}
	return text, s.err == nil && string(text) != "null"
}

// quoted reads a string.
func (s *Scanner) quoted() []byte {
	if s.err != nil {
		return nil
	}
	start, escaped := s.at, false
	for i := start + 1; i < len(s.body); i++ {
		switch c := s.body[i]; {
		case c == '"':
			s.at = i + 1
			if escaped {
				return s.unescaped(start)
			}
			return s.body[start+1 : i]
		case c == '\\':
			escaped = true
			i++
		case c < ' ':
			s.at = i
			s.broken("the rest of a string")
			return nil
		}
	}
	s.at = len(s.body)
	s.broken("the end of a string")
	return nil
}

func (s *Scanner) unescaped(start int) []byte {
	var text string
	if json.Unmarshal(s.body[start:s.at], &text) != nil {
		s.at = start
		s.broken("a string")
	}
	return []byte(text)
}

// literal reads a number, true, false or null.
func (s *Scanner) literal(want string) []byte {
	if s.err != nil {
		return nil
	}
	s.peek()
	start, end := s.at, s.at
	for end < len(s.body) && !strings.ContainsRune(" \t\r\n,:]}\"[{", rune(s.body[end])) {
		end++
	}
	text := s.body[start:end]
	if !isNumber(text) && string(text) != "true" && string(text) != "false" && string(text) != "null" {
		if end == len(s.body) && !looksLikeWords(text) {
			s.at = end
		}
		s.broken(want)
		return nil
	}
	s.at = end
	return text
}

// looksLikeWords tells prose from a literal that was cut off.
func looksLikeWords(text []byte) bool {
	for _, whole := range []string{"true", "false", "null"} {
		if strings.HasPrefix(whole, string(text)) {
			return false
		}
	}
	return len(text) > 0 && text[0] != '-' && (text[0] < '0' || text[0] > '9')
}

// isNumber follows the grammar of JSON.
func isNumber(text []byte) bool {
	digits := func() bool {
		n := 0
		for n < len(text) && text[n] >= '0' && text[n] <= '9' {
			n++
		}
		text = text[n:]
		return n > 0
	}
	text = bytes.TrimPrefix(text, []byte("-"))
	if len(text) > 1 && text[0] == '0' && text[1] >= '0' && text[1] <= '9' || !digits() {
		return false
	}
	if len(text) > 0 && text[0] == '.' {
		if text = text[1:]; !digits() {
			return false
		}
	}
	if len(text) > 0 && (text[0] == 'e' || text[0] == 'E') {
		if text = text[1:]; len(text) > 0 && (text[0] == '+' || text[0] == '-') {
			text = text[1:]
		}
		if !digits() {
			return false
		}
	}
	return len(text) == 0
}

func (s *Scanner) broken(want string) {
	switch {
	case len(bytes.TrimSpace(s.body)) == 0:
		s.fail("answer is empty")
	case s.at >= len(s.body):
		s.fail("answer breaks off at byte %d", s.before+len(s.body))
	default:
		s.fail("answer is not JSON from byte %d on (%q where %s belongs)", s.before+s.at+1, s.body[s.at], want)
	}
}

// mistyped is for a sound value of another type than the answer should hold.
func (s *Scanner) mistyped(start int, want string) {
	start = s.skipped(start)
	got := "a number"
	switch c := s.body[start]; c {
	case '{':
		got = "an object"
	case '[':
		got = "an array"
	case '"':
		if got = "a string"; s.client == nil || !s.client.Private {
			got = sources.Clean(string(s.body[start:min(s.at, start+40)]))
		}
	case 't', 'f':
		got = "true or false"
	case 'n':
		got = "null"
	}
	s.fail("answer has %s where %s belongs at %s (byte %d)", got, want, s.place(), s.before+start+1)
}

func (s *Scanner) place() string {
	place := strings.Builder{}
	for _, p := range s.path {
		if p.key == nil {
			fmt.Fprintf(&place, "[%d]", p.index)
			continue
		}
		if place.Len() > 0 {
			place.WriteByte('.')
		}
		place.WriteString(sources.Clean(string(p.key[:min(len(p.key), 40)])))
	}
	if place.Len() == 0 {
		return "its top"
	}
	return place.String()
}

func (s *Scanner) fail(format string, args ...any) {
	if s.err != nil {
		return
	}
	s.err = sources.Errorf(sources.Malformed, format+"%s", append(args, s.client.quote(s.body))...)
}
