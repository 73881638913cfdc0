package linkedinads

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
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

// element is a row of an answer.
func element(id string, d kpi.Date, fields string) string {
	day := strings.Split(d.String(), "-")
	date := fmt.Sprintf(`{"year":%s,"month":%s,"day":%s}`, day[0], strings.TrimPrefix(day[1], "0"), strings.TrimPrefix(day[2], "0"))
	return fmt.Sprintf(`{"dateRange":{"start":%s,"end":%s},"pivotValues":["urn:li:sponsoredCampaign:%s"],%s}`, date, date, id, fields)
}

// decoded reads an answer about website conversions.
func decoded(t testing.TB, body []byte, q sources.Query) (rows []sources.Row, err error) {
	t.Helper()
	put, err := httpkit.NewRows(platform, q, sourcetest.Collect(&rows), sources.Day)
	if err != nil {
		t.Fatal(err)
	}
	err = (&decoder{rows: put, metrics: results["conversion"]}).read(httpkit.NewScanner(body))
	return rows, err
}

func TestRecordedDaysReadAsAPersonWould(t *testing.T) {
	body := sourcetest.Recorded(t, "linkedin_ads", "airbyte_ad_campaign_analytics_response_1.json")
	rows, err := decoded(t, body, query(kpi.NewDate(2023, 1, 1), kpi.NewDate(2023, 1, 31)))
	if err != nil || len(rows) != 2 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for i, want := range []kpi.Metrics{ // the cost there is in dollars; the account's currency was not asked for
		{Has: kpi.Impressions | kpi.Clicks, Impressions: 19090, Clicks: 100}, {Has: kpi.Impressions | kpi.Clicks, Impressions: 20210, Clicks: 408},
	} {
		if r := rows[i]; r.Metrics != want || r.Entity.ID != "1111" || r.Slot.Date != kpi.NewDate(2023, 1, 2+i) {
			t.Errorf("got %+v, want %+v", r, want)
		}
	}
}

func TestRecordedCostWithALongTailIsRounded(t *testing.T) {
	var loaded []struct {
		ID   string          `json:"campaign_id"`
		Date string          `json:"date"`
		Cost json.RawMessage `json:"costInLocalCurrency"`
	}
	if err := json.Unmarshal(sourcetest.Recorded(t, "linkedin_ads", "airbyte_recorded_daily_excerpt.json"), &loaded); err != nil {
		t.Fatal(err)
	}
	d, err := kpi.ParseDate(loaded[0].Date)
	if err != nil || len(loaded) != 1 {
		t.Fatal(err)
	}
	for _, cost := range []string{string(loaded[0].Cost), `"` + string(loaded[0].Cost) + `"`} {
		rows, err := decoded(t, []byte(`{"elements":[`+element(loaded[0].ID, d, `"costInLocalCurrency":`+cost)+`]}`), query(d))
		if err != nil || len(rows) != 1 || rows[0].Metrics != (kpi.Metrics{Has: kpi.Cost, Cost: 100_000_000}) {
			t.Errorf("%s: %+v, %v", cost, rows, err)
		}
	}
}

func TestCrumbsBelowZeroAreNothing(t *testing.T) {
	for text, want := range map[string]kpi.Micros{`"-2e-18"`: 0, `"-0.004"`: 0, `"-0.01"`: -10_000, `"-5"`: -5_000_000, `"0.004"`: 4000} {
		rows, err := decoded(t, []byte(`{"elements":[`+element("1", today, `"costInLocalCurrency":`+text)+`]}`), query(today))
		if err != nil || rows[0].Metrics.Cost != want {
			t.Errorf("%s: %+v, %v", text, rows, err)
		}
	}
}

