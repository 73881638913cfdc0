// Package notify says where alerts go: what is told to whom and when, and the
// targets that carry it there.
//
// What to tell is decided purely, from alerts and what was told before; the
// caller keeps each Message before it is sent, and sends it again until it
// arrived. Only targets touch the network.
package notify

import (
	"context"
	"fmt"
	"time"

	"adtop/snapshot"
)

// Message is one notification, ready for any target. It is kept as JSON until
// it was delivered.
type Message struct {
	Event    string            // identity of this message: the same at every attempt to send it
	Key      string            // of its group of alerts, stable from the first to the end of the last: the key to deduplicate by
	Kind     Kind              // what it tells
	Cause    string            // why it is sent now, in the words of Alertmanager: "first notification", "repeat interval elapsed", …
	At       time.Time         // when it was decided
	Severity snapshot.Severity // the worst of its open alerts; of all where none is open
	Title    string            // one line without control characters
	Text     string            // the rest, in lines
	Labels   map[string]string // that all its alerts share by being in one group
	Alerts   []Alert           // none in a Note
	Link     string            // where to look first, "" when nowhere
}

// Alert is an alert as a Message carries it.
type Alert struct {
	snapshot.Alert
	Link string // the page of its campaign or channel at the platform, "" when there is none
}

// Kind says what a Message tells.
type Kind string

// The kinds of messages. Note is anything that is no alert: a digest, a test.
const (
	Fired    Kind = "firing"
	Acked    Kind = "acknowledged"
	Resolved Kind = "resolved" // all its alerts ended, or were retracted
	Note     Kind = "note"
)

// Target is one place that messages are sent to. It is used by one goroutine at
// a time.
type Target interface {
	// Send delivers one message, or says why not: a Refused is not worth another
	// attempt, a Later says when to try again, any other error is tried again.
	// What it returns names no secret.
	Send(ctx context.Context, m Message) error
}

// Answering is a target where people answer: who acks or silences an alert
// there did so here too.
type Answering interface {
	// Answers returns what people did there since the state that the call
	// before returned; nil at first.
	Answers(ctx context.Context, state []byte) (answers []Answer, next []byte, err error)
}

// Refreshing is a target that forgets: what is not told again within Every it
// takes for over. While a Message has open alerts, the newest one of its group is
// sent again each Every, as it stands by then, whatever else is due. Such a
// refresh that failed is not tried again: the next one stands for it.
type Refreshing interface {
	Every() time.Duration
}

// Answer is one thing that somebody did at a target.
type Answer struct {
	Key     string           // of the Message that it answers; "" for a silence
	Command snapshot.Command // without the ID of an alert: that follows from Key
}

// Refused is a message that the target will never take.
type Refused struct{ Err error }

func (r Refused) Error() string { return fmt.Sprintf("refused: %v", r.Err) }
func (r Refused) Unwrap() error { return r.Err }

// Later is a target that asks for patience.
type Later struct {
	After time.Duration
	Err   error
}

func (l Later) Error() string { return fmt.Sprintf("%v (asks to wait %s)", l.Err, l.After) }
func (l Later) Unwrap() error { return l.Err }
