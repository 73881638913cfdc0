package woocommerce

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

// decoded reads a list of orders.
func decoded(t testing.TB, body []byte, change ...func(*Options)) (events []sources.Event, err error) {
	t.Helper()
	options := Definition().Options().(*Options)
	for _, f := range change {
		f(options)
	}
	scan := httpkit.NewScanner(body)
	for range scan.Array() {
		o, err := readOrder(scan)
		if err == nil {
			err = o.whole()
		}
		if err != nil {
			return nil, err
		}
		e, err := o.event(options)
		if err != nil {
			return nil, err
		}
		events = append(events, e)
	}
	return events, scan.End()
}

func TestDocumentedOrdersReadAsAPersonWould(t *testing.T) {
	body := sourcetest.Recorded(t, "woocommerce", "orders_list.json")
	at := func(text string) time.Time { return instantOf(t, text) }
	want := []sources.Event{
		{ID: "727", Kind: "order", Time: at("2017-03-22T19:28:02"), Status: sources.Approved, Value: 29_350_000, Currency: "USD", Tax: 1_350_000, Shipping: 10_000_000},
		{ID: "723", Kind: "order", Time: at("2017-03-21T19:16:00"), Status: sources.Approved, Value: 20_000_000, Currency: "USD", Refunded: 19_000_000, Shipping: 10_000_000},
	}
	got, err := decoded(t, body)
	if err != nil || len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	// 39 with 10 of shipping, of which 20 are left: goods are 29·20/39.
	net, err := decoded(t, body, func(o *Options) { o.Revenue = kpi.NetOfBoth })
	if err != nil || net[0].Value != 18_000_000 || net[1].Value != 14_871_795 {
		t.Errorf("net: %+v, %v", net, err)
	}
}

func instantOf(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02T15:04:05", text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestRecordedOrderWithARefundIsNotPaid(t *testing.T) {
	body := []byte("[" + string(sourcetest.Recorded(t, "woocommerce", "order_with_refund.json")) + "]")
	want := sources.Event{ID: "45", Kind: "order", Time: instantOf(t, "2022-11-30T20:17:50"), Status: sources.Rejected, Currency: "USD", Refunded: 10_000_000, Key: sources.Key{Promo: "test10off"}}
	if got, err := decoded(t, body); err != nil || len(got) != 1 || got[0] != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	got, err := decoded(t, body, func(o *Options) { o.Sales = append(o.Sales, "pending") })
	if err != nil || got[0].Status != sources.Approved || got[0].Value != 80_000_000 {
		t.Errorf("counted all the same: %+v, %v", got, err)
	}
}

// TestDocumentedRefundsAreThoseOfTheOrder adds up the refunds of order 723, whose
// amounts are above zero where they stand alone.
func TestDocumentedRefundsAreThoseOfTheOrder(t *testing.T) {
	var refunds []struct{ Amount httpkit.Decimal }
	if err := json.Unmarshal(sourcetest.Recorded(t, "woocommerce", "order_refunds_list.json"), &refunds); err != nil {
		t.Fatal(err)
	}
	sum := kpi.Micros(0)
	for _, r := range refunds {
		sum += r.Amount.Micros
	}
	orders, err := decoded(t, sourcetest.Recorded(t, "woocommerce", "orders_list.json"))
	if err != nil || len(refunds) != 2 || orders[1].Refunded != sum {
		t.Errorf("%d refunds of %d, the order says %+v, %v", len(refunds), sum, orders[1], err)
	}
}

