package alert

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
)

// Bounds of the rule "tracking broken".
const (
	// falseStops is how many false alarms of this rule a year a channel may raise.
	falseStops = 1.0
	// forgiven is the share of what was due that the season and the mood of a
	// day may take without being noticed: two standard deviations of a day's
	// conversion rate.
	forgiven    = 0.2
	enoughSeen  = 10            // conversions before the stop, to know the channel's own rate
	enoughDays  = 7             // days of it
	leastClicks = 0.3           // of the usual clicks for the money: otherwise it is the advertisements that stopped
	together    = 2 * time.Hour // within which the stops of an incident begin
	half        = 0.5           // of the spend of a source, or of the conversions that were due
)

// stop is a run without conversions on one channel.
type stop struct {
	since    time.Time
	due      float64 // conversions that were due at the channel's own rate before it
	rate     float64 // conversions a day before it
	surprise float64 // −ln of the chance of seeing none, see stopped
}

// stopped says how surprising it is that a channel shows no conversion since
// the detector's start of the trouble.
//
// The detector's cohorts give what was due and seen before, lag and season
// allowed for, so that the own rate is known up to its Poisson error. With n
// seen where d was due, the predictive chance (gamma–Poisson) of none where x
// is due is (1 + x/d)^−n; a thin history, a small n, makes it less surprising.
// x is lowered by the part that is forgiven.
func stopped(ch snapshot.Channel) (stop, bool) {
	e := ch.Evidence
	if e.Cause != "no conversions" || e.Seen > 0 || e.Since.IsZero() {
		return stop{}, false
	}
	var seen, due, days float64
	for _, c := range e.Cohorts {
		if !c.Start.Add(24 * time.Hour).After(e.Since) {
			seen, due, days = seen+c.Seen, due+c.Due, days+1
		}
	}
	if seen < enoughSeen || days < enoughDays || due <= 0 || !clicksGoOn(ch, e.Since) {
		return stop{}, false
	}
	x := (1 - forgiven) * e.Due
	return stop{since: e.Since, due: e.Due * seen / due, rate: seen / days, surprise: seen * math.Log1p(x/due)}, true
}

// clicksGoOn says whether the money still buys clicks. A channel whose source
// tells none is given the benefit of the doubt.
func clicksGoOn(ch snapshot.Channel, since time.Time) bool {
	var cost, clicks, costBefore, clicksBefore float64
	for i := range ch.Cohorts {
		s := &ch.Cohorts[i]
		switch {
		case !s.HasSpend:
		case s.Start.Before(since):
			costBefore, clicksBefore = costBefore+s.Cost, clicksBefore+s.Clicks
		default:
			cost, clicks = cost+s.Cost, clicks+s.Clicks
		}
	}
	return clicksBefore == 0 || clicks*costBefore >= leastClicks*clicksBefore*cost
}

// alarming is the surprise from which a stop is told. Every conversion begins a
// new run, so that a channel with r conversions a day has 365·r chances a year
// to look stopped; each passes with probability e^−surprise.
func alarming(rate float64) float64 { return math.Log(365 * max(rate, 1.0/7) / falseStops) }

// trackingBroken fires when spend and clicks go on and conversions stopped. It
// is held while the stop lasts, and over when conversions are seen again.
func trackingBroken(ch snapshot.Channel, zone *time.Location) condition {
	c := condition{rule: RuleTracking, subject: ch.Name, labels: ofChannel(ch), severity: snapshot.Critical, watermark: ch.Watermark}
	if !judged(ch, &c) {
		return c
	}
	s, none := stopped(ch)
	c.gone = func(g snapshot.Ground) bool { return arrived(g, ch) }
	switch {
	case none && s.surprise >= alarming(s.rate):
		c.signal, c.ground = breach, lost(s.since, s.due, ch)
	case none:
		c.signal = hold
	default:
		c.signal = clear
	}
	c.summary = ch.Name + ": conversions stopped while its advertisements run"
	c.reason = fmt.Sprintf("Since ~%s no conversion is seen where %.1f were due at its own rate, late ones already allowed for. "+
		"Check the tag, the checkout and the conversion import before you pause anything.", s.since.In(zone).Format("Mon 2 Jan 15:04"), s.due)
	return c
}

// judged says whether the channel's figures allow a judgement now; c is frozen
// when they do not.
func judged(ch snapshot.Channel, c *condition) bool {
	if ch.Verdict == kpi.NoData {
		c.frozen = snapshot.NoData
	}
	return ch.P.OK && ch.Verdict != kpi.NoData && ch.Verdict != kpi.TooEarly && ch.Verdict != kpi.Idle
}

