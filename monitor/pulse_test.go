package monitor

import (
	"strings"
	"testing"
	"time"
)

// TestAnEngineThatStandsStillIsNotWell: the service manager and whoever asks
// for its health must learn of it.
func TestAnEngineThatStandsStillIsNotWell(t *testing.T) {
	now := instant(t, "2026-11-20T12:00:00Z")
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	for name, c := range map[string]struct {
		pulse Pulse
		says  string
	}{
		"before its start":            {Pulse{}, "does not run"},
		"at work":                     {Pulse{Collecting: true, Since: ago(time.Hour), Looked: ago(time.Second), Judged: ago(time.Minute)}, ""},
		"reading its history":         {Pulse{Collecting: true, Since: ago(4 * time.Minute), Looked: ago(4 * time.Minute)}, ""},
		"stuck in a round":            {Pulse{Collecting: true, Since: ago(time.Hour), Looked: ago(10 * time.Minute), Judged: ago(10 * time.Minute)}, "has not moved for 10m"},
		"looking without a judgement": {Pulse{Collecting: true, Since: ago(time.Hour), Looked: ago(time.Second)}, "not judged for 1h"},
		"waiting for the collector":   {Pulse{Since: ago(24 * time.Hour), Looked: ago(time.Second)}, ""},
	} {
		if got := c.pulse.Trouble(now); (got == "") != (c.says == "") || !strings.Contains(got, c.says) {
			t.Errorf("%s: %q, want %q", name, got, c.says)
		}
	}
}
