package ui

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"adtop/snapshot"
)

// bridge is the one goroutine between the monitor and the program. A stalled
// terminal blocks it in send, and nobody else: meanwhile the monitor drops
// the older pictures.
type bridge struct {
	ctx     context.Context
	monitor Monitor
	views   chan snapshot.View // the newest view that was asked for
}

func newBridge(ctx context.Context, m Monitor) *bridge {
	return &bridge{ctx: ctx, monitor: m, views: make(chan snapshot.View, 1)}
}

// show asks for another view. It never blocks; only the last one counts.
func (b *bridge) show(view snapshot.View) {
	for {
		select {
		case b.views <- view:
			return
		default:
		}
		select {
		case <-b.views:
		default:
		}
	}
}

// run forwards the newest picture of the newest view until the context ends.
func (b *bridge) run(send func(tea.Msg)) {
	for {
		select {
		case <-b.ctx.Done():
			return
		case view := <-b.views:
			for again := true; again; {
				view, again = b.watch(view, send)
			}
		}
	}
}

// watch forwards the pictures of one view until another is asked for, which it
// returns, or the context ends. Beside a view of the past it watches the
// present.
func (b *bridge) watch(view snapshot.View, send func(tea.Msg)) (next snapshot.View, again bool) {
	ctx, cancel := context.WithCancel(b.ctx)
	defer cancel()
	pictures := b.monitor.Watch(ctx, view)
	var live <-chan *snapshot.Snapshot
	if !view.AsOf.IsZero() {
		live = b.monitor.Watch(ctx, snapshot.View{Range: snapshot.Ranges[0]})
	}
	for {
		select {
		case <-ctx.Done():
			return view, false
		case next = <-b.views:
			return next, true
		case s, open := <-pictures:
			if !open {
				pictures = nil
				continue
			}
			send(snapshotMsg{newest(s, pictures)})
		case s, open := <-live:
			if !open {
				live = nil
				continue
			}
			send(liveMsg{newest(s, live)})
		}
	}
}

// minuteMsg comes once a minute: ages have changed.
type minuteMsg struct{}

// tick sends a minuteMsg at every full minute until the context ends. A
// command of Bubble Tea cannot be stopped, this can.
func tick(ctx context.Context, send func(tea.Msg)) {
	for {
		timer := time.NewTimer(time.Until(time.Now().Truncate(time.Minute).Add(time.Minute)))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
			send(minuteMsg{})
		}
	}
}

// newest skips pictures that are already outdated.
func newest(s *snapshot.Snapshot, pictures <-chan *snapshot.Snapshot) *snapshot.Snapshot {
	for {
		select {
		case next, open := <-pictures:
			if !open {
				return s
			}
			s = next
		default:
			return s
		}
	}
}
