package comagic

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

func TestRecordedAccountReadsAsAPersonWould(t *testing.T) {
	got, err := readAccount(httpkit.NewScanner(sourcetest.Recorded(t, "comagic", "getobj_account.json")))
	if want := (described{"1103", "test name1", "RUB", "Europe/Moscow"}); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	got, err = readAccount(httpkit.NewScanner([]byte(`{"jsonrpc":"2.0","id":"x","result":{"meta_data":{},"data":[{"app_id":1103,"name":"test","timezone":"Europe/Moscow"}]}}`)))
	if want := (described{"1103", "test", "", "Europe/Moscow"}); err != nil || got != want {
		t.Errorf("documented list: got %+v, %v, want %+v", got, err, want)
	}
}

// TestRecordedReportsAreNoCalls holds the other recorded answers to be refused rather
// than counted.
func TestRecordedReportsAreNoCalls(t *testing.T) {
	for _, name := range []string{"getobj_account.json", "getobj_dimensions_tree.json", "getobj_report_linechart.json", "getobj_report_table.json"} {
		_, err := readPage(httpkit.NewScanner(sourcetest.Recorded(t, "comagic", name)), nil, func(*call) error { return nil })
		if sources.KindOf(err) != sources.Malformed {
			t.Errorf("%s: %v", name, err)
		}
	}
	var all []call
	p, err := readPage(httpkit.NewScanner(sourcetest.Recorded(t, "comagic", "get_source_costs.json")), nil, func(c *call) error { all = append(all, *c); return nil })
	if err != nil || len(all) != 2 || all[0].whole() == nil || p.total.Value != 2 || p.limits != (limits{}) {
		t.Errorf("%+v, %+v, %v", all, p, err)
	}
}

// body is an answered call to 74951110002 with some of its fields changed.
func body(change ...string) string {
	fields := map[string]string{"id": "3331456735", "start_time": `"2026-11-02 14:36:31"`, "direction": `"in"`, "is_lost": "false", "virtual_phone_number": `"74951110002"`, "utm_source": "null", "sale_cost": "null", "attributes": "[]"}
	for i := 0; i < len(change); i += 2 {
		fields[change[i]] = change[i+1]
	}
	var parts []string
	for name, value := range fields {
		parts = append(parts, fmt.Sprintf("%q:%s", name, value))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func list(calls ...string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":"adtop","result":{"data":[%s],"metadata":{"total_items":%d,"version":null,"limits":{}}}}`, strings.Join(calls, ","), len(calls))
}

func one(t testing.TB, answer string, wanted ...string) (c call) {
	t.Helper()
	if _, err := readPage(httpkit.NewScanner([]byte(answer)), wanted, func(read *call) error { c = *read; return nil }); err != nil {
		t.Fatal(err)
	}
	return c
}

// served fetches two days of Moscow's from a server that gives one answer after the
// other, the last one for ever.
func served(t *testing.T, answers ...string) (events []sources.Event, receipt sources.Receipt, waits []time.Duration, asked []string, err error) {
	t.Helper()
	s, waited := sourcetest.Serve[Options](t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var q struct {
			Params struct {
				From string `json:"date_from"`
			}
		}
		_ = json.NewDecoder(r.Body).Decode(&q)
		fmt.Fprint(w, answers[min(len(asked), len(answers)-1)])
		asked = append(asked, q.Params.From)
	}), Definition(), simulated, time.Date(2026, 11, 4, 0, 0, 0, 0, time.UTC))
	q := sources.Query{Account: sources.Account{ID: "1", Currency: "RUB", Zone: moscow}, Days: kpi.DateRange{From: kpi.NewDate(2026, 11, 2), To: kpi.NewDate(2026, 11, 3)}}
	receipt, err = s.Fetch(t.Context(), q, func(r sources.Record) error { events = append(events, r.(sources.Event)); return nil })
	return events, receipt, *waited, asked, err
}

