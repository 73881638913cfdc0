package microsoftads

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
	"adtop/sources/sourcetest"
)

const header = `"TimePeriod","CampaignId","CampaignName","CampaignStatus","CurrencyCode","Impressions","Clicks","Spend","ConversionsQualified","Revenue"` + "\n"

// decoded reads a table.
func decoded(t testing.TB, text string, q sources.Query) (rows []sources.Row, through time.Time, err error) {
	t.Helper()
	put, err := httpkit.NewRows(platform, q, sourcetest.Collect(&rows), sources.Day, sources.Hour)
	if err != nil {
		t.Fatal(err)
	}
	through, err = table{rows: put, query: q}.read(strings.NewReader(text))
	return rows, through, errors.Join(err, put.Close())
}

func inDollars(grain sources.Grain, days ...kpi.Date) sources.Query {
	q := query(grain, days...)
	q.Account = sources.Account{ID: "180535609", Zone: time.UTC, Currency: "USD"}
	return q
}

func TestRecordedHoursReadAsAPersonWould(t *testing.T) {
	text := string(sourcetest.Recorded(t, "microsoft_ads", "campaign_performance_hourly.csv"))
	rows, _, err := decoded(t, text, inDollars(sources.Hour, kpi.NewDate(2023, 11, 11), kpi.NewDate(2023, 11, 12)))
	if err != nil || len(rows) != 24 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	want := sources.Row{
		Entity:  sources.Entity{Level: sources.LevelCampaign, ID: "531016227", Name: "Airbyte test", Status: "active"},
		Slot:    sources.Slot{Date: kpi.NewDate(2023, 11, 11), Grain: sources.Hour, Hour: 1},
		Metrics: kpi.Metrics{Has: kpi.Usual, Impressions: 1, Clicks: 1, Cost: 1_480_000},
	}
	if rows[0] != want || rows[23].Slot.Date != kpi.NewDate(2023, 11, 12) || rows[23].Slot.Hour != 0 {
		t.Errorf("got %+v and last %+v, want %+v", rows[0], rows[23], want)
	}
}

func TestReportWithoutTimePeriodIsRefusedAndItsHeadUnderstood(t *testing.T) {
	text := string(sourcetest.Recorded(t, "microsoft_ads", "keyword_summary_with_header_footer.csv"))
	q := inDollars(sources.Day, kpi.NewDate(2020, 2, 7))
	if rows, _, err := decoded(t, text, q); sources.KindOf(err) != sources.Malformed || len(rows) != 0 || !strings.Contains(err.Error(), "TimePeriod") {
		t.Errorf("%d rows, %v: a total of all days is no day", len(rows), err)
	}
	// With the column, its five rows are read, and the lines before and after them are none.
	text = strings.ReplaceAll(strings.ReplaceAll(text, `"AccountId","CampaignId"`, `"TimePeriod","CampaignId"`), `"YourAccountId"`, `"2020-02-07"`)
	for i := range 5 {
		text = strings.Replace(text, `"YourCampaignId"`, fmt.Sprintf(`"%d"`, i+1), 1)
	}
	rows, through, err := decoded(t, text, q)
	if want := time.Date(2020, 2, 8, 22, 15, 0, 0, time.UTC); err != nil || len(rows) != 5 || !through.Equal(want) || rows[3].Metrics != (kpi.Metrics{Has: kpi.Clicks, Clicks: 80}) {
		t.Errorf("%d rows through %s, %v; want 5 through %s", len(rows), through, err, want)
	}
}

