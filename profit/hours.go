package profit

import (
	"slices"
	"sort"
	"time"

	"adtop/kpi"
)

// tick is the detector's unit of time. No zone is off UTC by less.
const (
	tick      = 15 * time.Minute
	hourTicks = 4
	dayTicks  = 24 * hourTicks
)

func tickOf(t time.Time) int {
	s := t.Unix()
	if s <= 0 {
		return 0 // no time at all
	}
	return int(s / int64(tick/time.Second))
}

func timeOf(ticks int) time.Time { return time.Unix(int64(ticks)*int64(tick/time.Second), 0).UTC() }

// memory is how long hours are kept, in ticks. A channel counts its days again
// after four weeks. A campaign learns nothing from them: it keeps those that its
// evidence is read from, and with orders the clicks that those come from.
func (d *Detector) memory() int {
	switch {
	case d.channel == nil:
		return (laterDays + 3) * dayTicks
	case d.params.Feed == ByOrder:
		return (evidenceDays+1)*dayTicks + tailHours*hourTicks
	}
	return (evidenceDays + 1) * dayTicks
}

// hour is what is known of one real hour of a local day. There are hundreds of
// thousands of them where many campaigns are followed.
type hour struct {
	*clockHour
	trace *trace // what the curve has seen of it; nil before, and of a campaign

	spend, n, value      float64
	hasSpend, hasResults bool
	backfill             bool // results were first seen long after
	spread               bool // results are a share of a day total, told by no poll
}

// clockHour is when an hour is; a channel's campaigns share its. A last half
// hour, where a zone changes its clock by thirty minutes, counts as one.
type clockHour struct {
	start, end int // ticks
	date       kpi.Date
	clock      int8 // hour of the wall clock, 0..23
	ordinal    int8 // real hours since the day began
}

// cover makes sure that the local days of [from, to) and all days between them
// and the hours known are there.
func (d *Detector) cover(from, to time.Time) {
	first := kpi.DateOf(from, d.params.Zone)
	last := kpi.DateOf(to.Add(-time.Nanosecond), d.params.Zone)
	if !d.begun {
		d.hours = d.appendDay(d.hours, first)
		d.begun = true
	}
	for next := d.hours[len(d.hours)-1].date + 1; next <= last; next++ {
		d.hours = d.appendDay(d.hours, next)
	}
	if known := d.hours[0].date; first < known {
		var earlier []hour
		for ; first < known; first++ {
			earlier = d.appendDay(earlier, first)
		}
		d.hours = slices.Insert(d.hours, 0, earlier...)
	}
}

func (d *Detector) appendDay(hours []hour, date kpi.Date) []hour {
	if d.channel != nil {
		if from, to := d.channel.day(date); from < to {
			for _, h := range d.channel.hours[from:to] {
				hours = append(hours, hour{clockHour: h.clockHour})
			}
			return hours
		}
	}
	zone := d.params.Zone
	start, end := tickOf(date.Start(zone)), tickOf(date.End(zone))
	for i := 0; start < end; i++ {
		hours = append(hours, hour{clockHour: &clockHour{
			start: start, end: min(start+hourTicks, end), date: date,
			clock: int8(timeOf(start).In(zone).Hour()), ordinal: int8(i),
		}})
		start += hourTicks
	}
	return hours
}

// at returns the index of the hour that holds tick t, the nearest one when t
// is outside of what is known.
func (d *Detector) at(t int) int {
	i := sort.Search(len(d.hours), func(i int) bool { return d.hours[i].end > t })
	return min(i, len(d.hours)-1)
}

// day returns the range [from, to) of the hours of a local day, empty when it
// is not known.
func (d *Detector) day(date kpi.Date) (from, to int) {
	from = sort.Search(len(d.hours), func(i int) bool { return d.hours[i].date >= date })
	to = from
	for to < len(d.hours) && d.hours[to].date == date {
		to++
	}
	return from, to
}

// forget drops what no computation reads any more.
func (d *Detector) forget() {
	keep := d.at(d.watermark() - d.memory())
	keep, _ = d.day(d.hours[keep].date)
	if keep == 0 || d.hours[keep].start > d.folded {
		return
	}
	for _, h := range d.hours[:keep] {
		d.pastSpend += h.spend
	}
	d.hours = trimmed(slices.Delete(d.hours, 0, keep))
	d.spendTotals.forget(d.hours[0].start)
	d.resultsTotals.forget(d.hours[0].start)
}

// trimmed gives back the room of what was deleted, where it is much.
func trimmed[T any](s []T) []T {
	if cap(s) > len(s)+len(s)/2 {
		return slices.Clone(s)
	}
	return s
}

// watermark is the tick up to which both sides are complete.
func (d *Detector) watermark() int { return min(d.spendThrough, d.resultsThrough) }
