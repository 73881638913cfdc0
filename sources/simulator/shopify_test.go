package simulator

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"adtop/kpi"
	"adtop/sources/simulator/world"
)

const ordersQuery = `query Orders($q: String!, $after: String, $n: Int = 100) { # a page
  orders(first: $n, after: $after, query: $q, sortKey: UPDATED_AT) {
    nodes { id name createdAt processedAt updatedAt cancelledAt test displayFinancialStatus
      currentTotalPriceSet { shopMoney { amount currencyCode } } totalPriceSet { shopMoney { amount } }
      totalTaxSet { shopMoney { amount } } totalShippingPriceSet { shopMoney { amount } }
      refunds { createdAt totalRefundedSet { shopMoney { amount currencyCode } } }
      customerJourneySummary { ready customerOrderIndex daysToConversion
        firstVisit { landingPage utmParameters { source medium campaign content term } }
        lastVisit { landingPage utmParameters { source medium campaign } } } }
    pageInfo { hasNextPage endCursor } } }`

type (
	orderPage struct {
		Data struct {
			Orders struct {
				Nodes    []orderWire
				PageInfo struct {
					HasNextPage bool
					EndCursor   string
				}
			}
		}
		Errors     []struct{ Message string }
		Extensions struct {
			Cost struct {
				RequestedQueryCost, ActualQueryCost int
			}
		}
	}
	moneyWire struct{ ShopMoney struct{ Amount string } }
	visitWire struct {
		UTM *struct{ Source, Medium, Campaign string } `json:"utmParameters"`
	}
	orderWire struct {
		ID, CreatedAt, UpdatedAt, DisplayFinancialStatus string
		CancelledAt                                      *string
		Test                                             bool
		CurrentTotalPriceSet, TotalPriceSet, TotalTaxSet moneyWire
		Refunds                                          []struct{ TotalRefundedSet moneyWire }
		CustomerJourneySummary                           *struct {
			Ready                 bool
			FirstVisit, LastVisit *visitWire
		}
	}
)

// allOrders follows the pages of a search.
func (r *rig) allOrders(search string) []orderWire {
	r.t.Helper()
	var all []orderWire
	for after := any(nil); ; {
		_, body := r.graphQL(ordersQuery, map[string]any{"q": search, "after": after})
		var page orderPage
		r.decode(body, &page)
		if page.Errors != nil {
			r.t.Fatalf("%s: %s", search, body)
		}
		if page.Extensions.Cost.RequestedQueryCost <= page.Extensions.Cost.ActualQueryCost {
			r.t.Errorf("cost %+v", page.Extensions.Cost)
		}
		all = append(all, page.Data.Orders.Nodes...)
		if !page.Data.Orders.PageInfo.HasNextPage {
			return all
		}
		after = page.Data.Orders.PageInfo.EndCursor
	}
}

func TestShopOrdersAreTheWorlds(t *testing.T) {
	r := newRig(t)
	r.PageSize = 7
	from, to := time.Date(2026, 10, 20, 22, 0, 0, 0, time.UTC), time.Date(2026, 10, 27, 22, 0, 0, 0, time.UTC)
	want := map[string]world.Order{}
	for _, o := range r.world.Orders(from, to, r.now) {
		want[orderObject(o, r.world.Spec().Shop)["id"].(string)] = o
	}
	got := r.allOrders("created_at:>='2026-10-21T00:00:00+02:00' created_at:<'2026-10-28T00:00:00+02:00'")
	if len(got) != len(want) || len(got) <= r.PageSize {
		t.Fatalf("%d orders, want %d", len(got), len(want))
	}
	statuses := map[string]int{}
	previous := ""
	for _, o := range got {
		truth, known := want[o.ID]
		delete(want, o.ID)
		statuses[o.DisplayFinancialStatus]++
		if !known || o.CreatedAt != truth.Created.Format(time.RFC3339) || o.UpdatedAt != truth.Updated.Format(time.RFC3339) ||
			micros(t, o.TotalPriceSet.ShopMoney.Amount) != truth.Total || micros(t, o.CurrentTotalPriceSet.ShopMoney.Amount) != truth.Total-truth.Refunded() ||
			o.Test != truth.Test || (o.CancelledAt != nil) != !truth.Cancelled.IsZero() || (o.CustomerJourneySummary != nil) != truth.Journey {
			t.Errorf("%+v, want %+v", o, truth)
		}
		if o.UpdatedAt < previous {
			t.Errorf("%s comes after %s", o.UpdatedAt, previous)
		}
		previous = o.UpdatedAt
		if j := o.CustomerJourneySummary; j != nil && j.Ready {
			last := j.LastVisit
			if last == nil {
				last = j.FirstVisit
			}
			if (last.UTM != nil) != (truth.Last.Source != "") || (last.UTM != nil && last.UTM.Campaign != truth.Last.Campaign) {
				t.Errorf("last visit %+v, want %+v", last.UTM, truth.Last)
			}
		}
	}
	if statuses["PAID"] == 0 || statuses["REFUNDED"] == 0 {
		t.Errorf("statuses %v", statuses)
	}
}

