package profit

import (
	"maps"
	"slices"
	"time"
)

// poll lets the world go on to its next poll and hands what that brings to the
// detector.
func (w *world) poll() {
	if w.channel != nil {
		w.channel.poll()
	}
	w.tick += w.step
	if w.missing > 0 && w.chance.Float64() < w.missing {
		return
	}
	at := timeOf(w.start + w.tick)
	w.pollSpend(at)
	if !w.silent() {
		w.pollResults(at)
	}
	if w.det != nil {
		w.det.Advance(at, timeOf(w.start+w.resultsTick))
	}
}

// silent says whether the results' feed is down: from a Wednesday morning on.
func (w *world) silent() bool {
	hour := w.tick / hourTicks % 168
	return hour >= 56 && float64(hour) < 56+w.outage
}

func (w *world) pollSpend(at time.Time) {
	before := w.spendTick
	w.spendTick = w.tick
	if w.det == nil {
		return
	}
	if w.whole {
		w.pollWholeSpend(at)
		return
	}
	from := before / hourTicks
	if w.restated > 0 { // until noon the day before is provisional too
		from = max(0, from-36)
	}
	for h := from; h*hourTicks < w.tick; h++ {
		w.det.Observe(Observation{At: at, Start: timeOf(w.start + h*hourTicks), Length: time.Hour,
			Spend: w.spent(h) * w.rate(h), HasSpend: true})
	}
}

// spent is the spend of an hour until now.
func (w *world) spent(h int) float64 {
	return w.spend[h] * min(1, float64(w.tick-h*hourTicks)/hourTicks)
}

// rate is the currency rate of an hour's day over the final one.
func (w *world) rate(h int) float64 {
	if noon := (w.hourOf(w.day[h]+1) + 12) * hourTicks; w.restated == 0 || w.tick >= noon {
		return 1
	}
	return w.rates[w.day[h]]
}

// hourOf is the first hour of a local day.
func (w *world) hourOf(day int) int {
	h := min(max(0, day*24-2), len(w.day)-1)
	for h < len(w.day) && w.day[h] < day {
		h++
	}
	return h
}

// pollWholeSpend reports spend as totals of today and yesterday.
func (w *world) pollWholeSpend(at time.Time) {
	today := w.day[(w.tick-1)/hourTicks]
	for day := max(0, today-1); day <= today; day++ {
		from, to := w.hourOf(day), w.hourOf(day+1)
		sum := 0.0
		for h := from; h < to && h*hourTicks < w.tick; h++ {
			sum += w.spent(h)
		}
		w.det.Observe(Observation{At: at, Start: timeOf(w.start + from*hourTicks), Length: time.Duration(to-from) * time.Hour, Spend: sum, HasSpend: true})
	}
}

func (w *world) pollResults(at time.Time) {
	before := w.resultsTick
	w.resultsTick = w.tick
	touched := map[int]bool{}
	for h := before / hourTicks; h*hourTicks < w.tick; h++ {
		if w.feed == ByDay {
			touched[w.day[h]] = true
		} else {
			touched[h] = true
		}
	}
	for ; w.next < len(w.orders) && w.orders[w.next].visible <= w.tick; w.next++ {
		o := w.orders[w.next]
		w.n[o.cohort] += o.n
		w.v[o.cohort] += o.value
		w.clickN[o.click] += o.n
		w.clickV[o.click] += o.value
		touched[o.cohort] = true
	}
	if w.det == nil {
		return
	}
	for _, c := range slices.Sorted(maps.Keys(touched)) {
		from, to := c, c+1
		if w.feed == ByDay {
			from, to = w.hourOf(c), w.hourOf(c+1)
		}
		w.det.Observe(Observation{At: at, Start: timeOf(w.start + from*hourTicks), Length: time.Duration(to-from) * time.Hour,
			Conversions: w.n[c], Value: w.v[c], HasResults: true})
	}
}

// warm runs the world to the end of its warm-up.
func (w *world) warm() {
	for w.tick < warmUp*dayTicks {
		w.poll()
	}
}

// hour is hours since the warm-up ended.
func (w *world) hour() float64 { return float64(w.tick-warmUp*dayTicks) / hourTicks }
