package metaads

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

const (
	firstLimit = 500   // rows of a page
	leastLimit = 25    // below it, the days are split instead
	maxPages   = 10000 // of one range of days
)

// lag is how long Meta takes to show what happened.
const lag = 15 * time.Minute

// paging tells whether there is another page. Cursors without next are the
// last page's.
type paging struct {
	Next string `json:"next"`
}

// next returns the request for the following page, nil after the last one.
func (s *source) next(p paging, pages int) (*httpkit.Request, error) {
	if p.Next == "" {
		return nil, nil
	}
	if pages >= maxPages {
		return nil, sources.Errorf(sources.Malformed, "%s: more than %d pages", platform, maxPages)
	}
	return s.following(p.Next)
}

// Fetch reads insights by campaign or account, and by day. A campaign that had
// no delivery and no result on a day has no row.
func (s *source) Fetch(ctx context.Context, q sources.Query, yield func(sources.Record) error) (sources.Receipt, error) {
	switch {
	case !accountPattern.MatchString(q.Account.ID):
		return sources.Receipt{}, sources.Errorf(sources.Invalid, "%s: %q is no account id", platform, sources.Clean(q.Account.ID))
	case q.Grain != sources.Day:
		return sources.Receipt{}, sources.Errorf(sources.Invalid, "%s reports purchases by day only", platform)
	case q.Level != sources.LevelCampaign && q.Level != sources.LevelAccount:
		return sources.Receipt{}, sources.Errorf(sources.Invalid, "%s is read by account and campaign only", platform)
	case q.Breakdown != "":
		return sources.Receipt{}, sources.Errorf(sources.Invalid, "%s has no breakdown by %s here", platform, q.Breakdown)
	}
	poll := poll{source: s, query: q, seen: map[rowID]bool{}, yield: yield}
	complete := s.env.Now().Add(-lag)
	if err := poll.days(ctx, q.Days); err != nil {
		return sources.Receipt{}, err
	}
	return sources.Receipt{CompleteThrough: complete, Quota: poll.usage.quota(), Expires: s.expires(), Warnings: poll.warnings}, nil
}

// poll is one Fetch under way.
type poll struct {
	*source
	query    sources.Query
	seen     map[rowID]bool
	yield    func(sources.Record) error
	usage    usage // of the newest answer
	warnings []string
}

type rowID struct {
	id  string
	day kpi.Date
}

// days hands over a range of days, in halves where it is too much for Meta.
func (p *poll) days(ctx context.Context, days kpi.DateRange) error {
	if days.Days() == 0 {
		return nil
	}
	rows, err := p.pages(ctx, days)
	if errors.Is(err, errTooMuch) && days.Days() > 1 {
		middle := days.From + kpi.Date(days.Days()/2)
		if err := p.days(ctx, kpi.DateRange{From: days.From, To: middle - 1}); err != nil {
			return err
		}
		return p.days(ctx, kpi.DateRange{From: middle, To: days.To})
	}
	if err != nil {
		return err
	}
	for _, row := range rows {
		if err := p.yield(row); err != nil {
			return err
		}
	}
	return nil
}

// pages reads all pages of a range of days, smaller ones when Meta finds them
// too large.
func (p *poll) pages(ctx context.Context, days kpi.DateRange) ([]sources.Row, error) {
	var rows []sources.Row
	limit := firstLimit
	request := p.request(p.query.Account.ID+"/insights", p.parameters(days))
	for pages := 0; request != nil; {
		page, err := p.page(ctx, request)
		if errors.Is(err, errTooMuch) && limit > leastLimit {
			limit /= 2
			if request, err = withLimit(request, limit); err != nil {
				return nil, err
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, i := range *page.Data {
			row, err := p.row(i, days)
			if err != nil {
				return nil, sources.Errorf(sources.Malformed, "%s: insights of %s: %w", platform, p.query.Account.ID, err)
			}
			rows = append(rows, row)
		}
		pages++
		if request, err = p.next(page.Paging, pages); err != nil {
			return nil, err
		}
		if request != nil {
			if err := p.slowDown(ctx); err != nil {
				return nil, err
			}
		}
	}
	for _, row := range rows {
		id := rowID{row.Entity.ID, row.Slot.Date}
		if p.seen[id] {
			return nil, sources.Errorf(sources.Malformed, "%s: insights hold campaign %s twice for %s", platform, sources.Clean(id.id), id.day)
		}
		p.seen[id] = true
	}
	return rows, nil
}

// parameters are those of the first page.
func (p *poll) parameters(days kpi.DateRange) url.Values {
	level, fields := "campaign", "account_id,account_currency,campaign_id,campaign_name,"
	if p.query.Level == sources.LevelAccount {
		level, fields = "account", "account_id,account_currency,"
	}
	span, err := json.Marshal(map[string]string{"since": days.From.String(), "until": days.To.String()})
	if err != nil {
		panic(err) // strings always marshal
	}
	return url.Values{
		"level":          {level},
		"time_increment": {"1"},
		"time_range":     {string(span)},
		"fields":         {fields + "impressions,inline_link_clicks,spend,actions,action_values,attribution_setting,date_start,date_stop"},
		"limit":          {strconv.Itoa(firstLimit)},
	}
}

// withLimit is the same request for fewer rows.
func withLimit(r *httpkit.Request, limit int) (*httpkit.Request, error) {
	if r.Link == "" {
		r.Query.Set("limit", strconv.Itoa(limit))
		return r, nil
	}
	link, err := url.Parse(r.Link)
	if err != nil {
		return nil, sources.Errorf(sources.Malformed, "%s: link to the next page is no URL", platform)
	}
	query := link.Query()
	query.Set("limit", strconv.Itoa(limit))
	link.RawQuery = query.Encode()
	return &httpkit.Request{Link: link.String()}, nil
}

type insightsPage struct {
	Data   *[]insight `json:"data"`
	Paging paging     `json:"paging"`
}

// page asks once and notes what the headers say.
func (p *poll) page(ctx context.Context, request *httpkit.Request) (insightsPage, error) {
	response, err := p.client.Do(ctx, request)
	if err != nil {
		return insightsPage{}, err
	}
	p.usage = readUsage(response.Header)
	if warning := sources.Clean(response.Header.Get("X-Ad-Api-Version-Warning")); warning != "" {
		sentence := fmt.Sprintf("Meta answers version %s by another one: %s", p.options.Version, warning)
		if !slices.Contains(p.warnings, sentence) {
			p.warnings = append(p.warnings, sentence)
		}
	}
	var page insightsPage
	if err := p.client.Decode(response, &page); err != nil {
		return insightsPage{}, err
	}
	if page.Data == nil {
		return insightsPage{}, sources.Errorf(sources.Malformed, "%s: answer has no data", platform)
	}
	return page, nil
}

// slowDown waits before another page when much of a limit is used up, and ends
// the Fetch when nearly all of it is.
func (p *poll) slowDown(ctx context.Context) error {
	switch used := p.usage.used; {
	case used >= stopAt:
		refusal := sources.Errorf(sources.QuotaKind, "%s: %.0f%% of the limit %s is used", platform, 100*used, p.usage.scope)
		refusal.RetryAfter = p.usage.pause()
		return refusal
	case used >= slowAt:
		return httpkit.Wait(ctx, p.env, time.Duration((used-slowAt)/(stopAt-slowAt)*float64(longestPause)))
	}
	return ctx.Err()
}
