package profit

import (
	"fmt"
	"testing"
)

// cellSeed is the first of the seeds of the cells. Nothing is tuned on them.
const cellSeed = 110000

// TestCellsOfTheGrid measures, with -grid alone, what the samples of the other
// gates are too small to tell: feeds by day and by order at volumes that few
// months say little of, clock changes and restated currencies at high volume,
// slow drift, and channels that fell and are still fine. A gate is missed when
// even the better end of the interval lies beyond it; one within the interval is
// logged.
func TestCellsOfTheGrid(t *testing.T) {
	if !*grid {
		t.Skip("takes an hour: -grid")
	}
	for _, feed := range []Feed{ByDay, ByOrder} {
		for _, g := range []gate{gates[0], gates[2]} {
			t.Run(fmt.Sprintf("%s %g a day", feedName[feed], g.perDay), func(t *testing.T) { wholeCell(t, g, feed) })
		}
		for _, u := range unusuals() {
			switch u.name {
			case "spring clock change", "autumn clock change", "currency restated by 3%":
				t.Run(u.name+" "+feedName[feed], func(t *testing.T) {
					for _, f := range []struct{ level, most float64 }{{1.5, gates[3].fine}, {1.15, gates[3].thin}} {
						alarmCell(t, strange(u.nature, 300, feed), at(f.level), size{channels: 32, days: 28}, fmt.Sprintf("%.2fx", f.level), f.most)
					}
				})
			}
		}
	}
	t.Run("slow drift 300 a day", func(t *testing.T) { delayCell(t, usual(300, ByClickHour), changes[5], 120, gates[3].hours["drift"]) })
	for _, g := range gates[:3] {
		t.Run(fmt.Sprintf("3x to 1.5x %g a day", g.perDay), func(t *testing.T) {
			alarmCell(t, usual(g.perDay, ByClickHour), fromThrice, size{channels: 240, days: 14}, "3x to 1.5x", g.halved)
		})
	}
}

// wholeCell measures all gates of a feed and a volume.
func wholeCell(t *testing.T, g gate, feed Feed) {
	n := map[float64]int{2: 90, 50: 50}[g.perDay]
	world := usual(g.perDay, feed)
	alarmCell(t, world, at(1.5), size{channels: n, days: 60}, "1.50x", g.fine)
	alarmCell(t, world, at(1.15), size{channels: n, days: 60}, "1.15x", g.thin)
	alarmCell(t, world, fromThrice, size{channels: 2 * n, days: 14}, "3x to 1.5x", g.halved)
	for _, c := range changes {
		if most := g.hours[c.name]; most > 0 {
			delayCell(t, world, c, 100, most*slack[feed])
		}
	}
}

func alarmCell(t *testing.T, world maker, sc scenario, s size, name string, most float64) {
	t.Helper()
	got := falseAlarms(world, cellSeed, sc, s, alarm)[0]
	low, _ := got.interval()
	t.Logf("%s %s: false alarms %s in %.0f months, gate %.2f%s", t.Name(), name, episodes(got), got.months, most, beyond(got.rate(), most))
	if low > most {
		t.Errorf("%s: %.2f false alarms a channel-month, gate %.2f", name, got.rate(), most)
	}
}

func delayCell(t *testing.T, world maker, c change, n int, most float64) {
	t.Helper()
	got := reactionsTo(world, cellSeed+5000, n, c, alarm)[0]
	low, high := medianInterval(got.hours)
	t.Logf("%s %s: median %s h [%s, %s], p90 %s, %.0f%% missed, n=%d, gate %.1f%s", t.Name(), c.name, short(median(got.hours)), short(low), short(high),
		short(quantile(got.hours, 0.9)), 100*got.missedShare(), len(got.hours), most, beyond(median(got.hours), most))
	if low > most {
		t.Errorf("%s: median %.1f h, gate %.1f", c.name, median(got.hours), most)
	}
}

func beyond(got, most float64) string {
	if got > most {
		return ": BEYOND IT"
	}
	return ""
}
