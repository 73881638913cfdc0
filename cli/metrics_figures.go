package cli

import (
	"adtop/kpi"
	"adtop/monitor"
	"adtop/snapshot"
)

var healths = []string{string(snapshot.Healthy), string(snapshot.Waiting), string(snapshot.Stale), string(snapshot.Failing)}

func exposeSources(e *exposition, s *snapshot.Snapshot) {
	each := func(tell func(src snapshot.Source, label ...string)) {
		for _, src := range s.Sources {
			tell(src, "source", src.Name)
		}
	}
	e.gauge("adtop_source_health", "Health of a source: 1 for the state that it is in.")
	each(func(src snapshot.Source, label ...string) {
		e.oneOf("state", string(src.Health), healths, append(label, "type", src.Type)...)
	})
	e.gauge("adtop_source_accounts", "Accounts that are read through a source.")
	each(func(src snapshot.Source, label ...string) { e.is(float64(src.Accounts), label...) })
	e.gauge("adtop_source_last_success_timestamp_seconds", "When a source last gave a good answer, for the account that it is longest ago.")
	each(func(src snapshot.Source, label ...string) { e.at(src.LastGood, label...) })
	e.gauge("adtop_source_complete_through_timestamp_seconds", "Up to when the figures of a source are complete, as the platform promises.")
	each(func(src snapshot.Source, label ...string) { e.at(src.Watermark, label...) })
	e.gauge("adtop_source_next_poll_timestamp_seconds", "When a source is asked next.")
	each(func(src snapshot.Source, label ...string) { e.at(src.NextPoll, label...) })
	e.gauge("adtop_source_poll_interval_seconds", "How often a source is asked.")
	each(func(src snapshot.Source, label ...string) { e.when(src.Every > 0, src.Every.Seconds(), label...) })
	e.gauge("adtop_source_quota_used_ratio", "Used part of the quota of a platform, 0 to 1, where it tells.")
	each(func(src snapshot.Source, label ...string) { e.when(src.QuotaUsed.OK, src.QuotaUsed.Value, label...) })
	e.gauge("adtop_source_access_expires_timestamp_seconds", "When the access of a source ends unless somebody signs in again, where the platform tells.")
	each(func(src snapshot.Source, label ...string) { e.at(src.Expires, label...) })
}

var verdicts = []string{string(kpi.Profitable), string(kpi.AtRisk), string(kpi.Unprofitable), string(kpi.TooEarly), string(kpi.NoData), string(kpi.Idle)}

