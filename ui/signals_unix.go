//go:build !windows

package ui

import (
	"context"
	"os/signal"
	"syscall"
)

// untilSignal ends the context when the process is told to end or its terminal
// goes away. Bubble Tea's own handler stays off: it does not listen for SIGHUP,
// and hangs when a signal and the end of the context come together.
func untilSignal(ctx context.Context) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(ctx, syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM)
}
