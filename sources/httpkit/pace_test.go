package httpkit

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"adtop/sources"
)

func TestPaceLetsSoManyCallsIntoAnyMinute(t *testing.T) {
	const calls = 18
	begun := time.Date(2026, 11, 4, 12, 0, 0, 0, time.UTC)
	now, p := begun, Pace{calls: calls}
	var made []time.Time
	for range 100 {
		now = now.Add(p.book(now) + 100*time.Millisecond)
		made = append(made, now)
	}
	for i, at := range made {
		if i >= calls && at.Sub(made[i-calls]) < time.Minute {
			t.Fatalf("call %d came %s after the one %d before it", i, at.Sub(made[i-calls]), calls)
		}
	}
	if took := now.Sub(begun); took > 6*time.Minute {
		t.Errorf("100 calls took %s", took)
	}
}

func TestPaceBelongsToItsScope(t *testing.T) {
	one, other := SharedPace(t.Name()+"one", 18), SharedPace(t.Name()+"other", 18)
	if one == other || one != SharedPace(t.Name()+"one", 18) {
		t.Error("two of one scope have each their own, or two scopes one")
	}
}

// TestPaceCountsWhatIsAskedAgain: a call that failed was a call.
func TestPaceCountsWhatIsAskedAgain(t *testing.T) {
	now := time.Date(2026, 11, 4, 12, 0, 0, 0, time.UTC)
	c, waits, _ := platformAt(t, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "down", http.StatusServiceUnavailable) },
		func(o *Options) { o.Env.Now, o.Pace = func() time.Time { return now }, &Pace{calls: 2} })
	if e := failure(t, c, &Request{}); e.Kind != sources.Unavailable {
		t.Fatal(e)
	}
	minutes := 0
	for _, wait := range *waits {
		if wait == time.Minute {
			minutes++
		}
	}
	if minutes != 2 {
		t.Errorf("paused for %v, want a minute before the third and the fourth attempt", *waits)
	}
}

func TestWaitForThePaceEndsWithItsContext(t *testing.T) {
	asked := 0
	c, _, _ := platformAt(t, func(w http.ResponseWriter, r *http.Request) { asked++; say(200, `{}`)(w, r) },
		func(o *Options) { o.Env.Now, o.Env.Sleep, o.Pace = time.Now, nil, &Pace{calls: 1} })
	if _, err := c.Do(t.Context(), &Request{}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := c.Do(ctx, &Request{}); !errors.Is(err, context.DeadlineExceeded) || asked != 1 {
		t.Errorf("%d calls, %v", asked, err)
	}
}
