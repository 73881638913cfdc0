package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/sources/simulator/world"
)

// The only credential and revision that Klaviyo's part accepts.
const (
	KlaviyoKey      = "pk_5imulated0klaviyo0key"
	KlaviyoRevision = "2026-07-15"
)

// klaviyoMetrics are the metrics of the account by id, with what feeds them.
var klaviyoMetrics = []struct{ id, name, integration string }{
	{"RcvEml", "Received Email", "Klaviyo"}, {"OpnEml", "Opened Email", "Klaviyo"}, {"ClkEml", "Clicked Email", "Klaviyo"},
	{"RESQ6t", "Placed Order", "Shopify"}, {"RefOrd", "Refunded Order", "Shopify"},
}

// klaviyo answers the API of one revision.
func (s *Simulator) klaviyo(c *call) answer {
	account := s.world.Accounts(world.Klaviyo)[0]
	switch {
	case !equalSecret(c.r.Header.Get("Authorization"), "Klaviyo-API-Key "+KlaviyoKey):
		return klaviyoError(http.StatusUnauthorized, "not_authenticated", "Missing or invalid private key.")
	case c.r.Header.Get("Revision") != KlaviyoRevision || c.r.Header.Get("Accept") != "application/vnd.api+json":
		return klaviyoError(http.StatusBadRequest, "invalid", "Missing or invalid revision.")
	case c.path == "/accounts":
		b := fmt.Appendf(nil, `{"data":[{"type":"account","id":%q,"attributes":{"test_account":false,"timezone":%q,"preferred_currency":%q,"contact_information":{"organization_name":`, account.ID, account.Zone, account.Currency)
		return klaviyoAnswer(append(appendValue(b, account.Name, true), `}}}]}`...))
	case c.path == "/metrics":
		var list []string
		for _, m := range klaviyoMetrics {
			list = append(list, fmt.Sprintf(`{"type":"metric","id":%q,"attributes":{"name":%q,"integration":{"name":%q}}}`, m.id, m.name, m.integration))
		}
		return s.klaviyoList(c, list)
	case c.path == "/campaigns":
		return s.klaviyoCampaigns(c, account)
	case c.path == "/metric-aggregates" && c.r.Method == http.MethodPost:
		return s.klaviyoAggregates(c, account)
	}
	return klaviyoError(http.StatusNotFound, "not_found", "Not found.")
}

func klaviyoError(status int, code, detail string) answer {
	a := jsonAnswer(status, fmt.Appendf(nil, `{"errors":[{"id":"1","code":%q,"title":"Refused.","detail":%q,"source":{"pointer":"/data"}}]}`, code, detail))
	a.header.Set("Content-Type", "application/vnd.api+json")
	return a
}

func klaviyoAnswer(body []byte) answer {
	a := jsonAnswer(http.StatusOK, body)
	a.header.Set("Content-Type", "application/vnd.api+json")
	a.header.Set("RateLimit-Limit", "60, 3;w=1, 60;w=60")
	a.header.Set("RateLimit-Remaining", "45")
	a.header.Set("RateLimit-Reset", "30")
	return a
}

// klaviyoFailure answers a fault in the form of JSON:API.
func (s *Simulator) klaviyoFailure(c *call) answer {
	switch c.fault.Kind {
	case Throttle:
		a := klaviyoError(http.StatusTooManyRequests, "throttled", "Request was throttled.")
		a.header.Set("Retry-After", seconds(c.fault.Wait))
		return a
	case Outage:
		return klaviyoError(http.StatusServiceUnavailable, "service_unavailable", "Try again later.")
	case ExpiredToken, RevokedToken:
		return klaviyoError(http.StatusUnauthorized, "not_authenticated", "Missing or invalid private key.")
	case Denied:
		return klaviyoError(http.StatusForbidden, "permission_denied", "The key lacks a scope.")
	case TooMuch:
		return klaviyoError(http.StatusBadRequest, "invalid", "Too many groups.")
	}
	if c.path == "/metric-aggregates" {
		return klaviyoAnswer([]byte(`{"data":{"type":"metric-aggregate","attributes":{"dates":7,"data":7}}}`))
	}
	return klaviyoAnswer([]byte(`{"data":7}`))
}

