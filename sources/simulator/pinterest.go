package simulator

import (
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

// The only credentials that Pinterest's part accepts.
const (
	PinterestClientID     = "1480000"
	PinterestClientSecret = "5imulated0pinterest0secret"
	PinterestRefreshToken = "pinr.simulatedRefreshToken"
)

// pinterestAds answers the API v5.
func (s *Simulator) pinterestAds(c *call) answer {
	if c.path == tokenPath {
		return s.renew(c)
	}
	if !s.signedIn(c) {
		return pinterestError(http.StatusUnauthorized, 2, "Authentication failed.")
	}
	query := c.r.URL.Query()
	rest, found := strings.CutPrefix(c.path, "/v5/ad_accounts")
	id, below, _ := strings.Cut(strings.TrimPrefix(rest, "/"), "/")
	account, known := s.world.Account(world.Pinterest, id)
	switch {
	case c.r.Method != http.MethodGet || !found:
		return pinterestError(http.StatusNotFound, 4, "Not found.")
	case id == "":
		accounts := s.world.Accounts(world.Pinterest)
		return s.pinterestPage(query, len(accounts), func(i int) string {
			a := accounts[i]
			return fmt.Sprintf(`{"id":%q,"currency":%q,"country":"DE","permissions":["ANALYST"],"created_time":1451431341,"name":%s}`, a.ID, a.Currency, appendValue(nil, a.Name, true))
		})
	case !known:
		return pinterestError(http.StatusNotFound, 2, "AdAccount not found.")
	case below == "campaigns":
		return s.pinterestPage(query, len(account.Campaigns), func(i int) string {
			campaign := account.Campaigns[i]
			return fmt.Sprintf(`{"id":%q,"ad_account_id":%q,"status":%q,"name":%s}`, campaign.ID, id, campaign.Status, appendValue(nil, campaign.Name, true))
		})
	case below == "campaigns/analytics":
		return s.pinterestAnalytics(c, account, query)
	}
	return pinterestError(http.StatusNotFound, 4, "Not found.")
}

func pinterestError(status, code int, message string) answer {
	return jsonAnswer(status, fmt.Appendf(nil, `{"code":%d,"message":%q}`, code, message))
}

// pinterestFailure answers a fault in Pinterest's form: some refusals for too
// many calls come with 400 and say in words how long to wait.
func (s *Simulator) pinterestFailure(c *call) answer {
	switch c.fault.Kind {
	case Throttle:
		if c.fault.Wait > time.Hour {
			return pinterestError(http.StatusBadRequest, 8, "You have exceeded your rate limit. Retry after "+seconds(c.fault.Wait)+" seconds.")
		}
		a := pinterestError(http.StatusTooManyRequests, 8, "You have exceeded your rate limit. Try again later.")
		a.header.Set("X-RateLimit-Reset", seconds(c.fault.Wait))
		return a
	case Outage:
		return pinterestError(http.StatusServiceUnavailable, 12, "Something went wrong on our end. Sorry about that.")
	case ExpiredToken:
		s.oauth.expire(c.platform)
		return pinterestError(http.StatusUnauthorized, 3, "Authorization failed.")
	case RevokedToken:
		if c.path == tokenPath {
			return invalidGrant()
		}
		return pinterestError(http.StatusUnauthorized, 2, "Authentication failed.")
	case Denied:
		return pinterestError(http.StatusForbidden, 29, "You are not permitted to access that resource.")
	case TooMuch:
		return pinterestError(http.StatusBadRequest, 12, "Something went wrong on our end. Sorry about that.")
	}
	if strings.HasSuffix(c.path, "/analytics") {
		return jsonAnswer(http.StatusOK, []byte(`[{"DATE":"2026-11-04","CAMPAIGN_ID":{},"SPEND_IN_MICRO_DOLLAR":7}]`))
	}
	return jsonAnswer(http.StatusOK, []byte(`{"items":7,"bookmark":7}`))
}

func (s *Simulator) pinterestPage(query url.Values, n int, element func(i int) string) answer {
	start, ok := pageStart(query.Get("bookmark"), n)
	size, err := strconv.Atoi(query.Get("page_size"))
	if !ok || err != nil || size < 1 || size > 250 {
		return pinterestError(http.StatusBadRequest, 1, "Invalid bookmark or page_size.")
	}
	end := min(start+min(size, s.PageSize, 2), n) // small pages, so that there are several
	elements := make([]string, 0, end-start)
	for i := start; i < end; i++ {
		elements = append(elements, element(i))
	}
	bookmark := "null"
	if end < n {
		bookmark = `"` + pageToken(end) + `"`
	}
	return jsonAnswer(http.StatusOK, []byte(`{"items":[`+strings.Join(elements, ",")+`],"bookmark":`+bookmark+`}`))
}

// pinterestColumns writes the columns. Money is in millionths of the account's
// currency, whatever their names say; whole numbers may come with a point.
var pinterestColumns = map[string]func(m *kpi.Metrics) string{
	"SPEND_IN_MICRO_DOLLAR":                func(m *kpi.Metrics) string { return strconv.FormatInt(int64(m.Cost), 10) + ".0" },
	"SPEND_IN_DOLLAR":                      func(m *kpi.Metrics) string { return m.Cost.Decimal(0) },
	"IMPRESSION_1":                         func(m *kpi.Metrics) string { return strconv.FormatInt(m.Impressions, 10) },
	"OUTBOUND_CLICK_1":                     func(m *kpi.Metrics) string { return strconv.FormatInt(m.Clicks, 10) },
	"TOTAL_CLICKTHROUGH":                   func(m *kpi.Metrics) string { return strconv.FormatInt(m.Clicks+m.Clicks/3, 10) },
	"TOTAL_CHECKOUT":                       func(m *kpi.Metrics) string { return m.Conversions.Decimal(0) },
	"TOTAL_VIEW_CHECKOUT":                  func(m *kpi.Metrics) string { return m.ViewThrough.Decimal(0) },
	"TOTAL_CHECKOUT_VALUE_IN_MICRO_DOLLAR": func(m *kpi.Metrics) string { return strconv.FormatInt(int64(m.Revenue), 10) },
}

func (s *Simulator) pinterestAnalytics(c *call, account world.Account, query url.Values) answer {
	from, err := kpi.ParseDate(query.Get("start_date"))
	to, err2 := kpi.ParseDate(query.Get("end_date"))
	ids, columns := strings.Split(query.Get("campaign_ids"), ","), strings.Split(query.Get("columns"), ",")
	days := kpi.DateRange{From: from, To: to}
	switch {
	case err != nil || err2 != nil || days.Days() < 1 || days.Days() > 90 || query.Get("granularity") != "DAY",
		from < kpi.DateOf(c.now, time.UTC)-90, len(ids) > 250, query.Get("campaign_ids") == "":
		return pinterestError(http.StatusBadRequest, 400, "Invalid ad account campaign analytics parameters.")
	}
	for _, name := range columns {
		if pinterestColumns[name] == nil {
			return pinterestError(http.StatusBadRequest, 1, "Invalid column "+name)
		}
	}
	b := []byte{'['}
	for _, f := range s.figures(c, &account, days, false) {
		if !slices.Contains(ids, f.campaign.ID) {
			continue
		}
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, `{"DATE":%q,"CAMPAIGN_ID":%q`, f.date, f.campaign.ID)
		for _, name := range columns {
			b = fmt.Appendf(b, ",%q:%s", name, pinterestColumns[name](&f.metrics))
		}
		b = append(b, '}')
	}
	return jsonAnswer(http.StatusOK, append(b, ']'))
}
