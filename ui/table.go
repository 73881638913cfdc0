package ui

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"adtop/kpi"
)

// column is one column of a table whose lines are of type R. It shows a number
// or a text, or draws itself.
type column[R any] struct {
	key    string // names it in filters, in the state and in exports
	title  string
	help   string // what it is, for those who choose columns
	width  int
	rank   int  // of those that do not fit, the highest goes first; 0 stays
	left   bool // title and cells are left-aligned
	hidden bool // only shown when it was chosen

	draw   func(p *pen, r *R, width int)
	number func(r *R) kpi.Ratio // nil for a text
	text   func(r *R) string    // nil for a number
	less   func(a, b *R) int    // how it sorts; nil: numbers from the highest, texts from A
}

func (c *column[R]) compare(a, b *R) int {
	switch {
	case c.less != nil:
		return c.less(a, b)
	case c.number != nil:
		return compareRatios(c.number(b), c.number(a))
	}
	return strings.Compare(strings.ToLower(c.text(a)), strings.ToLower(c.text(b)))
}

func (c *column[R]) sorts() bool { return c.less != nil || c.number != nil || c.text != nil }

// TableState is how a user has set up a table; its zero value is as it comes.
type TableState struct {
	Sort    string   `json:"sort,omitempty"` // key of a column
	Reverse bool     `json:"reverse,omitempty"`
	Filter  string   `json:"filter,omitempty"`
	Columns []string `json:"columns,omitempty"` // keys in their order; empty: the usual ones
}

// table is a list with columns: it filters, sorts, scrolls and draws.
type table[R comparable] struct {
	name    string // in the state and in the names of exports
	title   string // above the first column, which names the lines
	names   []string
	columns []*column[R]
	id      func(r *R) string
	label   func(r *R) string // the name of a line
	mark    func(st *Styles, r *R) mark
	strong  func(r *R) bool
	order   func(a, b *R) int // while no column was chosen to sort by
	most    int               // cells of the first column at most
	part    int               // of the width, that its names get before columns do: 1/8, 1/2

	TableState
	where   filter
	mistake error  // in the filter
	cursor  string // id of the selected line
	top     int    // first line shown
	height  int    // lines shown at last

	rows  []R
	shown []*R // those that the filter keeps, in order
	grid  grid[R]
	drawn map[string]drawn[R]
	st    *Styles // that drawn was drawn with
}

// show takes in the lines of a new picture; they are the table's from now on.
func (t *table[R]) show(rows []R) {
	t.rows = rows
	t.arrange()
}

// arrange filters and sorts the lines.
func (t *table[R]) arrange() {
	t.shown = t.shown[:0]
	for i := range t.rows {
		if t.keeps(&t.rows[i]) {
			t.shown = append(t.shown, &t.rows[i])
		}
	}
	compare := t.order
	if c := t.column(t.Sort); c != nil && c.sorts() {
		compare = c.compare
	} else if t.Sort == nameKey {
		compare = func(a, b *R) int { return cmp.Compare(strings.ToLower(t.label(a)), strings.ToLower(t.label(b))) }
	}
	slices.SortStableFunc(t.shown, func(a, b *R) int {
		if t.Reverse {
			return compare(b, a)
		}
		return compare(a, b)
	})
}

// nameKey is the key of the first column.
const nameKey = "name"

func (t *table[R]) column(key string) *column[R] {
	for _, c := range t.columns {
		if c.key == key {
			return c
		}
	}
	return nil
}

// keeps says whether the filter lets a line through.
func (t *table[R]) keeps(r *R) bool {
	for _, f := range t.where {
		if t.fits(f, r) == f.not {
			return false
		}
	}
	return true
}

func (t *table[R]) fits(f term, r *R) bool {
	if f.field == "" {
		if f.contains(t.label(r), t.id(r)) {
			return true
		}
		return slices.ContainsFunc(t.columns, func(c *column[R]) bool { return c.text != nil && f.contains(c.text(r)) })
	}
	if t.isName(f.field) {
		return f.contains(t.label(r), t.id(r))
	}
	c := t.column(f.field)
	switch {
	case c == nil:
		return !f.not // told as a mistake; it hides nothing
	case c.text != nil && f.compare == ":":
		return f.contains(c.text(r))
	case c.number == nil || f.compare == ":":
		return !f.not
	}
	v := c.number(r)
	return v.OK && f.holds(v.Value)
}

