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

// Limits of what is decided and wished for, in bytes.
const (
	maxDetail = 256 << 10
	maxArgs   = 16 << 10
	maxValue  = 64 << 10 // of a setting
)

// Decide implements Store. Each evaluation and alert counts from its own At;
// of two about one subject and moment the later call wins.
func (s *SQLite) Decide(ctx context.Context, d Decision) error {
	_, err := s.write(ctx, "store decisions", func(w *writer) error {
		for _, e := range d.Evaluations {
			if err := w.evaluation(e); err != nil {
				return fmt.Errorf("evaluation of %s: %w", sources.Clean(e.Channel), err)
			}
		}
		for _, a := range d.Alerts {
			if err := w.alert(a); err != nil {
				return fmt.Errorf("alert %s: %w", sources.Clean(a.ID), err)
			}
		}
		for _, silence := range d.Silences {
			if err := w.silence(silence); err != nil {
				return fmt.Errorf("silence %s: %w", sources.Clean(silence.ID), err)
			}
		}
		for _, n := range d.Notes {
			if err := w.note(n); err != nil {
				return fmt.Errorf("note %s: %w", sources.Clean(n.ID), err)
			}
		}
		for _, t := range d.Told {
			if err := w.told(t); err != nil {
				return fmt.Errorf("what was told to %s of %s: %w", sources.Clean(t.Target), sources.Clean(t.Key), err)
			}
		}
		for _, delivery := range d.Deliveries {
			if err := w.deliver(delivery); err != nil {
				return fmt.Errorf("message to %s: %w", sources.Clean(delivery.Target), err)
			}
		}
		for _, id := range d.Applied {
			if err := w.exec("DELETE FROM inbox WHERE id = ?", id); err != nil {
				return err
			}
		}
		return nil
	})
	return err
}

func (w *writer) evaluation(e Evaluation) error {
	if err := storable(e.At); err != nil {
		return err
	}
	p := e.P
	if !e.Known {
		p = 0
	}
	switch {
	case !(p >= 0 && p <= 1):
		return fmt.Errorf("probability %v is not from 0 to 1", p)
	case e.Channel == "" || len(e.Detail) > maxDetail:
		return fmt.Errorf("no channel, or %d bytes of detail are more than %d", len(e.Detail), maxDetail)
	}
	channel, err := w.named("channel", e.Channel)
	if err != nil {
		return err
	}
	return w.exec("INSERT OR REPLACE INTO evaluation (channel, at, p, known, verdict, reason, model, config, detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
		channel, instantOf(e.At), p, e.Known, e.Verdict, e.Reason, e.Model, e.Config, e.Detail)
}

