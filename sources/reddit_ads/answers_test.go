package redditads

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

// decoded reads one page about purchases, worth cents.
func decoded(t testing.TB, body []byte, q sources.Query) (rows []sources.Row, d *decoder, err error) {
	t.Helper()
	put, err := httpkit.NewRows(platform, q, sourcetest.Collect(&rows), sources.Day)
	if err != nil {
		t.Fatal(err)
	}
	d = newDecoder(put, &Options{Result: "purchase", Count: "clicks_and_views", ValueUnit: "cents"})
	_, err = d.page(httpkit.NewScanner(body))
	return rows, d, err
}

const basics = kpi.Impressions | kpi.Clicks | kpi.Cost

func TestRecordedPageReadsAsAPersonWould(t *testing.T) {
	body := sourcetest.Recorded(t, "reddit_ads", "report_page.json")
	q := query(kpi.NewDate(2026, 7, 1))
	if rows, _, err := decoded(t, body, q); sources.KindOf(err) != sources.Malformed || len(rows) != 0 || !strings.Contains(err.Error(), "campaign") {
		t.Errorf("%d rows, %v: a total of all campaigns is no campaign", len(rows), err)
	}
	body = bytes.Replace(body, []byte(`"date"`), []byte(`"campaign_id":"7","date"`), 1)
	rows, d, err := decoded(t, body, q)
	if want := (kpi.Metrics{Has: basics, Impressions: 100, Clicks: 5, Cost: 51_036_973}); err != nil || len(rows) != 1 || rows[0].Metrics != want {
		t.Errorf("got %+v, %v, want %+v", rows, err, want)
	}
	if want := time.Date(2026, 7, 20, 2, 16, 44, 0, time.UTC); !d.updated.Equal(want) {
		t.Errorf("as of %s, want %s", d.updated, want)
	}
}

func TestRecordedErrorNamesTheField(t *testing.T) {
	var recorded struct {
		Status int
		Body   json.RawMessage
	}
	if err := json.Unmarshal(sourcetest.Recorded(t, "reddit_ads", "error_400.json"), &recorded); err != nil {
		t.Fatal(err)
	}
	got := classify(&httpkit.Response{Status: recorded.Status, Header: http.Header{}, Body: recorded.Body})
	if got == nil || got.Kind != sources.Invalid || !strings.Contains(got.Error(), "data/fields/6: 'X' is not one of") {
		t.Errorf("got %v", got)
	}
}

