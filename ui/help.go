package ui

import (
	"strings"

	tea "charm.land/bubbletea/v2"
)

// helpDialog fills the screen with the keys that work here, those that do not
// and why, and what the marks mean.
type helpDialog struct{ top int }

func (a *app) openHelp() tea.Cmd {
	a.ask(&helpDialog{})
	return nil
}

func (d *helpDialog) key(a *app, msg tea.KeyPressMsg) (tea.Cmd, bool) {
	key := msg.String()
	if key == "ctrl+c" || key == "q" {
		return tea.Quit, true
	}
	ways := map[string]move{"j": lineDown, "down": lineDown, "k": lineUp, "up": lineUp, "pgdown": pageDown, "space": pageDown, "ctrl+d": pageDown,
		"pgup": pageUp, "ctrl+u": pageUp, "g": toFirst, "home": toFirst, "G": toLast, "end": toLast}
	way, scrolls := ways[key]
	if scrolls {
		d.top = way.from(d.top, 200, max(1, a.height/2))
	}
	return nil, !scrolls
}

func (d *helpDialog) paste(*app, string) {}

func (d *helpDialog) draw(a *app, width, height int) []string {
	lines := a.helpLines(width)
	if height-1 < len(lines) && width >= 160 {
		lines = twoColumns(a.helpLines(width/2), a.helpLines(width-width/2), width)
	}
	d.top = min(d.top, max(0, len(lines)-height+1))
	lines = fill(lines[d.top:], width, height-1)
	return append(lines, a.st.textLine(a.st.faint, " ↑↓ scroll  esc close", width))
}

// twoColumns puts the second half of right beside the first half of left.
func twoColumns(left, right []string, width int) []string {
	half := (len(left) + 1) / 2
	var out []string
	for i := range half {
		other := strings.Repeat(" ", width-width/2)
		if half+i < len(right) {
			other = right[half+i]
		}
		out = append(out, left[i]+other)
	}
	return out
}

// helpLines are the keymap and what the marks mean, in one column.
func (a *app) helpLines(width int) []string {
	st := a.st
	lines := []string{st.rule("Keys on this screen", width)}
	var idle []*binding
	for _, group := range groups {
		title := false
		for i := range keymap {
			b := &keymap[i]
			if b.group != group {
				continue
			}
			if b.why(a) != "" {
				idle = append(idle, b)
				continue
			}
			if !title {
				lines, title = append(lines, st.textLine(st.heading, "  "+group, width)), true
			}
			lines = append(lines, st.keyLine(b, b.help, st.text, width))
		}
	}
	if len(idle) > 0 {
		lines = append(lines, st.textLine(st.heading, "  Not now", width))
		for _, b := range idle {
			lines = append(lines, st.keyLine(b, b.help+" — "+b.why(a), st.faint, width))
		}
	}
	lines = append(lines, st.textLine(st.heading, "  Reading", width))
	for _, text := range []string{
		missing + "     not told, or nothing to divide by; never a zero",
		">120  no conversion yet: the CPA is above this",
		"█▌    maturity: the share of final conversions seen",
		"dim   below 50% maturity: too young to judge",
		"97%   after a verdict: how sure it is a loss",
		"Δ     against the period compared with; its colour tells better from worse",
		"·     in a trend: nothing known of that day",
		noteMark + "     under a chart: somebody wrote a note on that day",
	} {
		lines = append(lines, st.textLine(st.dim, "    "+text, width))
	}
	return lines
}

func (st *Styles) keyLine(b *binding, text string, look style, width int) string {
	return st.line(width, func(p *pen) {
		p.gap(4)
		p.left(st.accent, b.label, max(6, cells(b.label)+1))
		p.left(look, text, max(0, width-p.at))
	})
}
