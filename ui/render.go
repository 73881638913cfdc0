package ui

import (
	"slices"

	"adtop/kpi"
	"adtop/snapshot"
)

// memo keeps what was drawn of a panel while what it shows stays the same.
type memo[K comparable] struct {
	key   K
	st    *Styles
	lines []string
}

func (m *memo[K]) draw(st *Styles, key K, draw func() []string) []string {
	if m.st != st || m.key != key {
		*m = memo[K]{key, st, draw()}
	}
	return m.lines
}

// panelCaches are the panels that are kept from frame to frame.
type panelCaches struct {
	header memo[headerKey]
	cards  memo[cardsKey]
	why    memo[whyKey]
	hints  memo[hintsKey]
	both   memo[bothKey]
	charts [screenCount]chartCache
	pane   paneCache
}

type hintsKey struct {
	screen         screen
	notice, filter string
	width          int
}

// bothKey tells two panels beside each other: by where their lines are, which
// stay in place while a panel is not drawn again.
type bothKey struct {
	left, right *string
	titles      [2]string
	focus       panel
	width       int
}

type headerKey struct {
	width                   int
	place                   place
	alarm, text, title, sum string
	verdict                 kpi.Verdict
	p                       kpi.Ratio
}

type cardsKey struct {
	now, same, before snapshot.Figures
	width, height     int
}

type whyKey struct {
	name, text    string
	verdict       kpi.Verdict
	width, height int
}

// render draws the whole frame: exactly height lines of width cells.
func (a *app) render() []string {
	w, h := a.width, a.height
	if w < leastWidth || h < leastHeight {
		text := "adtop needs " + a.st.plural(leastWidth, "column") + " and " + a.st.plural(leastHeight, "line")
		var lines []string
		for _, l := range a.st.wrap(text, w, h) {
			lines = append(lines, a.st.textLine(a.st.warn, l, w))
		}
		return fill(lines, w, h)
	}
	lines := a.screenLines()
	if n := len(a.dialogs); n > 0 {
		over := a.dialogs[n-1].draw(a, w, h-1)
		lines = append(lines[:max(1, h-len(over))], over...)
	}
	return fill(lines, w, h)
}

// screenLines draws the current screen without dialogs.
func (a *app) screenLines() []string {
	lines := append(make([]string, 0, a.height), a.header()...)
	a.tableTop = -1
	rest := a.height - len(lines) - 1
	switch {
	case a.snap == nil && a.loading:
		lines = append(lines, fill(nil, a.width, rest)...)
	case a.snap == nil:
		wait := a.st.textLine(a.st.dim, "  Nothing collected yet: waiting for the first answers.", a.width)
		lines = append(lines, fill([]string{a.st.textLine(a.st.text, "", a.width), wait}, a.width, rest)...)
	case a.expanded:
		lines = append(lines, a.expandedPanel(len(lines), rest)...)
	case a.place.screen == channel:
		lines = a.channelLines(lines)
	case a.place.screen == alerts:
		lines = a.alertsLines(lines)
	case a.place.screen == sources, a.place.screen == unclaimed:
		lines = a.listLines(lines)
	default:
		lines = a.overviewLines(lines)
	}
	key := hintsKey{a.place.screen, a.notice, a.filterText(), a.width}
	return append(lines, a.drawn.hints.draw(a.st, key, func() []string { return []string{a.bottomLine()} })...)
}

// header is the header, with the band under it when what is shown is not the
// present.
func (a *app) header() []string {
	band := a.bandText()
	key := headerKey{width: a.width, place: a.place, alarm: a.alarm, text: a.asOfText(a.width) + band}
	if a.snap != nil {
		key.title = a.snap.Title
		pieces, _ := a.standing(a.width)
		for _, p := range pieces {
			key.sum += p.text + p.style.on
		}
		if a.place.screen == channel {
			s := a.subject()
			key.verdict, key.p = s.verdict, s.p
		}
	}
	return a.drawn.header.draw(a.st, key, func() []string {
		lines := []string{a.headerLine()}
		if band != "" {
			lines = append(lines, a.st.bandLine(a.st.band, " ◷ "+band, a.width))
		}
		return lines
	})
}

// title is a rule that names a panel and marks the focused one.
func (a *app) title(p panel, text string, width int) string {
	if a.focused() == p && (p != tablePanel) {
		return a.st.focusRule(text, width)
	}
	return a.st.rule(text, width)
}

// tableLines draws the table of the screen under so many lines.
func (a *app) tableLines(above, height int, empty string) []string {
	a.tableTop = above
	return a.list().draw(a.st, a.width, height, empty)
}

