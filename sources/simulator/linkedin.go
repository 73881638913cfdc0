package simulator

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"adtop/kpi"
	"adtop/sources/simulator/world"
)

// LinkedInVersion is the API version that the simulator speaks, and the rest
// the only credentials that LinkedIn's part accepts.
const (
	LinkedInVersion      = "202608"
	LinkedInClientID     = "86simulated0id"
	LinkedInClientSecret = "WPL_AP1.simulated0secret"
	LinkedInRefreshToken = "AQXsimulatedLinkedInRefresh"
)

// linkedinMost is where adAnalytics cuts an answer off without a word.
const linkedinMost = 15_000

// linkedinAds answers the Marketing API. Its queries are written in a notation
// of their own: brackets, colons and commas stand as they are, and only what is
// within a value is encoded.
func (s *Simulator) linkedinAds(c *call) answer {
	if c.path == tokenPath {
		return s.renew(c)
	}
	switch header := c.r.Header; {
	case header.Get("Authorization") == "":
		return linkedinError(http.StatusUnauthorized, 401, "Empty oauth2_access_token")
	case !s.signedIn(c):
		return linkedinError(http.StatusUnauthorized, 65601, "The token used in the request has been revoked by the user")
	case header.Get("LinkedIn-Version") != LinkedInVersion:
		return linkedinError(426, 0, "Requested version "+header.Get("LinkedIn-Version")+" is not active")
	case header.Get("X-Restli-Protocol-Version") != "2.0.0" || strings.ContainsAny(strings.ToLower(c.r.URL.RawQuery), "%") && strings.Contains(strings.ToLower(c.r.URL.RawQuery), "%28"):
		return linkedinError(http.StatusBadRequest, 0, "Invalid query parameters passed to request")
	}
	query := map[string]string{}
	for pair := range strings.SplitSeq(c.r.URL.RawQuery, "&") {
		key, value, _ := strings.Cut(pair, "=")
		query[key] = value
	}
	rest, found := strings.CutPrefix(c.path, "/rest/adAccounts")
	id, below, _ := strings.Cut(strings.TrimPrefix(rest, "/"), "/")
	account, known := s.world.Account(world.LinkedIn, id)
	switch {
	case c.path == "/rest/adAnalytics" && query["q"] == "analytics":
		return s.linkedinAnalytics(c, query)
	case found && id == "" && query["q"] == "search":
		return s.linkedinPage(query, len(s.world.Accounts(world.LinkedIn)), func(i int) string { return linkedinAccount(s.world.Accounts(world.LinkedIn)[i]) })
	case !found || !known:
		return linkedinError(http.StatusNotFound, 0, "Resource not found")
	case below == "":
		return jsonAnswer(http.StatusOK, []byte(linkedinAccount(account)))
	case below == "adCampaigns":
		return s.linkedinPage(query, len(account.Campaigns), func(i int) string {
			campaign := account.Campaigns[i]
			return fmt.Sprintf(`{"id":%s,"status":%q,"name":%s}`, campaign.ID, campaign.Status, appendValue(nil, campaign.Name, true))
		})
	}
	return linkedinError(http.StatusNotFound, 0, "Resource not found")
}

func linkedinAccount(a world.Account) string {
	return fmt.Sprintf(`{"id":%s,"currency":%q,"status":"ACTIVE","type":"BUSINESS","test":false,"name":%s}`, a.ID, a.Currency, appendValue(nil, a.Name, true))
}

func linkedinError(status, code int, message string) answer {
	return jsonAnswer(status, fmt.Appendf(nil, `{"message":%q,"serviceErrorCode":%d,"status":%d}`, message, code, status))
}

// linkedinFailure answers a fault in LinkedIn's form. Analytics of an account
// that the token may not read are empty, not refused.
func (s *Simulator) linkedinFailure(c *call) answer {
	switch c.fault.Kind {
	case Throttle:
		return linkedinError(http.StatusTooManyRequests, 0, "Resource level throttle: the data request limit of 45 million metric values in five minutes is exceeded")
	case Outage:
		return linkedinError(http.StatusServiceUnavailable, 0, "Service unavailable")
	case ExpiredToken:
		s.oauth.expire(c.platform)
		return linkedinError(http.StatusUnauthorized, 65602, "The token used in the request has expired")
	case RevokedToken:
		if c.path == tokenPath {
			return invalidGrant()
		}
		return linkedinError(http.StatusUnauthorized, 65601, "The token used in the request has been revoked by the user")
	case Denied:
		if c.path == "/rest/adAnalytics" {
			return jsonAnswer(http.StatusOK, []byte(`{"paging":{"start":0,"count":10,"links":[]},"elements":[]}`))
		}
		return linkedinError(http.StatusForbidden, 100, "Not enough permissions to access: GET /adAccounts")
	case TooMuch:
		return linkedinError(http.StatusRequestURITooLong, 0, "Request-URI Too Long")
	}
	return jsonAnswer(http.StatusOK, []byte(`{"paging":7,"elements":7,"id":{}}`))
}

