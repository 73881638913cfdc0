package searchconsole

import (
	"bufio"
	"bytes"
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
func decoded(t testing.TB, body []byte, q sources.Query) (rows []sources.Row, d *decoder, err error) {
	t.Helper()
	put, err := httpkit.NewRows(platform, q, sourcetest.Collect(&rows), sources.Day, sources.Hour)
	if err != nil {
		t.Fatal(err)
	}
	put.RealHours = true
	d = &decoder{rows: put, query: q, kind: []byte("web"), id: []byte("web " + q.Account.ID)}
	_, err = d.page(httpkit.NewScanner(body))
	return rows, d, errors.Join(err, put.Close())
}

const traffic = kpi.Clicks | kpi.Impressions

func TestDocumentedHoursReadAsAPersonWould(t *testing.T) {
	day := kpi.NewDate(2025, 4, 7)
	rows, _, err := decoded(t, sourcetest.Recorded(t, "search_console", "hourly_query_blog_sample.json"), query(sources.Hour, day))
	want := []kpi.Metrics{
		{Has: traffic, Clicks: 17610, Impressions: 1571473}, {Has: traffic, Clicks: 18289, Impressions: 1662252}, {Has: traffic, Clicks: 18548, Impressions: 1652038},
	}
	if err != nil || len(rows) != 3 {
		t.Fatalf("%+v, %v", rows, err)
	}
	for i, r := range rows {
		if r.Metrics != want[i] || r.Slot != (sources.Slot{Date: day, Grain: sources.Hour, Hour: i}) {
			t.Errorf("got %+v, want %+v", r, want[i])
		}
	}
}

func TestRecordedDaysReadAsAPersonWould(t *testing.T) {
	for name, want := range map[string][2]kpi.Metrics{
		"query_by_date_device.json":                  {{Has: traffic, Clicks: 1, Impressions: 251}, {Has: traffic, Impressions: 88}},
		"query_by_date_google_news_no_position.json": {{Has: traffic}, {Has: traffic}},
	} {
		rows, _, err := decoded(t, sourcetest.Recorded(t, "search_console", name), query(sources.Day, kpi.NewDate(2024, 11, 1), kpi.NewDate(2024, 11, 30)))
		if err != nil || len(rows) != 2 || rows[0].Metrics != want[0] || rows[1].Metrics != want[1] || rows[0].Slot.Date != kpi.NewDate(2024, 11, 6) || rows[1].Slot.Date != kpi.NewDate(2024, 11, 9) {
			t.Errorf("%s: %+v, %v", name, rows, err)
		}
	}
}

// Each line is a row of its own; those by query and the like are read as their day.
func TestConnectorsRowsReadAsAPersonWould(t *testing.T) {
	lines := bufio.NewScanner(bytes.NewReader(sourcetest.Recorded(t, "search_console", "flattened_records.jsonl")))
	n, clicks, impressions := 0, int64(0), int64(0)
	for lines.Scan() {
		var line struct {
			Stream string
			Data   struct {
				Date                string
				Clicks, Impressions json.Number
				SiteURL             string `json:"siteUrl"`
			}
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		if line.Stream == "sites" {
			if !isSite(line.Data.SiteURL) {
				t.Errorf("%s is no site", line.Data.SiteURL)
			}
			continue
		}
		body := fmt.Appendf(nil, `{"rows":[{"keys":[%q],"clicks":%s,"impressions":%s}]}`, line.Data.Date, line.Data.Clicks, line.Data.Impressions)
		rows, _, err := decoded(t, body, query(sources.Day, kpi.NewDate(2024, 11, 1), kpi.NewDate(2024, 11, 30)))
		if err != nil || len(rows) != 1 || rows[0].Slot.Date.String() != line.Data.Date {
			t.Fatalf("%s: %+v, %v", lines.Text(), rows, err)
		}
		n, clicks, impressions = n+1, clicks+rows[0].Metrics.Clicks, impressions+rows[0].Metrics.Impressions
	}
	if n != 8 || clicks != 3 || impressions != 360 {
		t.Errorf("%d rows, %d clicks, %d impressions: want 8, 3 and 360", n, clicks, impressions)
	}
}

func TestRecordedSitesAreUnderstood(t *testing.T) {
	list := sourcetest.Recorded(t, "search_console", "sites_list.json")
	s := opened(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if strings.HasSuffix(r.URL.Path, "/sites") {
			_, _ = w.Write(list)
			return
		}
		fmt.Fprint(w, `{"access_token":"a","token_type":"Bearer"}`)
	}))
	accounts, err := s.Accounts(t.Context())
	if err != nil || len(accounts) != 1 || accounts[0].ID != "sc-domain:airbyte.io" || accounts[0].Currency != "EUR" || accounts[0].Zone.String() != zone {
		t.Errorf("got %v, %v", accounts, err)
	}
}

func TestEveryFormOfTheIncompletePartIsUnderstood(t *testing.T) {
	midnight := (today - 1).Start(sourcetest.Zone(zone))
	for metadata, want := range map[string]time.Time{
		`{"first_incomplete_date":"2026-11-03"}`:                midnight,
		`{"firstIncompleteDate":"2026-11-03"}`:                  midnight,
		`{"first_incomplete_hour":"2026-11-03T02:00:00-08:00"}`: midnight.Add(2 * time.Hour),
		`{"firstIncompleteHour":"2026-11-03T10:00:00Z"}`:        midnight.Add(2 * time.Hour),
		`{}`: {}, `null`: {},
	} {
		if _, d, err := decoded(t, []byte(`{"metadata":`+metadata+`}`), query(sources.Day, today)); err != nil || !d.incomplete.Equal(want) {
			t.Errorf("%s: %s, %v, want %s", metadata, d.incomplete, err, want)
		}
	}
	if _, _, err := decoded(t, []byte(`{"metadata":{"first_incomplete_date":"soon"}}`), query(sources.Day, today)); sources.KindOf(err) != sources.Malformed {
		t.Errorf("no day: %v", err)
	}
}

