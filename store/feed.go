package store

import (
	"database/sql"
	"fmt"
	"time"

	"adtop/kpi"
	"adtop/sources"
)

type feedName struct{ source, account string }

// feed is what the writer remembers of one account of one source.
type feed struct {
	name     feedName
	id       int64
	entities map[identity]*known
	aliases  map[alias]*known // by the strings as the source wrote them
	byID     map[EntityID]*known
	ids      idSet   // of the entities
	newest   instant // newest good poll

	parts   map[EntityID]Part
	partOf  map[Assignment]EntityID
	partIDs idSet
}

func (f *feed) keep(i identity, k *known) {
	f.entities[i], f.byID[k.id] = k, k
	f.ids.add(k.id)
}

func (f *feed) keepPart(id EntityID, a Assignment) {
	f.parts[id] = Part{Channel: a.Channel, Source: f.name.source, Account: f.name.account, Fields: a.Fields, Customer: a.Customer, Pending: a.Pending}
	f.partOf[a] = id
	f.partIDs.add(id)
}

func (f *feed) partVersion(v version) PartVersion {
	return PartVersion{At: v.at.time(), Part: f.parts[v.key.id()], Slot: v.key.slot(), Metrics: v.value.Metrics}
}

// identity is what makes an entity of a feed the same one.
type identity struct {
	level                                         sources.Level
	dimension, id, breakdown, attribution, action string
}

type alias struct {
	dimension string
	entity    sources.Entity
}

// description is what an entity is called at present; it has versions.
type description struct{ name, status, parent string }

type known struct {
	id      EntityID
	part    EntityID // 0: it counts nowhere
	current stamped[description]
}

// feed returns the feed of a source's account, making it when it is new.
func (w *writer) feed(source, account string) (*feed, error) {
	name := feedName{source, account}
	if f, ok := w.feeds[name]; ok {
		return f, nil
	}
	f := &feed{name: name, entities: map[identity]*known{}, aliases: map[alias]*known{}, byID: map[EntityID]*known{}, parts: map[EntityID]Part{}, partOf: map[Assignment]EntityID{}}
	found, err := w.one("SELECT id FROM feed WHERE source = ? AND account = ?", []any{source, account}, &f.id)
	if err == nil && !found {
		f.id, err = w.insert("INSERT INTO feed (source, account) VALUES (?, ?)", source, account)
	}
	if err != nil {
		return nil, err
	}
	if _, err := w.one("SELECT at FROM poll WHERE feed = ? AND kind = 0 ORDER BY at DESC LIMIT 1", []any{f.id}, &f.newest); err != nil {
		return nil, err
	}
	err = w.each("SELECT id, channel, fields, customer, pending FROM part WHERE feed = ?", []any{f.id}, func(rows *sql.Rows) error {
		var id EntityID
		var a Assignment
		err := rows.Scan(&id, &a.Channel, &a.Fields, &a.Customer, &a.Pending)
		f.keepPart(id, a)
		return err
	})
	if err != nil {
		return nil, err
	}
	err = w.each(`SELECT e.id, part, level, dimension, platform_id, breakdown, attribution, action, at, name, status, parent
		FROM entity e JOIN entity_version v ON v.entity = e.id
		WHERE feed = ? AND at = (SELECT max(at) FROM entity_version WHERE entity = e.id)`, []any{f.id}, func(rows *sql.Rows) error {
		var i identity
		var k known
		d := &k.current.value
		err := rows.Scan(&k.id, &k.part, &i.level, &i.dimension, &i.id, &i.breakdown, &i.attribution, &i.action, &k.current.at, &d.name, &d.status, &d.parent)
		f.keep(i, &k)
		return err
	})
	if err == nil {
		w.feeds[name] = f
	}
	return f, err
}

// entity returns the id of an entity, making it when it is new, and notes what
// it is called now.
func (c *commit) entity(dimension string, e sources.Entity) (EntityID, error) {
	as := alias{dimension, e}
	if k, ok := c.feed.aliases[as]; ok && c.knows(k, description{e.Name, e.Status, e.Parent}) {
		return k.id, nil
	}
	e = sources.Entity{
		Level: e.Level, ID: sources.Clean(e.ID), Breakdown: sources.Clean(e.Breakdown),
		Attribution: sources.Clean(e.Attribution), Action: sources.Clean(e.Action),
		Name: sources.Clean(e.Name), Status: sources.Clean(e.Status), Parent: sources.Clean(e.Parent),
	}
	id := identity{e.Level, dimension, e.ID, e.Breakdown, e.Attribution, e.Action}
	k, ok := c.feed.entities[id]
	if !ok {
		if e.ID == "" || e.Level < sources.LevelAccount || e.Level > sources.LevelKey {
			return 0, fmt.Errorf("entity %q (%q) of level %d has no identity", e.ID, e.Name, e.Level)
		}
		row, err := c.w.insert("INSERT INTO entity (feed, level, dimension, platform_id, breakdown, attribution, action) VALUES (?, ?, ?, ?, ?, ?, ?)",
			c.feed.id, id.level, id.dimension, id.id, id.breakdown, id.attribution, id.action)
		if err != nil {
			return 0, err
		}
		if row > maxID {
			return 0, fmt.Errorf("more than %d entities", maxID)
		}
		k = &known{id: EntityID(row)}
		c.feed.keep(id, k)
	}
	c.feed.aliases[as] = k
	changed, err := c.describe(k, description{e.Name, e.Status, e.Parent})
	if err != nil || !changed {
		return k.id, err
	}
	moved, err := c.w.assign(c.feed, id, k)
	if err == nil && moved && ok {
		c.change.Moved = true
		err = c.w.markMoved([]EntityID{k.id})
	}
	return k.id, err
}

