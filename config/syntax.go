package config

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Bounds of what the parser is given: its work grows with the square of the
// nesting and of the keys in one place.
const (
	maxTokens  = 60_000
	maxLine    = 4096 // characters
	maxNesting = 32   // open brackets
)

// parse returns the root of the only document, or nil after noting what is
// wrong with the file as YAML.
func (d *decoder) parse(content []byte) ast.Node {
	source, ok := d.readable(content)
	if !ok {
		return nil
	}
	tokens := lexer.Tokenize(source)
	if !d.plain(tokens) {
		return nil
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		d.syntax(err)
		return nil
	}
	if len(file.Docs) > 1 {
		second := file.Docs[1]
		at := span{line: 1, column: 1, width: 3}
		if second.Start != nil {
			at.line, at.column = second.Start.Position.Line, second.Start.Position.Column
		}
		d.note(at, "a second document begins here: put everything into one, without ---")
		return nil
	}
	if len(file.Docs) == 0 || file.Docs[0].Body == nil {
		d.note(span{line: 1, column: 1}, "the file is empty: begin with a copy of config.example.yaml")
		return nil
	}
	return file.Docs[0].Body
}

// readable checks size, encoding and bounds, and returns what to parse.
func (d *decoder) readable(content []byte) (string, bool) {
	if len(content) > maxFile {
		d.note(span{line: 1, column: 1}, fmt.Sprintf("the file is larger than %d KiB: this is no config of adtop, or it has to be split", maxFile>>10))
		return "", false
	}
	depth := 0
	for i, line := range d.text.lines {
		switch bad := badCharacter(line); {
		case bad > 0:
			d.note(span{line: i + 1, column: bad, width: 1}, "a character that is not text in UTF-8: save the file as UTF-8")
			return "", false
		case utf8.RuneCountInString(line) > maxLine:
			d.note(span{line: i + 1, column: 1, width: 1}, fmt.Sprintf("the line is longer than %d characters: break it", maxLine))
			return "", false
		}
		depth = max(0, depth+strings.Count(line, "[")+strings.Count(line, "{")-strings.Count(line, "]")-strings.Count(line, "}"))
		if strings.Count(line, "[")+strings.Count(line, "{") > 1000 || depth > 1000 {
			d.note(span{line: i + 1, column: 1, width: 1}, "too many open brackets: use indented lines instead")
			return "", false
		}
	}
	return strings.Join(d.text.lines, "\n"), true
}

// badCharacter returns the column of the first character that no text file
// holds, 0 when there is none.
func badCharacter(line string) int {
	column := 0
	for i, r := range line {
		column++
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(line[i:]); size == 1 {
				return column
			}
		}
		if (r < ' ' && r != '\t') || r == 0x7f || r == '\ufeff' {
			return column
		}
	}
	return 0
}

// plain refuses the parts of YAML that a config does not need and that make
// small files large.
func (d *decoder) plain(tokens token.Tokens) bool {
	depth := 0
	for i, tk := range tokens {
		problem := ""
		switch tk.Type {
		case token.MappingStartType, token.SequenceStartType:
			if depth++; depth > maxNesting {
				problem = "too many open brackets: use indented lines instead"
			}
		case token.MappingEndType, token.SequenceEndType:
			depth--
		case token.AnchorType, token.AliasType:
			problem = fmt.Sprintf("text that begins with %s needs quotes, as in \"%s\"; anchors and aliases are not supported", tk.Value, tk.Value+following(tokens, i))
		case token.TagType:
			problem = `text that begins with ! needs quotes; tags are not supported`
		case token.MergeKeyType:
			problem = "<< is not supported: write the keys out"
		case token.MappingKeyType:
			problem = `a line that begins with "? " is not supported: write "key: value"`
		case token.DirectiveType:
			problem = "a line that begins with % is not supported: remove it"
		}
		if tk.Type == token.InvalidType {
			d.syntaxAt(tk, tk.Error)
			return false
		}
		if i >= maxTokens {
			problem = fmt.Sprintf("the file has more than %d parts: this is no config of adtop, or it has to be split", maxTokens)
		}
		if problem != "" {
			d.note(d.tokenSpan(tk), problem)
			return false
		}
	}
	return true
}

// following is the text of the token after the i-th on the same line.
func following(tokens token.Tokens, i int) string {
	if i+1 < len(tokens) && tokens[i+1].Position.Line == tokens[i].Position.Line {
		return strings.Trim(quote(tokens[i+1].Value), `"`)
	}
	return ""
}

func (d *decoder) syntax(err error) {
	var fault yaml.Error
	if errors.As(err, &fault) && fault.GetToken() != nil {
		d.syntaxAt(fault.GetToken(), fault.GetMessage())
		return
	}
	d.note(span{line: 1, column: 1}, "not YAML that can be read")
}

// syntaxFaults puts the parser's words into ours, by what they contain.
var syntaxFaults = []struct{ parser, ours string }{
	{"'\t'", "a tab where YAML expects spaces: indent with spaces"},
	{"tab character", "a tab where YAML expects spaces: indent with spaces"},
	{"end character of double-quoted", `the quoted text that begins here does not end: add the closing "`},
	{"end character of single-quoted", "the quoted text that begins here does not end: add the closing '"},
	{"is a reserved character", "text that begins with this character needs quotes"},
	{"mapping value is not allowed", "a value that goes on with another key: put text with a colon in quotes, or correct the indentation"},
	{"value is not allowed in this context", "this does not belong here: correct the indentation"},
	{"unexpected key name", "this is no key with a value: write \"key: value\", or correct the indentation"},
	{"non-map value", "this is no key with a value: write \"key: value\", or correct the indentation"},
	{"block sequence entries are not allowed", "a list cannot begin on this line: begin it on the next one"},
	{"']'", "a list that does not end: a comma or ] is missing"},
	{"'}'", "keys in braces that do not end: a comma or } is missing"},
}

func (d *decoder) syntaxAt(tk *token.Token, message string) {
	for _, fault := range syntaxFaults {
		if strings.Contains(message, fault.parser) {
			d.note(d.tokenSpan(tk), fault.ours)
			return
		}
	}
	d.note(d.tokenSpan(tk), "not YAML: "+message)
}

// tokenSpan is the piece of the file that a token takes, as far as it stands
// on one line.
func (d *decoder) tokenSpan(tk *token.Token) span {
	at := span{line: max(1, tk.Position.Line), column: max(1, tk.Position.Column), width: 1}
	switch tk.Type {
	case token.SingleQuoteType, token.DoubleQuoteType:
		at.width = utf8.RuneCountInString(tk.Value) + 2
	case token.LiteralType, token.FoldedType, token.InvalidType, token.ImplicitNullType:
	default:
		at.width = max(1, utf8.RuneCountInString(tk.Value))
	}
	return at
}
