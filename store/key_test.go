package store

import (
	"testing"

	"adtop/kpi"
	"adtop/sources"
)

func TestKeysAreInTheOrderOfTimeThenEntity(t *testing.T) {
	var last slotKey = -1
	for _, date := range []kpi.Date{0, 1, 20_000, maxDate} {
		slots := append(slotsOf(kpi.DateRange{From: date, To: date}, sources.Hour), sources.Slot{Date: date, Grain: sources.Day})
		for _, slot := range slots {
			for _, entity := range []EntityID{1, 2, maxID} {
				k := packSlot(slot, entity)
				if k.slot() != slot || k.id() != entity || k.day() != packKey(date, dayOrdinal, entity) || k.date() != date {
					t.Errorf("%+v of %d became %+v of %d", slot, entity, k.slot(), k.id())
				}
				if first, end := slotRange(kpi.DateRange{From: date, To: date}); k <= last || k < first || k > end {
					t.Errorf("%+v of %d is out of order or range", slot, entity)
				}
				last = k
			}
		}
	}
}
