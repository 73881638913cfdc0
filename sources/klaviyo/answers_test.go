package klaviyo

import (
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

// decoded reads a page of orders.
func decoded(t testing.TB, body []byte, q sources.Query, change ...func(*decoder)) (rows []sources.Row, d *decoder, err error) {
	t.Helper()
	put, err := httpkit.NewRows(platform, q, sourcetest.Collect(&rows), sources.Day, sources.Hour)
	if err != nil {
		t.Fatal(err)
	}
	d = &decoder{
		rows: put, query: q, flows: true, left: map[string]bool{},
		messages: map[string]campaign{"M1": {"C1", "Spring", "Sent"}, "M2": {"C1", "Spring", "Sent"}},
	}
	for _, do := range change {
		do(d)
	}
	put.RealHours = d.utc
	d.begin(q.Days)
	if _, err = d.page(httpkit.NewScanner(body), kpi.Conversions); err == nil {
		err = d.flush()
	}
	return rows, d, errors.Join(err, put.Close())
}

// page is an answer; rows are of a message, its counts and its values.
func page(dates string, rows ...[3]string) []byte {
	var list []string
	for _, r := range rows {
		list = append(list, fmt.Sprintf(`{"dimensions":[%q,"email"],"measurements":{"count":[%s],"sum_value":[%s]}}`, r[0], r[1], r[2]))
	}
	return fmt.Appendf(nil, `{"data":{"type":"metric-aggregate","attributes":{"data":[%s],"dates":[%s]}},"links":{"next":null}}`, strings.Join(list, ","), dates)
}

const twoHours = `"2026-11-04T09:00:00+00:00","2026-11-04T10:00:00+00:00"`

func TestDocumentedAccountIsUnderstood(t *testing.T) {
	body := sourcetest.Recorded(t, "klaviyo", "accounts.json")
	s, _ := opened(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/vnd.api+json")
		_, _ = w.Write(body)
	}))
	accounts, err := s.Accounts(t.Context())
	if err != nil || len(accounts) != 1 || accounts[0].ID != "AbC123" || accounts[0].Name != "Klaviyo Demo" || accounts[0].Currency != "USD" || accounts[0].Zone.String() != "US/Eastern" {
		t.Errorf("got %v, %v", accounts, err)
	}
}

// What is asked has the form of the documented question.
func TestQuestionsHaveTheDocumentedForm(t *testing.T) {
	var documented struct {
		Data struct {
			Type       string
			Attributes map[string]any
		}
	}
	if err := json.Unmarshal(sourcetest.Recorded(t, "klaviyo", "metric_aggregates_request.json"), &documented); err != nil {
		t.Fatal(err)
	}
	sim := platformServer()
	s, _ := opened(t, sim)
	if _, _, err := sourcetest.Fetch(t, s, query(sources.Day, today-7, today)); err != nil {
		t.Fatal(err)
	}
	requests := sim.Requests("klaviyo")
	var asked struct {
		Data struct {
			Type       string
			Attributes map[string]any
		}
	}
	if err := json.Unmarshal([]byte(requests[len(requests)-1].Body), &asked); err != nil {
		t.Fatal(err)
	}
	if asked.Data.Type != documented.Data.Type {
		t.Errorf("type %q, documented %q", asked.Data.Type, documented.Data.Type)
	}
	for name, value := range asked.Data.Attributes {
		if got, want := fmt.Sprintf("%T", value), fmt.Sprintf("%T", documented.Data.Attributes[name]); got != want && name != "page_cursor" {
			t.Errorf("%s is a %s, documented %s", name, got, want)
		}
	}
	if filter := fmt.Sprint(asked.Data.Attributes["filter"]); filter != "[greater-or-equal(datetime,2026-10-28T00:00:00) less-than(datetime,2026-11-05T00:00:00)]" {
		t.Errorf("filter %s", filter)
	}
}

