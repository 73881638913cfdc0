package metaads

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

// How a report is waited for.
const (
	firstLook   = 2 * time.Second  // after it was ordered; doubles
	longestLook = 30 * time.Second // between two looks
	longestWait = 10 * time.Minute // in all
	retryReport = 5 * time.Minute  // when nothing came of it
)

// report has Meta prepare the insights of a range of days, waits until they
// are ready, and hands over their rows as they come.
func (p *poll) report(ctx context.Context, days kpi.DateRange) error {
	parameters := p.parameters(days)
	parameters.Del("limit")
	order := p.request(p.query.Account.ID+"/insights", parameters)
	order.Method = http.MethodPost
	response, err := p.ask(ctx, order)
	if err != nil {
		return err
	}
	id, err := p.runID(response)
	if err != nil {
		return err
	}
	if err := p.ready(ctx, id); err != nil {
		return err
	}
	begun := false
	err = p.pages(ctx, days, p.request(id+"/insights", url.Values{"limit": {strconv.Itoa(firstLimit)}}), func(r sources.Record) error {
		begun = true
		return p.yield(r)
	})
	if begun && errors.Is(err, errTooMuch) { // fewer days would bring the same rows again
		return sources.Errorf(sources.Invalid, "%s: a page of report %s: %v", platform, id, err)
	}
	return ofReport(id, err)
}

// runID reads the id of a report, a string or a number.
func (p *poll) runID(response *httpkit.Response) (string, error) {
	scan := p.client.Scan(response)
	id := ""
	for key := range scan.Object() {
		if string(key) == "report_run_id" {
			id = string(scan.Text())
		}
	}
	if err := scan.End(); err != nil {
		return "", err
	}
	if !idPattern.MatchString(id) {
		return "", sources.Errorf(sources.Malformed, "%s: a report was ordered, and its id is %q: expected digits", platform, sources.Clean(id))
	}
	return id, nil
}

// ready looks at a report in growing pauses until it is complete.
func (p *poll) ready(ctx context.Context, id string) error {
	waited := time.Duration(0)
	for pause := firstLook; ; pause = min(2*pause, longestLook) {
		if waited >= longestWait {
			return unready("%s: report %s is not ready after %s", platform, id, waited)
		}
		if err := httpkit.Wait(ctx, p.env, pause); err != nil {
			return err
		}
		waited += pause
		response, err := p.ask(ctx, p.request(id, url.Values{}))
		if err != nil {
			return ofReport(id, err)
		}
		done, err := p.state(id, response)
		if err != nil || done {
			return err
		}
		if err := p.slowDown(ctx); err != nil {
			return err
		}
	}
}

// state says whether a report is complete, or why it never will be. What it is
// said to be doing meanwhile makes no difference.
func (p *poll) state(id string, response *httpkit.Response) (done bool, err error) {
	var run struct {
		Status  string          `json:"async_status"`
		Percent httpkit.Decimal `json:"async_percent_completion"`
		Code    int             `json:"error_code"`
		Subcode int             `json:"error_subcode"`
		Message string          `json:"error_message"`
		Text    string          `json:"error_user_msg"`
	}
	if err := p.client.Decode(response, &run); err != nil {
		return false, err
	}
	switch run.Status {
	case "":
		return false, sources.Errorf(sources.Malformed, "%s: report %s has no async_status", platform, id)
	case "Job Completed":
		return run.Percent.Known && run.Percent.Micros >= 100*kpi.MicrosPerUnit, nil
	case "Job Skipped":
		return false, unready("%s: report %s was skipped", platform, id)
	case "Job Failed":
		f := failure{Code: run.Code, Subcode: run.Subcode, Message: run.Message, UserText: run.Text}
		refusal := f.refusal(&httpkit.Response{Status: response.Status, Header: response.Header})
		if run.Code == 0 || refusal == nil || refusal.Kind == sources.Unavailable {
			return false, unready("%s: report %s failed: code %d/%d: %s", platform, id, run.Code, run.Subcode, sources.Clean(run.Message+" "+run.Text))
		}
		refusal.Err = fmt.Errorf("%s: report %s failed: %w", platform, id, refusal.Err)
		return false, refusal
	}
	return false, nil
}

// unready is the error of a report that another try may bring.
func unready(format string, args ...any) *sources.Error {
	refusal := sources.Errorf(sources.Unavailable, format, args...)
	refusal.RetryAfter = retryReport
	return refusal
}

// ofReport makes of an answer that there is no such object that the report has
// expired: no matter of permission.
func ofReport(id string, err error) error {
	if errors.Is(err, errGone) {
		return unready("%s: report %s is no longer kept: %w", platform, id, err)
	}
	return err
}

// statusPages bounds how many pages of statuses are read; what is beyond has
// none.
const statusPages = 20

// statuses reads the effective status of the ad sets or ads that are asked
// for: figures do not carry it. It is worth having and no more, so that a
// refusal is a warning.
func (p *poll) statuses(ctx context.Context) error {
	edges := map[sources.Level]string{sources.LevelAdGroup: "adsets", sources.LevelAd: "ads"}
	if edges[p.query.Level] == "" {
		return nil
	}
	owner := p.query.Account.ID
	if p.query.Parent != "" {
		owner = p.query.Parent
	}
	request := p.request(owner+"/"+edges[p.query.Level], url.Values{"fields": {"id,effective_status"}, "limit": {strconv.Itoa(firstLimit)}})
	p.status = map[string][]byte{}
	for page := 1; request != nil && page <= statusPages; page++ {
		next, err := p.statusPage(ctx, request)
		if ctx.Err() != nil {
			return err
		}
		if err == nil {
			request, err = p.next(next, page)
		}
		if err != nil {
			if !errors.Is(err, errGone) { // there is nothing below what is not there
				p.warn("the status of %s cannot be read: %v", edges[p.query.Level], err)
			}
			return nil
		}
	}
	return nil
}

func (p *poll) statusPage(ctx context.Context, request *httpkit.Request) (paging, error) {
	var page struct {
		Data []struct {
			ID     string `json:"id"`
			Status string `json:"effective_status"`
		} `json:"data"`
		Paging paging `json:"paging"`
	}
	response, err := p.ask(ctx, request)
	if err != nil {
		return paging{}, err
	}
	if err := p.client.Decode(response, &page); err != nil {
		return paging{}, err
	}
	for _, one := range page.Data {
		p.status[one.ID] = []byte(one.Status)
	}
	return page.Paging, nil
}
