package appleads

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
	"adtop/sources/sourcetest"
)

// decoded reads a page.
func decoded(t testing.TB, body []byte, q sources.Query, installs string, change ...func(*decoder)) (rows []sources.Row, err error) {
	t.Helper()
	put, err := httpkit.NewRows(platform, q, sourcetest.Collect(&rows), sources.Day, sources.Hour)
	if err != nil {
		t.Fatal(err)
	}
	d := &decoder{rows: put, query: q, installs: results[installs]}
	for _, do := range change {
		do(d)
	}
	put.RealHours = d.utc
	_, _, err = d.page(httpkit.NewScanner(body))
	return rows, errors.Join(err, put.Close())
}

func inDollars(grain sources.Grain, days ...kpi.Date) sources.Query {
	return sourcetest.Query(sources.Account{ID: "123456789", Zone: sourcetest.Zone("America/New_York"), Currency: "USD"}, grain, days...)
}

func TestDocumentedDaysReadAsAPersonWould(t *testing.T) {
	body := sourcetest.Recorded(t, "apple_ads", "platform_campaign_report_daily_abridged.json")
	first := kpi.NewDate(2025, 1, 10)
	rows, err := decoded(t, body, inDollars(sources.Day, first, first+1), "total")
	want := sources.Row{
		Entity:  sources.Entity{Level: sources.LevelCampaign, ID: "555666777", Name: "AwayFinder - App Campaign", Status: "enabled"},
		Slot:    sources.Slot{Date: first, Grain: sources.Day},
		Metrics: kpi.Metrics{Has: kpi.Usual &^ kpi.Revenue, Impressions: 76150, Clicks: 1605, Cost: 241_250_000, Conversions: 384_000_000},
	}
	if err != nil || len(rows) != 2 || rows[0] != want || rows[1].Slot.Date != first+1 {
		t.Errorf("got %+v, %v, want %+v", rows, err, want)
	}
	rows, err = decoded(t, body, inDollars(sources.Day, first), "total", func(d *decoder) { d.single = true })
	want.Metrics.Impressions, want.Metrics.Clicks, want.Metrics.Cost, want.Metrics.Conversions = 152300, 3210, 482_500_000, 768_000_000
	if err != nil || len(rows) != 1 || rows[0] != want {
		t.Errorf("the total: got %+v, %v, want %+v", rows, err, want)
	}
	if rows, err := decoded(t, body, inDollars(sources.Day, first, first+1), "tap"); err != nil || len(rows) != 2 || rows[0].Metrics.Knows(kpi.Conversions) {
		t.Errorf("installs that are not in the answer are unknown: %+v, %v", rows, err)
	}
}

func TestDocumentedRowOfAnAdHasTheSameShape(t *testing.T) {
	row := sourcetest.Recorded(t, "apple_ads", "platform_ad_row_abridged.json")
	q := inDollars(sources.Day, kpi.NewDate(2025, 1, 10))
	for installs, want := range map[string]kpi.Micros{"total": 145_000_000, "tap": 120_000_000} {
		rows, err := decoded(t, fmt.Appendf(nil, `{"result":{"rows":[%s]}}`, row), q, installs, func(d *decoder) { d.single = true })
		if err != nil || len(rows) != 1 || rows[0].Metrics != (kpi.Metrics{Has: kpi.Usual &^ kpi.Revenue, Impressions: 10000, Clicks: 500, Cost: 150_000_000, Conversions: want}) {
			t.Errorf("%s: %+v, %v", installs, rows, err)
		}
	}
}

func TestDocumentedAccountsAreUnderstood(t *testing.T) {
	acls := sourcetest.Recorded(t, "apple_ads", "platform_acls.json")
	s, _ := opened(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case strings.HasSuffix(r.URL.Path, "/acls"):
			_, _ = w.Write(acls)
		case strings.HasSuffix(r.URL.Path, "/ad-accounts/123456789") && r.Header.Get("X-AP-Context") == "adAccountId=123456789":
			fmt.Fprint(w, `{"result":{"id":123456789,"name":"AwayFinder","timezone":"America/New_York","currency":"USD"}}`)
		default:
			fmt.Fprint(w, `{"access_token":"a","token_type":"Bearer"}`)
		}
	}))
	accounts, err := s.Accounts(t.Context())
	if err != nil || len(accounts) != 1 || accounts[0].ID != "123456789" || accounts[0].Name != "AwayFinder" || accounts[0].Zone.String() != "America/New_York" {
		t.Errorf("got %v, %v", accounts, err)
	}
}

