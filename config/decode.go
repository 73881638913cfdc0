package config

import (
	"encoding"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"adtop/sources"
)

// decoder fills Go values from nodes and notes what does not fit. It goes on
// after a problem, so that the user sees all of them.
type decoder struct {
	text     *text
	problems []Problem
}

// nodeDecoder is a value that reads its node itself. Key is the key whose
// value the node is.
type nodeDecoder interface {
	decodeNode(d *decoder, key string, n ast.Node)
}

// unmarshaler is a value that reads its node through Go values, the way YAML
// libraries know it.
type unmarshaler interface {
	UnmarshalYAML(unmarshal func(any) error) error
}

// at is a value with its node; the node is nil while the key is not given.
type at[T any] struct {
	Value T
	node  ast.Node
}

func (a *at[T]) decodeNode(d *decoder, key string, n ast.Node) {
	a.node = n
	d.value(key, n, reflect.ValueOf(&a.Value).Elem())
}

func (d *decoder) note(at span, message string) {
	d.problems = append(d.problems, d.text.problem(at, nil, message))
}

// fault notes a problem of the value at n.
func (d *decoder) fault(n ast.Node, format string, args ...any) {
	d.note(d.spanOf(n), fmt.Sprintf(format, args...))
}

// keyFault notes a problem of a key.
func (d *decoder) keyFault(key ast.Node, format string, args ...any) {
	d.note(d.keySpan(key), fmt.Sprintf(format, args...))
}

// keySpan is a key without what follows it on the line, which may be a secret
// under a key that was mistyped.
func (d *decoder) keySpan(key ast.Node) span {
	at := d.spanOf(key)
	at.cut = at.column + at.width
	return at
}

// err returns what was noted, nil when all is well.
func (d *decoder) err() error {
	if len(d.problems) == 0 {
		return nil
	}
	slices.SortStableFunc(d.problems, func(a, b Problem) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	kept := min(len(d.problems), maxProblems)
	return &Error{Problems: d.problems[:kept:kept], More: len(d.problems) - kept}
}

// spanOf is where n begins.
func (d *decoder) spanOf(n ast.Node) span {
	for {
		m, ok := n.(*ast.MappingNode)
		if !ok || m.IsFlowStyle || len(m.Values) == 0 {
			break
		}
		n = m.Values[0].Key
	}
	return d.tokenSpan(n.GetToken())
}

// kindOf says what n is, in the user's words.
func kindOf(n ast.Node) string {
	switch n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "keys with values"
	case *ast.SequenceNode:
		return "a list"
	case *ast.NullNode:
		return "nothing"
	}
	return "a single value"
}

// scalar returns the text of a single value as it is written.
func scalar(n ast.Node) (text string, ok bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true
	}
	return "", false
}

// pairs returns the keys of a mapping, each given once, or notes why not.
func (d *decoder) pairs(key string, n ast.Node) []*ast.MappingValueNode {
	var values []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		values = n.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{n}
	default:
		d.fault(n, `%s: expected keys with values, found %s: write "key: value" lines below it`, key, kindOf(n))
		return nil
	}
	first := map[string]int{}
	kept := make([]*ast.MappingValueNode, 0, len(values))
	for _, pair := range values {
		name := keyOf(pair)
		if line, twice := first[name]; twice {
			d.keyFault(pair.Key, "key %s is given twice: it is on line %d already; remove one of them", quote(name), line)
			continue
		}
		first[name] = pair.Key.GetToken().Position.Line
		kept = append(kept, pair)
	}
	return kept
}

func keyOf(pair *ast.MappingValueNode) string { return pair.Key.GetToken().Value }

// list returns the entries of a list that are not empty, or notes that n is
// none.
func (d *decoder) list(key string, n ast.Node) (entries []ast.Node) {
	s, ok := n.(*ast.SequenceNode)
	if !ok {
		d.fault(n, `%s: expected a list, found %s: write each entry on a line that begins with "- "`, key, kindOf(n))
		return nil
	}
	for _, entry := range s.Values {
		if _, empty := entry.(*ast.NullNode); empty {
			d.fault(entry, "%s: an entry is empty: write it, or remove its line", key)
			continue
		}
		entries = append(entries, entry)
	}
	return entries
}

// fields lists the yaml keys of a struct type and where they go.
func fields(t reflect.Type) (names []string, index map[string]int) {
	index = map[string]int{}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
		if name == "" || name == "-" || !t.Field(i).IsExported() {
			continue
		}
		names, index[name] = append(names, name), i
	}
	return names, index
}

