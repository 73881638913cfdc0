package simulator

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/sources/simulator/world"
)

// The only credentials that Snapchat's part accepts.
const (
	SnapchatClientID     = "5imulated-0000-4000-8000-snapchat0000"
	SnapchatClientSecret = "5imulated0snap0secret"
	SnapchatRefreshToken = "hCgwKCsimulatedSnapRefresh"
	snapOrganization     = "40d6719b-da09-410b-9185-0cc9c0dfed1d"
)

const (
	snapMostDays  = 31
	snapMostHours = 7 * 24
	snapTime      = "2006-01-02T15:04:05.000-07:00"
)

// snapchatAds answers the Marketing API. Everything is wrapped, and each part
// of an answer says for itself whether it succeeded.
func (s *Simulator) snapchatAds(c *call) answer {
	if c.path == tokenPath {
		return s.renew(c)
	}
	if !s.signedIn(c) {
		return snapError(http.StatusUnauthorized, "E1008", "Unauthorized")
	}
	query := c.r.URL.Query()
	path := strings.Split(strings.TrimPrefix(c.path, "/v1/"), "/")
	account, known := world.Account{}, false
	if len(path) == 3 && path[0] == "adaccounts" {
		account, known = s.world.Account(world.Snapchat, path[1])
	}
	switch {
	case c.r.Method != http.MethodGet:
		return snapError(http.StatusMethodNotAllowed, "E1001", "Method not allowed")
	case c.path == "/v1/me/organizations":
		return s.snapPage(c, query, "organizations", 1, func(int) string {
			return `{"sub_request_status":"success","organization":{"id":"` + snapOrganization + `","name":"Hooli Inc"}}`
		})
	case c.path == "/v1/organizations/"+snapOrganization+"/adaccounts":
		accounts := s.world.Accounts(world.Snapchat)
		return s.snapPage(c, query, "adaccounts", len(accounts), func(i int) string {
			a := accounts[i]
			return fmt.Sprintf(`{"sub_request_status":"success","adaccount":{"id":%q,"type":"DIRECT","status":"ACTIVE","organization_id":%q,"currency":%q,"timezone":%q,"name":%s}}`,
				a.ID, snapOrganization, a.Currency, a.Zone, appendValue(nil, a.Name, true))
		})
	case known && path[2] == "campaigns":
		return s.snapPage(c, query, "campaigns", len(account.Campaigns), func(i int) string {
			campaign := account.Campaigns[i]
			return fmt.Sprintf(`{"sub_request_status":"success","campaign":{"id":%q,"ad_account_id":%q,"status":%q,"name":%s}}`, campaign.ID, account.ID, campaign.Status, appendValue(nil, campaign.Name, true))
		})
	case known && path[2] == "stats":
		return s.snapStats(c, &account, query)
	}
	return snapError(http.StatusNotFound, "E3002", "Resource can not be found")
}

func snapError(status int, code, message string) answer {
	return jsonAnswer(status, fmt.Appendf(nil, `{"request_status":"ERROR","request_id":"57b0015e00ff","debug_message":%q,"display_message":"We're sorry, but the requested resource is not available at this time","error_code":%q}`, message, code))
}

// snapchatFailure answers a fault in Snapchat's form.
func (s *Simulator) snapchatFailure(c *call) answer {
	switch c.fault.Kind {
	case Throttle:
		return jsonAnswer(http.StatusTooManyRequests, []byte(`{"request_status":"ERROR","request_id":"57b0015e00ff","msg":"Rate limit exceeded"}`))
	case Outage:
		return snapError(http.StatusServiceUnavailable, "E9000", "Service unavailable")
	case ExpiredToken:
		s.oauth.expire(c.platform)
		return jsonAnswer(http.StatusUnauthorized, []byte(`{"request_status":"ERROR","request_id":"57b0015e00ff","msg":"Unauthorized"}`))
	case RevokedToken:
		if c.path == tokenPath {
			return invalidGrant()
		}
		return snapError(http.StatusUnauthorized, "E1008", "Unauthorized")
	case Denied:
		return snapError(http.StatusForbidden, "E1004", "Permission denied")
	case TooMuch: // a part that failed within an answer that did not
		return jsonAnswer(http.StatusOK, []byte(`{"request_status":"SUCCESS","request_id":"57b0015e00ff","timeseries_stats":[{"sub_request_status":"ERROR","sub_request_error_reason":"Unable to retrieve stats"}]}`))
	}
	return jsonAnswer(http.StatusOK, []byte(`{"request_status":"SUCCESS","organizations":7,"adaccounts":7,"campaigns":7,"timeseries_stats":7}`))
}

// snapPage answers with one page of n wrapped objects.
func (s *Simulator) snapPage(c *call, query url.Values, key string, n int, element func(i int) string) answer {
	start, ok := pageStart(query.Get("cursor"), n)
	if !ok {
		return snapError(http.StatusBadRequest, "E1001", "Invalid cursor")
	}
	end := min(start+min(s.PageSize, 2), n) // small pages, so that there are several
	elements := make([]string, 0, end-start)
	for i := start; i < end; i++ {
		elements = append(elements, element(i))
	}
	return jsonAnswer(http.StatusOK, fmt.Appendf(nil, `{"request_status":"success","request_id":"57b0015e00ff","paging":{%s},%q:[%s]}`, snapNext(c, query, end, n), key, strings.Join(elements, ",")))
}

// snapNext is the link to the page that begins at an element, if there is one.
func snapNext(c *call, query url.Values, start, n int) string {
	if start >= n {
		return ""
	}
	query.Set("cursor", pageToken(start))
	return `"next_link":` + string(appendValue(nil, "http://"+c.r.Host+c.prefix+c.path+"?"+query.Encode(), true))
}

