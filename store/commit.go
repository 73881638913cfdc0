package store

import (
	"cmp"
	"context"
	"database/sql/driver"
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
	next      *instant             // what nextPoll found
	described map[EntityID]description
	gone      int // rows about hours that retention has removed

	rows     []slotValue
	events   []sources.Event
	messages []sources.Message
	shifts   map[slotKey]kpi.Metrics // by how much events change the sums of slots, where nothing newer is known
	turned   map[*table][]turn       // new versions
	resum    map[kpi.Date]bool       // dates whose sums a difference does not tell
}

// slotValue is a slot and what was reported of it.
type slotValue struct {
	key   slotKey
	value figure
}

// turn is a slot that got a new version.
type turn struct {
	key slotKey
	old stamped[figure] // at is 0 for a first version
	new figure
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
		polls: map[kpi.Date]instant{}, described: map[EntityID]description{}, shifts: map[slotKey]kpi.Metrics{}, turned: map[*table][]turn{}, resum: map[kpi.Date]bool{},
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
	if c.batch.Query.Shares {
		if err := c.shares(); err != nil {
			return err
		}
		return c.receipt()
	}
	if err := c.sort(); err != nil {
		return err
	}
	if err := c.keepMessages(); err != nil {
		return err
	}
	touched, err := c.mergeEvents()
	if err != nil {
		return err
	}
	if c.at < c.feed.newest || c.at == c.feed.newest && !beside(c.batch.Query) {
		err = c.amend(touched)
	} else {
		err = c.carryOn(touched)
	}
	if err != nil {
		return err
	}
	return c.receipt()
}

// carryOn adds what is newer than everything that is known of the feed.
func (c *commit) carryOn(events []slotKey) error {
	if err := c.mergeRows(c.rows, c.family()); err != nil {
		return err
	}
	sums, err := c.shiftedSums(events)
	if err != nil {
		return err
	}
	if err := c.mergeRows(sums, nil); err != nil {
		return err
	}
	if err := c.rollUp(); err != nil {
		return err
	}
	if err := c.store(); err != nil {
		return err
	}
	for _, t := range []*table{hourTable, dayTable} {
		for _, turn := range c.turned[t] {
			delete(c.w.histories, historyKey{c.feed.id, turn.key.date()})
		}
	}
	for date := range c.resum {
		if err := c.sumAnew(date); err != nil {
			return err
		}
	}
	return nil
}

// sort tells rows from events and brings the rows into the order of their
// keys. Of two rows about one slot the later one counts.
func (c *commit) sort() error {
	res, err := c.w.resolution()
	if err != nil {
		return err
	}
	c.rows = make([]slotValue, 0, len(c.batch.Records))
	for _, record := range c.batch.Records {
		switch r := record.(type) {
		case sources.Event:
			c.events = append(c.events, r)
		case sources.Message:
			c.messages = append(c.messages, r)
		case sources.Row:
			if r.Slot.Grain == sources.Hour && r.Slot.Date >= 0 && r.Slot.Date < res.hoursFrom() {
				c.gone++
				continue
			}
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
		c.rows = append(c.rows, slotValue{packSlot(r.Slot, entity), figure{r.Metrics.Only(kpi.AllFields), r.Slot.Grain == sources.Day}})
	}
	return err
}

func checkMetrics(m kpi.Metrics) error {
	for _, value := range [...]int64{m.Impressions, m.Clicks, int64(m.Cost), int64(m.Conversions), int64(m.Revenue), int64(m.ViewThrough)} {
		if value > maxMetric || value < -maxMetric {
			return kpi.ErrOverflow
		}
	}
	return nil
}

// store moves the superseded versions to the history and writes the new ones.
func (c *commit) store() error {
	var rows []version
	var gone []past
	for _, t := range []*table{hourTable, dayTable, partTable} {
		rows, gone = rows[:0], gone[:0]
		for _, turn := range c.turned[t] {
			rows = append(rows, version{turn.key, stamped[figure]{c.at, turn.new}})
			if turn.old.at != 0 && turn.old.at < c.at {
				gone = append(gone, past{version{turn.key, turn.old}, c.at})
			}
		}
		if err := c.w.putPast(c.ctx, t, gone); err != nil {
			return err
		}
		if err := c.w.putNewest(c.ctx, t, rows); err != nil {
			return err
		}
		c.tell(t, rows)
	}
	return nil
}

// tell notes what is new for Change.
func (c *commit) tell(t *table, rows []version) {
	for _, v := range rows {
		switch {
		case t == partTable:
			c.change.Parts = append(c.change.Parts, c.feed.partVersion(v))
		case t == hourTable || v.value.whole:
			c.change.Versions = append(c.change.Versions, v.public())
		}
	}
}

func (w *writer) putNewest(ctx context.Context, t *table, rows []version) error {
	columns := versionColumns - 1
	if t == dayTable {
		columns = versionColumns
	}
	return w.bulk(ctx, "INSERT OR REPLACE INTO "+t.name, "", columns, len(rows), func(args []driver.Value, i int) []driver.Value {
		return t.row(args, rows[i])
	})
}

func (w *writer) putPast(ctx context.Context, t *table, gone []past) error {
	columns := versionColumns
	switch t {
	case hourTable:
		columns = versionColumns + 1
	case partTable:
		columns = versionColumns - 1
	}
	return w.bulk(ctx, "INSERT OR REPLACE INTO "+t.name+"_past", "", columns, len(gone), func(args []driver.Value, i int) []driver.Value {
		return t.pastRow(args, gone[i])
	})
}
