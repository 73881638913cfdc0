package profit

import (
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"adtop/kpi"
)

// healthy is a channel of so many conversions a day at 1.5× break-even, two
// days after its warm-up.
func healthy(perDay float64, feed Feed) *world {
	w := newWorld(7, perDay, 30, feed, scenario{level: steady(1.5), value: steady(1)})
	w.warm()
	for w.hour() < 48 {
		w.poll()
	}
	return w
}

var feeds = []Feed{ByClickHour, ByDay, ByOrder}

func eachFeed(t *testing.T, check func(t *testing.T, feed Feed)) {
	for _, feed := range feeds {
		t.Run(feedName[feed], func(t *testing.T) { check(t, feed) })
	}
}

func TestStaleFeedFreezesTheEvidence(t *testing.T) {
	eachFeed(t, func(t *testing.T, feed Feed) {
		w := healthy(50, feed)
		before := w.det.Evidence()
		mark := timeOf(w.start + w.tick)
		length := hourTicks * tick
		if feed == ByDay {
			length *= 24
		}
		w.det.Observe(Observation{At: mark, Start: mark.Add(-length), Length: length, HasResults: true})
		for h := range 48 { // spend goes on, results are not vouched for any more
			w.det.Observe(Observation{At: mark, Start: mark.Add(time.Duration(h) * time.Hour), Length: time.Hour, Spend: 10, HasSpend: true})
			w.det.Advance(mark.Add(time.Duration(h+1)*time.Hour), mark)
		}
		if got := w.det.Evidence(); !reflect.DeepEqual(got, before) {
			t.Errorf("P went from %v to %v without a new watermark", before.P, got.P)
		}
	})
}

func TestMissedPollsDoNotRaiseP(t *testing.T) {
	eachFeed(t, func(t *testing.T, feed Feed) {
		regular, gappy := healthy(50, feed), healthy(50, feed)
		for range 48 {
			regular.poll()
		}
		gappy.step = 48 * regular.step // one poll after a day of silence
		gappy.poll()
		a, b := regular.det.Evidence(), gappy.det.Evidence()
		if !a.Watermark.Equal(b.Watermark) {
			t.Fatalf("compared at %v and %v", a.Watermark, b.Watermark)
		}
		if b.P > a.P+0.05 || b.P >= Watch {
			t.Errorf("P is %.3f with all polls, %.3f after a gap", a.P, b.P)
		}
	})
}

func TestNoSpendTeachesNothing(t *testing.T) {
	w := healthy(50, ByClickHour)
	for range mature/w.step + 200 { // until the last spend is final
		for h := w.tick / hourTicks; h < len(w.spend); h++ {
			w.spend[h] = 0
		}
		w.orders = w.orders[:w.next]
		w.poll()
	}
	before := w.det.Evidence()
	for range 100 {
		w.poll()
	}
	after := w.det.Evidence()
	if math.Abs(after.P-before.P) > 0.02 {
		t.Errorf("P went from %.3f to %.3f while paused", before.P, after.P)
	}
	if after.SpentLastDay != 0 || after.LossPerDay != 0 {
		t.Errorf("a paused channel spent %v and loses %v", after.SpentLastDay, after.LossPerDay)
	}
}

func TestMissingResultsAreNotZero(t *testing.T) {
	w := healthy(300, ByClickHour)
	before := w.det.Evidence()
	at := timeOf(w.start + w.tick)
	for h := range 24 { // spend of hours for which no result was ever reported
		w.det.Observe(Observation{At: at, Start: at.Add(time.Duration(h) * time.Hour), Length: time.Hour, Spend: 10, HasSpend: true})
	}
	w.det.Advance(at.Add(24*time.Hour), at.Add(24*time.Hour))
	if after := w.det.Evidence(); after.P > before.P+0.1 {
		t.Errorf("missing results raised P from %.3f to %.3f", before.P, after.P)
	}
}

func TestZeroResultsRaiseP(t *testing.T) {
	w := healthy(300, ByClickHour)
	at := timeOf(w.start + w.tick)
	for h := range 24 {
		w.det.Observe(Observation{At: at, Start: at.Add(time.Duration(h) * time.Hour), Length: time.Hour, Spend: 10, HasSpend: true, HasResults: true})
	}
	w.det.Advance(at.Add(24*time.Hour), at.Add(24*time.Hour))
	if e := w.det.Evidence(); e.P < Act || e.Cause != NoConversions || !e.Since.Equal(at) && e.Since.Sub(at).Abs() > 3*time.Hour {
		t.Errorf("a day without conversions gives P %.3f, cause %v, since %v (stopped %v)", e.P, e.Cause, e.Since, at)
	}
}

