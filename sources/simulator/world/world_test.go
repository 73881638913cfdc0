package world

import (
	"math"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"adtop/kpi"
)

var now = time.Date(2026, 11, 23, 9, 40, 0, 0, time.UTC)

// everyCampaign calls f for all campaigns of accounts that have their own.
func everyCampaign(w *World, f func(a Account, c Campaign)) {
	for _, a := range w.Spec().Accounts {
		if a.Measures {
			continue
		}
		for _, c := range a.Campaigns {
			f(a, c)
		}
	}
}

func total(t *testing.T, parts ...kpi.Metrics) kpi.Metrics {
	t.Helper()
	var sum kpi.Metrics
	for _, m := range parts {
		var err error
		if sum, err = sum.Add(m); err != nil {
			t.Fatal(err)
		}
	}
	return sum
}

func TestHoursSumUpToTheDay(t *testing.T) {
	w := Conformance()
	days := []kpi.Date{
		kpi.NewDate(2026, 3, 8), kpi.NewDate(2026, 3, 29), kpi.NewDate(2026, 10, 25), kpi.NewDate(2026, 11, 1), kpi.NewDate(2026, 11, 4),
	}
	everyCampaign(w, func(a Account, c Campaign) {
		for _, d := range days {
			hours := w.Hours(a.ID, c.ID, d, ConformanceAutumn)
			if len(hours) != d.Hours(a.Zone) && c.Status != "REMOVED" {
				t.Errorf("%s %s: %d hours, want %d", a.ID, d, len(hours), d.Hours(a.Zone))
			}
			got, want := total(t, hours...), w.Day(a.ID, c.ID, d, ConformanceAutumn)
			if fields := Reports(a.Platform, true); got.Only(fields) != want.Only(got.Has) {
				t.Errorf("%s %s %s: hours sum up to %+v, the day is %+v", a.ID, c.ID, d, got, want)
			}
		}
	})
}

func TestHourIsTheSameAloneAndInItsDay(t *testing.T) {
	w := Conformance()
	everyCampaign(w, func(a Account, c Campaign) {
		d := kpi.NewDate(2026, 10, 25)
		for i, want := range w.Hours(a.ID, c.ID, d, ConformanceAutumn) {
			start := d.Start(a.Zone).Add(time.Duration(i) * time.Hour)
			if got := w.Hour(a.ID, c.ID, start, ConformanceAutumn); got != want {
				t.Fatalf("%s hour %d: %+v alone, %+v in its day", c.ID, i, got, want)
			}
		}
	})
}

func TestReportsOnlyGrow(t *testing.T) {
	w := Demo(3, now, true)
	everyCampaign(w, func(a Account, c Campaign) {
		for d := kpi.DateOf(now, a.Zone) - 8; d <= kpi.DateOf(now, a.Zone); d++ {
			var before kpi.Metrics
			for asOf := d.Start(a.Zone); asOf.Before(now); asOf = asOf.Add(97 * time.Minute) {
				m := w.Day(a.ID, c.ID, d, asOf)
				if m.Cost < before.Cost || m.Clicks < before.Clicks || m.Impressions < before.Impressions ||
					m.Conversions < before.Conversions || m.Revenue < before.Revenue {
					t.Fatalf("%s %s at %s: %+v after %+v", c.ID, d, asOf, m, before)
				}
				before = m
			}
		}
	})
}

func TestNothingIsKnownOfTheFuture(t *testing.T) {
	w := Demo(1, now, false)
	everyCampaign(w, func(a Account, c Campaign) {
		today := kpi.DateOf(now, a.Zone)
		if m := w.Day(a.ID, c.ID, today+1, now); m.Has != 0 {
			t.Errorf("%s: tomorrow is %+v", c.ID, m)
		}
		if m := w.Hour(a.ID, c.ID, now.Truncate(time.Hour).Add(time.Hour), now); m.Has != 0 {
			t.Errorf("%s: the next hour is %+v", c.ID, m)
		}
	})
	for _, o := range w.Orders(now.Add(-time.Hour), now.Add(time.Hour), now) {
		if o.Created.After(now) || o.Updated.After(now) {
			t.Errorf("order %d of %s, updated %s, is seen at %s", o.ID, o.Created, o.Updated, now)
		}
	}
}

