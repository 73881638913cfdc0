package roistat

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
	"adtop/sources/sourcetest"
)

func decoded(t testing.TB, body []byte) (all []deal, total int64) {
	t.Helper()
	_, n, err := page(httpkit.NewScanner(body), func(d *deal) error { all = append(all, *d); return nil })
	if err != nil {
		t.Fatal(err)
	}
	return all, n.Value
}

func TestRecordedDealReadsAsAPersonWould(t *testing.T) {
	all, total := decoded(t, sourcetest.Recorded(t, "roistat", "order_list.json"))
	if len(all) != 1 || total != 1 {
		t.Fatalf("%+v, %d", all, total)
	}
	want := sources.Event{ID: "29623075", Kind: "order", Time: time.Date(2017, 10, 23, 17, 4, 57, 0, time.UTC), Status: sources.Rejected, Currency: "RUB",
		Key: sources.Key{Source: "google", Medium: "cpc", Campaign: "cid|931442600|search"}}
	if e := all[0].event(&Options{Counts: []string{paid}}, "RUB"); e != want {
		t.Errorf("in progress: got %+v, want %+v", e, want)
	}
	want.Status, want.Value = sources.Pending, 2_900_000_000
	if e := all[0].event(&Options{Counts: []string{paid, progress}}, "RUB"); e != want {
		t.Errorf("in progress, which counts: got %+v, want %+v", e, want)
	}
}

