package awin

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

// options are those of a side with what depends on it filled in.
func options(t testing.TB, side string) *Options {
	t.Helper()
	o := simulated("").(*Options)
	o.Side = side
	if err := o.check(); err != nil {
		t.Fatal(err)
	}
	return o
}

func decoded(t testing.TB, body []byte) (all []transaction) {
	t.Helper()
	scan := httpkit.NewScanner(body)
	for range scan.Array() {
		all = append(all, readTransaction(scan))
	}
	if err := scan.End(); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestRecordedTransactionReadsAsAPersonWould(t *testing.T) {
	all := decoded(t, sourcetest.Recorded(t, "awin", "transactions.json"))
	if len(all) != 1 || all[0].whole() != nil {
		t.Fatalf("%+v", all)
	}
	want := sources.Event{ID: "259630312", Kind: "order", Time: time.Date(2017, 2, 20, 22, 4, 0, 0, time.UTC), Status: sources.Pending, Value: 5_590_000, Currency: "GBP",
		Key: sources.Key{Source: "awin", Medium: "affiliate", Campaign: "12345"}}
	for side, c := range map[string]struct {
		campaign    string
		value, cost kpi.Micros
	}{publisher: {"12345", 5_590_000, 0}, advertiser: {"189069", 55_960_000, 5_590_000}} {
		want.Value, want.Cost, want.Key.Campaign = c.value, c.cost, c.campaign
		if e, ok := all[0].event(options(t, side), "GBP"); !ok || e != want {
			t.Errorf("%s: got %+v, want %+v", side, e, want)
		}
		if _, ok := all[0].event(options(t, side), "EUR"); ok {
			t.Errorf("%s: pounds count as euros", side)
		}
	}
	o := options(t, publisher)
	o.Keys = Keys{Source: "siteName", Medium: "clickRef2", Campaign: "advertiserId", Promo: "clickRef5", ClickID: "clickRef6"}
	e, _ := all[0].event(o, "GBP")
	if key := (sources.Key{Source: "Publisher", Medium: "22222", Campaign: "7052", Promo: "55555"}); e.Key != key || e.ClickID != "66666" {
		t.Errorf("got %+v, click %q", e.Key, e.ClickID)
	}
}

// TestRecordedReportIsNoListOfTransactions holds the one recorded report, whose rows
// are sums over days, to be refused rather than counted.
func TestRecordedReportIsNoListOfTransactions(t *testing.T) {
	all := decoded(t, sourcetest.Recorded(t, "awin", "report_advertiser.json"))
	if len(all) != 1 || all[0].whole() == nil {
		t.Errorf("%+v", all)
	}
}

// body is a transaction of 100.00 EUR with 10.00 EUR of commission, with some of its
// fields changed.
func body(change ...string) []byte {
	fields := map[string]string{"id": "1", "commissionStatus": `"pending"`, "transactionDate": `"2026-11-02T22:04:00"`, "type": `"Commission group transaction"`,
		"commissionAmount": `{"amount":10,"currency":"EUR"}`, "saleAmount": `{"amount":100.00,"currency":"EUR"}`, "clickRefs": "null", "amended": "false"}
	for i := 0; i < len(change); i += 2 {
		fields[change[i]] = change[i+1]
	}
	var parts []string
	for name, value := range fields {
		parts = append(parts, fmt.Sprintf("%q:%s", name, value))
	}
	return []byte("[{" + strings.Join(parts, ",") + "}]")
}

func TestStatusAndAmendmentDecideTheValue(t *testing.T) {
	for name, c := range map[string]struct {
		side                  string
		change                []string
		status                sources.EventStatus
		value, cost, refunded kpi.Micros
	}{
		"pending":            {publisher, nil, sources.Pending, 10_000_000, 0, 0},
		"approved":           {publisher, []string{"commissionStatus", `"approved"`}, sources.Approved, 10_000_000, 0, 0},
		"declined":           {publisher, []string{"commissionStatus", `"declined"`}, sources.Rejected, 0, 0, 0},
		"deleted":            {advertiser, []string{"commissionStatus", `"deleted"`}, sources.Rejected, 0, 0, 0},
		"novel":              {publisher, []string{"commissionStatus", `"novel"`}, sources.Rejected, 0, 0, 0},
		"owed":               {advertiser, nil, sources.Pending, 100_000_000, 10_000_000, 0},
		"amended":            {publisher, []string{"amended", "true", "oldCommissionAmount", `{"amount":12.5,"currency":"EUR"}`}, sources.Pending, 10_000_000, 0, 2_500_000},
		"amended, sale only": {advertiser, []string{"amended", "true", "oldSaleAmount", `{"amount":150,"currency":"EUR"}`}, sources.Pending, 100_000_000, 10_000_000, 50_000_000},
		"raised":             {publisher, []string{"amended", "true", "oldCommissionAmount", `{"amount":5,"currency":"EUR"}`}, sources.Pending, 10_000_000, 0, 0},
		"amended and no old": {publisher, []string{"amended", "true"}, sources.Pending, 10_000_000, 0, 0},
		"a bonus to earn":    {publisher, []string{"type", `"Bonus"`, "saleAmount", `{"amount":0,"currency":""}`}, sources.Pending, 10_000_000, 0, 0},
		"a bonus to pay":     {advertiser, []string{"type", `"Bonus"`, "saleAmount", "null"}, sources.Pending, 0, 10_000_000, 0},
	} {
		all := decoded(t, body(c.change...))
		e, ok := all[0].event(options(t, c.side), "EUR")
		if !ok || e.Status != c.status || e.Value != c.value || e.Cost != c.cost || e.Refunded != c.refunded {
			t.Errorf("%s: %+v, %v", name, e, ok)
		}
		if bonus := strings.Contains(name, "bonus"); bonus != (e.Kind == "bonus") {
			t.Errorf("%s is a %s", name, e.Kind)
		}
	}
}

// served fetches two days from a server that gives one answer.
func served(t *testing.T, answer string) ([]sources.Event, sources.Receipt, error) {
	t.Helper()
	s, _ := sourcetest.Serve[Options](t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, answer) }), Definition(), simulated, time.Date(2026, 11, 4, 0, 0, 0, 0, time.UTC))
	var events []sources.Event
	q := sources.Query{Account: sources.Account{ID: "1", Currency: "EUR", Zone: time.UTC}, Days: kpi.DateRange{From: kpi.NewDate(2026, 11, 2), To: kpi.NewDate(2026, 11, 3)}}
	receipt, err := s.Fetch(t.Context(), q, func(r sources.Record) error { events = append(events, r.(sources.Event)); return nil })
	return events, receipt, err
}

