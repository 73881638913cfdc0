package ui

import (
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"adtop/kpi"
	"adtop/snapshot"
)

// app is the one tea.Model. Its panels are drawn by plain functions; what is
// dear to draw is kept from frame to frame.
type app struct {
	o       Options
	bridge  *bridge
	st      *Styles
	profile colorprofile.Profile
	dark    bool

	snap     *snapshot.Snapshot // nil until the first arrives
	received time.Time          // when it did, on the real clock
	wanted   snapshot.View      // what was asked of the monitor

	width, height int
	screen        screen
	opened        string // the channel on the channel screen
	helping       bool
	helpTop       int  // first line of the help shown
	typing        bool // the filter is being typed
	mouse         bool
	sortKey       string
	reverse       bool
	metric        int
	filter        [screenCount]string
	cursor        [screenCount]string // id of the selected line
	top           [screenCount]int    // first line shown
	notice        string              // what came of the last key, until the next one
	band          string              // a new alert, until the next key
	fired         map[string]bool     // alerts that the user has been told of

	channels  []*row // filtered and sorted
	total     plot   // of the chart on the overview
	campaigns []*row // of the opened channel
	rowCache  rowCache
	charts    [screenCount]chartCache
	alertPane alertCache
	frame     string
	stale     bool // frame has to be drawn again
}

func newApp(o Options, b *bridge, profile colorprofile.Profile) *app {
	a := &app{
		o: o, bridge: b, profile: profile, dark: o.Theme != "light", fired: map[string]bool{},
		sortKey: o.State.Sort, reverse: o.State.Reverse, wanted: o.view(), stale: true,
		width: o.Size.Width, height: o.Size.Height,
	}
	a.filter[overview] = o.State.Filter
	for s, name := range screenNames {
		if name == o.State.Screen && screen(s) != channel {
			a.screen = screen(s)
		}
	}
	if a.sortKey == "" {
		a.sortKey = verdictColumn.key
	}
	a.st = newStyles(profile, a.dark)
	if o.First != nil {
		a.take(o.First)
	}
	return a
}

// state is what the next start restores.
func (a *app) state() State {
	at := a.screen
	if at == channel {
		at = overview
	}
	return State{Screen: at.String(), Sort: a.sortKey, Reverse: a.reverse, Range: a.wanted.Range.String(), Filter: a.filter[overview]}
}

// Init asks for what only the terminal knows, without waiting for it.
func (a *app) Init() tea.Cmd {
	var commands []tea.Cmd
	if a.o.Theme != "dark" && a.o.Theme != "light" {
		commands = append(commands, tea.RequestBackgroundColor)
	}
	if a.o.remote() {
		commands = append(commands, synchronizedOutput)
	}
	return tea.Batch(commands...)
}

// take accepts a picture. It returns true when an alert began to fire since
// the one before.
func (a *app) take(s *snapshot.Snapshot) bool {
	isFirst := a.snap == nil
	a.snap, a.received = s, a.o.Now()
	rang := false
	firing := make(map[string]bool, len(a.fired))
	for i := range s.Alerts {
		alert := &s.Alerts[i]
		if !alert.Asks() {
			continue
		}
		firing[alert.ID] = true
		if !a.fired[alert.ID] && !isFirst && alert.Severity > snapshot.Info {
			a.band, rang = alertTitle(alert), true
		}
	}
	a.fired = firing
	a.arrange()
	return rang
}

// arrange filters and sorts the lines of the tables.
func (a *app) arrange() {
	a.stale = true
	if a.snap == nil {
		return
	}
	now := a.dataNow()
	a.channels = a.channels[:0]
	for i := range a.snap.Channels {
		if c := &a.snap.Channels[i]; matches(a.filter[overview], c.Name) {
			r := channelRow(c, now)
			a.channels = append(a.channels, &r)
		}
	}
	a.total = plotOf(a.snap.Days, a.metric, a.chartDays(len(a.snap.Days)))
	less := lessBy(a.sortKey)
	slices.SortStableFunc(a.channels, func(x, y *row) int {
		if a.reverse {
			return less(y, x)
		}
		return less(x, y)
	})
	a.campaigns = a.campaigns[:0]
	if c := a.openedChannel(); c != nil && a.screen == channel {
		for i := range c.Campaigns {
			if matches(a.filter[channel], c.Campaigns[i].Name, c.Campaigns[i].ID) {
				r := campaignRow(&c.Campaigns[i])
				a.campaigns = append(a.campaigns, &r)
			}
		}
	}
}

// matches says whether one of the texts contains the filter, whatever the case.
func matches(filter string, texts ...string) bool {
	if filter == "" {
		return true
	}
	for _, text := range texts {
		if strings.Contains(strings.ToLower(text), strings.ToLower(filter)) {
			return true
		}
	}
	return false
}

