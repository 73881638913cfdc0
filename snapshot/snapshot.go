// Package snapshot holds the Snapshot: one immutable picture, as of one
// instant, of everything that a screen, a report or a rule needs.
//
// It holds values only and imports nothing but kpi. Nobody changes a Snapshot
// after it was handed over.
package snapshot

import (
	"time"

	"adtop/kpi"
)

// View says which picture is wanted.
type View struct {
	Range     Range
	Against   Comparison
	AsOf      time.Time // zero: live
	Campaigns string    // the channel whose campaigns are listed, or AllCampaigns; "" lists none
	Inside    Inside    // what is asked to be taken apart; zero: nothing
	Alert     string    // id of the alert whose history is wanted; "" for none
	Ended     int       // for how many days back ended alerts are listed; a week at least
	Unclaimed bool      // whether what no channel claims is listed
}

// Inside names a campaign whose ad groups are wanted, or one of its ad groups
// whose ads are, or the parts of a campaign by a dimension.
type Inside struct {
	Source, Account string
	Campaign        string // platform id
	Group           string // platform id of an ad group of it; "" asks for the ad groups
	Breakdown       string // "network", "placement": asks for the campaign's parts by it
}

// AllCampaigns is View.Campaigns for those of every channel.
const AllCampaigns = "*"

// Snapshot is the picture. All money is in Currency.
type Snapshot struct {
	Seq  int64     // grows with every change of the store
	View View      // what was asked for
	AsOf time.Time // as of when every figure is known; for a live picture, when it was made
	// Resolution is how exactly the past is known at AsOf: 0 for every
	// observation, an hour or a day where only those are kept.
	Resolution time.Duration
	Title      string
	Currency   kpi.Currency
	Zone       *time.Location // in which the screens print times
	Speed      float64        // how many times faster than the clock the data's time runs; 1 outside the demo
	Collector  Collector

	Alarm Alarm

	Total    Figures // over all channels; impressions and clicks are those that were paid for
	Before   Figures // the same, in the period that is compared with, at the same moment of it
	Same     Figures // as Channel.Same
	Past     Past
	Days     []Day  // totals by day, oldest first
	Series   Series // totals
	Channels []Channel
	// Unclaimed is what no channel claims, the most money first.
	Unclaimed []Unclaimed
	Drill     Drill
	Notes     []Note    // of the days that Days and Series show, oldest first
	Alerts    []Alert   // open ones first, by severity and age; then those ended within a week, or View.Ended
	History   []Alert   // every state of View.Alert, oldest first
	Silences  []Silence // those that end in the future or ended in the last 7 days
	Sources   []Source
	Targets   []Target // of notifications, in the order of the config
	Told      []Notice // who was told of View.Alert, oldest first
	Backfill  Progress
	Warnings  []string // sentences: overlapping channels, missing rates, …
	// Earlier and Later are the nearest instants at which other figures were
	// known. Earlier is zero where there is none, and Later where the next step
	// shows what is known now: the live picture.
	Earlier, Later time.Time
}

// Past is the period that the range is compared with.
type Past struct {
	Days  kpi.DateRange // in the display zone
	Known time.Time     // as of when its figures are known
	Why   string        // why there is nothing to compare with, in words; "" where there is
}

// Series is what a chart shows: the days of the range (the 14 that end with its
// last, when it is shorter; its last 400, when it is longer), or its hours when
// the range is by the hour. Slots of the range sum up to it; a running one is
// told as far as it has got. Before is known as of Snapshot.AsOf, whole days and
// hours, however young its counterpart: Past and Channel.Before compare at the
// same moment.
type Series struct {
	ByHour bool
	Slots  []Slot // gapless, oldest first; Known is unset where nothing is known
	Before []Slot // as many: the slot that lies before each by the shift of the comparison; unknown where a month has no such day
}

// Slot is a day or an hour. It starts in the display zone; an account's own day
// counts by its date, and its n-th last hour in the n-th last slot.
type Slot struct {
	Start   time.Time
	Figures Figures
}

// Drill is what View.Inside asked for, as it was fetched last.
type Drill struct {
	Of      Inside
	Rows    []Campaign // ad groups, ads or parts, as Channel.Campaigns
	Fetched time.Time  // zero when it never was
	Busy    bool       // it is being fetched, or waits for it
	Problem string     // why the last fetch brought nothing, in words
	Notes   []string   // what to know of the figures, in sentences
}

// Note is what somebody wrote on a day of a channel.
type Note struct {
	ID       string
	Channel  string // "" for all of them
	Date     kpi.Date
	Text, By string
	At       time.Time
}

// Alarm says from which P(unprofitable) an alert fires, and what that stands for.
type Alarm struct {
	Threshold float64
	Wish      float64 // false alarms a month, over all channels, that the user accepts
	Rate      float64 // those to expect, should every channel stay at 1.5 times break-even
	Met       bool    // whether a threshold exists that keeps to Wish
}

// Collector says who fetches and decides.
type Collector struct {
	Here bool   // this process does
	Who  string // otherwise the holder's process and host, "" when nobody collects
}
