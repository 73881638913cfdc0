package ui

import (
	"strings"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
)

// headerLine says what is shown, as of when, and how things stand.
func (a *app) headerLine() string {
	st, w := a.st, a.width
	return st.line(w, func(p *pen) {
		p.write(st.accent, " adtop ")
		right := a.standing()
		rightWidth := 0
		for _, piece := range right {
			rightWidth += p.width(piece.text) + 2
		}
		for len(right) > 0 && rightWidth > w-20 {
			rightWidth -= p.width(right[len(right)-1].text) + 2
			right = right[:len(right)-1]
		}
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
}

// standing is the right end of the header: alerts, then sources.
func (a *app) standing() []piece {
	if a.snap == nil {
		return nil
	}
	var out []piece
	if n, worst := a.firing(); n > 0 {
		s := a.st.warn
		if worst == snapshot.Critical {
			s = a.st.badStrong
		}
		out = append(out, piece{s, "▲ " + whole(float64(n)) + " firing"})
	}
	if n, of := a.healthy(); of > 0 {
		s, glyph := a.st.good, "● "
		if n < of {
			s, glyph = a.st.warn, "○ "
		}
		out = append(out, piece{s, glyph + whole(float64(n)) + "/" + plural(of, "source")})
	}
	return out
}

// crumb says where the user is.
func (a *app) crumb(p *pen, room int) {
	room = max(room, 12)
	switch {
	case a.helping:
		p.write(a.st.strong, "› Help")
	case a.screen == alerts:
		p.write(a.st.strong, "› Alerts")
	case a.screen == sources:
		p.write(a.st.strong, "› Sources")
	case a.screen == channel:
		c := a.openedChannel()
		p.write(a.st.strong, "› "+p.cut(a.opened, room-p.at))
		if c != nil {
			m := a.st.verdict(c.Verdict)
			p.write(m.style, " "+m.glyph+" "+m.word)
			if c.P.OK && (c.Verdict == kpi.Unprofitable || c.Verdict == kpi.AtRisk) {
				p.write(m.style, " "+sure(c.P))
			}
		}
	case a.snap != nil:
		p.write(a.st.strong, p.cut(a.snap.Title, room-p.at))
	}
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
		speed = " · ×" + whole(s.Speed) + " faster than the clock"
	}
	old := ""
	if d := a.dataNow().Sub(s.AsOf); s.View.AsOf.IsZero() && d >= 15*time.Minute {
		old = " (" + age(d) + " ago)"
	}
	for _, text := range []string{
		label + " · as of " + at + old + " " + a.zone().String() + currency + speed,
		label + " · as of " + at + old + currency + strings.TrimSuffix(speed, " faster than the clock"),
		label + " · " + at + old,
		label,
	} {
		if cells(text) <= room {
			return text
		}
	}
	return ""
}

// bottomLine is the keys, the filter being typed, or what the last key did.
func (a *app) bottomLine() string {
	st := a.st
	switch {
	case a.typing:
		return st.line(a.width, func(p *pen) {
			p.write(st.accent, " / ")
			p.write(st.text, p.cut(a.filter[a.screen], a.width-p.at-16)+"▏")
			p.left(st.faint, "  ↵ keep  esc clear", max(0, a.width-p.at))
		})
	case a.notice != "":
		return st.textLine(st.note, " "+a.notice, a.width)
	case a.filter[a.screen] != "":
		return st.line(a.width, func(p *pen) {
			p.write(st.warn, " filter: "+p.cut(a.filter[a.screen], a.width/2)+"  ")
			p.out = append(p.out, st.hints(a.screen, a.width-p.at)...)
			p.at, p.open = a.width, "" // the hints end with a reset
		})
	}
	return st.hints(a.screen, a.width)
}

// bandLine announces a new alert until a key is pressed.
func (a *app) bandLine() string {
	return a.st.textLine(a.st.band, " ▲ NEW  "+a.band, a.width)
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
		lines = append(lines, st.line(a.width, func(p *pen) {
			count := " " + whole(float64(b.Done)) + " of " + whole(float64(b.Total)) + " polls, " + whole(float64(b.Total-b.Done)) + " left"
			if a.width < 70 {
				count = " " + whole(float64(b.Done)) + "/" + whole(float64(b.Total))
			}
			filled, rest := bar(float64(b.Done)/float64(b.Total), min(20, a.width/6))
			p.left(st.dim, " ↓ "+b.What+" ", min(p.width(b.What)+4, max(4, a.width-cells(count)-cells(filled+rest))))
			p.write(st.note, filled)
			p.write(st.faint, rest)
			p.write(st.dim, count)
		}))
	}
	if len(s.Warnings) > 0 {
		warning := s.Warnings[0]
		if more := len(s.Warnings) - 1; more > 0 {
			warning += " (and " + whole(float64(more)) + " more: see sources)"
		}
		lines = append(lines, st.textLine(st.warn, " ! "+warning, a.width))
	}
	return lines
}

