package httpkit

import (
	"bytes"
	"iter"
	"strconv"

	"adtop/kpi"
	"adtop/sources"
)

// Scanner reads one JSON answer from front to back, value by value, without
// keeping what it has read: an answer of many rows needs no more memory than
// its bytes. A value that the caller does not read is skipped, and checked all
// the same.
//
// The first failure ends every loop and makes all later values unknown; Err
// tells it. Ask Err before a row is handed over and after the last one.
type Scanner struct {
	Missing string // a text that stands for "no value" where a number belongs, such as "-"

	client *Client // for excerpts, unless it is Private, and for cleaning errors; may be nil
	body   []byte
	before int // bytes of the answer that lie before body
	at     int
	path   []step
	err    *sources.Error
}

// step is a key, or the place in a list.
type step struct {
	key   []byte
	index int
}

// deepest bounds how far values may be nested.
const deepest = 64

// Scan returns a scanner of an answer.
func (c *Client) Scan(r *Response) *Scanner { return &Scanner{client: c, body: r.Body} }

// NewScanner returns a scanner of a body that no client got.
func NewScanner(body []byte) *Scanner { return &Scanner{body: body} }

// Object goes through the keys of an object; null has none, unless it is the
// whole answer, which is an error. Within the loop
// the key's value is next. The key is valid until the next one.
func (s *Scanner) Object() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) { s.members(yield) }
}

// Array goes through the elements of a list; null as for Object. Within the loop
// the element is next.
func (s *Scanner) Array() iter.Seq[int] {
	return func(yield func(int) bool) { s.elements(yield) }
}

// Err is the failure so far, of kind Malformed, or nil.
func (s *Scanner) Err() error {
	if s.err == nil {
		return nil
	}
	if s.client != nil {
		return s.client.refusal(s.err)
	}
	return s.err
}

// End demands that nothing follows what was read, and returns Err.
func (s *Scanner) End() error {
	if s.peek(); s.err == nil && s.at < len(s.body) {
		s.broken("the end")
	}
	return s.Err()
}

// Text reads a string, or a number as it is written: platforms differ in how
// they write ids. null is nil. The bytes must not be changed.
func (s *Scanner) Text() []byte {
	text, _ := s.scalar("a string")
	return text
}

// Peek returns the first byte of the next value without reading it: a quote, a
// bracket, a digit or the like, 0 at the end. It is for values of more than one
// type.
func (s *Scanner) Peek() byte {
	at := s.skipped(s.at)
	if s.err != nil || at >= len(s.body) {
		return 0
	}
	return s.body[at]
}

// Bool reads true or false; null leaves it unknown.
func (s *Scanner) Bool() (value, known bool) {
	start := s.at
	text, known := s.literalOrText("true or false")
	if known && (s.body[s.skipped(start)] == '"' || string(text) != "true" && string(text) != "false") {
		s.mistyped(start, "true or false")
		return false, false
	}
	return string(text) == "true", known
}

// Integer reads a whole number, or a string that holds one.
func (s *Scanner) Integer() Integer {
	start := s.at
	text, known := s.scalar("a number")
	if !known || string(text) == s.Missing && s.Missing != "" {
		return Integer{}
	}
	whole, fraction, _ := bytes.Cut(text, []byte("."))
	if len(bytes.Trim(fraction, "0")) == 0 { // as in 15000.0
		if value, err := strconv.ParseInt(string(whole), 10, 64); err == nil {
			return Integer{value, true}
		}
	}
	s.mistyped(start, "a whole number")
	return Integer{}
}

// Decimal reads a number, or a string that holds one, into millionths.
func (s *Scanner) Decimal() Decimal {
	start := s.at
	text, known := s.scalar("a number")
	if !known || string(text) == s.Missing && s.Missing != "" {
		return Decimal{}
	}
	m, err := kpi.ParseMicros(string(text))
	if err != nil {
		s.mistyped(start, "a number")
		return Decimal{}
	}
	return Decimal{m, true}
}

