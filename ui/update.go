package ui

import (
	"slices"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"adtop/snapshot"
)

// snapshotMsg brings the newest picture.
type snapshotMsg struct{ snapshot *snapshot.Snapshot }

// sentMsg says what came of a command.
type sentMsg struct {
	said string
	err  error
}

// Update takes in one message. A message that changes nothing leaves the frame alone.
func (a *app) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case snapshotMsg:
		if a.take(msg.snapshot) {
			return a, tea.Raw("\a")
		}
	case minuteMsg:
		a.arrange()
	case sentMsg:
		a.notice, a.stale = msg.said, true
		if msg.err != nil {
			a.notice = "not sent: " + msg.err.Error()
		}
	case tea.WindowSizeMsg:
		a.width, a.height, a.stale = msg.Width, msg.Height, true
	case tea.BackgroundColorMsg:
		if a.o.Theme != "dark" && a.o.Theme != "light" && msg.Color != nil {
			a.dark = msg.IsDark()
			a.restyle()
		}
	case tea.ColorProfileMsg:
		if a.o.Color == "" || a.o.Color == "auto" {
			a.profile = msg.Profile
			a.restyle()
		}
	case tea.ModeReportMsg:
		if msg.Mode == ansi.ModeUnicodeCore && (msg.Value == ansi.ModeReset || msg.Value == ansi.ModeSet || msg.Value == ansi.ModePermanentlySet) {
			widths := *a.st
			widths.widths = ansi.GraphemeWidth // as the renderer counts from now on
			a.st, a.stale = &widths, true
		}
	case tea.KeyPressMsg:
		return a, a.key(msg)
	case tea.PasteMsg:
		if a.typing {
			a.setFilter(a.filter[a.screen] + printable(msg.Content))
		}
	case tea.MouseMsg:
		a.pointer(msg)
	}
	return a, nil
}

func (a *app) restyle() {
	st := newStyles(a.profile, a.dark)
	if st.widths = a.st.widths; *st != *a.st {
		a.st, a.stale = st, true
	}
}

func (a *app) key(msg tea.KeyPressMsg) tea.Cmd {
	a.stale = true
	a.notice, a.band = "", ""
	if a.typing {
		return a.typed(msg)
	}
	act := actionOf(a.screen, msg.String())
	if a.helping && act != quit {
		a.scrollHelp(act)
		return nil
	}
	switch act {
	case open:
		a.openChannel()
	case back:
		a.goBack()
	case down, up, pageDown, pageUp, first, last:
		a.move(act)
	case overviewScreen:
		a.show(overview)
	case alertsScreen:
		a.show(alerts)
	case sourcesScreen:
		a.show(sources)
	case sortNext:
		a.sortByNext()
	case sortReverse:
		a.reverse = !a.reverse
		a.arrange()
	case filterText:
		a.typing = true
	case nextRange:
		a.showNextRange()
	case nextMetric:
		a.metric = (a.metric + 1) % len(metrics)
		a.arrange()
	case ackAlert:
		return a.ack()
	case snoozeAlert:
		return a.snooze()
	case markTrue:
		return a.mark(snapshot.MarkedTrue)
	case markFalse:
		return a.mark(snapshot.MarkedFalse)
	case pollNow:
		return a.poll()
	case toggleMouse:
		a.mouse = !a.mouse
		a.notice = map[bool]string{true: "mouse on: wheel scrolls, click selects", false: "mouse off"}[a.mouse]
	case showHelp:
		a.helping, a.helpTop = true, 0
	case quit:
		return tea.Quit
	}
	return nil
}

// scrollHelp moves within the help; any other key closes it.
func (a *app) scrollHelp(act action) {
	switch act {
	case down:
		a.helpTop++
	case up:
		a.helpTop--
	case pageDown:
		a.helpTop += a.height / 2
	case pageUp:
		a.helpTop -= a.height / 2
	default:
		a.helping = false
	}
	a.helpTop = min(max(a.helpTop, 0), len(keymap))
}

func (a *app) show(s screen) {
	a.screen = s
	wanted := a.wanted
	if wanted.Campaigns = ""; s == channel {
		wanted.Campaigns = a.opened
	}
	if wanted != a.wanted {
		a.wanted = wanted
		a.bridge.show(wanted)
	}
	a.arrange()
}

