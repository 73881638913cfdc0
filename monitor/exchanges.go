package monitor

import (
	"sync"
	"time"

	"adtop/snapshot"
	"adtop/sources"
)

const (
	keptExchanges  = 50 // of each source
	shownExchanges = 20
)

// Exchanges remembers the last requests of each source, for the sources screen.
// They stay in memory and wake nobody: the next picture has them.
type Exchanges struct {
	now func() time.Time

	mu   sync.Mutex
	last map[string][]snapshot.Exchange // by source, oldest first
}

// NewExchanges returns an empty one. now is the clock of the data.
func NewExchanges(now func() time.Time) *Exchanges {
	return &Exchanges{now: now, last: map[string][]snapshot.Exchange{}}
}

// Of returns what a source tells of its requests, as sources.Env.Exchanged.
func (e *Exchanges) Of(source string) func(sources.Exchange) {
	return func(told sources.Exchange) {
		e.mu.Lock()
		defer e.mu.Unlock()
		list := append(e.last[source], snapshot.Exchange{At: e.now(), Request: told.Request, Status: told.Status, Bytes: told.Bytes, Took: told.Took, Problem: told.Problem})
		if len(list) > keptExchanges {
			list = append(list[:0:0], list[len(list)-keptExchanges:]...)
		}
		e.last[source] = list
	}
}

// newest lists the last ones of a source, newest first. Nothing remembers what
// a nil Exchanges was told.
func (e *Exchanges) newest(source string) []snapshot.Exchange {
	if e == nil {
		return nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	list := e.last[source]
	var shown []snapshot.Exchange
	for i := len(list) - 1; i >= 0 && len(shown) < shownExchanges; i-- {
		shown = append(shown, list[i])
	}
	return shown
}
