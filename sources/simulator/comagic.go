package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/sources/simulator/world"
)

// ComagicToken is the only credential that CoMagic's part accepts, and ComagicClient
// the only client's user of whom an agency may ask.
const (
	ComagicToken  = "5imulated0comagic0access0token"
	ComagicClient = "2870"
)

// ComagicCaller and ComagicName are who calls: nothing of them may be kept. They stand in
// every call, whether they were asked for or not.
const (
	ComagicCaller = "79165550123"
	ComagicName   = "Jenny Rosen"
)

const (
	comagicTime    = "2006-01-02 15:04:05"
	comagicLongest = 92 * 24 * time.Hour // that a question may span
	comagicEntered = 48 * time.Hour      // after which somebody enters a sale
)

// ComagicCall is the call of an order as it stands.
type ComagicCall struct {
	Out, Lost  bool
	Dialled    string // of the company, without a plus
	Attributes []string
	Sale       kpi.Micros // zero where none was entered
	GClick     string
	YClick     string
}

// ComagicOf makes the call of an order: some go out, some are lost, and a quarter of the
// sales are entered two days later.
func ComagicOf(o world.Order, now time.Time) ComagicCall {
	c := ComagicCall{Out: o.ID%23 == 0, Lost: o.ID%9 == 0, Dialled: "74951110002", Attributes: []string{"secondary"}}
	switch {
	case o.Dialled != "":
		c.Dialled = o.Dialled
	case !o.Journey || o.Last == (world.UTM{}):
		c.Dialled = "78005553535"
	case o.Last.Source == "newsletter":
		c.Dialled = "74951110001"
	case o.ID%2 == 0:
		c.GClick = fmt.Sprintf("g-%d", o.ID)
	default:
		c.YClick = fmt.Sprintf("y-%d", o.ID)
	}
	switch {
	case c.Lost:
		c.Attributes = []string{"lost"}
	case o.ID%2 == 0:
		c.Attributes = []string{"primary", "target"}
	}
	if o.ID%4 == 0 && !now.Before(o.Created.Add(comagicEntered)) {
		c.Sale = o.Total - o.Refunded()
	}
	return c
}

// comagicQuestion is a call of JSON-RPC.
type comagicQuestion struct {
	Version string `json:"jsonrpc"`
	ID      any
	Method  string
	Params  struct {
		Token         string      `json:"access_token"`
		User          json.Number `json:"user_id"`
		From          string      `json:"date_from"`
		Till          string      `json:"date_till"`
		Limit, Offset int
		Fields        []string
		Filter        struct{ Field, Operator, Value string }
		Sort          []struct{ Field, Order string }
	}
}

// comagic answers the account and its calls. All is one path, and errors come with HTTP
// 200.
func (s *Simulator) comagic(c *call) answer {
	var q comagicQuestion
	switch err := json.Unmarshal(c.body, &q); {
	case c.path != "/v2.0" || c.r.Method != http.MethodPost:
		return answer{http.StatusNotFound, http.Header{"Content-Type": {"text/plain"}}, []byte("404: Not Found")}
	case err != nil || c.r.Header.Get("Content-Type") != "application/json; charset=UTF-8":
		return comagicError(-32700, "parse_error", "Invalid JSON was received by the server.", "{}")
	case q.Version != "2.0" || q.ID == nil:
		return comagicError(-32099, "notifications_not_supported", "Notifications not supported", "{}")
	case !equalSecret(q.Params.Token, ComagicToken):
		return comagicError(-32001, "access_token_invalid", "Access token is invalid", "{}")
	case q.Params.User != "" && q.Params.User != ComagicClient:
		return comagicError(-32003, "forbidden", "Permission denied", "{}")
	}
	account, _ := s.called()
	name := appendValue(nil, account.Name, true)
	switch q.Method {
	case "getobj.account":
		return comagicResult(fmt.Sprintf(`{"lang":"ru","app_id":%s,"project":"comagic","user_id":2870,"app_name":%s,"crm_type":null,"timezone":%q,"app_state":"active","user_name":%q,"user_login":%q,"components":["operation"],"permissions":[],"report_currency":%q}`,
			account.ID, name, account.Zone, ComagicName, ComagicName, account.Currency), 1)
	case "get.account":
		return comagicResult(fmt.Sprintf(`[{"app_id":%s,"name":%s,"timezone":%q}]`, account.ID, name, account.Zone), 1)
	case "get.calls_report":
		return s.comagicCalls(c, &q)
	}
	return comagicError(-32601, "method_not_found", "The method does not exist / is not available", "{}")
}

