package ga4

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

// decoded reads a page of sessions, key events and revenue by origin.
func decoded(t testing.TB, body []byte, q sources.Query, columns []column, keys ...string) (rows []sources.Row, d *decoder, err error) {
	t.Helper()
	d = newDecoder(q, sourcetest.Collect(&rows), columns, keys...)
	_, _, err = d.page(httpkit.NewScanner(body))
	return rows, d, errors.Join(err, d.close())
}

var usual = (&Options{Revenue: "purchase"}).columns()

var origins = []string{"sessionSource", "sessionMedium", "sessionCampaignName"}

func TestRecordedDaysReadAsAPersonWould(t *testing.T) {
	for name, want := range map[string]struct {
		days  int
		first kpi.Date
		users int64
		sum   int64
	}{
		"run_report_by_date.json":      {4, kpi.NewDate(2024, 6, 14), 2, 1124},
		"run_report_by_date_2.json":    {4, kpi.NewDate(2024, 6, 20), 100, 111220},
		"run_report_two_weeks.json":    {15, kpi.NewDate(2024, 6, 7), 421, 87829},
		"run_report_gaps.json":         {16, kpi.NewDate(2024, 6, 6), 421, 0},
		"run_report_large_values.json": {19, kpi.NewDate(2024, 6, 3), 18570, 0},
		"run_report_without_rows.json": {},
	} {
		body := sourcetest.Recorded(t, "ga4", name)
		q := sourcetest.Query(sources.Account{ID: "1", Zone: sourcetest.Zone("Europe/Warsaw"), Currency: "EUR"}, sources.Day, kpi.NewDate(2024, 5, 1), kpi.NewDate(2024, 7, 31))
		rows, _, err := decoded(t, body, q, []column{{"activeUsers", kpi.Clicks}})
		if err != nil || len(rows) != want.days {
			t.Errorf("%s: %d rows, %v, want %d", name, len(rows), err, want.days)
			continue
		}
		var sum int64
		for _, r := range rows {
			sum += r.Metrics.Clicks
		}
		if len(rows) > 0 && (rows[0].Slot.Date != want.first || rows[0].Metrics != (kpi.Metrics{Has: kpi.Clicks, Clicks: want.users})) || want.sum != 0 && sum != want.sum {
			t.Errorf("%s: %+v, in all %d", name, rows[0], sum)
		}
		q.Account.Currency = "USD"
		if _, _, err := decoded(t, body, q, []column{{"activeUsers", kpi.Clicks}}); sources.KindOf(err) != sources.Malformed {
			t.Errorf("%s in another currency: %v", name, err)
		}
	}
}

// page is an answer with rows of a slot, an origin and three figures each.
func page(rows ...[7]string) []byte {
	var list []string
	for _, r := range rows {
		list = append(list, fmt.Sprintf(`{"dimensionValues":[{"value":%q},{"value":%q},{"value":%q},{"value":%q}],"metricValues":[{"value":%q},{"value":%q},{"value":%q}]}`, r[0], r[1], r[2], r[3], r[4], r[5], r[6]))
	}
	return []byte(`{"dimensionHeaders":[{"name":"dateHour"},{"name":"sessionSource"},{"name":"sessionMedium"},{"name":"sessionCampaignName"}],
		"metricHeaders":[{"name":"sessions"},{"name":"keyEvents"},{"name":"purchaseRevenue"}],"rows":[` + strings.Join(list, ",") + `],"rowCount":1,
		"metadata":{"currencyCode":"EUR","timeZone":"Europe/Berlin","dataLossFromOtherRow":true,"samplingMetadatas":[{"samplesReadCount":"1"}]}}`)
}

