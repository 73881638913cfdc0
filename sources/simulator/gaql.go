package simulator

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// gaqlQuery is a parsed statement of the Google Ads Query Language.
type gaqlQuery struct {
	fields []string
	from   string
	where  []gaqlCondition
	order  []gaqlOrder
	limit  int // 0 when there is none
}

// gaqlCondition compares a field. values has two elements for BETWEEN, one or
// more for IN and NOT IN, else one.
type gaqlCondition struct {
	field, op string
	values    []string
}

type gaqlOrder struct {
	field      string
	descending bool
}

// gaqlError is a refusal with Google's queryError code.
type gaqlError struct{ code, message string }

func (e *gaqlError) Error() string { return e.code + ": " + e.message }

func gaqlErrorf(code, format string, args ...any) error {
	return &gaqlError{code, fmt.Sprintf(format, args...)}
}

// gaqlToken is a word, a number, a string or a sign.
type gaqlToken struct {
	kind byte // 'w', 'n', 's' or '='; 0 is the end
	text string
}

// gaqlSigns come longest first.
var gaqlSigns = []string{"<=", ">=", "!=", "=", "<", ">", ",", "(", ")"}

// lexGAQL cuts a query into tokens.
func lexGAQL(query string) ([]gaqlToken, error) {
	var tokens []gaqlToken
	for rest := strings.TrimLeft(query, " \t\r\n"); rest != ""; rest = strings.TrimLeft(rest, " \t\r\n") {
		c := rest[0]
		sign := slices.IndexFunc(gaqlSigns, func(s string) bool { return strings.HasPrefix(rest, s) })
		switch {
		case sign >= 0:
			tokens = append(tokens, gaqlToken{'=', gaqlSigns[sign]})
			rest = rest[len(gaqlSigns[sign]):]
		case c == '\'' || c == '"':
			text, after, err := gaqlString(rest)
			if err != nil {
				return nil, err
			}
			tokens = append(tokens, gaqlToken{'s', text})
			rest = after
		case isWordByte(c):
			end := strings.IndexFunc(rest, func(r rune) bool { return r >= 0x80 || !isWordByte(byte(r)) })
			if end < 0 {
				end = len(rest)
			}
			kind := byte('w')
			if (c >= '0' && c <= '9') || c == '-' {
				kind = 'n'
			}
			tokens = append(tokens, gaqlToken{kind, rest[:end]})
			rest = rest[end:]
		default:
			return nil, gaqlErrorf("UNEXPECTED_INPUT", "Error in query: unexpected input %q.", rest[:1])
		}
	}
	return tokens, nil
}

func isWordByte(c byte) bool {
	return c == '_' || c == '.' || c == '-' || (c >= '0' && c <= '9') || (c|0x20 >= 'a' && c|0x20 <= 'z')
}

// gaqlString reads a quoted string; a backslash keeps the next character.
func gaqlString(text string) (value, rest string, err error) {
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text):
			i++
			b.WriteByte(text[i])
		case text[i] == text[0]:
			return b.String(), text[i+1:], nil
		default:
			b.WriteByte(text[i])
		}
	}
	return "", "", gaqlErrorf("UNTERMINATED_STRING_LITERAL", "Error in query: unterminated string.")
}

type gaqlParser struct{ tokens []gaqlToken }

// parseGAQL parses SELECT … FROM … [WHERE … AND …] [ORDER BY …] [LIMIT n].
// Its errors are *gaqlError.
func parseGAQL(query string) (*gaqlQuery, error) {
	tokens, err := lexGAQL(query)
	if err != nil {
		return nil, err
	}
	p := &gaqlParser{tokens}
	q := &gaqlQuery{}
	if !p.keyword("SELECT") {
		return nil, p.unexpected("SELECT")
	}
	if q.fields, err = p.words(); err != nil {
		return nil, err
	}
	if !p.keyword("FROM") {
		return nil, p.unexpected("FROM")
	}
	from := p.next()
	if from.kind != 'w' {
		return nil, gaqlErrorf("BAD_RESOURCE_TYPE_IN_FROM_CLAUSE", "Error in query: a resource is expected after FROM.")
	}
	q.from = from.text
	if err := p.clauses(q); err != nil {
		return nil, err
	}
	if len(p.tokens) > 0 {
		return nil, p.unexpected("the end of the query")
	}
	return q, nil
}

