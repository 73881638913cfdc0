package pinterestads

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

// decoded reads an answer about checkouts.
func decoded(t testing.TB, body []byte, q sources.Query, clicks string) (rows []sources.Row, err error) {
	t.Helper()
	put, err := httpkit.NewRows(platform, q, sourcetest.Collect(&rows), sources.Day)
	if err != nil {
		t.Fatal(err)
	}
	err = (&decoder{rows: put, clicks: clicks, result: results["checkout"]}).read(httpkit.NewScanner(body))
	return rows, err
}

func TestDocumentedAnswerReadsAsAPersonWould(t *testing.T) {
	body := sourcetest.Recorded(t, "pinterest_ads", "openapi_campaign_analytics_example.json")
	rows, err := decoded(t, body, query(kpi.NewDate(2021, 4, 1)), "TOTAL_CLICKTHROUGH")
	want := sources.Row{
		Entity:  sources.Entity{Level: sources.LevelCampaign, ID: "547602124502", Name: "547602124502"},
		Slot:    sources.Slot{Date: kpi.NewDate(2021, 4, 1), Grain: sources.Day},
		Metrics: kpi.Metrics{Has: kpi.Clicks, Clicks: 216},
	}
	if err != nil || len(rows) != 1 || rows[0] != want {
		t.Errorf("got %+v, %v, want %+v: its cost is in units, which are never asked for", rows, err, want)
	}
}

func TestDocumentedErrorsHaveTheirKind(t *testing.T) {
	var documented []struct {
		Status int
		Body   json.RawMessage
	}
	if err := json.Unmarshal(sourcetest.Recorded(t, "pinterest_ads", "openapi_errors.json"), &documented); err != nil {
		t.Fatal(err)
	}
	want := []sources.Kind{sources.Invalid, sources.Permission}
	if len(documented) != len(want) {
		t.Fatalf("%d errors", len(documented))
	}
	for i, e := range documented {
		if got := classify(&httpkit.Response{Status: e.Status, Header: http.Header{}, Body: e.Body}); got == nil || got.Kind != want[i] {
			t.Errorf("%s: %v, want %v", e.Body, got, want[i])
		}
	}
}

