// Package snapshot holds the Snapshot: one immutable picture, as of one
// instant, of everything that a screen, a report or a rule needs.
//
// It holds values only and imports nothing but kpi. Nobody changes a Snapshot
// after it was handed over.
package snapshot

import (
	"slices"
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

// Figures are the sums of one channel, campaign or account over a range.
type Figures struct {
	Metrics      kpi.Metrics // Revenue is what Economics.Value says it is worth
	Contribution kpi.Amount  // before fixed fees
	Profit       kpi.Amount  // contribution − cost − fixed fees
	Fees         kpi.Micros  // fixed fees contained in Profit
	Payable      kpi.Payable // of a channel by the day: what is beyond a cap, or on hold
	Maturity     kpi.Ratio   // share of the final conversions visible by now, weighted by spend (by conversions where there is none)
	Known        bool        // false when nothing was observed of the range
	Pending      Undecided   // the part of Metrics that nobody has approved yet
	// ImpressionShare is that of searches, over the days of a range that are
	// complete; of a channel's and a campaign's Now alone.
	ImpressionShare kpi.Share
	// New are the conversions of new customers, and Told those of which it is known
	// whether the customer was new, pending ones as far as they count. Of a channel's and an account's range alone.
	New, Told kpi.Micros
}

// Undecided are results that are neither approved nor rejected. They count at the rate
// at which such of their age end approved; those that are rejected leave.
type Undecided struct {
	Reported kpi.Metrics // as if all of it will be approved
	Counted  kpi.Metrics // what of it is in the figures
}

// Any says whether anything is pending.
func (p Undecided) Any() bool { return p.Reported.Conversions != 0 || p.Reported.Revenue != 0 }

// Approval is what is known of how the pending results of a source end.
type Approval struct {
	Source, Account    string
	Approved, Rejected int     // events that are decided
	Assumed            float64 // share that counts as if it stood for Behind decided events more
	Behind             int
}

// Rate is the approval rate: approved of those decided.
func (a Approval) Rate() kpi.Ratio {
	n := a.Approved + a.Rejected
	if n == 0 {
		return kpi.Ratio{}
	}
	return kpi.Ratio{Value: float64(a.Approved) / float64(n), OK: true}
}

// Or returns f where it is known, else g.
func (f Figures) Or(g Figures) Figures {
	if f.Known {
		return f
	}
	return g
}

// POAS is contribution per unit of cost.
func (f Figures) POAS() kpi.Ratio {
	if !f.Contribution.Known || !f.Metrics.Knows(kpi.Cost) || f.Metrics.Cost == 0 {
		return kpi.Ratio{}
	}
	return kpi.Ratio{Value: f.Contribution.Micros.Float() / f.Metrics.Cost.Float(), OK: true}
}

// NewShare is the part of new customers in the conversions of which it is known.
func (f Figures) NewShare() kpi.Ratio {
	if f.Told <= 0 {
		return kpi.Ratio{}
	}
	return kpi.Ratio{Value: f.New.Float() / f.Told.Float(), OK: true}
}

// fewestTold is the part of conversions of which it has to be known whose they are, to
// take the others to be like them.
const fewestTold = 0.8

// NewCPA is the cost of a new customer, in units of money: the CPA over the share of
// new ones. It is unknown where nobody knows of more than a fifth of the conversions.
func (f Figures) NewCPA() kpi.Ratio {
	cpa := f.Metrics.CPA()
	if !cpa.OK || f.New <= 0 || f.Told.Float() < fewestTold*f.Metrics.Conversions.Float() {
		return kpi.Ratio{}
	}
	return kpi.Ratio{Value: cpa.Value * f.Told.Float() / f.New.Float(), OK: true}
}

// Day is the figure of one account-local day.
type Day struct {
	Date    kpi.Date
	Figures Figures
}

// Channel is what the user steers by.
type Channel struct {
	Name       string
	Unassigned bool // collects what no channel of the config claims
	Costless   bool // has no spend by nature: e-mail, a shop's own visitors
	ByResult   bool // nothing is spent on it but what its results cost
	Economics  kpi.Economics
	SpentAt    []string // sources of its spend, or of clicks that cost nothing
	CountedBy  []string // sources of its results
	// Attribution says of each of these, in a sentence, to what its results are
	// credited; with the settings of the campaigns where these are listed.
	Attribution []string

	Now    Figures // over the range
	Before Figures // over the previous period, as it was known at the same moment of it
	Same   Figures // what Before compares with where that is not Now: Now as known at the same moment of its hour or day
	Days   []Day   // by day, oldest first: at least the last 28, gaps have Known unset
	Series Series

	Verdict   kpi.Verdict
	P         kpi.Ratio // P(unprofitable); not OK while there is no evidence
	Reason    string    // the verdict in a sentence, with numbers
	Watermark time.Time // complete through, the earlier of spend and results; zero when never fetched
	Problem   string    // what is wrong with its sources, in words; "" when nothing is
	Evidence  Evidence
	Approvals []Approval // of the accounts whose pending results count at a rate
	Accounts  []Campaign // the channel by account, with Campaigns
	Campaigns []Campaign // by cost, then revenue, largest first
	// Cohorts is what the rules read, oldest first, and Partial says that older
	// figures are still being fetched: only for the one who decides.
	Cohorts []Span
	Partial bool
}

// Sources names all sources that the channel stands on, each once.
func (c Channel) Sources() []string {
	all := slices.Concat(c.SpentAt, c.CountedBy)
	slices.Sort(all)
	return slices.Compact(all)
}

// Campaign is one campaign, or one key of a results source, within a channel.
// Accounts, ad groups and ads are told of in the same way.
type Campaign struct {
	Source, Account string
	ID, Name        string
	Status          string // the platform's word
	Attribution     string // the setting that its results are counted by, in words; "" where the platform has one for all
	URL             string // its page on the platform, "" when there is none
	// Unlisted marks what an account reports beyond its listed campaigns. It has
	// no ID, counts for no channel, and is known of whole days only.
	Unlisted    bool
	Now, Before Figures
	Same        Figures // as Channel.Same
	Days        []Day   // as Channel.Days, the last 14

	// As of a channel; Verdict is "" where a campaign is not weighed.
	Verdict  kpi.Verdict
	P        kpi.Ratio
	Reason   string
	Evidence Evidence // without Cohorts and Curve
}

// Evidence is what the verdict rests on.
type Evidence struct {
	Due, Seen  float64   // conversions needed to break even and those seen, since Since
	Since      time.Time // when the trouble began; zero when there is none
	Cause      string    // "no conversions", "order value", "conversion rate"; "" when there is no trouble
	Level      kpi.Ratio // expected ROAS over break-even ROAS
	LossPerDay kpi.Micros
	LateOrLost bool // a slower delay curve would explain it too
	ByEvent    bool // results are dated by themselves and complete as soon as they are seen
	Cohorts    []Cohort
	Curve      []CurvePoint
}

// Span is an hour of a channel as it is known now, or a day where the source
// tells no hours. Spend and results may come in spans of different length.
type Span struct {
	Start, End           time.Time
	HasSpend, HasResults bool    // which side it carries
	Cost                 float64 // money, in units; with payouts by click
	Clicks               float64
	Conversions          float64
	Value                float64 // revenue net of payouts by conversion, in units
	Claimed              float64 // conversions that a platform reports while others count
	Visible              float64 // share of its final conversions that is due by now, 0..1
}

// Cohort is one day of clicks with its conversions.
type Cohort struct {
	Start    time.Time
	Spend    float64 // money, in units
	Due      float64 // conversions that would break even, as far as they are due by now
	Seen     float64
	Maturity float64 // 0..1
}

// CurvePoint is one point of the learnt delay curve.
type CurvePoint struct {
	Age    time.Duration
	Share  float64 // 0..1
	Behind float64 // observed conversions behind it; 0 means the adapter's prior alone
}

// Source is the health of one configured source.
type Source struct {
	Name, Type string
	Accounts   int
	Health     Health
	Problem    string    // what is wrong, in words
	Next       string    // what to do about it
	Denied     bool      // nothing comes before somebody signs in or grants access
	Throttled  bool      // the platform refused the last call because of its quota
	Expires    time.Time // when its access ends unless somebody signs in again; zero when it cannot tell
	LastGood   time.Time // the last good answer
	Watermark  time.Time // complete through
	NextPoll   time.Time // zero when nobody collects
	Every      time.Duration
	EveryWhy   string // why the interval is what it is
	QuotaUsed  kpi.Ratio
	Warnings   []string
	Drills     bool       // it knows ad groups and ads
	Breakdowns []string   // that it can split a campaign by
	Backfill   Progress   // fetch of its history
	Exchanges  []Exchange // the last ones, newest first; only where this process collects
}

// Target is the health of one target of notifications.
type Target struct {
	Name      string
	Type      string    // "slack", "webhook", …
	Delivered time.Time // the last message that arrived, zero when none did
	Failing   time.Time // since when nothing arrives; zero when it does, or nothing was to be told
	Refused   bool      // it refused a message for good since then
	Critical  bool      // a message that did not arrive tells of something critical
	Problem   string    // in words, "" when there is none
	Next      string    // what to do about it
	Waiting   int       // messages that are still to arrive
	Oldest    time.Time // when the oldest of them was decided; zero without any
}

// Health is how well messages arrive, in the words of sources.
func (t Target) Health() Health {
	switch {
	case !t.Failing.IsZero():
		return Failing
	case t.Delivered.IsZero():
		return Waiting
	}
	return Healthy
}

// Notice is one message about an alert to one target.
type Notice struct {
	Target   string
	Kind     string    // "firing", "acknowledged", "resolved"
	At       time.Time // when it was decided
	Arrived  time.Time // zero when it did not
	Attempts int
	Problem  string // why it did not arrive, "" when it did or was not tried yet
}

// Exchange is one request to a platform and what came of it.
type Exchange struct {
	At      time.Time
	Request string // method and URL, secrets redacted
	Status  int    // of HTTP; 0 when there was no answer
	Bytes   int64  // of the answer
	Took    time.Duration
	Problem string // in words, "" when there was none
}

// Health sums up a source.
type Health string

// The states of a source.
const (
	Healthy Health = "ok"
	Waiting Health = "waiting" // not fetched yet
	Stale   Health = "stale"
	Failing Health = "error"
)

// Progress is a long job, such as the fetch of history.
type Progress struct {
	What        string // what is being fetched now, "" when nothing runs
	Done, Total int    // in polls
}
