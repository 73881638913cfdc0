package ui

import (
	"strconv"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
)

// sourceRow is one line of the sources screen: a source, or a target of
// notifications. It is comparable, so that an unchanged row is not drawn again.
type sourceRow struct {
	name, typ                      string
	mark                           mark
	answered, next, through, every string
	answeredAt, nextAt, throughAt  int64 // Unix seconds, for sorting
	everyMinutes                   float64
	quota, left, backfill          kpi.Ratio // left: days of access
	accounts                       kpi.Ratio // unknown for a target, and so is history
	history                        string    // where backfill is not known
	health                         snapshot.Health
}

// expiresSoon is the days of access from which they are shown as a warning.
const expiresSoon = 14

func newSourceTable() *table[sourceRow] {
	text := func(key, title, help string, width, rank int, of func(r *sourceRow) string, order func(r *sourceRow) int64) *column[sourceRow] {
		c := &column[sourceRow]{
			key: key, title: title, help: help, width: width, rank: rank, left: true, text: of,
			draw: func(p *pen, r *sourceRow, width int) { p.left(p.st.dim, of(r), width) },
		}
		if order != nil {
			c.less = func(a, b *sourceRow) int { return int(min(max(order(a)-order(b), -1), 1)) }
		}
		return c
	}
	number := func(key, title, help string, width, rank int, of func(r *sourceRow) kpi.Ratio, show func(p *pen, r *sourceRow) (style, string)) *column[sourceRow] {
		return &column[sourceRow]{
			key: key, title: title, help: help, width: width, rank: rank, number: of,
			draw: func(p *pen, r *sourceRow, width int) {
				s, text := show(p, r)
				p.right(s, text, width)
			},
		}
	}
	health := text("health", "HEALTH", "healthy, waiting, stale or failing", 8, 0, func(r *sourceRow) string { return r.mark.word }, func(r *sourceRow) int64 { return -int64(rankOf(r.health)) })
	health.draw = func(p *pen, r *sourceRow, width int) { p.left(r.mark.style, r.mark.word, width) }
	every := text("every", "EVERY", "how often it is asked", 6, 40, func(r *sourceRow) string { return r.every }, nil)
	every.number = func(r *sourceRow) kpi.Ratio { return kpi.Ratio{Value: r.everyMinutes, OK: r.everyMinutes > 0} }
	return &table[sourceRow]{
		name: "sources", title: "SOURCE", names: []string{"source"}, most: nameMost, part: 8,
		columns: []*column[sourceRow]{
			health,
			text("answered", "ANSWERED", "age of the last good answer, or of the last message that arrived", 9, 10, func(r *sourceRow) string { return r.answered }, func(r *sourceRow) int64 { return r.answeredAt }),
			text("next", "NEXT POLL", "when it is asked next", 9, 30, func(r *sourceRow) string { return r.next }, func(r *sourceRow) int64 { return r.nextAt }),
			text("complete", "COMPLETE TO", "up to when its figures are whole", 12, 20, func(r *sourceRow) string { return r.through }, func(r *sourceRow) int64 { return r.throughAt }),
			every,
			number("quota", "QUOTA", "part of the platform's limit in use", 5, 50, func(r *sourceRow) kpi.Ratio { return r.quota }, func(p *pen, r *sourceRow) (style, string) {
				return p.st.changed(r.quota, 0), p.st.share(r.quota, 0)
			}),
			number("access", "ACCESS", "days until somebody has to sign in again", 7, 35, func(r *sourceRow) kpi.Ratio { return r.left }, func(p *pen, r *sourceRow) (style, string) {
				switch {
				case !r.left.OK:
					return p.st.faint, missing
				case r.left.Value < expiresSoon:
					return p.st.warn, strconv.Itoa(int(r.left.Value)) + " days"
				}
				return p.st.dim, strconv.Itoa(int(r.left.Value)) + " d"
			}),
			number("history", "HISTORY", "how much of its past is fetched", 7, 60, func(r *sourceRow) kpi.Ratio { return r.backfill }, func(p *pen, r *sourceRow) (style, string) {
				if !r.backfill.OK {
					return p.st.faint, r.history
				}
				return p.st.note, p.st.share(r.backfill, 0)
			}),
			number("accounts", "ACCOUNTS", "accounts that it reaches", 8, 55, func(r *sourceRow) kpi.Ratio { return r.accounts }, func(p *pen, r *sourceRow) (style, string) {
				if !r.accounts.OK {
					return p.st.faint, missing
				}
				return p.st.dim, strconv.Itoa(int(r.accounts.Value))
			}),
			text("type", "TYPE", "which adapter reads it, or what service it is told by", 14, 70, func(r *sourceRow) string { return r.typ }, nil),
		},
		id:    func(r *sourceRow) string { return r.name },
		label: func(r *sourceRow) string { return r.name },
		mark:  func(_ *Styles, r *sourceRow) mark { return r.mark },
		order: func(a, b *sourceRow) int { return rankOf(b.health) - rankOf(a.health) },
	}
}

