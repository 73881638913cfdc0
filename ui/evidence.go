package ui

import (
	"fmt"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
)

// evidenceLines draw what a verdict rests on: P against the threshold, due
// against seen conversions, the cohorts, and the delay curve with the
// observations behind it. They are as many as there is to tell.
func (a *app) evidenceLines(p kpi.Ratio, verdict kpi.Verdict, e *snapshot.Evidence, width int) []string {
	st := a.st
	lines := []string{a.certainty(p, verdict, width)}
	add := func(s style, text string) {
		for _, l := range st.wrap(text, width-2, 3) {
			lines = append(lines, st.textLine(s, " "+l, width))
		}
	}
	if e.Due > 0 {
		text := st.count(e.Seen) + " of " + st.count(e.Due) + " conversions needed"
		if !e.Since.IsZero() {
			text += ", since " + clock(e.Since, a.dataNow(), a.zone())
		}
		add(st.text, text)
	}
	add(st.dim, a.trouble(e))
	if len(e.Cohorts) > 0 {
		of := " CLICKS OF      SPEND    DUE   SEEN  MATURITY"
		if e.ByEvent {
			of = " DAY            SPEND    DUE   SEEN  MATURITY"
		}
		lines = append(lines, st.textLine(st.heading, of, width))
		for i := len(e.Cohorts) - 1; i >= 0; i-- {
			lines = append(lines, a.cohortLine(e.Cohorts[i], width))
		}
	}
	return append(lines, a.curveLines(e, width)...)
}

// certainty draws P as a bar with the threshold beside it.
func (a *app) certainty(certainty kpi.Ratio, verdict kpi.Verdict, width int) string {
	st := a.st
	if !certainty.OK {
		return st.textLine(st.dim, " no evidence yet", width)
	}
	m := st.verdict(verdict)
	return st.line(width, func(p *pen) {
		p.write(st.dim, " loses money: ")
		p.write(m.style, st.sure(certainty)+" sure ")
		n := min(20, max(5, width-48))
		filled, rest := bar(certainty.Value, n)
		p.write(m.style, filled)
		p.write(st.faint, rest)
		p.left(st.dim, "  "+st.threshold(a.snap.Alarm, width-p.at-2), max(0, width-p.at))
	})
}

// threshold says from when an alert fires and, where there is room, what that
// stands for.
func (st *Styles) threshold(alarm snapshot.Alarm, room int) string {
	text := "alert from " + st.share(kpi.Ratio{Value: alarm.Threshold, OK: true}, 0)
	for _, more := range []string{
		fmt.Sprintf(": about %s false alarms a month, should all channels stay at 1.5× break-even", st.decimal(alarm.Rate, 1)),
		fmt.Sprintf(": about %s false alarms a month at 1.5× break-even", st.decimal(alarm.Rate, 1)),
		fmt.Sprintf(", ~%s false a month", st.decimal(alarm.Rate, 1)),
	} {
		if cells(text+more) <= room {
			return text + more
		}
	}
	return text
}

func (a *app) trouble(e *snapshot.Evidence) string {
	var parts []string
	if e.Cause != "" {
		parts = append(parts, "cause: "+e.Cause)
	}
	if e.LossPerDay > 0 {
		parts = append(parts, "loses "+a.st.money(e.LossPerDay, 9)+" a day")
	}
	if e.Level.OK {
		parts = append(parts, "ROAS at "+a.st.share(e.Level, 0)+" of break-even")
	}
	if e.LateOrLost {
		parts = append(parts, "or conversions arrive later than they used to")
	}
	return strings.Join(parts, " · ")
}

func (a *app) cohortLine(c snapshot.Cohort, width int) string {
	st := a.st
	return st.line(width, func(p *pen) {
		p.left(st.dim, " "+c.Start.In(a.zone()).Format("Mon 2 Jan"), 12)
		p.right(st.text, st.fitted(c.Spend, 9), 9)
		p.right(st.dim, st.decimal(c.Due, 1), 7)
		s := st.good
		if c.Seen < c.Due {
			s = st.bad
		}
		p.right(s, st.count(c.Seen), 7)
		p.gap(2)
		maturityBar(p, kpi.Ratio{Value: c.Maturity, OK: true})
	})
}

// curveLines draw how conversions arrive: the share that is visible at some
// ages, and how much was watched arriving, rather than assumed, to say so.
func (a *app) curveLines(e *snapshot.Evidence, width int) []string {
	st := a.st
	if e.ByEvent {
		return []string{st.textLine(st.dim, " Results are dated by themselves: complete as soon as they are seen.", width)}
	}
	points := shownPoints(e.Curve)
	if len(points) == 0 {
		return nil
	}
	lines := []string{st.textLine(st.heading, " CONVERSIONS VISIBLE AFTER", width)}
	for _, point := range points {
		lines = append(lines, st.line(width, func(p *pen) {
			p.right(st.dim, age(point.Age), 6)
			p.gap(2)
			filled, rest := bar(point.Share, min(20, max(4, width-40)))
			p.write(st.note, filled)
			p.write(st.faint, rest)
			p.right(st.text, st.share(kpi.Ratio{Value: point.Share, OK: true}, 0), 5)
			behind := "  assumed for the platform"
			if point.Behind >= 1 {
				behind = "  from " + st.whole(point.Behind) + " conversions watched"
			}
			p.left(st.faint, behind, max(0, width-p.at))
		}))
	}
	return lines
}

// curveAges are the ages at which the curve is told.
var curveAges = []time.Duration{time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 48 * time.Hour, 72 * time.Hour, 7 * 24 * time.Hour, 14 * 24 * time.Hour}

// shownPoints are the points of the curve next to curveAges, until nearly all
// is visible.
func shownPoints(curve []snapshot.CurvePoint) (out []snapshot.CurvePoint) {
	next := 0
	for _, point := range curve {
		if next == len(curveAges) || point.Age < curveAges[next] {
			continue
		}
		for next < len(curveAges) && curveAges[next] <= point.Age {
			next++
		}
		out = append(out, point)
		if point.Share >= 0.99 {
			break
		}
	}
	return out
}