func TestLoadedCopiesReadAsAPersonWould(t *testing.T) {
	table, err := csv.NewReader(bytes.NewReader(sourcetest.Recorded(t, "reddit_ads", "fivetran_campaign_report.csv"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := map[string]int{}
	for i, name := range table[0] {
		column[name] = i
	}
	var list []string
	for _, r := range table[1:] {
		list = append(list, fmt.Sprintf(`{"campaign_id":%q,"date":%q,"impressions":%s,"clicks":%s,"spend":%s,"cpc":%s}`,
			r[column["campaign_id"]], r[column["date"]], r[column["impressions"]], r[column["clicks"]], r[column["spend"]], r[column["cpc"]]))
	}
	rows, _, err := decoded(t, []byte(`{"data":{"metrics":[`+strings.Join(list, ",")+`]}}`), query(kpi.NewDate(2022, 1, 1), kpi.NewDate(2023, 12, 31)))
	if err != nil || len(rows) != len(table)-1 {
		t.Fatalf("%d rows of %d, %v", len(rows), len(table)-1, err)
	}
	if want := (kpi.Metrics{Has: basics, Impressions: 37523, Clicks: 108, Cost: 158_865_149}); rows[0].Metrics != want || rows[0].Entity.ID != "1510393823694638543" {
		t.Errorf("got %+v, want %+v", rows[0], want)
	}
	accounts, err := csv.NewReader(bytes.NewReader(sourcetest.Recorded(t, "reddit_ads", "fivetran_account.csv"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	a, err := httpkit.Account(platform, accounts[1][0], "", accounts[1][5], accounts[1][7])
	if err != nil || a.ID != "1234" || a.Currency != "USD" || a.Zone.String() != "GMT" {
		t.Errorf("%+v, %v", a, err)
	}
}

func TestErrorsAreToldByStatus(t *testing.T) {
	for status, want := range map[int]sources.Kind{
		400: sources.Invalid, 401: sources.Auth, 403: sources.Permission, 404: sources.Permission, 410: sources.Invalid, 429: sources.QuotaKind, 503: sources.Unavailable,
	} {
		if got := classify(&httpkit.Response{Status: status, Header: http.Header{}, Body: []byte(`{"error":{"message":"why\u001b","fields":null}}`)}); got == nil || got.Kind != want || strings.Contains(got.Error(), "\x1b") {
			t.Errorf("%d: %v, want %v", status, got, want)
		}
	}
	for told, want := range map[string]time.Duration{"": throttled, "1": throttled, "90.5": 90*time.Second + 500*time.Millisecond, "1e99": longest, "soon": throttled, "-4": throttled} {
		got := classify(&httpkit.Response{Status: 429, Header: http.Header{"X-Ratelimit-Reset": {told}}, Body: []byte(`{"error":{"message":"m"}}`)})
		if got.RetryAfter != want {
			t.Errorf("%q: %s, want %s", told, got.RetryAfter, want)
		}
	}
}

func TestClicksAndViewsAddUpAndNothingIsUnknown(t *testing.T) {
	body := `{"data":{"metrics":[
		{"date":"2026-11-04","campaign_id":"1","conversion_purchase_clicks":3,"conversion_purchase_views":1,"conversion_purchase_total_value":7950},
		{"date":"2026-11-04","campaign_id":"2","conversion_purchase_clicks":null,"conversion_purchase_views":2,"spend":null},
		{"date":"2026-11-04","campaign_id":"3","conversion_purchase_clicks":2}]},"pagination":{"next_url":null}}`
	rows, _, err := decoded(t, []byte(body), query(today))
	want := []kpi.Metrics{
		{Has: kpi.Conversions | kpi.Revenue | kpi.ViewThrough, Conversions: 4_000_000, Revenue: 79_500_000, ViewThrough: 1_000_000},
		{Has: kpi.Conversions | kpi.ViewThrough, Conversions: 2_000_000, ViewThrough: 2_000_000}, {Has: kpi.Conversions, Conversions: 2_000_000},
	}
	if err != nil || len(rows) != len(want) {
		t.Fatalf("%+v, %v", rows, err)
	}
	for i := range want {
		if rows[i].Metrics != want[i] {
			t.Errorf("got %+v, want %+v", rows[i].Metrics, want[i])
		}
	}
}

func TestAnswersThatWereNotAskedForAreRefused(t *testing.T) {
	good := `{"date":"2026-11-04","campaign_id":"7","clicks":1}`
	for name, list := range map[string]string{
		"another day":    strings.Replace(good, "-04", "-05", 1),
		"an hour":        strings.Replace(good, "-04", "-04T13:00:00Z", 1),
		"no campaign":    `{"date":"2026-11-04"}`,
		"twice the same": good + "," + good,
		"half a click":   strings.Replace(good, ":1}", ":1.5}", 1),
		"below zero":     strings.Replace(good, ":1}", ":-1}", 1),
	} {
		if _, _, err := decoded(t, []byte(`{"data":{"metrics":[`+list+`]}}`), query(today)); sources.KindOf(err) != sources.Malformed {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, body := range []string{`{"data":{}}`, `{}`, `null`} {
		if _, _, err := decoded(t, []byte(body), query(today)); sources.KindOf(err) != sources.Malformed {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func FuzzPage(f *testing.F) {
	f.Add([]byte(`{"data":{"metrics":[{"date":"2026-11-04","campaign_id":"7","clicks":1,"spend":51036973,"conversion_purchase_views":1,"conversion_purchase_total_value":0.5}],"metrics_updated_at":"2026-11-04T02:16:44Z"},"pagination":{}}`))
	f.Add([]byte(`{"error":{"code":400,"message":"Bad Request","fields":[{"field":"f","message":"m"}]}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if got := classify(&httpkit.Response{Status: 429, Header: http.Header{"X-Ratelimit-Reset": {string(body)}}, Body: body}); got != nil && (got.RetryAfter > longest || got.RetryAfter < 0) {
			t.Errorf("waits %s", got.RetryAfter)
		}
		q := query(today)
		rows, _, err := decoded(t, body, q)
		sourcetest.CheckDecoded(t, q, rows, err)
	})
}

// BenchmarkDecode reads a month of 500 campaigns.
func BenchmarkDecode(b *testing.B) {
	const n = 15_000
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf(`{"date":"%s","campaign_id":"151039382369463%04d","impressions":%d,"clicks":%d,"spend":%d,"conversion_purchase_clicks":%d,"conversion_purchase_views":%d,"conversion_purchase_total_value":%d}`,
			today-kpi.Date(i%30), i/30, 100*i, i, 1_250_000*i, i%7, i%2, 4990*(i%7)))
	}
	body := []byte(`{"data":{"metrics":[` + strings.Join(list, ",") + `],"metrics_updated_at":"2026-11-04T02:16:44Z"},"pagination":{"next_url":null}}`)
	q := query(today-29, today)
	sourcetest.Bench(b, "x-of-json", n, func() error {
		rows, err := httpkit.NewRows(platform, q, func(sources.Record) error { return nil }, sources.Day)
		if err != nil {
			return err
		}
		_, err = newDecoder(rows, &Options{Result: "purchase", Count: "clicks_and_views", ValueUnit: "cents"}).page(httpkit.NewScanner(body))
		return err
	}, func() error {
		var page struct {
			Data struct {
				Metrics []struct {
					Date                       string
					ID                         string `json:"campaign_id"`
					Impressions, Clicks, Spend int64
					AfterClicks                int64 `json:"conversion_purchase_clicks"`
					AfterViews                 int64 `json:"conversion_purchase_views"`
					Value                      int64 `json:"conversion_purchase_total_value"`
				}
			}
		}
		return json.Unmarshal(body, &page)
	})
}
