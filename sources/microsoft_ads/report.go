package microsoftads

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

// lag is how late clicks and conversions may appear.
const lag = 3 * time.Hour

// Days of one report. Hours reach back six months; a piece is what a busy
// account reports within the bound of a file.
const (
	daysByDay  = 92
	daysByHour = 14
)

// The pauses between two questions whether a report is ready, and when to give
// up on it. The first question comes at once: small reports are ready.
const (
	firstPause   = 2 * time.Second
	longestPause = time.Minute
	patience     = 20 * time.Minute
)

// filesOf are the hosts that reports are downloaded from.
var filesOf = []string{".blob.core.windows.net"}

// columns are as few as possible: each further attribute splits the rows.
var columns = [fields]string{"TimePeriod", "CampaignId", "CampaignName", "CampaignStatus", "CurrencyCode", "Impressions", "Clicks", "Spend", "ConversionsQualified", "Revenue"}

// Fetch reads campaigns by day or by hour, a report for each piece of the
// asked days.
func (s *source) Fetch(ctx context.Context, q sources.Query, yield func(sources.Record) error) (sources.Receipt, error) {
	rows, err := httpkit.NewRows(platform, q, yield, sources.Day, sources.Hour)
	if err != nil {
		return sources.Receipt{}, err
	}
	asked := s.env.Now()
	found, err := s.find(ctx, q.Account.ID)
	if err != nil {
		return sources.Receipt{}, err
	}
	complete := httpkit.CompleteThrough(asked, lag, q)
	length := daysByDay
	if q.Grain == sources.Hour {
		length = daysByHour
	}
	for _, days := range httpkit.Pieces(q.Days, length) {
		through, err := s.report(ctx, found, q, days, rows)
		if err != nil {
			return sources.Receipt{}, err
		}
		if !through.IsZero() && through.Before(complete) {
			complete = through
		}
	}
	if err := rows.Close(); err != nil {
		return sources.Receipt{}, err
	}
	return sources.Receipt{CompleteThrough: complete, Expires: s.client.Expires(), Warnings: rows.Warnings}, nil
}

// report asks for one report and hands over its rows. It returns through when
// Microsoft says its figures are complete, the zero time where it says nothing.
func (s *source) report(ctx context.Context, a account, q sources.Query, days kpi.DateRange, rows *httpkit.Rows) (through time.Time, err error) {
	var submitted struct {
		ID string `json:"ReportRequestId"`
	}
	if err := s.client.JSON(ctx, s.generate(a, "Submit", s.request(a, q, days)), &submitted); err != nil {
		return time.Time{}, err
	}
	if submitted.ID == "" {
		return time.Time{}, sources.Errorf(sources.Malformed, "%s: a report was accepted without an id", platform)
	}
	link, err := s.ready(ctx, a, submitted.ID)
	if err != nil || link == "" {
		return time.Time{}, err
	}
	response, err := s.client.Do(ctx, &httpkit.Request{Link: link, Bare: true, Hosts: filesOf})
	if kind := sources.KindOf(err); kind == sources.Auth || kind == sources.Permission || kind == sources.Invalid {
		return time.Time{}, sources.Errorf(sources.Unavailable, "%s: the file of report %s is gone (its link lives five minutes): %w", platform, sources.Clean(submitted.ID), err)
	}
	if err != nil {
		return time.Time{}, err
	}
	return unpack(response.Body, table{rows: rows, query: q})
}

// generate is a question to the reporting service about one account.
func (s *source) generate(a account, what string, body any) *httpkit.Request {
	return &httpkit.Request{
		Method: http.MethodPost, Path: "Reporting/v13/GenerateReport/" + what, Body: body,
		Header: http.Header{"Customerid": {a.Customer}, "Customeraccountid": {a.ID}},
	}
}

// request describes a report. Without TimePeriod among the columns Microsoft
// would silently give one total; in version 1.0 of the format some numbers
// carry thousands separators.
func (s *source) request(a account, q sources.Query, days kpi.DateRange) any {
	aggregation := "Daily"
	if q.Grain == sources.Hour {
		aggregation = "Hourly"
	}
	date := func(d kpi.Date) map[string]int {
		year, month := d.Month()
		return map[string]int{"Year": year, "Month": int(month), "Day": int(d-d.FirstOfMonth()) + 1}
	}
	span := map[string]any{"CustomDateRangeStart": date(days.From), "CustomDateRangeEnd": date(days.To)}
	if a.TimeZone != "" {
		span["ReportTimeZone"] = a.TimeZone
	}
	return map[string]any{"ReportRequest": map[string]any{
		"Type":   "CampaignPerformanceReportRequest",
		"Format": "Csv", "FormatVersion": "2.0",
		"ReportName":             "adtop campaigns " + strings.ToLower(aggregation),
		"ReturnOnlyCompleteData": false,
		"ExcludeReportHeader":    false, // it tells how far the figures are complete, and how many rows there are
		"ExcludeReportFooter":    false,
		"ExcludeColumnHeaders":   false,
		"Aggregation":            aggregation,
		"Columns":                columns,
		"Scope":                  map[string]any{"AccountIds": []string{a.ID}},
		"Time":                   span,
	}}
}

// ready waits for a report and returns the link to its file, "" when it has no
// rows.
func (s *source) ready(ctx context.Context, a account, id string) (link string, err error) {
	pause, waited := firstPause, time.Duration(0)
	for {
		var answer struct {
			Status *struct {
				Status string
				Link   string `json:"ReportDownloadUrl"`
			} `json:"ReportRequestStatus"`
		}
		if err := s.client.JSON(ctx, s.generate(a, "Poll", map[string]string{"ReportRequestId": id}), &answer); err != nil {
			return "", err
		}
		if answer.Status == nil {
			return "", sources.Errorf(sources.Malformed, "%s: answer about report %s has no status", platform, sources.Clean(id))
		}
		switch status := answer.Status.Status; status {
		case "Success":
			return answer.Status.Link, nil
		case "Pending", "InProgress":
		case "Error":
			return "", sources.Errorf(sources.Unavailable, "%s: report %s failed while it was being built", platform, sources.Clean(id))
		default:
			return "", sources.Errorf(sources.Malformed, "%s: report %s has the unknown status %q", platform, sources.Clean(id), sources.Clean(status))
		}
		if waited >= patience {
			return "", sources.Errorf(sources.Unavailable, "%s: report %s is not ready after %s", platform, sources.Clean(id), waited)
		}
		if err := httpkit.Wait(ctx, s.env, pause); err != nil {
			return "", fmt.Errorf("%s: %w", platform, err)
		}
		waited += pause
		pause = min(2*pause, longestPause)
	}
}

// unpack reads the only table of a zipped report.
func unpack(packed []byte, t table) (through time.Time, err error) {
	archive, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil {
		return time.Time{}, t.rows.Malformed("the report is no zip file, or only a part of one (%d bytes): %w", len(packed), err)
	}
	for _, file := range archive.File {
		if !strings.HasSuffix(strings.ToLower(file.Name), ".csv") {
			continue
		}
		content, err := file.Open()
		if err != nil {
			return time.Time{}, t.rows.Malformed("the zipped report cannot be opened: %w", err)
		}
		defer content.Close()
		return t.read(content)
	}
	return time.Time{}, t.rows.Malformed("the zipped report holds no CSV file")
}
