package httpkit

import (
	"errors"
	"testing"
	"time"
)

func TestNamesAreAskedForOnceAnHourAndNeverForgottenByAFailure(t *testing.T) {
	var n Names
	asked, now := 0, time.Date(2026, 11, 4, 12, 0, 0, 0, time.UTC)
	ask := func() (map[string]Campaign, error) {
		asked++
		return map[string]Campaign{"7": {"Spring", "ACTIVE"}}, nil
	}
	for _, later := range []time.Duration{0, 59 * time.Minute, time.Hour, 61 * time.Minute} {
		campaigns, err := n.Of("a", now.Add(later), ask)
		if err != nil || campaigns["7"].Name != "Spring" {
			t.Errorf("after %s: %v, %v", later, campaigns, err)
		}
	}
	if asked != 2 {
		t.Errorf("asked %d times in an hour and a minute, want 2", asked)
	}
	if _, err := n.Of("b", now, func() (map[string]Campaign, error) { return nil, errors.New("no") }); err == nil {
		t.Error("a failure is not told")
	}
	if campaigns, err := n.Of("b", now, ask); err != nil || len(campaigns) != 1 {
		t.Errorf("after a failure: %v, %v", campaigns, err)
	}
}
