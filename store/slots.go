package store

import (
	"database/sql"
	"slices"

	"adtop/kpi"
	"adtop/sources"
)

// turn is a slot that got a new latest version.
type turn struct {
	key      slotKey
	old, new kpi.Metrics // old is the zero Metrics for a first version
}

// version is one version of a slot as it is stored.
type version struct {
	key slotKey
	stamped[kpi.Metrics]
}

// span is a slot of one batch: the stored versions from first to last are read
// at once and compared with rows.
type span struct {
	first, last slotKey
	rows        []slotValue
}

// mergeRows compares the rows, and the zeros that their absence shows, with
// what is stored, and writes what is new.
func (c *commit) mergeRows() error {
	family := c.family()
	var superseded []version
	var stored []version
	for _, span := range c.spans(family) {
		var err error
		if stored, err = c.w.stored(stored[:0], span.first, span.last); err != nil {
			return err
		}
		rows := span.rows
		for _, old := range stored {
			for len(rows) > 0 && rows[0].key < old.key {
				c.begin(rows[0])
				rows = rows[1:]
			}
			now := slotValue{old.key, kpi.Metrics{Has: c.batch.Gives}}
			if len(rows) > 0 && rows[0].key == old.key {
				now, rows = rows[0], rows[1:]
			} else if !family[old.key.entity()] || (old.at <= c.at && isZero(old.value, c.batch.Gives)) {
				continue
			}
			if c.carryOn(old, now) {
				superseded = append(superseded, old)
			}
		}
		for _, row := range rows {
			c.begin(row)
		}
	}
	return c.store(superseded)
}

// begin notes the first version of a slot.
func (c *commit) begin(row slotValue) {
	if c.feed.newest > c.at {
		c.stale = append(c.stale, row)
		return
	}
	c.turned = append(c.turned, turn{key: row.key, new: row.metrics})
}

// carryOn notes what is now said of a slot; it says whether that supersedes
// the old version. A commit into the past is left to amendRows.
func (c *commit) carryOn(old version, now slotValue) bool {
	switch {
	case old.value == now.metrics && old.at <= c.at:
		return false
	case old.at >= c.at || c.feed.newest > c.at:
		c.stale = append(c.stale, now)
		return false
	}
	c.turned = append(c.turned, turn{now.key, old.value, now.metrics})
	return true
}

func isZero(m kpi.Metrics, gives kpi.Fields) bool {
	return m.Knows(gives) && m == kpi.Metrics{Has: m.Has}
}

// family returns the entities whose absence means zero.
func (c *commit) family() map[EntityID]bool {
	if !c.batch.OmitsZeros {
		return nil
	}
	family := map[EntityID]bool{}
	for id, k := range c.feed.entities {
		if id.level == c.batch.Query.Level && id.dimension == c.dimension {
			family[k.id] = true
		}
	}
	return family
}

// spans returns the slots to be read, in order: those of the rows and, where
// absence means zero, all that were asked for.
func (c *commit) spans(family map[EntityID]bool) []span {
	var spans []span
	for i := 0; i < len(c.rows); {
		j := i + 1
		for j < len(c.rows) && c.rows[j].key>>entityBits == c.rows[i].key>>entityBits {
			j++
		}
		spans = append(spans, span{c.rows[i].key, c.rows[j-1].key, c.rows[i:j]})
		i = j
	}
	if len(family) == 0 {
		return spans
	}
	low, high := EntityID(maxEntity), EntityID(0)
	for id := range family {
		low, high = min(low, id), max(high, id)
	}
	asked := slotsOf(clampDays(c.batch.Query.Days), c.batch.Query.Grain)
	all := make([]span, 0, len(spans)+len(asked))
	for _, slot := range asked {
		wide := span{first: packSlot(slot, low), last: packSlot(slot, high)}
		for len(spans) > 0 && spans[0].first>>entityBits < wide.first>>entityBits {
			all, spans = append(all, spans[0]), spans[1:]
		}
		if len(spans) > 0 && spans[0].first>>entityBits == wide.first>>entityBits {
			wide = span{min(wide.first, spans[0].first), max(wide.last, spans[0].last), spans[0].rows}
			spans = spans[1:]
		}
		all = append(all, wide)
	}
	return append(all, spans...)
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

// stored appends the newest versions of the slots from first to last.
func (w *writer) stored(versions []version, first, last slotKey) ([]version, error) {
	row := newFigures(2)
	err := w.each("SELECT k, at, "+metricColumns+" FROM latest WHERE k BETWEEN ? AND ? ORDER BY k", []any{int64(first), int64(last)}, func(rows *sql.Rows) error {
		if err := row.scan(rows); err != nil {
			return err
		}
		versions = append(versions, row.version())
		return nil
	})
	return versions, err
}

// store moves the superseded versions to the history and writes the new ones.
func (c *commit) store(superseded []version) error {
	err := c.w.bulk(c.ctx, "INSERT INTO obs", 8, len(superseded), func(args []any, i int) []any {
		return metricArgs(append(args, int64(superseded[i].key), int64(superseded[i].at)), superseded[i].value)
	})
	if err != nil {
		return err
	}
	err = c.w.bulk(c.ctx, "INSERT OR REPLACE INTO latest", 8, len(c.turned), func(args []any, i int) []any {
		return metricArgs(append(args, int64(c.turned[i].key), int64(c.at)), c.turned[i].new)
	})
	if err != nil {
		return err
	}
	c.change.Versions = slices.Grow(c.change.Versions, len(c.turned))
	for _, t := range c.turned {
		c.tell(t.key, stamped[kpi.Metrics]{c.at, t.new})
	}
	return nil
}

func (c *commit) tell(k slotKey, s stamped[kpi.Metrics]) {
	c.change.Versions = append(c.change.Versions, Version{s.at.time(), k.entity(), k.slot(), s.value})
}