func (p *gaqlParser) clauses(q *gaqlQuery) error {
	for more := p.keyword("WHERE"); more; more = p.keyword("AND") {
		condition, err := p.condition()
		if err != nil {
			return err
		}
		q.where = append(q.where, condition)
	}
	if p.keyword("ORDER") {
		if !p.keyword("BY") {
			return p.unexpected("BY")
		}
		for more := true; more; more = p.sign(",") {
			field := p.next()
			if field.kind != 'w' {
				return gaqlErrorf("INVALID_ORDER_BY", "Error in query: a field is expected after ORDER BY.")
			}
			order := gaqlOrder{field: field.text}
			if !p.keyword("ASC") {
				order.descending = p.keyword("DESC")
			}
			q.order = append(q.order, order)
		}
	}
	if p.keyword("LIMIT") {
		n, err := strconv.Atoi(p.next().text)
		if err != nil || n <= 0 {
			return gaqlErrorf("INVALID_LIMIT_CLAUSE", "Error in query: LIMIT needs a positive number.")
		}
		q.limit = n
	}
	return nil
}

func (p *gaqlParser) condition() (gaqlCondition, error) {
	field := p.next()
	if field.kind != 'w' {
		return gaqlCondition{}, gaqlErrorf("BAD_FIELD_NAME", "Error in query: a field is expected in WHERE.")
	}
	c := gaqlCondition{field: field.text}
	operator := p.next()
	c.op = strings.ToUpper(operator.text)
	if c.op == "NOT" && p.keyword("IN") {
		c.op = "NOT IN"
	}
	switch {
	case operator.kind == '=' && !strings.ContainsAny(c.op, ",()"):
		return c, p.value(&c)
	case c.op == "BETWEEN":
		if err := p.value(&c); err != nil {
			return c, err
		}
		if !p.keyword("AND") {
			return c, p.unexpected("AND")
		}
		return c, p.value(&c)
	case c.op == "IN" || c.op == "NOT IN":
		if !p.sign("(") {
			return c, p.unexpected("(")
		}
		for more := true; more; more = p.sign(",") {
			if err := p.value(&c); err != nil {
				return c, err
			}
		}
		if !p.sign(")") {
			return c, p.unexpected(")")
		}
		return c, nil
	}
	return c, gaqlErrorf("INVALID_OPERATOR", "Error in query: %q is no operator that this resource supports.", operator.text)
}

// value reads a literal.
func (p *gaqlParser) value(c *gaqlCondition) error {
	t := p.next()
	if t.kind != 's' && t.kind != 'n' && t.kind != 'w' {
		return gaqlErrorf("BAD_VALUE", "Error in query: a value is expected for %s.", c.field)
	}
	c.values = append(c.values, t.text)
	return nil
}

func (p *gaqlParser) words() ([]string, error) {
	var words []string
	for more := true; more; more = p.sign(",") {
		t := p.next()
		if t.kind != 'w' {
			return nil, gaqlErrorf("BAD_FIELD_NAME", "Error in query: a field is expected, not %q.", t.text)
		}
		words = append(words, t.text)
	}
	return words, nil
}

func (p *gaqlParser) next() gaqlToken {
	if len(p.tokens) == 0 {
		return gaqlToken{}
	}
	t := p.tokens[0]
	p.tokens = p.tokens[1:]
	return t
}

func (p *gaqlParser) keyword(word string) bool {
	if len(p.tokens) == 0 || p.tokens[0].kind != 'w' || !strings.EqualFold(p.tokens[0].text, word) {
		return false
	}
	p.tokens = p.tokens[1:]
	return true
}

func (p *gaqlParser) sign(sign string) bool {
	if len(p.tokens) == 0 || p.tokens[0] != (gaqlToken{'=', sign}) {
		return false
	}
	p.tokens = p.tokens[1:]
	return true
}

func (p *gaqlParser) unexpected(want string) error {
	if len(p.tokens) == 0 {
		return gaqlErrorf("UNEXPECTED_END_OF_QUERY", "Error in query: unexpected end of query, expected %s.", want)
	}
	return gaqlErrorf("UNEXPECTED_INPUT", "Error in query: unexpected input %s, expected %s.", p.tokens[0].text, want)
}
