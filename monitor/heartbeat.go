package monitor

import (
	"context"
	"time"
)

// Heartbeat tells somebody outside that adtop is well: when it stays away, they
// raise the alarm that adtop cannot raise any more.
type Heartbeat struct {
	Every time.Duration
	Ping  func(ctx context.Context) error
}

// heartbeat pings until ctx ends.
func (m *Monitor) heartbeat(ctx context.Context, h Heartbeat) {
	for {
		well, err := m.ping(ctx, h)
		if err != nil && ctx.Err() == nil {
			m.o.Log.Warn("heartbeat", "err", err)
		}
		timer := m.o.Clock.Timer(h.wait(well, err))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

// wait is how long after a ping the next one is due: it begins with the first round, and
// what failed is tried, and told, no more often than what did not.
func (h Heartbeat) wait(well bool, err error) time.Duration {
	if !well && err == nil {
		return min(h.Every, followEvery)
	}
	return h.Every
}

// ping calls once if all is well: the channels were judged lately, and the store can
// be written.
func (m *Monitor) ping(ctx context.Context, h Heartbeat) (well bool, err error) {
	if p := m.Pulse(); p.Judged.IsZero() || p.Trouble(time.Now()) != "" {
		return false, nil
	}
	if err := m.o.Store.PutSetting(ctx, "heartbeat", m.o.Clock.Now().UTC().Format(time.RFC3339)); err != nil {
		return false, err
	}
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	return true, h.Ping(ctx)
}
