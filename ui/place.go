package ui

import (
	"adtop/snapshot"
)

// screen is one of the screens.
type screen int

const (
	overview screen = iota
	channel
	alerts
	sources
	unclaimed
	screenCount
)

var screenNames = [screenCount]string{"overview", "channel", "alerts", "sources", "unclaimed"}

func (s screen) String() string { return screenNames[s] }

// place is where the user is: a screen and what was opened on it.
type place struct {
	screen  screen
	channel string          // on the channel screen
	account accountID       // that it is narrowed to
	inside  snapshot.Inside // that is taken apart
	alert   string          // on the alerts screen: id of the one that was opened
	// names of the account, the campaign and the ad group, as they were opened.
	names [3]string
}

type accountID struct{ source, id string }

// crumbs are the names of the way to a place.
func (at place) crumbs() []string {
	switch at.screen {
	case channel:
		out := []string{at.channel}
		for _, name := range at.names {
			if name != "" {
				out = append(out, name)
			}
		}
		return out
	case alerts:
		return []string{"Alerts"}
	case sources:
		return []string{"Sources"}
	case unclaimed:
		return []string{"Unclaimed"}
	}
	return nil
}

// goTo moves to a place; esc leads back.
func (a *app) goTo(to place) {
	if to == a.place {
		return
	}
	a.trail = append(a.trail, visit{a.place, a.list().selected()})
	if len(a.trail) > 50 {
		a.trail = a.trail[1:]
	}
	a.arrive(to)
}

// visit is a place with the line that was selected there.
type visit struct {
	place  place
	cursor string
}

// switchTo moves to one of the screens that have a number.
func (a *app) switchTo(s screen) {
	a.trail = nil
	if s != overview {
		a.trail = []visit{{cursor: a.channels.selected()}}
	}
	a.arrive(place{screen: s})
}

func (a *app) arrive(to place) {
	if to.screen != a.place.screen {
		a.expanded = false
	}
	if to.channel != a.place.channel || to.inside != a.place.inside || to.account != a.place.account {
		a.scrolled[channel] = [panelCount]int{}
		a.campaigns.cursor, a.campaigns.top = "", 0
	}
	if to.screen == alerts { // it is in sight there
		a.hush()
	}
	a.place, a.reading = to, -1
	a.want()
	a.arrange()
}

// goBack takes back the last step: an expanded panel, a filter, a place.
func (a *app) goBack() {
	switch t := a.list(); {
	case a.expanded:
		a.expanded = false
	case a.focused() != tablePanel && a.place.alert == "":
		a.focus[a.place.screen] = tablePanel
	case t.state().Filter != "":
		t.setFilter("")
	case len(a.trail) > 0:
		last := a.trail[len(a.trail)-1]
		a.trail = a.trail[:len(a.trail)-1]
		a.arrive(last.place)
		a.list().choose(last.cursor)
	}
}

// historyDays is how far back the alerts screen lists what ended.
const historyDays = 90

// want asks the monitor for the picture that the place needs.
func (a *app) want() {
	if wanted := a.place.of(a.wanted); wanted != a.wanted {
		a.wanted = wanted
		a.bridge.show(wanted)
	}
}

// of is the view of the same days and moment that the place shows.
func (at place) of(view snapshot.View) snapshot.View {
	view.Campaigns, view.Inside, view.Alert, view.Ended = "", snapshot.Inside{}, at.alert, 0
	view.Unclaimed = at.screen == unclaimed
	switch at.screen {
	case alerts:
		view.Ended = historyDays
	case channel:
		view.Campaigns, view.Inside = at.channel, at.inside
	}
	return view
}

// panel is a part of a screen that can have the focus.
type panel int

const (
	tablePanel panel = iota
	chartPanel       // on the alerts screen: why
	sidePanel        // alerts, evidence, silences
	panelCount
)

// panels are those of a screen, in the order of the key that steps through them.
var panels = [screenCount][]panel{
	overview:  {tablePanel, chartPanel, sidePanel},
	channel:   {tablePanel, chartPanel, sidePanel},
	alerts:    {tablePanel, chartPanel, sidePanel},
	sources:   {tablePanel, sidePanel},
	unclaimed: {tablePanel, sidePanel},
}

// focused is the panel that has the focus. An alert that was opened has it.
func (a *app) focused() panel {
	if a.place.alert != "" {
		return chartPanel
	}
	return a.focus[a.place.screen]
}

// focusNext moves the focus by so many panels.
func (a *app) focusNext(by int) {
	all := panels[a.place.screen]
	at := 0
	for i, p := range all {
		if p == a.focused() {
			at = i
		}
	}
	a.focus[a.place.screen] = all[(at+by+len(all))%len(all)]
}
