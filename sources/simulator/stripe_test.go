package simulator

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"adtop/sources/simulator/world"
)

// stripe asks a path below v1; pairs are parameters.
func (r *rig) stripe(path string, pairs ...string) (int, string) {
	r.t.Helper()
	q := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		q.Add(pairs[i], pairs[i+1])
	}
	status, _, body := r.do("GET", "/stripe/v1/"+path+"?"+q.Encode(), "", "Authorization", "Bearer "+StripeKey, "Stripe-Version", StripeVersion)
	return status, string(body)
}

func TestStripeAnswersAsRecorded(t *testing.T) {
	r := rigFor(t, world.Stripe)
	for path, want := range map[string]struct {
		file string
		keys []string
	}{
		"charges":           {"charge.json", []string{".id", ".amount", ".amount_captured", ".amount_refunded", ".captured", ".created", ".currency", ".disputed", ".livemode", ".paid", ".status"}},
		"refunds":           {"refund.json", []string{".id", ".amount", ".charge", ".created"}},
		"checkout/sessions": {"checkout_session.json", []string{".id", ".payment_intent", ".created"}},
	} {
		_, body := r.stripe(path, "limit", "1")
		_, element, _ := strings.Cut(body, `"data":[`)
		element = strings.TrimSuffix(element, "]}")
		recorded := strings.Replace(string(fixture(t, "stripe/"+want.file)), `"email": null`, `"email": "x"`, 1)
		sameShape(t, []byte(element), []byte(strings.Replace(recorded, `"receipt_email": null`, `"receipt_email": "x"`, 1)), want.keys...)
	}
	_, body := r.stripe("account")
	sameShape(t, []byte(body), []byte(strings.Replace(string(fixture(t, "stripe/account.json")), `"display_name": null`, `"display_name": "x"`, 1)), ".id", ".default_currency", ".settings.dashboard.timezone")
}

func TestStripeRefusesWhatItDocuments(t *testing.T) {
	r := rigFor(t, world.Stripe)
	for says, pairs := range map[string][]string{
		"parameter_unknown": {"creatd[gte]", "1"}, "limit": {"limit", "101"}, "resource_missing": {"starting_after", "ch_none"}, "expand[]": {"expand[]", "data.customer"},
	} {
		if status, body := r.stripe("charges", pairs...); status != 400 || !strings.Contains(body, says) {
			t.Errorf("%v: %d %s", pairs, status, body)
		}
	}
	if status, _ := r.stripe("customers"); status != 404 {
		t.Errorf("customers: %d", status)
	}
	if status, _, body := r.do("GET", "/stripe/v1/charges", "", "Authorization", "Bearer "+StripeKey); status != 400 || !strings.Contains(string(body), "version") {
		t.Errorf("without a version: %d %s", status, body)
	}
	for kind, want := range map[FaultKind]int{Throttle: 429, Outage: 503, ExpiredToken: 401, RevokedToken: 401, Denied: 403, WrongType: 200} {
		r.Faults().Set(Fault{Kind: kind, Platform: world.Stripe, Times: 1, Wait: time.Minute})
		if status, body := r.stripe("charges"); status != want || strings.Contains(body, `"ch_`) {
			t.Errorf("%s: %d %s", kind, status, body)
		}
	}
}

func TestStripePagesByTheLastElement(t *testing.T) {
	r := rigFor(t, world.Stripe)
	_, first := r.stripe("charges", "limit", "1", "created[gte]", "1793577600")
	id := first[strings.Index(first, "ch_"):]
	id = id[:strings.IndexByte(id, '"')]
	_, second := r.stripe("charges", "limit", "1", "created[gte]", "1793577600", "starting_after", id)
	if !strings.Contains(first, `"has_more":true`) || strings.Contains(second, id) || !strings.Contains(second, `"ch_`) {
		t.Errorf("%.300s\n%.300s", first, second)
	}
}
