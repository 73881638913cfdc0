package monitor

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/profit"
	"adtop/sources"
	"adtop/store"
)

const (
	maxWeighed     = 20        // campaigns of a channel that are weighed: those that spent most
	rankedDays     = 14        // in the last so many days
	campaignMemory = 35        // days that a campaign is told of when it is new: more than its detector remembers
	rankEvery      = time.Hour // at most, for campaigns that appear within a day
	fewestNamed    = 0.8       // share of a channel's results that must name a campaign, for none of them to be blamed for the rest
)

// rankCampaigns chooses the campaigns to weigh of every channel, once a day and
// soon after new ones appeared, and tells the detectors of new ones what is
// known of the last campaignMemory days.
func (w *weigher) rankCampaigns(ctx context.Context, b *builder, now time.Time) error {
	today := kpi.DateOf(now, w.o.Zone)
	if w.most == 0 || today == w.ranked && !w.outdated(now) {
		return nil
	}
	w.ranked, w.rankedAt, w.unranked = today, now, map[string]bool{}
	kept, err := keptOrders(ctx, b, now)
	if err != nil {
		return err
	}
	w.campaignOf = map[store.EntityID]*weighedCampaign{}
	for i, c := range w.channels {
		if len(c.spend) == 0 {
			continue
		}
		chosen, err := w.choose(ctx, b, i, today, now)
		if err != nil {
			return fmt.Errorf("rank the campaigns of %s: %w", w.o.Channels[i].Name, err)
		}
		fresh := c.take(chosen, kept, now)
		for _, campaign := range c.campaigns {
			if campaign.detector != nil || slices.Contains(fresh, campaign) {
				for _, id := range campaign.ids() {
					w.campaignOf[id] = campaign
				}
			}
		}
		if err := w.begin(ctx, c, fresh, kept, today, now); err != nil {
			return fmt.Errorf("read the campaigns of %s: %w", w.o.Channels[i].Name, err)
		}
	}
	return nil
}

// outdated says whether the choice of today misses something.
func (w *weigher) outdated(now time.Time) bool {
	unranked := func(source string) bool { return w.unranked[source] }
	return slices.ContainsFunc(w.channels, func(c *weighed) bool {
		soon := len(c.campaigns) == 0 && slices.ContainsFunc(c.spend, unranked)
		return c.reread || soon || len(w.unranked) > 0 && now.Sub(w.rankedAt) >= rankEvery
	})
}

// take puts those that are chosen in the place of those that were, keeps what the
// same ones know, and returns the ones that know nothing yet.
func (c *weighed) take(chosen []*weighedCampaign, kept map[store.EntityID]keptOrder, now time.Time) (fresh []*weighedCampaign) {
	before := map[store.EntityID]*weighedCampaign{}
	for _, old := range c.campaigns {
		before[old.member.Entity.ID] = old
	}
	c.elsewhere = false
	for i, campaign := range chosen {
		c.elsewhere = c.elsewhere || len(campaign.results) > 0
		old := before[campaign.member.Entity.ID]
		if old != nil && old.detector != nil {
			kept[campaign.member.Entity.ID] = keptOrder{now, old.detector.OrderShift()}
		}
		switch {
		case campaign.why != "":
		case old != nil && old.detector != nil && !c.reread && slices.Equal(old.ids(), campaign.ids()):
			old.member, old.results = campaign.member, campaign.results
			oldest := now.AddDate(0, 0, -campaignMemory-1).Unix()
			maps.DeleteFunc(old.keyed, func(start int64, _ map[store.EntityID]floats) bool { return start < oldest })
			chosen[i] = old
		default:
			fresh = append(fresh, campaign)
		}
	}
	c.campaigns, c.reread = chosen, false
	return fresh
}

// choose ranks the campaigns of channel i by what they spent, in the display
// currency, and pairs each with its results.
func (w *weigher) choose(ctx context.Context, b *builder, i int, today kpi.Date, now time.Time) ([]*weighedCampaign, error) {
	members, err := b.members(ctx, i)
	if err != nil || len(members) == 0 {
		return nil, err
	}
	totals, err := w.o.Store.Days(ctx, kpi.DateRange{From: today - rankedDays + 1, To: today + 1}, now, slices.Sorted(maps.Keys(members)))
	if err != nil {
		return nil, err
	}
	spent, results := map[store.EntityID]kpi.Micros{}, map[store.EntityID]float64{}
	for _, t := range totals {
		e := members[t.Entity]
		account, listed := w.accounts[[2]string{e.Source, e.Account}]
		if !listed {
			continue
		}
		m, err := w.rates.convert(t.Metrics.Only(e.claim.Fields), account.Currency, t.Date)
		if err != nil {
			continue // the channel says so
		}
		if m.Cost > 0 {
			spent[t.Entity] += m.Cost
		}
		results[t.Entity] += m.Conversions.Float()
	}
	ranked := slices.SortedFunc(maps.Keys(spent), func(x, y store.EntityID) int {
		return cmp.Or(cmp.Compare(spent[y], spent[x]), cmp.Compare(x, y))
	})
	var chosen []*weighedCampaign
	for _, id := range ranked[:min(len(ranked), w.most)] {
		chosen = append(chosen, &weighedCampaign{member: members[id]})
	}
	if w.o.Channels[i].Results != "" {
		pair(chosen, members, results, w.o.Channels[i].Results)
	}
	for _, c := range chosen {
		if c.member.Level == sources.LevelKey {
			c.results, c.why = nil, "Not weighed: it is paid for by its results."
		}
	}
	return chosen, nil
}

