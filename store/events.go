package store

import (
	"cmp"
	"database/sql"
	"fmt"
	"maps"
	"slices"

	"adtop/kpi"
	"adtop/sources"
)

// eventVersion is what was known of an event from a moment on, with the slot
// that it counts in.
type eventVersion struct {
	key      slotKey
	kind     string
	time     instant
	status   sources.EventStatus
	value    kpi.Micros
	cost     kpi.Micros
	currency kpi.Currency
	refunded kpi.Micros
	tax      kpi.Micros
	shipping kpi.Micros
	ref      string // Key.ID
	clickID  string
	isNew    bool
}

// mergeEvents stores what is new of the events and returns the slots whose
// sums that changes.
func (c *commit) mergeEvents() ([]slotKey, error) {
	touched := map[slotKey]bool{}
	for i, e := range c.events {
		if i%chunks[0] == 0 && c.ctx.Err() != nil {
			return nil, c.ctx.Err()
		}
		if err := c.mergeEvent(e, touched); err != nil {
			return nil, fmt.Errorf("event %s of %s: %w", sources.Clean(e.ID), c.batch.Account.ID, err)
		}
	}
	return slices.Sorted(maps.Keys(touched)), nil
}

// eventFields are what events tell of a slot: what they cost where their source
// says so.
func (b *Batch) eventFields() kpi.Fields { return kpi.Conversions | kpi.Revenue | b.Gives&kpi.Cost }

// shiftedSums are the new sums of slots: the stored ones, shifted by what this
// commit changed. Adding up all events again would make every commit slower than
// the one before. Where nothing is stored they are added up.
func (c *commit) shiftedSums(slots []slotKey) ([]slotValue, error) {
	fields := c.batch.eventFields()
	var sums []slotValue
	var anew []slotKey
	for _, k := range slots {
		stored, err := c.w.span(hourTable, k, c.feed, c.at)
		if err != nil {
			return nil, err
		}
		old := stored.find(k)
		if old.at == 0 || old.value.Has != fields {
			anew = append(anew, k)
			continue
		}
		sum, err := old.value.Add(c.shifts[k])
		if err == nil {
			err = checkMetrics(sum)
		}
		if err != nil {
			return nil, fmt.Errorf("events of %s: %w", k.date(), err)
		}
		sums = append(sums, slotValue{k, figure{Metrics: sum}})
	}
	added, err := c.w.eventSums(anew, fields)
	if err != nil {
		return nil, err
	}
	sums = append(sums, added...)
	slices.SortFunc(sums, func(a, b slotValue) int { return cmp.Compare(a.key, b.key) })
	return sums, nil
}

// shift notes what a version of an event adds to its slot, or takes off it.
func (c *commit) shift(v eventVersion, sign kpi.Micros) error {
	adds := v.adds(c.batch.eventFields())
	sum, err := c.shifts[v.key].Add(kpi.Metrics{Has: adds.Has, Cost: sign * adds.Cost, Conversions: sign * adds.Conversions, Revenue: sign * adds.Revenue})
	c.shifts[v.key] = sum
	return err
}

// adds is what a version of an event adds to its slot.
func (v eventVersion) adds(fields kpi.Fields) kpi.Metrics {
	if !v.status.Counts() {
		return kpi.Metrics{}
	}
	return kpi.Metrics{Has: fields, Cost: v.cost, Conversions: kpi.MicrosPerUnit, Revenue: v.value}.Only(fields)
}

// eventSums adds up the events that count in some hours now.
func (w *writer) eventSums(slots []slotKey, fields kpi.Fields) ([]slotValue, error) {
	var sums []slotValue
	for _, k := range slots {
		sum := kpi.Metrics{Has: fields}
		err := w.each(`SELECT status, value, cost FROM event_version v WHERE k = ? AND at = (SELECT max(at) FROM event_version WHERE event = v.event)`, []any{int64(k)}, func(rows *sql.Rows) error {
			var v eventVersion
			err := rows.Scan(&v.status, &v.value, &v.cost)
			if err == nil {
				sum, err = sum.Add(v.adds(fields))
			}
			return err
		})
		if err == nil {
			err = checkMetrics(sum)
		}
		if err != nil {
			return nil, fmt.Errorf("events of %s: %w", k.date(), err)
		}
		sums = append(sums, slotValue{k, figure{Metrics: sum}})
	}
	return sums, nil
}

// mergeEvent stores one event and notes the slots whose sums it changes.
func (c *commit) mergeEvent(e sources.Event, touched map[slotKey]bool) error {
	if sources.Clean(e.ID) == "" {
		return fmt.Errorf("it has no id")
	}
	id, err := c.event(sources.Clean(e.ID))
	if err != nil {
		return err
	}
	history, err := c.w.eventHistory(id)
	if err != nil {
		return err
	}
	if known := len(history); c.batch.Merge != nil && known > 0 {
		merged, changed := c.batch.Merge(history[known-1].value.public(e.ID), e)
		if !changed {
			return nil
		}
		e = merged
	}
	now, err := c.eventVersion(e)
	if err != nil {
		return err
	}
	confirmed, err := c.nextPollOf(now.key.date())
	if err != nil {
		return err
	}
	gone, put := difference(history, observe(history, c.at, now, confirmed, nil))
	if len(gone)+len(put) == 0 {
		return nil
	}
	if known := len(history); known > 0 {
		err = c.shift(history[known-1].value, -1)
	}
	if err == nil {
		err = c.shift(now, 1)
	}
	if err != nil {
		return err
	}
	for _, s := range history {
		touched[s.value.key] = true
	}
	for _, at := range gone {
		if err := c.w.exec("DELETE FROM event_version WHERE event = ? AND at = ?", id, at); err != nil {
			return err
		}
	}
	for _, s := range put {
		v := s.value
		touched[v.key] = true
		err := c.w.exec("INSERT OR REPLACE INTO event_version VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", id, s.at, int64(v.key), v.kind, v.time, v.status,
			int64(v.value), string(v.currency), int64(v.refunded), int64(v.tax), int64(v.shipping), v.ref, v.clickID, v.isNew, int64(v.cost))
		if err != nil {
			return err
		}
	}
	return nil
}