func TestStatusThatIsNotKnownIsSaid(t *testing.T) {
	events, receipt, err := served(t, string(body("commissionStatus", `"novel\u001b"`)))
	if err != nil || len(events) != 1 || cmp.Diff([]string{`Transactions of a status that adtop does not know do not count: 1 "novel"`}, receipt.Warnings) != "" {
		t.Errorf("%+v, %q, %v", events, receipt.Warnings, err)
	}
}

func TestNoTransactionsAreNone(t *testing.T) {
	if events, receipt, err := served(t, "[]"); err != nil || len(events) != 0 || receipt.CompleteThrough.IsZero() {
		t.Errorf("%+v, %+v, %v", events, receipt, err)
	}
}

func TestAnswersThatCannotBeTrustedAreRefused(t *testing.T) {
	for name, answer := range map[string]string{
		"no id":            string(body("id", "null")),
		"no date":          string(body("transactionDate", "null")),
		"a date of a word": string(body("transactionDate", `"yesterday"`)),
		"no status":        string(body("commissionStatus", "null")),
		"no commission":    string(body("commissionAmount", "null")),
		"no currency":      string(body("commissionAmount", `{"amount":1}`)),
		"a word of money":  string(body("commissionAmount", `{"amount":"much","currency":"EUR"}`)),
		"too much":         string(body("commissionAmount", `{"amount":99999999999999,"currency":"EUR"}`)),
		"an object":        `{"transactions":[]}`,
		"null":             `null`,
	} {
		if events, _, err := served(t, answer); sources.KindOf(err) != sources.Malformed || len(events) != 0 {
			t.Errorf("%s: %+v, %v", name, events, err)
		}
	}
}