// TestRecordedCallsAreNoDeals holds the other recorded lists to be refused rather than
// counted.
func TestRecordedCallsAreNoDeals(t *testing.T) {
	for _, name := range []string{"calltracking_call_list.json", "analytics_source_list.json"} {
		all, _ := decoded(t, sourcetest.Recorded(t, "roistat", name))
		if len(all) != 2 || all[0].whole([]string{paid}) == nil {
			t.Errorf("%s: %+v", name, all)
		}
	}
	for _, name := range []string{"source_cost_list.json", "order_custom_fields.json", "order_add.json"} {
		_, _, err := page(httpkit.NewScanner(sourcetest.Recorded(t, "roistat", name)), func(*deal) error { return nil })
		if sources.KindOf(err) != sources.Malformed {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// body is a paid deal of 100 with some of its fields changed.
func body(change ...string) string {
	fields := map[string]string{"id": `"1"`, "creation_date": `"2026-11-02T10:42:38+0000"`, "revenue": "100", "status": `{"id":"1","type":"paid","name":"x"}`, "visit": "null"}
	for i := 0; i < len(change); i += 2 {
		fields[change[i]] = change[i+1]
	}
	var parts []string
	for name, value := range fields {
		parts = append(parts, fmt.Sprintf("%q:%s", name, value))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func list(deals ...string) string {
	return fmt.Sprintf(`{"data":[%s],"total":%d,"status":"success"}`, strings.Join(deals, ","), len(deals))
}

// served fetches two days from a server that gives one answer.
func served(t *testing.T, status int, answer string) ([]sources.Event, sources.Receipt, error) {
	t.Helper()
	s, _ := sourcetest.Serve[Options](t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status); fmt.Fprint(w, answer) }),
		Definition(), simulated, time.Date(2026, 11, 4, 0, 0, 0, 0, time.UTC))
	var events []sources.Event
	q := sources.Query{Account: sources.Account{ID: "1", Currency: "RUB", Zone: time.UTC}, Days: kpi.DateRange{From: kpi.NewDate(2026, 11, 2), To: kpi.NewDate(2026, 11, 3)}}
	receipt, err := s.Fetch(t.Context(), q, func(r sources.Record) error { events = append(events, r.(sources.Event)); return nil })
	return events, receipt, err
}

func TestGroupDecidesWhatADealCountsFor(t *testing.T) {
	for group, c := range map[string]struct {
		counts []string
		status sources.EventStatus
		value  kpi.Micros
	}{
		"paid":     {[]string{paid}, sources.Approved, 100_000_000},
		"progress": {[]string{paid, progress}, sources.Pending, 100_000_000},
		"unused":   {[]string{paid, progress}, sources.Rejected, 0},
		"canceled": {[]string{paid, progress}, sources.Rejected, 0},
		"novel":    {[]string{paid, progress}, sources.Rejected, 0},
	} {
		all, _ := decoded(t, []byte(list(body("status", `{"id":7,"type":"`+group+`"}`))))
		if e := all[0].event(&Options{Counts: c.counts}, "RUB"); all[0].whole(c.counts) != nil || e.Status != c.status || e.Value != c.value {
			t.Errorf("%s: %+v", group, e)
		}
	}
}

func TestVisitBecomesTheKey(t *testing.T) {
	source := func(fields string) string {
		return `{"landing_page":"a.ru/?x=1&gclid=g%201","source":{` + fields + `}}`
	}
	for name, c := range map[string]struct {
		visit, origins string
		key            sources.Key
		click          string
	}{
		"none":               {"null", "all", sources.Key{}, ""},
		"an empty list":      {"[]", "all", sources.Key{}, ""},
		"utm":                {source(`"utm_source":"vk\u001b","utm_campaign":"c","system_name":":utm:vk"`), "all", sources.Key{Source: "vk", Campaign: "c", Click: "gclid"}, "g 1"},
		"marker, not asked":  {source(`"utm_source":null,"system_name":"seo_google"`), "utm", sources.Key{Click: "gclid"}, "g 1"},
		"marker":             {source(`"utm_source":"","system_name":"seo_google"`), "all", sources.Key{Source: "seo", Click: "gclid"}, "g 1"},
		"levels told apart":  {source(`"system_name":"a_b_c","system_name_by_level":["a_b","c"]`), "all", sources.Key{Source: "a_b", Click: "gclid"}, "g 1"},
		"source of no shape": {`{"landing_page":null,"source":[]}`, "all", sources.Key{}, ""},
	} {
		all, _ := decoded(t, []byte(list(body("visit", c.visit))))
		if e := all[0].event(&Options{Counts: []string{paid}, Origins: c.origins}, "RUB"); e.Key != c.key || e.ClickID != c.click {
			t.Errorf("%s: %+v", name, e)
		}
	}
}

func TestGroupThatIsNotKnownIsSaid(t *testing.T) {
	events, receipt, err := served(t, 200, list(body("status", `{"type":"novel\u001b"}`)))
	if err != nil || len(events) != 1 || cmp.Diff([]string{`Deals of a group of statuses that adtop does not know do not count: 1 "novel"`}, receipt.Warnings) != "" {
		t.Errorf("%+v, %q, %v", events, receipt.Warnings, err)
	}
}

func TestNoDealsAreNone(t *testing.T) {
	if events, receipt, err := served(t, 200, list()); err != nil || len(events) != 0 || receipt.CompleteThrough.IsZero() {
		t.Errorf("%+v, %+v, %v", events, receipt, err)
	}
}

// TestListThatTellsNoTotalIsReadToItsEnd answers the same page until an empty one.
func TestListThatTellsNoTotalIsReadToItsEnd(t *testing.T) {
	asked := 0
	s, _ := sourcetest.Serve[Options](t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked++; asked > 3 {
			fmt.Fprint(w, `{"data":[],"status":"success"}`)
			return
		}
		fmt.Fprintf(w, `{"data":[%s],"status":"success"}`, body("id", fmt.Sprint(asked)))
	}), Definition(), simulated, time.Date(2026, 11, 4, 0, 0, 0, 0, time.UTC))
	n := 0
	q := sources.Query{Account: sources.Account{ID: "1", Currency: "RUB", Zone: time.UTC}, Days: kpi.DateRange{From: kpi.NewDate(2026, 11, 2), To: kpi.NewDate(2026, 11, 3)}}
	if _, err := s.Fetch(t.Context(), q, func(sources.Record) error { n++; return nil }); err != nil || n != 3 {
		t.Errorf("%d deals, %v", n, err)
	}
}

func TestAnswersThatCannotBeTrustedAreRefused(t *testing.T) {
	for name, answer := range map[string]string{
		"no id":           list(body("id", "null")),
		"no date":         list(body("creation_date", `""`)),
		"no offset":       list(body("creation_date", `"2026-11-02T10:42:38"`)),
		"no status":       list(body("status", "null")),
		"status of words": list(body("status", `"paid"`)),
		"no revenue":      list(body("revenue", "null")),
		"a word of money": list(body("revenue", `"much"`)),
		"too much":        list(body("revenue", `99999999999999`)),
		"no list":         `{"total":1,"status":"success"}`,
		"no success":      `{"data":[],"total":0}`,
		"null":            `null`,
	} {
		if events, _, err := served(t, 200, answer); sources.KindOf(err) != sources.Malformed || len(events) != 0 {
			t.Errorf("%s: %+v, %v", name, events, err)
		}
	}
}

