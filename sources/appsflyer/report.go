package appsflyer

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

// lag is how late installs and clicks are taken to be. Some networks take a day.
const lag = 4 * time.Hour

// Days of one question: those that no day's quota counts, and those of a window or of a
// piece of history.
const (
	daysUncounted = 2
	daysAtOnce    = 31
)

// Fetch reads campaigns by day: the last two of the asked days, and the others by
// questions of which a day has few.
func (s *source) Fetch(ctx context.Context, q sources.Query, yield func(sources.Record) error) (sources.Receipt, error) {
	rows, err := httpkit.NewRows(platform, q, yield, sources.Day)
	if err != nil {
		return sources.Receipt{}, err
	}
	if !appPattern.MatchString(q.Account.ID) {
		return sources.Receipt{}, sources.Errorf(sources.Invalid, "%s: %q is no app id", platform, sources.Clean(q.Account.ID))
	}
	rows.Entity.Action = s.options.Result
	if s.options.Retargeting {
		rows.Entity.Attribution = "retargeting"
	}
	asked := s.env.Now()
	p := poll{source: s, query: q, table: newTable(rows, q.Account.Currency, s.options.Result)}
	last := kpi.DateRange{From: max(q.Days.From, q.Days.To-daysUncounted+1), To: q.Days.To}
	if err := p.pairs(ctx, last); err != nil {
		return sources.Receipt{}, err
	}
	for _, days := range httpkit.Pieces(kpi.DateRange{From: q.Days.From, To: last.From - 1}, daysAtOnce) {
		if err := p.older(ctx, days, asked); err != nil {
			return sources.Receipt{}, err
		}
	}
	return sources.Receipt{
		CompleteThrough: httpkit.CompleteThrough(asked, lag, q), Quota: s.quota.used(q.Account.ID), Warnings: p.table.warnings(),
	}, nil
}

// poll is one Fetch under way.
type poll struct {
	*source
	query sources.Query
	table *table
	begun bool // a question about up to two days was asked
}

// older reads many days by one question, or by several where the day has none left.
func (p *poll) older(ctx context.Context, days kpi.DateRange, now time.Time) error {
	past := p.query.Days.To < kpi.DateOf(now, p.query.Account.Zone)
	if days.Days() <= daysUncounted || !p.quota.take(p.query.Account.ID, now, past) {
		return p.pairs(ctx, days)
	}
	err := p.ask(ctx, p.long, days)
	if sources.KindOf(err) == sources.QuotaKind {
		p.quota.spend(p.query.Account.ID)
		return p.pairs(ctx, days)
	}
	return err
}

// pairs reads days two at a time, a minute apart.
func (p *poll) pairs(ctx context.Context, days kpi.DateRange) error {
	for _, two := range httpkit.Pieces(days, daysUncounted) {
		if p.begun {
			if err := httpkit.Wait(ctx, p.env, time.Minute); err != nil {
				return fmt.Errorf("%s: %w", platform, err)
			}
		}
		p.begun = true
		if err := p.ask(ctx, p.short, two); err != nil {
			return err
		}
	}
	return nil
}

// ask hands over some days. Another zone than the app's own would give days of UTC.
func (p *poll) ask(ctx context.Context, client *httpkit.Client, days kpi.DateRange) error {
	query := url.Values{"from": {days.From.String()}, "to": {days.To.String()}, "timezone": {p.query.Account.Zone.String()}, "currency": {"preferred"}}
	if p.options.Retargeting {
		query.Set("reattr", "true")
	}
	response, err := client.Do(ctx, &httpkit.Request{
		Path: "api/agg-data/export/app/" + p.query.Account.ID + "/partners_by_date_report/v5", Query: query, Header: http.Header{"Accept": {"text/csv"}},
	})
	var refused *sources.Error
	if errors.As(err, &refused) && refused.Kind == sources.Invalid {
		refused.Next = checkApps // an app of another account is refused with a web page that says nothing
	}
	if err != nil {
		return err
	}
	return p.table.read(response.Body)
}
