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
	day, hours := s.world.Day, s.world.Hours
	if account.Measures {
		day, hours = s.measured(c, account, days)
	}
	for i := range account.Campaigns {
		campaign := &account.Campaigns[i]
		for d := days.From; d <= days.To; d++ {
			start := d.Start(account.Zone)
			if !byHour {
				add(figure{campaign, d, start, -1, day(account.ID, campaign.ID, d, c.now)}, d.End(account.Zone))
				continue
			}
			for n, m := range hours(account.ID, campaign.ID, d, c.now) {
				begin := start.Add(time.Duration(n) * time.Hour)
				add(figure{campaign, d, begin, begin.In(account.Zone).Hour(), m}, begin.Add(time.Hour))
			}
		}
	}
	return found
}

// measured answers for an account that measures the campaigns of others, as World.Day
// and World.Hours do: their visits, and the shop's orders as first placed, by when they
// were and whose visit was the last before. What is no order of the shop is not seen.
func (s *Simulator) measured(c *call, account *world.Account, days kpi.DateRange) (
	day func(account, campaign string, d kpi.Date, asOf time.Time) kpi.Metrics, hours func(account, campaign string, d kpi.Date, asOf time.Time) []kpi.Metrics,
) {
	type slot struct {
		campaign string
		hour     int64 // of Unix time
	}
	placed := map[slot]kpi.Metrics{}
	s.world.Placed(days.From.Start(account.Zone), days.To.End(account.Zone), c.now, func(campaign string, at time.Time, total kpi.Micros) {
		of := slot{campaign, at.Unix() / 3600}
		placed[of] = sum(placed[of], kpi.Metrics{Has: kpi.Conversions | kpi.Revenue, Conversions: kpi.MicrosPerUnit, Revenue: total})
	})
	hours = func(_, campaign string, d kpi.Date, asOf time.Time) []kpi.Metrics {
		var all []kpi.Metrics
		for at := d.Start(account.Zone); at.Before(d.End(account.Zone)); at = at.Add(time.Hour) {
			m := s.world.Visits(campaign, at, at.Add(time.Hour), asOf)
			all = append(all, sum(m, placed[slot{campaign, at.Unix() / 3600}]))
		}
		return all
	}
	day = func(id, campaign string, d kpi.Date, asOf time.Time) (m kpi.Metrics) {
		for _, hour := range hours(id, campaign, d, asOf) {
			m = sum(m, hour)
		}
		return m
	}
	return day, hours
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
