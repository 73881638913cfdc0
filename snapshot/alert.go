package snapshot

import (
	"reflect"
	"time"
)

// Alert is one alert of the list: one rule that found something about one
// subject, from its beginning to its end.
type Alert struct {
	ID       string
	At       time.Time         // since when it stands as it does
	Rule     string            // "unprofitable", "source stale", …
	Subject  string            // the channel's or source's name
	Labels   map[string]string // "channel" and "source" (several joined by ", "), and those of the rule
	Group    string            // alerts of one key are told together
	Severity Severity
	State    string
	Frozen   string    // NoData or Failed while nothing can be said: State waits; else ""
	Since    time.Time // when it began
	FiredAt  time.Time // zero until it fired
	EndedAt  time.Time // zero while open
	Run      Run       // while pending or recovering
	Ground   Ground    // what it fired on
	Summary  string    // what broke, in a line
	Reason   string    // why, in a sentence with numbers
	Runbook  string    // where it stands what to do, "" when nowhere

	// What keeps it from asking for attention.
	AckedBy, AckNote string
	AckedAt          time.Time
	SnoozedBy        string
	SnoozedUntil     time.Time // zero when it is not
	SnoozedByData    bool      // until the figures, not the clock, have got there
	Silence          string    // id of the Silence that covers it
	Inhibited        string    // id of the alert that explains it
	Flapping         bool      // it began and ended too often to be told again

	Marked   string // MarkedTrue or MarkedFalse, "" while nobody said
	MarkedBy string
	MarkedAt time.Time
	Sent     bool // a command about it is on its way to the collector
}

// The states of an alert. Retracted is the end of one that was never true:
// figures that came later filled what it fired on.
const (
	Pending    = "pending"    // its condition holds, not yet for long enough
	Firing     = "firing"     // it asks for attention
	Recovering = "recovering" // it fired and looks clear, not yet for long enough
	Resolved   = "resolved"   // it ended
	Retracted  = "retracted"  // it ended, and turned out to have had no ground
)

// What an open alert may be frozen by, whatever its state.
const (
	NoData = "no data" // its figures are not fresh
	Failed = "error"   // its rule cannot be evaluated
)

// What people say of an alert afterwards.
const (
	MarkedTrue  = "true"
	MarkedFalse = "false"
)

// Run counts fresh polls, those that moved the watermark, during which a
// condition kept holding or kept being clear.
type Run struct {
	Polls      int
	From, Last time.Time // watermark of the first and the last of them
}

// Ground is what an alert fired on: the figures of a span of time as they were
// known then. The same span, read again later, tells whether it still stands.
type Ground struct {
	From, Through time.Time
	Due, Seen     float64  // what was needed, and what there was
	Exposure      float64  // what Due grew with: spend by its maturity
	Channels      []string `json:",omitempty"` // of an alert about several: those that it fired on
}

// Firing says whether the alert's condition was met and is not over.
func (a Alert) Firing() bool { return a.State == Firing || a.State == Recovering }

// Open says whether the alert has not ended.
func (a Alert) Open() bool { return a.EndedAt.IsZero() }

// Asks says whether the alert asks for attention now.
func (a Alert) Asks() bool { return a.Open() && a.Firing() && a.Muted() == "" }

// Muted says in a word what keeps an alert from asking for attention, "" when
// nothing does.
func (a Alert) Muted() string {
	switch {
	case a.AckedBy != "":
		return "acked"
	case !a.SnoozedUntil.IsZero():
		return "snoozed"
	case a.Silence != "":
		return "silenced"
	case a.Inhibited != "":
		return "inhibited"
	case a.Flapping:
		return "flapping"
	}
	return ""
}

// Same says whether two states of an alert say the same, whenever they began to
// stand.
func (a Alert) Same(b Alert) bool {
	a.At, b.At = time.Time{}, time.Time{}
	return reflect.DeepEqual(a, b)
}

// Severity orders alerts; higher is worse.
type Severity int

// The severities.
const (
	Info Severity = iota
	Warning
	Critical
)

// String names the severity.
func (s Severity) String() string { return [...]string{"info", "warning", "critical"}[s] }

// Silence keeps the alerts that it matches from asking for attention from
// Starts until Ends.
type Silence struct {
	ID           string
	At           time.Time         // since when it stands as it does
	Match        map[string]string // label of an alert to the pattern of its value; all have to match
	Starts, Ends time.Time
	By, Note     string
}

// Active says whether the silence covers the moment.
func (s Silence) Active(at time.Time) bool { return !at.Before(s.Starts) && at.Before(s.Ends) }

// Command is a wish of a screen for the one who collects.
//
//	ack, unack        ID, Note
//	snooze, unsnooze  ID, Until: an instant (RFC 3339), or UntilDay
//	silence           Match, Until: an instant, Note
//	unsilence         ID of the silence
//	mark              ID, As: MarkedTrue, MarkedFalse, or "" to take it back
//	poll              ID: name of a source
//	fetch             Inside: what to fetch the ad groups or ads of
//	note              ID: a channel, "" for all; On: a date (2026-11-30), Note
//	unnote            ID of the note
type Command struct {
	Verb   string
	ID     string
	Note   string
	By     string
	At     time.Time // when it was sent; set on the way
	Until  string
	As     string
	On     string
	Match  map[string]string
	Inside Inside
}

// UntilDay, as Command.Until, ends a snooze when the figures of the day that
// is running are complete.
const UntilDay = "day"
