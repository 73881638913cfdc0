package yandexdirect

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

const header = "Date\tCampaignId\tCampaignName\tImpressions\tClicks\tCost\tConversions\tRevenue\n"

// decoded reads a report.
func decoded(t testing.TB, text string, micros bool, q sources.Query) (rows []sources.Row, err error) {
	t.Helper()
	put, err := httpkit.NewRows(platform, q, sourcetest.Collect(&rows), sources.Day)
	if err != nil {
		t.Fatal(err)
	}
	err = (&table{rows: put, micros: micros}).read([]byte(text))
	return rows, err
}

const basics = kpi.Impressions | kpi.Clicks | kpi.Cost

func TestWholeLayoutReadsAsAPersonWould(t *testing.T) {
	text := string(sourcetest.Recorded(t, "yandex_direct", "custom_report_rebuilt.tsv"))
	rows, err := decoded(t, text, false, query(kpi.NewDate(2024, 2, 1), kpi.NewDate(2024, 2, 29)))
	if err != nil || len(rows) != 3 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	want := sources.Row{
		Entity:  sources.Entity{Level: sources.LevelCampaign, ID: "104693586", Name: "prod-mp_2024-01-01_2024-12-31_krv__nzqymdvj|ks|app"},
		Slot:    sources.Slot{Date: kpi.NewDate(2024, 2, 15), Grain: sources.Day},
		Metrics: kpi.Metrics{Has: basics, Impressions: 13},
	}
	if rows[1] != want || rows[2].Entity.ID != "104692778" {
		t.Errorf("got %+v, want %+v", rows[1], want)
	}
}

func TestMillionthsAreReadAsSuch(t *testing.T) {
	text := string(sourcetest.Recorded(t, "yandex_direct", "adgroup_report_micros_rebuilt.tsv"))
	q := query(kpi.NewDate(2023, 7, 30))
	if _, err := decoded(t, text, true, q); sources.KindOf(err) != sources.Malformed || !strings.Contains(err.Error(), "byte") {
		t.Errorf("a report without its last line: %v", err)
	}
	if _, err := decoded(t, text, false, q); sources.KindOf(err) != sources.Malformed || !strings.Contains(err.Error(), "millionths") {
		t.Errorf("millionths in place of units: %v", err)
	}
	rows, err := decoded(t, text+"Total rows: 3\n", true, q)
	if err != nil || len(rows) != 3 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for i, want := range []kpi.Metrics{
		{Has: basics, Impressions: 20, Clicks: 4, Cost: 914_800_000}, {Has: basics, Impressions: 7, Clicks: 1, Cost: 257_950_000}, {Has: basics, Impressions: 1},
	} {
		if rows[i].Metrics != want || !strings.HasPrefix(rows[i].Entity.Name, "HELMS") {
			t.Errorf("row %d is %+v, want %+v", i, rows[i], want)
		}
	}
}