func (a *app) openChannel() {
	if id := a.selected(); id != "" {
		a.opened = id
		a.show(channel)
	}
}

func (a *app) goBack() {
	if a.filter[a.screen] != "" {
		a.setFilter("")
		return
	}
	a.show(overview)
}

func (a *app) sortByNext() {
	keys := a.channelGrid().sortKeys()
	a.sortKey = keys[(slices.Index(keys, a.sortKey)+1)%len(keys)]
	a.reverse = false
	a.arrange()
}

// showNextRange asks for the next named range; the screen keeps the old
// figures, and says so, until the new ones are there.
func (a *app) showNextRange() {
	at := slices.Index(snapshot.Ranges, a.wanted.Range)
	a.wanted.Range = snapshot.Ranges[(at+1)%len(snapshot.Ranges)]
	a.bridge.show(a.wanted)
}

// typed edits the filter.
func (a *app) typed(msg tea.KeyPressMsg) tea.Cmd {
	text := a.filter[a.screen]
	switch msg.String() {
	case "enter":
		a.typing = false
	case "esc":
		a.typing = false
		a.setFilter("")
	case "backspace":
		if runes := []rune(text); len(runes) > 0 {
			a.setFilter(string(runes[:len(runes)-1]))
		}
	case "ctrl+u":
		a.setFilter("")
	case "ctrl+c":
		return tea.Quit
	default:
		a.setFilter(text + printable(msg.Text))
	}
	return nil
}

func (a *app) setFilter(text string) {
	if runes := []rune(text); len(runes) > 60 {
		text = string(runes[:60])
	}
	a.filter[a.screen] = text
	a.arrange()
}

// printable drops what is no character: a paste may contain anything.
func printable(text string) string {
	out := make([]rune, 0, len(text))
	for _, r := range ansi.Strip(text) {
		if r >= ' ' && r != 0x7f && (r < 0x80 || r > 0x9f) {
			out = append(out, r)
		}
	}
	return string(out)
}

// ids are the lines of the current screen, in their order.
func (a *app) ids() []string {
	var ids []string
	switch a.screen {
	case overview:
		for i := range a.channels {
			ids = append(ids, a.channels[i].id)
		}
	case channel:
		for i := range a.campaigns {
			ids = append(ids, a.campaigns[i].id)
		}
	case alerts:
		for _, alert := range a.listedAlerts() {
			ids = append(ids, alert.ID)
		}
	case sources:
		for _, source := range a.listedSources() {
			ids = append(ids, source.Name)
		}
	}
	return ids
}

// selectedIndex finds the selected line; when it has gone, or none was chosen,
// the first.
func (a *app) selectedIndex(ids []string) int { return max(0, slices.Index(ids, a.cursor[a.screen])) }

func (a *app) selected() string {
	ids := a.ids()
	if len(ids) == 0 {
		return ""
	}
	return ids[a.selectedIndex(ids)]
}

func (a *app) move(act action) {
	ids := a.ids()
	if len(ids) == 0 {
		return
	}
	page := max(1, a.height/2)
	to := a.selectedIndex(ids)
	switch act {
	case down:
		to++
	case up:
		to--
	case pageDown:
		to += page
	case pageUp:
		to -= page
	case first:
		to = 0
	case last:
		to = len(ids) - 1
	}
	a.cursor[a.screen] = ids[min(max(to, 0), len(ids)-1)]
}

// pointer follows the mouse: the wheel moves the cursor, a click sets it.
func (a *app) pointer(msg tea.MouseMsg) {
	switch msg := msg.(type) {
	case tea.MouseWheelMsg:
		a.stale = true
		if msg.Button == tea.MouseWheelUp {
			a.move(up)
		} else if msg.Button == tea.MouseWheelDown {
			a.move(down)
		}
	case tea.MouseClickMsg:
		ids, at := a.ids(), msg.Y-a.firstRow()+a.top[a.screen]
		if msg.Y >= a.firstRow() && at < len(ids) {
			a.cursor[a.screen], a.stale = ids[at], true
		}
	}
}
