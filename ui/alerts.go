package ui

import (
	"strings"
	"time"

	"adtop/snapshot"
)

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

// alertLines draws the pane of the overview: each alert with its reason while
// there is room, the worst first.
func (a *app) alertLines(width, height int) []string {
	st, now := a.st, a.dataNow()
	all := a.snap.Alerts
	if len(all) == 0 {
		return fill([]string{st.textLine(st.faint, " no alert in the last 7 days", width)}, width, height)
	}
	var lines []string
	for i := range all {
		alert := &all[i]
		if len(lines) >= height {
			break
		}
		m := st.alert(alert)
		settled := !alert.Open() || alert.Muted() != ""
		s, limit := st.text, 2
		if settled {
			s, limit = st.dim, 1
		}
		when := clock(shownTime(alert), now, a.zone())
		for i, l := range st.wrap(when+" "+alertTitle(alert)+asideText(alert, a.snap), width-4, min(limit, height-len(lines))) {
			lines = append(lines, st.line(width, func(p *pen) {
				if i == 0 {
					p.write(m.style, " "+m.glyph)
				}
				p.to(3)
				if rest, found := strings.CutPrefix(l, when); found && i == 0 {
					p.write(st.faint, when)
					l = rest
				}
				p.left(s, l, width-p.at)
			}))
		}
		if settled {
			continue
		}
		for _, l := range st.wrap(alert.Reason, width-5, min(3, height-len(lines))) {
			lines = append(lines, st.textLine(st.dim, "   "+l, width))
		}
	}
	return fill(lines, width, height)
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

// listedAlerts are the alerts of the alerts screen.
func (a *app) listedAlerts() []*snapshot.Alert {
	var out []*snapshot.Alert
	if a.snap == nil {
		return nil
	}
	for i := range a.snap.Alerts {
		alert := &a.snap.Alerts[i]
		if matches(a.filter[alerts], alert.Subject, alert.Summary, alert.Rule) {
			out = append(out, alert)
		}
	}
	return out
}

func (a *app) renderAlerts() []string {
	st, w, h := a.st, a.width, a.height
	list := a.listedAlerts()
	lines := []string{a.headerLine(), st.line(w, func(p *pen) {
		p.left(st.heading, "   STATE      WHEN          ALERT", w)
	})}
	detail := min(10, h/2)
	height := h - 3 - detail
	cursor := a.selectedIndex(a.ids())
	a.top[alerts] = scroll(a.top[alerts], cursor, len(list), height)
	var rows []string
	for i := a.top[alerts]; i < min(len(list), a.top[alerts]+height); i++ {
		rows = append(rows, a.alertRow(list[i], i == cursor))
	}
	if len(list) == 0 {
		rows = append(rows, st.textLine(st.dim, "   no alert here", w))
	}
	lines = append(lines, fill(rows, w, height)...)
	var why []string
	if cursor < len(list) {
		why = a.alertDetail(list[cursor], detail)
	}
	lines = append(lines, fill(why, w, detail)...)
	return append(lines, a.bottomLine())
}

func (a *app) alertRow(alert *snapshot.Alert, selected bool) string {
	st := a.st
	p := newPen(st, selected)
	m := st.alert(alert)
	if selected {
		p.write(st.accent, "›")
	}
	p.to(1)
	p.write(m.style, m.glyph+" ")
	p.left(m.style, m.word, 11)
	p.left(st.faint, clock(shownTime(alert), a.dataNow(), a.zone()), 14)
	s := st.text
	if !alert.EndedAt.IsZero() {
		s = st.dim
	}
	p.left(s, alertTitle(alert)+asideText(alert, a.snap), max(0, a.width-p.at))
	return p.end(a.width)
}

// alertDetail is the whole story of one alert.
func (a *app) alertDetail(alert *snapshot.Alert, height int) []string {
	st, w, now, zone := a.st, a.width, a.dataNow(), a.zone()
	lines := []string{st.rule(alert.Subject+" · "+alert.Rule+" · "+alert.Severity.String(), w)}
	steps := []string{"since " + clock(alert.Since, now, zone)}
	if !alert.FiredAt.IsZero() {
		steps = append(steps, "fired "+clock(alert.FiredAt, now, zone))
	}
	if by := mutedText(alert, a.snap); by != "" {
		if alert.AckedBy != "" && alert.AckNote != "" {
			by += " (" + alert.AckNote + ")"
		}
		steps = append(steps, by)
	}
	if alert.Open() && alert.Frozen != "" {
		steps = append(steps, alert.Frozen+": it waits as it is")
	}
	if alert.Sent {
		steps = append(steps, "a command is sent, not applied yet")
	}
	if !alert.Open() {
		steps = append(steps, alert.State+" "+clock(alert.EndedAt, now, zone))
	}
	if alert.Marked != "" {
		steps = append(steps, "a "+alert.Marked+" alarm, says "+alert.MarkedBy)
	}
	lines = append(lines, st.textLine(st.dim, " "+strings.Join(steps, " → "), w))
	for _, l := range st.wrap(alertTitle(alert), w-2, 2) {
		lines = append(lines, st.textLine(st.strong, " "+l, w))
	}
	for _, l := range st.wrap(alert.Reason, w-2, max(1, height-len(lines))) {
		lines = append(lines, st.textLine(st.text, " "+l, w))
	}
	return lines
}
