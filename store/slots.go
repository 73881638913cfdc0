package store

import (
	"adtop/kpi"
	"adtop/sources"
)

// group is the rows of a batch that are about one slot.
type group struct {
	first slotKey // the slot, with any id
	rows  []slotValue
}

// mergeRows compares rows, and the zeros that their absence shows, with what
// is stored, and notes what is new.
func (c *commit) mergeRows(rows []slotValue, family map[EntityID]bool) error {
	for _, g := range c.groups(rows, family) {
		t := tableOf(g.first)
		stored, err := c.w.span(t, g.first, c.feed, c.at)
		if err != nil {
			return err
		}
		turned := c.merge(stored.rows, g.rows, family)
		c.w.turnTo(stored, turned, c.at)
		c.turned[t] = append(c.turned[t], turned...)
	}
	return nil
}

// merge walks along what is stored and what was reported of one slot.
func (c *commit) merge(stored []version, rows []slotValue, family map[EntityID]bool) (turned []turn) {
	for _, old := range stored {
		for len(rows) > 0 && rows[0].key < old.key {
			turned = append(turned, turn{key: rows[0].key, new: rows[0].value})
			rows = rows[1:]
		}
		now := figure{kpi.Metrics{Has: c.batch.Gives}, old.value.whole}
		if len(rows) > 0 && rows[0].key == old.key {
			now, rows = rows[0].value, rows[1:]
		} else if !family[old.key.id()] || isSum(old) || isZero(old.value.Metrics, c.batch.Gives) {
			continue
		}
		if now != old.value {
			turned = append(turned, turn{old.key, old.stamped, now})
		}
	}
	for _, row := range rows {
		turned = append(turned, turn{key: row.key, new: row.value})
	}
	return turned
}

// isSum says whether a version is the sum of a day's hours, which no source
// reported.
func isSum(v version) bool { return v.key.ordinal() == dayOrdinal && !v.value.whole }

func isZero(m kpi.Metrics, gives kpi.Fields) bool {
	return m.Knows(gives) && m == kpi.Metrics{Has: m.Has}
}

// family returns the entities whose absence means zero.
func (c *commit) family() map[EntityID]bool {
	if !c.batch.OmitsZeros {
		return nil
	}
	family := map[EntityID]bool{}
	parent := sources.Clean(c.batch.Query.Parent)
	for id, k := range c.feed.entities {
		if id.level == c.batch.Query.Level && id.dimension == c.dimension && (parent == "" || k.current.value.parent == parent) {
			family[k.id] = true
		}
	}
	return family
}

// groups returns the slots to be compared, in order: those of the rows and,
// where absence means zero, all that were asked for.
func (c *commit) groups(rows []slotValue, family map[EntityID]bool) []group {
	var groups []group
	for i := 0; i < len(rows); {
		j := i + 1
		for j < len(rows) && rows[j].key>>idBits == rows[i].key>>idBits {
			j++
		}
		groups = append(groups, group{rows[i].key, rows[i:j]})
		i = j
	}
	if len(family) == 0 {
		return groups
	}
	asked := slotsOf(clampDays(c.batch.Query.Days), c.batch.Query.Grain)
	all := make([]group, 0, len(groups)+len(asked))
	for _, slot := range asked {
		first := packSlot(slot, 0)
		for len(groups) > 0 && groups[0].first>>idBits < first>>idBits {
			all, groups = append(all, groups[0]), groups[1:]
		}
		if len(groups) > 0 && groups[0].first>>idBits == first>>idBits {
			all, groups = append(all, groups[0]), groups[1:]
		} else {
			all = append(all, group{first: first})
		}
	}
	return append(all, groups...)
}

// slotsOf lists the slots that days can have at a grain.
func slotsOf(days kpi.DateRange, grain sources.Grain) []sources.Slot {
	var slots []sources.Slot
	for d := days.From; d <= days.To; d++ {
		if grain == sources.Day {
			slots = append(slots, sources.Slot{Date: d, Grain: grain})
			continue
		}
		for hour := range 25 {
			slots = append(slots, sources.Slot{Date: d, Grain: sources.Hour, Hour: hour})
		}
	}
	return slots
}
