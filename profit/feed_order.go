package profit

// An order's hour says nothing about the hour of its click. What is due in an
// hour is what the spend of the seven days before, by the delay curve, should
// bring in it; what is seen of an hour is final at once.

const tailHours = 168 // after which a click brings nothing more

func (d *Detector) dueByOrder(from, to int) {
	due := d.orderDue(from, to, d.resultsThrough)
	for i := from; i < to; i++ {
		if h := &d.hours[i]; d.known(h) {
			d.add(i, h.n, due[i-from]/d.refAOV*d.season.at(h))
		}
	}
}

// orderDue is the spend whose orders fall into each hour of [from, to), of the
// running hour only those until tick now.
func (d *Detector) orderDue(from, to, now int) []float64 {
	first := max(0, from-tailHours)
	spend := make([]float64, to-first)
	for i := range spend {
		spend[i] = d.fullSpend(&d.hours[first+i])
	}
	var weight [tailHours + 1]float64
	for k := range weight {
		weight[k] = d.curve.share(hourTicks*(k+1)) - d.curve.share(hourTicks*k)
	}
	due := make([]float64, to-from)
	for i := from; i < to; i++ {
		h := &d.hours[i]
		passed := min(h.end, now) - h.start
		if passed <= 0 {
			continue
		}
		sum, past := 0.0, spend[max(0, i-first-tailHours):i-first+1]
		for j, s := range past {
			k := len(past) - 1 - j
			if passed < hourTicks {
				s *= d.curve.share(hourTicks*k+passed) - d.curve.share(hourTicks*k)
			} else {
				s *= weight[k]
			}
			sum += s
		}
		// Clicks from before the history began are assumed to be like the rest.
		due[i-from] = sum / max(0.5, d.curve.share(hourTicks*len(past)))
	}
	return due
}
