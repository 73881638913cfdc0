package shopify

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

// amounts renders money sets of an order.
func amounts(currency string, pairs ...string) string {
	var b strings.Builder
	for i := 0; i < len(pairs); i += 2 {
		fmt.Fprintf(&b, `%q:{"shopMoney":{"amount":%q,"currencyCode":%q}},`, pairs[i], pairs[i+1], currency)
	}
	return b.String()
}

// node renders an order; rest is more of its fields, ending in a comma.
func node(rest string) string {
	return `{"id":"gid://shopify/Order/1",` + rest + `"createdAt":"2026-11-02T08:15:31Z","updatedAt":"2026-11-05T10:02:11Z"}`
}

var usualAmounts = amounts("EUR", "totalPriceSet", "119.00", "currentTotalPriceSet", "59.5", "totalTaxSet", "19.0", "currentTotalTaxSet", "9.50",
	"totalShippingPriceSet", "4.9", "currentShippingPriceSet", "4.90")

func eventOf(t *testing.T, text string, change ...func(*Options)) (sources.Event, error) {
	t.Helper()
	var o order
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		t.Fatal(err)
	}
	options := *Definition().Options().(*Options)
	for _, f := range change {
		f(&options)
	}
	return o.event("EUR", options)
}

func TestRevenueOptionDecidesTheValue(t *testing.T) {
	for basis, want := range map[kpi.Basis]kpi.Micros{kpi.Gross: 59_500_000, kpi.NetOfTax: 50_000_000, kpi.NetOfBoth: 45_100_000, kpi.Ordered: 119_000_000} {
		e, err := eventOf(t, node(usualAmounts), func(o *Options) { o.Revenue = basis })
		if err != nil || e.Value != want || e.Tax != 19_000_000 || e.Shipping != 4_900_000 {
			t.Errorf("%s: %+v, %v; want %d", basis, e, err, want)
		}
	}
}

func TestStatusSaysWhetherAnOrderCounts(t *testing.T) {
	for rest, want := range map[string]sources.EventStatus{
		``:                                       sources.Approved,
		`"displayFinancialStatus":"PAID",`:       sources.Approved,
		`"displayFinancialStatus":"REFUNDED",`:   sources.Approved,
		`"displayFinancialStatus":"NEW_ONE",`:    sources.Approved,
		`"displayFinancialStatus":"PENDING",`:    sources.Pending,
		`"displayFinancialStatus":"AUTHORIZED",`: sources.Pending,
		`"displayFinancialStatus":"VOIDED",`:     sources.Rejected,
		`"cancelledAt":"2026-11-03T00:00:00Z",`:  sources.Rejected,
		`"test":true,`:                           sources.Test,
	} {
		e, err := eventOf(t, node(usualAmounts+rest))
		if err != nil || e.Status != want || (e.Value != 0) != want.Counts() {
			t.Errorf("%s: %+v, %v", rest, e, err)
		}
	}
}

func TestVisitGivesKeyAndClick(t *testing.T) {
	const (
		first = `"firstVisit":{"landingPage":"https://shop.example/?gclid=abc&email=a%40b.example","utmParameters":{"source":"google","medium":"cpc","campaign":"spring"}}`
		bare  = `{"landingPage":"/","referrerUrl":"https://www.news.example/post?id=7","utmParameters":null}`
		last  = `{"landingPage":"/p?fbclid=x1","referrerUrl":"https://l.facebook.com/","utmParameters":{"source":"facebook","medium":null,"campaign":"retargeting"}}`
	)
	google := sources.Key{Source: "google", Medium: "cpc", Campaign: "spring", Click: "gclid", Customer: sources.ReturningCustomer}
	facebook := sources.Key{Source: "facebook", Campaign: "retargeting", Click: "fbclid", Customer: sources.NewCustomer}
	for _, c := range []struct {
		name, visit, journey string
		key                  sources.Key
		click                string
		isNew                bool
	}{
		{"last of two", "last", `{"ready":true,"customerOrderIndex":0,` + first + `,"lastVisit":` + last + `}`, facebook, "x1", true},
		{"first of two", "first", `{"ready":true,"customerOrderIndex":1,` + first + `,"lastVisit":` + last + `}`, google, "abc", false},
		{"single visit", "last", `{"ready":true,"customerOrderIndex":2,` + first + `,"lastVisit":null}`, google, "abc", false},
		{"came back without UTM", "last", `{"ready":true,` + first + `,"lastVisit":` + bare + `}`, sources.Key{Referrer: "news.example"}, "", false},
		{"not ready", "last", `{"ready":false,"customerOrderIndex":0,` + first + `,"lastVisit":null}`, sources.Key{}, "", false},
		{"no access", "last", `null`, sources.Key{}, "", false},
	} {
		e, err := eventOf(t, node(usualAmounts+`"customerJourneySummary":`+c.journey+`,`), func(o *Options) { o.Visit = c.visit })
		if err != nil || e.Key != c.key || e.ClickID != c.click || e.New != c.isNew {
			t.Errorf("%s: %+v, %v", c.name, e, err)
		}
	}
}

