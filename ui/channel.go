package ui

import (
	"fmt"
	"strconv"
	"strings"

	"adtop/kpi"
	"adtop/snapshot"
)

func (a *app) channelParts() parts {
	return layout(a.width, a.height, want{rows: max(3, len(a.campaigns)), band: a.band != "", detail: true})
}

func (a *app) renderChannel() []string {
	st, w := a.st, a.width
	c := a.openedChannel()
	if c == nil {
		lines := []string{a.headerLine(), st.textLine(st.warn, "  This channel is no longer there: esc goes back.", w)}
		return append(fill(lines, w, a.height-1), a.bottomLine())
	}
	p := a.channelParts()
	lines := make([]string, 0, a.height)
	lines = append(lines, a.headerLine())
	if p.band > 0 {
		lines = append(lines, a.bandLine())
	}
	lines = append(lines, a.cardLines(c.Now, c.Same, c.Before, p.kpis)...)
	if p.rule > 0 {
		lines = append(lines, st.rule(a.economics(c), w))
	}
	lines = append(lines, fill(a.why(c, p.reason), w, p.reason)...)
	lines = append(lines, a.evidencePanel(c, p)...)
	g := gridFor(campaignColumns, w, longestName(st, a.campaigns))
	lines = append(lines, g.header(st, "CAMPAIGN", "", false))
	lines = append(lines, a.tableLines(g, a.campaigns, p.rows)...)
	lines = append(lines, fill(nil, w, p.notices)...)
	return append(lines, a.bottomLine())
}

var basisNames = map[kpi.Basis]string{
	kpi.Gross: "gross revenue", kpi.NetOfTax: "revenue without tax", kpi.NetOfBoth: "net revenue",
	kpi.Ordered: "revenue as ordered", kpi.Reported: "revenue as reported",
}

// economics says how the channel's revenue becomes profit.
func (a *app) economics(c *snapshot.Channel) string {
	e := c.Economics
	of := basisNames[e.Basis]
	if of == "" {
		of = "revenue"
	}
	parts := []string{"margin " + share(kpi.Ratio{Value: e.Margin.Float(), OK: true}, 0) + " of " + of}
	if r := e.BreakEvenROAS(); r.OK {
		parts = append(parts, "break-even ROAS "+ratio(r))
	}
	if r := e.BreakEvenCPA(c.Now.Metrics.AOV()); r.OK {
		parts = append(parts, "break-even CPA "+price(r.Value, 9))
	}
	if e.TargetROAS != 0 {
		parts = append(parts, "target ROAS "+e.TargetROAS.Decimal(2))
	}
	if e.TargetCPA != 0 {
		parts = append(parts, "target CPA "+e.TargetCPA.Decimal(2))
	}
	if c.Now.Fees != 0 {
		parts = append(parts, "fixed fees "+money(c.Now.Fees, 9))
	}
	return strings.Join(parts, " · ")
}

// evidencePanel is the chart and the evidence, side by side where they fit.
func (a *app) evidencePanel(c *snapshot.Channel, p parts) []string {
	if p.bottom == 0 {
		return nil
	}
	st := a.st
	pl := plotOf(c.Days, a.metric, a.chartDays(len(c.Days)))
	title := pl.legend(a.snap.Currency)
	if p.split > 0 {
		right := a.width - p.split - 1
		left := append([]string{st.rule(title, p.split)}, a.charts[channel].draw(st, pl, p.split, p.bottom-1)...)
		return st.beside(left, append([]string{st.rule("Evidence", right)}, a.evidence(c, right, p.bottom-1)...))
	}
	under := min(4, p.bottom)
	if p.bottom < 11 {
		under = p.bottom
	}
	var lines []string
	if p.bottom > under {
		lines = append(lines, st.rule(title, a.width))
		lines = append(lines, a.charts[channel].draw(st, pl, a.width, p.bottom-under-1)...)
	}
	lines = append(lines, st.rule("Evidence", a.width))
	return append(lines, a.evidence(c, a.width, under-1)...)
}

