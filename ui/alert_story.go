package ui

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
)

// why is the whole story of one alert: what it says, its timeline, what keeps
// it quiet, notes of these days, and the evidence of its channel.
func (a *app) why(alert *snapshot.Alert, width int) []string {
	st, now, zone := a.st, a.dataNow(), a.zone()
	var lines []string
	add := func(s style, text string) {
		for _, l := range st.wrap(text, width-2, 20) {
			lines = append(lines, st.textLine(s, " "+l, width))
		}
	}
	add(st.strong, alertTitle(alert))
	add(st.text, alert.Reason)
	for _, e := range a.timeline(alert) {
		lines = append(lines, st.line(width, func(p *pen) {
			p.gap(1)
			p.left(st.faint, clock(e.at, now, zone), 13)
			p.left(st.dim, e.what, max(0, width-p.at))
		}))
	}
	if by := mutedText(alert, a.snap); by != "" && alert.Open() {
		add(st.note, by)
	}
	if alert.Open() && alert.Frozen != "" {
		add(st.warn, alert.Frozen+": it waits as it is")
	}
	if told := a.toldText(alert); told != "" {
		add(st.dim, told)
	}
	if alert.Sent {
		add(st.note, "a command is sent, not applied yet")
	}
	if alert.Runbook != "" {
		add(st.accent, "→ "+alert.Runbook+"  (o opens it)")
	}
	if labels := labelText(alert.Labels); labels != "" {
		add(st.faint, labels)
	}
	for _, n := range a.notesNear(alert) {
		add(st.note, noteMark+" "+noteText(n))
	}
	if c := a.channelNamed(alert.Subject); c != nil && alert.Open() {
		lines = append(lines, st.textLine(st.heading, " The evidence now", width))
		lines = append(lines, a.evidenceLines(c.P, c.Verdict, &c.Evidence, width)...)
	} else if !alert.FiredAt.IsZero() && !alert.Open() {
		lines = append(lines, st.textLine(st.faint, " < steps back to what was known then", width))
	}
	return lines
}

// toldText says who was told of the alert first, and what did not arrive, "" where
// nobody was to be told.
func (a *app) toldText(alert *snapshot.Alert) string {
	if a.snap.View.Alert != alert.ID {
		return ""
	}
	var arrived, missing []string
	named := map[string]bool{}
	now, zone := a.dataNow(), a.zone()
	for _, n := range a.snap.Told {
		what := n.Target
		if n.Kind != "firing" {
			what += " (" + n.Kind + ")"
		}
		switch {
		case named[what]:
			continue
		case n.Arrived.IsZero() && n.Problem == "":
			missing = append(missing, what+": on its way")
		case n.Arrived.IsZero():
			missing = append(missing, what+": "+n.Problem)
		case n.Attempts > 1:
			arrived = append(arrived, fmt.Sprintf("%s %s (%d attempts)", what, clock(n.Arrived, now, zone), n.Attempts))
		default:
			arrived = append(arrived, what+" "+clock(n.Arrived, now, zone))
		}
		named[what] = true
	}
	var parts []string
	if arrived != nil {
		parts = append(parts, "told "+strings.Join(arrived, ", "))
	}
	if missing != nil {
		parts = append(parts, "not told "+strings.Join(missing, ", "))
	}
	return strings.Join(parts, "; ")
}

// moment is one step of an alert's timeline.
type moment struct {
	at   time.Time
	what string
}

