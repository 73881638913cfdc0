package ui

import (
	"math"
	"slices"
	"strings"

	"github.com/guptarohit/asciigraph"

	"adtop/kpi"
	"adtop/snapshot"
)

// metric is a figure that a chart can show.
type metric struct {
	name     string
	money    bool
	losable  bool    // below `zero` it is a loss, and coloured so
	zero     float64 // the value that is neither good nor bad
	zeroName string  // what it is called, "" when there is none
	of       func(f snapshot.Figures) kpi.Ratio
}

var metrics = []metric{
	{"Profit", true, true, 0, "break-even", func(f snapshot.Figures) kpi.Ratio { return f.Profit.Float() }},
	{"Revenue", true, false, 0, "", func(f snapshot.Figures) kpi.Ratio {
		return amountKnown(f.Metrics, kpi.Revenue, f.Metrics.Revenue)
	}},
	{"Spend", true, false, 0, "", func(f snapshot.Figures) kpi.Ratio {
		return amountKnown(f.Metrics, kpi.Cost, f.Metrics.Cost)
	}},
	{"Conversions", false, false, 0, "", func(f snapshot.Figures) kpi.Ratio {
		return amountKnown(f.Metrics, kpi.Conversions, f.Metrics.Conversions)
	}},
	{"POAS", false, true, 1, "break-even", func(f snapshot.Figures) kpi.Ratio { return f.POAS() }},
	{"ROAS", false, false, 0, "", func(f snapshot.Figures) kpi.Ratio { return f.Metrics.ROAS() }},
	{"CPA", true, false, 0, "", func(f snapshot.Figures) kpi.Ratio { return f.Metrics.CPA() }},
}

// plot is everything a chart shows. Days without a figure are NaN.
type plot struct {
	metric   int
	now      []float64
	before   []float64
	young    []bool // days whose figure will still grow
	from, to kpi.Date
}

// plotOf takes the last n days of days and the n before them.
func plotOf(days []snapshot.Day, metric, n int) plot {
	out := plot{metric: metric}
	value := metrics[metric].of
	n = min(n, len(days))
	if n == 0 {
		return out
	}
	last := days[len(days)-n:]
	out.from, out.to = last[0].Date, last[n-1].Date
	at := func(d kpi.Date) float64 {
		i, found := slices.BinarySearchFunc(days, d, func(day snapshot.Day, d kpi.Date) int { return int(day.Date - d) })
		if !found {
			return math.NaN()
		}
		f := days[i].Figures
		v := value(f)
		if !f.Known || !v.OK || math.IsInf(v.Value, 0) || math.Abs(v.Value) > 1e12 {
			return math.NaN()
		}
		return v.Value
	}
	for _, day := range last {
		out.now = append(out.now, at(day.Date))
		out.before = append(out.before, at(day.Date-kpi.Date(n)))
		out.young = append(out.young, isYoung(day.Figures))
	}
	return out
}

func (pl plot) equal(o plot) bool {
	same := func(a, b float64) bool { return a == b || (math.IsNaN(a) && math.IsNaN(b)) }
	return pl.metric == o.metric && pl.from == o.from && pl.to == o.to && slices.Equal(pl.young, o.young) &&
		slices.EqualFunc(pl.now, o.now, same) && slices.EqualFunc(pl.before, o.before, same)
}

// scale is a vertical axis whose rows stand for round numbers.
type scale struct {
	low, high, step float64
}

func (s scale) rows() int { return int(math.Round((s.high-s.low)/s.step)) + 1 }

// scaleFor finds the finest round step at which low..high fits into rows.
func scaleFor(low, high float64, rows int) scale {
	if high <= low {
		high = low + 1
	}
	base := math.Pow(10, math.Floor(math.Log10((high-low)/float64(rows))))
	for ; ; base *= 10 {
		for _, nice := range []float64{1, 1.5, 2, 2.5, 3, 4, 5, 6, 8} {
			s := scale{step: base * nice}
			s.low, s.high = math.Floor(low/s.step)*s.step, math.Ceil(high/s.step)*s.step
			if s.rows() <= rows {
				return s
			}
		}
	}
}

// stretch draws a series over width points. Between days it is interpolated;
// every day keeps its own value. With more days than points, the day of the
// largest value of each point is shown, so that no spike is lost.
func stretch(series []float64, width int) []float64 {
	n := len(series)
	out := make([]float64, width)
	if n > width {
		for x := range out {
			out[x] = math.NaN()
			for _, v := range series[x*n/width : (x+1)*n/width] {
				if math.IsNaN(out[x]) || math.Abs(v) > math.Abs(out[x]) {
					out[x] = v
				}
			}
		}
		return out
	}
	for x := range out {
		at := float64(x) * float64(n-1) / float64(max(1, width-1))
		i := min(int(at), n-1)
		j := min(i+1, n-1)
		part := at - float64(i)
		switch {
		case math.IsNaN(series[i]) || math.IsNaN(series[j]):
			out[x] = series[min(int(math.Round(at)), n-1)]
		default:
			out[x] = series[i] + part*(series[j]-series[i])
		}
	}
	return out
}

const axisWidth = 9 // label of 6 cells, space, axis

// The characters tell the series apart where colours do not.
var (
	zeroChars   = asciigraph.CharSet{Horizontal: "╌", StartCap: "╌", EndCap: "╌"}
	beforeChars = asciigraph.CharSet{
		Horizontal: "┄", VerticalLine: "┆", ArcDownRight: "┌", ArcDownLeft: "┐",
		ArcUpRight: "└", ArcUpLeft: "┘", StartCap: "┄", EndCap: "┄",
	}
)

