package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"adtop/sources"
)

// MaxMessage is how many bytes a message has at most, and the ids of what it tells of.
const MaxMessage = 256 << 10

// keepDeliveries is for how long it is known what was delivered. What still
// waits then is given up.
const keepDeliveries = 90 * 24 * time.Hour

// told stores what a target was told; without a state, it is forgotten.
func (w *writer) told(t Told) error {
	switch {
	case t.Target == "" || t.Key == "" || len(t.State) > maxDetail:
		return fmt.Errorf("no target, no key, or %d bytes of state are more than %d", len(t.State), maxDetail)
	case t.State == nil:
		return w.exec("DELETE FROM told WHERE target = ? AND key = ?", t.Target, t.Key)
	}
	return w.exec("INSERT OR REPLACE INTO told (target, key, state) VALUES (?, ?, ?)", t.Target, t.Key, t.State)
}

// deliver puts a message into the outbox, unless its target has it already.
func (w *writer) deliver(d Delivery) error {
	if err := storable(d.At); err != nil {
		return err
	}
	if d.Target == "" || d.Event == "" || len(d.Message) == 0 || len(d.Message) > MaxMessage {
		return fmt.Errorf("no target, no event, or %d bytes of message are not 1 to %d", len(d.Message), MaxMessage)
	}
	alerts, err := packIDs(d.Alerts)
	if err != nil {
		return err
	}
	return w.exec(`INSERT OR IGNORE INTO delivery (target, event, key, at, kind, severity, title, alerts, message, state, attempts, next, failed, tried, error)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, ?, 0, 0, '')`, d.Target, d.Event, d.Key, instantOf(d.At), d.Kind, d.Severity, sources.Clean(d.Title), alerts, d.Message, instantOf(d.At))
}

// packIDs encodes the ids of alerts.
func packIDs(ids []string) (string, error) {
	packed, err := json.Marshal(append([]string{}, ids...))
	if err == nil && len(packed) > MaxMessage {
		err = fmt.Errorf("ids of %d bytes are longer than %d", len(packed), MaxMessage)
	}
	return string(packed), err
}

// Told implements Store. They are in the order of targets and keys.
func (s *SQLite) Told(ctx context.Context) ([]Told, error) {
	return list(ctx, s, "read what was told", "SELECT target, key, state FROM told ORDER BY target, key", nil, func(rows *sql.Rows) (t Told, err error) {
		return t, rows.Scan(&t.Target, &t.Key, &t.State)
	})
}

const selectDelivery = "SELECT id, target, event, key, at, kind, severity, title, alerts, message, state, attempts, next, failed, tried, error FROM delivery d "

func scanDelivery(rows *sql.Rows) (d Delivery, err error) {
	var at, next, failed, tried instant
	var alerts string
	err = rows.Scan(&d.ID, &d.Target, &d.Event, &d.Key, &at, &d.Kind, &d.Severity, &d.Title, &alerts, &d.Message, &d.State, &d.Attempts, &next, &failed, &tried, &d.Error)
	d.At, d.Next, d.Failed, d.Tried = at.time(), next.time(), failed.time(), tried.time()
	return d, errors.Join(err, json.Unmarshal([]byte(alerts), &d.Alerts))
}

// Outgoing implements Store.
func (s *SQLite) Outgoing(ctx context.Context, target string, at time.Time) (due *Delivery, next time.Time, err error) {
	const first = "WHERE target = ? AND state = 0 AND NOT EXISTS (SELECT 1 FROM delivery WHERE target = d.target AND key = d.key AND state = 0 AND id < d.id) "
	err = s.read(ctx, "read what waits for "+target, func(r reader) error {
		if err := r.each(selectDelivery+first+"AND next <= ? ORDER BY id LIMIT 1", []any{target, instantOf(at)}, func(rows *sql.Rows) error {
			d, err := scanDelivery(rows)
			due = &d
			return err
		}); err != nil || due != nil {
			return err
		}
		return r.each("SELECT coalesce(min(next), 0) FROM delivery d "+first, []any{target}, func(rows *sql.Rows) error {
			var earliest instant
			err := rows.Scan(&earliest)
			next = earliest.time()
			return err
		})
	})
	return due, next, err
}

