package alert

import (
	"testing"
	"time"

	"adtop/snapshot"
)

// slower is a loss that conversions at half the speed would explain.
func slower(s *snapshot.Snapshot) { s.Channels[0].Evidence.LateOrLost = true }

// TestAfterARetractedAlertALossWaitsWhileSlowerDelaysWouldExplainIt: delays have
// grown, and the curve has yet to learn it. What no slower curve explains fires at
// once, and after four weeks so does the rest. A channel whose last alert was true
// never waits.
func TestAfterARetractedAlertALossWaitsWhileSlowerDelaysWouldExplainIt(t *testing.T) {
	for name, c := range map[string]struct {
		later float64 // conversions of the hours judged first, as known in the end: 10 would do
		after time.Duration
		late  bool
		fires bool
	}{
		"delays have grown":                  {11, 24 * time.Hour, true, false},
		"delays have grown, two weeks later": {11, 14 * 24 * time.Hour, true, false},
		"no slower curve explains it":        {11, 24 * time.Hour, false, true},
		"four weeks later":                   {11, 29 * 24 * time.Hour, true, true},
		"the last alert was true":            {2, 24 * time.Hour, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			k := newKeeper(t)
			k.step(lossy(5, 2, .9))
			k.step(lossy(6, c.later, .2))
			k.step(lossy(7, c.later, .2))
			first := k.only(RuleUnprofitable)
			again := lossy(8, 2, .9)
			again.AsOf = again.AsOf.Add(c.after)
			again.Channels[0].Watermark = again.AsOf
			if c.late {
				slower(again)
			}
			k.step(again)
			a, open := k.open(RuleUnprofitable, first.Subject)
			if !open || a.Firing() != c.fires {
				t.Fatalf("open %v, %s after one that was %s: %s", open, a.State, first.State, a.Reason)
			}
			if c.fires {
				return
			}
			again = lossy(9, 2, .97) // half the speed explains it no more
			again.AsOf = again.AsOf.Add(c.after)
			again.Channels[0].Watermark = again.AsOf
			k.step(again)
			if a, _ := k.open(RuleUnprofitable, first.Subject); !a.Firing() {
				t.Errorf("it is still %s", a.State)
			}
		})
	}
}
