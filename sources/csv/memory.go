package csv

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"adtop/kpi"
	"adtop/sources"
)

const (
	maxState  = 60 << 10           // bytes; the store takes 64 KiB
	restates  = 30                 // days that polls ask for again and again
	goneIsOld = 7 * 24 * time.Hour // for so long it is told that a file was removed
)

// memory is Receipt.State of a watched folder: which files were read, and with
// removed: withdraw what stood in them on the days that are asked for again.
type memory struct {
	Path  string            `json:"path"`
	Files map[string]*known `json:"files"` // by name, relative to the config where it can be
}

// known is what is remembered of a file.
type known struct {
	Gone int64  `json:"gone,omitempty"` // since when it is not there any more, in Unix seconds
	Runs []span `json:"runs,omitempty"`
}

// span is the days, both included, that a file had for an entity.
type span struct {
	Level  sources.Level `json:"level"`
	ID     string        `json:"id"`
	Name   string        `json:"name"`
	Status string        `json:"status,omitempty"`
	From   kpi.Date      `json:"from"`
	To     kpi.Date      `json:"to"`
}

func (r span) entity() sources.Entity {
	return sources.Entity{Level: r.Level, ID: r.ID, Name: r.Name, Status: r.Status}
}

// remembered reads State. What is none, or of another path, knows no file.
func (s *source) remembered(state []byte) memory {
	var m memory
	if json.Unmarshal(state, &m) != nil || m.Path != s.options.Path || m.Files == nil {
		return memory{Path: s.options.Path, Files: map[string]*known{}}
	}
	maps.DeleteFunc(m.Files, func(_ string, k *known) bool { return k == nil })
	return m
}

// encode renders the memory, or says that it is too long to be kept.
func (m memory) encode() ([]byte, string) {
	state, err := json.Marshal(m)
	if err != nil {
		panic(err) // texts and numbers always marshal
	}
	if len(state) > maxState {
		return nil, fmt.Sprintf("The files of %s are too many to be remembered: one that is removed is not noticed", m.Path)
	}
	return state, ""
}

// name is how the memory calls a file.
func (s *source) name(f file) string {
	if relative, err := filepath.Rel(s.env.Dir, f.path); err == nil {
		return relative
	}
	return f.path
}

// reads notes a file that was read, for the days of the question; what is known of
// its other days stays.
func (m memory) reads(name string, book *ledger, asked kpi.DateRange, withdraw bool, today kpi.Date) {
	k := &known{}
	if withdraw {
		k.Runs = merged(m.Files[name], book, asked, today)
	}
	m.Files[name] = k
}

// merged lists the days of a file: those of the question as they stand in it now,
// the others as they were.
func merged(before *known, book *ledger, asked kpi.DateRange, today kpi.Date) []span {
	days := map[sources.Entity]map[kpi.Date]bool{}
	add := func(e sources.Entity, d kpi.Date) {
		if days[e] == nil {
			days[e] = map[kpi.Date]bool{}
		}
		days[e][d] = days[e][d] || d > today-restates
	}
	if before != nil {
		for _, r := range before.Runs {
			e := r.entity()
			if l, ok := book.labels[e.ID]; ok {
				e = l.entity
			}
			for d := max(r.From, today-restates); d <= r.To; d++ {
				if !asked.Contains(d) {
					add(e, d)
				}
			}
		}
	}
	for key := range book.sums {
		add(book.labels[key.id].entity, key.slot.Date)
	}
	var runs []span
	for e, of := range days {
		for _, d := range slices.Sorted(maps.Keys(of)) {
			if n := len(runs); !of[d] {
				continue
			} else if n > 0 && runs[n-1].entity() == e && runs[n-1].To == d-1 {
				runs[n-1].To = d
			} else {
				runs = append(runs, span{e.Level, e.ID, e.Name, e.Status, d, d})
			}
		}
	}
	slices.SortFunc(runs, func(a, b span) int { return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.From, b.From)) })
	return runs
}

// misses notes the files that are not there any more, and tells of them. It returns
// what they said on the days of the question and is to be taken back.
func (m memory) misses(present map[string]bool, q sources.Query, withdraw bool, now time.Time) (back []figure, of map[string]sources.Entity, warnings []string) {
	of = map[string]sources.Entity{}
	for _, name := range slices.Sorted(maps.Keys(m.Files)) {
		k := m.Files[name]
		if present[name] {
			continue
		}
		if k.Gone == 0 {
			k.Gone = now.Unix()
		}
		if withdraw {
			warnings = append(warnings, fmt.Sprintf("%s was removed: its figures of the last %d days are taken back", sources.Clean(name), restates))
		} else {
			warnings = append(warnings, fmt.Sprintf("%s was removed: what was read of it is kept", sources.Clean(name)))
		}
		var later []span
		for _, r := range k.Runs {
			of[r.ID] = r.entity()
			for d := r.From; d <= r.To; d++ {
				if q.Days.Contains(d) {
					back = append(back, figure{r.Level, r.ID, sources.Slot{Date: d, Grain: sources.Day}})
				}
			}
			for _, part := range []span{r.until(q.Days.From - 1), r.after(q.Days.To + 1)} {
				if part.From <= part.To {
					later = append(later, part)
				}
			}
		}
		k.Runs = later
		if now.Sub(time.Unix(k.Gone, 0)) >= goneIsOld {
			delete(m.Files, name)
		}
	}
	return back, of, warnings
}

func (r span) until(d kpi.Date) span { r.To = min(r.To, d); return r }
func (r span) after(d kpi.Date) span { r.From = max(r.From, d); return r }