// dataNow is the present on the data's clock. In the demo that clock runs
// faster; a picture of the past stands still.
func (a *app) dataNow() time.Time {
	switch s := a.snap; {
	case s == nil:
		return a.o.Now()
	case !s.View.AsOf.IsZero():
		return s.AsOf
	case s.Speed != 0 && s.Speed != 1:
		return s.AsOf.Add(time.Duration(float64(a.o.Now().Sub(a.received)) * s.Speed))
	}
	return a.o.Now()
}

func (a *app) zone() *time.Location {
	if a.snap == nil || a.snap.Zone == nil {
		return time.UTC
	}
	return a.snap.Zone
}

func (a *app) openedChannel() *snapshot.Channel { return a.channelNamed(a.opened) }

func (a *app) channelNamed(name string) *snapshot.Channel {
	if a.snap == nil {
		return nil
	}
	for i := range a.snap.Channels {
		if a.snap.Channels[i].Name == name {
			return &a.snap.Channels[i]
		}
	}
	return nil
}

// View is called after every message: it draws only when something changed.
func (a *app) View() tea.View {
	if a.stale && a.width > 0 && a.height > 0 {
		a.frame, a.stale = strings.Join(a.render(), "\n"), false
	}
	v := tea.NewView(a.frame)
	v.AltScreen = true
	v.WindowTitle = a.windowTitle()
	v.ProgressBar = a.progressBar()
	if a.mouse {
		v.MouseMode = tea.MouseModeCellMotion
	}
	return v
}

// render draws the whole frame: exactly height lines of width cells.
func (a *app) render() []string {
	w, h := a.width, a.height
	if w < leastWidth || h < leastHeight {
		text := "adtop needs " + plural(leastWidth, "column") + " and " + plural(leastHeight, "line")
		var lines []string
		for _, l := range a.st.wrap(text, w, h) {
			lines = append(lines, a.st.textLine(a.st.warn, l, w))
		}
		return fill(lines, w, h)
	}
	if a.helping {
		lines := append([]string{a.headerLine()}, a.st.help(w, h-2, a.helpTop)...)
		return append(lines, a.bottomLine())
	}
	if a.snap == nil {
		lines := []string{a.headerLine(), "", a.st.textLine(a.st.dim, "  Nothing collected yet: waiting for the first answers.", w)}
		lines[1] = a.st.textLine(a.st.text, "", w)
		return append(fill(lines, w, h-1), a.bottomLine())
	}
	switch a.screen {
	case channel:
		return a.renderChannel()
	case alerts:
		return a.renderAlerts()
	case sources:
		return a.renderSources()
	}
	return a.renderOverview()
}

// firing counts the alerts that ask for attention, and says how bad the worst is.
func (a *app) firing() (n int, worst snapshot.Severity) {
	if a.snap == nil {
		return 0, snapshot.Info
	}
	for i := range a.snap.Alerts {
		if alert := &a.snap.Alerts[i]; alert.Asks() {
			n++
			worst = max(worst, alert.Severity)
		}
	}
	return n, worst
}

// healthy counts the sources that answer.
func (a *app) healthy() (n, of int) {
	for i := range a.snap.Sources {
		if a.snap.Sources[i].Health == snapshot.Healthy {
			n++
		}
	}
	return n, len(a.snap.Sources)
}

// windowTitle carries the worst state to where a hidden window shows it.
func (a *app) windowTitle() string {
	title := "adtop"
	if a.snap != nil && a.snap.Title != "" {
		title = a.snap.Title + " · adtop"
	}
	if n, _ := a.firing(); n > 0 {
		return "▲ " + plural(n, "alert") + " · " + title
	}
	if a.snap != nil {
		for i := range a.snap.Channels {
			if a.snap.Channels[i].Verdict == kpi.AtRisk {
				return "◐ " + title
			}
		}
	}
	return "● " + title
}

// progressBar shows a running backfill, and firing alerts in red or yellow,
// in terminals known to have one.
func (a *app) progressBar() *tea.ProgressBar {
	if !a.o.hasProgressBar() || a.snap == nil {
		return nil
	}
	if n, worst := a.firing(); n > 0 {
		if worst == snapshot.Critical {
			return tea.NewProgressBar(tea.ProgressBarError, 100)
		}
		return tea.NewProgressBar(tea.ProgressBarWarning, 100)
	}
	if b := a.snap.Backfill; b.What != "" && b.Total > 0 {
		return tea.NewProgressBar(tea.ProgressBarDefault, 100*b.Done/b.Total)
	}
	return nil
}
