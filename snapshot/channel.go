package snapshot

import (
	"slices"
	"time"

	"adtop/kpi"
)

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