func TestShopFindsOrdersByTheirLastChange(t *testing.T) {
	r := newRig(t)
	since := r.now.Add(-30 * time.Hour)
	got := r.allOrders("updated_at:>='" + since.Format(time.RFC3339) + "'")
	if want := r.world.OrdersUpdated(since, r.now.Add(time.Second), r.now); len(got) != len(want) || len(got) == 0 {
		t.Errorf("%d orders, want %d", len(got), len(want))
	}
	older := 0
	for _, o := range got {
		if o.CreatedAt < since.Format(time.RFC3339) {
			older++
			if o.DisplayFinancialStatus == "PAID" {
				t.Errorf("an old order that did not change: %+v", o)
			}
		}
	}
	if older == 0 {
		t.Error("no refund or cancellation of an older order: they are not tested")
	}
}

func TestShopPagesDoNotShiftWhileOrdersComeIn(t *testing.T) {
	r := newRig(t)
	r.PageSize = 5
	search := "created_at:>='2026-11-03T00:00:00Z'"
	seen := map[string]bool{}
	for after := any(nil); ; r.now = r.now.Add(time.Hour) {
		_, body := r.graphQL(ordersQuery, map[string]any{"q": search, "after": after})
		var page orderPage
		r.decode(body, &page)
		for _, o := range page.Data.Orders.Nodes {
			seen[o.ID] = true
		}
		if !page.Data.Orders.PageInfo.HasNextPage || len(seen) > 200 {
			break
		}
		after = page.Data.Orders.PageInfo.EndCursor
	}
	for _, o := range r.world.Orders(time.Date(2026, 11, 3, 0, 0, 0, 0, time.UTC), world.ConformanceAutumn, world.ConformanceAutumn) {
		if id := orderObject(o, r.world.Spec().Shop)["id"].(string); !seen[id] {
			t.Errorf("order %s of %s was lost between pages", id, o.Created)
		}
	}
}

func TestShopRefusesInStatus200(t *testing.T) {
	r := newRig(t)
	for name, test := range map[string]struct {
		query     string
		variables map[string]any
		says      string
	}{
		"unknown field, even where nothing is found": {`{orders(first:1,query:"created_at:<'2020-01-01'"){nodes{colour}}}`, nil, "Field 'colour' doesn't exist on type 'Order'"},
		"syntax":              {`{shop{name}`, nil, "syntax error"},
		"no selection":        {`{shop}`, nil, "must have selections"},
		"too many at once":    {`{orders(first:1000){nodes{id}}}`, nil, "first must be between"},
		"undeclared variable": {`query{orders(first:$n){nodes{id}}}`, nil, "not declared"},
		"missing variable":    {`query($q:String!){orders(first:1,query:$q){nodes{id}}}`, nil, "invalid value"},
		"misspelt filter":     {`{orders(first:1,query:"craeted_at:>'2026-01-01'"){nodes{id}}}`, nil, "Invalid search field"},
		"personal data":       {`{orders(first:1){nodes{email}}}`, nil, "doesn't exist"},
	} {
		status, body := r.graphQL(test.query, test.variables)
		var page orderPage
		r.decode(body, &page)
		if status != 200 || len(page.Errors) != 1 || !strings.Contains(page.Errors[0].Message, test.says) {
			t.Errorf("%s: %d %s, want %q", name, status, body, test.says)
		}
	}
}

