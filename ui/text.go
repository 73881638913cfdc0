package ui

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// cells measures text of our own: every character of it is one cell wide.
// Names from outside are measured by pen.width.
func cells(text string) int { return utf8.RuneCountInString(text) }

// single counts the cells of text made only of characters that take one cell
// on every terminal: Latin letters, dashes, arrows and the marks we draw with.
// Measuring the others is some thirty times slower.
func single(text string) (n int, only bool) {
	for _, r := range text {
		switch {
		case r >= ' ' && r <= '~', r >= 0xa1 && r < 0x300 && r != 0xad:
		case r >= 0x2010 && r <= 0x2027, r == 0x2212, r >= 0x2190 && r < 0x2194, r >= 0x2500 && r < 0x25a0, r >= 0x2800 && r < 0x2900:
		case r == '▲', r == '●', r == '○', r == '◐', r == '◌', r == '◆', r == '◇', r == '›':
		default:
			return 0, false
		}
		n++
	}
	return n, true
}

// spaces is long enough for most gaps, so that padding does not allocate.
const spaces = "                                                                                                    "

// pen writes one line of exactly known width. Text comes from outside too:
// it is cut at characters, and its width is that of the terminal's own
// counting (see Styles.widths).
type pen struct {
	st       *Styles
	selected bool
	out      []byte
	at       int    // cells written so far
	open     string // the escape sequence in force
	shows    bool   // it shows on spaces too
}

// newPen starts a line; a selected one is drawn on the cursor's background.
func newPen(st *Styles, selected bool) *pen {
	return &pen{st: st, selected: selected, out: make([]byte, 0, 512)}
}

// width measures any text in cells.
func (p *pen) width(text string) int { return p.st.width(text) }

// write appends text in style s.
func (p *pen) write(s style, text string) {
	if text == "" {
		return
	}
	want := s.on
	if p.selected {
		want = s.selected
	}
	if want != p.open {
		if p.open != "" {
			p.out = append(p.out, ansi.ResetStyle...)
		}
		p.out = append(p.out, want...)
		p.open, p.shows = want, s.reversed
	}
	n, only := single(text)
	if !only { // names come from outside: none may move the cursor
		text = printable(text)
		n = p.st.widths.StringWidth(text)
	}
	p.out = append(p.out, text...)
	p.at += n
}

// gap writes n spaces. The colour in force stays where it is not seen: going
// back to it behind every gap would cost the terminal some twenty bytes.
func (p *pen) gap(n int) {
	if n <= 0 {
		return
	}
	if p.shows || p.selected && p.open == "" {
		p.write(p.st.text, " ")
		n--
	}
	for n > 0 {
		k := min(n, len(spaces))
		p.out, p.at = append(p.out, spaces[:k]...), p.at+k
		n -= k
	}
}

// to fills the line with spaces up to column x.
func (p *pen) to(x int) { p.gap(x - p.at) }

// left writes text in exactly width cells, cut with an ellipsis.
func (p *pen) left(s style, text string, width int) {
	end := p.at + width
	p.write(s, p.cut(text, width))
	p.to(end)
}

// right writes text right-aligned in exactly width cells.
func (p *pen) right(s style, text string, width int) {
	end := p.at + width
	text = p.cut(text, width)
	p.gap(width - p.width(text))
	p.write(s, text)
	p.to(end)
}

func (p *pen) cut(text string, width int) string {
	if width <= 0 {
		return ""
	}
	if p.width(text) <= width {
		return text
	}
	return p.st.widths.Truncate(text, width, "…")
}

// end fills the line up to width and returns it. A line that ran over is cut.
func (p *pen) end(width int) string {
	p.to(width)
	if p.open != "" {
		p.out = append(p.out, ansi.ResetStyle...)
	}
	if p.at > width {
		return p.st.widths.Truncate(string(p.out), width, "")
	}
	return string(p.out)
}

// line draws one line of the given width.
func (st *Styles) line(width int, draw func(p *pen)) string {
	p := newPen(st, false)
	draw(p)
	return p.end(width)
}

// textLine is a line of one style.
func (st *Styles) textLine(s style, text string, width int) string {
	return st.line(width, func(p *pen) { p.left(s, text, width) })
}

// bandLine is a line of one style from edge to edge.
func (st *Styles) bandLine(s style, text string, width int) string {
	return st.line(width, func(p *pen) {
		p.write(s, p.cut(text, width))
		p.write(s, strings.Repeat(" ", max(0, width-p.at)))
	})
}

// rule is a horizontal rule that carries a title.
func (st *Styles) rule(title string, width int) string {
	return st.titled(st.heading, "─ ", title, width)
}

// focusRule is the rule of the panel that has the focus.
func (st *Styles) focusRule(title string, width int) string {
	return st.titled(st.accent, "› ", title, width)
}

func (st *Styles) titled(look style, before, title string, width int) string {
	return st.line(width, func(p *pen) {
		if title != "" {
			p.write(st.border, before)
			p.write(look, p.cut(title, width-4))
			p.write(st.border, " ")
		}
		p.write(st.border, strings.Repeat("─", max(0, width-p.at)))
	})
}

// wrap breaks text into at most limit lines of width cells; what does not fit
// ends in an ellipsis.
func (st *Styles) wrap(text string, width, limit int) []string {
	if width < 1 || limit < 1 || text == "" {
		return nil
	}
	lines := strings.Split(st.widths.Wrap(text, width, ""), "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	if len(lines) > limit {
		last := strings.Join(lines[limit-1:], " ")
		lines = append(lines[:limit-1], st.widths.Truncate(last, width, "…"))
	}
	return lines
}

// fill cuts or pads a panel to exactly height lines of width cells.
func fill(lines []string, width, height int) []string {
	if height < 0 {
		height = 0
	}
	if len(lines) > height {
		return lines[:height]
	}
	for len(lines) < height {
		lines = append(lines, strings.Repeat(" ", max(0, width)))
	}
	return lines
}

// beside puts two titled panels of equal height next to each other.
func (st *Styles) beside(a, b []string) []string {
	bar := st.border.on + "│" + ansi.ResetStyle
	if st.border.on == "" {
		bar = "│"
	}
	out := make([]string, min(len(a), len(b)))
	for i := range out {
		out[i] = a[i] + bar + b[i]
	}
	if len(out) > 0 { // the titles are rules
		out[0] = a[0] + strings.Replace(bar, "│", "┬", 1) + b[0]
	}
	return out
}

// link writes text that the terminal opens at a click, in at most width cells.
func (p *pen) link(s style, url, text string, width int) {
	text = p.cut(text, width)
	if text == "" {
		return
	}
	p.write(s, "")
	p.out = append(p.out, ansi.SetHyperlink(ascii(url))...)
	p.write(s, text)
	p.out = append(p.out, ansi.ResetHyperlink()...)
}

// ascii writes a URL with printable ASCII alone, as terminals want it.
func ascii(url string) string {
	var out strings.Builder
	for i := range len(url) {
		if c := url[i]; c > ' ' && c < 0x7f {
			out.WriteByte(c)
		} else {
			fmt.Fprintf(&out, "%%%02X", c)
		}
	}
	return out.String()
}

// width measures any text in cells.
func (st *Styles) width(text string) int {
	if n, only := single(text); only {
		return n
	}
	return st.widths.StringWidth(text)
}
