package ui

import "context"

// hangup has nothing to listen for: a closed console ends the process.
func hangup(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithCancel(ctx)
}
