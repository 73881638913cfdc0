package store

import (
	"fmt"
	"math"
	"time"

	"adtop/kpi"
	"adtop/sources"
)

// slotKey packs a slot with an entity, or a part, into one integer, time
// first, because polls append in time:
//
//	(date*64 + ordinal) << 24 | id     ordinal 0..24 an hour, 63 the day
type slotKey int64

const (
	idBits     = 24
	maxID      = 1<<idBits - 1
	slotsADay  = 64
	dayOrdinal = 63
	dateShift  = idBits + 6
	slotInDate = 1<<dateShift - 1
	maxDate    = kpi.Date(1<<17 - 1) // the year 2328
)

func packSlot(s sources.Slot, id EntityID) slotKey {
	ordinal := s.Hour
	if s.Grain == sources.Day {
		ordinal = dayOrdinal
	}
	return packKey(s.Date, ordinal, id)
}

func packKey(date kpi.Date, ordinal int, id EntityID) slotKey {
	return slotKey(int64(date)*slotsADay+int64(ordinal))<<idBits | slotKey(id)
}

func (k slotKey) id() EntityID   { return EntityID(k & maxID) }
func (k slotKey) date() kpi.Date { return kpi.Date(k >> dateShift) }
func (k slotKey) ordinal() int   { return int(k>>idBits) % slotsADay }
func (k slotKey) day() slotKey   { return packKey(k.date(), dayOrdinal, k.id()) }
func (k slotKey) slot() sources.Slot {
	if ordinal := k.ordinal(); ordinal != dayOrdinal {
		return sources.Slot{Date: k.date(), Grain: sources.Hour, Hour: ordinal}
	}
	return sources.Slot{Date: k.date(), Grain: sources.Day}
}

// slotRange returns the first and last possible key in days.
func slotRange(days kpi.DateRange) (first, last slotKey) {
	days = clampDays(days)
	return packKey(days.From, 0, 0), packKey(days.To+1, 0, 0) - 1
}

func clampDays(days kpi.DateRange) kpi.DateRange {
	return kpi.DateRange{From: max(days.From, 0), To: min(max(days.To, -1), maxDate)}
}

func checkSlot(s sources.Slot) error {
	switch {
	case s.Date < 0 || s.Date > maxDate:
		return fmt.Errorf("day %s is out of range", s.Date)
	case s.Grain == sources.Day && s.Hour == 0, s.Grain == sources.Hour && s.Hour >= 0 && s.Hour <= 24:
		return nil
	}
	return fmt.Errorf("day %s has no %s with the ordinal %d", s.Date, s.Grain, s.Hour)
}

// instant is milliseconds since 1970 UTC; 0 is the zero time. What happens
// within one of them happens at once.
type instant int64

var firstInstant, lastInstant = time.UnixMilli(1), time.Unix(0, math.MaxInt64)

// instantOf clamps to what is stored (1970 to 2262), so that a question about
// the far past or future has its natural answer.
func instantOf(t time.Time) instant {
	switch {
	case t.Before(firstInstant):
		return 0
	case t.After(lastInstant):
		return math.MaxInt64
	}
	return instant(t.UnixMilli())
}

// storable reports a moment that instantOf would have to bend.
func storable(t time.Time) error {
	if t.Before(firstInstant) || t.After(lastInstant) {
		return fmt.Errorf("instant %s is out of range", t.Format(time.RFC3339))
	}
	return nil
}

func (i instant) time() time.Time {
	switch i {
	case 0:
		return time.Time{}
	case math.MaxInt64:
		return lastInstant
	}
	return time.UnixMilli(int64(i)).UTC()
}

// span is a length of time between instants.
func (i instant) span() time.Duration { return time.Duration(i) * time.Millisecond }
