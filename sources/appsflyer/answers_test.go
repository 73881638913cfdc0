package appsflyer

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
	"adtop/sources/sourcetest"
)

const header = "Date,Agency/PMD (af_prt),Media Source (pid),Campaign (c),Impressions,Clicks,CTR,Installs,Conversion Rate,Sessions,Loyal Users,Loyal Users/Installs,Total Revenue,Total Cost,ROI,ARPU,Average eCPI," +
	"af_purchase (Unique users),af_purchase (Event counter),af_purchase (Sales in EUR)\n"

// decoded reads reports of one Fetch.
func decoded(t testing.TB, q sources.Query, result string, reports ...string) (rows []sources.Row, warnings []string, err error) {
	t.Helper()
	put, err := httpkit.NewRows(platform, q, sourcetest.Collect(&rows), sources.Day)
	if err != nil {
		t.Fatal(err)
	}
	reader := newTable(put, q.Account.Currency, result)
	for _, report := range reports {
		if err = reader.read([]byte(report)); err != nil {
			break
		}
	}
	return rows, reader.warnings(), err
}

func TestRecordedEventsReadAsAPersonWould(t *testing.T) {
	report := string(sourcetest.Recorded(t, "appsflyer", "partners_by_date_report_v5.csv"))
	q := query(kpi.NewDate(2026, 8, 12), kpi.NewDate(2026, 8, 13))
	q.Account.Currency = "GBP"
	row := func(id, name string, day int, results kpi.Micros) sources.Row {
		return sources.Row{
			Entity:  sources.Entity{Level: sources.LevelCampaign, ID: id, Name: name},
			Slot:    sources.Slot{Date: kpi.NewDate(2026, 8, day), Grain: sources.Day},
			Metrics: kpi.Metrics{Has: kpi.Conversions | kpi.Revenue, Conversions: results},
		}
	}
	rows, warnings, err := decoded(t, q, "af_start_trial", report)
	if diff := cmp.Diff([]sources.Row{
		row("pid=Organic", "Organic", 12, 2_000_000),
		row("c=UGC+creatives+ad&pid=restricted", "restricted / UGC creatives ad", 12, 3_000_000),
		row("c=UGC+creatives+ad&pid=restricted", "restricted / UGC creatives ad", 13, 2_000_000),
		row("c=tt&pid=tiktokglobal_int", "tiktokglobal_int / tt", 13, 1_000_000),
	}, rows); err != nil || diff != "" {
		t.Errorf("%v, rows differ:\n%s", err, diff)
	}
	if diff := cmp.Diff([]string{"AppsFlyer knows no cost of restricted, tiktokglobal_int: connect it there, or name another source of spend"}, warnings); diff != "" {
		t.Error(diff)
	}
	rows, _, err = decoded(t, q, installs, report)
	if err != nil || len(rows) != 4 || rows[1].Metrics != (kpi.Metrics{Has: kpi.Conversions, Conversions: 4_000_000}) {
		t.Errorf("installs: %+v, %v", rows, err)
	}
	if _, _, err := decoded(t, query(q.Days.From, q.Days.To), "af_start_trial", report); sources.KindOf(err) != sources.Malformed || !strings.Contains(err.Error(), "Sales in GBP") {
		t.Errorf("pounds in an app of euros: %v", err)
	}
}

// TestRecordedTotalsAreRefusedAndTheirRowsRead holds a report without days to be no
// report here, and its rows to be read once they have a day.
func TestRecordedTotalsAreRefusedAndTheirRowsRead(t *testing.T) {
	report := string(sourcetest.Recorded(t, "appsflyer", "partners_report_v5.csv"))
	if _, _, err := decoded(t, query(today), installs, report); sources.KindOf(err) != sources.Malformed {
		t.Errorf("a report of totals: %v", err)
	}
	lines := strings.SplitAfter(strings.TrimSuffix(report, "\n"), "\n")
	dated := "Date," + lines[0]
	for _, line := range lines[1:] {
		dated += today.String() + "," + line
	}
	rows, _, err := decoded(t, query(today), installs, dated+"\n")
	if err != nil || len(rows) != 2 {
		t.Fatalf("%+v, %v", rows, err)
	}
	if want := (kpi.Metrics{Has: kpi.Conversions | kpi.Revenue, Conversions: 124_000_000}); rows[0].Metrics != want || rows[0].Entity.Name != "Facebook Ads / Lançamento Mentorque" {
		t.Errorf("got %+v, want %+v", rows[0], want)
	}
}