func TestAdvanceIsIdempotentAndNeverGoesBack(t *testing.T) {
	eachFeed(t, func(t *testing.T, feed Feed) {
		w := healthy(50, feed)
		before := w.det.Evidence()
		now := timeOf(w.start + w.tick)
		w.det.Advance(now, now)
		w.det.Advance(now.Add(-5*time.Hour), now.Add(-5*time.Hour))
		if got := w.det.Evidence(); !reflect.DeepEqual(got, before) {
			t.Error("the evidence changed")
		}
	})
}

// TestWatermarkIsTheClock: with a source that is three hours late the same
// figures are judged as of three hours ago.
func TestWatermarkIsTheClock(t *testing.T) {
	run := func(lag time.Duration) Evidence {
		d := New(Params{Zone: time.UTC})
		for h := range 24 * 20 {
			start := simStart.Add(time.Duration(h) * time.Hour)
			d.Observe(Observation{At: start.Add(time.Hour + lag), Start: start, Length: time.Hour,
				Spend: 100, Conversions: 3, Value: 150, HasSpend: true, HasResults: true})
			d.Advance(start.Add(time.Hour), start.Add(time.Hour))
		}
		return d.Evidence()
	}
	if a, b := run(0), run(3*time.Hour); !reflect.DeepEqual(a, b) {
		t.Errorf("P depends on when figures were seen: %v, %v", a.P, b.P)
	}
}

func TestBackfillBuildsTheLevelButNotTheCurve(t *testing.T) {
	eachFeed(t, func(t *testing.T, feed Feed) {
		d := New(Params{Zone: time.UTC, Feed: feed})
		prior := d.curve.points()
		now := simStart.AddDate(0, 0, 30)
		backfill(d, simStart, 1, 24*time.Hour, now)
		d.Advance(now.Add(-time.Hour), now.Add(-time.Hour)) // polls are dense
		backfill(d, simStart.AddDate(0, 0, 1), 29, 24*time.Hour, now)
		d.Advance(now, now)
		e := d.Evidence()
		if !e.Known || e.Level < 1.3 || e.Level > 1.7 || e.P > 0.1 {
			t.Errorf("30 days at 1.5 give level %.2f, P %.3f, known %v", e.Level, e.P, e.Known)
		}
		for range 9 * 24 { // live from here on, with one late conversion
			now = now.Add(time.Hour)
			d.Observe(Observation{At: now, Start: simStart.AddDate(0, 0, 29), Length: 24 * time.Hour,
				Conversions: 31, Value: 1550, HasResults: true})
			d.Advance(now, now)
		}
		if d.season.clockDue[0] == 0 && feed == ByOrder {
			t.Error("backfill taught no season")
		}
		for i, p := range d.curve.points() {
			if p.Conversions != 0 || math.Abs(p.Share-prior[i].Share) > 1e-9 {
				t.Fatalf("the curve learnt from backfill: %+v, was %+v", p, prior[i])
			}
		}
	})
}

// backfill observes days at 1.5× break-even with 30 orders a day.
func backfill(d *Detector, from time.Time, days int, length time.Duration, at time.Time) {
	for s := from; s.Before(from.AddDate(0, 0, days)); s = s.Add(length) {
		part := length.Hours() / 24
		d.Observe(Observation{At: at, Start: s, Length: length, Spend: 1000 * part, Conversions: 30 * part, Value: 1500 * part,
			HasSpend: true, HasResults: true, Backfill: true})
	}
}

// TestGapsBetweenPollsTeachNoDelay: with a poll a day nothing is known of the
// first hours.
func TestGapsBetweenPollsTeachNoDelay(t *testing.T) {
	for _, feed := range []Feed{ByClickHour, ByDay} {
		w := newWorld(5, 300, 30, feed, scenario{level: steady(1.5), value: steady(1)})
		w.step = dayTicks
		w.warm()
		for _, p := range w.det.curve.points() {
			if p.Age < 24*time.Hour && p.Conversions != 0 {
				t.Errorf("%s: age %v learnt from %.0f conversions", feedName[feed], p.Age, p.Conversions)
			}
		}
	}
}

