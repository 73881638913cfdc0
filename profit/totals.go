package profit

import "slices"

// total is a cohort longer than an hour, of which only the sum is known. What
// it grows by between two polls is shared among the hours in between.
type total struct {
	from, to int // ticks

	pending, counted    float64 // spend or conversions: as observed, and as shared among hours
	value, countedValue float64
	seen, shared        bool // pending was observed; counted stands for an earlier poll
	backfill            bool
	curveKnows          bool // it taught the curve, or never can

	late     float64   // conversions that arrived after to (ByDay)
	arrivals []arrival // growth between polls, for the curve (ByDay)
}

// arrival is growth of a total in the ticks (from, to].
type arrival struct {
	from, to int
	n        float64
}

// totals are in order of from.
type totals []total

// of returns the total of a cohort, which it adds when it is new.
func (ts *totals) of(from, to int) *total {
	i, found := slices.BinarySearchFunc(*ts, from, func(t total, from int) int { return t.from - from })
	if !found {
		*ts = slices.Insert(*ts, i, total{from: from, to: to})
	}
	return &(*ts)[i]
}

func (ts *totals) forget(before int) {
	*ts = trimmed(slices.DeleteFunc(*ts, func(t total) bool { return t.to <= before }))
}

// overlapping returns the totals that share time with [from, to).
func (ts totals) overlapping(from, to int) totals {
	i := len(ts)
	for i > 0 && ts[i-1].from >= to {
		i--
	}
	end := i
	for i > 0 && ts[i-1].to > from {
		i--
	}
	return ts[i:end]
}

// spreadSpend shares what day totals of spend grew by while their watermark
// went from before to now: evenly over the time, or, after the day, in
// proportion to what its hours have.
func (d *Detector) spreadSpend(before, now int) {
	for i := range d.spendTotals {
		t := &d.spendTotals[i]
		growth := t.pending - t.counted
		if !t.seen || t.from >= now || growth == 0 && before >= t.to {
			continue
		}
		from, to := max(t.from, before), min(t.to, now)
		if !t.shared {
			from = t.from
		}
		weight := func(h *hour) float64 { return float64(max(0, min(h.end, to)-max(h.start, from))) }
		if from >= to {
			weight = func(h *hour) float64 { return max(0, h.spend) }
		}
		t.counted, t.shared = t.pending, true
		first, last := d.at(t.from), d.at(min(t.to, now)-1)+1
		for j := first; j < last; j++ {
			d.hours[j].hasSpend = true
		}
		d.share(first, last, weight, func(h *hour, part float64) { h.spend += growth * part })
	}
}

// share hands each hour of [first, last) its part by weight; by length when no
// hour weighs anything.
func (d *Detector) share(first, last int, weight func(*hour) float64, give func(*hour, float64)) {
	sum := 0.0
	for j := first; j < last; j++ {
		sum += weight(&d.hours[j])
	}
	if sum <= 0 {
		weight = func(h *hour) float64 { return float64(h.end - h.start) }
		sum = 0
		for j := first; j < last; j++ {
			sum += weight(&d.hours[j])
		}
	}
	for j := first; j < last; j++ {
		give(&d.hours[j], weight(&d.hours[j])/sum)
	}
}

// spreadResults shares what day totals of results grew by while their watermark
// went from before to now.
func (d *Detector) spreadResults(before, now int) {
	for i := range d.resultsTotals {
		t := &d.resultsTotals[i]
		grown := t.pending != t.counted || t.value != t.countedValue
		if !t.seen || t.from >= now || !grown && before >= t.to {
			continue
		}
		since := max(t.from, before)
		if !t.shared {
			since = t.from
		}
		first, last := d.at(t.from), d.at(min(t.to, now)-1)+1
		for j := first; j < last; j++ {
			d.hours[j].hasResults = true
			d.hours[j].backfill = d.hours[j].backfill || t.backfill
		}
		d.spreadGrowth(t, first, last, since, now)
		t.counted, t.countedValue, t.shared = t.pending, t.value, true
	}
}

func (d *Detector) spreadGrowth(t *total, first, last, since, now int) {
	n, value := t.pending-t.counted, t.value-t.countedValue
	give := func(h *hour, part float64) {
		h.n += n * part
		h.value += value * part
	}
	switch d.params.Feed {
	case ByDay:
		d.spreadArrivals(t, first, last, since, now)
	case ByOrder:
		due := d.orderDue(first, last, now)
		d.share(first, last, func(h *hour) float64 {
			x := due[d.at(h.start)-first]
			if since < t.to {
				x *= float64(max(0, min(h.end, now)-max(h.start, since))) / float64(h.end-h.start)
			}
			return x
		}, give)
	default:
		for j := first; j < last; j++ {
			d.hours[j].spread = true
		}
		d.share(first, last, func(h *hour) float64 { return h.spend * d.season.at(h) }, give)
	}
}
