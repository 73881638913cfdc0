package googleads

import (
	"math"
	"strings"
	"testing"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/simulator"
	"adtop/sources/simulator/world"
)

// asksShares asks for the impression shares of a week.
func asksShares(t *testing.T) sources.Query {
	t.Helper()
	q := day(t, "Europe/Berlin", kpi.NewDate(2026, 3, 20))
	q.Account.ID, q.Grain, q.Shares = "4440000001", sources.Day, true
	q.Days.From -= 20
	return q
}

func TestImpressionSharesAreThoseOfSearchAndCensoredBelowATenth(t *testing.T) {
	source, sim := opened(t, nil)
	q := asksShares(t)
	campaigns := map[string]*world.Campaign{}
	for _, a := range world.Conformance().Accounts(world.Google) {
		for i := range a.Campaigns {
			campaigns[a.Campaigns[i].ID] = &a.Campaigns[i]
		}
	}
	bounds := map[kpi.Bound]int{}
	before := len(sim.Requests(world.Google))
	_, err := source.Fetch(t.Context(), q, func(r sources.Record) error {
		row := r.(sources.Row)
		share, ok := simulator.SearchShare(campaigns[row.Entity.ID], row.Slot.Date)
		s := row.ImpressionShare
		bounds[s.Bound]++
		if !ok || !s.Known || row.Metrics.Has != kpi.Impressions || row.Metrics.Impressions == 0 || row.Slot.Grain != sources.Day {
			t.Errorf("%+v", row)
		}
		if censored := share < 0.1; censored != (s.Bound == kpi.Below) || censored && s.Value != 0.1 || !censored && math.Abs(s.Value-share) > 1e-9 {
			t.Errorf("%s on %s: %+v, it is %v", row.Entity.ID, row.Slot.Date, s, share)
		}
		return nil
	})
	if err != nil || bounds[kpi.Below] == 0 || bounds[kpi.Exact] == 0 {
		t.Errorf("rows by bound %v, %v", bounds, err)
	}
	for _, r := range sim.Requests(world.Google)[before:] {
		if body := string(r.Body); strings.Contains(body, "search_impression_share") && (strings.Contains(body, "segments.hour") || strings.Contains(body, "cost_micros")) {
			t.Errorf("it was asked together with other figures: %s", body)
		}
	}
}

func TestSharesHaveNoHoursAndNoParts(t *testing.T) {
	source, sim := opened(t, nil)
	for _, change := range []func(*sources.Query){
		func(q *sources.Query) { q.Grain = sources.Hour },
		func(q *sources.Query) { q.Level = sources.LevelAdGroup },
		func(q *sources.Query) { q.Breakdown = byNetwork },
	} {
		q := asksShares(t)
		change(&q)
		if _, err := source.Fetch(t.Context(), q, nil); sources.KindOf(err) != sources.Invalid {
			t.Errorf("%+v: %v", q, err)
		}
	}
	if asked := sim.Requests(world.Google); len(asked) != 0 {
		t.Errorf("Google was asked %d times", len(asked))
	}
}

func TestAShareThatCannotBeIsUnreadable(t *testing.T) {
	q := asksShares(t)
	for share, want := range map[string]string{`0.5`: "", `1`: "", `0.0999`: "", `1.5`: "result 1", `-0.1`: "result 1", `"high"`: "number"} {
		_, _, err := decoded(`[{"results":[{"campaign":{"id":"7"},"metrics":{"impressions":"3","searchImpressionShare":`+share+`},"segments":{"date":"2026-03-20"}}],"fieldMask":"metrics.impressions,metrics.searchImpressionShare"}]`, q)
		if (want == "") != (err == nil) || err != nil && (sources.KindOf(err) != sources.Malformed || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", share, err, want)
		}
	}
}
