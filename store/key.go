package store

import (
	"fmt"
	"math"
	"time"

	"adtop/kpi"
	"adtop/sources"
)

// slotKey and dayKey pack a slot or a day with an entity into one integer,
// time first; migrations/1.sql has the layout.
type (
	slotKey int64
	dayKey  int64
)

const (
	entityBits = 24
	maxEntity  = 1<<entityBits - 1
	slotsADay  = 64
	dayOrdinal = 63
	maxDate    = kpi.Date(1<<17 - 1) // the year 2328
)

func packSlot(s sources.Slot, e EntityID) slotKey {
	ordinal := s.Hour
	if s.Grain == sources.Day {
		ordinal = dayOrdinal
	}
	return slotKey(int64(s.Date)*slotsADay+int64(ordinal))<<entityBits | slotKey(e)
}

func packDay(d kpi.Date, e EntityID) dayKey { return dayKey(d)<<entityBits | dayKey(e) }

func (k slotKey) entity() EntityID { return EntityID(k & maxEntity) }
func (k slotKey) slot() sources.Slot {
	packed := int64(k >> entityBits)
	slot := sources.Slot{Date: kpi.Date(packed / slotsADay), Grain: sources.Hour, Hour: int(packed % slotsADay)}
	if slot.Hour == dayOrdinal {
		slot.Grain, slot.Hour = sources.Day, 0
	}
	return slot
}
func (k slotKey) day() dayKey { return packDay(k.slot().Date, k.entity()) }

func (k dayKey) entity() EntityID { return EntityID(k & maxEntity) }
func (k dayKey) date() kpi.Date   { return kpi.Date(k >> entityBits) }

// slotRange and dayRange return the first and last possible key in days.
func slotRange(days kpi.DateRange) (first, last slotKey) {
	days = clampDays(days)
	return packSlot(sources.Slot{Date: days.From, Grain: sources.Hour}, 0), packSlot(sources.Slot{Date: days.To + 1, Grain: sources.Hour}, 0) - 1
}

func dayRange(days kpi.DateRange) (first, last dayKey) {
	days = clampDays(days)
	return packDay(days.From, 0), packDay(days.To+1, 0) - 1
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

// instant is nanoseconds since 1970 UTC; 0 is the zero time.
type instant int64

var firstInstant, lastInstant = time.Unix(0, 1), time.Unix(0, math.MaxInt64)

// instantOf clamps to what 64 bits hold (1970 to 2262), so that a question
// about the far past or future has its natural answer.
func instantOf(t time.Time) instant {
	switch {
	case t.Before(firstInstant):
		return 0
	case t.After(lastInstant):
		return math.MaxInt64
	}
	return instant(t.UnixNano())
}

// storable reports a moment that instantOf would have to bend.
func storable(t time.Time) error {
	if t.Before(firstInstant) || t.After(lastInstant) {
		return fmt.Errorf("instant %s is out of range", t.Format(time.RFC3339))
	}
	return nil
}

func (i instant) time() time.Time {
	if i == 0 {
		return time.Time{}
	}
	return time.Unix(0, int64(i)).UTC()
}
