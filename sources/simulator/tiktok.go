package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"adtop/kpi"
	"adtop/sources/simulator/world"
)

// TikTokVersion is the API version that the simulator speaks.
const TikTokVersion = "v1.3"

// tiktokAds answers TikTok's API for Business. Nearly all its errors come with
// HTTP 200: the code in the envelope decides.
func (s *Simulator) tiktokAds(c *call) answer {
	path, found := strings.CutPrefix(c.path, "/open_api/"+TikTokVersion)
	query := c.r.URL.Query()
	switch token := c.r.Header.Get("Access-Token"); {
	case !found || c.r.Method != http.MethodGet:
		return answer{http.StatusNotFound, http.Header{"Content-Type": {"text/plain"}}, []byte("404 page not found")}
	case token == "":
		return tiktokError(40104, "Access token is empty.")
	case !equalSecret(token, TikTokToken):
		return tiktokError(40105, "Access token is incorrect or has been revoked.")
	}
	switch path {
	case "/oauth2/advertiser/get/":
		if query.Get("app_id") != TikTokAppID || !equalSecret(query.Get("secret"), TikTokSecret) {
			return tiktokError(40002, "app_id or secret is incorrect.")
		}
		return s.tiktokList(func(a world.Account) map[string]any {
			return map[string]any{"advertiser_id": a.ID, "advertiser_name": a.Name}
		}, nil)
	case "/advertiser/info/":
		return s.tiktokAdvertisers(query)
	case "/report/integrated/get/":
		return s.tiktokReport(c, query)
	}
	return answer{http.StatusNotFound, http.Header{"Content-Type": {"text/plain"}}, []byte("404 page not found")}
}

func tiktokError(code int, message string) answer {
	return jsonAnswer(http.StatusOK, fmt.Appendf(nil, `{"code":%d,"message":%q,"request_id":"20261104122000010245","data":{}}`, code, message))
}

// tiktokFailure answers a fault in TikTok's form. It never says how long to wait.
func (*Simulator) tiktokFailure(c *call) answer {
	switch c.fault.Kind {
	case Throttle:
		return tiktokError(40100, "Request too frequent. Too many requests have been made; your app is temporarily restricted.")
	case Outage:
		return tiktokError(50002, "Internal service error, please try again later.")
	case ExpiredToken:
		return tiktokError(40102, "Access token has expired.")
	case RevokedToken:
		return tiktokError(40105, "Access token is incorrect or has been revoked.")
	case Denied:
		return tiktokError(40001, "No permission to operate advertiser 7000000000000000001.")
	case TooMuch:
		return tiktokError(40002, "page_size: the range must be between 1 and 1000.")
	}
	return jsonAnswer(http.StatusOK, []byte(`{"code":0,"message":"OK","request_id":"20261104122000010245","data":{"list":7,"page_info":7}}`))
}

func (s *Simulator) tiktokList(fields func(world.Account) map[string]any, ids []string) answer {
	list := []map[string]any{}
	for _, a := range s.world.Accounts(world.TikTok) {
		if ids == nil || slices.Contains(ids, a.ID) {
			list = append(list, fields(a))
		}
	}
	body, err := json.Marshal(map[string]any{"code": 0, "message": "OK", "request_id": "20261104122000010245", "data": map[string]any{"list": list}})
	if err != nil {
		panic(err) // plain strings always marshal
	}
	return jsonAnswer(http.StatusOK, body)
}

// tiktokAdvertisers tells the zone twice: display_timezone by its city, and
// timezone as an offset of winter with the sign the other way round. An account
// in a zone without a city has only the latter.
func (s *Simulator) tiktokAdvertisers(query url.Values) answer {
	var ids []string
	if err := json.Unmarshal([]byte(query.Get("advertiser_ids")), &ids); err != nil || len(ids) == 0 || len(ids) > 100 {
		return tiktokError(40002, "advertiser_ids: expected a list of 1 to 100 ids.")
	}
	return s.tiktokList(func(a world.Account) map[string]any {
		_, offset := world.ConformanceEpoch.AddDate(0, -2, 0).In(a.Zone).Zone()
		fields := map[string]any{
			"advertiser_id": a.ID, "name": a.Name, "currency": a.Currency, "status": "STATUS_ENABLE",
			"timezone": fmt.Sprintf("Etc/GMT%+d", -offset/3600), "display_timezone": a.Zone.String(),
		}
		if strings.HasPrefix(a.Zone.String(), "Etc/") {
			delete(fields, "display_timezone")
		}
		return fields
	}, ids)
}

