package monitor

import (
	"context"
	"net/http"
	"runtime"
	"testing"
	"time"

	"adtop/alert"
	"adtop/alert/notify"
	"adtop/store"
)

// aim is a copy of the options in force with other targets.
func (r *rig) aim(targets ...Target) Options {
	o := r.present()
	plan := *o.Notify
	o.Targets, plan.Targets = targets, nil
	for _, t := range targets {
		plan.Targets = append(plan.Targets, t.Name)
	}
	route := plan.Routes[0]
	route.Targets = plan.Targets
	plan.Routes = []notify.Route{route}
	o.Notify = &plan
	return o
}

// TestAReloadOfTargetsLosesNoMessage: what waited for one that stays arrives, one
// that is new hears what is so, and one that is gone hears no more.
func TestAReloadOfTargetsLosesNoMessage(t *testing.T) {
	team, oncall, mail := newService(t), newService(t), newService(t)
	team.status.Store(http.StatusBadGateway)
	r := withTargets(t, map[string]notify.Target{"team": team, "oncall": oncall})
	run(t, r.Monitor)
	first := oncall.gets(t, notify.Fired, alert.RuleSourceStale)
	oncall.gets(t, notify.Fired, alert.RuleNotify) // of team
	if err := r.Reload(t.Context(), r.aim(Target{Name: "team", Target: team}, Target{Name: "mail", Target: mail})); err != nil {
		t.Fatal(err)
	}
	goneHad := r.had("oncall")
	mail.gets(t, notify.Fired, alert.RuleSourceStale)
	team.status.Store(http.StatusOK)
	if late := team.gets(t, notify.Fired, alert.RuleSourceStale); late.Alerts[0].ID != first.Alerts[0].ID {
		t.Errorf("what waited arrives as %+v", late)
	}
	mail.gets(t, notify.Resolved, alert.RuleNotify) // it was so since before the reload
	if has := r.had("oncall"); has != goneHad {
		t.Errorf("%d messages are for a target that is gone, %d when it went", has, goneHad)
	}
}

// had counts the messages for a target so far.
func (r *rig) had(target string) int {
	r.Helper()
	log, err := r.o.Store.Deliveries(context.Background(), store.DeliveryFilter{Target: target, Most: 100}, forever)
	if err != nil {
		r.Fatal(err)
	}
	return len(log)
}

// TestReloadsOfTargetsLeaveNoSenderBehind, whatever is in the outbox.
func TestReloadsOfTargetsLeaveNoSenderBehind(t *testing.T) {
	team, oncall := newService(t), newService(t)
	r := withTargets(t, map[string]notify.Target{"team": team, "oncall": oncall})
	run(t, r.Monitor)
	team.gets(t, notify.Fired, alert.RuleSourceStale)
	oncall.gets(t, notify.Fired, alert.RuleSourceStale)
	sets := [][]Target{{{Name: "team", Target: team}}, {{Name: "oncall", Target: oncall}, {Name: "team", Target: team}}, {{Name: "oncall", Target: oncall}}}
	swap := func(set []Target) {
		if err := r.Reload(t.Context(), r.aim(set...)); err != nil {
			t.Fatal(err)
		}
	}
	swap(sets[0])
	http.DefaultClient.CloseIdleConnections()
	goroutines := runtime.NumGoroutine()
	for i := range 30 {
		swap(sets[(i+1)%3])
	}
	for deadline := time.Now().Add(patience); runtime.NumGoroutine() > goroutines; time.Sleep(10 * time.Millisecond) {
		http.DefaultClient.CloseIdleConnections()
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<16)
			t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), goroutines, stacks[:runtime.Stack(stacks, true)])
		}
	}
}
