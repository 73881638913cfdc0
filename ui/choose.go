package ui

import (
	"slices"

	tea "charm.land/bubbletea/v2"
)

// columnPicker chooses and orders the columns of a table.
type columnPicker struct {
	table   list
	choices []columnChoice
	at, top int
}

func (a *app) chooseColumns() tea.Cmd {
	a.ask(&columnPicker{table: a.list(), choices: a.list().choices()})
	return nil
}

func (d *columnPicker) key(a *app, msg tea.KeyPressMsg) (tea.Cmd, bool) {
	switch msg.String() {
	case "esc", "enter", "q":
		return nil, true
	case "ctrl+c":
		return tea.Quit, true
	case "down", "j":
		d.at = lineDown.from(d.at, len(d.choices), 1)
	case "up", "k":
		d.at = lineUp.from(d.at, len(d.choices), 1)
	case "space", "x":
		d.choices[d.at].on = !d.choices[d.at].on
		d.apply(a)
	case "J", "shift+down", "right":
		d.swap(a, 1)
	case "K", "shift+up", "left":
		d.swap(a, -1)
	case "r":
		d.table.setColumns(nil)
		d.choices, a.stale = d.table.choices(), true
	}
	return nil, false
}

func (d *columnPicker) swap(a *app, by int) {
	to := d.at + by
	if to < 0 || to >= len(d.choices) {
		return
	}
	d.choices[d.at], d.choices[to] = d.choices[to], d.choices[d.at]
	d.at = to
	d.apply(a)
}

// apply sets the table up as it is chosen. The last column stays.
func (d *columnPicker) apply(a *app) {
	var keys []string
	for _, c := range d.choices {
		if c.on {
			keys = append(keys, c.key)
		}
	}
	if len(keys) == 0 {
		d.choices[d.at].on = true
		keys = []string{d.choices[d.at].key}
	}
	d.table.setColumns(slices.Clip(keys))
	a.stale = true
}

func (d *columnPicker) paste(*app, string) {}

func (d *columnPicker) draw(a *app, width, height int) []string {
	st := a.st
	lines := []string{st.rule("Columns, in their order", width)}
	room := max(1, min(height-2, len(d.choices), max(8, height/2)))
	d.top = scroll(d.top, d.at, len(d.choices), room)
	for i := d.top; i < min(len(d.choices), d.top+room); i++ {
		c := &d.choices[i]
		p := newPen(st, i == d.at)
		if i == d.at {
			p.write(st.accent, "›")
		}
		p.to(2)
		box := map[bool]string{true: "[x] ", false: "[ ] "}[c.on]
		p.write(st.accent, box)
		p.left(st.text, c.title, 12)
		p.left(st.dim, c.help, max(0, width-p.at))
		lines = append(lines, p.end(width))
	}
	return append(lines, st.textLine(st.faint, " space on/off  J K move  r as usual  ↵ done; what does not fit is left out", width))
}
