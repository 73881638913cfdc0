package profit

// step is what one hour says about the level: n conversions seen where x would
// be due by now at break-even (at refAOV).
type step struct {
	hour int     // index
	dt   float64 // hours of it that have passed
	n, x float64
}

// due lists the steps of the hours [from, to) that both sides know and in which
// something was due. slow divides ages: 2 asks what if conversions came half as
// fast. The result is valid until the next call, of a campaign of the channel too.
func (d *Detector) due(from, to int, slow int) []step {
	*d.steps = (*d.steps)[:0]
	if d.refAOV <= 0 {
		return *d.steps
	}
	switch d.params.Feed {
	case ByDay:
		d.dueByDay(from, to, slow)
	case ByOrder:
		d.dueByOrder(from, to)
	default:
		d.dueByClick(from, to, slow)
	}
	return *d.steps
}

// known says whether an hour can be judged: its spend and results were seen and
// it had begun by the watermark.
func (d *Detector) known(h *hour) bool {
	return h.hasSpend && h.hasResults && h.start < d.watermark()
}

func (d *Detector) add(i int, n, x float64) {
	if x <= 0 {
		return // without spend nothing is learnt
	}
	h := &d.hours[i]
	dt := float64(min(h.end, d.watermark())-h.start) / hourTicks
	*d.steps = append(*d.steps, step{i, dt, n, x})
}

// fullSpend is an hour's spend; of the running hour, what it comes to if it
// goes on like this.
func (d *Detector) fullSpend(h *hour) float64 {
	if passed := d.spendThrough - h.start; 0 < passed && passed < h.end-h.start {
		return h.spend * float64(h.end-h.start) / float64(passed)
	}
	return h.spend
}

func (d *Detector) dueByClick(from, to, slow int) {
	for i := from; i < to; i++ {
		h := &d.hours[i]
		if !d.known(h) {
			continue
		}
		share := d.curve.share((d.resultsThrough - h.start) / slow)
		d.add(i, h.n, d.fullSpend(h)/d.refAOV*share*d.season.at(h))
	}
}
