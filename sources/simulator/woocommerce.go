package simulator

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/sources/simulator/world"
)

// The only credentials that WooCommerce's part accepts.
const (
	WooCommerceKey    = "ck_5imulated0woocommerce0key"
	WooCommerceSecret = "cs_5imulated0woocommerce0secret"
)

// WooCommerceBuyer is who orders everything: nothing of them may be kept.
const WooCommerceBuyer = "john.doe@example.com"

const wooTime = "2006-01-02T15:04:05"

// woocommerce answers a WordPress site with the shop, by pretty addresses
// (/wp-json/wc/v3/orders) and by plain ones (/?rest_route=/wc/v3/orders).
func (s *Simulator) woocommerce(c *call) answer {
	query := c.r.URL.Query()
	route, pretty := strings.CutPrefix(c.path, "/wp-json")
	if !pretty {
		route = query.Get("rest_route")
		query.Del("rest_route")
	}
	if c.r.Method != http.MethodGet || route == "" {
		return answer{http.StatusNotFound, http.Header{"Content-Type": {"text/html"}}, []byte(proxyPage)}
	}
	if route == "/" {
		shop := s.world.Spec().Shop
		return jsonAnswer(http.StatusOK, fmt.Appendf(nil, `{"name":%s,"description":"","url":"https://%s","home":"https://%[2]s","gmt_offset":"1","timezone_string":%q,"namespaces":["wc/v3"]}`,
			appendValue(nil, shop.Name, true), shop.ID, shop.Zone))
	}
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte(WooCommerceKey+":"+WooCommerceSecret))
	if !equalSecret(c.r.Header.Get("Authorization"), basic) && !(equalSecret(query.Get("consumer_key"), WooCommerceKey) && equalSecret(query.Get("consumer_secret"), WooCommerceSecret)) {
		return wooError(http.StatusUnauthorized, "woocommerce_rest_authentication_error", "Consumer key is invalid.")
	}
	query.Del("consumer_key")
	query.Del("consumer_secret")
	switch route {
	case "/wc/v3/settings/general/woocommerce_currency":
		return wooFields(query, map[string]any{"id": "woocommerce_currency", "value": string(s.world.Spec().Shop.Currency), "default": "USD", "type": "select"})
	case "/wc/v3/orders":
		return s.wooOrders(c, query)
	case "/wc-analytics/reports/orders":
		return s.wooReport(c, query)
	}
	return wooError(http.StatusNotFound, "rest_no_route", "No route was found matching the URL and request method")
}

func wooError(status int, code, message string) answer {
	return jsonAnswer(status, fmt.Appendf(nil, `{"code":%q,"message":%q,"data":{"status":%d}}`, code, message, status))
}

// woocommerceFailure answers a fault in the form of the shop or of its host.
func (*Simulator) woocommerceFailure(c *call) answer {
	switch c.fault.Kind {
	case Throttle:
		a := answer{http.StatusTooManyRequests, http.Header{"Content-Type": {"text/html"}}, []byte("<html><head><title>429 Too Many Requests</title></head></html>")}
		a.header.Set("Retry-After", seconds(c.fault.Wait))
		return a
	case Outage:
		return wooError(http.StatusServiceUnavailable, "internal_server_error", "There has been a critical error on this website.")
	case ExpiredToken, RevokedToken:
		return wooError(http.StatusUnauthorized, "woocommerce_rest_authentication_error", "Consumer key is invalid.")
	case Denied:
		return wooError(http.StatusUnauthorized, "woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")
	}
	return jsonAnswer(http.StatusOK, []byte(`7`))
}

