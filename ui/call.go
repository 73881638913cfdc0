package ui

import (
	tea "charm.land/bubbletea/v2"

	"adtop/kpi"
	"adtop/snapshot"
)

// listen looks for alerts that began to fire since the last live picture.
func (a *app) listen(s *snapshot.Snapshot) (rang bool) {
	firing := make(map[string]bool, len(a.fired))
	count, worst := 0, snapshot.Info
	for i := range s.Alerts {
		alert := &s.Alerts[i]
		if !alert.Asks() {
			continue
		}
		count, worst = count+1, max(worst, alert.Severity)
		firing[alert.ID] = true
		if a.fired != nil && !a.fired[alert.ID] && alert.Severity > snapshot.Info {
			a.alarm, a.ringing, a.alarmed, rang = alertTitle(alert), alert.ID, a.o.Now(), true
		}
	}
	if a.ringing != "" && !firing[a.ringing] { // it ended, or somebody took care of it
		a.hush()
	}
	if count != a.firing || worst != a.worst || rang {
		a.stale = true
	}
	a.fired, a.firing, a.worst = firing, count, worst
	return rang
}

// call is what makes a person look who looks elsewhere.
func (a *app) call() string {
	title := "adtop"
	if a.snap != nil && a.snap.Title != "" {
		title += ", " + a.snap.Title
	}
	return Desktop(a.o.getenv, a.o.Desktop, title, a.alarm)
}

// hush takes the announcement of a new alert off the screen.
func (a *app) hush() {
	a.alarm, a.ringing, a.stale = "", "", true
}

// windowTitle carries the worst state to where a hidden window shows it.
func (a *app) windowTitle() string {
	title := "adtop"
	if a.snap != nil && a.snap.Title != "" {
		title = printable(a.snap.Title) + " · adtop"
	}
	if a.firing > 0 {
		return "▲ " + a.st.plural(a.firing, "alert") + " · " + title
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
	if a.firing > 0 {
		if a.worst == snapshot.Critical {
			return tea.NewProgressBar(tea.ProgressBarError, 100)
		}
		return tea.NewProgressBar(tea.ProgressBarWarning, 100)
	}
	if b := a.snap.Backfill; b.What != "" && b.Total > 0 {
		return tea.NewProgressBar(tea.ProgressBarDefault, 100*b.Done/b.Total)
	}
	return nil
}
