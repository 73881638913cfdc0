package simulator

import (
	"cmp"
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

// The only credential that Stripe's part accepts, and the version that it speaks.
const (
	StripeKey     = "rk_live_5imulated0restricted0key"
	StripeVersion = "2026-09-30.endive"
)

// StripeCustomer is who pays for everything: nothing of them may be kept.
const StripeCustomer = "jenny.rosen@example.com"

// A tenth of a hundred payments is disputed, for half of the money, three days
// after it was made; a week later the shop has won or lost.
const (
	disputedAfter = 72 * time.Hour
	settledAfter  = disputedAfter + 7*24*time.Hour
)

// stripe answers the API v1: lists of payments, refunds, disputes and checkout
// sessions. A real account falls back to a version of its own where none is
// named; here that is refused, so that it does not go unnoticed.
func (s *Simulator) stripe(c *call) answer {
	if !equalSecret(c.r.Header.Get("Authorization"), "Bearer "+StripeKey) {
		return stripeError(http.StatusUnauthorized, "invalid_request_error", "", "Invalid API Key provided: rk_live_********0key")
	}
	if c.r.Header.Get("Stripe-Version") != StripeVersion {
		return stripeError(http.StatusBadRequest, "invalid_request_error", "", "Invalid Stripe API version: "+c.r.Header.Get("Stripe-Version"))
	}
	query := c.r.URL.Query()
	switch {
	case c.r.Method != http.MethodGet:
	case c.path == "/v1/account":
		return s.stripeAccount()
	case c.path == "/v1/charges":
		return s.stripeList(c, query, "charge", []string{"data.balance_transaction"}, func(from, to time.Time) []stripeObject {
			return s.stripePayments(from, to, c.now, func(o world.Order) stripeObject {
				return stripeObject{"ch_" + stripeID(o), o.Created, func() string {
					return s.stripeCharge(o, c.now, slices.Contains(query["expand[]"], "data.balance_transaction"))
				}}
			})
		})
	case c.path == "/v1/refunds":
		return s.stripeList(c, query, "refund", []string{"data.charge.balance_transaction"}, func(from, to time.Time) []stripeObject {
			return s.stripeRefunds(c, from, to, query["expand[]"] != nil)
		})
	case c.path == "/v1/disputes":
		return s.stripeList(c, query, "dispute", []string{"data.charge.balance_transaction"}, func(from, to time.Time) []stripeObject {
			return s.stripeDisputes(c, from, to, query)
		})
	case c.path == "/v1/checkout/sessions":
		return s.stripeList(c, query, "session", nil, func(from, to time.Time) []stripeObject {
			return s.stripeSessions(c, from, to, query)
		})
	}
	return stripeError(http.StatusNotFound, "invalid_request_error", "", "Unrecognized request URL ("+c.r.Method+": "+c.path+").")
}

func stripeError(status int, kind, code, message string) answer {
	codeField := ""
	if code != "" {
		codeField = fmt.Sprintf(`"code":%q,`, code)
	}
	a := jsonAnswer(status, fmt.Appendf(nil, `{"error":{%s"message":%s,"type":%q}}`, codeField, appendValue(nil, message, true), kind))
	a.header.Set("Request-Id", "req_5imulated")
	return a
}

// stripeFailure answers a fault in Stripe's form. Stripe promises no Retry-After,
// but what stands before it may send one.
func (*Simulator) stripeFailure(c *call) answer {
	switch c.fault.Kind {
	case Throttle:
		a := stripeError(http.StatusTooManyRequests, "rate_limit_error", "rate_limit", "Request rate limit exceeded. Learn more about rate limits here https://stripe.com/docs/rate-limits.")
		if c.fault.Wait > 0 {
			a.header.Set("Retry-After", seconds(c.fault.Wait))
		}
		return a
	case Outage:
		return stripeError(http.StatusServiceUnavailable, "api_error", "", "Stripe is temporarily unavailable.")
	case ExpiredToken:
		return stripeError(http.StatusUnauthorized, "invalid_request_error", "api_key_expired", "Expired API Key provided: rk_live_********0key")
	case RevokedToken:
		return stripeError(http.StatusUnauthorized, "invalid_request_error", "", "Invalid API Key provided: rk_live_********0key")
	case Denied:
		return stripeError(http.StatusForbidden, "invalid_request_error", "", "The provided key 'rk_live_********0key' does not have the required permissions for this endpoint on account 'acct_1Conformance'. Having the 'rak_charge_read' permission would allow this request to continue.")
	}
	return jsonAnswer(http.StatusOK, []byte(`{"object":"list","data":7,"has_more":7}`))
}

func (s *Simulator) stripeAccount() answer {
	shop := s.world.Spec().Shop
	return jsonAnswer(http.StatusOK, fmt.Appendf(nil,
		`{"id":%q,"object":"account","country":"JP","default_currency":%q,"email":%q,"charges_enabled":true,"settings":{"dashboard":{"display_name":%s,"timezone":%q}},"type":"standard"}`,
		shop.ID, strings.ToLower(string(shop.Currency)), StripeCustomer, appendValue(nil, shop.Name, true), shop.Zone))
}

// stripeObject is an element of a list.
type stripeObject struct {
	id      string
	created time.Time
	body    func() string // a page costs what it holds
}

// stripeList answers a list, newest first.
func (s *Simulator) stripeList(c *call, query url.Values, kind string, expandable []string, find func(from, to time.Time) []stripeObject) answer {
	from, to, limit := s.world.Spec().Epoch, endOfTime, 10
	for name, values := range query {
		number, err := strconv.ParseInt(values[0], 10, 64)
		switch {
		case name == "created[gte]" && err == nil:
			from = time.Unix(number, 0)
		case name == "created[lt]" && err == nil:
			to = time.Unix(number, 0)
		case name == "limit" && err == nil && number >= 1 && number <= 100:
			limit = int(number)
		case name == "starting_after", name == "charge" && kind == "dispute", name == "payment_intent" && kind == "session":
		case name == "expand[]" && !slices.ContainsFunc(values, func(v string) bool { return !slices.Contains(expandable, v) }):
		default:
			return stripeError(http.StatusBadRequest, "invalid_request_error", "parameter_unknown", "Received unknown parameter: "+name)
		}
	}
	for _, name := range []string{"charge", "payment_intent"} {
		if of := query.Get(name); of != "" {
			from, to = stripeSpan(of)
		}
	}
	all := find(from, to)
	slices.SortFunc(all, func(a, b stripeObject) int { return cmp.Or(b.created.Compare(a.created), strings.Compare(b.id, a.id)) })
	if after := query.Get("starting_after"); after != "" {
		i := slices.IndexFunc(all, func(o stripeObject) bool { return o.id == after })
		if i < 0 {
			return stripeError(http.StatusBadRequest, "invalid_request_error", "resource_missing", "No such "+kind+": '"+after+"'")
		}
		all = all[i+1:]
	}
	page := all[:min(limit, s.PageSize, len(all))]
	bodies := make([]string, len(page))
	for i, o := range page {
		bodies[i] = o.body()
	}
	return jsonAnswer(http.StatusOK, fmt.Appendf(nil, `{"object":"list","url":%q,"has_more":%v,"data":[%s]}`, c.path, len(page) < len(all), strings.Join(bodies, ",")))
}

// stripeSpan is when what belongs to a payment can have happened: its id tells
// the day of the click.
func stripeSpan(id string) (from, to time.Time) {
	_, digits, _ := strings.Cut(id, "_")
	number, _ := strconv.ParseInt(digits, 10, 64) // what is none belongs to nothing
	from = kpi.Date(number/100_000_000).Start(time.UTC).AddDate(0, 0, -2)
	return from, from.AddDate(0, 1, 0)
}

func stripeID(o world.Order) string { return strconv.FormatInt(o.ID, 10) }

// stripePayments are the orders of real customers: a live key sees no others.
func (s *Simulator) stripePayments(from, to, now time.Time, object func(world.Order) stripeObject) []stripeObject {
	var all []stripeObject
	for _, o := range s.world.Orders(from, to, now) {
		if !o.Test {
			all = append(all, object(o))
		}
	}
	return all
}

// StripeRefunded is what was given back of an order's payment by now: a cancelled
// order is given back whole.
func StripeRefunded(o world.Order) kpi.Micros {
	if !o.Cancelled.IsZero() {
		return o.Total
	}
	return o.Refunded()
}

// StripeDispute is the money of an order that a dispute is about, 0 without one, and
// how it stands.
func StripeDispute(o world.Order, now time.Time) (amount kpi.Micros, status string) {
	at := o.Created.Add(disputedAfter)
	switch {
	case o.ID%41 != 0 || now.Before(at):
		return 0, ""
	case now.Before(o.Created.Add(settledAfter)):
		status = "needs_response"
	case o.ID%2 == 0:
		status = "won"
	default:
		status = "lost"
	}
	return o.Total / (2 * kpi.MicrosPerUnit) * kpi.MicrosPerUnit, status
}

// stripeMoney writes whole units of a currency without cents; a dollar cent is
// worth one of them.
func stripeMoney(m kpi.Micros) string { return strconv.FormatInt(int64(m/kpi.MicrosPerUnit), 10) }

// stripeCharge is a payment. One in twenty-nine is made in dollars and settled in
// the account's currency.
func (s *Simulator) stripeCharge(o world.Order, now time.Time, expanded bool) string {
	id, currency := stripeID(o), strings.ToLower(string(s.world.Spec().Shop.Currency))
	settled, rate := currency, "null"
	if o.ID%29 == 0 {
		currency, rate = "usd", "100.0"
	}
	transaction := fmt.Sprintf(`"txn_%s"`, id)
	if expanded {
		transaction = fmt.Sprintf(`{"id":"txn_%[1]s","object":"balance_transaction","amount":%[2]s,"currency":%[3]q,"exchange_rate":%[4]s,"fee":0,"net":%[2]s,"reporting_category":"charge","type":"charge"}`, id, stripeMoney(o.Total), settled, rate)
	}
	refunded := StripeRefunded(o)
	disputed, _ := StripeDispute(o, now)
	return fmt.Sprintf(`{"id":"ch_%[1]s","object":"charge","amount":%[2]s,"amount_captured":%[2]s,"amount_refunded":%[3]s,"balance_transaction":%[4]s,`+
		`"billing_details":{"address":{"city":"Tokyo","country":"JP"},"email":%[5]q,"name":"Jenny Rosen","phone":null},"captured":true,"created":%[6]d,"currency":%[7]q,"customer":"cus_%[1]s",`+
		`"description":null,"disputed":%[8]v,"failure_code":null,"livemode":true,"metadata":%[9]s,"outcome":{"network_status":"approved_by_network","type":"authorized"},`+
		`"paid":true,"payment_intent":"pi_%[1]s","payment_method_details":{"card":{"brand":"visa","last4":"4242"},"type":"card"},"receipt_email":%[5]q,"refunded":%[10]v,"status":"succeeded"}`,
		id, stripeMoney(o.Total), stripeMoney(refunded), transaction, StripeCustomer, o.Created.Unix(), currency, disputed > 0, stripeMetadata(o), refunded == o.Total)
}

// stripeMetadata is what the shop passed on: nothing where visits are not known.
func stripeMetadata(o world.Order) string {
	if !o.Journey || o.Last.Source == "" {
		return "{}"
	}
	return fmt.Sprintf(`{"order":%q,"utm_source":%s,"utm_medium":%s,"utm_campaign":%s}`, o.Name(),
		appendValue(nil, o.Last.Source, true), appendValue(nil, o.Last.Medium, true), appendValue(nil, o.Last.Campaign, true))
}

// stripeRefunds are those made in a span, by the last change of their orders.
func (s *Simulator) stripeRefunds(c *call, from, to time.Time, expanded bool) []stripeObject {
	var all []stripeObject
	for _, o := range s.world.OrdersUpdated(from, to, c.now) {
		if amount := StripeRefunded(o); amount > 0 && !o.Test {
			all = append(all, stripeObject{"re_" + stripeID(o), o.Updated, func() string {
				return fmt.Sprintf(`{"id":"re_%s","object":"refund","amount":%s,"charge":%s,"created":%d,"status":"succeeded"}`,
					stripeID(o), stripeMoney(amount), s.stripeChargeOf(c, o, expanded), o.Updated.Unix())
			}})
		}
	}
	return all
}

func (s *Simulator) stripeChargeOf(c *call, o world.Order, expanded bool) string {
	if expanded {
		return s.stripeCharge(o, c.now, true)
	}
	return `"ch_` + stripeID(o) + `"`
}

func (s *Simulator) stripeDisputes(c *call, from, to time.Time, query url.Values) []stripeObject {
	all := s.stripePayments(from.Add(-disputedAfter), to.Add(-disputedAfter), c.now, func(o world.Order) stripeObject {
		amount, status := StripeDispute(o, c.now)
		if amount == 0 || query.Get("charge") != "" && query.Get("charge") != "ch_"+stripeID(o) {
			return stripeObject{}
		}
		at := o.Created.Add(disputedAfter)
		return stripeObject{"du_" + stripeID(o), at, func() string {
			return fmt.Sprintf(`{"id":"du_%s","object":"dispute","amount":%s,"charge":%s,"created":%d,"evidence":{"customer_email_address":%q},"status":%q}`,
				stripeID(o), stripeMoney(amount), s.stripeChargeOf(c, o, query["expand[]"] != nil), at.Unix(), StripeCustomer, status)
		}}
	})
	return slices.DeleteFunc(all, func(o stripeObject) bool { return o.id == "" })
}

// stripeSessions are the checkouts that led to payments, five minutes before them.
func (s *Simulator) stripeSessions(c *call, from, to time.Time, query url.Values) []stripeObject {
	const before = 5 * time.Minute
	all := s.stripePayments(from.Add(before), to.Add(before), c.now, func(o world.Order) stripeObject {
		if wanted := query.Get("payment_intent"); wanted != "" && wanted != "pi_"+stripeID(o) {
			return stripeObject{}
		}
		at := o.Created.Add(-before)
		return stripeObject{"cs_live_" + stripeID(o), at, func() string {
			return fmt.Sprintf(`{"id":"cs_live_%s","object":"checkout.session","amount_total":%s,"created":%d,"customer_details":{"email":%q},"metadata":%s,"payment_intent":"pi_%[1]s","payment_status":"paid","status":"complete"}`,
				stripeID(o), stripeMoney(o.Total), at.Unix(), StripeCustomer, stripeMetadata(o))
		}}
	})
	return slices.DeleteFunc(all, func(o stripeObject) bool { return o.id == "" })
}
