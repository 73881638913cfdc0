package store

import (
	"time"

	"adtop/kpi"
)

// Evaluation is what was decided about a channel at one moment.
type Evaluation struct {
	At      time.Time
	Channel string
	P       float64 // P(unprofitable), 0..1; meaningless unless Known
	Known   bool
	Verdict string
	Reason  string
	Model   string // version of the detector
	Config  string // hash of the channel's definition
	Detail  []byte // JSON: cohorts, curve and the like, for the screens
}

// Alert is the state of one alert from At on.
type Alert struct {
	ID       string // stable over the alert's life
	At       time.Time
	Rule     string
	Subject  string // channel or source
	Severity string
	State    string
	Since    time.Time // first pending
	FiredAt  time.Time // zero until it fired
	EndedAt  time.Time // zero while open
	AckedBy  string
	AckNote  string
	AckedAt  time.Time
	Summary  string
	Detail   []byte // JSON of the rule
}

// Open says whether the alert has not ended.
func (a Alert) Open() bool { return a.EndedAt.IsZero() }

// Silence keeps the alerts that it matches from asking for attention from
// Starts until Ends. It stands as described from At on.
type Silence struct {
	ID       string // stable over the silence's life
	At       time.Time
	Matchers map[string]string // label of an alert to the pattern that its value has to match
	Starts   time.Time
	Ends     time.Time
	By, Note string
}

// Note is what somebody wrote on a date. It stands as described from At on.
type Note struct {
	ID       string // stable over the note's life
	At       time.Time
	Channel  string // "" for all of them
	Date     kpi.Date
	Text, By string
	Removed  bool // nobody shall see it any more
}

// Command is a wish of a screen for the holder of the lease.
type Command struct {
	ID   int64 // given by the store
	At   time.Time
	Verb string // "ack", "unack", "poll"
	Args map[string]string
	By   string
}

// Decision is one evaluation round.
type Decision struct {
	At          time.Time
	Evaluations []Evaluation
	Alerts      []Alert   // new state of the alerts that changed
	Silences    []Silence // new state of the silences that changed
	Notes       []Note    // new ones, and those that are removed
	Told        []Told    // new state of what was told
	Deliveries  []Delivery
	Applied     []int64 // commands of the inbox that are done
}

// Told is what a target was told of one group of alerts.
type Told struct {
	Target, Key string
	State       []byte // JSON of the one who decides; nil to forget it
}

// Delivery is one message to one target, and what became of it. Decide takes it
// with the fields up to Message.
type Delivery struct {
	Target   string
	Event    string // of the message: a target gets one event once
	Key      string // what messages share that must not overtake each other
	At       time.Time
	Kind     string
	Severity string
	Title    string
	Alerts   []string // ids of what it tells of
	Message  []byte   // JSON; nil once nothing is to be sent any more

	ID       int64 // given by the store
	State    DeliveryState
	Attempts int
	Next     time.Time // when to try again
	Failed   time.Time // the first attempt that failed, zero when none did
	Tried    time.Time // the last attempt
	Error    string    // what came of it, "" for a success
}

// DeliveryState says what became of a message.
type DeliveryState int

// The states of a delivery.
const (
	Undelivered DeliveryState = iota
	Delivered
	Refused // the target will never take it
	GivenUp // it could not be delivered for too long
)

// Attempt is one try to deliver a message.
type Attempt struct {
	ID    int64
	At    time.Time
	State DeliveryState // after it
	Next  time.Time     // with Undelivered: when to try again
	Error string
}

// DeliveryFilter says which deliveries are wanted; "" means all.
type DeliveryFilter struct {
	Target, Alert string
	Most          int
}

// Reach is how one target stands.
type Reach struct {
	Delivered time.Time // the last success, zero when there was none
	Failing   time.Time // since when nothing arrived that was tried; zero when the last attempt was a success
	Refused   bool      // a message since then was refused for good
	Critical  bool      // one that did not arrive tells of something critical
	Error     string
	Waiting   int       // messages that are still to arrive
	Oldest    time.Time // when the oldest of them was decided, zero without any
}
