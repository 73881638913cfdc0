package httpkit

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"adtop/sources"
)

const (
	longestPause     = time.Minute     // a longer wait is the poller's: it parks the source
	unavailablePause = time.Second     // after the first failure; doubles
	quotaPause       = 5 * time.Second // where a platform throttles without saying for how long; doubles
)

// pauseAfter says how long to wait before another try, if there should be one.
func pauseAfter(refusal *sources.Error, try int) (time.Duration, bool) {
	var pause time.Duration
	switch {
	case refusal.Kind != sources.Unavailable && refusal.Kind != sources.QuotaKind:
		return 0, false
	case refusal.RetryAfter > 0:
		pause = refusal.RetryAfter
	case refusal.Kind == sources.QuotaKind:
		pause = jitter(quotaPause << (try - 1))
	default:
		pause = jitter(unavailablePause << (try - 1))
	}
	return pause, pause <= longestPause
}

// jitter adds up to half, so that sources that failed together do not return
// together.
func jitter(pause time.Duration) time.Duration { return pause + rand.N(pause/2) }

// Wait pauses through env.Sleep, or on the real clock where that is nil, until
// d has passed or ctx ends. It returns ctx.Err in the latter case.
func Wait(ctx context.Context, env sources.Env, d time.Duration) error {
	if env.Sleep != nil {
		if err := env.Sleep(ctx, d); err != nil {
			return err
		}
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// RetryAfter reads the Retry-After header, in seconds or as a date; 0 when
// there is none.
func RetryAfter(h http.Header) time.Duration {
	value := h.Get("Retry-After")
	if seconds, err := strconv.ParseFloat(value, 64); err == nil && seconds > 0 && seconds < 1e7 {
		return time.Duration(seconds * float64(time.Second))
	}
	until, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	from, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		from = time.Now()
	}
	return max(0, until.Sub(from))
}