// klaviyoList is a page of a list: small, so that there are several.
func (s *Simulator) klaviyoList(c *call, list []string) answer {
	start, ok := pageStart(c.r.URL.Query().Get("page[cursor]"), len(list))
	if !ok {
		return klaviyoError(http.StatusBadRequest, "invalid", "page[cursor]")
	}
	end := min(start+2, len(list))
	next := "null"
	if end < len(list) {
		next = `"https://a.klaviyo.com/api` + c.path + `?page%5Bcursor%5D=` + pageToken(end) + `"`
	}
	return klaviyoAnswer([]byte(`{"data":[` + strings.Join(list[start:end], ",") + `],"links":{"self":"x","next":` + next + `}}`))
}

// klaviyoMessages are the messages of a campaign: every second one tried two.
func klaviyoMessages(campaign world.Campaign) []string {
	if last := campaign.ID[len(campaign.ID)-1]; last%2 == 0 {
		return []string{campaign.ID + "A", campaign.ID + "B"}
	}
	return []string{campaign.ID}
}

func (s *Simulator) klaviyoCampaigns(c *call, account world.Account) answer {
	if query := c.r.URL.Query(); query.Get("filter") != "equals(messages.channel,'email')" || query.Get("include") != "campaign-messages" {
		return klaviyoError(http.StatusBadRequest, "invalid", "A filter by channel is required.")
	}
	var list []string
	for _, campaign := range account.Campaigns {
		var messages []string
		for _, id := range klaviyoMessages(campaign) {
			messages = append(messages, fmt.Sprintf(`{"type":"campaign-message","id":%q}`, id))
		}
		list = append(list, fmt.Sprintf(`{"type":"campaign","id":%q,"attributes":{"status":"Sent","name":%s},"relationships":{"campaign-messages":{"data":[%s]}}}`,
			campaign.ID, appendValue(nil, campaign.Name, true), strings.Join(messages, ",")))
	}
	return s.klaviyoList(c, list)
}

// klaviyoQuestion is the body of a question about aggregates.
type klaviyoQuestion struct {
	Data struct {
		Type       string
		Attributes struct {
			Metric       string `json:"metric_id"`
			Measurements []string
			Interval     string
			PageSize     int    `json:"page_size"`
			Cursor       string `json:"page_cursor"`
			By, Filter   []string
			Timezone     string
		}
	}
}

// days are those of the filter.
func (q *klaviyoQuestion) days() (kpi.DateRange, bool) {
	f := q.Data.Attributes.Filter
	if len(f) != 2 {
		return kpi.DateRange{}, false
	}
	read := func(text, begin string) (kpi.Date, bool) {
		rest, found := strings.CutPrefix(text, begin)
		day, whole := strings.CutSuffix(rest, "T00:00:00)")
		d, err := kpi.ParseDate(day)
		return d, found && whole && err == nil
	}
	from, ok := read(f[0], "greater-or-equal(datetime,")
	to, ok2 := read(f[1], "less-than(datetime,")
	return kpi.DateRange{From: from, To: to - 1}, ok && ok2 && to > from && to-from <= 366
}