// snapFields writes the metrics. Money is in millionths; a swipe is a click.
var snapFields = map[string]func(m *kpi.Metrics) string{
	"impressions":                func(m *kpi.Metrics) string { return strconv.FormatInt(m.Impressions, 10) },
	"swipes":                     func(m *kpi.Metrics) string { return strconv.FormatInt(m.Clicks, 10) },
	"spend":                      func(m *kpi.Metrics) string { return strconv.FormatInt(int64(m.Cost), 10) },
	"conversion_purchases":       func(m *kpi.Metrics) string { return m.Conversions.Decimal(0) },
	"conversion_purchases_view":  func(m *kpi.Metrics) string { return m.ViewThrough.Decimal(0) },
	"conversion_purchases_value": func(m *kpi.Metrics) string { return strconv.FormatInt(int64(m.Revenue), 10) },
}

// snapStats answers the stats of an account by campaign: two campaigns a page.
func (s *Simulator) snapStats(c *call, account *world.Account, query url.Values) answer {
	start, err := time.Parse(snapTime, query.Get("start_time"))
	end, err2 := time.Parse(snapTime, query.Get("end_time"))
	byHour := query.Get("granularity") == "HOUR"
	aligned := func(t time.Time) bool {
		_, offset := t.Zone()
		_, here := t.In(account.Zone).Zone()
		return offset == here && t.Equal(kpi.DateOf(t, account.Zone).Start(account.Zone))
	}
	fields := strings.Split(query.Get("fields"), ",")
	switch {
	case err != nil || err2 != nil || !start.Before(end):
		return snapError(http.StatusBadRequest, "E1001", "Invalid start_time or end_time")
	case query.Get("breakdown") != "campaign" || (!byHour && query.Get("granularity") != "DAY"):
		return snapError(http.StatusBadRequest, "E1001", "Unsupported Stats Query: breakdown or granularity is not simulated")
	case byHour && (start.Minute() != 0 || end.Minute() != 0):
		return snapError(http.StatusBadRequest, "E1001", "Unsupported Stats Query: Start time should start at the beginning of an hour.")
	case byHour && end.Sub(start) > snapMostHours*time.Hour:
		return snapError(http.StatusBadRequest, "E1001", "Unsupported Stats Query: Timeseries queries with HOUR granularity must be queried with time intervals of at most 7 days")
	case !byHour && (!aligned(start) || !aligned(end)):
		return snapError(http.StatusBadRequest, "E1001", "Unsupported Stats Query: Timeseries queries with DAY granularity must have a start time that is the start of day (00:00:00) for the account's timezone")
	case !byHour && end.Sub(start) > snapMostDays*24*time.Hour+time.Hour:
		return snapError(http.StatusBadRequest, "E1001", "Unsupported Stats Query: at most 31 days")
	case query.Get("action_report_time") == "" || query.Get("omit_empty") != "true":
		return snapError(http.StatusBadRequest, "E1001", "not simulated")
	}
	for _, name := range fields {
		if snapFields[name] == nil {
			return snapError(http.StatusBadRequest, "E1001", "Unsupported Stats Query: unknown field "+name)
		}
	}
	days := kpi.DateRange{From: kpi.DateOf(start, account.Zone), To: kpi.DateOf(end.Add(-time.Second), account.Zone)}
	first, ok := pageStart(query.Get("cursor"), len(account.Campaigns))
	if !ok {
		return snapError(http.StatusBadRequest, "E1001", "Invalid cursor")
	}
	last := min(first+2, len(account.Campaigns))
	page := *account
	page.Campaigns = account.Campaigns[first:last]
	stat := fmt.Sprintf(`"id":%q,"type":"AD_ACCOUNT","granularity":%q,"start_time":%q,"end_time":%q,"finalized_data_end_time":%q`,
		account.ID, query.Get("granularity"), query.Get("start_time"), query.Get("end_time"), c.now.AddDate(0, 0, -2).In(account.Zone).Format(snapTime))
	series := snapSeries(s.figures(c, &page, days, byHour), page, query.Get("granularity"), fields)
	return jsonAnswer(http.StatusOK, fmt.Appendf(nil, `{"request_status":"SUCCESS","request_id":"57b0015e00ff","paging":{%s},"timeseries_stats":[{"sub_request_status":"SUCCESS","timeseries_stat":{%s,"breakdown_stats":{"campaign":[%s]}}}]}`,
		snapNext(c, query, last, len(account.Campaigns)), stat, series))
}

// snapSeries writes the campaigns of a page with the slots in which anything
// happened.
func snapSeries(figures []figure, account world.Account, granularity string, fields []string) string {
	var series []string
	for i := range account.Campaigns {
		campaign := &account.Campaigns[i]
		var points []string
		for _, f := range figures {
			if f.campaign != campaign {
				continue
			}
			end := f.start.Add(time.Hour)
			if f.hour < 0 {
				end = f.date.End(account.Zone)
			}
			var stats []string
			for _, name := range fields {
				stats = append(stats, fmt.Sprintf("%q:%s", name, snapFields[name](&f.metrics)))
			}
			points = append(points, fmt.Sprintf(`{"start_time":%q,"end_time":%q,"stats":{%s}}`, f.start.In(account.Zone).Format(snapTime), end.In(account.Zone).Format(snapTime), strings.Join(stats, ",")))
		}
		series = append(series, fmt.Sprintf(`{"id":%q,"type":"CAMPAIGN","granularity":%q,"timeseries":[%s]}`, campaign.ID, granularity, strings.Join(points, ",")))
	}
	return strings.Join(series, ",")
}