// rankOf is higher for a source that needs a look more.
func rankOf(h snapshot.Health) int {
	switch h {
	case snapshot.Failing:
		return 3
	case snapshot.Stale:
		return 2
	case snapshot.Waiting:
		return 1
	}
	return 0
}

func (a *app) sourceRows() []sourceRow {
	now := a.dataNow()
	rows := a.sourceSet.rows[:0]
	for i := range a.snap.Sources {
		s := &a.snap.Sources[i]
		r := sourceRow{
			name: s.Name, typ: s.Type, mark: a.st.health(s.Health), health: s.Health, quota: s.QuotaUsed,
			accounts: kpi.Ratio{Value: float64(s.Accounts), OK: true}, history: "whole",
			answered: a.ago(s.LastGood), next: a.until(s.NextPoll), through: missing, every: missing,
			answeredAt: -s.LastGood.Unix(), nextAt: s.NextPoll.Unix(), throughAt: -s.Watermark.Unix(),
		}
		if !s.Watermark.IsZero() {
			r.through = clock(s.Watermark, now, a.zone())
		}
		if s.Every > 0 {
			r.every, r.everyMinutes = age(s.Every), s.Every.Minutes()
		}
		if !s.Expires.IsZero() {
			r.left = kpi.Ratio{Value: max(0, s.Expires.Sub(now).Hours()/24), OK: true}
			r.left.Value = float64(int(r.left.Value)) // it changes by the day
		}
		if b := s.Backfill; b.Total > 0 && b.Done < b.Total {
			r.backfill = kpi.Ratio{Value: float64(b.Done) / float64(b.Total), OK: true}
		}
		rows = append(rows, r)
	}
	for i := range a.snap.Targets {
		t := &a.snap.Targets[i]
		rows = append(rows, sourceRow{
			name: targetLine(t.Name), typ: t.Type, mark: a.st.health(t.Health()), health: t.Health(), answered: a.ago(t.Delivered), answeredAt: -t.Delivered.Unix(),
			next: missing, through: missing, every: missing, history: missing,
		})
	}
	return rows
}

// targetLine is the name of a target among the sources: what comes in, and what
// goes out.
func targetLine(name string) string { return "→ " + name }