func exposeChannels(e *exposition, s *snapshot.Snapshot) {
	each := func(tell func(ch snapshot.Channel, label ...string)) {
		for _, ch := range s.Channels {
			tell(ch, "channel", ch.Name)
		}
	}
	money := func(name, help string, figure func(snapshot.Figures) (kpi.Micros, bool)) {
		e.gauge(name, help)
		each(func(ch snapshot.Channel, label ...string) {
			value, known := figure(ch.Now)
			e.when(known && ch.Now.Known, value.Float(), append(label, "currency", string(s.Currency))...)
		})
	}
	field := func(f kpi.Fields, of func(kpi.Metrics) kpi.Micros) func(snapshot.Figures) (kpi.Micros, bool) {
		return func(figures snapshot.Figures) (kpi.Micros, bool) {
			return of(figures.Metrics), figures.Metrics.Knows(f)
		}
	}
	money("adtop_channel_today_cost", "Cost of a channel today, so far, in the currency of the label.", field(kpi.Cost, func(m kpi.Metrics) kpi.Micros { return m.Cost }))
	money("adtop_channel_today_revenue", "Revenue of a channel today, so far.", field(kpi.Revenue, func(m kpi.Metrics) kpi.Micros { return m.Revenue }))
	money("adtop_channel_today_profit", "Profit of a channel today, so far: contribution less cost and fixed fees.", func(f snapshot.Figures) (kpi.Micros, bool) { return f.Profit.Micros, f.Profit.Known })

	number := func(name, help string, figure func(snapshot.Figures) (float64, bool)) {
		e.gauge(name, help)
		each(func(ch snapshot.Channel, label ...string) {
			value, known := figure(ch.Now)
			e.when(known && ch.Now.Known, value, label...)
		})
	}
	number("adtop_channel_today_impressions", "Impressions of a channel today, so far.", func(f snapshot.Figures) (float64, bool) {
		return float64(f.Metrics.Impressions), f.Metrics.Knows(kpi.Impressions)
	})
	number("adtop_channel_today_clicks", "Clicks of a channel today, so far.", func(f snapshot.Figures) (float64, bool) {
		return float64(f.Metrics.Clicks), f.Metrics.Knows(kpi.Clicks)
	})
	number("adtop_channel_today_conversions", "Conversions of a channel today, so far; platforms credit parts of one.", func(f snapshot.Figures) (float64, bool) {
		return f.Metrics.Conversions.Float(), f.Metrics.Knows(kpi.Conversions)
	})
	number("adtop_channel_today_view_through_conversions", "Of a channel's conversions today, those credited to a view without a click.", func(f snapshot.Figures) (float64, bool) {
		return f.Metrics.ViewThrough.Float(), f.Metrics.Knows(kpi.ViewThrough)
	})
	number("adtop_channel_today_roas_ratio", "Revenue over cost of a channel today, so far.", func(f snapshot.Figures) (float64, bool) { r := f.Metrics.ROAS(); return r.Value, r.OK })
	number("adtop_channel_today_maturity_ratio", "Part of today's final conversions that is visible by now, 0 to 1.", func(f snapshot.Figures) (float64, bool) { return f.Maturity.Value, f.Maturity.OK })
	exposePartners(e, s)

	judged := func(tell func(ch snapshot.Channel, label ...string)) {
		each(func(ch snapshot.Channel, label ...string) {
			if !ch.Unassigned {
				tell(ch, label...)
			}
		})
	}
	e.gauge("adtop_channel_unprofitable_probability", "How sure the figures make it that a channel loses money, 0 to 1.")
	judged(func(ch snapshot.Channel, label ...string) { e.when(ch.P.OK, ch.P.Value, label...) })
	e.gauge("adtop_channel_unprofitable_threshold", "From which probability an alert fires, for all channels.")
	e.when(s.Alarm.Threshold > 0, s.Alarm.Threshold)
	e.gauge("adtop_channel_verdict", "Verdict of a channel: 1 for the one that stands.")
	judged(func(ch snapshot.Channel, label ...string) { e.oneOf("verdict", string(ch.Verdict), verdicts, label...) })
	e.gauge("adtop_channel_complete_through_timestamp_seconds", "Up to when the figures of a channel are complete.")
	judged(func(ch snapshot.Channel, label ...string) { e.at(ch.Watermark, label...) })
}

