package ui

import (
	"fmt"
	"slices"
	"strings"
)

// action is what a key does.
type action int

const (
	none action = iota
	open
	back
	down
	up
	pageDown
	pageUp
	first
	last
	overviewScreen
	alertsScreen
	sourcesScreen
	sortNext
	sortReverse
	filterText
	nextRange
	nextMetric
	ackAlert
	snoozeAlert
	markTrue
	markFalse
	pollNow
	toggleMouse
	showHelp
	quit
)

// screen is one of the screens.
type screen int

const (
	overview screen = iota
	channel
	alerts
	sources
	screenCount
)

var screenNames = [screenCount]string{"overview", "channel", "alerts", "sources"}

func (s screen) String() string { return screenNames[s] }

// binding ties keys to an action. The keymap is the only place where keys are
// named: the help, the hints at the bottom and the table of the README come
// from it.
type binding struct {
	action  action
	keys    []string // as Bubble Tea names them
	label   string   // as people name them
	hint    string   // at the bottom of the screen, "" to leave it out
	help    string
	group   string
	screens []screen // nil: everywhere
}

var keymap = []binding{
	{open, []string{"enter"}, "↵", "open", "open the selected channel", "Move", []screen{overview}},
	{back, []string{"esc", "backspace"}, "esc", "back", "go back; clear the filter; dismiss a notice", "Move", []screen{channel, alerts, sources}},
	{back, []string{"esc"}, "esc", "", "clear the filter", "Move", []screen{overview}},
	{down, []string{"j", "down"}, "j ↓", "", "next line", "Move", nil},
	{up, []string{"k", "up"}, "k ↑", "", "previous line", "Move", nil},
	{pageDown, []string{"pgdown", "ctrl+d", "space"}, "pgdn", "", "a page down", "Move", nil},
	{pageUp, []string{"pgup", "ctrl+u"}, "pgup", "", "a page up", "Move", nil},
	{first, []string{"g", "home"}, "g", "", "first line", "Move", nil},
	{last, []string{"G", "end"}, "G", "", "last line", "Move", nil},
	{overviewScreen, []string{"1"}, "1", "", "overview", "Screens", nil},
	{alertsScreen, []string{"2"}, "2", "alerts", "alerts, open and recent, and why", "Screens", nil},
	{sourcesScreen, []string{"3"}, "3", "sources", "sources: health, age, what to do", "Screens", nil},
	{nextRange, []string{"t"}, "t", "range", "next range: today, yesterday, 7d, 14d, 30d, month", "Show", []screen{overview, channel}},
	{sortNext, []string{"s"}, "s", "sort", "sort by the next column", "Show", []screen{overview}},
	{sortReverse, []string{"S"}, "S", "", "reverse the order", "Show", []screen{overview}},
	{filterText, []string{"/"}, "/", "filter", "show only lines with a text", "Show", nil},
	{nextMetric, []string{"tab"}, "tab", "metric", "chart the next metric", "Show", []screen{overview, channel}},
	{ackAlert, []string{"a"}, "a", "ack", "acknowledge the alert, or take that back", "Act", []screen{overview, channel, alerts}},
	{snoozeAlert, []string{"z"}, "z", "snooze", "snooze the alert until today's figures are complete, or wake it", "Act", []screen{overview, channel, alerts}},
	{markTrue, []string{"+"}, "+", "", "mark the alert as a true alarm, or take that back", "Act", []screen{alerts}},
	{markFalse, []string{"-"}, "-", "", "mark the alert as a false alarm, or take that back", "Act", []screen{alerts}},
	{pollNow, []string{"r"}, "r", "poll", "ask the sources now", "Act", nil},
	{toggleMouse, []string{"m"}, "m", "", "mouse on or off", "Act", nil},
	{showHelp, []string{"?", "f1"}, "?", "help", "this help", "Act", nil},
	{quit, []string{"q", "ctrl+c"}, "q", "quit", "quit", "Act", nil},
}

// actionOf finds what key does on screen s.
func actionOf(s screen, key string) action {
	for i := range keymap {
		b := &keymap[i]
		if slices.Contains(b.keys, key) && b.on(s) {
			return b.action
		}
	}
	return none
}

func (b *binding) on(s screen) bool { return b.screens == nil || slices.Contains(b.screens, s) }

// hints draws the bottom line of a screen.
func (st *Styles) hints(s screen, width int) string {
	const help = " ? help" // always there: it leads to the others
	return st.line(width, func(p *pen) {
		p.gap(1)
		for i := range keymap {
			b := &keymap[i]
			if b.hint == "" || b.action == showHelp || !b.on(s) {
				continue
			}
			if p.at+cells(b.label)+cells(b.hint)+3+len(help) > width {
				break
			}
			p.write(st.accent, b.label)
			p.write(st.dim, " "+b.hint+"  ")
		}
		p.to(width - len(help) - 1)
		p.write(st.accent, help[:2])
		p.left(st.dim, help[2:], width-p.at)
	})
}

// KeyTable renders the keymap as a Markdown table, for the README.
func KeyTable() string {
	var out strings.Builder
	out.WriteString("| key | does | where |\n|---|---|---|\n")
	for i := range keymap {
		b := &keymap[i]
		where := "everywhere"
		if b.screens != nil {
			names := make([]string, len(b.screens))
			for i, s := range b.screens {
				names[i] = s.String()
			}
			where = strings.Join(names, ", ")
		}
		fmt.Fprintf(&out, "| `%s` | %s | %s |\n", strings.ReplaceAll(b.label, " ", "` `"), b.help, where)
	}
	return out.String()
}
