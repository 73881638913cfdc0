package stripe

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

var names = &Definition().Options().(*Options).Metadata

func decoded(t testing.TB, body []byte) charge {
	t.Helper()
	scan := httpkit.NewScanner(body)
	c := readCharge(scan, names)
	if err := scan.End(); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestRecordedChargeReadsAsAPersonWould(t *testing.T) {
	c := decoded(t, sourcetest.Recorded(t, "stripe", "charge.json"))
	e, ok, err := c.event("USD", kpi.Gross, 0)
	want := sources.Event{ID: "ch_1PgafuB7WZ01zgkWXYmPNZs8", Kind: "order", Time: time.Unix(1234567890, 0).UTC(), Status: sources.Test, Currency: "USD"}
	if err != nil || !ok || e != want {
		t.Errorf("got %+v, %v, want a payment of test mode, which counts for nothing: %+v", e, err, want)
	}
	c.live = true // its dollar is authorised, and not captured yet
	if e, _, err = c.event("USD", kpi.Gross, 0); err != nil || e.Status != sources.Pending || e.Value != 1_000_000 {
		t.Errorf("live: %+v, %v", e, err)
	}
}

func TestRecordedAccountIsOne(t *testing.T) {
	got, err := readAccount(httpkit.NewScanner(sourcetest.Recorded(t, "stripe", "account.json")))
	if err != nil || got.ID != "acct_1PgafTB7WZ01zgkW" || got.Name != got.ID || got.Currency != "USD" || got.Zone.String() != "Etc/UTC" {
		t.Errorf("%+v, %v", got, err)
	}
}

// asList puts a recorded object into a list.
func asList(body []byte, change ...string) []byte {
	return []byte(`{"object":"list","has_more":false,"data":[` + strings.NewReplacer(change...).Replace(string(body)) + `]}`)
}

func TestRecordedRefundLeadsToItsCharge(t *testing.T) {
	charge := string(sourcetest.Recorded(t, "stripe", "charge.json"))
	refund := asList(sourcetest.Recorded(t, "stripe", "refund.json"), `"ch_1PgafuB7WZ01zgkWXYmPNZs8"`, charge, `1234567890`, `1793586012`)
	asked := ""
	s, _ := sourcetest.Serve[Options](t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/refunds") {
			asked = r.URL.Query().Get("expand[]")
			_, _ = w.Write(refund)
			return
		}
		fmt.Fprint(w, `{"object":"list","has_more":false,"data":[]}`)
	}), Definition(), simulated, time.Unix(1793586100, 0))
	terms := fmt.Sprint(kpi.Gross, "charge", *names)
	state := httpkit.Keep(httpkit.Memory{From: 1, Seen: 1793586000, Swept: 1793586000, Terms: terms})
	var events []sources.Event
	q := sources.Query{Account: sources.Account{ID: "a", Currency: "USD", Zone: time.UTC}, Days: kpi.DateRange{From: kpi.NewDate(2026, 11, 1), To: kpi.NewDate(2026, 11, 2)}, State: state}
	receipt, err := s.Fetch(t.Context(), q, func(r sources.Record) error { events = append(events, r.(sources.Event)); return nil })
	if err != nil || len(events) != 1 || events[0].ID != "ch_1PgafuB7WZ01zgkWXYmPNZs8" || asked != "data.charge.balance_transaction" {
		t.Errorf("%+v, %v, asked %q", events, err, asked)
	}
	if m := httpkit.Recall[httpkit.Memory](receipt.State); m.Seen != 1793586012 {
		t.Errorf("seen through %d, want the refund's creation", m.Seen)
	}
}

func TestRecordedSettlementConvertsACharge(t *testing.T) {
	charge := string(sourcetest.Recorded(t, "stripe", "charge.json"))
	c := decoded(t, []byte(strings.NewReplacer(`"txn_1PgaxNB7WZ01zgkWEV3TLf40"`, string(sourcetest.Recorded(t, "stripe", "balance_transaction.json")),
		`"amount": 100,`, `"amount": 80,`, `"currency": "usd",`, `"currency": "gbp",`, `"livemode": false`, `"livemode": true`).Replace(charge)))
	if c.settled.Value != 100 || c.settledCurrency != "USD" || c.currency != "GBP" {
		t.Fatalf("settles for %+v %s", c.settled, c.settledCurrency)
	}
	c.refunded.Value = 20 // a quarter of the 80 pence that were worth a dollar
	if e, ok, err := c.event("USD", kpi.Gross, 0); err != nil || !ok || e.Value != 750_000 || e.Refunded != 250_000 {
		t.Errorf("%+v, %v", e, err)
	}
	if e, ok, err := c.event("EUR", kpi.Gross, 0); err != nil || ok {
		t.Errorf("money that settles in a third currency: %+v, %v", e, err)
	}
}

