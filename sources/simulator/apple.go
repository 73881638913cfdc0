package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"adtop/kpi"
	"adtop/sources/simulator/world"
)

// The only credentials that Apple's part accepts, with secrets that are signed
// by the key of ApplePrivateKey.
const (
	AppleClientID = "SEARCHADS.5imulated-client"
	AppleTeamID   = "SEARCHADS.5imulated-team"
	AppleKeyID    = "5imulated-key"
)

// appleAds answers the Platform API 1.0.
func (s *Simulator) appleAds(c *call) answer {
	if c.path == tokenPath {
		return s.appleToken(c)
	}
	if !s.signedIn(c) {
		return appleError(http.StatusUnauthorized, "UNAUTHORIZED", "The access token is invalid or has expired.")
	}
	if c.path == "/v1/acls" {
		return s.appleACLs()
	}
	id, found := strings.CutPrefix(c.r.Header.Get("X-AP-Context"), "adAccountId=")
	account, known := s.world.Account(world.Apple, id)
	switch {
	case !found:
		return appleError(http.StatusBadRequest, "INVALID_ARGUMENT", "X-AP-Context is missing.")
	case !known:
		return appleError(http.StatusForbidden, "FORBIDDEN", "No role in this ad account.")
	case c.path == "/v1/ad-accounts/"+id:
		b := fmt.Appendf(nil, `{"result":{"id":%s,"orgId":40669820,"timezone":%q,"currency":%q,"paymentModel":"PAYG","systemStatus":"ACTIVE","name":`, id, account.Zone, account.Currency)
		return s.appleAnswer(append(appendValue(b, account.Name, true), "}}"...))
	case c.path == "/v1/campaigns/query" && c.r.Method == http.MethodPost:
		return s.appleCampaigns(c, account)
	case c.path == "/v1/reports/apps/campaigns/query" && c.r.Method == http.MethodPost:
		return s.appleReport(c, account)
	}
	return appleError(http.StatusNotFound, "NOT_FOUND", "Not found.")
}

func appleError(status int, code, message string) answer {
	return jsonAnswer(status, fmt.Appendf(nil, `{"error":{"code":%q,"message":%q,"details":[]}}`, code, message))
}

// appleAnswer comes with the state of the limit, as all answers do.
func (*Simulator) appleAnswer(body []byte) answer {
	a := jsonAnswer(http.StatusOK, body)
	a.header.Set("RateLimit-Limit", "1000")
	a.header.Set("RateLimit-Remaining", "900")
	a.header.Set("RateLimit-Reset", "40")
	return a
}

// appleFailure answers a fault in Apple's form.
func (s *Simulator) appleFailure(c *call) answer {
	switch c.fault.Kind {
	case Throttle:
		a := appleError(http.StatusTooManyRequests, "rate_limit_exceeded", "Too many requests.")
		a.header.Set("RateLimit-Limit", "1000")
		a.header.Set("RateLimit-Remaining", "0")
		a.header.Set("RateLimit-Reset", seconds(c.fault.Wait))
		return a
	case Outage:
		return appleError(http.StatusServiceUnavailable, "SERVICE_UNAVAILABLE", "Try again later.")
	case ExpiredToken:
		s.oauth.expire(c.platform)
		return appleError(http.StatusUnauthorized, "UNAUTHORIZED", "The access token is invalid or has expired.")
	case RevokedToken:
		if c.path == tokenPath {
			return jsonAnswer(http.StatusBadRequest, []byte(`{"error":"invalid_client"}`))
		}
		return appleError(http.StatusUnauthorized, "UNAUTHORIZED", "The access token is invalid or has expired.")
	case Denied:
		return appleError(http.StatusForbidden, "FORBIDDEN", "No role in this ad account.")
	case TooMuch: // errors have been documented with status 200 too
		return appleError(http.StatusOK, "VALIDATION_ERROR", "pageSize must not exceed 5000.")
	}
	if strings.Contains(c.path, "/reports/") {
		return jsonAnswer(http.StatusOK, []byte(`{"result":{"rows":[{"metadata":{"id":{}},"totalMetrics":7}]},"pagination":{"totalCount":1}}`))
	}
	return jsonAnswer(http.StatusOK, []byte(`{"result":7,"pagination":7}`))
}

func (s *Simulator) appleACLs() answer {
	b := []byte(`{"result":{"acls":[`)
	for i, a := range s.world.Accounts(world.Apple) {
		if i > 0 {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, `{"adAccount":{"id":%s,"orgId":40669820,"name":`, a.ID)
		b = append(appendValue(b, a.Name, true), `},"roles":["Read Only"]}`...)
	}
	return s.appleAnswer(append(b, "]}}"...))
}

