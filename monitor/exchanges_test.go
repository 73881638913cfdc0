package monitor

import (
	"fmt"
	"testing"
	"time"

	"adtop/snapshot"
	"adtop/sources"
)

// TestTheLastExchangesOfASourceAreShown: newest first, twenty of fifty, of that
// source alone, and only of the present.
func TestTheLastExchangesOfASourceAreShown(t *testing.T) {
	now := instant(t, "2026-11-16T09:00:00Z")
	r := newRig(t, now, func(r *rig, o *Options) {
		o.Exchanges = NewExchanges(r.clock.now)
		o.Sources = []Source{r.file("one", "EUR", "Europe/Berlin"), r.file("two", "EUR", "Europe/Berlin")}
	})
	tell := r.o.Exchanges.Of("one")
	for i := range 70 {
		r.clock.set(now.Add(time.Duration(i) * time.Minute))
		tell(sources.Exchange{Request: fmt.Sprintf("GET https://ads.example/%d", i), Status: 200, Bytes: int64(i), Took: time.Second})
	}
	tell(sources.Exchange{Request: "GET https://ads.example/last", Problem: "no answer in time"})
	s := r.show("today", time.Time{})
	shown := s.Sources[0].Exchanges
	if len(shown) != 20 || shown[0].Request != "GET https://ads.example/last" || shown[0].Problem == "" || shown[0].Status != 0 ||
		shown[19].Bytes != 51 || !shown[19].At.Equal(now.Add(51*time.Minute)) || shown[19].Took != time.Second {
		t.Errorf("%d: %+v", len(shown), shown)
	}
	if len(s.Sources[1].Exchanges) != 0 {
		t.Errorf("of another source: %+v", s.Sources[1].Exchanges)
	}
	if kept := len(r.o.Exchanges.last["one"]); kept != keptExchanges {
		t.Errorf("%d are kept", kept)
	}
	if past := r.show("today", now).Sources[0].Exchanges; len(past) != 0 {
		t.Errorf("as of a past moment: %+v", past)
	}
}

// TestAnExchangeWakesNobody: the screen is still when nothing changes.
func TestAnExchangeWakesNobody(t *testing.T) {
	r := newRig(t, instant(t, "2026-11-16T09:00:00Z"), func(r *rig, o *Options) {
		o.Exchanges = NewExchanges(r.clock.now)
		o.Sources = []Source{r.file("one", "EUR", "Europe/Berlin")}
	})
	seq := r.show("today", time.Time{}).Seq
	r.o.Exchanges.Of("one")(sources.Exchange{Request: "GET https://ads.example/"})
	if len(r.dirty) != 0 || len(r.work) != 0 {
		t.Error("a picture is due")
	}
	if s, err := r.Snapshot(t.Context(), snapshot.View{}); err != nil || s.Seq != seq {
		t.Errorf("the store changed: %v", err)
	}
}