func (s *Simulator) klaviyoAggregates(c *call, account world.Account) answer {
	var q klaviyoQuestion
	if c.r.Header.Get("Content-Type") != "application/vnd.api+json" {
		return klaviyoError(http.StatusUnsupportedMediaType, "unsupported_media_type", "Content-Type")
	}
	if json.Unmarshal(c.body, &q) != nil || q.Data.Type != "metric-aggregate" {
		return klaviyoError(http.StatusConflict, "conflict", "type")
	}
	a := &q.Data.Attributes
	days, ok := q.days()
	by := "$message"
	if a.Metric == "RESQ6t" {
		by = "$attributed_message"
	}
	switch {
	case !ok:
		return klaviyoError(http.StatusBadRequest, "invalid", "filter")
	case a.Metric != "RcvEml" && a.Metric != "ClkEml" && a.Metric != "RESQ6t":
		return klaviyoError(http.StatusNotFound, "not_found", "A metric with that id does not exist.")
	case len(a.By) == 0 || a.By[0] != by, a.Timezone != account.Zone.String(), a.Interval != "hour" && a.Interval != "day", a.PageSize < 1 || a.PageSize > 500:
		return klaviyoError(http.StatusBadRequest, "invalid", "by, timezone, interval or page_size")
	}
	dates, rows := s.klaviyoRows(c, &account, days, &q)
	start, ok := pageStart(a.Cursor, len(rows))
	if !ok {
		return klaviyoError(http.StatusBadRequest, "invalid", "page_cursor")
	}
	end := min(start+min(a.PageSize, s.PageSize, 4), len(rows))
	next := "null"
	if end < len(rows) {
		next = `"https://a.klaviyo.com/api/metric-aggregates?page_cursor=` + pageToken(end) + `"`
	}
	return klaviyoAnswer(fmt.Appendf(nil, `{"data":{"type":"metric-aggregate","id":"1","attributes":{"dates":[%s],"data":[%s]}},"links":{"self":"x","next":%s}}`,
		strings.Join(dates, ","), strings.Join(rows[start:end], ","), next))
}

// klaviyoRows writes the times of a question and a row for each message, and one of
// what no message is credited with.
func (s *Simulator) klaviyoRows(c *call, account *world.Account, days kpi.DateRange, q *klaviyoQuestion) (dates, rows []string) {
	hourly := q.Data.Attributes.Interval == "hour"
	place := map[time.Time]int{}
	for d := days.From; d <= days.To; d++ {
		for at := d.Start(account.Zone); at.Before(d.End(account.Zone)); at = at.Add(time.Hour) {
			if hourly || at.Equal(d.Start(account.Zone)) {
				place[at] = len(dates)
				dates = append(dates, `"`+at.In(account.Zone).Format("2006-01-02T15:04:05")+`+00:00"`) // the clock's, whatever it says
			}
		}
	}
	found := map[string][]kpi.Metrics{}
	for _, f := range s.figures(c, account, days, hourly) {
		if found[f.campaign.ID] == nil {
			found[f.campaign.ID] = make([]kpi.Metrics, len(dates))
		}
		found[f.campaign.ID][place[f.start]] = f.metrics
	}
	channel := ""
	if q.Data.Attributes.Metric == "RESQ6t" {
		rows, channel = append(rows, klaviyoRow([]string{"", ""}, "RESQ6t", slices.Repeat([]kpi.Metrics{{Conversions: 1e6, Revenue: 1e6}}, len(dates)), 1, 0)), "email"
	}
	for _, campaign := range account.Campaigns {
		messages := klaviyoMessages(campaign)
		for i, id := range messages {
			dimensions := []string{id}
			if channel != "" {
				dimensions = append(dimensions, channel)
			}
			if series := found[campaign.ID]; series != nil {
				rows = append(rows, klaviyoRow(dimensions, q.Data.Attributes.Metric, series, int64(len(messages)), int64(i)))
			}
		}
	}
	return dates, rows
}

// klaviyoRow writes the nth of so many parts of a series. Counts are decimal numbers.
func klaviyoRow(dimensions []string, metric string, series []kpi.Metrics, parts, nth int64) string {
	part := func(whole, unit int64) int64 {
		share := whole / unit / parts * unit
		if nth == 0 {
			return whole - share*(parts-1)
		}
		return share
	}
	var counts, values []string
	for _, m := range series {
		switch metric {
		case "RcvEml":
			counts = append(counts, strconv.FormatInt(part(m.Impressions, 1), 10)+".0")
		case "ClkEml":
			counts = append(counts, strconv.FormatInt(part(m.Clicks, 1), 10)+".0")
		default:
			counts = append(counts, kpi.Micros(part(int64(m.Conversions), kpi.MicrosPerUnit)).Decimal(1))
			values = append(values, kpi.Micros(part(int64(m.Revenue), 1)).Decimal(1))
		}
	}
	sums := ""
	if values != nil {
		sums = `,"sum_value":[` + strings.Join(values, ",") + `]`
	}
	named, _ := json.Marshal(dimensions) // strings always marshal
	return `{"dimensions":` + string(named) + `,"measurements":{"count":[` + strings.Join(counts, ",") + `]` + sums + `}}`
}