// asReport gives a copy from a warehouse the names of a report; each row is
// made a campaign of its own, since the copy is split by device and network.
func asReport(t *testing.T, name string) string {
	t.Helper()
	copied, err := csv.NewReader(bytes.NewReader(sourcetest.Recorded(t, "microsoft_ads", name))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]string{
		"date": "TimePeriod", "currency_code": "CurrencyCode", "clicks": "Clicks", "impressions": "Impressions",
		"spend": "Spend", "conversions_qualified": "ConversionsQualified", "revenue": "Revenue",
	}
	for i, name := range copied[0] {
		copied[0][i] = name
		if names[name] != "" {
			copied[0][i] = names[name]
		}
	}
	for i := range copied {
		id := "CampaignId"
		if i > 0 {
			id = fmt.Sprint(i)
		}
		copied[i] = append(copied[i], id)
	}
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	if err := w.WriteAll(copied); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestWarehouseCopiesReadAsAPersonWould(t *testing.T) {
	for name, want := range map[string]struct {
		rows, unknown int
		sum           kpi.Metrics
	}{
		"warehouse_account_daily.csv":            {10, 1, kpi.Metrics{Has: kpi.Usual, Impressions: 5, Clicks: 4, Conversions: 1_000_000, Revenue: 100_000}},
		"warehouse_campaign_daily_first_400.csv": {400, 1, kpi.Metrics{Has: kpi.Usual, Impressions: 568, Conversions: 1_000_000, Revenue: 10_000}},
	} {
		rows, _, err := decoded(t, asReport(t, name), inDollars(sources.Day, kpi.NewDate(2018, 1, 1), kpi.NewDate(2022, 12, 31)))
		if err != nil {
			t.Fatal(err)
		}
		var sum kpi.Metrics
		unknown := 0
		for _, r := range rows {
			sum, _ = sum.Add(r.Metrics)
			if !r.Metrics.Knows(kpi.Conversions | kpi.Revenue) {
				unknown++
			}
		}
		if len(rows) != want.rows || unknown != want.unknown || sum != want.sum {
			t.Errorf("%s: %d rows, %d without conversions, %+v; want %+v", name, len(rows), unknown, sum, want)
		}
	}
}

func TestRecordedAccountsReadAsAPersonWould(t *testing.T) {
	var answer struct{ Accounts []account }
	if err := json.Unmarshal(sourcetest.Recorded(t, "microsoft_ads", "accounts_search.json"), &answer); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, a := range answer.Accounts {
		account, err := (&source{}).account(a)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%s %s %s %s %s", account.ID, account.Name, account.Currency, account.Zone, a.Customer))
	}
	want := []string{
		"180278106 Example Inc. USD America/Phoenix 987654321", "180519267 Fake USD America/Chicago 987654321",
		"180535609 DEMO-ACCOUNT USD America/Santiago 987654321", "180767304 Test Manager Account USD America/Los_Angeles 987654321",
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %q, want %q", got, want)
	}
	history, err := csv.NewReader(bytes.NewReader(sourcetest.Recorded(t, "microsoft_ads", "warehouse_account_history.csv"))).ReadAll()
	if err != nil || len(history) != 4 || zone(history[1][3], "") != "America/Los_Angeles" {
		t.Errorf("history %v, %v", history, err)
	}
}

func TestRecordedStepsOfAReportAreUnderstood(t *testing.T) {
	steps := map[string]string{"User": "user_query.json", "Submit": "submit_ok.json", "Poll": "poll_success.json"}
	for name := range steps {
		steps[name] = string(sourcetest.Recorded(t, "microsoft_ads", steps[name]))
	}
	var got []string
	s, _ := on(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, body := range steps {
			if strings.Contains(r.URL.Path, name) {
				got = append(got, name)
				_, _ = io.WriteString(w, body)
				return
			}
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"Accounts":[],"access_token":"a","token_type":"Bearer"}`)
	}))
	if _, err := s.list(t.Context()); err != nil {
		t.Error(err)
	}
	link, err := s.ready(t.Context(), account{ID: "1"}, "thisisthereport_requestid")
	if err != nil || !strings.HasPrefix(link, "https://bingadsappsstorageprod.blob.core.windows.net:443/") {
		t.Errorf("link %s, %v", link, err)
	}
	if len(got) != 2 {
		t.Errorf("asked %v", got)
	}
}

func TestErrorsAreToldByCode(t *testing.T) {
	for body, want := range map[string]sources.Kind{
		`{"Errors":[{"Code":105,"ErrorCode":"InvalidCredentials","Message":"m","Detail":null}]}`: sources.Auth,
		`{"Errors":[{"Code":"109","ErrorCode":"AuthenticationTokenExpired"}]}`:                   sources.Auth,
		`{"Errors":[{"Code":106}]}`: sources.Permission, `{"Errors":[{"Code":116}]}`: sources.Invalid, `{"Errors":[{"Code":117}]}`: sources.QuotaKind,
		`{"Errors":[{"Code":0}]}`: sources.Unavailable,
		`{"BatchErrors":[],"OperationErrors":[{"Code":2015,"Details":"d","ErrorCode":"ReportingServiceRequiredColumnsNotSelected"}]}`: sources.Invalid,
		`{"OperationErrors":[{"Code":207}]}`: sources.QuotaKind, `{"OperationErrors":[{"Code":2003}]}`: sources.Permission, `{"OperationErrors":[{"Code":2004}]}`: sources.Unavailable,
	} {
		for _, status := range []int{200, 400, 500} {
			if got := classify(&httpkit.Response{Status: status, Header: http.Header{}, Body: []byte(body)}); got == nil || got.Kind != want {
				t.Errorf("%d %s: %v, want %v", status, body, got, want)
			}
		}
	}
	for _, body := range []string{`{"ReportRequestId":"1"}`, `{"Errors":[]}`, "PK\x03\x04Errors", ``} {
		if got := classify(&httpkit.Response{Status: 200, Body: []byte(body)}); got != nil {
			t.Errorf("%s: %v", body, got)
		}
	}
}

func TestEveryFormOfATimePeriodIsUnderstood(t *testing.T) {
	for period, hour := range map[string]int{"2026-11-04|01": 1, "2026-11-04|7": 7, "11/4/2026 12:00:00 AM|7": 7, "2026-11-04": -1, "11/4/2026": -1} {
		grain := sources.Hour
		if hour < 0 {
			grain = sources.Day
		}
		rows, _, err := decoded(t, header+`"`+period+`","7","n","Active","EUR","1","1","1.00","0.50",""`+"\n", query(grain, today))
		if err != nil || len(rows) != 1 || rows[0].Slot.Hour != max(hour, 0) {
			t.Errorf("%s: %+v, %v", period, rows, err)
		}
	}
}

func TestTablesThatCannotBeAreRefused(t *testing.T) {
	good := `"2026-11-04","7","n","Active","EUR","1","1","1.00","0.50","2.00"` + "\n"
	for name, text := range map[string]string{
		"nothing":             "",
		"no header":           good,
		"another currency":    header + strings.Replace(good, "EUR", "USD", 1),
		"another day":         header + strings.Replace(good, "2026-11-04", "2026-12-04", 1),
		"an hour":             header + strings.Replace(good, "2026-11-04", "2026-11-04|01", 1),
		"no campaign":         header + strings.Replace(good, `"7"`, `""`, 1),
		"twice the same":      header + good + good,
		"half a click":        header + strings.Replace(good, `"1","1"`, `"1","1.5"`, 1),
		"a thousands comma":   header + strings.Replace(good, `"1.00"`, `"1,000.00"`, 1),
		"a cell too few":      header + strings.Replace(good, `"2.00"`, ``, 1)[:40] + "\"\n",
		"fewer than promised": "\"Rows: 2\"\n\n" + header + good,
		"more than promised":  "\"Rows: 0\"\n\n" + header + good,
		"an open quote":       header + `"2026-11-04,`,
	} {
		if _, _, err := decoded(t, text, query(sources.Day, today)); sources.KindOf(err) != sources.Malformed {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, _, err := decoded(t, "\ufeff"+header+good+strings.Replace(good, `"7"`, `"8"`, 1)+strings.Replace(good, "1.00", "much", 1), query(sources.Day, today))
	if err == nil || !strings.Contains(err.Error(), "line 4: Spend") {
		t.Errorf("got %v, want the line and the column", err)
	}
}

func TestZipFilesAreBounded(t *testing.T) {
	tight := &bounded{strings.NewReader(header), 10}
	if _, err := io.ReadAll(tight); !errors.Is(err, errTooLarge) {
		t.Errorf("got %v", err)
	}
	for name, packed := range map[string][]byte{"empty": nil, "no zip": []byte("OK"), "cut off": zipped(t, "a.csv", header)[:40], "no table": zipped(t, "a.txt", header)} {
		if _, err := unpack(packed, table{rows: rowsFor(t, query(sources.Day, today)), query: query(sources.Day, today)}); sources.KindOf(err) != sources.Malformed {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzTable(f *testing.F) {
	f.Add("\ufeff\"Rows: 1\"\r\n\r\n" + header + `"2026-10-25|02","7","n ""q""","Active","EUR","1","1","1.00","0.50",""` + "\r\n\r\n\"@2026 Microsoft\"\r\n")
	f.Add(header + `"2026-10-25","7","n","Active","EUR","1","","1e3","",""` + "\n")
	f.Fuzz(func(t *testing.T, text string) {
		classify(&httpkit.Response{Status: 200, Header: http.Header{}, Body: []byte(text)})
		for _, grain := range []sources.Grain{sources.Day, sources.Hour} {
			q := query(grain, kpi.NewDate(2026, 10, 25))
			rows, _, err := decoded(t, text, q)
			sourcetest.CheckDecoded(t, q, rows, err)
		}
	})
}

// BenchmarkDecode reads 20,000 hours from the unpacked table.
func BenchmarkDecode(b *testing.B) {
	const n = 20_000
	var text strings.Builder
	text.WriteString("\ufeff" + header)
	first := kpi.NewDate(2026, 10, 1)
	for i := range n {
		fmt.Fprintf(&text, "\"%s|%02d\",\"53101%04d\",\"Prospecting %d\",\"Active\",\"EUR\",\"%d\",\"%d\",\"%d.25\",\"%d.50\",\"%d.90\"\r\n",
			first+kpi.Date(i/24%14), i%24, i/336, i/336, 100*i, i, i, i%7, 50*(i%7))
	}
	q := query(sources.Hour, first, first+13)
	sourcetest.Bench(b, "x-of-csv", n, func() error {
		_, err := table{rows: rowsFor(b, q), query: q}.read(strings.NewReader(text.String()))
		return err
	}, func() error {
		lines := csv.NewReader(strings.NewReader(strings.TrimPrefix(text.String(), "\ufeff")))
		for {
			if _, err := lines.Read(); err == io.EOF {
				return nil
			} else if err != nil {
				return err
			}
		}
	})
}