func TestNothingHappenedBeforeTheEpoch(t *testing.T) {
	w := Demo(1, now, false)
	everyCampaign(w, func(a Account, c Campaign) {
		d := kpi.DateOf(w.Spec().Epoch, a.Zone)
		if m := w.Day(a.ID, c.ID, d-1, now); m.Only(kpi.AllFields) != (kpi.Metrics{Has: m.Has}) {
			t.Errorf("%s: the day before the epoch is %+v", c.ID, m)
		}
		if m := w.Day(a.ID, c.ID, d+1, now); m.Clicks == 0 {
			t.Errorf("%s: the day after the epoch has no clicks", c.ID)
		}
	})
}

func TestSameSeedIsTheSameWorldInAnyOrder(t *testing.T) {
	a, b, other := Demo(5, now, true), Demo(5, now, true), Demo(6, now, true)
	d := kpi.DateOf(now, time.UTC)
	id := a.Spec().Accounts[0].Campaigns[0].ID
	var forward, backward, different []kpi.Metrics
	for back := range kpi.Date(20) {
		forward = append(forward, a.Day(DemoGoogle, id, d-back, now))
		backward = append(backward, b.Day(DemoGoogle, id, d-19+back, now))
		different = append(different, other.Day(DemoGoogle, id, d-back, now))
	}
	slices.Reverse(backward)
	if !reflect.DeepEqual(forward, backward) {
		t.Error("the order of questions changes the answers")
	}
	if reflect.DeepEqual(forward, different) {
		t.Error("another seed gives the same world")
	}
	from := now.AddDate(0, 0, -3)
	if !reflect.DeepEqual(a.Orders(from, now, now), b.Orders(from, now, now)) {
		t.Error("orders differ under one seed")
	}
}

func TestConcurrentQuestionsGetTheSameAnswers(t *testing.T) {
	w, alone := Demo(5, now, false), Demo(5, now, false)
	d := kpi.DateOf(now, time.UTC)
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			everyCampaign(w, func(a Account, c Campaign) {
				if got, want := w.Day(a.ID, c.ID, d-1, now), alone.Day(a.ID, c.ID, d-1, now); got != want {
					t.Errorf("%s: %+v, want %+v", c.ID, got, want)
				}
			})
		})
	}
	wait.Wait()
}

func TestMemoryStaysBounded(t *testing.T) {
	w := Demo(1, now, false)
	c := w.campaigns[0]
	for d := kpi.Date(0); d < 3*generation; d++ { // days before the epoch are cheap
		w.cohort(c, d)
	}
	if kept := len(w.cohorts.young) + len(w.cohorts.old); kept > 2*generation {
		t.Errorf("%d cohorts kept, want at most %d", kept, 2*generation)
	}
}

func TestIncidentSparesEarlierClicksAndOtherChannels(t *testing.T) {
	calm, struck := Demo(2, now, false), Demo(2, now, true)
	at := now.Add(IncidentAfter)
	later := at.AddDate(0, 0, 20)
	for _, ch := range struck.Spec().Channels {
		if ch.Account == "" {
			continue
		}
		var before, beforeCalm, after, afterCalm kpi.Metrics
		for _, c := range ch.Campaigns {
			for start := at.Truncate(time.Hour).Add(-48 * time.Hour); start.Before(at.Add(7 * 24 * time.Hour)); start = start.Add(time.Hour) {
				m, n := struck.Hour(ch.Account, c, start, later), calm.Hour(ch.Account, c, start, later)
				switch {
				case start.Add(time.Hour).Before(at):
					before, beforeCalm = total(t, before, m), total(t, beforeCalm, n)
				case start.After(at):
					after, afterCalm = total(t, after, m), total(t, afterCalm, n)
				}
			}
		}
		if before != beforeCalm {
			t.Errorf("%s: %+v before the incident, %+v without it", ch.Name, before, beforeCalm)
		}
		if after.Cost != afterCalm.Cost && ch.Platform != CSV {
			t.Errorf("%s: the incident changes the spend", ch.Name)
		}
		if ch.Name != "Google Shopping" {
			if after != afterCalm {
				t.Errorf("%s is struck too", ch.Name)
			}
			continue
		}
		if left := after.Conversions.Float() / afterCalm.Conversions.Float(); math.Abs(left-0.2) > 0.04 {
			t.Errorf("%s: %.2f of the conversions are left, want about 0.2", ch.Name, left)
		}
		if r := struck.TrueReturn(ch.Campaigns[0], at) / struck.TrueReturn(ch.Campaigns[0], at.Add(-time.Second)); math.Abs(r-0.2) > 1e-9 {
			t.Errorf("true return falls to %.2f of what it was", r)
		}
	}
}
