package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"adtop/kpi"
	"adtop/sources"
)

// ofShares marks polls of impression shares, where a breakdown is named.
const ofShares = "impression share"

// shares writes what a poll said of impression shares: a version where it
// changed. What was known and is told no more is unknown from now on.
func (c *commit) shares() error {
	type place struct {
		entity EntityID
		date   kpi.Date
	}
	days := clampDays(c.batch.Query.Days)
	missing := map[place]bool{}
	err := c.w.each(`SELECT s.entity, s.date FROM entity e CROSS JOIN share s ON s.entity = e.id WHERE s.date BETWEEN ? AND ? AND e.feed = ? AND s.known
		AND s.at = (SELECT max(at) FROM share WHERE date = s.date AND entity = s.entity AND at <= ?)`, []any{days.From, days.To, c.feed.id, c.at}, func(rows *sql.Rows) error {
		var p place
		err := rows.Scan(&p.entity, &p.date)
		missing[p] = true
		return err
	})
	if err != nil {
		return err
	}
	for _, record := range c.batch.Records {
		r, ok := record.(sources.Row)
		if !ok || r.Slot.Grain != sources.Day || !r.ImpressionShare.Known {
			return fmt.Errorf("%+v is no impression share of a day", record)
		}
		if err := checkSlot(r.Slot); err != nil {
			return err
		}
		if v := r.ImpressionShare.Value; !(v > 0 && v <= 1) || r.Metrics.Impressions < 0 || r.Metrics.Impressions > maxMetric {
			return fmt.Errorf("%q on %s: an impression share of %v in %d impressions cannot be", sources.Clean(r.Entity.ID), r.Slot.Date, v, r.Metrics.Impressions)
		}
		entity, err := c.entity("", r.Entity)
		if err != nil {
			return err
		}
		delete(missing, place{entity, r.Slot.Date})
		if err := c.putShare(entity, r.Slot.Date, r.Metrics.Impressions, r.ImpressionShare); err != nil {
			return err
		}
	}
	for p := range missing {
		if err := c.putShare(p.entity, p.date, 0, kpi.Share{}); err != nil {
			return err
		}
	}
	return nil
}

func (c *commit) putShare(entity EntityID, date kpi.Date, impressions int64, s kpi.Share) error {
	return c.w.exec(`INSERT OR REPLACE INTO share SELECT ?2, ?1, ?3, ?4, ?5, ?6, ?7 WHERE NOT EXISTS (SELECT 1 FROM share s
		WHERE date = ?1 AND entity = ?2 AND at = (SELECT max(at) FROM share WHERE date = ?1 AND entity = ?2 AND at <= ?3)
			AND impressions = ?4 AND share = ?5 AND bound = ?6 AND known = ?7)`,
		date, entity, c.at, impressions, s.Value, s.Bound, s.Known)
}

// Shares implements Store.
func (s *SQLite) Shares(ctx context.Context, source, account string, days kpi.DateRange, asOf time.Time) (map[EntityID]kpi.Won, error) {
	won := map[EntityID]kpi.Won{}
	err := s.read(ctx, "read impression shares "+days.String(), func(r reader) error {
		days := clampDays(days)
		return r.each(`SELECT s.entity, sum(s.impressions), sum(s.impressions / s.share), max(s.bound = 1), max(s.bound = 2)
			FROM feed f CROSS JOIN entity e ON e.feed = f.id CROSS JOIN share s ON s.entity = e.id
			WHERE s.date BETWEEN ? AND ? AND f.source = ? AND f.account = ? AND s.known AND s.impressions > 0
				AND s.at = (SELECT max(at) FROM share WHERE date = s.date AND entity = s.entity AND at <= ?) GROUP BY 1`,
			[]any{days.From, days.To, source, account, instantOf(asOf)}, func(rows *sql.Rows) error {
				var id EntityID
				var w kpi.Won
				err := rows.Scan(&id, &w.Impressions, &w.Eligible, &w.Below, &w.Above)
				won[id] = w
				return err
			})
	})
	return won, err
}
