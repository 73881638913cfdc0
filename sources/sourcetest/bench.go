package sourcetest

import (
	"runtime"
	"testing"
	"time"
)

// Bench runs an adapter's decoder and a plain one (encoding/json or
// encoding/csv) over the same rows in turns, and reports the adapter's rows a
// second, its allocations a row, and under ratio ("x-of-json") how many times
// as fast as the plain one it is.
func Bench(b *testing.B, ratio string, rows int, adapter, plain func() error) {
	b.Helper()
	run := func(decode func() error) (time.Duration, uint64) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		began := time.Now()
		if err := decode(); err != nil {
			b.Fatal(err)
		}
		took := time.Since(began)
		runtime.ReadMemStats(&after)
		return took, after.Mallocs - before.Mallocs
	}
	var ours, theirs time.Duration
	var allocations uint64
	for b.Loop() {
		took, n := run(adapter)
		ours, allocations = ours+took, allocations+n
		took, _ = run(plain)
		theirs += took
	}
	total := float64(rows) * float64(b.N)
	b.ReportMetric(total/ours.Seconds(), "rows/s")
	b.ReportMetric(float64(allocations)/total, "allocs/row")
	b.ReportMetric(theirs.Seconds()/ours.Seconds(), ratio)
}
