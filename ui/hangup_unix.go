//go:build !windows

package ui

import (
	"context"
	"os/signal"
	"syscall"
)

// hangup ends the context when the terminal goes away: Bubble Tea does not
// listen for SIGHUP.
func hangup(ctx context.Context) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(ctx, syscall.SIGHUP)
}
