package ui

import (
	"fmt"
	"strings"

	"adtop/kpi"
	"adtop/snapshot"
)

// overviewLines: key figures, channels, why the selected one is judged as it
// is, the chart and the alerts.
func (a *app) overviewLines(lines []string) []string {
	st, w, s := a.st, a.width, a.snap
	p := layout(w, a.height, want{rows: a.channels.count(), notices: a.noticeCount(), above: len(lines)})
	lines = append(lines, a.cards(s.Total, s.Same, s.Before, p.kpis)...)
	if p.rule > 0 {
		lines = append(lines, st.rule("", w))
	}
	lines = append(lines, a.tableLines(len(lines), p.title+p.rows, a.emptyText())...)
	lines = append(lines, a.whyLines(a.channelNamed(a.channels.selected()), p.reason)...)
	lines = append(lines, a.bottomPanels(p)...)
	return append(lines, fill(a.noticeLines(), w, p.notices)...)
}

func (a *app) emptyText() string {
	switch a.place.screen {
	case channel:
		return a.subject().empty
	case alerts:
		return "no alert in the last 90 days"
	case sources:
		return "no source is configured"
	case unclaimed:
		if a.wanted != a.snap.View && len(a.snap.Unclaimed) == 0 {
			return "reading…"
		}
		return nothingUnclaimed
	}
	return "no channel is configured"
}

func (a *app) cards(now, same, before snapshot.Figures, height int) []string {
	return a.drawn.cards.draw(a.st, cardsKey{now, same, before, a.width, height}, func() []string {
		return a.st.cardLines(now, same, before, a.width, height)
	})
}

// whyLines say why a channel is judged as it is.
func (a *app) whyLines(c *snapshot.Channel, height int) []string {
	if c == nil || height == 0 {
		return fill(nil, a.width, height)
	}
	text := c.Reason
	if c.Unassigned {
		text = "results and spend that no channel claims. ↵ lists them, with the lines that bind them to one."
	}
	if c.Problem != "" && c.Verdict == kpi.NoData {
		text = c.Problem
	} else if c.Problem != "" {
		text += " Sources: " + c.Problem
	}
	return a.reasonLines(c.Name, text, c.Verdict, height)
}

func (a *app) reasonLines(name, text string, verdict kpi.Verdict, height int) []string {
	st := a.st
	return a.drawn.why.draw(st, whyKey{name, text, verdict, a.width, height}, func() []string {
		m := st.verdict(verdict)
		var lines []string
		for i, l := range st.wrap(name+": "+text, a.width-5, height) {
			lines = append(lines, st.line(a.width, func(p *pen) {
				p.gap(1)
				if i == 0 {
					p.write(m.style, m.glyph)
				}
				p.to(3)
				p.left(st.dim, l, a.width-4)
			}))
		}
		return fill(lines, a.width, height)
	})
}

// underChart is how many lines the side panel takes below the chart.
func (a *app) underChart(height int) int {
	under := 4
	if a.place.screen == overview {
		n := len(a.openAlerts())
		if n == 0 {
			return 0
		}
		under = min(2*n, 4) + 1
	}
	if height-under < 7 {
		return height
	}
	return under
}

func (a *app) openAlerts() []*snapshot.Alert {
	var open []*snapshot.Alert
	for i := range a.snap.Alerts {
		if a.snap.Alerts[i].Open() {
			open = append(open, &a.snap.Alerts[i])
		}
	}
	return open
}

func (a *app) alertsTitle() string {
	if n := len(a.openAlerts()); n > 0 {
		return "Alerts, " + a.st.whole(float64(n)) + " open"
	}
	return "Alerts"
}

