package ui

import (
	"slices"

	"adtop/kpi"
	"adtop/snapshot"
)

// rowCache keeps drawn lines by row, for one grid and one set of styles.
type rowCache struct {
	st    *Styles
	width int
	name  int
	of    *column // identifies the table by its last column
	lines map[string]cachedLine
}

type cachedLine struct {
	row      row
	selected bool
	line     string
}

// line returns the drawn row, drawing it only if it changed.
func (c *rowCache) line(st *Styles, g grid, r *row, selected bool) string {
	tail := g.columns[len(g.columns)-1]
	if c.st != st || c.width != g.width || c.name != g.name || c.of != tail {
		*c = rowCache{st, g.width, g.name, tail, make(map[string]cachedLine)}
	}
	if known, ok := c.lines[r.id]; ok && known.selected == selected && known.row == *r {
		return known.line
	}
	line := g.line(st, r, selected)
	c.lines[r.id] = cachedLine{*r, selected, line}
	return line
}

func longestName(st *Styles, rows []*row) int {
	p, most := newPen(st, false), 0
	for i := range rows {
		most = max(most, p.width(rows[i].name))
	}
	return most
}

func (a *app) channelGrid() grid {
	return gridFor(channelColumns, a.width, longestName(a.st, a.channels))
}

// overviewParts decides the lines of the overview.
func (a *app) overviewParts() parts {
	return layout(a.width, a.height, want{rows: len(a.channels), notices: a.noticeCount(), band: a.band != ""})
}

// firstRow is the line of the screen on which the table's first row stands.
func (a *app) firstRow() int {
	if a.snap == nil {
		return a.height
	}
	switch a.screen {
	case overview:
		p := a.overviewParts()
		return p.header + p.band + p.kpis + p.rule + p.title
	case channel:
		p := a.channelParts()
		return p.header + p.band + p.kpis + p.rule + p.reason + p.bottom + p.title
	}
	return 2
}

func (a *app) renderOverview() []string {
	st, w, p := a.st, a.width, a.overviewParts()
	lines := make([]string, 0, a.height)
	lines = append(lines, a.headerLine())
	if p.band > 0 {
		lines = append(lines, a.bandLine())
	}
	lines = append(lines, a.cardLines(a.snap.Total, a.snap.Same, a.snap.Before, p.kpis)...)
	if p.rule > 0 {
		lines = append(lines, st.rule("", w))
	}
	g := a.channelGrid()
	lines = append(lines, g.header(st, "CHANNEL", a.sortKey, a.reverse))
	lines = append(lines, a.tableLines(g, a.channels, p.rows)...)
	lines = append(lines, a.reasonLines(p.reason)...)
	lines = append(lines, a.bottomPanel(p)...)
	lines = append(lines, fill(a.noticeLines(), w, p.notices)...)
	return append(lines, a.bottomLine())
}

// tableLines draws the rows in sight.
func (a *app) tableLines(g grid, rows []*row, height int) []string {
	if len(rows) == 0 && height > 0 {
		text := "   nothing here"
		if a.filter[a.screen] != "" {
			text = "   nothing matches the filter; esc clears it"
		}
		return fill([]string{a.st.textLine(a.st.dim, text, a.width)}, a.width, height)
	}
	cursor := a.selectedIndex(a.ids())
	a.top[a.screen] = scroll(a.top[a.screen], cursor, len(rows), height)
	top := a.top[a.screen]
	lines := make([]string, 0, height)
	for i := top; i < min(len(rows), top+height); i++ {
		lines = append(lines, a.rowCache.line(a.st, g, rows[i], i == cursor))
	}
	return fill(lines, a.width, height)
}

// reasonLines say why the selected channel is judged as it is.
func (a *app) reasonLines(height int) []string {
	c := a.channelNamed(a.selected())
	if c == nil || height == 0 {
		return fill(nil, a.width, height)
	}
	return fill(a.why(c, height), a.width, height)
}

func (a *app) why(c *snapshot.Channel, height int) []string {
	st := a.st
	text := c.Reason
	if c.Problem != "" && c.Verdict == kpi.NoData {
		text = c.Problem
	} else if c.Problem != "" {
		text += " Sources: " + c.Problem
	}
	m := st.verdict(c.Verdict)
	var lines []string
	for i, l := range st.wrap(c.Name+": "+text, a.width-5, height) {
		lines = append(lines, st.line(a.width, func(p *pen) {
			p.gap(1)
			if i == 0 {
				p.write(m.style, m.glyph)
			}
			p.to(3)
			p.left(st.dim, l, a.width-4)
		}))
	}
	return lines
}

// bottomPanel is the chart and the alerts, beside each other or stacked.
func (a *app) bottomPanel(p parts) []string {
	if p.bottom == 0 {
		return nil
	}
	st := a.st
	if p.split > 0 {
		right := a.width - p.split - 1
		left := append([]string{st.rule(a.chartTitle(), p.split)}, a.totalChart(p.split, p.bottom-1)...)
		pane := append([]string{st.rule(a.alertsTitle(), right)}, a.alertPane.draw(a, right, p.bottom-1)...)
		return st.beside(left, pane)
	}
	under := 0
	if n := len(a.openAlerts()); n > 0 {
		under = min(2*n, 4) + 1
		if p.bottom-under < 7 {
			under = p.bottom
		}
	}
	var lines []string
	if p.bottom > under {
		lines = append(lines, st.rule(a.chartTitle(), a.width))
		lines = append(lines, a.totalChart(a.width, p.bottom-under-1)...)
	}
	if under > 0 {
		lines = append(lines, st.rule(a.alertsTitle(), a.width))
		lines = append(lines, a.alertPane.draw(a, a.width, under-1)...)
	}
	return lines
}

// chartDays is how many days a chart shows: two weeks, or the range when it
// is longer.
func (a *app) chartDays(known int) int {
	if a.snap.View.Range.Name == "30d" || a.snap.View.Range.Name == "mtd" {
		return min(30, max(14, known/2))
	}
	return 14
}

func (a *app) chartTitle() string { return a.total.legend(a.snap.Currency) }

func (a *app) totalChart(width, height int) []string {
	return a.charts[overview].draw(a.st, a.total, width, height)
}

func (a *app) openAlerts() []*snapshot.Alert {
	var open []*snapshot.Alert
	for i := range a.snap.Alerts {
		if a.snap.Alerts[i].EndedAt.IsZero() {
			open = append(open, &a.snap.Alerts[i])
		}
	}
	return open
}

func (a *app) alertsTitle() string {
	if n := len(a.openAlerts()); n > 0 {
		return "Alerts, " + whole(float64(n)) + " open"
	}
	return "Alerts"
}

// alertCache keeps the drawn alert pane.
type alertCache struct {
	st            *Styles
	width, height int
	alerts        []snapshot.Alert
	day           kpi.Date // times of other days carry the date
	lines         []string
}

func (c *alertCache) draw(a *app, width, height int) []string {
	day := kpi.DateOf(a.dataNow(), a.zone())
	if c.st == a.st && c.width == width && c.height == height && c.day == day && slices.EqualFunc(c.alerts, a.snap.Alerts, snapshot.Alert.Same) {
		return c.lines
	}
	*c = alertCache{a.st, width, height, a.snap.Alerts, day, a.alertLines(width, height)}
	return c.lines
}