// TestFiguresBeyondTheWatermarkDoNotCount: a source shows the beginnings of
// hours that it does not vouch for yet, beside results that are ahead.
func TestFiguresBeyondTheWatermarkDoNotCount(t *testing.T) {
	run := func(beyond bool) Evidence {
		w := healthy(300, ByClickHour)
		at := timeOf(w.start + w.tick)
		for h := 1; beyond && h < 12; h++ {
			w.det.Observe(Observation{At: at, Start: at.Add(time.Duration(h) * time.Hour), Length: time.Hour,
				Spend: 10, HasSpend: true, HasResults: true})
		}
		at = at.Add(15 * time.Minute)
		w.det.Advance(at, at.Add(12*time.Hour))
		return w.det.Evidence()
	}
	if a, b := run(false), run(true); a.P != b.P {
		t.Errorf("P is %v without and %v with hours beyond the watermark", a.P, b.P)
	}
}

// TestDaySpendCountsForTheTimeItAppearedIn: what a day total grows by between
// two polls was spent between them.
func TestDaySpendCountsForTheTimeItAppearedIn(t *testing.T) {
	d := New(Params{Zone: time.UTC})
	for hour, spend := range []float64{6: 60, 8: 100, 24: 180, 30: 204} {
		if spend == 0 {
			continue
		}
		now := simStart.Add(time.Duration(hour) * time.Hour)
		d.Observe(Observation{At: now, Start: simStart, Length: 24 * time.Hour, Spend: spend, HasSpend: true})
		d.Advance(now, now)
	}
	// 60 by 6:00, 40 by 8:00, 80 by midnight and 24 more restated after it.
	for hour, want := range map[int]float64{0: 10, 5: 10, 6: 20, 7: 20, 8: 5, 23: 5} {
		want *= 204. / 180
		if got := d.hours[hour].spend; math.Abs(got-want) > 1e-9 {
			t.Errorf("hour %d holds %.3f, want %.3f", hour, got, want)
		}
	}
}

func TestHistoryThatComesLateCountsAsIfItHadBeenThere(t *testing.T) {
	run := func(historyFirst bool) Evidence {
		d := New(Params{Zone: time.UTC})
		history := func() { backfill(d, simStart, 20, time.Hour, simStart.AddDate(0, 0, 25)) }
		recent := func() { backfill(d, simStart.AddDate(0, 0, 20), 5, time.Hour, simStart.AddDate(0, 0, 25)) }
		now := simStart.AddDate(0, 0, 25)
		if historyFirst {
			history()
			recent()
		} else {
			recent()
			d.Advance(now, now)
			history()
		}
		now = now.Add(time.Hour)
		d.Advance(now, now)
		return d.Evidence()
	}
	a, b := run(true), run(false)
	if math.Abs(a.P-b.P) > 0.01 || math.Abs(a.Level-b.Level) > 0.03 || math.Abs(a.HistoryDue-b.HistoryDue) > 0.5 {
		t.Errorf("history first: P %.4f level %.3f due %.1f; last: P %.4f level %.3f due %.1f",
			a.P, a.Level, a.HistoryDue, b.P, b.Level, b.HistoryDue)
	}
}

func TestCurveOnlyRises(t *testing.T) {
	eachFeed(t, func(t *testing.T, feed Feed) {
		w := healthy(300, feed)
		for i := range w.n { // half of all conversions are cancelled
			w.n[i] = math.Floor(w.n[i] / 2)
		}
		for range 10 * dayTicks {
			w.poll()
		}
		last := 0.0
		for age := range mature + 2 {
			s := w.det.curve.share(age)
			if s < last || s > 1 || math.IsNaN(s) {
				t.Fatalf("share %v at age %d after %v", s, age, last)
			}
			last = s
		}
	})
}