// wooFields answers an object, or a list of them, cut down to _fields.
func wooFields(query url.Values, node any) answer {
	if wanted := query.Get("_fields"); wanted != "" {
		cut := func(object map[string]any) {
			for key := range object {
				if !slices.Contains(strings.Split(wanted, ","), key) {
					delete(object, key)
				}
			}
		}
		switch node := node.(type) {
		case map[string]any:
			cut(node)
		case []map[string]any:
			for _, object := range node {
				cut(object)
			}
		}
	}
	body, err := json.Marshal(node)
	if err != nil {
		panic(err) // texts, numbers and lists always marshal
	}
	return jsonAnswer(http.StatusOK, body)
}

// wooOrders lists orders. It refuses parameters that the API does not know, and an
// order that lets rows jump between pages.
func (s *Simulator) wooOrders(c *call, query url.Values) answer {
	created, modified := span{to: endOfTime}, span{to: endOfTime}
	size, page, trash := 10, 1, false
	for name, values := range query {
		at, err := time.Parse(wooTime, values[0])
		number, notNumber := strconv.Atoi(values[0])
		switch {
		case name == "after" && err == nil:
			created.narrow(">", at)
		case name == "before" && err == nil:
			created.narrow("<", at)
		case name == "modified_after" && err == nil:
			modified.narrow(">", at)
		case name == "per_page" && notNumber == nil && number >= 1 && number <= 100:
			size = min(number, s.PageSize)
		case name == "page" && notNumber == nil && number >= 1:
			page = number
		case name == "status" && (values[0] == "any" || values[0] == "trash"):
			trash = values[0] == "trash"
		case name == "orderby" && values[0] == "id", name == "order" && values[0] == "asc", name == "dates_are_gmt" && values[0] == "true", name == "_fields":
		default:
			return jsonAnswer(http.StatusBadRequest, fmt.Appendf(nil, `{"code":"rest_invalid_param","message":"Invalid parameter(s): %s","data":{"status":400,"params":{%q:"%[1]s is not valid."}}}`, name, name))
		}
	}
	if query.Get("dates_are_gmt") != "true" {
		return wooError(http.StatusBadRequest, "rest_invalid_param", "Invalid parameter(s): dates_are_gmt") // else they are the site's, which would go unnoticed
	}
	orders := s.orders(orderFilter{created, modified}, c.now)
	if trash {
		orders = nil
	}
	slices.SortFunc(orders, func(a, b world.Order) int { return int(a.ID - b.ID) })
	pages := (len(orders) + size - 1) / size
	list := []map[string]any{}
	for _, o := range orders[min((page-1)*size, len(orders)):min(page*size, len(orders))] {
		list = append(list, s.wooOrder(o, c.now))
	}
	a := wooFields(query, list)
	a.header.Set("X-WP-Total", strconv.Itoa(len(orders)))
	a.header.Set("X-WP-TotalPages", strconv.Itoa(pages))
	return a
}

// WooCommerceStatus is how an order of the world stands in the shop.
func WooCommerceStatus(o world.Order, now time.Time) string {
	switch {
	case o.Test:
		return "failed"
	case !o.Cancelled.IsZero():
		return "cancelled"
	case o.Refunded() == o.Total:
		return "refunded"
	case now.Sub(o.Created) > 48*time.Hour:
		return "completed"
	}
	return "processing"
}

// WooCommerceClick is the click that brought an order, "" without one.
func WooCommerceClick(o world.Order) string {
	if !o.Journey || o.Last.Source != "google" {
		return ""
	}
	return "click-" + strconv.FormatInt(o.ID, 36)
}