// channelLines: key figures of what is opened, its economics, why, the chart
// and the evidence, and what it is made of.
func (a *app) channelLines(lines []string) []string {
	st, w := a.st, a.width
	s := a.subject()
	if s.channel == nil {
		gone := st.textLine(st.warn, "  This channel is no longer there: esc goes back.", w)
		return append(lines, fill([]string{gone}, w, a.height-len(lines)-1)...)
	}
	p := layout(w, a.height, want{rows: max(3, a.campaigns.count()), above: len(lines), notices: len(a.drillLine()), detail: true})
	lines = append(lines, a.cards(s.now, s.same, s.before, p.kpis)...)
	if p.rule > 0 {
		lines = append(lines, st.rule(a.economics(s), w))
	}
	name := s.channel.Name
	if crumbs := a.place.crumbs(); len(crumbs) > 1 {
		name = crumbs[len(crumbs)-1]
	}
	reason := s.reason
	if reason == "" {
		reason = "not weighed by itself"
	}
	lines = append(lines, a.reasonLines(name, reason, s.verdict, p.reason)...)
	lines = append(lines, a.bottomPanels(p)...)
	lines = append(lines, a.tableLines(len(lines), p.title+p.rows, s.empty)...)
	return append(lines, fill(a.drillLine(), w, p.notices)...)
}

// drillLine says how old ad groups and ads are.
func (a *app) drillLine() []string {
	if d := &a.snap.Drill; a.place.inside.Campaign != "" && !d.Fetched.IsZero() {
		text := " fetched " + a.ago(d.Fetched) + "; r fetches anew"
		if d.Busy {
			text = " being fetched anew…"
		}
		if d.Of == a.place.inside && len(d.Notes) > 0 {
			text += "; " + strings.Join(d.Notes, "; ")
		}
		return []string{a.st.textLine(a.st.dim, text, a.width)}
	}
	return nil
}

// subjectEvidence is what the verdict on what is opened rests on, and by what its
// results are counted.
func (a *app) subjectEvidence(s *subject, width int) []string {
	var lines []string
	var approvals []snapshot.Approval
	if s.channel != nil {
		approvals = s.channel.Approvals
	}
	for _, text := range a.st.pending(s.now.Pending, approvals) {
		for _, l := range a.st.wrap(text, width-2, 3) {
			lines = append(lines, a.st.textLine(a.st.text, " "+l, width))
		}
	}
	lines = append(lines, a.evidenceLines(s.p, s.verdict, &s.evidence, width)...)
	if s.channel == nil { // it has gone
		return lines
	}
	if len(s.channel.Attribution) > 0 {
		lines = append(lines, a.st.textLine(a.st.heading, " ATTRIBUTION", width))
	}
	for _, text := range append(s.channel.Attribution[:len(s.channel.Attribution):len(s.channel.Attribution)], a.st.viewed(s.now.Metrics)...) {
		for _, l := range a.st.wrap(text, width-2, 4) {
			lines = append(lines, a.st.textLine(a.st.dim, " "+l, width))
		}
	}
	return lines
}

// viewed says how many of the conversions followed a view without a click; nothing where
// none is known to.
func (f numbers) viewed(m kpi.Metrics) []string {
	if share := m.ViewShare(); share.OK && m.ViewThrough > 0 {
		return []string{fmt.Sprintf("%s of %s conversions (%s) followed a view without a click, as far as it is told",
			f.count(m.ViewThrough.Float()), f.count(m.Conversions.Float()), f.share(share, 0))}
	}
	return nil
}

// pending says what of the figures nobody has approved yet, for how much of it that
// counts, and what this rests on; nothing where nothing is pending.
func (f numbers) pending(p snapshot.Undecided, approvals []snapshot.Approval) (texts []string) {
	if !p.Any() {
		return nil
	}
	texts = append(texts, fmt.Sprintf("pending: %s worth %s, counted as %s worth %s", f.plural(int(p.Reported.Conversions/kpi.MicrosPerUnit), "conversion"), f.money(p.Reported.Revenue, 9),
		f.count(p.Counted.Conversions.Float()), f.money(p.Counted.Revenue, 9)))
	for _, a := range approvals {
		text := fmt.Sprintf("%s: none is decided yet, %s assumed to be approved", a.Source, f.share(kpi.Ratio{Value: a.Assumed, OK: true}, 0))
		if rate := a.Rate(); rate.OK {
			text = fmt.Sprintf("%s approved: %s of %s decided; by age, with %s assumed for %d more", a.Source, f.share(rate, 0), f.whole(float64(a.Approved+a.Rejected)),
				f.share(kpi.Ratio{Value: a.Assumed, OK: true}, 0), a.Behind)
		}
		texts = append(texts, text)
	}
	return texts
}

