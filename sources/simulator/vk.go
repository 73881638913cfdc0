package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"adtop/kpi"
	"adtop/sources/simulator/world"
)

// The only credentials that VK's part accepts.
const (
	VKClientID     = "5imulatedVKclient"
	VKClientSecret = "5imulated0vk0secret0of0the0client"
	vkAccess       = "5imulatedVKaccess-"
	vkRefresh      = "5imulatedVKrefresh-"
)

// vkLiveTokens is how many tokens of a client may be alive.
const vkLiveTokens = 5

// vkAds is the state of VK's side: which tokens are alive.
type vkAds struct {
	mu     sync.Mutex
	issued int
	live   []string // numbers
}

// vkAds answers the API v2 for the one account of the token, the first of the
// world.
func (s *Simulator) vkAds(c *call) answer {
	if c.path == tokenPath {
		return s.vkToken(c)
	}
	number, isToken := strings.CutPrefix(c.r.Header.Get("Authorization"), "Bearer "+vkAccess)
	s.vk.mu.Lock()
	alive := isToken && slices.Contains(s.vk.live, number)
	s.vk.mu.Unlock()
	account := s.world.Accounts(world.VK)[0]
	switch {
	case !alive:
		return jsonAnswer(http.StatusUnauthorized, []byte(`{"code":"invalid_token","message":"Unknown access token"}`))
	case c.r.Method != http.MethodGet:
		return vkError(http.StatusNotFound, "ERR_WRONG_RESOURCE", "Unknown resource")
	case c.path == "/api/v2/user.json":
		b := fmt.Appendf(nil, `{"id":%s,"status":"active","account":{"balance":"1520.30","currency":%q,"type":"payments"},"username":`, account.ID, account.Currency)
		return jsonAnswer(http.StatusOK, append(appendValue(b, account.Name, true), '}'))
	case c.path == "/api/v2/ad_plans.json":
		return s.vkCampaigns(c.r.URL.Query(), account)
	case c.path == "/api/v2/statistics/ad_plans/day.json":
		return s.vkStatistics(c, account)
	}
	return vkError(http.StatusNotFound, "ERR_WRONG_RESOURCE", "Unknown resource")
}

func vkError(status int, code, message string) answer {
	return jsonAnswer(status, fmt.Appendf(nil, `{"error":{"code":%q,"message":%q}}`, code, message))
}

// vkToken gives tokens, to a client at most so many. A renewed token takes the
// place of an older one. expires_in is a string.
func (s *Simulator) vkToken(c *call) answer {
	form, err := url.ParseQuery(string(c.body))
	if err != nil || form.Get("client_id") != VKClientID || !equalSecret(form.Get("client_secret"), VKClientSecret) {
		return jsonAnswer(http.StatusUnauthorized, []byte(`{"error":"invalid_client","error_description":"Invalid client"}`))
	}
	s.vk.mu.Lock()
	defer s.vk.mu.Unlock()
	refresh := ""
	switch form.Get("grant_type") {
	case "client_credentials", "agency_client_credentials":
		if len(s.vk.live) >= vkLiveTokens {
			return jsonAnswer(http.StatusForbidden, []byte(`{"error":"token_limit_exceeded"}`))
		}
		refresh = `,"refresh_token":"` + vkRefresh + strconv.Itoa(s.vk.issued+1) + `"`
	case "refresh_token":
		if !strings.HasPrefix(form.Get("refresh_token"), vkRefresh) {
			return jsonAnswer(http.StatusBadRequest, []byte(`{"error":"invalid_grant"}`))
		}
		if len(s.vk.live) > 0 {
			s.vk.live = s.vk.live[1:]
		}
	default:
		return jsonAnswer(http.StatusBadRequest, []byte(`{"error":"unsupported_grant_type"}`))
	}
	s.vk.issued++
	number := strconv.Itoa(s.vk.issued)
	s.vk.live = append(s.vk.live, number)
	return jsonAnswer(http.StatusOK, []byte(`{"access_token":"`+vkAccess+number+`","token_type":"bearer","scope":["read_ads","read_payments"],"expires_in":"86400"`+refresh+`}`))
}