// knows says whether an entity is called so as of the commit: since before, or by
// an earlier record of the same batch.
func (c *commit) knows(k *known, d description) bool {
	if k.current.at != 0 && k.current.at <= c.at {
		return k.current.value == d
	}
	before, told := c.described[k.id]
	return told && before == d
}

// describe notes what an entity is called as of the commit, and says whether
// that changes what it was called at any time.
func (c *commit) describe(k *known, d description) (changed bool, err error) {
	if c.knows(k, d) {
		return false, nil
	}
	c.described[k.id] = d
	var history []stamped[description]
	err = c.w.each("SELECT at, name, status, parent FROM entity_version WHERE entity = ? ORDER BY at", []any{k.id}, func(rows *sql.Rows) error {
		var s stamped[description]
		err := rows.Scan(&s.at, &s.value.name, &s.value.status, &s.value.parent)
		history = append(history, s)
		return err
	})
	if err != nil {
		return false, err
	}
	confirmed, err := c.nextPoll()
	if err != nil {
		return false, err
	}
	next := observe(history, c.at, d, confirmed, nil)
	gone, put := difference(history, next)
	for _, at := range gone {
		if err := c.w.exec("DELETE FROM entity_version WHERE entity = ? AND at = ?", k.id, at); err != nil {
			return false, err
		}
	}
	for _, s := range put {
		if err := c.w.exec("INSERT OR REPLACE INTO entity_version VALUES (?, ?, ?, ?, ?)", k.id, s.at, s.value.name, s.value.status, s.value.parent); err != nil {
			return false, err
		}
	}
	k.current = next[len(next)-1]
	changed = len(gone)+len(put) > 0
	c.change.Entities = c.change.Entities || changed
	return changed, nil
}

// nextPoll returns when the feed was asked next after the commit's instant, 0
// when the commit is its newest.
func (c *commit) nextPoll() (at instant, err error) {
	if c.feed.newest <= c.at {
		return 0, nil
	}
	if c.next == nil {
		_, err = c.w.one("SELECT at FROM poll WHERE feed = ? AND at > ? AND kind = 0 ORDER BY at LIMIT 1", []any{c.feed.id, c.at}, &at)
		c.next = &at
	}
	return *c.next, err
}

// nextPollOf is nextPoll for polls that asked the same question of a day.
func (c *commit) nextPollOf(day kpi.Date) (at instant, err error) {
	if c.feed.newest <= c.at {
		return 0, nil
	}
	if at, ok := c.polls[day]; ok {
		return at, nil
	}
	q := c.batch.Query
	_, err = c.w.one(`SELECT at FROM poll WHERE feed = ? AND at > ? AND kind = 0
		AND level = ? AND grain = ? AND breakdown = ? AND from_day <= ? AND to_day >= ? AND parent IN ('', ?) ORDER BY at LIMIT 1`,
		[]any{c.feed.id, c.at, q.Level, q.Grain, c.dimension, day, day, sources.Clean(q.Parent)}, &at)
	c.polls[day] = at
	return at, err
}

type accountVersion struct {
	typ, name, currency, zone string
}

// account notes the account as of the commit. Its currency cannot change: sums
// over it would mix two.
func (c *commit) account() error {
	a := c.batch.Account
	now := accountVersion{sources.Clean(c.batch.Type), sources.Clean(a.Name), string(a.Currency), a.Zone.String()}
	var history []stamped[accountVersion]
	err := c.w.each("SELECT at, type, name, currency, zone FROM account_version WHERE feed = ? ORDER BY at", []any{c.feed.id}, func(rows *sql.Rows) error {
		var s stamped[accountVersion]
		err := rows.Scan(&s.at, &s.value.typ, &s.value.name, &s.value.currency, &s.value.zone)
		history = append(history, s)
		return err
	})
	if err != nil {
		return err
	}
	if len(history) > 0 && history[0].value.currency != now.currency {
		return fmt.Errorf("its currency was %s and is %s now: give the source another name in the config to start anew", history[0].value.currency, now.currency)
	}
	confirmed, err := c.nextPoll()
	if err != nil {
		return err
	}
	gone, put := difference(history, observe(history, c.at, now, confirmed, nil))
	for _, at := range gone {
		if err := c.w.exec("DELETE FROM account_version WHERE feed = ? AND at = ?", c.feed.id, at); err != nil {
			return err
		}
	}
	for _, s := range put {
		if err := c.w.exec("INSERT OR REPLACE INTO account_version VALUES (?, ?, ?, ?, ?, ?)", c.feed.id, s.at, s.value.typ, s.value.name, s.value.currency, s.value.zone); err != nil {
			return err
		}
	}
	return nil
}

// checkAccount reports an account whose slots could not be dated again.
func checkAccount(a sources.Account) error {
	if a.Zone == nil || a.Zone.String() == "Local" {
		return fmt.Errorf("account %s has no time zone of its own", a.ID)
	}
	if _, err := time.LoadLocation(a.Zone.String()); err != nil {
		return fmt.Errorf("account %s: %w", a.ID, err)
	}
	if a.ID == "" || a.Currency == "" {
		return fmt.Errorf("account %q (%q) lacks its id or currency", a.ID, a.Name)
	}
	return nil
}
