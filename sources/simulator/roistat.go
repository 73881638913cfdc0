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

// RoistatKey is the only credential that Roistat's part accepts.
const RoistatKey = "5imulated0roistat0api0key"

// RoistatClient is whose deals these are: nothing of them may be kept.
const RoistatClient = "79165550123"

const (
	roistatTime    = "2006-01-02T15:04:05-0700"
	roistatPayment = 72 * time.Hour        // after which a deal is paid
	roistatChanges = 40 * 24 * time.Hour   // within which everything has happened
	roistatLong    = 1000 * 24 * time.Hour // that a list without a beginning reaches back
)

// RoistatDeal is the deal of an order as it stands.
type RoistatDeal struct {
	Group   string
	Revenue kpi.Micros
	Updated time.Time
}

// RoistatOf makes the deal of an order. It is paid after three days; a cancelled order
// and one that was given back whole are canceled, one that was given back in part is
// worth less, and some are of a status that no group holds.
func RoistatOf(o world.Order, now time.Time) RoistatDeal {
	d := RoistatDeal{Group: "progress", Revenue: o.Total - o.Refunded(), Updated: o.Updated}
	if at := o.Created.Add(roistatPayment); !now.Before(at) {
		d.Group = "paid"
		if at.After(d.Updated) {
			d.Updated = at
		}
	}
	if !o.Cancelled.IsZero() || o.Refunded() == o.Total {
		d.Group = "canceled"
	}
	if o.ID%31 == 0 {
		d.Group = "unused"
	}
	return d
}

// RoistatClick is the click on the page that a deal's visit began with.
func RoistatClick(o world.Order) string {
	if !o.Journey || o.ID%3 != 0 {
		return ""
	}
	return fmt.Sprintf("click-%d", o.ID)
}

// roistat answers the projects of a key and the deals of the shop's.
func (s *Simulator) roistat(c *call) answer {
	switch {
	case !equalSecret(c.r.Header.Get("Api-Key"), RoistatKey):
		return roistatError(c, http.StatusUnauthorized, "authentication_failed", "Authentication failed")
	case c.path == "/user/projects":
		shop := s.world.Spec().Shop
		return jsonAnswer(http.StatusOK, fmt.Appendf(nil, `{"projects":[{"id":%s,"name":%s,"profit":"0","creation_date":"2017-09-29 08:41:27","currency":%q,"is_owner":1}],"status":"success"}`,
			shop.ID, appendValue(nil, shop.Name, true), shop.Currency))
	case c.r.URL.Query().Get("project") != s.world.Spec().Shop.ID:
		return roistatError(c, http.StatusForbidden, "access_denied", "Access to the project is denied")
	case c.path == "/project/integration/order/list" && c.r.Method == http.MethodPost:
		return s.roistatDeals(c)
	}
	return roistatError(c, http.StatusNotFound, "resource_not_found", "No such method")
}

// roistatError is a refusal, with HTTP 200 unless other codes were asked for.
func roistatError(c *call, status int, code, description string) answer {
	if c.r.Header.Get("Use-Http-Code") != "1" {
		status = http.StatusOK
	}
	return jsonAnswer(status, fmt.Appendf(nil, `{"status":"error","error":%q,"description":%q,"details":{}}`, code, description))
}

// roistatFailure answers a fault in Roistat's form. No header tells how long a throttle
// lasts, and an expired key is told with HTTP 200 whatever was asked for.
func (*Simulator) roistatFailure(c *call) answer {
	switch c.fault.Kind {
	case Throttle:
		return roistatError(c, http.StatusTooManyRequests, "request_limit_error", "Too many requests")
	case Outage:
		return roistatError(c, http.StatusServiceUnavailable, "internal_error", "Try again later")
	case RevokedToken:
		return roistatError(c, http.StatusUnauthorized, "authentication_failed", "Authentication failed")
	case ExpiredToken:
		a := roistatError(c, http.StatusUnauthorized, "authentication_failed", "Authentication failed")
		a.status = http.StatusOK
		return a
	case Denied:
		return roistatError(c, http.StatusForbidden, "access_denied", "Access is denied for your IP")
	}
	return jsonAnswer(http.StatusOK, []byte(`{"data":7,"projects":7,"total":1,"status":"success"}`))
}

// roistatSpan is which deals a list is of: those created and updated strictly between.
type roistatSpan struct{ created, updated [2]time.Time }

