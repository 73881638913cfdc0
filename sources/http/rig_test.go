package http

import (
	"context"
	"net/http"
	"testing"

	"adtop/sources/httpkit"
)

func responseOf(body string) *httpkit.Response {
	return &httpkit.Response{Status: http.StatusOK, Header: http.Header{}, Body: []byte(body)}
}

// contextUntil ends when started closes.
func contextUntil(t *testing.T, started <-chan struct{}) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		select {
		case <-started:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(); <-done }
}