func TestWordsForNoneAreLeftOutOfTheKeyAndAddedUp(t *testing.T) {
	rows, d, err := decoded(t, page(
		[7]string{"2026110409", "google", "cpc", "Brand EU", "57", "3.25", "182.5"},
		[7]string{"2026110409", "(direct)", "(none)", "(direct)", "5", "1", "2"},
		[7]string{"2026110409", "(direct)", "(none)", "(not set)", "6", "0", "0.5"},
		[7]string{"2026110409", "(not set)", "(not set)", "(not set)", "7", "0", "0"},
		[7]string{"2026110409", "(other)", "(other)", "(other)", "8", "0", "0"},
		[7]string{"2026110410", "bing", "organic", "(organic)", "9", "0", "0"},
	), query(sources.Hour, today), usual, origins...)
	want := []sources.Row{}
	for _, w := range []struct {
		key     sources.Key
		name    string
		hour    int
		clicks  int64
		events  kpi.Micros
		revenue kpi.Micros
	}{
		{sources.Key{Source: "google", Medium: "cpc", Campaign: "Brand EU"}, "google / cpc / Brand EU", 9, 57, 3_250_000, 182_500_000},
		{sources.Key{}, "none", 9, 18, 1_000_000, 2_500_000},
		{sources.Key{Source: "(other)", Medium: "(other)", Campaign: "(other)"}, "(other) / (other) / (other)", 9, 8, 0, 0},
		{sources.Key{Source: "bing", Medium: "organic"}, "bing / organic", 10, 9, 0, 0},
	} {
		want = append(want, sources.Row{
			Entity:  sources.Entity{Level: sources.LevelKey, ID: w.key.ID(), Name: w.name},
			Slot:    sources.Slot{Date: today, Grain: sources.Hour, Hour: w.hour},
			Metrics: kpi.Metrics{Has: kpi.Clicks | kpi.Conversions | kpi.Revenue, Clicks: w.clicks, Conversions: w.events, Revenue: w.revenue},
		})
	}
	if err != nil || len(rows) != len(want) {
		t.Fatalf("%+v, %v", rows, err)
	}
	for i := range want {
		if rows[i] != want[i] {
			t.Errorf("got %+v, want %+v", rows[i], want[i])
		}
	}
	if said := strings.Join(d.warnings(), "\n"); !strings.Contains(said, "8 sessions have no campaign") || !strings.Contains(said, `7 sessions have "(not set)"`) || !strings.Contains(said, "sample") {
		t.Errorf("warnings: %s", said)
	}
}

func TestLongKeyIsReadBackWhole(t *testing.T) {
	name := strings.Repeat("ж", 200)
	rows, _, err := decoded(t, page([7]string{"2026110409", "s", "m", name, "1", "0", "0"}), query(sources.Hour, today), usual, origins...)
	if err != nil || len(rows) != 1 || sources.ParseKey(rows[0].Entity.ID).Campaign != name {
		t.Errorf("%+v, %v", rows, err)
	}
}

func TestHourThatTheClockShowsTwiceIsOne(t *testing.T) {
	row := [7]string{"2026102502", "s", "m", "c", "4", "0", "0"}
	rows, d, err := decoded(t, page(row), query(sources.Hour, kpi.NewDate(2026, 10, 25)), usual, origins...)
	if err != nil || len(rows) != 1 || rows[0].Slot.Hour != 2 || len(d.rows.Warnings) != 1 {
		t.Errorf("%+v, %v, %q", rows, err, d.rows.Warnings)
	}
}

func TestErrorsAreToldByStatusAndWords(t *testing.T) {
	at := http.Header{"Date": {"Wed, 04 Nov 2026 12:00:00 GMT"}} // 04:00 in California
	for body, want := range map[string]struct {
		status int
		kind   sources.Kind
		wait   time.Duration
	}{
		`{"error":{"message":"Field x is not a valid dimension.","status":"INVALID_ARGUMENT"}}`:           {400, sources.Invalid, 0},
		`{"error":{"message":"m","status":"UNAUTHENTICATED"}}`:                                            {401, sources.Auth, 0},
		`{"error":{"message":"m\u001b","status":"PERMISSION_DENIED"}}`:                                    {403, sources.Permission, 0},
		`{"error":{"message":"Exhausted concurrent requests quota."}}`:                                    {429, sources.QuotaKind, 30 * time.Second},
		`{"error":{"message":"Exhausted property tokens for a project per hour."}}`:                       {429, sources.QuotaKind, 30 * time.Minute},
		`{"error":{"message":"Exhausted property tokens per day. These will return in under 24 hours."}}`: {429, sources.QuotaKind, 20 * time.Hour},
		`{"error":{"message":"Exhausted potentially thresholded requests quota."}}`:                       {429, sources.QuotaKind, time.Hour},
		`{"error":{"message":"m","status":"INTERNAL"}}`:                                                   {500, sources.Unavailable, 0},
	} {
		got := classify(&httpkit.Response{Status: want.status, Header: at, Body: []byte(body)})
		if got == nil || got.Kind != want.kind || got.RetryAfter != want.wait || strings.Contains(got.Error(), "\x1b") {
			t.Errorf("%d %s: %v, want %v after %s", want.status, body, got, want.kind, want.wait)
		}
	}
	for _, body := range []string{`{"rows":[]}`, ``, `[]`} {
		if got := classify(&httpkit.Response{Status: 200, Body: []byte(body)}); got != nil {
			t.Errorf("%s: %v", body, got)
		}
	}
}

