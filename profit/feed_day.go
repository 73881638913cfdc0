package profit

// A day total says when it grew: between which polls. Its growth within the day
// counts for the hour in which it arrived, against what all earlier clicks of
// the day should have brought in that hour; growth after midnight is shared
// among the hours by what each still had to bring. The sums are those of the
// day, but a change in the middle of it shows.

func (d *Detector) dueByDay(from, to, slow int) {
	if from >= to {
		return
	}
	for _, t := range d.resultsTotals.overlapping(d.hours[from].start, d.hours[to-1].end) {
		first, last := d.at(t.from), d.at(t.to-1)+1
		var spend [27]float64
		n := min(last-first, len(spend))
		for j := range n {
			h := &d.hours[first+j]
			spend[j] = d.fullSpend(h) / d.refAOV * d.season.at(h)
		}
		after, sumAfter := d.lateShares(&t, first, spend[:n], slow)
		for j := range n {
			h := &d.hours[first+j]
			if first+j < from || first+j >= to || !d.known(h) {
				continue
			}
			seen := h.n
			if sumAfter > 0 {
				seen += t.late * after[j] / sumAfter
			}
			x := d.arriving(first, spend[:j+1], h.start, min(h.end, d.resultsThrough), slow)
			d.add(first+j, seen, x+after[j])
		}
	}
}

// arriving is how many conversions of the clicks of the hours from first on
// should become visible in the ticks (from, to].
func (d *Detector) arriving(first int, spend []float64, from, to, slow int) float64 {
	x := 0.0
	for j, s := range spend {
		start := d.hours[first+j].start
		x += s * (d.curve.share((to-start)/slow) - d.curve.share((from-start)/slow))
	}
	return x
}

// lateShares is what each hour of a total should have brought since its end.
func (d *Detector) lateShares(t *total, first int, spend []float64, slow int) (after [27]float64, sum float64) {
	if d.resultsThrough <= t.to {
		return after, 0
	}
	for j := range spend {
		after[j] = d.arriving(first+j, spend[j:j+1], t.to, d.resultsThrough, slow)
		sum += after[j]
	}
	return after, sum
}

// spreadArrivals shares the growth of a total since the tick since among the
// hours in which it should have arrived, and the time after the day.
func (d *Detector) spreadArrivals(t *total, first, last, since, now int) {
	var spend [27]float64
	last = min(last, first+len(spend))
	for j := first; j < last; j++ {
		spend[j-first] = d.fullSpend(&d.hours[j]) * d.season.at(&d.hours[j])
	}
	n := t.pending - t.counted
	if since >= t.to {
		t.late += n
		d.noteArrival(t, since, now, n)
		return
	}
	var weight [27]float64
	sum, after := 0.0, 0.0
	for j := first; j < last; j++ {
		h := &d.hours[j]
		if a, b := max(h.start, since), min(h.end, now); a < b {
			weight[j-first] = d.arriving(first, spend[:j-first+1], a, b, 1)
			sum += weight[j-first]
		}
	}
	if now > t.to {
		after = d.arriving(first, spend[:last-first], t.to, now, 1)
		sum += after
	}
	if sum <= 0 {
		d.hours[d.at(min(now, t.to)-1)].n += n
		return
	}
	for j := first; j < last; j++ {
		d.hours[j].n += n * weight[j-first] / sum
	}
	t.late += n * after / sum
	d.noteArrival(t, since, now, n)
}

// noteArrival keeps growth for the curve, unless the poll before was too long
// ago to say when it came.
func (d *Detector) noteArrival(t *total, from, to int, n float64) {
	if n == 0 || d.channel != nil {
		return
	}
	if to-from > max(hourTicks, (to-t.from)/3) {
		t.curveKnows = true // with a part missing, the rest would mislead
		return
	}
	t.arrivals = append(t.arrivals, arrival{from, to, n})
}

// learnArrivals takes totals that are final by tick now into the delay curve
// and the season of hours: each arrival is shared among the hours and ages it
// may stem from, by how likely each was so far.
func (d *Detector) learnArrivals(now int) {
	learnt := false
	for i := range d.resultsTotals {
		t := &d.resultsTotals[i]
		if t.curveKnows || !t.seen || t.to+mature > now {
			continue
		}
		t.curveKnows, learnt = true, true
		d.learnTotal(t)
		t.arrivals = nil
	}
	if learnt {
		d.curve.learnBins()
	}
}

func (d *Detector) learnTotal(t *total) {
	first, last := d.at(t.from), d.at(t.to-1)+1
	spend, sum := 0.0, 0.0
	for j := first; j < last; j++ {
		spend += d.hours[j].spend
	}
	if spend <= 0 {
		return
	}
	var weight [27][nKnots]float64
	last = min(last, first+len(weight))
	for _, a := range t.arrivals {
		sum = 0
		for j := first; j < last; j++ {
			h := &d.hours[j]
			sum += d.binWeights(a.from-h.start, a.to-h.start, h.spend*d.season.clock[h.clock], &weight[j-first])
		}
		if sum <= 0 {
			continue
		}
		for j := first; j < last; j++ {
			for b, w := range weight[j-first] {
				d.curve.allocated[b] += a.n * w / sum
				d.season.clockSeen[d.hours[j].clock] += a.n * w / sum
			}
		}
	}
	for j := first; j < last; j++ {
		d.season.clockDue[d.hours[j].clock] += t.counted * d.hours[j].spend / spend
	}
}

// binWeights is how likely conversions of an hour fall at ages (from, to] into
// each bin between knots, times scale.
func (d *Detector) binWeights(from, to int, scale float64, weights *[nKnots]float64) (sum float64) {
	low := 0
	for b, high := range knots {
		part := d.curve.share(min(to, high)) - d.curve.share(max(from, low))
		if from >= high || to <= low {
			part = 0
		}
		weights[b] = scale * part
		sum += weights[b]
		low = high
	}
	return sum
}
