package ui

import (
	tea "charm.land/bubbletea/v2"
)

// dialog asks the user for something. Dialogs lie on a stack: the topmost takes
// the keys and stands at the bottom of the screen, whose rest stays in sight.
type dialog interface {
	// key takes a key. close takes the dialog off the stack.
	key(a *app, msg tea.KeyPressMsg) (cmd tea.Cmd, close bool)
	paste(a *app, text string)
	// draw renders it in at most height lines of exactly width cells.
	draw(a *app, width, height int) []string
}

// ask puts a dialog on top.
func (a *app) ask(d dialog) {
	a.dialogs, a.stale = append(a.dialogs, d), true
}

// dialogKey hands a key to the topmost dialog.
func (a *app) dialogKey(msg tea.KeyPressMsg) tea.Cmd {
	d := a.dialogs[len(a.dialogs)-1]
	cmd, done := d.key(a, msg)
	if done {
		for i, open := range a.dialogs { // its work may have put another on top
			if open == d {
				a.dialogs = append(a.dialogs[:i:i], a.dialogs[i+1:]...)
				break
			}
		}
	}
	return cmd
}

// prompt asks for one line of text.
type prompt struct {
	label string
	hint  string // what the text may look like
	input input
	// changed, where it is set, is told of every change. Its error is shown.
	changed func(text string) error
	// accept takes the text; with an error the prompt stays and shows it.
	accept func(text string) (tea.Cmd, error)
	cancel func()
	err    error
}

func (d *prompt) key(_ *app, msg tea.KeyPressMsg) (tea.Cmd, bool) {
	switch msg.String() {
	case "enter":
		cmd, err := d.accept(d.input.String())
		d.err = err
		return cmd, err == nil
	case "esc", "ctrl+g":
		if d.cancel != nil {
			d.cancel()
		}
		return nil, true
	case "ctrl+c":
		return tea.Quit, true
	}
	if d.input.key(msg) {
		d.edited()
	}
	return nil, false
}

func (d *prompt) edited() {
	d.err = nil
	if d.changed != nil {
		d.err = d.changed(d.input.String())
	}
}

func (d *prompt) paste(_ *app, text string) {
	d.input.insert(text)
	d.edited()
}

func (d *prompt) draw(a *app, width, height int) []string {
	st := a.st
	var lines []string
	if d.err != nil && height > 1 {
		lines = append(lines, st.textLine(st.warn, " ! "+d.err.Error(), width))
	}
	return append(lines, st.line(width, func(p *pen) {
		p.write(st.accent, p.cut(" "+d.label+" ", width/2))
		hint := d.hint
		room := width - p.at - 1
		if p.width(hint)+12 > room/2 {
			hint = ""
		}
		d.input.draw(p, room-p.width(hint)-1)
		p.gap(1)
		p.left(st.faint, hint, max(0, width-p.at))
	}))
}
