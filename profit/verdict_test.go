package profit

import (
	"strings"
	"testing"
	"time"

	"adtop/kpi"
)

func TestVerdicts(t *testing.T) {
	now := time.Date(2026, 11, 20, 14, 32, 0, 0, time.UTC)
	base := Judgement{
		Evidence: Evidence{Watermark: now.Add(-10 * time.Minute), Known: true, P: 0.05, Level: 1.5, SpentLastDay: 100, HistoryDue: 200, AOV: 50},
		Now:      now, Threshold: Alert, StaleAfter: time.Hour, Zone: time.UTC,
	}
	losing := func(j *Judgement) {
		j.Evidence.P, j.Evidence.Level, j.Evidence.Cause = 0.83, 0.6, ConversionRate
		j.Evidence.Since, j.Evidence.Seen, j.Evidence.Due = time.Date(2026, 11, 20, 1, 0, 0, 0, time.UTC), 4, 13.9
		j.Loss = kpi.Money{Micros: 420_004_000, Currency: "EUR"}
	}
	for _, c := range []struct {
		name   string
		change func(*Judgement)
		want   kpi.Verdict
		reason string
	}{
		{"healthy", func(*Judgement) {}, kpi.Profitable, "Expected revenue is 1.50 × break-even."},
		{"nobody can tell", func(j *Judgement) { j.Evidence.P = 0.4 }, kpi.Profitable, "not enough data to tell"},
		{"at risk", func(j *Judgement) { j.Evidence.P = Watch }, kpi.AtRisk, "needed"},
		{"losing", losing, kpi.Unprofitable, "Since ~01:00: 4 conversions seen, 13.9 needed by now to break even (late ones already allowed for). Order value normal. Expected loss 420.00 EUR/day."},
		{"losing, of many channels", func(j *Judgement) { losing(j); j.Threshold = .9 }, kpi.AtRisk, "4 conversions seen"},
		{"order value", func(j *Judgement) { losing(j); j.Evidence.Cause, j.Evidence.Since = OrderValue, time.Time{} }, kpi.Unprofitable, "Orders are worth less than usual."},
		{"tracking dead", func(j *Judgement) { losing(j); j.Evidence.Cause, j.Evidence.Seen = NoConversions, 0 }, kpi.Unprofitable, "no conversions at all, 13.9 needed"},
		{"late or lost", func(j *Judgement) { losing(j); j.Evidence.LateOrLost = true }, kpi.Unprofitable, "Late or lost?"},
		{"too early", func(j *Judgement) { losing(j); j.Evidence.HistoryDue = 2.9 }, kpi.TooEarly, "2.9 conversions"},
		{"no order yet", func(j *Judgement) { j.Evidence.Known = false }, kpi.TooEarly, "No conversion seen yet"},
		{"paused", func(j *Judgement) { losing(j); j.Evidence.SpentLastDay = 0 }, kpi.Idle, "No spend"},
		{"stale", func(j *Judgement) { losing(j); j.Evidence.Watermark = now.Add(-3 * time.Hour) }, kpi.NoData, "No data since 11:32 (3 h)."},
		{"stale since yesterday", func(j *Judgement) { j.Evidence.Watermark = now.Add(-24 * time.Hour) }, kpi.NoData, "Thu 19 Nov 14:32"},
		{"source in error", func(j *Judgement) { losing(j); j.Problem = "token expired." }, kpi.NoData, "(10 min): token expired."},
		{"never answered", func(j *Judgement) { j.Evidence = Evidence{} }, kpi.NoData, "No data yet."},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := base
			c.change(&j)
			got, reason := Judge(j)
			if got != c.want || !strings.Contains(reason, c.reason) {
				t.Errorf("%v: %q; want %v: …%q…", got, reason, c.want, c.reason)
			}
		})
	}
}

// TestARunningHourIsWorthNoMoreHistoryThanItHasSpent: a shop that opened
// minutes ago has not yet paid for what an hour like this would bring.
func TestARunningHourIsWorthNoMoreHistoryThanItHasSpent(t *testing.T) {
	d := New(Params{Zone: time.UTC, Feed: ByOrder})
	now := simStart.Add(20 * time.Minute)
	d.Observe(Observation{At: now, Start: simStart, Length: 24 * time.Hour, Spend: 40, Conversions: 2, Value: 90, HasSpend: true, HasResults: true})
	d.Advance(now, now)
	if e := d.Evidence(); e.HistoryDue <= 0 || e.HistoryDue > 1 {
		t.Errorf("40 spent at 45 a conversion: %.2f conversions due, want at most .9", e.HistoryDue)
	}
}
