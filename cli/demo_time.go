package cli

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"adtop/kpi"
)

// worldTime is the world's clock. It stands still until it is started.
type worldTime struct {
	mu    sync.Mutex
	at    time.Time
	real  time.Time // when it was started, zero before
	speed float64
}

func (w *worldTime) start() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.real = time.Now()
}

func (w *worldTime) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.real.IsZero() {
		return w.at
	}
	return w.at.Add(time.Duration(float64(time.Since(w.real)) * w.speed)).Round(time.Millisecond)
}

// Settings that the demo keeps in its cache.
const (
	settingWorld = "demo/world" // fingerprint of the world and the config
	settingBegan = "demo/began" // Unix seconds: where the world's live time began
	settingClock = "demo/clock" // Unix seconds: how far it has come
	settingPast  = "demo/past"  // "filled" once the past observations are in
)

// restoreClock returns the world's time: where the last run stopped, or the
// beginning, which is kept so that a world stays the same between starts.
func (d *demo) restoreClock(ctx context.Context, start string) (time.Time, error) {
	began, err := d.cache.Setting(ctx, settingBegan)
	if err != nil {
		return time.Time{}, err
	}
	if began == "" {
		berlin, err := time.LoadLocation("Europe/Berlin")
		if err != nil {
			return time.Time{}, err
		}
		day := kpi.DateOf(time.Now(), berlin)
		if start != "" {
			if day, err = kpi.ParseDate(start); err != nil {
				return time.Time{}, usageError{fmt.Errorf("--start: %w", err)}
			}
		}
		began = strconv.FormatInt(day.Start(berlin).Add(10*time.Hour).Unix(), 10)
		if err := d.cache.PutSetting(ctx, settingBegan, began); err != nil {
			return time.Time{}, err
		}
	}
	clock, err := d.cache.Setting(ctx, settingClock)
	if err != nil {
		return time.Time{}, err
	}
	if clock == "" {
		clock = began
	}
	first, err1 := strconv.ParseInt(began, 10, 64)
	now, err2 := strconv.ParseInt(clock, 10, 64)
	d.began = time.Unix(first, 0).UTC()
	return time.Unix(now, 0).UTC(), errors.Join(err1, err2)
}

// keepTime remembers how far the world has come and renews the partner
// network's export, as such networks do, every half hour of the world.
func (d *demo) keepTime(ctx context.Context) {
	for {
		timer := d.clock.Timer(30 * time.Minute)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		_ = d.sim.WriteCSV(d.exports, d.clock.Now()) // a failure shows as a stale source
		d.saveClock(ctx)
	}
}

// saveClock remembers how far the world has come. A second demo on the same
// cache may be behind: time never goes back.
func (d *demo) saveClock(ctx context.Context) {
	kept, err := d.cache.Setting(ctx, settingClock)
	if err != nil {
		return
	}
	now := d.clock.Now().Unix()
	if at, err := strconv.ParseInt(kept, 10, 64); err == nil && at >= now {
		return
	}
	_ = d.cache.PutSetting(ctx, settingClock, strconv.FormatInt(now, 10)) // without it the next start repeats some of the world's time
}
