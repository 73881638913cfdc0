package monitor

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"

	"adtop/kpi"
	"adtop/profit"
	"adtop/store"
)

// weighedCampaign is one campaign's detector and what it was told. It borrows
// delays and season from its channel, so that the newest figures of its slots
// are all it has to know of the past.
type weighedCampaign struct {
	member   claimed                             // what spends
	results  map[store.EntityID]claimed          // what another source reports under its name; empty when its own source reports its results
	why      string                              // why it is not weighed; "" when it is
	detector *profit.Detector                    // nil where it is not weighed
	keyed    map[int64]map[store.EntityID]floats // results by start of the slot, Unix seconds, where several entities report them
	stale    bool                                // its channel's watermark moved since it was judged
	evidence profit.Evidence                     // as of when it was judged
}

// ids lists the entities that it is made of.
func (c *weighedCampaign) ids() []store.EntityID {
	return append(slices.Sorted(maps.Keys(c.results)), c.member.Entity.ID)
}

// waits says whether somebody has yet to approve results of the campaign.
func (c *weighedCampaign) waits() bool {
	for _, m := range c.results {
		if isPending(m.Entity) {
			return true
		}
	}
	return false
}

// tellCampaigns notes new versions of what the campaigns are made of. They reach
// the detectors with the poll that brought them, as those of the channels do.
func (w *weigher) tellCampaigns(versions []store.Version) {
	about := map[*weighedCampaign][]store.Version{}
	for _, v := range versions {
		if c, known := w.campaignOf[v.Entity]; known && v.Slot.Date >= w.ranked-campaignMemory {
			about[c] = append(about[c], v)
		}
	}
	for c, list := range about {
		slices.SortFunc(list, func(a, b store.Version) int {
			return cmp.Or(cmp.Compare(a.Slot.Date, b.Slot.Date), cmp.Compare(a.Slot.Hour, b.Slot.Hour), cmp.Compare(a.Entity, b.Entity))
		})
		for _, v := range list {
			w.tellCampaign(c, v, !v.At.After(w.rankedAt)) // else it depended on which came first
		}
	}
}

// tellCampaign tells a campaign what a version of one of its entities says.
// history marks what nobody watched.
func (w *weigher) tellCampaign(c *weighedCampaign, v store.Version, history bool) {
	member, named := c.results[v.Entity]
	if !named {
		member = c.member
	}
	account, listed := w.accounts[[2]string{member.Source, member.Account}]
	if !listed || v.Slot.Grain != w.grain(member.Source) {
		return
	}
	part := store.Part{Source: member.Source, Account: member.Account, Fields: member.claim.Fields, Pending: isPending(member.Entity)}
	f, err := w.value(member.claim.Channel, account, store.PartVersion{Part: part, Slot: v.Slot, Metrics: v.Metrics})
	if err != nil {
		return // its channel says so
	}
	start, end := v.Slot.Start(account.Zone), v.Slot.End(account.Zone)
	o := profit.Observation{At: v.At, Start: start, Length: end.Sub(start), Backfill: history}
	if !named {
		o.Spend, o.HasSpend = f.spend, v.Metrics.Has&(kpi.Cost|kpi.Clicks) != 0
	}
	if named {
		f = c.together(start.Unix(), v.Entity, f)
	}
	if named || len(c.results) == 0 {
		o.Conversions, o.Value, o.HasResults = f.conversions, f.value, v.Metrics.Knows(kpi.Conversions)
	}
	c.detector.Observe(o)
}

// together notes what one entity reports of a slot and sums what all do.
func (c *weighedCampaign) together(start int64, id store.EntityID, f floats) (sum floats) {
	slot := c.keyed[start]
	if slot == nil {
		slot = map[store.EntityID]floats{}
		c.keyed[start] = slot
	}
	slot[id] = f
	for _, id := range slices.Sorted(maps.Keys(slot)) { // sums of floats depend on their order
		sum = sum.plus(slot[id])
	}
	return sum
}

// advanceCampaigns tells the campaigns of a channel how far it is complete, once
// the channel itself knows.
func (c *weighed) advanceCampaigns(spend, results time.Time) {
	if len(c.campaigns) == 0 {
		return
	}
	spans := c.spansOfResults(c.zeroed, math.MaxInt64)
	if len(spans) > 0 {
		c.zeroed = spans[len(spans)-1].start
	}
	for _, campaign := range c.campaigns {
		if campaign.detector != nil {
			campaign.zeros(c, spans, false)
			campaign.detector.Advance(spend, results)
			campaign.stale = true
		}
	}
}

// spansOfResults lists the spans that start in (after, until] and of which the
// channel has seen results, zeros included; none where its campaigns need not
// know.
func (c *weighed) spansOfResults(after, until int64) (spans []cohortKey) {
	if !c.elsewhere {
		return nil
	}
	for key := range c.cohorts {
		if key.results && after < key.start && key.start <= until {
			spans = append(spans, key)
		}
	}
	slices.SortFunc(spans, func(a, b cohortKey) int { return cmp.Compare(a.start, b.start) })
	return spans
}

// zeros observes that nothing was reported under the campaign's name in spans
// of its channel: without an order there is no version.
func (c *weighedCampaign) zeros(channel *weighed, spans []cohortKey, history bool) {
	if len(c.results) == 0 {
		return
	}
	for _, key := range spans {
		if c.keyed[key.start] == nil {
			c.detector.Observe(profit.Observation{At: channel.at, Start: time.Unix(key.start, 0).UTC(), Length: channel.cohorts[key].length(),
				HasResults: true, Backfill: history})
		}
	}
}