func TestAnswersThatWereNotAskedForAreRefused(t *testing.T) {
	good := [7]string{"2026110409", "s", "m", "c", "1", "0", "0"}
	changed := func(i int, to string) []byte { row := good; row[i] = to; return page(row) }
	for name, body := range map[string][]byte{
		"nothing":             nil,
		"null":                []byte("null"),
		"another day":         changed(0, "2026110309"),
		"no hour":             changed(0, "20261104"),
		"hour 24":             changed(0, "2026110424"),
		"half a session":      changed(4, "1.5"),
		"below zero":          changed(4, "-1"),
		"words":               changed(5, "many"),
		"another zone":        []byte(strings.Replace(string(page(good)), "Europe/Berlin", "Europe/Paris", 1)),
		"another metric":      []byte(strings.Replace(string(page(good)), "purchaseRevenue", "totalRevenue", 1)),
		"a column less":       []byte(strings.Replace(string(page(good)), `,{"name":"purchaseRevenue"}`, "", 1)),
		"a figure less":       []byte(strings.Replace(string(page(good)), `,{"value":"0"}]`, "]", 1)),
		"twice, not in order": page(good, [7]string{"2026110410", "s", "m", "c", "1", "0", "0"}, good),
	} {
		if _, _, err := decoded(t, body, query(sources.Hour, today), usual, origins...); sources.KindOf(err) != sources.Malformed {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzPage(f *testing.F) {
	f.Add(page([7]string{"2026102502", "google", "(none)", "a\u001b", "1", "0.5", "2"}))
	f.Add([]byte(`{"error":{"message":"Exhausted property tokens per day"}}`))
	f.Add([]byte(`{"rows":[{"dimensionValues":[{"value":"\b"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if got := classify(&httpkit.Response{Status: 429, Header: http.Header{}, Body: body}); got != nil && got.RetryAfter > 25*time.Hour {
			t.Errorf("waits %s", got.RetryAfter)
		}
		for _, grain := range []sources.Grain{sources.Day, sources.Hour} {
			q := query(grain, kpi.NewDate(2026, 10, 25))
			rows, _, err := decoded(t, body, q, usual, origins...)
			sourcetest.CheckDecoded(t, q, rows, err)
		}
	})
}

// BenchmarkDecode reads a week of hours of 150 origins.
func BenchmarkDecode(b *testing.B) {
	const keys, hours = 150, 168
	var list [][7]string
	for hour := range hours {
		for i := range keys {
			when := strings.ReplaceAll((today-6+kpi.Date(hour/24)).String(), "-", "") + fmt.Sprintf("%02d", hour%24)
			list = append(list, [7]string{when, "google", "cpc", fmt.Sprintf("Prospecting %d", i), fmt.Sprint(57 + i), "3.5", "182.25"})
		}
	}
	text, q := page(list...), query(sources.Hour, today-6, today)
	sourcetest.Bench(b, "x-of-json", keys*hours, func() error {
		d := newDecoder(q, func(sources.Record) error { return nil }, usual, origins...)
		if _, _, err := d.page(httpkit.NewScanner(text)); err != nil {
			return err
		}
		return d.close()
	}, func() error {
		type value struct{ Value string }
		var answer struct {
			Rows []struct{ DimensionValues, MetricValues []value }
		}
		return json.Unmarshal(text, &answer)
	})
}