// structure fills the struct v; also are keys that are known elsewhere, to be
// suggested for a mistyped one.
func (d *decoder) structure(pairs []*ast.MappingValueNode, v reflect.Value, also ...string) {
	names, index := fields(v.Type())
	for _, pair := range pairs {
		name := keyOf(pair)
		i, known := index[name]
		if !known {
			d.keyFault(pair.Key, "unknown key %s: %s", quote(name), instead(name, append(names, also...)))
			continue
		}
		d.value(name, pair.Value, v.Field(i))
	}
}

// value fills v from n.
func (d *decoder) value(key string, n ast.Node, v reflect.Value) {
	if _, empty := n.(*ast.NullNode); empty {
		d.fault(n, "%s: has no value: write one, or remove the key", key)
		return
	}
	switch target := v.Addr().Interface().(type) {
	case nodeDecoder:
		target.decodeNode(d, key, n)
	case unmarshaler:
		d.unmarshal(key, n, target)
	case encoding.TextUnmarshaler:
		if text, ok := d.single(key, n); ok {
			if err := target.UnmarshalText([]byte(text)); err != nil {
				d.fault(n, "%s: %v", key, err)
			}
		}
	case *time.Duration:
		var parsed duration
		d.value(key, n, reflect.ValueOf(&parsed).Elem())
		*target = time.Duration(parsed)
	default:
		d.basic(key, n, v)
	}
}

// basic fills a v of one of Go's own kinds.
func (d *decoder) basic(key string, n ast.Node, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		d.value(key, n, v.Elem())
	case reflect.Struct:
		d.structure(d.pairs(key, n), v)
	case reflect.Slice:
		entries := d.list(key, n)
		v.Set(reflect.MakeSlice(v.Type(), len(entries), len(entries)))
		for i, entry := range entries {
			d.value(key, entry, v.Index(i))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for _, pair := range d.pairs(key, n) {
			entry := reflect.New(v.Type().Elem()).Elem()
			d.value(keyOf(pair), pair.Value, entry)
			v.SetMapIndex(reflect.ValueOf(keyOf(pair)).Convert(v.Type().Key()), entry)
		}
	default:
		if text, ok := d.single(key, n); ok {
			d.plainValue(key, n, text, v)
		}
	}
}

// single returns the text of a single value, or notes that n is none.
func (d *decoder) single(key string, n ast.Node) (string, bool) {
	text, ok := scalar(n)
	if !ok {
		d.fault(n, "%s: expected a single value, found %s", key, kindOf(n))
	}
	return text, ok
}

// plainValue fills a string, truth value or number.
func (d *decoder) plainValue(key string, n ast.Node, text string, v reflect.Value) {
	quoted := n.GetToken().Type == token.SingleQuoteType || n.GetToken().Type == token.DoubleQuoteType
	_, truth := n.(*ast.BoolNode)
	switch {
	case v.Kind() == reflect.String && truth:
		d.fault(n, "%s: expected text, found %s: put it in quotes if it is meant as text", key, text)
	case v.Kind() == reflect.String:
		v.SetString(text)
	case v.Kind() == reflect.Bool && truth && !quoted:
		v.SetBool(text == "true" || text == "True" || text == "TRUE")
	case v.Kind() == reflect.Bool:
		d.fault(n, "%s: %s is neither true nor false", key, quote(text))
	case v.CanInt():
		number, err := strconv.ParseInt(text, 10, 64)
		if err != nil || v.OverflowInt(number) {
			d.fault(n, "%s: %s is not a whole number: expected one such as 12", key, quote(text))
			return
		}
		v.SetInt(number)
	case v.CanFloat():
		number, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsInf(number, 0) || math.IsNaN(number) {
			d.fault(n, "%s: %s is not a number: expected one such as 1.5", key, quote(text))
			return
		}
		v.SetFloat(number)
	default:
		panic(fmt.Sprintf("config: option %s has the type %s, which no file can fill", key, v.Type()))
	}
}

// unmarshal lets target read n. Where it tries several types, only what it
// returns in the end is noted.
func (d *decoder) unmarshal(key string, n ast.Node, target unmarshaler) {
	_, secret := target.(*sources.Secret)
	err := target.UnmarshalYAML(func(into any) error {
		trial := &decoder{text: d.text}
		trial.value(key, n, reflect.ValueOf(into).Elem())
		return trial.err()
	})
	var noted *Error
	switch {
	case err == nil:
	case errors.As(err, &noted) && !secret:
		d.problems = append(d.problems, noted.Problems...)
	default:
		at := d.spanOf(n)
		if secret {
			at.cut, at.width = at.column, 1
		}
		message := err.Error()
		if errors.As(err, &noted) {
			message = "a secret is given by reference: expected " + sources.SecretForms
		}
		d.note(at, key+": "+message)
	}
}
