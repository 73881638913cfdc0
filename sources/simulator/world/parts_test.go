package world

import (
	"testing"
	"time"

	"adtop/kpi"
)

func TestPartsAddUpToTheCampaignExactly(t *testing.T) {
	w := Conformance()
	split := 0
	everyCampaign(w, func(a Account, c Campaign) {
		for _, d := range []kpi.Date{kpi.NewDate(2026, 3, 29), kpi.NewDate(2026, 10, 25), kpi.NewDate(2026, 11, 4)} {
			check := func(what string, parts []Part, want kpi.Metrics) {
				t.Helper()
				var sum kpi.Metrics
				for _, p := range parts {
					m := p.Metrics
					if m.Clicks < 0 || m.Impressions < m.Clicks && a.Platform != CSV || m.Cost < 0 || m.Conversions < 0 || m.Revenue < 0 || m.Revenue > 0 && m.Conversions == 0 {
						t.Errorf("%s %s %s: a part has %+v", c.ID, d, what, m)
					}
					sum = total(t, sum, m)
				}
				if sum != want {
					t.Errorf("%s %s %s: parts add up to %+v, want %+v", c.ID, d, what, sum, want)
				}
				split = max(split, len(parts))
			}
			check("day", w.DayParts(a.ID, c.ID, d, ConformanceAutumn), w.Day(a.ID, c.ID, d, ConformanceAutumn))
			hours := w.Hours(a.ID, c.ID, d, ConformanceAutumn)
			for n, parts := range w.HourParts(a.ID, c.ID, d, ConformanceAutumn) {
				check("hour", parts, hours[n])
			}
		}
	})
	if split < 10 {
		t.Errorf("no campaign has more than %d parts: nothing is proved", split)
	}
}

func TestHoursOfAPartSumUpToItsDay(t *testing.T) {
	w := Conformance()
	a := w.Accounts(Google)[0]
	for _, c := range a.Campaigns {
		d := kpi.NewDate(2026, 10, 25)
		day := w.DayParts(a.ID, c.ID, d, ConformanceAutumn)
		sums := make([]kpi.Metrics, len(day))
		for _, hour := range w.HourParts(a.ID, c.ID, d, ConformanceAutumn) {
			for i, p := range hour {
				sums[i] = total(t, sums[i], p.Metrics)
			}
		}
		for i := range day {
			if day[i].Metrics != sums[i] {
				t.Errorf("%s part %d: day %+v, hours %+v", c.ID, i, day[i].Metrics, sums[i])
			}
		}
	}
}

func TestPartsOnlyGrow(t *testing.T) {
	w := Demo(3, now, true)
	a := w.Accounts(Meta)[0]
	d := kpi.DateOf(now, a.Zone)
	before := w.DayParts(a.ID, a.Campaigns[0].ID, d, d.Start(a.Zone))
	for asOf := d.Start(a.Zone); asOf.Before(now); asOf = asOf.Add(37 * time.Minute) {
		parts := w.DayParts(a.ID, a.Campaigns[0].ID, d, asOf)
		for i, p := range parts {
			if b := before[i].Metrics; p.Metrics.Clicks < b.Clicks || p.Metrics.Impressions < b.Impressions || p.Metrics.Cost < b.Cost || p.Metrics.Conversions < b.Conversions {
				t.Fatalf("part %d at %s: %+v after %+v", i, asOf, p.Metrics, b)
			}
		}
		before = parts
	}
}
