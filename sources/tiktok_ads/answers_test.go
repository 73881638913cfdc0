package tiktokads

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

const basics = kpi.Impressions | kpi.Clicks | kpi.Cost

// decoded reads one page.
func decoded(t testing.TB, body []byte, q sources.Query) (rows []sources.Row, last int64, err error) {
	t.Helper()
	put, err := httpkit.NewRows(platform, q, sourcetest.Collect(&rows), sources.Day, sources.Hour)
	if err != nil {
		t.Fatal(err)
	}
	d := decoder{rows: put, grain: q.Grain, result: "complete_payment", value: "total_complete_payment_rate"}
	last, err = d.page(httpkit.NewScanner(body))
	return rows, last, errors.Join(err, put.Close())
}

func TestRecordedHoursReadAsAPersonWould(t *testing.T) {
	body := sourcetest.Recorded(t, "tiktok_ads", "airbyte_campaigns_reports_hourly.json")
	if refusal := classify(&httpkit.Response{Status: 200, Body: body}); refusal != nil {
		t.Fatal(refusal)
	}
	rows, last, err := decoded(t, body, query("America/Los_Angeles", sources.Hour, kpi.NewDate(2024, 1, 1)))
	if err != nil || len(rows) != 2 || last != 1 {
		t.Fatalf("%d rows, %d pages, %v", len(rows), last, err)
	}
	for i, id := range []string{"advertiser_id", "11111111"} { // the recording has the former in place of an id
		want := kpi.Metrics{Has: basics, Impressions: 4696, Clicks: 51, Cost: 20_000_000}
		if r := rows[i]; r.Entity.ID != id || r.Entity.Name != "Website Traffic20211020010104" || r.Slot.Hour != 9+i || r.Metrics != want {
			t.Errorf("got %+v, want %+v at %d o'clock; conversions were not asked for and are unknown", r, want, 9+i)
		}
	}
}

func TestRecordedDaysReadAsAPersonWould(t *testing.T) {
	var loaded []struct {
		ID      json.RawMessage `json:"campaign_id"`
		Day     string          `json:"stat_time_day"`
		Metrics json.RawMessage `json:"metrics"`
	}
	if err := json.Unmarshal(sourcetest.Recorded(t, "tiktok_ads", "airbyte_campaigns_daily_excerpt.json"), &loaded); err != nil {
		t.Fatal(err)
	}
	var page bytes.Buffer // back into the envelope, ids as the numbers that they are there
	page.WriteString(`{"code":0,"data":{"list":[`)
	for i, r := range loaded {
		fmt.Fprintf(&page, `%s{"dimensions":{"campaign_id":%s,"stat_time_day":%q},"metrics":%s}`, strings.Repeat(",", min(i, 1)), r.ID, r.Day, r.Metrics)
	}
	page.WriteString(`]}}`)
	rows, _, err := decoded(t, page.Bytes(), query("UTC", sources.Day, kpi.NewDate(2021, 10, 1), kpi.NewDate(2021, 10, 31)))
	if err != nil {
		t.Fatal(err)
	}
	var sum kpi.Metrics
	for _, r := range rows {
		sum, _ = sum.Add(r.Metrics)
	}
	if want := (kpi.Metrics{Has: basics, Impressions: 17080, Clicks: 208, Cost: 80_000_000}); len(rows) != 5 || sum != want || rows[0].Entity.ID != "1714125042508817" {
		t.Errorf("%d rows, sum %+v, want 5 and %+v", len(rows), sum, want)
	}
	if zero := rows[4]; zero.Metrics != (kpi.Metrics{Has: basics}) || zero.Entity.Name != "1714073078669329" {
		t.Errorf("a day without delivery is %+v, want zeros that are known", zero)
	}
}

func TestRecordedAccountWithoutCurrencyAndZoneIsRefused(t *testing.T) {
	var answer advertisers
	if err := json.Unmarshal(sourcetest.Recorded(t, "tiktok_ads", "airbyte_advertisers.json"), &answer); err != nil {
		t.Fatal(err)
	}
	if _, err := (*answer.Data.List)[0].account(); sources.KindOf(err) != sources.Malformed || !strings.Contains(err.Error(), "872746382648") {
		t.Errorf("got %v, want the account refused by its id: adtop guesses no currency", err)
	}
}