// Attempted implements Store.
func (s *SQLite) Attempted(ctx context.Context, a Attempt) error {
	_, err := s.write(ctx, "record an attempt to deliver", func(w *writer) error {
		if err := storable(a.At); err != nil {
			return err
		}
		at, next := instantOf(a.At), instantOf(a.Next)
		if err := w.exec(`UPDATE delivery SET state = ?1, attempts = attempts + 1, tried = ?2, next = ?3, error = ?4,
			failed = iif(?1 = 1 OR failed > 0, failed, ?2), message = iif(?1 = 0, message, NULL) WHERE id = ?5 AND state = 0`,
			a.State, at, next, sources.Clean(a.Error), a.ID); err != nil || a.State != Delivered {
			return err
		}
		return w.exec("UPDATE delivery SET next = ?1 WHERE state = 0 AND next > ?1 AND target = (SELECT target FROM delivery WHERE id = ?2)", at, a.ID)
	})
	return err
}

// Deliveries implements Store.
func (s *SQLite) Deliveries(ctx context.Context, f DeliveryFilter, asOf time.Time) ([]Delivery, error) {
	const query = selectDelivery + `WHERE at <= ?1 AND (?2 = '' OR target = ?2) AND (?3 = '' OR EXISTS (SELECT 1 FROM json_each(alerts) WHERE value = ?3))
		ORDER BY at DESC, id DESC LIMIT ?4`
	return list(ctx, s, "read deliveries", query, []any{instantOf(asOf), f.Target, f.Alert, f.Most}, scanDelivery)
}

// Reach implements Store.
func (s *SQLite) Reach(ctx context.Context, target string, asOf time.Time) (r Reach, err error) {
	var delivered, failing, oldest instant
	err = s.read(ctx, "read how "+target+" is reached", func(tx reader) error {
		if err := tx.each("SELECT coalesce(max(tried), 0) FROM delivery WHERE target = ? AND state = 1 AND tried <= ?", []any{target, instantOf(asOf)}, func(rows *sql.Rows) error {
			return rows.Scan(&delivered)
		}); err != nil {
			return err
		}
		const waiting = `SELECT count(*), coalesce(min(at), 0) FROM (SELECT at FROM delivery WHERE target = ?1 AND state = 0
			UNION ALL SELECT at FROM delivery WHERE target = ?1 AND state IN (1, 2, 3) AND tried > ?2) WHERE at <= ?2`
		if err := tx.each(waiting, []any{target, instantOf(asOf)}, func(rows *sql.Rows) error { return rows.Scan(&r.Waiting, &oldest) }); err != nil {
			return err
		}
		return tx.each(`SELECT min(max(failed, ?2)) OVER (), max(state = 2) OVER (), max(severity = 'critical') OVER (), error
			FROM delivery WHERE target = ?1 AND state IN (0, 2, 3) AND tried > ?2 AND tried <= ?3 ORDER BY tried DESC, id DESC LIMIT 1`, []any{target, delivered, instantOf(asOf)}, func(rows *sql.Rows) error {
			return rows.Scan(&failing, &r.Refused, &r.Critical, &r.Error)
		})
	})
	r.Delivered, r.Failing, r.Oldest = delivered.time(), failing.time(), oldest.time()
	return r, err
}

// dropDeliveries removes what was delivered, or was to be, too long ago.
func (s *SQLite) dropDeliveries(ctx context.Context, now time.Time) (more bool, err error) {
	limit := instantOf(now.Add(-keepDeliveries))
	old := 0
	err = s.read(ctx, "look for old deliveries", func(r reader) error {
		return r.each("SELECT count(*) FROM (SELECT 1 FROM delivery WHERE at < ? LIMIT ?)", []any{limit, chunk}, func(rows *sql.Rows) error { return rows.Scan(&old) })
	})
	if err != nil || old == 0 {
		return false, err
	}
	_, err = s.write(ctx, "remove old deliveries", func(w *writer) error {
		return w.exec("DELETE FROM delivery WHERE id IN (SELECT id FROM delivery WHERE at < ? ORDER BY at LIMIT ?)", limit, chunk)
	})
	return true, err
}
