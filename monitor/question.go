package monitor

import (
	"time"

	"adtop/kpi"
	"adtop/snapshot"
	"adtop/sources"
)

// dayHours is how many hours a range by the hour has.
const dayHours = 24

// window is what of an account counts: whole days, and hours that begin after
// one instant and have ended by another.
type window struct {
	days        kpi.DateRange
	after, till time.Time // zero where no hours count
}

// empty is a run of no days.
var empty = kpi.DateRange{From: 1, To: 0}

func (w window) hour(s sources.Slot, zone *time.Location) bool {
	return !w.till.IsZero() && s.Start(zone).After(w.after) && !s.End(zone).After(w.till)
}

// dates are those that the hours lie in.
func (w window) dates(zone *time.Location) kpi.DateRange {
	if !w.till.After(w.after) {
		return empty
	}
	return kpi.DateRange{From: kpi.DateOf(w.after.Add(1), zone), To: kpi.DateOf(w.till.Add(-1), zone)}
}

// question asks for sums as they were known at an instant. Each account has a
// window of its own: "today" in Berlin and "today" in New York may be two dates.
type question struct {
	asOf    time.Time
	windows map[[2]string]window // by account
	days    kpi.DateRange        // the range in the display zone, for fees
	span    kpi.DateRange        // further days that are wanted, one by one
	last    time.Time            // hours are wanted one by one, back from the one in which this lies; zero: not
}

// whole are the days of the range that count whole: of the last one, some questions
// take the hours up to one.
func (q question) whole() kpi.DateRange {
	days := q.days
	for _, w := range q.windows {
		if !w.till.IsZero() {
			days.To = q.days.To - 1
		}
	}
	return days
}

// reads returns the dates whose days and whose hours the question is about.
func (q question) reads(l *ledger) (days, hours kpi.DateRange) {
	days, hours = q.span, empty
	join := func(a *kpi.DateRange, b kpi.DateRange) {
		switch {
		case b.Days() == 0:
		case a.Days() == 0:
			*a = b
		default:
			a.From, a.To = min(a.From, b.From), max(a.To, b.To)
		}
	}
	for key, w := range q.windows {
		dates := w.dates(l.accounts[key].Zone)
		join(&hours, dates)
		join(&days, w.days)
		join(&days, dates) // tells what has days and no hours
	}
	return days, hours
}

// slot numbers an hour among the last ones: the newest is dayHours-1. An hour
// that stands across two of the display zone counts with the one in which it is
// the n-th last, as it is for its account.
func (q question) slot(begin time.Time) (n int, ok bool) {
	if q.last.IsZero() || begin.After(q.last) {
		return 0, false
	}
	n = dayHours - 1 - int(q.last.Sub(begin)/time.Hour)
	return n, n >= 0
}

// present asks for the range of a view as it is known at asOf.
func (l *ledger) present(r snapshot.Range, zone *time.Location, asOf time.Time) question {
	q := question{asOf: asOf, windows: map[[2]string]window{}, days: r.Days(kpi.DateOf(l.asOf, zone)), span: empty}
	if r.ByHour() {
		q.last = l.asOf
	}
	for key, a := range l.accounts {
		w := window{days: r.Days(kpi.DateOf(l.asOf, a.Zone))}
		if r.ByHour() {
			w = window{empty, l.asOf.Add(-dayHours * time.Hour), l.asOf.Add(time.Hour)} // with the one that runs
		}
		q.windows[key] = w
	}
	return q
}