func TestCallReadsAsAPersonWould(t *testing.T) {
	c := one(t, list(body("utm_source", `"yandex\u001b"`, "utm_campaign", `"autumn"`, "yclid", `"77"`, "sale_cost", "1500.5", "attributes", `["first","target"]`)), "target")
	e, err := c.event(&Options{Attributes: []string{"target"}}, sources.Account{Currency: "RUB", Zone: moscow})
	want := sources.Event{ID: "3331456735", Kind: "call", Time: time.Date(2026, 11, 2, 11, 36, 31, 0, time.UTC), Status: sources.Approved, Value: 1_500_500_000, Currency: "RUB",
		Key: sources.Key{Source: "yandex", Campaign: "autumn", Dialled: "+74951110002", Click: "yclid"}, ClickID: "77"}
	if err != nil || c.whole() != nil || e != want {
		t.Errorf("got %+v, %v, want %+v", e, err, want)
	}
}

func TestDialledNumberIsInternational(t *testing.T) {
	for number, want := range map[string]string{"74951110002": "+74951110002", "78005553535": "+78005553535", "+74951110002": "+74951110002", "101": "101", "sip:7495\x1b": "sip:7495", "": ""} {
		if got := dialled(number); got != want {
			t.Errorf("%q: %q, want %q", number, got, want)
		}
	}
}

// TestHourThatTheClockShowsTwiceIsTheFirst takes a zone that changes its clock.
func TestHourThatTheClockShowsTwiceIsTheFirst(t *testing.T) {
	berlin := sourcetest.Zone("Europe/Berlin")
	for start, want := range map[string]string{
		"2026-10-25 01:30:00": "2026-10-24T23:30:00Z",
		"2026-10-25 02:30:00": "2026-10-25T00:30:00Z",
		"2026-10-25 03:30:00": "2026-10-25T02:30:00Z",
		"2026-03-29 03:30:00": "2026-03-29T01:30:00Z",
	} {
		c := call{start: start}
		if at, err := c.at(berlin); err != nil || at.Format(time.RFC3339) != want {
			t.Errorf("%s: %v, %v, want %s", start, at, err, want)
		}
	}
}

func TestNextPageBeginsWithTheLastSecond(t *testing.T) {
	page := func(total int, calls ...string) string {
		return strings.Replace(list(calls...), fmt.Sprintf(`"total_items":%d`, len(calls)), fmt.Sprintf(`"total_items":%d`, total), 1)
	}
	first := body("id", "1", "start_time", `"2026-11-02 09:00:00"`)
	second := body("id", "2", "start_time", `"2026-11-02 10:00:00"`)
	third := body("id", "3", "start_time", `"2026-11-02 10:00:00"`)
	out := body("id", "4", "direction", `"out"`, "start_time", `"2026-11-03 10:00:00"`)
	_, _, _, _, err := served(t, page(4, first, second), page(3, second, third), page(3, second, third, out))
	if sources.KindOf(err) != sources.Malformed || !strings.Contains(err.Error(), "one second") {
		t.Errorf("a page of one second alone: %v", err)
	}
	events, _, _, asked, err := served(t, page(4, first, second), page(3, second, third, out))
	if err != nil || len(events) != 3 || strings.Join(asked, ", ") != "2026-11-02 00:00:00, 2026-11-02 10:00:00" {
		t.Errorf("%+v, asked %q, %v", events, asked, err)
	}
	unknown := func(calls ...string) string { return `{"result":{"data":[` + strings.Join(calls, ",") + `]}}` }
	events, _, _, asked, err = served(t, unknown(first, second), unknown(second, third))
	if err != nil || len(events) != 3 || len(asked) != 2 {
		t.Errorf("without a total: %+v, asked %q, %v", events, asked, err)
	}
}

