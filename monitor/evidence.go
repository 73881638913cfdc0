package monitor

import (
	"context"
	"maps"
	"slices"
	"time"

	"adtop/kpi"
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

type partKey struct {
	part store.Part
	slot sources.Slot
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
