package store

import (
	"cmp"
	"fmt"
	"slices"

	"adtop/kpi"
)

// delta is what a commit adds to one sum.
type delta struct {
	metrics  kpi.Metrics // Has are the fields that the new versions know
	vanished bool        // a part lost a field: only adding up anew tells the sum
}

func (d *delta) add(old, now kpi.Metrics) (err error) {
	d.vanished = d.vanished || old.Has&^now.Has != 0
	d.metrics, err = d.metrics.Add(minus(now, old))
	return err
}

// minus subtracts; its Has are those of a. Values are below maxMetric, so that
// nothing overflows.
func minus(a, b kpi.Metrics) kpi.Metrics {
	a.Impressions -= b.Impressions
	a.Clicks -= b.Clicks
	a.Cost -= b.Cost
	a.Conversions -= b.Conversions
	a.Revenue -= b.Revenue
	a.ViewThrough -= b.ViewThrough
	return a
}

// rollUp adds what the commit changed to the sums of its days and parts. Dates
// where a difference does not tell the sum are left to sumAnew.
func (c *commit) rollUp() error {
	for _, t := range []*table{hourTable, dayTable} {
		for _, turn := range c.turned[t] {
			if stale, err := c.w.isUnsummed(historyKey{c.feed.id, turn.key.date()}); err != nil {
				return err
			} else if stale {
				c.resum[turn.key.date()] = true
			}
		}
	}
	days := map[slotKey]*delta{}
	for _, turn := range c.turned[hourTable] {
		if err := accumulate(days, turn.key.day(), turn.old.value.Metrics, turn.new.Metrics); err != nil {
			return err
		}
	}
	if err := c.addUp(dayTable, days); err != nil {
		return err
	}
	parts := map[slotKey]*delta{}
	for _, t := range []*table{hourTable, dayTable} {
		for _, turn := range c.turned[t] {
			part := c.feed.byID[turn.key.id()].part
			if part == 0 {
				continue
			}
			if err := accumulate(parts, turn.key&^maxID|slotKey(part), turn.old.value.Metrics, turn.new.Metrics); err != nil {
				return err
			}
		}
	}
	return c.addUp(partTable, parts)
}

func accumulate(deltas map[slotKey]*delta, k slotKey, old, now kpi.Metrics) error {
	d := deltas[k]
	if d == nil {
		d = &delta{}
		deltas[k] = d
	}
	return d.add(old, now)
}

// addUp applies deltas to the sums in a table, and notes what is new. The day
// of an entity that its source reports whole is no sum and stays.
func (c *commit) addUp(t *table, deltas map[slotKey]*delta) error {
	keys := make([]slotKey, 0, len(deltas))
	for k := range deltas {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b slotKey) int { return cmp.Compare(a, b) })
	for i := 0; i < len(keys); {
		j := i + 1
		for j < len(keys) && keys[j]>>idBits == keys[i]>>idBits {
			j++
		}
		stored, err := c.w.span(t, keys[i], c.feed, c.at)
		if err != nil {
			return err
		}
		var turned []turn
		for _, k := range keys[i:j] {
			old, d := stored.find(k), deltas[k]
			switch {
			case c.resum[k.date()]:
				continue
			case d.vanished:
				c.resum[k.date()] = true
				continue
			case old.value.whole:
				continue
			}
			sum, err := old.value.Metrics.Add(d.metrics)
			if err != nil {
				return fmt.Errorf("total of %s: %w", k.date(), err)
			}
			if old.at == 0 || sum != old.value.Metrics {
				turned = append(turned, turn{k, old.stamped, figure{Metrics: sum}})
			}
		}
		c.w.turnTo(stored, turned, c.at)
		c.turned[t] = append(c.turned[t], turned...)
		i = j
	}
	return nil
}
