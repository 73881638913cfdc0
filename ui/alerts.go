package ui

import (
	"cmp"
	"slices"
	"strings"
	"time"

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