// TestAnswersOfOtherRoutesAreNoOrders: the zone of the system's status is PHP's, not
// the shop's, and the report of sales adds up currencies blindly. Neither is read.
func TestAnswersOfOtherRoutesAreNoOrders(t *testing.T) {
	for name, malformed := range map[string]bool{"system_status.json": true, "report_sales.json": true} {
		if _, err := decoded(t, sourcetest.Recorded(t, "woocommerce", name)); (err != nil) != malformed {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDocumentedErrorsHaveTheirKind(t *testing.T) {
	for name, kind := range map[string]sources.Kind{"error_no_route.json": sources.Invalid, "error_not_found.json": sources.Invalid} {
		if got := classify(&httpkit.Response{Status: 404, Body: sourcetest.Recorded(t, "woocommerce", name)}); got == nil || got.Kind != kind || got.Next == "" {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestErrorsAreToldByStatusAndCode(t *testing.T) {
	for _, rule := range []struct {
		status int
		code   string
		kind   sources.Kind
	}{
		{400, "rest_invalid_param", sources.Invalid}, {401, "woocommerce_rest_authentication_error", sources.Auth}, {401, "woocommerce_rest_cannot_view", sources.Permission},
		{403, "rest_forbidden", sources.Permission}, {404, "rest_no_route", sources.Invalid}, {501, "modsecurity", sources.Invalid}, {500, "internal_server_error", 0}, {429, "too_many", 0},
	} {
		got := classify(&httpkit.Response{Status: rule.status, Body: fmt.Appendf(nil, `{"code":%q,"message":"why\u001b","data":{}}`, rule.code)})
		if rule.kind == 0 && got == nil {
			continue
		}
		if got == nil || got.Kind != rule.kind || strings.Contains(got.Error(), "\x1b") {
			t.Errorf("%d %s: %v, want %v", rule.status, rule.code, got, rule.kind)
		}
	}
}

// entry renders an order of 119.00 with 19.00 of tax and 11.90 of shipping; rest is
// more of its fields, ending in a comma.
func entry(rest string) []byte {
	return []byte(`[{` + rest + `"id":7,"currency":"EUR","date_created_gmt":"2026-11-02T18:05:11","date_modified_gmt":"2026-11-02T18:06:01","total":"119.00","total_tax":"19.00","shipping_total":"10.00"}]`)
}

func TestRevenueOptionDecidesTheValue(t *testing.T) {
	for basis, want := range map[kpi.Basis][2]kpi.Micros{
		kpi.Gross: {119_000_000, 59_500_000}, kpi.NetOfTax: {100_000_000, 50_000_000}, kpi.NetOfBoth: {90_000_000, 45_000_000}, kpi.Ordered: {119_000_000, 119_000_000},
	} {
		for i, refunds := range []string{``, `"refunds":[{"id":1,"total":"-50.00"},{"id":2,"total":"-9.50"}],`} {
			e, err := decoded(t, entry(`"status":"completed",`+refunds), func(o *Options) { o.Revenue = basis })
			if err != nil || e[0].Value != want[i] || e[0].Tax != 19_000_000 || e[0].Shipping != 10_000_000 {
				t.Errorf("%s: %+v, %v, want %d", basis, e, err, want[i])
			}
		}
	}
}

func TestStatusSaysWhetherAnOrderCounts(t *testing.T) {
	for rest, want := range map[string]kpi.Micros{
		`"status":"processing",`:    119_000_000,
		`"status":"completed",`:     119_000_000,
		`"status":"refunded",`:      0, // although its refunds are left out
		`"status":"on-hold",`:       -1,
		`"status":"pending",`:       -1,
		`"status":"cancelled",`:     -1,
		`"status":"trash",`:         -1,
		`"status":"awaiting-post",`: -1,
		`"status":"awaiting-post","date_paid_gmt":"2026-11-02T18:06:01",`: 119_000_000,
		`"status":"cancelled","date_paid_gmt":"2026-11-02T18:06:01",`:     -1,
	} {
		e, err := decoded(t, entry(rest))
		if err != nil || (want < 0) != (e[0].Status == sources.Rejected) || e[0].Value != max(want, 0) {
			t.Errorf("%s: %+v, %v", rest, e, err)
		}
	}
	e, err := decoded(t, entry(`"status":"refunded",`))
	if err != nil || e[0].Refunded != 119_000_000 {
		t.Errorf("%+v, %v", e, err)
	}
	if e, err = decoded(t, entry(`"status":"completed",`), func(o *Options) { o.Sales = []string{"processing"} }); err != nil || e[0].Status != sources.Rejected {
		t.Errorf("a status that the options leave out: %+v, %v", e, err)
	}
}

func TestAttributionGivesKeyAndClick(t *testing.T) {
	meta := func(pairs ...string) []byte {
		list := []string{`{"id":1,"key":"x","value":{"a":[1]}}`, `{"value":null,"key":"y"}`, `{"id":3,"key":"z","value":7}`}
		for i := 0; i < len(pairs); i += 2 {
			value, err := json.Marshal(pairs[i+1])
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, fmt.Sprintf(`{"id":%d,"value":%s,"key":"_wc_order_attribution_%s"}`, i, value, pairs[i]))
		}
		return entry(`"status":"completed","meta_data":[` + strings.Join(list, ",") + `],`)
	}
	google := sources.Key{Source: "google", Medium: "cpc", Campaign: "spring", Click: "gclid"}
	for _, c := range []struct {
		origins string
		body    []byte
		key     sources.Key
		click   string
	}{
		{"utm", meta("source_type", "utm", "utm_source", "google", "utm_medium", "cpc", "utm_campaign", "spring", "session_entry", "https://a.example/?email=a%40b.example&gclid=abc#top", "referrer", "https://www.google.com/"), google, "abc"},
		{"utm", meta("source_type", "referral", "referrer", "https://www.News.example/post?id=7", "session_entry", "https://a.example/?ttclid=t1"), sources.Key{Referrer: "news.example", Click: "ttclid"}, "t1"},
		{"utm", meta("source_type", "utm", "utm_source", "news\x1b[31m", "utm_medium", "(none)"), sources.Key{Source: "news[31m"}, ""},
		{"utm", meta("source_type", "typein", "utm_source", "(direct)", "utm_medium", "(none)"), sources.Key{}, ""},
		{"utm", meta("source_type", "organic", "utm_source", "google", "utm_medium", "organic"), sources.Key{}, ""},
		{"all", meta("source_type", "organic", "utm_source", "google"), sources.Key{Source: "google", Medium: "organic"}, ""},
		{"all", meta("source_type", "typein", "utm_source", "(direct)"), sources.Key{}, ""},
		{"all", meta("source_type", "admin"), sources.Key{}, ""},
		{"utm", meta(), sources.Key{}, ""},
	} {
		e, err := decoded(t, c.body, func(o *Options) { o.Origins = c.origins })
		if err != nil || e[0].Key != c.key || e[0].ClickID != c.click {
			t.Errorf("%s: %+v, %v", c.body, e, err)
		}
	}
}

func TestSiteIsTheAccount(t *testing.T) {
	for body, want := range map[string][3]string{
		`{"name":"A","url":"https://a.example/","home":"https://a.example/shop","gmt_offset":1,"timezone_string":"Europe/Berlin"}`: {"a.example/shop", "A", "Europe/Berlin"},
		`{"name":"","url":"https://a.example","gmt_offset":"2","timezone_string":""}`:                                              {"a.example", "", "Etc/GMT-2"},
		`{"url":"https://a.example","gmt_offset":-3,"timezone_string":""}`:                                                         {"a.example", "", "Etc/GMT+3"},
		`{"url":"https://a.example","gmt_offset":0,"timezone_string":""}`:                                                          {"a.example", "", "Etc/GMT+0"},
		`{"url":"https://a.example","gmt_offset":5.5,"timezone_string":""}`:                                                        {"a.example", "", "an offset of 5.5 hours: name the zone in timezone"},
	} {
		w, err := readSite(httpkit.NewScanner([]byte(body)))
		if err != nil || w.id() != want[0] || w.name != want[1] || w.zoneName() != want[2] {
			t.Errorf("%s: %q %q %q, %v", body, w.id(), w.name, w.zoneName(), err)
		}
	}
}

func TestAnswersThatCannotBeTrustedAreRefused(t *testing.T) {
	good := string(entry(`"status":"completed",`))
	for name, body := range map[string]string{
		"no id":              strings.Replace(good, `"id":7`, `"id":null`, 1),
		"no time":            strings.Replace(good, "date_created_gmt", "date_created", 1),
		"no total":           strings.Replace(good, `"total":"119.00"`, `"total":null`, 1),
		"a comma in a total": strings.Replace(good, `119.00`, `119,00`, 1),
		"too large a total":  strings.Replace(good, `119.00`, `1e40`, 1),
		"refunds below zero": strings.Replace(good, `"id":7`, `"id":7,"refunds":[{"total":"5.00"}]`, 1),
		"an object":          `{"orders":[]}`,
		"null":               `null`,
	} {
		s, _ := sourcetest.Serve[Options](t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) }), Definition(), simulated, time.Date(2026, 11, 4, 0, 0, 0, 0, time.UTC))
		_, err := s.Fetch(t.Context(), sources.Query{Account: account, Days: kpi.DateRange{From: kpi.NewDate(2026, 11, 1), To: kpi.NewDate(2026, 11, 3)}}, func(sources.Record) error { return nil })
		if sources.KindOf(err) != sources.Malformed {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOrdersOfOtherCurrenciesAreLeftOutAndSaidSo(t *testing.T) {
	body := strings.Replace(string(entry(`"status":"completed",`)), "EUR", "PLN", 1)
	s, _ := sourcetest.Serve[Options](t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) }), Definition(), simulated, time.Date(2026, 11, 4, 0, 0, 0, 0, time.UTC))
	handed := 0
	receipt, err := s.Fetch(t.Context(), sources.Query{Account: account, Days: kpi.DateRange{From: kpi.NewDate(2026, 11, 1), To: kpi.NewDate(2026, 11, 3)}}, func(sources.Record) error { handed++; return nil })
	if err != nil || handed != 0 || len(receipt.Warnings) != 1 || !strings.Contains(receipt.Warnings[0], "1 in PLN") {
		t.Errorf("%d handed over, %+v, %v", handed, receipt, err)
	}
}

// TestPageBeyondTheEndIsTheEnd serves a host that drops the headers: 200 orders,
// and an error for a third page.
func TestPageBeyondTheEndIsTheEnd(t *testing.T) {
	for _, end := range []string{`[]`, `{"code":"rest_post_invalid_page_number","message":"m","data":{"status":400}}`} {
		s, _ := sourcetest.Serve[Options](t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			page := r.URL.Query().Get("page")
			if page == "3" {
				if end != "[]" {
					w.WriteHeader(http.StatusBadRequest)
				}
				fmt.Fprint(w, end)
				return
			}
			var list []string
			for i := range 100 {
				list = append(list, strings.Trim(strings.Replace(string(entry(`"status":"completed",`)), `"id":7`, fmt.Sprintf(`"id":%s%02d`, page, i), 1), "[]"))
			}
			fmt.Fprint(w, "["+strings.Join(list, ",")+"]")
		}), Definition(), simulated, time.Date(2026, 11, 4, 0, 0, 0, 0, time.UTC))
		handed := 0
		_, err := s.Fetch(t.Context(), sources.Query{Account: account, Days: kpi.DateRange{From: kpi.NewDate(2026, 11, 1), To: kpi.NewDate(2026, 11, 3)}}, func(sources.Record) error { handed++; return nil })
		if err != nil || handed != 200 {
			t.Errorf("%d handed over, %v", handed, err)
		}
	}
}

