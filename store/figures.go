package store

import (
	"database/sql"
	"fmt"

	"adtop/kpi"
)

// metricColumns are the last columns of every table of figures.
const metricColumns = "has, impressions, clicks, cost, conversions, revenue"

const metricCount = 6

func metricArgs(args []any, m kpi.Metrics) []any {
	return append(args, int64(m.Has), m.Impressions, m.Clicks, int64(m.Cost), int64(m.Conversions), int64(m.Revenue))
}

// figures reads rows of integers that end with metricColumns. Scanning into
// interfaces spares the reflection that typed destinations cost, which is a
// fifth of an unchanged poll.
type figures struct{ values, dests []any }

// newFigures is for rows with a number of columns before the metrics: key and
// instant, or key, instant and whole.
func newFigures(before int) *figures {
	n := before + metricCount
	f := &figures{make([]any, n), make([]any, n)}
	for i := range f.values {
		f.dests[i] = &f.values[i]
	}
	return f
}

func (f *figures) scan(rows *sql.Rows) error {
	if err := rows.Scan(f.dests...); err != nil {
		return err
	}
	for i, value := range f.values {
		if _, ok := value.(int64); !ok {
			return fmt.Errorf("%w: column %d of the figures is %v", ErrCorrupt, i, value)
		}
	}
	return nil
}

func (f *figures) metrics() kpi.Metrics {
	m := f.values[len(f.values)-metricCount:]
	return kpi.Metrics{
		Has: kpi.Fields(m[0].(int64)), Impressions: m[1].(int64), Clicks: m[2].(int64),
		Cost: kpi.Micros(m[3].(int64)), Conversions: kpi.Micros(m[4].(int64)), Revenue: kpi.Micros(m[5].(int64)),
	}
}

func (f *figures) version() version {
	return version{slotKey(f.values[0].(int64)), stamped[kpi.Metrics]{instant(f.values[1].(int64)), f.metrics()}}
}

func (f *figures) dayTotal() dayTotal {
	return dayTotal{dayKey(f.values[0].(int64)), instant(f.values[1].(int64)), f.values[2].(int64) != 0, f.metrics()}
}
