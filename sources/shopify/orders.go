package shopify

import (
	"fmt"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

// ordersQuery asks for nothing that tells who the customer is.
const ordersQuery = `query($q: String!, $first: Int!, $after: String) {
  orders(first: $first, after: $after, query: $q, sortKey: UPDATED_AT) {
    nodes {
      id createdAt processedAt updatedAt cancelledAt test displayFinancialStatus
      totalPriceSet { shopMoney { amount currencyCode } }
      currentTotalPriceSet { shopMoney { amount currencyCode } }
      totalTaxSet { shopMoney { amount currencyCode } }
      currentTotalTaxSet { shopMoney { amount currencyCode } }
      totalShippingPriceSet { shopMoney { amount currencyCode } }
      currentShippingPriceSet { shopMoney { amount currencyCode } }
      refunds { totalRefundedSet { shopMoney { amount currencyCode } } }
      customerJourneySummary {
        ready customerOrderIndex
        firstVisit { landingPage referrerUrl utmParameters { source medium campaign } }
        lastVisit { landingPage referrerUrl utmParameters { source medium campaign } }
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}`

type orderPage struct {
	Orders *struct {
		Nodes []order `json:"nodes"`
		Page  struct {
			More bool   `json:"hasNextPage"`
			End  string `json:"endCursor"`
		} `json:"pageInfo"`
	} `json:"orders"`
}

// order is a node of the answer. All instants are UTC, all money is the shop's.
type order struct {
	ID              string     `json:"id"`
	Created         time.Time  `json:"createdAt"`
	Processed       time.Time  `json:"processedAt"`
	Updated         time.Time  `json:"updatedAt"`
	Cancelled       *time.Time `json:"cancelledAt"`
	Test            bool       `json:"test"`
	Financial       string     `json:"displayFinancialStatus"`
	Total           moneySet   `json:"totalPriceSet"`
	CurrentTotal    moneySet   `json:"currentTotalPriceSet"`
	Tax             *moneySet  `json:"totalTaxSet"` // null without any tax
	CurrentTax      *moneySet  `json:"currentTotalTaxSet"`
	Shipping        *moneySet  `json:"totalShippingPriceSet"`
	CurrentShipping *moneySet  `json:"currentShippingPriceSet"`
	Refunds         []struct {
		Total moneySet `json:"totalRefundedSet"`
	} `json:"refunds"`
	Journey *struct {
		Ready bool   `json:"ready"`
		Index *int   `json:"customerOrderIndex"` // 0 is the customer's first order
		First *visit `json:"firstVisit"`
		Last  *visit `json:"lastVisit"`
	} `json:"customerJourneySummary"`
}

type moneySet struct {
	Shop struct {
		Amount   httpkit.Decimal `json:"amount"`
		Currency string          `json:"currencyCode"`
	} `json:"shopMoney"`
}

type visit struct {
	Landing  string `json:"landingPage"`
	Referrer string `json:"referrerUrl"`
	UTM      *struct {
		Source   string `json:"source"`
		Medium   string `json:"medium"`
		Campaign string `json:"campaign"`
	} `json:"utmParameters"`
}

// amount reads money that must be there and in the currency of the shop.
func (m moneySet) amount(currency kpi.Currency) (kpi.Micros, error) {
	if !m.Shop.Amount.Known {
		return 0, fmt.Errorf("an amount is missing")
	}
	if kpi.Currency(m.Shop.Currency) != currency {
		return 0, fmt.Errorf("an amount is in %q: expected %s", sources.Clean(m.Shop.Currency), currency)
	}
	return m.Shop.Amount.Micros, nil
}

// bill is the money of one order.
type bill struct {
	total, current, tax, currentTax, shipping, currentShipping, refunded kpi.Micros
}

func (o order) bill(currency kpi.Currency) (bill, error) {
	var b bill
	none := &moneySet{}
	none.Shop.Amount.Known, none.Shop.Currency = true, string(currency)
	or := func(m *moneySet) *moneySet {
		if m == nil {
			return none
		}
		return m
	}
	for _, part := range []struct {
		into *kpi.Micros
		from *moneySet
	}{{&b.total, &o.Total}, {&b.current, &o.CurrentTotal}, {&b.tax, or(o.Tax)}, {&b.currentTax, or(o.CurrentTax)}, {&b.shipping, or(o.Shipping)}, {&b.currentShipping, or(o.CurrentShipping)}} {
		var err error
		if *part.into, err = part.from.amount(currency); err != nil {
			return bill{}, err
		}
	}
	for _, refund := range o.Refunds {
		amount, err := refund.Total.amount(currency)
		if err != nil {
			return bill{}, err
		}
		if b.refunded, err = b.refunded.Add(amount); err != nil {
			return bill{}, err
		}
	}
	return b, nil
}

// value is what counts as revenue now. A refund that is not booked on goods or
// shipping lowers the total alone: net does not fall below nothing for it. In
// shops whose prices contain tax, net takes the tax on shipping off twice, since
// an order does not tell it apart.
func (b bill) value(basis kpi.Basis) (kpi.Micros, error) {
	switch basis {
	case kpi.Ordered:
		return b.total, nil
	case kpi.NetOfTax:
		return b.current.Add(-b.currentTax)
	case kpi.NetOfBoth:
		net, err := b.current.Add(-b.currentTax)
		if err != nil {
			return 0, err
		}
		net, err = net.Add(-b.currentShipping)
		return max(net, 0), err
	}
	return b.current, nil
}

// event makes an Event of an order.
func (o order) event(currency kpi.Currency, options Options) (sources.Event, error) {
	if !strings.HasPrefix(o.ID, "gid://shopify/Order/") || o.Created.IsZero() || o.Updated.IsZero() {
		return sources.Event{}, fmt.Errorf("order %q lacks its id, createdAt or updatedAt", sources.Clean(o.ID))
	}
	b, err := o.bill(currency)
	if err != nil {
		return sources.Event{}, fmt.Errorf("order %s: %w", sources.Clean(o.ID), err)
	}
	at := o.Processed
	if at.IsZero() {
		at = o.Created
	}
	e := sources.Event{
		ID: sources.Clean(o.ID), Kind: "order", Time: at.UTC(), Status: o.status(), Currency: currency,
		Refunded: b.refunded, Tax: b.tax, Shipping: b.shipping,
	}
	if e.Status.Counts() {
		if e.Value, err = b.value(options.Revenue); err != nil {
			return sources.Event{}, fmt.Errorf("order %s: %w", e.ID, err)
		}
	}
	if o.Journey != nil && o.Journey.Ready {
		seen, other := o.Journey.Last, o.Journey.First
		if options.Visit == "first" {
			seen, other = other, seen
		}
		if seen == nil {
			seen = other
		}
		e.Key, e.ClickID = seen.key()
		if index := o.Journey.Index; index != nil {
			e.New, e.Key.Customer = *index == 0, sources.ReturningCustomer
			if e.New {
				e.Key.Customer = sources.NewCustomer
			}
		}
	}
	return e, nil
}

// status says whether an order counts.
func (o order) status() sources.EventStatus {
	switch {
	case o.Test:
		return sources.Test
	case o.Cancelled != nil, o.Financial == "VOIDED", o.Financial == "EXPIRED":
		return sources.Rejected
	case o.Financial == "PENDING", o.Financial == "AUTHORIZED", o.Financial == "PARTIALLY_PAID":
		return sources.Pending
	}
	return sources.Approved
}

// awaited says whether Shopify still works out the visits of an order.
func (o order) awaited() bool { return o.Journey != nil && !o.Journey.Ready }

func (v *visit) key() (k sources.Key, clickID string) {
	if v == nil {
		return k, ""
	}
	seen := sources.Visit{Landing: v.Landing, Referrer: v.Referrer}
	if v.UTM != nil {
		seen.Source, seen.Medium, seen.Campaign = v.UTM.Source, v.UTM.Medium, v.UTM.Campaign
	}
	return seen.Key()
}
