package profit

import (
	"math"
	"reflect"
	"testing"
	"time"
)

// campaign makes small campaigns of a channel of 50 conversions a day.
func campaign(n nature, perDay float64, feed Feed) maker {
	n.channel50 = true
	return strange(n, perDay, feed)
}

// judged is the detector with the verdict's guard against too little history.
func judged() []rule {
	return []rule{{"judged",
		func(w *world) bool { e := w.det.Evidence(); return e.HistoryDue >= fewestDue && e.P >= Alert },
		func(w *world) bool { return w.det.Evidence().P < Resolve }}}
}

// TestCampaignsStayWithinTheGates: a campaign of 10 conversions a day is judged
// as well as a channel of that size.
func TestCampaignsStayWithinTheGates(t *testing.T) {
	s := size{4, 60, 7}
	switch {
	case *grid:
		s = size{60, 60, 80}
	case testing.Short():
		s = size{2, 30, 5}
	}
	for _, feed := range feeds {
		if feed != ByClickHour && !*grid {
			continue
		}
		world := campaign(nature{}, 10, feed)
		for _, f := range []struct{ level, most float64 }{{1.5, gates[1].fine}, {1.15, gates[1].thin}} {
			got := falseAlarms(world, gateSeed+30000, at(f.level), s, alarm)[0]
			t.Logf("%s %.2fx: %s", feedName[feed], f.level, episodes(got))
			if got.rate() > allowed(f.most, got.months) {
				t.Errorf("%s: %.2f false alarms a campaign-month at %.2fx in %.0f months, gate %.2f", feedName[feed], got.rate(), f.level, got.months, f.most)
			}
		}
		for _, c := range changes[1:4] {
			if c.name == "0.6x" && !*grid { // too few to tell its median
				continue
			}
			got := reactionsTo(world, gateSeed+35000, s.changes, c, alarm)[0]
			t.Logf("%s %s: %s", feedName[feed], c.name, got.row())
			if most := gates[1].hours[c.name] * slack[feed] * (1 + 1/math.Sqrt(float64(len(got.hours)))); !(median(got.hours) <= most) {
				t.Errorf("%s: %s after %.1f h, gate with noise %.1f", feedName[feed], c.name, median(got.hours), most)
			}
		}
	}
}

// TestYoungCampaignsBorrow: without history of its own a campaign of a channel
// that is fine raises fewer alarms than the same campaign alone, and a dead one
// is found no later.
func TestYoungCampaignsBorrow(t *testing.T) {
	s := size{24, 14, 7}
	switch {
	case *grid:
		s = size{200, 14, 100}
	case testing.Short():
		s = size{4, 14, 3}
	}
	var alarms [2]int
	var found [2]float64
	for i, alone := range []bool{false, true} {
		fine := falseAlarms(campaign(nature{young: true, alone: alone}, 10, ByClickHour), gateSeed+40000, at(1.5), s, judged)[0]
		dead := hoursUntilFound(campaign(nature{young: true, alone: alone}, 10, ByClickHour), gateSeed+45000, at(0), s.changes)
		alarms[i], found[i] = fine.alarms(), median(dead)
		t.Logf("alone %v: %s; a dead one found after %.0f h (p90 %.0f)", alone, episodes(fine), found[i], quantile(dead, 0.9))
	}
	if alarms[0] > alarms[1] {
		t.Errorf("%d alarms with, %d without borrowing", alarms[0], alarms[1])
	}
	if found[0] > found[1] {
		t.Errorf("dead after %.0f h with, %.0f h without borrowing", found[0], found[1])
	}
}

// hoursUntilFound returns the hours until a world that is bad from the end of the
// warm-up is found to be.
func hoursUntilFound(world maker, seed uint64, sc scenario, n int) (hours []float64) {
	for i := range n {
		w := world(seed+uint64(i), 14, sc)
		w.warm()
		found := math.Inf(1)
		for r := judged()[0]; math.IsInf(found, 1) && w.hour() < 14*24; {
			if w.poll(); r.fires(w) {
				found = w.hour()
			}
		}
		hours = append(hours, found)
	}
	return hours
}

// TestCampaignOfCheapOrdersIsFound: it converts as well as its channel, but its
// orders are worth a third.
func TestCampaignOfCheapOrdersIsFound(t *testing.T) {
	found := 0
	for seed := range uint64(6) {
		w := campaign(nature{}, 10, ByClickHour)(seed, 14, at(1.5))
		for i := range w.orders {
			w.orders[i].value /= 3
		}
		w.warm()
		for w.hour() < 14*24 && w.det.Evidence().P < Alert {
			w.poll()
		}
		if w.det.Evidence().P >= Alert {
			found++
		}
		if p := w.channel.det.Evidence().P; p >= Alert {
			t.Errorf("the channel is fine, its P is %.2f", p)
		}
	}
	if found < 5 {
		t.Errorf("%d of 6 found", found)
	}
}

// TestCampaignTeachesItsChannelNothing: what a campaign shows is in the
// channel's figures already.
func TestCampaignTeachesItsChannelNothing(t *testing.T) {
	eachFeed(t, func(t *testing.T, feed Feed) {
		with := campaign(nature{}, 10, feed)(3, 10, at(0.3))
		without := newWorld(3, 50, 10, feed, at(1.5))
		without.step = with.step
		for without.hour() < 5*24 {
			with.poll()
			without.poll()
		}
		if a, b := without.det.Evidence(), with.channel.det.Evidence(); !reflect.DeepEqual(a, b) {
			t.Errorf("P %v without, %v with a campaign", a.P, b.P)
		}
	})
}

// TestCampaignBeforeItsChannelIsKnown: nothing is said before anything is known.
func TestCampaignBeforeItsChannelIsKnown(t *testing.T) {
	d := New(Params{Zone: time.UTC})
	c := d.Campaign()
	now := simStart.Add(time.Hour)
	c.Observe(Observation{At: now, Start: simStart, Length: time.Hour, Spend: 10, HasSpend: true, HasResults: true})
	c.Advance(now, now)
	if e := c.Evidence(); e.Known {
		t.Errorf("known before anything was: %+v", e)
	}
}