func TestDocumentedAppsReadAsAPersonWould(t *testing.T) {
	body := sourcetest.Recorded(t, "appsflyer", "app_list.json")
	s, _ := opened(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) }))
	found, err := s.Accounts(t.Context())
	want := []sources.Account{
		{ID: "com.appsflyer.xpend_qa1", Name: "com.appsflyer.xpend_qa1", Currency: "USD", Zone: time.UTC},
		{ID: "com.abc.app", Name: "com.abc.app", Currency: "USD", Zone: time.UTC},
		{ID: "com.xyz.app", Name: "com.xyz.app", Currency: "JPY", Zone: time.UTC},
	}
	if err != nil || !slices.Equal(found, want) {
		t.Errorf("got %+v, %v", found, err)
	}
}

func TestDocumentedErrorsHaveTheirKind(t *testing.T) {
	var documented map[string]json.RawMessage
	if err := json.Unmarshal(sourcetest.Recorded(t, "appsflyer", "error_bodies.json"), &documented); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		status int
		kinds  []sources.Kind
	}{
		"aggregate_pull_400": {400, []sources.Kind{sources.QuotaKind, sources.Invalid, sources.Invalid}},
		"aggregate_pull_401": {401, []sources.Kind{sources.Auth, sources.Auth}},
		"master_404":         {404, []sources.Kind{sources.Permission}},
	} {
		var bodies []json.RawMessage
		if err := json.Unmarshal(documented[name], &bodies); err != nil || len(bodies) != len(c.kinds) {
			t.Fatalf("%s: %d errors, %v", name, len(bodies), err)
		}
		for i, body := range bodies {
			if got := classified(c.status, string(body)); got == nil || got.Kind != c.kinds[i] || (got.Kind == sources.QuotaKind) != (got.RetryAfter == time.Hour) {
				t.Errorf("%d %s: %v, want %v", c.status, body, got, c.kinds[i])
			}
		}
	}
}

// classified is a refusal where limits last an hour.
func classified(status int, body string) *sources.Error {
	return classify(&httpkit.Response{Status: status, Header: http.Header{}, Body: []byte(body)}, func() time.Duration { return time.Hour })
}

func TestErrorsAreToldByStatusAndWords(t *testing.T) {
	for _, rule := range []struct {
		status int
		body   string
		kind   sources.Kind
		says   string
	}{
		{403, "Limit reached for partners-daily-report", sources.QuotaKind, "HTTP 403: Limit reached"},
		{403, `"Not authorized app-ids: a\u001bb"`, sources.Permission, "app-ids: ab"},
		{429, "", sources.QuotaKind, "HTTP 429"},
		{429, `{"code":429,"message":"Too many requests - Exceeded rate limitation"}`, sources.QuotaKind, "Exceeded rate"},
		{400, `{"message":"Invalid date range"}`, sources.Invalid, "Invalid date range"},
		{401, `{"message":"Account may be suspended"}`, sources.Auth, "suspended"},
		{404, `"Not found"`, sources.Permission, "Not found"},
	} {
		got := classified(rule.status, rule.body)
		if got == nil || got.Kind != rule.kind || !strings.Contains(got.Error(), rule.says) || (rule.kind == sources.QuotaKind) != (got.RetryAfter > 0) {
			t.Errorf("%d %s: %v, want %v that says %q", rule.status, rule.body, got, rule.kind, rule.says)
		}
	}
	for _, status := range []int{200, 500, 503} {
		if got := classified(status, "Limit reached"); got != nil {
			t.Errorf("%d is for the status to say, got %v", status, got)
		}
	}
}

func TestColumnsAreFoundByNameAndMarksAndQuotesPassedOver(t *testing.T) {
	report := "\ufeffTotal Cost,Campaign (c),Novel,Media Source (pid),Date,Clicks\r\n" +
		"1.25,\"a, \"\"b\"\"\r\nc\",x,src_int,2026-11-04,3\r\n" +
		"N/A,None,x,src_int,2026-11-04,N/A\r\n"
	rows, warnings, err := decoded(t, query(today), installs, report)
	if err != nil || len(rows) != 2 {
		t.Fatalf("%+v, %v", rows, err)
	}
	if r := rows[0]; r.Entity.Name != `src_int / a, "b" c` || r.Metrics != (kpi.Metrics{Has: kpi.Clicks | kpi.Cost, Clicks: 3, Cost: 1_250_000}) {
		t.Errorf("got %+v", r)
	}
	if r := rows[1]; r.Entity.Name != "src_int" || r.Entity.ID != "pid=src_int" || r.Metrics.Has != 0 {
		t.Errorf("got %+v", r)
	}
	if len(warnings) != 1 || !strings.Contains(warnings[0], `"Installs"`) {
		t.Errorf("warnings %q", warnings)
	}
}

func TestNoTwoCampaignsShareAnID(t *testing.T) {
	long := strings.Repeat("я", 300)
	seen := map[string]bool{}
	for _, of := range [][3]string{{"", "a", "b"}, {"a", "b", ""}, {"", "a", ""}, {"", "a&c=b", ""}, {"", "a", "b\x1b"}, {"", "a", long + "1"}, {"", "a", long + "2"}, {"", "b", long + "1"}} {
		id := identity(of[0], of[1], of[2])
		if seen[id] || id != sources.Clean(id) || len(id) > longestID {
			t.Errorf("%q has the id %q", of, id)
		}
		seen[id] = true
	}
}