// called is the account, and its calls as World.Orders lists orders. In a world without
// one the shop itself is called, for each of its orders.
func (s *Simulator) called() (world.Account, func(from, to, asOf time.Time) []world.Order) {
	if accounts := s.world.Accounts(world.CoMagic); len(accounts) > 0 {
		return accounts[0], s.world.Calls
	}
	shop := s.world.Spec().Shop
	return world.Account{ID: shop.ID, Name: shop.Name, Currency: shop.Currency, Zone: shop.Zone}, s.world.Orders
}

func comagicResult(data string, total int) answer {
	return jsonAnswer(http.StatusOK, fmt.Appendf(nil, `{"jsonrpc":"2.0","id":"adtop","result":{"data":%s,"metadata":{"total_items":%d,"version":null,`+
		`"limits":{"day_limit":5000,"day_remaining":4998,"day_reset":30211,"minute_limit":60,"minute_remaining":59,"minute_reset":41}}}}`, data, total))
}

func comagicError(code int, mnemonic, message, metadata string) answer {
	return jsonAnswer(http.StatusOK, fmt.Appendf(nil, `{"jsonrpc":"2.0","id":"adtop","error":{"code":%d,"message":%q,"data":{"mnemonic":%q,"field":null,"value":null,"params":{},"extended_helper":null,"metadata":%s}}}`,
		code, message, mnemonic, metadata))
}

// comagicFailure answers a fault in CoMagic's form. Up to a minute is the limit of the
// minute, more is that of the day.
func (*Simulator) comagicFailure(c *call) answer {
	switch c.fault.Kind {
	case Throttle:
		wait := seconds(c.fault.Wait)
		if c.fault.Wait <= time.Minute {
			return comagicError(-32029, "limit_exceeded", "Limit per minute has been exceeded. Value of current limit per minute is 60", `{"limits":{"day_remaining":4000,"minute_remaining":0,"minute_reset":`+wait+`}}`)
		}
		return comagicError(-32029, "limit_exceeded", "Limit per day has been exceeded. Value of current limit per day is 5000", `{"limits":{"day_remaining":0,"day_reset":`+wait+`}}`)
	case Outage:
		a := comagicError(-32603, "internal_error", "Internal error, contact the support service", "{}")
		a.status = http.StatusServiceUnavailable
		return a
	case ExpiredToken:
		return comagicError(-32001, "access_token_expired", "Access token has been expired", "{}")
	case RevokedToken:
		return comagicError(-32001, "access_token_invalid", "Access token is invalid", "{}")
	case Denied:
		return comagicError(-32003, "ip_not_whitelisted", "Your IP 192.0.2.1 is not whitelisted", "{}")
	}
	return jsonAnswer(http.StatusOK, []byte(`{"jsonrpc":"2.0","id":"adtop","result":{"data":7,"metadata":{}}}`))
}

