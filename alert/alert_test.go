package alert

import (
	"testing"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// moment is one evaluation: hours after noon, with what was known then.
type moment struct {
	hour    int
	p       float64
	verdict kpi.Verdict // "" means the one that follows from p
	fresh   bool        // the watermark moved since the moment before
}

// play evaluates the moments one after the other, keeping the alerts as the
// store would.
func play(t *testing.T, moments []moment) (states []string, last []snapshot.Alert) {
	t.Helper()
	kept := map[string]snapshot.Alert{}
	mark := noon
	for _, m := range moments {
		at := noon.Add(time.Duration(m.hour) * time.Hour)
		if m.fresh {
			mark = at
		}
		verdict := m.verdict
		if verdict == "" {
			verdict = kpi.Profitable
		}
		s := &snapshot.Snapshot{AsOf: at, Zone: time.UTC, Currency: "EUR", Alarm: snapshot.Alarm{Threshold: 0.8}, Channels: []snapshot.Channel{
			{Name: "Shopping", P: kpi.Ratio{Value: m.p, OK: true}, Verdict: verdict, Watermark: mark, Reason: "why"}}}
		for _, a := range kept {
			s.Alerts = append(s.Alerts, a)
		}
		for _, a := range Step(Input{Picture: s}).Alerts {
			kept[a.ID] = a
		}
		state := "none"
		for _, a := range kept {
			if a.Open() || state == "none" {
				state = a.State
			}
		}
		states = append(states, state)
	}
	for _, a := range kept {
		last = append(last, a)
	}
	return states, last
}

func TestUnprofitableFiresAtTheThresholdAndEndsBelowOneHalf(t *testing.T) {
	for name, c := range map[string]struct {
		moments []moment
		want    []string
	}{
		"fires and resolves": {
			[]moment{{0, .3, "", true}, {1, .85, "", true}, {2, .7, "", true}, {3, .4, "", true}, {4, .3, "", true}},
			[]string{"none", "firing", "firing", "recovering", "resolved"}},
		"one look without fresh data ends nothing": {
			[]moment{{0, .9, "", true}, {1, .4, "", true}, {2, .4, "", false}, {3, .4, "", true}},
			[]string{"firing", "recovering", "recovering", "resolved"}},
		"a relapse is the same alert": {
			[]moment{{0, .9, "", true}, {1, .4, "", true}, {2, .9, "", true}},
			[]string{"firing", "recovering", "firing"}},
		"between the thresholds a recovery is called off": {
			[]moment{{0, .9, "", true}, {1, .4, "", true}, {2, .6, "", true}},
			[]string{"firing", "recovering", "firing"}},
		"watch does not page": {
			[]moment{{0, .79, kpi.AtRisk, true}, {1, .7, kpi.AtRisk, true}},
			[]string{"none", "none"}},
	} {
		t.Run(name, func(t *testing.T) {
			states, alerts := play(t, c.moments)
			for i := range c.want {
				if states[i] != c.want[i] {
					t.Fatalf("states %v, want %v", states, c.want)
				}
			}
			if len(alerts) > 1 {
				t.Fatalf("%d alerts for one story", len(alerts))
			}
		})
	}
}

func TestWithoutFreshDataNothingFiresAndNothingEnds(t *testing.T) {
	for _, verdict := range []kpi.Verdict{kpi.NoData, kpi.Idle, kpi.TooEarly} {
		if states, _ := play(t, []moment{{0, .99, verdict, false}}); states[0] != "none" {
			t.Errorf("%s fired", verdict)
		}
		if states, _ := play(t, []moment{{0, .9, kpi.Unprofitable, true}, {1, 0, verdict, false}, {2, 0, verdict, true}}); states[2] != snapshot.Firing {
			t.Errorf("%s ended an alert: %v", verdict, states)
		}
	}
}

func TestASourceWarnsAtTheFirstFailureAndFiresWhenItsFiguresAreOld(t *testing.T) {
	step := func(health snapshot.Health, open []snapshot.Alert, good time.Time) []snapshot.Alert {
		return Step(Input{Picture: &snapshot.Snapshot{AsOf: noon, Zone: time.UTC, Alarm: snapshot.Alarm{Threshold: .8}, Alerts: open,
			Sources: []snapshot.Source{{Name: "meta", Health: health, Problem: "sign-in needed", Next: "Sign in again.", LastGood: good}}}}).Alerts
	}
	if got := step(snapshot.Healthy, nil, noon); len(got) != 0 {
		t.Fatalf("a healthy source raised %+v", got)
	}
	pending := step(snapshot.Failing, nil, noon)
	if len(pending) != 1 || pending[0].State != snapshot.Pending || !pending[0].FiredAt.IsZero() {
		t.Fatalf("after a failure: %+v", pending)
	}
	firing := step(snapshot.Stale, pending, noon)
	if len(firing) != 1 || firing[0].State != snapshot.Firing || firing[0].ID != pending[0].ID {
		t.Fatalf("when stale: %+v", firing)
	}
	recovering := step(snapshot.Healthy, firing, noon.Add(time.Minute))
	resolved := step(snapshot.Healthy, recovering, noon.Add(2*time.Minute))
	if len(resolved) != 1 || resolved[0].State != snapshot.Resolved {
		t.Fatalf("when it answers again: %+v", resolved)
	}
}

func TestAnAlertEndsWhenItsChannelLeavesTheConfig(t *testing.T) {
	_, alerts := play(t, []moment{{0, .9, kpi.Unprofitable, true}})
	changed := Step(Input{Picture: &snapshot.Snapshot{AsOf: noon.Add(time.Hour), Zone: time.UTC, Alerts: alerts}}).Alerts
	if len(changed) != 1 || changed[0].Open() {
		t.Fatalf("got %+v", changed)
	}
}
