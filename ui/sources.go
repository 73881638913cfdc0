package ui

import (
	"time"

	"adtop/snapshot"
)

// listedSources are the sources of the sources screen.
func (a *app) listedSources() []*snapshot.Source {
	var out []*snapshot.Source
	if a.snap == nil {
		return nil
	}
	for i := range a.snap.Sources {
		if s := &a.snap.Sources[i]; matches(a.filter[sources], s.Name, s.Type) {
			out = append(out, s)
		}
	}
	return out
}

func (a *app) renderSources() []string {
	st, w, h := a.st, a.width, a.height
	list := a.listedSources()
	lines := []string{a.headerLine(), a.sourceHeader()}
	detail := min(9, h/2)
	height := h - 3 - detail
	cursor := a.selectedIndex(a.ids())
	a.top[sources] = scroll(a.top[sources], cursor, len(list), height)
	var rows []string
	for i := a.top[sources]; i < min(len(list), a.top[sources]+height); i++ {
		rows = append(rows, a.sourceRow(list[i], i == cursor))
	}
	if len(list) == 0 {
		rows = append(rows, st.textLine(st.dim, "   no source here", w))
	}
	lines = append(lines, fill(rows, w, height)...)
	var about []string
	if cursor < len(list) {
		about = a.sourceDetail(list[cursor], detail)
	}
	lines = append(lines, fill(about, w, detail)...)
	return append(lines, a.bottomLine())
}

// sourceColumn is one column of the sources table; columns beyond the width
// are left out, from the right.
type sourceColumn struct {
	title string
	width int
	cell  func(a *app, s *snapshot.Source) string
}

var sourceColumns = []sourceColumn{
	{"ANSWERED", 9, func(a *app, s *snapshot.Source) string { return a.ago(s.LastGood) }},
	{"NEXT POLL", 10, func(a *app, s *snapshot.Source) string { return a.until(s.NextPoll) }},
	{"COMPLETE TO", 13, func(a *app, s *snapshot.Source) string {
		if s.Watermark.IsZero() {
			return missing
		}
		return clock(s.Watermark, a.dataNow(), a.zone())
	}},
	{"EVERY", 7, func(_ *app, s *snapshot.Source) string {
		if s.Every == 0 {
			return missing
		}
		return age(s.Every)
	}},
	{"QUOTA", 6, func(_ *app, s *snapshot.Source) string { return share(s.QuotaUsed, 0) }},
	{"ACCOUNTS", 9, func(_ *app, s *snapshot.Source) string { return whole(float64(s.Accounts)) }},
	{"TYPE", 16, func(_ *app, s *snapshot.Source) string { return s.Type }},
}

func (a *app) ago(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return age(a.dataNow().Sub(t)) + " ago"
}

func (a *app) until(t time.Time) string {
	if t.IsZero() {
		return missing
	}
	if d := t.Sub(a.dataNow()); d >= time.Minute {
		return "in " + age(d)
	}
	return "now"
}

func (a *app) sourceNameWidth() int { return min(28, max(10, a.width-16-12)) }

func (a *app) sourceHeader() string {
	st := a.st
	return st.line(a.width, func(p *pen) {
		p.gap(3)
		p.left(st.heading, "SOURCE", a.sourceNameWidth())
		p.left(st.heading, " HEALTH", 10)
		for _, c := range sourceColumns {
			if p.at+c.width+1 > a.width {
				break
			}
			p.gap(1)
			p.left(st.heading, c.title, c.width)
		}
	})
}

func (a *app) sourceRow(s *snapshot.Source, selected bool) string {
	st := a.st
	p := newPen(st, selected)
	m := st.health(s.Health)
	if selected {
		p.write(st.accent, "›")
	}
	p.to(1)
	p.write(m.style, m.glyph+" ")
	p.left(st.text, s.Name, a.sourceNameWidth())
	p.left(m.style, " "+m.word, 10)
	for _, c := range sourceColumns {
		if p.at+c.width+1 > a.width {
			break
		}
		p.gap(1)
		p.left(st.dim, c.cell(a, s), c.width)
	}
	return p.end(a.width)
}

// sourceDetail says what is wrong with a source and what to do.
func (a *app) sourceDetail(s *snapshot.Source, height int) []string {
	st, w := a.st, a.width
	m := st.health(s.Health)
	lines := []string{st.rule(s.Name+" · "+s.Type+" · "+m.word, w)}
	add := func(style style, text string) {
		for _, l := range st.wrap(text, w-2, height-len(lines)) {
			lines = append(lines, st.textLine(style, " "+l, w))
		}
	}
	if s.Problem != "" {
		add(m.style, s.Problem)
	}
	if s.Next != "" {
		add(st.text, "→ "+s.Next)
	}
	if s.EveryWhy != "" {
		add(st.dim, "Polled every "+age(s.Every)+": "+s.EveryWhy)
	}
	for _, warning := range s.Warnings {
		add(st.warn, "! "+warning)
	}
	for _, warning := range a.snap.Warnings {
		add(st.warn, "! "+warning)
	}
	if len(lines) == 1 {
		add(st.dim, "Nothing to report.")
	}
	return lines
}
