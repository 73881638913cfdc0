package simulator

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"adtop/sources/simulator/world"
)

// woo asks a route with the key in the query; pairs are parameters.
func (r *rig) woo(route string, pairs ...string) (int, string) {
	r.t.Helper()
	q := url.Values{"consumer_key": {WooCommerceKey}, "consumer_secret": {WooCommerceSecret}}
	for i := 0; i < len(pairs); i += 2 {
		q.Add(pairs[i], pairs[i+1])
	}
	status, header, body := r.do("GET", "/woocommerce/wp-json"+route+"?"+q.Encode(), "")
	return status, header.Get("X-WP-TotalPages") + " " + string(body)
}

func TestWooCommerceAnswersAsDocumented(t *testing.T) {
	r := rigFor(t, world.WooCommerce)
	_, body := r.woo("/wc/v3/orders", "dates_are_gmt", "true", "per_page", "1", "page", "2")
	_, list, _ := strings.Cut(body, " ")
	sameShape(t, []byte(list), fixture(t, "woocommerce/orders_list.json"), ".id", ".status", ".currency", ".date_created_gmt", ".date_modified_gmt", ".total", ".total_tax", ".shipping_total", ".meta_data.key")
	_, cut := r.woo("/wc/v3/orders", "dates_are_gmt", "true", "per_page", "1", "_fields", "id,total")
	if !strings.HasPrefix(cut[strings.Index(cut, " ")+1:], `[{"id":`) || strings.Contains(cut, WooCommerceBuyer) || strings.Count(cut, ":") != 2 {
		t.Errorf("two fields: %s", cut)
	}
}

func TestWooCommerceRefusesWhatItDocuments(t *testing.T) {
	r := rigFor(t, world.WooCommerce)
	for says, pairs := range map[string][]string{"dates_are_gmt": {"page", "1"}, "per_page": {"per_page", "101"}, "orderby": {"orderby", "modified"}, "wish": {"wish", "1"}} {
		if status, body := r.woo("/wc/v3/orders", pairs...); status != 400 || !strings.Contains(body, says) {
			t.Errorf("%v: %d %s", pairs, status, body)
		}
	}
	if status, body := r.woo("/wc/v3/customers"); status != 404 || !strings.Contains(body, "rest_no_route") {
		t.Errorf("customers: %d %s", status, body)
	}
	if status, _, body := r.do("GET", "/woocommerce/wp-json/wc/v3/orders", ""); status != 401 {
		t.Errorf("without a key: %d %s", status, body)
	}
	for kind, want := range map[FaultKind]int{Throttle: 429, Outage: 503, ExpiredToken: 401, RevokedToken: 401, Denied: 401, WrongType: 200} {
		r.Faults().Set(Fault{Kind: kind, Platform: world.WooCommerce, Times: 1, Wait: time.Minute})
		if status, body := r.woo("/wc/v3/orders", "dates_are_gmt", "true"); status != want || strings.Contains(body, `"meta_data"`) {
			t.Errorf("%s: %d %s", kind, status, body)
		}
	}
	if status, body := r.woo("/wc/v3/orders", "dates_are_gmt", "true", "page", "99999"); status != 200 || !strings.HasSuffix(body, "[]") {
		t.Errorf("a page beyond the last: %d %s", status, body)
	}
}