// chart draws pl in width × height cells, the dates below it included.
func (st *Styles) chart(pl plot, width, height int) []string {
	points := width - axisWidth - 1
	low, high := bounds(pl)
	if points < 8 || height < 4 || math.IsInf(low, 0) {
		return fill([]string{st.textLine(st.faint, " nothing to draw yet", width)}, width, height)
	}
	m := metrics[pl.metric]
	low, high = min(low, m.zero), max(high, m.zero)
	s := scaleFor(low, high, height-1)
	zero := make([]float64, points)
	for i := range zero {
		zero[i] = m.zero
	}
	graph := asciigraph.PlotMany([][]float64{zero, finite(stretch(pl.before, points)), finite(stretch(pl.now, points))},
		asciigraph.Height(s.rows()-1), asciigraph.LowerBound(s.low), asciigraph.UpperBound(s.high),
		asciigraph.SeriesChars(zeroChars, beforeChars, asciigraph.DefaultCharSet),
		asciigraph.YAxisValueFormatter(func(float64) string { return "" }))
	lines := strings.Split(graph, "\n")
	out := make([]string, 0, height)
	for i, text := range lines {
		out = append(out, st.chartLine(pl, s, i, text, width))
	}
	out = append(out, st.dateLine(pl, width))
	return fill(out, width, height)
}

// finite guards asciigraph, which panics on a series that begins with nothing
// but infinities; gaps stay NaN.
func finite(series []float64) []float64 {
	for i, v := range series {
		if math.IsInf(v, 0) {
			series[i] = math.NaN()
		}
	}
	return series
}

func bounds(pl plot) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, series := range [][]float64{pl.now, pl.before} {
		for _, v := range series {
			if !math.IsNaN(v) {
				low, high = min(low, v), max(high, v)
			}
		}
	}
	return low, high
}

// chartLine colours one line of the graph and puts its own axis label before it.
func (st *Styles) chartLine(pl plot, s scale, i int, text string, width int) string {
	m := metrics[pl.metric]
	value := s.high - float64(i)*s.step
	isZero := math.Abs(value-m.zero) < s.step/2
	_, body, _ := cutAxis(text)
	return st.line(width, func(p *pen) {
		label := axisLabel(value, s.step)
		labelStyle := st.faint
		if isZero && m.zeroName != "" {
			labelStyle = st.dim
		}
		p.right(labelStyle, label, axisWidth-2)
		p.write(st.border, " ┤")
		points := width - axisWidth - 1
		x := 0
		for _, r := range body {
			day := min(x*len(pl.young)/max(1, points), len(pl.young)-1)
			p.write(st.chartStyle(r, value-m.zero, m.losable, pl.young[day]), string(r))
			x++
		}
	})
}

func (st *Styles) chartStyle(r rune, above float64, losable, young bool) style {
	switch {
	case strings.ContainsRune("╌┄┆┌┐└┘", r):
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

// cutAxis separates asciigraph's own axis from the points.
func cutAxis(text string) (axis, body string, found bool) {
	at := strings.IndexAny(text, "┤┼")
	if at < 0 {
		return text, "", false
	}
	return text[:at], text[at+len("┤"):], true
}

func axisLabel(v, step float64) string {
	switch {
	case math.Abs(v) < step/1e6:
		return "0"
	case step >= 1000 && math.Mod(step, 1000) != 0 && math.Abs(v) < 1e6:
		return whole(v)
	case math.Abs(v) >= 10_000:
		return short(v)
	case step >= 1:
		return whole(v)
	}
	return decimal(v, min(3, int(math.Ceil(-math.Log10(step)))+1))
}

func (st *Styles) dateLine(pl plot, width int) string {
	return st.line(width, func(p *pen) {
		p.to(axisWidth)
		first, last := shortDate(pl.from), shortDate(pl.to)
		p.write(st.faint, first)
		if pl.to > pl.from+3 {
			middle := shortDate(pl.from + (pl.to-pl.from)/2)
			if at := axisWidth + (width-axisWidth-len(middle))/2; at > p.at+2 {
				p.to(at)
				p.write(st.faint, middle)
			}
		}
		if at := width - len(last) - 1; at > p.at+1 {
			p.to(at)
			p.write(st.faint, last)
		}
	})
}

func shortDate(d kpi.Date) string {
	_, month := d.Month()
	return decimal(float64(d-d.FirstOfMonth()+1), 0) + " " + month.String()[:3]
}

// legend names the chart and its series.
func (pl plot) legend(currency kpi.Currency) string {
	m := metrics[pl.metric]
	title := m.name
	if m.money {
		title += ", " + string(currency)
	}
	title += ", " + plural(len(pl.now), "day") + "  ┄ the " + plural(len(pl.now), "day") + " before"
	if m.zeroName != "" {
		title += "  ╌ " + m.zeroName
	}
	return title
}

// chartCache keeps the last drawn chart: it is by far the dearest panel.
type chartCache struct {
	plot          plot
	st            *Styles
	width, height int
	lines         []string
}

func (c *chartCache) draw(st *Styles, pl plot, width, height int) []string {
	if c.st == st && c.width == width && c.height == height && c.plot.equal(pl) {
		return c.lines
	}
	*c = chartCache{pl, st, width, height, st.chart(pl, width, height)}
	return c.lines
}