// TestLongSpansAreAskedInPieces reads more than the three months of a question.
func TestLongSpansAreAskedInPieces(t *testing.T) {
	var asked []string
	s, _ := sourcetest.Serve[Options](t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var q struct {
			Params struct {
				From string `json:"date_from"`
				Till string `json:"date_till"`
			}
		}
		_ = json.NewDecoder(r.Body).Decode(&q)
		asked = append(asked, q.Params.From+" "+q.Params.Till)
		fmt.Fprint(w, list())
	}), Definition(), simulated, time.Date(2026, 11, 4, 0, 0, 0, 0, time.UTC))
	q := sources.Query{Account: sources.Account{ID: "1", Currency: "RUB", Zone: moscow}, Days: kpi.DateRange{From: kpi.NewDate(2026, 2, 1), To: kpi.NewDate(2026, 5, 1)}}
	_, err := s.Fetch(t.Context(), q, func(sources.Record) error { return nil })
	if want := "2026-02-01 00:00:00 2026-04-29 23:59:59, 2026-04-30 00:00:00 2026-05-01 23:59:59"; err != nil || strings.Join(asked, ", ") != want {
		t.Errorf("asked %q, %v, want %s", asked, err, want)
	}
}

func TestNoPointLeftIsWaitedOutOrHandedBack(t *testing.T) {
	first, second := body("id", "1", "start_time", `"2026-11-02 09:00:00"`), body("id", "2", "start_time", `"2026-11-02 10:00:00"`)
	spent := func(limits string) string {
		return `{"result":{"data":[` + first + `],"metadata":{"total_items":2,"limits":` + limits + `}}}`
	}
	events, _, waits, _, err := served(t, spent(`{"minute_remaining":0,"minute_reset":17}`), list(first, second))
	if err != nil || len(events) != 2 || len(waits) != 1 || waits[0] != 17*time.Second {
		t.Errorf("minute: %+v after %v, %v", events, waits, err)
	}
	_, _, waits, asked, err := served(t, spent(`{"day_limit":5000,"day_remaining":0,"day_reset":7200}`), list(first, second))
	if e, ok := err.(*sources.Error); !ok || e.Kind != sources.QuotaKind || e.RetryAfter != 2*time.Hour || len(waits) != 0 || len(asked) != 1 {
		t.Errorf("day: %v after %v, asked %q", err, waits, asked)
	}
}

func TestAnswersThatCannotBeTrustedAreRefused(t *testing.T) {
	for name, answer := range map[string]string{
		"no id":            list(body("id", "null")),
		"no time":          list(body("start_time", "null")),
		"a date alone":     list(body("start_time", `"2026-11-02"`)),
		"half a date":      list(body("start_time", `"2026-11-2 14:36:31"`)),
		"a time of words":  list(body("start_time", `"2026-11-02 at noon :-)"`)),
		"another day":      list(body("start_time", `"2026-11-04 00:00:00"`)),
		"the day before":   list(body("start_time", `"2026-11-01 23:59:59"`)),
		"no order":         list(body("id", "2", "start_time", `"2026-11-03 10:00:00"`), body()),
		"lost or not":      list(body("is_lost", "null")),
		"a word of money":  list(body("sale_cost", `"much"`)),
		"attribute a list": list(body("attributes", `[["target"]]`)),
		"no list":          `{"jsonrpc":"2.0","id":"adtop","result":{"metadata":{"total_items":0}}}`,
		"no result":        `{"jsonrpc":"2.0","id":"adtop"}`,
		"null":             `null`,
	} {
		if events, _, _, _, err := served(t, answer); sources.KindOf(err) != sources.Malformed || name != "no order" && len(events) != 0 {
			t.Errorf("%s: %+v, %v", name, events, err)
		}
	}
}

func TestNoCallsAreNone(t *testing.T) {
	events, receipt, _, asked, err := served(t, list())
	if err != nil || len(events) != 0 || len(asked) != 1 || receipt.CompleteThrough.IsZero() || receipt.Quota != (sources.Quota{}) {
		t.Errorf("%+v, %+v, asked %q, %v", events, receipt, asked, err)
	}
}

