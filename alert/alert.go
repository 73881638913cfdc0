// Package alert turns Snapshots into alerts: which rules hold, and what that
// means for the alerts there already are.
//
// It is pure: a Snapshot goes in, the alerts that changed come out. Whoever
// calls it keeps them and hands the open ones in again with the next Snapshot,
// so that a restart forgets nothing.
package alert

import (
	"fmt"
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

// signal is what a rule sees of its subject.
type signal uint8

const (
	unknown signal = iota // nothing can be said: an alert stays as it is
	clear                 // the condition is over
	hold                  // neither: between the resolving and the firing threshold
	warn                  // the condition begins to hold
	breach                // it holds for long enough
)

// condition is one rule on one subject as of one Snapshot.
type condition struct {
	rule, subject   string
	severity        snapshot.Severity
	signal          signal
	watermark       time.Time // moves when fresh data came
	summary, reason string
}

// Step evaluates the built-in rules on s and returns the new state of every
// alert that changed. s.Alerts must hold the open ones.
func Step(s *snapshot.Snapshot) []snapshot.Alert {
	open := map[[2]string]snapshot.Alert{}
	for _, a := range s.Alerts {
		if a.Open() {
			open[[2]string{a.Rule, a.Subject}] = a
		}
	}
	var changed []snapshot.Alert
	for _, c := range conditions(s) {
		before, exists := open[[2]string{c.rule, c.subject}]
		delete(open, [2]string{c.rule, c.subject})
		if after, ok := c.next(before, exists, s.AsOf); ok && after != before {
			changed = append(changed, after)
		}
	}
	for _, gone := range open { // its channel or source left the config
		gone.State, gone.EndedAt = snapshot.Resolved, s.AsOf
		gone.Reason = fmt.Sprintf("%q is no longer in the config.", gone.Subject)
		changed = append(changed, gone)
	}
	return changed
}

// next is the lifecycle of one alert. It says false when there is none.
func (c condition) next(a snapshot.Alert, exists bool, at time.Time) (snapshot.Alert, bool) {
	if !exists {
		if c.signal != warn && c.signal != breach {
			return a, false
		}
		a = snapshot.Alert{
			ID:   fmt.Sprintf("%s/%s/%d", c.rule, c.subject, at.Unix()),
			Rule: c.rule, Subject: c.subject, Severity: c.severity,
			State: snapshot.Pending, Since: at,
		}
	}
	switch {
	case c.signal == breach && a.State != snapshot.Firing:
		a.State, a.Cleared = snapshot.Firing, time.Time{}
		if a.FiredAt.IsZero() {
			a.FiredAt = at
		}
	case c.signal == clear && a.State == snapshot.Pending:
		a.State, a.EndedAt = snapshot.Resolved, at
	case c.signal == clear && a.State == snapshot.Firing:
		a.State, a.Cleared = snapshot.Recovering, c.watermark
	case c.signal == clear && a.State == snapshot.Recovering && c.watermark.After(a.Cleared):
		a.State, a.EndedAt = snapshot.Resolved, at
	case c.signal == hold && a.State == snapshot.Recovering:
		a.State, a.Cleared = snapshot.Firing, time.Time{}
	}
	if c.signal == warn || c.signal == breach || c.signal == hold {
		a.Summary, a.Reason = c.summary, c.reason
	}
	return a, true
}

// Ack returns the alert acknowledged by somebody, with a note that may be empty.
func Ack(a snapshot.Alert, by, note string, at time.Time) snapshot.Alert {
	a.AckedBy, a.AckNote, a.AckedAt = by, note, at
	return a
}

// Unack takes the acknowledgement back.
func Unack(a snapshot.Alert) snapshot.Alert {
	a.AckedBy, a.AckNote, a.AckedAt = "", "", time.Time{}
	return a
}

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

// unprofitable fires on the evidence. Without fresh data, without spend or
// with too little of it, nothing can be said: nothing fires and nothing clears.
func unprofitable(ch snapshot.Channel, threshold float64, currency kpi.Currency) condition {
	c := condition{rule: RuleUnprofitable, subject: ch.Name, severity: snapshot.Critical, watermark: ch.Watermark, reason: ch.Reason}
	switch {
	case !ch.P.OK || ch.Verdict == kpi.NoData || ch.Verdict == kpi.TooEarly || ch.Verdict == kpi.Idle:
		return c
	case ch.P.Value >= threshold:
		c.signal = breach
	case ch.P.Value < profit.Resolve:
		c.signal = clear
	default:
		c.signal = hold
	}
	c.summary = fmt.Sprintf("%s unprofitable, %.0f%% sure", ch.Name, min(100*ch.P.Value, 99))
	if loss := ch.Evidence.LossPerDay; loss > 0 {
		c.summary += fmt.Sprintf(": −%.0f %s/day", loss.Float(), currency)
	}
	return c
}

// sourceStale warns at the first failed poll and fires when the figures have
// become too old to judge by.
func sourceStale(src snapshot.Source, zone *time.Location) condition {
	c := condition{rule: RuleSourceStale, subject: src.Name, severity: snapshot.Warning, watermark: src.LastGood}
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