// eventVersion checks an event and finds the slot that it counts in.
func (c *commit) eventVersion(e sources.Event) (eventVersion, error) {
	account := c.batch.Account
	switch {
	case e.Currency != account.Currency && (e.Currency != "" || e.Value != 0 || e.Cost != 0):
		return eventVersion{}, fmt.Errorf("its currency is %q, the account's is %s", sources.Clean(string(e.Currency)), account.Currency)
	case e.Status < sources.Approved || e.Status > sources.Test:
		return eventVersion{}, fmt.Errorf("status %d is unknown", e.Status)
	}
	if err := storable(e.Time); err != nil {
		return eventVersion{}, err
	}
	if err := checkMetrics(kpi.Metrics{Cost: max(e.Tax, -e.Tax, e.Shipping, -e.Shipping, e.Cost, -e.Cost), Conversions: max(e.Refunded, -e.Refunded), Revenue: e.Value}); err != nil {
		return eventVersion{}, err
	}
	ref := e.Key.Cleaned()
	key := sources.Entity{Level: sources.LevelKey, ID: ref.ID(), Name: ref.Name()}
	if c.batch.PendingApart && e.Status == sources.Pending {
		key.Action = sources.Undecided
	}
	entity, err := c.entity("", key)
	if err != nil {
		return eventVersion{}, err
	}
	date, hour := kpi.HourOf(e.Time, account.Zone)
	slot := sources.Slot{Date: date, Grain: sources.Hour, Hour: hour}
	return eventVersion{
		key: packSlot(slot, entity), kind: sources.Clean(e.Kind), time: instantOf(e.Time), status: e.Status, value: e.Value, cost: e.Cost, currency: e.Currency,
		refunded: e.Refunded, tax: e.Tax, shipping: e.Shipping, ref: ref.ID(), clickID: sources.Clean(e.ClickID), isNew: e.New,
	}, checkSlot(slot)
}

// public is the event that a version is of.
func (v eventVersion) public(id string) sources.Event {
	return sources.Event{
		ID: id, Kind: v.kind, Time: v.time.time(), Status: v.status, Value: v.value, Cost: v.cost, Currency: v.currency, Refunded: v.refunded,
		Tax: v.tax, Shipping: v.shipping, Key: sources.ParseKey(v.ref), ClickID: v.clickID, New: v.isNew,
	}
}

// event returns the id of an event, making it when it is new.
func (c *commit) event(platformID string) (id int64, err error) {
	found, err := c.w.one("SELECT id FROM event WHERE feed = ? AND platform_id = ?", []any{c.feed.id, platformID}, &id)
	if err == nil && !found {
		id, err = c.w.insert("INSERT INTO event (feed, platform_id) VALUES (?, ?)", c.feed.id, platformID)
	}
	return id, err
}

func (w *writer) eventHistory(event int64) ([]stamped[eventVersion], error) {
	var history []stamped[eventVersion]
	err := w.each("SELECT at, "+eventColumns+" FROM event_version WHERE event = ? ORDER BY at", []any{event}, func(rows *sql.Rows) error {
		var s stamped[eventVersion]
		err := rows.Scan(append([]any{&s.at}, s.value.columns()...)...)
		history = append(history, s)
		return err
	})
	return history, err
}

const eventColumns = "k, kind, time, status, value, currency, refunded, tax, shipping, key, click_id, is_new, cost"

// columns are where eventColumns go.
func (v *eventVersion) columns() []any {
	return []any{&v.key, &v.kind, &v.time, &v.status, &v.value, &v.currency, &v.refunded, &v.tax, &v.shipping, &v.ref, &v.clickID, &v.isNew, &v.cost}
}

// eventSeries sums the events of an hour slot at every moment at which one of
// them changed, since the slot was first known.
func (w *writer) eventSeries(k slotKey, fields kpi.Fields) ([]stamped[kpi.Metrics], error) {
	var series []stamped[kpi.Metrics]
	counted := map[int64]kpi.Metrics{} // what each event adds at present
	sum, known := kpi.Metrics{Has: fields}, false
	err := w.each(`SELECT event, at, k, status, value, cost FROM event_version
		WHERE event IN (SELECT event FROM event_version WHERE k = ?) ORDER BY at, event`, []any{int64(k)}, func(rows *sql.Rows) error {
		var event int64
		var at instant
		var v eventVersion
		if err := rows.Scan(&event, &at, &v.key, &v.status, &v.value, &v.cost); err != nil {
			return err
		}
		now := kpi.Metrics{}
		if v.key == k {
			now = v.adds(fields)
		}
		old := counted[event]
		counted[event] = now
		var err error
		if sum, err = sum.Add(minus(now, old)); err != nil {
			return err
		}
		if known = known || v.key == k; !known {
			return nil
		}
		if n := len(series); n > 0 && series[n-1].at == at {
			series[n-1].value = sum
		} else {
			series = append(series, stamped[kpi.Metrics]{at, sum})
		}
		return nil
	})
	return series, err
}
