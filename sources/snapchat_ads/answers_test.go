package snapchatads

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
	"adtop/sources/sourcetest"
)

// decoded reads one page about purchases.
func decoded(t testing.TB, body []byte, q sources.Query) (rows []sources.Row, link string, err error) {
	t.Helper()
	put, err := httpkit.NewRows(platform, q, sourcetest.Collect(&rows), sources.Day, sources.Hour)
	if err != nil {
		t.Fatal(err)
	}
	put.RealHours = true
	d := decoder{rows: put, query: q, metrics: results["purchase"], slots: map[string]sources.Slot{}}
	link, err = d.page(httpkit.NewScanner(body))
	return rows, link, err
}

const angeles = "America/Los_Angeles"

func TestRecordedDaysReadAsAPersonWould(t *testing.T) {
	body := sourcetest.Recorded(t, "snapchat_ads", "snapads4j_getStatsCampaignDay.json")
	rows, link, err := decoded(t, body, query(angeles, sources.Day, kpi.NewDate(2017, 4, 28), kpi.NewDate(2017, 4, 29)))
	if err != nil || len(rows) != 2 || link != "" {
		t.Fatalf("%d rows, link %q, %v", len(rows), link, err)
	}
	want := kpi.Metrics{Has: kpi.Impressions | kpi.Clicks | kpi.Conversions, Impressions: 7715, Clicks: 57, Conversions: 200_000_000}
	if rows[1].Metrics != want || rows[1].Slot.Date != kpi.NewDate(2017, 4, 29) || rows[1].Entity.ID != "69d120bd-b319-4201-9a2a-0e64b2ee5411" {
		t.Errorf("got %+v, want %+v: cost was not asked for and is unknown", rows[1], want)
	}
}

func TestRecordedHourReadsAsAPersonWould(t *testing.T) {
	body := sourcetest.Recorded(t, "snapchat_ads", "airbyte_hour_raw_shape.json")
	rows, _, err := decoded(t, body, query(angeles, sources.Hour, kpi.NewDate(2022, 6, 24)))
	want := sources.Row{
		Entity:  sources.Entity{Level: sources.LevelCampaign, ID: "xxx", Name: "xxx"},
		Slot:    sources.Slot{Date: kpi.NewDate(2022, 6, 24), Grain: sources.Hour, Hour: 17},
		Metrics: kpi.Metrics{Has: kpi.Impressions | kpi.Clicks | kpi.Cost},
	}
	if err != nil || len(rows) != 1 || rows[0] != want {
		t.Errorf("got %+v, %v, want %+v: zeros that are known", rows, err, want)
	}
}

func TestTotalsAreNoSeries(t *testing.T) {
	body := sourcetest.Recorded(t, "snapchat_ads", "snapads4j_getStatsCampaignTotal.json")
	if rows, _, err := decoded(t, body, query(angeles, sources.Day, today)); sources.KindOf(err) != sources.Malformed || len(rows) != 0 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
}

func TestRecordedListsAndTokenReadAsAPersonWould(t *testing.T) {
	answers := map[string]string{
		"/adaccounts": "snapads4j_getSnapAllAdAccounts.json", "/campaigns": "snapads4j_getSnapAllCampaigns.json", "/oauth/token": "snapads4j_getSnapOAuthToken.json",
	}
	for path, name := range answers {
		answers[path] = string(sourcetest.Recorded(t, "snapchat_ads", name))
	}
	s := opened(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for path, body := range answers {
			if strings.HasSuffix(r.URL.Path, path) {
				_, _ = io.WriteString(w, body)
				return
			}
		}
		_, _ = io.WriteString(w, `{"request_status":"success","organizations":[{"organization":{"id":"o"}}]}`)
	}))
	accounts, err := s.Accounts(t.Context())
	if err != nil || len(accounts) != 2 || accounts[0].Name != "Hooli Test Ad Account" || accounts[1].ID != "81cf9302-764c-429a-8561-e3bc329cf987" || accounts[1].Zone.String() != angeles || accounts[1].Currency != "USD" {
		t.Errorf("got %+v, %v", accounts, err)
	}
	campaigns, err := s.(*source).campaigns(t.Context(), accounts[0].ID)
	if err != nil || len(campaigns) != 4 || campaigns["92e1c28a-a331-45b4-8c26-fd3e0eea8c39"] != (httpkit.Campaign{Name: "Cool Campaign", Status: "PAUSED"}) {
		t.Errorf("got %+v, %v", campaigns, err)
	}
}

