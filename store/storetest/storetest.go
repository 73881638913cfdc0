// Package storetest says what every implementation of store.Store must do.
package storetest

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/store"
)

// Opener opens the store at path, making it when it is missing. It is called
// again with the same path after Close, and while another is open on it.
type Opener func(t *testing.T, path string) store.Store

// Run runs the suite. Every test gets a path of its own.
func Run(t *testing.T, open Opener) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, *fixture)
	}{
		{"NothingIsKnownBeforeItWasObserved", nothingBeforeObservation},
		{"UnchangedPollIsRecordedWithoutVersions", unchangedPoll},
		{"RestatementsKeepWhatWasKnown", restatements},
		{"AbsenceIsZeroOnlyWhereZerosAreOmitted", absence},
		{"MissingIsNotZero", missing},
		{"DaySlotStandsForItsHours", daySlot},
		{"VanishedFieldLeavesTheTotal", vanishedField},
		{"RenamesAreKnownAsOfTheirTime", renames},
		{"PastObservationsLeaveLaterOnesAlone", backdated},
		{"PastObservationsInSeriesKeepTheirInstants", pastInSeries},
		{"LaterCommitOfOneInstantWins", sameInstant},
		{"EventsCountWhereTheyBelong", events},
		{"MessagesAboutAnEventAreMergedWithWhatIsKnown", mergedEvents},
		{"PendingEventsStandApartAndMoveWhenTheyAreDecided", pendingApart},
		{"StatusesAreReplayedAsTheyWereTold", statuses},
		{"EventsAreFoundByIdInWhateverAccount", findEvents},
		{"MessagesAreFoundByAValueUntilTheyAreOld", messages},
		{"PastEventsAreRightAsOfThen", pastEvents},
		{"EventOfAnotherCurrencyIsRefused", foreignEvent},
		{"OverflowNeverGetsIn", overflow},
		{"LongDayHas25Hours", longDay},
		{"TextIsCleaned", cleanText},
		{"DeadSourceIsNeverZero", deadSource},
		{"StateIsThatOfTheLastCommit", state},
		{"AccountKeepsItsCurrency", currency},
		{"RatesAreKnownAsOfTheirTime", rates},
		{"DecisionsAreKnownAsOfTheirTime", decisions},
		{"SilencesAreKnownAsOfTheirTime", silences},
		{"NotesAreKnownAsOfTheirTime", notes},
		{"MessagesOfAGroupGoOutInTheirOrder", outbox},
		{"AnEventGoesToATargetOnce", sameEvent},
		{"WhatIsToldIsStoredWithItsAlertOrNotAtAll", toldWhole},
		{"ATargetFailsFromItsFirstFailureToItsNextSuccess", reach},
		{"DeliveriesAreForgottenAfterAQuarter", oldDeliveries},
		{"AnsweredCommandsLeaveTheInbox", inbox},
		{"EveryWriteChangesSeqForEverybody", seq},
		{"ReadersSeeWholeCommitsOnly", wholeCommits},
		{"EndedContextStoresNothing", endedContext},
		{"EverythingSurvivesReopening", reopening},
		{"AnswersEqualReplay", replay},
		{"ThinnedHistoryIsRightWhereItAnswers", thinning},
		{"ThinningLeavesTheLastPollOfEachQuestion", thinnedPolls},
		{"MomentsAreThoseAtWhichSomethingElseWasKnown", moments},
		{"ThinnedMomentsLeaveNothingOut", thinnedMoments},
		{"WhatIsAskedOfACampaignLeavesTheRestAlone", inside},
		{"TotalsOfAnAccountLeaveTheRestAlone", totals},
		{"ImpressionSharesAreKeptAsTheyWereTold", shares},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := &fixture{T: t, open: open, path: filepath.Join(t.TempDir(), "adtop.db")}
			f.Store = f.another()
			test.run(t, f)
		})
	}
}

// fixture is an open store and short ways to write into it.
type fixture struct {
	*testing.T
	store.Store
	open Opener
	path string
}

