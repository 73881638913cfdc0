package simulator

import (
	"time"

	"adtop/kpi"
	"adtop/sources/simulator/world"
)

// figure is what one campaign did in one slot.
type figure struct {
	campaign *world.Campaign
	date     kpi.Date
	start    time.Time // of the slot
	hour     int       // that the account's clock shows; -1 for a whole day
	metrics  kpi.Metrics
}

// figures lists the slots of an account in which anything happened, campaign
// by campaign.
func (s *Simulator) figures(c *call, account *world.Account, days kpi.DateRange, byHour bool) []figure {
	days.From = max(days.From, kpi.DateOf(s.world.Spec().Epoch, account.Zone))
	days.To = min(days.To, kpi.DateOf(c.now, account.Zone))
	var found []figure
	add := func(f figure, end time.Time) {
		if f.metrics = c.restated(f.metrics, end, account.Currency); isNonzero(f.metrics) {
			found = append(found, f)
		}
	}
	for i := range account.Campaigns {
		campaign := &account.Campaigns[i]
		for d := days.From; d <= days.To; d++ {
			start := d.Start(account.Zone)
			if !byHour {
				add(figure{campaign, d, start, -1, s.world.Day(account.ID, campaign.ID, d, c.now)}, d.End(account.Zone))
				continue
			}
			for n, m := range s.world.Hours(account.ID, campaign.ID, d, c.now) {
				begin := start.Add(time.Duration(n) * time.Hour)
				add(figure{campaign, d, begin, begin.In(account.Zone).Hour(), m}, begin.Add(time.Hour))
			}
		}
	}
	return found
}

// byClock adds up the hours of one name, for platforms that name hours by the
// clock.
func byClock(figures []figure) []figure {
	var folded []figure
	for _, f := range figures {
		if n := len(folded); n > 0 && folded[n-1].campaign == f.campaign && folded[n-1].date == f.date && folded[n-1].hour == f.hour && f.hour >= 0 {
			folded[n-1].metrics = sum(folded[n-1].metrics, f.metrics)
			continue
		}
		folded = append(folded, f)
	}
	return folded
}