// TestErrorsAreToldByTheirCode takes each with the status that Use-Http-Code asks for,
// and with 200.
func TestErrorsAreToldByTheirCode(t *testing.T) {
	for code, c := range map[string]struct {
		status int
		kind   sources.Kind
	}{
		"authentication_failed": {401, sources.Auth}, "access_denied": {403, sources.Permission}, "authorization_failed": {403, sources.Permission},
		"option_not_paid": {402, sources.Permission}, "project_frozen": {403, sources.Permission}, "integration_error": {400, sources.Permission},
		"resource_not_found": {404, sources.Invalid}, "incorrect_request": {400, sources.Invalid}, "internal_error": {500, sources.Unavailable},
		"request_limit_error": {429, sources.QuotaKind}, "novel": {418, sources.Invalid},
	} {
		for _, status := range []int{c.status, 200} {
			got := classify(&httpkit.Response{Status: status, Header: http.Header{}, Body: fmt.Appendf(nil, `{"status":"error","error":%q,"description":"why\u001b","details":{"option":"more"}}`, code)})
			if got == nil || got.Kind != c.kind || strings.Contains(got.Error(), "\x1b") {
				t.Errorf("%d %s: %v, want %v", status, code, got, c.kind)
				continue
			}
			if asks := c.kind == sources.Auth || c.kind == sources.Permission; asks && got.Next == "" || c.kind != sources.QuotaKind && !strings.Contains(got.Error(), code+": why (more)") {
				t.Errorf("%d %s: %v, next %q", status, code, got, got.Next)
			}
			if c.kind == sources.QuotaKind && got.RetryAfter != time.Minute {
				t.Errorf("%d %s: wait %s", status, code, got.RetryAfter)
			}
		}
	}
	for status, text := range map[int]string{200: list(body()), 500: "plain", 404: `{"a":1}`} {
		if got := classify(&httpkit.Response{Status: status, Body: []byte(text)}); got != nil {
			t.Errorf("%d is for the status to say, got %v", status, got)
		}
	}
}

func TestRefusalOfTheAddressAsksToLetItIn(t *testing.T) {
	for _, words := range []string{"Access is denied for your IP 192.0.2.1", "IP-адрес не разрешён", "not in the whitelist"} {
		_, _, err := served(t, 200, fmt.Sprintf(`{"status":"error","error":"access_denied","description":%q}`, words))
		if e := err.(*sources.Error); e.Kind != sources.Permission || !strings.Contains(e.Next, "address of this computer") {
			t.Errorf("%s: %v, next %q", words, err, e.Next)
		}
	}
	_, _, err := served(t, 200, `{"status":"error","error":"access_denied","description":"equip the recipient"}`)
	if e := err.(*sources.Error); strings.Contains(e.Next, "address") {
		t.Errorf("a word that holds ip is no address: %q", e.Next)
	}
}

// TestNothingOfTheClientIsRead decodes a deal that says all that Roistat may know of a
// person, and looks for it in what is kept.
func TestNothingOfTheClientIsRead(t *testing.T) {
	const person = "Jenny Rosen +79165550123 jenny@example.com"
	all, _ := decoded(t, []byte(list(body("client_id", `"`+person+`"`, "client", `{"name":"`+person+`","phone":"`+person+`","email":"`+person+`"}`, "name", `"`+person+`"`,
		"custom_fields", `{"Имя":"`+person+`"}`, "page", `"`+person+`"`, "url", `"`+person+`"`, "roistat", `"`+person+`"`,
		"visit", `{"ip":"`+person+`","google_client_id":"`+person+`","landing_page":"a.ru/`+person+`?name=`+person+`&yclid=7#`+person+`","referrer":"`+person+`","geo":{"city":"`+person+`"},"source":{"utm_source":"vk","referrer":"`+person+`","utm_term":"`+person+`"}}`))))
	if kept := fmt.Sprintf("%+v %+v", all[0], all[0].event(&Options{Counts: []string{paid}, Origins: "all"}, "RUB")); strings.Contains(kept, "Jenny") || strings.Contains(kept, "7916") || strings.Contains(kept, "@") || !strings.Contains(kept, "vk") {
		t.Errorf("kept %s", kept)
	}
}

// TestErrorsQuoteNothingOfTheClient breaks an answer off behind a name, and puts one where
// a number belongs.
func TestErrorsQuoteNothingOfTheClient(t *testing.T) {
	for _, answer := range []string{`{"data":[{"custom_fields":{"Имя":"Jenny Rosen"},"id":"1"`, `{"data":[{"revenue":"Jenny Rosen"}]}`} {
		if _, _, err := served(t, 200, answer); sources.KindOf(err) != sources.Malformed || strings.Contains(err.Error(), "Jenny") {
			t.Errorf("%s: %v", answer, err)
		}
	}
}

