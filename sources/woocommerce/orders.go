package woocommerce

import (
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

// orderFields is all that is asked of an order: nothing that tells who the customer is.
const orderFields = "id,status,currency,date_created_gmt,date_modified_gmt,date_paid_gmt,total,total_tax,shipping_total,refunds,coupon_lines,meta_data"

// order is an element of the list. All instants are UTC.
type order struct {
	id                   int64
	status               string
	currency             kpi.Currency
	created, modified    time.Time
	paid                 bool
	total, tax, shipping httpkit.Decimal
	refunded             kpi.Micros
	coupon               string
	attribution          attribution
}

// attribution is what the shop knows of the visit that led to an order.
type attribution struct {
	kind                     string // utm, organic, referral, typein, admin, mobile_app
	source, medium, campaign string
	entry, referrer          string // addresses
}

const attributionPrefix = "_wc_order_attribution_"

func readOrder(scan *httpkit.Scanner) (o order, err error) {
	for key := range scan.Object() {
		switch string(key) {
		case "id":
			o.id = scan.Integer().Value
		case "status":
			o.status = string(scan.Text())
		case "currency":
			o.currency = kpi.Currency(scan.Text())
		case "date_created_gmt":
			o.created = readTime(scan)
		case "date_modified_gmt":
			o.modified = readTime(scan)
		case "date_paid_gmt":
			o.paid = !readTime(scan).IsZero()
		case "total":
			o.total = scan.Decimal()
		case "total_tax":
			o.tax = scan.Decimal()
		case "shipping_total":
			o.shipping = scan.Decimal()
		case "refunds":
			if o.refunded, err = readRefunds(scan); err != nil {
				return o, fmt.Errorf("order %d: %w", o.id, err)
			}
		case "coupon_lines":
			o.coupon = readCoupon(scan)
		case "meta_data":
			o.attribution = readAttribution(scan)
		}
	}
	return o, scan.Err()
}

// readTime reads an instant in UTC, written without a Z; the zero time is none.
func readTime(scan *httpkit.Scanner) time.Time {
	text := string(scan.Text())
	at, err := time.Parse("2006-01-02T15:04:05", strings.TrimSuffix(text, "Z"))
	if err != nil {
		return time.Time{}
	}
	return at
}

// readRefunds sums the refunds, whose totals are below zero.
func readRefunds(scan *httpkit.Scanner) (sum kpi.Micros, err error) {
	for range scan.Array() {
		for key := range scan.Object() {
			if string(key) == "total" && err == nil {
				sum, err = sum.Add(-scan.Decimal().Micros)
			}
		}
	}
	return sum, err
}

// readCoupon returns the code of the first coupon.
func readCoupon(scan *httpkit.Scanner) (code string) {
	for range scan.Array() {
		for key := range scan.Object() {
			if string(key) == "code" && code == "" {
				code = sources.Clean(string(scan.Text()))
			}
		}
	}
	return code
}

// readAttribution picks the attribution out of the meta of an order. Values of
// other keys may be of any type, and key and value may come in either order.
func readAttribution(scan *httpkit.Scanner) (a attribution) {
	var name, value []byte
	for range scan.Array() {
		name, value = nil, nil
		for key := range scan.Object() {
			switch string(key) {
			case "key":
				name = scan.Text()
			case "value":
				if scan.Peek() == '"' {
					value = scan.Text()
				}
			}
		}
		field, found := strings.CutPrefix(string(name), attributionPrefix)
		if !found {
			continue
		}
		switch field {
		case "source_type":
			a.kind = string(value)
		case "utm_source":
			a.source = sources.Clean(string(value))
		case "utm_medium":
			a.medium = sources.Clean(string(value))
		case "utm_campaign":
			a.campaign = sources.Clean(string(value))
		case "session_entry":
			a.entry = string(value)
		case "referrer":
			a.referrer = string(value)
		}
	}
	return a
}

// visit is where an order came from. "(direct)" and "(none)" are no parameters.
func (a attribution) visit(origins string) sources.Visit {
	v := sources.Visit{Landing: a.entry, Referrer: a.referrer}
	searched := a.kind == "organic" || a.kind == "referral"
	if a.kind != "utm" && !(origins == "all" && searched) {
		return v
	}
	v.Source, v.Medium, v.Campaign = a.source, a.medium, a.campaign
	for _, field := range []*string{&v.Source, &v.Medium, &v.Campaign} {
		if *field == "(direct)" || *field == "(none)" || *field == "(not set)" {
			*field = ""
		}
	}
	if v.Medium == "" && searched {
		v.Medium = a.kind
	}
	return v
}

// unsold are the statuses of WooCommerce itself that are no sale.
var unsold = []string{"pending", "on-hold", "cancelled", "failed", "trash", "checkout-draft", "auto-draft", "draft"}

// state says whether an order counts. A status of a plug-in's own counts once the
// order is paid.
func (o *order) state(sales []string) sources.EventStatus {
	switch {
	case slices.Contains(sales, o.status), o.status == "refunded":
		return sources.Approved
	case slices.Contains(unsold, o.status), slices.Contains([]string{"processing", "completed"}, o.status):
		return sources.Rejected
	case o.paid:
		return sources.Approved
	}
	return sources.Rejected
}

// whole says whether the order is fit to be counted.
func (o *order) whole() error {
	if o.id <= 0 || o.created.IsZero() || !o.total.Known || o.currency == "" {
		return fmt.Errorf("order %d lacks its id, date_created_gmt, total or currency", o.id)
	}
	if o.refunded < 0 {
		return fmt.Errorf("order %d was given back %s", o.id, o.refunded.Decimal(2))
	}
	return nil
}

// event makes an Event of a whole order.
func (o *order) event(options *Options) (sources.Event, error) {
	refunded := min(o.refunded, max(o.total.Micros, 0))
	if o.status == "refunded" {
		refunded = max(o.total.Micros, 0)
	}
	e := sources.Event{
		ID: strconv.FormatInt(o.id, 10), Kind: "order", Time: o.created, Status: o.state(options.Sales), Currency: o.currency,
		Refunded: refunded, Tax: o.tax.Micros, Shipping: o.shipping.Micros,
	}
	e.Key, e.ClickID = o.attribution.visit(options.Origins).Key()
	e.Key.Promo = o.coupon
	if !e.Status.Counts() {
		return e, nil
	}
	var err error
	if e.Value, err = o.value(options.Revenue, refunded); err != nil {
		return e, fmt.Errorf("order %d: %w", o.id, err)
	}
	return e, nil
}

// value is what counts as revenue now. A refund takes off the same share of goods,
// tax and shipping: it does not tell them apart.
func (o *order) value(basis kpi.Basis, refunded kpi.Micros) (kpi.Micros, error) {
	total := o.total.Micros
	if basis == kpi.Ordered {
		return total, nil
	}
	value := total
	var err error
	if basis != kpi.Gross {
		if value, err = value.Add(-o.tax.Micros); err != nil {
			return 0, err
		}
	}
	if basis == kpi.NetOfBoth {
		if value, err = value.Add(-o.shipping.Micros); err != nil {
			return 0, err
		}
	}
	if refunded == 0 {
		return value, nil
	}
	return share(value, total-refunded, total)
}

// share is value·part/whole, rounded half to even.
func share(value, part, whole kpi.Micros) (kpi.Micros, error) {
	if value == whole || part == 0 {
		return part, nil
	}
	product := new(big.Int).Mul(big.NewInt(int64(value)), big.NewInt(int64(part)))
	quotient, rest := new(big.Int).QuoRem(product, big.NewInt(int64(whole)), new(big.Int))
	if c := rest.Lsh(rest.Abs(rest), 1).CmpAbs(big.NewInt(int64(whole))); c > 0 || c == 0 && quotient.Bit(0) == 1 {
		quotient.Add(quotient, big.NewInt(int64(product.Sign())))
	}
	if !quotient.IsInt64() {
		return 0, kpi.ErrOverflow
	}
	return kpi.Micros(quotient.Int64()), nil
}
