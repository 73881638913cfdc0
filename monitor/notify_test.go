package monitor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"adtop/alert"
	"adtop/alert/notify"
	"adtop/snapshot"
	"adtop/store"
)

// service is a place that notifications are sent to over HTTP.
type service struct {
	*httptest.Server
	arrived chan notify.Message
	status  atomic.Int32 // of its answers; 0 hangs
}

func newService(t *testing.T) *service {
	s := &service{arrived: make(chan notify.Message, 1000)}
	s.status.Store(http.StatusOK)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var m notify.Message
		if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
			t.Error(err)
		}
		status := int(s.status.Load())
		if status == 0 {
			<-r.Context().Done()
			return
		}
		if status == http.StatusOK {
			s.arrived <- m
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(s.Close)
	return s
}

// Send implements notify.Target.
func (s *service) Send(ctx context.Context, m notify.Message) error {
	body, err := json.Marshal(m)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL, bytes.NewReader(body))
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	answer.Body.Close()
	switch {
	case answer.StatusCode == http.StatusTooManyRequests:
		return notify.Later{After: time.Minute, Err: errors.New(answer.Status)}
	case answer.StatusCode/100 == 4:
		return notify.Refused{Err: errors.New(answer.Status)}
	case answer.StatusCode/100 != 2:
		return errors.New(answer.Status)
	}
	return nil
}

// gets waits for a message of a kind about a rule.
func (s *service) gets(t *testing.T, kind notify.Kind, rule string) notify.Message {
	t.Helper()
	timeout := time.After(patience)
	for {
		select {
		case m := <-s.arrived:
			if m.Kind == kind && (rule == "" || slices.ContainsFunc(m.Alerts, func(a notify.Alert) bool { return a.Rule == rule })) {
				return m
			}
		case <-timeout:
			t.Fatalf("no message %q about %q within %s", kind, rule, patience)
		}
	}
}

// fast is a clock that runs 3000 times as fast as the real one.
func fast(start time.Time) Clock {
	const speed = 3000
	began := time.Now()
	return Clock{Now: func() time.Time { return start.Add(speed * time.Since(began)) }, Speed: speed}
}

// withTargets is a rig whose only source has figures that end three days ago, so
// that the alert about it fires at once and is told to all targets.
func withTargets(t *testing.T, targets map[string]notify.Target) *rig {
	at := instant(t, "2026-11-20T12:00:00Z")
	plan := &notify.Plan{Name: "Test", Zone: zoneOf(t, "Europe/Berlin")}
	r := newRig(t, at, func(r *rig, o *Options) {
		o.Sources = []Source{r.file("home", "EUR", "Europe/Berlin")}
		for name, target := range targets {
			o.Targets = append(o.Targets, Target{Name: name, Target: target})
			plan.Targets = append(plan.Targets, name)
		}
		slices.Sort(plan.Targets)
		plan.Routes = []notify.Route{{Targets: plan.Targets, GroupBy: []string{"source"}, Wait: 30 * time.Second, Interval: time.Minute, Repeat: 1000 * time.Hour, Resolved: true}}
		o.Notify = plan
	})
	r.clock.set(instant(t, "2026-11-17T12:00:00Z"))
	r.export("home", "2026-11-16,A,50,10,1,30")
	r.restart(fast(at))
	return r
}

// restart puts another process on the store, whose clock runs.
func (r *rig) restart(clock Clock) {
	r.Helper()
	if err := r.o.Store.Close(); err != nil {
		r.Fatal(err)
	}
	o := r.o
	o.Clock = clock
	r.start(o)
}

func TestAnAlertIsToldOnceAndItsEndOnceAlsoOverRestarts(t *testing.T) {
	team := newService(t)
	r := withTargets(t, map[string]notify.Target{"team": team})
	end := run(t, r.Monitor)
	first := team.gets(t, notify.Fired, alert.RuleSourceStale)
	if first.Cause != "first notification" || !strings.Contains(first.Title, "home") || first.Severity != snapshot.Warning {
		t.Errorf("told %+v", first)
	}
	end()
	now := r.o.Clock.Now()
	r.restart(fast(now))
	end = run(t, r.Monitor)
	settled(t, r.Monitor)
	r.clock.set(now)
	r.export("home", fmt.Sprintf("%s,A,50,10,1,30", now.Format(time.DateOnly)))
	last := team.gets(t, notify.Resolved, alert.RuleSourceStale)
	if last.Key != first.Key || len(last.Alerts) != 1 || last.Alerts[0].EndedAt.IsZero() {
		t.Errorf("the end is told as %+v", last)
	}
	end()
	if len(team.arrived) > 0 {
		t.Errorf("told besides: %+v", <-team.arrived)
	}
	// The screens say who was told.
	s, err := r.Snapshot(context.Background(), snapshot.View{Range: today.Range, Alert: first.Alerts[0].ID})
	if err != nil || len(s.Told) != 2 || s.Told[0].Target != "team" || s.Told[0].Arrived.IsZero() || s.Told[1].Kind != "resolved" {
		t.Errorf("told: %+v, %v", s.Told, err)
	}
}

