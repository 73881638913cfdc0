package linkedinads

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

const (
	daysAtOnce = 7      // so that an answer seldom reaches the limit
	mostRows   = 15_000 // of an answer: what is more is left out without a word
)

// lag is how late figures are taken to be: LinkedIn speaks of near real time.
const lag = 2 * time.Hour

// Fetch reads campaigns by UTC day, a question for each piece of the asked days.
func (s *source) Fetch(ctx context.Context, q sources.Query, yield func(sources.Record) error) (sources.Receipt, error) {
	rows, err := httpkit.NewRows(platform, q, yield, sources.Day)
	if err != nil {
		return sources.Receipt{}, err
	}
	if !accountPattern.MatchString(q.Account.ID) {
		return sources.Receipt{}, sources.Errorf(sources.Invalid, "%s: %q is no account id", platform, sources.Clean(q.Account.ID))
	}
	rows.Entity.Action = s.options.Result
	asked := s.env.Now()
	d := decoder{rows: rows, metrics: results[s.options.Result]}
	if d.names, err = s.campaigns(ctx, q.Account.ID); err != nil {
		return sources.Receipt{}, err
	}
	for _, days := range httpkit.Pieces(q.Days, daysAtOnce) {
		if err := s.days(ctx, q.Account.ID, days, &d); err != nil {
			return sources.Receipt{}, err
		}
	}
	if d.count == 0 {
		if err := s.readable(ctx, q.Account.ID); err != nil {
			return sources.Receipt{}, err
		}
	}
	return sources.Receipt{CompleteThrough: httpkit.CompleteThrough(asked, lag, q), Expires: s.client.Expires()}, nil
}

// days hands over some days, in halves where an answer may have been cut off.
func (s *source) days(ctx context.Context, account string, days kpi.DateRange, d *decoder) error {
	response, err := s.client.Do(ctx, &httpkit.Request{Path: "rest/adAnalytics", Raw: statement(account, days, d.metrics)})
	if err != nil {
		return err
	}
	if bytes.Count(response.Body, []byte(`"pivotValues"`)) < mostRows { // each row has the key once, and no text in which it could stand
		return d.read(s.client.Scan(response))
	}
	if days.Days() == 1 {
		refusal := sources.Errorf(sources.Malformed, "%s: account %s has %d campaigns and more on %s, and LinkedIn leaves the rest out", platform, account, mostRows, days.From)
		refusal.Next = "this account is too large for LinkedIn's reports by campaign"
		return refusal
	}
	middle := days.From + kpi.Date(days.Days()/2)
	if err := s.days(ctx, account, kpi.DateRange{From: days.From, To: middle - 1}, d); err != nil {
		return err
	}
	return s.days(ctx, account, kpi.DateRange{From: middle, To: days.To}, d)
}

// statement writes the query in LinkedIn's notation: its brackets, colons and
// commas have to stand as they are, and only those within an id are encoded,
// which url.Values would not do. The end of a range is included (not
// documented; a row of another day is an error).
func statement(account string, days kpi.DateRange, metrics [3]string) string {
	date := func(d kpi.Date) string {
		year, month := d.Month()
		return fmt.Sprintf("(year:%d,month:%d,day:%d)", year, month, int(d-d.FirstOfMonth())+1)
	}
	fields := []string{"dateRange", "pivotValues", "impressions", "clicks", "costInLocalCurrency"}
	for _, name := range metrics {
		if name != "" {
			fields = append(fields, name)
		}
	}
	return "q=analytics&pivot=CAMPAIGN&timeGranularity=DAILY" +
		"&dateRange=(start:" + date(days.From) + ",end:" + date(days.To) + ")" +
		"&accounts=List(urn%3Ali%3AsponsoredAccount%3A" + account + ")" +
		"&fields=" + strings.Join(fields, ",")
}
