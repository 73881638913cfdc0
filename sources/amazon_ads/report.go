package amazonads

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

// lag is how late costs and clicks may be complete.
const lag = 12 * time.Hour

// daysAtOnce is the longest span of a report.
const daysAtOnce = 31

// The pauses between two questions whether a report is ready, and when to give
// up on it: it is built further meanwhile, and asking for it again leads to the
// same one. The first question comes at once.
const (
	firstPause   = 15 * time.Second
	longestPause = 2 * time.Minute
	patience     = 45 * time.Minute
)

// kindOfReport is demanded by the endpoint that takes requests.
const kindOfReport = "application/vnd.createasyncreportrequest.v3+json"

// filesOf are the hosts that reports are downloaded from.
var filesOf = []string{".amazonaws.com"}

// configuration is the part of a request that decides what is in the report.
type configuration struct {
	AdProduct    string   `json:"adProduct"`
	GroupBy      []string `json:"groupBy"`
	Columns      []string `json:"columns"`
	ReportTypeID string   `json:"reportTypeId"`
	TimeUnit     string   `json:"timeUnit"`
	Format       string   `json:"format"`
}

// request describes a report.
type request struct {
	Name          string        `json:"name"`
	StartDate     string        `json:"startDate"`
	EndDate       string        `json:"endDate"`
	Configuration configuration `json:"configuration"`
}

// state is what Amazon says of a report.
type state struct {
	ID            string `json:"reportId"`
	Status        string `json:"status"`
	Failure       string `json:"failureReason"`
	URL           string `json:"url"` // null until the report is ready
	CreatedAt     string `json:"createdAt"`
	StartDate     string `json:"startDate"`
	EndDate       string `json:"endDate"`
	Configuration struct {
		configuration
		Filters json.RawMessage `json:"filters"`
	} `json:"configuration"`
}

// report is one that was asked for.
type report struct {
	product product
	request request
	id      string
	shared  bool // it was being built already, for somebody else perhaps
}

// Fetch reads campaigns by day. All reports of the question are asked for
// before the first is waited for: Amazon builds them side by side.
func (s *source) Fetch(ctx context.Context, q sources.Query, yield func(sources.Record) error) (sources.Receipt, error) {
	rows, err := httpkit.NewRows(platform, q, yield, sources.Day)
	if err != nil {
		return sources.Receipt{}, err
	}
	asked := s.env.Now()
	host, err := s.host(ctx, q.Account.ID)
	if err != nil {
		return sources.Receipt{}, err
	}
	p := poll{source: s, host: host, query: q, rows: rows, asOf: asked}
	var reports []*report
	for _, days := range httpkit.Pieces(q.Days, daysAtOnce) {
		for _, name := range s.options.Products {
			r := &report{product: products[name], request: s.describe(products[name], days)}
			if err := p.submit(ctx, r); err != nil {
				return sources.Receipt{}, err
			}
			reports = append(reports, r)
		}
	}
	for _, r := range reports {
		if err := p.collect(ctx, r); err != nil {
			return sources.Receipt{}, err
		}
	}
	return sources.Receipt{CompleteThrough: httpkit.CompleteThrough(p.asOf, lag, q)}, nil
}

// describe makes the request for a report. Columns are as few as possible: one
// that a product does not have fails its report.
func (s *source) describe(p product, days kpi.DateRange) request {
	orders, sales := p.columns(s.options.SPWindow)
	columns := []string{"date", "campaignId", "campaignName", "campaignStatus", "campaignBudgetCurrencyCode", "impressions", "clicks", "cost", orders, sales}
	if p.clicked != "" {
		columns = append(columns, p.clicked)
	}
	return request{
		Name:      fmt.Sprintf("adtop %s %s", p.report, days),
		StartDate: days.From.String(), EndDate: days.To.String(),
		Configuration: configuration{
			AdProduct: p.name, GroupBy: []string{"campaign"}, ReportTypeID: p.report, TimeUnit: "DAILY", Format: "GZIP_JSON",
			Columns: columns,
		},
	}
}

// poll is one Fetch on its way.
type poll struct {
	source *source
	host   *url.URL
	query  sources.Query
	rows   *httpkit.Rows
	asOf   time.Time // when the oldest report was begun
	waited time.Duration
}

// ask is a question about reports of the account.
func (p *poll) ask(method, path string, body any) *httpkit.Request {
	r := &httpkit.Request{
		Method: method, Base: p.host, Path: "reporting/reports" + path, Body: body,
		Header: http.Header{"Amazon-Advertising-Api-Scope": {p.query.Account.ID}},
	}
	if body != nil {
		r.Header.Set("Content-Type", kindOfReport)
	}
	return r
}

