package csv

import (
	"cmp"
	"slices"

	"adtop/kpi"
	"adtop/sources"
)

// figure identifies what one sum is about, at the finest grain of a file.
type figure struct {
	level sources.Level
	id    string
	slot  sources.Slot
}

// ledger holds the sums of a file or of several.
type ledger struct {
	sums   map[figure]kpi.Metrics
	labels map[string]label // by entity id
	newest sources.Slot     // of the file, asked for or not; its Grain is 0 without any row
}

// label is how the newest slot of an entity calls it.
type label struct {
	entity sources.Entity
	slot   sources.Slot
}

func newLedger() *ledger {
	return &ledger{sums: map[figure]kpi.Metrics{}, labels: map[string]label{}}
}

// add sums into the figure of an entity and slot. What is missing in one line
// and there in another counts as the latter; missing in all stays missing.
func (b *ledger) add(e sources.Entity, slot sources.Slot, m kpi.Metrics) error {
	key := figure{e.Level, e.ID, slot}
	sum, err := b.sums[key].Add(m)
	if err != nil {
		return err
	}
	b.sums[key] = sum
	b.name(label{e, slot})
	return nil
}

// sees notes that the file has a row for a slot.
func (b *ledger) sees(slot sources.Slot) {
	if b.newest.Grain == 0 || compareSlots(slot, b.newest) > 0 {
		b.newest = slot
	}
}

func (b *ledger) name(l label) {
	if known, ok := b.labels[l.entity.ID]; !ok || compareSlots(l.slot, known.slot) >= 0 {
		b.labels[l.entity.ID] = l
	}
}

// supersede takes over what a file that was written later says.
func (b *ledger) supersede(later *ledger) {
	for key, sum := range later.sums {
		b.sums[key] = sum
	}
	for _, l := range later.labels {
		b.name(l)
	}
}

// rows renders the ledger at the level and grain of q, ordered by slot and
// entity. Figures of hours and of campaigns are summed where q is coarser.
func (b *ledger) rows(q sources.Query) ([]sources.Row, error) {
	account := sources.Entity{Level: sources.LevelAccount, ID: q.Account.ID, Name: q.Account.Name}
	coarse := newLedger()
	for key, sum := range b.sums {
		e := b.labels[key.id].entity
		if q.Level == sources.LevelAccount {
			e = account
		}
		if q.Grain != sources.Hour {
			key.slot = sources.Slot{Date: key.slot.Date, Grain: sources.Day}
		}
		if err := coarse.add(e, key.slot, sum); err != nil {
			return nil, err
		}
	}
	rows := make([]sources.Row, 0, len(coarse.sums))
	for key, sum := range coarse.sums {
		rows = append(rows, sources.Row{Entity: coarse.labels[key.id].entity, Slot: key.slot, Metrics: sum})
	}
	slices.SortFunc(rows, func(a, b sources.Row) int {
		return cmp.Or(compareSlots(a.Slot, b.Slot), cmp.Compare(a.Entity.ID, b.Entity.ID))
	})
	return rows, nil
}

func compareSlots(a, b sources.Slot) int {
	return cmp.Or(cmp.Compare(a.Date, b.Date), cmp.Compare(a.Hour, b.Hour))
}
