package httpkit

import (
	"encoding/json"
	"time"

	"adtop/kpi"
	"adtop/sources"
)

// Memory is what an adapter of events keeps in Receipt.State: how far it has read. One
// that needs more embeds it.
type Memory struct {
	From  kpi.Date `json:"from"`            // events of this day and later ones have been read
	Seen  int64    `json:"seen"`            // up to this change, in Unix seconds; 0 before the first load
	Swept int64    `json:"swept,omitempty"` // when old events were looked through, in Unix seconds
	Terms string   `json:"terms"`           // options that the events were made with
}

// Recall reads State into a memory, of an adapter's own or a Memory; what is none gives
// the zero memory, with which everything is read afresh.
func Recall[M any](state []byte) (memory M) {
	if json.Unmarshal(state, &memory) != nil {
		return *new(M)
	}
	return memory
}

// Keep is the State of a memory.
func Keep(memory any) []byte {
	state, err := json.Marshal(memory)
	if err != nil {
		panic(err) // numbers and strings always marshal
	}
	return state
}

// Resume returns what the last Fetch left, and the beginning of what this one leaves. When
// the options that make up an event have changed, all that is known is read again: then it
// widens q.Days and has the last Fetch leave nothing.
func (m Memory) Resume(q *sources.Query, now time.Time, terms string) (before, after Memory) {
	if m.Seen < 0 || m.Swept < 0 {
		m = Memory{}
	}
	if m.Seen != 0 && m.Terms != terms {
		q.Days = kpi.DateRange{From: min(m.From, q.Days.From), To: max(kpi.DateOf(now, q.Account.Zone), q.Days.To)}
		m = Memory{}
	}
	after = Memory{From: q.Days.From, Terms: terms}
	switch {
	case m.Seen != 0 && q.Days.Days() == 0:
		after.From = m.From
	case m.Seen != 0:
		after.From = min(m.From, q.Days.From)
	}
	return m, after
}

// Through is the change up to which everything is known, for Seen of the next Memory.
// newest is the newest one that was read, zero where there was none: then changes are
// taken to be in a list once they are as old as lag. What was made after the days of a
// first load is not known.
func (m Memory) Through(q sources.Query, newest, now time.Time, lag time.Duration) int64 {
	if newest.IsZero() || newest.After(now) {
		newest = now.Add(-lag)
	}
	if end := q.Days.To.End(q.Account.Zone); m.Seen == 0 && newest.After(end) {
		newest = end
	}
	return max(newest.Unix(), m.Seen)
}

// CheckEvents checks that an adapter of events can answer q.
func CheckEvents(platform string, q sources.Query) error {
	if q.Breakdown != "" {
		return sources.Errorf(sources.Invalid, "%s has no breakdown by %s", platform, sources.Clean(q.Breakdown))
	}
	if q.Account.Zone == nil || q.Account.Currency == "" {
		return sources.Errorf(sources.Invalid, "%s: account %q lacks its zone or currency", platform, sources.Clean(q.Account.ID))
	}
	return nil
}
