package postback

import (
	"maps"
	"net/netip"
	"sync"
	"time"
)

const (
	// burst is how long an address may have been silent for what it sends at once: so
	// many seconds' worth of messages.
	burst = 10 * time.Second
	// maxAddresses bounds how many are told apart at one time; what comes beyond them
	// is counted as one.
	maxAddresses = 20_000
)

// pace holds each address to so many messages a second (the generic cell rate
// algorithm: each message moves the time at which the address is even by one interval,
// and that may lie ahead by the burst).
type pace struct {
	interval time.Duration

	mu    sync.Mutex
	even  map[netip.Prefix]time.Time
	swept time.Time // when those that are even were forgotten
}

func newPace(rate int) *pace {
	return &pace{interval: time.Second / time.Duration(rate), even: map[netip.Prefix]time.Time{}}
}

// admit counts a message, or returns how long its sender has to wait. Of IPv6, whole
// networks of /64 are one address: a single host has one.
func (p *pace) admit(from netip.Addr, now time.Time) (wait time.Duration) {
	bits := from.BitLen()
	if from.Is6() {
		bits = 64
	}
	key, err := from.WithZone("").Prefix(bits)
	if err != nil {
		key = netip.Prefix{} // no address at all
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	even, known := p.even[key]
	if !known && len(p.even) >= maxAddresses && now.Sub(p.swept) >= burst { // not for every message: it takes time
		p.swept = now
		maps.DeleteFunc(p.even, func(_ netip.Prefix, at time.Time) bool { return !at.After(now) })
	}
	if !known && len(p.even) >= maxAddresses {
		key = netip.Prefix{}
		even = p.even[key]
	}
	if even.Before(now) {
		even = now
	}
	if wait = even.Add(p.interval).Sub(now.Add(burst)); wait > 0 {
		return wait
	}
	p.even[key] = even.Add(p.interval)
	return 0
}
