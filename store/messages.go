package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// Messages are kept for so long, and so many of them: the oldest go first.
const (
	messageDays = 90
	maxMessages = 1_000_000
	maxMessage  = 4 << 10 // bytes
)

// Message is what a sender said, and when it was taken.
type Message struct {
	Source, Account string
	At              time.Time
	Text            string // encoded like a query
}

// keepMessages stores what the senders said.
func (c *commit) keepMessages() error {
	for _, m := range c.messages {
		if len(m.Text) > maxMessage || strings.ContainsFunc(m.Text, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return fmt.Errorf("a message of %d bytes is too long, or not encoded like a query", len(m.Text))
		}
	}
	return c.w.bulk(c.ctx, "INSERT INTO message (feed, at, text)", "", 3, len(c.messages), func(args []driver.Value, i int) []driver.Value {
		return append(args, c.feed.id, int64(c.at), c.messages[i].Text)
	})
}

// Messages implements Store.
func (s *SQLite) Messages(ctx context.Context, value string, limit int) ([]Message, error) {
	return list(ctx, s, "read messages", fmt.Sprintf(`SELECT source, account, at, text FROM message JOIN feed ON feed.id = feed
		WHERE instr('&' || text || '&', '=' || ? || '&') > 0 ORDER BY message.id DESC LIMIT %d`, limit), []any{url.QueryEscape(value)}, func(rows *sql.Rows) (m Message, err error) {
		var at instant
		err = rows.Scan(&m.Source, &m.Account, &at, &m.Text)
		m.At = at.time()
		return m, err
	})
}

// dropMessages removes the oldest messages that are kept no longer, some at a time.
func (s *SQLite) dropMessages(ctx context.Context, now time.Time) (more bool, err error) {
	var found, old, last int64
	limit := instantOf(now.AddDate(0, 0, -messageDays))
	err = s.read(ctx, "look for old messages", func(r reader) error {
		return r.each(fmt.Sprintf(`SELECT count(*), coalesce(sum(at < ?1 OR id <= (SELECT max(id) FROM message) - %d), 0), coalesce(max(id), 0)
			FROM (SELECT id, at FROM message ORDER BY id LIMIT %d)`, maxMessages, chunk), []any{limit}, func(rows *sql.Rows) error { return rows.Scan(&found, &old, &last) })
	})
	if err != nil || old == 0 {
		return false, err
	}
	_, err = s.write(ctx, "remove old messages", func(w *writer) error {
		return w.exec(fmt.Sprintf("DELETE FROM message WHERE id <= ?1 AND (at < ?2 OR id <= (SELECT max(id) FROM message) - %d)", maxMessages), last, limit)
	})
	return err == nil && old == found, err
}