func (w *writer) alert(a Alert) error {
	if err := storable(a.At); err != nil {
		return err
	}
	if a.ID == "" || len(a.Detail) > maxDetail {
		return fmt.Errorf("no id, or %d bytes of detail are more than %d", len(a.Detail), maxDetail)
	}
	alert, err := w.named("alert", a.ID)
	if err != nil {
		return err
	}
	return w.exec(`INSERT OR REPLACE INTO alert_version (alert, at, rule, subject, severity, state, since, fired_at, ended_at, acked_by, ack_note, acked_at, summary, detail)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, alert, instantOf(a.At), a.Rule, a.Subject, a.Severity, a.State,
		instantOf(a.Since), instantOf(a.FiredAt), instantOf(a.EndedAt), sources.Clean(a.AckedBy), sources.Clean(a.AckNote), instantOf(a.AckedAt), a.Summary, a.Detail)
}

func (w *writer) silence(s Silence) error {
	matchers, err := packArgs(s.Matchers)
	switch {
	case err != nil:
		return err
	case s.ID == "":
		return fmt.Errorf("it has no id")
	}
	if err := errors.Join(storable(s.At), storable(s.Starts), storable(s.Ends)); err != nil {
		return err
	}
	return w.exec("INSERT OR REPLACE INTO silence (id, at, matchers, starts, ends, by, note) VALUES (?, ?, ?, ?, ?, ?, ?)", sources.Clean(s.ID), instantOf(s.At),
		matchers, instantOf(s.Starts), instantOf(s.Ends), sources.Clean(s.By), sources.Clean(s.Note))
}

// packArgs encodes a small table of words.
func packArgs(args map[string]string) (string, error) {
	clean := make(map[string]string, len(args))
	for name, value := range args {
		clean[sources.Clean(name)] = sources.Clean(value)
	}
	packed, err := json.Marshal(clean)
	if err == nil && len(packed) > maxArgs {
		err = fmt.Errorf("arguments of %d bytes are longer than %d", len(packed), maxArgs)
	}
	return string(packed), err
}

// named returns the number of a channel or an alert.
func (w *writer) named(table, name string) (id int64, err error) {
	found, err := w.one("SELECT id FROM "+table+" WHERE name = ?", []any{name}, &id)
	if err == nil && !found {
		id, err = w.insert("INSERT INTO "+table+" (name) VALUES (?)", name)
	}
	return id, err
}

// Evaluations implements Store. They are in the order of the channels' names.
func (s *SQLite) Evaluations(ctx context.Context, asOf time.Time) ([]Evaluation, error) {
	var evaluations []Evaluation
	err := s.read(ctx, "read evaluations", func(r reader) error {
		return r.each(`SELECT name, at, p, known, verdict, reason, model, config, detail FROM channel JOIN evaluation e ON e.channel = channel.id
			WHERE at = (SELECT max(at) FROM evaluation WHERE channel = channel.id AND at <= ?) ORDER BY name`, []any{instantOf(asOf)}, func(rows *sql.Rows) error {
			var e Evaluation
			var at instant
			err := rows.Scan(&e.Channel, &at, &e.P, &e.Known, &e.Verdict, &e.Reason, &e.Model, &e.Config, &e.Detail)
			e.At = at.time()
			evaluations = append(evaluations, e)
			return err
		})
	})
	return evaluations, err
}

const selectAlert = `SELECT name, at, rule, subject, severity, state, since, fired_at, ended_at, acked_by, ack_note, acked_at, summary, detail
	FROM alert JOIN alert_version v ON v.alert = alert.id `

func scanAlert(rows *sql.Rows) (Alert, error) {
	var a Alert
	var at, began, fired, ended, acked instant
	err := rows.Scan(&a.ID, &at, &a.Rule, &a.Subject, &a.Severity, &a.State, &began, &fired, &ended, &a.AckedBy, &a.AckNote, &acked, &a.Summary, &a.Detail)
	a.At, a.Since, a.FiredAt, a.EndedAt, a.AckedAt = at.time(), began.time(), fired.time(), ended.time(), acked.time()
	return a, err
}

// Alerts implements Store. Newest first means by their beginning.
func (s *SQLite) Alerts(ctx context.Context, since, asOf time.Time) ([]Alert, error) {
	return list(ctx, s, "read alerts", selectAlert+`WHERE at = (SELECT max(at) FROM alert_version WHERE alert = alert.id AND at <= ?) AND (ended_at = 0 OR ended_at > ?)
		ORDER BY since DESC, at DESC, name`, []any{instantOf(asOf), instantOf(since)}, scanAlert)
}

// AlertHistory implements Store.
func (s *SQLite) AlertHistory(ctx context.Context, id string, asOf time.Time) ([]Alert, error) {
	return list(ctx, s, "read the history of alert "+id, selectAlert+"WHERE name = ? AND at <= ? ORDER BY at", []any{id, instantOf(asOf)}, scanAlert)
}

// Silences implements Store.
func (s *SQLite) Silences(ctx context.Context, since, asOf time.Time) ([]Silence, error) {
	const query = `SELECT id, at, matchers, starts, ends, by, note FROM silence v
		WHERE at = (SELECT max(at) FROM silence WHERE id = v.id AND at <= ?) AND ends > ? ORDER BY starts, id`
	return list(ctx, s, "read silences", query, []any{instantOf(asOf), instantOf(since)}, func(rows *sql.Rows) (Silence, error) {
		var v Silence
		var at, starts, ends instant
		var matchers string
		if err := rows.Scan(&v.ID, &at, &matchers, &starts, &ends, &v.By, &v.Note); err != nil {
			return v, err
		}
		v.At, v.Starts, v.Ends = at.time(), starts.time(), ends.time()
		return v, json.Unmarshal([]byte(matchers), &v.Matchers)
	})
}

// Send implements Store.
func (s *SQLite) Send(ctx context.Context, c Command) error {
	args, err := packArgs(c.Args)
	if err == nil {
		err = storable(c.At)
	}
	if err != nil {
		return explain(s.path, "send "+sources.Clean(c.Verb), err)
	}
	_, err = s.write(ctx, "send "+sources.Clean(c.Verb), func(w *writer) error {
		return w.exec("INSERT INTO inbox (at, verb, args, by) VALUES (?, ?, ?, ?)", instantOf(c.At), sources.Clean(c.Verb), args, sources.Clean(c.By))
	})
	return err
}

// Inbox implements Store.
func (s *SQLite) Inbox(ctx context.Context) ([]Command, error) {
	var commands []Command
	err := s.read(ctx, "read commands", func(r reader) error {
		return r.each("SELECT id, at, verb, args, by FROM inbox ORDER BY id", nil, func(rows *sql.Rows) error {
			var c Command
			var at instant
			var args string
			if err := rows.Scan(&c.ID, &at, &c.Verb, &args, &c.By); err != nil {
				return err
			}
			c.At = at.time()
			err := json.Unmarshal([]byte(args), &c.Args)
			commands = append(commands, c)
			return err
		})
	})
	return commands, err
}