// targetOf finds the target that a line is of.
func (a *app) targetOf(line string) *snapshot.Target {
	for i := range a.snap.Targets {
		if t := &a.snap.Targets[i]; targetLine(t.Name) == line {
			return t
		}
	}
	return nil
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

// about says what is wrong with a source and what to do, why it is asked as
// often as it is, and what was said to its platform last.
func (a *app) about(s *snapshot.Source, width int) []string {
	st := a.st
	var lines []string
	add := func(style style, text string) { lines = append(lines, a.paragraph(style, text, width)...) }
	if s.Problem != "" {
		add(st.health(s.Health).style, s.Problem)
	}
	if s.Next != "" {
		add(st.text, "→ "+s.Next)
	}
	if s.EveryWhy != "" {
		add(st.dim, "Asked every "+age(s.Every)+": "+s.EveryWhy)
	}
	if !s.Expires.IsZero() {
		look := st.dim
		if s.Expires.Sub(a.dataNow()) < expiresSoon*24*time.Hour {
			look = st.warn
		}
		add(look, "Its access ends on "+s.Expires.In(a.zone()).Format("Mon 2 Jan 2006")+" unless somebody signs in again.")
	}
	if b := s.Backfill; b.Total > 0 && b.Done < b.Total {
		lines = append(lines, st.progressLine(b, width))
	}
	for _, warning := range s.Warnings {
		add(st.warn, "! "+warning)
	}
	for _, warning := range a.snap.Warnings {
		add(st.warn, "! "+warning)
	}
	if len(lines) == 0 {
		add(st.dim, "Nothing to report.")
	}
	if len(s.Exchanges) > 0 {
		lines = append(lines, st.textLine(st.heading, " What was said last", width))
		for i := range s.Exchanges {
			lines = append(lines, a.exchangeLine(&s.Exchanges[i], width))
		}
	} else if !a.snap.Collector.Here {
		add(st.faint, "What is said to the platform is shown where adtop collects.")
	}
	return lines
}

// paragraph breaks text into lines of a panel.
func (a *app) paragraph(style style, text string, width int) (lines []string) {
	for _, l := range a.st.wrap(text, width-2, 20) {
		lines = append(lines, a.st.textLine(style, " "+l, width))
	}
	return lines
}

// aboutTarget says whether messages arrive at a target, and else why not and what
// to do.
func (a *app) aboutTarget(t *snapshot.Target, width int) []string {
	st := a.st
	var lines []string
	add := func(style style, text string) { lines = append(lines, a.paragraph(style, text, width)...) }
	moment := func(at time.Time) string { return clock(at, a.dataNow(), a.zone()) }
	if !t.Failing.IsZero() {
		add(st.bad, "Nothing arrives since "+moment(t.Failing)+": "+t.Problem)
		add(st.text, "→ "+t.Next)
	}
	if t.Waiting > 0 {
		add(st.warn, st.plural(t.Waiting, "message")+" still to arrive, the oldest from "+moment(t.Oldest)+".")
	}
	if t.Delivered.IsZero() {
		add(st.dim, "No message has arrived yet. 'adtop notify test "+t.Name+"' sends one.")
	} else {
		add(st.dim, "The last message arrived at "+moment(t.Delivered)+". 'adtop notify log' lists what was told, and an alert's story says who was told of it.")
	}
	return lines
}

func (a *app) exchangeLine(e *snapshot.Exchange, width int) string {
	st := a.st
	return st.line(width, func(p *pen) {
		p.gap(1)
		p.left(st.faint, e.At.In(a.zone()).Format("15:04:05"), 9)
		look, status := st.good, strconv.Itoa(e.Status)
		switch {
		case e.Status == 0:
			look, status = st.bad, "none"
		case e.Status >= 400:
			look = st.bad
		}
		p.left(look, status, 5)
		p.right(st.dim, bytesText(e.Bytes), 7)
		p.right(st.dim, strconv.FormatInt(e.Took.Milliseconds(), 10)+" ms", 9)
		p.gap(2)
		text := e.Request
		if e.Problem != "" {
			text = e.Problem + " · " + text
		}
		p.left(st.text, text, max(0, width-p.at))
	})
}

func bytesText(n int64) string {
	switch {
	case n >= 1<<20:
		return strconv.FormatInt(n>>20, 10) + " MB"
	case n >= 1<<10:
		return strconv.FormatInt(n>>10, 10) + " kB"
	}
	return strconv.FormatInt(n, 10) + " B"
}