// timeline is what happened to an alert, in order: from its history where the
// picture holds it, else as far as its present state tells.
func (a *app) timeline(alert *snapshot.Alert) []moment {
	states := []snapshot.Alert{*alert}
	if h := a.snap.History; len(h) > 0 && h[len(h)-1].ID == alert.ID {
		states = h
	}
	steps := []moment{{states[0].Since, "began"}}
	add := func(at time.Time, what string) { steps = append(steps, moment{at, what}) }
	var was snapshot.Alert
	for _, now := range states {
		if now.Since != was.Since && !was.Since.IsZero() {
			add(now.Since, "began again")
		}
		if now.FiredAt != was.FiredAt && !now.FiredAt.IsZero() {
			add(now.FiredAt, "fired, "+now.Severity.String())
		}
		if now.State != was.State && was.State != "" && now.State != snapshot.Firing && now.Open() {
			add(now.At, now.State)
		}
		if now.AckedBy != was.AckedBy || now.AckNote != was.AckNote {
			add(cmp.Or(now.AckedAt, now.At), ackText(now))
		}
		if now.SnoozedBy != was.SnoozedBy || now.SnoozedUntil != was.SnoozedUntil {
			add(now.At, snoozeText(now, a.zone()))
		}
		if now.Silence != was.Silence {
			add(now.At, map[bool]string{true: "silenced", false: "silence ended"}[now.Silence != ""])
		}
		if now.Inhibited != was.Inhibited {
			add(now.At, map[bool]string{true: "explained by another alert", false: "no longer explained by another"}[now.Inhibited != ""])
		}
		if now.Frozen != was.Frozen {
			add(now.At, map[bool]string{true: "waits: " + now.Frozen, false: "its figures are fresh again"}[now.Frozen != ""])
		}
		if now.Marked != was.Marked {
			add(cmp.Or(now.MarkedAt, now.At), markText(now))
		}
		if !now.Open() && was.EndedAt != now.EndedAt {
			add(now.EndedAt, now.State)
		}
		was = now
	}
	slices.SortStableFunc(steps, func(x, y moment) int { return x.at.Compare(y.at) })
	return slices.CompactFunc(steps, func(x, y moment) bool { return x == y })
}

func ackText(a snapshot.Alert) string {
	switch {
	case a.AckedBy == "":
		return "ack withdrawn"
	case a.AckNote == "":
		return "acked by " + a.AckedBy
	}
	return "acked by " + a.AckedBy + ": " + a.AckNote
}

func snoozeText(a snapshot.Alert, zone *time.Location) string {
	switch {
	case a.SnoozedUntil.IsZero():
		return "woken"
	case a.SnoozedByData:
		return "snoozed by " + a.SnoozedBy + " until the day is complete"
	}
	return "snoozed by " + a.SnoozedBy + " until " + a.SnoozedUntil.In(zone).Format("2 Jan 15:04")
}

func markText(a snapshot.Alert) string {
	if a.Marked == "" {
		return "mark withdrawn"
	}
	return "a " + a.Marked + " alarm, says " + a.MarkedBy
}

func labelText(labels map[string]string) string {
	var parts []string
	for _, name := range []string{"channel", "source"} {
		if labels[name] != "" {
			parts = append(parts, name+" "+labels[name])
		}
	}
	first := len(parts)
	for name, value := range labels {
		if name != "channel" && name != "source" {
			parts = append(parts, name+" "+value)
		}
	}
	slices.Sort(parts[first:])
	return strings.Join(parts, " · ")
}

// nearDays is how far from an alert's beginning a note counts as near.
const nearDays = 3

func (a *app) notesNear(alert *snapshot.Alert) (out []snapshot.Note) {
	day := kpi.DateOf(alert.Since, a.zone())
	for _, n := range a.snap.Notes {
		if (n.Channel == "" || n.Channel == alert.Subject) && n.Date >= day-nearDays && n.Date <= day+nearDays {
			out = append(out, n)
		}
	}
	return out
}

// alertToCopy is the alert that copying means, nil when it means a line of
// figures.
func (a *app) alertToCopy() *snapshot.Alert {
	if a.place.screen == alerts || a.place.screen == overview && a.focused() == sidePanel {
		return a.alertSelected()
	}
	return nil
}

// alertText is an alert as it is told in a chat.
func (a *app) alertText(alert *snapshot.Alert) string {
	m := a.st.alert(alert)
	lines := []string{m.glyph + " " + alertTitle(alert) + " [" + m.word + ", " + alert.Severity.String() + "]"}
	if alert.Reason != "" {
		lines = append(lines, alert.Reason)
	}
	zone := a.zone()
	for _, e := range a.timeline(alert) {
		lines = append(lines, e.at.In(zone).Format("2 Jan 15:04 ")+e.what)
	}
	if alert.Runbook != "" {
		lines = append(lines, alert.Runbook)
	}
	if a.snap.Title != "" {
		lines = append(lines, a.snap.Title+", as of "+a.snap.AsOf.In(zone).Format("2 Jan 15:04 ")+zone.String())
	}
	return strings.Join(lines, "\n")
}
