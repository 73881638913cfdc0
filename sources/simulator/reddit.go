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

// The only credentials that Reddit's part accepts.
const (
	RedditClientID     = "5imulated0reddit0id"
	RedditClientSecret = "5imulated0reddit0secret"
	RedditRefreshToken = "695696-simulatedRedditRefresh"
	redditBusiness     = "5imulated-0000-4000-8000-business0000"
)

// redditAds answers the Ads API v3. It wants to know who asks, on requests for
// tokens too.
func (s *Simulator) redditAds(c *call) answer {
	if agent := c.r.Header.Get("User-Agent"); agent == "" || strings.HasPrefix(agent, "Go-http-client") {
		return redditError(http.StatusTooManyRequests, "Too Many Requests")
	}
	if c.path == tokenPath {
		return s.renew(c)
	}
	if !s.signedIn(c) {
		return redditError(http.StatusUnauthorized, "Unauthorized")
	}
	path := strings.Split(strings.TrimPrefix(c.path, "/api/v3/"), "/")
	account, known := world.Account{}, false
	if len(path) == 3 && path[0] == "ad_accounts" {
		account, known = s.world.Account(world.Reddit, path[1])
	}
	switch {
	case known && path[2] == "reports" && c.r.Method == http.MethodPost:
		return s.redditReport(c, &account)
	case c.r.Method != http.MethodGet:
		return redditError(http.StatusNotFound, "Not Found")
	case c.path == "/api/v3/me/businesses":
		return s.redditPage(c, 1, func(int) string { return `{"id":"` + redditBusiness + `","name":"Hooli"}` })
	case c.path == "/api/v3/businesses/"+redditBusiness+"/ad_accounts":
		accounts := s.world.Accounts(world.Reddit)
		return s.redditPage(c, len(accounts), func(i int) string {
			a := accounts[i]
			return fmt.Sprintf(`{"id":%q,"currency":%q,"time_zone_id":%q,"attribution_type":"ALL_CONVERSION","click_attribution_window":"MONTH","view_attribution_window":"DAY","name":%s}`,
				a.ID, a.Currency, a.Zone, appendValue(nil, a.Name, true))
		})
	case known && path[2] == "campaigns":
		return s.redditPage(c, len(account.Campaigns), func(i int) string {
			campaign := account.Campaigns[i]
			return fmt.Sprintf(`{"id":%q,"configured_status":%q,"effective_status":%q,"name":%s}`, campaign.ID, campaign.Status, campaign.Status, appendValue(nil, campaign.Name, true))
		})
	}
	return redditError(http.StatusNotFound, "Not Found")
}

func redditError(status int, message string, fields ...string) answer {
	type field struct {
		Field   string `json:"field"`
		Message string `json:"message"`
	}
	list := []field{}
	for i := 0; i+1 < len(fields); i += 2 {
		list = append(list, field{fields[i], fields[i+1]})
	}
	text, err := json.Marshal(map[string]any{"error": map[string]any{"code": status, "message": message, "fields": list}})
	if err != nil {
		panic(err) // plain strings always marshal
	}
	return jsonAnswer(status, text)
}

// redditFailure answers a fault in Reddit's form.
func (s *Simulator) redditFailure(c *call) answer {
	switch c.fault.Kind {
	case Throttle:
		a := redditError(http.StatusTooManyRequests, "Too Many Requests")
		a.header.Set("X-Ratelimit-Reset", seconds(c.fault.Wait))
		return a
	case Outage:
		return redditError(http.StatusServiceUnavailable, "Service Unavailable")
	case ExpiredToken:
		s.oauth.expire(c.platform)
		return redditError(http.StatusUnauthorized, "Unauthorized")
	case RevokedToken:
		if c.path == tokenPath {
			return invalidGrant()
		}
		return redditError(http.StatusUnauthorized, "Unauthorized")
	case Denied:
		return redditError(http.StatusForbidden, "Forbidden")
	case TooMuch:
		return redditError(http.StatusBadRequest, "Bad Request", "data/ends_at", "the range is too long")
	}
	return jsonAnswer(http.StatusOK, []byte(`{"data":{"metrics":7},"pagination":7}`))
}

// redditNext is the link to the page that begins at an element.
func redditNext(c *call, start, n int) string {
	if start >= n {
		return "null"
	}
	query := c.r.URL.Query()
	query.Set("page.token", pageToken(start))
	return string(appendValue(nil, "http://"+c.r.Host+c.prefix+c.path+"?"+query.Encode(), true))
}