func TestDashesAndShortHoursOfALoadedCopyAreUnderstood(t *testing.T) {
	table, err := csv.NewReader(bytes.NewReader(sourcetest.Recorded(t, "tiktok_ads", "fivetran_campaign_report_hourly.csv"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := map[string]int{}
	for i, name := range table[0] {
		column[name] = i
	}
	var list []string
	for _, r := range table[1:] {
		list = append(list, fmt.Sprintf(`{"dimensions":{"campaign_id":%q,"stat_time_hour":%q},"metrics":{"spend":%q,"impressions":%q,"clicks":%q,"complete_payment":%q,"total_complete_payment_rate":%q}}`,
			r[column["CAMPAIGN_ID"]], r[column["STAT_TIME_HOUR"]], r[column["SPEND"]], r[column["IMPRESSIONS"]], r[column["CLICKS"]], r[column["SECONDARY_GOAL_RESULT"]], r[column["TOTAL_PURCHASE_VALUE"]]))
	}
	rows, _, err := decoded(t, []byte(`{"code":0,"data":{"list":[`+strings.Join(list, ",")+`]}}`), query("UTC", sources.Hour, kpi.NewDate(2021, 9, 15)))
	if err != nil || len(rows) != 4 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	want := kpi.Metrics{Has: basics | kpi.Revenue, Impressions: 22222, Clicks: 22, Cost: 222_120_000}
	if rows[0].Metrics != want || rows[0].Slot.Hour != 5 || rows[3].Slot.Hour != 10 {
		t.Errorf("got %+v, want %+v at five: a dash is unknown, 0.00 is not", rows[0], want)
	}
}

func TestErrorsAreToldByTheEnvelopesCode(t *testing.T) {
	for code, want := range map[int]sources.Kind{
		40100: sources.QuotaKind, 40101: sources.Auth, 40102: sources.Auth, 40104: sources.Auth, 40105: sources.Auth, 40133: sources.Auth,
		40001: sources.Permission, 40002: sources.Invalid, 40007: sources.Invalid, 50000: sources.Unavailable, 50002: sources.Unavailable, 51010: sources.Unavailable,
	} {
		for _, status := range []int{200, 500} {
			got := classify(&httpkit.Response{Status: status, Header: http.Header{}, Body: fmt.Appendf(nil, `{"message":"why\u001b[31m","code":"%d","request_id":"r1","data":{}}`, code)})
			if got == nil || got.Kind != want || !strings.Contains(got.Error(), "r1") || strings.Contains(got.Error(), "\x1b") {
				t.Errorf("%d: %v, want %v", code, got, want)
			}
		}
	}
	for _, body := range []string{`{"code":0,"data":{}}`, `{"data":{"code":7},"code":0}`, `[]`, `what`} {
		if got := classify(&httpkit.Response{Status: 200, Body: []byte(body)}); got != nil {
			t.Errorf("%s: %v", body, got)
		}
	}
}

// line is a row of an answer by day.
func line(id, day, metrics string) string {
	return fmt.Sprintf(`{"dimensions":{"campaign_id":%q,"stat_time_day":"%s 00:00:00"},"metrics":{%s}}`, id, day, metrics)
}

func TestAnswersThatWereNotAskedForAreRefused(t *testing.T) {
	good := line("7", "2026-11-01", `"spend":"1.00"`)
	for name, list := range map[string]string{
		"another day":       line("7", "2026-12-01", ""),
		"no day":            line("7", "yesterday", ""),
		"no campaign":       line("", "2026-11-01", ""),
		"twice the same":    good + "," + good,
		"spend no number":   line("7", "2026-11-01", `"spend":"1,5"`),
		"negative clicks":   line("7", "2026-11-01", `"clicks":"-1"`),
		"more than 64 bits": line("7", "2026-11-01", `"spend":"99999999999999999999"`),
	} {
		_, _, err := decoded(t, []byte(`{"code":0,"data":{"list":[`+list+`]}}`), query("UTC", sources.Day, kpi.NewDate(2026, 11, 1)))
		if sources.KindOf(err) != sources.Malformed {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, body := range []string{`{"code":0,"data":{}}`, `{"code":0}`} {
		if _, _, err := decoded(t, []byte(body), query("UTC", sources.Day, kpi.NewDate(2026, 11, 1))); sources.KindOf(err) != sources.Malformed {
			t.Errorf("%s: %v, want it refused: no list is not no rows", body, err)
		}
	}
}

func TestEachResultHasItsMetrics(t *testing.T) {
	for result, want := range map[string][2]string{
		"purchase": {"complete_payment", "total_complete_payment_rate"}, "lead": {"form", ""}, "conversion": {"conversion", ""},
	} {
		o := Options{Result: result}
		if got, value := o.metrics(); got != want[0] || value != want[1] {
			t.Errorf("%s: %s, %s", result, got, value)
		}
	}
	o := Options{Result: "lead", Value: "total_sales_lead_value"}
	if _, value := o.metrics(); value != "total_sales_lead_value" {
		t.Errorf("value is %s", value)
	}
}

func FuzzPage(f *testing.F) {
	f.Add([]byte(`{"code":0,"data":{"list":[` + line("7", "2026-10-25", `"spend":"1.50","clicks":3,"complete_payment":"-"`) + `],"page_info":{"total_page":2}}}`))
	f.Add([]byte(`{"code":0,"data":{"list":[{"dimensions":{"campaign_id":7,"stat_time_hour":"2026-10-25 2:00:00"},"metrics":{"campaign_name":"a\u001b"}}]}}`))
	f.Add([]byte(`{"code":40100,"message":"slow down"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		classify(&httpkit.Response{Status: 200, Header: http.Header{}, Body: body})
		for _, grain := range []sources.Grain{sources.Day, sources.Hour} {
			q := query("Europe/Berlin", grain, kpi.NewDate(2026, 10, 25))
			rows, _, err := decoded(t, body, q)
			sourcetest.CheckDecoded(t, q, rows, err)
		}
	})
}

// plainRow is what encoding/json decodes a row into.
type plainRow struct {
	Dimensions struct {
		CampaignID string `json:"campaign_id"`
		Hour       string `json:"stat_time_hour"`
	} `json:"dimensions"`
	Metrics struct {
		Name        string `json:"campaign_name"`
		Spend       string `json:"spend"`
		Impressions string `json:"impressions"`
		Clicks      string `json:"clicks"`
		Conversions string `json:"complete_payment"`
		Value       string `json:"total_complete_payment_rate"`
	} `json:"metrics"`
}

// BenchmarkDecode reads a full page: the hours of 41 campaigns.
func BenchmarkDecode(b *testing.B) {
	var list []string
	for i := range pageRows {
		list = append(list, fmt.Sprintf(`{"dimensions":{"campaign_id":"17141250425088%03d","stat_time_hour":"2026-11-20 %02d:00:00"},"metrics":{"campaign_name":"Prospecting %d","spend":"%d.25","impressions":"%d","clicks":"%d","complete_payment":"%d","total_complete_payment_rate":"%d.90"}}`,
			i/24, i%24, i/24, i, 100*i, i, i%7, 50*(i%7)))
	}
	body := []byte(`{"code":0,"message":"OK","request_id":"r","data":{"list":[` + strings.Join(list, ",") + `],"page_info":{"page":1,"page_size":1000,"total_number":1000,"total_page":1}}}`)
	q := sources.Query{Account: sources.Account{ID: "1", Zone: time.UTC}, Level: sources.LevelCampaign, Grain: sources.Hour, Days: kpi.DateRange{From: kpi.NewDate(2026, 11, 20), To: kpi.NewDate(2026, 11, 20)}}
	sourcetest.Bench(b, "x-of-json", pageRows, func() error {
		rows, err := httpkit.NewRows(platform, q, func(sources.Record) error { return nil }, sources.Hour)
		if err != nil {
			return err
		}
		d := decoder{rows: rows, grain: q.Grain, result: "complete_payment", value: "total_complete_payment_rate"}
		_, err = d.page(httpkit.NewScanner(body))
		return err
	}, func() error {
		var page struct {
			Code int
			Data struct{ List []plainRow }
		}
		return json.Unmarshal(body, &page)
	})
}
