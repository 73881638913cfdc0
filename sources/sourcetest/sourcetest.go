// Package sourcetest is the conformance suite that every adapter must pass. It
// runs an adapter against the simulator, whose truth is known, and holds it to
// the contract of package sources: figures exact to the micro, missing never
// zero, days in the account's zone, errors by kind, no secret anywhere, and an
// end as soon as the context ends.
//
// An adapter calls Run from a test of its own.
package sourcetest

import (
	"maps"
	"slices"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/simulator/world"
)

// Adapter is what the suite has to know of the adapter under test.
type Adapter struct {
	Definition sources.Definition
	// Options returns options that reach the simulator: place is the URL of
	// the platform's part of it, or with Files the folder of its exports.
	Options func(place string) any
	Files   bool            // the adapter reads files, so nothing about HTTP applies
	Grains  []sources.Grain // what Fetch can be asked for
	// RealHours: the two hours that the clock shows twice are told apart.
	RealHours bool
	// AdID makes the id of an ad, where the platform's own is not enough; else
	// nil.
	AdID func(group, ad string) string
	// Key is what the adapter knows a campaign by, where its rows are keyed by
	// the origin of visits; nil where they are of campaigns.
	Key func(world.Campaign) sources.Key
	// Breakdowns lists what Query.Breakdown may name, and what Entity.Breakdown
	// is for a placement.
	Breakdowns map[string]func(world.Placement) string
	// HoursBack is for how many days, today included, hours can be asked for; 0
	// where they reach as far as days.
	HoursBack int
	// Path is part of the path of those requests that fetch figures. Faults are
	// set for these once the accounts have been listed.
	Path      string
	Secrets   []string // credentials that must turn up nowhere
	Refreshes bool     // an expired access token is renewed
	Parks     bool     // the platform may throttle for hours, and says for how long
	// Told: the accounts stand in the options, so that listing them asks nobody.
	Told bool

	// Events lists, for an adapter of events, what is expected of the days as
	// of an instant. Adapters of rows leave it nil: their truth is the world's.
	Events func(w *world.World, account sources.Account, days kpi.DateRange, asOf time.Time) []sources.Event
}

// Run holds the adapter to the contract. Its subtests are the rules.
func Run(t *testing.T, a Adapter) {
	// Both end after the day of the world's clock: what has not begun has no figures.
	spring := kpi.DateRange{From: kpi.NewDate(2026, 3, 5), To: kpi.NewDate(2026, 4, 2)}
	autumn := kpi.DateRange{From: kpi.NewDate(2026, 10, 23), To: kpi.NewDate(2026, 11, 6)}
	if testing.Short() { // Berlin's changes of the clock remain, and New York's in autumn
		spring.To, autumn.From = kpi.NewDate(2026, 3, 29), kpi.NewDate(2026, 10, 25)
		spring.From, autumn.To = spring.To-1, kpi.NewDate(2026, 11, 1)
	}
	t.Run("accounts are those of the platform, with currency and zone", a.accounts)
	t.Run("figures equal the truth to the micro, days of 23 hours included", func(t *testing.T) {
		a.truth(t, world.ConformanceSpring, spring)
	})
	t.Run("figures equal the truth to the micro, days of 25 hours included", func(t *testing.T) {
		a.truth(t, world.ConformanceAutumn, autumn)
	})
	if a.Definition.Deepest > sources.LevelCampaign {
		t.Run("ad groups and ads equal the truth and add up to what they belong to", a.levels)
		t.Run("a parent narrows what is read", a.parents)
		t.Run("a fault below the campaign is that of the fetch", a.deepFaults)
	}
	if declared := slices.Sorted(slices.Values(a.Definition.Breakdowns)); !slices.Equal(declared, slices.Sorted(maps.Keys(a.Breakdowns))) {
		t.Errorf("the definition names the breakdowns %q, the adapter answers others", declared)
	}
	if len(a.Breakdowns) > 0 {
		t.Run("breakdowns equal the truth and add up to the whole", a.breakdowns)
	}
	t.Run("an error of yield ends the fetch", a.yieldError)
	if a.Files {
		t.Run("a broken file fails the fetch and is named", a.brokenFiles)
		t.Run("a missing file is a source that is unavailable", a.missingFile)
		t.Run("a fetch ends with its context", a.cancelledBetweenRecords)
		return
	}
	t.Run("each failure has its kind", a.failures)
	t.Run("an error on the last page is the error of the fetch", a.lastPage)
	t.Run("a short quota is waited out as told or handed back", a.shortQuota)
	t.Run("a long quota is handed back with its wait", a.longQuota)
	t.Run("an outage that ends is survived after growing pauses", a.outage)
	t.Run("a revoked token asks the user to sign in", a.revokedToken)
	t.Run("an expired token is renewed, or the user asked to sign in", a.expiredToken)
	t.Run("unknown fields and enum values change nothing", a.unknownFields)
	t.Run("a fetch ends with its context while it waits for the answer", a.cancelledInRequest)
	t.Run("a fetch ends with its context while it pauses", a.cancelledInPause)
	t.Run("each request is told, what failed with its problem, without secrets", a.exchanges)
	t.Run("a recording plays back the same and holds no secret", a.recorded)
}
