package simulator

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
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

// metaAds answers the Marketing API.
func (s *Simulator) metaAds(c *call) answer {
	version, rest, _ := strings.Cut(strings.TrimPrefix(c.path, "/"), "/")
	if version != MetaVersion {
		return metaRefusal{http.StatusBadRequest, 2635, 0, "You are calling a deprecated version of the Ads API. Please update to the latest version.", false}.answer()
	}
	query := c.r.URL.Query()
	if refused, ok := metaAuthorize(c.r, query); !ok {
		return refused.answer()
	}
	id, edge, _ := strings.Cut(rest, "/")
	switch {
	case c.r.Method == http.MethodPost && edge == "insights":
		if account, ok := s.world.Account(world.Meta, id); ok {
			return s.metaStart(c, account, query)
		}
	case c.r.Method != http.MethodGet:
		return metaInvalid("Unsupported request").answer()
	case rest == "debug_token":
		return s.metaDebug(query)
	case rest == "me/adaccounts":
		return s.metaAccounts(c, query)
	case strings.HasPrefix(id, metaRunPrefix):
		return s.metaRun(c, id, edge, query)
	case edge == "insights":
		if account, ok := s.world.Account(world.Meta, id); ok {
			return s.metaInsights(c, account, query)
		}
	case edge == "adsets" || edge == "ads":
		if a, ok := s.metaStatuses(c, id, edge, query); ok {
			return a
		}
	}
	return metaGone(id)
}

func metaGone(id string) answer {
	return metaRefusal{http.StatusBadRequest, 100, 33, "Unsupported get request. Object with ID '" + id + "' does not exist, cannot be loaded due to missing permissions, or does not support this operation", false}.answer()
}

// metaAuthorize checks the token, and the proof of the app's secret when one is given.
func metaAuthorize(r *http.Request, query url.Values) (metaRefusal, bool) {
	token, fromHeader := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !fromHeader {
		token = query.Get("access_token")
	}
	if token == "" {
		return metaRefusal{http.StatusBadRequest, 2500, 0, "An active access token must be used to query information about the current user.", false}, false
	}
	if !equalSecret(token, MetaToken) {
		return metaRefusal{http.StatusBadRequest, 190, 0, "Invalid OAuth access token - Cannot parse access token", false}, false
	}
	if proof := query.Get("appsecret_proof"); proof != "" {
		mac := hmac.New(sha256.New, []byte(MetaAppSecret))
		mac.Write([]byte(token))
		if !equalSecret(proof, hex.EncodeToString(mac.Sum(nil))) {
			return metaInvalid("Invalid appsecret_proof provided in the API argument"), false
		}
	}
	return metaRefusal{}, true
}

// metaRefusal is an error of the Graph API.
type metaRefusal struct {
	status, code, subcode int
	message               string
	transient             bool
}

func metaInvalid(message string) metaRefusal {
	return metaRefusal{http.StatusBadRequest, 100, 0, "(#100) " + message, false}
}

func (m metaRefusal) answer() answer {
	type body struct {
		Message   string `json:"message"`
		Type      string `json:"type"`
		Code      int    `json:"code"`
		Subcode   int    `json:"error_subcode,omitempty"`
		Transient bool   `json:"is_transient"`
		Trace     string `json:"fbtrace_id"`
	}
	text, err := json.Marshal(map[string]body{"error": {m.message, "OAuthException", m.code, m.subcode, m.transient, "AsimulatedTraceId000000"}})
	if err != nil {
		panic(err) // plain strings and numbers always marshal
	}
	return jsonAnswer(m.status, text)
}

// metaFailure answers a fault in Meta's form. Quota errors come as HTTP 400.
func (*Simulator) metaFailure(c *call) answer {
	switch c.fault.Kind {
	case Throttle:
		minutes := int((c.fault.Wait + time.Minute - 1) / time.Minute)
		a := metaRefusal{http.StatusBadRequest, 80004, 2446079, "(#80004) There have been too many calls to this ad-account. Wait a bit and try again.", false}
		if strings.HasSuffix(c.path, "/insights") {
			a.code, a.message = 80000, "(#80000) There have been too many calls from this ad-account. Wait a bit and try again."
		}
		refused := a.answer()
		setMetaUsage(refused.header, c.path, 100, minutes)
		return refused
	case Outage:
		return metaRefusal{http.StatusServiceUnavailable, 2, 0, "Service temporarily unavailable", true}.answer()
	case ExpiredToken:
		return metaRefusal{http.StatusBadRequest, 190, 463, "Error validating access token: Session has expired", false}.answer()
	case RevokedToken:
		return metaRefusal{http.StatusBadRequest, 190, 458, "Error validating access token: the user has not authorized the application", false}.answer()
	case Building, ReportFailed, ReportSkipped, ReportExpired:
		return metaTrouble(c)
	case Denied:
		return metaRefusal{http.StatusForbidden, 200, 0, "(#200) Missing permission", false}.answer()
	case TooMuch:
		return metaRefusal{http.StatusInternalServerError, 1, 0, "Please reduce the amount of data you're asking for, then retry your request", false}.answer()
	}
	return jsonAnswer(http.StatusOK, []byte(`{"data":7,"paging":7}`))
}