// The warehouse copies are of the older API; their figures are the same ones.
func TestWarehouseCopiesReadAsAPersonWould(t *testing.T) {
	copied := func(name string) [][]string {
		table, err := csv.NewReader(bytes.NewReader(sourcetest.Recorded(t, "apple_ads", name))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		return table[1:]
	}
	var list []string
	for _, r := range copied("warehouse_campaign_report.csv") {
		list = append(list, fmt.Sprintf(`{"date":%q,"impressions":%s,"taps":%s,"tapInstalls":%s,"totalInstalls":%s,"ttr":%s,"localSpend":{"amount":%q,"currency":%q}}`, r[0], r[8], r[16], r[17], r[7], r[15], r[11], r[12]))
	}
	body := `{"result":{"rows":[{"metadata":{"id":973923054,"name":"` + copied("warehouse_campaign_history.csv")[0][14] + `"},"granularMetrics":[` + strings.Join(list, ",") + `]}]}}`
	rows, err := decoded(t, []byte(body), inDollars(sources.Day, kpi.NewDate(2021, 12, 1), kpi.NewDate(2021, 12, 31)), "total")
	var sum kpi.Metrics
	for _, r := range rows {
		sum, _ = sum.Add(r.Metrics)
	}
	want := kpi.Metrics{Has: kpi.Usual &^ kpi.Revenue, Impressions: 6336, Clicks: 129, Cost: 100_000_000, Conversions: 25_000_000}
	if err != nil || len(rows) != 12 || sum != want || rows[0].Entity.Name != "Tap Away" {
		t.Errorf("%d rows, %+v, %v, want %+v", len(rows), sum, err, want)
	}
	for _, r := range copied("warehouse_organization.csv") {
		if a, err := httpkit.Account(platform, r[0], r[2], r[1], r[5]); err != nil || a.Zone != time.UTC {
			t.Errorf("%v: %v, %v", r, a, err)
		}
	}
}

func TestEveryFormOfAnHourIsUnderstood(t *testing.T) {
	page := func(when string) []byte {
		return []byte(`{"result":{"rows":[{"metadata":{"id":7},"granularMetrics":[{"date":"` + when + `","taps":1}]}]}}`)
	}
	for when, want := range map[string]int{"2026-11-04 09": 9, "2026-11-04T09": 9, "2026-11-04T09:00:00.000": 9, "2026-11-04 00": 0, "2026-11-04T23:00:00Z": 23} {
		if rows, err := decoded(t, page(when), query(sources.Hour, today), "total"); err != nil || len(rows) != 1 || rows[0].Slot.Hour != want {
			t.Errorf("%s: %+v, %v", when, rows, err)
		}
	}
	for _, when := range []string{"2026-11-04", "11-04-2026 09", "2026-11-04 9", "2026-11-04 24", "2026-11-04T09:30:00", "2026-11-04T09:00:00+03:00", "2026-11-05 09", ""} {
		if _, err := decoded(t, page(when), query(sources.Hour, today), "total"); sources.KindOf(err) != sources.Malformed {
			t.Errorf("%s: %v", when, err)
		}
	}
	// In UTC the account's day begins an hour before; what lies outside is left out.
	for when, want := range map[string]int{"2026-11-03 23": 0, "2026-11-04 22": 23, "2026-11-04 23": -1, "2026-11-03 22": -1} {
		rows, err := decoded(t, page(when), query(sources.Hour, today), "total", func(d *decoder) { d.utc = true })
		if err != nil || (want < 0) != (len(rows) == 0) || want >= 0 && (rows[0].Slot.Hour != want || rows[0].Slot.Date != today) {
			t.Errorf("%s in UTC: %+v, %v", when, rows, err)
		}
	}
}

func TestErrorsAreToldByStatusAndCode(t *testing.T) {
	for body, want := range map[string]struct {
		status int
		kind   sources.Kind
		wait   time.Duration
	}{
		`{"error":{"code":"VALIDATION_ERROR","message":"m","details":[{"code":"RANGE","message":"too old\u001b"}]}}`: {400, sources.Invalid, 0},
		`{"error":{"code":"INVALID_ARGUMENT","message":"m"}}`:                                                        {200, sources.Invalid, 0},
		`{"error":{"code":"UNAUTHORIZED","message":"m"}}`:                                                            {401, sources.Auth, 0},
		`{"result":null,"error":{"code":"UNAUTHORIZED","message":"m"}}`:                                              {200, sources.Auth, 0},
		`{"error":{"code":"FORBIDDEN","message":"m"}}`:                                                               {403, sources.Permission, 0},
		`{"error":{"code":"rate_limit_exceeded","message":"m"}}`:                                                     {429, sources.QuotaKind, 40 * time.Second},
		`{"error":{"code":"rate_limit_exceeded","message":"m","details":null}}`:                                      {200, sources.QuotaKind, 40 * time.Second},
		`{"error":{"code":"INTERNAL_ERROR","message":"m"}}`:                                                          {500, sources.Unavailable, 0},
		`{"error":{"code":"INTERNAL_ERROR"}}`:                                                                        {200, sources.Unavailable, 0},
		`{"error":{"code":"NOT_FOUND","message":"m"}}`:                                                               {404, sources.Invalid, 0},
	} {
		got := classify(&httpkit.Response{Status: want.status, Header: http.Header{"Ratelimit-Reset": {"40"}}, Body: []byte(body)})
		if got == nil || got.Kind != want.kind || got.RetryAfter != want.wait || strings.Contains(got.Error(), "\x1b") {
			t.Errorf("%d %s: %v, want %v after %s", want.status, body, got, want.kind, want.wait)
		}
	}
	for _, body := range []string{`{"result":{"rows":[]},"error":null}`, `{"result":{"rows":[{"metadata":{"name":"\"error\""}}]}}`, ``, `[]`} {
		if got := classify(&httpkit.Response{Status: 200, Body: []byte(body)}); got != nil {
			t.Errorf("%s: %v", body, got)
		}
	}
}

func TestAnswersThatWereNotAskedForAreRefused(t *testing.T) {
	page := func(metadata, points string) string {
		return `{"result":{"rows":[{"metadata":` + metadata + `,"granularMetrics":[` + points + `]}]}}`
	}
	good := `{"date":"2026-11-04","taps":1,"localSpend":{"amount":"1.50","currency":"EUR"}}`
	for name, body := range map[string]string{
		"nothing":          `{}`,
		"null":             `null`,
		"another day":      page(`{"id":7}`, strings.Replace(good, "-04", "-05", 1)),
		"no campaign":      page(`{"name":"n"}`, good),
		"twice the same":   page(`{"id":7}`, good+","+good),
		"another currency": page(`{"id":7}`, strings.Replace(good, "EUR", "USD", 1)),
		"half a tap":       page(`{"id":7}`, strings.Replace(good, ":1,", ":1.5,", 1)),
		"a comma":          page(`{"id":7}`, strings.Replace(good, "1.50", "1,50", 1)),
		"below zero":       page(`{"id":7}`, strings.Replace(good, ":1,", ":-1,", 1)),
	} {
		if _, err := decoded(t, []byte(body), query(sources.Day, today-1, today), "total"); sources.KindOf(err) != sources.Malformed {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzPage(f *testing.F) {
	f.Add([]byte(`{"result":{"rows":[{"metadata":{"id":7,"name":"n\u001b"},"totalMetrics":{"taps":1},"granularMetrics":[{"date":"2026-10-25 02","taps":1,"totalInstalls":2,"localSpend":{"amount":"1.5","currency":"EUR"}}]}]},"pagination":{"totalCount":1}}`))
	f.Add([]byte(`{"error":{"code":"rate_limit_exceeded"}}`))
	f.Add([]byte(`{"result":{"rows":[{"metadata":{"id":"\b"}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if got := classify(&httpkit.Response{Status: 429, Header: http.Header{"Ratelimit-Reset": {string(body)}}, Body: body}); got != nil && got.RetryAfter > longest {
			t.Errorf("waits %s", got.RetryAfter)
		}
		for _, grain := range []sources.Grain{sources.Day, sources.Hour} {
			for _, other := range []bool{false, true} {
				q := query(grain, kpi.NewDate(2026, 10, 25))
				rows, err := decoded(t, body, q, "total", func(d *decoder) { d.single, d.utc = other && grain == sources.Day, other && grain == sources.Hour })
				sourcetest.CheckDecoded(t, q, rows, err)
			}
		}
	})
}

// BenchmarkDecode reads a week of hours of 150 campaigns.
func BenchmarkDecode(b *testing.B) {
	const campaigns, hours = 150, 168
	var body strings.Builder
	body.WriteString(`{"result":{"rows":[`)
	for i := range campaigns {
		if i > 0 {
			body.WriteByte(',')
		}
		fmt.Fprintf(&body, `{"metadata":{"id":%d,"name":"Prospecting %d","status":"ENABLED","deleted":false},"totalMetrics":{"localSpend":{"amount":"482.50","currency":"EUR"},"impressions":152300,"taps":3210},"granularMetrics":[`, 555666777+i, i)
		for hour := range hours {
			if hour > 0 {
				body.WriteByte(',')
			}
			fmt.Fprintf(&body, `{"date":"%s %02d","localSpend":{"amount":"%d.25","currency":"EUR"},"impressions":%d,"taps":%d,"ttr":0.021,"tapInstalls":%d,"viewInstalls":%d,"totalInstalls":%d}`,
				today-kpi.Date(hour/24), hour%24, 241+i, 76150+hour, 1605+i, 300+i, 84, 384+i)
		}
		body.WriteString(`]}`)
	}
	body.WriteString(`]},"pagination":{"offset":0,"pageSize":200,"totalCount":150}}`)
	text, q := []byte(body.String()), query(sources.Hour, today-6, today)
	sourcetest.Bench(b, "x-of-json", campaigns*hours, func() error {
		rows, err := httpkit.NewRows(platform, q, func(sources.Record) error { return nil }, sources.Hour)
		if err != nil {
			return err
		}
		_, _, err = (&decoder{rows: rows, query: q, installs: results["total"]}).page(httpkit.NewScanner(text))
		return err
	}, func() error {
		var answer struct {
			Result struct {
				Rows []struct {
					Metadata struct {
						ID           int64
						Name, Status string
					}
					GranularMetrics []struct {
						Date                             string
						Impressions, Taps, TotalInstalls int64
						LocalSpend                       struct{ Amount, Currency string }
					}
				}
			}
		}
		return json.Unmarshal(text, &answer)
	})
}
