package ui

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
)

// binding ties keys to what they do. The keymap is the only place where keys
// are named: the help, the hints at the bottom, the palette, the table of the
// README, --help and the manual page come from it.
type binding struct {
	keys    []string // as Bubble Tea names them
	label   string   // as people name them
	hint    string   // at the bottom of the screen, "" to leave it out
	help    string
	group   string
	screens []screen // nil: everywhere
	do      func(a *app) tea.Cmd
	// blocked says why the key does nothing now, "" when it does something;
	// nil means never.
	blocked func(a *app) string
}

// The groups of the keymap, in their order.
var groups = []string{"Move", "Screens", "Show", "Time", "Act", "Program"}

// figureScreens are the screens with figures and a chart.
var figureScreens = []screen{overview, channel}

var keymap []binding

// It is filled here because what the keys do reads it in turn.
func init() {
	keymap = []binding{
		{[]string{"enter"}, "↵", "open", "open the line: channel, account, campaign, ad group, ad; an alert; a source; what no channel claims", "Move", nil, (*app).open, (*app).nothingToOpen},
		{[]string{"esc", "backspace"}, "esc", "back", "go back, close what is expanded, clear the filter", "Move", nil, did((*app).goBack), nil},
		{[]string{"j", "down"}, "j ↓", "", "next line", "Move", nil, moves(lineDown), nil},
		{[]string{"k", "up"}, "k ↑", "", "previous line", "Move", nil, moves(lineUp), nil},
		{[]string{"pgdown", "ctrl+d", "space"}, "pgdn", "", "a page down", "Move", nil, moves(pageDown), nil},
		{[]string{"pgup", "ctrl+u"}, "pgup", "", "a page up", "Move", nil, moves(pageUp), nil},
		{[]string{"g", "home"}, "g", "", "first line", "Move", nil, moves(toFirst), nil},
		{[]string{"G", "end"}, "G", "", "last line", "Move", nil, moves(toLast), nil},
		{[]string{"tab"}, "tab", "", "go to the next panel: table, chart, alerts or evidence", "Move", nil, did(func(a *app) { a.focusNext(1) }), nil},
		{[]string{"shift+tab"}, "shift+tab", "", "go to the panel before", "Move", nil, did(func(a *app) { a.focusNext(-1) }), nil},
		{[]string{"e"}, "e", "", "expand the panel, or make it small again", "Move", nil, did(func(a *app) { a.expanded = !a.expanded }), nil},

		{[]string{"1"}, "1", "", "overview", "Screens", nil, did(func(a *app) { a.switchTo(overview) }), nil},
		{[]string{"2"}, "2", "alerts", "alerts, open and recent, and why", "Screens", nil, did(func(a *app) { a.switchTo(alerts) }), nil},
		{[]string{"3"}, "3", "sources", "sources: health, age, what to do", "Screens", nil, did(func(a *app) { a.switchTo(sources) }), nil},
		{[]string{"4"}, "4", "", "unclaimed: results and spend of no channel, and the lines that bind them", "Screens", nil, did(func(a *app) { a.switchTo(unclaimed) }), nil},
		{[]string{"!"}, "!", "", "open the newest alert", "Screens", nil, (*app).openNewest, (*app).noNewAlert},
		{[]string{":", "ctrl+p"}, ":", "palette", "palette: type what you want to do or see", "Screens", nil, (*app).openPalette, nil},
		{[]string{"?", "f1"}, "?", "help", "this help", "Screens", nil, (*app).openHelp, nil},

		{[]string{"/"}, "/", "filter", "filter: text, !text, campaign:text, roas<1.5", "Show", nil, (*app).askFilter, nil},
		{[]string{"s"}, "s", "sort", "sort by the next column", "Show", nil, did(func(a *app) { a.list().sortNext(); a.saySort() }), nil},
		{[]string{"S"}, "S", "", "reverse the order", "Show", nil, did(func(a *app) { a.list().reverse(); a.saySort() }), nil},
		{[]string{"C"}, "C", "", "choose and order the columns", "Show", nil, (*app).chooseColumns, nil},
		{[]string{"v"}, "v", "", "chart the next figure", "Show", figureScreens, nextFigure(+1), nil},
		{[]string{"V"}, "V", "", "chart the figure before", "Show", figureScreens, nextFigure(-1), nil},
		{[]string{"left", "h"}, "h ←", "", "read the chart, to the left", "Show", figureScreens, did(func(a *app) { a.read(-1) }), nil},
		{[]string{"right", "l"}, "l →", "", "read the chart, to the right", "Show", figureScreens, did(func(a *app) { a.read(+1) }), nil},
		{[]string{"="}, "=", "", "hold the chart's axis as it is, or let it follow the values", "Show", figureScreens, did((*app).toggleAxis), nil},

		{[]string{"b"}, "b", "", "split the campaign by network or placement", "Show", []screen{channel}, (*app).chooseSplit, (*app).cannotSplit},

		{[]string{"t"}, "t", "range", "choose the days: today, yesterday, 24 h, 7, 14, 30 days, month, others", "Time", []screen{overview, channel, unclaimed}, (*app).chooseRange, nil},
		{[]string{"c"}, "c", "compare", "compare with the previous period, the same weekday or last year", "Time", figureScreens, (*app).nextComparison, nil},
		{[]string{"<"}, "<", "", "step back: everything as it was known then", "Time", nil, (*app).stepBack, nil},
		{[]string{">"}, ">", "", "step forward", "Time", nil, (*app).stepForward, isLive},
		{[]string{"."}, ".", "", "step by the poll, the hour or the day", "Time", nil, (*app).nextStep, nil},
		{[]string{"0"}, "0", "", "back to now", "Time", nil, (*app).showLive, isLive},
		{[]string{"f"}, "f", "", "freeze the screen, or let it go on; alerts still come", "Time", nil, (*app).toggleFreeze, isPast("the past stands still by itself: 0 goes back to now")},

		{[]string{"a"}, "a", "ack", "acknowledge the alert with a note, or take that back", "Act", []screen{overview, channel, alerts}, (*app).ack, acts((*app).noAlert)},
		{[]string{"z"}, "z", "snooze", "snooze the alert until a time or until the day is complete, or wake it", "Act", []screen{overview, channel, alerts}, (*app).snooze, acts((*app).noAlert)},
		{[]string{"Z"}, "Z", "", "silence alerts like this one for a while", "Act", []screen{overview, channel, alerts}, (*app).editSilence, acts((*app).noAlertAtAll)},
		{[]string{"d"}, "d", "", "end the selected silence", "Act", []screen{alerts}, (*app).endSilence, acts((*app).noSilence)},
		{[]string{"+"}, "+", "", "mark the alert as a true alarm, or take that back", "Act", []screen{alerts}, (*app).markTrue, acts((*app).noAlertAtAll)},
		{[]string{"-"}, "-", "", "mark the alert as a false alarm, or take that back", "Act", []screen{alerts}, (*app).markFalse, acts((*app).noAlertAtAll)},
		{[]string{"n"}, "n", "", "write a note on a day of the channel", "Act", []screen{overview, channel, alerts}, (*app).askNote, acts(isPast("a note is written in the present: 0 goes back to now"))},
		{[]string{"y"}, "y", "", "copy the line, the alert as text for a chat, or the lines for the config", "Act", nil, (*app).copyText, nil},
		{[]string{"o"}, "o", "", "open the page on the platform, or the runbook of an alert", "Act", []screen{channel, alerts}, (*app).openPage, (*app).noPage},
		{[]string{"x"}, "x", "", "export the table as it is shown", "Act", nil, (*app).export, nil},
		{[]string{"r"}, "r", "poll", "ask the sources now", "Act", nil, (*app).poll, acts(isPast("the past is not asked again: 0 goes back to now"))},

		{[]string{"m"}, "m", "", "mouse on or off; off, the terminal selects text", "Program", nil, did((*app).toggleMouse), nil},
		{[]string{"q", "ctrl+c"}, "q", "quit", "quit", "Program", nil, func(*app) tea.Cmd { return tea.Quit }, nil},
	}
}

