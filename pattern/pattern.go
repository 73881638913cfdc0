// Package pattern says which names are meant, by a glob or a regular
// expression. It is pure and imports nothing of ours.
package pattern

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Pattern says which names are meant. The zero value matches all.
//
// A pattern is compared with the whole name, without regard to case; * stands
// for any text and ? for one character. Between slashes it is a regular
// expression (RE2) which has to match a part of the name: /^brand/, or /^brand/i
// without regard to case.
type Pattern struct {
	text       string
	expression *regexp.Regexp
}

// maxPattern bounds a pattern, in bytes.
const maxPattern = 512

// Parse reads a pattern; "" matches all.
func Parse(text string) (Pattern, error) {
	source := ""
	switch {
	case text == "":
		return Pattern{}, nil
	case len(text) > maxPattern:
		return Pattern{}, fmt.Errorf("the pattern is longer than %d bytes: use * for what varies", maxPattern)
	case strings.HasPrefix(text, "/"):
		body, caseless := strings.CutSuffix(text[1:], "/i")
		if !caseless {
			var closed bool
			if body, closed = strings.CutSuffix(text[1:], "/"); !closed {
				return Pattern{}, fmt.Errorf("%q begins as a regular expression and does not end as one: add / or /i at its end", text)
			}
		} else {
			source = "(?i)"
		}
		if body == "" {
			return Pattern{}, errors.New("the regular expression is empty: write what to match between the slashes")
		}
		source += body
	default:
		quoted := regexp.QuoteMeta(text)
		quoted = strings.ReplaceAll(quoted, `\*`, `.*`)
		source = `(?is)\A` + strings.ReplaceAll(quoted, `\?`, `.`) + `\z`
	}
	expression, err := regexp.Compile(source)
	if err != nil {
		return Pattern{}, fmt.Errorf("%q is not a regular expression: %s", text, strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	return Pattern{text, expression}, nil
}

// Match says whether name is meant.
func (p Pattern) Match(name string) bool {
	return p.expression == nil || p.expression.MatchString(name)
}

// String returns the pattern as it was written.
func (p Pattern) String() string { return p.text }

// MarshalText renders the pattern as it was written.
func (p Pattern) MarshalText() ([]byte, error) { return []byte(p.text), nil }

// UnmarshalText reads a pattern that is not empty.
func (p *Pattern) UnmarshalText(text []byte) (err error) {
	if len(text) == 0 {
		return errors.New(`the pattern is empty: use "*" for any text, or remove the key`)
	}
	*p, err = Parse(string(text))
	return err
}

// Present says whether value is given and meant; a pattern that is not set
// asks for nothing.
func (p Pattern) Present(value string) bool {
	return p.expression == nil || (value != "" && p.Match(value))
}