// TestCurveIsLearnt: in the simulated world most conversions come within the
// hour; the prior is slower. Day totals tell less, so they teach slower.
func TestCurveIsLearnt(t *testing.T) {
	const age = 8 // ticks; a knot
	for feed, most := range map[Feed]float64{ByClickHour: 0.2, ByDay: 0.6} {
		w := healthy(300, feed)
		truth, prior := visibleShare(age), slowCurve[6]
		if got := w.det.curve.share(age); math.Abs(got-truth) > most*math.Abs(prior-truth) {
			t.Errorf("%s: %.3f visible after two hours, learnt %.3f, prior %.3f", feedName[feed], truth, got, prior)
		}
	}
}

// visibleShare is the true share of an hour's conversions that is visible age
// ticks after it began, in the world of healthy.
func visibleShare(age int) float64 {
	w := newWorld(7, 300, 30, ByClickHour, scenario{level: steady(1.5), value: steady(1)})
	n := 0
	for _, o := range w.orders {
		if o.visible-o.cohort*hourTicks <= age {
			n++
		}
	}
	return float64(n) / float64(len(w.orders))
}

// TestSlowerConversionsAreToldFromLostOnes: when all conversions suddenly come
// four times as late, an alert says that they may only be late; when they
// stop, it does not.
func TestSlowerConversionsAreToldFromLostOnes(t *testing.T) {
	alerted, doubted := 0, 0
	for seed := range uint64(6) {
		w := newWorld(seed, 300, 10, ByClickHour, scenario{level: steady(1.15), value: steady(1)})
		for i := range w.orders {
			o := &w.orders[i]
			if click := o.cohort * hourTicks; click >= warmUp*dayTicks {
				o.visible = click + 4*(o.visible-click)
			}
		}
		slices.SortStableFunc(w.orders, func(a, b simOrder) int { return a.visible - b.visible })
		w.warm()
		for w.hour() < 48 {
			w.poll()
			if e := w.det.Evidence(); e.P >= Alert {
				alerted++
				if e.LateOrLost {
					doubted++
				}
			}
		}
	}
	t.Logf("%d of %d alerts in a slower world say that it may be slower", doubted, alerted)
	if alerted == 0 || doubted*2 < alerted {
		t.Errorf("%d of %d alerts in a slower world said so", doubted, alerted)
	}
	w := newWorld(1, 300, 10, ByClickHour, fallTo(0)(0))
	w.warm()
	for w.hour() < 12 {
		w.poll()
	}
	if e := w.det.Evidence(); e.P < Alert || e.LateOrLost {
		t.Errorf("12 hours after tracking died: P %.2f, late or lost %v", e.P, e.LateOrLost)
	}
}

func TestDaySpendAloneGivesTheSameVerdict(t *testing.T) {
	eachFeed(t, func(t *testing.T, feed Feed) {
		for _, level := range []float64{1.5, 0.4} {
			run := func(whole bool) float64 {
				w := newWorld(3, 50, 10, feed, scenario{level: after(24, 1.5, level), value: steady(1)})
				w.whole = whole
				for w.hour() < 24*6 {
					w.poll()
				}
				return w.det.Evidence().P
			}
			if hourly, whole := run(false), run(true); math.Abs(hourly-whole) > 0.1 {
				t.Errorf("level %v: P %.3f by hourly spend, %.3f by day totals", level, hourly, whole)
			}
		}
	})
}

func TestFallenOrderValueIsNamed(t *testing.T) {
	named := 0
	for seed := range uint64(5) {
		w := newWorld(seed, 300, 10, ByClickHour, orderValueTimes(0.4)(0))
		w.warm()
		for w.hour() < 48 && w.det.Evidence().P < Alert {
			w.poll()
		}
		if e := w.det.Evidence(); e.Cause == OrderValue && e.Since.IsZero() {
			named++
		}
	}
	if named < 4 {
		t.Errorf("the cause was named in %d of 5", named)
	}
}

func TestOneHugeOrderMovesNothing(t *testing.T) {
	w := healthy(50, ByClickHour)
	before := w.det.orders.logShift()
	average, _ := w.det.orders.average()
	w.det.orders.see(1, 200*average, w.start+w.tick)
	if got := w.det.orders.logShift(); got-before > rungStep/2 {
		t.Errorf("one order of 200 times the average moved the order value by %.2f", got-before)
	}
}