// tiktokMetrics writes each metric as a string. "-" stands where one does not
// apply: a rate without anything to divide by.
var tiktokMetrics = map[string]func(f *figure) string{
	"campaign_name":               func(f *figure) string { return f.campaign.Name },
	"spend":                       func(f *figure) string { return f.metrics.Cost.Decimal(3) },
	"impressions":                 func(f *figure) string { return strconv.FormatInt(f.metrics.Impressions, 10) },
	"clicks":                      func(f *figure) string { return strconv.FormatInt(f.metrics.Clicks, 10) },
	"conversion":                  func(f *figure) string { return f.metrics.Conversions.Decimal(0) },
	"complete_payment":            func(f *figure) string { return f.metrics.Conversions.Decimal(0) },
	"total_complete_payment_rate": func(f *figure) string { return f.metrics.Revenue.Decimal(2) },
	"secondary_goal_result":       func(*figure) string { return "-" },
}

func (s *Simulator) tiktokReport(c *call, query url.Values) answer {
	account, ok := s.world.Account(world.TikTok, query.Get("advertiser_id"))
	if !ok {
		return tiktokError(40001, "No permission to operate advertiser "+query.Get("advertiser_id")+".")
	}
	var dimensions, metrics []string
	if json.Unmarshal([]byte(query.Get("dimensions")), &dimensions) != nil || json.Unmarshal([]byte(query.Get("metrics")), &metrics) != nil {
		return tiktokError(40002, "dimensions and metrics must be lists.")
	}
	for _, name := range metrics {
		if tiktokMetrics[name] == nil {
			return tiktokError(40002, "Invalid metric fields: '"+name+"'")
		}
	}
	from, err := kpi.ParseDate(query.Get("start_date"))
	to, err2 := kpi.ParseDate(query.Get("end_date"))
	days := kpi.DateRange{From: from, To: to}
	byHour := slices.Equal(dimensions, []string{"campaign_id", "stat_time_hour"})
	switch {
	case query.Get("service_type") != "AUCTION" || query.Get("report_type") != "BASIC" || query.Get("data_level") != "AUCTION_CAMPAIGN":
		return tiktokError(40002, "service_type, report_type or data_level is not simulated.")
	case !byHour && !slices.Equal(dimensions, []string{"campaign_id", "stat_time_day"}):
		return tiktokError(40002, "dimensions are not simulated.")
	case err != nil || err2 != nil || days.Days() == 0:
		return tiktokError(40002, "start_date and end_date: expected YYYY-MM-DD.")
	case byHour && days.Days() > 1:
		return tiktokError(40002, "The max time span is 1 days when stat_time_hour is used.")
	case days.Days() > 30:
		return tiktokError(40002, "The max time span is 30 days when stat_time_day is used.")
	}
	return s.tiktokPage(query, byClock(s.figures(c, &account, days, byHour)), metrics)
}

func (s *Simulator) tiktokPage(query url.Values, figures []figure, metrics []string) answer {
	page, size := 1, 10
	for name, value := range map[string]*int{"page": &page, "page_size": &size} {
		if text := query.Get(name); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil || n < 1 || n > 1000 {
				return tiktokError(40002, name+": the range must be between 1 and 1000.")
			}
			*value = n
		}
	}
	size = min(size, s.PageSize)
	start := min((page-1)*size, len(figures))
	b := []byte(`{"code":0,"message":"OK","request_id":"20261104122000010245","data":{"list":[`)
	for i, f := range figures[start:min(start+size, len(figures))] {
		if i > 0 {
			b = append(b, ',')
		}
		key, hour := "stat_time_day", 0
		if f.hour >= 0 {
			key, hour = "stat_time_hour", f.hour
		}
		b = fmt.Appendf(b, `{"dimensions":{"campaign_id":%q,%q:"%s %02d:00:00"},"metrics":{`, f.campaign.ID, key, f.date, hour)
		for n, name := range metrics {
			if n > 0 {
				b = append(b, ',')
			}
			b = appendValue(fmt.Appendf(b, "%q:", name), tiktokMetrics[name](&f), true)
		}
		b = append(b, "}}"...)
	}
	return jsonAnswer(http.StatusOK, fmt.Appendf(b, `],"page_info":{"page":%d,"page_size":%d,"total_number":%d,"total_page":%d}}}`,
		page, size, len(figures), (len(figures)+size-1)/size))
}
