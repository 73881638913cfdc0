// Package sources is the contract between adtop and the channels' APIs: what
// an adapter is asked for, what it hands over, and which errors it may give.
//
// The package is pure: no HTTP, no files, no clock. What HTTP adapters share
// is in httpkit; each adapter has a folder of its own beside it.
package sources

import (
	"context"
	"time"

	"adtop/kpi"
)

// Source is one configured connection to one channel API. Fetch hands over,
// record by record, what the channel reports at this moment. It fills in and
// guesses nothing. If it returns an error, nothing of this Fetch is committed.
// All methods are safe for concurrent use and return soon after ctx ends.
type Source interface {
	// Accounts lists what the credentials reach, narrowed by the options.
	Accounts(ctx context.Context) ([]Account, error)
	// Fetch calls yield for each record that answers q, in any order, and
	// stops at the first error of yield, returning it.
	Fetch(ctx context.Context, q Query, yield func(Record) error) (Receipt, error)
}

// Listener is a Source that is pushed to. Its accounts have a currency each, and an
// event belongs to that of its own; one that names none, to where it is known already,
// or else to the first. Listen takes what comes until ctx ends, and answers a sender only after sink has committed. Its Fetch
// hands over nothing, without any wait: it says whether it listens, and its receipt
// goes with what is committed.
type Listener interface {
	// Listen calls sink from one goroutine at a time, with Events and Messages. What sink
	// refuses is not committed, none of it. Listen returns nil when ctx has
	// ended, and else why it cannot listen.
	Listen(ctx context.Context, sink func([]Record) error) error
	// Merge says what is known of an event after a message about it, which may
	// come twice, late or in part. It returns false where the message changes
	// nothing. It is a pure function of both, counting apart.
	Merge(known, reported Event) (Event, bool)
}

// Account is an advertising account, a shop or a property.
type Account struct {
	ID       string // the platform's id
	Name     string // as shown by the platform; the ID when it has none
	Currency kpi.Currency
	Zone     *time.Location // days and hours of this account are local to it
}

// Grain is the length of a slot.
type Grain uint8

// The grains. Their numbers are stored.
const (
	Day  Grain = 1
	Hour Grain = 2
)

// String names the grain.
func (g Grain) String() string {
	if g == Hour {
		return "hour"
	}
	return "day"
}

// Slot is a span of account-local time: a whole day, or one real hour of it.
type Slot struct {
	Date  kpi.Date
	Grain Grain
	Hour  int // ordinal of the real hour since the day began, 0..24; 0 for Day
}

// Start returns the first instant of the slot in the account's zone.
func (s Slot) Start(zone *time.Location) time.Time {
	return s.Date.Start(zone).Add(time.Duration(s.Hour) * time.Hour)
}

// End returns the first instant after the slot.
func (s Slot) End(zone *time.Location) time.Time {
	end := s.Date.End(zone)
	if s.Grain == Hour {
		if next := s.Start(zone).Add(time.Hour); next.Before(end) {
			return next
		}
	}
	return end
}

// Level is what a row is about. The numbers are stored.
type Level uint8

// The levels. LevelKey rows are results without a platform's campaign: orders
// of a shop, conversions of a tracker. Their entity ID is Key.ID.
const (
	LevelAccount  Level = 1
	LevelCampaign Level = 2
	LevelAdGroup  Level = 3
	LevelAd       Level = 4
	LevelKey      Level = 5
)

// String names the level, "" for one that there is not.
func (l Level) String() string {
	names := [...]string{LevelAccount: "account", LevelCampaign: "campaign", LevelAdGroup: "ad_group", LevelAd: "ad", LevelKey: "key"}
	if int(l) >= len(names) {
		return ""
	}
	return names[l]
}

// Query asks for the figures of one account.
type Query struct {
	Account   Account
	Days      kpi.DateRange // account-local, both ends included
	Level     Level
	Parent    string // platform id one level up: only what belongs to it is asked for; "" asks for all
	Grain     Grain
	Breakdown string // "" or a platform's dimension, such as "network"
	Shares    bool   // asks for impression shares by day in place of figures: Row.ImpressionShare, with Impressions only
	State     []byte // Receipt.State of the last committed Fetch of this account; nil asks for everything in Days
}

// Receipt closes a successful Fetch.
type Receipt struct {
	// CompleteThrough is the watermark: the answer holds everything that the
	// channel will ever report early about the time before it (late
	// conversions apart). It is not the time of the answer: platforms lag.
	CompleteThrough time.Time
	State           []byte // handed back as Query.State next time; at most 64 KiB
	Quota           Quota
	Expires         time.Time // when access ends unless somebody signs in again; zero when the platform does not say
	Warnings        []string  // sentences for the user, such as an unknown purchase type
}

// Quota is what is known of a platform's limit after a Fetch; the zero value
// means the platform said nothing.
type Quota struct {
	Used  float64 // share of the limit in use, 0..1
	Scope string  // whose limit it is, in the platform's words
}

// Record is a Row, an Event or a Message.
type Record interface{ record() }

// Row holds the cumulative metrics of one entity and one slot, as reported now.
type Row struct {
	Entity  Entity
	Slot    Slot
	Metrics kpi.Metrics // money in the account's currency
	// ImpressionShare is of a campaign and a day, where Query.Shares asked for it.
	// A campaign and day of which nothing is told has no row.
	ImpressionShare kpi.Share
}

// Entity is what a row is about. All fields but Name, Status and Parent are
// its identity: a change of the attribution setting starts a new series.
type Entity struct {
	Level       Level
	ID          string // the platform's id
	Breakdown   string // value of Query.Breakdown, "" when none was asked for
	Attribution string // attribution setting in force, "" when the platform has one
	Action      string // conversion action counted, "" when the platform decides; see Undecided

	Name   string // as the platform has it now
	Status string // the platform's word, lower case
	Parent string // platform id one level up, "" for campaigns
}

// Undecided is the Action of a LevelKey entity that holds the pending events of its
// key, where they are summed apart (Definition.Approval).
const Undecided = "pending"

// Event is one order, call, conversion or lead. It is identified by ID within
// its account and handed over again, whole, whenever anything of it changed.
// It carries no personal data.
type Event struct {
	ID       string
	Kind     string // "order", "lead", "call", …
	Time     time.Time
	Status   EventStatus
	Value    kpi.Micros // what counts as revenue now, by Basis of the Definition; 0 when the event counts no more
	Cost     kpi.Micros // what a partner is owed for it now, where the source tells (Definition.Owes); 0 when the event counts no more
	Currency kpi.Currency
	Refunded kpi.Micros // part of the first value that was given back so far
	Tax      kpi.Micros // contained in the first value
	Shipping kpi.Micros // contained in the first value
	Key      Key
	ClickID  string // gclid, fbclid, …
	New      bool   // first order of this customer, where the shop knows; Key.Customer tells returning ones too
}

// EventStatus says whether an event counts. The numbers are stored.
type EventStatus uint8

// The statuses. Pending counts as Approved does, unless Definition.Approval says
// for how much of it; Rejected and Test do not.
const (
	Approved EventStatus = 1
	Pending  EventStatus = 2
	Rejected EventStatus = 3
	Test     EventStatus = 4
)

// Counts says whether the event is a conversion.
func (s EventStatus) Counts() bool { return s == Approved || s == Pending }

// Message is what a sender said of an event, encoded like a query, without secrets and
// personal data. It is kept for disputes and counts for nothing.
type Message struct{ Text string }

func (Row) record()     {}
func (Event) record()   {}
func (Message) record() {}