// TestConstantOrderValueIsTrusted: leads are worth the same each; what their
// value is soon becomes certain.
func TestConstantOrderValueIsTrusted(t *testing.T) {
	v := newOrderValue(0)
	for i := range 1000 {
		v.see(2, 100, 1000+i)
	}
	if sd := v.uncertainty(); sd > 0.01 {
		t.Errorf("sd of the log order value is %.3f after 2000 equal orders", sd)
	}
	if s := v.logShift(); math.Abs(s) > 0.05 {
		t.Errorf("equal orders shifted by %.3f", s)
	}
}

func TestDaysOfClockChangesAreWhole(t *testing.T) {
	for _, c := range []struct {
		zone string
		date kpi.Date
	}{
		{"Europe/Berlin", kpi.NewDate(2026, 3, 29)},
		{"Europe/Berlin", kpi.NewDate(2026, 10, 25)},
		{"Australia/Lord_Howe", kpi.NewDate(2026, 4, 5)},
		{"Australia/Lord_Howe", kpi.NewDate(2026, 10, 4)},
		{"Asia/Kathmandu", kpi.NewDate(2026, 5, 1)},
	} {
		zone, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		eachFeed(t, func(t *testing.T, feed Feed) {
			d := New(Params{Zone: zone, Feed: feed})
			total := 0.0
			for date := c.date - 5; date <= c.date+5; date++ {
				d.Observe(Observation{At: date.End(zone), Start: date.Start(zone), Length: date.Length(zone),
					Spend: 240, Conversions: 24, Value: 480, HasSpend: true, HasResults: true})
				total += 240
				d.Advance(date.End(zone), date.End(zone))
			}
			spend, at := 0.0, 0
			for i, h := range d.hours {
				spend += h.spend
				if i > 0 && h.start != at {
					t.Fatalf("%s: gap or overlap at %v", c.zone, timeOf(h.start))
				}
				at = h.end
			}
			if math.Abs(spend-total) > 1e-6 {
				t.Errorf("%s: hours hold %.3f of %.3f spend", c.zone, spend, total)
			}
			if e := d.Evidence(); e.Level < 1 {
				t.Errorf("%s: level %.2f of a channel at 2.0", c.zone, e.Level)
			}
		})
	}
}

func TestReplayIsDeterministic(t *testing.T) {
	eachFeed(t, func(t *testing.T, feed Feed) {
		if a, b := healthy(10, feed).det.Evidence(), healthy(10, feed).det.Evidence(); a.P != b.P || a.Level != b.Level {
			t.Errorf("the same world gave P %v and %v", a.P, b.P)
		}
	})
}

// FuzzDetectorNeverBreaks: whatever is observed, P is a probability and no
// figure is undefined.
func FuzzDetectorNeverBreaks(f *testing.F) {
	f.Add([]byte("steady figures of some days, all the same"), uint8(0))
	f.Add([]byte{255, 0, 1, 2, 3, 250, 4, 128, 9, 9, 9, 9, 200, 17}, uint8(1))
	f.Add([]byte{0, 0, 0, 255, 255, 255, 10, 20, 30, 40, 50, 60, 70, 80}, uint8(2))
	f.Fuzz(func(t *testing.T, b []byte, feed uint8) {
		d := New(Params{Zone: time.UTC, Feed: Feed(feed % 3)})
		now := simStart
		for len(b) >= 6 {
			length := time.Hour
			if b[0]&1 == 1 {
				length = 24 * time.Hour
			}
			start := now.Add(-time.Duration(b[1]) * time.Hour).Truncate(length)
			d.Observe(Observation{At: now, Start: start, Length: length, Spend: float64(b[2]),
				Conversions: float64(int8(b[3])), Value: 10 * float64(int8(b[4])),
				HasSpend: b[0]&2 == 0, HasResults: b[0]&4 == 0, Backfill: b[0]&8 != 0})
			now = now.Add(time.Duration(b[5]) * 10 * time.Minute)
			d.Advance(now, now.Add(-time.Duration(b[0]>>4)*time.Hour))
			e := d.Evidence()
			for _, x := range []float64{e.P, e.Level, e.LossPerDay, e.HistoryDue, e.AOV, e.Due, e.Seen} {
				if math.IsNaN(x) || math.IsInf(x, 0) {
					t.Fatalf("undefined figure in %+v", e)
				}
			}
			if e.P < 0 || e.P > 1 {
				t.Fatalf("P is %v", e.P)
			}
			b = b[6:]
		}
	})
}
