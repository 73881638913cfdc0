package monitor

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"adtop/kpi"
	"adtop/profit"
	"adtop/snapshot"
	"adtop/sources"
	"adtop/store"
)

// evidenceDays is how far back the detectors read: long enough to learn the
// delay curve and the season.
const evidenceDays = 70

// recentDays is how young a slot must be for the evidence to miss it.
const recentDays = 8

// backfilled is the age from which a slot's first figures count as history
// that was fetched later, and not as something that was watched arriving.
const backfilled = 48 * time.Hour

// weigher feeds the detectors of all channels with what was observed, in the
// order of its observation: live and in the replay at the start alike.
type weigher struct {
	o        *Options
	accounts map[[2]string]store.Account
	index    map[string]int // of channels, by name
	channels []*weighed
	rates    rates
	through  map[[2]string]time.Time // CompleteThrough by source and account
	pending  map[partKey]store.PartVersion
	fates    map[[2]string]fates     // of accounts, as of the instant that a replay ends with
	approval map[[2]string]*approval // as of the beginning of the day learnt
	learnt   kpi.Date                // in UTC
	listed   map[[2]string]bool      // accounts that are polled now
	oldest   kpi.Date                // slots before it are forgotten
	alarm    snapshot.Alarm          // in force, chosen on the day armed
	armed    kpi.Date

	most       int      // campaigns of a channel to weigh
	ranked     kpi.Date // the day on which they were chosen; 0 is never
	rankedAt   time.Time
	unranked   map[string]bool // sources of which campaigns have appeared since
	campaignOf map[store.EntityID]*weighedCampaign
	reached    map[[2]string]kpi.Date // the first day that was polled, by source and account
}

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

