package vkads

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
	"adtop/sources/sourcetest"
)

// decoded reads an answer.
func decoded(t testing.TB, body []byte, q sources.Query, value bool) (rows []sources.Row, err error) {
	t.Helper()
	put, err := httpkit.NewRows(platform, q, sourcetest.Collect(&rows), sources.Day)
	if err != nil {
		t.Fatal(err)
	}
	err = (&decoder{rows: put, value: value, names: map[string]httpkit.Campaign{"11": {Name: "n\x1b", Status: "ACTIVE"}}}).read(httpkit.NewScanner(body))
	return rows, err
}

// asItems makes an answer of one campaign's days.
func asItems(rows string) []byte { return []byte(`{"items":[{"id":11,"rows":` + rows + `}]}`) }

func TestRecordedDaysReadAsAPersonWould(t *testing.T) {
	body := sourcetest.Recorded(t, "vk_ads", "client_test_ad_plans_day.json")
	rows, err := decoded(t, body, query(kpi.NewDate(2026, 11, 28)), false)
	want := sources.Row{
		Entity:  sources.Entity{Level: sources.LevelCampaign, ID: "11", Name: "n", Status: "active"},
		Slot:    sources.Slot{Date: kpi.NewDate(2026, 11, 28), Grain: sources.Day},
		Metrics: kpi.Metrics{Has: kpi.Usual &^ kpi.Revenue, Impressions: 900, Clicks: 12, Cost: 100_000_000, Conversions: 4_000_000},
	}
	if err != nil || len(rows) != 1 || rows[0] != want {
		t.Errorf("got %+v, %v, want %+v", rows, err, want)
	}
}

func TestRecordedDaysWithoutTrafficAreZerosNotNothing(t *testing.T) {
	var answer struct{ Rows json.RawMessage }
	if err := json.Unmarshal(sourcetest.Recorded(t, "vk_ads", "recorded_day_rows_zero.json"), &answer); err != nil {
		t.Fatal(err)
	}
	rows, err := decoded(t, asItems(string(answer.Rows)), query(kpi.NewDate(2025, 11, 8), kpi.NewDate(2025, 11, 10)), false)
	if err != nil || len(rows) != 3 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, r := range rows {
		if r.Metrics != (kpi.Metrics{Has: kpi.Usual &^ kpi.Revenue}) {
			t.Errorf("got %+v", r)
		}
	}
}

func TestGoalsOfVKsOwnCount(t *testing.T) {
	var groups struct{ Base, Romi json.RawMessage }
	if err := json.Unmarshal(sourcetest.Recorded(t, "vk_ads", "recorded_metric_groups.json"), &groups); err != nil {
		t.Fatal(err)
	}
	for base, want := range map[string]kpi.Metrics{
		string(sourcetest.Recorded(t, "vk_ads", "recorded_base_total.json")): {Has: kpi.Usual &^ kpi.Revenue, Impressions: 22357, Clicks: 61, Cost: 1_662_330_000, Conversions: 3_000_000},
		string(groups.Base) + `,"romi":` + string(groups.Romi):               {Has: kpi.Usual, Impressions: 21650, Clicks: 61, Cost: 1_611_330_000, Conversions: 3_000_000},
		`{"goals":2,"spent":1.5}`:                                            {Has: kpi.Cost | kpi.Conversions, Cost: 1_500_000, Conversions: 2_000_000},
		`{"goals":2,"vk":{"goals":null}}`:                                    {Has: kpi.Conversions, Conversions: 2_000_000},
		`{"vk":{"goals":0},"goals":2,"spent":null}`:                          {Has: kpi.Conversions},
	} {
		rows, err := decoded(t, asItems(`[{"date":"2026-11-04","base":`+base+`}]`), query(today), true)
		if err != nil || len(rows) != 1 || rows[0].Metrics != want {
			t.Errorf("%.60s: %+v, %v, want %+v", base, rows, err, want)
		}
	}
}

