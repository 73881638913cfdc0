package sourcetest

import (
	"net/url"
	"strings"
	"testing"

	"adtop/sources/simulator"
	"adtop/sources/simulator/world"
)

// exchanges fetches well, then with a token that is no good. Secrets are looked
// for in what was told by every other rule too.
func (a Adapter) exchanges(t *testing.T) {
	s := a.stand(t, world.ConformanceSpring)
	q := s.lately()
	if got := s.fetch(t.Context(), q); got.err != nil {
		t.Fatal(got.err)
	}
	asked := len(s.simulator.Requests(a.Definition.Type))
	if len(s.told) != asked || asked == 0 {
		t.Errorf("%d requests, %d were told", asked, len(s.told))
	}
	for _, e := range s.told {
		method, address, _ := strings.Cut(e.Request, " ")
		u, err := url.Parse(address)
		if err != nil || (method != "GET" && method != "POST") || u.User != nil || e.Status != 200 || e.Bytes <= 0 || e.Took <= 0 || e.Problem != "" {
			t.Errorf("%+v (%v), want a request that went well", e, err)
		}
	}
	s.told = nil
	s.fail(simulator.Fault{Kind: simulator.RevokedToken})
	s.fetch(t.Context(), q)
	if n := len(s.told); n == 0 || s.told[n-1].Problem == "" {
		t.Errorf("told of a refusal: %+v", s.told)
	}
}