func TestErrorsAreToldByTheirMnemonic(t *testing.T) {
	for mnemonic, c := range map[string]struct {
		code int
		kind sources.Kind
	}{
		"access_token_expired": {-32001, sources.Auth}, "auth_error": {-32001, sources.Auth}, "ip_not_whitelisted": {-32003, sources.Permission}, "forbidden": {-32003, sources.Permission},
		"method_component_disabled": {-32008, sources.Permission}, "account_inactive": {-32009, sources.Permission}, "limit_exceeded": {-32029, sources.QuotaKind},
		"internal_error": {-32603, sources.Unavailable}, "method_not_found": {-32601, sources.Invalid}, "date_interval_limit_reached": {-32602, sources.Invalid}, "novel": {-32003, sources.Permission},
	} {
		got := classify(&httpkit.Response{Status: 200, Body: fmt.Appendf(nil, `{"jsonrpc":"2.0","id":1,"error":{"code":%d,"message":"why\u001b","data":{"mnemonic":%q,"field":"f","params":{},"metadata":{}}}}`, c.code, mnemonic)})
		if got == nil || got.Kind != c.kind || !strings.Contains(got.Error(), mnemonic+" of f: why") || strings.Contains(got.Error(), "\x1b") {
			t.Errorf("%s: %v, want %v", mnemonic, got, c.kind)
			continue
		}
		if (c.kind == sources.Auth || c.kind == sources.Permission) && got.Next == "" {
			t.Errorf("%s: it does not say what to do", mnemonic)
		}
	}
	for text, want := range map[string]time.Duration{
		`"Limit per minute","data":{"metadata":{"limits":{"day_remaining":5,"day_reset":9000,"minute_remaining":0,"minute_reset":12}}}`: 12 * time.Second,
		`"Limit","data":{"metadata":{"limits":{"day_remaining":0,"day_reset":9000,"minute_reset":12}}}`:                                 9000 * time.Second,
		`"Limit per day has been exceeded","data":{"metadata":[]}`:                                                                      time.Hour,
		`"Limit","data":{"metadata":{"limits":{"minute_reset":99999}}}`:                                                                 time.Minute,
		`"Limit","data":null`: time.Minute,
	} {
		if got := classify(&httpkit.Response{Status: 200, Body: []byte(`{"error":{"code":-32029,"message":` + text + `}}`)}); got == nil || got.Kind != sources.QuotaKind || got.RetryAfter != want {
			t.Errorf("%s: %v, want a wait of %s", text, got, want)
		}
	}
	for _, text := range []string{list(body("utm_source", `"error"`)), `{"error":null,"result":{}}`, `{"error":"x"}`, "plain"} {
		if got := classify(&httpkit.Response{Status: 200, Body: []byte(text)}); got != nil {
			t.Errorf("%.60s is no error, got %v", text, got)
		}
	}
}

// TestNothingOfTheCallerIsRead decodes a call that says all that the platform may know of
// a person, asked for or not, and looks for it in what is kept.
func TestNothingOfTheCallerIsRead(t *testing.T) {
	const person = "Jenny Rosen +79165550123 jenny@example.com"
	var change []string
	for _, field := range []string{"contact_phone_number", "contact_full_name", "visitor_custom_properties", "referrer", "entrance_page", "communication_page_url", "properties", "ym_client_id", "ua_client_id", "search_query", "utm_term", "last_answered_employee_full_name", "operator_phone_number"} {
		change = append(change, field, `"`+person+`"`)
	}
	c := one(t, list(body(change...)))
	e, err := c.event(&Options{}, sources.Account{Currency: "RUB", Zone: moscow})
	if kept := fmt.Sprintf("%+v %+v", c, e); err != nil || strings.Contains(kept, "Jenny") || strings.Contains(kept, "7916") || strings.Contains(kept, "@") || !strings.Contains(kept, "+74951110002") {
		t.Errorf("kept %s, %v", kept, err)
	}
}