// comagicFields are the fields of a call that the simulator knows.
var comagicFields = map[string]func(world.Order, ComagicCall, *time.Location) string{
	"id": func(o world.Order, _ ComagicCall, _ *time.Location) string { return fmt.Sprint(o.ID) },
	"start_time": func(o world.Order, _ ComagicCall, zone *time.Location) string {
		return fmt.Sprintf("%q", o.Created.In(zone).Format(comagicTime))
	},
	"direction": func(_ world.Order, c ComagicCall, _ *time.Location) string {
		return map[bool]string{false: `"in"`, true: `"out"`}[c.Out]
	},
	"is_lost":              func(_ world.Order, c ComagicCall, _ *time.Location) string { return fmt.Sprint(c.Lost) },
	"virtual_phone_number": func(_ world.Order, c ComagicCall, _ *time.Location) string { return comagicText(c.Dialled) },
	"utm_source":           func(o world.Order, _ ComagicCall, _ *time.Location) string { return comagicText(comagicUTM(o).Source) },
	"utm_medium":           func(o world.Order, _ ComagicCall, _ *time.Location) string { return comagicText(comagicUTM(o).Medium) },
	"utm_campaign": func(o world.Order, _ ComagicCall, _ *time.Location) string {
		return comagicText(comagicUTM(o).Campaign)
	},
	"gclid":  func(_ world.Order, c ComagicCall, _ *time.Location) string { return comagicText(c.GClick) },
	"yclid":  func(_ world.Order, c ComagicCall, _ *time.Location) string { return comagicText(c.YClick) },
	"ymclid": func(world.Order, ComagicCall, *time.Location) string { return "null" },
	"sale_cost": func(_ world.Order, c ComagicCall, _ *time.Location) string {
		if c.Sale == 0 {
			return "null"
		}
		return c.Sale.Decimal(0)
	},
	"attributes": func(_ world.Order, c ComagicCall, _ *time.Location) string {
		return `["` + strings.Join(c.Attributes, `","`) + `"]`
	},
}

// comagicText writes a text; an empty one is null.
func comagicText(text string) string {
	if text == "" {
		return "null"
	}
	return string(appendValue(nil, text, true))
}

func comagicUTM(o world.Order) world.UTM {
	if !o.Journey {
		return world.UTM{}
	}
	return o.Last
}

// comagicCalls lists the calls that began in a span, both ends of which belong to it.
func (s *Simulator) comagicCalls(c *call, q *comagicQuestion) answer {
	account, calls := s.called()
	zone, p := account.Zone, &q.Params
	from, err := time.ParseInLocation(comagicTime, p.From, zone)
	till, err2 := time.ParseInLocation(comagicTime, p.Till, zone)
	switch {
	case err != nil || err2 != nil || p.Limit < 1 || p.Limit > 10_000 || p.Offset < 0 || p.Offset > 100_000:
		return comagicError(-32602, "invalid_parameter_value", "Invalid parameter value", "{}")
	case till.Sub(from) > comagicLongest:
		return comagicError(-32602, "date_interval_limit_reached", "Max value of requested date interval is 3 months", "{}")
	case p.Filter.Field != "" && (p.Filter.Field != "direction" || p.Filter.Operator != "="):
		return comagicError(-32602, "filter_prohibited", "Filter by parameter is prohibited", "{}")
	case len(p.Sort) > 0 && p.Sort[0].Field != "start_time":
		return comagicError(-32602, "sort_prohibited", "Sort by parameter is prohibited", "{}")
	case slices.ContainsFunc(p.Fields, func(f string) bool { return comagicFields[f] == nil }):
		return comagicError(-32602, "unexpected_parameters", "Unexpected method parameter(s)", "{}")
	}
	var list []string
	for _, o := range calls(from, till.Add(time.Second), c.now) {
		called := ComagicOf(o, c.now)
		if o.Test || p.Filter.Value == "in" && called.Out || p.Filter.Value == "out" && !called.Out {
			continue
		}
		parts := []string{fmt.Sprintf(`"contact_phone_number":%q,"contact_full_name":%q`, ComagicCaller, ComagicName)}
		for _, field := range p.Fields {
			parts = append(parts, fmt.Sprintf("%q:%s", field, comagicFields[field](o, called, zone)))
		}
		list = append(list, "{"+strings.Join(parts, ",")+"}")
	}
	if len(p.Sort) == 0 || p.Sort[0].Order != "asc" {
		slices.Reverse(list)
	}
	shown := list[min(p.Offset, len(list)):min(p.Offset+min(p.Limit, 4*s.PageSize), len(list))]
	return comagicResult("["+strings.Join(shown, ",")+"]", len(list))
}
