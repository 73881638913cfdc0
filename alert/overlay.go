package alert

import (
	"slices"
	"strings"
	"time"

	"adtop/pattern"
	"adtop/snapshot"
)

// The labels that every alert has, besides those of a user's rule. A channel's
// alert names its channel and the sources behind it, a source's alert the
// source, a target's alert the target of notifications.
const (
	labelRule     = "rule"
	labelSubject  = "subject"
	labelSeverity = "severity"
	labelChannel  = "channel"
	labelSource   = "source"
	labelTarget   = "target"
)

// Flap damping: an alert that fired and ended flapTimes within flapWindow is
// not told again when it begins once more.
const (
	flapTimes  = 3
	flapWindow = 24 * time.Hour
)

// overlay finds out what keeps each open alert from asking for attention. One
// that ended stays as it was at its end.
func (e *step) overlay() {
	for i := range e.alerts {
		a := &e.alerts[i]
		if !a.Open() {
			continue
		}
		if !a.SnoozedUntil.IsZero() && awake(*a, e.at, e.marks[[2]string{a.Rule, a.Subject}]) {
			wake(a)
		}
		a.Inhibited = ""
		a.Silence = e.silencedBy(*a)
		a.Flapping = e.flaps(*a)
		for _, other := range e.alerts {
			if other.Open() && other.Firing() && explains(other, *a) && (a.Inhibited == "" || other.ID < a.Inhibited) {
				a.Inhibited = other.ID
			}
		}
	}
}

// silencedBy returns the id of the active silence that covers the alert; of
// several, the one that ends last, then the first by id.
func (e *step) silencedBy(a snapshot.Alert) (id string) {
	var ends time.Time
	for _, s := range e.silences {
		later := s.Ends.After(ends) || s.Ends.Equal(ends) && s.ID < id
		if later && s.Active(e.at) && matches(s.Match, a) {
			id, ends = s.ID, s.Ends
		}
	}
	return id
}

// matches says whether every pattern matches the alert's label. One that
// matches a source of several is met; a label that the alert lacks is not.
func matches(match map[string]string, a snapshot.Alert) bool {
	for label, text := range match {
		p, err := pattern.Parse(text)
		if err != nil || !slices.ContainsFunc(Labelled(a, label), p.Present) {
			return false
		}
	}
	return len(match) > 0
}

// Labelled returns the values of an alert's label: several for the sources of a
// channel.
func Labelled(a snapshot.Alert, label string) []string {
	switch label {
	case labelRule:
		return []string{a.Rule}
	case labelSubject:
		return []string{a.Subject}
	case labelSeverity:
		return []string{a.Severity.String()}
	case labelSource:
		return strings.Split(a.Labels[labelSource], sourceSeparator)
	}
	return []string{a.Labels[label]}
}

const sourceSeparator = ", "

// explains says whether a makes b beside the point. A source that gives no
// data explains all alerts of its channels, and a source that needs a person
// explains its silence. Where a source lost its conversions, whatever rests on
// them is explained.
func explains(a, b snapshot.Alert) bool {
	if a.ID == b.ID || a.Labels[labelChannel] != "" || !slices.Contains(Labelled(b, labelSource), a.Labels[labelSource]) {
		return false
	}
	ofChannel := b.Labels[labelChannel] != ""
	switch a.Rule {
	case RuleSourceStale:
		return ofChannel || b.Rule == RuleIncident
	case RuleSourceAccess:
		// One account of several may be refused: what can still be judged goes on.
		return b.Frozen != "" && (ofChannel || b.Rule == RuleIncident) || b.Rule == RuleSourceStale || b.Rule == RuleTokenExpiring
	case RuleIncident:
		return ofChannel && slices.Contains([]string{RuleUnprofitable, RuleTracking, RuleTargetMissed, RuleClaims}, b.Rule)
	}
	return false
}

func (e *step) flaps(a snapshot.Alert) bool {
	ended := 0
	for _, old := range e.alerts {
		if old.Rule == a.Rule && old.Subject == a.Subject && !old.Open() && !old.FiredAt.IsZero() && e.at.Sub(old.EndedAt) < flapWindow {
			ended++
		}
	}
	return ended >= flapTimes
}