// Klaviyo documents no whole answer of aggregates: the series of its flow report
// have the same form, put here under the keys of an aggregate.
func TestDocumentedSeriesReadAsAPersonWould(t *testing.T) {
	var report struct {
		Data struct {
			Attributes struct {
				Results []struct {
					Groupings  map[string]string
					Statistics struct{ Opens json.RawMessage }
				}
				Dates json.RawMessage `json:"date_times"`
			}
		}
	}
	if err := json.Unmarshal(sourcetest.Recorded(t, "klaviyo", "flow_series_report.json"), &report); err != nil {
		t.Fatal(err)
	}
	a := report.Data.Attributes
	var list [][3]string
	for _, r := range a.Results {
		list = append(list, [3]string{r.Groupings["flow_message_id"], strings.Trim(string(r.Statistics.Opens), "[]"), "0"})
	}
	first := kpi.NewDate(2024, 1, 5)
	rows, _, err := decoded(t, page(strings.Trim(string(a.Dates), "[]"), list...), query(sources.Day, first, first+2))
	if err != nil || len(rows) != 6 {
		t.Fatalf("%+v, %v", rows, err)
	}
	for i, want := range []kpi.Micros{123, 156, 144, 97, 98, 65} {
		if r := rows[i]; r.Metrics.Conversions != want*kpi.MicrosPerUnit || r.Slot.Date != first+kpi.Date(i%3) || r.Entity.ID != list[i/3][0] {
			t.Errorf("row %d is %+v, want %d", i, r, want)
		}
	}
}

// The report that is not asked for tells that a message has the id of its campaign.
func TestDocumentedReportNamesMessagesAsTheirCampaigns(t *testing.T) {
	var report struct {
		Data struct {
			Attributes struct {
				Results []struct{ Groupings map[string]string }
			}
		}
	}
	if err := json.Unmarshal(sourcetest.Recorded(t, "klaviyo", "campaign_values_report.json"), &report); err != nil {
		t.Fatal(err)
	}
	if results := report.Data.Attributes.Results; len(results) != 2 || results[0].Groupings["campaign_id"] != results[0].Groupings["campaign_message_id"] {
		t.Errorf("%+v", results)
	}
	var asked struct {
		Data struct {
			Attributes struct {
				Metric string `json:"conversion_metric_id"`
			}
		}
	}
	if err := json.Unmarshal(sourcetest.Recorded(t, "klaviyo", "campaign_values_report_request.json"), &asked); err != nil || asked.Data.Attributes.Metric != "RESQ6t" {
		t.Errorf("%+v, %v", asked, err)
	}
}

func TestMessagesAreBookedOnTheirCampaignAndUncreditedOrdersOnNone(t *testing.T) {
	body := page(twoHours, [3]string{"M1", "3.0,0", "149.9,0"}, [3]string{"M2", "1.0,0", "20.0,0"}, [3]string{"", "9,9", "9,9"}, [3]string{"F1", "0,2", "0,5.5"})
	rows, _, err := decoded(t, body, query(sources.Hour, today))
	want := []sources.Row{
		{
			Entity:  sources.Entity{Level: sources.LevelCampaign, ID: "C1", Name: "Spring", Status: "sent"},
			Slot:    sources.Slot{Date: today, Grain: sources.Hour, Hour: 9},
			Metrics: kpi.Metrics{Has: kpi.Usual &^ kpi.Cost, Conversions: 4_000_000, Revenue: 169_900_000},
		},
		{
			Entity:  sources.Entity{Level: sources.LevelCampaign, ID: "F1", Name: "message F1"},
			Slot:    sources.Slot{Date: today, Grain: sources.Hour, Hour: 10},
			Metrics: kpi.Metrics{Has: kpi.Usual &^ kpi.Cost, Conversions: 2_000_000, Revenue: 5_500_000},
		},
	}
	if err != nil || len(rows) != 2 || rows[0] != want[0] || rows[1] != want[1] {
		t.Errorf("got %+v, %v", rows, err)
	}
	rows, d, err := decoded(t, body, query(sources.Hour, today), func(d *decoder) { d.flows = false })
	if err != nil || len(rows) != 1 || rows[0] != want[0] || len(d.left) != 1 {
		t.Errorf("without flows: %+v, %v", rows, err)
	}
	d.flows = false
	if _, err := d.page(httpkit.NewScanner(body), kpi.Clicks); err != nil || len(d.left) != 1 {
		t.Errorf("the message that another metric brings too is left out %d times: %v", len(d.left), err)
	}
	sms := []byte(strings.ReplaceAll(string(body), `"email"`, `"sms"`))
	if rows, _, err := decoded(t, sms, query(sources.Hour, today)); err != nil || len(rows) != 0 {
		t.Errorf("another channel: %+v, %v", rows, err)
	}
}

