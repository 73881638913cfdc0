package ui

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"adtop/kpi"
)

type drawn[R comparable] struct {
	row      R
	selected bool
	line     string
}

// records is the table as it is shown, columns that do not fit included, for
// files: numbers in full, unknown ones empty.
func (t *table[R]) records() [][]string {
	columns := slices.DeleteFunc(t.chosen(), func(c *column[R]) bool { return c.number == nil && c.text == nil })
	head := []string{strings.ToLower(t.title)}
	for _, c := range columns {
		head = append(head, c.key)
	}
	out := [][]string{head}
	for _, r := range t.shown {
		record := []string{t.label(r)}
		for _, c := range columns {
			record = append(record, c.record(r))
		}
		out = append(out, record)
	}
	return out
}

// numeric are the keys of the columns that records writes as numbers.
func (t *table[R]) numeric() map[string]bool {
	keys := map[string]bool{}
	for _, c := range t.columns {
		keys[c.key] = c.number != nil
	}
	return keys
}

func (c *column[R]) record(r *R) string {
	if c.number == nil {
		return c.text(r)
	}
	v := c.number(r)
	if !v.OK {
		return ""
	}
	return strconv.FormatFloat(v.Value, 'f', -1, 64)
}

// text is the selected line as people read it: names and values.
func (t *table[R]) text() string {
	r := t.current()
	if r == nil {
		return ""
	}
	out := []string{t.label(r)}
	st := stylesOf(palette{})
	if t.st != nil {
		st.numbers = t.st.numbers
	}
	for _, c := range t.chosen() {
		if c.number == nil && c.text == nil {
			continue
		}
		p := newPen(st, false)
		c.draw(p, r, c.width)
		if value := strings.Trim(ansi.Strip(string(p.out)), " █▉▊▋▌▍▎▏░"); value != "" && value != missing {
			out = append(out, c.title+" "+value)
		}
	}
	return strings.Join(out, " · ")
}

// draw renders the titles and the lines in sight in exactly height lines.
func (t *table[R]) draw(st *Styles, width, height int, empty string) []string {
	t.fit(st, width)
	t.height = max(0, height-1)
	lines := make([]string, 0, height)
	if height > 0 {
		lines = append(lines, t.grid.header(st, t.title, t.Sort, t.Reverse))
	}
	if len(t.shown) == 0 && t.height > 0 {
		if len(t.rows) > 0 {
			empty = "nothing matches the filter; esc clears it"
		}
		return fill(append(lines, st.textLine(st.dim, "   "+empty, width)), width, height)
	}
	cursor := t.index()
	t.top = scroll(t.top, cursor, len(t.shown), t.height)
	for i := t.top; i < min(len(t.shown), t.top+t.height); i++ {
		lines = append(lines, t.line(st, t.shown[i], i == cursor))
	}
	return fill(lines, width, height)
}

// fit finds the columns that fit into a width.
func (t *table[R]) fit(st *Styles, width int) {
	longest := 0
	for i := range t.rows {
		longest = max(longest, st.width(t.label(&t.rows[i])))
	}
	longest = min(longest, t.most)
	if t.st != st || t.grid.width != width || t.grid.longest != longest || len(t.drawn) > 2*len(t.rows)+100 {
		t.grid = fitGrid(t.chosen(), width, longest, width/t.part)
		t.st, t.drawn = st, make(map[string]drawn[R])
	}
}

// line returns the drawn row, drawing it only if it changed.
func (t *table[R]) line(st *Styles, r *R, selected bool) string {
	id := t.id(r)
	if known, ok := t.drawn[id]; ok && known.selected == selected && known.row == *r {
		return known.line
	}
	line := t.paint(st, r, selected)
	t.drawn[id] = drawn[R]{*r, selected, line}
	return line
}

func (t *table[R]) paint(st *Styles, r *R, selected bool) string {
	p := newPen(st, selected)
	if selected {
		p.write(st.accent, "›")
	}
	p.to(1)
	m := t.mark(st, r)
	p.write(m.style, m.glyph)
	p.to(margin)
	name := st.text
	if t.strong != nil && t.strong(r) {
		name = st.strong
	}
	p.left(name, t.label(r), t.grid.name)
	for _, c := range t.grid.columns {
		p.gap(gapFor(t.grid.width))
		end := p.at + c.width
		c.draw(p, r, c.width)
		p.to(end)
	}
	return p.end(t.grid.width)
}

// compareRatios puts what is unknown below everything.
func compareRatios(a, b kpi.Ratio) int {
	switch {
	case a.OK && b.OK:
		return cmp.Compare(a.Value, b.Value)
	case a.OK:
		return 1
	case b.OK:
		return -1
	}
	return 0
}