func TestOneReportMayHaveTheEventAndAnotherNot(t *testing.T) {
	without := "Date,Media Source (pid),Campaign (c),Total Cost\n2026-11-03,src_int,c,2.00\n"
	rows, warnings, err := decoded(t, query(today-1, today), "af_purchase", header+"2026-11-04,None,src_int,c,1,1,1,1,1,1,1,1,9.00,1.00,1,1,1,2,3,49.90\n", without)
	if err != nil || len(rows) != 2 || len(warnings) != 1 {
		t.Fatalf("%+v, %q, %v", rows, warnings, err)
	}
	if m := rows[0].Metrics; m.Conversions != 3_000_000 || m.Revenue != 49_900_000 {
		t.Errorf("got %+v", m)
	}
	if m := rows[1].Metrics; m.Has != kpi.Cost {
		t.Errorf("got %+v: an event without a column is unknown", m)
	}
}

func TestReportsThatCannotBeAreRefused(t *testing.T) {
	good := "2026-11-04,None,src_int,c,10,3,0.3,2,0.6,1,1,1,9.00,1.00,1,1,1,1,1,9.0\n"
	if rows, _, err := decoded(t, query(today), installs, header+good); err != nil || len(rows) != 1 {
		t.Fatalf("a good one: %v", err)
	}
	for name, report := range map[string]string{
		"nothing":             "",
		"prose":               "OK, come back soon\n",
		"an object":           `{"message":"later"}`,
		"no days":             strings.TrimPrefix(header, "Date,"),
		"cut off in a number": header + strings.TrimSuffix(good, ".0\n"),
		"cut off in a line":   header + good + "2026-11-04,None,src\n",
		"cut off in quotes":   header + "2026-11-04,None,\"src\n",
		"another day":         header + strings.Replace(good, "11-04", "11-05", 1),
		"no day":              header + strings.Replace(good, "2026-11-04", "N/A", 1),
		"no media source":     header + strings.Replace(good, "src_int", "None", 1),
		"half a click":        header + strings.Replace(good, ",3,", ",3.5,", 1),
		"below zero":          header + strings.Replace(good, ",3,", ",-3,", 1),
		"a word":              header + strings.Replace(good, "1.00", "free", 1),
		"twice the same":      header + good + good,
	} {
		if _, _, err := decoded(t, query(today), installs, report); sources.KindOf(err) != sources.Malformed {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzReport(f *testing.F) {
	f.Add(header+"2026-11-04,None,src_int,\"c, \"\"d\"\"\",10,3,0.3,2,0.6,1,1,1,9.00,N/A,1,1,1,1,1,9.0\n", "af_purchase")
	f.Add("\ufeffDate,Media Source (pid),Campaign (c),Installs\r\n2026-11-04,Organic,None,1e2\r\n", installs)
	f.Add(`"Limit reached for partners-daily-report"`, "x")
	f.Fuzz(func(t *testing.T, report, result string) {
		for _, status := range []int{400, 403} {
			if got := classified(status, report); got == nil || got.Error() != sources.Clean(got.Error()) {
				t.Errorf("%d: %q", status, got)
			}
		}
		q := query(today)
		rows, warnings, err := decoded(t, q, result, report)
		sourcetest.CheckDecoded(t, q, rows, err)
		for _, w := range warnings {
			if w != sources.Clean(w) && result == sources.Clean(result) {
				t.Errorf("warning %q", w)
			}
		}
	})
}

// BenchmarkDecode reads 28 days of 750 campaigns.
func BenchmarkDecode(b *testing.B) {
	const n = 21_000
	var text bytes.Buffer
	text.WriteString(header)
	for i := range n {
		fmt.Fprintf(&text, "%s,None,network%d_int,Campaign %d,%d,%d,0.0229,%d,0.1167,%d,%d,0.5000,%d.9000,%d.2500,1.1650,9.2786,4.2857,%d,%d,%d.9\n",
			today-kpi.Date(i%28), i/28%10, i/28, 100*i, i, i%40, 7*i, i%9, 5*i, i, i%9, i%9, 50*(i%9))
	}
	q := query(today-27, today)
	sourcetest.Bench(b, "x-of-csv", n, func() error {
		rows, err := httpkit.NewRows(platform, q, func(sources.Record) error { return nil }, sources.Day)
		if err != nil {
			return err
		}
		return newTable(rows, "EUR", installs).read(text.Bytes())
	}, func() error {
		lines := csv.NewReader(bytes.NewReader(text.Bytes()))
		for {
			if _, err := lines.Read(); err == io.EOF {
				return nil
			} else if err != nil {
				return err
			}
		}
	})
}
