package ui

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/sahilm/fuzzy"
)

// choice is one line of a menu.
type choice struct {
	label  string
	detail string // at the end of the line: a key, a value
	key    string // picks it at once, in a menu that is not searched; may be ""
	do     func() tea.Cmd
}

// menu is a list to pick from. A searched one has a line to type in, and shows
// what matches best.
type menu struct {
	title    string
	choices  []choice
	searched bool
	input    input
	shown    []int // indices of choices, as they stand
	at       int   // of shown
	top      int
}

// newMenu makes a menu to move in, whose cursor begins at a choice.
func newMenu(title string, choices []choice, at int) *menu {
	m := &menu{title: title, choices: choices, at: max(0, at)}
	m.search()
	return m
}

// newSearch makes a menu to type in.
func newSearch(title string, choices []choice) *menu {
	m := &menu{title: title, choices: choices, searched: true, input: newInput("", 80)}
	m.search()
	return m
}

// search ranks the choices by how well they match what was typed.
func (m *menu) search() {
	m.shown = m.shown[:0]
	text := strings.TrimSpace(m.input.String())
	if text == "" {
		for i := range m.choices {
			m.shown = append(m.shown, i)
		}
		return
	}
	labels := make([]string, len(m.choices))
	for i := range m.choices {
		labels[i] = strings.ToLower(m.choices[i].label)
	}
	for _, match := range fuzzy.Find(strings.ToLower(text), labels) {
		m.shown = append(m.shown, match.Index)
	}
}

func (m *menu) key(_ *app, msg tea.KeyPressMsg) (tea.Cmd, bool) {
	key := msg.String()
	switch key {
	case "esc", "ctrl+g":
		return nil, true
	case "ctrl+c":
		return tea.Quit, true
	case "enter":
		return m.pick(m.at)
	case "down", "ctrl+n", "tab":
		m.move(lineDown)
		return nil, false
	case "up", "ctrl+p", "shift+tab":
		m.move(lineUp)
		return nil, false
	case "pgdown":
		m.move(pageDown)
		return nil, false
	case "pgup":
		m.move(pageUp)
		return nil, false
	}
	if m.searched {
		if m.input.key(msg) {
			m.at = 0
			m.search()
		}
		return nil, false
	}
	if at := slices.IndexFunc(m.choices, func(c choice) bool { return c.key != "" && c.key == key }); at >= 0 {
		return m.pick(at)
	}
	switch key {
	case "j":
		m.move(lineDown)
	case "k":
		m.move(lineUp)
	case "g", "home":
		m.move(toFirst)
	case "G", "end":
		m.move(toLast)
	case "q":
		return nil, true
	}
	return nil, false
}

func (m *menu) move(way move) { m.at = way.from(m.at, len(m.shown), 8) }

func (m *menu) pick(at int) (tea.Cmd, bool) {
	if at >= len(m.shown) {
		return nil, false
	}
	return m.choices[m.shown[at]].do(), true
}

func (m *menu) paste(_ *app, text string) {
	if m.searched {
		m.input.insert(text)
		m.at = 0
		m.search()
	}
}

func (m *menu) draw(a *app, width, height int) []string {
	st := a.st
	lines := []string{st.rule(m.title, width)}
	if m.searched {
		lines = append(lines, st.line(width, func(p *pen) {
			p.write(st.accent, " : ")
			m.input.draw(p, width-p.at-1)
		}))
	}
	room := max(1, min(height-len(lines)-1, len(m.shown), max(8, height/2)))
	m.top = scroll(m.top, m.at, len(m.shown), room)
	for i := m.top; i < min(len(m.shown), m.top+room); i++ {
		lines = append(lines, m.line(st, &m.choices[m.shown[i]], i == m.at, width))
	}
	if len(m.shown) == 0 {
		lines = append(lines, st.textLine(st.dim, "   nothing like this", width))
	}
	foot := " ↵ pick  ↑↓ move  esc leave"
	if more := len(m.shown) - room; more > 0 {
		foot += "  (" + st.whole(float64(more)) + " more)"
	}
	return append(lines, st.textLine(st.faint, foot, width))
}

func (m *menu) line(st *Styles, c *choice, selected bool, width int) string {
	p := newPen(st, selected)
	if selected {
		p.write(st.accent, "›")
	}
	p.to(2)
	if c.key != "" && !m.searched {
		p.write(st.accent, c.key+" ")
	}
	detail := p.cut(c.detail, width/3)
	p.left(st.text, c.label, max(0, width-p.at-p.width(detail)-2))
	p.gap(1)
	p.write(st.dim, detail)
	return p.end(width)
}
