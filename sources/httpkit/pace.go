package httpkit

import (
	"context"
	"sync"
	"time"

	"adtop/sources"
)

// Pace holds whoever shares it to so many calls in any minute.
type Pace struct {
	calls int
	mu    sync.Mutex
	made  []time.Time // when the last calls were made, oldest first; those to come included
}

// paces are those of the process by their scopes. One is kept as long as the process:
// what has been asked counts for whoever asks next, after the config was read again too.
var paces sync.Map

// SharedPace returns the pace of a scope, such as a host and a token: it is the same
// for all sources of the process. Whoever asks first says how many calls a minute has.
func SharedPace(scope string, calls int) *Pace {
	p, _ := paces.LoadOrStore(scope, &Pace{calls: calls})
	return p.(*Pace)
}

// book takes the next place and returns how long to wait for it.
func (p *Pace) book(now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := now
	if len(p.made) == p.calls {
		if free := p.made[0].Add(time.Minute); free.After(now) {
			at = free
		}
		p.made = p.made[1:]
	}
	p.made = append(p.made, at)
	return at.Sub(now)
}

// wait returns when the next call may be made, or with ctx.Err.
func (p *Pace) wait(ctx context.Context, env sources.Env) error {
	if p == nil {
		return nil
	}
	if d := p.book(env.Now()); d > 0 {
		return Wait(ctx, env, d)
	}
	return nil
}
