package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"adtop/sources"
)

const insertPoll = `INSERT INTO poll (feed, at, from_day, to_day, level, grain, breakdown, complete_through,
	kind, message, next, retry_after, warnings, quota_used, quota_scope, changed, parent, expires) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

// receipt records the poll and what the source wants handed back.
func (c *commit) receipt() error {
	b := c.batch
	if c.gone > 0 {
		b.Receipt.Warnings = append(slices.Clip(b.Receipt.Warnings), fmt.Sprintf("%d hours are older than what is kept by the hour, and were left out", c.gone))
	}
	warnings, err := packWarnings(b.Receipt.Warnings)
	if err != nil {
		return err
	}
	err = c.w.exec(insertPoll, c.feed.id, c.at, b.Query.Days.From, b.Query.Days.To, b.Query.Level, b.Query.Grain, asked(b.Query), instantOf(b.Receipt.CompleteThrough),
		0, "", "", 0, warnings, b.Receipt.Quota.Used, sources.Clean(b.Receipt.Quota.Scope), len(c.change.Versions),
		sources.Clean(b.Query.Parent), instantOf(b.Receipt.Expires))
	if err != nil {
		return err
	}
	c.feed.newest = max(c.feed.newest, c.at)
	if c.change.Entities {
		if err := c.w.exec("UPDATE seq SET entities = n + 1"); err != nil {
			return err
		}
	}
	return c.w.exec(`INSERT INTO cursor VALUES (?, ?, ?) ON CONFLICT (feed) DO UPDATE
		SET at = excluded.at, state = coalesce(excluded.state, state) WHERE excluded.at >= at`, c.feed.id, c.at, b.Receipt.State)
}

func packWarnings(warnings []string) (any, error) {
	if len(warnings) == 0 {
		return nil, nil
	}
	clean := make([]string, 0, min(len(warnings), maxWarnings))
	for _, warning := range warnings[:cap(clean)] {
		clean = append(clean, sources.Clean(warning))
	}
	packed, err := json.Marshal(clean)
	return string(packed), err
}

// Fail implements Store.
func (s *SQLite) Fail(ctx context.Context, f Failure) error {
	tried := fmt.Sprintf("store the failure of %s %s", f.Source, f.Account)
	if err := storable(f.At); err != nil {
		return explain(s.path, tried, err)
	}
	if f.Err == nil || f.Source == "" {
		return explain(s.path, tried, errors.New("it names no error or no source"))
	}
	kind, next, retryAfter := sources.KindOf(f.Err), "", time.Duration(0)
	if kind == 0 {
		kind = sources.Unavailable // an ended context: nothing was heard
	}
	var failure *sources.Error
	if errors.As(f.Err, &failure) {
		next, retryAfter = failure.Next, failure.RetryAfter
	}
	_, err := s.write(ctx, tried, func(w *writer) error {
		feed, err := w.feed(sources.Clean(f.Source), sources.Clean(f.Account))
		if err != nil {
			return err
		}
		return w.exec(insertPoll, feed.id, instantOf(f.At), f.Days.From, f.Days.To, f.Query.Level, 0, asked(f.Query), 0,
			kind, sources.Clean(f.Err.Error()), sources.Clean(next), retryAfter, nil, 0.0, "", 0, sources.Clean(f.Query.Parent), 0)
	})
	return err
}

// The regular polls, and those beside them: of accounts' totals, ad groups, ads,
// breakdowns and impression shares. The indexes of polls have these words.
const (
	ofCampaigns = "level NOT IN (1, 3, 4) AND breakdown = ''"
	besideThem  = "(level IN (1, 3, 4) OR breakdown <> '')"
)

// beside says whether a poll is none of ofCampaigns. What it brings is summed nowhere.
func beside(q sources.Query) bool {
	return q.Level == sources.LevelAccount || q.Level == sources.LevelAdGroup || q.Level == sources.LevelAd || q.Breakdown != "" || q.Shares
}

// asked is what a poll is told apart by.
func asked(q sources.Query) string {
	if q.Shares {
		return ofShares
	}
	return sources.Clean(q.Breakdown)
}

const selectPoll = `SELECT source, account, at, from_day, to_day, complete_through, kind, message, next, retry_after,
	warnings, quota_used, quota_scope, changed, level, parent, breakdown, expires FROM poll JOIN feed ON feed.id = poll.feed `

func scanPoll(rows *sql.Rows) (Poll, error) {
	var p Poll
	var at, complete, expires instant
	var warnings sql.NullString
	err := rows.Scan(&p.Source, &p.Account, &at, &p.Days.From, &p.Days.To, &complete, &p.Kind, &p.Message, &p.Next, &p.RetryAfter,
		&warnings, &p.Quota.Used, &p.Quota.Scope, &p.Changed, &p.Level, &p.Parent, &p.Breakdown, &expires)
	p.At, p.CompleteThrough, p.Expires = at.time(), complete.time(), expires.time()
	if err == nil && warnings.Valid {
		err = json.Unmarshal([]byte(warnings.String), &p.Warnings)
	}
	return p, err
}

// Polls implements Store.
func (s *SQLite) Polls(ctx context.Context, from, to time.Time) ([]Poll, error) {
	var polls []Poll
	err := s.read(ctx, "read polls", func(r reader) error {
		return r.each(selectPoll+"WHERE at BETWEEN ? AND ? ORDER BY at, source, account, poll.id", []any{instantOf(from), instantOf(to)}, func(rows *sql.Rows) error {
			p, err := scanPoll(rows)
			polls = append(polls, p)
			return err
		})
	})
	return polls, err
}

// Health implements Store. It is one statement: pictures ask it several times, of
// many feeds.
func (s *SQLite) Health(ctx context.Context, at time.Time) ([]Health, error) {
	var healths []Health
	newest := func(kinds string) string {
		return "SELECT (SELECT id FROM poll WHERE feed = feed.id AND " + ofCampaigns + " AND at <= ?1 AND " + kinds + " ORDER BY at DESC, id DESC LIMIT 1) FROM feed"
	}
	query := selectPoll + "WHERE poll.id IN (" + newest("true") + " UNION " + newest("kind = 0") + ") ORDER BY source, account, at, poll.id"
	err := s.read(ctx, "read polls", func(r reader) error {
		return r.each(query, []any{instantOf(at)}, func(rows *sql.Rows) error {
			p, err := scanPoll(rows)
			if n := len(healths); n == 0 || healths[n-1].Last.Source != p.Source || healths[n-1].Last.Account != p.Account {
				healths = append(healths, Health{})
			}
			h := &healths[len(healths)-1]
			h.Last = p
			if p.Kind == 0 {
				h.Good = p
			}
			return err
		})
	})
	return healths, err
}

// health returns the newest poll, and the newest good one, that meet the
// condition in from; its parameters are ?3 and so on.
func (r reader) health(from string, at time.Time, args ...any) (h Health, err error) {
	const anyKind, good = 255, 0
	for kind, poll := range map[int]*Poll{anyKind: &h.Last, good: &h.Good} {
		query := selectPoll + "WHERE poll.id = (SELECT id FROM " + from + " AND at <= ?1 AND kind <= ?2 ORDER BY at DESC, id DESC LIMIT 1)"
		err = r.each(query, append([]any{instantOf(at), kind}, args...), func(rows *sql.Rows) (err error) {
			*poll, err = scanPoll(rows)
			return err
		})
		if err != nil {
			return h, err
		}
	}
	return h, nil
}

// Inside implements Store.
func (s *SQLite) Inside(ctx context.Context, source, account string, q sources.Query, asOf time.Time) (h Health, err error) {
	err = s.read(ctx, "read polls of "+q.Level.String()+"s", func(r reader) error {
		h, err = r.health(`poll INDEXED BY poll_inside WHERE feed = (SELECT id FROM feed WHERE source = ?3 AND account = ?4)
			AND `+besideThem+` AND level = ?5 AND breakdown = ?6 AND parent = ?7`, asOf, source, account, q.Level, asked(q), q.Parent)
		return err
	})
	return h, err
}

// Totals implements Store. Polls of history end before the day of their moment.
func (s *SQLite) Totals(ctx context.Context, source, account string, asOf time.Time) (h Health, err error) {
	err = s.read(ctx, "read polls of totals", func(r reader) error {
		h, err = r.health(`poll INDEXED BY poll_inside WHERE feed = (SELECT id FROM feed WHERE source = ?3 AND account = ?4)
			AND `+besideThem+` AND level = 1 AND breakdown = '' AND parent = '' AND to_day >= at / 86400000 - 1`, asOf, source, account)
		return err
	})
	return h, err
}

// State implements Store.
func (s *SQLite) State(ctx context.Context, source, account string) ([]byte, error) {
	var state []byte
	err := s.read(ctx, "read the state of "+source, func(r reader) error {
		return r.each("SELECT state FROM cursor JOIN feed ON feed.id = feed WHERE source = ? AND account = ?", []any{source, account}, func(rows *sql.Rows) error {
			return rows.Scan(&state)
		})
	})
	return state, err
}

// Accounts implements Store.
func (s *SQLite) Accounts(ctx context.Context, asOf time.Time) ([]Account, error) {
	var accounts []Account
	err := s.read(ctx, "read accounts", func(r reader) error {
		return r.accounts(instantOf(asOf), func(a Account) error {
			accounts = append(accounts, a)
			return nil
		})
	})
	return accounts, err
}

func (r reader) accounts(at instant, yield func(Account) error) error {
	return r.each(`SELECT source, account, type, name, currency, zone FROM feed JOIN account_version v ON v.feed = feed.id
		WHERE at = (SELECT max(at) FROM account_version WHERE feed = v.feed AND at <= ?) ORDER BY source, account`, []any{at}, func(rows *sql.Rows) error {
		var a Account
		var zone string
		if err := rows.Scan(&a.Source, &a.ID, &a.Type, &a.Name, &a.Currency, &zone); err != nil {
			return err
		}
		var err error
		if a.Zone, err = time.LoadLocation(zone); err != nil {
			return err
		}
		return yield(a)
	})
}

// Entities implements Store. They are in the order of their ids.
func (s *SQLite) Entities(ctx context.Context, asOf time.Time) ([]Entity, error) {
	var entities []Entity
	err := s.read(ctx, "read entities", func(r reader) error {
		return r.entities(instantOf(asOf), func(e Entity) error {
			entities = append(entities, e)
			return nil
		})
	})
	return entities, err
}

func (r reader) entities(at instant, yield func(Entity) error) error {
	return r.each(`SELECT e.id, source, account, dimension, level, platform_id, breakdown, attribution, action, name, status, parent
		FROM entity e JOIN feed ON feed.id = e.feed JOIN entity_version v ON v.entity = e.id
		WHERE at = (SELECT max(at) FROM entity_version WHERE entity = e.id AND at <= ?) ORDER BY e.id`, []any{at}, func(rows *sql.Rows) error {
		var e Entity
		if err := rows.Scan(&e.ID, &e.Source, &e.Account, &e.Dimension, &e.Level, &e.Entity.ID, &e.Breakdown, &e.Attribution, &e.Action, &e.Name, &e.Status, &e.Parent); err != nil {
			return err
		}
		return yield(e)
	})
}
