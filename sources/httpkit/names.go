package httpkit

import (
	"sync"
	"time"
)

// Campaign is what a list of campaigns says of one.
type Campaign struct{ Name, Status string }

// Names remembers the campaigns of accounts for an hour, for platforms whose
// figures carry ids only. The zero value knows none. It is safe for concurrent
// use; two callers at once may both ask.
type Names struct {
	mu       sync.Mutex
	accounts map[string]named
}

type named struct {
	campaigns map[string]Campaign // by id
	asked     time.Time
}

// namesLive is how long names are remembered.
const namesLive = time.Hour

// Of returns the campaigns of an account by id, from ask when they are not
// known or were asked for an hour before now. The map must not be changed.
func (n *Names) Of(account string, now time.Time, ask func() (map[string]Campaign, error)) (map[string]Campaign, error) {
	n.mu.Lock()
	known := n.accounts[account]
	n.mu.Unlock()
	if known.campaigns != nil && now.Sub(known.asked) < namesLive {
		return known.campaigns, nil
	}
	campaigns, err := ask()
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.accounts == nil {
		n.accounts = map[string]named{}
	}
	n.accounts[account] = named{campaigns, now}
	return campaigns, nil
}
