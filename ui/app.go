package ui

import (
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

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
	theme   string
	mouse   bool

	snap     *snapshot.Snapshot // what is shown; nil until the first arrives
	loading  bool               // the cache is being read: nothing is shown yet
	received time.Time          // when it did, on the real clock
	wanted   snapshot.View      // what was asked of the monitor
	frozen   bool               // the screen stands still
	held     *snapshot.Snapshot // the newest picture that came meanwhile
	heldAt   time.Time          // when it did

	width, height int
	place         place
	trail         []visit // where esc leads
	focus         [screenCount]panel
	expanded      bool // the focused panel has the whole screen
	scrolled      [screenCount][panelCount]int
	dialogs       []dialog
	recent        []string // labels of the palette's last picks, newest first

	metric   int             // of charted
	fixed    [2]float64      // bounds of the chart's axis; equal: they follow the values
	reading  int             // slot of the chart that is read, -1 for none
	step     stepUnit        // of < and >
	lastLive time.Time       // on the data's clock, when the past was entered
	notice   string          // what came of the last key, until the next one
	alarm    string          // a new alert, until it was seen
	alarmed  time.Time       // when it came
	ringing  string          // its id
	fired    map[string]bool // alerts that the user has been told of; nil before the first picture
	firing   int             // alerts that ask for attention now, whatever is shown
	worst    snapshot.Severity

	channels     *table[row]
	campaigns    *table[row] // of the opened channel, or what it is made of
	alertList    *table[alertRow]
	sourceSet    *table[sourceRow]
	unclaimedSet *table[unclaimedRow]
	group        *snapshot.Campaign // the ad group whose ads are shown, as it was opened
	opened       *subject           // what the channel screen is about, for openedBy
	openedBy     subjectKey
	alertAt      string // the alert selected in the overview's pane
	drawn        panelCaches

	tableTop int // line of the screen that the titles of the table stand on, -1: none
	frame    string
	stale    bool // frame has to be drawn again
}

func newApp(o Options, b *bridge, profile colorprofile.Profile) *app {
	a := &app{
		o: o, bridge: b, profile: profile, theme: o.Theme, dark: o.Theme != "light", mouse: o.State.Mouse || o.Mouse,
		stale: true, width: o.Size.Width, height: o.Size.Height, reading: -1, recent: o.State.Recent,
		channels:  newFigureTable("channels", "CHANNEL", channelColumns, byAttention, "channel"),
		campaigns: newFigureTable("campaigns", "CAMPAIGN", campaignColumns, bySpend, "campaign"),
		alertList: newAlertTable(), sourceSet: newSourceTable(), unclaimedSet: newUnclaimedTable(),
	}
	a.place.screen = o.State.screen()
	a.wanted = a.place.of(o.view())
	a.metric = max(0, slices.IndexFunc(charted, func(f *figure) bool { return f.key == o.State.Metric }))
	for _, t := range a.lists() {
		t.restore(o.State.Tables[t.tableName()])
	}
	a.st = a.styles()
	a.loading = o.First == nil && o.Load != nil
	if o.First != nil {
		a.take(o.First)
	}
	return a
}

// list is a table without the type of its lines.
type list interface {
	tableName() string
	state() TableState
	restore(s TableState)
	setFilter(text string)
	problem() error
	sortBy(key string)
	sortNext()
	reverse()
	sortedBy() string
	selected() string
	choose(id string)
	move(m move)
	click(n int) (hit, again bool)
	clickTitle(x int)
	choices() []columnChoice
	setColumns(keys []string)
	records() [][]string
	text() string
	numeric() map[string]bool
	count() int

	draw(st *Styles, width, height int, empty string) []string
}

func (a *app) lists() []list {
	return []list{a.channels, a.campaigns, a.alertList, a.sourceSet, a.unclaimedSet}
}

// list is the table of the current screen.
func (a *app) list() list { return a.lists()[a.place.screen] }

func (t *table[R]) tableName() string { return t.name }
func (t *table[R]) problem() error    { return t.mistake }
func (t *table[R]) count() int        { return len(t.shown) }

