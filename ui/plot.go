package ui

import (
	"math"
	"slices"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
)

// plot is everything a chart shows. Slots without a figure are NaN.
type plot struct {
	of      *figure
	now     []float64
	before  []float64   // what each slot is compared with; empty when nothing is
	young   []bool      // slots whose figure will still grow
	starts  []time.Time // of the slots
	was     []time.Time // of those compared with
	byHour  bool
	against snapshot.Comparison
	notes   []snapshot.Note
	cursor  int        // the slot that is read, -1 for none
	fixed   [2]float64 // bounds of the axis; equal: they follow the values
}

// plotOf makes the plot of a figure over a series.
func plotOf(s snapshot.Series, of *figure) plot {
	n := len(s.Slots)
	out := plot{of: of, byHour: s.ByHour, cursor: -1, now: make([]float64, 0, n), young: make([]bool, 0, n), starts: make([]time.Time, 0, n)}
	if len(s.Before) > 0 {
		out.before, out.was = make([]float64, 0, n), make([]time.Time, 0, n)
	}
	for _, slot := range s.Slots {
		out.now = append(out.now, out.value(slot))
		out.young = append(out.young, of.late && isYoung(slot.Figures))
		out.starts = append(out.starts, slot.Start)
	}
	for _, slot := range s.Before {
		out.before = append(out.before, out.value(slot))
		out.was = append(out.was, slot.Start)
	}
	if !slices.ContainsFunc(out.before, func(v float64) bool { return !math.IsNaN(v) }) {
		out.before, out.was = nil, nil
	}
	return out
}

// value is NaN for what is not known, and for what no chart can show.
func (pl *plot) value(s snapshot.Slot) float64 {
	v := pl.of.of(s.Figures)
	if !s.Figures.Known || !v.OK || math.IsInf(v.Value, 0) || math.Abs(v.Value) > 1e12 {
		return math.NaN()
	}
	return v.Value
}

// seriesOf makes a series of the last n days, with the n before them.
func seriesOf(days []snapshot.Day, n int, zone *time.Location) (s snapshot.Series) {
	n = min(n, len(days))
	s.Slots, s.Before = make([]snapshot.Slot, 0, n), make([]snapshot.Slot, 0, n)
	slot := func(d snapshot.Day) snapshot.Slot {
		return snapshot.Slot{Start: d.Date.Start(zone), Figures: d.Figures}
	}
	for i := len(days) - n; i < len(days); i++ {
		s.Slots = append(s.Slots, slot(days[i]))
		if i-n >= 0 {
			s.Before = append(s.Before, slot(days[i-n]))
		}
	}
	if len(s.Before) < n {
		s.Before = nil
	}
	return s
}

func (pl *plot) equal(o *plot) bool {
	same := func(a, b float64) bool { return a == b || (math.IsNaN(a) && math.IsNaN(b)) }
	return pl.of == o.of && pl.byHour == o.byHour && pl.against == o.against && pl.cursor == o.cursor && pl.fixed == o.fixed &&
		slices.EqualFunc(pl.starts, o.starts, time.Time.Equal) && slices.Equal(pl.young, o.young) && slices.Equal(pl.notes, o.notes) &&
		slices.EqualFunc(pl.now, o.now, same) && slices.EqualFunc(pl.before, o.before, same)
}

// isFixed says whether the axis has bounds of its own.
func (pl *plot) isFixed() bool { return pl.fixed[0] < pl.fixed[1] }

// bounds are the lowest and the highest value, zero and the fixed bounds
// taken into account; ok is false when there is no value at all.
func (pl *plot) bounds() (low, high float64, ok bool) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, series := range [][]float64{pl.now, pl.before} {
		for _, v := range series {
			if !math.IsNaN(v) {
				low, high, ok = min(low, v), max(high, v), true
			}
		}
	}
	if pl.isFixed() {
		return pl.fixed[0], pl.fixed[1], ok
	}
	return min(low, pl.of.zero), max(high, pl.of.zero), ok
}

// clamped is series within the fixed bounds.
func (pl *plot) clamped(series []float64) []float64 {
	if !pl.isFixed() {
		return series
	}
	out := make([]float64, len(series))
	for i, v := range series {
		out[i] = v
		if !math.IsNaN(v) {
			out[i] = min(max(v, pl.fixed[0]), pl.fixed[1])
		}
	}
	return out
}

// scale is a vertical axis whose rows stand for round numbers.
type scale struct {
	low, high, step float64
}

func (s scale) rows() int { return int(math.Round((s.high-s.low)/s.step)) + 1 }

// scaleFor finds the finest round step at which low..high fits into rows.
func scaleFor(low, high float64, rows int) scale {
	if high <= low {
		high = low + 1
	}
	base := math.Pow(10, math.Floor(math.Log10((high-low)/float64(rows))))
	for ; ; base *= 10 {
		for _, nice := range []float64{1, 1.5, 2, 2.5, 3, 4, 5, 6, 8} {
			s := scale{step: base * nice}
			s.low, s.high = math.Floor(low/s.step)*s.step, math.Ceil(high/s.step)*s.step
			if s.rows() <= rows {
				return s
			}
		}
	}
}