// FuzzCall decodes any report: what does not count has no value, and texts are fit for a
// terminal.
func FuzzCall(f *testing.F) {
	f.Add([]byte(list(body("utm_source", `"a\u001b"`, "gclid", `"\n"`, "attributes", `["target"]`))), true)
	f.Add([]byte(list(body("is_lost", "true", "sale_cost", `"1e3"`))), false)
	f.Fuzz(func(t *testing.T, text []byte, target bool) {
		o := &Options{}
		if target {
			o.Attributes = []string{"target"}
		}
		_, err := readPage(httpkit.NewScanner(text), o.Attributes, func(c *call) error {
			if c.whole() != nil {
				return nil
			}
			e, err := c.event(o, sources.Account{Currency: "RUB", Zone: moscow})
			if err == nil && (!e.Status.Counts() && e.Value != 0 || e.Key.Campaign != sources.Clean(e.Key.Campaign) || e.Key.Dialled != sources.Clean(e.Key.Dialled) || e.ClickID != sources.Clean(e.ClickID)) {
				t.Errorf("event %+v of %s", e, text)
			}
			return nil
		})
		if err != nil && sources.KindOf(err) != sources.Malformed {
			t.Errorf("%v of %s", err, text)
		}
	})
}

// FuzzRefusal reads any error: a wait is bounded.
func FuzzRefusal(f *testing.F) {
	f.Add([]byte(`{"error":{"code":-32029,"message":"Limit per day\u001b","data":{"mnemonic":"limit_exceeded","metadata":{"limits":{"day_reset":1e9}}}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if e := classify(&httpkit.Response{Status: 200, Body: text}); e != nil && (e.RetryAfter < 0 || e.RetryAfter > 24*time.Hour || (e.Kind == sources.QuotaKind) != (e.RetryAfter > 0)) {
			t.Errorf("%v of %s", e, text)
		}
	})
}

// BenchmarkDecode reads calls with the fields that are asked for.
func BenchmarkDecode(b *testing.B) {
	const n = 3000
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf(`{"id":%d,"start_time":"2026-11-02 %02d:%02d:31","direction":"in","is_lost":false,"virtual_phone_number":"74951110002","utm_source":"yandex","utm_medium":"cpc","utm_campaign":"autumn-%d",`+
			`"gclid":null,"yclid":"%d","ymclid":null,"sale_cost":null,"attributes":["first","primary","target"]}`, 3331456735+i, i/3000*24, i%60, i, 16034911234567890+i))
	}
	text := []byte(list(all...))
	o, account := &Options{}, sources.Account{Currency: "RUB", Zone: moscow}
	b.SetBytes(int64(len(text)))
	sourcetest.Bench(b, "x-of-json", n, func() error {
		_, err := readPage(httpkit.NewScanner(text), nil, func(c *call) error {
			_, err := c.event(o, account)
			return err
		})
		return err
	}, func() error {
		var answer struct {
			Result struct {
				Data []struct {
					ID         int64        `json:"id"`
					Start      string       `json:"start_time"`
					Direction  string       `json:"direction"`
					Lost       bool         `json:"is_lost"`
					Dialled    string       `json:"virtual_phone_number"`
					Source     string       `json:"utm_source"`
					Medium     string       `json:"utm_medium"`
					Campaign   string       `json:"utm_campaign"`
					Google     *string      `json:"gclid"`
					Yandex     *string      `json:"yclid"`
					Market     *string      `json:"ymclid"`
					Sale       *json.Number `json:"sale_cost"`
					Attributes []string     `json:"attributes"`
				} `json:"data"`
			} `json:"result"`
		}
		return json.Unmarshal(text, &answer)
	})
}
