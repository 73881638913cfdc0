package cli

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"testing"
	"time"
)

func TestAnswersUnderWayAreGivenBeforeReadersAreSentAway(t *testing.T) {
	l, _, err := listen("metrics", ":0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	asked, given := make(chan struct{}), false
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(asked)
		time.Sleep(100 * time.Millisecond)
		given = true
		_, _ = io.WriteString(w, "late")
	})
	served := make(chan error, 1)
	go func() { served <- serveReaders(ctx, l, handler, slog.New(slog.DiscardHandler)) }()
	answer := make(chan string, 1)
	go func() {
		response, err := http.Get("http://" + l.Addr().String())
		if err != nil {
			answer <- err.Error()
			return
		}
		defer response.Body.Close()
		text, _ := io.ReadAll(response.Body)
		answer <- string(text)
	}()
	<-asked
	stop()
	if err := <-served; err != nil || !given {
		t.Errorf("ended with %v; the answer was given: %t", err, given)
	}
	if text := <-answer; text != "late" {
		t.Errorf("got %q", text)
	}
}