// exposePartners tells what of the figures is not settled between channels and their
// partners; of a channel where nothing can be, nothing.
func exposePartners(e *exposition, s *snapshot.Snapshot) {
	gauge := func(name, help string, figure func(snapshot.Channel) (kpi.Micros, bool), label ...string) {
		e.gauge("adtop_channel_today_"+name, help)
		for _, ch := range s.Channels {
			value, known := figure(ch)
			e.when(known && ch.Now.Known, value.Float(), append([]string{"channel", ch.Name}, label...)...)
		}
	}
	currency := []string{"currency", string(s.Currency)}
	gauge("pending_conversions", "Conversions of a channel today that nobody has approved yet, as reported.", func(ch snapshot.Channel) (kpi.Micros, bool) {
		m := ch.Now.Pending.Reported
		return m.Conversions, m.Knows(kpi.Conversions)
	})
	gauge("pending_counted_conversions", "What of the pending conversions is in the figures, at the rate at which such end approved.", func(ch snapshot.Channel) (kpi.Micros, bool) {
		m := ch.Now.Pending.Counted
		return m.Conversions, m.Knows(kpi.Conversions)
	})
	gauge("pending_revenue", "Revenue of a channel today that nobody has approved yet, as reported.", func(ch snapshot.Channel) (kpi.Micros, bool) {
		m := ch.Now.Pending.Reported
		return m.Revenue, m.Knows(kpi.Revenue)
	}, currency...)
	gauge("pending_counted_revenue", "What of the pending revenue is in the figures.", func(ch snapshot.Channel) (kpi.Micros, bool) {
		m := ch.Now.Pending.Counted
		return m.Revenue, m.Knows(kpi.Revenue)
	}, currency...)
	gauge("payouts_beyond_cap", "Payouts of a channel today that are not due, since they are beyond its cap.", func(ch snapshot.Channel) (kpi.Micros, bool) {
		return ch.Now.Payable.Capped, ch.Economics.PayoutCap != 0
	}, currency...)
	gauge("on_hold", "What of a channel's today is paid later: payouts, or revenue where nothing is paid out.", func(ch snapshot.Channel) (kpi.Micros, bool) {
		return ch.Now.Payable.Held, ch.Economics.HoldDays != 0
	}, currency...)
}

func exposeAlerts(e *exposition, s *snapshot.Snapshot) {
	open, asking, muted := map[[2]string]int{}, map[string]int{}, map[string]int{}
	for _, a := range s.Alerts {
		if !a.Open() {
			continue
		}
		open[[2]string{a.State, a.Severity.String()}]++
		asking[a.Severity.String()] += b2i(a.Asks())
		muted[a.Muted()]++
	}
	severities := []string{snapshot.Info.String(), snapshot.Warning.String(), snapshot.Critical.String()}
	e.gauge("adtop_alerts", "Open alerts by state and severity.")
	for _, state := range []string{snapshot.Pending, snapshot.Firing, snapshot.Recovering} {
		for _, severity := range severities {
			e.is(float64(open[[2]string{state, severity}]), "state", state, "severity", severity)
		}
	}
	e.gauge("adtop_alerts_asking", "Alerts that ask for attention: they fire, and nothing keeps them from it.")
	for _, severity := range severities {
		e.is(float64(asking[severity]), "severity", severity)
	}
	e.gauge("adtop_alerts_muted", "Open alerts that are kept from asking for attention, by what does it.")
	for _, by := range []string{"acked", "snoozed", "silenced", "inhibited", "flapping"} {
		e.is(float64(muted[by]), "by", by)
	}
}

// exposeTargets tells of notifications; without any targets, nothing.
func exposeTargets(e *exposition, s *snapshot.Snapshot, attempts map[monitor.Try]int) {
	if len(s.Targets) == 0 {
		return
	}
	e.counter("adtop_notify_attempts_total", "Attempts of this process to deliver a message, by what came of them; after one that failed another follows.")
	for _, t := range s.Targets {
		for _, outcome := range monitor.Endings {
			e.is(float64(attempts[monitor.Try{Target: t.Name, Ended: outcome}]), "target", t.Name, "outcome", outcome)
		}
	}
	e.gauge("adtop_notify_failing", "Whether the last message to a target did not arrive: 1, or 0 when it did or there was none.")
	for _, t := range s.Targets {
		e.is(float64(b2i(!t.Failing.IsZero())), "target", t.Name, "type", t.Type)
	}
	e.gauge("adtop_notify_waiting_messages", "Messages that are still to arrive at a target.")
	for _, t := range s.Targets {
		e.is(float64(t.Waiting), "target", t.Name)
	}
	e.gauge("adtop_notify_oldest_waiting_timestamp_seconds", "When the oldest message that is still to arrive at a target was decided; without any, there is no line.")
	for _, t := range s.Targets {
		e.at(t.Oldest, "target", t.Name)
	}
	e.gauge("adtop_notify_last_success_timestamp_seconds", "When a message last arrived at a target, within 90 days.")
	for _, t := range s.Targets {
		e.at(t.Delivered, "target", t.Name)
	}
}