func TestTimesAreReadAsTheOptionSays(t *testing.T) {
	day := kpi.NewDate(2026, 10, 25) // of 25 hours
	for _, c := range []struct {
		dates string
		utc   bool
		hours []int
	}{
		{`"2026-10-25T02:00:00+00:00","2026-10-25T02:00:00+00:00","2026-10-25T03:00:00+00:00"`, false, []int{4, 2}},
		{`"2026-10-25T00:00:00+00:00","2026-10-25T01:00:00+00:00","2026-10-25T02:00:00+00:00"`, true, []int{2, 3, 4}},
	} {
		rows, _, err := decoded(t, page(c.dates, [3]string{"M1", "1,1,1", "1,1,1"}), query(sources.Hour, day), func(d *decoder) { d.utc = c.utc })
		var hours []int
		for _, r := range rows {
			hours = append(hours, r.Slot.Hour)
		}
		if err != nil || fmt.Sprint(hours) != fmt.Sprint(c.hours) {
			t.Errorf("%s: hours %v, %v, want %v", c.dates, hours, err, c.hours)
		}
	}
	rows, _, err := decoded(t, page(`"2026-11-03T23:00:00Z"`, [3]string{"M1", "1", "1"}), query(sources.Day, today), func(d *decoder) { d.utc = true })
	if err != nil || len(rows) != 1 || rows[0].Slot.Date != today {
		t.Errorf("a day as an instant: %+v, %v", rows, err)
	}
}

func TestErrorsAreToldByStatus(t *testing.T) {
	for code, want := range map[string]struct {
		status int
		kind   sources.Kind
		wait   time.Duration
	}{
		"invalid": {400, sources.Invalid, 0}, "not_authenticated": {401, sources.Auth, 0}, "permission_denied": {403, sources.Permission, 0},
		"not_found": {404, sources.Invalid, 0}, "throttled": {429, sources.QuotaKind, 73473 * time.Second}, "x\x1b": {503, sources.Unavailable, 0},
	} {
		header := http.Header{}
		if want.wait > 0 {
			header.Set("Retry-After", "73473")
		}
		body, _ := json.Marshal(map[string]any{"errors": []any{map[string]any{"code": code, "title": "t", "detail": "d"}}})
		got := classify(&httpkit.Response{Status: want.status, Header: header, Body: body})
		if got == nil || got.Kind != want.kind || got.RetryAfter != want.wait || strings.Contains(got.Error(), "\x1b") {
			t.Errorf("%d %s: %v, want %v after %s", want.status, body, got, want.kind, want.wait)
		}
	}
	if got := classify(&httpkit.Response{Status: 200, Body: []byte(`{"data":[]}`)}); got != nil {
		t.Errorf("a good answer: %v", got)
	}
}