// FuzzDeal decodes any list: what does not count has no value, and texts are fit for a
// terminal.
func FuzzDeal(f *testing.F) {
	f.Add([]byte(list(body("visit", `{"landing_page":"a?gclid=\u001b","source":{"utm_source":"a\u001b","system_name":"b_c","system_name_by_level":["b\n"]}}`))), true)
	f.Add([]byte(list(body("status", `{"type":"progress"}`, "revenue", `"1e3"`))), false)
	f.Fuzz(func(t *testing.T, text []byte, all bool) {
		o := &Options{Counts: []string{paid}, Origins: "utm"}
		if all {
			o.Counts, o.Origins = []string{paid, progress}, "all"
		}
		_, _, err := page(httpkit.NewScanner(text), func(d *deal) error {
			if d.whole(o.Counts) != nil {
				return nil
			}
			e := d.event(o, "RUB")
			if !e.Status.Counts() && e.Value != 0 || e.ID == "" || e.ID != sources.Clean(e.ID) || e.Key.Source != sources.Clean(e.Key.Source) || e.ClickID != sources.Clean(e.ClickID) {
				t.Errorf("event %+v of %s", e, text)
			}
			return nil
		})
		if err != nil && sources.KindOf(err) != sources.Malformed {
			t.Errorf("%v of %s", err, text)
		}
	})
}

// FuzzRefusal reads any error: it never panics, and its words are fit for a terminal.
func FuzzRefusal(f *testing.F) {
	f.Add(200, []byte(`{"status":"error","error":"access_denied\u001b","description":"IP","details":[]}`))
	f.Add(429, []byte(`[]`))
	f.Fuzz(func(t *testing.T, status int, text []byte) {
		if e := classify(&httpkit.Response{Status: status, Header: http.Header{}, Body: text}); e != nil && e.Err.Error() != sources.Clean(e.Err.Error()) && len(e.Err.Error()) < 512 {
			t.Errorf("%q of %s", e.Err, text)
		}
	})
}

// BenchmarkDecode reads deals as long as Roistat's are.
func BenchmarkDecode(b *testing.B) {
	const n = 3000
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf(`{"visit":{"id":"%d","first_id":"1204","date":"2026-10-09T09:08:26+0000","referrer":"","landing_page":"domain.ru/kosmetologiya/konturnaya-plastika?yclid=%d","host":"domain.ru","agent":"Mozilla/5.0 (X11; Linux x86_64)","ip":"192.0.2.10",`+
			`"google_client_id":null,"metrika_client_id":"1507539600101937939","source":{"referrer":"","system_name":":utm:google_cpc_cid|931442600|search_gid|44069316662|aid|223037388159|placement|","display_name":"google_cpc_cid|931442600","icon_url":"https://favicon.yandex.net/favicon/adwords.google.com",`+
			`"utm_source":"google","utm_medium":"cpc","utm_campaign":"spring-%d","utm_term":"","utm_content":"gid|44069316662|aid|223037388159|placement|","openstat":null},"geo":{"country":"Россия","region":"Москва","city":"Москва","icon_url":"/img/country/ru.png","country_iso":"RU"}},`+
			`"id":"%d","url":"http://test.ru/order","source_type":"standard","creation_date":"2026-10-23T17:04:57+0000","update_date":"2026-10-30T10:20:12+0000","revenue":%d.5,"cost":1000,"client_id":"9903324","visit_id":"1204",`+
			`"custom_fields":{"Сотрудник":"Ксения Сергеевна","Комментарий":"Комментарий","Длительность сеанса":"5400","Тэги":""},"status":{"id":"0","type":"paid","name":"Оплачен"},"page":"http://domain.ru/"}`, i, i, i%90, 29623075+i, i))
	}
	text := []byte(list(all...))
	o := &Options{Counts: []string{paid}, Origins: "utm"}
	b.SetBytes(int64(len(text)))
	sourcetest.Bench(b, "x-of-json", n, func() error {
		_, _, err := page(httpkit.NewScanner(text), func(d *deal) error {
			_ = d.event(o, "RUB")
			return nil
		})
		return err
	}, func() error {
		var answer struct {
			Data []struct {
				ID      string      `json:"id"`
				Created string      `json:"creation_date"`
				Revenue json.Number `json:"revenue"`
				Status  struct {
					Type string `json:"type"`
				} `json:"status"`
				Visit struct {
					Landing string `json:"landing_page"`
					Source  struct {
						Name     string `json:"system_name"`
						Source   string `json:"utm_source"`
						Medium   string `json:"utm_medium"`
						Campaign string `json:"utm_campaign"`
					} `json:"source"`
				} `json:"visit"`
			} `json:"data"`
			Total int `json:"total"`
		}
		return json.Unmarshal(text, &answer)
	})
}
