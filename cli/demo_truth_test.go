//go:build !windows

package cli

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources/simulator"
	"adtop/sources/simulator/world"
)

func TestTheSameSeedAndStartPrintTheSameFigures(t *testing.T) {
	if testing.Short() {
		t.Skip("fills a world")
	}
	if _, err := worldOnce(); err != nil {
		t.Fatal(err)
	}
	home(t)
	code, stdout, stderr := adtop(t, "demo", "--json", "--start", storyStart)
	if code != 0 {
		t.Fatal(stderr)
	}
	if stdout != worldPrinted {
		t.Fatalf("first:\n%s\nthen:\n%s", worldPrinted, stdout)
	}
	var report jsonReport
	if err := json.Unmarshal([]byte(stdout), &report); err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 16, 9, 0, 0, 0, time.UTC) // ten in Berlin
	w := world.Demo(1, now, true)
	if len(report.Channels) != len(w.Spec().Channels) || !report.AsOf.Equal(now) || len(report.Warnings) != 1 {
		t.Errorf("%d channels as of %s, want %d; warnings %q", len(report.Channels), report.AsOf, len(w.Spec().Channels), report.Warnings)
	}
	for _, ch := range w.Spec().Channels {
		expectTruth(t, w, ch, report, now)
	}
	for _, ch := range report.Channels {
		for _, c := range ch.Campaigns {
			if costless := ch.Cost == nil; costless != (c.Verdict == nil) || costless != (c.PUnprofitable == nil) || c.Reason == "" {
				t.Errorf("%s, campaign %s: %v, P %v: %s", ch.Name, c.Name, c.Verdict, c.PUnprofitable, c.Reason)
			}
		}
		if len(ch.Campaigns) == 0 {
			t.Errorf("no campaigns of %s", ch.Name)
		}
	}
}

// expectTruth compares what is told of a channel's day with the world.
func expectTruth(t *testing.T, w *world.World, ch world.Channel, report jsonReport, now time.Time) {
	t.Helper()
	i := slices.IndexFunc(report.Channels, func(told jsonChannel) bool { return told.Name == ch.Name })
	if i < 0 {
		t.Errorf("channel %s is missing", ch.Name)
		return
	}
	told := report.Channels[i].jsonFigures
	number := func(text *string) float64 {
		if text == nil {
			return math.NaN()
		}
		n, err := strconv.ParseFloat(*text, 64)
		if err != nil {
			t.Error(err)
		}
		return n
	}
	var cost, conversions float64
	var clicks int64
	shop := w.Spec().Shop
	zone, measured := shop.Zone, false // who measures its visits
	for _, a := range w.Spec().Accounts {
		if a.Measures && a.Platform != world.GA4 && slices.ContainsFunc(a.Campaigns, func(c world.Campaign) bool { return c.ID == ch.Campaigns[0] }) || a.Measures && ch.Name == "Social" {
			zone, measured = a.Zone, true
		}
	}
	for _, id := range ch.Campaigns {
		if ch.Account != "" {
			account, _ := w.Account(ch.Platform, ch.Account)
			m := w.Day(ch.Account, id, kpi.DateOf(now, account.Zone), now)
			cost, conversions, clicks = cost+m.Cost.Float(), conversions+m.Conversions.Float(), clicks+m.Clicks
			continue
		}
		clicks += w.Visits(id, kpi.DateOf(now, zone).Start(zone), now, now).Clicks
	}
	if ch.Account == "" {
		conversions = orders(w, ch, kpi.DateOf(now, shop.Zone).Start(shop.Zone), now)
	}
	if got := number(told.Conversions); math.Abs(got-conversions) > 1e-5 {
		t.Errorf("%s has %g conversions, in truth %g", ch.Name, got, conversions)
	}
	if ch.Account != "" || measured {
		if told.Clicks == nil || *told.Clicks != clicks || clicks == 0 {
			t.Errorf("%s has %v clicks, in truth %d", ch.Name, told.Clicks, clicks)
		}
	}
	if got := number(told.Cost); ch.Account != "" && ch.Name != "Meta US" && math.Abs(got-cost) > 0.01 || ch.Account == "" && told.Cost != nil {
		t.Errorf("%s cost %g, in truth %g", ch.Name, got, cost)
	}
}

// orders counts what its source of results knows of a channel without spend.
func orders(w *world.World, ch world.Channel, from, now time.Time) (n float64) {
	if ch.Name == "Telephone" {
		for _, o := range w.Calls(from, now, now) {
			if c := simulator.ComagicOf(o, now); !o.Test && !c.Out && !c.Lost {
				n++
			}
		}
		return n
	}
	for _, o := range w.Orders(from, now, now) {
		known := o.Ready || ch.Name == "Social" // analytics need not wait for the shop's visits
		switch its := slices.Contains(ch.Campaigns, o.Campaign); {
		case o.Test || !o.Cancelled.IsZero() && ch.Name != "Social":
		case known && its, !known && ch.Name == "Direct":
			n++
		}
	}
	return n
}
