package ui

import (
	"slices"
	"strings"
	"unicode"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
)

// input is one line of text being typed. It knows no clipboard: over SSH that
// would be the server's.
type input struct {
	text []rune
	at   int // place of the cursor, in runes
	most int // characters at most
}

func newInput(text string, most int) input {
	in := input{most: most}
	in.insert(text)
	return in
}

func (in *input) String() string { return string(in.text) }

// key edits the text; it says whether it knew the key.
func (in *input) key(msg tea.KeyPressMsg) bool {
	switch msg.String() {
	case "left", "ctrl+b":
		in.at = max(0, in.at-1)
	case "right", "ctrl+f":
		in.at = min(len(in.text), in.at+1)
	case "home", "ctrl+a":
		in.at = 0
	case "end", "ctrl+e":
		in.at = len(in.text)
	case "backspace", "ctrl+h":
		in.cut(max(0, in.at-1), in.at)
	case "delete", "ctrl+d":
		in.cut(in.at, min(len(in.text), in.at+1))
	case "ctrl+u":
		in.cut(0, in.at)
	case "ctrl+k":
		in.cut(in.at, len(in.text))
	case "ctrl+w", "alt+backspace":
		in.cut(in.wordStart(), in.at)
	default:
		if msg.Text == "" {
			return false
		}
		in.insert(msg.Text)
	}
	return true
}

func (in *input) cut(from, to int) {
	in.text, in.at = slices.Delete(in.text, from, to), from
}

func (in *input) wordStart() int {
	at := in.at
	for at > 0 && unicode.IsSpace(in.text[at-1]) {
		at--
	}
	for at > 0 && !unicode.IsSpace(in.text[at-1]) {
		at--
	}
	return at
}

// insert puts text at the cursor; what is no character is dropped, since a
// paste may contain anything.
func (in *input) insert(text string) {
	runes := []rune(printable(text))
	if room := in.most - len(in.text); len(runes) > room {
		runes = runes[:max(0, room)]
	}
	in.text = slices.Insert(in.text, in.at, runes...)
	in.at += len(runes)
}

// printable drops what is no character: escape sequences, control characters,
// and what turns the direction of text.
func printable(text string) string {
	if !strings.ContainsFunc(text, unprintable) {
		return text
	}
	return strings.Map(func(r rune) rune {
		if unprintable(r) {
			return -1
		}
		return r
	}, ansi.Strip(text))
}

func unprintable(r rune) bool {
	switch {
	case r < 0x7f:
		return r < ' '
	case r < 0xa0, r == unicode.ReplacementChar, r == '\u2028', r == '\u2029':
		return true
	}
	return r != joiner && unicode.Is(unicode.Cf, r)
}

// joiner makes one emoji of several.
const joiner = '\u200d'

// draw writes the text with its cursor, in at most width cells.
func (in *input) draw(p *pen, width int) {
	before, after := string(in.text[:in.at]), string(in.text[in.at:])
	for p.width(before) > width-2 && before != "" { // the cursor stays in sight
		_, size := firstRune(before)
		before = before[size:]
	}
	end := p.at + width
	p.write(p.st.text, before)
	p.write(p.st.accent, "▏")
	p.left(p.st.text, after, max(0, end-p.at))
}

func firstRune(s string) (rune, int) {
	for i, r := range s {
		if i > 0 {
			return r, i
		}
	}
	return 0, len(s)
}