func TestRecordedErrorsHaveTheirKind(t *testing.T) {
	for name, want := range map[string]sources.Kind{"airbyte_error_401.json": sources.Auth, "airbyte_error_429.json": sources.QuotaKind} {
		status := map[sources.Kind]int{sources.Auth: 401, sources.QuotaKind: 429}[want]
		got := classify(&httpkit.Response{Status: status, Header: http.Header{}, Body: sourcetest.Recorded(t, "snapchat_ads", name)})
		if got == nil || got.Kind != want || !strings.Contains(got.Error(), "test_request_id") || want == sources.QuotaKind && got.RetryAfter != throttled {
			t.Errorf("%s: %v", name, got)
		}
	}
	for status, want := range map[int]sources.Kind{400: sources.Invalid, 403: sources.Permission, 404: sources.Permission, 500: sources.Unavailable} {
		if got := classify(&httpkit.Response{Status: status, Header: http.Header{}, Body: []byte(`{"request_status":"ERROR","debug_message":"why\u001b"}`)}); got == nil || got.Kind != want || strings.Contains(got.Error(), "\x1b") {
			t.Errorf("%d: %v", status, got)
		}
	}
}

// series is an answer with one campaign.
func series(id string, points ...string) string {
	return fmt.Sprintf(`{"request_status":"SUCCESS","timeseries_stats":[{"sub_request_status":"SUCCESS","timeseries_stat":{"id":"a","breakdown_stats":{"campaign":[{"id":%q,"timeseries":[%s]}]}}}]}`, id, strings.Join(points, ","))
}

func at(start, stats string) string {
	return fmt.Sprintf(`{"start_time":%q,"stats":{%s}}`, start, stats)
}

