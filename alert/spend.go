package alert

import (
	"fmt"
	"slices"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
)

// ledger is the spend of one channel, to be compared with itself. What a source
// leaves out up to the watermark is a zero: platforms omit hours without spend.
type ledger struct {
	ch     snapshot.Channel
	zone   *time.Location
	spans  []*snapshot.Span // with spend, oldest first
	usual  float64          // median cost of the last 28 days of 24 hours
	hourly bool
	last   time.Time // end of the last span with cost
}

const (
	weeks       = 4 // same weekdays to compare with
	fewestWeeks = 3
)

func newLedger(ch snapshot.Channel, zone *time.Location) ledger {
	l := ledger{ch: ch, zone: zone}
	l.spans = make([]*snapshot.Span, 0, len(ch.Cohorts))
	for i := range ch.Cohorts {
		s := &ch.Cohorts[i]
		if !s.HasSpend {
			continue
		}
		l.spans = append(l.spans, s)
		if s.Cost > 0 {
			l.last, l.hourly = s.End, s.End.Sub(s.Start) <= time.Hour
		}
	}
	var days []float64
	for i := range 7 * weeks {
		if from := l.back(l.last, i+1); l.covers(from) {
			days = append(days, l.cost(from, l.back(l.last, i)))
		}
	}
	if len(days) >= 7*fewestWeeks {
		slices.Sort(days)
		l.usual = days[len(days)/2]
	}
	return l
}

func (l ledger) back(t time.Time, days int) time.Time { return t.In(l.zone).AddDate(0, 0, -days) }

// covers says whether the spend of a moment is known.
func (l ledger) covers(at time.Time) bool { return len(l.spans) > 0 && !at.Before(l.spans[0].Start) }

// cost sums the spans that lie whole within [from, to).
func (l ledger) cost(from, to time.Time) (sum float64) {
	i, _ := slices.BinarySearchFunc(l.spans, from, func(s *snapshot.Span, t time.Time) int { return s.Start.Compare(t) })
	for ; i < len(l.spans) && l.spans[i].Start.Before(to); i++ {
		if !l.spans[i].End.After(to) {
			sum += l.spans[i].Cost
		}
	}
	return sum
}

// weekdays are the costs of the same hours on the same weekday, one to four
// weeks before, as far as they are known.
func (l ledger) weekdays(from, to time.Time) (costs []float64) {
	for week := 1; week <= weeks; week++ {
		if start := l.back(from, 7*week); l.covers(start) {
			costs = append(costs, l.cost(start, l.back(to, 7*week)))
		}
	}
	return costs
}

func (l ledger) condition(rule string) (condition, bool) {
	c := condition{rule: rule, subject: l.ch.Name, labels: ofChannel(l.ch), severity: snapshot.Warning, watermark: l.ch.Watermark}
	if l.ch.Verdict == kpi.NoData {
		c.frozen = snapshot.NoData
	}
	return c, c.frozen == "" && l.usual > 0 && !l.ch.Partial
}

// Bounds of the rule "spend stopped".
const (
	shortStop = 3 * time.Hour
	pause     = 7 * 24 * time.Hour // a longer stop is meant, or has been told for long enough
	worthIt   = 0.10               // of a usual day's cost has to be missing
	spentUp   = 0.80               // of the weekday's usual cost, after which a day's budget is used up
)