// linkedinPage answers with one page of n elements.
func (s *Simulator) linkedinPage(query map[string]string, n int, element func(i int) string) answer {
	size, err := strconv.Atoi(query["pageSize"])
	start, ok := pageStart(query["pageToken"], n)
	if err != nil || size < 1 || size > 1000 || !ok {
		return linkedinError(http.StatusBadRequest, 0, "Invalid query parameters passed to request")
	}
	end := min(start+min(size, s.PageSize), n)
	elements := make([]string, 0, end-start)
	for i := start; i < end; i++ {
		elements = append(elements, element(i))
	}
	next := ""
	if end < n {
		next = `"nextPageToken":"` + pageToken(end) + `"`
	}
	return jsonAnswer(http.StatusOK, []byte(`{"elements":[`+strings.Join(elements, ",")+`],"metadata":{`+next+`}}`))
}

var linkedinRange = regexp.MustCompile(`^\(start:\(year:(\d+),month:(\d+),day:(\d+)\),end:\(year:(\d+),month:(\d+),day:(\d+)\)\)$`)

func (s *Simulator) linkedinAnalytics(c *call, query map[string]string) answer {
	id, found := strings.CutPrefix(query["accounts"], "List(urn%3Ali%3AsponsoredAccount%3A")
	span := linkedinRange.FindStringSubmatch(query["dateRange"])
	if !found || span == nil || query["pivot"] != "CAMPAIGN" || query["timeGranularity"] != "DAILY" || strings.Count(query["fields"], ",") > 19 {
		return linkedinError(http.StatusBadRequest, 0, "Invalid query parameters passed to request")
	}
	from, err := kpi.ParseDate(linkedinDay(span[1:4]))
	to, err2 := kpi.ParseDate(linkedinDay(span[4:7]))
	if err != nil || err2 != nil {
		return linkedinError(http.StatusBadRequest, 0, "Invalid date range")
	}
	account, known := s.world.Account(world.LinkedIn, strings.TrimSuffix(id, ")"))
	var rows []figure
	if known { // an account that may not be read is empty
		rows = s.figures(c, &account, kpi.DateRange{From: from, To: to}, false)
	}
	b := []byte(`{"paging":{"start":0,"count":10,"links":[]},"elements":[`)
	for i := range rows[:min(len(rows), linkedinMost)] {
		if i > 0 {
			b = append(b, ',')
		}
		b = linkedinElement(b, &rows[i], strings.Split(query["fields"], ","))
	}
	return jsonAnswer(http.StatusOK, append(b, "]}"...))
}

func linkedinDay(parts []string) string {
	for i := range parts {
		if len(parts[i]) == 1 {
			parts[i] = "0" + parts[i]
		}
	}
	return strings.Join(parts, "-")
}

// linkedinElement writes the asked fields: counts as numbers, money as text.
func linkedinElement(b []byte, f *figure, fields []string) []byte {
	day := strings.Split(f.date.String(), "-")
	date := fmt.Sprintf(`{"year":%s,"month":%s,"day":%s}`, day[0], strings.TrimPrefix(day[1], "0"), strings.TrimPrefix(day[2], "0"))
	values := map[string]string{
		"dateRange":                      `{"start":` + date + `,"end":` + date + `}`,
		"pivotValues":                    `["urn:li:sponsoredCampaign:` + f.campaign.ID + `"]`,
		"impressions":                    strconv.FormatInt(f.metrics.Impressions, 10),
		"clicks":                         strconv.FormatInt(f.metrics.Clicks, 10),
		"costInLocalCurrency":            `"` + f.metrics.Cost.Decimal(1) + `"`,
		"costInUsd":                      `"` + f.metrics.Cost.Decimal(1) + `"`,
		"externalWebsiteConversions":     f.metrics.Conversions.Decimal(0),
		"conversionValueInLocalCurrency": `"` + f.metrics.Revenue.Decimal(1) + `"`,
		"oneClickLeads":                  "0",
		// Those after a click and those after a view add up.
		"externalWebsitePostClickConversions": (f.metrics.Conversions - f.metrics.ViewThrough).Decimal(0),
		"externalWebsitePostViewConversions":  f.metrics.ViewThrough.Decimal(0),
	}
	b = append(b, '{')
	for i, name := range fields {
		if i > 0 {
			b = append(b, ',')
		}
		value := values[name]
		if value == "" {
			value = "null"
		}
		b = fmt.Appendf(b, "%q:%s", name, value)
	}
	return append(b, '}')
}
