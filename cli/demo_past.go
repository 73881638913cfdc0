package cli

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"adtop/config"
	"adtop/kpi"
	"adtop/monitor"
	"adtop/snapshot"
	"adtop/sources"
	"adtop/sources/simulator/world"
	"adtop/store"
)

// pastFiller gives the demo's cache the observations that a dashboard running for
// two months would have made: the real adapters poll the simulator as of past
// instants, oldest first, and each answer is committed as it was seen then.
type pastFiller struct {
	demo *demo
	cfg  *config.Config
	log  *slog.Logger
	live bool // time begins to pass when the past is known
}

// restatedDays is how many days before an instant a thorough past poll reads:
// the world's last conversions come after seven days.
const restatedDays = 8

// instants returns when the past was polled: seldom long ago, often lately.
func instants(began time.Time) (all []time.Time) {
	for t := began.Add(-world.DemoHistory + 6*time.Hour); t.Before(began); {
		all = append(all, t)
		switch age := began.Sub(t); {
		case age > 21*24*time.Hour:
			t = t.Add(12 * time.Hour)
		case age > 2*24*time.Hour:
			t = t.Add(3 * time.Hour)
		default:
			t = t.Add(time.Hour)
		}
	}
	return all
}

// fill is monitor.Options.Before.
func (p *pastFiller) fill(ctx context.Context, commit func(store.Batch) error, progress func(snapshot.Progress)) error {
	exports, err := os.MkdirTemp("", "adtop-demo-past-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(exports)
	moments := instants(p.demo.began)
	states := make([]map[string][]byte, len(p.cfg.Sources)) // by source, then account
	var thorough kpi.Date                                   // the last day on which more than two days were read
	for i, at := range moments {
		days := kpi.Date(1)
		if today := kpi.DateOf(at, time.UTC); today != thorough {
			days, thorough = restatedDays, today
		}
		if i%8 == 0 {
			progress(snapshot.Progress{What: "observations of " + at.In(p.cfg.Zone).Format("Mon 2 Jan 15:04"), Done: i, Total: len(moments)})
		}
		if err := p.demo.sim.WriteCSV(exports, at); err != nil {
			return err
		}
		if err := p.pollAt(ctx, at, days, exports, states, commit); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("past observations of %s: %w", at.Format(time.RFC3339), err)
		}
	}
	if p.live {
		p.demo.time.start()
	}
	return p.demo.cache.PutSetting(ctx, settingPast, "filled")
}

// pollAt polls every source as of one instant, from so many days before it on.
func (p *pastFiller) pollAt(ctx context.Context, at time.Time, days kpi.Date, exports string, states []map[string][]byte, commit func(store.Batch) error) error {
	base := fmt.Sprintf("%s/at/%d", p.demo.base, at.Unix())
	cfg, err := config.Parse("demo.yaml", []byte(demoConfig(base, exports)))
	if err != nil {
		return err
	}
	clock := monitor.Clock{Now: func() time.Time { return at }, Speed: 1}
	life, end := context.WithCancel(ctx)
	defer end()
	opened, err := compose(life, cfg, p.demo.cache, clock, p.log, demoSecrets)
	if err != nil {
		return err
	}
	var polls errgroup.Group
	for i, src := range opened.Sources {
		polls.Go(func() error { return p.poll(ctx, src, at, days, &states[i], commit) })
	}
	return polls.Wait()
}

// poll polls the accounts of one source as of one instant; states are theirs.
func (p *pastFiller) poll(ctx context.Context, src monitor.Source, at time.Time, days kpi.Date, states *map[string][]byte, commit func(store.Batch) error) error {
	accounts, err := src.Source.Accounts(ctx)
	if err != nil {
		return err
	}
	for _, account := range accounts {
		today := kpi.DateOf(at, account.Zone)
		b := store.Batch{
			Source: src.Name, Type: src.Definition.Type, Account: account, ObservedAt: at,
			Query: sources.Query{Account: account, Days: kpi.DateRange{From: today - days, To: today},
				Level: sources.LevelCampaign, Grain: src.Definition.Grain, State: (*states)[account.ID]},
			Gives: src.Definition.Gives, OmitsZeros: src.Definition.OmitsZeros, PendingApart: src.Definition.Approval != 0,
		}
		if err := monitor.Collect(ctx, src.Source, &b); err != nil {
			return err
		}
		if *states == nil {
			*states = map[string][]byte{}
		}
		(*states)[account.ID], b.Receipt.State = b.Receipt.State, nil // the live polls keep their own
		if err := commit(b); err != nil {
			return err
		}
	}
	return nil
}