// vkFailure answers a fault in VK's form. How long to wait is told only by how
// much of which limit is left.
func (s *Simulator) vkFailure(c *call) answer {
	switch c.fault.Kind {
	case Throttle:
		if c.fault.Wait > 0 && c.fault.Wait < 10*time.Second {
			return jsonAnswer(http.StatusTooManyRequests, []byte(`{"remaining":{"1":0},"limits":{"1":2}}`))
		}
		a := vkError(http.StatusTooManyRequests, "throttled", "Too many requests")
		span := "Hourly"
		if c.fault.Wait > time.Hour {
			span = "Daily"
		}
		a.header.Set("X-RateLimit-"+span+"-Limit", "1000")
		a.header.Set("X-RateLimit-"+span+"-Remaining", "0")
		return a
	case Outage:
		return vkError(http.StatusServiceUnavailable, "ERR_INTERNAL", "Internal error")
	case ExpiredToken:
		s.vk.mu.Lock()
		defer s.vk.mu.Unlock()
		s.vk.live = nil
		return jsonAnswer(http.StatusUnauthorized, []byte(`{"code":"expired_token","message":"Access token is expired"}`))
	case RevokedToken:
		if c.path == tokenPath {
			return jsonAnswer(http.StatusUnauthorized, []byte(`{"error":"invalid_client","error_description":"Invalid client"}`))
		}
		return jsonAnswer(http.StatusUnauthorized, []byte(`{"code":"revoked_token","message":"Access token is revoked"}`))
	case Denied:
		return vkError(http.StatusForbidden, "ERR_ACCESS_DENIED", "Access denied")
	case TooMuch:
		return vkError(http.StatusBadRequest, "ERR_LIMIT_EXCEEDED", "Limit exceeded")
	}
	if strings.HasSuffix(c.path, "/day.json") {
		return jsonAnswer(http.StatusOK, []byte(`{"items":[{"id":8798771,"rows":[{"date":"2026-11-04","base":{"shows":{},"spent":"7"}}]}]}`))
	}
	return jsonAnswer(http.StatusOK, []byte(`{"items":7,"count":7,"account":7}`))
}

func (s *Simulator) vkCampaigns(query url.Values, account world.Account) answer {
	offset, err := strconv.Atoi(query.Get("offset"))
	limit, err2 := strconv.Atoi(query.Get("limit"))
	if err != nil || err2 != nil || offset < 0 || limit < 1 || limit > 250 {
		return vkError(http.StatusBadRequest, "ERR_WRONG_PARAMETER", "limit, offset")
	}
	from := min(offset, len(account.Campaigns))
	to := min(from+min(limit, 2), len(account.Campaigns)) // small pages, so that there are several
	items := []map[string]any{}
	for _, campaign := range account.Campaigns[from:to] {
		status := map[string]string{"ENABLED": "active", "PAUSED": "blocked", "REMOVED": "deleted"}[campaign.Status]
		items = append(items, map[string]any{"id": json.Number(campaign.ID), "name": campaign.Name, "status": status})
	}
	body, err := json.Marshal(map[string]any{"count": len(account.Campaigns), "offset": from, "items": items})
	if err != nil {
		panic(err) // plain strings always marshal
	}
	return jsonAnswer(http.StatusOK, body)
}

// vkStatistics lists every day of each asked campaign, also those on which
// nothing happened.
func (s *Simulator) vkStatistics(c *call, account world.Account) answer {
	query := c.r.URL.Query()
	from, err := kpi.ParseDate(query.Get("date_from"))
	to, err2 := kpi.ParseDate(query.Get("date_to"))
	ids := strings.Split(query.Get("id"), ",")
	groups := strings.Split(query.Get("metrics"), ",")
	switch {
	case err != nil || err2 != nil || from > to || to-from > 91:
		return vkError(http.StatusBadRequest, "ERR_WRONG_DATE", "date_from, date_to")
	case len(ids) > 200 || !slices.Contains(groups, "base"):
		return vkError(http.StatusBadRequest, "ERR_WRONG_PARAMETER", "id, metrics")
	}
	b := []byte(`{"items":[`)
	for i, id := range ids {
		n := slices.IndexFunc(account.Campaigns, func(campaign world.Campaign) bool { return campaign.ID == id })
		if n < 0 {
			return vkError(http.StatusBadRequest, "ERR_WRONG_ADPLANS", "id: "+id)
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, `{"id":%s,"rows":[`, id)
		first := true
		for d := max(from, kpi.DateOf(s.world.Spec().Epoch, account.Zone)); d <= min(to, kpi.DateOf(c.now, account.Zone)); d++ {
			m := c.restated(s.world.Day(account.ID, id, d, c.now), d.End(account.Zone), account.Currency)
			if m.Has == 0 {
				continue
			}
			if !first {
				b = append(b, ',')
			}
			first = false
			b = append(vkFigures(fmt.Appendf(b, `{"date":%q`, d), &m, slices.Contains(groups, "romi")), '}')
		}
		b = append(b, "]}"...)
	}
	a := jsonAnswer(http.StatusOK, append(b, "]}"...))
	for name, value := range map[string]string{"RPS-Limit": "2", "RPS-Remaining": "1", "Hourly-Limit": "1000", "Hourly-Remaining": "750", "Daily-Limit": "10000", "Daily-Remaining": "9000"} {
		a.header.Set("X-RateLimit-"+name, value)
	}
	return a
}

func vkFigures(b []byte, m *kpi.Metrics, romi bool) []byte {
	b = fmt.Appendf(b, `,"base":{"shows":%d,"clicks":%d,"goals":0,"spent":%q,"not_ad_spent":"0","cpm":"0","ctr":0.27,"vk":{"goals":%s,"cpa":"0","cr":0}}`,
		m.Impressions, m.Clicks, m.Cost.Decimal(0), m.Conversions.Decimal(0))
	if romi {
		b = fmt.Appendf(b, `,"romi":{"value":%q,"romi":-100,"adv_cost_share":0}`, m.Revenue.Decimal(0))
	}
	return b
}