func (s *Simulator) redditPage(c *call, n int, element func(i int) string) answer {
	start, ok := pageStart(c.r.URL.Query().Get("page.token"), n)
	if !ok {
		return redditError(http.StatusBadRequest, "Bad Request", "page.token", "is not valid")
	}
	end := min(start+min(s.PageSize, 2), n) // small pages, so that there are several
	elements := make([]string, 0, end-start)
	for i := start; i < end; i++ {
		elements = append(elements, element(i))
	}
	return jsonAnswer(http.StatusOK, []byte(`{"data":[`+strings.Join(elements, ",")+`],"pagination":{"next_url":`+redditNext(c, end, n)+`}}`))
}

// redditFields writes the fields of a report. Here clicks and views share the
// purchases, and money is in millionths.
var redditFields = map[string]func(f *figure) string{
	"IMPRESSIONS":                     func(f *figure) string { return strconv.FormatInt(f.metrics.Impressions, 10) },
	"CLICKS":                          func(f *figure) string { return strconv.FormatInt(f.metrics.Clicks, 10) },
	"SPEND":                           func(f *figure) string { return strconv.FormatInt(int64(f.metrics.Cost), 10) },
	"CPC":                             func(*figure) string { return "510369.73" },
	"CTR":                             func(*figure) string { return "0.008" },
	"CONVERSION_PURCHASE_CLICKS":      func(f *figure) string { return (f.metrics.Conversions - f.metrics.ViewThrough).Decimal(0) },
	"CONVERSION_PURCHASE_VIEWS":       func(f *figure) string { return f.metrics.ViewThrough.Decimal(0) },
	"CONVERSION_PURCHASE_TOTAL_VALUE": func(f *figure) string { return strconv.FormatInt(int64(f.metrics.Revenue), 10) },
	"KEY_CONVERSION_TOTAL_COUNT":      func(f *figure) string { return f.metrics.Conversions.Decimal(0) },
}

func (s *Simulator) redditReport(c *call, account *world.Account) answer {
	var request struct {
		Data struct {
			From       time.Time `json:"starts_at"`
			To         time.Time `json:"ends_at"`
			Zone       string    `json:"time_zone_id"`
			Breakdowns []string  `json:"breakdowns"`
			Fields     []string  `json:"fields"`
		} `json:"data"`
	}
	err := json.Unmarshal(c.body, &request)
	r := request.Data
	switch {
	case err != nil || r.From.Minute() != 0 || r.To.Before(r.From):
		return redditError(http.StatusBadRequest, "Bad Request", "data/starts_at", "must be a whole hour")
	case r.Zone != account.Zone.String() || !slices.Equal(r.Breakdowns, []string{"DATE", "CAMPAIGN_ID"}):
		return redditError(http.StatusBadRequest, "Bad Request", "data/breakdowns", "is not simulated")
	}
	for i, name := range r.Fields {
		if redditFields[name] == nil {
			return redditError(http.StatusBadRequest, "Bad Request", fmt.Sprintf("data/fields/%d", i), "'"+name+"' is not one of [...]")
		}
	}
	days := kpi.DateRange{From: kpi.DateOf(r.From, time.UTC), To: kpi.DateOf(r.To, time.UTC)}
	return s.redditRows(c, s.figures(c, account, days, false), r.Fields)
}

func (s *Simulator) redditRows(c *call, figures []figure, fields []string) answer {
	start, ok := pageStart(c.r.URL.Query().Get("page.token"), len(figures))
	if !ok {
		return redditError(http.StatusBadRequest, "Bad Request", "page.token", "is not valid")
	}
	end := min(start+s.PageSize, len(figures))
	b := []byte(`{"data":{"metrics":[`)
	for i := start; i < end; i++ {
		if i > start {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, `{"date":%q,"campaign_id":%q`, figures[i].date, figures[i].campaign.ID)
		for _, name := range fields {
			b = fmt.Appendf(b, ",%q:%s", strings.ToLower(name), redditFields[name](&figures[i]))
		}
		b = append(b, '}')
	}
	return jsonAnswer(http.StatusOK, fmt.Appendf(b, `],"metrics_updated_at":%q},"pagination":{"next_url":%s}}`,
		c.now.Add(-2*time.Hour).UTC().Format(time.RFC3339), redditNext(c, end, len(figures))))
}
