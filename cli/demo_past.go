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

// restatedDays is how many days before an instant a thorough past poll reads at most:
// the world's last conversions come after seven days.
const restatedDays = 8

// restated is how many days before an instant may still change. What is booked when it
// happens does not, and single events say themselves how long they take.
func restated(d sources.Definition) kpi.Date {
	switch {
	case d.Events && len(d.Delay) > 0:
		last := d.Delay[len(d.Delay)-1].Age
		return min(restatedDays, kpi.Date(last/(24*time.Hour))+1)
	case d.Dating == sources.ByEvent:
		return 1
	}
	return restatedDays
}

// longAgo is the age from which on the past is only sketched.
const longAgo = 21 * 24 * time.Hour

// apart is how far apart the past polls are, at least, of sources whose spend is not
// weighed by the hour. A moment of the past is compared with the present when every
// source was polled in the six hours before it.
func (p *pastFiller) apart(at time.Time) time.Duration {
	if p.demo.began.Sub(at) > longAgo {
		return 24 * time.Hour
	}
	return 6 * time.Hour
}

// instants returns when the past was polled: seldom long ago, often lately.
func instants(began time.Time) (all []time.Time) {
	for t := began.Add(-world.DemoHistory + 6*time.Hour); t.Before(began); {
		all = append(all, t)
		switch age := began.Sub(t); {
		case age > longAgo:
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
	known := progressed{}
	for i, at := range moments {
		if i%8 == 0 {
			progress(snapshot.Progress{What: "observations of " + at.In(p.cfg.Zone).Format("Mon 2 Jan 15:04"), Done: i, Total: len(moments)})
		}
		if err := p.demo.sim.WriteCSV(exports, at); err != nil {
			return err
		}
		if err := p.pollAt(ctx, at, exports, known, commit); err != nil {
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

// polled is how far one source has been polled.
type polled struct {
	at       time.Time
	thorough kpi.Date          // the last day on which more than two days were read
	states   map[string][]byte // by account
}

// progressed is how far the sources have been polled, by name.
type progressed map[string]*polled

func (p progressed) of(source string) *polled {
	if p[source] == nil {
		p[source] = &polled{states: map[string][]byte{}}
	}
	return p[source]
}

// pollAt polls the sources whose turn it is, as of one instant.
func (p *pastFiller) pollAt(ctx context.Context, at time.Time, exports string, known progressed, commit func(store.Batch) error) error {
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
	for _, src := range opened.Sources {
		so := known.of(src.Name)
		byHour := src.Definition.Gives&kpi.Cost != 0 && src.Definition.Grain == sources.Hour
		if !byHour && at.Sub(so.at) < p.apart(at) {
			continue
		}
		days := kpi.Date(1)
		if today := kpi.DateOf(at, time.UTC); today != so.thorough {
			days, so.thorough = restated(src.Definition), today
		}
		so.at = at
		polls.Go(func() error { return p.poll(ctx, src, at, days, so.states, commit) })
	}
	for _, src := range opened.RateSources {
		so := known.of(src.Name)
		if !so.at.IsZero() && at.Before(src.Source.Next(so.at)) {
			continue
		}
		so.at = at
		polls.Go(func() error { return p.price(ctx, src, at) })
	}
	return polls.Wait()
}

// poll polls the accounts of one source as of one instant; states are theirs.
func (p *pastFiller) poll(ctx context.Context, src monitor.Source, at time.Time, days kpi.Date, states map[string][]byte, commit func(store.Batch) error) error {
	accounts, err := src.Source.Accounts(ctx)
	if err != nil {
		return err
	}
	for _, account := range accounts {
		today := kpi.DateOf(at, account.Zone)
		b := store.Batch{
			Source: src.Name, Type: src.Definition.Type, Account: account, ObservedAt: at,
			Query: sources.Query{Account: account, Days: kpi.DateRange{From: today - days, To: today},
				Level: sources.LevelCampaign, Grain: src.Definition.Grain, State: states[account.ID]},
			Gives: src.Definition.Gives, OmitsZeros: src.Definition.OmitsZeros, PendingApart: src.Definition.Approval != 0,
		}
		if err := monitor.Collect(ctx, src.Source, &b); err != nil {
			return err
		}
		states[account.ID], b.Receipt.State = b.Receipt.State, nil // the live polls keep their own
		if err := commit(b); err != nil {
			return err
		}
	}
	return nil
}

// price keeps what a source of exchange rates had published of the week before an
// instant, as of it: the past is weighed at the rates of its own days.
func (p *pastFiller) price(ctx context.Context, src monitor.RateSource, at time.Time) error {
	today := kpi.DateOf(at, time.UTC)
	published, err := src.Source.Rates(ctx, p.cfg.Currency, kpi.DateRange{From: today - restatedDays, To: today})
	if err != nil {
		return err
	}
	var rates []store.Rate
	for _, r := range published {
		if r.From == "USD" {
			rates = append(rates, store.Rate{From: r.From, To: r.To, Date: r.Date, Rate: r.Rate, Origin: src.Name})
		}
	}
	return p.demo.cache.PutRates(ctx, at, rates)
}