func (s *Simulator) wooOrder(o world.Order, now time.Time) map[string]any {
	shop := s.world.Spec().Shop
	local, gmt := o.Created.In(shop.Zone).Format(wooTime), o.Created.UTC().Format(wooTime)
	refunds := []map[string]any{}
	for i, r := range o.Refunds {
		refunds = append(refunds, map[string]any{"id": o.ID*10 + int64(i) + 1, "reason": "", "total": "-" + wooMoney(r.Amount)})
	}
	var paid any
	if status := WooCommerceStatus(o, now); status != "failed" && status != "cancelled" {
		paid = gmt
	}
	buyer := map[string]any{"first_name": "John", "last_name": "Doe", "email": WooCommerceBuyer, "phone": "(555) 555-5555"}
	return map[string]any{
		"id": o.ID, "number": strconv.FormatInt(o.ID, 10), "status": WooCommerceStatus(o, now), "currency": string(shop.Currency), "prices_include_tax": true,
		"date_created": local, "date_created_gmt": gmt, "date_modified_gmt": o.Updated.UTC().Format(wooTime), "date_paid_gmt": paid,
		"total": wooMoney(o.Total), "total_tax": wooMoney(o.Tax), "shipping_total": wooMoney(o.Shipping), "discount_total": "0",
		"billing": buyer, "shipping": buyer, "customer_ip_address": "127.0.0.1", "customer_note": "", "refunds": refunds, "coupon_lines": []any{}, "meta_data": wooMeta(o),
	}
}

func wooMoney(m kpi.Micros) string { return m.Decimal(2) }

// wooMeta is what plug-ins and the order attribution keep with an order. One of a
// visitor who refused the cookie has nothing of the latter.
func wooMeta(o world.Order) []map[string]any {
	meta := []map[string]any{
		{"id": 1, "key": "some_plugin", "value": map[string]any{"nested": []any{1, "two", nil}}}, {"id": 2, "key": "_vat_number", "value": "DE123"},
		{"id": 3, "key": "is_vat_exempt", "value": nil}, {"id": 4, "key": "_points", "value": 12},
	}
	if !o.Journey {
		return meta
	}
	attribution := map[string]any{"source_type": "typein", "utm_source": "(direct)", "session_pages": "4", "user_agent": "Mozilla/5.0", "device_type": "Desktop"}
	if o.Last.Source != "" {
		attribution["source_type"], attribution["utm_source"], attribution["utm_medium"], attribution["utm_campaign"] = "utm", o.Last.Source, o.Last.Medium, o.Last.Campaign
	}
	entry := url.Values{"email": {WooCommerceBuyer}}
	if click := WooCommerceClick(o); click != "" {
		entry.Set("gclid", click)
	}
	attribution["session_entry"] = "https://conformance.example/shop/?" + entry.Encode()
	names := make([]string, 0, len(attribution))
	for name := range attribution {
		names = append(names, name)
	}
	slices.Sort(names)
	for i, name := range names {
		meta = append(meta, map[string]any{"id": 10 + i, "key": "_wc_order_attribution_" + name, "value": attribution[name]})
	}
	return meta
}

// wooReport is the list of orders in the shop's analytics, which tells whether a
// customer had ordered before.
func (s *Simulator) wooReport(c *call, query url.Values) answer {
	from, err := time.Parse(time.RFC3339, query.Get("after"))
	to, err2 := time.Parse(time.RFC3339, query.Get("before"))
	size, err3 := strconv.Atoi(query.Get("per_page"))
	page, err4 := strconv.Atoi(query.Get("page"))
	if err != nil || err2 != nil || err3 != nil || err4 != nil || page < 1 || size < 1 || size > 100 {
		return wooError(http.StatusBadRequest, "rest_invalid_param", "Invalid parameter(s): after, before, page, per_page")
	}
	orders := s.world.Orders(from, to.Add(time.Second), c.now)
	size = min(size, s.PageSize)
	list := []map[string]any{}
	for _, o := range orders[min((page-1)*size, len(orders)):min(page*size, len(orders))] {
		kind := "returning"
		if o.Repeat == 0 {
			kind = "new"
		}
		list = append(list, map[string]any{"order_id": o.ID, "customer_id": 7, "customer_type": kind, "extended_info": map[string]any{"customer": map[string]any{"first_name": "John", "last_name": "Doe"}}})
	}
	a := wooFields(query, list)
	a.header.Set("X-WP-TotalPages", strconv.Itoa((len(orders)+size-1)/size))
	return a
}
