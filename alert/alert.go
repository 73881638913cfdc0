// Package alert turns Snapshots into alerts: which rules hold, and what that
// means for the alerts there already are.
//
// It is pure: a Snapshot and the commands that wait go in, the alerts and
// silences that changed come out. Whoever calls it keeps them and hands them in
// again with the next Snapshot, so that a restart forgets nothing.
package alert

import (
	"fmt"
	"slices"
	"time"

	"adtop/snapshot"
)

// signal is what a rule sees of its subject.
type signal uint8

const (
	unknown signal = iota // nothing can be said: an alert stays as it is
	clear                 // the condition is over
	hold                  // neither: between the resolving and the firing threshold
	warn                  // the condition begins to hold
	breach                // it holds
)

// condition is one rule on one subject as of one Snapshot.
type condition struct {
	rule, subject   string
	labels          map[string]string
	severity        snapshot.Severity
	signal          signal
	err             error     // with snapshot.Failed: why
	frozen          string    // with unknown: snapshot.NoData or snapshot.Failed, "" when the rule merely does not apply
	watermark       time.Time // moves when fresh data came
	wait, keep      Hold      // how long it has to hold before it fires, and to be clear before it ends
	summary, reason string    // "" leaves an open alert's as they are
	runbook         string

	ground snapshot.Ground            // with breach: what it would fire on
	gone   func(snapshot.Ground) bool // whether late data took that ground away; nil when that cannot be told
}

// Hold is how long something has to last, counted by the data and never by the
// clock: a number of fresh polls (those that moved the watermark), a span from
// the first to the last of them, or both.
type Hold struct {
	Polls int // below 1 is 1
	Span  time.Duration
}

func (h Hold) met(r snapshot.Run) bool {
	return r.Polls >= max(h.Polls, 1) && r.Last.Sub(r.From) >= h.Span
}

// oneMore is how long an alert that looks over is kept unless its rule says
// otherwise: one more fresh poll decides.
var oneMore = Hold{Polls: 2}

// Outcome is what one evaluation changed.
type Outcome struct {
	Alerts   []snapshot.Alert
	Silences []snapshot.Silence
	Refused  []string // commands that could not be carried out, in sentences for the log
	Failed   []string // rules that could not be evaluated, likewise
}

// step is one evaluation under way.
type step struct {
	s        *snapshot.Snapshot
	at       time.Time
	alerts   []snapshot.Alert // all there are, as they change
	before   map[string]snapshot.Alert
	silences []snapshot.Silence
	out      Outcome
	marks    map[[2]string]time.Time // watermark by rule and subject
}

// Input is what one evaluation looks at. Picture.Alerts must hold the open
// alerts, those that ended within flapWindow and those that were retracted within
// Wary, Picture.Silences those that have not expired.
type Input struct {
	Picture  *snapshot.Snapshot
	Rules    []*Rule // of the config, besides the built-in ones
	Books    Books   // what those rules read; may be empty without any
	Commands []snapshot.Command
}

// Step evaluates the rules, carries out the commands, and returns what changed.
// Doing it again on the same figures changes nothing.
func Step(in Input) Outcome {
	s := in.Picture
	e := &step{s: s, at: plain(s.AsOf), alerts: slices.Clone(s.Alerts), silences: slices.Clone(s.Silences),
		before: map[string]snapshot.Alert{}, marks: map[[2]string]time.Time{}}
	for _, a := range s.Alerts {
		e.before[a.ID] = a
	}
	all := conditions(s)
	for _, r := range in.Rules {
		all = append(all, r.conditions(s, in.Books)...)
	}
	e.evaluate(all)
	for _, c := range all {
		if c.err != nil {
			e.out.Failed = append(e.out.Failed, fmt.Sprintf("rule %q on %s: %v", c.rule, c.subject, c.err))
		}
	}
	for _, c := range in.Commands {
		if err := e.apply(c); err != nil {
			e.out.Refused = append(e.out.Refused, fmt.Sprintf("%s %s by %s: %v", c.Verb, c.ID, c.By, err))
		}
	}
	e.overlay()
	for _, a := range e.alerts {
		if before, known := e.before[a.ID]; !known || !before.Same(a) {
			e.out.Alerts = append(e.out.Alerts, a)
		}
	}
	return e.out
}

// evaluate moves every alert on by what its rule sees.
func (e *step) evaluate(conditions []condition) {
	open := map[[2]string]int{}
	for i, a := range e.alerts {
		if a.Open() {
			open[[2]string{a.Rule, a.Subject}] = i
		}
	}
	for _, c := range conditions {
		key := [2]string{c.rule, c.subject}
		if _, twice := e.marks[key]; twice {
			continue // one rule has one alert a subject: a second one would begin anew each time
		}
		e.marks[key] = c.watermark
		i, exists := open[key]
		delete(open, key)
		switch {
		case exists:
			e.alerts[i] = c.next(e.alerts[i], e.at)
		case c.signal == warn || c.signal == breach:
			e.alerts = append(e.alerts, c.next(c.begin(e.newID(c), e.at), e.at))
		}
	}
	for _, i := range open { // its rule, channel or source left the config
		gone := &e.alerts[i]
		gone.State, gone.EndedAt, gone.Frozen = snapshot.Resolved, e.at, ""
		gone.Reason = fmt.Sprintf("%q is no longer there: it left the config, or has no figures any more.", gone.Subject)
		if e.known(gone.Subject) {
			gone.Reason = fmt.Sprintf("The rule %q is no longer in the config.", gone.Rule)
		}
	}
}

func (e *step) known(subject string) bool {
	return slices.ContainsFunc(e.s.Channels, func(ch snapshot.Channel) bool { return ch.Name == subject }) ||
		slices.ContainsFunc(e.s.Sources, func(src snapshot.Source) bool { return src.Name == subject }) ||
		slices.ContainsFunc(e.s.Targets, func(t snapshot.Target) bool { return t.Name == subject })
}

// newID names an alert after its rule, subject and beginning. Where a clock was
// set back, that name may be taken.
func (e *step) newID(c condition) string {
	id := fmt.Sprintf("%s/%s/%d", c.rule, c.subject, e.at.Unix())
	for n, base := 2, id; e.find(id) != nil; n++ {
		id = fmt.Sprintf("%s-%d", base, n)
	}
	return id
}

func (e *step) find(id string) *snapshot.Alert {
	for i := range e.alerts {
		if e.alerts[i].ID == id {
			return &e.alerts[i]
		}
	}
	return nil
}

// plain makes an instant comparable: without zone and monotonic clock.
func plain(t time.Time) time.Time { return t.UTC().Round(0) }
