package alert

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"adtop/kpi"
	"adtop/pattern"
	"adtop/snapshot"
)

// apply carries out one command. Doing it twice does it once.
func (e *step) apply(c snapshot.Command) error {
	switch c.Verb {
	case "silence":
		return e.silence(c)
	case "unsilence":
		return e.unsilence(c)
	}
	a := e.find(c.ID)
	if a == nil {
		return errors.New("no such alert")
	}
	switch c.Verb {
	case "ack":
		if a.AckedBy != c.By || a.AckNote != c.Note {
			a.AckedBy, a.AckNote, a.AckedAt = c.By, c.Note, e.at
		}
	case "unack":
		a.AckedBy, a.AckNote, a.AckedAt = "", "", time.Time{}
	case "snooze":
		return e.snooze(a, c)
	case "unsnooze":
		wake(a)
	case "mark":
		return e.mark(a, c)
	default:
		return errors.New("unknown command")
	}
	return nil
}

// mark notes whether an alert was right; it may have ended long ago.
func (e *step) mark(a *snapshot.Alert, c snapshot.Command) error {
	switch c.As {
	case "":
		a.Marked, a.MarkedBy, a.MarkedAt = "", "", time.Time{}
	case snapshot.MarkedTrue, snapshot.MarkedFalse:
		if a.Marked != c.As || a.MarkedBy != c.By {
			a.Marked, a.MarkedBy, a.MarkedAt = c.As, c.By, e.at
		}
	default:
		return fmt.Errorf("%q is neither %q nor %q", c.As, snapshot.MarkedTrue, snapshot.MarkedFalse)
	}
	return nil
}

func (e *step) snooze(a *snapshot.Alert, c snapshot.Command) error {
	if !a.Open() {
		return errors.New("it has ended")
	}
	if c.Until == snapshot.UntilDay {
		today := kpi.DateOf(e.at, e.s.Zone)
		a.SnoozedBy, a.SnoozedUntil, a.SnoozedByData = c.By, plain(today.End(e.s.Zone)), true
		return nil
	}
	until, err := e.until(c)
	if err != nil {
		return err
	}
	a.SnoozedBy, a.SnoozedUntil, a.SnoozedByData = c.By, until, false
	return nil
}

// until reads an instant that lies ahead.
func (e *step) until(c snapshot.Command) (time.Time, error) {
	until, err := time.Parse(time.RFC3339, c.Until)
	if err == nil && !until.After(e.at) {
		err = fmt.Errorf("%s is over already", c.Until)
	}
	return plain(until), err
}

// dataPatience is how long after its moment a snooze by the data lasts at most:
// figures that never come must not keep an alert quiet for ever.
const dataPatience = 24 * time.Hour

// awake says whether a snooze is over, by the clock or by the watermark.
func awake(a snapshot.Alert, at, watermark time.Time) bool {
	if !a.SnoozedByData {
		return !at.Before(a.SnoozedUntil)
	}
	return !watermark.Before(a.SnoozedUntil) || !at.Before(a.SnoozedUntil.Add(dataPatience))
}

func wake(a *snapshot.Alert) {
	a.SnoozedBy, a.SnoozedUntil, a.SnoozedByData = "", time.Time{}, false
}

// silence adds one, or has one that is known by its id go on until another instant.
// Without an id it follows from who sent it and when, so that a command that is
// carried out twice makes one silence.
func (e *step) silence(c snapshot.Command) error {
	until, err := e.until(c)
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(e.silences, func(s snapshot.Silence) bool { return c.ID != "" && s.ID == c.ID }); i >= 0 {
		s := e.silences[i]
		s.Ends, s.By, s.Note = until, c.By, c.Note
		e.putSilence(s)
		return nil
	}
	if len(c.Match) == 0 {
		return errors.New("it names no label: it would silence everything")
	}
	for label, text := range c.Match {
		if _, err := pattern.Parse(text); err != nil || text == "" {
			return errors.Join(fmt.Errorf("label %s: write a pattern such as Google* or /^Google/", label), err)
		}
	}
	id := cmp.Or(c.ID, fmt.Sprintf("%s/%d", c.By, c.At.UnixNano()))
	e.putSilence(snapshot.Silence{ID: id, Match: c.Match, Starts: e.at, Ends: until, By: c.By, Note: c.Note})
	return nil
}

// unsilence ends one now.
func (e *step) unsilence(c snapshot.Command) error {
	i := slices.IndexFunc(e.silences, func(s snapshot.Silence) bool { return s.ID == c.ID })
	if i < 0 {
		return errors.New("no such silence")
	}
	s := e.silences[i]
	if s.Ends.After(e.at) {
		s.Ends = e.at
		e.putSilence(s)
	}
	return nil
}

// putSilence notes a new state of a silence, in place of an earlier one.
func (e *step) putSilence(s snapshot.Silence) {
	for _, list := range []*[]snapshot.Silence{&e.silences, &e.out.Silences} {
		if i := slices.IndexFunc(*list, func(have snapshot.Silence) bool { return have.ID == s.ID }); i >= 0 {
			(*list)[i] = s
			continue
		}
		*list = append(*list, s)
	}
}