func TestImportedOrderCountsWhenItWasProcessed(t *testing.T) {
	e, err := eventOf(t, node(usualAmounts+`"processedAt":"2026-10-30T01:02:03+01:00",`))
	if want := time.Date(2026, 10, 30, 0, 2, 3, 0, time.UTC); err != nil || !e.Time.Equal(want) {
		t.Errorf("%v, %v; want %v", e.Time, err, want)
	}
}

// answer wraps nodes into a page.
func answer(nodes string) string {
	return `{"data":{"orders":{"nodes":[` + nodes + `],"pageInfo":{"hasNextPage":false,"endCursor":null}}}}`
}

func TestAnswersThatCannotBeTrustedAreRefused(t *testing.T) {
	good := node(usualAmounts)
	for name, body := range map[string]string{
		"another currency":    answer(strings.Replace(good, `"EUR"`, `"USD"`, 1)),
		"no total":            answer(node("")),
		"amount no number":    answer(strings.Replace(good, `"59.5"`, `"59,5"`, 1)),
		"amount too large":    answer(strings.Replace(good, `"59.5"`, `"1e40"`, 1)),
		"no id":               answer(strings.Replace(good, "gid://shopify/Order/1", "", 1)),
		"no time":             answer(strings.Replace(good, "createdAt", "createdOn", 1)),
		"no data":             `{"data":null}`,
		"no orders":           `{"data":{}}`,
		"endless pages":       strings.Replace(answer(good), "false", "true", 1),
		"neither data nor so": `[]`,
	} {
		b := answering(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) })
		_, err := b.Fetch(t.Context(), sources.Query{Account: account, Days: b.lately()}, func(sources.Record) error { return nil })
		if sources.KindOf(err) != sources.Malformed {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestErrorsAreFoundInEveryForm(t *testing.T) {
	for _, c := range []struct {
		status int
		body   string
		kind   sources.Kind
	}{
		{200, `{"data":{"orders":{"nodes":[]}},"errors":[{"message":"x","extensions":{"code":"ACCESS_DENIED"}}]}`, sources.Permission},
		{200, `{"errors":[{"message":"Field 'x' doesn't exist"}]}`, sources.Invalid},
		{200, `{"errors":"something"}`, sources.Invalid},
		{200, `{"errors":{"query":"missing"}}`, sources.Invalid},
		{200, `{"errors":[{"message":"x","extensions":{"code":"INTERNAL_SERVER_ERROR"}}]}`, sources.Unavailable},
		{401, `{"errors":"[API] Invalid API key or access token (unrecognized login or wrong password)"}`, sources.Auth},
		{402, `{"errors":"Unavailable Shop"}`, sources.Permission},
		{403, `{"errors":"Forbidden"}`, sources.Permission},
		{404, `{"errors":"Not Found"}`, sources.Invalid},
		{423, `{"errors":"Locked"}`, sources.Permission},
	} {
		if got := classify(&httpkit.Response{Status: c.status, Body: []byte(c.body)}); got == nil || got.Kind != c.kind {
			t.Errorf("%d %s: %v, want %v", c.status, c.body, got, c.kind)
		}
	}
	for _, body := range []string{`{"data":{}}`, `{"data":{},"errors":null}`, `{"data":{},"errors":[]}`} {
		if got := classify(&httpkit.Response{Status: 200, Body: []byte(body)}); got != nil {
			t.Errorf("%s: %v", body, got)
		}
	}
}

func TestRecordedThrottleSaysHowLongToWait(t *testing.T) {
	got := classify(&httpkit.Response{Status: 200, Body: sourcetest.Recorded(t, "shopify", "throttled.json")})
	// 70 points are wanted, 66 are there, and 50 come a second: less than the least wait.
	if got == nil || got.Kind != sources.QuotaKind || got.RetryAfter != time.Second {
		t.Errorf("%+v", got)
	}
}

func TestRecordedShopIsAnAccount(t *testing.T) {
	body := sourcetest.Recorded(t, "shopify", "shop.json")
	b := answering(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) })
	accounts, err := b.Accounts(t.Context())
	if err != nil || len(accounts) != 1 || accounts[0].ID != "test-store.myshopify.com" || accounts[0].Currency != "USD" || accounts[0].Zone.String() != "America/New_York" {
		t.Errorf("%+v, %v", accounts, err)
	}
}

