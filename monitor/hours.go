package monitor

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
	"adtop/sources"
)

// closeHours turns the sum of the last hours into figures. Fixed fees are
// spread over the hours of their day.
func (b *builder) closeHours(ch snapshot.Channel, sum kpi.Metrics, hours []kpi.Metrics, last time.Time, curve *maturity, asOf time.Time) (snapshot.Figures, error) {
	f := snapshot.Figures{Metrics: sum, Known: sum.Has != 0}
	if !f.Known {
		return f, nil
	}
	begins := hourBegins(last, b.o.Zone)
	for _, begin := range begins {
		fee, err := hourFee(ch.Economics, begin, b.o.Zone)
		if err == nil {
			f.Fees, err = f.Fees.Add(fee)
		}
		if err != nil {
			return f, err
		}
	}
	if curve != nil {
		f.Maturity = curve.ofHours(begins, hours, asOf)
	}
	return f, settle(&f, ch)
}

// hourBegins are the begins of the last dayHours hours in zone, oldest first;
// the newest is the one in which last lies.
func hourBegins(last time.Time, zone *time.Location) []time.Time {
	date, n := kpi.HourOf(last, zone)
	newest := sources.Slot{Date: date, Grain: sources.Hour, Hour: n}.Start(zone)
	begins := make([]time.Time, dayHours)
	for i := range begins {
		begins[i] = newest.Add(-time.Duration(dayHours-1-i) * time.Hour)
	}
	return begins
}

// hourFee is the part of the fixed fees that an hour of its day bears. Those of
// all hours of a day are exactly the day's.
func hourFee(e kpi.Economics, begin time.Time, zone *time.Location) (kpi.Micros, error) {
	date, n := kpi.HourOf(begin, zone)
	day, err := e.FixedFees(kpi.DateRange{From: date, To: date})
	hours := kpi.Micros(date.Hours(zone))
	return day*kpi.Micros(n+1)/hours - day*kpi.Micros(n)/hours, err
}

// ofHours returns the maturity of some hours, each weighing by its spend.
func (m maturity) ofHours(begins []time.Time, hours []kpi.Metrics, asOf time.Time) kpi.Ratio {
	if m.own {
		return kpi.Ratio{Value: 1, OK: true}
	}
	if len(m.curve) == 0 {
		return kpi.Ratio{}
	}
	var sum, weights float64
	for i, h := range hours {
		w := max(0, weight(h))
		sum, weights = sum+w*m.visible(asOf.Sub(begins[i])), weights+w
	}
	if weights == 0 {
		return kpi.Ratio{}
	}
	return kpi.Ratio{Value: sum / weights, OK: true}
}

// tellsHours says whether the source reports by the hour: orders count by it.
func (s Source) tellsHours() bool { return s.Definition.Events || s.Definition.Grain == sources.Hour }

// warnOfDays names the sources that have no part in a range by the hour.
func (b *builder) warnOfDays(s *snapshot.Snapshot, l *ledger, now *tally) {
	if !s.View.Range.ByHour() {
		return
	}
	for _, ch := range s.Channels {
		if ch.Economics.PayoutCap > 0 {
			l.warnings = append(l.warnings, fmt.Sprintf("%s: the last 24 hours are taken without the cap of its payouts, which is of whole days", ch.Name))
		}
	}
	silent := map[string]bool{}
	for _, src := range b.o.Sources {
		silent[src.Name] = !src.tellsHours()
	}
	for _, name := range now.deaf {
		silent[name] = true
	}
	maps.DeleteFunc(silent, func(_ string, silent bool) bool { return !silent })
	if len(silent) > 0 {
		l.warnings = append(l.warnings, fmt.Sprintf("the last 24 hours are without %s: whole days are all that is told there", strings.Join(slices.Sorted(maps.Keys(silent)), ", ")))
	}
}
