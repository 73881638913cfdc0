package ui

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
)

// alertRow is one line of the alerts screen. It is comparable, so that an
// unchanged row is not drawn again.
type alertRow struct {
	id, title, aside    string
	subject, rule, note string
	mark                mark
	severity            snapshot.Severity
	open                bool
	at                  time.Time // of the moment that matters most
	when, lasts, marked string
	hours               float64 // it has lasted
	place               int     // in the order of the snapshot: open and worst first
}

func newAlertTable() *table[alertRow] {
	text := func(key, title, help string, width, rank int, of func(r *alertRow) string) *column[alertRow] {
		return &column[alertRow]{
			key: key, title: title, help: help, width: width, rank: rank, left: true, text: of,
			draw: func(p *pen, r *alertRow, width int) { p.left(p.st.dim, of(r), width) },
		}
	}
	state := text("state", "STATE", "firing, pending, acked, resolved, …", 11, 0, func(r *alertRow) string { return r.mark.word })
	state.draw = func(p *pen, r *alertRow, width int) { p.left(r.mark.style, r.mark.word, width) }
	when := text("when", "WHEN", "when it fired, or ended", 12, 10, func(r *alertRow) string { return r.when })
	when.less = func(a, b *alertRow) int { return b.at.Compare(a.at) }
	severity := text("severity", "SEVERITY", "critical, warning or info", 8, 30, func(r *alertRow) string { return r.severity.String() })
	severity.less = func(a, b *alertRow) int { return cmp.Compare(b.severity, a.severity) }
	lasts := text("lasts", "LASTS", "for how long it has been open", 5, 20, func(r *alertRow) string { return r.lasts })
	lasts.less = func(a, b *alertRow) int { return cmp.Compare(b.hours, a.hours) }
	return &table[alertRow]{
		name: "alerts", title: "ALERT", names: []string{"alert"}, most: 1000, part: 2,
		columns: []*column[alertRow]{
			state, when, lasts, severity,
			text("subject", "ABOUT", "channel or source", 18, 40, func(r *alertRow) string { return r.subject }),
			text("rule", "RULE", "which rule found it", 16, 50, func(r *alertRow) string { return r.rule }),
			text("marked", "MARKED", "whether people call it true or false", 6, 60, func(r *alertRow) string { return r.marked }),
			hideText(text("note", "NOTE", "what was written with the ack", 24, 70, func(r *alertRow) string { return r.note })),
		},
		id:     func(r *alertRow) string { return r.id },
		label:  func(r *alertRow) string { return r.title + r.aside },
		mark:   func(_ *Styles, r *alertRow) mark { return r.mark },
		strong: func(r *alertRow) bool { return r.open && r.severity == snapshot.Critical },
		order:  func(a, b *alertRow) int { return cmp.Compare(a.place, b.place) },
	}
}

func hideText(c *column[alertRow]) *column[alertRow] {
	c.hidden = true
	return c
}

func (a *app) alertRows() []alertRow {
	now := a.dataNow()
	rows := a.alertList.rows[:0]
	for i := range a.snap.Alerts {
		alert := &a.snap.Alerts[i]
		end := now
		if !alert.Open() {
			end = alert.EndedAt
		}
		rows = append(rows, alertRow{
			id: alert.ID, title: alertTitle(alert), aside: asideText(alert, a.snap), subject: alert.Subject, rule: alert.Rule, note: alert.AckNote,
			mark: a.st.alert(alert), severity: alert.Severity, open: alert.Open(), at: shownTime(alert), when: clock(shownTime(alert), now, a.zone()),
			lasts: age(end.Sub(alert.Since)), hours: end.Sub(alert.Since).Hours(), marked: alert.Marked, place: i,
		})
	}
	return rows
}

// alertTitle is an alert in a line, its subject always named.
func alertTitle(a *snapshot.Alert) string {
	switch {
	case a.Summary == "":
		return a.Subject + ": " + a.Rule
	case strings.Contains(a.Summary, a.Subject):
		return a.Summary
	}
	return a.Subject + ": " + a.Summary
}

