package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"adtop/kpi"
	"adtop/sources"
)

// Channels says which channel the figures of an entity count for.
type Channels struct {
	// Hash identifies the definitions: where it is the same, Of answers the same.
	Hash string
	Of   func(Entity) Assignment
}

// Assignment is the answer; without fields, the entity counts nowhere.
type Assignment struct {
	Channel  string     // "" for what no channel claims
	Fields   kpi.Fields // those that count
	Customer string     // whose results they are: as of sources.Key
	Pending  bool       // nobody has approved them yet
}

// Part is what one account brings to one channel.
type Part struct {
	Channel, Source, Account string
	Fields                   kpi.Fields
	Customer                 string
	Pending                  bool
}

// PartVersion is the sum of all that a part's entities report of a slot, from
// At on, in the account's currency; what counts for the channel is its
// Metrics.Only(Part.Fields). By day, entities count with their day slot or the sum of their
// hours; by hour, with the hours that they have.
type PartVersion struct {
	At      time.Time
	Part    Part
	Slot    sources.Slot
	Metrics kpi.Metrics
}

// settingChannels keeps Channels.Hash of the definitions that the parts are
// summed by.
const settingChannels = "channels"

// Assign implements Store.
func (s *SQLite) Assign(ctx context.Context, channels Channels, progress func(done, total int)) error {
	var dates []kpi.Date
	_, err := s.write(ctx, "assign the channels", func(w *writer) (err error) {
		w.channels = channels
		if err = w.assignAll(); err != nil {
			return err
		}
		if dates, err = w.unsummedDates(); err != nil {
			return err
		}
		return w.exec("INSERT OR REPLACE INTO setting VALUES (?, ?)", settingChannels, channels.Hash)
	})
	if err != nil {
		return err
	}
	return s.sumDates(ctx, dates, progress)
}

// sumDates makes the sums anew of dates that wait for it.
func (s *SQLite) sumDates(ctx context.Context, dates []kpi.Date, progress func(done, total int)) error {
	for i, date := range dates {
		if progress != nil {
			progress(i, len(dates))
		}
		if _, err := s.write(ctx, "sum "+date.String(), func(w *writer) error { return w.sumWhere(ctx, date) }); err != nil {
			return err
		}
	}
	return nil
}

// assignAll assigns every entity, and leaves the sums of the feeds in which one
// moved to be made anew.
func (w *writer) assignAll() error {
	feeds, err := w.allFeeds()
	if err != nil {
		return err
	}
	var moved []EntityID
	for _, f := range feeds {
		for i, k := range f.entities {
			if now, err := w.assign(f, i, k); err != nil {
				return err
			} else if now {
				moved = append(moved, k.id)
			}
		}
	}
	return w.markMoved(moved)
}

// allFeeds returns every feed.
func (w *writer) allFeeds() (feeds []*feed, err error) {
	var names []feedName
	err = w.each("SELECT source, account FROM feed ORDER BY id", nil, func(rows *sql.Rows) error {
		var n feedName
		err := rows.Scan(&n.source, &n.account)
		names = append(names, n)
		return err
	})
	for _, n := range names {
		if err != nil {
			return nil, err
		}
		var f *feed
		f, err = w.feed(n.source, n.account)
		feeds = append(feeds, f)
	}
	return feeds, err
}

// assign brings an entity to the part it counts for and says whether that is
// another one than before.
func (w *writer) assign(f *feed, i identity, k *known) (moved bool, err error) {
	if w.channels.Of == nil { // nobody has said whom it counts for: the sums are of no definition
		return false, w.exec("DELETE FROM setting WHERE name = ?", settingChannels)
	}
	d := k.current.value
	e := Entity{ID: k.id, Source: f.name.source, Account: f.name.account, Dimension: i.dimension, Entity: sources.Entity{
		Level: i.level, ID: i.id, Breakdown: i.breakdown, Attribution: i.attribution, Action: i.action, Name: d.name, Status: d.status, Parent: d.parent,
	}}
	part := EntityID(0)
	if a := w.channels.Of(e); a.Fields != 0 {
		if part, err = w.part(f, a); err != nil {
			return false, err
		}
	}
	if part == k.part {
		return false, nil
	}
	k.part = part
	return true, w.exec("UPDATE entity SET part = ? WHERE id = ?", part, k.id)
}

// markMoved leaves the sums to be made anew of all dates on which entities
// that count elsewhere now have figures.
func (w *writer) markMoved(ids []EntityID) error {
	if len(ids) == 0 {
		return nil
	}
	list, err := json.Marshal(ids)
	if err != nil {
		return err
	}
	w.unsummed = nil
	return w.exec(`INSERT OR IGNORE INTO unsummed SELECT DISTINCT d.k >> 30, e.feed
		FROM day d JOIN entity e ON e.id = (d.k & 0xFFFFFF) WHERE e.id IN (SELECT value FROM json_each(?))`, string(list))
}

// part returns the id of a feed's part, making it when it is new.
func (w *writer) part(f *feed, a Assignment) (EntityID, error) {
	if id, ok := f.partOf[a]; ok {
		return id, nil
	}
	row, err := w.insert("INSERT INTO part (feed, channel, fields, customer, pending) VALUES (?, ?, ?, ?, ?)", f.id, a.Channel, a.Fields, a.Customer, a.Pending)
	if err == nil && row > maxID {
		err = fmt.Errorf("more than %d channels and accounts", maxID)
	}
	if err != nil {
		return 0, err
	}
	f.keepPart(EntityID(row), a)
	return EntityID(row), nil
}

func (w *writer) unsummedDates() (dates []kpi.Date, err error) {
	err = w.each("SELECT DISTINCT date FROM unsummed ORDER BY date DESC", nil, func(rows *sql.Rows) error {
		var d kpi.Date
		err := rows.Scan(&d)
		dates = append(dates, d)
		return err
	})
	return dates, err
}

// sumWhere makes the sums of the feeds anew that need it on a date.
func (w *writer) sumWhere(ctx context.Context, date kpi.Date) error {
	all, err := w.allFeeds()
	if err != nil {
		return err
	}
	var feeds []*feed
	for _, f := range all {
		if stale, err := w.isUnsummed(historyKey{f.id, date}); err != nil {
			return err
		} else if stale {
			feeds = append(feeds, f)
		}
	}
	_, _, err = w.sumDate(ctx, date, feeds)
	return err
}

// Rebuild implements Store.
func (s *SQLite) Rebuild(ctx context.Context, progress func(done, total int)) (changed int, err error) {
	var dates []kpi.Date
	_, err = s.write(ctx, "rebuild", func(w *writer) error {
		return w.each("SELECT DISTINCT k >> 30 FROM day UNION SELECT DISTINCT k >> 30 FROM part_sum ORDER BY 1 DESC", nil, func(rows *sql.Rows) error {
			var d kpi.Date
			err := rows.Scan(&d)
			dates = append(dates, d)
			return err
		})
	})
	for i, date := range dates {
		if err != nil {
			return changed, err
		}
		if progress != nil {
			progress(i, len(dates))
		}
		_, err = s.write(ctx, "rebuild "+date.String(), func(w *writer) error {
			feeds, err := w.allFeeds()
			if err != nil {
				return err
			}
			waiting := map[*feed]bool{}
			for _, f := range feeds {
				if waiting[f], err = w.isUnsummed(historyKey{f.id, date}); err != nil {
					return err
				}
			}
			_, differ, err := w.sumDate(ctx, date, feeds)
			for f, n := range differ {
				if !waiting[f] {
					changed += n
				}
			}
			return err
		})
	}
	return changed, err
}
