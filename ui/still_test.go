package ui

import (
	"context"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestNoFrameIsWrittenWhenNothingChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, w := newFeed(), &countingWriter{}
		ctx, cancel := context.WithCancel(context.Background())
		input, keys := io.Pipe()
		done := make(chan error, 1)
		go func() {
			done <- Run(ctx, Options{
				Monitor: f, First: testSnapshot(), Theme: "dark", Color: "truecolor", Size: Size{120, 32},
				Input: input, Output: w, Env: []string{"TERM=xterm-256color"}, Now: func() time.Time { return testNow },
			})
		}()
		time.Sleep(time.Second) // synctest's clock: the first frames are out
		synctest.Wait()
		before := w.count()
		if before == 0 {
			t.Error("no first frame")
		}
		for range 20 {
			f.pictures <- testSnapshot() // a new picture with the same figures
			time.Sleep(10 * time.Second)
			synctest.Wait()
		}
		if after := w.count(); after != before {
			t.Errorf("%d writes in three minutes in which nothing changed", after-before)
		}
		changed := testSnapshot()
		changed.Channels[0].Now = figures(4300, 250, 15400, .88)
		f.pictures <- changed
		time.Sleep(time.Second)
		synctest.Wait()
		if after := w.count(); after != before+1 {
			t.Errorf("one changed row makes %d writes", after-before)
		}
		cancel()
		keys.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// countingWriter counts writes.
type countingWriter struct {
	mu     sync.Mutex
	writes int
}

func (w *countingWriter) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.writes++
	return len(b), nil
}

func (w *countingWriter) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.writes
}
