package ui

import (
	"math"
	"strings"

	"github.com/guptarohit/asciigraph"

	"adtop/kpi"
)

const axisWidth = 9 // label of 6 cells, space, axis

// noteMark stands under a day that somebody wrote a note on.
const noteMark = "†"

// The characters tell the series apart where colours do not.
var (
	zeroChars   = asciigraph.CharSet{Horizontal: "╌", StartCap: "╌", EndCap: "╌"}
	beforeChars = asciigraph.CharSet{
		Horizontal: "┄", VerticalLine: "┆", ArcDownRight: "┌", ArcDownLeft: "┐",
		ArcUpRight: "└", ArcUpLeft: "┘", StartCap: "┄", EndCap: "┄",
	}
)

// chart draws pl in width × height cells, the dates below it included.
func (st *Styles) chart(pl *plot, width, height int) []string {
	points := width - axisWidth - 1
	low, high, ok := pl.bounds()
	if points < 8 || height < 4 || !ok {
		return fill([]string{st.textLine(st.faint, " nothing to draw yet", width)}, width, height)
	}
	below := 1 // the dates
	if len(pl.notes) > 0 && height >= 7 {
		below = 2
	}
	s := scaleFor(low, high, height-below)
	now, before := pl.clamped(pl.now), pl.clamped(pl.before)
	var bodies []string
	if len(pl.now) > points || s.rows() < 6 { // finer than a line of boxes can be
		bodies = braille(s, points, pl.of.zero, now, before)
	} else {
		bodies = boxes(s, points, pl.of.zero, now, before)
	}
	out := make([]string, 0, height)
	for i, body := range bodies {
		out = append(out, st.chartLine(pl, s, i, body, width))
	}
	out = append(out, st.dateLine(pl, width))
	if below == 2 {
		out = append(out, st.noteLine(pl, width))
	}
	return fill(out, width, height)
}

// boxes draws lines with box characters.
func boxes(s scale, points int, zero float64, now, before []float64) []string {
	level := make([]float64, points)
	for i := range level {
		level[i] = zero
	}
	series := [][]float64{level}
	chars := []asciigraph.CharSet{zeroChars}
	if zero < s.low || zero > s.high { // a fixed axis may leave it out
		series, chars = nil, nil
	}
	if len(before) > 0 {
		series, chars = append(series, stretch(before, points)), append(chars, beforeChars)
	}
	series, chars = append(series, stretch(now, points)), append(chars, asciigraph.DefaultCharSet)
	graph := asciigraph.PlotMany(series,
		asciigraph.Height(s.rows()-1), asciigraph.LowerBound(s.low), asciigraph.UpperBound(s.high),
		asciigraph.SeriesChars(chars...), asciigraph.YAxisValueFormatter(func(float64) string { return "" }))
	lines := strings.Split(graph, "\n")
	for i, line := range lines {
		_, lines[i], _ = cutAxis(line)
	}
	return lines
}

// cutAxis separates asciigraph's own axis from the points.
func cutAxis(text string) (axis, body string, found bool) {
	at := strings.IndexAny(text, "┤┼")
	if at < 0 {
		return text, "", false
	}
	return text[:at], text[at+len("┤"):], true
}

// braille draws lines of dots, two beside and four above each other in a cell.
// The line of now covers that of before.
func braille(s scale, points int, zero float64, now, before []float64) []string {
	rows := s.rows()
	paint := func(series []float64, every int) [][]rune {
		cellsOf := make([][]rune, rows)
		for y := range cellsOf {
			cellsOf[y] = make([]rune, points)
		}
		dots := stretch(series, 2*points)
		last := math.NaN()
		for x, v := range dots {
			if !math.IsNaN(v) {
				from := dotRow(s, v)
				to := from
				if !math.IsNaN(last) {
					to = dotRow(s, last)
				}
				for y := min(from, to); y <= max(from, to); y++ {
					if x%every == 0 || from != to {
						cellsOf[y/4][x/2] |= brailleDots[y%4][x%2]
					}
				}
			}
			last = v
		}
		return cellsOf
	}
	main := paint(now, 1)
	var behind [][]rune
	if len(before) > 0 {
		behind = paint(before, 2)
	}
	out := make([]string, rows)
	for y := range out {
		var line strings.Builder
		for x := range points {
			switch {
			case main[y][x] != 0:
				line.WriteRune(0x2800 + main[y][x])
			case behind != nil && behind[y][x] != 0:
				line.WriteRune(brailleBefore + behind[y][x])
			case y == dotRow(s, zero)/4 && zero >= s.low && zero <= s.high:
				line.WriteString("╌")
			default:
				line.WriteByte(' ')
			}
		}
		out[y] = line.String()
	}
	return out
}

// brailleBefore marks the dots of the period compared with, until chartLine
// has told their colour: a private character for each pattern.
const brailleBefore = 0xE000