func TestLoadedDaysReadAsAPersonWould(t *testing.T) {
	table, err := csv.NewReader(bytes.NewReader(sourcetest.Recorded(t, "linkedin_ads", "fivetran_ad_analytics_by_campaign.csv"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]string{
		"clicks": "clicks", "impressions": "impressions", "cost_in_local_currency": "costInLocalCurrency",
		"external_website_conversions": "externalWebsiteConversions", "conversion_value_in_local_currency": "conversionValueInLocalCurrency",
	}
	var list []string
	for _, r := range table[1:] {
		var fields []string
		for i, name := range table[0] {
			if names[name] != "" && r[i] != "" { // an empty cell was a field that was not returned
				fields = append(fields, fmt.Sprintf("%q:%q", names[name], r[i]))
			}
		}
		d, err := kpi.ParseDate(r[1][:10])
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, element(r[0], d, strings.Join(fields, ",")))
	}
	rows, err := decoded(t, []byte(`{"elements":[`+strings.Join(list, ",")+`]}`), query(kpi.NewDate(2020, 1, 1), kpi.NewDate(2021, 12, 31)))
	if err != nil || len(rows) != len(table)-1 {
		t.Fatalf("%d rows of %d, %v", len(rows), len(table)-1, err)
	}
	if want := (kpi.Metrics{Has: kpi.Usual, Impressions: 125, Clicks: 51, Cost: 50_200_000}); rows[2].Metrics != want || rows[2].Slot.Date != kpi.NewDate(2020, 3, 28) {
		t.Errorf("got %+v, want %+v", rows[2], want)
	}
	if rows[0].Metrics.Knows(kpi.Impressions) || rows[0].Metrics.Clicks != 18 {
		t.Errorf("got %+v: impressions were not returned", rows[0])
	}
}

func TestRecordedErrorAndAccountsAreUnderstood(t *testing.T) {
	var recorded struct {
		Status int
		Body   json.RawMessage
	}
	if err := json.Unmarshal(sourcetest.Recorded(t, "linkedin_ads", "error_empty_token.json"), &recorded); err != nil {
		t.Fatal(err)
	}
	if got := classify(&httpkit.Response{Status: recorded.Status, Header: http.Header{}, Body: recorded.Body}); got == nil || got.Kind != sources.Auth || got.Next == "" {
		t.Errorf("got %v", got)
	}
	history, err := csv.NewReader(bytes.NewReader(sourcetest.Recorded(t, "linkedin_ads", "fivetran_ad_account_history.csv"))).ReadAll()
	if err != nil || len(history) != 15 {
		t.Fatalf("%d lines, %v", len(history), err)
	}
	for _, r := range history[1:] { // versions of one account
		a, err := httpkit.Account(platform, r[0], r[3], r[4], "UTC")
		if err != nil || a.ID != "507515057" || a.Currency != "USD" || a.Zone != time.UTC {
			t.Errorf("%+v, %v", a, err)
		}
	}
}

func TestErrorsAreToldByStatus(t *testing.T) {
	for status, want := range map[int]sources.Kind{
		400: sources.Invalid, 401: sources.Auth, 403: sources.Permission, 404: sources.Invalid, 414: sources.Invalid, 426: sources.Invalid, 429: sources.QuotaKind, 500: sources.Unavailable, 504: sources.Unavailable,
	} {
		if got := classify(&httpkit.Response{Status: status, Header: http.Header{}, Body: []byte(`{"message":"why\u001b","serviceErrorCode":"65601","status":1}`)}); got == nil || got.Kind != want || strings.Contains(got.Error(), "\x1b") {
			t.Errorf("%d: %v, want %v", status, got, want)
		}
	}
	for text, want := range map[string]time.Duration{"Resource level throttle APPLICATION DAY limit": time.Hour, "The data request limit is exceeded": 330 * time.Second} {
		if got := classify(&httpkit.Response{Status: 429, Header: http.Header{}, Body: fmt.Appendf(nil, `{"message":%q}`, text)}); got.RetryAfter != want {
			t.Errorf("%s: %v", text, got)
		}
	}
	if got := classify(&httpkit.Response{Status: 200, Body: []byte(`{"message":"m"}`)}); got != nil {
		t.Errorf("a good answer: %v", got)
	}
}

func TestAnswersThatWereNotAskedForAreRefused(t *testing.T) {
	good := element("7", today, `"clicks":1`)
	for name, list := range map[string]string{
		"another day":    element("7", today+1, `"clicks":1`),
		"two days":       strings.Replace(good, `"day":4}}`, `"day":5}}`, 1),
		"no day":         `{"pivotValues":["urn:li:sponsoredCampaign:7"]}`,
		"an account":     strings.Replace(good, "sponsoredCampaign", "sponsoredAccount", 1),
		"no campaign":    element("", today, `"clicks":1`),
		"twice the same": good + "," + good,
		"a comma":        element("7", today, `"costInLocalCurrency":"1,5"`),
		"below zero":     element("7", today, `"clicks":-1`),
	} {
		if _, err := decoded(t, []byte(`{"elements":[`+list+`]}`), query(today)); sources.KindOf(err) != sources.Malformed {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := decoded(t, []byte(`{"paging":{}}`), query(today)); sources.KindOf(err) != sources.Malformed {
		t.Errorf("no elements: %v", err)
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add([]byte(`{"elements":[` + element("7", today, `"clicks":1,"costInLocalCurrency":"-2e-18","externalWebsiteConversions":0.5`) + `]}`))
	f.Add([]byte(`{"elements":[{"dateRange":{"start":{"year":2026,"month":13,"day":40}}}]}`))
	f.Add([]byte(`{"message":"m","serviceErrorCode":401,"status":401}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		classify(&httpkit.Response{Status: 401, Header: http.Header{}, Body: body})
		q := query(today)
		rows, err := decoded(t, body, q)
		sourcetest.CheckDecoded(t, q, rows, err)
	})
}

// plainElement is what encoding/json decodes a row into.
type plainElement struct {
	DateRange struct {
		Start, End struct{ Year, Month, Day int }
	} `json:"dateRange"`
	Pivots  []string `json:"pivotValues"`
	Views   int64    `json:"impressions"`
	Clicks  int64    `json:"clicks"`
	Cost    string   `json:"costInLocalCurrency"`
	Results int64    `json:"externalWebsiteConversions"`
	Value   string   `json:"conversionValueInLocalCurrency"`
}

// BenchmarkDecode reads a week of 2,000 campaigns.
func BenchmarkDecode(b *testing.B) {
	const n = 14_000
	var list []string
	for i := range n {
		list = append(list, element(fmt.Sprintf("25207%04d", i/7), today-kpi.Date(i%7), fmt.Sprintf(`"impressions":%d,"clicks":%d,"costInLocalCurrency":"%d.4499","externalWebsiteConversions":%d,"conversionValueInLocalCurrency":"%d.5"`, 100*i, i, i, i%7, 50*(i%7))))
	}
	body := []byte(`{"paging":{"start":0,"count":10,"links":[]},"elements":[` + strings.Join(list, ",") + `]}`)
	q := query(today-6, today)
	sourcetest.Bench(b, "x-of-json", n, func() error {
		rows, err := httpkit.NewRows(platform, q, func(sources.Record) error { return nil }, sources.Day)
		if err != nil {
			return err
		}
		return (&decoder{rows: rows, metrics: results["conversion"]}).read(httpkit.NewScanner(body))
	}, func() error {
		var answer struct{ Elements []plainElement }
		return json.Unmarshal(body, &answer)
	})
}
