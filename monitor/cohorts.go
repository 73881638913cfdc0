package monitor

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"adtop/kpi"
	"adtop/profit"
	"adtop/sources"
	"adtop/store"
)

// weighed is one channel's detector and what it was told last.
type weighed struct {
	detector *profit.Detector
	spend    []string // names of the sources it stands on
	results  []string
	byEvent  bool // results are dated by themselves
	parts    map[store.Part]map[slotNumber]floats
	cohorts  map[cohortKey]*cohort
	touched  map[cohortKey]bool
	at       time.Time        // of what is touched
	written  store.Evaluation // the last one that was stored, but for its campaigns

	campaigns []*weighedCampaign // those that spent most, by spend
	told      []campaignVerdict  // what the last evaluation stored of them
	turn      int                // the campaign to weigh next
	reread    bool               // their figures are to be read anew
	elsewhere bool               // results of some come from another source than their spend
	zeroed    int64              // start of the last span of results that they know of, zeros included; Unix seconds

	// problem is what kept a recent figure from being weighed, such as a
	// missing rate, and problemOn the day on which it did.
	problem   error
	problemOn kpi.Date
}

// slotNumber is a slot in four bytes: a channel remembers those of evidenceDays,
// of every part.
type slotNumber int32

func numberOf(s sources.Slot) slotNumber {
	if s.Grain == sources.Day {
		return slotNumber(s.Date)*32 + 31
	}
	return slotNumber(s.Date)*32 + slotNumber(s.Hour)
}

func (n slotNumber) date() kpi.Date { return kpi.Date(n >> 5) }

type cohortKey struct {
	start   int64 // Unix seconds
	results bool  // spend and results may come at different grains
}

type cohort struct {
	floats
	seconds  int32 // its length
	backfill bool  // it was first seen long after its end
}

func (c *cohort) length() time.Duration { return time.Duration(c.seconds) * time.Second }

// floats are figures in units of the display currency, after economics: spend
// is the revenue that would break even, value is net of payouts. Claimed are
// conversions that a platform reports while another source's count.
type floats struct{ spend, clicks, conversions, value, claimed float64 }

// plus adds up, and minus takes the other away.
func (f floats) plus(g floats) floats {
	return floats{f.spend + g.spend, f.clicks + g.clicks, f.conversions + g.conversions, f.value + g.value, f.claimed + g.claimed}
}

func (f floats) minus(g floats) floats {
	return floats{f.spend - g.spend, f.clicks - g.clicks, f.conversions - g.conversions, f.value - g.value, f.claimed - g.claimed}
}

// tell notes one version. It reaches the detector with the poll that brought
// it. By hour and by day are two views of the same: a part is weighed by the
// grain of its source.
func (w *weigher) tell(v store.PartVersion) {
	index, ok := w.index[v.Part.Channel]
	account, listed := w.accounts[[2]string{v.Part.Source, v.Part.Account}]
	if !ok || !listed || v.Slot.Date < w.oldest || v.Slot.Grain != w.grain(v.Part.Source) {
		return
	}
	c := w.channels[index]
	if v.Part.Pending {
		w.pending[partKey{v.Part, v.Slot}] = v
	}
	f, err := w.value(index, account, v)
	if err != nil {
		if day := kpi.DateOf(v.At, account.Zone); day-v.Slot.Date < recentDays {
			c.problem, c.problemOn = err, day
		}
		return
	}
	if !c.at.Equal(v.At) {
		c.flush()
		c.at = v.At
	}
	slots := c.parts[v.Part]
	if slots == nil {
		slots = map[slotNumber]floats{}
		c.parts[v.Part] = slots
	}
	number := numberOf(v.Slot)
	before, known := slots[number]
	if known && before == f {
		return // told before, by the replay
	}
	slots[number] = f
	delta := f.minus(before)
	start, end := v.Slot.Start(account.Zone), v.Slot.End(account.Zone)
	if v.Part.Fields&(kpi.Cost|kpi.Clicks) != 0 {
		c.add(cohortKey{start.Unix(), false}, delta, end.Sub(start), v.At)
	}
	if v.Part.Fields&kpi.Conversions != 0 {
		c.add(cohortKey{start.Unix(), true}, delta, end.Sub(start), v.At)
	}
}

func (c *weighed) add(key cohortKey, delta floats, length time.Duration, at time.Time) {
	co := c.cohorts[key]
	if co == nil {
		end := time.Unix(key.start, 0).Add(length)
		co = &cohort{seconds: int32(length / time.Second), backfill: at.Sub(end) > backfilled}
		c.cohorts[key] = co
	}
	co.floats = co.plus(delta)
	c.touched[key] = true
}

// flush hands what is touched to the detector.
func (c *weighed) flush() {
	// Sums of floats depend on their order: a replay must give the same P.
	keys := slices.SortedFunc(maps.Keys(c.touched), func(a, b cohortKey) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(b2i(a.results), b2i(b.results)))
	})
	for _, key := range keys {
		co := c.cohorts[key]
		c.detector.Observe(profit.Observation{
			At: c.at, Start: time.Unix(key.start, 0).UTC(), Length: co.length(),
			Spend: co.spend, Conversions: co.conversions, Value: co.value,
			HasSpend: !key.results, HasResults: key.results,
			Backfill: co.backfill,
		})
		delete(c.touched, key)
	}
}

// zeros observes the hours that a poll covered and in which nothing happened:
// without an order there is no version of the hour, and the detector would
// take it for missing. Where the results tell what they cost, nothing was spent either.
func (c *weighed) zeros(p store.Poll, zone *time.Location, from kpi.Date) {
	if zone == nil || len(c.spend) == 0 {
		return
	}
	c.at = p.At
	slot := sources.Slot{Date: from, Grain: sources.Hour}
	for slot.Date <= p.Days.To && slot.Start(zone).Before(p.CompleteThrough) {
		start, end := slot.Start(zone), slot.End(zone)
		for _, results := range []bool{true, false} {
			key := cohortKey{start.Unix(), results}
			if c.cohorts[key] == nil && (results || slices.Contains(c.spend, p.Source)) {
				c.add(key, floats{}, end.Sub(start), p.At)
			}
		}
		if slot.Hour++; slot.Hour >= slot.Date.Hours(zone) {
			slot.Date, slot.Hour = slot.Date+1, 0
		}
	}
	c.flush()
}
