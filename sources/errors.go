package sources

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Kind says what a failed Fetch means for the poller and for the user.
type Kind uint8

// The kinds of error. Their numbers are stored.
const (
	Unavailable Kind = iota + 1 // the platform is down or unreachable: try again later
	Auth                        // the user must sign in again
	Permission                  // the credentials do not reach what was asked for
	QuotaKind                   // too many calls: wait RetryAfter
	Invalid                     // the platform refuses our request: a setting or adtop itself is wrong
	Malformed                   // the answer is not what the platform documents
)

// String names the kind in the words of the screen.
func (k Kind) String() string {
	switch k {
	case Unavailable:
		return "unavailable"
	case Auth:
		return "sign-in needed"
	case Permission:
		return "no permission"
	case QuotaKind:
		return "quota"
	case Invalid:
		return "request refused"
	case Malformed:
		return "unreadable answer"
	}
	return "error"
}

// Error is what every failed call of a Source returns (or wraps), the end of
// its context apart.
type Error struct {
	Kind       Kind
	RetryAfter time.Duration // for QuotaKind and Unavailable: how long the platform asks to wait, 0 when it does not say
	Next       string        // a sentence for the user: what to do; may be empty
	Err        error         // what happened, secrets redacted
}

// Error implements error.
func (e *Error) Error() string {
	if e.RetryAfter > 0 {
		return fmt.Sprintf("%s: retry in %s: %v", e.Kind, e.RetryAfter, e.Err)
	}
	return fmt.Sprintf("%s: %v", e.Kind, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an Error of a kind.
func Errorf(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Err: fmt.Errorf(format, args...)}
}

// KindOf returns the kind of err: 0 for nil and for an ended context,
// Unavailable for what is not an Error.
func KindOf(err error) Kind {
	var e *Error
	switch {
	case err == nil:
		return 0
	case errors.As(err, &e):
		return e.Kind
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return 0
	}
	return Unavailable
}