func (t *table[R]) isName(field string) bool {
	return field == nameKey || slices.Contains(t.names, field)
}

// setFilter keeps the lines that text asks for. A mistake in it is remembered
// for the screen; the terms that are right count.
func (t *table[R]) setFilter(text string) {
	if runes := []rune(text); len(runes) > 100 {
		text = string(runes[:100])
	}
	t.Filter = text
	t.where, t.mistake = parseFilter(text)
	for _, f := range t.where {
		if c := t.column(f.field); f.field == "" || t.isName(f.field) {
			continue
		} else if c == nil || c.number == nil && c.text == nil {
			t.mistake = fmt.Errorf("no column %q here: try %s", f.field, strings.Join(t.filterKeys(), ", "))
		} else if c.number == nil && f.compare != ":" {
			t.mistake = fmt.Errorf("%s is a text: write %s:%s", f.field, f.field, f.text)
		} else if c.text == nil && f.compare == ":" {
			t.mistake = fmt.Errorf("%s is a number: write %s>%s", f.field, f.field, f.text)
		}
	}
	t.arrange()
}

func (t *table[R]) filterKeys() []string {
	keys := slices.Clone(t.names)
	for _, c := range t.columns {
		if c.number != nil || c.text != nil {
			keys = append(keys, c.key)
		}
	}
	return keys
}

// restore sets the table up as it was; what it does not know, it ignores.
func (t *table[R]) restore(s TableState) {
	t.TableState = s
	if c := t.column(s.Sort); (c == nil || !c.sorts()) && s.Sort != nameKey {
		t.Sort = ""
	}
	t.Columns = nil
	for _, key := range s.Columns {
		if t.column(key) != nil && !slices.Contains(t.Columns, key) {
			t.Columns = append(t.Columns, key)
		}
	}
	t.setFilter(s.Filter)
	t.grid = grid[R]{}
}

func (t *table[R]) state() TableState { return t.TableState }

// sortBy sorts by a column; by the one that it is sorted by, the other way round.
func (t *table[R]) sortBy(key string) {
	if key == t.Sort {
		t.Reverse = !t.Reverse
	} else {
		t.Sort, t.Reverse = key, false
	}
	t.arrange()
}

// sortNext sorts by the next column in view.
func (t *table[R]) sortNext() {
	keys := []string{nameKey}
	for _, c := range t.grid.columns {
		if c.sorts() {
			keys = append(keys, c.key)
		}
	}
	t.Sort, t.Reverse = keys[(slices.Index(keys, t.Sort)+1)%len(keys)], false
	t.arrange()
}

func (t *table[R]) reverse() {
	t.Reverse = !t.Reverse
	t.arrange()
}

// sortedBy names the column that the table is sorted by, "" for its own order.
func (t *table[R]) sortedBy() string {
	switch c := t.column(t.Sort); {
	case c != nil:
		return strings.ToLower(c.title)
	case t.Sort == nameKey:
		return "name"
	}
	return ""
}

// choices are all columns with whether they are chosen: the chosen ones first,
// as they stand, when the user has chosen.
func (t *table[R]) choices() []columnChoice {
	var out []columnChoice
	for _, c := range t.chosen() {
		out = append(out, columnChoice{c.key, c.title, c.help, true, c.sorts()})
	}
	for _, c := range t.columns {
		if !slices.Contains(t.chosen(), c) {
			out = append(out, columnChoice{c.key, c.title, c.help, false, c.sorts()})
		}
	}
	return out
}

// columnChoice is one column for the one who chooses.
type columnChoice struct {
	key, title, help string
	on, sorts        bool
}

func (t *table[R]) setColumns(keys []string) {
	t.Columns = keys
	t.grid = grid[R]{}
}

// chosen are the columns that are shown where they fit.
func (t *table[R]) chosen() []*column[R] {
	var out []*column[R]
	if len(t.Columns) == 0 {
		for _, c := range t.columns {
			if !c.hidden {
				out = append(out, c)
			}
		}
		return out
	}
	for _, key := range t.Columns {
		if c := t.column(key); c != nil {
			out = append(out, c)
		}
	}
	return out
}
