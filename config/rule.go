package config

import (
	"fmt"
	"reflect"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// Rule is one alert rule of the config. What its keys mean is not for this
// package to say: they are kept as they stand.
type Rule struct {
	text *text
	node ast.Node
	keys []*ast.MappingValueNode
}

func (r *Rule) decodeNode(d *decoder, key string, n ast.Node) {
	r.text, r.node, r.keys = d.text, n, d.pairs(key, n)
}

// Decode fills the struct that options points to, as Source.Decode does.
func (r Rule) Decode(options any) error {
	d := &decoder{text: r.text}
	d.structure(r.keys, reflect.ValueOf(options).Elem())
	return d.err()
}

// Locate gives an error about the value of a key its place in the file: line
// and column, both from 1, are within the value where it is a text, and 0 for
// the whole of it. The result wraps err; nil stays nil.
func (r Rule) Locate(key string, line, column int, err error) error {
	if err == nil {
		return nil
	}
	d := &decoder{text: r.text}
	place := d.spanOf(r.node)
	for _, pair := range r.keys {
		if keyOf(pair) == key {
			place = d.within(pair.Value, line, column)
		}
	}
	d.problems = []Problem{d.text.problem(place, err, fmt.Sprintf("%s: %v", key, err))}
	return d.err()
}

// within is a place in a text. Of text that is folded over several lines only
// the beginning is known.
func (d *decoder) within(n ast.Node, line, column int) span {
	at := d.spanOf(n)
	if line < 1 {
		return at
	}
	at.width = 1
	tk := n.GetToken()
	switch literal, ok := n.(*ast.LiteralNode); {
	case ok && literal.Start.Type == token.LiteralType:
		at.line = literal.Start.Position.Line + line
		at.column = d.text.indent(literal.Start.Position.Line+1) + column
	case ok || line > 1 || len(tk.Value) > 0 && !d.text.holds(at, tk.Value):
	case tk.Type == token.SingleQuoteType || tk.Type == token.DoubleQuoteType:
		at.column += column
	default:
		at.column += column - 1
	}
	return at
}

// indent is how many spaces a line begins with.
func (t *text) indent(line int) (n int) {
	if line < 1 || line > len(t.lines) {
		return 0
	}
	for n < len(t.lines[line-1]) && t.lines[line-1][n] == ' ' {
		n++
	}
	return n
}

// holds says whether a value stands on the line as it is, at or right after
// the place.
func (t *text) holds(at span, value string) bool {
	if at.line < 1 || at.line > len(t.lines) {
		return false
	}
	line := []rune(t.lines[at.line-1])
	for _, from := range []int{at.column - 1, at.column} {
		if to := from + len([]rune(value)); from >= 0 && to <= len(line) && string(line[from:to]) == value {
			return true
		}
	}
	return false
}

// Decode reads a YAML file of another kind than the config by the same strict
// rules into the struct that v points to. Every error is an *Error.
func Decode(name string, content []byte, v any) error {
	d := &decoder{text: newText(name, content)}
	if root := d.parse(content); root != nil {
		d.structure(d.pairs("the file", root), reflect.ValueOf(v).Elem())
	}
	return d.err()
}
