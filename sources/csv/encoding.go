package csv

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// encodings are what the option may name besides auto, which is UTF-8 or, by its
// byte-order mark, UTF-16. Those with a table have one byte a character.
var encodings = map[string]*charmap.Charmap{
	"utf-8": nil, "utf-16": nil,
	"windows-1251": charmap.Windows1251, "windows-1252": charmap.Windows1252, "iso-8859-15": charmap.ISO8859_15,
}

// encodingNames lists them for messages.
const encodingNames = "auto, utf-8, utf-16, windows-1251, windows-1252 or iso-8859-15"

// The byte-order marks.
var (
	mark8    = []byte{0xef, 0xbb, 0xbf}
	mark16LE = []byte{0xff, 0xfe}
	mark16BE = []byte{0xfe, 0xff}
)

// errBinary is said of what cannot be text in any encoding.
var errBinary = errors.New("not a text file: expected " + encodingNames + ", UTF-16 with a byte-order mark")

// spoilt says that a line has bytes which are none of its encoding's.
type spoilt struct {
	line int
	last bool // nothing follows the line: it may have been cut off
	why  string
}

func (s *spoilt) Error() string { return fmt.Sprintf("line %d %s", s.line, s.why) }

// decode turns the bytes of a file into UTF-8 without a byte-order mark.
func decode(raw []byte, encoding string) ([]byte, error) {
	order, marked := byteOrder(raw)
	table := encodings[encoding]
	switch {
	case order != nil && (encoding == "auto" || encoding == "utf-16"):
		return fromUTF16(raw[2:], order)
	case encoding == "utf-16":
		return nil, errors.New("no byte-order mark at its beginning, without which UTF-16 cannot be read: set encoding to auto, or save the export with the mark")
	case table != nil && marked:
		return nil, fmt.Errorf("begins with a byte-order mark, so it is not %s: set encoding to auto", encoding)
	case order != nil:
		return nil, errors.New("begins with the byte-order mark of UTF-16: set encoding to auto or utf-16")
	}
	raw = bytes.TrimPrefix(raw, mark8)
	if bytes.IndexByte(raw, 0) >= 0 {
		return nil, errBinary
	}
	if table != nil {
		return fromTable(raw, table, encoding)
	}
	return fromUTF8(raw)
}

// byteOrder returns the order that a mark of UTF-16 tells, and whether there is any
// byte-order mark.
func byteOrder(raw []byte) (binary.ByteOrder, bool) {
	switch {
	case bytes.HasPrefix(raw, mark16LE):
		return binary.LittleEndian, true
	case bytes.HasPrefix(raw, mark16BE):
		return binary.BigEndian, true
	}
	return nil, bytes.HasPrefix(raw, mark8)
}

func fromUTF8(raw []byte) ([]byte, error) {
	for line, rest := 1, raw; ; line++ {
		one, after, more := bytes.Cut(rest, []byte("\n"))
		if !utf8.Valid(one) {
			return nil, &spoilt{line, !more, "is not UTF-8: set encoding, or save the export as UTF-8"}
		}
		if !more {
			return raw, nil
		}
		rest = after
	}
}

// fromTable reads an encoding of one byte a character. Bytes that it has no
// character for, and control characters that no text holds, are refused.
func fromTable(raw []byte, table *charmap.Charmap, name string) ([]byte, error) {
	text := make([]byte, 0, len(raw)+len(raw)/4)
	line := 1
	for at, b := range raw {
		r := table.DecodeByte(b)
		if r == utf8.RuneError || r >= 0x7f && r <= 0x9f {
			return nil, &spoilt{line, bytes.IndexByte(raw[at:], '\n') < 0, fmt.Sprintf("has the byte %#02x, which is no character of %s: check encoding", b, name)}
		}
		if r == '\n' {
			line++
		}
		text = utf8.AppendRune(text, r)
	}
	return text, nil
}

func fromUTF16(raw []byte, order binary.ByteOrder) ([]byte, error) {
	text := make([]byte, 0, len(raw))
	line := 1
	wrong := func(at int, why string) error {
		for i := at + 2; i+1 < len(raw); i += 2 {
			if order.Uint16(raw[i:]) == '\n' {
				return &spoilt{line, false, why}
			}
		}
		return &spoilt{line, true, why}
	}
	for i := 0; i+1 < len(raw); i += 2 {
		r := rune(order.Uint16(raw[i:]))
		switch {
		case r == 0:
			return nil, errBinary
		case r == '\n':
			line++
		case utf16.IsSurrogate(r):
			second := rune(0)
			if i+3 < len(raw) {
				second = rune(order.Uint16(raw[i+2:]))
			}
			if r = utf16.DecodeRune(r, second); r == utf8.RuneError {
				return nil, wrong(i, "has half of a pair that makes a character of UTF-16: was the export cut?")
			}
			i += 2
		}
		text = utf8.AppendRune(text, r)
	}
	if len(raw)%2 != 0 {
		return nil, wrong(len(raw), "ends with half a character of UTF-16: was the export cut?")
	}
	return text, nil
}
