package alert

import (
	"time"

	"adtop/snapshot"
)

// begin is a new alert, before it is known whether it fires at once.
func (c condition) begin(id string, at time.Time) snapshot.Alert {
	return snapshot.Alert{ID: id, Rule: c.rule, Subject: c.subject, Severity: c.severity, State: snapshot.Pending, Since: at}
}

// next is the lifecycle of one alert.
func (c condition) next(a snapshot.Alert, at time.Time) snapshot.Alert {
	a.Labels, a.Group, a.Runbook = c.labels, c.group(), c.runbook
	a.Frozen = c.frozen
	if c.signal == unknown {
		return a
	}
	switch a.State {
	case snapshot.Pending:
		a = c.pending(a, at)
	case snapshot.Firing:
		if c.signal == clear {
			a.State, a.Run = snapshot.Recovering, grow(snapshot.Run{}, c.watermark)
			a = c.over(a, at)
		}
	case snapshot.Recovering:
		switch c.signal {
		case clear:
			a.Run = grow(a.Run, c.watermark)
			a = c.over(a, at)
		case hold, breach: // a relapse is the same alert
			a.State, a.Run = snapshot.Firing, snapshot.Run{}
		}
	}
	if c.signal != clear && c.summary != "" {
		a.Summary, a.Reason, a.Severity = c.summary, c.reason, c.severity
	}
	return a
}

// pending counts how long the condition has held, and fires.
func (c condition) pending(a snapshot.Alert, at time.Time) snapshot.Alert {
	switch c.signal {
	case breach:
		a.Run = grow(a.Run, c.watermark)
		if c.wait.met(a.Run) {
			a.State, a.Run, a.FiredAt = snapshot.Firing, snapshot.Run{}, at
			a.Ground = c.ground
			a.Ground.From, a.Ground.Through = plain(a.Ground.From), plain(a.Ground.Through)
		}
	case warn:
		a.Run = snapshot.Run{}
	default:
		a.State, a.Run, a.EndedAt = snapshot.Resolved, snapshot.Run{}, at
	}
	return a
}

// over ends an alert that has been clear for long enough. It is retracted when
// the figures it fired on, as they are known now, would not have made it fire.
func (c condition) over(a snapshot.Alert, at time.Time) snapshot.Alert {
	keep := c.keep
	if keep == (Hold{}) {
		keep = oneMore
	}
	if !keep.met(a.Run) {
		return a
	}
	a.State, a.Run, a.EndedAt = snapshot.Resolved, snapshot.Run{}, at
	if c.gone != nil && c.gone(a.Ground) {
		a.State = snapshot.Retracted
	}
	return a
}

// group is the key under which alerts are listed together: those of one channel,
// of one source, and of one target of notifications.
func (c condition) group() string {
	for _, label := range []string{labelChannel, labelTarget} {
		if name := c.labels[label]; name != "" {
			return label + " " + name
		}
	}
	return "source " + c.labels[labelSource]
}

// grow counts one more evaluation at a watermark. Only a later watermark is a
// fresh poll: asking again, or a restart, counts for nothing.
func grow(r snapshot.Run, watermark time.Time) snapshot.Run {
	watermark = plain(watermark)
	switch {
	case r.Polls == 0:
		return snapshot.Run{Polls: 1, From: watermark, Last: watermark}
	case watermark.After(r.Last):
		r.Polls, r.Last = r.Polls+1, watermark
	}
	return r
}