// spendStopped fires when nothing was spent for at least three hours in which
// every one of the last three or four same weekdays spent, the least of them a
// tenth of a usual day's cost. With four such weeks and hours that spend
// independently, a channel that is unchanged has not stopped by chance; what
// does stop like that is planned: hours of the night, free weekdays (they are
// compared with their like), and a day's budget that is used up: then the stop
// counts from midnight on.
func spendStopped(ch snapshot.Channel, l ledger, currency kpi.Currency) condition {
	c, known := l.condition(RuleSpendStopped)
	if c.frozen == "" && ch.Watermark.Sub(l.last) > pause {
		c.signal = clear
		return c
	}
	if !known {
		return c
	}
	from := l.stoppedSince()
	length := ch.Watermark.Sub(from)
	before := l.weekdays(from, ch.Watermark)
	c.gone = func(g snapshot.Ground) bool { return g.Due > 0 && l.cost(g.From, g.Through) >= half*g.Due }
	switch {
	case length <= time.Hour:
		c.signal = clear
		return c
	case len(before) < fewestWeeks:
		return c
	case length < shortStop:
		c.signal = hold
	case slices.Min(before) < worthIt*l.usual:
		c.signal = hold
	default:
		c.signal, c.ground = breach, snapshot.Ground{From: from, Through: ch.Watermark, Due: slices.Min(before)}
	}
	c.summary = ch.Name + ": no spend since " + from.In(l.zone).Format("Mon 2 Jan 15:04")
	c.reason = fmt.Sprintf("The same hours of the last %d weeks cost %.0f %s at least. Look for a declined payment, an ended budget, a paused campaign or a disapproved advertisement.",
		len(before), slices.Min(before), currency)
	return c
}

// stoppedSince is when the spend ended, or the midnight after it where the
// day's budget was used up.
func (l ledger) stoppedSince() time.Time {
	day := kpi.DateOf(l.last.Add(-1), l.zone)
	full := l.weekdays(day.Start(l.zone), day.End(l.zone))
	if !l.hourly || len(full) == 0 {
		return l.last
	}
	slices.Sort(full)
	if l.cost(day.Start(l.zone), day.End(l.zone)) >= spentUp*full[len(full)/2] {
		return day.End(l.zone)
	}
	return l.last
}

// Bounds of the rule "spend spike".
const (
	spikeWindow = 6 * time.Hour
	spikeTimes  = 2.0  // the largest of what it is compared with
	spikeOver   = 1.5  // below that it is over
	spikeWorth  = 0.25 // of a usual day's cost, the least that it has to be above it
	spikeShare  = 0.02 // of what all channels usually spend in a day, likewise
)

// spendSpike fires when the last six hours (the last day, where spend is known
// by the day) cost twice as much as the most expensive of the same hours
// yesterday and on three or four same weekdays, and a quarter of a usual day
// more. Hours of one channel vary by some tens of percent, so that twice the
// largest of five is no chance; a budget that was raised for good is told once
// and usual from the next day on. The floors keep small change quiet.
func spendSpike(ch snapshot.Channel, l ledger, account float64, currency kpi.Currency) condition {
	c, known := l.condition(RuleSpendSpike)
	if !known {
		return c
	}
	to := l.end()
	from := to.Add(-spikeWindow)
	if !l.hourly {
		from = l.back(to, 1)
	}
	before := l.weekdays(from, to)
	if len(before) < fewestWeeks {
		return c
	}
	most := max(slices.Max(before), l.cost(l.back(from, 1), l.back(to, 1)))
	cost := l.cost(from, to)
	c.gone = func(g snapshot.Ground) bool { return g.Due > 0 && l.cost(g.From, g.Through) < spikeOver*g.Due }
	switch {
	case cost >= spikeTimes*most && cost-most >= max(spikeWorth*l.usual, spikeShare*account):
		c.signal, c.ground = breach, snapshot.Ground{From: from, Through: to, Due: most, Seen: cost}
	case cost < spikeOver*most:
		c.signal = clear
	default:
		c.signal = hold
	}
	c.summary = fmt.Sprintf("%s spent %.0f %s in %s", ch.Name, cost, currency, spanWords(to.Sub(from)))
	c.reason = fmt.Sprintf("The same hours yesterday and in the last %d weeks cost %.0f %s at most. Look for a raised budget or bid, or traffic that is none.", len(before), most, currency)
	return c
}

// end is the end of the last span that is complete.
func (l ledger) end() (end time.Time) {
	for _, s := range l.spans {
		if !s.End.After(l.ch.Watermark) {
			end = s.End
		}
	}
	return end
}

func spanWords(d time.Duration) string {
	if d > 12*time.Hour {
		return "a day"
	}
	return fmt.Sprintf("%.0f hours", d.Hours())
}