// evidence draws what the verdict rests on: P against the threshold, due
// against seen conversions, the cohorts, and the delay curve.
func (a *app) evidence(c *snapshot.Channel, width, height int) []string {
	st, e := a.st, c.Evidence
	lines := []string{a.certainty(c, width)}
	if e.Due > 0 {
		text := count(e.Seen) + " of " + count(e.Due) + " conversions needed"
		if !e.Since.IsZero() {
			text += ", since " + clock(e.Since, a.dataNow(), a.zone())
		}
		lines = append(lines, st.textLine(st.text, " "+text, width))
	}
	for _, l := range st.wrap(a.trouble(e), width-2, 2) {
		lines = append(lines, st.textLine(st.dim, " "+l, width))
	}
	curve := curveText(e.Curve)
	cohorts := height - len(lines)
	if curve != "" {
		cohorts--
	}
	if len(e.Cohorts) > 0 && cohorts > 1 {
		lines = append(lines, st.textLine(st.heading, " CLICKS OF      SPEND    DUE   SEEN  MATURITY", width))
		for i := len(e.Cohorts) - 1; i >= 0 && cohorts > 1; i, cohorts = i-1, cohorts-1 {
			lines = append(lines, a.cohortLine(e.Cohorts[i], width))
		}
	}
	if curve != "" {
		lines = append(lines, st.textLine(st.dim, " visible after  "+curve, width))
	}
	return fill(lines, width, height)
}

func count(v float64) string {
	if v == float64(int64(v)) {
		return whole(v)
	}
	return decimal(v, 1)
}

// certainty draws P as a bar with the threshold marked.
func (a *app) certainty(c *snapshot.Channel, width int) string {
	st := a.st
	if !c.P.OK {
		return st.textLine(st.dim, " no evidence yet", width)
	}
	m := st.verdict(c.Verdict)
	return st.line(width, func(p *pen) {
		p.write(st.dim, " loses money: ")
		p.write(m.style, sure(c.P)+" sure ")
		n := min(20, max(5, width-48))
		filled, rest := bar(c.P.Value, n)
		p.write(m.style, filled)
		p.write(st.faint, rest)
		p.left(st.dim, "  "+threshold(a.snap.Alarm, width-p.at-2), max(0, width-p.at))
	})
}

// threshold says from when an alert fires and, where there is room, what that
// stands for.
func threshold(alarm snapshot.Alarm, room int) string {
	text := "alert from " + share(kpi.Ratio{Value: alarm.Threshold, OK: true}, 0)
	for _, more := range []string{
		fmt.Sprintf(": about %.1f false alarms a month, should all channels stay at 1.5× break-even", alarm.Rate),
		fmt.Sprintf(": about %.1f false alarms a month at 1.5× break-even", alarm.Rate),
		fmt.Sprintf(", ~%.1f false a month", alarm.Rate),
	} {
		if len([]rune(text+more)) <= room {
			return text + more
		}
	}
	return text
}

func (a *app) trouble(e snapshot.Evidence) string {
	var parts []string
	if e.Cause != "" {
		parts = append(parts, "cause: "+e.Cause)
	}
	if e.LossPerDay > 0 {
		parts = append(parts, "loses "+money(e.LossPerDay, 9)+" a day")
	}
	if e.Level.OK {
		parts = append(parts, "ROAS at "+share(e.Level, 0)+" of break-even")
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
		p.right(st.text, fitted(c.Spend, 9), 9)
		p.right(st.dim, decimal(c.Due, 1), 7)
		s := st.good
		if c.Seen < c.Due {
			s = st.bad
		}
		p.right(s, count(c.Seen), 7)
		p.gap(2)
		maturityBar(p, kpi.Ratio{Value: c.Maturity, OK: true})
	})
}

// curveText names the ages at which the learnt delay curve passes some shares.
func curveText(curve []snapshot.CurvePoint) string {
	var parts []string
	next := 0.25
	for _, point := range curve {
		if point.Share >= next {
			parts = append(parts, age(point.Age)+" "+strconv.Itoa(int(100*point.Share+0.5))+"%")
			for next <= point.Share {
				next += 0.25
			}
			next = min(next, 0.95)
			if point.Share >= 0.95 {
				break
			}
		}
	}
	return strings.Join(parts, " · ")
}
