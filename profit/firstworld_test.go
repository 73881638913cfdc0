package profit

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// measured is what the naive rules A, B and C did on the world in which the
// detector was chosen: another implementation of the same description.
type measured struct {
	perDay     float64
	fine, thin [3]float64    // merged false alarms per channel-month at 1.5× and 1.15×
	hours      [4][3]float64 // median hours to the alert after a fall to 0.8×, 0.6×, 0.3× and 0
}

var firstWorld = []measured{
	{2, [3]float64{7.08, 4.78, 7.45}, [3]float64{5.92, 3.82, 5.82},
		[4][3]float64{{12, 24, 13}, {13, 25, 12.5}, {13, 17, 13}, {12.5, 14.5, 11}}},
	{10, [3]float64{3.28, 5.13, 7.85}, [3]float64{2.08, 4.07, 5.29},
		[4][3]float64{{6, 22, 14}, {5, 24, 11}, {6, 19, 11}, {4, 20, 9.5}}},
	{50, [3]float64{2.06, 3.94, 8.04}, [3]float64{0.79, 3.77, 4.52},
		[4][3]float64{{3.5, 23, 11.5}, {3.5, 25, 13}, {4, 19.5, 9.5}, {2.5, 15, 6}}},
	{300, [3]float64{0.64, 1.95, 6.29}, [3]float64{0.35, 3.21, 3.14},
		[4][3]float64{{2.1, 24, 11.1}, {2.2, 22, 9.2}, {3.1, 16.1, 7.6}, {1.8, 11, 6.2}}},
}

// known are the figures that differ by more, with the reason.
var known = map[string]string{
	"TestWorldIsAsHardAsTheFirst/50_a_day A false alarms at 1.5x": "1.4 for 2.1: most channels are red every day, and what is left to count after merging is how often a whole day is not; single alarms (54 for 55) and time (63% for 59%) agree",
	"TestWorldIsAsHardAsTheFirst/50_a_day C to dead":              "9.6 h for 6.0 h where all other delays of C agree: the clock of spend there is not described to the hour",
}

// TestWorldIsAsHardAsTheFirst: the naive rules do here, within 25% and the
// noise of both samples, what they did there.
func TestWorldIsAsHardAsTheFirst(t *testing.T) {
	s := size{12, 60, 40}
	switch {
	case *grid:
		s = size{180, 60, 200}
	case testing.Short():
		s = size{4, 60, 12}
	}
	for _, m := range firstWorld {
		t.Run(fmt.Sprintf("%g a day", m.perDay), func(t *testing.T) { compare(t, m, s) })
	}
}

func compare(t *testing.T, m measured, s size) {
	world := func(seed uint64, days int, sc scenario) *world { return blindWorld(seed, m.perDay, days, sc) }
	near := func(what string, got, low, high, want float64) {
		line := fmt.Sprintf("%s: %.2f [%.2f, %.2f], there %.2f", what, got, low, high, want)
		if outside := low > want*1.25 || high < want/1.25; outside && known[t.Name()+" "+what] == "" {
			t.Error(line)
		} else {
			t.Log(line)
		}
	}
	for _, level := range []float64{1.5, 1.15} {
		for i, got := range falseAlarms(world, benchStationary+uint64(1000*level), at(level), s, naive) {
			low, high := got.interval()
			want := m.fine[i]
			if level < 1.5 {
				want = m.thin[i]
			}
			near(fmt.Sprintf("%s false alarms at %gx", naive()[i].name, level), got.rate(), low, high, want)
		}
	}
	for j, want := range m.hours {
		for i, got := range reactionsTo(world, benchChanges, s.changes, changes[j], naive) {
			low, high := medianInterval(got.hours)
			near(naive()[i].name+" to "+changes[j].name, median(got.hours), low, high, want[i])
		}
	}
}

// medianInterval holds the median of what x is drawn from with 95%.
func medianInterval(x []float64) (low, high float64) {
	x = slices.Sorted(slices.Values(x))
	n := float64(len(x))
	if n < 6 {
		return 0, math.Inf(1)
	}
	at := func(i float64) float64 { return x[min(max(0, int(i)), len(x)-1)] }
	return at(n/2 - 0.98*math.Sqrt(n) - 1), at(math.Ceil(n/2 + 0.98*math.Sqrt(n)))
}
