package ui

import (
	"context"
	"os"
	"os/signal"
)

// untilSignal ends the context when the process is told to end.
func untilSignal(ctx context.Context) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(ctx, os.Interrupt)
}