// shownTime is the moment of an alert that matters most in a list.
func shownTime(a *snapshot.Alert) time.Time {
	switch {
	case !a.EndedAt.IsZero():
		return a.EndedAt
	case !a.FiredAt.IsZero():
		return a.FiredAt
	}
	return a.Since
}

// asideText says behind an alert's title what keeps it quiet.
func asideText(alert *snapshot.Alert, s *snapshot.Snapshot) string {
	switch {
	case !alert.Open():
		return " (" + alert.State + ")"
	case alert.Sent:
		return " (sent)"
	}
	if by := mutedText(alert, s); by != "" {
		return " (" + by + ")"
	}
	return ""
}

// mutedText says what keeps an alert from asking for attention, and by whom.
func mutedText(alert *snapshot.Alert, s *snapshot.Snapshot) string {
	word := alert.Muted()
	switch word {
	case "acked":
		return "acked by " + alert.AckedBy
	case "snoozed":
		until := "until " + clock(alert.SnoozedUntil, s.AsOf, s.Zone)
		if alert.SnoozedByData {
			until = "until the day is complete"
		}
		return "snoozed by " + alert.SnoozedBy + " " + until
	case "silenced":
		for _, v := range s.Silences {
			if v.ID == alert.Silence {
				return "silenced by " + v.By + " until " + clock(v.Ends, s.AsOf, s.Zone)
			}
		}
	case "inhibited":
		for i := range s.Alerts {
			if other := &s.Alerts[i]; other.ID == alert.Inhibited {
				return "explained by: " + alertTitle(other)
			}
		}
	}
	return word
}

// paneLines draws the alerts of the overview: each with its reason while there
// is room, the worst first.
func (a *app) paneLines(width, height int) []string {
	st, now, all := a.st, a.dataNow(), a.snap.Alerts
	if len(all) == 0 {
		return fill([]string{st.textLine(st.faint, " no alert in the last 7 days", width)}, width, height)
	}
	var lines []string
	focus := a.focused() == sidePanel
	first := 0
	if focus {
		first = max(0, slices.IndexFunc(all, func(x snapshot.Alert) bool { return x.ID == a.alertAt }))
		first = min(first, max(0, len(all)-max(1, height/3)))
	}
	for i := first; i < len(all) && len(lines) < height; i++ {
		alert := &all[i]
		selected := focus && (alert.ID == a.alertAt || a.alertAt == "" && i == 0)
		lines = append(lines, a.paneAlert(alert, selected, now, width, height-len(lines))...)
	}
	return fill(lines, width, height)
}

func (a *app) paneAlert(alert *snapshot.Alert, selected bool, now time.Time, width, room int) []string {
	st := a.st
	m := st.alert(alert)
	settled := !alert.Open() || alert.Muted() != ""
	s, limit := st.text, 2
	if settled {
		s, limit = st.dim, 1
	}
	var lines []string
	when := clock(shownTime(alert), now, a.zone())
	for i, l := range st.wrap(when+" "+alertTitle(alert)+asideText(alert, a.snap), width-4, min(limit, room)) {
		p := newPen(st, selected)
		if i == 0 {
			if selected {
				p.write(st.accent, "›")
			}
			p.to(1)
			p.write(m.style, m.glyph)
		}
		p.to(3)
		if rest, found := strings.CutPrefix(l, when); found && i == 0 {
			p.write(st.faint, when)
			l = rest
		}
		p.left(s, l, max(0, width-p.at))
		lines = append(lines, p.end(width))
	}
	if !settled {
		for _, l := range st.wrap(alert.Reason, width-5, min(3, room-len(lines))) {
			lines = append(lines, st.textLine(st.dim, "   "+l, width))
		}
	}
	return lines
}

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
	for name, value := range labels {
		if name != "channel" && name != "source" {
			parts = append(parts, name+" "+value)
		}
	}
	slices.Sort(parts[min(2, len(parts)):])
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