// Clicks and shows of single minutes carry no money: the file shows how far
// VK's clock is ahead of UTC, which is what the zone of the accounts rests on.
func TestRecordedClockIsMoscows(t *testing.T) {
	var answer struct {
		Seen struct {
			Timestamp int64
			String    string
		} `json:"last_seen_time"`
	}
	if err := json.Unmarshal(sourcetest.Recorded(t, "vk_ads", "recorded_faststat_head.json"), &answer); err != nil {
		t.Fatal(err)
	}
	if got := timeOf(answer.Seen.Timestamp).In(sourcetest.Zone(zone)).Format("2006-01-02 15:04:05"); got != answer.Seen.String {
		t.Errorf("%s in %s, VK says %s", got, zone, answer.Seen.String)
	}
	if _, err := decoded(t, sourcetest.Recorded(t, "vk_ads", "recorded_faststat_head.json"), query(today), false); sources.KindOf(err) != sources.Malformed {
		t.Errorf("minutes are no days: %v", err)
	}
}

func TestRecordedErrorsHaveTheirKind(t *testing.T) {
	var recorded []struct {
		Status int
		Body   json.RawMessage
	}
	if err := json.Unmarshal(sourcetest.Recorded(t, "vk_ads", "client_test_error_shapes.json"), &recorded); err != nil {
		t.Fatal(err)
	}
	want := []sources.Kind{sources.Auth, sources.Auth, sources.Auth, sources.Invalid, sources.QuotaKind, sources.QuotaKind}
	if len(recorded) != len(want) {
		t.Fatalf("%d errors", len(recorded))
	}
	for i, e := range recorded {
		if got := classify(&httpkit.Response{Status: e.Status, Header: http.Header{}, Body: e.Body}); got == nil || got.Kind != want[i] {
			t.Errorf("%d %s: %v, want %v", e.Status, e.Body, got, want[i])
		}
	}
}

func TestErrorsAreToldInAllTheirShapes(t *testing.T) {
	for body, want := range map[string]struct {
		status int
		kind   sources.Kind
		says   string
	}{
		`{"error":{"code":"ERR_ACCESS_DENIED","message":"no\u001b[31m"}}`: {403, sources.Permission, "ERR_ACCESS_DENIED: no[31m"},
		`{"error":{"code":"ERR_LIMIT_EXCEEDED","message":"m"}}`:           {400, sources.Invalid, "ERR_LIMIT_EXCEEDED"},
		`{"error":{"code":"ERR_WRONG_IDS","message":"m"}}`:                {404, sources.Invalid, "ERR_WRONG_IDS"},
		`{"error":{"code":"ERR_INTERNAL"}}`:                               {500, sources.Unavailable, "ERR_INTERNAL"},
		`{"date_from":["wrong date"]}`:                                    {400, sources.Invalid, "wrong date"},
		`{"error":"invalid_client","error_description":"why"}`:            {401, sources.Auth, "why"},
		`{"code":"revoked_token","message":"m"}`:                          {401, sources.Auth, "revoked_token"},
		`{"remaining":{"1":0},"limits":{"1":2}}`:                          {429, sources.QuotaKind, "limits"},
		`<html>`:                                                          {429, sources.QuotaKind, "429"},
	} {
		got := classify(&httpkit.Response{Status: want.status, Header: http.Header{}, Body: []byte(body)})
		if got == nil || got.Kind != want.kind || !strings.Contains(got.Error(), want.says) {
			t.Errorf("%d %s: %v, want %v with %s", want.status, body, got, want.kind, want.says)
		}
	}
	for _, body := range []string{`{"items":[]}`, ``, `[]`} {
		if got := classify(&httpkit.Response{Status: 200, Body: []byte(body)}); got != nil {
			t.Errorf("%s: %v", body, got)
		}
	}
}

func TestAccountSaysItsCurrencyOrTheOptionDoes(t *testing.T) {
	for body, want := range map[string]string{
		`{"id":7,"username":"acme","account":{"currency":"RUB","balance":"1"}}`: "7 acme RUB",
		`{"id":"7","username":"","currency":"KZT"}`:                             "7 7 KZT",
		`{"id":7,"username":"acme"}`:                                            "7 acme BYN",
	} {
		var u user
		if err := json.Unmarshal([]byte(body), &u); err != nil {
			t.Fatal(err)
		}
		a, err := (&source{options: Options{Currency: "BYN"}}).account(u)
		if got := fmt.Sprintf("%s %s %s", a.ID, a.Name, a.Currency); err != nil || got != want || a.Zone.String() != zone {
			t.Errorf("%s: %s %s, %v", body, got, a.Zone, err)
		}
	}
	var e *sources.Error
	if _, err := (&source{}).account(user{ID: httpkit.Integer{Value: 7, Known: true}}); !errors.As(err, &e) || !strings.Contains(e.Next, "currency") {
		t.Errorf("no currency anywhere: %v", err)
	}
}