// stretch draws a series over width points. Between slots it is interpolated;
// every slot keeps its own value. With more slots than points, the slot of the
// largest value of each point is shown, so that no spike is lost.
func stretch(series []float64, width int) []float64 {
	n := len(series)
	out := make([]float64, width)
	if n > width {
		for x := range out {
			out[x] = largest(series[x*n/width : (x+1)*n/width])
		}
		return out
	}
	for x := range out {
		at := float64(x) * float64(n-1) / float64(max(1, width-1))
		i := min(int(at), n-1)
		j := min(i+1, n-1)
		part := at - float64(i)
		switch {
		case math.IsNaN(series[i]) || math.IsNaN(series[j]):
			out[x] = series[min(int(math.Round(at)), n-1)]
		default:
			out[x] = series[i] + part*(series[j]-series[i])
		}
	}
	return out
}

// largest is the value farthest from zero, NaN when there is none.
func largest(series []float64) float64 {
	out := math.NaN()
	for _, v := range series {
		if math.IsNaN(out) || math.Abs(v) > math.Abs(out) {
			out = v
		}
	}
	return out
}

// column is the point at which slot i stands, of so many points.
func (pl *plot) column(i, points int) int {
	n := len(pl.now)
	if n > points {
		return i * points / n
	}
	return int(math.Round(float64(i) * float64(points-1) / float64(max(1, n-1))))
}

// slot is the slot nearest to a point.
func (pl *plot) slot(x, points int) int {
	n := len(pl.now)
	if n > points {
		return min(x*n/max(1, points), n-1)
	}
	return min(int(math.Round(float64(x)*float64(n-1)/float64(max(1, points-1)))), n-1)
}

// notesAt finds the notes of a slot.
func (pl *plot) notesAt(i int) (out []snapshot.Note) {
	if pl.byHour || i < 0 || i >= len(pl.starts) {
		return nil
	}
	for _, n := range pl.notes {
		if n.Date == kpi.DateOf(pl.starts[i], pl.starts[i].Location()) {
			out = append(out, n)
		}
	}
	return out
}

// legend names the chart and its series; while a slot is read, it says what
// stands there.
func (pl *plot) legend(n numbers, currency kpi.Currency) string {
	title := pl.of.name
	if pl.of.unit == inMoney || pl.of.unit == inPrice {
		title += ", " + string(currency)
	}
	if i := pl.cursor; i >= 0 && i < len(pl.now) {
		title += " · " + pl.slotName(pl.starts[i]) + ": " + pl.write(n, pl.now[i])
		if pl.young[i] {
			title += " so far"
		}
		if i < len(pl.before) {
			title += " ┄ " + pl.slotName(pl.was[i]) + ": " + pl.write(n, pl.before[i])
		}
		return title
	}
	if pl.byHour {
		title += ", " + n.plural(len(pl.now), "hour")
	} else {
		title += ", " + n.plural(len(pl.now), "day")
	}
	if len(pl.before) > 0 {
		title += "  ┄ " + pl.against.Label()
	}
	if pl.of.zeroName != "" {
		title += "  ╌ " + pl.of.zeroName
	}
	if pl.isFixed() {
		title += "  = fixed axis"
	}
	return title
}

func (pl *plot) slotName(t time.Time) string {
	if pl.byHour {
		return t.Format("Mon 2 Jan 15:04")
	}
	return t.Format("Mon 2 Jan")
}

func (pl *plot) write(n numbers, v float64) string {
	return pl.of.write(n, kpi.Ratio{Value: v, OK: !math.IsNaN(v)}, 12)
}

// chartSeries is what the chart of the current screen shows.
func (a *app) chartSeries() snapshot.Series {
	days, series := a.snap.Days, a.snap.Series
	if a.place.screen == channel {
		s := a.subject()
		days, series = s.days, s.series
	}
	if len(series.Slots) > 0 {
		return series
	}
	return seriesOf(days, chartDays, a.zone())
}

// chartDays is how many days a chart shows of what has no series of its own.
const chartDays = 14

// chart is the plot of the current screen.
func (a *app) chart() plot {
	pl := plotOf(a.chartSeries(), charted[a.metric])
	for i, start := range pl.starts { // what is running still grows
		end := start.AddDate(0, 0, 1)
		if pl.byHour {
			end = start.Add(time.Hour)
		}
		pl.young[i] = pl.young[i] || end.After(a.snap.AsOf)
	}
	pl.against, pl.fixed, pl.cursor = a.snap.View.Against, a.fixed, min(a.reading, len(pl.now)-1)
	for _, n := range a.snap.Notes {
		if n.Channel != "" && a.place.screen == channel && n.Channel != a.place.channel || len(pl.starts) == 0 {
			continue
		}
		first, last := kpi.DateOf(pl.starts[0], a.zone()), kpi.DateOf(pl.starts[len(pl.starts)-1], a.zone())
		if n.Date >= first && n.Date <= last {
			pl.notes = append(pl.notes, n)
		}
	}
	return pl
}
