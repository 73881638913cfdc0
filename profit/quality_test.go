package profit

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

// Seeds of the bench. Nothing was tuned on them; tuning is done on 1..9999, the
// gates have 99000 on, the oracle's threshold is set on 41000 on.
const (
	benchStationary = 20000
	benchChanges    = 25000
)

// volumes are conversions a day at 1.5× break-even.
var volumes = []float64{2, 10, 50, 300}

func benchSize(perDay float64) size {
	full := map[float64]size{2: {180, 60, 200}, 10: {180, 60, 200}, 50: {90, 60, 150}, 300: {54, 60, 70}}[perDay]
	if *grid {
		return full
	}
	return size{full.channels / 4, 60, full.changes / 3}
}

// BenchmarkDetector measures the detector against the naive rules and the
// oracle and prints the table. With -grid the sizes are those of the first
// measurement (detection times 200, 200, 150, 70; 360 and 108 channel-months).
func BenchmarkDetector(b *testing.B) {
	for _, v := range volumes {
		b.Run(fmt.Sprintf("%g a day", v), func(b *testing.B) {
			for b.Loop() {
				fmt.Print(qualityTable(v, usual(v, ByClickHour), benchSize(v)))
			}
		})
	}
}

func contenders() []rule {
	return append(naive(), ladder("P>=.6", Watch), ladder("P>=.8", Alert), ladder("P>=.95", Act))
}

// qualityTable is the table of one volume.
func qualityTable(perDay float64, world maker, s size) string {
	var out strings.Builder
	fmt.Fprintf(&out, "\nV = %g conversions a day; %d channel-months a level, %d changes a regime\n", perDay, s.channels*s.days/30, s.changes)
	fmt.Fprintf(&out, "false episodes per channel-month, merged within 24 h [95%% interval] (raw) %% of time\n")
	fine := falseAlarms(world, benchStationary, at(1.5), s, contenders)
	thin := falseAlarms(world, benchStationary+1000, at(1.15), s, contenders)
	for i, r := range contenders() {
		fmt.Fprintf(&out, "%-8s 1.5x %s   1.15x %s\n", r.name, episodes(fine[i]), episodes(thin[i]))
	}
	fmt.Fprintf(&out, "%-11s%-8s%19s%19s%19s%9s%19s\n", "change", "rule", "hours: med (p90)", "due: med (p90)", "lost: med (p90)", "missed", "clear h: med (p90)")
	for _, c := range changes {
		rules := contenders
		if known := strings.HasSuffix(c.name, "x") || c.name == "dead"; known {
			o := newOracle(c.bad, perDay, size{channels: 2 * s.channels, days: 60})
			rules = func() []rule { return append(contenders(), o.rule()) }
		}
		got := reactionsTo(world, benchChanges, s.changes, c, rules)
		for i, r := range rules() {
			fmt.Fprintf(&out, "%-11s%-8s%s\n", c.name, r.name, got[i].row())
		}
	}
	return out.String()
}

func episodes(t tally) string {
	low, high := t.interval()
	return fmt.Sprintf("%5.2f [%.2f, %.2f] (%.2f) %4.1f%%", t.rate(), low, high, float64(t.raw)/t.months, 100*float64(t.firing)/float64(t.polls))
}

func (r *reactions) row() string {
	pair := func(x []float64) string {
		return fmt.Sprintf("%9s (%s)", short(median(x)), short(quantile(x, 0.9)))
	}
	return fmt.Sprintf("%19s%19s%19s%8.0f%%%19s   n=%d", pair(r.hours), pair(r.due), pair(r.loss), 100*r.missedShare(), pair(r.clear), len(r.hours))
}

func short(x float64) string {
	switch {
	case math.IsNaN(x):
		return "-"
	case math.IsInf(x, 1):
		return "never"
	case math.Abs(x) >= 20:
		return fmt.Sprintf("%.0f", x)
	}
	return fmt.Sprintf("%.1f", x)
}
