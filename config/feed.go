package config

import (
	"fmt"
	"reflect"

	"github.com/goccy/go-yaml/ast"

	"adtop/sources"
)

// Feed says what those who read figures over HTTP have to give.
type Feed struct {
	Token sources.Secret `yaml:"token"` // not looked up yet; unset when the file gives none

	text *text
	node ast.Node
}

func (f *Feed) decodeNode(d *decoder, key string, n ast.Node) {
	f.text, f.node = d.text, n
	before := len(d.problems)
	d.structure(d.pairs(key, n), reflect.ValueOf(f).Elem())
	if len(d.problems) == before && !f.Token.IsSet() {
		d.fault(n, `%s: expected what readers have to give, such as "token: env:ADTOP_FEED_TOKEN"`, key)
	}
}

// Locate gives an error about the feed its place in the file. The result wraps
// err; nil stays nil.
func (f Feed) Locate(err error) error {
	if err == nil || f.node == nil {
		return err
	}
	d := &decoder{text: f.text}
	d.problems = []Problem{d.text.problem(d.spanOf(f.node), err, fmt.Sprintf("feed: %v", err))}
	return d.err()
}