var basisNames = map[kpi.Basis]string{
	kpi.Gross: "gross revenue", kpi.NetOfTax: "revenue without tax", kpi.NetOfBoth: "net revenue",
	kpi.Ordered: "revenue as ordered", kpi.Reported: "revenue as reported",
}

// economics says how the channel's revenue becomes profit.
func (a *app) economics(s *subject) string {
	st, e := a.st, s.channel.Economics
	of := basisNames[e.Basis]
	if of == "" {
		of = "revenue"
	}
	parts := []string{"margin " + st.share(kpi.Ratio{Value: e.Margin.Float(), OK: true}, 0) + " of " + of}
	if r := e.BreakEvenROAS(); r.OK {
		parts = append(parts, "break-even ROAS "+st.ratio(r))
	}
	if r := e.BreakEvenCPA(s.now.Metrics.AOV()); r.OK {
		parts = append(parts, "break-even CPA "+st.price(r.Value, 9))
	}
	if e.TargetROAS != 0 {
		parts = append(parts, "target ROAS "+st.decimal(e.TargetROAS.Float(), 2))
	}
	if e.TargetCPA != 0 {
		parts = append(parts, "target CPA "+st.price(e.TargetCPA.Float(), 9))
	}
	if share := s.now.NewShare(); share.OK {
		parts = append(parts, "new customers "+st.share(share, 0))
		if cpa := s.now.NewCPA(); cpa.OK {
			parts = append(parts, "CPA of new "+st.price(cpa.Value, 9))
		}
	}
	if p := s.now.Payable; p.Capped != 0 {
		parts = append(parts, "beyond the cap "+st.money(p.Capped, 9))
	}
	if p := s.now.Payable; p.Until != 0 {
		parts = append(parts, "on hold "+st.money(p.Held, 9)+" until "+p.Until.String())
	}
	if s.whole && s.now.Fees != 0 {
		parts = append(parts, "fixed fees "+st.money(s.now.Fees, 9))
	}
	return strings.Join(parts, " · ")
}

// alertsLines: the list, why the selected one stands, and the silences; or all
// about the one that was opened.
func (a *app) alertsLines(lines []string) []string {
	w := a.width
	rest := a.height - len(lines) - 1
	if a.place.alert != "" {
		title, why := a.panelLines(chartPanel, w, rest-1)
		return append(append(lines, a.st.focusRule(title, w)), why...)
	}
	detail := min(max(8, rest-1-a.alertList.count()), rest*2/3)
	if rest < 14 {
		detail = rest / 2
	}
	lines = append(lines, a.tableLines(len(lines), rest-detail, a.emptyText())...)
	if len(a.silences()) == 0 && a.focused() != sidePanel {
		title, why := a.panelLines(chartPanel, w, detail-1)
		return append(append(lines, a.title(chartPanel, title, w)), why...)
	}
	if w >= 100 {
		return append(lines, a.bottomPanels(parts{bottom: detail, split: w * 6 / 10})...)
	}
	p, other := chartPanel, " · "+a.st.plural(len(a.silences()), "silence")+": tab"
	if a.focused() == sidePanel {
		p, other = sidePanel, ""
	}
	title, panel := a.panelLines(p, w, detail-1)
	return append(append(lines, a.title(p, title+other, w)), panel...)
}

// alertPanel is everything about the selected alert.
func (a *app) alertPanel(width, height int) (string, []string) {
	alert := a.alertSelected()
	if alert == nil {
		return "Why", fill(nil, width, height)
	}
	return alert.Subject + " · " + alert.Rule + " · " + alert.Severity.String(), a.window(chartPanel, a.why(alert, width), width, height)
}

// listLines: the list of sources or of what is unclaimed, and all about the selected
// line.
func (a *app) listLines(lines []string) []string {
	w := a.width
	rest := a.height - len(lines) - 1
	detail := min(max(8, rest-2-a.list().count()), rest*2/3)
	if rest < 14 {
		detail = rest / 2
	}
	lines = append(lines, a.tableLines(len(lines), rest-detail, a.emptyText())...)
	title, about := a.panelLines(sidePanel, w, detail-1)
	return append(append(lines, a.title(sidePanel, title, w)), about...)
}