// did makes a binding's work of what needs no command.
func did(work func(a *app)) func(a *app) tea.Cmd {
	return func(a *app) tea.Cmd {
		work(a)
		return nil
	}
}

func moves(m move) func(a *app) tea.Cmd { return did(func(a *app) { a.move(m) }) }

func nextFigure(by int) func(a *app) tea.Cmd {
	return did(func(a *app) { a.chartFigure((a.metric + by + len(charted)) % len(charted)) })
}

// acts blocks a key for those who may look only, and for what blocks it anyway.
func acts(blocked func(a *app) string) func(a *app) string {
	return func(a *app) string { return cmp.Or(a.o.barred(), blocked(a)) }
}

// isPast and isLive block keys that only work in the present, or in the past.
func isPast(why string) func(a *app) string {
	return func(a *app) string {
		if !a.wanted.AsOf.IsZero() {
			return why
		}
		return ""
	}
}

func isLive(a *app) string {
	if a.wanted.AsOf.IsZero() {
		return "this is the present: < steps back"
	}
	return ""
}

func (b *binding) on(s screen) bool { return b.screens == nil || slices.Contains(b.screens, s) }

// bound finds what key does on screen s; nil when nothing.
func bound(s screen, key string) *binding {
	for i := range keymap {
		if b := &keymap[i]; slices.Contains(b.keys, key) && b.on(s) {
			return b
		}
	}
	return nil
}

