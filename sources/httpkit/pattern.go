package httpkit

import (
	"regexp"
	"sync"
)

// Pattern is a regular expression that is compiled when it is first needed: the program
// starts with every adapter, and a config names few of them.
type Pattern struct{ compiled func() *regexp.Regexp }

// NewPattern returns the pattern of an expression. One that cannot be read panics at its
// first use, as a mistake in the program.
func NewPattern(expression string) Pattern {
	return Pattern{sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })}
}

// MatchString says whether the text has a match.
func (p Pattern) MatchString(text string) bool { return p.compiled().MatchString(text) }
