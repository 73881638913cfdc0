package ssh

import (
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"
)

// gate bounds the connections that have not logged in: all of them, those of an
// address, and how often log-ins from there may fail.
type gate struct {
	limits limits

	mu      sync.Mutex
	waiting int
	hosts   map[netip.Prefix]*host
}

// host is where connections come from.
type host struct {
	waiting int
	left    float64 // log-ins that may fail now
	at      time.Time
}

// maxHosts bounds what is remembered of addresses.
const maxHosts = 4096

func newGate(l limits) *gate { return &gate{limits: l, hosts: map[netip.Prefix]*host{}} }

// enter lets a connection in, or says why not. Who is in calls leave once, with
// whether the log-in succeeded: then it costs nothing.
func (g *gate) enter(from net.Addr, now time.Time) (leave func(loggedIn bool), why string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	h := g.host(prefixOf(from), now)
	switch {
	case g.waiting >= g.limits.waiting:
		return nil, "too many connections are logging in, try again in a minute"
	case h.waiting >= g.limits.perHost:
		return nil, "too many connections from your address are logging in, try again in a minute"
	case h.left < 1:
		return nil, "too many log-ins from your address have failed, try again in a minute"
	}
	g.waiting++
	h.waiting++
	h.left--
	return func(loggedIn bool) {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.waiting--
		h.waiting--
		if loggedIn {
			h.left++
		}
	}, ""
}

// host finds what is known of an address, with the attempts that have come back
// since.
func (g *gate) host(prefix netip.Prefix, now time.Time) *host {
	h := g.hosts[prefix]
	if h == nil {
		if len(g.hosts) >= maxHosts {
			g.forget(now)
		}
		h = &host{left: float64(g.limits.attempts), at: now}
		g.hosts[prefix] = h
	}
	h.left = min(float64(g.limits.attempts), h.left+float64(now.Sub(h.at))/float64(g.limits.recovers))
	h.at = now
	return h
}

// forget drops an eighth of the addresses, in no order: who sends from so many
// is not held off by any of them.
func (g *gate) forget(now time.Time) {
	for prefix, h := range g.hosts {
		if len(g.hosts) <= maxHosts*7/8 {
			return
		}
		if h.waiting == 0 {
			delete(g.hosts, prefix)
		}
	}
}

// prefixOf is the address by which one host is known: of IPv6, the network that
// a host chooses its addresses in.
func prefixOf(from net.Addr) netip.Prefix {
	tcp, ok := from.(*net.TCPAddr)
	if !ok {
		return netip.Prefix{}
	}
	addr := tcp.AddrPort().Addr().Unmap().WithZone("")
	bits := 32
	if addr.Is6() {
		bits = 64
	}
	prefix, _ := addr.Prefix(bits) // of its own length at most
	return prefix
}

// seats bound the connections that have logged in.
type seats struct {
	all, perUser int

	mu    sync.Mutex
	taken map[string]int
	total int
}

func newSeats(all, perUser int) *seats {
	return &seats{all: all, perUser: perUser, taken: map[string]int{}}
}

// take gives a person a seat, or says why there is none.
func (s *seats) take(name string) (why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.taken[name] >= s.perUser:
		return fmt.Sprintf("%s has %d connections open, which is as many as one person may have: close one of them", name, s.taken[name])
	case s.total >= s.all:
		return fmt.Sprintf("all %d seats are taken: try again later", s.all)
	}
	s.taken[name]++
	s.total++
	return ""
}

func (s *seats) leave(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.total--
	if s.taken[name]--; s.taken[name] == 0 {
		delete(s.taken, name)
	}
}
