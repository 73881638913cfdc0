package store

import (
	"context"
	"encoding/json"
	"time"

	"adtop/kpi"
)

// someHours finds the hours of some entities that were in force at an instant.
// Keys begin with the time, so that each hour of each entity is looked up by
// itself. Its arguments are the first and the last date, the ids as JSON and the
// instant.
const someHours = `WITH RECURSIVE dates (d) AS (SELECT ?1 UNION ALL SELECT d + 1 FROM dates WHERE d < ?2),
	hours (h) AS (SELECT 0 UNION ALL SELECT h + 1 FROM hours WHERE h < 24),
	wanted (k) AS MATERIALIZED (SELECT (d << 30) | (h << 24) | value FROM dates CROSS JOIN hours CROSS JOIN json_each(?3))
	SELECT n.k, n.at, 0, ` + metricColumns + ` FROM wanted CROSS JOIN hour n ON n.k = wanted.k WHERE n.at <= ?4
	UNION ALL SELECT p.date << 30 | p.slot, p.at, 0, ` + metricColumns + ` FROM dates CROSS JOIN hour_past p ON p.date = dates.d AND p.until > ?4
	WHERE p.at <= ?4 AND (p.slot & 0xFFFFFF) IN (SELECT value FROM json_each(?3)) ORDER BY 1`

// HoursOf implements Store.
func (s *SQLite) HoursOf(ctx context.Context, days kpi.DateRange, asOf time.Time, entities []EntityID) ([]Version, error) {
	days = clampDays(days)
	if len(entities) == 0 || days.To < days.From {
		return nil, nil
	}
	ids, err := json.Marshal(entities)
	if err != nil {
		return nil, err
	}
	var hours []Version
	err = s.read(ctx, "read hours of campaigns "+days.String(), func(r reader) error {
		res, err := r.resolution()
		if err != nil {
			return err
		}
		return r.versions(someHours, []any{days.From, days.To, string(ids), res.exact(instantOf(asOf))}, func(v version) error {
			hours = append(hours, v.public())
			return nil
		})
	})
	return hours, err
}
