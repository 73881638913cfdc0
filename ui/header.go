package ui

import (
	"strings"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
)

// headerLine says what is shown, as of when, and how things stand. A new
// alert stands in its place until it was seen.
func (a *app) headerLine() string {
	st, w := a.st, a.width
	if a.alarm != "" {
		return st.bandLine(st.alarm, " ▲ NEW  "+a.alarm+"  ! opens it, esc hides it", w)
	}
	return st.line(w, func(p *pen) {
		p.write(st.accent, " adtop ")
		right, rightWidth := a.standing(w - 20)
		room := w - rightWidth - 1
		a.crumb(p, room/2)
		if text := a.asOfText(room - p.at - 2); text != "" {
			p.to(max(p.at+2, (w-p.width(text))/2-4))
			p.left(st.dim, text, min(p.width(text), room-p.at))
		}
		p.to(w - rightWidth)
		for _, piece := range right {
			p.write(piece.style, piece.text)
			p.gap(2)
		}
	})
}

type piece struct {
	style style
	text  string
	leads screen // where a click on it leads
}

// standing is the right end of the header, in at most room cells: alerts, then
// sources.
func (a *app) standing(room int) (out []piece, width int) {
	if a.snap == nil {
		return nil, 0
	}
	st := a.st
	if n, worst := firing(a.snap); n > 0 {
		s := st.warn
		if worst == snapshot.Critical {
			s = st.badStrong
		}
		out = append(out, piece{s, "▲ " + st.whole(float64(n)) + " firing", alerts})
	}
	if n, of := a.healthy(); of > 0 {
		s, glyph := st.good, "● "
		if n < of {
			s, glyph = st.warn, "○ "
		}
		out = append(out, piece{s, glyph + st.whole(float64(n)) + "/" + st.plural(of, "source"), sources})
	}
	for _, piece := range out {
		width += st.width(piece.text) + 2
	}
	for len(out) > 0 && width > room {
		width -= st.width(out[len(out)-1].text) + 2
		out = out[:len(out)-1]
	}
	return out, width
}

// firing counts the alerts of a picture that ask for attention, and says how
// bad the worst is.
func firing(s *snapshot.Snapshot) (n int, worst snapshot.Severity) {
	for i := range s.Alerts {
		if alert := &s.Alerts[i]; alert.Asks() {
			n++
			worst = max(worst, alert.Severity)
		}
	}
	return n, worst
}

// crumb says where the user is, from the left; where it is too long, the
// beginning goes.
func (a *app) crumb(p *pen, room int) {
	st := a.st
	room = max(room, 12)
	crumbs := a.place.crumbs()
	if len(crumbs) == 0 {
		if a.snap != nil {
			p.write(st.strong, p.cut(a.snap.Title, room-p.at))
		}
		return
	}
	verdict, look := "", st.text
	if a.place.screen == channel && a.snap != nil {
		if s := a.subject(); s.verdict != "" {
			m := st.verdict(s.verdict)
			verdict, look = " "+m.glyph+" "+m.word, m.style
			if s.p.OK && (s.verdict == kpi.Unprofitable || s.verdict == kpi.AtRisk) {
				verdict += " " + st.sure(s.p)
			}
			if cells(verdict) > room/2 {
				verdict = " " + m.glyph
			}
		}
	}
	room -= cells(verdict)
	text := "› " + strings.Join(crumbs, " › ")
	for len(crumbs) > 1 && p.width(text) > room-p.at {
		crumbs = crumbs[1:]
		text = "› … › " + strings.Join(crumbs, " › ")
	}
	p.write(st.strong, p.cut(text, room-p.at))
	p.write(look, verdict)
}

// asOfText is the range and the instant, in the longest form that fits.
func (a *app) asOfText(room int) string {
	s := a.snap
	if s == nil {
		return ""
	}
	label := s.View.Range.Label()
	if s.View.Range != a.wanted.Range {
		label += " → " + a.wanted.Range.Label() + "…"
	}
	at := clock(s.AsOf, a.dataNow(), a.zone())
	currency := " · " + string(s.Currency)
	speed := ""
	if s.Speed != 0 && s.Speed != 1 {
		speed = " · ×" + a.st.whole(s.Speed) + " faster than the clock"
	}
	old := ""
	if d := a.dataNow().Sub(s.AsOf); s.View.AsOf.IsZero() && d >= 15*time.Minute {
		old = " (" + age(d) + " ago)"
	}
	against := ""
	if s.View.Against != snapshot.PreviousPeriod {
		against = " against " + s.View.Against.Label()
	}
	for _, text := range []string{
		label + against + " · as of " + at + old + " " + a.zone().String() + currency + speed,
		label + against + " · as of " + at + old + currency + strings.TrimSuffix(speed, " faster than the clock"),
		label + " · as of " + at + old + currency,
		label + " · " + at + old,
		label,
	} {
		if cells(text) <= room {
			return text
		}
	}
	return ""
}

// bottomLine is the keys, or what the last key did.
func (a *app) bottomLine() string {
	st := a.st
	if a.notice != "" {
		return st.textLine(st.note, " "+a.notice, a.width)
	}
	text := a.filterText()
	return st.line(a.width, func(p *pen) {
		p.write(st.warn, text)
		st.hintLine(a.place.screen, p.at, a.width)(p)
	})
}

// filterText tells the filter in force in front of the hints.
func (a *app) filterText() string {
	if f := a.list().state().Filter; f != "" {
		return " filter: " + a.st.widths.Truncate(f, a.width/3, "…") + "  "
	}
	return ""
}

// noticeCount is the number of noticeLines.
func (a *app) noticeCount() int {
	n := 0
	for _, shown := range []bool{
		!a.snap.Collector.Here && a.snap.Collector.Who == "",
		a.snap.Backfill.What != "" && a.snap.Backfill.Total > 0,
		len(a.snap.Warnings) > 0,
	} {
		if shown {
			n++
		}
	}
	return n
}

// noticeLines are backfill, who collects, and warnings, most urgent first.
func (a *app) noticeLines() []string {
	st, s := a.st, a.snap
	var lines []string
	if !s.Collector.Here && s.Collector.Who == "" {
		lines = append(lines, st.textLine(st.warn, " ! Nobody collects: these figures do not change. Start adtop collect, or close the other viewer.", a.width))
	}
	if b := s.Backfill; b.What != "" && b.Total > 0 {
		lines = append(lines, st.progressLine(b, a.width))
	}
	if len(s.Warnings) > 0 {
		warning := s.Warnings[0]
		if more := len(s.Warnings) - 1; more > 0 {
			warning += " (and " + st.whole(float64(more)) + " more: see sources)"
		}
		lines = append(lines, st.textLine(st.warn, " ! "+warning, a.width))
	}
	return lines
}

// progressLine draws a long job.
func (st *Styles) progressLine(b snapshot.Progress, width int) string {
	return st.line(width, func(p *pen) {
		count := " " + st.whole(float64(b.Done)) + " of " + st.whole(float64(b.Total)) + " polls, " + st.whole(float64(b.Total-b.Done)) + " left"
		if width < 70 {
			count = " " + st.whole(float64(b.Done)) + "/" + st.whole(float64(b.Total))
		}
		what := b.What
		if what == "" {
			what = "history"
		}
		filled, rest := bar(float64(b.Done)/float64(b.Total), min(20, width/6))
		p.left(st.dim, " ↓ "+what+" ", min(p.width(what)+4, max(4, width-cells(count)-cells(filled+rest))))
		p.write(st.note, filled)
		p.write(st.faint, rest)
		p.write(st.dim, count)
	})
}
