package simulator

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"adtop/kpi"
	"adtop/sources/simulator/world"
)

// appleFigures are days, hours of the account's clock, or hours of UTC. The
// range is of UTC's days then.
func (s *Simulator) appleFigures(c *call, account *world.Account, days kpi.DateRange, q *appleQuery) []figure {
	if q.Time.Granularity != "HOURLY" {
		return s.figures(c, account, days, false)
	}
	if q.Time.Zone != "UTC" {
		return byClock(s.figures(c, account, days, true))
	}
	var found []figure
	for _, f := range s.figures(c, account, days.Widen(1), true) {
		f.date, f.hour = kpi.DateOf(f.start, time.UTC), f.start.UTC().Hour()
		if days.Contains(f.date) {
			found = append(found, f)
		}
	}
	return found
}

// appleRows writes one row for each campaign that has figures.
func appleRows(q *appleQuery, figures []figure, ids []json.Number, currency kpi.Currency) (rows []string) {
	for len(figures) > 0 {
		campaign, n := figures[0].campaign, 0
		var total kpi.Metrics
		var series []byte
		for n < len(figures) && figures[n].campaign == campaign {
			f := &figures[n]
			total = sum(total, f.metrics)
			when := f.date.String()
			if f.hour >= 0 {
				when += fmt.Sprintf(" %02d", f.hour)
			}
			if n++; n > 1 {
				series = append(series, ',')
			}
			series = append(appleFigure(fmt.Appendf(series, `{"date":%q,`, when), &f.metrics, currency), '}')
		}
		figures = figures[n:]
		if !slices.Contains(ids, json.Number(campaign.ID)) {
			continue
		}
		b := fmt.Appendf(nil, `{"metadata":{"id":%s,"status":%q,"deleted":%t,"displayStatus":"RUNNING","name":`, campaign.ID, campaign.Status, campaign.Status == "REMOVED")
		b = append(appendValue(b, campaign.Name, true), `},"totalMetrics":{`...)
		b = append(appleFigure(b, &total, currency), '}')
		if q.Time.Granularity != "" {
			b = append(append(append(b, `,"granularMetrics":[`...), series...), ']')
		}
		rows = append(rows, string(append(b, '}')))
	}
	return rows
}

func appleFigure(b []byte, m *kpi.Metrics, currency kpi.Currency) []byte {
	return fmt.Appendf(b, `"localSpend":{"amount":%q,"currency":%q},"impressions":%d,"taps":%d,"ttr":0.021,"tapInstalls":%s,"viewInstalls":%s,"totalInstalls":%s`,
		m.Cost.Decimal(2), currency, m.Impressions, m.Clicks, (m.Conversions - m.ViewThrough).Decimal(0), m.ViewThrough.Decimal(0), m.Conversions.Decimal(0))
}
