package sourcetest

import "testing"

func TestGoroutineThatOutlivesAFetchIsFound(t *testing.T) {
	if found := strays(); len(found) != 0 {
		t.Fatalf("before anything was started: %q", found)
	}
	release, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		<-release
	}()
	if found := strays(); len(found) != 1 {
		t.Errorf("found %q, want the one that was started", found)
	}
	close(release)
	<-ended
}
