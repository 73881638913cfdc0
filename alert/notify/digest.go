package notify

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
)

// Digest renders a digest as a Note, the same at every attempt to send it.
func Digest(d *snapshot.Digest) Message {
	t := digestText{Digest: d}
	t.total()
	t.channels()
	t.movers()
	t.alerts()
	t.losses()
	t.rules()
	t.sources()
	t.notes()
	name := "digest of the " + d.Period
	return Message{
		Event: fmt.Sprintf("digest %s %s", d.Period, d.Days.To), Key: name, Kind: Note, Cause: name, At: d.AsOf, Severity: snapshot.Info,
		Title: t.title(), Text: clipped(strings.TrimSpace(t.text.String()), maxDigest),
	}
}

// Bounds of a digest: characters in all, which fit into the outbox however they are
// encoded, and alerts that are listed one by one.
const (
	maxDigest = 40_000
	maxListed = 50
)

// digestText is a digest in lines of plain text.
type digestText struct {
	*snapshot.Digest
	text strings.Builder
}

func (t *digestText) line(format string, args ...any) { fmt.Fprintf(&t.text, format+"\n", args...) }

// section begins one, after an empty line.
func (t *digestText) section(title string) { t.line("\n%s", title) }

func (t *digestText) title() string {
	said := "profit unknown"
	if p := t.Total.Now.Profit; p.Known {
		said = "profit " + t.amount(p)
		if change, known := changeOf(t.Total, profit); known {
			said += " (" + signed(change) + ")"
		}
	}
	return fmt.Sprintf("%s, %s: %s", t.Title, spell(t.Days), said)
}

// spell names days: one, or the first and the last.
func spell(days kpi.DateRange) string {
	first, last := days.From.Start(time.UTC), days.To.Start(time.UTC)
	if days.From == days.To {
		return first.Format("Mon 2 Jan 2006")
	}
	return first.Format("2 Jan") + " to " + last.Format("2 Jan 2006")
}

func cost(f snapshot.Figures) kpi.Amount {
	return kpi.Amount{Micros: f.Metrics.Cost, Known: f.Metrics.Knows(kpi.Cost)}
}

func revenue(f snapshot.Figures) kpi.Amount {
	return kpi.Amount{Micros: f.Metrics.Revenue, Known: f.Metrics.Knows(kpi.Revenue)}
}

func profit(f snapshot.Figures) kpi.Amount { return f.Profit }

// changeOf is how much a figure grew against the period before.
func changeOf(c snapshot.Compared, of func(snapshot.Figures) kpi.Amount) (kpi.Micros, bool) {
	now, before := of(c.Comparable()), of(c.Before)
	if !c.Before.Known || !now.Known || !before.Known {
		return 0, false
	}
	change, err := now.Micros.Add(-before.Micros)
	return change, err == nil
}

func (t *digestText) amount(a kpi.Amount) string {
	if !a.Known {
		return "unknown"
	}
	return a.Micros.Cents().Decimal(2) + " " + string(t.Currency)
}

func signed(m kpi.Micros) string {
	switch m = m.Cents(); {
	case m == 0:
		return "as before"
	case m > 0:
		return "+" + m.Decimal(2)
	}
	return m.Decimal(2)
}

// compared renders a figure with its change.
func (t *digestText) compared(c snapshot.Compared, of func(snapshot.Figures) kpi.Amount) string {
	said := t.amount(of(c.Now))
	if change, known := changeOf(c, of); known {
		said += " (" + signed(change) + ")"
	}
	return said
}

func (t *digestText) total() {
	t.line("Cost %s, revenue %s, profit %s.", t.compared(t.Total, cost), t.compared(t.Total, revenue), t.compared(t.Total, profit))
	switch {
	case !t.Total.Before.Known && t.Past.Why != "":
		t.line("There is nothing to compare with. %s.", unstopped(t.Past.Why))
	case !t.Total.Before.Known:
		t.line("There is nothing to compare with: nothing is known of %s.", spell(t.Past.Days))
	case t.Past.Known.Equal(t.AsOf):
		t.line("Changes are against %s as it is known now: nobody watched then.", spell(t.Past.Days))
	default:
		t.line("Changes are against %s, as it was known at the same moment.", spell(t.Past.Days))
	}
	for _, w := range t.Warnings {
		t.line("! %s", w)
	}
}

func (t *digestText) channels() {
	t.section("Channels")
	for _, ch := range t.Channels {
		verdict := ""
		if ch.Verdict != "" {
			verdict = "; now " + string(ch.Verdict)
			if ch.P.OK && (ch.Verdict == kpi.Unprofitable || ch.Verdict == kpi.AtRisk) {
				verdict += fmt.Sprintf(" %.0f%%", min(100*ch.P.Value, 99))
			}
		}
		t.line("%s: cost %s, revenue %s, profit %s%s.", ch.Name, t.compared(ch.Compared, cost), t.compared(ch.Compared, revenue), t.compared(ch.Compared, profit), verdict)
		if len(ch.Unknown) > 0 {
			t.line("  Nothing is known of %s.", dates(ch.Unknown))
		}
		t.partners(ch.Now)
		if len(ch.Young) > 0 {
			t.line("  Results of %s are still coming in: their profit is not final.", dates(ch.Young))
		}
	}
}

