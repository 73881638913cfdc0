package ui

import (
	tea "charm.land/bubbletea/v2"
)

// pointer follows the mouse. The wheel moves what has the focus. A click
// selects a line, and opens it when it was selected; on a title it sorts; in
// the header it leads where it points; on a hint it does what the key does.
func (a *app) pointer(msg tea.MouseMsg) tea.Cmd {
	if len(a.dialogs) > 0 || a.snap == nil {
		return nil
	}
	a.stale = true
	switch msg := msg.(type) {
	case tea.MouseWheelMsg:
		switch msg.Button {
		case tea.MouseWheelUp:
			a.move(lineUp)
		case tea.MouseWheelDown:
			a.move(lineDown)
		}
	case tea.MouseClickMsg:
		if msg.Button == tea.MouseLeft {
			a.notice = ""
			return a.click(msg.X, msg.Y)
		}
	}
	return nil
}

func (a *app) click(x, y int) tea.Cmd {
	switch {
	case y == 0 && a.alarm != "":
		return a.openNewest()
	case y == 0:
		return a.clickHeader(x)
	case y == a.height-1:
		from := a.st.width(a.filterText())
		for _, h := range hints(a.place.screen, a.width-from) {
			if x >= from+h.from && x < from+h.to {
				return a.press(h.of.keys[0])
			}
		}
		if x >= a.width-len(helpHint)-1 {
			return a.openHelp()
		}
	case a.tableTop >= 0 && y == a.tableTop:
		a.list().clickTitle(x)
		a.saySort()
	case a.tableTop >= 0 && y > a.tableTop:
		hit, again := a.list().click(y - a.tableTop - 1)
		if hit {
			a.focus[a.place.screen] = tablePanel
		}
		if hit && again {
			return a.press("enter")
		}
	}
	return nil
}

// clickHeader leads to the overview, to alerts or to sources.
func (a *app) clickHeader(x int) tea.Cmd {
	if x < cells(" adtop ") {
		a.switchTo(overview)
		return nil
	}
	pieces, width := a.standing(a.width - 20)
	at := a.width - width
	for _, p := range pieces {
		end := at + a.st.width(p.text)
		if x >= at && x < end {
			a.switchTo(p.leads)
		}
		at = end + 2
	}
	return nil
}