func TestATargetThatIsNotReachedIsToldToTheOthersAndGetsAllOfItLater(t *testing.T) {
	team, oncall := newService(t), newService(t)
	team.status.Store(http.StatusBadGateway)
	r := withTargets(t, map[string]notify.Target{"team": team, "oncall": oncall})
	run(t, r.Monitor)
	oncall.gets(t, notify.Fired, alert.RuleSourceStale)
	failing := oncall.gets(t, notify.Fired, alert.RuleNotify)
	if a := failing.Alerts[0]; a.Subject != "team" || !strings.Contains(a.Reason, "502") || !strings.Contains(a.Reason, "'adtop notify test team'") {
		t.Errorf("told %+v", a)
	}
	team.status.Store(http.StatusOK)
	team.gets(t, notify.Fired, alert.RuleSourceStale)
	oncall.gets(t, notify.Resolved, alert.RuleNotify)
}

func TestARefusedMessageIsNotSentAgainAndToldAtOnce(t *testing.T) {
	team, oncall := newService(t), newService(t)
	team.status.Store(http.StatusNotFound)
	r := withTargets(t, map[string]notify.Target{"team": team, "oncall": oncall})
	run(t, r.Monitor)
	oncall.gets(t, notify.Fired, alert.RuleNotify)
	log, err := r.o.Store.Deliveries(context.Background(), store.DeliveryFilter{Target: "team", Most: 10}, forever)
	if err != nil || len(log) != 1 || log[0].State != store.Refused || log[0].Attempts != 1 {
		t.Errorf("the log says %+v, %v", log, err)
	}
}

func TestATargetThatHangsDelaysNobody(t *testing.T) {
	hung, team := newService(t), newService(t)
	hung.status.Store(0)
	r := withTargets(t, map[string]notify.Target{"hung": hung, "team": team})
	run(t, r.Monitor)
	pictures := r.Watch(t.Context(), today)
	team.gets(t, notify.Fired, alert.RuleSourceStale)
	now := r.o.Clock.Now()
	r.clock.set(now)
	r.export("home", fmt.Sprintf("%s,A,50,10,1,30", now.Format(time.DateOnly)))
	until(t, pictures, "the source is read", func(s *snapshot.Snapshot) bool { return s.Sources[0].Health == snapshot.Healthy })
	team.gets(t, notify.Resolved, alert.RuleSourceStale)
}

// answering is a service where somebody acks what is told.
type answering struct {
	*service
	key  atomic.Value // of the group to ack
	seen atomic.Value // the state that it was asked with last
}

func (a *answering) Answers(_ context.Context, state []byte) ([]notify.Answer, []byte, error) {
	a.seen.Store(string(state))
	key, _ := a.key.Load().(string)
	if key == "" || string(state) == key {
		return nil, state, nil
	}
	return []notify.Answer{{Key: key, Command: snapshot.Command{Verb: "ack", By: "ann"}}, {Key: "of somebody else", Command: snapshot.Command{Verb: "ack", By: "ann"}}}, []byte(key), nil
}

func TestWhoAcksAtATargetHasAckedHere(t *testing.T) {
	team := &answering{service: newService(t)}
	r := withTargets(t, map[string]notify.Target{"team": team})
	end := run(t, r.Monitor)
	pictures := r.Watch(t.Context(), today)
	key := team.gets(t, notify.Fired, alert.RuleSourceStale).Key
	team.key.Store(key)
	until(t, pictures, "the ack is here", func(s *snapshot.Snapshot) bool { return len(s.Alerts) > 0 && s.Alerts[0].AckedBy == "ann" })
	team.gets(t, notify.Acked, alert.RuleSourceStale)
	end()
	if kept, err := r.o.Store.Setting(context.Background(), "answers/team"); err != nil || kept != key {
		t.Errorf("the target is asked from %q on, want %q: %v", kept, key, err)
	}
}

// refreshing is a service that forgets.
type refreshing struct{ *service }

func (refreshing) Every() time.Duration { return time.Minute }

func TestATargetThatForgetsIsToldAgainWhatIsStillSo(t *testing.T) {
	team := newService(t)
	r := withTargets(t, map[string]notify.Target{"team": refreshing{team}})
	run(t, r.Monitor)
	first := team.gets(t, notify.Fired, alert.RuleSourceStale)
	for range 3 {
		if again := team.gets(t, notify.Fired, alert.RuleSourceStale); again.Key != first.Key || again.Alerts[0].ID != first.Alerts[0].ID {
			t.Errorf("told again as %+v", again)
		}
	}
	log, err := r.o.Store.Deliveries(context.Background(), store.DeliveryFilter{Most: 10}, forever)
	if err != nil || len(log) != 1 {
		t.Errorf("the log says %+v, %v", log, err)
	}
}
