package notify

import (
	"time"

	"adtop/pattern"
)

// Hours are a time of the day on some days of the week. One that ends before it
// begins goes on into the next day.
type Hours struct {
	Days     [7]bool // by time.Weekday, on which it begins
	From, To Clock   // the same means the whole day
}

// Clock is a time of the day.
type Clock struct{ Hour, Minute int }

func (c Clock) on(year int, month time.Month, day int, zone *time.Location) time.Time {
	return time.Date(year, month, day, c.Hour, c.Minute, 0, 0, zone)
}

func (c Clock) before(d Clock) bool {
	return c.Hour < d.Hour || c.Hour == d.Hour && c.Minute < d.Minute
}

// covers says when the hours that cover a moment end, in the moment's zone; zero
// when none do. The clock on the wall counts, also where it is changed.
func (h Hours) covers(at time.Time) (end time.Time) {
	for back := range 2 {
		year, month, day := at.Date()
		day -= back
		begin := h.From.on(year, month, day, at.Location())
		if !h.Days[begin.Weekday()] {
			continue
		}
		if !h.From.before(h.To) {
			day++
		}
		if end = h.To.on(year, month, day, at.Location()); !at.Before(begin) && at.Before(end) {
			return end
		}
	}
	return time.Time{}
}

// Window is a time of maintenance: once, or every week. Of the alerts that it
// matches, nothing is told while it lasts.
type Window struct {
	From, To time.Time // once
	Weekly   *Hours    // or every week
	Match    map[string]pattern.Pattern
}

func (w Window) covers(at time.Time) (end time.Time) {
	switch {
	case w.Weekly != nil:
		return w.Weekly.covers(at)
	case !at.Before(w.From) && at.Before(w.To):
		return w.To
	}
	return time.Time{}
}
