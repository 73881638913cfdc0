package woocommerce

import (
	"context"
	"net/url"
	"time"

	"adtop/sources"
	"adtop/sources/httpkit"
)

// buyers says of orders whether their customers are new.
type buyers struct {
	orders map[int64]string // a Key.Customer
	spans  [][2]time.Time   // of creation, about whose orders all is known
}

// readBuyers asks the shop's analytics about the orders created in a span. Who
// the customers are is not asked.
func (p *poll) readBuyers(ctx context.Context, from, to time.Time) error {
	if p.buyers.orders == nil {
		p.buyers.orders = map[int64]string{}
	}
	p.buyers.spans = append(p.buyers.spans, [2]time.Time{from, to})
	query := url.Values{"after": {from.UTC().Format(time.RFC3339)}, "before": {to.UTC().Format(time.RFC3339)}, "orderby": {"date"}, "order": {"asc"}, "_fields": {"order_id,customer_type"}}
	return p.pages(ctx, "/wc-analytics/reports/orders", query, func(scan *httpkit.Scanner) error {
		var id int64
		kind := ""
		for key := range scan.Object() {
			switch string(key) {
			case "order_id":
				id = scan.Integer().Value
			case "customer_type":
				kind = string(scan.Text())
			}
		}
		if kind == sources.NewCustomer || kind == sources.ReturningCustomer { // which are WooCommerce's words, too
			p.buyers.orders[id] = kind
		}
		return scan.Err()
	})
}

// customer says whether an order was the first of its customer, "" where analytics
// do not know it. For one outside the spans that were read, they are asked about its
// second.
func (p *poll) customer(ctx context.Context, o order) (string, error) {
	for _, span := range p.buyers.spans {
		if !o.created.Before(span[0]) && o.created.Before(span[1]) {
			return p.buyers.orders[o.id], nil
		}
	}
	err := p.readBuyers(ctx, o.created, o.created.Add(time.Second))
	return p.buyers.orders[o.id], err
}