func TestRecordedCheckoutHasNoOriginWithoutMetadata(t *testing.T) {
	p := &poll{source: &source{options: *Definition().Options().(*Options)}}
	p.sessions.byIntent = map[string]origin{}
	body := sourcetest.Recorded(t, "stripe", "checkout_session.json")
	scan := httpkit.NewScanner(body)
	id, err := p.readSession(scan)
	if err != nil || scan.End() != nil || !strings.HasPrefix(id, "cs_test_") || len(p.sessions.byIntent) != 0 {
		t.Errorf("%s: %v, %v", id, p.sessions.byIntent, err)
	}
	named := strings.Replace(string(body), `"metadata": {}`, `"metadata": {"utm_source": "google\u001b[31m", "utm_campaign": "spring", "gclid": "x1", "name": "Jenny"}`, 1)
	if _, err := p.readSession(httpkit.NewScanner([]byte(named))); err != nil {
		t.Fatal(err)
	}
	want := origin{sources.Key{Source: "google[31m", Campaign: "spring", Click: "gclid"}, "x1"}
	if got := p.sessions.byIntent["pi_1PgafyB7WZ01zgkWSjxsAJo3"]; got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestRecordedIntentIsNoCharge(t *testing.T) {
	c := decoded(t, sourcetest.Recorded(t, "stripe", "payment_intent.json"))
	if c.live = true; c.state() != sources.Rejected {
		t.Errorf("an intent that nobody paid counts: %+v", c)
	}
}

func TestAmountsAreInTheSmallestUnitOfTheirCurrency(t *testing.T) {
	for currency, want := range map[kpi.Currency]kpi.Micros{
		"EUR": 12_340_000, "JPY": 1_234_000_000, "KRW": 1_234_000_000, "KWD": 1_234_000, "TND": 1_234_000, "ISK": 12_340_000, "UGX": 12_340_000, "HUF": 12_340_000, "TWD": 12_340_000,
	} {
		if got, err := micros(1234, currency); err != nil || got != want {
			t.Errorf("%s: %d, %v, want %d", currency, got, err, want)
		}
	}
	if _, err := micros(1<<60, "JPY"); !errors.Is(err, kpi.ErrOverflow) {
		t.Errorf("got %v", err)
	}
}

func TestConversionRoundsHalfToEven(t *testing.T) {
	for _, c := range []struct{ amount, part, whole, want int64 }{{100, 50, 100, 50}, {63, 40, 80, 32}, {5, 1, 2, 2}, {7, 1, 2, 4}, {1, 1, 3, 0}, {2, 1, 3, 1}, {7, 3, 3, 7}} {
		if got, ok := scaled(c.amount, c.part, c.whole); !ok || got != c.want {
			t.Errorf("%d·%d/%d is %d, want %d", c.amount, c.part, c.whole, got, c.want)
		}
	}
	if _, ok := scaled(1, 1, 0); ok {
		t.Error("a charge of nothing settles for something")
	}
}

// body is a charge of 100.00 EUR with some of its fields changed.
func body(change ...string) []byte {
	fields := map[string]string{"id": `"ch_1"`, "amount": "10000", "amount_captured": "10000", "amount_refunded": "0", "captured": "true", "created": "1793586012", "currency": `"eur"`,
		"disputed": "false", "livemode": "true", "metadata": "{}", "paid": "true", "status": `"succeeded"`}
	for i := 0; i < len(change); i += 2 {
		fields[change[i]] = change[i+1]
	}
	var parts []string
	for name, value := range fields {
		parts = append(parts, fmt.Sprintf("%q:%s", name, value))
	}
	return []byte("{" + strings.Join(parts, ",") + "}")
}

func TestStatusSaysWhetherAPaymentCounts(t *testing.T) {
	for _, c := range []struct {
		change []string
		status sources.EventStatus
		value  kpi.Micros
	}{
		{nil, sources.Approved, 100_000_000},
		{[]string{"status", `"novel"`}, sources.Approved, 100_000_000},
		{[]string{"amount_refunded", "10000"}, sources.Approved, 0},
		{[]string{"amount_refunded", "2500"}, sources.Approved, 75_000_000},
		{[]string{"status", `"failed"`, "paid", "false", "captured", "false"}, sources.Rejected, 0},
		{[]string{"status", `"pending"`, "paid", "false"}, sources.Pending, 100_000_000},
		{[]string{"captured", "false", "amount_captured", "0"}, sources.Pending, 100_000_000},
		{[]string{"captured", "false", "amount_captured", "0", "amount_refunded", "10000"}, sources.Rejected, 0},
		{[]string{"amount_captured", "6000", "amount_refunded", "4000"}, sources.Approved, 60_000_000}, // released
		{[]string{"amount_captured", "6000", "amount_refunded", "4500"}, sources.Approved, 55_000_000}, // and given back
		{[]string{"amount_captured", "6000"}, sources.Approved, 60_000_000},
		{[]string{"amount_captured", "6000", "amount_refunded", "1000"}, sources.Approved, 50_000_000},
		{[]string{"livemode", "false"}, sources.Test, 0},
	} {
		charge := decoded(t, body(c.change...))
		e, ok, err := charge.event("EUR", kpi.Gross, 0)
		if err != nil || !ok || e.Status != c.status || e.Value != c.value {
			t.Errorf("%v: %+v, %v, want %v of %d", c.change, e, err, c.status, c.value)
		}
	}
}

func TestRevenueOptionDecidesTheValue(t *testing.T) {
	c := decoded(t, body("amount_refunded", "2500", "disputed", "true"))
	for basis, want := range map[kpi.Basis]kpi.Micros{kpi.Gross: 25_000_000, kpi.Ordered: 100_000_000} {
		if e, _, err := c.event("EUR", basis, 5000); err != nil || e.Value != want || e.Refunded != 75_000_000 {
			t.Errorf("%s: %+v, %v", basis, e, err)
		}
	}
	if e, _, err := c.event("EUR", kpi.Gross, 10000); err != nil || e.Value != 0 || e.Refunded != 100_000_000 {
		t.Errorf("more held back than is left: %+v, %v", e, err)
	}
}

func TestOpenAndLostDisputesHoldMoneyBack(t *testing.T) {
	for status, want := range map[string]bool{"needs_response": true, "under_review": true, "lost": true, "novel": true, "won": false, "prevented": false,
		"warning_needs_response": false, "warning_under_review": false, "warning_closed": false} {
		if withholds(status) != want {
			t.Errorf("%s: %v", status, !want)
		}
	}
}

func TestPaymentsOfOtherCurrenciesAreLeftOutAndSaidSo(t *testing.T) {
	s, _ := sourcetest.Serve[Options](t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"has_more":false,"data":[%s,%s]}`, body(), body("id", `"ch_2"`, "currency", `"gbp"`))
	}), Definition(), simulated, time.Unix(1793586100, 0))
	var events []sources.Event
	q := sources.Query{Account: sources.Account{ID: "a", Currency: "EUR", Zone: time.UTC}, Days: kpi.DateRange{From: kpi.NewDate(2026, 11, 1), To: kpi.NewDate(2026, 11, 2)}}
	receipt, err := s.Fetch(t.Context(), q, func(r sources.Record) error { events = append(events, r.(sources.Event)); return nil })
	if err != nil || len(events) != 1 || len(receipt.Warnings) != 1 || !strings.Contains(receipt.Warnings[0], "1 in GBP") {
		t.Errorf("%+v, %+v, %v", events, receipt.Warnings, err)
	}
}

func TestAnswersThatCannotBeTrustedAreRefused(t *testing.T) {
	list := func(b []byte) string { return `{"has_more":false,"data":[` + string(b) + `]}` }
	for name, answer := range map[string]string{
		"no id":                  list(body("id", "null")),
		"no time":                list(body("created", "null")),
		"no amount":              list(body("amount", "null")),
		"half a cent":            list(body("amount", "1.5")),
		"a currency of digits":   list(body("currency", `"12"`)),
		"more back than charged": list(body("amount_refunded", "10001")),
		"captured is a word":     list(body("captured", `"yes"`)),
		"too much":               list(body("amount", "9223372036854775807", "amount_captured", "9223372036854775807")),
		"no list":                `{"object":"list"}`,
		"null":                   `null`,
		"endless":                `{"has_more":true,"data":[]}`,
	} {
		s, _ := sourcetest.Serve[Options](t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, answer) }), Definition(), simulated, time.Unix(1793586100, 0))
		q := sources.Query{Account: sources.Account{ID: "a", Currency: "EUR", Zone: time.UTC}, Days: kpi.DateRange{From: kpi.NewDate(2026, 11, 1), To: kpi.NewDate(2026, 11, 2)}}
		if _, err := s.Fetch(t.Context(), q, func(sources.Record) error { return nil }); sources.KindOf(err) != sources.Malformed {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestErrorsAreToldByStatusAndCode(t *testing.T) {
	for _, rule := range []struct {
		status      int
		code, again string
		kind        sources.Kind
	}{
		{400, "parameter_unknown", "", sources.Invalid}, {401, "", "", sources.Auth}, {401, "api_key_expired", "", sources.Auth}, {402, "", "", sources.Invalid},
		{403, "", "", sources.Permission}, {404, "resource_missing", "", sources.Invalid}, {409, "idempotency_key_in_use", "", sources.Unavailable},
		{429, "rate_limit", "", sources.QuotaKind}, {429, "lock_timeout", "", sources.Unavailable}, {500, "", "", sources.Unavailable}, {503, "", "false", sources.Invalid},
	} {
		r := &httpkit.Response{Status: rule.status, Header: http.Header{"Stripe-Should-Retry": {rule.again}, "Request-Id": {"req_\x1b1"}},
			Body: fmt.Appendf(nil, `{"error":{"type":"t","code":%q,"message":"why\u001b"}}`, rule.code)}
		if got := classify(r); got == nil || got.Kind != rule.kind || strings.Contains(got.Error(), "\x1b") || !strings.Contains(got.Error(), "req_1") {
			t.Errorf("%d %s: %v, want %v", rule.status, rule.code, got, rule.kind)
		}
	}
	if got := classify(&httpkit.Response{Status: 200, Body: []byte(`{"error":{"message":"x"}}`)}); got != nil {
		t.Errorf("a good answer: %v", got)
	}
}

// FuzzCharge decodes any charge: what does not count has no value, and no more is
// given back than was charged.
func FuzzCharge(f *testing.F) {
	f.Add(body("amount_refunded", "100", "metadata", `{"utm_source":"a\u001b"}`), int64(5))
	f.Add(body("currency", `"jpy"`, "balance_transaction", `{"amount":77,"currency":"eur"}`), int64(1<<62))
	f.Fuzz(func(t *testing.T, text []byte, withheld int64) {
		scan := httpkit.NewScanner(text)
		c := readCharge(scan, names)
		if scan.End() != nil || c.whole() != nil {
			return
		}
		e, ok, err := c.event("EUR", kpi.Gross, max(withheld, 0))
		if err != nil || !ok {
			return
		}
		if !e.Status.Counts() && e.Value != 0 || e.ID == "" || e.Value < 0 && c.settled.Value >= 0 || e.Key.Source != sources.Clean(e.Key.Source) || e.Currency != "EUR" {
			t.Errorf("event %+v of %s", e, text)
		}
	})
}

// BenchmarkDecode reads charges as long as Stripe's are.
func BenchmarkDecode(b *testing.B) {
	const n = 3000
	filler := `"billing_details":{"address":{"city":"Berlin","country":"DE","line1":"Straße 1","postal_code":"10115"},"email":"a@b.example","name":"Jenny Rosen"},"outcome":{"network_status":"approved_by_network","risk_level":"normal","type":"authorized"},` +
		`"payment_method_details":{"card":{"brand":"visa","checks":{"cvc_check":"pass"},"country":"US","exp_month":8,"exp_year":2030,"fingerprint":"AOB934RVNwzk6xtn","last4":"4242","network":"visa"},"type":"card"},"receipt_url":"https://pay.stripe.com/receipts/payment/CAcaFwoVYWNjdF8",`
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf(`{"id":"ch_1Pgafu%06d","object":"charge","amount":%d,"amount_captured":%[2]d,"amount_refunded":%d,`+
			`"balance_transaction":{"id":"txn_1","amount":%[2]d,"currency":"eur","fee":175},"captured":true,"created":1793586012,"currency":"eur",%[4]s"disputed":false,"livemode":true,`+
			`"metadata":{"utm_source":"google","utm_medium":"cpc","utm_campaign":"spring-%[1]d"},"paid":true,"payment_intent":"pi_%[1]d","refunded":false,"status":"succeeded"}`, i, 1000+i, i%7*100, filler))
	}
	text := []byte(`{"object":"list","has_more":false,"data":[` + strings.Join(list, ",") + `]}`)
	b.SetBytes(int64(len(text)))
	sourcetest.Bench(b, "x-of-json", n, func() error {
		_, _, err := page(httpkit.NewScanner(text), func(scan *httpkit.Scanner) (string, error) {
			c := readCharge(scan, names)
			_, _, err := c.event("EUR", kpi.Gross, 0)
			return c.id, err
		})
		return err
	}, func() error {
		var answer struct {
			Data []struct {
				ID       string `json:"id"`
				Amount   int64  `json:"amount"`
				Captured int64  `json:"amount_captured"`
				Refunded int64  `json:"amount_refunded"`
				Balance  struct {
					Amount   int64  `json:"amount"`
					Currency string `json:"currency"`
				} `json:"balance_transaction"`
				Taken    bool              `json:"captured"`
				Created  int64             `json:"created"`
				Currency string            `json:"currency"`
				Disputed bool              `json:"disputed"`
				Live     bool              `json:"livemode"`
				Metadata map[string]string `json:"metadata"`
				Paid     bool              `json:"paid"`
				Intent   string            `json:"payment_intent"`
				Status   string            `json:"status"`
			} `json:"data"`
		}
		return json.Unmarshal(text, &answer)
	})
}
