package ssh

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of a command line, in bytes and words.
const (
	maxCommand = 2000
	maxWords   = 32
)

// words splits a command line as a shell does: at spaces, except in quotes or
// behind a backslash. Nothing else of a shell is known, and what looks like more
// is refused: nobody shall believe that a second command ran.
func words(line string) ([]string, error) {
	switch {
	case len(line) > maxCommand:
		return nil, fmt.Errorf("the command is too long: expected at most %d characters", maxCommand)
	case !utf8.ValidString(line) || strings.ContainsFunc(line, unicode.IsControl):
		return nil, errors.New("the command has characters that no command has")
	}
	var out []string
	var word strings.Builder
	var quote rune // 0 outside of quotes
	begun, escaped := false, false
	end := func() {
		if begun {
			out = append(out, word.String())
		}
		word.Reset()
		begun = false
	}
	for _, r := range line {
		switch {
		case escaped:
			escaped = false
			word.WriteRune(r)
		case r == '\\' && quote != '\'':
			escaped, begun = true, true
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '"' || r == '\'':
			quote, begun = r, true
		case r == ' ':
			end()
		case strings.ContainsRune("|&;<>()`$", r):
			return nil, fmt.Errorf("%q is for a shell, and this is none: pipe and redirect on your own machine", string(r))
		default:
			begun = true
			word.WriteRune(r)
		}
	}
	if quote != 0 || escaped {
		return nil, errors.New("the command ends within quotes, or with a backslash")
	}
	end()
	if len(out) > maxWords {
		return nil, fmt.Errorf("the command is too long: expected at most %d words", maxWords)
	}
	return out, nil
}
