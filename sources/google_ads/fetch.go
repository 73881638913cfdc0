package googleads

import (
	"context"
	"fmt"
	"time"

	"adtop/sources"
	"adtop/sources/httpkit"
)

// lag is how late clicks, cost and last-click conversions may appear.
const lag = 3 * time.Hour

// Days of one query, so that an answer for a thousand busy campaigns stays
// within httpkit's bound.
const (
	daysByDay  = 92
	daysByHour = 4
)

var selected = []string{"metrics.impressions", "metrics.clicks", "metrics.cost_micros", "metrics.conversions", "metrics.conversions_value"}

// Fetch reads the account or its campaigns, a query for each piece of the
// asked days.
func (s *source) Fetch(ctx context.Context, q sources.Query, yield func(sources.Record) error) (sources.Receipt, error) {
	if err := supported(q); err != nil {
		return sources.Receipt{}, err
	}
	asked := s.env.Now()
	login, err := s.login(ctx, q.Account.ID)
	if err != nil {
		return sources.Receipt{}, err
	}
	length := daysByDay
	if q.Grain == sources.Hour {
		length = daysByHour
	}
	var warnings []string
	for _, days := range httpkit.Pieces(q.Days, length) {
		piece := q
		piece.Days = days
		batches, err := s.stream(ctx, q.Account.ID, login, statement(piece))
		if err != nil {
			return sources.Receipt{}, fmt.Errorf("account %s, %s: %w", q.Account.ID, piece.Days, err)
		}
		answer, err := read(batches, piece)
		if err != nil {
			return sources.Receipt{}, fmt.Errorf("account %s, %s: %w", q.Account.ID, piece.Days, err)
		}
		for _, row := range answer.rows {
			if err := yield(row); err != nil {
				return sources.Receipt{}, err
			}
		}
		warnings = append(warnings, answer.warnings...)
	}
	return sources.Receipt{CompleteThrough: httpkit.CompleteThrough(asked, lag, q), Expires: s.client.Expires(), Warnings: warnings}, nil
}

func supported(q sources.Query) error {
	switch {
	case q.Level != sources.LevelAccount && q.Level != sources.LevelCampaign:
		return sources.Errorf(sources.Invalid, "%s: figures are read for accounts and campaigns only", platform)
	case q.Grain != sources.Day && q.Grain != sources.Hour:
		return sources.Errorf(sources.Invalid, "%s: figures are read by day or by hour only", platform)
	case q.Breakdown != "":
		return sources.Errorf(sources.Invalid, "%s: a breakdown by %q is not read", platform, q.Breakdown)
	}
	return nil
}

// statement is the query in Google's language. Removed campaigns are not
// filtered out: they carry past spend.
func statement(q sources.Query) string {
	resource, fields := "campaign", "campaign.id, campaign.name, campaign.status"
	if q.Level == sources.LevelAccount {
		resource, fields = "customer", "customer.id, customer.descriptive_name, customer.status"
	}
	fields += ", segments.date"
	if q.Grain == sources.Hour {
		fields += ", segments.hour"
	}
	for _, metric := range selected {
		fields += ", " + metric
	}
	return fmt.Sprintf("SELECT %s FROM %s WHERE segments.date BETWEEN '%s' AND '%s'", fields, resource, q.Days.From, q.Days.To)
}
