package httpkit

import (
	"time"

	"adtop/kpi"
	"adtop/sources"
)

// ClockHour is the slot of the real hour that the clock in zone shows as wall:
// the first one where two do, the next one where the clock skips it.
func ClockHour(d kpi.Date, wall int, zone *time.Location) sources.Slot {
	slot := sources.Slot{Date: d, Grain: sources.Hour}
	if d.Length(zone) == 24*time.Hour {
		slot.Hour = wall
		return slot
	}
	for last := d.Hours(zone) - 1; slot.Hour < last && wallHour(slot, zone) < wall; {
		slot.Hour++
	}
	return slot
}

// RepeatedHour is the ordinal of the first of two hours of a day that show the
// same on the clock, -1 where there are none.
func RepeatedHour(d kpi.Date, zone *time.Location) int {
	if d.Length(zone) <= 24*time.Hour {
		return -1
	}
	slot := sources.Slot{Date: d, Grain: sources.Hour}
	for ; slot.Hour+1 < d.Hours(zone); slot.Hour++ {
		next := slot
		next.Hour++
		if wallHour(slot, zone) == wallHour(next, zone) {
			return slot.Hour
		}
	}
	return -1
}

func wallHour(slot sources.Slot, zone *time.Location) int { return slot.Start(zone).In(zone).Hour() }

// CompleteThrough is the beginning of the hour that lay lag before the
// question was asked. It is never after the asked days, about whose future the
// answer says nothing. It may be before them: soon after midnight nothing of
// today is complete.
func CompleteThrough(asked time.Time, lag time.Duration, q sources.Query) time.Time {
	day, hour := kpi.HourOf(asked.Add(-lag), q.Account.Zone)
	complete := sources.Slot{Date: day, Grain: sources.Hour, Hour: hour}.Start(q.Account.Zone)
	if end := q.Days.To.End(q.Account.Zone); end.Before(complete) {
		return end
	}
	return complete
}

// Pieces cuts days into runs of at most length days, oldest first.
func Pieces(days kpi.DateRange, length int) []kpi.DateRange {
	var pieces []kpi.DateRange
	for from := days.From; from <= days.To; from += kpi.Date(length) {
		pieces = append(pieces, kpi.DateRange{From: from, To: min(days.To, from+kpi.Date(length)-1)})
	}
	return pieces
}
