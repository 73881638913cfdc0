package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"adtop/kpi"
)

// PutRates implements Store. A rate that is known already is not stored again.
func (s *SQLite) PutRates(ctx context.Context, at time.Time, rates []Rate) error {
	const tried = "store exchange rates"
	if err := storable(at); err != nil {
		return explain(s.path, tried, err)
	}
	_, err := s.write(ctx, tried, func(w *writer) error {
		for _, r := range rates {
			if r.Rate <= 0 || r.From == "" || r.To == "" {
				return fmt.Errorf("rate %d of %q in %q on %s is none", r.Rate, r.From, r.To, r.Date)
			}
			var rate kpi.Rate
			var origin string
			found, err := w.one(`SELECT rate, origin FROM rate WHERE from_currency = ? AND to_currency = ? AND date = ? AND at <= ?
				ORDER BY at DESC LIMIT 1`, []any{string(r.From), string(r.To), r.Date, instantOf(at)}, &rate, &origin)
			if err != nil {
				return err
			}
			if found && rate == r.Rate && origin == r.Origin {
				continue
			}
			if err := w.exec("INSERT OR REPLACE INTO rate VALUES (?, ?, ?, ?, ?, ?)", string(r.From), string(r.To), r.Date, instantOf(at), int64(r.Rate), r.Origin); err != nil {
				return err
			}
		}
		return nil
	})
	return err
}

// Rates implements Store.
func (s *SQLite) Rates(ctx context.Context, asOf time.Time) ([]Rate, error) {
	var rates []Rate
	err := s.read(ctx, "read exchange rates", func(r reader) error {
		return r.each(`SELECT from_currency, to_currency, date, rate, origin FROM rate v
			WHERE at = (SELECT max(at) FROM rate WHERE from_currency = v.from_currency AND to_currency = v.to_currency AND date = v.date AND at <= ?)
			ORDER BY from_currency, to_currency, date`, []any{instantOf(asOf)}, func(rows *sql.Rows) error {
			var rate Rate
			err := rows.Scan(&rate.From, &rate.To, &rate.Date, &rate.Rate, &rate.Origin)
			rates = append(rates, rate)
			return err
		})
	})
	return rates, err
}
