package monitor

import (
	"testing"
	"time"

	"adtop/alert"
	"adtop/kpi"
	"adtop/snapshot"
)

// troubled watches smallWorld, polling every three hours, until three days
// after its conversions ended. It returns how the channel was judged each time.
func troubled(t *testing.T) (r *rig, trouble time.Time, judged []snapshot.Channel) {
	t.Helper()
	began := instant(t, "2026-11-01T06:00:00Z")
	trouble = began.AddDate(0, 0, 8)
	r = newRig(t, began, func(r *rig, o *Options) {
		src, _ := r.google(smallWorld(began.AddDate(0, 0, -20), trouble), 0)
		src.Every = 3 * time.Hour
		o.Sources = []Source{src}
	})
	w := r.weigh()
	for at := began; at.Before(trouble.AddDate(0, 0, 3)); at = at.Add(3 * time.Hour) {
		r.clock.set(at)
		r.poll()
		r.judge(w)
		judged = append(judged, channel(t, r.show("today", time.Time{}), "Shop"))
	}
	return r, trouble, judged
}

func TestARestartJudgesAsBeforeAndKeepsTheAlert(t *testing.T) {
	r, trouble, judged := troubled(t)
	live := judged[len(judged)-1]
	if live.Verdict != kpi.Unprofitable || !live.P.OK {
		t.Fatalf("after three days without conversions: %s, P %v: %s", live.Verdict, live.P, live.Reason)
	}
	if early := judged[len(judged)/2]; early.Verdict == kpi.Unprofitable {
		t.Errorf("before the trouble: %s", early.Reason)
	}
	before := r.show("today", time.Time{}).Alerts
	loss, found := of(before, alert.RuleUnprofitable, "Shop")
	if !found || !loss.FiredAt.After(trouble) {
		t.Fatalf("alerts before the restart: %+v", before)
	}

	r.start(r.o) // another process
	r.judge(r.weigh())
	s := r.show("today", time.Time{})
	after := channel(t, s, "Shop")
	if after.Verdict != live.Verdict || !after.Watermark.Equal(live.Watermark) {
		t.Errorf("%s through %s, and after a restart %s through %s", live.Verdict, live.Watermark, after.Verdict, after.Watermark)
	}
	if again, _ := of(s.Alerts, alert.RuleUnprofitable, "Shop"); again.ID != loss.ID || again.State != snapshot.Firing || !again.FiredAt.Equal(loss.FiredAt) {
		t.Errorf("the alert after the restart: %+v", again)
	}
	if len(s.Alerts) != len(before) {
		t.Errorf("%d alerts, %d before the restart", len(s.Alerts), len(before))
	}
	then := channel(t, r.show("today", trouble), "Shop")
	if !then.P.OK || then.Verdict == kpi.Unprofitable || then.Watermark.After(trouble) {
		t.Errorf("as of the beginning of the trouble: %s, through %s: %s", then.Verdict, then.Watermark, then.Reason)
	}
}