func TestErrorsAreToldByStatus(t *testing.T) {
	for status, kind := range map[int]sources.Kind{401: sources.Auth, 403: sources.Permission, 404: sources.Invalid, 429: sources.QuotaKind} {
		for _, text := range []string{`{"error":"why\u001b","description":"more"}`, `{"error":{"code":1},"message":"why"}`, "plain", ""} {
			got := classify(&httpkit.Response{Status: status, Header: http.Header{}, Body: []byte(text)})
			if got == nil || got.Kind != kind || strings.Contains(got.Error(), "\x1b") || strings.HasPrefix(text, "{") && !strings.Contains(got.Error(), "why") {
				t.Errorf("%d %s: %v, want %v", status, text, got, kind)
			}
		}
	}
	for _, status := range []int{200, 400, 500} {
		if got := classify(&httpkit.Response{Status: status, Body: []byte(`{"error":"x"}`)}); got != nil {
			t.Errorf("%d is for the status to say, got %v", status, got)
		}
	}
}

// FuzzTransaction decodes any list: what does not count has no value, and texts are
// fit for a terminal.
func FuzzTransaction(f *testing.F) {
	f.Add(body("clickRefs", `{"clickRef":"a\u001b","clickRef6":"b"}`), true)
	f.Add(body("amended", "true", "oldSaleAmount", `{"amount":1e3,"currency":"EUR"}`), false)
	earns, owes := options(f, publisher), options(f, advertiser)
	f.Fuzz(func(t *testing.T, text []byte, earn bool) {
		scan := httpkit.NewScanner(text)
		var all []transaction
		for range scan.Array() {
			all = append(all, readTransaction(scan))
		}
		if scan.End() != nil {
			return
		}
		o := owes
		if earn {
			o = earns
		}
		for _, one := range all {
			if one.whole() != nil {
				continue
			}
			e, ok := one.event(o, "EUR")
			if !ok {
				continue
			}
			if !e.Status.Counts() && (e.Value != 0 || e.Cost != 0) || earn && e.Cost != 0 || e.ID == "" || e.Refunded < 0 || e.Key.Campaign != sources.Clean(e.Key.Campaign) || e.Currency != "EUR" {
				t.Errorf("event %+v of %s", e, text)
			}
		}
	})
}

// BenchmarkDecode reads transactions as long as Awin's are.
func BenchmarkDecode(b *testing.B) {
	const n = 3000
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf(`{"id":%d,"url":"https://publisher.example","advertiserId":7052,"publisherId":189069,"siteName":"Publisher","commissionStatus":"pending","commissionAmount":{"amount":%d.59,"currency":"GBP"},`+
			`"saleAmount":{"amount":%d.96,"currency":"GBP"},"clickRefs":{"clickRef":"spring-%d","clickRef2":"22222","clickRef3":"33333"},"clickDate":"2026-01-23T12:18:00","transactionDate":"2026-02-20T22:04:00","validationDate":null,`+
			`"type":"Commission group transaction","declineReason":null,"voucherCodeUsed":false,"lapseTime":2454307,"amended":false,"amendReason":null,"oldSaleAmount":null,"oldCommissionAmount":null,"clickDevice":"Windows","advertiserCountry":"GB",`+
			`"orderRef":"111222333444","customParameters":[{"key":"1","value":"555666"}],"transactionParts":[{"commissionGroupId":12345,"amount":44.76}],"paidToPublisher":false,"paymentId":0}`, 259630312+i, i%90, i, i))
	}
	text := []byte("[" + strings.Join(list, ",") + "]")
	o := options(b, publisher)
	b.SetBytes(int64(len(text)))
	sourcetest.Bench(b, "x-of-json", n, func() error {
		scan := httpkit.NewScanner(text)
		for range scan.Array() {
			one := readTransaction(scan)
			one.event(o, "GBP")
		}
		return scan.End()
	}, func() error {
		type money struct {
			Amount   json.Number `json:"amount"`
			Currency string      `json:"currency"`
		}
		var answer []struct {
			ID            int64             `json:"id"`
			Advertiser    int64             `json:"advertiserId"`
			Publisher     int64             `json:"publisherId"`
			Site          string            `json:"siteName"`
			Status        string            `json:"commissionStatus"`
			Commission    money             `json:"commissionAmount"`
			Sale          money             `json:"saleAmount"`
			Refs          map[string]string `json:"clickRefs"`
			At            string            `json:"transactionDate"`
			Kind          string            `json:"type"`
			Amended       bool              `json:"amended"`
			OldSale       *money            `json:"oldSaleAmount"`
			OldCommission *money            `json:"oldCommissionAmount"`
		}
		return json.Unmarshal(text, &answer)
	})
}
