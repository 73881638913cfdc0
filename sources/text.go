package sources

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxText bounds a name that a platform hands over, in bytes.
const maxText = 512

// Clean makes a string from outside fit for a terminal, a log or a CSV cell:
// control, escape and invisible formatting characters are dropped, line breaks
// and tabs become spaces, invalid UTF-8 is replaced, and what is longer than
// 512 bytes is cut at a character.
func Clean(text string) string {
	if plain(text) {
		return text
	}
	cleaned := strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r' || r == '\u2028' || r == '\u2029':
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r) && r != '\u200d':
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "\ufffd"))
	if len(cleaned) > maxText {
		cut := maxText
		for !utf8.RuneStart(cleaned[cut]) {
			cut--
		}
		cleaned = cleaned[:cut]
	}
	return cleaned
}

func plain(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c >= 0x7f {
			return false
		}
	}
	return len(text) <= maxText
}