func TestLoadedRecordsReadAsAPersonWould(t *testing.T) {
	loaded, err := csv.NewReader(bytes.NewReader(sourcetest.Recorded(t, "yandex_direct", "custom_report_records.csv"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	text := "Date\tCampaignId\tCampaignName\tImpressions\tClicks\tCost\tAdId\n"
	for _, r := range loaded[1:] {
		var record struct{ Date, CampaignId, CampaignName, Impressions, Clicks, Cost, AdId string }
		if err := json.Unmarshal([]byte(r[1]), &record); err != nil {
			t.Fatal(err)
		}
		text += strings.Join([]string{record.Date, record.CampaignId, record.CampaignName, record.Impressions, record.Clicks, record.Cost, record.AdId}, "\t") + "\n"
	}
	rows, err := decoded(t, text+"Total rows: 3\n", false, query(kpi.NewDate(2024, 2, 1), kpi.NewDate(2024, 2, 29)))
	if err != nil || len(rows) != 3 || rows[0].Metrics != (kpi.Metrics{Has: basics, Impressions: 2}) {
		t.Errorf("%+v, %v: want a first row of two impressions that cost nothing", rows, err)
	}
}

func TestRecordedErrorAsksToSignIn(t *testing.T) {
	body := sourcetest.Recorded(t, "yandex_direct", "error_53_invalid_token.json")
	for _, status := range []int{200, 400} {
		if got := classify(&httpkit.Response{Status: status, Header: http.Header{}, Body: body}); got == nil || got.Kind != sources.Auth || got.Next == "" || !strings.Contains(got.Error(), "2826") {
			t.Errorf("%d: %v", status, got)
		}
	}
}

func TestErrorsAreToldByCode(t *testing.T) {
	for code, want := range map[string]sources.Kind{
		"53": sources.Auth, `"53"`: sources.Auth, "54": sources.Permission, "58": sources.Permission, "513": sources.Permission, `"152"`: sources.QuotaKind, "506": sources.QuotaKind,
		"52": sources.Unavailable, "1000": sources.Unavailable, "1002": sources.Unavailable, "4000": sources.Invalid, "8000": sources.Invalid,
	} {
		body := fmt.Appendf(nil, `{"error":{"error_code":%s,"error_string":"why\u001b","error_detail":"d"}}`, code)
		if got := classify(&httpkit.Response{Status: 200, Header: http.Header{}, Body: body}); got == nil || got.Kind != want || strings.Contains(got.Error(), "\x1b") {
			t.Errorf("%s: %v, want %v", code, got, want)
		}
	}
	for body, want := range map[string]sources.Kind{
		`{"error":{"error_code":9999,"error_string":"Reports queue is full"}}`: sources.QuotaKind,
		`{"error":{"error_code":9999}}`:                                        sources.Unavailable,
	} {
		if got := classify(&httpkit.Response{Status: 500, Header: http.Header{}, Body: []byte(body)}); got == nil || got.Kind != want {
			t.Errorf("%s: %v, want %v", body, got, want)
		}
	}
	for _, body := range []string{header, `{"result":{}}`, ``, `{"error":`} {
		if got := classify(&httpkit.Response{Status: 200, Body: []byte(body)}); got != nil {
			t.Errorf("%s: %v", body, got)
		}
	}
}

func TestNoValueIsUnknownAndGoalsAddUp(t *testing.T) {
	text := "Date\tCampaignId\tCampaignName\tImpressions\tClicks\tCost\tConversions_1_LSC\tConversions_2_LSC\tRevenue_1_LSC\tRevenue_2_LSC\n" +
		"2026-11-04\t1\t  Зима \t10\t--\t618.40\t3\t4\t--\t12.50\n" +
		"2026-11-04\t2\tЛето\t10\t2\t0\t--\t--\t--\t--\nTotal rows: 2\n"
	rows, err := decoded(t, text, false, query(today))
	if err != nil || len(rows) != 2 {
		t.Fatalf("%+v, %v", rows, err)
	}
	if want := (kpi.Metrics{Has: kpi.Usual &^ kpi.Clicks, Impressions: 10, Cost: 618_400_000, Conversions: 7_000_000, Revenue: 12_500_000}); rows[0].Metrics != want || rows[0].Entity.Name != "Зима" {
		t.Errorf("got %+v, want %+v", rows[0], want)
	}
	if want := (kpi.Metrics{Has: basics, Impressions: 10, Clicks: 2}); rows[1].Metrics != want {
		t.Errorf("got %+v, want %+v", rows[1].Metrics, want)
	}
	if rows, err := decoded(t, header+"2026-11-04\t7\tn\t1\t1\t0\t1\t1500\nTotal rows: 1\n", false, query(today)); err != nil || rows[0].Metrics.Revenue != 1_500_000_000 {
		t.Errorf("revenue without decimals: %v, %v", rows, err)
	}
	if rows, err := decoded(t, header+"Total rows: 0\n", false, query(today)); err != nil || len(rows) != 0 {
		t.Errorf("an empty report: %v, %v", rows, err)
	}
}

func TestReportsThatCannotBeAreRefused(t *testing.T) {
	good := "2026-11-04\t7\tn\t1\t1\t1.00\t1\t2.00\n"
	for name, text := range map[string]string{
		"nothing":           "",
		"prose":             "OK, come back soon\n",
		"no last line":      header + good,
		"cut off":           header + good + "2026-11-04\t8\tn\t1",
		"fewer rows":        header + good + "Total rows: 2\n",
		"more after":        header + good + "Total rows: 1\n" + good,
		"another day":       header + strings.Replace(good, "2026-11-04", "2026-12-04", 1) + "Total rows: 1\n",
		"no campaign":       header + strings.Replace(good, "\t7\t", "\t--\t", 1) + "Total rows: 1\n",
		"twice the same":    header + good + good + "Total rows: 2\n",
		"a tab too many":    header + strings.Replace(good, "\tn\t", "\tn\tn\t", 1) + "Total rows: 1\n",
		"a comma":           header + strings.Replace(good, "1.00", "1,00", 1) + "Total rows: 1\n",
		"half a click":      header + strings.Replace(good, "\t1\t1\t", "\t1\t1.5\t", 1) + "Total rows: 1\n",
		"money in millions": header + strings.Replace(good, "1.00", "1000000", 1) + "Total rows: 1\n",
		"no columns":        "Date\tCost\n",
	} {
		if _, err := decoded(t, text, false, query(today)); sources.KindOf(err) != sources.Malformed {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzTable(f *testing.F) {
	f.Add("\"title\"\n" + header + "2026-11-04\t7\tимя\t1\t--\t1.00\t1\t2.00\nTotal rows: 1\n")
	f.Add("Date\tCampaignId\tConversions_1_AUTO\tCost\r\n2026-11-04\t7\t1e2\t0\r\nTotal rows: 1\r\n")
	f.Add(`{"error":{"error_code":"152"}}`)
	f.Fuzz(func(t *testing.T, text string) {
		classify(&httpkit.Response{Status: 200, Header: http.Header{"Retryin": {text}}, Body: []byte(text)})
		q := query(today)
		for _, micros := range []bool{true, false} {
			rows, err := decoded(t, text, micros, q)
			sourcetest.CheckDecoded(t, q, rows, err)
		}
	})
}

// BenchmarkDecode reads a week of 3,000 campaigns.
func BenchmarkDecode(b *testing.B) {
	const n = 21_000
	var text bytes.Buffer
	text.WriteString(header)
	for i := range n {
		fmt.Fprintf(&text, "%s\t10469%04d\tпоиск|бренд|%d\t%d\t%d\t%d.25\t%d\t%d.90\n", today-kpi.Date(i%7), i/7, i/7, 100*i, i, i, i%7, 50*(i%7))
	}
	fmt.Fprintf(&text, "Total rows: %d\n", n)
	q := query(today-6, today)
	sourcetest.Bench(b, "x-of-csv", n, func() error {
		rows, err := httpkit.NewRows(platform, q, func(sources.Record) error { return nil }, sources.Day)
		if err != nil {
			return err
		}
		return (&table{rows: rows}).read(text.Bytes())
	}, func() error {
		lines := csv.NewReader(bytes.NewReader(text.Bytes()))
		lines.Comma, lines.LazyQuotes, lines.FieldsPerRecord = '\t', true, -1
		for {
			if _, err := lines.Read(); err == io.EOF {
				return nil
			} else if err != nil {
				return err
			}
		}
	})
}