// card is one key figure of the strip.
type card struct {
	rank         int // those of the highest rank go first
	label, value string
	extra        string
	style        style
	extraStyle   style
}

// cards are those of now; same is what of it is compared with before.
func (a *app) cards(now, same, before snapshot.Figures) []card {
	st, m, is, was := a.st, now.Metrics, same.Metrics, before.Metrics
	against := func(x, y kpi.Ratio, wrong bool) (string, style) {
		c := kpi.Change(x, y)
		if !c.OK {
			return "", st.faint
		}
		s := st.dim
		if wrong && c.Value > 0.10 || !wrong && c.Value < -0.10 {
			s = st.warn
		}
		return change(c), s
	}
	make := func(rank int, label, value string, s style, x, y kpi.Ratio, wrong bool) card {
		extra, es := against(x, y, wrong)
		if isYoung(now) && label != "SPEND" {
			es = st.faint
			if rank > 0 {
				s = st.dim
			}
		}
		return card{rank, label, value, extra, s, es}
	}
	revenueText := missing
	if m.Knows(kpi.Revenue) {
		revenueText = money(m.Revenue, 11)
	}
	conversionText := missing
	if m.Knows(kpi.Conversions) {
		conversionText = conversions(m.Conversions, 9)
	}
	field := func(x kpi.Metrics, f kpi.Fields, v kpi.Micros) kpi.Ratio { return amountKnown(x, f, v) }
	spendText := missing
	if m.Knows(kpi.Cost) {
		spendText = money(m.Cost, 11)
	}
	spend := make(1, "SPEND", spendText, st.strong, field(is, kpi.Cost, is.Cost), field(was, kpi.Cost, was.Cost), false)
	spend.extraStyle = st.dim
	return []card{
		spend,
		make(3, "REVENUE", revenueText, st.strong, field(is, kpi.Revenue, is.Revenue), field(was, kpi.Revenue, was.Revenue), false),
		make(0, "PROFIT", amount(now.Profit, 11), st.signed(now.Profit.Micros.Float()), same.Profit.Float(), before.Profit.Float(), false),
		make(2, "ROAS", ratio(m.ROAS()), st.strong, is.ROAS(), was.ROAS(), false),
		make(7, "POAS", ratio(now.POAS()), st.strong, same.POAS(), before.POAS(), false),
		make(5, "CPA", costPerConversion(m, 9), st.strong, is.CPA(), was.CPA(), true),
		make(4, "CONVERSIONS", conversionText, st.strong, field(is, kpi.Conversions, is.Conversions), field(was, kpi.Conversions, was.Conversions), false),
		{rank: 6, label: "MATURITY", value: share(now.Maturity, 0), style: st.note},
	}
}

// cardLines draws the key figures in one line or two.
func (a *app) cardLines(now, same, before snapshot.Figures, height int) []string {
	if height == 0 {
		return nil
	}
	st, all := a.st, a.cards(now, same.Or(now), before)
	least := 16
	if height == 1 {
		least = 21
	}
	if a.width < 60 {
		least = 13
	}
	n := min(len(all), max(2, (a.width-2)/least))
	kept := all[:0:0]
	for _, c := range all {
		if c.rank < n {
			kept = append(kept, c)
		}
	}
	slot := (a.width - 2) / len(kept)
	labels := st.line(a.width, func(p *pen) {
		p.gap(1)
		for _, c := range kept {
			p.left(st.heading, c.label, slot)
		}
	})
	values := st.line(a.width, func(p *pen) {
		p.gap(1)
		for _, c := range kept {
			end := p.at + slot
			if height == 1 {
				p.left(st.heading, c.label+" ", min(cells(c.label)+1, 8))
			}
			p.left(c.style, c.value, min(cells(c.value), end-p.at-1))
			if c.extra != "" && end-p.at > cells(c.extra)+2 {
				p.write(c.extraStyle, "  "+c.extra)
			}
			p.to(end)
		}
	})
	if height == 1 {
		return []string{values}
	}
	return []string{labels, values}
}
