package ui

import (
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"adtop/snapshot"
)

// snapshotMsg brings the newest picture of what was asked for.
type snapshotMsg struct{ snapshot *snapshot.Snapshot }

// liveMsg brings the newest picture of the present while the past is shown:
// an alert must not wait until the user comes back.
type liveMsg struct{ snapshot *snapshot.Snapshot }

// loadedMsg brings the picture from the cache; one that came before it is newer.
type loadedMsg struct{ snapshot *snapshot.Snapshot }

// Update takes in one message. A message that changes nothing leaves the frame alone.
func (a *app) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case snapshotMsg:
		if a.take(msg.snapshot) {
			return a, tea.Raw(a.call())
		}
	case loadedMsg:
		if a.snap == nil && msg.snapshot != nil {
			a.take(msg.snapshot)
		}
		a.loading, a.stale = false, true
	case liveMsg:
		if a.listen(msg.snapshot) {
			return a, tea.Raw(a.call())
		}
	case minuteMsg:
		if !a.frozen {
			a.arrange()
		}
	case sentMsg:
		if a.notice != msg.said || msg.err != nil {
			a.notice, a.stale = msg.said, true
		}
		if msg.err != nil {
			a.notice = strings.ReplaceAll(msg.err.Error(), "\n", "; ")
		}
	case tea.WindowSizeMsg:
		a.width, a.height, a.stale = msg.Width, msg.Height, true
	case tea.BackgroundColorMsg:
		if a.asksBackground() && msg.Color != nil {
			a.dark = msg.IsDark()
			a.restyle()
		}
	case tea.ColorProfileMsg:
		if a.o.Color == "" || a.o.Color == "auto" {
			a.profile = msg.Profile
			a.restyle()
		}
	case tea.ModeReportMsg:
		if msg.Mode == ansi.ModeUnicodeCore && (msg.Value == ansi.ModeReset || msg.Value == ansi.ModeSet || msg.Value == ansi.ModePermanentlySet) {
			widths := *a.st
			widths.widths = ansi.GraphemeWidth // as the renderer counts from now on
			a.st, a.stale = &widths, true
		}
	case tea.KeyPressMsg:
		return a, a.key(msg)
	case tea.PasteMsg:
		if n := len(a.dialogs); n > 0 {
			a.dialogs[n-1].paste(a, msg.Content)
			a.stale = true
		}
	case tea.MouseMsg:
		return a, a.pointer(msg)
	}
	return a, nil
}

// unseen is how long a new alert stays before moving on counts as having seen
// it: a key that was on its way when it came must not hide it.
const unseen = 3 * time.Second

func (a *app) key(msg tea.KeyPressMsg) tea.Cmd {
	a.stale = true
	a.notice = ""
	if len(a.dialogs) > 0 {
		return a.dialogKey(msg)
	}
	key := msg.String()
	if a.alarm != "" && key == "esc" && a.o.Now().Sub(a.alarmed) >= unseen {
		a.hush()
		return nil
	}
	return a.press(key)
}
