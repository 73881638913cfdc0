package monitor

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"adtop/kpi"
	"adtop/profit"
	"adtop/snapshot"
	"adtop/store"
)

// evaluate judges one channel and returns it as its row will show it.
func (m *Monitor) evaluate(w *weigher, i int, s *snapshot.Snapshot, now time.Time) (store.Evaluation, snapshot.Channel, error) {
	ch, c := s.Channels[i], w.channels[i]
	kept := m.o.Channels[i].Economics.KeptShare().Float()
	ch.Watermark, ch.Problem = w.complete(c), c.trouble(s.Sources, kpi.DateOf(now, m.o.Zone))
	e := profit.Evidence{}
	if ch.Costless {
		ch.Verdict, ch.Reason = c.costless(ch.Problem, now)
		ch.P = kpi.Ratio{}
	} else {
		e = c.detector.Evidence()
		loss, err := kpi.MicrosFromFloat(e.LossPerDay * kept)
		if err != nil {
			return store.Evaluation{}, ch, fmt.Errorf("expected loss: %w", err)
		}
		verdict, reason := profit.Judge(profit.Judgement{
			Evidence: e, Threshold: s.Alarm.Threshold, Now: now, StaleAfter: exportAge, Problem: ch.Problem,
			Loss: kpi.Money{Micros: loss, Currency: s.Currency}, Zone: m.o.Zone,
		})
		ch.Verdict, ch.Reason = verdict, reason
		ch.P = kpi.Ratio{Value: e.P, OK: e.Known}
		ch.Evidence = shown(e, kept, loss)
		ch.Evidence.ByEvent = c.byEvent
		ch.Cohorts = c.spans(newMaturity(ch), kept)
	}
	detail, err := packed(ch, s.Alarm, nil)
	return store.Evaluation{At: now, Channel: ch.Name, P: ch.P.Value, Known: ch.P.OK, Verdict: string(ch.Verdict), Reason: ch.Reason,
		Model: model, Config: m.o.Channels[i].Hash, Detail: detail}, ch, err
}

// packed is what an evaluation keeps besides its columns.
func packed(ch snapshot.Channel, a snapshot.Alarm, campaigns []campaignVerdict) ([]byte, error) {
	return json.Marshal(detail{Evidence: ch.Evidence, Watermark: ch.Watermark, Problem: ch.Problem, Alarm: a, Campaigns: campaigns})
}

// arm sets the threshold of the alerts, by how many conversions each channel's
// spend stands for. It does so once a day, so that it does not flicker.
func (w *weigher) arm(s *snapshot.Snapshot) {
	if today := kpi.DateOf(s.AsOf, w.o.Zone); w.alarm.Threshold == 0 || today != w.armed {
		var volumes []float64
		for i, c := range w.channels {
			if len(w.o.Channels[i].Spend) > 0 {
				volumes = append(volumes, c.detector.Evidence().Volume)
			}
		}
		w.alarm, w.armed = alarm(w.o.FalseAlarms, volumes), today
	}
	s.Alarm = w.alarm
}

// model is the version of the detector that an evaluation was made with.
const model = "ladder-2"

// causes are the detector's causes in words.
var causes = map[profit.Cause]string{
	profit.NoConversions: "no conversions", profit.OrderValue: "order value", profit.ConversionRate: "conversion rate",
}

// shown carries the evidence to the screens, with spend as ad spend again.
func shown(e profit.Evidence, kept float64, loss kpi.Micros) snapshot.Evidence {
	out := snapshot.Evidence{
		Due: e.Due, Seen: e.Seen, Since: e.Since, Cause: causes[e.Cause], Level: kpi.Ratio{Value: e.Level, OK: e.Known},
		LossPerDay: loss, LateOrLost: e.LateOrLost,
	}
	for _, c := range e.Cohorts {
		out.Cohorts = append(out.Cohorts, snapshot.Cohort{Start: c.Start, Spend: c.Spend * kept, Due: c.Due, Seen: c.Seen, Maturity: c.Maturity})
	}
	for _, p := range e.Curve {
		out.Curve = append(out.Curve, snapshot.CurvePoint{Age: p.Age, Share: p.Share, Behind: p.Conversions})
	}
	return out
}

// spanDays is how far back the rules read: a week of now, four to compare with.
const spanDays = 36

// spans are the cohorts as the rules read them, oldest first. They end at the
// watermark of their channel.
func (c *weighed) spans(curve maturity, kept float64) []snapshot.Span {
	mark := c.detector.Evidence().Watermark
	all := make([]snapshot.Span, 0, len(c.cohorts))
	for key, co := range c.cohorts {
		start := time.Unix(key.start, 0).UTC()
		if !start.Before(mark) || mark.Sub(start) > spanDays*24*time.Hour {
			continue
		}
		s := snapshot.Span{Start: start, End: start.Add(co.length()), HasSpend: !key.results, HasResults: key.results, Visible: 1}
		if key.results {
			s.Conversions, s.Value = co.conversions, co.value
		} else {
			s.Cost, s.Clicks, s.Claimed = co.spend*kept, co.clicks, co.claimed
		}
		if !curve.own && len(curve.curve) > 0 {
			s.Visible = curve.visible(mark.Sub(start))
		}
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b snapshot.Span) int {
		return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(b2i(a.HasResults), b2i(b.HasResults)))
	})
	return all
}

// trouble says which of the channel's sources gives no data now.
func (c *weighed) trouble(all []snapshot.Source, today kpi.Date) string {
	if c.problem != nil && today-c.problemOn < recentDays {
		return c.problem.Error()
	}
	for _, src := range all {
		if src.Health == snapshot.Stale && (slices.Contains(c.spend, src.Name) || slices.Contains(c.results, src.Name)) {
			return src.Name + ": " + src.Problem
		}
	}
	return ""
}

// costless judges a channel without spend by the last 24 hours: there is
// nothing to lose but payouts.
func (c *weighed) costless(problem string, now time.Time) (kpi.Verdict, string) {
	var conversions, value float64
	for key, co := range c.cohorts {
		if end := time.Unix(key.start, 0).Add(co.length()); key.results && end.After(now.Add(-24*time.Hour)) {
			conversions, value = conversions+co.conversions, value+co.value
		}
	}
	switch {
	case problem != "":
		return kpi.NoData, "No data: " + problem + "."
	case conversions <= 0:
		return kpi.Idle, "No results in the last 24 hours."
	case value < 0:
		return kpi.AtRisk, "It costs no advertising, but in the last 24 hours its payouts were more than its results earned."
	}
	return kpi.Profitable, "It costs no advertising: what its results bring is earned."
}
