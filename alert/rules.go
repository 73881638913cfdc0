package alert

import (
	"fmt"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/profit"
	"adtop/snapshot"
)

// The built-in rules.
const (
	RuleUnprofitable = "unprofitable"
	RuleSourceStale  = "source stale"
)

func conditions(s *snapshot.Snapshot) []condition {
	var all []condition
	for _, ch := range s.Channels {
		if !ch.Unassigned && !ch.Costless {
			all = append(all, unprofitable(ch, s.Threshold, s.Currency))
		}
	}
	for _, src := range s.Sources {
		all = append(all, sourceStale(src, s.Zone))
	}
	return all
}

func ofChannel(ch snapshot.Channel) map[string]string {
	return map[string]string{labelChannel: ch.Name, labelSource: strings.Join(ch.Sources, sourceSeparator)}
}

// unprofitable fires on the evidence. Without fresh data, without spend or
// with too little of it, nothing can be said: nothing fires and nothing clears.
func unprofitable(ch snapshot.Channel, threshold float64, currency kpi.Currency) condition {
	c := condition{rule: RuleUnprofitable, subject: ch.Name, labels: ofChannel(ch), severity: snapshot.Critical, watermark: ch.Watermark, reason: ch.Reason}
	switch {
	case ch.Verdict == kpi.NoData:
		c.frozen = snapshot.NoData
		return c
	case !ch.P.OK || ch.Verdict == kpi.TooEarly || ch.Verdict == kpi.Idle:
		return c
	case ch.P.Value >= threshold:
		c.signal, c.ground = breach, groundOf(ch)
	case ch.P.Value < profit.Resolve:
		c.signal, c.gone = clear, func(g snapshot.Ground) bool { return filled(ch, g) }
	default:
		c.signal = hold
	}
	c.summary = fmt.Sprintf("%s unprofitable, %.0f%% sure", ch.Name, min(100*ch.P.Value, 99))
	if loss := ch.Evidence.LossPerDay; loss > 0 {
		c.summary += fmt.Sprintf(": −%.0f %s/day", loss.Float(), currency)
	}
	return c
}

// groundOf is what the evidence rests on: the hours since the trouble began,
// up to the watermark. It is empty where the trouble is none of counts (a
// fallen order value), or where results are known by whole days only: then
// the later hours of a day cannot be told from those that were judged.
func groundOf(ch snapshot.Channel) snapshot.Ground {
	g := snapshot.Ground{From: ch.Evidence.Since, Through: ch.Watermark, Due: ch.Evidence.Due}
	hourly := false
	g.Exposure, g.Seen, hourly = read(ch, g.From, g.Through)
	if g.From.IsZero() || !hourly || g.Exposure <= 0 || g.Seen >= g.Due {
		return snapshot.Ground{}
	}
	return g
}

// filled says whether the hours that an alert fired on have by now brought what
// breaking even needed of them. What was needed grew with the maturity of their
// spend, and shrank where spend was credited back.
func filled(ch snapshot.Channel, g snapshot.Ground) bool {
	if g.Exposure <= 0 {
		return false
	}
	exposure, seen, hourly := read(ch, g.From, g.Through)
	return hourly && seen >= g.Due*exposure/g.Exposure
}

// read sums the spans that lie whole between two instants: spend by its
// maturity, and conversions. hourly says whether results are known by the hour.
func read(ch snapshot.Channel, from, through time.Time) (exposure, conversions float64, hourly bool) {
	hourly = true
	for _, c := range ch.Cohorts {
		if c.Start.Before(from) || c.End.After(through) {
			continue
		}
		if c.HasSpend {
			exposure += c.Cost * c.Visible
		}
		if c.HasResults {
			conversions += c.Conversions
			hourly = hourly && c.End.Sub(c.Start) <= time.Hour
		}
	}
	return exposure, conversions, hourly
}

// sourceStale warns at the first failed poll and fires when the figures have
// become too old to judge by.
func sourceStale(src snapshot.Source, zone *time.Location) condition {
	c := condition{rule: RuleSourceStale, subject: src.Name, labels: map[string]string{labelSource: src.Name}, severity: snapshot.Warning, watermark: src.LastGood}
	switch src.Health {
	case snapshot.Healthy:
		c.signal = clear
	case snapshot.Failing:
		c.signal = warn
	case snapshot.Stale:
		c.signal = breach
	}
	c.summary = src.Name + ": no data"
	if !src.LastGood.IsZero() {
		c.summary += " since " + src.LastGood.In(zone).Format("2 Jan 15:04")
	}
	c.reason = src.Problem
	if src.Next != "" {
		c.reason += ". " + src.Next
	}
	return c
}
