package storetest

import (
	"testing"
	"time"

	"adtop/kpi"
)

// pastInSeries commits a long past into a store that knows the present, two polls
// a day as a backfill of observations does: what the first one said is known from
// the first one on, and the second one, which says the same, changes nothing.
func pastInSeries(t *testing.T, f *fixture) {
	f.commit(batch(at(0), row("a", hour(today, 3), spent(1, 0, 0))))
	const series = 150 // days
	for d := today - series; d < today; d++ {
		for poll := range 2 {
			b := batch(at(0).AddDate(0, 0, int(d-today)).Add(time.Duration(poll)*time.Hour), row("a", hour(d, 0), spent(int64(d), 1, 9)), row("a", hour(d, 1), spent(5, 0, 0)))
			b.Query.Days = kpi.DateRange{From: d, To: d}
			if got := f.commit(b).Versions; len(got) != 2*(1-poll) {
				t.Fatalf("poll %d of day %d: %d versions", poll+1, d-today, len(got))
			}
		}
	}
}
