package amazonads

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
	"adtop/sources/sourcetest"
)

var dollars = sources.Account{ID: "777777777", Zone: time.UTC, Currency: "USD"}

// packed packs a file.
func packed(t testing.TB, text []byte) []byte {
	t.Helper()
	var file bytes.Buffer
	w := gzip.NewWriter(&file)
	_, err := w.Write(text)
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// client is one for the excerpts of errors.
func client(t testing.TB) *httpkit.Client {
	t.Helper()
	base, err := httpkit.ParseBase("", "https://advertising-api.amazon.com")
	if err != nil {
		t.Fatal(err)
	}
	c, err := httpkit.New(httpkit.Options{Platform: platform, Base: base})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// decoded reads a file of Sponsored Products.
func decoded(t testing.TB, file []byte, q sources.Query, window string) (rows []sources.Row, err error) {
	t.Helper()
	put, err := httpkit.NewRows(platform, q, sourcetest.Collect(&rows), sources.Day)
	if err != nil {
		t.Fatal(err)
	}
	d := decoder{rows: put, currency: []byte(q.Account.Currency)}
	d.orders, d.sales = products["sponsored_products"].columns(window)
	err = d.unpack(client(t), file)
	return rows, err
}

func TestRecordedRowsReadAsAPersonWould(t *testing.T) {
	body := sourcetest.Recorded(t, "amazon_ads", "report_rows_sp_summary.json")
	q := sourcetest.Query(dollars, sources.Day, kpi.NewDate(2022, 7, 5))
	if rows, err := decoded(t, packed(t, body), q, "14d"); sources.KindOf(err) != sources.Malformed || len(rows) != 0 {
		t.Errorf("%d rows, %v: a total of all days is no day", len(rows), err)
	}
	// With a day each, its two rows are of a campaign whose id has 15 digits.
	text := string(body)
	for _, day := range []string{"2022-07-05", "2022-07-06"} {
		text = strings.Replace(text, `"startDate": "2022-07-05"`, `"date": "`+day+`"`, 1)
	}
	rows, err := decoded(t, packed(t, []byte(text)), sourcetest.Query(dollars, sources.Day, kpi.NewDate(2022, 7, 5), kpi.NewDate(2022, 7, 6)), "14d")
	want := sources.Row{
		Entity:  sources.Entity{Level: sources.LevelCampaign, ID: "158410630682987", Name: "158410630682987"},
		Slot:    sources.Slot{Date: kpi.NewDate(2022, 7, 5), Grain: sources.Day},
		Metrics: kpi.Metrics{Has: kpi.Usual &^ kpi.Revenue, Impressions: 2216, Clicks: 13, Cost: 14_500_000, Conversions: 3_000_000},
	}
	if err != nil || len(rows) != 2 || rows[0] != want || rows[1].Metrics.Cost != 9_450_000 || rows[1].Metrics.Conversions != 2_000_000 {
		t.Errorf("got %+v, %v, want %+v", rows, err, want)
	}
}

// TestOrdersThatFollowedNoClickFollowedAView: Amazon tells all orders of Sponsored Brands
// and Display, and those after a click.
func TestOrdersThatFollowedNoClickFollowedAView(t *testing.T) {
	for name, product := range products {
		for _, body := range []string{
			`{"date":"2022-07-05","campaignId":1,"purchases":5,"purchasesClicks":3}`,
			`{"date":"2022-07-05","campaignId":1,"purchases":5,"purchasesClicks":null}`,
		} {
			var rows []sources.Row
			put, err := httpkit.NewRows(platform, sourcetest.Query(dollars, sources.Day, kpi.NewDate(2022, 7, 5)), func(r sources.Record) error { rows = append(rows, r.(sources.Row)); return nil }, sources.Day)
			if err != nil {
				t.Fatal(err)
			}
			d := decoder{rows: put, currency: []byte("USD"), orders: "purchases", sales: "sales", clicked: product.clicked}
			if err := d.unpack(client(t), packed(t, []byte("["+body+"]"))); err != nil || len(rows) != 1 {
				t.Fatalf("%s: %+v, %v", name, rows, err)
			}
			want := kpi.Metrics{Has: kpi.Conversions, Conversions: 5_000_000}
			if (name == "sponsored_brands" || name == "sponsored_display") && strings.Contains(body, "3") {
				want.Has, want.ViewThrough = want.Has|kpi.ViewThrough, 2_000_000
			}
			if rows[0].Metrics != want {
				t.Errorf("%s of %s: got %+v, want %+v", name, body, rows[0].Metrics, want)
			}
		}
	}
}

func TestWarehouseCopyReadsAsAPersonWould(t *testing.T) {
	table, err := csv.NewReader(bytes.NewReader(sourcetest.Recorded(t, "amazon_ads", "warehouse_campaign_level_report.csv"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, r := range table[1:] {
		cell := func(i int) string {
			if r[i] == "" {
				return "null"
			}
			return r[i]
		}
		list = append(list, fmt.Sprintf(`{"date":%q,"campaignId":%s,"campaignBudgetCurrencyCode":%q,"clicks":%s,"cost":%s,"impressions":%s,"purchases30d":%s,"sales30d":%s}`,
			r[1], r[0], r[7], cell(9), cell(10), cell(11), cell(14), cell(15)))
	}
	q := sourcetest.Query(dollars, sources.Day, kpi.NewDate(2022, 7, 1), kpi.NewDate(2022, 9, 30))
	rows, err := decoded(t, packed(t, []byte("["+strings.Join(list, ",")+"]")), q, "30d")
	seen, sold := 0, 0
	for _, r := range rows {
		if r.Metrics.Knows(kpi.Impressions) {
			seen++
		}
		if r.Metrics.Knows(kpi.Conversions | kpi.Revenue) {
			sold++
		}
	}
	first := kpi.Metrics{Has: kpi.Usual &^ kpi.Impressions, Conversions: 44_000_000, Revenue: 54_000_000}
	if err != nil || len(rows) != 10 || seen != 1 || sold != 5 || rows[0].Metrics != first {
		t.Errorf("%d rows, %d with impressions, %d with orders, %v; want what stands in empty cells to be unknown: %+v", len(rows), seen, sold, err, rows)
	}
	history, err := csv.NewReader(bytes.NewReader(sourcetest.Recorded(t, "amazon_ads", "warehouse_campaign_history.csv"))).ReadAll()
	if err != nil || len(history) != 7 || history[1][7] != "Gold Leader" {
		t.Errorf("names of a campaign over time: %v, %v", history, err)
	}
}

func TestRecordedProfilesReadAsAPersonWould(t *testing.T) {
	var listed []profile
	if err := json.Unmarshal(sourcetest.Recorded(t, "amazon_ads", "profiles.json"), &listed); err != nil {
		t.Fatal(err)
	}
	table, err := csv.NewReader(bytes.NewReader(sourcetest.Recorded(t, "amazon_ads", "warehouse_profile.csv"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range table[1:] {
		var p profile
		if err := json.Unmarshal(fmt.Appendf(nil, `{"profileId":%s,"countryCode":%q,"currencyCode":%q,"timezone":%q,"accountInfo":{"name":%q,"type":%q}}`, r[0], r[9], r[10], r[12], r[5], r[7]), &p); err != nil {
			t.Fatal(err)
		}
		listed = append(listed, p)
	}
	var got []string
	for _, p := range listed {
		a, err := p.account()
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%s %s %s %s", a.ID, a.Name, a.Currency, a.Zone))
	}
	if want := "[777777777 Name of the Account (CA) CAD America/Los_Angeles 888888888 Name of the Account (MX) MXN America/Los_Angeles " +
		"999999999 Name of the Account (US) USD America/Los_Angeles 66 Palpatine (US) USD America/Los_Angeles]"; fmt.Sprint(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// handed answers as recorded: the first request for a report and its state, and
// a file that holds an empty list.
func handed(t *testing.T, submitted, told string) http.HandlerFunc {
	state := string(sourcetest.Recorded(t, "amazon_ads", told))
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case strings.HasSuffix(r.URL.Path, "/token"):
			fmt.Fprint(w, `{"access_token":"a","token_type":"bearer"}`)
		case strings.HasSuffix(r.URL.Path, "/profiles"):
			fmt.Fprint(w, `[{"profileId":3312345678901231}]`)
		case r.Method == http.MethodPost:
			if strings.HasPrefix(submitted, "error_425") {
				w.WriteHeader(http.StatusTooEarly)
			}
			_, _ = w.Write(sourcetest.Recorded(t, "amazon_ads", submitted))
		case strings.HasSuffix(r.URL.Path, ".json.gz"):
			_, _ = w.Write(packed(t, []byte("[]")))
		default:
			fmt.Fprint(w, strings.Replace(state, "https://offline-report-storage-us-east-1-prod.s3.amazonaws.com", "http://"+r.Host, 1))
		}
	}
}

func TestRecordedStepsOfAReportAreUnderstood(t *testing.T) {
	for _, submitted := range []string{"create_sp_campaign_daily.json", "create_sp_search_term_daily.json", "create_sp_advertised_product_summary.json", "create_sp_targeting_summary_filters.json"} {
		s, waits := on(t, handed(t, submitted, "status_completed_empty_file.json"), func(o *Options) { o.EUURL = strings.TrimSuffix(o.EUURL, "/amazon_ads/eu") })
		if rows, receipt, err := sourcetest.Fetch(t, s, query(today)); err != nil || len(rows) != 0 || len(*waits) != 0 || receipt.CompleteThrough.Year() != 2022 {
			t.Errorf("%s: %d rows, %+v, %v", submitted, len(rows), receipt, err)
		}
		s, waits = on(t, handed(t, submitted, "status_pending.json"))
		if _, _, err := sourcetest.Fetch(t, s, query(today)); sources.KindOf(err) != sources.Unavailable || len(*waits) < 10 {
			t.Errorf("%s, and never ready: %v after %d pauses", submitted, err, len(*waits))
		}
	}
	// The recorded report is not of the days that are asked for here, and is not
	// read in their place.
	s, _ := on(t, handed(t, "error_425_duplicate.json", "status_pending.json"))
	if _, _, err := sourcetest.Fetch(t, s, query(today)); sources.KindOf(err) != sources.Unavailable || !strings.Contains(err.Error(), "report b09d780d-44d8-425c-a3fc-c6aa51e91b39 is taken for the same") {
		t.Errorf("a duplicate: %v", err)
	}
}

func TestRequestIsTheOneThatThePlatformDocuments(t *testing.T) {
	var recorded state
	if err := json.Unmarshal(sourcetest.Recorded(t, "amazon_ads", "create_sp_campaign_daily.json"), &recorded); err != nil {
		t.Fatal(err)
	}
	o := Definition().Options().(*Options)
	asked := (&source{options: *o}).describe(products["sponsored_products"], kpi.DateRange{From: kpi.NewDate(2022, 7, 5), To: kpi.NewDate(2022, 7, 10)})
	if asked.answeredBy(recorded) {
		t.Error("a report by ad group answers for campaigns")
	}
	recorded.Configuration.configuration = asked.Configuration
	if !asked.answeredBy(recorded) {
		t.Error("the same report does not answer")
	}
	recorded.Configuration.Filters = json.RawMessage(`[{"field":"campaignStatus","values":["ENABLED"]}]`)
	if asked.answeredBy(recorded) {
		t.Error("a part of the campaigns answers for all")
	}
}

func TestRecordedErrorsHaveTheirKind(t *testing.T) {
	for name, want := range map[string]struct {
		status int
		kind   sources.Kind
	}{"error_400_range.json": {400, sources.Invalid}, "error_425_duplicate.json": {425, sources.Invalid}} {
		got := classify(&httpkit.Response{Status: want.status, Header: http.Header{}, Body: sourcetest.Recorded(t, "amazon_ads", name)})
		if got == nil || got.Kind != want.kind {
			t.Errorf("%s: %v", name, got)
		}
		var same *duplicate
		if errors.As(got, &same) != (want.status == 425) || same != nil && same.id != "b09d780d-44d8-425c-a3fc-c6aa51e91b39" {
			t.Errorf("%s: duplicate of %+v", name, same)
		}
	}
}

func TestErrorsAreToldByStatusAndWords(t *testing.T) {
	for body, want := range map[string]struct {
		status int
		kind   sources.Kind
		wait   time.Duration
	}{
		`{"code":"401","details":"Unauthorized"}`:                                     {401, sources.Auth, 0},
		`{"code":"UNAUTHORIZED","details":"Not authorized to access scope 1"}`:        {401, sources.Permission, 0},
		`{"code":401,"message":"No matching advertiser found for scope: \u001b[31m"}`: {401, sources.Permission, 0},
		`{"code":"403","detail":"Forbidden"}`:                                         {403, sources.Permission, 0},
		`{"code":"404","detail":"Report not found"}`:                                  {404, sources.Invalid, 0},
		`{"code":"422","detail":"wrong"}`:                                             {422, sources.Invalid, 0},
		`{"code":"425","detail":"wait a little"}`:                                     {425, sources.Unavailable, 7 * time.Second},
		`{"code":"429","detail":"Too Many Requests"}`:                                 {429, sources.QuotaKind, 7 * time.Second},
		`{"code":"500","detail":"oops"}`:                                              {500, sources.Unavailable, 7 * time.Second},
	} {
		got := classify(&httpkit.Response{Status: want.status, Header: http.Header{"Retry-After": {"7"}}, Body: []byte(body)})
		if got == nil || got.Kind != want.kind || got.RetryAfter != want.wait || strings.Contains(got.Error(), "\x1b") {
			t.Errorf("%d %s: %v, want %v after %s", want.status, body, got, want.kind, want.wait)
		}
	}
	for _, r := range []httpkit.Response{{Status: 200, Body: []byte(`{"code":"425"}`)}, {Status: 403, Body: []byte(`<?xml version="1.0"?><Error/>`)}, {Status: 401, Body: []byte(`{}`)}} {
		if got := classify(&r); got != nil {
			t.Errorf("%d %s: %v", r.Status, r.Body, got)
		}
	}
}

func TestFilesThatCannotBeAreRefused(t *testing.T) {
	good := `{"date":"2026-11-04","campaignId":7,"campaignBudgetCurrencyCode":"EUR","clicks":1,"cost":1.5,"purchases14d":1,"new":{"x":[1]}}`
	if rows, err := decoded(t, packed(t, []byte("["+good+"]")), query(today), "14d"); err != nil || len(rows) != 1 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	if rows, err := decoded(t, []byte("["+good+"]"), query(today), "14d"); err != nil || len(rows) != 1 {
		t.Errorf("unpacked on the way: %d rows, %v", len(rows), err)
	}
	for name, text := range map[string]string{
		"an object":        `{"rows":[]}`,
		"another currency": "[" + strings.Replace(good, "EUR", "USD", 1) + "]",
		"another day":      "[" + strings.Replace(good, "-04", "-05", 1) + "]",
		"no day":           `[{"campaignId":7}]`,
		"no campaign":      `[{"date":"2026-11-04"}]`,
		"a rounded id":     "[" + strings.Replace(good, ":7", ":1.5841063068298e14", 1) + "]",
		"twice the same":   "[" + good + "," + good + "]",
		"half a click":     "[" + strings.Replace(good, `"clicks":1`, `"clicks":1.5`, 1) + "]",
		"an open list":     "[" + good,
	} {
		if _, err := decoded(t, packed(t, []byte(text)), query(today), "14d"); sources.KindOf(err) != sources.Malformed {
			t.Errorf("%s: %v", name, err)
		}
	}
	whole := packed(t, []byte("["+good+"]"))
	spoilt := bytes.Clone(whole)
	spoilt[len(spoilt)-6] ^= 1 // in the checksum
	for name, file := range map[string][]byte{"cut off": whole[:len(whole)-9], "nothing": nil, "a wrong checksum": spoilt} {
		if _, err := decoded(t, file, query(today), "14d"); sources.KindOf(err) != sources.Malformed {
			t.Errorf("%s: %v", name, err)
		}
	}
	tight := &bounded{r: strings.NewReader(good), left: 10}
	if _, err := io.ReadAll(tight); !errors.Is(err, errTooLarge) || !errors.Is(tight.err, errTooLarge) {
		t.Errorf("got %v", err)
	}
}

func TestMemoryDoesNotGrowWithAReport(t *testing.T) {
	var text bytes.Buffer
	w := gzip.NewWriter(&text)
	_, _ = io.WriteString(w, "[")
	const n = 60_000 // rows; 15 MB
	for i := range n {
		if i > 0 {
			_, _ = io.WriteString(w, ",")
		}
		fmt.Fprintf(w, `{"date":"%s","campaignId":15841063%07d,"campaignName":"%s","clicks":1,"cost":1.5,"purchases14d":1,"sales14d":1.5}`, today-kpi.Date(i%30), i/30, strings.Repeat("Spring ", 20))
	}
	_, _ = io.WriteString(w, "]")
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	rows, err := httpkit.NewRows(platform, query(today-29, today), func(sources.Record) error { return nil }, sources.Day)
	if err != nil {
		t.Fatal(err)
	}
	d := decoder{rows: rows, currency: []byte("EUR"), orders: "purchases14d", sales: "sales14d"}
	live := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := live()
	if err := d.unpack(client(t), text.Bytes()); err != nil {
		t.Fatal(err)
	}
	if grown := int64(live()) - int64(before); grown > 4<<20 {
		t.Errorf("%d rows of %d campaigns left %d bytes behind", n, n/30, grown)
	}
	runtime.KeepAlive(rows)
}

func FuzzFile(f *testing.F) {
	f.Add([]byte(`[{"date":"2026-11-04","campaignId":158410630682987,"campaignName":"n\u001b","impressions":1,"clicks":2,"cost":1.5,"purchases14d":3,"sales14d":null}]`))
	f.Add([]byte(`{"code":"425","detail":"The Request is a duplicate of : b09d780d-44d8-425c-a3fc-c6aa51e91b39"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		classify(&httpkit.Response{Status: 425, Header: http.Header{}, Body: text})
		q := query(today)
		for _, file := range [][]byte{text, packed(t, text)} {
			rows, err := decoded(t, file, q, "14d")
			sourcetest.CheckDecoded(t, q, rows, err)
		}
	})
}

// BenchmarkDecode reads a month of 700 campaigns from a packed file.
func BenchmarkDecode(b *testing.B) {
	const n = 21_000
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf(`{"date":"%s","campaignId":15841063068%04d,"campaignName":"SP - Brand %d","campaignStatus":"ENABLED","campaignBudgetCurrencyCode":"EUR","impressions":%d,"clicks":%d,"cost":%d.25,"purchases14d":%d,"sales14d":%d.97}`,
			today-kpi.Date(i%30), i/30, i/30, 2216+i, 13+i, 14+i, i%7, 50*(i%7)))
	}
	file, q, c := packed(b, []byte("["+strings.Join(list, ",")+"]")), query(today-29, today), client(b)
	sourcetest.Bench(b, "x-of-json", n, func() error {
		rows, err := httpkit.NewRows(platform, q, func(sources.Record) error { return nil }, sources.Day)
		if err != nil {
			return err
		}
		d := decoder{rows: rows, currency: []byte("EUR"), orders: "purchases14d", sales: "sales14d"}
		return d.unpack(c, file)
	}, func() error {
		unpacked, err := gzip.NewReader(bytes.NewReader(file))
		if err != nil {
			return err
		}
		text, err := io.ReadAll(unpacked)
		if err != nil {
			return err
		}
		var rows []struct {
			Date           string
			CampaignID     int64
			CampaignName   string
			CampaignStatus string
			Currency       string `json:"campaignBudgetCurrencyCode"`
			Impressions    int64
			Clicks         int64
			Cost           float64
			Purchases14d   int64
			Sales14d       float64
		}
		return json.Unmarshal(text, &rows)
	})
}
