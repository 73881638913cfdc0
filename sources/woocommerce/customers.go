package woocommerce

import (
	"context"
	"net/url"
	"time"

	"adtop/sources/httpkit"
)

// newcomers are orders that were the first of their customer.
type newcomers struct {
	orders map[int64]bool
	spans  [][2]time.Time // of creation, about whose orders all is known
}

// readNewcomers asks the shop's analytics about the orders created in a span. Who
// the customers are is not asked.
func (p *poll) readNewcomers(ctx context.Context, from, to time.Time) error {
	if p.newcomers.orders == nil {
		p.newcomers.orders = map[int64]bool{}
	}
	p.newcomers.spans = append(p.newcomers.spans, [2]time.Time{from, to})
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
		if kind == "new" {
			p.newcomers.orders[id] = true
		}
		return scan.Err()
	})
}

// isNew says whether an order was the first of its customer. For one outside the
// spans that were read, analytics are asked about its second.
func (p *poll) isNew(ctx context.Context, o order) (bool, error) {
	for _, span := range p.newcomers.spans {
		if !o.created.Before(span[0]) && o.created.Before(span[1]) {
			return p.newcomers.orders[o.id], nil
		}
	}
	err := p.readNewcomers(ctx, o.created, o.created.Add(time.Second))
	return p.newcomers.orders[o.id], err
}