// setMetaUsage sets the four headers that tell how much of the limits is in
// use, in percent, and for how many minutes calls are blocked.
func setMetaUsage(h http.Header, path string, percent, minutes int) {
	account := "0"
	if _, rest, found := strings.Cut(path, "/act_"); found {
		account, _, _ = strings.Cut(rest, "/")
	}
	h.Set("X-Business-Use-Case-Usage", fmt.Sprintf(`{%q:[{"type":"ads_insights","call_count":%d,"total_cputime":3,"total_time":4,"estimated_time_to_regain_access":%d,"ads_api_access_tier":"standard_access"}]}`, account, percent, minutes))
	h.Set("X-Fb-Ads-Insights-Throttle", fmt.Sprintf(`{"app_id_util_pct":%d,"acc_id_util_pct":%d,"ads_api_access_tier":"standard_access"}`, percent, percent))
	h.Set("X-Ad-Account-Usage", fmt.Sprintf(`{"acc_id_util_pct":%d.5,"reset_time_duration":100,"ads_api_access_tier":"standard_access"}`, percent))
	h.Set("X-App-Usage", fmt.Sprintf(`{"call_count":%d,"total_time":4,"total_cputime":3}`, percent))
}

// metaUsage is the share of the limits that a healthy answer reports, in percent.
const metaUsage = 4

// metaPage answers with one page of n elements, written by element. As Meta
// does, the last page has cursors but no next.
func (s *Simulator) metaPage(c *call, query url.Values, n int, element func(b []byte, i int) []byte) answer {
	limit := 25
	if text := query.Get("limit"); text != "" {
		parsed, err := strconv.Atoi(text)
		if err != nil || parsed <= 0 {
			return metaInvalid("param limit must be a positive integer").answer()
		}
		limit = parsed
	}
	start, ok := pageStart(query.Get("after"), n)
	if !ok {
		return metaInvalid("param after is not a valid cursor").answer()
	}
	end := min(start+min(limit, s.PageSize), n)
	b := []byte(`{"data":[`)
	for i := start; i < end; i++ {
		if i > start {
			b = append(b, ',')
		}
		b = element(b, i)
	}
	b = append(b, ']')
	if end > start {
		b = append(b, `,"paging":{"cursors":{"before":"`+pageToken(start)+`","after":"`+pageToken(end)+`"}`...)
		if end < n {
			next := url.Values(query)
			next.Set("after", pageToken(end))
			b = append(b, `,"next":`...)
			b = appendValue(b, "http://"+c.r.Host+c.prefix+c.path+"?"+next.Encode(), true)
		}
		b = append(b, '}')
	}
	a := jsonAnswer(http.StatusOK, append(b, '}'))
	setMetaUsage(a.header, c.path, metaUsage, 0)
	return a
}

// metaAccountFields are the fields of an ad account, as JSON.
func (s *Simulator) metaAccountFields(c *call) map[string]func(b []byte, a world.Account) []byte {
	text := func(value func(world.Account) string) func([]byte, world.Account) []byte {
		return func(b []byte, a world.Account) []byte { return appendValue(b, value(a), true) }
	}
	return map[string]func([]byte, world.Account) []byte{
		"id":             text(func(a world.Account) string { return a.ID }),
		"account_id":     text(func(a world.Account) string { return strings.TrimPrefix(a.ID, "act_") }),
		"name":           text(func(a world.Account) string { return a.Name }),
		"currency":       text(func(a world.Account) string { return string(a.Currency) }),
		"timezone_name":  text(func(a world.Account) string { return a.Zone.String() }),
		"account_status": func(b []byte, _ world.Account) []byte { return append(b, '1') },
		"timezone_offset_hours_utc": func(b []byte, a world.Account) []byte {
			_, offset := c.now.In(a.Zone).Zone()
			return strconv.AppendFloat(b, float64(offset)/3600, 'f', -1, 64)
		},
		"amount_spent": text(func(a world.Account) string { return s.amountSpent(c, a) }),
	}
}

// amountSpent is in the currency's smallest coin, unlike spend in insights.
func (s *Simulator) amountSpent(c *call, a world.Account) string {
	var spent kpi.Micros
	for _, campaign := range a.Campaigns {
		for d := kpi.DateOf(s.world.Spec().Epoch, a.Zone); d <= kpi.DateOf(c.now, a.Zone); d++ {
			spent += s.world.Day(a.ID, campaign.ID, d, c.now).Cost
		}
	}
	return strconv.FormatInt(int64(spent/world.MinorUnit(a.Currency)), 10)
}

// metaAccounts answers me/adaccounts.
func (s *Simulator) metaAccounts(c *call, query url.Values) answer {
	fields := s.metaAccountFields(c)
	names := []string{"account_id"}
	for _, name := range splitFields(query.Get("fields")) {
		if fields[name] == nil {
			return metaInvalid("Tried accessing nonexisting field (" + name + ") on node type (AdAccount)").answer()
		}
		if !slices.Contains(names, name) && name != "id" {
			names = append(names, name)
		}
	}
	names = append(names, "id") // comes last, asked for or not
	accounts := s.world.Accounts(world.Meta)
	return s.metaPage(c, query, len(accounts), func(b []byte, i int) []byte {
		b = append(b, '{')
		for n, name := range names {
			if n > 0 {
				b = append(b, ',')
			}
			b = append(b, `"`+name+`":`...)
			b = fields[name](b, accounts[i])
		}
		return append(b, '}')
	})
}

func splitFields(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
}
