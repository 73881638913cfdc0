package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/sources/simulator/world"
)

const searchScope = "https://www.googleapis.com/auth/webmasters.readonly"

// searchFinal is for how many days figures of a day may still change.
const searchFinal = 3

// searchConsole answers version 3. A campaign of the world is a search type of a
// site: its id begins with the type.
func (s *Simulator) searchConsole(c *call) answer {
	if c.path == tokenPath {
		return s.serviceToken(c, searchScope)
	}
	if !s.signedIn(c) {
		return searchError(http.StatusUnauthorized, "authError", "Request had invalid authentication credentials.")
	}
	if c.path == "/webmasters/v3/sites" {
		return s.searchSites()
	}
	_, rest, _ := strings.Cut(c.r.URL.EscapedPath(), "/webmasters/v3/sites/")
	escaped, method, _ := strings.Cut(rest, "/")
	site, err := url.PathUnescape(escaped)
	account, known := s.world.Account(world.SearchConsole, site)
	switch {
	case err != nil || method != "searchAnalytics/query" || c.r.Method != http.MethodPost:
		return searchError(http.StatusNotFound, "notFound", "Not found.")
	case !known:
		return searchDenied()
	}
	return s.searchQuery(c, account)
}

// searchError is an error in the older of Google's forms.
func searchError(status int, reason, message string) answer {
	return jsonAnswer(status, fmt.Appendf(nil, `{"error":{"code":%d,"message":%q,"errors":[{"message":%q,"domain":"global","reason":%q}]}}`, status, message, message, reason))
}

func searchDenied() answer {
	return searchError(http.StatusForbidden, "forbidden", "User does not have sufficient permission for site.")
}

// searchFailure answers a fault in Google's form. Which status the refusal for too
// many questions has is not known: both are sent.
func (s *Simulator) searchFailure(c *call) answer {
	switch c.fault.Kind {
	case Throttle:
		if c.fault.Wait > time.Hour {
			a := searchError(http.StatusForbidden, "quotaExceeded", "Search Analytics load quota exceeded.")
			a.header.Set("Retry-After", seconds(c.fault.Wait))
			return a
		}
		return searchError(http.StatusTooManyRequests, "rateLimitExceeded", "Rate limit exceeded.")
	case Outage:
		return searchError(http.StatusServiceUnavailable, "backendError", "Backend error.")
	case ExpiredToken:
		s.oauth.expire(c.platform)
		return searchError(http.StatusUnauthorized, "authError", "Request had invalid authentication credentials.")
	case RevokedToken:
		if c.path == tokenPath {
			return invalidAssertion()
		}
		return searchError(http.StatusUnauthorized, "authError", "Request had invalid authentication credentials.")
	case Denied:
		return searchDenied()
	case TooMuch:
		return searchError(http.StatusForbidden, "accessNotConfigured", "Google Search Console API has not been used in project 1 before or it is disabled.")
	}
	if strings.HasSuffix(c.path, "/query") {
		return jsonAnswer(http.StatusOK, []byte(`{"rows":[{"keys":7,"clicks":7}]}`))
	}
	return jsonAnswer(http.StatusOK, []byte(`{"siteEntry":7}`))
}

func (s *Simulator) searchSites() answer {
	list := []string{`{"siteUrl":"https://not-mine.example/","permissionLevel":"siteUnverifiedUser"}`}
	for _, a := range s.world.Accounts(world.SearchConsole) {
		list = append(list, fmt.Sprintf(`{"siteUrl":%q,"permissionLevel":"siteOwner"}`, a.ID))
	}
	return jsonAnswer(http.StatusOK, []byte(`{"siteEntry":[`+strings.Join(list, ",")+`]}`))
}

// searchQuestion is the body of a query.
type searchQuestion struct {
	StartDate, EndDate  string
	Dimensions          []string
	Type, DataState     string
	RowLimit, StartRow  int
	AggregationType     string
	DimensionFilterings []any `json:"dimensionFilterGroups"`
}

func (s *Simulator) searchQuery(c *call, site world.Account) answer {
	var q searchQuestion
	if err := json.Unmarshal(c.body, &q); err != nil {
		return searchError(http.StatusBadRequest, "badRequest", "Invalid JSON payload received.")
	}
	from, err := kpi.ParseDate(q.StartDate)
	to, err2 := kpi.ParseDate(q.EndDate)
	today := kpi.DateOf(c.now, site.Zone)
	hourly := slices.Equal(q.Dimensions, []string{"hour"})
	switch {
	case err != nil || err2 != nil || to < from:
		return searchError(http.StatusBadRequest, "invalidParameter", "startDate and endDate")
	case !hourly && !slices.Equal(q.Dimensions, []string{"date"}):
		return searchError(http.StatusBadRequest, "invalidParameter", "dimensions")
	case hourly != (q.DataState == "hourly_all"), !slices.Contains([]string{"", "final", "all", "hourly_all"}, q.DataState):
		return searchError(http.StatusBadRequest, "invalidParameter", "dataState")
	case hourly && from < today-10:
		return searchError(http.StatusBadRequest, "invalidParameter", "hours are kept for ten days")
	case q.RowLimit < 1 || q.RowLimit > 25_000 || q.StartRow < 0:
		return searchError(http.StatusBadRequest, "invalidParameter", "rowLimit")
	}
	if q.DataState == "" || q.DataState == "final" {
		to = min(to, today-searchFinal)
	}
	figures := slices.DeleteFunc(s.figures(c, &site, kpi.DateRange{From: from, To: to}, hourly), func(f figure) bool {
		return !strings.HasPrefix(f.campaign.ID, q.Type+" ")
	})
	slices.SortStableFunc(figures, func(a, b figure) int { return int(b.metrics.Clicks - a.metrics.Clicks) })
	first := min(q.StartRow, len(figures))
	figures = figures[first:min(first+q.RowLimit, len(figures))]
	return jsonAnswer(http.StatusOK, searchRows(figures, &q, site.Zone, today))
}

func searchRows(figures []figure, q *searchQuestion, zone *time.Location, today kpi.Date) []byte {
	b := []byte(`{`)
	for i, f := range figures {
		key := f.date.String()
		if f.hour >= 0 {
			key = f.start.In(zone).Format(time.RFC3339)
		}
		b = fmt.Appendf(append(b, map[bool]string{true: `"rows":[`, false: `,`}[i == 0]...),
			`{"keys":[%q],"clicks":%d.0,"impressions":%d,"ctr":0.011206046810858348,"position":10.073871456906991}`, key, f.metrics.Clicks, f.metrics.Impressions)
	}
	if len(figures) > 0 {
		b = append(b, `],`...)
	}
	b = append(b, `"responseAggregationType":"byProperty"`...)
	switch q.DataState {
	case "all":
		b = fmt.Appendf(b, `,"metadata":{"first_incomplete_date":%q}`, today-searchFinal+1)
	case "hourly_all":
		b = fmt.Appendf(b, `,"metadata":{"first_incomplete_hour":%q}`, (today - searchFinal + 1).Start(zone).Format(time.RFC3339))
	}
	return append(b, '}')
}