// pair finds, for campaigns whose results another source reports, what of them
// bears the campaign's name or id: the utm_campaign of a key, or the name of a
// campaign there. Where too much bears no name of any campaign of the channel,
// the rest would make all of them look worse than they are.
func pair(chosen []*weighedCampaign, members map[store.EntityID]claimed, results map[store.EntityID]float64, source string) {
	called := map[string]map[store.EntityID]bool{} // all that spend, by what they are called
	for id, m := range members {
		if m.claim.Fields&kpi.Cost == 0 {
			continue
		}
		for _, name := range []string{m.Name, m.Entity.Entity.ID} {
			name = strings.ToLower(name)
			if called[name] == nil {
				called[name] = map[store.EntityID]bool{}
			}
			called[name][id] = true
		}
	}
	byCampaign, all, named := map[store.EntityID]map[store.EntityID]claimed{}, 0.0, 0.0
	ambiguous := map[store.EntityID]bool{}
	for id, m := range members {
		if m.claim.Fields&kpi.Conversions == 0 {
			continue
		}
		all += max(0, results[id])
		name := strings.ToLower(nameOf(m))
		owners := called[name]
		if name == "" || len(owners) == 0 {
			continue // it is nobody's
		}
		named += max(0, results[id])
		for owner := range owners {
			if byCampaign[owner] == nil {
				byCampaign[owner] = map[store.EntityID]claimed{}
			}
			byCampaign[owner][id] = m
			ambiguous[owner] = ambiguous[owner] || len(owners) > 1
		}
	}
	for _, c := range chosen {
		id := c.member.Entity.ID
		switch {
		case len(byCampaign[id]) == 0:
			c.why = fmt.Sprintf("Not weighed: nothing that %s reports names it, by utm_campaign or otherwise.", source)
		case ambiguous[id]:
			c.why = fmt.Sprintf("Not weighed: another campaign of the channel has the same name, and %s tells them apart by that alone.", source)
		case named < fewestNamed*all:
			c.why = fmt.Sprintf("Not weighed: of what %s reports for the channel, only %.0f%% name a campaign.", source, 100*named/all)
		default:
			c.results, c.keyed = byCampaign[id], map[int64]map[store.EntityID]floats{}
		}
	}
}

// nameOf is the campaign that an entity of results names, "" for none.
func nameOf(m claimed) string {
	if m.Level == sources.LevelKey {
		return sources.ParseKey(m.Entity.Entity.ID).Campaign
	}
	return m.Name
}

// begin makes the detectors of campaigns that are new and tells them what is
// known of the last campaignMemory days.
func (w *weigher) begin(ctx context.Context, c *weighed, fresh []*weighedCampaign, kept map[store.EntityID]keptOrder, today kpi.Date, now time.Time) error {
	hourly, daily := []store.EntityID{}, []store.EntityID{} // never nil, which would mean all
	of := map[store.EntityID]*weighedCampaign{}
	for _, campaign := range fresh {
		campaign.detector, campaign.stale = c.detector.Campaign(), true
		for _, id := range campaign.ids() {
			of[id] = campaign
			source := campaign.member.Source
			if m, named := campaign.results[id]; named {
				source = m.Source
			}
			if w.grain(source) == sources.Hour {
				hourly = append(hourly, id)
			} else {
				daily = append(daily, id)
			}
		}
	}
	days := kpi.DateRange{From: today - campaignMemory, To: today + 1}
	versions, err := w.o.Store.Hours(ctx, days, now, hourly)
	if err != nil {
		return err
	}
	totals, err := w.o.Store.Days(ctx, days, now, daily)
	if err != nil {
		return err
	}
	for _, t := range totals {
		versions = append(versions, store.Version{At: t.At, Entity: t.Entity, Slot: sources.Slot{Date: t.Date, Grain: sources.Day}, Metrics: t.Metrics})
	}
	for _, v := range versions {
		w.tellCampaign(of[v.Entity], v, true)
	}
	spans := c.spansOfResults(days.From.Start(time.UTC).Unix(), now.Unix())
	if len(spans) > 0 {
		c.zeroed = max(c.zeroed, spans[len(spans)-1].start)
	}
	spend, results := w.watermark(c.spend), w.watermark(c.results)
	for _, campaign := range fresh {
		campaign.zeros(c, spans, true)
		if !spend.IsZero() && !results.IsZero() {
			campaign.detector.Advance(spend, results)
		}
		if k, known := kept[campaign.member.Entity.ID]; known {
			campaign.detector.RecallOrders(k.at, k.shift)
		}
	}
	return nil
}

// keptOrder is what was believed of a campaign's order value at a moment.
type keptOrder struct {
	at    time.Time
	shift profit.OrderShift
}

// keptOrders reads what the last evaluations kept.
func keptOrders(ctx context.Context, b *builder, now time.Time) (map[store.EntityID]keptOrder, error) {
	all, err := b.campaignVerdicts(ctx, now)
	kept := map[store.EntityID]keptOrder{}
	for _, list := range all {
		for id, v := range list {
			kept[id] = keptOrder{v.at, profit.OrderShift{Mean: v.Orders[0], SD: v.Orders[1]}}
		}
	}
	return kept, err
}

// reach notes how far back the polls of an account have gone. Campaigns that
// were begun before a poll told of days which they remember are begun anew.
func (w *weigher) reach(p store.Poll) {
	key := [2]string{p.Source, p.Account}
	before, known := w.reached[key]
	if known && p.Days.From >= before {
		return
	}
	w.reached[key] = p.Days.From
	if w.ranked == 0 || known && before <= w.ranked-campaignMemory {
		return
	}
	for _, c := range w.channels {
		c.reread = c.reread || len(c.campaigns) > 0 && (slices.Contains(c.spend, p.Source) || slices.Contains(c.results, p.Source))
	}
}
