package monitor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"adtop/alert/notify"
	"adtop/store"
)

const (
	sendTimeout = 10 * time.Second // of one message, on the real clock
	lastMoment  = 2 * time.Second  // of one that is under way when the program ends
	askEvery    = 30 * time.Second // how often a target is asked for answers
	longestWait = time.Hour        // that a target can ask for
	giveUpAfter = 24 * time.Hour   // that a message waits for its target
)

// retries are the waits after failed attempts; the last one stands for all others.
var retries = [...]time.Duration{time.Second, 5 * time.Second, 15 * time.Second, time.Minute, 10 * time.Minute}

// sender carries what waits in the outbox to one target, and what people answer
// there to the inbox. A target that hangs holds up nobody but its own.
type sender struct {
	m *Monitor
	Target
	refreshAt, askAt time.Time
	well             bool              // the last attempt was a success
	unrecorded       *store.Attempt    // the store could not be written; it is done all the same
	complaints       map[string]string // by what was tried
}

// send runs until ctx ends.
func (s *sender) send(ctx context.Context) {
	for ctx.Err() == nil {
		now := s.m.o.Clock.Now()
		wake := earliest(s.refresh(ctx, now), s.ask(ctx, now))
		more, next, err := s.one(ctx, now)
		if more {
			continue
		}
		if err != nil && ctx.Err() == nil {
			s.m.o.Log.Error("deliver a message", "target", s.Name, "err", err)
			next = now.Add(time.Minute)
		}
		wake = earliest(wake, next)
		if wake.IsZero() {
			wake = now.Add(roundEvery)
		}
		s.sleep(ctx, wake)
	}
}

// one sends the next message that is due. It returns whether there may be more,
// and else when the next one is due, zero for never.
func (s *sender) one(ctx context.Context, now time.Time) (more bool, next time.Time, err error) {
	if s.unrecorded != nil {
		err := s.record(ctx, *s.unrecorded)
		return err == nil, time.Time{}, err
	}
	due, next, err := s.m.o.Store.Outgoing(ctx, s.Name, now)
	if next.Sub(now) > longestWait { // the clock was set back
		due, next, err = s.m.o.Store.Outgoing(ctx, s.Name, next)
	}
	if err != nil || due == nil {
		return false, next, err
	}
	err = s.attempt(ctx, due)
	return err == nil, time.Time{}, err
}

// sleep waits until at, or until something new is in the outbox.
func (s *sender) sleep(ctx context.Context, at time.Time) {
	timer := s.m.o.Clock.Timer(at.Sub(s.m.o.Clock.Now()))
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-s.m.mail[s.Name]:
	case <-timer.C:
	}
}

// earliest returns the earlier of two instants, where zero is none.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// attempt sends a message once and records what came of it. What was interrupted
// by the end of the program is as if it had not been tried.
func (s *sender) attempt(ctx context.Context, d *store.Delivery) error {
	var message notify.Message
	err := json.Unmarshal(d.Message, &message)
	if err != nil {
		err = notify.Refused{Err: fmt.Errorf("the stored message is damaged: %w", err)}
	} else {
		err = s.within(ctx, func(ctx context.Context) error { return s.Target.Target.Send(ctx, message) })
	}
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		s.m.o.Log.Warn("message not delivered", "target", s.Name, "attempt", d.Attempts+1, "err", err)
	}
	a := result(d, err, s.m.o.Clock.Now())
	s.m.count(Try{s.Name, endings[a.State]})
	return s.record(ctx, a)
}

// Try is an attempt to deliver a message, and what came of it.
type Try struct {
	Target string
	Ended  string // one of Endings
}

// Endings are what may come of an attempt. After "failed" another one follows.
var Endings = endings[:]

var endings = [...]string{store.Undelivered: "failed", store.Delivered: "delivered", store.Refused: "refused", store.GivenUp: "given_up"}

func (m *Monitor) count(t Try) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.attempts[t]++
}

// Attempts counts the attempts of this process to deliver, by what came of them.
func (m *Monitor) Attempts() map[Try]int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.attempts)
}

// record keeps what came of an attempt. Until that can be stored, nothing else is
// sent: a message that arrived would go out again.
func (s *sender) record(ctx context.Context, a store.Attempt) error {
	s.unrecorded = &a
	// What was delivered has to be remembered, even if the program is about to end.
	if err := s.m.o.Store.Attempted(context.WithoutCancel(ctx), a); err != nil {
		return err
	}
	s.unrecorded = nil
	s.m.markDirty()
	delivered := a.State == store.Delivered
	if !s.well || !delivered { // an alert about the target may begin or end
		s.m.wake()
	}
	s.well = delivered
	return nil
}

// result says what an attempt means for a message.
func result(d *store.Delivery, err error, now time.Time) store.Attempt {
	a := store.Attempt{ID: d.ID, At: now, State: store.Delivered}
	if err == nil {
		return a
	}
	a.State, a.Error = store.Undelivered, err.Error()
	wait := retries[min(d.Attempts, len(retries)-1)]
	var refused notify.Refused
	var later notify.Later
	switch {
	case errors.As(err, &refused):
		a.State = store.Refused
	case now.Sub(d.At) >= giveUpAfter:
		a.State = store.GivenUp
	case errors.As(err, &later):
		wait = min(max(later.After, time.Second), longestWait)
	}
	a.Next = now.Add(wait)
	return a
}

// within bounds one call of the target. One that is under way when the program
// ends may take a moment yet: interrupted, it might have arrived all the same.
func (s *sender) within(ctx context.Context, call func(context.Context) error) error {
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendTimeout)
	defer cancel()
	defer context.AfterFunc(ctx, func() {
		grace := time.NewTimer(lastMoment)
		defer grace.Stop()
		select {
		case <-grace.C:
			cancel()
		case <-bounded.Done():
		}
	})()
	return call(bounded)
}

// Sent waits until no message is due, or ctx ends.
func (m *Monitor) Sent(ctx context.Context) error {
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for {
		waits := false
		o, _ := m.current()
		for _, t := range o.Targets {
			due, _, err := o.Store.Outgoing(ctx, t.Name, o.Clock.Now())
			if err != nil {
				return err
			}
			waits = waits || due != nil
		}
		if !waits {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-look.C:
		}
	}
}

// complain logs trouble that is nobody's alert, once as long as it stays the same.
func (s *sender) complain(tried string, err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	if text != "" && text != s.complaints[tried] {
		s.m.o.Log.Warn(tried, "target", s.Name, "err", err)
	}
	s.complaints[tried] = text
}