// state is what the next start restores.
func (a *app) state() State {
	at := a.place.screen
	if at == channel {
		at = overview
	}
	s := State{
		Screen: at.String(), Range: a.wanted.Range.String(), Against: string(a.wanted.Against),
		Metric: charted[a.metric].key, Mouse: a.mouse, Recent: a.recent, Tables: map[string]TableState{},
	}
	for _, t := range a.lists() {
		s.Tables[t.tableName()] = t.state()
	}
	return s
}

// Init asks for what only the terminal knows, without waiting for it.
func (a *app) Init() tea.Cmd {
	var commands []tea.Cmd
	if a.asksBackground() {
		commands = append(commands, tea.RequestBackgroundColor)
	}
	if a.o.remote() {
		commands = append(commands, synchronizedOutput)
	}
	return tea.Batch(commands...)
}

// asksBackground says whether the theme follows the terminal's background.
func (a *app) asksBackground() bool {
	return a.theme == "" || a.theme == "auto" || a.theme == "colorblind"
}

// styles are those of the theme in force; numbers and widths stay.
func (a *app) styles() *Styles {
	st := newStyles(a.theme, a.profile, a.dark)
	if format, err := numbersLike(a.o.Numbers); err == nil {
		st.numbers = format
	}
	if a.st != nil {
		st.widths = a.st.widths
	}
	return st
}

func (a *app) restyle() {
	if st := a.styles(); *st != *a.st {
		a.st = st
		a.arrange()
	}
}

// take accepts a picture. It returns true when an alert began to fire since
// the one before.
func (a *app) take(s *snapshot.Snapshot) bool {
	rang := false
	if s.View.AsOf.IsZero() {
		rang = a.listen(s)
	}
	if a.frozen && a.snap != nil && s.View == a.snap.View {
		a.held, a.heldAt = s, a.o.Now()
		return rang
	}
	a.snap, a.held, a.received = s, nil, a.o.Now()
	a.arrange()
	return rang
}

// arrange fills the table of the current screen.
func (a *app) arrange() {
	a.stale = true
	if a.snap == nil {
		return
	}
	switch a.place.screen {
	case overview:
		now := a.dataNow()
		rows := a.channels.rows[:0]
		for i := range a.snap.Channels {
			rows = append(rows, channelRow(&a.snap.Channels[i], now))
		}
		shareSpend(rows)
		a.channels.show(rows)
	case channel:
		s := a.subject()
		rows := a.campaigns.rows[:0]
		for i := range s.rows {
			rows = append(rows, campaignRow(&s.rows[i]))
		}
		shareSpend(rows)
		a.campaigns.title = s.made
		a.campaigns.show(rows)
	case alerts:
		a.alertList.show(a.alertRows())
	case sources:
		a.sourceSet.show(a.sourceRows())
	case unclaimed:
		a.unclaimedSet.show(a.unclaimedRows())
	}
}

// dataNow is the present on the data's clock. In the demo that clock runs
// faster, and only while it runs; a picture of the past stands still.
func (a *app) dataNow() time.Time {
	switch s := a.snap; {
	case s == nil:
		return a.o.Now()
	case !s.View.AsOf.IsZero():
		return s.AsOf
	case s.Speed == 0 || s.AsOf.IsZero():
		return a.o.Now()
	default: // rounded, times carry no monotonic clock: that stands still while a machine sleeps
		return s.AsOf.Add(time.Duration(float64(a.o.Now().Round(0).Sub(a.received.Round(0))) * s.Speed))
	}
}

func (a *app) zone() *time.Location {
	if a.snap == nil || a.snap.Zone == nil {
		return time.UTC
	}
	return a.snap.Zone
}

func (a *app) openedChannel() *snapshot.Channel { return a.channelNamed(a.place.channel) }

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

// channelInReach is the channel that a key on this screen means.
func (a *app) channelInReach() *snapshot.Channel {
	switch a.place.screen {
	case overview:
		return a.channelNamed(a.channels.selected())
	case channel:
		return a.openedChannel()
	case alerts:
		if alert := a.alertSelected(); alert != nil {
			return a.channelNamed(alert.Subject)
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

// healthy counts the sources that answer.
func (a *app) healthy() (n, of int) {
	for i := range a.snap.Sources {
		if a.snap.Sources[i].Health == snapshot.Healthy {
			n++
		}
	}
	return n, len(a.snap.Sources)
}
