package snapshot

import (
	"time"

	"adtop/kpi"
)

// Source is the health of one configured source.
type Source struct {
	Name, Type string
	Accounts   int
	Health     Health
	Problem    string    // what is wrong, in words
	Next       string    // what to do about it
	Denied     bool      // nothing comes before somebody signs in or grants access
	Throttled  bool      // the platform refused the last call because of its quota
	Expires    time.Time // when its access ends unless somebody signs in again; zero when it cannot tell
	LastGood   time.Time // the last good answer
	Watermark  time.Time // complete through
	NextPoll   time.Time // zero when nobody collects
	Every      time.Duration
	EveryWhy   string // why the interval is what it is
	QuotaUsed  kpi.Ratio
	Warnings   []string
	Drills     bool       // it knows ad groups and ads
	Breakdowns []string   // that it can split a campaign by
	Backfill   Progress   // fetch of its history
	Exchanges  []Exchange // the last ones, newest first; only where this process collects
}

// Target is the health of one target of notifications.
type Target struct {
	Name      string
	Type      string    // "slack", "webhook", …
	Delivered time.Time // the last message that arrived, zero when none did
	Failing   time.Time // since when nothing arrives; zero when it does, or nothing was to be told
	Refused   bool      // it refused a message for good since then
	Critical  bool      // a message that did not arrive tells of something critical
	Problem   string    // in words, "" when there is none
	Next      string    // what to do about it
	Waiting   int       // messages that are still to arrive
	Oldest    time.Time // when the oldest of them was decided; zero without any
}

// Health is how well messages arrive, in the words of sources.
func (t Target) Health() Health {
	switch {
	case !t.Failing.IsZero():
		return Failing
	case t.Delivered.IsZero():
		return Waiting
	}
	return Healthy
}

// Notice is one message about an alert to one target.
type Notice struct {
	Target   string
	Kind     string    // "firing", "acknowledged", "resolved"
	At       time.Time // when it was decided
	Arrived  time.Time // zero when it did not
	Attempts int
	Problem  string // why it did not arrive, "" when it did or was not tried yet
}

// Exchange is one request to a platform and what came of it.
type Exchange struct {
	At      time.Time
	Request string // method and URL, secrets redacted
	Status  int    // of HTTP; 0 when there was no answer
	Bytes   int64  // of the answer
	Took    time.Duration
	Problem string // in words, "" when there was none
}

// Health sums up a source.
type Health string

// The states of a source.
const (
	Healthy Health = "ok"
	Waiting Health = "waiting" // not fetched yet
	Stale   Health = "stale"
	Failing Health = "error"
)

// Progress is a long job, such as the fetch of history.
type Progress struct {
	What        string // what is being fetched now, "" when nothing runs
	Done, Total int    // in polls
}
