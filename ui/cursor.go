package ui

import (
	"slices"
)

// index is the place of the selected line; when it has gone, or none was
// chosen, the first.
func (t *table[R]) index() int {
	return max(0, slices.IndexFunc(t.shown, func(r *R) bool { return t.id(r) == t.cursor }))
}

// current is the selected line, nil when there is none.
func (t *table[R]) current() *R {
	if len(t.shown) == 0 {
		return nil
	}
	return t.shown[t.index()]
}

// selected is the id of the selected line, "" when there is none.
func (t *table[R]) selected() string {
	if r := t.current(); r != nil {
		return t.id(r)
	}
	return ""
}

func (t *table[R]) choose(id string) { t.cursor = id }

// move moves the cursor.
func (t *table[R]) move(m move) {
	if len(t.shown) == 0 {
		return
	}
	to := m.from(t.index(), len(t.shown), max(1, t.height-1))
	t.cursor = t.id(t.shown[to])
}

// move is a way to move a cursor or to scroll.
type move int

const (
	lineDown move = iota
	lineUp
	pageDown
	pageUp
	toFirst
	toLast
)

// from is where the move leads from place at, in a list of count.
func (m move) from(at, count, page int) int {
	switch m {
	case lineDown:
		at++
	case lineUp:
		at--
	case pageDown:
		at += page
	case pageUp:
		at -= page
	case toFirst:
		at = 0
	case toLast:
		at = count - 1
	}
	return min(max(at, 0), max(0, count-1))
}

// click selects the line that stands n lines below the titles, and says
// whether there is one and whether it was selected before.
func (t *table[R]) click(n int) (hit, again bool) {
	at := t.top + n
	if n < 0 || n >= t.height || at >= len(t.shown) {
		return false, false
	}
	id := t.id(t.shown[at])
	again = id == t.selected()
	t.cursor = id
	return true, again
}

// clickTitle sorts by the column whose title stands at cell x.
func (t *table[R]) clickTitle(x int) {
	if key := t.grid.at(x); key != "" {
		t.sortBy(key)
	}
}