type partKey struct {
	part store.Part
	slot sources.Slot
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

func newWeigher(o *Options) *weigher {
	w := &weigher{o: o, accounts: map[[2]string]store.Account{}, index: map[string]int{}, through: map[[2]string]time.Time{},
		pending: map[partKey]store.PartVersion{}, fates: map[[2]string]fates{}, approval: map[[2]string]*approval{},
		most: maxWeighed, unranked: map[string]bool{}, reached: map[[2]string]kpi.Date{}}
	for i, ch := range o.Channels {
		w.index[ch.Name] = i
		w.channels = append(w.channels, &weighed{
			spend: ch.Spend, results: ch.resultSources(),
			parts: map[store.Part]map[slotNumber]floats{}, cohorts: map[cohortKey]*cohort{}, touched: map[cohortKey]bool{},
		})
		w.channels[len(w.channels)-1].open(o, ch)
	}
	return w
}

// refresh reads what changes seldom: accounts and rates.
func (w *weigher) refresh(ctx context.Context, now time.Time) error {
	accounts, err := w.o.Store.Accounts(ctx, now)
	if err != nil {
		return err
	}
	if w.listed, err = listed(ctx, w.o, accounts); err != nil {
		return err
	}
	for _, a := range accounts {
		w.accounts[[2]string{a.Source, a.ID}] = a
	}
	stored, err := w.o.Store.Rates(ctx, now)
	w.rates = newRates(w.o.Currency, slices.Concat(stored, w.o.Rates)) // those of the config count also for a past before it
	return err
}

// replay tells the detectors everything the store knows of the last
// evidenceDays, poll by poll.
func (w *weigher) replay(ctx context.Context, now time.Time) error {
	if err := w.refresh(ctx, now); err != nil {
		return err
	}
	return w.feed(ctx, now.AddDate(0, 0, -evidenceDays), now, nil)
}

// feed tells the detectors what was observed from from on up to now, poll by
// poll, in the order of observation: live and replay are one code. after, where
// there is one, is called before the first poll of a later instant is told,
// with the instant before and with the polls that fell on it.
func (w *weigher) feed(ctx context.Context, from, now time.Time, after func(at time.Time, told []store.Poll) error) error {
	polls, err := w.o.Store.Polls(ctx, from, now)
	if err != nil {
		return err
	}
	if err := w.readFates(ctx, now); err != nil {
		return err
	}
	defer clear(w.fates)
	polls = regular(polls)
	until := func(at time.Time) error { // polls before at have told everything they brought
		for len(polls) > 0 && polls[0].At.Before(at) {
			n := 1
			for n < len(polls) && polls[n].At.Equal(polls[0].At) {
				n++
			}
			for _, p := range polls[:n] {
				if p.Kind != 0 {
					continue
				}
				if err := w.learn(ctx, p.At); err != nil {
					return err
				}
				w.advance(p)
			}
			if after != nil {
				if err := after(polls[0].At, polls[:n]); err != nil {
					return err
				}
			}
			polls = polls[n:]
		}
		return nil
	}
	w.oldest = max(w.oldest, kpi.DateOf(from, time.UTC))
	days := kpi.DateRange{From: w.oldest, To: kpi.DateOf(now, time.UTC) + 1}
	for v, err := range w.o.Store.ChannelVersions(ctx, w.o.assigned(), days, now) {
		if err != nil {
			return err
		}
		if err := until(v.At); err != nil {
			return err
		}
		if _, known := w.accounts[[2]string{v.Part.Source, v.Part.Account}]; !known && after != nil {
			if err := w.refresh(ctx, v.At); err != nil {
				return err
			}
		}
		if err := w.learn(ctx, v.At); err != nil {
			return err
		}
		w.tell(v)
	}
	if err := until(now.Add(time.Nanosecond)); err != nil {
		return err
	}
	return ctx.Err()
}

// forget drops what is too old to matter, once a day.
func (w *weigher) forget(now time.Time) {
	oldest := kpi.DateOf(now.AddDate(0, 0, -evidenceDays), time.UTC)
	if oldest <= w.oldest {
		return
	}
	w.oldest = oldest
	maps.DeleteFunc(w.pending, func(k partKey, _ store.PartVersion) bool { return k.slot.Date < oldest })
	for _, c := range w.channels {
		for _, slots := range c.parts {
			maps.DeleteFunc(slots, func(n slotNumber, _ floats) bool { return n.date() < oldest })
		}
		maps.DeleteFunc(c.cohorts, func(k cohortKey, _ *cohort) bool { return k.start < oldest.Start(time.UTC).AddDate(0, 0, -1).Unix() })
	}
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

// advance notes a good poll and tells the channels that stand on its source
// how far they are complete.
func (w *weigher) advance(p store.Poll) {
	key := [2]string{p.Source, p.Account}
	w.through[key] = later(w.through[key], p.CompleteThrough)
	w.reach(p)
	for _, c := range w.channels {
		if !slices.Contains(c.spend, p.Source) && !slices.Contains(c.results, p.Source) {
			continue
		}
		c.flush()
		if slices.Contains(c.results, p.Source) && w.events(p.Source) {
			c.zeros(p, w.accounts[key].Zone, max(p.Days.From, w.oldest))
		}
		spend, results := w.watermark(c.spend), w.watermark(c.results)
		if len(c.spend) > 0 && !spend.IsZero() && !results.IsZero() {
			c.detector.Advance(spend, results)
			c.advanceCampaigns(spend, results)
		}
	}
}

// grain is the finest at which a source reports: orders count by the hour.
func (w *weigher) grain(source string) sources.Grain {
	i := slices.IndexFunc(w.o.Sources, func(s Source) bool { return s.Name == source })
	if i < 0 || w.o.Sources[i].Definition.Events {
		return sources.Hour
	}
	return w.o.Sources[i].Definition.Grain
}

// events says whether a source hands over single results.
func (w *weigher) events(source string) bool {
	i := slices.IndexFunc(w.o.Sources, func(s Source) bool { return s.Name == source })
	return i >= 0 && w.o.Sources[i].Definition.Events
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

// complete is up to when everything a channel stands on is complete: zero
// until each of its sources has answered once.
func (w *weigher) complete(c *weighed) time.Time {
	return w.watermark(slices.Concat(c.spend, c.results))
}

// watermark is the earliest CompleteThrough of all accounts of some sources.
func (w *weigher) watermark(names []string) time.Time {
	var earliest time.Time
	seen := map[string]bool{}
	for key, through := range w.through {
		if slices.Contains(names, key[0]) && w.listed[key] {
			seen[key[0]] = true
			if earliest.IsZero() || through.Before(earliest) {
				earliest = through
			}
		}
	}
	for _, name := range names {
		if !seen[name] {
			return time.Time{}
		}
	}
	return earliest
}