// appleQuery is what is asked of lists and reports.
type appleQuery struct {
	Time struct {
		Start       string `json:"start"`
		End         string `json:"end"`
		Zone        string `json:"timeZone"`
		Granularity string `json:"granularity"`
	} `json:"timeRange"`
	Filters []struct {
		Field    string          `json:"field"`
		Operator string          `json:"operator"`
		Value    json.RawMessage `json:"value"`
	} `json:"filters"`
	Pagination struct {
		Offset int `json:"offset"`
		Size   int `json:"pageSize"`
	} `json:"pagination"`
}

// page is the asked part of n elements; pages are small, so that there are several.
func (q *appleQuery) page(n, most int) (from, to int) {
	from = min(max(q.Pagination.Offset, 0), n)
	return from, min(from+min(q.Pagination.Size, most), n)
}

// appleMaps is the id of a campaign on Apple Maps, of which there are no
// reports for apps.
const appleMaps = "111222333"

func (s *Simulator) appleCampaigns(c *call, account world.Account) answer {
	var q appleQuery
	if json.Unmarshal(c.body, &q) != nil || q.Pagination.Size < 1 || q.Pagination.Size > 5000 {
		return appleError(http.StatusBadRequest, "INVALID_ARGUMENT", "pagination")
	}
	deletedToo := len(q.Filters) == 1 && q.Filters[0].Field == "deleted" && q.Filters[0].Operator == "IN" && strings.Contains(string(q.Filters[0].Value), "true")
	list := []string{`{"id":` + appleMaps + `,"name":"On the map","promotedObjectType":"BUSINESS_BRAND","status":"ENABLED","deleted":false}`}
	for _, campaign := range account.Campaigns {
		if deleted := campaign.Status == "REMOVED"; !deleted || deletedToo {
			b := fmt.Appendf(nil, `{"id":%s,"promotedObjectType":"APPSTORE_APP","status":%q,"deleted":%t,"name":`, campaign.ID, campaign.Status, deleted)
			list = append(list, string(append(appendValue(b, campaign.Name, true), '}')))
		}
	}
	from, to := q.page(len(list), 3)
	return s.appleAnswer(fmt.Appendf(nil, `{"result":[%s],"pagination":{"offset":%d,"pageSize":%d,"totalCount":%d}}`, strings.Join(list[from:to], ","), from, q.Pagination.Size, len(list)))
}

// appleReport holds hours to the last seven days and days to the last ninety.
func (s *Simulator) appleReport(c *call, account world.Account) answer {
	var q appleQuery
	var ids []json.Number
	if json.Unmarshal(c.body, &q) != nil || len(q.Filters) != 1 || q.Filters[0].Field != "campaignId" || q.Filters[0].Operator != "IN" || json.Unmarshal(q.Filters[0].Value, &ids) != nil {
		return appleError(http.StatusBadRequest, "VALIDATION_ERROR", "A campaignId filter is required.")
	}
	from, err := kpi.ParseDate(q.Time.Start)
	to, err2 := kpi.ParseDate(q.Time.End)
	today := kpi.DateOf(c.now, account.Zone)
	hourly := q.Time.Granularity == "HOURLY"
	switch {
	case err != nil || err2 != nil || to < from || q.Time.Zone != "ORTZ" && !(hourly && q.Time.Zone == "UTC"):
		return appleError(http.StatusBadRequest, "VALIDATION_ERROR", "timeRange")
	case hourly && from < today-7, !hourly && from < today-90:
		return appleError(http.StatusBadRequest, "VALIDATION_ERROR", "timeRange.start is too old for the granularity.")
	case q.Time.Granularity == "DAILY" && from == to, !hourly && q.Time.Granularity != "DAILY" && q.Time.Granularity != "":
		return appleError(http.StatusBadRequest, "VALIDATION_ERROR", "granularity")
	case q.Pagination.Size < 1 || q.Pagination.Size > 5000:
		return appleError(http.StatusBadRequest, "INVALID_ARGUMENT", "pageSize must not exceed 5000.")
	}
	for _, id := range ids {
		if !slices.ContainsFunc(account.Campaigns, func(campaign world.Campaign) bool { return campaign.ID == id.String() }) {
			return appleError(http.StatusBadRequest, "VALIDATION_ERROR", "campaignId "+id.String())
		}
	}
	rows := appleRows(&q, s.appleFigures(c, &account, kpi.DateRange{From: from, To: to}, &q), ids, account.Currency)
	first, last := q.page(len(rows), 4)
	return s.appleAnswer(fmt.Appendf(nil, `{"result":{"rows":[%s]},"pagination":{"offset":%d,"pageSize":%d,"totalCount":%d}}`, strings.Join(rows[first:last], ","), first, q.Pagination.Size, len(rows)))
}
