package monitor

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"adtop/snapshot"
	"adtop/sources"
	"adtop/store"
)

// entityList remembers the entities that the channels are made of, and which
// one each counts for: there may be thousands, and they change seldom.
type entityList struct {
	mu       sync.Mutex
	seq      int64
	all      []claimed
	within   map[kin][]store.Entity  // ad groups, ads and parts of campaigns
	totals   map[[2]string][]claimed // accounts' own totals, by source and account
	overlaps []string                // warnings
}

// kin is what ad groups, ads or parts have in common.
type kin struct {
	source, account string
	level           sources.Level
	parent          string // of parts, their campaign
	dimension       string
}

type claimed struct {
	store.Entity
	claim Claim
}

// list brings the list up to date, and calls use while nobody changes it.
func (b *builder) list(ctx context.Context, use func(*entityList)) error {
	l := &b.entities
	l.mu.Lock()
	defer l.mu.Unlock()
	seq, err := b.o.Store.EntitySeq(ctx)
	if err != nil {
		return err
	}
	if l.all == nil || seq != l.seq {
		entities, err := b.o.Store.Entities(ctx, forever)
		if err != nil {
			return err
		}
		l.seq = seq
		l.claim(b.o, entities)
	}
	use(l)
	return nil
}

func (l *entityList) claim(o *Options, entities []store.Entity) {
	configured := map[string]bool{}
	for _, src := range o.Sources {
		configured[src.Name] = true
	}
	l.all = make([]claimed, 0, len(entities))
	l.within, l.totals = map[kin][]store.Entity{}, map[[2]string][]claimed{}
	overlaps := map[[2]int]string{}
	for _, e := range entities {
		if configured[e.Source] && deeper(e.Level) && e.Breakdown == "" {
			of := kin{e.Source, e.Account, e.Level, e.Parent, ""}
			l.within[of] = append(l.within[of], e)
		}
		if configured[e.Source] && e.Level == sources.LevelCampaign && e.Dimension != "" {
			of := kin{e.Source, e.Account, e.Level, e.Entity.ID, e.Dimension}
			l.within[of] = append(l.within[of], e)
		}
		if configured[e.Source] && e.Level == sources.LevelAccount && e.Breakdown == "" {
			of := [2]string{e.Source, e.Account}
			l.totals[of] = append(l.totals[of], claimed{e, o.Claim(e.Source, e.Account, e.Entity)})
		}
		if !configured[e.Source] || !steers(e) {
			continue // its source has left the config
		}
		c := claimed{e, o.Claim(e.Source, e.Account, e.Entity)}
		for _, also := range c.claim.Also {
			overlaps[[2]int{c.claim.Channel, also}] = e.Name
		}
		l.all = append(l.all, c)
	}
	l.overlaps = nil
	for pair, name := range overlaps {
		l.overlaps = append(l.overlaps, fmt.Sprintf("%q counts for %q and matches %q too", name, o.Channels[pair[0]].Name, o.Channels[pair[1]].Name))
	}
	slices.Sort(l.overlaps)
}

// overlaps warns of channels that claim the same.
func (b *builder) overlaps(ctx context.Context) (warnings []string, err error) {
	err = b.list(ctx, func(l *entityList) { warnings = slices.Clone(l.overlaps) })
	return warnings, err
}

// members returns the entities that count for a channel of a Snapshot, -1 for
// those that none claims.
func (b *builder) members(ctx context.Context, channel int) (members map[store.EntityID]claimed, err error) {
	members = map[store.EntityID]claimed{}
	err = b.list(ctx, func(l *entityList) {
		for _, c := range l.all {
			if c.claim.Channel == channel && c.claim.Fields != 0 {
				members[c.Entity.ID] = c
			}
		}
	})
	return members, err
}

// inside returns the ad groups, ads or parts that are asked for, counting for what
// their campaign counts for.
func (b *builder) inside(ctx context.Context, in snapshot.Inside) (members map[store.EntityID]claimed, err error) {
	q := asked(in)
	of := kin{in.Source, in.Account, q.Level, q.Parent, q.Breakdown}
	if q.Breakdown != "" {
		of.parent = in.Campaign
	}
	members = map[store.EntityID]claimed{}
	err = b.list(ctx, func(l *entityList) {
		i := slices.IndexFunc(l.all, func(c claimed) bool {
			return c.Source == in.Source && c.Account == in.Account && c.Entity.Entity.ID == in.Campaign && c.Level == sources.LevelCampaign
		})
		if i < 0 {
			return
		}
		for _, e := range l.within[of] {
			members[e.ID] = claimed{e, l.all[i].claim}
		}
	})
	return members, err
}
