package store

import (
	"cmp"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"adtop/kpi"
	"adtop/sources"
)

// dayTotal is the total of one entity and day.
type dayTotal struct {
	key     dayKey
	at      instant
	whole   bool // a day slot's, not a sum of hours
	metrics kpi.Metrics
}

// add takes a part in: the day slot stands for the whole day, hours are summed
// while there is none.
func (t *dayTotal) add(slot sources.Slot, at instant, m kpi.Metrics) (err error) {
	switch {
	case slot.Grain == sources.Day:
		t.at, t.whole, t.metrics = at, true, m
	case !t.whole:
		t.at = max(t.at, at)
		t.metrics, err = t.metrics.Add(m)
	}
	return err
}

// rollUp brings the totals of the days that the commit touched up to date.
// Where every part only grew or changed in value, the difference is added;
// otherwise the total is summed anew.
func (c *commit) rollUp() error {
	slices.SortFunc(c.turned, func(a, b turn) int {
		return cmp.Or(cmp.Compare(a.key.day(), b.key.day()), cmp.Compare(a.key, b.key))
	})
	var totals []dayTotal
	for i := 0; i < len(c.turned); {
		date := c.turned[i].key.slot().Date
		j := i + 1
		for j < len(c.turned) && c.turned[j].key.slot().Date == date {
			j++
		}
		var err error
		if totals, err = c.rollUpDate(totals, c.turned[i:j]); err != nil {
			return err
		}
		i = j
	}
	for day := range c.rebuild {
		total, err := c.w.sumDay(day)
		if err != nil {
			return fmt.Errorf("total of %s: %w", day.date(), err)
		}
		totals = append(totals, total)
	}
	return c.w.bulk(c.ctx, "INSERT OR REPLACE INTO entity_day", 9, len(totals), func(args []any, i int) []any {
		t := totals[i]
		return metricArgs(append(args, int64(t.key), int64(t.at), t.whole), t.metrics)
	})
}

// rollUpDate appends the new totals of one date, whose turns are in the order
// of entities.
func (c *commit) rollUpDate(totals []dayTotal, turned []turn) ([]dayTotal, error) {
	stored, err := c.w.dayTotals(turned[0].key.day(), turned[len(turned)-1].key.day())
	if err != nil {
		return nil, err
	}
	for i := 0; i < len(turned); {
		day := turned[i].key.day()
		j := i + 1
		for j < len(turned) && turned[j].key.day() == day {
			j++
		}
		for len(stored) > 0 && stored[0].key < day {
			stored = stored[1:]
		}
		total := dayTotal{key: day}
		if len(stored) > 0 && stored[0].key == day {
			total = stored[0]
		}
		if total.apply(c.at, turned[i:j]) {
			totals = append(totals, total)
		} else {
			c.rebuild[day] = true
		}
		i = j
	}
	return totals, nil
}

// apply adds what the turns changed; it reports false where a difference does
// not tell the new total.
func (t *dayTotal) apply(at instant, turned []turn) bool {
	if last := turned[len(turned)-1]; last.key.slot().Grain == sources.Day {
		t.at, t.whole, t.metrics = at, true, last.new
		return true
	}
	if t.whole {
		return true
	}
	for _, turn := range turned {
		if turn.old.Has&^turn.new.Has != 0 {
			return false
		}
		difference := turn.new
		difference.Impressions -= turn.old.Impressions
		difference.Clicks -= turn.old.Clicks
		difference.Cost -= turn.old.Cost
		difference.Conversions -= turn.old.Conversions
		difference.Revenue -= turn.old.Revenue
		sum, err := t.metrics.Add(difference)
		if err != nil {
			return false
		}
		t.metrics = sum
	}
	t.at = max(t.at, at)
	return true
}

const selectDays = "SELECT k, at, whole, " + metricColumns + " FROM entity_day WHERE k BETWEEN ? AND ? ORDER BY k"

// dayTotals reads the stored totals from first to last.
func (w *writer) dayTotals(first, last dayKey) ([]dayTotal, error) {
	var totals []dayTotal
	row := newFigures(3)
	err := w.each(selectDays, []any{int64(first), int64(last)}, func(rows *sql.Rows) error {
		if err := row.scan(rows); err != nil {
			return err
		}
		totals = append(totals, row.dayTotal())
		return nil
	})
	return totals, err
}

var sumDayQuery = "SELECT k, at, " + metricColumns + " FROM latest WHERE k IN (?" + strings.Repeat(",?", 25) + ")"

// sumDay sums the newest versions of the slots of a day.
func (w *writer) sumDay(day dayKey) (dayTotal, error) {
	keys := make([]any, 0, 26)
	for _, slot := range slotsOf(kpi.DateRange{From: day.date(), To: day.date()}, sources.Hour) {
		keys = append(keys, int64(packSlot(slot, day.entity())))
	}
	keys = append(keys, int64(packSlot(sources.Slot{Date: day.date(), Grain: sources.Day}, day.entity())))
	total := dayTotal{key: day}
	row := newFigures(2)
	err := w.each(sumDayQuery, keys, func(rows *sql.Rows) error {
		if err := row.scan(rows); err != nil {
			return err
		}
		v := row.version()
		return total.add(v.key.slot(), v.at, v.value)
	})
	return total, err
}
