package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"adtop/sources"
)

// maxProblems is how many problems an Error holds.
const maxProblems = 10

// Error is everything that is wrong with a config file, in the order of the
// file.
type Error struct {
	Problems []Problem // at most ten
	More     int       // problems beyond these
}

// Error renders all problems, one after the other.
func (e *Error) Error() string {
	parts := make([]string, 0, len(e.Problems)+1)
	for _, p := range e.Problems {
		parts = append(parts, p.Error())
	}
	if e.More > 0 {
		parts = append(parts, fmt.Sprintf("and %d more", e.More))
	}
	return strings.Join(parts, "\n")
}

// Unwrap returns the problems.
func (e *Error) Unwrap() []error {
	errs := make([]error, len(e.Problems))
	for i, p := range e.Problems {
		errs[i] = p
	}
	return errs
}

// Problem is one thing that is wrong at one place. It never repeats a secret.
type Problem struct {
	File         string
	Line, Column int    // from 1; columns count characters
	Message      string // what is wrong, what was expected, what to do
	Excerpt      string // the line, with the place marked below it
	Err          error  // the cause, where there is one
}

// Error renders the problem as "file:line:column: message" and the excerpt.
func (p Problem) Error() string {
	text := fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Message)
	if p.Excerpt != "" {
		text += "\n" + p.Excerpt
	}
	return text
}

// Unwrap returns the cause.
func (p Problem) Unwrap() error { return p.Err }

// text is a config file for quoting from it.
type text struct {
	name  string
	lines []string
}

func newText(name string, content []byte) *text {
	content = content[:min(len(content), maxFile)]
	return &text{name, strings.Split(plainLines(content), "\n")}
}

// plainLines drops a byte-order mark and carriage returns.
func plainLines(content []byte) string {
	return strings.ReplaceAll(strings.TrimPrefix(string(content), "\ufeff"), "\r\n", "\n")
}

// span is a piece of one line. Where cut is set, the line is quoted only up to
// that column.
type span struct {
	line, column, width int
	cut                 int
}

// maxExcerpt bounds a quoted line, in characters.
const maxExcerpt = 160

func (t *text) problem(at span, cause error, message string) Problem {
	return Problem{File: t.name, Line: at.line, Column: at.column, Message: message, Excerpt: t.excerpt(at), Err: cause}
}

func (t *text) excerpt(at span) string {
	if at.line < 1 || at.line > len(t.lines) || strings.TrimSpace(t.lines[at.line-1]) == "" {
		return ""
	}
	line := []rune(strings.ToValidUTF8(t.lines[at.line-1], "\ufffd"))
	for i, r := range line {
		if r == '\t' {
			line[i] = ' '
		} else if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			line[i] = '\ufffd'
		}
	}
	if at.cut > 0 && at.cut <= len(line) {
		line = append(line[:at.cut-1:at.cut-1], '…')
	}
	column := min(at.column, len(line)+1)
	width := max(1, min(at.width, len(line)-column+1))
	line = []rune(veil(string(line)))
	if len(line) > maxExcerpt {
		from := max(0, column-maxExcerpt/2)
		line = line[from:min(len(line), from+maxExcerpt)]
		column -= from
		width = min(width, len(line)-column+1)
	}
	number := fmt.Sprintf("%5d", at.line)
	return fmt.Sprintf("%s | %s\n%s | %s%s", number, strings.TrimRight(string(line), " "),
		strings.Repeat(" ", len(number)), strings.Repeat(" ", column-1), strings.Repeat("^", max(1, width)))
}

var (
	// secretPair is a key that names a secret, with what stands behind it.
	secretPair = regexp.MustCompile(`(?i)([\w-]*(?:secret|token|password|passwd|credential|_key)[\w-]*["']?\s*:\s*["']?)([^\s"',}\]][^"',}\]]*)`)
	// secretText is what looks like a key or token by itself.
	secretText = regexp.MustCompile(`[A-Za-z0-9_\-+/=.~]{20,}`)
	reference  = regexp.MustCompile(`^(?:env|file|cmd|keyring):`)
)

// veil stars out what is a secret by its key, or looks like one, and keeps the
// length of the line.
func veil(line string) string {
	stars := func(s string) string { return strings.Repeat("*", utf8.RuneCountInString(s)) }
	line = secretPair.ReplaceAllStringFunc(line, func(pair string) string {
		m := secretPair.FindStringSubmatch(pair)
		if reference.MatchString(m[2]) {
			return pair
		}
		return m[1] + stars(m[2])
	})
	return secretText.ReplaceAllStringFunc(line, func(word string) string {
		if strings.ContainsAny(word, "0123456789") && strings.ContainsFunc(word, unicode.IsLetter) {
			return stars(word)
		}
		return word
	})
}

// quote renders text from the file within a message: cleaned, short.
func quote(text string) string {
	text = sources.Clean(text)
	if runes := []rune(text); len(runes) > 40 {
		text = string(runes[:40]) + "…"
	}
	return `"` + text + `"`
}

// instead says what to write instead of a word that is none of known.
func instead(word string, known []string) string {
	best, distance := "", 1+max(1, len(word)/3)
	for _, candidate := range known {
		if d := edits(strings.ToLower(word), strings.ToLower(candidate)); d < distance {
			best, distance = candidate, d
		}
	}
	switch {
	case best != "":
		return fmt.Sprintf("did you mean %q?", best)
	case len(known) == 0:
		return "there are none to choose from"
	}
	known = slices.Clone(known)
	slices.Sort(known)
	return "expected one of " + strings.Join(known, ", ")
}

// edits counts the insertions, deletions and replacements between two words
// of at most 64 characters.
func edits(a, b string) int {
	x, y := []rune(a), []rune(b)
	if len(x) > 64 || len(y) > 64 {
		return 64
	}
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i, r := range x {
		diagonal := row[0]
		row[0] = i + 1
		for j, s := range y {
			replaced := diagonal
			if r != s {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(y)]
}
