package store

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"slices"

	"adtop/kpi"
)

// isUnsummed says whether the sums of a date of a feed are to be made anew.
func (w *writer) isUnsummed(key historyKey) (bool, error) {
	if w.unsummed == nil {
		found := map[historyKey]bool{}
		err := w.each("SELECT feed, date FROM unsummed", nil, func(rows *sql.Rows) error {
			var k historyKey
			err := rows.Scan(&k.feed, &k.date)
			found[k] = true
			return err
		})
		if err != nil {
			return false, err
		}
		w.unsummed = found
	}
	return w.unsummed[key], nil
}

func (w *writer) markUnsummed(key historyKey) error {
	marked, err := w.isUnsummed(key)
	if err != nil || marked {
		return err
	}
	w.unsummed[key] = true
	return w.exec("INSERT OR IGNORE INTO unsummed (feed, date) VALUES (?, ?)", key.feed, key.date)
}

// sumAnew makes the sums of one date of the commit's feed anew, and tells what
// that changed.
func (c *commit) sumAnew(date kpi.Date) error {
	parts, _, err := c.w.sumDate(c.ctx, date, []*feed{c.feed})
	c.change.Parts = append(c.change.Parts, parts...)
	return err
}

// sumDate adds up the histories of one date of some feeds: the days that are
// given by hours, and the parts. It returns the versions of parts that it put,
// and how many sums of each feed gave another answer before.
func (w *writer) sumDate(ctx context.Context, date kpi.Date, feeds []*feed) (told []PartVersion, differ map[*feed]int, err error) {
	w.letGo()
	if err := w.load(date, feeds); err != nil {
		return nil, nil, err
	}
	res, err := w.resolution()
	if err != nil {
		return nil, nil, err
	}
	stored, err := w.sums(dayTable, date, feeds)
	if err != nil {
		return nil, nil, err
	}
	var wrongDays []slotKey
	days := stored
	if date >= res.hoursFrom() { // else the hours are gone, and the totals stand for themselves
		days = map[slotKey][]stamped[figure]{}
		for _, f := range feeds {
			if err := sumDays(days, w.histories[historyKey{f.id, date}]); err != nil {
				return nil, nil, err
			}
		}
		if _, wrongDays, err = w.settle(ctx, dayTable, stored, days, res); err != nil {
			return nil, nil, fmt.Errorf("sum days of %s: %w", date, err)
		}
	}
	parts := map[slotKey][]stamped[figure]{}
	for _, f := range feeds {
		if err := f.sumParts(parts, w.histories[historyKey{f.id, date}], days); err != nil {
			return nil, nil, err
		}
	}
	if stored, err = w.sums(partTable, date, feeds); err != nil {
		return nil, nil, err
	}
	put, wrongParts, err := w.settle(ctx, partTable, stored, parts, res)
	if err != nil {
		return nil, nil, fmt.Errorf("sum channels of %s: %w", date, err)
	}
	for _, v := range put {
		for _, f := range feeds {
			if f.partIDs.has(v.key.id()) {
				told = append(told, f.partVersion(v))
			}
		}
	}
	differ = map[*feed]int{}
	for _, f := range feeds {
		for _, k := range wrongDays {
			differ[f] += b2i(f.ids.has(k.id()))
		}
		for _, k := range wrongParts {
			differ[f] += b2i(f.partIDs.has(k.id()))
		}
		key := historyKey{f.id, date}
		w.dropSpans(f, date)
		delete(w.unsummed, key)
		delete(w.histories, key)
		if err := w.exec("DELETE FROM unsummed WHERE feed = ? AND date = ?", key.feed, key.date); err != nil {
			return nil, nil, err
		}
	}
	return told, differ, nil
}

// change is what happened to one slot on the way to a sum.
type change struct {
	at       instant
	old, now kpi.Metrics
}

// sumDays adds the day totals of one feed's date to days.
func sumDays(days map[slotKey][]stamped[figure], h histories) error {
	hours := map[slotKey][]change{}
	for k, s := range h {
		if tableOf(k) == dayTable {
			for _, v := range s.versions {
				days[k] = append(days[k], stamped[figure]{v.at, figure{v.value, true}})
			}
			continue
		}
		hours[k.day()] = appendChanges(hours[k.day()], s.versions)
	}
	for k, changes := range hours {
		sums, err := addUp(changes)
		if err != nil {
			return fmt.Errorf("total of %s: %w", k.date(), err)
		}
		if whole := days[k]; len(whole) > 0 {
			sums = append(sums[:before(sums, whole[0].at):before(sums, whole[0].at)], whole...)
		}
		days[k] = sums
	}
	return nil
}

// appendChanges appends how a slot changed.
func appendChanges(changes []change, history []stamped[kpi.Metrics]) []change {
	old := kpi.Metrics{}
	for _, v := range history {
		changes = append(changes, change{v.at, old, v.value})
		old = v.value
	}
	return changes
}

