package store

import (
	"cmp"
	"database/sql/driver"
	"fmt"
	"slices"

	"adtop/kpi"
)

// span is the newest versions of one feed in one slot, in the order of their
// keys. The writer keeps the spans that it used lately: a poll asks for the
// same slots again and again, and mostly nothing of them has changed.
type span struct {
	rows []version
	used instant // at which commit
}

type spanKey struct {
	table *table
	slot  int64 // slotKey without the id
	feed  int64
}

// maxHeld is how many versions are kept in spans: 64 bytes each.
const maxHeld = 500_000

// span returns what is stored of a feed in the slot of k.
func (w *writer) span(t *table, k slotKey, f *feed, at instant) (*span, error) {
	key := spanKey{t, int64(k >> idBits), f.id}
	if s, ok := w.spans[key]; ok {
		s.used = at
		return s, nil
	}
	if w.held > maxHeld {
		w.release()
	}
	s := &span{used: at}
	ids := &f.ids
	if t == partTable {
		ids = &f.partIDs
	}
	if low, high, any := ids.ends(); any {
		query := "SELECT " + t.columns() + " FROM " + t.name + " WHERE k BETWEEN ? AND ? ORDER BY k"
		first, last := k&^maxID|slotKey(low), k&^maxID|slotKey(high)
		err := w.versions(query, []driver.Value{int64(first), int64(last)}, func(v version) error {
			if ids.has(v.key.id()) {
				s.rows = append(s.rows, v)
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("read %s of %s: %w", t.name, k.date(), err)
		}
	}
	w.spans[key] = s
	w.held += len(s.rows)
	return s, nil
}

// release drops the older half of the spans.
func (w *writer) release() {
	uses := make([]instant, 0, len(w.spans))
	for _, s := range w.spans {
		uses = append(uses, s.used)
	}
	slices.Sort(uses)
	for key, s := range w.spans {
		if s.used <= uses[len(uses)/2] {
			w.held -= len(s.rows)
			delete(w.spans, key)
		}
	}
}

// dropSpans forgets what is kept of a feed's date.
func (w *writer) dropSpans(f *feed, date kpi.Date) {
	for ordinal := range slotsADay {
		for _, t := range []*table{hourTable, dayTable, partTable} {
			key := spanKey{t, int64(packKey(date, ordinal, 0) >> idBits), f.id}
			if s, ok := w.spans[key]; ok {
				w.held -= len(s.rows)
				delete(w.spans, key)
			}
		}
	}
}

// find returns the version of k, the zero version when there is none.
func (s *span) find(k slotKey) version {
	if i, found := s.search(k); found {
		return s.rows[i]
	}
	return version{}
}

func (s *span) search(k slotKey) (int, bool) {
	return slices.BinarySearchFunc(s.rows, k, func(v version, k slotKey) int { return cmp.Compare(v.key, k) })
}

// turnTo puts new versions, which are in the order of their keys, in the place
// of the old ones.
func (w *writer) turnTo(s *span, turned []turn, at instant) {
	added := 0
	for _, t := range turned {
		if i, found := s.search(t.key); found {
			s.rows[i].stamped = stamped[figure]{at, t.new}
		} else {
			added++
		}
	}
	if added == 0 {
		return
	}
	rows := make([]version, 0, len(s.rows)+added)
	old := s.rows
	for _, t := range turned {
		for len(old) > 0 && old[0].key < t.key {
			rows, old = append(rows, old[0]), old[1:]
		}
		if len(old) == 0 || old[0].key != t.key {
			rows = append(rows, version{t.key, stamped[figure]{at, t.new}})
		}
	}
	s.rows = append(rows, old...)
	w.held += added
}

// idSet is a set of ids of entities or parts.
type idSet struct {
	bits      []uint64
	low, high EntityID
}

func (s *idSet) add(id EntityID) {
	for int(id)/64 >= len(s.bits) {
		s.bits = append(s.bits, make([]uint64, len(s.bits)+1)...)
	}
	s.bits[id/64] |= 1 << (id % 64)
	if s.low == 0 || id < s.low {
		s.low = id
	}
	s.high = max(s.high, id)
}

func (s *idSet) has(id EntityID) bool {
	return int(id)/64 < len(s.bits) && s.bits[id/64]&(1<<(id%64)) != 0
}

// ends returns the lowest and highest id; any is false for an empty set.
func (s *idSet) ends() (low, high EntityID, any bool) { return s.low, s.high, s.high != 0 }
