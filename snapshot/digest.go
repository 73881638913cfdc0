package snapshot

import (
	"time"

	"adtop/kpi"
)

// The periods that a Digest is of: they end with yesterday, in the display zone.
const (
	DigestDay  = "day"
	DigestWeek = "week" // seven days
)

// Digest tells what a period that is over brought, and what the one before it
// had brought at the same moment after its end. All money is in Currency.
type Digest struct {
	Title    string
	Period   string // DigestDay or DigestWeek
	AsOf     time.Time
	Days     kpi.DateRange // in Zone; each account counts its own days
	Past     Past
	Currency kpi.Currency
	Zone     *time.Location

	Total    Compared
	Channels []DigestChannel // as in the config
	Movers   []Mover         // campaigns that changed most, largest first
	Fired    []Alert         // that fired within the period, oldest first
	Ended    []Alert         // that ended within it
	Rules    []RuleRecord    // of the last RuleDays, by name
	RuleDays int
	Losses   []Loss // channels that an alert said to lose money, by its beginning
	Failures []SourceFailure
	Notes    []Note
	Warnings []string // of the figures, as Snapshot.Warnings
}

// Compared are figures of both periods.
type Compared struct {
	Now, Before Figures
	Same        Figures // as Channel.Same
}

// Comparable are the figures of the period that Before compares with.
func (c Compared) Comparable() Figures { return c.Same.Or(c.Now) }

// DigestChannel is one channel in a Digest.
type DigestChannel struct {
	Name string
	Compared
	Verdict kpi.Verdict // as of AsOf; "" of what no channel claims
	P       kpi.Ratio
	Reason  string
	Young   []kpi.Date // days of the period whose results are still coming in
	Unknown []kpi.Date // days of the period that nothing is known of
}

// Mover is a campaign whose profit, or whose cost where no profit is known,
// changed much.
type Mover struct {
	Channel, Source, Account, Campaign, Name string
	URL                                      string
	Compared
	ByProfit bool
	Change   kpi.Micros // of profit before fixed fees, or of cost
}

// RuleRecord says how right a rule was.
type RuleRecord struct {
	Rule        string
	Fired       int
	True, False int // as people marked them; the others are not judged
	Retracted   int // that late results took back
}

// Precision is the share of true alarms among those that somebody judged.
func (r RuleRecord) Precision() kpi.Ratio {
	if r.True+r.False == 0 {
		return kpi.Ratio{}
	}
	return kpi.Ratio{Value: float64(r.True) / float64(r.True+r.False), OK: true}
}

// Loss is what a channel lost while an alert said so.
type Loss struct {
	Channel  string
	FiredAt  time.Time
	EndedAt  time.Time  // zero while open
	Days     int        // of the period on which the alert fired
	Lost     kpi.Amount // cost less contribution over these days, at least 0
	Maturity kpi.Ratio  // the least of these days: below 1, less may have been lost
	// Before and After are the cost of a day: in the week before the trouble, and
	// on the days of the period after it was told.
	Before, After kpi.Amount
	// Saved is what the cost that was taken away would have lost at the rate of
	// the trouble, had it gone on as in the week before. It is an estimate, and
	// unknown where one would be a guess: Why says why.
	Saved kpi.Amount
	Why   string
}

// SourceFailure is a source that failed within the period.
type SourceFailure struct {
	Source        string
	Failed, Polls int           // of all accounts
	Down          time.Duration // the longest time without a good answer that a failure fell into
	Problem       string        // the last one, in words
}
