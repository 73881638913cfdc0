package ui

import (
	"context"
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"adtop/snapshot"
)

// sendTimeout bounds how long a command may take to reach the collector.
const sendTimeout = 10 * time.Second

// maxNote is how long a note may be, in characters.
const maxNote = 200

// ack asks for a note and acknowledges the selected alert, or the worst one of
// the selected channel; an acknowledged one is handed back at once.
func (a *app) ack() tea.Cmd {
	alert := a.alertInReach()
	command := snapshot.Command{Verb: "ack", ID: alert.ID, By: a.o.User}
	if alert.AckedBy != "" {
		command.Verb = "unack"
		return a.send("ack withdrawn: "+alert.Subject, command)
	}
	a.ask(&prompt{
		label: "ack " + alert.Subject + ", note:", hint: "↵ ack, with or without a note  esc leave it", input: newInput("", maxNote),
		accept: func(note string) (tea.Cmd, error) {
			command.Note = strings.TrimSpace(note)
			return a.send("ack sent: "+alert.Subject, command), nil
		},
	})
	return nil
}

// snooze asks until when the alert that ack would mean shall sleep; a snoozed
// one is woken at once.
func (a *app) snooze() tea.Cmd {
	alert := a.alertInReach()
	if !alert.SnoozedUntil.IsZero() {
		return a.send("woken: "+alert.Subject, snapshot.Command{Verb: "unsnooze", ID: alert.ID, By: a.o.User})
	}
	until := func(label, key, value, detail string) choice {
		return choice{label: label, key: key, detail: detail, do: func() tea.Cmd {
			return a.send("snooze sent: "+alert.Subject, snapshot.Command{Verb: "snooze", ID: alert.ID, By: a.o.User, Until: value})
		}}
	}
	choices := []choice{until("until today's figures are complete", "d", snapshot.UntilDay, "judged again on the whole day")}
	for _, t := range a.timesAhead() {
		choices = append(choices, until(t.label, t.key, t.at.Format(time.RFC3339), clock(t.at, a.dataNow(), a.zone())))
	}
	a.ask(newMenu("Snooze "+alert.Subject, choices, 0))
	return nil
}

// ahead is a time that people wait until.
type ahead struct {
	label, key string
	at         time.Time
}

func (a *app) timesAhead() []ahead {
	now := a.dataNow().In(a.zone())
	morning := func(days int) time.Time { // nine by the clock, also on the day on which it is set
		return time.Date(now.Year(), now.Month(), now.Day()+days, 9, 0, 0, 0, a.zone())
	}
	toMonday := (7-int(now.Weekday()))%7 + 1
	return []ahead{
		{"for an hour", "1", now.Add(time.Hour)}, {"for four hours", "4", now.Add(4 * time.Hour)},
		{"until tomorrow morning", "t", morning(1)}, {"until Monday morning", "m", morning(toMonday)},
		{"for a week", "w", now.AddDate(0, 0, 7)},
	}
}

func (a *app) markTrue() tea.Cmd  { return a.mark(snapshot.MarkedTrue) }
func (a *app) markFalse() tea.Cmd { return a.mark(snapshot.MarkedFalse) }

// mark says of the selected alert, open or ended, whether it was right; saying
// it again takes it back.
func (a *app) mark(as string) tea.Cmd {
	alert := a.alertSelected()
	command := snapshot.Command{Verb: "mark", ID: alert.ID, By: a.o.User, As: as}
	if alert.Marked == as {
		command.As = ""
		return a.send("mark withdrawn: "+alert.Subject, command)
	}
	return a.send("marked a "+as+" alarm: "+alert.Subject, command)
}

// alertSelected is the alert under the cursor, open or ended; nil when there
// is none.
func (a *app) alertSelected() *snapshot.Alert {
	switch {
	case a.snap == nil:
	case a.place.screen == alerts && a.place.alert != "":
		return a.alertWith(a.place.alert)
	case a.place.screen == alerts:
		return a.alertWith(a.alertList.selected())
	case a.place.screen == overview && a.focused() == sidePanel:
		if alert := a.alertWith(a.alertAt); alert != nil || len(a.snap.Alerts) == 0 {
			return alert
		}
		return &a.snap.Alerts[0]
	default:
		return a.alertInReach()
	}
	return nil
}

func (a *app) alertWith(id string) *snapshot.Alert {
	for i := range a.snap.Alerts {
		if a.snap.Alerts[i].ID == id {
			return &a.snap.Alerts[i]
		}
	}
	return nil
}

