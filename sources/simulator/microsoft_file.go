package simulator

import (
	"archive/zip"
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"adtop/kpi"
)

// microsoftColumns writes the columns of a campaign performance report.
var microsoftColumns = map[string]func(r *microsoftReport, f *figure) string{
	"TimePeriod": func(_ *microsoftReport, f *figure) string {
		if f.hour < 0 {
			return f.date.String()
		}
		return fmt.Sprintf("%s|%02d", f.date, f.hour)
	},
	"AccountId":            func(r *microsoftReport, _ *figure) string { return r.account.ID },
	"CampaignId":           func(_ *microsoftReport, f *figure) string { return f.campaign.ID },
	"CampaignName":         func(_ *microsoftReport, f *figure) string { return f.campaign.Name },
	"CampaignStatus":       func(_ *microsoftReport, f *figure) string { return f.campaign.Status },
	"CurrencyCode":         func(r *microsoftReport, _ *figure) string { return string(r.account.Currency) },
	"Impressions":          func(_ *microsoftReport, f *figure) string { return strconv.FormatInt(f.metrics.Impressions, 10) },
	"Clicks":               func(_ *microsoftReport, f *figure) string { return strconv.FormatInt(f.metrics.Clicks, 10) },
	"Spend":                func(_ *microsoftReport, f *figure) string { return f.metrics.Cost.Decimal(2) },
	"ConversionsQualified": func(_ *microsoftReport, f *figure) string { return f.metrics.Conversions.Decimal(2) },
	"Revenue":              func(_ *microsoftReport, f *figure) string { return f.metrics.Revenue.Decimal(2) },
}

func (s *Simulator) microsoftRows(c *call, r microsoftReport) []figure {
	span := r.ReportRequest.Time
	days := kpi.DateRange{From: span.CustomDateRangeStart.date(), To: span.CustomDateRangeEnd.date()}
	at := *c
	at.now = r.at.now // a report is as of when it was asked for
	return byClock(s.figures(&at, &r.account, days, r.ReportRequest.Aggregation == "Hourly"))
}

// microsoftFile answers with the zipped report: a byte-order mark, some lines
// about the report, the table with every cell quoted, and a line about whose
// it is.
func (s *Simulator) microsoftFile(c *call, id string) answer {
	report, found := s.microsoftFind(id)
	if !found || c.r.URL.Query().Get("sig") == "" {
		return answer{http.StatusForbidden, http.Header{"Content-Type": {"application/xml"}}, []byte(`<?xml version="1.0" encoding="utf-8"?><Error><Code>AuthenticationFailed</Code></Error>`)}
	}
	if c.r.Header.Get("Authorization") != "" || c.r.Header.Get("DeveloperToken") != "" {
		return answer{http.StatusBadRequest, http.Header{"Content-Type": {"application/xml"}}, []byte(`<?xml version="1.0" encoding="utf-8"?><Error><Code>InvalidAuthenticationInfo</Code></Error>`)}
	}
	var packed bytes.Buffer
	archive := zip.NewWriter(&packed)
	file, err := archive.Create(id + ".csv")
	if err == nil {
		_, err = file.Write(s.microsoftTable(c, report))
	}
	if err == nil {
		err = archive.Close()
	}
	if err != nil {
		panic(err) // a buffer takes everything
	}
	return answer{http.StatusOK, http.Header{"Content-Type": {"application/x-zip-compressed"}}, packed.Bytes()}
}

func (s *Simulator) microsoftTable(c *call, report microsoftReport) []byte {
	r, rows := report.ReportRequest, s.microsoftRows(c, report)
	var b bytes.Buffer
	line := func(cells ...string) {
		for i, cell := range cells {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(`"` + strings.ReplaceAll(cell, `"`, `""`) + `"`)
		}
		b.WriteString("\r\n")
	}
	b.WriteString("\ufeff")
	if !r.ExcludeReportHeader {
		complete := report.at.now.UTC().Add(-2*60*60*1e9).Format("1/2/2006 3:04:05 PM") + " (GMT)"
		for _, text := range []string{
			"Report Name: adtop", "Report Time: " + report.at.now.Format("1/2/2006"), "Time Zone: " + r.Time.ReportTimeZone,
			"Last Completed Available Day: " + complete, "Last Completed Available Hour: " + complete,
			"Report Aggregation: " + r.Aggregation, "Report Filter: ", "Potential Incomplete Data: true", "Rows: " + strconv.Itoa(len(rows)),
		} {
			line(text)
		}
		b.WriteString("\r\n")
	}
	line(r.Columns...)
	for i := range rows {
		cells := make([]string, len(r.Columns))
		for n, name := range r.Columns {
			cells[n] = microsoftColumns[name](&report, &rows[i])
		}
		line(cells...)
	}
	if !r.ExcludeReportFooter {
		b.WriteString("\r\n")
		line("@2026 Microsoft Corporation. All rights reserved. ")
	}
	return b.Bytes()
}
