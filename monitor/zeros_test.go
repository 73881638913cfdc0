package monitor

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/store"
)

// TestHoursWithoutOrdersAreSeenAsZero watches a channel whose results are a
// shop's orders, one every two hours, until the orders stop. A silent shop
// hands over nothing at all; that its polls were good must tell.
func TestHoursWithoutOrdersAreSeenAsZero(t *testing.T) {
	ctx := context.Background()
	cache := openStore(t, filepath.Join(t.TempDir(), "cache.db"))
	o := &Options{
		Store: cache, Log: slog.New(slog.DiscardHandler), Currency: "EUR", Zone: time.UTC,
		Sources: []Source{
			{Name: "ads", Definition: sources.Definition{Type: "ads", Gives: kpi.Cost, Grain: sources.Hour}},
			{Name: "shop", Definition: sources.Definition{Type: "shop", Gives: kpi.Conversions | kpi.Revenue, Events: true, Grain: sources.Hour, Dating: sources.ByEvent}},
		},
		Channels: []Channel{{Name: "Social", Economics: kpi.Economics{Margin: 500_000}, Spend: []string{"ads"}, Results: "shop"}},
		Claim: func(source, _ string, _ sources.Entity) Claim {
			if source == "ads" {
				return Claim{Fields: kpi.Cost}
			}
			return Claim{Fields: kpi.Conversions | kpi.Revenue}
		},
	}
	commit := func(source string, at time.Time, days kpi.DateRange, records []sources.Record) {
		t.Helper()
		account := sources.Account{ID: source, Name: source, Currency: "EUR", Zone: time.UTC}
		b := store.Batch{Source: source, Type: source, Account: account, ObservedAt: at, Records: records,
			Query: sources.Query{Account: account, Days: days, Level: sources.LevelCampaign, Grain: sources.Hour}, Receipt: sources.Receipt{CompleteThrough: at}}
		if _, err := cache.Commit(ctx, b); err != nil {
			t.Fatal(err)
		}
	}
	first := kpi.NewDate(2026, 10, 1)
	const healthy, silent = 20, 4
	for day := range kpi.Date(healthy + silent) {
		date := first + day
		var spend, orders []sources.Record
		for hour := range 24 {
			slot := sources.Slot{Date: date, Grain: sources.Hour, Hour: hour}
			spend = append(spend, sources.Row{Entity: sources.Entity{Level: sources.LevelCampaign, ID: "1"}, Slot: slot, Metrics: kpi.Metrics{Has: kpi.Cost, Cost: 10_000_000}})
			if day < healthy && hour%2 == 0 { // 12 orders of 60 a day: 720 in revenue for 240 in spend
				orders = append(orders, sources.Event{ID: fmt.Sprint(date, hour), Kind: "order", Time: slot.Start(time.UTC).Add(time.Minute), Status: sources.Approved, Value: 60_000_000, Currency: "EUR", Key: sources.Key{Source: "social"}})
			}
		}
		at := date.End(time.UTC)
		commit("ads", at, kpi.DateRange{From: date, To: date}, spend)
		commit("shop", at, kpi.DateRange{From: date, To: date}, orders)
	}
	end := (first + healthy + silent).Start(time.UTC)
	for _, c := range []struct {
		at   time.Time
		lost bool
	}{{(first + healthy).Start(time.UTC), false}, {end, true}} {
		if err := cache.Assign(ctx, o.assigned(), nil); err != nil {
			t.Fatal(err)
		}
		w := newWeigher(o)
		if err := w.replay(ctx, c.at); err != nil {
			t.Fatal(err)
		}
		e := w.channels[0].detector.Evidence()
		if !e.Known || (e.P >= 0.8) != c.lost {
			t.Errorf("at %s P is %.3f (known %v), level %.2f; lost: %v", c.at.Format(time.DateOnly), e.P, e.Known, e.Level, c.lost)
		}
	}
}