func TestShopAndThrottleHaveTheRecordedShape(t *testing.T) {
	r := newRig(t)
	_, body := r.graphQL("{ shop { id name myshopifyDomain currencyCode ianaTimezone } }", nil)
	sameShape(t, body, fixture(t, "shopify/shop.json"), ".data.shop.id", ".data.shop.name", ".data.shop.myshopifyDomain", ".data.shop.currencyCode", ".data.shop.ianaTimezone")
	r.Faults().Set(Fault{Kind: Throttle, Platform: shopify, Times: 1, Wait: 2 * time.Second})
	_, body = r.graphQL("{ shop { id } }", nil)
	sameShape(t, body, fixture(t, "shopify/throttled.json"), ".errors.extensions.code", ".extensions.cost.requestedQueryCost", ".extensions.cost.throttleStatus.restoreRate")
	if !strings.Contains(string(body), `"restoreRate":50`) {
		t.Errorf("100 points within 2 s are not asked for: %s", body)
	}
}

func TestTaxAndShippingAreWithinTheTotal(t *testing.T) {
	r := newRig(t)
	for _, o := range r.world.Orders(r.now.AddDate(0, 0, -7), r.now, r.now) {
		if o.Tax < 0 || o.Tax > o.Total/5 || o.Shipping > o.Total || o.Tax%10_000 != 0 || o.Refunded() > o.Total {
			t.Errorf("order %+v", o)
		}
		if tax := share(o.Tax, o.Total-o.Refunded(), o.Total, "EUR"); tax < 0 || tax > o.Tax {
			t.Errorf("tax after refunds is %s of %s", tax.Decimal(2), o.Tax.Decimal(2))
		}
	}
	if got := share(19*kpi.MicrosPerUnit, 50*kpi.MicrosPerUnit, 100*kpi.MicrosPerUnit, "EUR"); got != 9_500_000 {
		t.Errorf("half of 19 is %s", got.Decimal(2))
	}
}

func FuzzGraphQL(f *testing.F) {
	f.Add(ordersQuery, `{"q":"x"}`)
	f.Add(`{a:b(c:[1,{d:$e}],f:"\u0041\"",g:-1.5e3,h:NULL)}`, `{}`)
	f.Add(`query($x:[Int!]!=[1]){y(z:$x){__typename}}`, `{"x":null}`)
	f.Fuzz(func(t *testing.T, query, variables string) {
		var sent map[string]any
		if err := json.Unmarshal([]byte(variables), &sent); err != nil {
			return
		}
		fields, err := parseGraphQL(query, sent)
		if err != nil {
			if refused, ok := err.(*graphError); !ok || refused.at < 0 || refused.at > len(query) {
				t.Errorf("%q: %#v points nowhere", query, err)
			}
			if answer := shopifyRefused(query, err); !json.Valid(answer.body) {
				t.Errorf("%q is refused with %s", query, answer.body)
			}
			return
		}
		for _, f := range fields {
			if f.name == "" || f.key == "" {
				t.Errorf("%q: a field without a name", query)
			}
		}
	})
}

func FuzzOrderFilter(f *testing.F) {
	f.Add("created_at:>='2026-11-01T00:00:00+03:00' AND updated_at:<2026-11-02 status:any")
	f.Add("updated_at:'")
	f.Fuzz(func(t *testing.T, text string) {
		filter, err := parseOrderFilter(text, time.UTC)
		if err == nil && strings.Contains(text, "d_at:") && filter.created.isOpen() && filter.updated.isOpen() {
			t.Errorf("%q narrows nothing", text)
		}
	})
}

func TestOrderFilterTakesEachBoundAtItsWord(t *testing.T) {
	zone := time.FixedZone("shop", 2*3600)
	at := time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)
	for text, want := range map[string]span{
		"updated_at:>='2026-11-01T12:00:00+02:00'":                              {at, endOfTime},
		"updated_at:>'2026-11-01T10:00:00Z'":                                    {at.Add(time.Second), endOfTime},
		"updated_at:<2026-11-01T12:00:00":                                       {time.Time{}, at},
		`updated_at:<="2026-11-01T10:00:00Z"`:                                   {time.Time{}, at.Add(time.Second)},
		"updated_at:'2026-11-01T10:00:00Z'":                                     {at, at.Add(time.Second)},
		"updated_at:>=2026-11-01 AND updated_at:<2026-11-02":                    {at.Add(-12 * time.Hour), at.Add(12 * time.Hour)},
		"updated_at:>=2026-10-01 status:any updated_at:>'2026-11-01T10:00:00Z'": {at.Add(time.Second), endOfTime},
	} {
		f, err := parseOrderFilter(text, zone)
		if err != nil || !f.updated.from.Equal(want.from) || !f.updated.to.Equal(want.to) || !f.created.isOpen() {
			t.Errorf("%s: %+v %v, want %+v", text, f, err, want)
		}
	}
}