// lost is the ground of a stop. It is empty where results are known by the day.
func lost(since time.Time, due float64, channels ...snapshot.Channel) snapshot.Ground {
	g := snapshot.Ground{From: since, Due: due}
	for _, ch := range channels {
		if g.Through.IsZero() || ch.Watermark.Before(g.Through) {
			g.Through = ch.Watermark
		}
	}
	for _, ch := range channels {
		exposure, seen, hourly := read(ch, g.From, g.Through)
		if !hourly {
			return snapshot.Ground{}
		}
		g.Exposure, g.Seen = g.Exposure+exposure, g.Seen+seen
	}
	return g
}

// arrived says whether late conversions filled at least half of what was due of
// a stop by now: then they were late and not lost.
func arrived(g snapshot.Ground, channels ...snapshot.Channel) bool {
	if g.Exposure <= 0 {
		return false
	}
	var exposure, seen float64
	for _, ch := range channels {
		e, n, _ := read(ch, g.From, g.Through)
		exposure, seen = exposure+e, seen+n
	}
	return exposure > 0 && seen >= half*g.Due*exposure/g.Exposure
}

// stops are what the channels show whose conversions one source counts.
type stops struct {
	living      int // channels that can be judged
	frozen      bool
	watermark   time.Time // the earliest of theirs
	spent       float64   // in their last 24 hours
	members     []snapshot.Channel
	since, last time.Time // when the first and the last of the members stopped
	spentThere  float64
	slowest     float64 // of the members' rates
	sum         stop
}

func stopsAt(src snapshot.Source, s *snapshot.Snapshot) stops {
	out := stops{slowest: math.Inf(1)}
	for _, ch := range s.Channels {
		if len(ch.CountedBy) != 1 || ch.CountedBy[0] != src.Name || ch.Unassigned || ch.Costless {
			continue
		}
		var own condition
		if !judged(ch, &own) {
			out.frozen = out.frozen || own.frozen != ""
			continue
		}
		if out.living++; out.living == 1 || ch.Watermark.Before(out.watermark) {
			out.watermark = ch.Watermark
		}
		spent := spentLastDay(ch)
		out.spent += spent
		if one, none := stopped(ch); none {
			out.add(ch, one, spent)
		}
	}
	return out
}

func (o *stops) add(ch snapshot.Channel, one stop, spent float64) {
	if len(o.members) == 0 || one.since.Before(o.since) {
		o.since = one.since
	}
	if one.since.After(o.last) {
		o.last = one.since
	}
	o.members = append(o.members, ch)
	o.spentThere += spent
	o.slowest = min(o.slowest, one.rate)
	o.sum.due, o.sum.rate, o.sum.surprise = o.sum.due+one.due, o.sum.rate+one.rate, o.sum.surprise+one.surprise
}

// atOnce says whether the members make one incident.
func (o *stops) atOnce() bool {
	apart := max(together, time.Duration(2*24/max(o.slowest, 0.1)*float64(time.Hour)))
	return len(o.members) >= 2 && o.spentThere >= half*o.spent && o.last.Sub(o.since) <= apart && o.sum.surprise >= alarming(o.sum.rate)
}

func spentLastDay(ch snapshot.Channel) (sum float64) {
	for i := range ch.Cohorts {
		c := &ch.Cohorts[i]
		if c.HasSpend && c.End.After(ch.Watermark.Add(-24*time.Hour)) {
			sum += c.Cost
		}
	}
	return sum
}

// incident fires when the conversions that one source counts stopped on several
// channels together: at least two, with half of what its channels spent in the
// last 24 hours, within two hours (or, where conversions are rare, twice the
// time between two of them). It is one alert in place of one a channel, and
// sooner: independent channels' surprises add up.
func incident(src snapshot.Source, s *snapshot.Snapshot) condition {
	c := ofSource(RuleIncident, snapshot.Critical, src)
	o := stopsAt(src, s)
	if o.frozen {
		c.frozen = snapshot.NoData
	}
	if o.frozen || o.living == 0 {
		return c
	}
	c.watermark = o.watermark
	c.gone = func(g snapshot.Ground) bool { return arrived(g, channelsNamed(s, g.Channels)...) }
	if !o.atOnce() {
		if c.signal = hold; len(o.members) == 0 {
			c.signal = clear
		}
		return c
	}
	c.signal, c.ground = breach, lost(o.since, o.sum.due, o.members...)
	var names []string
	for _, ch := range o.members {
		names = append(names, ch.Name)
	}
	c.ground.Channels = names
	c.summary = fmt.Sprintf("%s: conversions stopped on %d channels at once", src.Name, len(names))
	c.reason = fmt.Sprintf("%s: none seen since ~%s where %.1f were due at their own rates. Several at once point to the tag, the checkout or the import, not to the campaigns.",
		strings.Join(names, ", "), o.since.In(s.Zone).Format("Mon 2 Jan 15:04"), o.sum.due)
	return c
}

func channelsNamed(s *snapshot.Snapshot, names []string) (all []snapshot.Channel) {
	for _, ch := range s.Channels {
		if slices.Contains(names, ch.Name) {
			all = append(all, ch)
		}
	}
	return all
}