func TestLoadedDaysAreInMillionthsOfTheAccountsCurrency(t *testing.T) {
	table, err := csv.NewReader(bytes.NewReader(sourcetest.Recorded(t, "pinterest_ads", "fivetran_campaign_report.csv"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, r := range table[1:] { // conversions there are of all kinds, in place of checkouts
		list = append(list, fmt.Sprintf(`{"DATE":%q,"CAMPAIGN_ID":%q,"IMPRESSION_1":%s,"OUTBOUND_CLICK_1":%s,"SPEND_IN_MICRO_DOLLAR":%s.0,"TOTAL_CHECKOUT":%s,"TOTAL_CHECKOUT_VALUE_IN_MICRO_DOLLAR":%s}`,
			r[0], r[1], r[6], r[8], r[10], r[11], r[13]))
	}
	rows, err := decoded(t, []byte("["+strings.Join(list, ",")+"]"), query(kpi.NewDate(2023, 6, 1), kpi.NewDate(2023, 6, 30)), "OUTBOUND_CLICK_1")
	if err != nil || len(rows) != 5 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	if want := (kpi.Metrics{Has: kpi.Usual, Impressions: 15000, Clicks: 450, Cost: 2_250_000, Conversions: 45_000_000, Revenue: 4_500_000}); rows[0].Metrics != want {
		t.Errorf("got %+v, want %+v", rows[0].Metrics, want)
	}
}

func TestErrorsAreToldByStatusAndWords(t *testing.T) {
	for _, rule := range []struct {
		status int
		body   string
		header string
		kind   sources.Kind
		wait   time.Duration
	}{
		{401, `{"code":3,"message":"Authorization failed."}`, "", sources.Auth, 0},
		{403, `{"code":29,"message":"m"}`, "", sources.Permission, 0},
		{429, `{"code":8,"message":"m"}`, "", sources.QuotaKind, time.Minute},
		{429, `{"code":8,"message":"m"}`, "40", sources.QuotaKind, 40 * time.Second},
		{400, `{"code":8,"message":"Retry after 90 seconds"}`, "40", sources.QuotaKind, 90 * time.Second},
		{400, `{"code":1,"message":"retry AFTER 999999999 seconds"}`, "", sources.QuotaKind, 24 * time.Hour},
		{400, `{"code":12,"message":"Something went wrong"}`, "", sources.Unavailable, 0},
		{400, `{"code":"1","message":"why\u001b"}`, "", sources.Invalid, 0},
		{503, `{"code":12,"message":"m"}`, "", sources.Unavailable, 0},
	} {
		got := classify(&httpkit.Response{Status: rule.status, Header: http.Header{"X-Ratelimit-Reset": {rule.header}}, Body: []byte(rule.body)})
		if got == nil || got.Kind != rule.kind || got.RetryAfter != rule.wait || strings.Contains(got.Error(), "\x1b") {
			t.Errorf("%d %s: %v, want %v after %s", rule.status, rule.body, got, rule.kind, rule.wait)
		}
	}
}

func TestAnswersThatWereNotAskedForAreRefused(t *testing.T) {
	good := `{"DATE":"2026-11-04","CAMPAIGN_ID":"7","IMPRESSION_1":1}`
	for name, body := range map[string]string{
		"null":           "null",
		"an object":      `{"items":[]}`,
		"another day":    "[" + strings.Replace(good, "-04", "-05", 1) + "]",
		"an hour":        "[" + strings.Replace(good, "-04", "-04T13", 1) + "]",
		"no campaign":    `[{"DATE":"2026-11-04"}]`,
		"twice the same": "[" + good + "," + good + "]",
		"half a view":    "[" + strings.Replace(good, ":1}", ":1.5}", 1) + "]",
		"below zero":     "[" + strings.Replace(good, ":1}", ":-1}", 1) + "]",
	} {
		if _, err := decoded(t, []byte(body), query(today), "OUTBOUND_CLICK_1"); sources.KindOf(err) != sources.Malformed {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add([]byte(`[{"DATE":"2026-11-04","CAMPAIGN_ID":"7","SPEND_IN_MICRO_DOLLAR":2250000.0,"OUTBOUND_CLICK_1":3,"TOTAL_CHECKOUT":4}]`))
	f.Add([]byte(`{"code":8,"message":"Retry after 5 seconds"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if got := classify(&httpkit.Response{Status: 400, Header: http.Header{"X-Ratelimit-Reset": {string(body)}}, Body: body}); got != nil && got.RetryAfter > longest {
			t.Errorf("waits %s", got.RetryAfter)
		}
		q := query(today)
		rows, err := decoded(t, body, q, "OUTBOUND_CLICK_1")
		sourcetest.CheckDecoded(t, q, rows, err)
	})
}

// BenchmarkDecode reads a week of 250 campaigns, eight times as much as one answer.
func BenchmarkDecode(b *testing.B) {
	const n = 14_000
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf(`{"DATE":"%s","CAMPAIGN_ID":"62673556%04d","SPEND_IN_MICRO_DOLLAR":%d,"IMPRESSION_1":%d,"OUTBOUND_CLICK_1":%d,"TOTAL_CHECKOUT":%d,"TOTAL_CHECKOUT_VALUE_IN_MICRO_DOLLAR":%d}`,
			today-kpi.Date(i%7), i/7, 1_250_000*i, 100*i, i, i%7, 49_900_000*(i%7)))
	}
	body := []byte("[" + strings.Join(list, ",") + "]")
	q := query(today-6, today)
	sourcetest.Bench(b, "x-of-json", n, func() error {
		rows, err := httpkit.NewRows(platform, q, func(sources.Record) error { return nil }, sources.Day)
		if err != nil {
			return err
		}
		return (&decoder{rows: rows, clicks: "OUTBOUND_CLICK_1", result: results["checkout"]}).read(httpkit.NewScanner(body))
	}, func() error {
		var rows []struct {
			Date    string
			ID      string `json:"CAMPAIGN_ID"`
			Spend   int64  `json:"SPEND_IN_MICRO_DOLLAR"`
			Views   int64  `json:"IMPRESSION_1"`
			Clicks  int64  `json:"OUTBOUND_CLICK_1"`
			Results int64  `json:"TOTAL_CHECKOUT"`
			Value   int64  `json:"TOTAL_CHECKOUT_VALUE_IN_MICRO_DOLLAR"`
		}
		return json.Unmarshal(body, &rows)
	})
}
