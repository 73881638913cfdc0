package ui

import "strings"

// helpLines are the keymap and what the marks mean, in one column.
func (st *Styles) helpLines(width int) []string {
	lines := []string{st.textLine(st.text, "", width)}
	for _, group := range []string{"Move", "Screens", "Show", "Act"} {
		lines = append(lines, st.textLine(st.heading, "  "+group, width))
		for i := range keymap {
			b := &keymap[i]
			if b.group != group {
				continue
			}
			lines = append(lines, st.line(width, func(p *pen) {
				p.gap(4)
				p.left(st.accent, b.label, 6)
				p.left(st.text, b.help, width-p.at)
			}))
		}
	}
	lines = append(lines, st.textLine(st.heading, "  Reading", width))
	for _, text := range []string{
		missing + "     not told, or nothing to divide by; never a zero",
		">120  no conversion yet: the CPA is above this",
		"█▌    maturity: the share of final conversions seen",
		"dim   below 50% maturity: too young to judge",
		"97%   after a verdict: how sure it is a loss",
	} {
		lines = append(lines, st.textLine(st.dim, "    "+text, width))
	}
	return lines
}

// help fills a screen, in two columns where one is too short, from line top on.
func (st *Styles) help(width, height, top int) []string {
	lines := st.helpLines(width)
	if height < len(lines) && width >= 110 {
		left, right := st.helpLines(width/2), st.helpLines(width-width/2)
		half := (len(left) + 1) / 2
		lines = lines[:0]
		for i := range half {
			other := strings.Repeat(" ", width-width/2)
			if half+i < len(right) {
				other = right[half+i]
			}
			lines = append(lines, left[i]+other)
		}
	}
	top = min(top, max(0, len(lines)-height))
	return fill(lines[top:], width, height)
}
