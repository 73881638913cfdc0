package simulator

import (
	"bytes"
	"compress/gzip"
	"net/http"

	"adtop/kpi"
	"adtop/sources/simulator/world"
)

// amazonProduct is the ad product of the nth campaign of an account.
func amazonProduct(n int) string {
	return []string{"SPONSORED_PRODUCTS", "SPONSORED_BRANDS", "SPONSORED_DISPLAY"}[n%3]
}

// amazonFile is the packed file of a report, as storage hands it out: it wants
// a signed link and no sign-in.
func (s *Simulator) amazonFile(c *call, id string) answer {
	report := s.amazonFind(id)
	if report == nil || c.r.URL.Query().Get("X-Amz-Signature") != "5imulated0signature" || c.r.Header.Get("Authorization") != "" {
		return answer{http.StatusForbidden, http.Header{"Content-Type": {"application/xml"}},
			[]byte(`<?xml version="1.0" encoding="UTF-8"?>` + "\n" + `<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>`)}
	}
	var packed bytes.Buffer
	file := gzip.NewWriter(&packed)
	_, err := file.Write(s.amazonRows(c, report))
	if err == nil {
		err = file.Close()
	}
	if err != nil {
		panic(err) // memory takes everything
	}
	return answer{http.StatusOK, http.Header{"Content-Type": {"application/octet-stream"}}, packed.Bytes()}
}

// amazonRows writes the rows as of when the report was asked for.
func (s *Simulator) amazonRows(c *call, report *amazonReport) []byte {
	from, _ := kpi.ParseDate(report.StartDate) // checked when it was asked for
	to, _ := kpi.ParseDate(report.EndDate)
	at := *report.at
	at.fault = c.fault
	account := report.account
	account.Campaigns = nil
	for n, campaign := range report.account.Campaigns {
		if amazonProduct(n) == report.Configuration.AdProduct {
			account.Campaigns = append(account.Campaigns, campaign)
		}
	}
	return amazonTable(report, s.figures(&at, &account, kpi.DateRange{From: from, To: to}, false), account)
}

func amazonTable(report *amazonReport, rows []figure, account world.Account) []byte {
	b := []byte{'['}
	for i := range rows {
		if i > 0 {
			b = append(b, ',')
		}
		for n, name := range report.Configuration.Columns {
			mark := byte(',')
			if n == 0 {
				mark = '{'
			}
			b = append(append(b, mark, '"'), name...)
			b = append(append(b, '"', ':'), amazonColumns[name](&rows[i], account.Currency)...)
		}
		b = append(b, '}')
	}
	return append(b, ']')
}