func TestAnswersThatWereNotAskedForAreRefused(t *testing.T) {
	good := `{"date":"2026-11-04","base":{"shows":1}}`
	for name, body := range map[string]string{
		"nothing":        `{}`,
		"a list":         `[]`,
		"another day":    string(asItems(`[` + strings.Replace(good, "-04", "-05", 1) + `]`)),
		"no day":         string(asItems(`[{"base":{"shows":1}}]`)),
		"no campaign":    `{"items":[{"rows":[` + good + `]}]}`,
		"twice the same": string(asItems(`[` + good + `,` + good + `]`)),
		"half a view":    string(asItems(`[` + strings.Replace(good, ":1}", ":1.5}", 1) + `]`)),
		"a comma":        string(asItems(`[{"date":"2026-11-04","base":{"spent":"1,5"}}]`)),
	} {
		if _, err := decoded(t, []byte(body), query(today), false); sources.KindOf(err) != sources.Malformed {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add(asItems(`[{"date":"2026-11-04","base":{"shows":1,"clicks":2,"goals":0,"spent":"1.50","vk":{"goals":3}},"romi":{"value":"7"}}]`))
	f.Add([]byte(`{"error":{"code":"ERR_WRONG_DATE","message":"m"}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		classify(&httpkit.Response{Status: 400, Header: http.Header{"X-Ratelimit-Daily-Remaining": {string(body)}}, Body: body})
		q := query(today)
		rows, err := decoded(t, body, q, true)
		sourcetest.CheckDecoded(t, q, rows, err)
	})
}

// BenchmarkDecode reads a month of 700 campaigns, with every figure that VK sends.
func BenchmarkDecode(b *testing.B) {
	const campaigns, days = 700, 30
	names := map[string]httpkit.Campaign{}
	var body strings.Builder
	body.WriteString(`{"items":[`)
	for i := range campaigns {
		if i > 0 {
			body.WriteByte(',')
		}
		names[fmt.Sprint(8798776+i)] = httpkit.Campaign{Name: fmt.Sprintf("Prospecting %d", i), Status: "active"}
		fmt.Fprintf(&body, `{"id":%d,"rows":[`, 8798776+i)
		for day := range days {
			if day > 0 {
				body.WriteByte(',')
			}
			fmt.Fprintf(&body, `{"date":"%s","base":{"shows":%d,"clicks":%d,"goals":0,"spent":"%d.33","not_ad_spent":"0","cpm":"74.35","cpc":"27.25","cpa":"0","ctr":0.2728451938990025,"cr":0,"vk":{"goals":%d,"cpa":"554.11","cr":4.918032786885246}}}`,
				today-kpi.Date(day), 22357+i, 61+i, 1662+i, i%7)
		}
		body.WriteString(`],"total":{"base":{"shows":22357,"clicks":61,"spent":"1662.33"}}}`)
	}
	body.WriteString(`]}`)
	text, q := []byte(body.String()), query(today-days+1, today)
	sourcetest.Bench(b, "x-of-json", campaigns*days, func() error {
		rows, err := httpkit.NewRows(platform, q, func(sources.Record) error { return nil }, sources.Day)
		if err != nil {
			return err
		}
		return (&decoder{rows: rows, names: names}).read(httpkit.NewScanner(text))
	}, func() error {
		var answer struct {
			Items []struct {
				ID   int64
				Rows []struct {
					Date string
					Base struct {
						Shows, Clicks, Goals int64
						Spent                string
						VK                   struct{ Goals int64 }
					}
				}
			}
		}
		return json.Unmarshal(text, &answer)
	})
}
