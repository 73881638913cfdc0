package ui

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"adtop/snapshot"
)

// sendTimeout bounds how long a command may take to reach the collector.
const sendTimeout = 10 * time.Second

// ack acknowledges the selected alert, or the worst one of the selected
// channel; an acknowledged one is handed back.
func (a *app) ack() tea.Cmd {
	alert := a.alertInReach()
	if alert == nil {
		a.notice = "no open alert here"
		return nil
	}
	command := snapshot.Command{Verb: "ack", ID: alert.ID, By: a.o.User}
	said := "ack sent: " + alert.Subject
	if alert.AckedBy != "" {
		command.Verb, said = "unack", "ack withdrawn: "+alert.Subject
	}
	return a.send(said, command)
}

// snooze puts the alert that ack would mean to sleep until today's figures are
// complete; a snoozed one is woken.
func (a *app) snooze() tea.Cmd {
	alert := a.alertInReach()
	if alert == nil {
		a.notice = "no open alert here"
		return nil
	}
	if !alert.SnoozedUntil.IsZero() {
		return a.send("woken: "+alert.Subject, snapshot.Command{Verb: "unsnooze", ID: alert.ID, By: a.o.User})
	}
	return a.send("snooze sent: "+alert.Subject, snapshot.Command{Verb: "snooze", ID: alert.ID, By: a.o.User, Until: snapshot.UntilDay})
}

// mark says of the selected alert, open or ended, whether it was right; saying
// it again takes it back.
func (a *app) mark(as string) tea.Cmd {
	for _, alert := range a.listedAlerts() {
		if alert.ID != a.selected() {
			continue
		}
		if alert.Marked == as {
			return a.send("mark withdrawn: "+alert.Subject, snapshot.Command{Verb: "mark", ID: alert.ID, By: a.o.User})
		}
		return a.send("marked a "+as+" alarm: "+alert.Subject, snapshot.Command{Verb: "mark", ID: alert.ID, By: a.o.User, As: as})
	}
	a.notice = "no alert here"
	return nil
}

// alertInReach is the alert that a key on this screen means.
func (a *app) alertInReach() *snapshot.Alert {
	if a.snap == nil {
		return nil
	}
	if a.screen == alerts {
		for _, alert := range a.listedAlerts() {
			if alert.ID == a.selected() && alert.EndedAt.IsZero() {
				return alert
			}
		}
		return nil
	}
	subject := a.opened
	if a.screen == overview {
		subject = a.selected()
	}
	var acked *snapshot.Alert
	for i := range a.snap.Alerts {
		alert := &a.snap.Alerts[i]
		if alert.Subject != subject || !alert.EndedAt.IsZero() {
			continue
		}
		if alert.AckedBy == "" {
			return alert
		}
		if acked == nil {
			acked = alert
		}
	}
	return acked
}

// poll asks the selected source at once, or all of them on other screens.
func (a *app) poll() tea.Cmd {
	if a.snap == nil {
		return nil
	}
	var commands []snapshot.Command
	for i := range a.snap.Sources {
		if name := a.snap.Sources[i].Name; a.screen != sources || name == a.selected() {
			commands = append(commands, snapshot.Command{Verb: "poll", ID: name, By: a.o.User})
		}
	}
	if len(commands) == 0 {
		return nil
	}
	return a.send("asked "+plural(len(commands), "source"), commands...)
}

// send hands commands over in the background, so that a slow collector never
// stops the keys.
func (a *app) send(said string, commands ...snapshot.Command) tea.Cmd {
	monitor, base := a.o.Monitor, a.bridge.ctx
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(base, sendTimeout)
		defer cancel()
		for _, command := range commands {
			if err := monitor.Send(ctx, command); err != nil {
				return sentMsg{err: err}
			}
		}
		return sentMsg{said: said}
	}
}
