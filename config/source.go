package config

import (
	"reflect"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// Source is one source of the config. Its options are the keys that are not
// common to all sources.
type Source struct {
	Name    string
	Type    string        // of the adapter; whether there is such a type is the registry's to say
	Every   time.Duration // wished interval of polls
	History int           // days to fetch once

	block
}

// block is an entry of the config whose own keys are for somebody else to read.
type block struct {
	what    string   // "source", "target", "heartbeat"
	name    string   // "" for what there is one of
	common  []string // keys that every such entry may have
	text    *text
	node    ast.Node
	options []*ast.MappingValueNode
}

// The bounds and defaults of the common keys.
const (
	minEvery       = time.Minute
	maxEvery       = 24 * time.Hour
	defaultEvery   = 5 * time.Minute
	maxHistory     = 3660 // days
	defaultHistory = 400  // days: thirteen months
)

// sourceKeys are the keys that every source may have.
type sourceKeys struct {
	Name    at[label]    `yaml:"name"`
	Type    at[string]   `yaml:"type"`
	Every   at[duration] `yaml:"every"`
	History at[duration] `yaml:"history"`
}

func (s *Source) decodeNode(d *decoder, key string, n ast.Node) {
	keys := sourceKeys{Every: at[duration]{Value: duration(defaultEvery)}, History: at[duration]{Value: duration(defaultHistory * 24 * time.Hour)}}
	given := s.block.decode(d, "source", key, n, reflect.ValueOf(&keys).Elem())
	s.Name, s.Type = string(keys.Name.Value), keys.Type.Value
	s.name = s.Name
	s.Every = time.Duration(keys.Every.Value)
	s.History = int(time.Duration(keys.History.Value) / (24 * time.Hour))
	if !given {
		return
	}
	if keys.Name.node == nil {
		d.fault(n, `the source has no name: add one, such as "name: google"`)
	}
	if keys.Type.node == nil {
		d.fault(n, `the source has no type: add one, such as "type: google_ads"`)
	}
	if keys.Every.node != nil && (s.Every < minEvery || s.Every > maxEvery) {
		d.fault(keys.Every.node, "every: expected a time from 1m to 24h")
	}
	if keys.History.node != nil && (s.History < 1 || s.History > maxHistory) {
		d.fault(keys.History.node, "history: expected a time from 1d to %dd", maxHistory)
	}
}

// decode fills the struct of the common keys and keeps all others. It notes, and
// returns false, when there are no keys at all.
func (b *block) decode(d *decoder, what, key string, n ast.Node, keys reflect.Value) bool {
	var index map[string]int
	b.what, b.text, b.node = what, d.text, n
	b.common, index = fields(keys.Type())
	var common []*ast.MappingValueNode
	given := d.pairs(key, n)
	for _, pair := range given {
		if _, ok := index[keyOf(pair)]; ok {
			common = append(common, pair)
		} else {
			b.options = append(b.options, pair)
		}
	}
	d.structure(common, keys, b.common...)
	return given != nil
}

// Decode fills the option struct that options points to from the entry's own
// keys; its yaml tags name them. What is already in it stands for the keys
// that are not given. Every error is an *Error.
//
// Besides Go's plain types, structs, pointers, slices and maps, a field may
// implement encoding.TextUnmarshaler or UnmarshalYAML(func(any) error) error.
// A field of another type panics.
func (b block) Decode(options any) error {
	d := &decoder{text: b.text}
	d.structure(b.options, reflect.ValueOf(options).Elem(), b.common...)
	return d.err()
}

// Locate gives an error about the entry its place in the file: the option that
// the error's text begins with, as in "token: not set", else the entry.
// The result wraps err; nil stays nil.
func (b block) Locate(err error) error {
	if err == nil {
		return nil
	}
	d := &decoder{text: b.text}
	name, _, _ := strings.Cut(err.Error(), ":")
	name, _, _ = strings.Cut(name, ".")
	place := d.spanOf(b.node)
	for _, pair := range b.options {
		if keyOf(pair) == name {
			place = d.keySpan(pair.Key)
		}
	}
	about := b.what
	if b.name != "" {
		about += " " + quote(b.name)
	}
	d.problems = []Problem{d.text.problem(place, err, about+": "+err.Error())}
	return d.err()
}
