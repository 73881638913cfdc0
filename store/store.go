// Package store keeps what was observed, decided and acknowledged: the cache
// behind every figure on the screen, and the only place that knows SQL.
//
// Store is the contract. Open gives the SQLite implementation; the suite in
// storetest says what any implementation must do. Time is always an argument.
package store

import (
	"context"
	"errors"
	"iter"
	"time"

	"adtop/kpi"
	"adtop/sources"
)

// Store is one cache. Reads are safe for concurrent use and see whole commits
// only. Methods that write are for the holder of the lease, but for Send,
// which anybody may call. Every read takes the instant as of which it answers:
// what was observed later does not exist for it.
type Store interface {
	// Commit writes one poll in one transaction: all of it or nothing.
	// ObservedAt may lie before what is already stored (a backfill of past
	// observations); it then adds history and leaves later values alone.
	Commit(ctx context.Context, b Batch) (Change, error)
	// Fail records a poll that gave no answer.
	Fail(ctx context.Context, f Failure) error

	// Accounts lists the accounts seen so far, by source and id.
	Accounts(ctx context.Context, asOf time.Time) ([]Account, error)
	// Entities lists what rows are about, with name and status as of asOf.
	Entities(ctx context.Context, asOf time.Time) ([]Entity, error)
	// EntitySeq grows whenever an entity is new or was renamed.
	EntitySeq(ctx context.Context) (int64, error)
	// Days returns the day totals of some entities, nil meaning all: the day
	// slot where there is one, else the sum of the hours. Ordered by date, then
	// entity.
	Days(ctx context.Context, days kpi.DateRange, asOf time.Time, entities []EntityID) ([]Total, error)
	// Top ranks some entities, nil meaning all, by their cost over days, each
	// in its account's currency, and returns the first n.
	Top(ctx context.Context, days kpi.DateRange, asOf time.Time, entities []EntityID, n int) ([]EntityID, error)
	// Hours returns the hour slots of some entities, nil meaning all, ordered by
	// slot, then entity.
	Hours(ctx context.Context, days kpi.DateRange, asOf time.Time, entities []EntityID) ([]Version, error)
	// Versions replays, in the order of their observation, all versions of the
	// slots in days that were observed up to asOf.
	Versions(ctx context.Context, days kpi.DateRange, asOf time.Time) iter.Seq2[Version, error]

	// Statuses replays how the events of an account were told of up to asOf, those
	// made since an instant: event by event, in the order of observation.
	Statuses(ctx context.Context, source, account string, since, asOf time.Time) iter.Seq2[StatusVersion, error]

	// Events finds the events of a source by their ids, in whatever account, as they
	// are known last. Those with the status Test count nowhere and are not found.
	Events(ctx context.Context, source string, ids []string) ([]AccountEvent, error)
	// Messages finds the newest messages of senders in which a parameter has a value,
	// newest first. Messages are kept for 90 days, whatever the retention.
	Messages(ctx context.Context, value string, limit int) ([]Message, error)

	// Assign says whom entities count for, from now on, and sums by channel
	// anew where that changed, oldest dates last. It is for the holder of the
	// lease, before its first Commit.
	Assign(ctx context.Context, c Channels, progress func(done, total int)) error
	// Shares adds up the impression shares of an account's entities over days, as
	// they were told last up to asOf.
	Shares(ctx context.Context, source, account string, days kpi.DateRange, asOf time.Time) (map[EntityID]kpi.Won, error)

	// ChannelDays and ChannelHours return the sums of every channel's part in
	// every account, by day or by hour, ordered by slot. They are right for any
	// definitions, and fast for the assigned ones.
	ChannelDays(ctx context.Context, c Channels, days kpi.DateRange, asOf time.Time) ([]PartVersion, error)
	ChannelHours(ctx context.Context, c Channels, days kpi.DateRange, asOf time.Time) ([]PartVersion, error)
	// ChannelVersions replays, in the order of their observation, all versions
	// of those sums in days that were observed up to asOf. It fails with
	// ErrUnassigned for other definitions than the assigned ones.
	ChannelVersions(ctx context.Context, c Channels, days kpi.DateRange, asOf time.Time) iter.Seq2[PartVersion, error]
	// Rebuild makes all sums anew and returns how many of them, of days and of
	// channels, gave another answer before, those apart that were to be made
	// anew anyway: none, unless something is wrong.
	Rebuild(ctx context.Context, progress func(done, total int)) (changed int, err error)

	// Exact returns the instant as of which reads answer a question about asOf,
	// and the resolution of that time: 0 for every observation. It is asOf
	// itself unless thinning has passed it.
	Exact(ctx context.Context, asOf time.Time) (time.Time, time.Duration, error)

	// Moments returns the nearest instants before and after asOf, zero where
	// there is none, at which something else was known: those of polls that
	// changed figures of campaigns, or the next one that reads answer exactly.
	// What is known now is not among them: it needs no instant.
	Moments(ctx context.Context, asOf time.Time) (earlier, later time.Time, err error)

	// Thin removes a little of what the retention no longer asks for, as of
	// now, and says whether there is more to do. It never holds the writer
	// long; sums never change by it.
	Thin(ctx context.Context, now time.Time, r Retention) (more bool, err error)

	// Polls returns the polls observed in [from, to], in that order; those of
	// one moment in the order of their source and account.
	Polls(ctx context.Context, from, to time.Time) ([]Poll, error)
	// Health returns the newest poll of every source and account up to asOf,
	// with the newest good one behind it. Polls of accounts' totals, ad groups,
	// ads, breakdowns and impression shares say nothing of that.
	Health(ctx context.Context, asOf time.Time) ([]Health, error)
	// Inside returns the newest poll up to asOf beside the regular ones that asked
	// one account what q asks: its Level, Parent, Breakdown and Shares; and the
	// newest good one.
	Inside(ctx context.Context, source, account string, q sources.Query, asOf time.Time) (Health, error)
	// Totals returns the newest poll up to asOf that asked for an account's own
	// totals up to its present day, and the newest good one. A poll of totals
	// comes after the one of campaigns that covers the same days.
	Totals(ctx context.Context, source, account string, asOf time.Time) (Health, error)
	// State returns the Receipt.State of an account that was committed last, nil
	// when there is none. A commit without one leaves it as it is.
	State(ctx context.Context, source, account string) ([]byte, error)

	// PutRates stores exchange rates as known from at on; Rates returns the
	// ones known as of asOf, ordered by currency and date.
	PutRates(ctx context.Context, at time.Time, rates []Rate) error
	Rates(ctx context.Context, asOf time.Time) ([]Rate, error)

	// Decide appends evaluations, alert changes, silences and notes in one
	// transaction, puts what is to be told of them into the outbox, and removes
	// the commands that they answer from the inbox.
	Decide(ctx context.Context, d Decision) error
	// Evaluations returns the newest evaluation of every channel as of asOf.
	Evaluations(ctx context.Context, asOf time.Time) ([]Evaluation, error)
	// Alerts returns every alert that was open as of asOf or ended after
	// since, as it stood then, newest first.
	Alerts(ctx context.Context, since, asOf time.Time) ([]Alert, error)
	// AlertHistory returns every state that an alert was in up to asOf, oldest
	// first.
	AlertHistory(ctx context.Context, id string, asOf time.Time) ([]Alert, error)
	// Silences returns the silences that end after since, as they stood as of
	// asOf, in the order of their beginning.
	Silences(ctx context.Context, since, asOf time.Time) ([]Silence, error)
	// Notes returns the notes on some days, as they stood as of asOf, by date.
	Notes(ctx context.Context, days kpi.DateRange, asOf time.Time) ([]Note, error)
	// Told returns what was told so far, as Decide stored it last.
	Told(ctx context.Context) ([]Told, error)
	// Outgoing returns the oldest message to a target that is due, nil when none
	// is, and when the next one will be: zero for never. Those of one key go out in
	// their order, so that none overtakes another.
	Outgoing(ctx context.Context, target string, at time.Time) (due *Delivery, next time.Time, err error)
	// Attempted records what came of an attempt. After a success everything else
	// that waits for the target is due.
	Attempted(ctx context.Context, a Attempt) error
	// Deliveries returns what was put into the outbox up to asOf, newest first.
	Deliveries(ctx context.Context, f DeliveryFilter, asOf time.Time) ([]Delivery, error)
	// Reach says how a target stands; the zero Reach when nothing was to be told.
	Reach(ctx context.Context, target string, asOf time.Time) (Reach, error)
	// Send appends a command to the inbox; Inbox lists those not yet applied,
	// oldest first.
	Send(ctx context.Context, c Command) error
	Inbox(ctx context.Context) ([]Command, error)

	// Setting and PutSetting keep small values of the program itself, such as
	// the demo's clock. A missing setting is "".
	Setting(ctx context.Context, name string) (string, error)
	PutSetting(ctx context.Context, name, value string) error

	// Seq grows with every write of any process. It is cheap to ask.
	Seq(ctx context.Context) (int64, error)
	// Lease tries to become the one process that writes. It returns ErrHeld
	// (wrapped, naming the holder) while another process has it.
	Lease(at time.Time) (Lease, error)
	Close() error
}

// Lease is held until Release or the end of the process.
type Lease interface {
	Release() error
}

// Errors that callers act on. Each is wrapped with the file and the next step.
var (
	ErrHeld     = errors.New("another adtop is collecting into this database")
	ErrForeign  = errors.New("not an adtop database")
	ErrNewer    = errors.New("database was written by a newer adtop")
	ErrCorrupt  = errors.New("database is damaged")
	ErrReadOnly = errors.New("database cannot be written")
	ErrFull     = errors.New("disk is full")
	ErrNetwork  = errors.New("database is on a network file system")
	ErrReplaced = errors.New("database file was replaced")
	// ErrUnassigned is of sums that are asked for by definitions that were not
	// assigned.
	ErrUnassigned = errors.New("channels are not assigned")
)
