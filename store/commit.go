package store

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"adtop/kpi"
	"adtop/sources"
)

// Limits of what one batch may bring.
const (
	maxState    = 64 << 10
	maxWarnings = 100
	// maxMetric leaves room to subtract and add any two values.
	maxMetric = 1 << 61
)

// commit is one batch on its way into the database.
type commit struct {
	ctx       context.Context
	w         *writer
	batch     Batch
	at        instant
	feed      *feed
	dimension string // Query.Breakdown, cleaned
	change    Change
	polls     map[kpi.Date]instant // what nextPollOf found

	rows    []slotValue
	events  []sources.Event
	stale   []slotValue // slots whose history is rewritten rather than continued
	turned  []turn      // slots with a new latest version, in order of the key
	rebuild map[dayKey]bool
}

// slotValue is a slot and what was reported of it.
type slotValue struct {
	key     slotKey
	metrics kpi.Metrics
}

// Commit implements Store.
func (s *SQLite) Commit(ctx context.Context, b Batch) (Change, error) {
	tried := fmt.Sprintf("store %s %s %s", b.Source, b.Account.ID, b.Query.Days)
	if err := b.check(); err != nil {
		return Change{}, explain(s.path, tried, err)
	}
	b.Gives &= kpi.AllFields
	c := &commit{
		ctx: ctx, batch: b, at: instantOf(b.ObservedAt), dimension: sources.Clean(b.Query.Breakdown),
		polls: map[kpi.Date]instant{}, rebuild: map[dayKey]bool{},
	}
	seq, err := s.write(ctx, tried, func(w *writer) error {
		c.w = w
		return c.run()
	})
	if err != nil {
		return Change{}, err
	}
	c.change.Seq = seq
	return c.change, nil
}

func (b Batch) check() error {
	if err := checkAccount(b.Account); err != nil {
		return err
	}
	if err := storable(b.ObservedAt); err != nil {
		return err
	}
	switch used := b.Receipt.Quota.Used; {
	case b.Source == "" || b.Source != sources.Clean(b.Source) || b.Account.ID != sources.Clean(b.Account.ID):
		return fmt.Errorf("source %q or account %q is no proper name", b.Source, b.Account.ID)
	case b.OmitsZeros && b.Gives&kpi.AllFields == 0:
		return fmt.Errorf("it omits zeros, and Gives does not say of which fields")
	case len(b.Receipt.State) > maxState:
		return fmt.Errorf("state of %d bytes is longer than %d", len(b.Receipt.State), maxState)
	case math.IsNaN(used) || math.IsInf(used, 0):
		return fmt.Errorf("quota in use is not a number")
	}
	return nil
}

func (c *commit) run() (err error) {
	if c.feed, err = c.w.feed(c.batch.Source, c.batch.Account.ID); err != nil {
		return err
	}
	if err := c.account(); err != nil {
		return err
	}
	if err := c.sort(); err != nil {
		return err
	}
	if err := c.mergeRows(); err != nil {
		return err
	}
	if err := c.amendRows(); err != nil {
		return err
	}
	if err := c.mergeEvents(); err != nil {
		return err
	}
	if err := c.rollUp(); err != nil {
		return err
	}
	return c.receipt()
}

// sort tells rows from events and brings the rows into the order of their
// keys. Of two rows about one slot the later one counts.
func (c *commit) sort() error {
	c.rows = make([]slotValue, 0, len(c.batch.Records))
	for _, record := range c.batch.Records {
		switch r := record.(type) {
		case sources.Event:
			c.events = append(c.events, r)
		case sources.Row:
			if err := c.addRow(r); err != nil {
				return fmt.Errorf("%q (%s) on %s: %w", sources.Clean(r.Entity.ID), sources.Clean(r.Entity.Name), r.Slot.Date, err)
			}
		default:
			return fmt.Errorf("record of unknown type %T", record)
		}
	}
	byKey := func(a, b slotValue) int { return cmp.Compare(a.key, b.key) }
	if !slices.IsSortedFunc(c.rows, byKey) {
		slices.SortStableFunc(c.rows, byKey)
	}
	kept := c.rows[:0]
	for i, row := range c.rows {
		if i+1 == len(c.rows) || c.rows[i+1].key != row.key {
			kept = append(kept, row)
		}
	}
	c.rows = kept
	return nil
}

func (c *commit) addRow(r sources.Row) error {
	if err := checkSlot(r.Slot); err != nil {
		return err
	}
	if err := checkMetrics(r.Metrics); err != nil {
		return err
	}
	entity, err := c.entity(c.dimension, r.Entity)
	if err == nil {
		c.rows = append(c.rows, slotValue{packSlot(r.Slot, entity), r.Metrics.Only(kpi.AllFields)})
	}
	return err
}

func checkMetrics(m kpi.Metrics) error {
	for _, value := range [...]int64{m.Impressions, m.Clicks, int64(m.Cost), int64(m.Conversions), int64(m.Revenue)} {
		if value > maxMetric || value < -maxMetric {
			return kpi.ErrOverflow
		}
	}
	return nil
}