// window is the part of a panel's lines in sight, by how far it is scrolled.
func (a *app) window(p panel, lines []string, width, height int) []string {
	top := &a.scrolled[a.place.screen][p]
	*top = min(max(*top, 0), max(0, len(lines)-height))
	more := len(lines) - *top - height
	lines = fill(slices.Clone(lines[*top:]), width, height)
	if more > 0 && height > 1 {
		text := " … " + a.st.plural(more+1, "line") + " more"
		if a.focused() != p {
			text += ": tab leads there, ↓ scrolls"
		}
		lines[height-1] = a.st.textLine(a.st.faint, text, width)
	}
	return lines
}

// expandedPanel gives the whole screen to the focused panel.
func (a *app) expandedPanel(above, height int) []string {
	w, p := a.width, a.focused()
	if p == tablePanel {
		return a.tableLines(above, height, a.emptyText())
	}
	title, lines := a.panelLines(p, w, height-1)
	return append([]string{a.title(p, title+" · e makes it small again", w)}, fill(lines, w, height-1)...)
}

// panelLines draws a panel in a given size, with its title.
func (a *app) panelLines(p panel, width, height int) (title string, lines []string) {
	switch at := a.place.screen; {
	case p == chartPanel && at == alerts:
		return a.alertPanel(width, height)
	case p == chartPanel:
		return a.chartPanel(width, height)
	case at == overview:
		return a.alertsTitle(), a.drawn.pane.draw(a, width, height)
	case at == channel:
		s := a.subject()
		return "Evidence", a.window(p, a.subjectEvidence(s, width), width, height)
	case at == unclaimed:
		return a.unclaimedPanel(width, height)
	case at == alerts:
		return "Silences", a.silenceLines(width, height)
	}
	if t := a.targetOf(a.sourceSet.selected()); t != nil {
		return t.Name + " · " + t.Type + " · " + a.st.health(t.Health()).word, a.window(p, a.aboutTarget(t, width), width, height)
	}
	s := a.sourceNamed(a.sourceSet.selected())
	if s == nil {
		return "Source", fill(nil, width, height)
	}
	return s.Name + " · " + s.Type + " · " + a.st.health(s.Health).word, a.window(p, a.about(s, width), width, height)
}

func (a *app) chartPanel(width, height int) (string, []string) {
	pl := a.chart()
	return pl.legend(a.st.numbers, a.snap.Currency), a.drawn.charts[a.place.screen].draw(a.st, &pl, width, height)
}

// bottomPanels are two panels beside each other, or the chart above the other.
func (a *app) bottomPanels(p parts) []string {
	if p.bottom == 0 {
		return nil
	}
	if p.split > 0 {
		right := a.width - p.split - 1
		chart, left := a.panelLines(chartPanel, p.split, p.bottom-1)
		side, lines := a.panelLines(sidePanel, right, p.bottom-1)
		if len(left) == 0 || len(lines) == 0 {
			return []string{a.title(chartPanel, chart, a.width)}
		}
		key := bothKey{&left[0], &lines[0], [2]string{chart, side}, a.focused(), a.width}
		return a.drawn.both.draw(a.st, key, func() []string {
			return a.st.beside(append([]string{a.title(chartPanel, chart, p.split)}, left...), append([]string{a.title(sidePanel, side, right)}, lines...))
		})
	}
	under := a.underChart(p.bottom)
	var lines []string
	if p.bottom > under {
		title, chart := a.panelLines(chartPanel, a.width, p.bottom-under-1)
		lines = append(append(lines, a.title(chartPanel, title, a.width)), chart...)
	}
	if under > 0 {
		title, side := a.panelLines(sidePanel, a.width, under-1)
		lines = append(append(lines, a.title(sidePanel, title, a.width)), side...)
	}
	return lines
}

// paneCache keeps the drawn list of alerts of the overview.
type paneCache struct {
	st            *Styles
	width, height int
	focus         bool
	at            string
	alerts        []snapshot.Alert
	day           kpi.Date // times of other days carry the date
	lines         []string
}

func (c *paneCache) draw(a *app, width, height int) []string {
	day, focus := kpi.DateOf(a.dataNow(), a.zone()), a.focused() == sidePanel
	if c.st == a.st && c.width == width && c.height == height && c.day == day && c.focus == focus && c.at == a.alertAt && sameAlerts(c.alerts, a.snap.Alerts) {
		return c.lines
	}
	*c = paneCache{a.st, width, height, focus, a.alertAt, a.snap.Alerts, day, a.paneLines(width, height)}
	return c.lines
}

// sameAlerts compares two lists; mostly they are the very same one.
func sameAlerts(a, b []snapshot.Alert) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0] || slices.EqualFunc(a, b, snapshot.Alert.Same))
}