func TestLoadedHoursAreInMillionths(t *testing.T) {
	table, err := csv.NewReader(bytes.NewReader(sourcetest.Recorded(t, "snapchat_ads", "fivetran_campaign_hourly_report.csv"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := map[string]int{}
	for i, name := range table[0] {
		column[name] = i
	}
	var points []string
	for _, r := range table[1:] { // the copy has no offsets; what they were worth it has in units
		points = append(points, at(r[column["date"]]+".000Z", fmt.Sprintf(`"impressions":%s,"swipes":%s,"spend":%s,"conversion_purchases":%s`, r[column["impressions"]], r[column["swipes"]], r[column["spend"]], r[column["conversion_purchases"]])))
	}
	rows, _, err := decoded(t, []byte(series(table[1][0], points...)), query("UTC", sources.Hour, kpi.NewDate(2022, 5, 1), kpi.NewDate(2022, 6, 30)))
	if err != nil || len(rows) != len(table)-1 {
		t.Fatalf("%d rows of %d, %v", len(rows), len(table)-1, err)
	}
	if want := (kpi.Metrics{Has: kpi.Usual &^ kpi.Revenue, Impressions: 250, Cost: 60_215, Conversions: 1_000_000}); rows[0].Metrics != want || rows[0].Slot.Hour != 10 {
		t.Errorf("got %+v, want %+v: 0.060215 of the currency", rows[0], want)
	}
}

func TestAnswersThatWereNotAskedForAreRefused(t *testing.T) {
	good := at("2026-11-04T00:00:00.000+01:00", `"impressions":1`)
	for name, body := range map[string]string{
		"another day":      series("7", at("2026-11-05T00:00:00.000+01:00", `"impressions":1`)),
		"no midnight":      series("7", at("2026-11-04T00:00:00.000Z", `"impressions":1`)),
		"no time":          series("7", at("today", `"impressions":1`)),
		"no campaign":      series("", good),
		"twice the same":   series("7", good, good),
		"below zero":       series("7", at("2026-11-04T00:00:00.000+01:00", `"swipes":-1`)),
		"half a millionth": series("7", at("2026-11-04T00:00:00.000+01:00", `"spend":1.5`)),
		"no series":        `{"request_status":"SUCCESS"}`,
	} {
		if _, _, err := decoded(t, []byte(body), query("Europe/Berlin", sources.Day, today)); sources.KindOf(err) != sources.Malformed {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzPage(f *testing.F) {
	f.Add([]byte(series("7", at("2026-10-25T02:00:00.000+01:00", `"impressions":1,"swipes":1,"spend":5,"conversion_purchases":1`))))
	f.Add([]byte(`{"paging":{"next_link":"x"},"timeseries_stats":[{"sub_request_status":"success","timeseries_stat":{"timeseries":[{"start_time":"2026-10-25T00:00:00.000"}],"id":"7"}}]}`))
	f.Add([]byte(`{"request_status":"ERROR","msg":"Unauthorized"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		classify(&httpkit.Response{Status: 400, Header: http.Header{}, Body: body})
		for _, grain := range []sources.Grain{sources.Day, sources.Hour} {
			q := query("Europe/Berlin", grain, kpi.NewDate(2026, 10, 25))
			rows, _, err := decoded(t, body, q)
			if sources.KindOf(err) == sources.Unavailable {
				err = nil // a part says that it failed
			}
			sourcetest.CheckDecoded(t, q, rows, err)
		}
	})
}

// BenchmarkDecode reads a month of 500 campaigns.
func BenchmarkDecode(b *testing.B) {
	const campaigns, days = 500, 30
	var all []string
	for c := range campaigns {
		var points []string
		for d := range kpi.Date(days) {
			i := c*days + int(d)
			points = append(points, fmt.Sprintf(`{"start_time":"%sT00:00:00.000+00:00","end_time":"%sT00:00:00.000+00:00","stats":{"impressions":%d,"swipes":%d,"spend":%d,"conversion_purchases":%d,"conversion_purchases_value":%d}}`,
				today-d, today-d+1, 100*i, i, 1_250_000*i, i%7, 49_900_000*(i%7)))
		}
		all = append(all, fmt.Sprintf(`{"id":"69d120bd-b319-4201-9a2a-0e64b2ee%04d","type":"CAMPAIGN","granularity":"DAY","timeseries":[%s]}`, c, strings.Join(points, ",")))
	}
	body := []byte(`{"request_status":"SUCCESS","timeseries_stats":[{"sub_request_status":"SUCCESS","timeseries_stat":{"id":"a","breakdown_stats":{"campaign":[` + strings.Join(all, ",") + `]}}}]}`)
	q := query("UTC", sources.Day, today-days+1, today)
	sourcetest.Bench(b, "x-of-json", campaigns*days, func() error {
		rows, err := httpkit.NewRows(platform, q, func(sources.Record) error { return nil }, sources.Day)
		if err != nil {
			return err
		}
		d := decoder{rows: rows, query: q, metrics: results["purchase"], slots: map[string]sources.Slot{}}
		_, err = d.page(httpkit.NewScanner(body))
		return err
	}, func() error {
		var page struct {
			Stats []struct {
				Stat struct {
					Breakdown struct {
						Campaign []struct {
							ID     string
							Series []struct {
								Start string `json:"start_time"`
								Stats struct {
									Impressions, Swipes, Spend int64
									Purchases                  int64 `json:"conversion_purchases"`
									Value                      int64 `json:"conversion_purchases_value"`
								}
							} `json:"timeseries"`
						}
					} `json:"breakdown_stats"`
				} `json:"timeseries_stat"`
			} `json:"timeseries_stats"`
		}
		return json.Unmarshal(body, &page)
	})
}
