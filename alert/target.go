package alert

import (
	"fmt"
	"math"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
)

// Bounds of the rule "target missed".
const (
	targetDays    = 7
	leastMaturity = 0.5
	leastDue      = 10   // conversions that the target asks for, before anything is said
	targetSigmas  = 2.6  // standard errors below the target: one chance in 200
	targetShare   = 0.9  // and at most this share of it: less is not worth a word
	dayMood       = 0.10 // standard deviation of a day's conversion rate
	orderSpread   = 2.7  // of order values: 1 + squared coefficient of variation, for a lognormal of sigma 1
)

// targetMissed compares the last seven days with the channel's target CPA or
// ROAS. Spend counts by its maturity, so that a young day asks for few
// conversions yet. It fires where the shortfall is beyond chance: Poisson for
// conversions, wider by the spread of order values for revenue, and by the mood
// of days. Three fresh polls have to say so. It does not page: the evidence for
// a loss is the rule "unprofitable".
func targetMissed(ch snapshot.Channel, currency kpi.Currency) condition {
	c := condition{rule: RuleTargetMissed, subject: ch.Name, labels: ofChannel(ch), severity: snapshot.Info, watermark: ch.Watermark, wait: Hold{Polls: 3}}
	if !judged(ch, &c) || ch.Partial || (ch.Economics.TargetCPA == 0 && ch.Economics.TargetROAS == 0) {
		return c
	}
	w := between(ch, ch.Watermark.AddDate(0, 0, -targetDays), ch.Watermark)
	if w.cost <= 0 || w.exposure < leastMaturity*w.cost {
		return c
	}
	for _, m := range []miss{w.cpa(ch.Economics.TargetCPA, currency), w.roas(ch.Economics.TargetROAS, currency)} {
		if m.signal > c.signal { // the worse of two targets speaks
			c.signal, c.summary, c.reason = m.signal, ch.Name+": "+m.summary, "Last 7 days: "+m.reason
		}
	}
	return c
}

// miss is how a channel stands to one target.
type miss struct {
	signal          signal
	summary, reason string
}

func (w sums) cpa(target kpi.Micros, currency kpi.Currency) miss {
	if target <= 0 {
		return miss{}
	}
	asked := w.exposure / target.Float()
	return miss{weigh(w.conversions, asked, asked, 1), fmt.Sprintf("CPA above its target %s %s", target.Decimal(2), currency),
		fmt.Sprintf("%.1f conversions, %.1f needed by now to meet it (late ones allowed for).", w.conversions, asked)}
}

func (w sums) roas(target kpi.Micros, currency kpi.Currency) miss {
	if target <= 0 || w.conversions <= 0 || w.revenue <= 0 {
		return miss{}
	}
	asked := w.exposure * target.Float()
	return miss{weigh(w.revenue, asked, asked*w.conversions/w.revenue, orderSpread), fmt.Sprintf("ROAS below its target %s", target.Decimal(2)),
		fmt.Sprintf("revenue %.0f %s, %.0f needed by now to meet it (late orders allowed for).", w.revenue, currency, asked)}
}

// weigh compares what there was with what was asked, which stands for so many
// conversions.
func weigh(got, asked, conversions, spread float64) signal {
	sd := asked * math.Sqrt(spread/max(conversions, 1)+2*dayMood*dayMood/targetDays)
	switch {
	case conversions < leastDue:
		return unknown
	case got < asked*targetShare && got < asked-targetSigmas*sd:
		return breach
	case got >= asked-sd:
		return clear
	}
	return hold
}

// sums are figures of a span of a channel's time.
type sums struct{ cost, clicks, exposure, conversions, revenue, claimed float64 }

// between sums the spans that begin within [from, to).
func between(ch snapshot.Channel, from, to time.Time) (w sums) {
	for i := range ch.Cohorts {
		s := &ch.Cohorts[i]
		if s.Start.Before(from) || !s.Start.Before(to) {
			continue
		}
		w.cost, w.clicks, w.exposure = w.cost+s.Cost, w.clicks+s.Clicks, w.exposure+s.Cost*s.Visible
		w.conversions, w.revenue, w.claimed = w.conversions+s.Conversions, w.revenue+s.Value, w.claimed+s.Claimed
	}
	eco := ch.Economics
	if kept := eco.KeptShare().Float(); kept > 0 {
		w.revenue += w.conversions * eco.PayoutPerConversion().Float() / kept // Value is net of them
	}
	return w
}

// Bounds of the rule "claims drifting".
const (
	claimsYoung  = 2   // days that are left out: claims are still to come
	claimsWeek   = 7   // days that are compared
	claimsBefore = 27  // days that they are compared with
	fewestClaims = 20  // of each, in each span
	claimsTimes  = 1.5 // the change of claims per order from which it is told
	claimsCalm   = 1.25
	claimsSigmas = 3.5
	claimsWobble = 0.05
)

// claimsDrifting compares what platforms claim with what the shop counts, for
// channels whose results come from another source than their spend. Claims are
// always more; what matters is a change: claims per order in a week against the
// four weeks before, both without the last two days. It fires when they changed
// by half (up or down) and by 3.5 standard errors of the logarithm of the ratio
// of four Poisson counts, which is 1 false alarm in some thousand weeks.
func claimsDrifting(ch snapshot.Channel) condition {
	c := condition{rule: RuleClaims, subject: ch.Name, labels: ofChannel(ch), severity: snapshot.Warning, watermark: ch.Watermark, wait: Hold{Polls: 2}}
	if !judged(ch, &c) || ch.Partial {
		return c
	}
	to := ch.Watermark.AddDate(0, 0, -claimsYoung)
	from := to.AddDate(0, 0, -claimsWeek)
	now, before := between(ch, from, to), between(ch, from.AddDate(0, 0, -claimsBefore), from)
	if min(now.claimed, now.conversions, before.claimed, before.conversions) < fewestClaims {
		return c
	}
	ratio, usual := now.claimed/now.conversions, before.claimed/before.conversions
	change := math.Abs(math.Log(ratio / usual))
	sd := math.Sqrt(1/now.claimed + 1/now.conversions + 1/before.claimed + 1/before.conversions + 2*claimsWobble*claimsWobble)
	switch {
	case change >= max(math.Log(claimsTimes), claimsSigmas*sd):
		c.signal = breach
	case change < math.Log(claimsCalm):
		c.signal = clear
	default:
		c.signal = hold
	}
	c.summary = fmt.Sprintf("%s: the platform claims %.2f conversions an order, %.2f before", ch.Name, ratio, usual)
	c.reason = fmt.Sprintf("That is %.1f times as many as in the four weeks before.", ratio/usual) + " Its figures and the shop's drift apart. Look for a tag that counts twice or no more, a changed attribution setting, or orders that lost their UTM parameters."
	return c
}
