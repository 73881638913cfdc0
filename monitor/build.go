package monitor

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"adtop/kpi"
	"adtop/profit"
	"adtop/snapshot"
	"adtop/store"
)

// trendDays is how many days of every channel a Snapshot holds at least: two
// spans of thirty, to compare one with the other.
const trendDays = 60

// campaignDays is the same for campaigns.
const campaignDays = 14

// builder makes Snapshots out of the store.
type builder struct {
	o        *Options
	channel  store.Channels
	entities entityList
	beyond   beyond

	learning sync.Mutex
	learnt   map[learntOf]*approval // of the last pictures
}

// newBuilder returns one that nobody changes the options of.
func newBuilder(o Options) *builder { return &builder{o: &o, channel: o.assigned()} }

// ledger is what one build has read.
type ledger struct {
	asOf     time.Time
	accounts map[[2]string]store.Account
	polled   map[[2]string]bool       // accounts that are polled now
	opened   []bool                   // channels that the view opens
	hurried  bool                     // as Monitor.First
	every    map[string]time.Duration // interval of polls by source
	rates    rates
	curves   []maturity                                    // by channel
	verdicts map[string]map[store.EntityID]campaignVerdict // of campaigns, by channel; read when they are asked for
	won      map[store.EntityID]kpi.Won                    // impressions of the range, of campaigns that tell their share
	warnings []string
}

// build makes the whole picture.
func (b *builder) build(ctx context.Context, view snapshot.View, now time.Time, st status) (*snapshot.Snapshot, error) {
	s, err := b.state(ctx, view, now, st)
	if err != nil {
		return nil, err
	}
	l, err := b.read(ctx, s, st.hurried)
	if err != nil {
		return nil, err
	}
	sums, err := b.figures(ctx, s, l)
	if err != nil {
		return nil, err
	}
	if err := b.charts(ctx, s, l, sums); err != nil {
		return nil, err
	}
	if err := b.unclaimed(ctx, s, l); err != nil {
		return nil, err
	}
	s.Warnings = slices.Concat(l.warnings, l.rates.labels())
	if err := b.drill(ctx, s, l, st); err != nil {
		return nil, err
	}
	if err := b.notes(ctx, s); err != nil {
		return nil, err
	}
	return s, b.moments(ctx, s)
}

// moments finds where a step back or forth leads to.
func (b *builder) moments(ctx context.Context, s *snapshot.Snapshot) (err error) {
	if s.Earlier, s.Later, err = b.o.Store.Moments(ctx, s.AsOf); err == nil && s.View.AsOf.IsZero() {
		s.Later = time.Time{} // after a clock was set back
	}
	return err
}

// state makes the picture without its figures: verdicts, alerts and sources.
func (b *builder) state(ctx context.Context, view snapshot.View, now time.Time, st status) (*snapshot.Snapshot, error) {
	asOf, resolution := now, time.Duration(0)
	if !view.AsOf.IsZero() {
		var err error
		if asOf, resolution, err = b.o.Store.Exact(ctx, view.AsOf); err != nil {
			return nil, err
		}
	}
	seq, err := b.o.Store.Seq(ctx)
	if err != nil {
		return nil, err
	}
	s := b.blank(view, asOf)
	s.Seq, s.Resolution, s.Collector, s.Backfill = seq, resolution, st.collector, st.backfill
	if err := b.judged(ctx, s); err != nil {
		return nil, err
	}
	if err := b.alerts(ctx, s); err != nil {
		return nil, err
	}
	if err := b.sources(ctx, s, st); err != nil {
		return nil, err
	}
	if err := b.targets(ctx, s); err != nil {
		return nil, err
	}
	return s, b.rateSources(ctx, s, st)
}

// blank is a picture that nothing is known of yet.
func (b *builder) blank(view snapshot.View, asOf time.Time) *snapshot.Snapshot {
	return &snapshot.Snapshot{View: view, AsOf: asOf, Title: b.o.Title, Currency: b.o.Currency, Zone: b.o.Zone, Speed: b.o.Clock.Speed,
		Alarm: alarm(b.o.FalseAlarms, make([]float64, b.spending())), Channels: b.channels()}
}

// alarm chooses the threshold for channels of so many conversions a day.
func alarm(wish float64, volumes []float64) snapshot.Alarm {
	a := snapshot.Alarm{Wish: wish}
	a.Threshold, a.Rate, a.Met = profit.Thresholds(wish, volumes)
	return a
}

