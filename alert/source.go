package alert

import (
	"fmt"
	"time"

	"adtop/snapshot"
)

func ofSource(rule string, severity snapshot.Severity, src snapshot.Source) condition {
	return condition{rule: rule, subject: src.Name, labels: map[string]string{labelSource: src.Name}, severity: severity, watermark: src.LastGood}
}

// sourceStale warns at the first failed poll and fires when the figures have
// become too old to judge by.
func sourceStale(src snapshot.Source, zone *time.Location) condition {
	c := ofSource(RuleSourceStale, snapshot.Warning, src)
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
	c.reason = withNext(src)
	return c
}

// sourceAccess fires at the first answer that asks for a person: signing in
// again, or granting access. No retry ends that, and every hour counts.
func sourceAccess(src snapshot.Source) condition {
	c := ofSource(RuleSourceAccess, snapshot.Critical, src)
	switch {
	case src.Health == snapshot.Waiting:
	case src.Denied:
		c.signal, c.summary, c.reason = breach, src.Name+" refuses the credentials", withNext(src)
	case src.Health == snapshot.Healthy:
		c.signal = clear
	default:
		c.signal = hold
	}
	return c
}

// Shares of a platform's quota in use at which to tell, and not to any more.
const (
	quotaScarce = 0.90
	quotaAmple  = 0.75
)

// sourceQuota tells that polls are about to be refused, or are.
func sourceQuota(src snapshot.Source) condition {
	c := ofSource(RuleSourceQuota, snapshot.Info, src)
	switch used := src.QuotaUsed; {
	case src.Health == snapshot.Waiting:
	case src.Throttled:
		c.signal, c.summary, c.reason = breach, src.Name+": the platform's quota is used up", withNext(src)
	case used.OK && used.Value >= quotaScarce:
		c.signal = breach
		c.summary = fmt.Sprintf("%s: %.0f%% of the platform's quota is used", src.Name, 100*used.Value)
		c.reason = "Polls will be refused when it is used up. Ask for a higher tier, or poll less often."
	case used.Value < quotaAmple && src.Health == snapshot.Healthy:
		c.signal = clear
	default:
		c.signal = hold
	}
	return c
}

// How long before its end an access is told to expire, and when that is urgent.
const (
	tokenNotice = 7 * 24 * time.Hour
	tokenUrgent = 24 * time.Hour
)

// tokenExpiring gives notice of the end of a source's access, where it can
// tell. It goes by the clock: the platform does.
func tokenExpiring(src snapshot.Source, now time.Time, zone *time.Location) condition {
	c := ofSource(RuleTokenExpiring, snapshot.Warning, src)
	c.keep = Hold{Polls: 1}
	left := src.Expires.Sub(now)
	switch {
	case src.Expires.IsZero():
		return c
	case left > tokenNotice:
		c.signal = clear
		return c
	case left <= tokenUrgent:
		c.severity = snapshot.Critical
	}
	c.signal = breach
	c.summary = fmt.Sprintf("%s: its access ends on %s", src.Name, src.Expires.In(zone).Format("2 Jan 15:04"))
	c.reason = "Sign in again before that: afterwards no figures come."
	return c
}

func withNext(src snapshot.Source) string {
	if src.Next == "" {
		return src.Problem
	}
	return src.Problem + ". " + src.Next
}
