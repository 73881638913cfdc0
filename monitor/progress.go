package monitor

import (
	"time"

	"adtop/snapshot"
)

// planned notes when a source is polled next, for the sources screen, and
// whether there is nothing left to do until then.
func (m *Monitor) planned(source string, at time.Time, whole bool) {
	m.mu.Lock()
	m.next[source] = at
	if whole {
		m.whole[source] = true
	}
	m.mu.Unlock()
	if whole {
		m.wake()
	}
}

// progress notes what of a source's history is being fetched and how many polls
// of that account are left; what is "" when a poll has just ended. The plan as a
// whole is over when every source's is.
func (m *Monitor) progress(source, account, what string, left int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := historyKey(source, account)
	before, known := m.left[key]
	whole, own := &m.backfill, m.backfills[source]
	if !known {
		before = left
		whole.Total += left
		own.Total += left
	}
	m.left[key] = left
	fetched := max(before-left, 0)
	whole.Done += fetched
	own.Done += fetched
	if what != "" {
		whole.What, own.What = what, what
	}
	if own.Done >= own.Total {
		own = snapshot.Progress{}
	}
	m.backfills[source] = own
	if whole.Done >= whole.Total {
		m.backfill, m.left, m.backfills = snapshot.Progress{}, map[string]int{}, map[string]snapshot.Progress{}
	}
}
