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
	leastLimit = 25    // below it, a report is asked for instead
	maxPages   = 10000 // of one range of days
)

// longest is for how many days figures are asked for directly. Meta names no
// number: what is longer tends to time out in large accounts, and is asked for
// as a report at once. What belongs to one parent is little.
var longest = map[sources.Level]int{
	sources.LevelAccount: 366, sources.LevelCampaign: 92, sources.LevelAdGroup: 31, sources.LevelAd: 14,
}

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

// Fetch reads insights by account, campaign, ad set or ad, and by day. What had
// no delivery and no result on a day has no row.
func (s *source) Fetch(ctx context.Context, q sources.Query, yield func(sources.Record) error) (sources.Receipt, error) {
	if err := supported(q); err != nil {
		return sources.Receipt{}, err
	}
	poll := poll{source: s, query: q, yield: yield}
	complete := s.env.Now().Add(-lag)
	if q.Breakdown != "" {
		poll.warn("by %s Meta tells estimates: they need not add up to the whole", q.Breakdown)
	}
	if err := poll.statuses(ctx); err != nil {
		return sources.Receipt{}, err
	}
	if err := poll.days(ctx, q.Days); err != nil {
		return sources.Receipt{}, err
	}
	return sources.Receipt{CompleteThrough: complete, Quota: poll.usage.quota(), Expires: s.expires(), Warnings: poll.warnings}, nil
}

func supported(q sources.Query) error {
	refused := func(format string, args ...any) error {
		return sources.Errorf(sources.Invalid, platform+": "+format, args...)
	}
	_, splits := breakdowns[q.Breakdown]
	switch {
	case !accountPattern.MatchString(q.Account.ID):
		return refused("%q is no account id", sources.Clean(q.Account.ID))
	case q.Grain != sources.Day:
		return refused("purchases are reported by day only")
	case levels[q.Level].name == "":
		return refused("figures are read for accounts, campaigns, ad sets and ads only")
	case q.Breakdown != "" && !splits:
		return refused("a breakdown by %q is not read", sources.Clean(q.Breakdown))
	case q.Parent == "":
		return nil
	case q.Level == sources.LevelAccount, q.Level == sources.LevelCampaign && q.Parent != q.Account.ID,
		q.Level > sources.LevelCampaign && !idPattern.MatchString(q.Parent):
		return refused("%q is no id of what a %s belongs to", sources.Clean(q.Parent), levels[q.Level].name)
	}
	return nil
}

// poll is one Fetch under way.
type poll struct {
	*source
	query    sources.Query
	status   map[string][]byte // of ad sets and ads by id
	yield    func(sources.Record) error
	usage    usage // of the newest answer
	warnings []string
}

// days hands over a range of days: what can be had at once, else what Meta
// prepares as a report, else halves of it.
func (p *poll) days(ctx context.Context, days kpi.DateRange) error {
	if days.Days() == 0 {
		return nil
	}
	level := p.query.Level
	if p.query.Parent != "" {
		level = min(level, sources.LevelCampaign)
	}
	err := errTooMuch
	if days.Days() <= longest[level] {
		err = p.directly(ctx, days)
	}
	if errors.Is(err, errTooMuch) {
		err = p.report(ctx, days)
	}
	if errors.Is(err, errTooMuch) && days.Days() > 1 {
		middle := days.From + kpi.Date(days.Days()/2)
		if err := p.days(ctx, kpi.DateRange{From: days.From, To: middle - 1}); err != nil {
			return err
		}
		return p.days(ctx, kpi.DateRange{From: middle, To: days.To})
	}
	return err
}

// directly reads a range of days without a report. The rows are kept until all
// are there: a later page may turn out to be too much.
func (p *poll) directly(ctx context.Context, days kpi.DateRange) error {
	var rows []sources.Record
	err := p.pages(ctx, days, p.request(p.query.Account.ID+"/insights", p.parameters(days)), func(r sources.Record) error {
		rows = append(rows, r)
		return nil
	})
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

// pages reads all pages from the first one on, smaller ones when Meta finds
// them too large.
func (p *poll) pages(ctx context.Context, days kpi.DateRange, request *httpkit.Request, yield func(sources.Record) error) error {
	q := p.query
	q.Days = days
	d := newDecoder(q, p.options.Result, p.status, yield)
	limit := firstLimit
	for pages := 0; request != nil; {
		response, err := p.ask(ctx, request)
		if errors.Is(err, errTooMuch) && limit > leastLimit {
			limit /= 2
			if request, err = withLimit(request, limit); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		next, err := d.page(p.client.Scan(response))
		if err != nil {
			return err
		}
		pages++
		if request, err = p.next(paging{next}, pages); err != nil {
			return err
		}
		if request != nil {
			if err := p.slowDown(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// parameters are those of the first page.
func (p *poll) parameters(days kpi.DateRange) url.Values {
	level := levels[p.query.Level]
	span, err := json.Marshal(map[string]string{"since": days.From.String(), "until": days.To.String()})
	if err != nil {
		panic(err) // strings always marshal
	}
	values := url.Values{
		"level":          {level.name},
		"time_increment": {"1"},
		"time_range":     {string(span)},
		"fields":         {level.fields()},
		"limit":          {strconv.Itoa(firstLimit)},
		// Beside value, which stays that of the ad set's setting, each action tells its
		// part after a view.
		"action_attribution_windows": {`["` + string(viewWindow) + `"]`},
	}
	if p.query.Breakdown != "" {
		values.Set("breakdowns", breakdowns[p.query.Breakdown])
	}
	if p.query.Parent != "" && p.query.Level > sources.LevelCampaign {
		field := map[sources.Level]string{sources.LevelAdGroup: "campaign.id", sources.LevelAd: "adset.id"}[p.query.Level]
		values.Set("filtering", `[{"field":"`+field+`","operator":"EQUAL","value":"`+p.query.Parent+`"}]`) // digits
	}
	return values
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

// ask asks once and notes what the headers say.
func (p *poll) ask(ctx context.Context, request *httpkit.Request) (*httpkit.Response, error) {
	response, err := p.client.Do(ctx, request)
	if err != nil {
		return nil, err
	}
	p.usage = readUsage(response.Header)
	if warning := sources.Clean(response.Header.Get("X-Ad-Api-Version-Warning")); warning != "" {
		p.warn("Meta answers version %s by another one: %s", p.options.Version, warning)
	}
	return response, nil
}

// warn keeps a sentence for the user, once.
func (p *poll) warn(format string, args ...any) {
	if sentence := fmt.Sprintf(format, args...); !slices.Contains(p.warnings, sentence) {
		p.warnings = append(p.warnings, sentence)
	}
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
