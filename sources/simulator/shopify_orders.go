package simulator

import (
	"strconv"
	"time"

	"adtop/kpi"
	"adtop/sources/simulator/world"
)

// object is a GraphQL object: every field that its type has. Values are
// string, int, bool, nil, object or []object. typename is not selectable.
type object map[string]any

const typename = "(type)"

// orderObject is an order as the API shows it.
func orderObject(o world.Order, shop world.Shop) object {
	money := func(m kpi.Micros) object { return moneyBag(m, shop.Currency) }
	refunded := o.Refunded()
	current := o.Total - refunded
	refunds := []object{}
	for _, r := range o.Refunds {
		refunds = append(refunds, object{typename: "Refund", "createdAt": timestamp(r.At), "totalRefundedSet": money(r.Amount)})
	}
	shipping := o.Shipping
	if current == 0 {
		shipping = 0
	}
	return object{
		typename:                  "Order",
		"id":                      "gid://shopify/Order/" + strconv.FormatInt(o.ID, 10),
		"name":                    o.Name(),
		"createdAt":               timestamp(o.Created),
		"processedAt":             timestamp(o.Created),
		"updatedAt":               timestamp(o.Updated),
		"cancelledAt":             timestamp(o.Cancelled),
		"test":                    o.Test,
		"displayFinancialStatus":  financialStatus(o),
		"currencyCode":            string(shop.Currency),
		"totalPriceSet":           money(o.Total),
		"currentTotalPriceSet":    money(current),
		"totalTaxSet":             money(o.Tax),
		"currentTotalTaxSet":      money(share(o.Tax, current, o.Total, shop.Currency)),
		"totalShippingPriceSet":   money(o.Shipping),
		"currentShippingPriceSet": money(shipping),
		"totalRefundedSet":        money(refunded),
		"refunds":                 refunds,
		"customerJourneySummary":  journey(o),
	}
}

// share is the part of m that goes with part of whole, down to the coin.
func share(m, part, whole kpi.Micros, currency kpi.Currency) kpi.Micros {
	coin := world.MinorUnit(currency)
	return m / coin * (part / coin) / (whole / coin) * coin
}

func moneyBag(m kpi.Micros, currency kpi.Currency) object {
	amount := object{typename: "MoneyV2", "amount": m.Decimal(1), "currencyCode": string(currency)}
	return object{typename: "MoneyBag", "shopMoney": amount, "presentmentMoney": amount}
}

// timestamp is in UTC; the zero time is null.
func timestamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(time.RFC3339)
}

func financialStatus(o world.Order) string {
	switch refunded := o.Refunded(); {
	case !o.Cancelled.IsZero():
		return "VOIDED"
	case refunded == 0:
		return "PAID"
	case refunded < o.Total:
		return "PARTIALLY_REFUNDED"
	}
	return "REFUNDED"
}

// journey is null where the shop will never know it. An order of a single visit
// has that as the first one; every third repeats it as the last.
func journey(o world.Order) any {
	if !o.Journey {
		return nil
	}
	summary := object{
		typename: "CustomerJourneySummary", "ready": o.Ready, "customerOrderIndex": nil, "daysToConversion": nil,
		"firstVisit": nil, "lastVisit": nil,
	}
	if !o.Ready {
		return summary
	}
	summary["customerOrderIndex"], summary["daysToConversion"] = o.Repeat, int(o.Created.Sub(o.Clicked)/(24*time.Hour))
	summary["firstVisit"] = visit(o.First, o.Referrer)
	if o.First != o.Last || o.ID%3 == 0 {
		summary["lastVisit"] = visit(o.Last, o.Referrer)
	}
	return summary
}

func visit(utm world.UTM, referrer string) object {
	v := object{
		typename: "CustomerVisit", "landingPage": "/", "referrerUrl": nil, "source": "direct",
		"sourceType": nil, "utmParameters": nil,
	}
	if referrer != "" && utm.Source == "" {
		v["referrerUrl"], v["source"], v["sourceType"] = referrer, "an unknown source", "UNKNOWN"
	}
	if utm.Source != "" {
		v["source"], v["sourceType"] = utm.Source, "UNKNOWN"
		v["utmParameters"] = object{
			typename: "UTMParameters", "source": utm.Source, "medium": utm.Medium, "campaign": utm.Campaign,
			"content": nil, "term": nil,
		}
	}
	return v
}

// sampleOrder has every field that can be there: queries are checked against it.
var sampleOrder = world.Order{
	ID: 3, Journey: true, Ready: true, Total: kpi.MicrosPerUnit,
	First: world.UTM{Source: "x"}, Last: world.UTM{Source: "x"}, Refunds: []world.Refund{{}},
}

func shopObject(shop world.Shop) object {
	return object{
		typename: "Shop", "id": "gid://shopify/Shop/1", "name": shop.Name, "myshopifyDomain": shop.ID,
		"currencyCode": string(shop.Currency), "ianaTimezone": shop.Zone.String(),
		"plan": object{typename: "ShopPlan", "displayName": "Advanced"},
	}
}
