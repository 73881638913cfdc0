package monitor

import (
	"context"
	"testing"
	"time"
)

func TestTheHeartbeatStopsWithTheEvaluationAndWithTheStore(t *testing.T) {
	beats := make(chan struct{}, 100)
	r := newRig(t, instant(t, "2026-11-20T12:00:00Z"), func(_ *rig, o *Options) {
		o.Heartbeat = &Heartbeat{Every: time.Millisecond, Ping: func(context.Context) error {
			select {
			case beats <- struct{}{}:
			default:
			}
			return nil
		}}
	})
	beat := func(want bool) {
		t.Helper()
		for len(beats) > 0 {
			<-beats
		}
		well, err := r.ping(context.Background(), *r.o.Heartbeat)
		minutely := Heartbeat{Every: time.Minute}
		if wait := minutely.wait(well, err); wait == time.Minute != (well || err != nil) {
			t.Errorf("well: %t, %v: the next one is due in %s", well, err, wait)
		}
		if well != want || len(beats) > 0 != want {
			t.Errorf("well: %t, %d pings; want %t", well, len(beats), want)
		}
	}
	beat(false) // nothing was evaluated yet
	end := run(t, r.Monitor)
	<-beats
	<-beats
	end()
	beat(true)
	judged := r.pulse.Judged
	r.pulse.Judged, r.pulse.Since = judged.Add(-judgeWithin-time.Second), judged.Add(-judgeWithin-time.Second)
	beat(false)
	r.pulse.Judged = judged
	beat(true)
	if err := r.o.Store.Close(); err != nil {
		t.Fatal(err)
	}
	beat(false)
}
