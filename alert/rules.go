package alert

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/profit"
	"adtop/snapshot"
)

// The built-in rules.
const (
	RuleUnprofitable  = "unprofitable"
	RuleTracking      = "tracking broken"
	RuleIncident      = "tracking incident"
	RuleSpendStopped  = "spend stopped"
	RuleSpendSpike    = "spend spike"
	RuleTargetMissed  = "target missed"
	RuleClaims        = "claims drifting"
	RuleSourceStale   = "source stale"
	RuleSourceAccess  = "source access"
	RuleSourceQuota   = "source quota"
	RuleTokenExpiring = "token expiring"
	RuleNotify        = "notify failing"
)

// conditions evaluates every built-in rule on every subject it may apply to.
func conditions(s *snapshot.Snapshot) []condition {
	var all []condition
	books := map[string]ledger{}
	var account float64 // what all channels usually spend in a day
	for _, ch := range s.Channels {
		books[ch.Name] = newLedger(ch, s.Zone)
		account += books[ch.Name].usual
	}
	for _, ch := range s.Channels {
		if ch.Unassigned || ch.Costless {
			continue
		}
		l := books[ch.Name]
		all = append(all, unprofitable(ch, s.Alarm.Threshold, s.Currency, wary(s, ch.Name)), trackingBroken(ch, s.Zone), targetMissed(ch, s.Currency), claimsDrifting(ch))
		if !ch.ByResult { // else its spend is as lumpy as its sales
			all = append(all, spendStopped(ch, l, s.Currency), spendSpike(ch, l, account, s.Currency))
		}
	}
	for _, src := range s.Sources {
		all = append(all, incident(src, s), sourceStale(src, s.Zone), sourceAccess(src), sourceQuota(src), tokenExpiring(src, s.AsOf, s.Zone))
	}
	for _, t := range s.Targets {
		all = append(all, notifyFailing(t, s.AsOf, s.Zone))
	}
	return all
}

func ofChannel(ch snapshot.Channel) map[string]string {
	return map[string]string{labelChannel: ch.Name, labelSource: strings.Join(ch.Sources(), sourceSeparator)}
}

// unprofitable fires on the evidence. Without fresh data, without spend or
// with too little of it, nothing can be said: nothing fires and nothing clears.
// On a channel that is wary it waits while slower delays would explain the loss.
func unprofitable(ch snapshot.Channel, threshold float64, currency kpi.Currency, wary bool) condition {
	c := condition{rule: RuleUnprofitable, subject: ch.Name, labels: ofChannel(ch), severity: snapshot.Critical, watermark: ch.Watermark, reason: ch.Reason}
	switch {
	case ch.Verdict == kpi.NoData:
		c.frozen = snapshot.NoData
		return c
	case !ch.P.OK || ch.Verdict == kpi.TooEarly || ch.Verdict == kpi.Idle:
		return c
	case ch.P.Value >= threshold && wary && ch.Evidence.LateOrLost:
		c.signal = warn
		c.reason += " It waits: what the last alert missed came late after all."
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

// Wary is how long a channel is after an alert that late data took the ground
// from: as long as its delay curve takes to learn half of what is new.
const Wary = 28 * 24 * time.Hour

// wary says whether the conversions of a channel came so late lately that an
// alert was raised for nothing. Where delays have grown, every alert until the
// curve has learnt them would be one more of the kind; where they have not, no
// alert is retracted and none waits.
func wary(s *snapshot.Snapshot, channel string) bool {
	return slices.ContainsFunc(s.Alerts, func(a snapshot.Alert) bool {
		return a.Rule == RuleUnprofitable && a.Subject == channel && a.State == snapshot.Retracted && s.AsOf.Sub(a.EndedAt) < Wary
	})
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
	for i := range ch.Cohorts {
		c := &ch.Cohorts[i]
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