// roistatFilters reads conditions, which stand in a list, or two and more of them within
// "and": one alone there is an internal error, as on the service.
func roistatFilters(text json.RawMessage, now time.Time) (span roistatSpan, status int) {
	far := [2]time.Time{now.Add(-roistatLong), now.Add(roistatLong)}
	span = roistatSpan{far, far}
	var tree struct{ And [][3]string }
	var flat [][3]string
	if json.Unmarshal(text, &flat) != nil {
		if json.Unmarshal(text, &tree) != nil {
			return span, http.StatusBadRequest
		}
		if flat = tree.And; len(flat) == 1 {
			return span, http.StatusInternalServerError
		}
	}
	for _, condition := range flat {
		at, err := time.Parse(roistatTime, condition[2])
		bounds := map[string]*[2]time.Time{"creation_date": &span.created, "update_date": &span.updated}[condition[0]]
		end := slices.Index([]string{">", "<"}, condition[1])
		if err != nil || bounds == nil || end < 0 {
			return span, http.StatusBadRequest
		}
		bounds[end] = at
	}
	return span, http.StatusOK
}

func (s *Simulator) roistatDeals(c *call) answer {
	var asked struct {
		Filters       json.RawMessage
		Extend, Sort  []string
		Limit, Offset int
	}
	if json.Unmarshal(c.body, &asked) != nil || asked.Limit < 1 || asked.Offset < 0 {
		return roistatError(c, http.StatusBadRequest, "incorrect_request", "Body is not valid")
	}
	span, status := roistatFilters(asked.Filters, c.now)
	if status != http.StatusOK {
		return roistatError(c, status, map[int]string{http.StatusBadRequest: "request_data_validation_error", http.StatusInternalServerError: "internal_error"}[status], "filters")
	}
	between := func(at time.Time, bounds [2]time.Time) bool { return at.After(bounds[0]) && at.Before(bounds[1]) }
	earliest := span.created[0]
	if back := span.updated[0].Add(-roistatChanges); back.After(earliest) {
		earliest = back
	}
	var list []string
	for _, o := range s.world.Orders(earliest, span.created[1], c.now) {
		if d := RoistatOf(o, c.now); !o.Test && between(o.Created, span.created) && between(d.Updated, span.updated) {
			list = append(list, roistatDeal(o, d, slices.Contains(asked.Extend, "visit")))
		}
	}
	if !slices.Equal(asked.Sort, []string{"creation_date", "asc"}) {
		slices.Reverse(list)
	}
	size := min(asked.Limit, 8*s.PageSize)
	shown := list[min(asked.Offset, len(list)):min(asked.Offset+size, len(list))]
	return jsonAnswer(http.StatusOK, fmt.Appendf(nil, `{"data":[%s],"total":%d,"status":"success"}`, strings.Join(shown, ","), len(list)))
}

func roistatDeal(o world.Order, d RoistatDeal, visited bool) string {
	visit := ""
	if visited {
		visit = `"visit":` + roistatVisit(o) + ","
	}
	return fmt.Sprintf(`{%s"id":"%d","url":"http://test.ru/order","source_type":"standard","creation_date":%q,"update_date":%q,"revenue":%s,"cost":1000,"client_id":%q,"visit_id":"1204",`+
		`"custom_fields":{"Телефон":%q,"Тэги":""},"status":{"id":"0","type":%q,"name":"Ожидание клиента"},"page":"http://domain.ru/"}`,
		visit, o.ID, o.Created.UTC().Format(roistatTime), d.Updated.UTC().Format(roistatTime), d.Revenue.Decimal(0), RoistatClient, RoistatClient, d.Group)
}

// roistatVisit writes the visit of a deal: null or an empty list where there is none.
// Levels of the source are not always told apart.
func roistatVisit(o world.Order) string {
	if !o.Journey {
		return []string{"null", "[]"}[o.ID%2]
	}
	marker, levels := "seo_google.com_query", `["seo","google.com","query"]`
	utm := `"utm_source":null,"utm_medium":null,"utm_campaign":null,"utm_term":null,"utm_content":null`
	if o.Last != (world.UTM{}) {
		marker, levels = ":utm:"+o.Last.Source+"_"+o.Last.Campaign, `[":utm:"]`
		utm = fmt.Sprintf(`"utm_source":%s,"utm_medium":%s,"utm_campaign":%s,"utm_term":"","utm_content":""`,
			appendValue(nil, o.Last.Source, true), appendValue(nil, o.Last.Medium, true), appendValue(nil, o.Last.Campaign, true))
	}
	if o.ID%2 == 0 {
		levels = "null"
	}
	page := "domain.ru/catalogue"
	if click := RoistatClick(o); click != "" {
		page += "?phone=" + RoistatClient + "&yclid=" + click
	}
	return fmt.Sprintf(`{"id":"1204","first_id":"1204","date":%q,"referrer":"","landing_page":%q,"host":"domain.ru","agent":"Mozilla/5.0","ip":"192.0.2.10","google_client_id":null,"metrika_client_id":%q,`+
		`"source":{"referrer":"","system_name":%s,"system_name_by_level":%s,"display_name":"x","icon_url":null,%s,"openstat":null},"geo":{"country":"Россия","region":"Москва","city":"Москва","icon_url":"","country_iso":"RU"}}`,
		o.Clicked.UTC().Format(roistatTime), page, "1507539600101937939", appendValue(nil, marker, true), levels, utm)
}
