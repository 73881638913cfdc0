package monitor

import (
	"time"

	"adtop/kpi"
	"adtop/snapshot"
)

// The rules that platforms offer, to compare with. They take what is visible
// for all there will be.
const (
	NaiveToday     = "today below break-even"
	NaiveThreeDays = "three days below, with a spend floor"
	NaiveDay       = "24 h below for 2 h"
)

var naiveRules = []string{NaiveToday, NaiveThreeDays, NaiveDay}

const (
	naiveFloorToday = 1             // order values that today has to have spent
	naiveFloorDays  = 3             // and three days
	naiveFor        = 2 * time.Hour // by the watermark
)

// NaiveRule counts how often a naive rule would have told, over all channels.
type NaiveRule struct {
	Rule     string
	Episodes int
}

// red is a time during which a naive rule would have told.
type red struct{ from, to time.Time } // to is zero while it goes on

// naive follows the naive rules on one channel.
type naive struct {
	reds  map[string][]red
	below time.Time // watermark since which 24 hours are below break-even; zero while they are not
}

func newNaive() naive { return naive{reds: map[string][]red{}} }

// look evaluates the rules as of the channel's watermark.
func (n *naive) look(ch snapshot.Channel, zone *time.Location) {
	if ch.Watermark.IsZero() || ch.Costless || ch.Verdict == kpi.NoData {
		return
	}
	today := kpi.DateOf(ch.Watermark.Add(-1), zone)
	_, below := n.sum(ch, today.Start(zone), naiveFloorToday)
	n.set(NaiveToday, below, ch.Watermark)
	_, below = n.sum(ch, (today - 2).Start(zone), naiveFloorDays)
	n.set(NaiveThreeDays, below, ch.Watermark)
	cost, below := n.sum(ch, ch.Watermark.Add(-24*time.Hour), 0)
	switch {
	case !below || cost <= 0:
		n.below = time.Time{}
	case n.below.IsZero():
		n.below = ch.Watermark
	}
	n.set(NaiveDay, !n.below.IsZero() && ch.Watermark.Sub(n.below) >= naiveFor, ch.Watermark)
}

// sum says what was spent since an instant, and whether it is below break-even
// at no less than so many order values of spend.
func (n *naive) sum(ch snapshot.Channel, from time.Time, orders float64) (cost float64, below bool) {
	var value, conversions, all float64
	for _, c := range ch.Cohorts {
		conversions, all = conversions+c.Conversions, all+c.Value
		if !c.Start.Before(from) {
			cost, value = cost+c.Cost, value+c.Value
		}
	}
	aov := 0.0
	if conversions > 0 {
		aov = all / conversions
	}
	return cost, cost >= orders*aov && cost > 0 && value*ch.Economics.KeptShare().Float() < cost
}

func (n *naive) set(rule string, tells bool, at time.Time) {
	list := n.reds[rule]
	open := len(list) > 0 && list[len(list)-1].to.IsZero()
	switch {
	case tells && !open:
		n.reds[rule] = append(list, red{from: at})
	case !tells && open:
		list[len(list)-1].to = at
	}
}

// leads says how long after an alert each rule first told since the trouble
// began; negative is before it. One that told already then counts from then.
func (n *naive) leads(began, fired time.Time) map[string]time.Duration {
	out := map[string]time.Duration{}
	for _, rule := range naiveRules {
		for _, r := range n.reds[rule] {
			if r.to.IsZero() || r.to.After(began) {
				out[rule] = later(r.from, began).Sub(fired)
				break
			}
		}
	}
	return out
}

func countNaive(channels []naive) (all []NaiveRule) {
	for _, rule := range naiveRules {
		count := NaiveRule{Rule: rule}
		for _, n := range channels {
			count.Episodes += len(n.reds[rule])
		}
		all = append(all, count)
	}
	return all
}
