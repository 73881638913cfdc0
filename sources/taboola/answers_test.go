package taboola

import (
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

// decoded reads an answer; updated is up to when it says to know everything.
func decoded(t testing.TB, body []byte, q sources.Query) (rows []sources.Row, updated int64, err error) {
	t.Helper()
	put, err := httpkit.NewRows(platform, q, sourcetest.Collect(&rows), sources.Day, sources.Hour)
	if err != nil {
		t.Fatal(err)
	}
	d := decoder{rows: put, query: q, count: counts["clicks_and_views"]}
	if err = d.read(httpkit.NewScanner(body)); err == nil {
		err = put.Close()
	}
	return rows, d.updated, err
}

// documented is a report in the form of Taboola's pages.
const documented = `{"last-used-rawdata-update-time":"2026-11-04 09:00:00.0","last-used-rawdata-update-time-gmt-millisec":1793782800000,"timezone":"CET",
 "results":[null,{"date":"2026-11-04 02:00:00.0","campaign":"1234567","campaign_name":"Autumn","clicks":12,"impressions":5230,"visible_impressions":4011,"spent":7.32,
  "conversions_value":49.9,"roas":6.81,"ctr":0.229,"vctr":0.299,"cpm":1.40,"vcpm":1.82,"cpc":0.61,"cpa":7.32,"cpa_actions_num":2,"cpa_actions_num_from_clicks":1,
  "cpa_actions_num_from_views":1,"cpa_conversion_rate":8.33,"currency":"EUR"}],
 "recordCount":1,"metadata":{"total":null,"count":null,"static_fields":[{"id":"date","format":null,"data_type":"date"}],"dynamic_fields":[]}}`

func TestDocumentedReportReadsAsAPersonWould(t *testing.T) {
	rows, updated, err := decoded(t, []byte(documented), query(sources.Hour, today))
	want := sources.Row{
		Entity:  sources.Entity{Level: sources.LevelCampaign, ID: "1234567", Name: "Autumn"},
		Slot:    sources.Slot{Date: today, Grain: sources.Hour, Hour: 2},
		Metrics: kpi.Metrics{Has: kpi.AllFields, Impressions: 5230, Clicks: 12, Cost: 7_320_000, Conversions: 2_000_000, Revenue: 49_900_000, ViewThrough: 1_000_000},
	}
	if err != nil || len(rows) != 1 || rows[0] != want || updated != 1793782800000 {
		t.Errorf("got %+v as of %d, %v, want %+v", rows, updated, err, want)
	}
	rows, _, err = decoded(t, []byte(strings.Replace(documented, "02:00:00.0", "00:00:00.0", 1)), query(sources.Day, today))
	if want.Slot = (sources.Slot{Date: today, Grain: sources.Day}); err != nil || len(rows) != 1 || rows[0] != want {
		t.Errorf("got %+v, %v, want %+v", rows, err, want)
	}
	for _, nothing := range []string{`{"results":null}`, `{"results":[]}`, `{"results":[null,null]}`} {
		if rows, updated, err := decoded(t, []byte(nothing), query(sources.Day, today)); err != nil || len(rows) != 0 || updated != 0 {
			t.Errorf("%s: %+v, %v", nothing, rows, err)
		}
	}
}

func TestWhatAReportLeavesOutIsUnknown(t *testing.T) {
	rows, _, err := decoded(t, []byte(`{"results":[{"date":"2026-11-04 00:00:00.0","campaign":"7","clicks":3,"spent":null,"impressions":null}]}`), query(sources.Day, today))
	if err != nil || len(rows) != 1 || rows[0].Metrics != (kpi.Metrics{Has: kpi.Clicks, Clicks: 3}) {
		t.Errorf("got %+v, %v", rows, err)
	}
}

func TestHourThatAutumnHasTwiceIsOneRowOrAddedUp(t *testing.T) {
	october := kpi.NewDate(2026, 10, 25)
	row := `{"date":"2026-10-25 02:00:00.0","campaign":"7","clicks":3}`
	for body, clicks := range map[string]int64{row: 3, row + "," + row: 6} {
		rows, _, err := decoded(t, []byte(`{"results":[`+body+`]}`), query(sources.Hour, october))
		if err != nil || len(rows) != 1 || rows[0].Metrics.Clicks != clicks || rows[0].Slot.Hour != 2 {
			t.Errorf("%s: %+v, %v", body, rows, err)
		}
	}
	rows, _, err := decoded(t, []byte(`{"results":[{"date":"2026-10-25 03:00:00.0","campaign":"7","clicks":3}]}`), query(sources.Hour, october))
	if err != nil || len(rows) != 1 || rows[0].Slot.Hour != 4 {
		t.Errorf("the hour after: %+v, %v", rows, err)
	}
}

func TestFiguresReachAsFarAsTheOldestOfTheAnswers(t *testing.T) {
	put, err := httpkit.NewRows(platform, query(sources.Day, today), func(sources.Record) error { return nil }, sources.Day)
	if err != nil {
		t.Fatal(err)
	}
	d := decoder{rows: put}
	if got := d.behind(noon); got != lag {
		t.Errorf("nobody says: %s behind, want %s", got, lag)
	}
	for _, ago := range []time.Duration{2 * time.Hour, 5 * time.Hour, time.Hour} {
		if err := d.read(httpkit.NewScanner(fmt.Appendf(nil, `{"results":null,"last-used-rawdata-update-time-gmt-millisec":%d}`, noon.Add(-ago).UnixMilli()))); err != nil {
			t.Fatal(err)
		}
	}
	if got := d.behind(noon); got != 5*time.Hour {
		t.Errorf("%s behind, want five hours", got)
	}
	if got := d.behind(noon.Add(-24 * time.Hour)); got != 0 {
		t.Errorf("%s behind a clock that is slow", got)
	}
}

func TestAnswersThatWereNotAskedForAreRefused(t *testing.T) {
	good := `{"date":"2026-11-04 00:00:00.0","campaign":"7","clicks":1,"spent":1.5,"currency":"EUR"}`
	for name, body := range map[string]string{
		"null":             "null",
		"a list":           "[" + good + "]",
		"no results":       `{"recordCount":0}`,
		"another day":      `{"results":[` + strings.Replace(good, "11-04", "11-05", 1) + `]}`,
		"an hour":          `{"results":[` + strings.Replace(good, "00:00:00", "13:00:00", 1) + `]}`,
		"half an hour":     `{"results":[` + strings.Replace(good, "00:00:00", "00:30:00", 1) + `]}`,
		"a day alone":      `{"results":[` + strings.Replace(good, " 00:00:00.0", "", 1) + `]}`,
		"another currency": `{"results":[` + strings.Replace(good, "EUR", "USD", 1) + `]}`,
		"no campaign":      `{"results":[` + strings.Replace(good, `"7"`, "null", 1) + `]}`,
		"half a click":     `{"results":[` + strings.Replace(good, `"clicks":1`, `"clicks":1.5`, 1) + `]}`,
		"twice the same":   `{"results":[` + good + "," + good + `]}`,
		"more after":       `{"results":[` + good + `]} {}`,
	} {
		if _, _, err := decoded(t, []byte(body), query(sources.Day, today)); sources.KindOf(err) != sources.Malformed {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestErrorsAreToldByStatusInBothForms(t *testing.T) {
	for _, rule := range []struct {
		status int
		body   string
		kind   sources.Kind
		says   string
		wait   time.Duration
	}{
		{401, `<UnauthorizedException><error>unauthorized</error><error_description>Full authentication is required</error_description></UnauthorizedException>`, sources.Auth, "HTTP 401: Full authentication", 0},
		{401, `{"http_status":401,"message":"Token expired"}`, sources.Auth, "HTTP 401: Token expired", 0},
		{403, `{"http_status":403,"message":"why\u001b"}`, sources.Permission, "HTTP 403: why", 0},
		{404, `{"http_status":404,"message":"Resource not found"}`, sources.Permission, "Resource not found", 0},
		{400, `{"http_status":400,"message":"Invalid date","offending_field":"end_date"}`, sources.Invalid, "Invalid date (end_date)", 0},
		{400, `<broken`, sources.Invalid, "HTTP 400", 0},
		{429, ``, sources.QuotaKind, "HTTP 429", time.Minute},
		{429, `<TooMany><error_description>slow down</error_description></TooMany>`, sources.QuotaKind, "slow down", time.Minute},
	} {
		got := classify(&httpkit.Response{Status: rule.status, Header: http.Header{}, Body: []byte(rule.body)})
		if got == nil || got.Kind != rule.kind || got.RetryAfter != rule.wait || !strings.Contains(got.Error(), rule.says) || strings.Contains(got.Error(), "\x1b") {
			t.Errorf("%d %s: %v, want %v that says %q", rule.status, rule.body, got, rule.kind, rule.says)
		}
	}
	for _, status := range []int{200, 500, 503} {
		if got := classify(&httpkit.Response{Status: status, Body: []byte(`{"message":"m"}`)}); got != nil {
			t.Errorf("%d is for the status to say, got %v", status, got)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add([]byte(documented), true)
	f.Add([]byte(`{"results":[null,{"date":"2026-11-04 00:00:00.0","campaign":7,"spent":"1e-3"}]}`), false)
	f.Add([]byte(`<A><error_description>x</error_description></A>`), false)
	f.Fuzz(func(t *testing.T, body []byte, hours bool) {
		for _, status := range []int{400, 401, 429} {
			if got := classify(&httpkit.Response{Status: status, Header: http.Header{}, Body: body}); got == nil || got.Error() != sources.Clean(got.Error()) {
				t.Errorf("%d: %q", status, got)
			}
		}
		q := query(sources.Day, today)
		if hours {
			q.Grain = sources.Hour
		}
		rows, _, err := decoded(t, body, q)
		sourcetest.CheckDecoded(t, q, rows, err)
	})
}

// BenchmarkDecode reads 14 days of 1,500 campaigns.
func BenchmarkDecode(b *testing.B) {
	const n = 21_000
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf(`{"date":"%s 00:00:00.0","campaign":"33104%04d","campaign_name":"Campaign %d","clicks":%d,"impressions":%d,"visible_impressions":%d,"spent":%d.25,"conversions_value":%d.9,`+
			`"roas":6.81,"ctr":0.229,"vctr":0.299,"cpm":1.4,"vcpm":1.82,"cpc":0.61,"cpa":7.32,"cpa_actions_num":%d,"cpa_actions_num_from_clicks":%d,"cpa_actions_num_from_views":0,"cpa_conversion_rate":8.33,"currency":"EUR"}`,
			today-kpi.Date(i%14), i/14, i/14, i, 100*i, 75*i, i, 50*(i%7), i%7, i%7))
	}
	body := []byte(`{"results":[` + strings.Join(list, ",") + `]}`)
	q := query(sources.Day, today-13, today)
	sourcetest.Bench(b, "x-of-json", n, func() error {
		rows, err := httpkit.NewRows(platform, q, func(sources.Record) error { return nil }, sources.Day)
		if err != nil {
			return err
		}
		return (&decoder{rows: rows, query: q, count: counts["clicks_and_views"]}).read(httpkit.NewScanner(body))
	}, func() error {
		var answer struct {
			Results []struct {
				Date     string  `json:"date"`
				ID       string  `json:"campaign"`
				Name     string  `json:"campaign_name"`
				Clicks   int64   `json:"clicks"`
				Views    int64   `json:"impressions"`
				Spent    float64 `json:"spent"`
				Results  int64   `json:"cpa_actions_num"`
				Value    float64 `json:"conversions_value"`
				Currency string  `json:"currency"`
			} `json:"results"`
		}
		return json.Unmarshal(body, &answer)
	})
}
