package monitor

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"adtop/kpi"
	"adtop/profit"
	"adtop/snapshot"
	"adtop/store"
)

// campaignTurns is how many campaigns of a channel are weighed anew in a round,
// in turn: their verdicts page nobody, and rounds come with every poll.
const campaignTurns = 4

// campaignVerdict is what an evaluation keeps of one campaign: in few bytes,
// since there may be hundreds and a new evaluation comes with every poll.
type campaignVerdict struct {
	Entity  store.EntityID `json:"e"`
	Verdict kpi.Verdict    `json:"v,omitempty"`
	P       float64        `json:"p,omitempty"`
	Known   bool           `json:"k,omitempty"` // P means something
	Reason  string         `json:"r"`
	Due     float64        `json:"d,omitempty"`
	Seen    float64        `json:"n,omitempty"`
	Since   int64          `json:"s,omitempty"` // Unix seconds
	Cause   string         `json:"c,omitempty"`
	Level   float64        `json:"l,omitempty"`
	Loss    kpi.Micros     `json:"m,omitempty"` // a day
	Late    bool           `json:"t,omitempty"`
	Orders  [2]float64     `json:"o"` // mean and standard deviation of profit.OrderShift, for a restart

	at time.Time // of the evaluation
}

// judgeCampaigns judges the campaigns of channel i by what is known of them, in
// the channel's circumstances.
func (w *weigher) judgeCampaigns(i int, ch snapshot.Channel, alarm snapshot.Alarm, now time.Time) ([]campaignVerdict, error) {
	c := w.channels[i]
	kept := w.o.Channels[i].Economics.KeptShare().Float()
	list := make([]campaignVerdict, 0, len(c.campaigns))
	c.weighSome()
	for _, campaign := range c.campaigns {
		v := campaignVerdict{Entity: campaign.member.Entity.ID, Reason: campaign.why}
		if campaign.detector != nil {
			if campaign.evidence.Watermark.IsZero() {
				campaign.weigh()
			}
			e := campaign.evidence
			loss, err := kpi.MicrosFromFloat(e.LossPerDay * kept)
			if err != nil {
				return nil, fmt.Errorf("expected loss of %s: %w", campaign.member.Name, err)
			}
			v.Verdict, v.Reason = profit.Judge(profit.Judgement{
				Evidence: e, Threshold: alarm.Threshold, Now: now, StaleAfter: exportAge, Problem: ch.Problem,
				Loss: kpi.Money{Micros: loss, Currency: w.o.Currency}, Zone: w.o.Zone,
			})
			v.fill(e, loss)
			shift := campaign.detector.OrderShift()
			v.Orders = [2]float64{digits(shift.Mean, 3), digits(shift.SD, 3)}
		}
		list = append(list, v)
	}
	return list, nil
}

// weighSome weighs the campaigns whose turn it is.
func (c *weighed) weighSome() {
	for n, turns := 0, campaignTurns; n < len(c.campaigns) && turns > 0; n++ {
		c.turn = (c.turn + 1) % len(c.campaigns)
		if campaign := c.campaigns[c.turn]; campaign.stale && campaign.detector != nil {
			campaign.weigh()
			turns--
		}
	}
}

// weigh brings the campaign's evidence up to date.
func (c *weighedCampaign) weigh() {
	c.evidence, c.stale = c.detector.Evidence(), false
	c.evidence.Cohorts, c.evidence.Curve = nil, nil
}

func (v *campaignVerdict) fill(e profit.Evidence, loss kpi.Micros) {
	v.P, v.Known = digits(e.P, 4), e.Known
	v.Due, v.Seen, v.Cause, v.Level, v.Loss, v.Late = digits(e.Due, 4), digits(e.Seen, 4), causes[e.Cause], digits(e.Level, 4), loss, e.LateOrLost
	if !e.Since.IsZero() {
		v.Since = e.Since.Unix()
	}
}

// digits rounds to so many digits that count: more would feign precision.
func digits(x float64, n int) float64 {
	if x == 0 || math.IsInf(x, 0) || math.IsNaN(x) {
		return 0
	}
	scale := math.Pow(10, float64(n-1)-math.Floor(math.Log10(math.Abs(x))))
	return math.Round(x*scale) / scale
}

// sameCampaigns says whether no campaign's verdict is another word than before.
// Their probabilities move with every poll and are no reason to store anything.
func sameCampaigns(a, b []campaignVerdict) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Entity != b[i].Entity || a[i].Verdict != b[i].Verdict {
			return false
		}
	}
	return true
}

// borrows goes with the reason of every campaign that is weighed.
const borrows = " Weighed with its channel's delays and season."

// Why a campaign is not weighed.
const (
	notAmong  = "Not weighed: only the %d campaigns of a channel that spent most in the last %d days are."
	noSpend   = "Not weighed: it has results and no spend."
	unclaimed = "Not weighed: no channel claims it."
	costless  = "Not weighed: its channel costs no advertising."
	notKept   = "Not weighed: no evaluation of its channel is kept for this moment."
)

// campaignVerdicts returns what the newest evaluations say of campaigns, by
// channel.
func (b *builder) campaignVerdicts(ctx context.Context, asOf time.Time) (map[string]map[store.EntityID]campaignVerdict, error) {
	evaluations, err := b.o.Store.Evaluations(ctx, asOf)
	if err != nil {
		return nil, err
	}
	all := map[string]map[store.EntityID]campaignVerdict{}
	for _, e := range evaluations {
		if e.Detail == nil {
			continue
		}
		var d detail
		if err := json.Unmarshal(e.Detail, &d); err != nil {
			return nil, fmt.Errorf("evaluation of %s at %s: %w", e.Channel, e.At.Format(time.RFC3339), err)
		}
		all[e.Channel] = map[store.EntityID]campaignVerdict{}
		for _, v := range d.Campaigns {
			v.at = e.At
			all[e.Channel][v.Entity] = v
		}
	}
	return all, nil
}

// verdictOf puts what is known of an entity's profitability on its row.
func (l *ledger) verdictOf(ch snapshot.Channel, e claimed, c *snapshot.Campaign) {
	kept, judged := l.verdicts[ch.Name]
	v, weighed := kept[e.Entity.ID]
	switch {
	case ch.Unassigned:
		c.Reason = unclaimed
	case ch.Costless:
		c.Reason = costless
	case e.claim.Fields&kpi.Cost == 0:
		c.Reason = noSpend
	case !judged:
		c.Reason = notKept
	case !weighed:
		c.Reason = fmt.Sprintf(notAmong, maxWeighed, rankedDays)
	case v.Verdict == "":
		c.Reason = v.Reason
	default:
		c.Verdict, c.P, c.Reason = v.Verdict, kpi.Ratio{Value: v.P, OK: v.Known}, v.Reason+borrows
		c.Evidence = snapshot.Evidence{Due: v.Due, Seen: v.Seen, Cause: v.Cause, Level: kpi.Ratio{Value: v.Level, OK: v.Known},
			LossPerDay: v.Loss, LateOrLost: v.Late, ByEvent: ch.Evidence.ByEvent}
		if v.Since != 0 {
			c.Evidence.Since = time.Unix(v.Since, 0).UTC()
		}
	}
}
