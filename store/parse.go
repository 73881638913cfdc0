package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// row is a checked line of an export.
type row struct {
	line   int
	fact   *fact
	values []any
}

// parser checks lines, one after the other.
type parser struct {
	line  int
	ended bool

	accounts, entities idSet
	currency           map[int64]string
	open               *row // figures that were superseded, by the next line
}

// parse checks a line; the row is nil for the first and the last one.
func (p *parser) parse(text []byte) (*row, error) {
	p.line++
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil || fields == nil {
		return nil, errors.New("expected an object in JSON, all of it on this line")
	}
	var table string
	if json.Unmarshal(fields["table"], &table) != nil {
		return nil, wrong("table", "a text", fields["table"])
	}
	delete(fields, "table")
	switch {
	case p.ended:
		return nil, errors.New("expected nothing behind the last line: this is more than one export")
	case p.line == 1 || table == headerLine:
		return nil, p.header(table, fields)
	case table == endLine:
		return nil, p.end(fields)
	}
	i := slices.IndexFunc(facts, func(f fact) bool { return f.table == table })
	if i < 0 {
		return nil, wrong("table", "one of "+strings.Join(tables(), ", "), []byte(table))
	}
	r := &row{line: p.line, fact: &facts[i]}
	if err := r.read(fields); err != nil {
		return nil, err
	}
	return r, p.check(r)
}

func tables() (names []string) {
	for _, f := range facts {
		names = append(names, f.table)
	}
	return names
}

// wrong says what a field has to be.
func wrong(field, expected string, got []byte) error {
	if got == nil {
		return fmt.Errorf("field %q is missing: expected %s", field, expected)
	}
	return fmt.Errorf("field %q: expected %s, got %.60q", field, expected, got)
}

func (p *parser) header(table string, fields map[string]json.RawMessage) error {
	version, ok := asNumber.read(fields["version"])
	switch {
	case p.line > 1:
		return errors.New("expected the header on the first line only")
	case table != headerLine:
		return wrong("table", fmt.Sprintf("%q, the header of an export", headerLine), []byte(table))
	case !ok:
		return wrong("version", asNumber.expected, fields["version"])
	case version.(int64) != formatVersion:
		return fmt.Errorf("field %q: this adtop reads version %d, got %d: use the adtop that wrote it, or a newer one", "version", formatVersion, version)
	}
	return nil
}

func (p *parser) end(fields map[string]json.RawMessage) error {
	p.ended = true
	if lines, ok := asNumber.read(fields["lines"]); !ok || lines.(int64) != int64(p.line-1) {
		return wrong("lines", fmt.Sprintf("%d, the number of lines before: some are missing", p.line-1), fields["lines"])
	}
	return p.followed(nil)
}

// read is decode for a field that may be missing.
func (k *kind) read(raw json.RawMessage) (any, bool) {
	if len(raw) == 0 {
		return nil, false
	}
	return k.decode(raw)
}

func (r *row) read(fields map[string]json.RawMessage) error {
	for _, c := range r.fact.columns {
		raw, given := fields[c.field]
		delete(fields, c.field)
		value, ok := c.absent, !c.required
		if given {
			value, ok = c.kind.read(raw)
		}
		if !ok {
			return wrong(c.field, c.kind.expected, raw)
		}
		r.values = append(r.values, value)
	}
	for field := range fields {
		return fmt.Errorf("field %q: no such field of %q", field, r.fact.table)
	}
	return nil
}

// get returns the value of a field.
func (r *row) get(field string) any {
	i := slices.IndexFunc(r.fact.columns, func(c column) bool { return c.field == field })
	if i < 0 {
		return nil
	}
	return r.values[i]
}

// check compares a row with those before it: the database itself refuses what
// comes twice.
func (p *parser) check(r *row) error {
	account, ofAccount := r.get("account").(int64)
	entity, ofEntity := r.get("entity").(int64)
	switch r.fact.table {
	case "account":
		p.accounts.add(EntityID(account))
	case "entity":
		p.entities.add(EntityID(entity))
	case "account_name":
		currency := r.get("currency").(string)
		if first, known := p.currency[account]; known && first != currency {
			return wrong("currency", first+", as before: an account keeps its currency", []byte(currency))
		}
		if p.currency == nil {
			p.currency = map[int64]string{}
		}
		p.currency[account] = currency
	}
	if ofAccount && !p.accounts.has(EntityID(account)) {
		return wrong("account", "the number of an account on an earlier line", fmt.Append(nil, account))
	}
	if ofEntity && !p.entities.has(EntityID(entity)) {
		return wrong("entity", "the number of an entity on an earlier line", fmt.Append(nil, entity))
	}
	if date, ok := r.get("date").(int64); ok && date < 0 {
		return wrong("date", "one since 1970", fmt.Append(nil, date))
	}
	return p.followed(r)
}

// followed checks that figures which were superseded are followed by those that
// superseded them, and others by another slot's.
func (p *parser) followed(r *row) error {
	last := p.open
	p.open = nil
	if r != nil && r.fact.dated {
		p.open = r
		if until, at := r.get("until").(int64), r.get("at").(int64); until != 0 && until <= at {
			return wrong("until", "an instant after \"at\"", asMoment.text(until))
		}
	}
	switch {
	case last == nil:
		return nil
	case p.open == nil || r.fact != last.fact || !slices.Equal(slot(r), slot(last)):
		if last.get("until") != int64(0) {
			return fmt.Errorf("expected the figures that superseded those of line %d", last.line)
		}
	case last.get("until") == int64(0) || r.get("at").(int64) < last.get("until").(int64):
		return wrong("at", fmt.Sprintf("an instant since \"until\" of line %d, which is about the same", last.line), asMoment.text(r.get("at")))
	}
	return nil
}

// slot is what figures are about.
func slot(r *row) []any { return []any{r.get("entity"), r.get("date"), r.get("hour")} }

func (k *kind) text(value any) []byte {
	text, _ := k.encode(nil, value)
	return text
}
