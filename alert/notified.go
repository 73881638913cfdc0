package alert

import (
	"strings"
	"time"

	"adtop/snapshot"
)

// NotifyPatience is for how long a target may not be reached before that is an
// alert. A refusal is one at once: nothing is tried again.
const NotifyPatience = 5 * time.Minute

// notifyFailing tells that what is decided here does not arrive. It is as urgent
// as the worst of what did not. It goes by the clock, as attempts do, and ends
// with the first message that arrives.
func notifyFailing(t snapshot.Target, now time.Time, zone *time.Location) condition {
	c := condition{rule: RuleNotify, subject: t.Name, labels: map[string]string{labelTarget: t.Name}, severity: snapshot.Warning, watermark: now, keep: Hold{Polls: 1}}
	if t.Critical {
		c.severity = snapshot.Critical
	}
	switch {
	case t.Failing.IsZero():
		c.signal = clear
		return c
	case t.Refused || now.Sub(t.Failing) >= NotifyPatience:
		c.signal = breach
	default:
		c.signal = hold
	}
	c.summary = t.Name + ": alerts do not arrive there"
	c.reason = "Since " + t.Failing.In(zone).Format("2 Jan 15:04") + ": " + strings.TrimSuffix(t.Problem, ".") + "."
	if t.Next != "" {
		c.reason += " " + t.Next
	}
	return c
}
