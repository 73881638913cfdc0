package simulator

import (
	"encoding/json"
	"fmt"
	"strings"
)

// graphField is one field of a GraphQL selection with its arguments, variables
// filled in, and its own selection.
type graphField struct {
	name, key string // key is the alias, or the name
	at        int    // offset in the query
	args      map[string]any
	fields    []graphField
}

// graphError is a refusal of a query at an offset.
type graphError struct {
	at      int
	code    string // extensions.code, "" for a syntax error
	message string
}

func (e *graphError) Error() string { return e.message }

// graphEnum is a bare word in an argument, as in sortKey: UPDATED_AT.
type graphEnum string

// maxGraphDepth bounds nesting; real queries of orders need six levels.
const maxGraphDepth = 20

// parseGraphQL parses one query operation without fragments or directives.
// Argument values are string, json.Number, bool, nil, graphEnum, []any or
// map[string]any. Its errors are *graphError.
func parseGraphQL(query string, variables map[string]any) ([]graphField, error) {
	p := &graphParser{text: query, variables: map[string]any{}}
	p.skip()
	if p.word("query") {
		p.name()
		if err := p.declarations(variables); err != nil {
			return nil, err
		}
	}
	fields, err := p.selection(0)
	if err != nil {
		return nil, err
	}
	if p.at < len(p.text) {
		return nil, p.unexpected("the end of the query")
	}
	return fields, nil
}

type graphParser struct {
	text      string
	at        int
	variables map[string]any // those declared
}

// skip passes over what means nothing: white space, commas and comments.
func (p *graphParser) skip() {
	for p.at < len(p.text) {
		switch c := p.text[p.at]; {
		case strings.IndexByte(" \t\r\n,", c) >= 0:
			p.at++
		case c == '#':
			end := strings.IndexByte(p.text[p.at:], '\n')
			if end < 0 {
				end = len(p.text) - p.at
			}
			p.at += end
		default:
			return
		}
	}
}

func (p *graphParser) sign(c byte) bool {
	if p.at >= len(p.text) || p.text[p.at] != c {
		return false
	}
	p.at++
	p.skip()
	return true
}

func (p *graphParser) need(c byte) error {
	if !p.sign(c) {
		return p.unexpected(string(c))
	}
	return nil
}

// name reads a name, or nothing.
func (p *graphParser) name() string {
	start := p.at
	for p.at < len(p.text) {
		c := p.text[p.at]
		if c != '_' && (c|0x20 < 'a' || c|0x20 > 'z') && (p.at == start || c < '0' || c > '9') {
			break
		}
		p.at++
	}
	name := p.text[start:p.at]
	p.skip()
	return name
}

func (p *graphParser) word(word string) bool {
	start := p.at
	if p.name() == word {
		return true
	}
	p.at = start
	return false
}

func (p *graphParser) unexpected(want string) error {
	got := "end of file"
	if p.at < len(p.text) {
		got = fmt.Sprintf("%q", p.text[p.at:p.at+1])
	}
	return &graphError{p.at, "", fmt.Sprintf("syntax error, unexpected %s, expecting %s", got, want)}
}

// declarations reads ($q: String!, $after: String = null) and takes the values
// that were sent, else the defaults.
func (p *graphParser) declarations(sent map[string]any) error {
	if !p.sign('(') {
		return nil
	}
	for !p.sign(')') {
		start := p.at
		if err := p.need('$'); err != nil {
			return err
		}
		name := p.name()
		if err := p.need(':'); err != nil {
			return err
		}
		required, err := p.typeName()
		if err != nil {
			return err
		}
		var value any
		if p.sign('=') {
			if value, err = p.value(0); err != nil {
				return err
			}
		}
		if given, ok := sent[name]; ok {
			value = given
		}
		if required && value == nil {
			return &graphError{start, "INVALID_VARIABLE", fmt.Sprintf("Variable $%s of type String! was provided invalid value", name)}
		}
		p.variables[name] = value
	}
	return nil
}

// typeName passes over a type, such as [String!]!, and says whether null is out.
func (p *graphParser) typeName() (required bool, err error) {
	depth := 0
	for p.sign('[') {
		depth++
	}
	if p.name() == "" {
		return false, p.unexpected("a type")
	}
	required = p.sign('!')
	for ; depth > 0; depth-- {
		if err := p.need(']'); err != nil {
			return false, err
		}
		required = p.sign('!')
	}
	return required, nil
}

func (p *graphParser) selection(depth int) ([]graphField, error) {
	if depth > maxGraphDepth {
		return nil, &graphError{p.at, "", "query is nested too deeply"}
	}
	if err := p.need('{'); err != nil {
		return nil, err
	}
	var fields []graphField
	for !p.sign('}') {
		f := graphField{at: p.at, name: p.name()}
		if f.name == "" {
			return nil, p.unexpected("a field")
		}
		f.key = f.name
		if p.sign(':') {
			if f.name = p.name(); f.name == "" {
				return nil, p.unexpected("a field")
			}
		}
		var err error
		if f.args, err = p.arguments(); err != nil {
			return nil, err
		}
		if p.at < len(p.text) && p.text[p.at] == '{' {
			if f.fields, err = p.selection(depth + 1); err != nil {
				return nil, err
			}
		}
		fields = append(fields, f)
	}
	if len(fields) == 0 {
		return nil, p.unexpected("a field")
	}
	return fields, nil
}

func (p *graphParser) arguments() (map[string]any, error) {
	if !p.sign('(') {
		return nil, nil
	}
	args := map[string]any{}
	for !p.sign(')') {
		name := p.name()
		if name == "" {
			return nil, p.unexpected("an argument")
		}
		if err := p.need(':'); err != nil {
			return nil, err
		}
		value, err := p.value(0)
		if err != nil {
			return nil, err
		}
		args[name] = value
	}
	return args, nil
}

func (p *graphParser) value(depth int) (any, error) {
	start := p.at
	switch {
	case p.at >= len(p.text) || depth > maxGraphDepth:
		return nil, p.unexpected("a value")
	case p.sign('$'):
		name := p.name()
		value, declared := p.variables[name]
		if !declared {
			return nil, &graphError{start, "variableNotDefined", fmt.Sprintf("Variable $%s is used by query but not declared", name)}
		}
		return value, nil
	case p.text[p.at] == '"':
		return p.quoted()
	case p.sign('['):
		list := []any{}
		for !p.sign(']') {
			value, err := p.value(depth + 1)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		return list, nil
	}
	if word := p.name(); word != "" {
		switch word {
		case "true", "false":
			return word == "true", nil
		case "null":
			return nil, nil
		}
		return graphEnum(word), nil
	}
	for p.at < len(p.text) && strings.IndexByte("+-.0123456789eE", p.text[p.at]) >= 0 {
		p.at++
	}
	number := p.text[start:p.at]
	if !json.Valid([]byte(number)) {
		p.at = start
		return nil, p.unexpected("a value")
	}
	p.skip()
	return json.Number(number), nil
}

// quoted reads a string; its escapes are those of JSON.
func (p *graphParser) quoted() (any, error) {
	for end := p.at + 1; end < len(p.text); end++ {
		switch p.text[end] {
		case '\\':
			end++
		case '"':
			var value string
			if err := json.Unmarshal([]byte(p.text[p.at:end+1]), &value); err != nil {
				return nil, p.unexpected("a string")
			}
			p.at = end + 1
			p.skip()
			return value, nil
		}
	}
	return nil, p.unexpected("a closing quote")
}