// Metric reads the figure of one field into m: a whole number for impressions
// and clicks, a decimal number for the others. Without a value the field stays
// unknown.
func (s *Scanner) Metric(m *kpi.Metrics, field kpi.Fields) {
	switch field {
	case kpi.Impressions, kpi.Clicks:
		if v := s.Integer(); v.Known {
			set(m, field, v.Value)
		}
	default:
		if v := s.Decimal(); v.Known {
			set(m, field, int64(v.Micros))
		}
	}
}

// Millionths reads an amount of money that is given in millionths.
func (s *Scanner) Millionths(m *kpi.Metrics, field kpi.Fields) {
	if v := s.Integer(); v.Known {
		set(m, field, v.Value)
	}
}

func set(m *kpi.Metrics, field kpi.Fields, value int64) {
	m.Has |= field
	switch field {
	case kpi.Impressions:
		m.Impressions = value
	case kpi.Clicks:
		m.Clicks = value
	case kpi.Cost:
		m.Cost = kpi.Micros(value)
	case kpi.Conversions:
		m.Conversions = kpi.Micros(value)
	case kpi.Revenue:
		m.Revenue = kpi.Micros(value)
	case kpi.ViewThrough:
		m.ViewThrough = kpi.Micros(value)
	}
}

// Skip passes over the next value.
func (s *Scanner) Skip() {
	switch s.peek() {
	case '{':
		for range s.Object() {
			continue
		}
	case '[':
		for range s.Array() {
			continue
		}
	case '"':
		s.quoted()
	default:
		s.literal("a value")
	}
}

func (s *Scanner) members(yield func([]byte) bool) {
	if !s.open('{', "an object") {
		return
	}
	top := len(s.path) - 1
	for first := true; !s.closed('}', first); first = false {
		if s.err == nil && s.peek() != '"' {
			s.broken("a key")
		}
		key := s.quoted()
		if s.err == nil && s.peek() != ':' {
			s.broken("a colon")
		}
		if s.err != nil {
			return
		}
		s.at++
		s.path[top].key = key
		if !s.value(func() bool { return yield(key) }) {
			return
		}
	}
}

func (s *Scanner) elements(yield func(int) bool) {
	if !s.open('[', "an array") {
		return
	}
	top := len(s.path) - 1
	for n := 0; !s.closed(']', n == 0); n++ {
		s.path[top].index = n
		if s.err != nil || !s.value(func() bool { return yield(n) }) {
			return
		}
	}
}

// value has the caller read the next value, and skips it if he did not.
func (s *Scanner) value(read func() bool) bool {
	before := s.at
	if !read() || s.err != nil {
		return false
	}
	if s.at == before {
		s.Skip()
	}
	return s.err == nil
}

// open enters an object or a list; it returns false for null.
func (s *Scanner) open(bracket byte, want string) bool {
	if s.err != nil {
		return false
	}
	start := s.at
	if s.peek() != bracket {
		if _, known := s.literalOrText(want); known || s.err == nil && len(s.path) == 0 {
			s.mistyped(start, want)
		}
		return false
	}
	if len(s.path) >= deepest {
		s.fail("answer is nested deeper than %d levels", deepest)
		return false
	}
	s.at++
	s.path = append(s.path, step{})
	return true
}

// closed passes the comma before the next member, or the end of them all.
func (s *Scanner) closed(bracket byte, first bool) bool {
	switch c := s.peek(); {
	case s.err != nil:
		return true
	case c == bracket:
		s.at++
		s.path = s.path[:len(s.path)-1]
		return true
	case first:
		return false
	case c != ',':
		s.broken("a comma")
		return true
	}
	s.at++
	return false
}

// peek returns the next byte that is no white space, 0 at the end.
func (s *Scanner) peek() byte {
	s.at = s.skipped(s.at)
	if s.at < len(s.body) {
		return s.body[s.at]
	}
	return 0
}

func (s *Scanner) skipped(at int) int {
	for at < len(s.body) && (s.body[at] == ' ' || s.body[at] == '\n' || s.body[at] == '\r' || s.body[at] == '\t') {
		at++
	}
	return at
}
