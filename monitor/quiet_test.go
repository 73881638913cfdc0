package monitor

import (
	"flag"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources/simulator/world"
)

var quietWorlds = flag.Int("rules.worlds", 0, "how many steady worlds to watch for a month each, counting the false alarms of every rule")

// TestFalseAlarmsOfTheRulesInSteadyWorlds watches worlds in which nothing goes
// wrong: two channels at 1.5 times break-even, one around the clock and one from
// eight to eight, with a target CPA that they meet. Per channel and month, each
// rule may tell 0.2 times on average; a target missed 0.5 times, since it does not page.
func TestFalseAlarmsOfTheRulesInSteadyWorlds(t *testing.T) {
	if *quietWorlds == 0 {
		t.Skip("takes most of a minute a world: -rules.worlds N")
	}
	const days, channels = 30, 2
	told := map[string]int{}
	for seed := range *quietWorlds {
		began := instant(t, "2026-10-06T06:00:00Z")
		r := newRig(t, began, func(r *rig, o *Options) {
			spec := smallWorld(began.AddDate(0, 0, -40), began.AddDate(1, 0, 0)).Spec()
			spec.Seed, spec.Incidents = uint64(seed+100), nil
			spec.Accounts[0].Campaigns[1].Schedule = world.Schedule{From: 8, To: 20}
			src, _ := r.google(world.New(spec), 36)
			o.Sources = []Source{src}
			twoChannels(o)
			for i := range o.Channels {
				o.Channels[i].Economics.TargetCPA = 22 * kpi.MicrosPerUnit // it is 20 in the long run
			}
		})
		w := r.weigh()
		seen := map[string]bool{}
		for at := began; at.Before(began.AddDate(0, 0, days)); at = at.Add(2 * time.Hour) {
			r.clock.set(at)
			r.poll()
			r.judge(w)
			for _, a := range r.alertsNow() {
				if !a.FiredAt.IsZero() && !seen[a.ID] {
					seen[a.ID] = true
					told[a.Rule]++
					t.Logf("seed %d, %s: %s: %s", seed, at.Format("Mon 2 Jan 15:04"), a.Summary, a.Reason)
				}
			}
		}
	}
	months := float64(*quietWorlds * channels * days / 30)
	for rule, n := range told {
		limit := 0.2
		if rule == "target missed" {
			limit = 0.5
		}
		if rate := float64(n) / months; rate > limit {
			t.Errorf("%s: %.2f false alarms a channel and month", rule, rate)
		}
	}
	t.Logf("%.0f channel-months: %v", months, told)
}