// partners says what of the figures is not settled with those who are paid, or pay.
func (t *digestText) partners(f snapshot.Figures) {
	money := func(m kpi.Micros) string { return t.amount(kpi.Amount{Micros: m, Known: true}) }
	var said []string
	if p := f.Pending; p.Reported.Revenue != 0 {
		said = append(said, fmt.Sprintf("%s of revenue is not approved yet and counts as %s", money(p.Reported.Revenue), money(p.Counted.Revenue)))
	} else if p.Any() {
		said = append(said, fmt.Sprintf("%s conversions are not approved yet and count as %s", p.Reported.Conversions.Decimal(0), p.Counted.Conversions.Decimal(1)))
	}
	if p := f.Payable; p.Capped != 0 {
		said = append(said, money(p.Capped)+" of payouts is beyond the cap and not due")
	}
	if p := f.Payable; p.Until != 0 {
		said = append(said, fmt.Sprintf("%s is on hold until %s", money(p.Held), dates([]kpi.Date{p.Until})))
	}
	if len(said) > 0 {
		t.line("  %s.", strings.Join(said, "; "))
	}
}

func dates(list []kpi.Date) string {
	texts := make([]string, len(list))
	for i, d := range list {
		texts[i] = d.Start(time.UTC).Format("2 Jan")
	}
	return strings.Join(texts, ", ")
}

func (t *digestText) movers() {
	if len(t.Movers) == 0 {
		return
	}
	t.section("Campaigns that changed most")
	for _, m := range t.Movers {
		what, figure := "profit", m.Now.Contribution
		if m.ByProfit {
			figure.Micros -= m.Now.Metrics.Cost
		} else {
			what, figure = "cost", cost(m.Now)
		}
		t.line("%s (%s): %s %s, to %s.", m.Name, m.Channel, what, signed(m.Change), t.amount(figure))
	}
}

func (t *digestText) alerts() {
	t.section("Alerts")
	if len(t.Fired)+len(t.Ended) == 0 {
		t.line("None fired, none ended.")
	}
	for _, a := range t.Fired[:min(len(t.Fired), maxListed)] {
		t.line("%s %s fired: %s.%s", t.when(a.FiredAt), a.Severity, unstopped(a.Summary), handled(a))
	}
	t.more(len(t.Fired), "fired")
	for _, a := range t.Ended[:min(len(t.Ended), maxListed)] {
		t.line("%s %s: %s.", t.when(a.EndedAt), a.State, unstopped(a.Summary))
	}
	t.more(len(t.Ended), "ended")
}

// more counts the alerts that are not listed.
func (t *digestText) more(n int, what string) {
	if n > maxListed {
		t.line("And %d more %s.", n-maxListed, what)
	}
}

// unstopped takes off the stop that ends a sentence.
func unstopped(text string) string { return strings.TrimSuffix(text, ".") }

func handled(a snapshot.Alert) string {
	said := ""
	if a.AckedBy != "" {
		said = " Acked by " + a.AckedBy + "."
	}
	if a.Marked != "" {
		said += " Marked as " + a.Marked + "."
	}
	return said
}

func (t *digestText) when(at time.Time) string { return at.In(t.Zone).Format("2 Jan 15:04") }

func (t *digestText) losses() {
	if len(t.Losses) == 0 {
		return
	}
	t.section("Lost while unprofitable")
	for _, l := range t.Losses {
		days := "day"
		if l.Days != 1 {
			days = fmt.Sprintf("%d days", l.Days)
		}
		lost := "it is not known how much"
		if l.Lost.Known {
			lost = t.amount(l.Lost)
		}
		t.line("%s: %s on the %s on which the alert fired%s.", l.Channel, lost, days, young(l.Maturity))
		switch {
		case l.Saved.Known && l.Why == "":
			t.line("  About %s was saved: it cost %s a day after it was told, %s in the week before the trouble.", t.amount(l.Saved), t.amount(l.After), t.amount(l.Before))
		case l.Saved.Known:
			t.line("  Nothing was saved: %s.", l.Why)
		default:
			t.line("  What was saved cannot be said: %s.", l.Why)
		}
	}
}

func young(maturity kpi.Ratio) string {
	if !maturity.OK || maturity.Value >= 0.995 {
		return ""
	}
	return fmt.Sprintf("; less if results still come in, of which %.0f%% are there on the youngest day", 100*maturity.Value)
}

func (t *digestText) rules() {
	if len(t.Rules) == 0 {
		return
	}
	t.section(fmt.Sprintf("Rules in the last %d days", t.RuleDays))
	for _, r := range t.Rules {
		said := "nobody marked any as true or false"
		if p := r.Precision(); p.OK {
			said = fmt.Sprintf("%d marked true, %d false: %.0f%% right", r.True, r.False, 100*p.Value)
		}
		if r.Retracted > 0 {
			said += fmt.Sprintf("; %d retracted", r.Retracted)
		}
		t.line("%s: fired %d times, %s.", r.Rule, r.Fired, said)
	}
}

func (t *digestText) sources() {
	if len(t.Failures) == 0 {
		return
	}
	t.section("Sources that failed")
	for _, f := range t.Failures {
		t.line("%s: %d of %d polls, at most %s without a good answer; last: %s.", f.Source, f.Failed, f.Polls, inMinutes(f.Down), unstopped(f.Problem))
	}
}

// inMinutes renders a span as "11h5m", "11h" or "5m".
func inMinutes(d time.Duration) string {
	text := strings.TrimSuffix(d.Truncate(time.Minute).String(), "0s")
	if strings.HasSuffix(text, "h0m") {
		return strings.TrimSuffix(text, "0m")
	}
	return cmp.Or(text, "0m")
}

func (t *digestText) notes() {
	if len(t.Notes) == 0 {
		return
	}
	t.section("Notes")
	for _, n := range t.Notes {
		about := slices.DeleteFunc([]string{n.Channel, n.By}, func(s string) bool { return s == "" })
		t.line("%s %s (%s)", n.Date, n.Text, strings.Join(about, ", "))
	}
}
