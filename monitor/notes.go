package monitor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"adtop/kpi"
	"adtop/snapshot"
	"adtop/sources"
	"adtop/store"
)

// allDates are those that a note may be on.
var allDates = kpi.DateRange{From: 0, To: 1 << 24}

// note turns a command of the inbox into what is to be stored. A note's id
// follows from the command, so that carrying it out twice stores one.
func (m *Monitor) note(ctx context.Context, command int64, c snapshot.Command, d *store.Decision) error {
	n, err := m.written(ctx, c, d)
	if err != nil {
		return err
	}
	switch why := m.o.refused(n, c); {
	case why != "":
		m.o.Log.Warn("command refused", "why", fmt.Sprintf("%s %s by %s: %s", c.Verb, c.ID, c.By, why))
		return nil
	case c.Verb == "note":
		n.ID = fmt.Sprintf("n%d-%d", c.At.UnixMilli(), command)
	}
	d.Notes = append(d.Notes, n)
	return nil
}

// written is the note that a command is about: a new one, or a stored one that
// is to be removed; without a text there is none.
func (m *Monitor) written(ctx context.Context, c snapshot.Command, d *store.Decision) (store.Note, error) {
	if c.Verb == "note" {
		date, err := kpi.ParseDate(c.On)
		if err != nil {
			date = -1
		}
		return store.Note{At: d.At, Channel: c.ID, Date: date, Text: brief(c.Note), By: c.By}, nil
	}
	notes, err := m.o.Store.Notes(ctx, allDates, forever)
	for _, n := range notes {
		if n.ID == c.ID {
			n.At, n.Removed = after(d.At, n.At), true
			return n, nil
		}
	}
	return store.Note{}, err
}

// refused says why a note cannot be stored, "" when it can.
func (o *Options) refused(n store.Note, c snapshot.Command) string {
	switch {
	case c.Verb == "unnote" && n.Text == "":
		return "there is no such note"
	case c.Verb == "unnote":
		return ""
	case n.Text == "":
		return "it says nothing"
	case !allDates.Contains(n.Date):
		return fmt.Sprintf("%q is no date: expected one such as 2026-11-30", c.On)
	case n.Channel != "" && !slices.ContainsFunc(o.Channels, func(ch Channel) bool { return ch.Name == n.Channel }):
		return fmt.Sprintf("there is no channel %q", n.Channel)
	}
	return ""
}

// brief cleans a note and cuts it to what is stored.
func brief(text string) string {
	runes := []rune(strings.TrimSpace(sources.Clean(text)))
	return strings.TrimSpace(string(runes[:min(len(runes), store.MaxNote)]))
}

// notes reads those on the days that the picture shows.
func (b *builder) notes(ctx context.Context, s *snapshot.Snapshot) error {
	today := kpi.DateOf(s.AsOf, b.o.Zone)
	chart := chartOf(s.View.Range, today)
	days := kpi.DateRange{From: min(chart.From, today-trendDays+1), To: max(chart.To, today)}
	asOf := s.AsOf
	if s.View.AsOf.IsZero() {
		asOf = forever // as of alerts: after a clock was set back, the newest lie ahead
	}
	stored, err := b.o.Store.Notes(ctx, days, asOf)
	for _, n := range stored {
		s.Notes = append(s.Notes, snapshot.Note{ID: n.ID, Channel: n.Channel, Date: n.Date, Text: n.Text, By: n.By, At: n.At})
	}
	return err
}
