package monitor

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
	"adtop/sources"
	"adtop/store"
)

// assigned says whom entities count for. What no channel claims goes to the
// channel "".
func (o *Options) assigned() store.Channels {
	sum := sha256.New()
	fmt.Fprint(sum, claimRules)
	known := map[string]bool{}
	for _, src := range o.Sources {
		known[src.Name] = true
		fmt.Fprintf(sum, "%q", src.Name)
	}
	for _, ch := range o.Channels {
		fmt.Fprintf(sum, "%q %q", ch.Name, ch.Hash)
	}
	return store.Channels{
		Hash: hex.EncodeToString(sum.Sum(nil)[:8]),
		Of: func(e store.Entity) store.Assignment {
			if !known[e.Source] || !steers(e) {
				return store.Assignment{}
			}
			claim := o.Claim(e.Source, e.Account, e.Entity)
			a := store.Assignment{Fields: claim.Fields, Pending: isPending(e)}
			if claim.Channel >= 0 {
				a.Channel = o.Channels[claim.Channel].Name
			}
			if e.Level == sources.LevelKey && a.Fields&kpi.Conversions != 0 {
				a.Customer = sources.ParseKey(e.Entity.ID).Customer
			}
			return a
		},
	}
}

// claimRules grows when the same definitions claim something else.
const claimRules = 3

// steers says whether an entity is on the level that channels are made of:
// accounts, groups and ads, and breakdowns, would count twice.
func steers(e store.Entity) bool {
	return (e.Level == sources.LevelCampaign || e.Level == sources.LevelKey) && e.Breakdown == ""
}

// isPending says whether an entity holds the pending results of its key.
func isPending(e store.Entity) bool {
	return e.Level == sources.LevelKey && e.Action == sources.Undecided
}

// assign has the store sum by the channels of the config.
func (m *Monitor) assign(ctx context.Context) error {
	err := m.o.Store.Assign(ctx, m.o.assigned(), func(done, total int) {
		m.report(snapshot.Progress{What: "sums of the channels", Done: done, Total: total})
	})
	m.report(snapshot.Progress{})
	if err != nil {
		return fmt.Errorf("assign campaigns to channels: %w", err)
	}
	return nil
}

const (
	thinEvery = time.Minute            // on the real clock
	thinPause = 200 * time.Millisecond // between two steps: polls go first
)

// thin lets go of what retention no longer asks for, in small steps, until ctx
// ends.
func (m *Monitor) thin(ctx context.Context) {
	timer := time.NewTimer(thinEvery)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		wait := thinEvery
		more, err := m.o.Store.Thin(ctx, m.o.Clock.Now(), m.o.Retention)
		if err != nil && ctx.Err() == nil {
			m.o.Log.Error("thin the history", "err", err)
		}
		if more && err == nil {
			wait = thinPause
		}
		timer.Reset(wait)
	}
}
