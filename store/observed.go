package store

import (
	"time"

	"adtop/kpi"
	"adtop/sources"
)

// Batch is the outcome of one good Fetch.
type Batch struct {
	Source     string // name in the config
	Type       string // type of the source
	Account    sources.Account
	Query      sources.Query
	ObservedAt time.Time // clock of the data
	Receipt    sources.Receipt
	Records    []sources.Record
	// Gives and OmitsZeros come from the Definition. With OmitsZeros, a known
	// slot of the asked days that is absent from Records is an observed zero
	// in the fields of Gives.
	Gives      kpi.Fields
	OmitsZeros bool
	// PendingApart has pending events summed apart from the others of their key: in an
	// entity with the Action sources.Undecided. One that was stored before it was set
	// moves there when it comes again.
	PendingApart bool
	// Merge, where it is set, makes the event to store of the newest known one
	// and the one in Records, or returns false when there is nothing to store.
	Merge func(known, reported sources.Event) (sources.Event, bool)
}

// Change says what a Commit changed.
type Change struct {
	Seq      int64
	Versions []Version     // the new versions, in no order; empty when nothing changed
	Parts    []PartVersion // new sums of channels, in no order
	Entities bool          // an entity is new or was renamed
	Moved    bool          // an entity counts for another channel than before: Assign again
}

// Account is an account of a configured source.
type Account struct {
	Source, Type string
	sources.Account
}

// EntityID is given by the store and stays the same for its lifetime.
type EntityID int32

// Entity is what versions and totals are about.
type Entity struct {
	ID        EntityID
	Source    string
	Account   string
	Dimension string // Query.Breakdown of which Breakdown is a value, "" for the whole
	sources.Entity
}

// Total is the figure of an entity and a day, in the account's currency.
type Total struct {
	Entity  EntityID
	Date    kpi.Date
	Metrics kpi.Metrics
	At      time.Time // when the newest of its parts was observed
}

// Version is what was reported of a slot from At on, in the account's currency.
type Version struct {
	At      time.Time
	Entity  EntityID
	Slot    sources.Slot
	Metrics kpi.Metrics
}

// AccountEvent is an event and the id of its account.
type AccountEvent struct {
	Account string
	sources.Event
}

// StatusVersion is the status of an event from At on.
type StatusVersion struct {
	Event    int64     // the same for all versions of an event
	Made, At time.Time // when it happened, and when that was observed
	Status   sources.EventStatus
}

// Retention says how exactly the past is kept.
type Retention struct {
	Detail  time.Duration // every observation for so long
	Hourly  time.Duration // then what was known at full hours, UTC, for so long
	History time.Duration // then what was known at midnights, UTC; earlier, only the newest day totals
}

// Poll is one attempt to fetch.
type Poll struct {
	Source, Account string
	At              time.Time
	Days            kpi.DateRange
	Level           sources.Level // 0 for a failed poll of campaigns
	Parent          string        // what of the level was asked for, "" for all
	Breakdown       string        // that was asked for; of impression shares, a name of its own
	CompleteThrough time.Time     // zero for a failed poll
	Expires         time.Time     // when access ends unless somebody signs in again; zero when unknown
	Kind            sources.Kind  // 0 for a good poll
	Message         string        // of a failed poll: what happened
	Next            string        // of a failed poll: what to do
	RetryAfter      time.Duration
	Warnings        []string
	Quota           sources.Quota
	Changed         int // versions written
}

// Failure is a poll without an answer. Account is "" when the accounts could
// not be listed.
type Failure struct {
	Source, Account string
	At              time.Time
	Days            kpi.DateRange
	Query           sources.Query // of a poll beside the regular ones; else the zero one
	Err             error
}

// Health is how a source's account stands.
type Health struct {
	Last Poll
	Good Poll // the newest good poll; zero At when there was none
}

// Rate is the price of one unit of From in To on a date.
type Rate struct {
	From, To kpi.Currency
	Date     kpi.Date
	Rate     kpi.Rate
	Origin   string // "config", later a source's name
}
