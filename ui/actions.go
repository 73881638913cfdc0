package ui

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"adtop/snapshot"
)

// move moves what has the focus: the cursor of a table, the figure of the
// chart, the lines of a panel.
func (a *app) move(m move) {
	at := a.place.screen
	switch a.focused() {
	case tablePanel:
		a.list().move(m)
	case chartPanel:
		if at == overview || at == channel {
			a.chartFigure(m.from(a.metric, len(charted), len(charted)))
			return
		}
		a.scroll(m)
	case sidePanel:
		if at == overview {
			a.moveAlert(m)
			return
		}
		a.scroll(m)
	}
}

// scroll moves the lines of the focused panel; drawing it bounds how far.
func (a *app) scroll(m move) {
	top := &a.scrolled[a.place.screen][a.focused()]
	*top = m.from(*top, 1000, max(1, a.height/3))
}

// moveAlert moves the cursor in the overview's list of alerts.
func (a *app) moveAlert(m move) {
	all := a.snap.Alerts
	if len(all) == 0 {
		return
	}
	at := max(0, slices.IndexFunc(all, func(x snapshot.Alert) bool { return x.ID == a.alertAt }))
	a.alertAt = all[m.from(at, len(all), 3)].ID
}

// chartFigure charts a figure; a held axis belongs to the one before.
func (a *app) chartFigure(i int) {
	if i != a.metric {
		a.metric, a.fixed = i, [2]float64{}
	}
}

// read moves the place in the chart whose values are told.
func (a *app) read(by int) {
	n := len(a.chartSeries().Slots)
	switch {
	case n == 0:
	case a.reading < 0:
		a.reading = n - 1
	default:
		a.reading = min(max(a.reading+by, 0), n-1)
	}
}

// toggleAxis holds the axis where it is, so that channels and days can be
// compared by eye.
func (a *app) toggleAxis() {
	pl := a.chart()
	if pl.isFixed() {
		a.fixed = [2]float64{}
		a.notice = "the axis follows the values"
		return
	}
	if low, high, ok := pl.bounds(); ok && high > low {
		a.fixed = [2]float64{low, high}
		a.notice = "the axis is held; values beyond it are drawn at its edge"
	}
}

func (a *app) saySort() {
	t := a.list()
	by := t.sortedBy()
	if by == "" {
		by = "what needs a look first"
	}
	if t.state().Reverse {
		by += ", reversed"
	}
	a.notice = "sorted by " + by
}

// askFilter lets the user type a filter, which works as it is typed.
func (a *app) askFilter() tea.Cmd {
	t := a.list()
	before := t.state().Filter
	a.ask(&prompt{
		label: "/", hint: "text  !text  " + exampleFilter(a.place.screen) + "  ↵ keep  esc undo", input: newInput(before, 100),
		changed: func(text string) error {
			t.setFilter(text)
			return t.problem()
		},
		accept: func(string) (tea.Cmd, error) { return nil, t.problem() },
		cancel: func() { t.setFilter(before) },
	})
	return nil
}

func exampleFilter(s screen) string {
	return [screenCount]string{"roas<1.5", "campaign:brand", "state:firing", "health:stale", "what:results"}[s]
}

func (a *app) toggleMouse() {
	a.mouse = !a.mouse
	a.notice = map[bool]string{true: "mouse on: click lines, titles and hints; the wheel scrolls", false: "mouse off: the terminal selects text again"}[a.mouse]
}

// nothingToOpen says why enter does nothing.
func (a *app) nothingToOpen() string {
	switch a.place.screen {
	case overview:
		if a.focused() == sidePanel && len(a.snap.Alerts) == 0 {
			return "no alert here"
		}
	case channel:
		if why := smallest(a.subject().made); why != "" {
			return why
		}
	case unclaimed:
		if a.unassigned() == "" {
			return "nothing of these days counts: e makes the lines larger"
		}
	}
	if a.list().count() == 0 {
		return "nothing here to open"
	}
	return ""
}

// copyText puts the selected line, or the alert as text for a chat, on the
// user's own clipboard: through the terminal, so that it works over SSH too.
func (a *app) copyText() tea.Cmd {
	text := a.list().text()
	if alert := a.alertToCopy(); alert != nil {
		text = a.alertText(alert)
	}
	if a.place.screen == unclaimed {
		if u := a.unclaimedSelected(); u != nil {
			text = u.Lines
		}
	}
	if text == "" {
		a.notice = "nothing here to copy"
		return nil
	}
	return a.copy(text)
}

// maxCopied is what terminals take at most, before it is encoded.
const maxCopied = 56_000

func (a *app) copy(text string) tea.Cmd {
	if len(text) > maxCopied {
		a.notice = "too long for a terminal's clipboard: x exports it to a file"
		return nil
	}
	a.notice = "copied: " + firstLine(text)
	if a.o.Copy != nil {
		copyIt := a.o.Copy
		return func() tea.Msg {
			if err := copyIt(text); err != nil {
				return sentMsg{err: err}
			}
			return nil
		}
	}
	return tea.SetClipboard(text)
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// openPage opens the selected campaign on its platform, or an alert's runbook.
func (a *app) openPage() tea.Cmd {
	url := a.page()
	if a.o.Open == nil {
		a.ask(&link{url: url})
		return nil
	}
	open := a.o.Open
	return func() tea.Msg {
		if err := open(url); err != nil {
			return sentMsg{err: err}
		}
		return sentMsg{said: "opened in the browser: " + url}
	}
}

func (a *app) noPage() string {
	if a.page() == "" {
		if a.place.screen == alerts {
			return "the alert names no page: enter leads to its channel"
		}
		return "no page of this on its platform is known"
	}
	return ""
}

// page is the address that o means, "" when there is none.
func (a *app) page() string {
	switch a.place.screen {
	case alerts:
		if alert := a.alertSelected(); alert != nil {
			return alert.Runbook
		}
	case channel:
		s := a.subject()
		if part := partWith(s.rows, a.campaigns.selected()); part != nil && part.URL != "" {
			return part.URL
		}
		return s.url
	}
	return ""
}

// link shows an address that the terminal can open itself.
type link struct{ url string }

func (d *link) key(_ *app, msg tea.KeyPressMsg) (tea.Cmd, bool) {
	if msg.String() == "ctrl+c" {
		return tea.Quit, true
	}
	return nil, true
}

func (d *link) paste(*app, string) {}

func (d *link) draw(a *app, width, _ int) []string {
	st := a.st
	return []string{
		st.rule("Open with a click (in most terminals with ctrl or cmd)", width),
		st.line(width, func(p *pen) {
			p.gap(1)
			p.link(st.accent, d.url, d.url, width-2)
		}),
		st.textLine(st.faint, " any key closes", width),
	}
}