func TestAnswersThatWereNotAskedForAreRefused(t *testing.T) {
	for name, body := range map[string][]byte{
		"nothing":             []byte(`{}`),
		"null":                []byte(`null`),
		"no times":            []byte(`{"data":{"attributes":{"data":[]}}}`),
		"another day":         page(`"2026-11-05T09:00:00+00:00"`),
		"within an hour":      page(`"2026-11-04T09:30:00+00:00"`),
		"no time":             page(`"2026-11-04"`),
		"more than its times": page(twoHours, [3]string{"M1", "1,1,1", "1,1,1"}),
		"below zero":          page(twoHours, [3]string{"M1", "-1,1", "1,1"}),
		"words":               page(twoHours, [3]string{"M1", `"many",1`, "1,1"}),
		"not in order, twice": page(twoHours+`,"2026-11-04T09:00:00+00:00"`, [3]string{"M1", "1,1,1", "1,1,1"}),
	} {
		if _, _, err := decoded(t, body, query(sources.Hour, today)); sources.KindOf(err) != sources.Malformed {
			t.Errorf("%s: %v", name, err)
		}
	}
	q := query(sources.Hour, today)
	_, d, err := decoded(t, page(twoHours, [3]string{"M1", "1,1", "1,1"}), q)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.page(httpkit.NewScanner(page(`"2026-11-04T09:00:00+00:00"`)), kpi.Clicks); sources.KindOf(err) != sources.Malformed {
		t.Errorf("times that differ between answers: %v", err)
	}
	if _, err := d.page(httpkit.NewScanner(page(twoHours, [3]string{"M1", "1.5,1", "1,1"})), kpi.Clicks); sources.KindOf(err) != sources.Malformed {
		t.Errorf("half a click: %v", err)
	}
}

func FuzzPage(f *testing.F) {
	f.Add(page(`"2026-10-25T02:00:00+00:00","2026-10-25T02:00:00+00:00"`, [3]string{"M1", "1.0,2", "0.5,1"}))
	f.Add([]byte(`{"data":{"attributes":{"dates":[null],"data":[{"dimensions":["\b"]}]}}}`))
	f.Add([]byte(`{"errors":[{"code":"throttled"}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		_ = classify(&httpkit.Response{Status: 429, Header: http.Header{"Ratelimit-Reset": {string(body)}}, Body: body})
		for _, grain := range []sources.Grain{sources.Day, sources.Hour} {
			for _, utc := range []bool{false, true} {
				q := query(grain, kpi.NewDate(2026, 10, 25))
				rows, _, err := decoded(t, body, q, func(d *decoder) { d.utc = utc })
				sourcetest.CheckDecoded(t, q, rows, err)
			}
		}
	})
}

// BenchmarkDecode reads ten days of hours of 100 messages.
func BenchmarkDecode(b *testing.B) {
	const messages, hours = 100, 240
	var dates []string
	for hour := range hours {
		dates = append(dates, fmt.Sprintf(`"%sT%02d:00:00+00:00"`, today-9+kpi.Date(hour/24), hour%24))
	}
	var list [][3]string
	for i := range messages {
		list = append(list, [3]string{fmt.Sprintf("01GMRWDSA0ARTAKE1SFX8J%04d", i), strings.TrimSuffix(strings.Repeat("3.0,", hours), ","), strings.TrimSuffix(strings.Repeat("149.9,", hours), ",")})
	}
	text, q := page(strings.Join(dates, ","), list...), query(sources.Hour, today-9, today)
	sourcetest.Bench(b, "x-of-json", messages*hours, func() error {
		put, err := httpkit.NewRows(platform, q, func(sources.Record) error { return nil }, sources.Hour)
		if err != nil {
			return err
		}
		d := &decoder{rows: put, query: q, flows: true}
		d.begin(q.Days)
		if _, err := d.page(httpkit.NewScanner(text), kpi.Conversions); err != nil {
			return err
		}
		return d.flush()
	}, func() error {
		var answer struct {
			Data struct {
				Attributes struct {
					Dates []string
					Data  []struct {
						Dimensions   []string
						Measurements map[string][]float64
					}
				}
			}
		}
		return json.Unmarshal(text, &answer)
	})
}