var brailleDots = [4][2]rune{{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}}

// dotRow is the row of dots, from the top, that stands for v.
func dotRow(s scale, v float64) int {
	y := int(math.Round((s.high-v)/s.step*4 + 1.5))
	return min(max(y, 0), 4*s.rows()-1)
}

// chartLine colours one line of the graph and puts its axis label before it.
func (st *Styles) chartLine(pl *plot, s scale, i int, body string, width int) string {
	value := s.high - float64(i)*s.step
	isZero := math.Abs(value-pl.of.zero) < s.step/2
	return st.line(width, func(p *pen) {
		labelStyle := st.faint
		if isZero && pl.of.zeroName != "" {
			labelStyle = st.dim
		}
		p.right(labelStyle, st.axisLabel(pl.of.unit, value, s.step), axisWidth-2)
		p.write(st.border, " ┤")
		points := width - axisWidth - 1
		x := 0
		for _, r := range body {
			young := pl.young[pl.slot(x, points)]
			look := st.chartStyle(r, value-pl.of.zero, pl.of.losable, young)
			if r >= brailleBefore && r < brailleBefore+0x100 {
				r += 0x2800 - brailleBefore
			}
			p.write(look, string(r))
			x++
		}
	})
}

func (st *Styles) chartStyle(r rune, above float64, losable, young bool) style {
	switch {
	case strings.ContainsRune("╌┄┆┌┐└┘", r), r >= brailleBefore && r < brailleBefore+0x100:
		return st.faint
	case r == ' ':
		return st.text
	case young:
		return st.dim
	case losable && above < 0:
		return st.bad
	case losable:
		return st.good
	}
	return st.note
}

func (st *Styles) axisLabel(u unit, v, step float64) string {
	suffix := ""
	if u == inPercent {
		v, step, suffix = 100*v, 100*step, "%"
	}
	switch {
	case math.Abs(v) < step/1e6:
		return "0" + suffix
	case step >= 1000 && math.Mod(step, 1000) != 0 && math.Abs(v) < 1e6:
		return st.whole(v) + suffix
	case math.Abs(v) >= 10_000:
		return st.short(v) + suffix
	case step >= 1:
		return st.whole(v) + suffix
	}
	return st.decimal(v, min(3, int(math.Ceil(-math.Log10(step)))+1)) + suffix
}

// dateLine names the first, the middle and the last slot, and marks the notes
// and the slot that is read.
func (st *Styles) dateLine(pl *plot, width int) string {
	points := width - axisWidth - 1
	n := len(pl.starts)
	name := func(i int) string {
		if pl.byHour {
			return pl.starts[i].Format("15:04")
		}
		return shortDate(kpi.DateOf(pl.starts[i], pl.starts[i].Location()))
	}
	line := []rune(strings.Repeat(" ", points+1))
	put := func(at int, text string) {
		at = min(max(at, 0), len(line)-cells(text))
		if at >= 0 {
			copy(line[at:], []rune(text))
		}
	}
	put(0, name(0))
	if n > 3 && points > 24 {
		put(points/2-2, name(n/2))
	}
	if n > 1 && points > 14 {
		put(points, name(n-1))
	}
	look := make(map[int]style)
	for i := range pl.starts {
		if len(pl.notesAt(i)) > 0 {
			at := pl.column(i, points)
			line[at], look[at] = []rune(noteMark)[0], st.note
		}
	}
	if pl.cursor >= 0 && pl.cursor < n {
		at := pl.column(pl.cursor, points)
		line[at], look[at] = '↑', st.accent
	}
	return st.line(width, func(p *pen) {
		p.to(axisWidth)
		for i, r := range line {
			s, marked := look[i]
			if !marked {
				s = st.faint
			}
			p.write(s, string(r))
		}
	})
}

// noteLine tells the notes under a chart, that of the slot being read first.
func (st *Styles) noteLine(pl *plot, width int) string {
	var parts []string
	for _, n := range pl.notesAt(pl.cursor) {
		parts = append(parts, noteText(n))
	}
	if len(parts) == 0 {
		for i := len(pl.notes) - 1; i >= 0; i-- {
			parts = append(parts, noteText(pl.notes[i]))
		}
	}
	return st.line(width, func(p *pen) {
		p.gap(axisWidth - 2)
		p.write(st.note, noteMark+" ")
		p.left(st.dim, strings.Join(parts, " · "), max(0, width-p.at))
	})
}

// chartCache keeps the last drawn chart: it is by far the dearest panel.
type chartCache struct {
	plot          plot
	st            *Styles
	width, height int
	lines         []string
}

func (c *chartCache) draw(st *Styles, pl *plot, width, height int) []string {
	if c.st == st && c.width == width && c.height == height && c.plot.equal(pl) {
		return c.lines
	}
	*c = chartCache{*pl, st, width, height, st.chart(pl, width, height)}
	return c.lines
}