// another opens the store once more.
func (f *fixture) another() store.Store {
	s := f.open(f.T, f.path)
	f.Cleanup(func() {
		if err := s.Close(); err != nil {
			f.Error(err)
		}
	})
	return s
}

var (
	ctx   = context.Background()
	start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	today = kpi.NewDate(2026, 3, 2)
)

// at is n minutes after the start of the test's world.
func at(n int) time.Time { return start.Add(time.Duration(n) * time.Minute) }

func zone(name string) *time.Location {
	z, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return z
}

func days(from, to kpi.Date) kpi.DateRange { return kpi.DateRange{From: from, To: to} }

func hour(d kpi.Date, h int) sources.Slot {
	return sources.Slot{Date: d, Grain: sources.Hour, Hour: h}
}

func day(d kpi.Date) sources.Slot { return sources.Slot{Date: d, Grain: sources.Day} }

// spent is a full set of metrics.
func spent(cost, conversions, revenue int64) kpi.Metrics {
	return kpi.Metrics{Has: kpi.AllFields, Impressions: 1000 * cost, Clicks: 10 * cost, Cost: kpi.Micros(cost) * kpi.MicrosPerUnit,
		Conversions: kpi.Micros(conversions) * kpi.MicrosPerUnit, Revenue: kpi.Micros(revenue) * kpi.MicrosPerUnit, ViewThrough: kpi.Micros(conversions) * kpi.MicrosPerUnit / 4}
}

func row(id string, slot sources.Slot, m kpi.Metrics) sources.Row {
	return sources.Row{Entity: sources.Entity{Level: sources.LevelCampaign, ID: id, Name: "Campaign " + id, Status: "active"}, Slot: slot, Metrics: m}
}

// batch is a complete answer of the ad account "1" for today by hour.
func batch(at time.Time, records ...sources.Record) store.Batch {
	account := sources.Account{ID: "1", Name: "Acme", Currency: "EUR", Zone: zone("Europe/Berlin")}
	return store.Batch{
		Source: "ads", Type: "meta_ads", Account: account, ObservedAt: at, Records: records, Gives: kpi.AllFields,
		Query:   sources.Query{Account: account, Days: days(today, today), Level: sources.LevelCampaign, Grain: sources.Hour},
		Receipt: sources.Receipt{CompleteThrough: at.Add(-time.Hour)},
	}
}

func (f *fixture) commit(b store.Batch) store.Change {
	f.Helper()
	change, err := f.Commit(ctx, b)
	if err != nil {
		f.Fatal(err)
	}
	return change
}

func must[T any](t *testing.T) func(T, error) T {
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// ids maps platform ids to the store's; of breakdowns, "id/value".
func (f *fixture) ids() map[string]store.EntityID {
	f.Helper()
	ids := map[string]store.EntityID{}
	for _, e := range must[[]store.Entity](f.T)(f.Entities(ctx, at(1<<20))) {
		name := e.Entity.ID
		if e.Breakdown != "" {
			name += "/" + e.Breakdown
		}
		ids[name] = e.ID
	}
	return ids
}

// total is the total of an entity and day as of an instant.
func (f *fixture) total(id string, d kpi.Date, asOf time.Time) (store.Total, bool) {
	f.Helper()
	entity := f.ids()[id]
	for _, total := range must[[]store.Total](f.T)(f.Days(ctx, days(d, d), asOf, nil)) {
		if total.Entity == entity {
			return total, true
		}
	}
	return store.Total{}, false
}

// wantTotal fails unless the day's total is want, the zero Metrics meaning
// that nothing is known.
func (f *fixture) wantTotal(id string, d kpi.Date, asOf time.Time, want kpi.Metrics) {
	f.Helper()
	got, found := f.total(id, d, asOf)
	if got.Metrics != want || found != (want != kpi.Metrics{}) {
		f.Errorf("%s on %s as of %s: got %+v (known: %v), want %+v", id, d, asOf.Format(time.TimeOnly), got.Metrics, found, want)
	}
}