// alertInReach is the open alert that a key on this screen means: the selected
// one, or the worst of the channel that nobody has acknowledged yet.
func (a *app) alertInReach() *snapshot.Alert {
	if a.snap == nil {
		return nil
	}
	if a.place.screen == alerts || a.place.screen == overview && a.focused() == sidePanel {
		if alert := a.alertSelected(); alert != nil && alert.Open() {
			return alert
		}
		return nil
	}
	subject := a.place.channel
	if a.place.screen == overview {
		subject = a.channels.selected()
	}
	var acked *snapshot.Alert
	for i := range a.snap.Alerts {
		alert := &a.snap.Alerts[i]
		if alert.Subject != subject || !alert.Open() {
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

// noAlert says why there is nothing to acknowledge or to snooze.
func (a *app) noAlert() string {
	switch {
	case !a.wanted.AsOf.IsZero():
		return "the past cannot be changed: 0 goes back to now"
	case a.alertInReach() == nil:
		return "no open alert here"
	}
	return ""
}

func (a *app) noAlertAtAll() string {
	switch {
	case !a.wanted.AsOf.IsZero():
		return "the past cannot be changed: 0 goes back to now"
	case a.alertSelected() == nil:
		return "no alert here"
	}
	return ""
}

func (a *app) noNewAlert() string {
	if a.newest() == "" {
		return "no alert asks for attention"
	}
	return ""
}

// newest is the alert that rang last and still asks for attention, else the
// first that does.
func (a *app) newest() string {
	if a.ringing != "" {
		return a.ringing
	}
	if a.snap != nil {
		for i := range a.snap.Alerts {
			if a.snap.Alerts[i].Asks() {
				return a.snap.Alerts[i].ID
			}
		}
	}
	return ""
}

// openNewest leads to the newest alert, back from the past if need be.
func (a *app) openNewest() tea.Cmd {
	id := a.newest()
	a.hush()
	if !a.wanted.AsOf.IsZero() {
		a.showLive()
	}
	return a.openAlert(id)
}

// openAlert shows one alert with everything that is known about it.
func (a *app) openAlert(id string) tea.Cmd {
	if id == "" && a.snap != nil && len(a.snap.Alerts) > 0 {
		id = a.snap.Alerts[0].ID
	}
	if id != "" {
		a.alertList.choose(id)
		a.goTo(place{screen: alerts, alert: id})
	}
	return nil
}

// openAlertsSubject opens the selected alert, and from there its channel, source
// or target.
func (a *app) openAlertsSubject() tea.Cmd {
	alert := a.alertSelected()
	if alert == nil {
		return nil
	}
	switch {
	case a.place.alert == "":
		return a.openAlert(alert.ID)
	case a.targetOf(targetLine(alert.Labels["target"])) != nil:
		a.sourceSet.choose(targetLine(alert.Subject))
		a.goTo(place{screen: sources})
	case a.channelNamed(alert.Subject) != nil:
		a.goTo(place{screen: channel, channel: alert.Subject})
	case a.sourceNamed(alert.Subject) != nil:
		a.sourceSet.choose(alert.Subject)
		a.goTo(place{screen: sources})
	default:
		a.notice = alert.Subject + " is not on any screen"
	}
	return nil
}

// poll asks the selected source at once, or all of them on other screens; ad
// groups and ads are fetched anew.
func (a *app) poll() tea.Cmd {
	if a.place.screen == channel && a.place.inside.Campaign != "" {
		return a.send("asked "+a.place.inside.Source, snapshot.Command{Verb: "fetch", Inside: a.place.inside, By: a.o.User})
	}
	var commands []snapshot.Command
	for i := range a.snap.Sources {
		if name := a.snap.Sources[i].Name; a.place.screen != sources || name == a.sourceSet.selected() {
			commands = append(commands, snapshot.Command{Verb: "poll", ID: name, By: a.o.User})
		}
	}
	if len(commands) == 0 {
		a.notice = "no source is selected: nothing is asked"
		return nil
	}
	return a.send("asked "+a.st.plural(len(commands), "source"), commands...)
}

// sentMsg says what came of work in the background.
type sentMsg struct {
	said string
	err  error
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
				return sentMsg{err: fmt.Errorf("not sent: %w", err)}
			}
		}
		return sentMsg{said: said}
	}
}
