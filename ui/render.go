package ui

import (
	"slices"
	"strings"

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
	case a.snap == nil:
		wait := a.st.textLine(a.st.dim, "  Nothing collected yet: waiting for the first answers.", a.width)
		lines = append(lines, fill([]string{a.st.textLine(a.st.text, "", a.width), wait}, a.width, rest)...)
	case a.expanded:
		lines = append(lines, a.expandedPanel(len(lines), rest)...)
	case a.place.screen == channel:
		lines = a.channelLines(lines)
	case a.place.screen == alerts:
		lines = a.alertsLines(lines)
	case a.place.screen == sources:
		lines = a.sourcesLines(lines)
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
			lines = append(lines, a.st.textLine(a.st.band, " ◷ "+band, a.width))
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
		return "Evidence", a.window(p, a.subjectEvidence(&s, width), width, height)
	case at == alerts:
		return "Silences", a.silenceLines(width, height)
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

// overviewLines: key figures, channels, why the selected one is judged as it
// is, the chart and the alerts.
func (a *app) overviewLines(lines []string) []string {
	st, w, s := a.st, a.width, a.snap
	p := layout(w, a.height, want{rows: a.channels.count(), notices: a.noticeCount(), above: len(lines)})
	lines = append(lines, a.cards(s.Total, s.Same, s.Before, p.kpis)...)
	if p.rule > 0 {
		lines = append(lines, st.rule("", w))
	}
	lines = append(lines, a.tableLines(len(lines), p.title+p.rows, a.emptyText())...)
	lines = append(lines, a.whyLines(a.channelNamed(a.channels.selected()), p.reason)...)
	lines = append(lines, a.bottomPanels(p)...)
	return append(lines, fill(a.noticeLines(), w, p.notices)...)
}

func (a *app) emptyText() string {
	switch a.place.screen {
	case channel:
		s := a.subject()
		return s.empty
	case alerts:
		return "no alert in the last 90 days"
	case sources:
		return "no source is configured"
	}
	return "no channel is configured"
}

func (a *app) cards(now, same, before snapshot.Figures, height int) []string {
	return a.drawn.cards.draw(a.st, cardsKey{now, same, before, a.width, height}, func() []string {
		return a.st.cardLines(now, same, before, a.width, height)
	})
}

// whyLines say why a channel is judged as it is.
func (a *app) whyLines(c *snapshot.Channel, height int) []string {
	if c == nil || height == 0 {
		return fill(nil, a.width, height)
	}
	text := c.Reason
	if c.Problem != "" && c.Verdict == kpi.NoData {
		text = c.Problem
	} else if c.Problem != "" {
		text += " Sources: " + c.Problem
	}
	return a.reasonLines(c.Name, text, c.Verdict, height)
}

func (a *app) reasonLines(name, text string, verdict kpi.Verdict, height int) []string {
	st := a.st
	return a.drawn.why.draw(st, whyKey{name, text, verdict, a.width, height}, func() []string {
		m := st.verdict(verdict)
		var lines []string
		for i, l := range st.wrap(name+": "+text, a.width-5, height) {
			lines = append(lines, st.line(a.width, func(p *pen) {
				p.gap(1)
				if i == 0 {
					p.write(m.style, m.glyph)
				}
				p.to(3)
				p.left(st.dim, l, a.width-4)
			}))
		}
		return fill(lines, a.width, height)
	})
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

// underChart is how many lines the side panel takes below the chart.
func (a *app) underChart(height int) int {
	under := 4
	if a.place.screen == overview {
		n := len(a.openAlerts())
		if n == 0 {
			return 0
		}
		under = min(2*n, 4) + 1
	}
	if height-under < 7 {
		return height
	}
	return under
}

func (a *app) openAlerts() []*snapshot.Alert {
	var open []*snapshot.Alert
	for i := range a.snap.Alerts {
		if a.snap.Alerts[i].Open() {
			open = append(open, &a.snap.Alerts[i])
		}
	}
	return open
}

func (a *app) alertsTitle() string {
	if n := len(a.openAlerts()); n > 0 {
		return "Alerts, " + a.st.whole(float64(n)) + " open"
	}
	return "Alerts"
}

// channelLines: key figures of what is opened, its economics, why, the chart
// and the evidence, and what it is made of.
func (a *app) channelLines(lines []string) []string {
	st, w := a.st, a.width
	s := a.subject()
	if s.channel == nil {
		gone := st.textLine(st.warn, "  This channel is no longer there: esc goes back.", w)
		return append(lines, fill([]string{gone}, w, a.height-len(lines)-1)...)
	}
	p := layout(w, a.height, want{rows: max(3, a.campaigns.count()), notices: len(a.drillLine()), above: len(lines), detail: true})
	lines = append(lines, a.cards(s.now, s.same, s.before, p.kpis)...)
	if p.rule > 0 {
		lines = append(lines, st.rule(a.economics(&s), w))
	}
	name := s.channel.Name
	if crumbs := a.place.crumbs(); len(crumbs) > 1 {
		name = crumbs[len(crumbs)-1]
	}
	reason := s.reason
	if reason == "" {
		reason = "not weighed by itself"
	}
	lines = append(lines, a.reasonLines(name, reason, s.verdict, p.reason)...)
	lines = append(lines, a.bottomPanels(p)...)
	lines = append(lines, a.tableLines(len(lines), p.title+p.rows, s.empty)...)
	return append(lines, fill(a.drillLine(), w, p.notices)...)
}

// drillLine says how old ad groups and ads are.
func (a *app) drillLine() []string {
	if d := &a.snap.Drill; a.place.inside.Campaign != "" && !d.Fetched.IsZero() {
		text := " fetched " + a.ago(d.Fetched) + "; r fetches anew"
		if d.Busy {
			text = " being fetched anew…"
		}
		if d.Of == a.place.inside && len(d.Notes) > 0 {
			text += "; " + strings.Join(d.Notes, "; ")
		}
		return []string{a.st.textLine(a.st.dim, text, a.width)}
	}
	return nil
}

// subjectEvidence is what the verdict on what is opened rests on.
func (a *app) subjectEvidence(s *subject, width int) []string {
	return a.evidenceLines(s.p, s.verdict, &s.evidence, width)
}

var basisNames = map[kpi.Basis]string{
	kpi.Gross: "gross revenue", kpi.NetOfTax: "revenue without tax", kpi.NetOfBoth: "net revenue",
	kpi.Ordered: "revenue as ordered", kpi.Reported: "revenue as reported",
}

// economics says how the channel's revenue becomes profit.
func (a *app) economics(s *subject) string {
	st, e := a.st, s.channel.Economics
	of := basisNames[e.Basis]
	if of == "" {
		of = "revenue"
	}
	parts := []string{"margin " + st.share(kpi.Ratio{Value: e.Margin.Float(), OK: true}, 0) + " of " + of}
	if r := e.BreakEvenROAS(); r.OK {
		parts = append(parts, "break-even ROAS "+st.ratio(r))
	}
	if r := e.BreakEvenCPA(s.now.Metrics.AOV()); r.OK {
		parts = append(parts, "break-even CPA "+st.price(r.Value, 9))
	}
	if e.TargetROAS != 0 {
		parts = append(parts, "target ROAS "+st.decimal(e.TargetROAS.Float(), 2))
	}
	if e.TargetCPA != 0 {
		parts = append(parts, "target CPA "+st.price(e.TargetCPA.Float(), 9))
	}
	if s.whole && s.now.Fees != 0 {
		parts = append(parts, "fixed fees "+st.money(s.now.Fees, 9))
	}
	return strings.Join(parts, " · ")
}

// alertsLines: the list, why the selected one stands, and the silences; or all
// about the one that was opened.
func (a *app) alertsLines(lines []string) []string {
	w := a.width
	rest := a.height - len(lines) - 1
	if a.place.alert != "" {
		title, why := a.panelLines(chartPanel, w, rest-1)
		return append(append(lines, a.st.focusRule(title, w)), why...)
	}
	detail := min(max(8, rest-1-a.alertList.count()), rest*2/3)
	if rest < 14 {
		detail = rest / 2
	}
	lines = append(lines, a.tableLines(len(lines), rest-detail, a.emptyText())...)
	if len(a.silences()) == 0 && a.focused() != sidePanel {
		title, why := a.panelLines(chartPanel, w, detail-1)
		return append(append(lines, a.title(chartPanel, title, w)), why...)
	}
	if w >= 100 {
		return append(lines, a.bottomPanels(parts{bottom: detail, split: w * 6 / 10})...)
	}
	p, other := chartPanel, " · "+a.st.plural(len(a.silences()), "silence")+": tab"
	if a.focused() == sidePanel {
		p, other = sidePanel, ""
	}
	title, panel := a.panelLines(p, w, detail-1)
	return append(append(lines, a.title(p, title+other, w)), panel...)
}

// alertPanel is everything about the selected alert.
func (a *app) alertPanel(width, height int) (string, []string) {
	alert := a.alertSelected()
	if alert == nil {
		return "Why", fill(nil, width, height)
	}
	return alert.Subject + " · " + alert.Rule + " · " + alert.Severity.String(), a.window(chartPanel, a.why(alert, width), width, height)
}

// sourcesLines: the list, and all about the selected one.
func (a *app) sourcesLines(lines []string) []string {
	w := a.width
	rest := a.height - len(lines) - 1
	detail := min(max(8, rest-2-a.sourceSet.count()), rest*2/3)
	if rest < 14 {
		detail = rest / 2
	}
	lines = append(lines, a.tableLines(len(lines), rest-detail, a.emptyText())...)
	title, about := a.panelLines(sidePanel, w, detail-1)
	return append(append(lines, a.title(sidePanel, title, w)), about...)
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