// submit asks for a report. Where the same one is being built already, by a
// program that ended perhaps, that is the one to wait for.
func (p *poll) submit(ctx context.Context, r *report) error {
	var answer state
	err := p.source.client.JSON(ctx, p.ask(http.MethodPost, "", r.request), &answer)
	var same *duplicate
	switch {
	case errors.As(err, &same):
		r.id, r.shared = same.id, true
		return nil
	case err != nil:
		return err
	case answer.ID == "":
		return sources.Errorf(sources.Malformed, "%s: a report was accepted without an id", platform)
	}
	r.id, r.shared = answer.ID, false
	return nil
}

// collect waits for a report and hands over its rows. One that Amazon fails to
// build is asked for once more.
func (p *poll) collect(ctx context.Context, r *report) error {
	for try := 1; ; try++ {
		ready, err := p.ready(ctx, r)
		if err != nil {
			return err
		}
		if ready.URL != "" {
			return p.download(ctx, r, ready)
		}
		if try == 2 {
			return sources.Errorf(sources.Unavailable, "%s: report %s failed twice while it was being built: %s", platform, sources.Clean(r.id), sources.Clean(ready.Failure))
		}
		if err := p.submit(ctx, r); err != nil {
			return err
		}
	}
}

// ready waits for a report. Without a URL in what it returns, it has failed. The
// URL alone says that a report is ready: words for its status may be added.
func (p *poll) ready(ctx context.Context, r *report) (state, error) {
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		answer, err := p.state(ctx, r)
		if err != nil || answer.URL != "" || answer.Status == "FAILED" {
			return answer, err
		}
		if p.waited >= patience {
			return state{}, sources.Errorf(sources.Unavailable, "%s: report %s is not ready after %s", platform, sources.Clean(r.id), p.waited)
		}
		if err := httpkit.Wait(ctx, p.source.env, pause); err != nil {
			return state{}, fmt.Errorf("%s: %w", platform, err)
		}
		p.waited += pause
	}
}

func (p *poll) state(ctx context.Context, r *report) (answer state, err error) {
	if err := p.source.client.JSON(ctx, p.ask(http.MethodGet, "/"+url.PathEscape(r.id), nil), &answer); err != nil {
		return state{}, err
	}
	if answer.Status == "" {
		return state{}, sources.Errorf(sources.Malformed, "%s: answer about report %s has no status", platform, sources.Clean(r.id))
	}
	if r.shared && !r.request.answeredBy(answer) {
		refusal := sources.Errorf(sources.Unavailable, "%s: report %s is taken for the same and is another one", platform, sources.Clean(r.id))
		refusal.RetryAfter = 10 * time.Minute // until it is built; then it stands in nobody's way
		return state{}, refusal
	}
	if begun, err := time.Parse(time.RFC3339, answer.CreatedAt); err == nil && begun.Before(p.asOf) {
		p.asOf = begun
	}
	return answer, nil
}

// answeredBy says whether a report that somebody asked for answers the request.
// Amazon has been seen to take reports for the same that differ in their unit of
// time.
func (r request) answeredBy(other state) bool {
	a, b := r.Configuration, other.Configuration
	for _, name := range a.Columns {
		if !slices.Contains(b.Columns, name) {
			return false
		}
	}
	unfiltered := len(b.Filters) == 0 || string(b.Filters) == "null" || string(b.Filters) == "[]"
	return r.StartDate == other.StartDate && r.EndDate == other.EndDate && a.AdProduct == b.AdProduct && a.ReportTypeID == b.ReportTypeID &&
		a.TimeUnit == b.TimeUnit && a.Format == b.Format && slices.Equal(a.GroupBy, b.GroupBy) && unfiltered
}

// download fetches the file of a report and hands over its rows. Its link is
// signed and takes no sign-in; one that has run out is asked for anew.
func (p *poll) download(ctx context.Context, r *report, ready state) error {
	for try := 1; ; try++ {
		response, err := p.source.client.Do(ctx, &httpkit.Request{Base: p.host, Link: ready.URL, Bare: true, Hosts: filesOf})
		kind := sources.KindOf(err)
		gone := kind == sources.Auth || kind == sources.Permission || kind == sources.Invalid
		switch {
		case err == nil:
			return p.read(response.Body, r)
		case !gone:
			return err
		}
		again, failed := p.ready(ctx, r)
		if failed != nil {
			return failed
		}
		if try == 2 || again.URL == "" {
			return sources.Errorf(sources.Unavailable, "%s: the file of report %s is gone: %w", platform, sources.Clean(r.id), err)
		}
		ready = again
	}
}
