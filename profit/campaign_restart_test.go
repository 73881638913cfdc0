package profit

import (
	"math"
	"testing"
	"time"
)

// TestARestartedCampaignIsJudgedAsBefore: a campaign that is told no more than
// its newest figures, all at once, has nearly the P of one that watched them
// come, on channels that are fine, thin, losing, falling, and whose orders grow
// cheap: on average within 0.03, and never off by more than 0.2.
func TestARestartedCampaignIsJudgedAsBefore(t *testing.T) {
	lives := []scenario{at(1.5), at(1.15), at(0.9), {after(100, 1.5, 0.4), steady(1)}, {steady(1.5), after(100, 1, 0.4)}}
	const seeds = 6
	eachFeed(t, func(t *testing.T, feed Feed) {
		sum, n, worst := 0.0, 0.0, 0.0
		for i := range seeds * len(lives) {
			w := campaign(nature{}, 10, feed)(uint64(i/len(lives)), 10, lives[i%len(lives)])
			w.warm()
			for w.hour() < 7*24 {
				if w.poll(); math.Mod(w.hour(), 31) != 30 {
					continue
				}
				off := math.Abs(w.det.Evidence().P - w.restarted().Evidence().P)
				sum, n, worst = sum+off, n+1, max(worst, off)
			}
		}
		t.Logf("P is off by %.3f on average, at worst by %.3f, in %.0f restarts", sum/n, worst, n)
		if !(sum/n <= 0.03) || worst > 0.2 {
			t.Errorf("P is off by %.3f on average and by %.3f at worst", sum/n, worst)
		}
	})
}

// restarted is the campaign's detector as it is made anew: from what the last 35
// days show now, and what was kept of the order value.
func (w *world) restarted() *Detector {
	c, now := w.channel.det.Campaign(), timeOf(w.start+w.tick)
	for h := max(0, w.tick/hourTicks-35*24); h*hourTicks < w.tick; h++ {
		o := Observation{At: now, Start: timeOf(w.start + h*hourTicks), Length: time.Hour, Spend: w.spent(h), HasSpend: true, Backfill: true}
		if w.feed != ByDay {
			o.Conversions, o.Value, o.HasResults = w.n[h], w.v[h], true
		}
		c.Observe(o)
		if day := w.day[h]; w.feed == ByDay && w.hourOf(day) == h {
			c.Observe(Observation{At: now, Start: o.Start, Length: time.Duration(w.hourOf(day+1)-h) * time.Hour,
				Conversions: w.n[day], Value: w.v[day], HasResults: true, Backfill: true})
		}
	}
	c.Advance(now, timeOf(w.start+w.resultsTick))
	c.RecallOrders(now, w.det.OrderShift())
	return c
}