// why says why a key does nothing now, "" when it does something.
func (b *binding) why(a *app) string {
	switch {
	case !b.on(a.place.screen):
		return b.where() + " only"
	case a.snap == nil && b.group != "Program" && b.group != "Screens":
		return "nothing is known yet"
	case b.blocked != nil:
		return b.blocked(a)
	}
	return ""
}

// where names the screens on which a key works.
func (b *binding) where() string {
	if b.screens == nil {
		return "everywhere"
	}
	names := make([]string, len(b.screens))
	for i, s := range b.screens {
		names[i] = s.String()
	}
	return strings.Join(names, ", ")
}

// press does what a key means on the current screen, or says why it does
// nothing.
func (a *app) press(key string) tea.Cmd {
	b := bound(a.place.screen, key)
	if b == nil {
		for i := range keymap {
			if slices.Contains(keymap[i].keys, key) {
				a.notice = key + ": " + keymap[i].help + " — on " + keymap[i].where() + " only"
				return nil
			}
		}
		if len(key) == 1 {
			a.notice = key + " does nothing here: ? shows the keys"
		}
		return nil
	}
	if why := b.why(a); why != "" {
		a.notice = why
		return nil
	}
	return b.do(a)
}

// hint is one hint at the bottom, and the cells that it takes.
type hint struct {
	of       *binding
	from, to int
}

// helpHint is always there: it leads to the others.
const helpHint = " ? help"

// hints are those that fit into a width on a screen.
func hints(s screen, width int) []hint {
	var out []hint
	at := 1
	for i := range keymap {
		b := &keymap[i]
		if b.hint == "" || b.hint == "help" || !b.on(s) {
			continue
		}
		end := at + cells(b.label) + cells(b.hint) + 1
		if end+2+len(helpHint) > width {
			break
		}
		out = append(out, hint{b, at, end})
		at = end + 2
	}
	return out
}

// hintLine draws the bottom line of a screen.
func (st *Styles) hintLine(s screen, from, width int) func(p *pen) {
	return func(p *pen) {
		for _, h := range hints(s, width-from) {
			p.to(from + h.from)
			p.write(st.accent, h.of.label)
			p.write(st.dim, " "+h.of.hint)
		}
		p.to(width - len(helpHint) - 1)
		p.write(st.accent, helpHint[:2])
		p.left(st.dim, helpHint[2:], max(0, width-p.at))
	}
}

// KeyTable renders the keymap as a Markdown table, for the README.
func KeyTable() string {
	var out strings.Builder
	out.WriteString("| key | does | where |\n|---|---|---|\n")
	for i := range keymap {
		b := &keymap[i]
		fmt.Fprintf(&out, "| `%s` | %s | %s |\n", strings.ReplaceAll(b.label, " ", "` `"), b.help, b.where())
	}
	return out.String()
}
