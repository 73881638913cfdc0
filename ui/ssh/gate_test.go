package ssh

import (
	"fmt"
	"net"
	"testing"
	"time"
)

func from(address string) net.Addr { return &net.TCPAddr{IP: net.ParseIP(address), Port: 1234} }

func TestFailuresOfAnAddressAreForgivenOneByOne(t *testing.T) {
	l := usual
	l.attempts, l.recovers = 2, time.Second
	g := newGate(l)
	now := time.Unix(0, 0)
	fail := func(address string) (refused bool) {
		leave, why := g.enter(from(address), now)
		if why == "" {
			leave(false)
		}
		return why != ""
	}
	refused := func(address string, times int) (n int) {
		for range times {
			if fail(address) {
				n++
			}
		}
		return n
	}
	if n := refused("192.0.2.1", 5); n != 3 {
		t.Errorf("%d of 5 are refused where two may fail", n)
	}
	if fail("192.0.2.2") {
		t.Error("another address pays for it")
	}
	now = now.Add(time.Second)
	if n := refused("192.0.2.1", 2); n != 1 {
		t.Errorf("%d of 2 are refused after a second, which gives one back", n)
	}
	now = now.Add(time.Hour)
	if n := refused("192.0.2.1", 5); n != 3 {
		t.Errorf("%d of 5 are refused after an hour", n)
	}
	for i, address := range []string{"2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8:0:1::1", "::ffff:192.0.2.1"} {
		if want := i == 2 || i == 4; fail(address) != want {
			t.Errorf("%s is refused: %v", address, !want)
		}
	}
}

func TestManyAddressesTakeNoMemoryWithoutEnd(t *testing.T) {
	g := newGate(usual)
	leave, _ := g.enter(from("192.0.2.1"), time.Unix(0, 0))
	for i := range 3 * maxHosts {
		if out, why := g.enter(from(fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255)), time.Unix(0, 0)); why == "" {
			out(false)
		}
	}
	if len(g.hosts) > maxHosts || g.hosts[prefixOf(from("192.0.2.1"))] == nil {
		t.Errorf("%d addresses are remembered", len(g.hosts))
	}
	leave(true)
	if g.waiting != 0 {
		t.Errorf("%d connections are waiting", g.waiting)
	}
}