// FuzzOrders decodes any answer: what does not count has no value, and nothing of an
// address but a click id remains.
func FuzzOrders(f *testing.F) {
	f.Add(entry(`"status":"completed","refunds":[{"total":"-5"}],`))
	f.Add(entry(`"status":"x","coupon_lines":[{"code":"A\u001b"}],"meta_data":[{"key":"_wc_order_attribution_session_entry","value":"/?gclid=%zz"}],`))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, basis := range []kpi.Basis{kpi.Gross, kpi.NetOfBoth} {
			events, err := decoded(t, body, func(o *Options) { o.Revenue = basis })
			if err != nil {
				continue
			}
			for _, e := range events {
				if !e.Status.Counts() && e.Value != 0 || e.ID == "" || e.Refunded < 0 || e.Key.Promo != sources.Clean(e.Key.Promo) || e.ClickID != sources.Clean(e.ClickID) {
					t.Errorf("event %+v of %s", e, body)
				}
			}
		}
	})
}

// BenchmarkDecode reads orders as they come with _fields.
func BenchmarkDecode(b *testing.B) {
	const n = 4000
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf(`{"id":%d,"status":"completed","currency":"EUR","date_created_gmt":"2026-11-02T18:05:11","date_modified_gmt":"2026-11-02T18:06:01","date_paid_gmt":"2026-11-02T18:05:40",`+
			`"total":"%d.35","total_tax":"1.35","shipping_total":"4.90","refunds":[{"id":1,"reason":"","total":"-2.00"}],"coupon_lines":[],"meta_data":[{"id":1,"key":"is_vat_exempt","value":"no"},{"id":2,"key":"plugin","value":{"a":[1,2]}},`+
			`{"id":3,"key":"_wc_order_attribution_source_type","value":"utm"},{"id":4,"key":"_wc_order_attribution_utm_source","value":"google"},{"id":5,"key":"_wc_order_attribution_utm_medium","value":"cpc"},`+
			`{"id":6,"key":"_wc_order_attribution_utm_campaign","value":"spring-%d"},{"id":7,"key":"_wc_order_attribution_session_pages","value":"4"}]}`, i+1, 20+i%90, i%50))
	}
	body := []byte("[" + strings.Join(list, ",") + "]")
	options := Definition().Options().(*Options)
	b.SetBytes(int64(len(body)))
	sourcetest.Bench(b, "x-of-json", n, func() error {
		scan := httpkit.NewScanner(body)
		for range scan.Array() {
			o, err := readOrder(scan)
			if err != nil {
				return err
			}
			if _, err := o.event(options); err != nil {
				return err
			}
		}
		return scan.End()
	}, func() error {
		var orders []struct {
			ID       int64  `json:"id"`
			Status   string `json:"status"`
			Currency string `json:"currency"`
			Created  string `json:"date_created_gmt"`
			Modified string `json:"date_modified_gmt"`
			Paid     string `json:"date_paid_gmt"`
			Total    string `json:"total"`
			Tax      string `json:"total_tax"`
			Shipping string `json:"shipping_total"`
			Refunds  []struct {
				Total string `json:"total"`
			} `json:"refunds"`
			Meta []struct {
				Key   string          `json:"key"`
				Value json.RawMessage `json:"value"`
			} `json:"meta_data"`
		}
		return json.Unmarshal(body, &orders)
	})
}
