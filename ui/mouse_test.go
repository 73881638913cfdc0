package ui

import (
	"slices"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
)

// clickAt clicks a cell with the left button.
func clickAt(a *app, x, y int) tea.Cmd {
	_, cmd := a.Update(tea.MouseClickMsg{X: x, Y: y, Button: tea.MouseLeft})
	return cmd
}

// whereIs is the cell at which text stands on the screen.
func whereIs(t *testing.T, a *app, text string) (x, y int) {
	t.Helper()
	for y, line := range strings.Split(screenText(a), "\n") {
		if at := strings.Index(line, text); at >= 0 {
			return ansi.StringWidth(line[:at]), y
		}
	}
	t.Fatalf("%q is not on the screen:\n%s", text, screenText(a))
	return 0, 0
}

func TestClickSelectsALineAndOpensTheSelectedOne(t *testing.T) {
	a := testApp(120, 32, looks[3])
	x, y := whereIs(t, a, "LinkedIn")
	if clickAt(a, x, y); a.channels.selected() != "LinkedIn" || a.place.screen != overview {
		t.Errorf("a click selects %q on %v", a.channels.selected(), a.place.screen)
	}
	if clickAt(a, x+40, y); a.place.channel != "LinkedIn" {
		t.Errorf("a click on the selected line opens %q", a.place.channel)
	}
	press(a, "2")
	x, y = whereIs(t, a, "Google Search ROAS 3.62")
	clickAt(a, x, y)
	if a.alertList.selected() != "3" {
		t.Errorf("alert %s is selected", a.alertList.selected())
	}
	if clickAt(a, x, y); a.place.alert != "3" {
		t.Errorf("alert %q is opened", a.place.alert)
	}
}

func TestClickOnATitleSortsByIt(t *testing.T) {
	a := testApp(200, 50, looks[3])
	for _, c := range a.channels.columns {
		a.View()
		if !slices.Contains(a.channels.grid.columns, c) || !c.sorts() {
			continue
		}
		y := a.tableTop
		titles := strings.Split(screenText(a), "\n")[y]
		x := ansi.StringWidth(titles[:strings.Index(titles, "  "+c.title)]) + 2
		clickAt(a, x, y)
		if a.channels.Sort != c.key || a.channels.Reverse {
			t.Errorf("a click on %s sorts by %q", c.title, a.channels.Sort)
		}
		if clickAt(a, x, y); !a.channels.Reverse {
			t.Errorf("a second click on %s does not reverse the order", c.title)
		}
		press(a, "down")
	}
	x, y := whereIs(t, a, "CHANNEL")
	if clickAt(a, x, y); a.channels.Sort != nameKey {
		t.Errorf("a click on the title of the names sorts by %q", a.channels.Sort)
	}
	press(a, "down")
	x, y = whereIs(t, a, "TREND")
	before := a.channels.state()
	if clickAt(a, x, y); a.channels.state().Sort != before.Sort {
		t.Error("a click on a column that cannot be sorted by sorts")
	}
}

func TestClickInTheHeaderLeadsWhereItPoints(t *testing.T) {
	for _, width := range []int{80, 120, 200} {
		a := testApp(width, 32, looks[3])
		x, y := whereIs(t, a, "▲ 2 firing")
		if clickAt(a, x+3, y); a.place.screen != alerts {
			t.Errorf("at %d cells, the firing alerts lead to %v", width, a.place.screen)
		}
		x, y = whereIs(t, a, "1/4 sources")
		if clickAt(a, x+3, y); a.place.screen != sources {
			t.Errorf("at %d cells, the sources lead to %v", width, a.place.screen)
		}
		x, y = whereIs(t, a, "adtop")
		if clickAt(a, x, y); a.place.screen != overview {
			t.Errorf("at %d cells, the name leads to %v", width, a.place.screen)
		}
	}
	a := testApp(120, 32, looks[3])
	a.alarm, a.ringing, a.stale = "TikTok unprofitable", "1", true
	x, y := whereIs(t, a, "NEW  TikTok")
	if clickAt(a, x, y); a.place.alert != "1" || a.alarm != "" {
		t.Errorf("a click on a new alert leads to %+v", a.place)
	}
}

func TestClickOnAHintDoesWhatItsKeyDoes(t *testing.T) {
	for _, filter := range []string{"", "roas>0", "東京都"} { // it moves the hints
		a := testApp(160, 32, looks[3])
		a.channels.setFilter(filter)
		a.stale = true
		x, y := whereIs(t, a, "3 sources  ") // behind it stands another hint
		if y != a.height-1 {
			t.Fatalf("hints stand on line %d", y)
		}
		if clickAt(a, x+8, y); a.place.screen != sources {
			t.Errorf("with the filter %q, the hint of sources leads to %v", filter, a.place.screen)
		}
		press(a, "1")
		a.stale = true
		x, y = whereIs(t, a, "t range")
		if clickAt(a, x, y); len(a.dialogs) != 1 {
			t.Errorf("with the filter %q, the hint of the range opens nothing", filter)
		}
		press(a, "esc")
		x, y = whereIs(t, a, "? help")
		clickAt(a, x+2, y)
		if _, help := a.dialogs[0].(*helpDialog); !help {
			t.Errorf("with the filter %q, the hint of help opens nothing", filter)
		}
	}
}

func TestWheelMovesWhatHasTheFocus(t *testing.T) {
	a := testApp(120, 32, looks[3])
	first := a.channels.selected()
	a.Update(tea.MouseWheelMsg{Button: tea.MouseWheelDown})
	if a.channels.selected() == first {
		t.Error("the wheel does not move the cursor")
	}
	a.Update(tea.MouseWheelMsg{Button: tea.MouseWheelUp})
	if a.channels.selected() != first {
		t.Error("the wheel does not move the cursor back")
	}
	press(a, "tab", "tab")
	a.Update(tea.MouseWheelMsg{Button: tea.MouseWheelDown})
	if a.alertAt != "2" {
		t.Errorf("with the focus on the alerts, the wheel leads to alert %q", a.alertAt)
	}
}

func TestMouseIsOffUntilItIsWantedAndMeansNothingUnderADialog(t *testing.T) {
	a := testApp(120, 32, looks[3])
	if a.View().MouseMode != tea.MouseModeNone {
		t.Error("the mouse is on: the terminal cannot select text")
	}
	if press(a, "m"); a.View().MouseMode != tea.MouseModeCellMotion || !a.state().Mouse {
		t.Error("m does not turn the mouse on")
	}
	x, y := whereIs(t, a, "LinkedIn")
	press(a, "t")
	if clickAt(a, x, y); a.channels.selected() == "LinkedIn" {
		t.Error("a click goes through a dialog")
	}
	press(a, "esc")
	for _, cell := range [][2]int{{0, 31}, {119, 31}, {119, 0}, {60, 1}, {5, 3}, {0, 20}, {119, 25}} {
		clickAt(a, cell[0], cell[1]) // nothing, or something: no panic
		if mistake := frameMistake(a); mistake != "" {
			t.Errorf("a click at %v: %s", cell, mistake)
		}
		press(a, "esc", "1")
	}
}