// addUp sums the changes of several slots: one version for every moment at
// which the sum changed.
func addUp(changes []change) ([]stamped[figure], error) {
	slices.SortStableFunc(changes, func(a, b change) int { return cmp.Compare(a.at, b.at) })
	var sums []stamped[figure]
	var sum kpi.Metrics
	var known [8]int // how many slots know the field of each bit
	for i, s := range changes {
		next, err := sum.Add(minus(s.now, s.old))
		if err != nil {
			return nil, err
		}
		next.Has = 0
		for bit := range known {
			field := kpi.Fields(1) << bit
			known[bit] += b2i(s.now.Has&field != 0) - b2i(s.old.Has&field != 0)
			if known[bit] > 0 {
				next.Has |= field
			}
		}
		sum = next
		if i+1 < len(changes) && changes[i+1].at == s.at {
			continue
		}
		if n := len(sums); n == 0 || sums[n-1].value.Metrics != sum {
			sums = append(sums, stamped[figure]{s.at, figure{Metrics: sum}})
		}
	}
	return sums, nil
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// sumParts adds the sums of the feed's parts, by hour and by day, to parts.
func (f *feed) sumParts(parts map[slotKey][]stamped[figure], h histories, days map[slotKey][]stamped[figure]) error {
	changes := map[slotKey][]change{}
	add := func(k slotKey, s []stamped[kpi.Metrics]) {
		if id := f.byID[k.id()].part; id != 0 {
			key := k&^maxID | slotKey(id)
			changes[key] = appendChanges(changes[key], s)
		}
	}
	for k, s := range h {
		if tableOf(k) == hourTable {
			add(k, s.versions)
		}
	}
	for k, s := range days {
		if f.byID[k.id()] == nil {
			continue // another feed's
		}
		metrics := make([]stamped[kpi.Metrics], len(s))
		for i, v := range s {
			metrics[i] = stamped[kpi.Metrics]{v.at, v.value.Metrics}
		}
		add(k, metrics)
	}
	for k, c := range changes {
		sums, err := addUp(c)
		if err != nil {
			return fmt.Errorf("%s on %s: %w", f.parts[k.id()].Channel, k.date(), err)
		}
		parts[k] = sums
	}
	return nil
}

// sums reads what a table of sums holds of one date of some feeds, oldest
// version first.
func (w *writer) sums(t *table, date kpi.Date, feeds []*feed) (map[slotKey][]stamped[figure], error) {
	stored := map[slotKey][]stamped[figure]{}
	first, last := slotRange(kpi.DateRange{From: date, To: date})
	for _, table := range []string{t.name + "_past", t.name} {
		err := w.versions("SELECT "+t.columns()+" FROM "+table+" WHERE k BETWEEN ? AND ? ORDER BY k", []driver.Value{int64(first), int64(last)}, func(v version) error {
			for _, f := range feeds {
				if t == partTable && f.partIDs.has(v.key.id()) || t == dayTable && f.ids.has(v.key.id()) {
					stored[v.key] = append(stored[v.key], v.stamped)
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return stored, nil
}

// settle turns what a table of sums holds into what is wanted, at the
// resolution that its past has, and returns the versions that change an answer
// and the sums that gave another one. What gives the same answers stays: where slots were thinned, it knows more
// exactly when a sum changed than they do.
func (w *writer) settle(ctx context.Context, t *table, stored, want map[slotKey][]stamped[figure], res resolutions) (put []version, differ []slotKey, err error) {
	var gone, add []past
	var newest []version
	var lost []slotKey
	row := func(k slotKey, s stamped[figure]) past { return past{version: version{k, s}} }
	for k, next := range want {
		next = res.thin(next)
		old, top := stored[k], next[len(next)-1]
		if res.alike(old, next) {
			continue
		}
		differ = append(differ, k)
		removed, changed := difference(old, next)
		for _, s := range changed {
			if was, known := asOf(old, res.next(s.at)); !known || was.value != s.value {
				put = append(put, version{k, s})
			}
		}
		if n := len(old); n > 0 && old[n-1] == top {
			old, next = old[:n-1], next[:len(next)-1]
		} else { // the newest rows differ: they are no part of the past
			newest, next = append(newest, version{k, top}), next[:len(next)-1]
			removed = append(removed, top.at)
			if n > 0 {
				old = old[:n-1]
			}
		}
		for _, at := range removed {
			gone = append(gone, row(k, stamped[figure]{at: at}))
		}
		_, changed = difference(old, next)
		for _, s := range changed {
			add = append(add, row(k, s))
		}
	}
	for k, old := range stored {
		if want[k] == nil {
			lost, differ = append(lost, k), append(differ, k)
			for _, s := range old {
				gone = append(gone, row(k, s))
			}
		}
	}
	if err := w.removePast(ctx, t, gone); err != nil {
		return nil, nil, err
	}
	if err := w.putPast(ctx, t, add); err != nil {
		return nil, nil, err
	}
	if err := w.putNewest(ctx, t, newest); err != nil {
		return nil, nil, err
	}
	return put, differ, w.bulk(ctx, "DELETE FROM "+t.name+" WHERE k IN (", ")", 1, len(lost), func(args []driver.Value, i int) []driver.Value { return append(args, int64(lost[i])) })
}