// spending counts the channels that can turn unprofitable.
func (b *builder) spending() (n int) {
	for _, ch := range b.o.Channels {
		if len(ch.Spend) > 0 {
			n++
		}
	}
	return n
}

func (b *builder) channels() []snapshot.Channel {
	channels := make([]snapshot.Channel, 0, len(b.o.Channels)+1)
	for _, ch := range b.o.Channels {
		counted := ch.resultSources()
		byResult := ch.Economics.Payout == kpi.ReportedPayout && slices.Equal(ch.Spend, counted)
		channels = append(channels, snapshot.Channel{Name: ch.Name, Costless: len(ch.Spend) == 0, ByResult: byResult, Economics: ch.Economics, SpentAt: slices.Concat(ch.Spend, ch.Traffic), CountedBy: counted, Attribution: b.o.attributions(counted, nil),
			Verdict: kpi.TooEarly, Reason: "Not judged yet: its history is still being read."})
	}
	return append(channels, snapshot.Channel{Name: "unassigned", Unassigned: true, Economics: b.o.Default})
}

// detail is what an evaluation keeps besides its columns.
type detail struct {
	Evidence  snapshot.Evidence `json:"evidence"`
	Watermark time.Time         `json:"watermark"`
	Problem   string            `json:"problem,omitempty"`
	Alarm     snapshot.Alarm    `json:"alarm"`
	Campaigns []campaignVerdict `json:"campaigns,omitempty"`
}

// judged puts the newest evaluations on their channels.
func (b *builder) judged(ctx context.Context, s *snapshot.Snapshot) error {
	evaluations, err := b.o.Store.Evaluations(ctx, s.AsOf)
	if err != nil {
		return err
	}
	byName := map[string]store.Evaluation{}
	for _, e := range evaluations {
		byName[e.Channel] = e
	}
	var newest time.Time
	for i := range s.Channels {
		ch := &s.Channels[i]
		e, ok := byName[ch.Name]
		if !ok || ch.Unassigned {
			continue
		}
		var d detail
		if e.Detail == nil { // retention has let go of what lay behind it
			e.Detail = []byte("{}")
		}
		if err := json.Unmarshal(e.Detail, &d); err != nil {
			return fmt.Errorf("evaluation of %s at %s: %w", e.Channel, e.At.Format(time.RFC3339), err)
		}
		ch.Verdict, ch.Reason, ch.P = kpi.Verdict(e.Verdict), e.Reason, kpi.Ratio{Value: e.P, OK: e.Known}
		ch.Evidence, ch.Watermark, ch.Problem = d.Evidence, d.Watermark, d.Problem
		if d.Alarm.Threshold > 0 && !e.At.Before(newest) {
			s.Alarm, newest = d.Alarm, e.At
		}
	}
	return nil
}

func (b *builder) read(ctx context.Context, s *snapshot.Snapshot, hurried bool) (*ledger, error) {
	l := &ledger{hurried: hurried, asOf: s.AsOf, accounts: map[[2]string]store.Account{}, every: map[string]time.Duration{}}
	accounts, err := b.o.Store.Accounts(ctx, s.AsOf)
	if err != nil {
		return nil, err
	}
	if l.polled, err = listed(ctx, b.o, accounts); err != nil {
		return nil, err
	}
	configured := map[string]bool{}
	for _, src := range b.o.Sources {
		configured[src.Name] = true
		l.every[src.Name], _ = src.interval(1)
	}
	maps.DeleteFunc(l.polled, func(key [2]string, _ bool) bool { return !configured[key[0]] })
	for _, a := range accounts {
		if configured[a.Source] {
			l.accounts[[2]string{a.Source, a.ID}] = a
		}
	}
	if !hurried {
		if l.warnings, err = b.overlaps(ctx); err != nil {
			return nil, err
		}
	}
	stored, err := b.o.Store.Rates(ctx, s.AsOf)
	if err != nil {
		return nil, err
	}
	l.rates = newRates(b.o.Currency, stored)
	for _, ch := range s.Channels {
		l.curves = append(l.curves, newMaturity(ch))
		l.opened = append(l.opened, s.View.Campaigns == snapshot.AllCampaigns || s.View.Campaigns == ch.Name)
	}
	return l, nil
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
