package notify

import (
	"time"

	"adtop/pattern"
)

// Hours are a time of the day on some days of the week. One that ends before it
// begins goes on into the next day.
type Hours struct {
	Days     [7]bool       // by time.Weekday, on which it begins
	From, To time.Duration // since midnight by the clock on the wall; the same means the whole day
}

// At is a time of the day, as Hours have it, on a date. It need not exist: days
// beyond the month count on, as those of time.Date do.
func At(clock time.Duration, year int, month time.Month, day int, zone *time.Location) time.Time {
	return time.Date(year, month, day, 0, int(clock/time.Minute), 0, 0, zone)
}

// covers says when the hours that cover a moment end, in the moment's zone; zero
// when none do. The clock on the wall counts, also where it is changed.
func (h Hours) covers(at time.Time) (end time.Time) {
	for back := range 2 {
		year, month, day := at.Date()
		day -= back
		begin := At(h.From, year, month, day, at.Location())
		if !h.Days[begin.Weekday()] {
			continue
		}
		if h.To <= h.From {
			day++
		}
		if end = At(h.To, year, month, day, at.Location()); !at.Before(begin) && at.Before(end) {
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
