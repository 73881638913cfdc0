package googleads

import (
	"context"
	"fmt"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

// lag is how late clicks, cost and last-click conversions may appear.
const lag = 3 * time.Hour

// Days of one query, so that an answer for a thousand busy campaigns stays
// within httpkit's bound. What is longer comes in pages.
const (
	daysByDay  = 92
	daysByHour = 4
	maxPages   = 10_000 // of one query
)

var selected = []string{"metrics.impressions", "metrics.clicks", "metrics.cost_micros", "metrics.conversions", "metrics.conversions_value"}

// sharesSelected are asked for apart: a share has no hours.
var sharesSelected = []string{"metrics.impressions", "metrics.search_impression_share"}

// Fetch reads the account, its campaigns, ad groups or ads, a query for each
// piece of the asked days.
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
	if paged(q) {
		length = q.Days.Days()
	} else if q.Grain == sources.Hour {
		length = daysByHour
	}
	var names map[string][]byte
	if q.Level == sources.LevelAd {
		if names, err = s.adNames(ctx, login, q); err != nil {
			return sources.Receipt{}, about(q, q.Days, err)
		}
	}
	var warnings []string
	found := false
	counted := func(r sources.Record) error { found = true; return yield(r) }
	for _, days := range httpkit.Pieces(q.Days, length) {
		piece := q
		piece.Days = days
		more, err := s.piece(ctx, login, piece, names, counted)
		if err != nil {
			return sources.Receipt{}, about(q, days, err)
		}
		warnings = append(warnings, more...)
	}
	if lacksGroups(q, found) {
		more, err := s.withoutGroups(ctx, login, q)
		if err != nil {
			return sources.Receipt{}, about(q, q.Days, err)
		}
		warnings = append(warnings, more...)
	}
	return sources.Receipt{CompleteThrough: httpkit.CompleteThrough(asked, lag, q), Expires: s.client.Expires(), Warnings: warnings}, nil
}

// paged says whether an answer may be too long to come in one piece.
func paged(q sources.Query) bool { return q.Level > sources.LevelCampaign || q.Breakdown != "" }

func about(q sources.Query, days kpi.DateRange, err error) error {
	return fmt.Errorf("account %s, %s: %w", q.Account.ID, days, err)
}

// piece hands over what one query brings.
func (s *source) piece(ctx context.Context, login string, q sources.Query, names map[string][]byte, yield func(sources.Record) error) (warnings []string, err error) {
	d := newDecoder(q, names, yield)
	if paged(q) {
		err = s.pages(ctx, login, q, statement(q), d.page)
	} else {
		var response *httpkit.Response
		if response, err = s.client.Do(ctx, s.search(q.Account.ID, login, statement(q), "", true)); err == nil {
			err = d.stream(s.client.Scan(response))
		}
	}
	if err == nil {
		err = d.rows.Close()
	}
	return d.rows.Warnings, err
}

// pages asks one query page by page. read returns the token of the next page.
func (s *source) pages(ctx context.Context, login string, q sources.Query, query string, read func(*httpkit.Scanner) (string, error)) error {
	next := ""
	for range maxPages {
		response, err := s.client.Do(ctx, s.search(q.Account.ID, login, query, next, false))
		if err != nil {
			return err
		}
		before := next
		if next, err = read(s.client.Scan(response)); err != nil || next == "" {
			return err
		}
		if next == before {
			return sources.Errorf(sources.Malformed, "%s: a page leads to itself", platform)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return sources.Errorf(sources.Malformed, "%s: more than %d pages", platform, maxPages)
}

func supported(q sources.Query) error {
	refused := func(format string, args ...any) error {
		return sources.Errorf(sources.Invalid, platform+": "+format, args...)
	}
	switch {
	case q.Level < sources.LevelAccount || q.Level > sources.LevelAd:
		return refused("figures are read for accounts, campaigns, ad groups and ads only")
	case q.Grain != sources.Day && q.Grain != sources.Hour:
		return refused("figures are read by day or by hour only")
	case q.Shares && (q.Level != sources.LevelCampaign || q.Grain != sources.Day || q.Breakdown != ""):
		return refused("impression shares are read of campaigns by day only")
	case q.Breakdown != "" && q.Breakdown != byNetwork:
		return refused("a breakdown by %q is not read", sources.Clean(q.Breakdown))
	case q.Parent == "":
		return nil
	case q.Level == sources.LevelAccount, q.Level == sources.LevelCampaign && q.Parent != q.Account.ID, !digits([]byte(q.Parent)):
		return refused("%q is no id of what a %s belongs to", sources.Clean(q.Parent), q.Level)
	}
	return nil
}

// byNetwork is the breakdown by where ads were shown. Its figures add up to
// those without it.
const byNetwork = "network"

// resources are what is asked for at each level: the resource, what says which
// entity a row is about, and the field to narrow it by its parent.
var resources = map[sources.Level]struct{ from, fields, parent string }{
	sources.LevelAccount:  {"customer", "customer.id, customer.descriptive_name, customer.status", ""},
	sources.LevelCampaign: {"campaign", "campaign.id, campaign.name, campaign.status", ""},
	sources.LevelAdGroup:  {"ad_group", "ad_group.id, ad_group.name, ad_group.status, campaign.id", "campaign.id"},
	sources.LevelAd:       {"ad_group_ad", "ad_group_ad.ad.id, ad_group_ad.ad.name, ad_group_ad.ad.type, ad_group_ad.status, ad_group.id", "ad_group.id"},
}

// statement is the query in Google's language. What was removed is not
// filtered out: it carries past spend.
func statement(q sources.Query) string {
	fields := resources[q.Level].fields + ", segments.date"
	if q.Grain == sources.Hour {
		fields += ", segments.hour"
	}
	if q.Breakdown == byNetwork {
		fields += ", segments.ad_network_type"
	}
	metrics := selected
	if q.Shares {
		metrics = sharesSelected
	}
	for _, metric := range metrics {
		fields += ", " + metric
	}
	return fmt.Sprintf("SELECT %s FROM %s WHERE %s", fields, resources[q.Level].from, where(q))
}

// where are the conditions of a query: its days, and its parent.
func where(q sources.Query) string {
	condition := fmt.Sprintf("segments.date BETWEEN '%s' AND '%s'", q.Days.From, q.Days.To)
	if parent := resources[q.Level].parent; parent != "" && q.Parent != "" {
		condition += " AND " + parent + " = " + q.Parent
	}
	return condition
}
