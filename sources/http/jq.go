package http

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/itchyny/gojq"

	"adtop/sources"
	"adtop/sources/record"
)

// patience is how long the expressions may take over one page: what an
// expression does is its author's affair, but not for ever.
const patience = time.Minute

// variables are what expressions may use besides the answer.
var variables = []string{"$from", "$to", "$until", "$account"}

// expression is one jq program of the config.
type expression struct {
	key  string // option that it stands in
	code *gojq.Code
}

// compile checks an expression: its words, its functions and its variables.
// Errors begin with the option and say where in the expression they are.
func compile(key, text string) (*expression, error) {
	query, err := gojq.Parse(text)
	var wrong *gojq.ParseError
	switch {
	case errors.As(err, &wrong):
		at := max(0, min(len(text), wrong.Offset-len(wrong.Token)))
		return nil, fmt.Errorf("%s: jq: character %d: %w: %s", key, utf8.RuneCountInString(text[:at])+1, err, marked(text, at))
	case err != nil:
		return nil, fmt.Errorf("%s: jq: %w", key, err)
	}
	code, err := gojq.Compile(query, gojq.WithVariables(variables))
	if err != nil {
		at := 0
		if _, name, found := strings.Cut(err.Error(), "not defined: "); found {
			name, _, _ = strings.Cut(name, "/")
			at = max(0, strings.Index(text, name))
		}
		return nil, fmt.Errorf("%s: jq: character %d: %w: %s", key, utf8.RuneCountInString(text[:at])+1, err, marked(text, at))
	}
	return &expression{key, code}, nil
}

// marked shows where in an expression something is wrong.
func marked(text string, at int) string {
	return fmt.Sprintf("%s»%s", sources.Clean(text[:at]), sources.Clean(text[at:]))
}

// run visits what an expression makes of a value.
func (e *expression) run(ctx context.Context, value any, about []any, visit func(any) error) error {
	found := e.code.RunWithContext(ctx, value, about...)
	for {
		one, more := found.Next()
		if !more {
			return nil
		}
		if err, failed := one.(error); failed {
			var halt *gojq.HaltError
			if errors.As(err, &halt) && halt.Value() == nil {
				return nil
			}
			return err
		}
		if err := visit(one); err != nil {
			return err
		}
	}
}

// one is the only value that an expression makes; nil when it makes none.
func (e *expression) one(ctx context.Context, value any, about []any) (only any, err error) {
	n := 0
	err = e.run(ctx, value, about, func(v any) error {
		if n++; n > 1 {
			return errors.New("it gives several values: expected one")
		}
		only = v
		return nil
	})
	return only, err
}

// reader holds the expressions of a source.
type reader struct {
	rows, failure, next *expression
	columns             []column
}

type column struct {
	*expression
	record.Column
}

func newReader(o *Options) (*reader, error) {
	if o.Rows == "" {
		return nil, fmt.Errorf("rows: required: the jq expression from the answer to its rows, such as .data[]")
	}
	r := &reader{}
	for _, e := range []struct {
		key, text string
		into      **expression
	}{{"rows", o.Rows, &r.rows}, {"failure", o.Failure, &r.failure}, {"paging.next", o.Paging.Next, &r.next}} {
		if e.text == "" {
			continue
		}
		var err error
		if *e.into, err = compile(e.key, e.text); err != nil {
			return nil, err
		}
	}
	figures := 0
	for _, key := range slices.Sorted(maps.Keys(o.Columns)) {
		of, known := record.ColumnOf(key)
		if !known {
			return nil, fmt.Errorf("columns: %q is no column: expected one of %s", key, record.Names())
		}
		e, err := compile("columns."+key, o.Columns[key])
		if err != nil {
			return nil, err
		}
		if r.columns = append(r.columns, column{e, of}); of >= record.Impressions {
			figures++
		}
	}
	switch {
	case o.Columns[record.Date.String()] == "":
		return nil, fmt.Errorf("columns.date: required: the jq expression from a row to its day, such as .day")
	case figures == 0:
		return nil, fmt.Errorf("columns: none of impressions, clicks, cost, conversions and revenue is given")
	}
	return r, nil
}

// read enters the rows of a page into the book and counts them.
func (r *reader) read(ctx context.Context, p *pages, answer any) (rows int, err error) {
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	about := p.about()
	if r.failure != nil {
		said, err := r.failure.one(limited, answer, about)
		if err != nil {
			return 0, p.mistaken(ctx, r.failure, "at page %d", err)
		}
		if text, err := record.Text(said); said != nil && said != false && (err != nil || text != "") {
			return 0, sources.Errorf(sources.Invalid, "%s: at page %d: the answer says: %s", p.env.Name, p.number, sources.Clean(p.client.Redacted(text)))
		}
	}
	err = r.rows.run(limited, answer, about, func(one any) error {
		rows++
		if rows%256 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		return r.row(limited, p, one, about, rows)
	})
	var known *sources.Error
	switch {
	case err == nil:
		return rows, nil
	case ctx.Err() != nil:
		return 0, fmt.Errorf("%s: %w", p.env.Name, ctx.Err())
	case errors.As(err, &known):
		return 0, err
	}
	return 0, p.mistaken(ctx, r.rows, fmt.Sprintf("at page %%d, after row %d", rows), err)
}

// row reads one row.
func (r *reader) row(ctx context.Context, p *pages, one any, about []any, n int) error {
	var row record.Row
	for _, c := range r.columns {
		value, err := c.one(ctx, one, about)
		if err == nil {
			err = row.Set(c.Column, value)
		}
		if err != nil {
			return p.unreadable("at page %d, row %d: %s: %v: %s", p.number, n, c.key, err, preview(one))
		}
	}
	if err := p.book.Add(&row); err != nil {
		return p.unreadable("at page %d, row %d: %v: %s", p.number, n, err, preview(one))
	}
	return nil
}

// mistaken is the error of an expression that does not fit the answer.
func (p *pages) mistaken(ctx context.Context, e *expression, place string, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", p.env.Name, ctx.Err())
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("it took longer than %s", patience)
	}
	return p.unreadable(place+": %s: %s", p.number, e.key, sources.Clean(err.Error()))
}

// cursor is what leads to the next page, "" after the last one.
func (r *reader) cursor(ctx context.Context, p *pages, answer any) (string, error) {
	value, err := r.after(ctx, p, answer)
	if err != nil || value == false {
		return "", err
	}
	text, err := record.Text(value)
	if err != nil {
		return "", p.mistaken(ctx, r.next, "at page %d", err)
	}
	return text, nil
}

// more says whether another page follows.
func (r *reader) more(ctx context.Context, p *pages, answer any) (bool, error) {
	value, err := r.after(ctx, p, answer)
	return value != nil && value != false, err
}

func (r *reader) after(ctx context.Context, p *pages, answer any) (any, error) {
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	value, err := r.next.one(limited, answer, p.about())
	if err != nil {
		return nil, p.mistaken(ctx, r.next, "at page %d", err)
	}
	return value, nil
}

// about are the values of variables.
func (p *pages) about() []any {
	days := p.query.Days
	return []any{days.From.String(), days.To.String(), (days.To + 1).String(), p.query.Account.ID}
}

// preview quotes the beginning of a row.
func preview(row any) string {
	return sources.Clean(gojq.Preview(row))
}