func TestEmptyBucketIsAwaitedBetweenPages(t *testing.T) {
	pages := 0
	b := answering(t, func(w http.ResponseWriter, _ *http.Request) {
		pages++
		fmt.Fprintf(w, `{"data":{"orders":{"nodes":[%s],"pageInfo":{"hasNextPage":%v,"endCursor":"e%d"}}},
			"extensions":{"cost":{"requestedQueryCost":500,"throttleStatus":{"maximumAvailable":1000,"currentlyAvailable":100,"restoreRate":50}}}}`,
			node(usualAmounts), pages == 1, pages)
	})
	_, receipt := b.poll(t, b.lately(), nil)
	if b.paused != 8*time.Second || receipt.Quota.Used != 0.9 {
		t.Errorf("paused %v, quota %+v", b.paused, receipt.Quota)
	}
}

func TestOtherVersionIsAWarning(t *testing.T) {
	b := answering(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Shopify-API-Version", "2027-01")
		fmt.Fprint(w, answer(""))
	})
	if _, receipt := b.poll(t, b.lately(), nil); len(receipt.Warnings) != 1 || !strings.Contains(receipt.Warnings[0], "2027-01") {
		t.Errorf("%+v", receipt)
	}
}

// TestLongListsAreReadInSeveralChains serves more orders than one chain of
// pages may hold; each chain begins at the last change of the one before.
func TestLongListsAreReadInSeveralChains(t *testing.T) {
	if testing.Short() {
		t.Skip("serves 30,000 orders")
	}
	const total = chain + 6000
	start := time.Date(2026, 10, 25, 0, 0, 0, 0, time.UTC)
	b := answering(t, func(w http.ResponseWriter, r *http.Request) {
		var request struct {
			Variables struct {
				Q     string
				First int
				After string
			}
		}
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
			t.Error(err)
		}
		from := 0
		if _, bound, found := strings.Cut(request.Variables.Q, "updated_at:>='"); found {
			at, err := time.Parse(time.RFC3339, bound[:25])
			if err != nil {
				t.Error(err)
			}
			from = int(at.Sub(start) / time.Second)
		}
		if request.Variables.After != "" {
			_, _ = fmt.Sscan(request.Variables.After, &from)
		}
		var nodes []string
		to := min(from+2000, total)
		for i := from; i < to; i++ {
			at := start.Add(time.Duration(i) * time.Second).Format(time.RFC3339)
			nodes = append(nodes, fmt.Sprintf(`{"id":"gid://shopify/Order/%d","createdAt":%q,"updatedAt":%q,%s}`, i, at, at, strings.TrimSuffix(usualAmounts, ",")))
		}
		fmt.Fprintf(w, `{"data":{"orders":{"nodes":[%s],"pageInfo":{"hasNextPage":%v,"endCursor":"%d"}}}}`, strings.Join(nodes, ","), to < total, to)
	})
	if got, _ := b.poll(t, b.lately(), nil); len(got) != total {
		t.Errorf("%d orders, want %d", len(got), total)
	}
}

// FuzzOrders decodes any answer: what counts no more has no value, and nothing
// of a landing page but a click id remains.
func FuzzOrders(f *testing.F) {
	f.Add([]byte(answer(node(usualAmounts))), []byte(`{"from":20000,"seen":5,"hours":[1,2]}`))
	f.Add([]byte(answer(node(usualAmounts+`"customerJourneySummary":{"ready":true,"firstVisit":{"landingPage":"/?gclid=a"}},"refunds":[{}],`))), []byte(`null`))
	f.Add([]byte(`{"errors":[{"message":"Throttled","extensions":{"code":"THROTTLED"}}]}`), []byte(`[]`))
	now := time.Date(2026, 11, 4, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, body, state []byte) {
		for _, hours := range httpkit.Recall[memory](state).awaited(now) {
			if !hours[0].Before(hours[1]) || now.Sub(hours[0]) > patience+time.Hour {
				t.Errorf("hours %v", hours)
			}
		}
		if refusal := classify(&httpkit.Response{Status: 200, Body: body}); refusal != nil && (refusal.RetryAfter < 0 || refusal.RetryAfter > longestThrottle) {
			t.Errorf("wait %v", refusal.RetryAfter)
		}
		var e envelope
		var page orderPage
		if json.Unmarshal(body, &e) != nil || json.Unmarshal(e.Data, &page) != nil || page.Orders == nil {
			return
		}
		for _, o := range page.Orders.Nodes {
			event, err := o.event("EUR", *Definition().Options().(*Options))
			if err != nil {
				continue
			}
			if !event.Status.Counts() && event.Value != 0 || event.ID == "" || event.Key.Source != sources.Clean(event.Key.Source) {
				t.Errorf("event %+v", event)
			}
		}
	})
}