func TestErrorsAreToldByReasonAndStatus(t *testing.T) {
	for reason, want := range map[string]struct {
		status int
		kind   sources.Kind
		wait   time.Duration
	}{
		"invalidParameter":      {400, sources.Invalid, 0},
		"authError":             {401, sources.Auth, 0},
		"forbidden":             {403, sources.Permission, 0},
		"notFound":              {404, sources.Permission, 0},
		"quotaExceeded":         {403, sources.QuotaKind, overload},
		"userRateLimitExceeded": {403, sources.QuotaKind, overload},
		"x\x1b":                 {429, sources.QuotaKind, overload},
		"backendError":          {503, sources.Unavailable, 0},
	} {
		body, _ := json.Marshal(map[string]any{"error": map[string]any{"message": "m", "errors": []any{map[string]any{"reason": reason}}}})
		got := classify(&httpkit.Response{Status: want.status, Header: http.Header{}, Body: body})
		if got == nil || got.Kind != want.kind || got.RetryAfter != want.wait || strings.Contains(got.Error(), "\x1b") {
			t.Errorf("%d %s: %v, want %v after %s", want.status, body, got, want.kind, want.wait)
		}
	}
	if got := classify(&httpkit.Response{Status: 200, Body: []byte(`{"rows":[]}`)}); got != nil {
		t.Errorf("a good answer: %v", got)
	}
}

func TestAnswersThatWereNotAskedForAreRefused(t *testing.T) {
	row := func(key, figures string) string { return `{"keys":["` + key + `"],` + figures + `}` }
	for name, rows := range map[string]string{
		"another day":       row("2026-11-03T09:00:00-08:00", `"clicks":1`),
		"a day":             row("2026-11-04", `"clicks":1`),
		"half past":         row("2026-11-04T09:30:00-08:00", `"clicks":1`),
		"half a click":      row("2026-11-04T09:00:00-08:00", `"clicks":1.5`),
		"below zero":        row("2026-11-04T09:00:00-08:00", `"clicks":-1`),
		"without a key":     `{"clicks":1}`,
		"twice the same":    row("2026-11-04T09:00:00-08:00", `"clicks":1`) + "," + row("2026-11-04T17:00:00Z", `"clicks":1`),
		"keys of no list":   `{"keys":"2026-11-04"}`,
		"clicks of no kind": row("2026-11-04T09:00:00-08:00", `"clicks":{}`),
	} {
		if _, _, err := decoded(t, []byte(`{"rows":[`+rows+`]}`), query(sources.Hour, today)); sources.KindOf(err) != sources.Malformed {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestHoursThatTheClockShowsTwiceAreTwo(t *testing.T) {
	day := kpi.NewDate(2026, 11, 1)
	rows, _, err := decoded(t, []byte(`{"rows":[{"keys":["2026-11-01T01:00:00-08:00"],"clicks":2},{"keys":["2026-11-01T01:00:00-07:00"],"clicks":1}]}`), query(sources.Hour, day))
	if err != nil || len(rows) != 2 || rows[0].Slot.Hour != 2 || rows[1].Slot.Hour != 1 {
		t.Errorf("%+v, %v", rows, err)
	}
}

func FuzzPage(f *testing.F) {
	f.Add([]byte(`{"rows":[{"keys":["2026-10-25T02:00:00-07:00"],"clicks":1.0,"impressions":2,"position":1.5}],"metadata":{"first_incomplete_hour":"2026-10-25T02:00:00-07:00"}}`))
	f.Add([]byte(`{"rows":[{"keys":["2026-10-25"],"clicks":1}]}`))
	f.Add([]byte(`{"error":{"errors":[{"reason":"quotaExceeded"}]}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		_ = classify(&httpkit.Response{Status: 403, Header: http.Header{}, Body: body})
		for _, grain := range []sources.Grain{sources.Day, sources.Hour} {
			q := query(grain, kpi.NewDate(2026, 10, 25))
			rows, _, err := decoded(t, body, q)
			sourcetest.CheckDecoded(t, q, rows, err)
		}
	})
}

// BenchmarkDecode reads a full page of days.
func BenchmarkDecode(b *testing.B) {
	first := today - rowsAtOnce + 1
	var list []string
	for i := range rowsAtOnce {
		list = append(list, fmt.Sprintf(`{"keys":[%q],"clicks":%d,"impressions":%d,"ctr":0.011206046810858348,"position":10.073871456906991}`, first+kpi.Date(i), 17610+i, 1571473+i))
	}
	text, q := []byte(`{"rows":[`+strings.Join(list, ",")+`]}`), query(sources.Day, first, today)
	sourcetest.Bench(b, "x-of-json", rowsAtOnce, func() error {
		put, err := httpkit.NewRows(platform, q, func(sources.Record) error { return nil }, sources.Day)
		if err != nil {
			return err
		}
		_, err = (&decoder{rows: put, query: q, kind: []byte("web"), id: []byte("web x")}).page(httpkit.NewScanner(text))
		return err
	}, func() error {
		var answer struct {
			Rows []struct {
				Keys                               []string
				Clicks, Impressions, Ctr, Position float64
			}
		}
		return json.Unmarshal(text, &answer)
	})
}
