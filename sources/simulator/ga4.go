package simulator

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/sources/simulator/world"
)

const ga4Scope = "https://www.googleapis.com/auth/analytics.readonly"

// ga4 answers the Data API and the Admin API, both v1beta.
func (s *Simulator) ga4(c *call) answer {
	if c.path == tokenPath {
		return s.serviceToken(c, ga4Scope)
	}
	if !s.signedIn(c) {
		return googleRefused(http.StatusUnauthorized, "UNAUTHENTICATED", "Request had invalid authentication credentials.", "")
	}
	if c.path == "/v1beta/accountSummaries" {
		return s.ga4Summaries(c)
	}
	rest, _ := strings.CutPrefix(c.path, "/v1beta/properties/")
	id, method, asked := strings.Cut(rest, ":")
	property, known := s.world.Account(world.GA4, id)
	switch {
	case !known:
		return ga4Denied()
	case !asked && c.r.Method == http.MethodGet:
		b := fmt.Appendf(nil, `{"name":"properties/%s","timeZone":%q,"currencyCode":%q,"serviceLevel":"GOOGLE_ANALYTICS_STANDARD","displayName":`, id, property.Zone, property.Currency)
		return jsonAnswer(http.StatusOK, append(appendValue(b, property.Name, true), '}'))
	case method == "runReport" && c.r.Method == http.MethodPost:
		return s.ga4Report(c, property)
	}
	return googleRefused(http.StatusNotFound, "NOT_FOUND", "Method not found.", "")
}

func ga4Denied() answer {
	return googleRefused(http.StatusForbidden, "PERMISSION_DENIED", "User does not have sufficient permissions for this property.", "")
}

// ga4Failure answers a fault in Google's form. Only the words of a refusal for too
// many requests say which limit was met.
func (s *Simulator) ga4Failure(c *call) answer {
	switch c.fault.Kind {
	case Throttle:
		if c.fault.Wait > time.Hour {
			return googleRefused(http.StatusTooManyRequests, "RESOURCE_EXHAUSTED", "Exhausted property tokens per day. These quota tokens will return in under 24 hours.", "")
		}
		return googleRefused(http.StatusTooManyRequests, "RESOURCE_EXHAUSTED", "Exhausted concurrent requests quota. Please wait for in-flight requests to finish.", "")
	case Outage:
		return googleRefused(http.StatusServiceUnavailable, "UNAVAILABLE", "The service is currently unavailable.", "")
	case ExpiredToken:
		s.oauth.expire(c.platform)
		return googleRefused(http.StatusUnauthorized, "UNAUTHENTICATED", "Request had invalid authentication credentials.", "")
	case RevokedToken:
		if c.path == tokenPath {
			return invalidAssertion()
		}
		return googleRefused(http.StatusUnauthorized, "UNAUTHENTICATED", "Request had invalid authentication credentials.", "")
	case Denied:
		return ga4Denied()
	case TooMuch:
		return googleRefused(http.StatusForbidden, "PERMISSION_DENIED", "Google Analytics Data API has not been used in project 1 before or it is disabled.", `,"details":[{"reason":"SERVICE_DISABLED"}]`)
	}
	if strings.HasSuffix(c.path, ":runReport") {
		return jsonAnswer(http.StatusOK, []byte(`{"rows":[{"dimensionValues":7}],"rowCount":1}`))
	}
	return jsonAnswer(http.StatusOK, []byte(`{"accountSummaries":7,"displayName":7}`))
}

// ga4Summaries lists an account for each property, and one that has none.
func (s *Simulator) ga4Summaries(c *call) answer {
	list := []string{`{"name":"accountSummaries/99","account":"accounts/99","displayName":"Empty"}`}
	for i, property := range s.world.Accounts(world.GA4) {
		list = append(list, fmt.Sprintf(`{"name":"accountSummaries/%d","account":"accounts/%d","displayName":"a","propertySummaries":[{"property":"properties/%s","propertyType":"PROPERTY_TYPE_ORDINARY","displayName":%s}]}`,
			i, i, property.ID, appendValue(nil, property.Name, true)))
	}
	query := c.r.URL.Query()
	start, ok := pageStart(query.Get("pageToken"), len(list))
	size, err := strconv.Atoi(query.Get("pageSize"))
	if !ok || err != nil || size < 1 || size > 200 {
		return googleRefused(http.StatusBadRequest, "INVALID_ARGUMENT", "page_size", "")
	}
	end := min(start+min(size, 2), len(list)) // small pages, so that there are several
	next := ""
	if end < len(list) {
		next = `,"nextPageToken":"` + pageToken(end) + `"`
	}
	return jsonAnswer(http.StatusOK, []byte(`{"accountSummaries":[`+strings.Join(list[start:end], ",")+`]`+next+`}`))
}

// ga4Named is a column of a question.
type ga4Named struct{ Name string }

// ga4Question is the body of runReport.
type ga4Question struct {
	DateRanges          []struct{ StartDate, EndDate string }
	Dimensions, Metrics []ga4Named
	Limit, Offset       json.Number
	OrderBys            []struct {
		Dimension struct{ DimensionName string }
	}
	ReturnPropertyQuota bool
}

// ga4Dimensions are the dimensions that the simulator knows.
var ga4Dimensions = map[string]func(*figure) string{
	"date": func(f *figure) string { return strings.ReplaceAll(f.date.String(), "-", "") },
	"dateHour": func(f *figure) string {
		return fmt.Sprintf("%s%02d", strings.ReplaceAll(f.date.String(), "-", ""), f.hour)
	},
	"sessionSource": func(f *figure) string { return cmp.Or(f.campaign.UTM.Source, ga4Engine(f), "(direct)") },
	"sessionMedium": func(f *figure) string {
		if ga4Engine(f) != "" {
			return "organic"
		}
		return cmp.Or(f.campaign.UTM.Medium, "(none)")
	},
	"sessionCampaignName": ga4Campaign,
}

// ga4Engine is the search engine that a visit without UTM parameters came from, "" for
// none: all referrers of the world's are such.
func ga4Engine(f *figure) string {
	if f.campaign.UTM.Source != "" {
		return ""
	}
	_, host, _ := strings.Cut(f.campaign.Referrer, "//www.")
	engine, _, _ := strings.Cut(host, ".")
	return engine
}

// ga4Campaign has several words for none.
func ga4Campaign(f *figure) string {
	switch {
	case f.campaign.UTM.Campaign != "":
		return f.campaign.UTM.Campaign
	case f.campaign.UTM.Medium == "organic", ga4Engine(f) != "":
		return "(organic)"
	case f.campaign.Status == "REMOVED":
		return "(not set)"
	}
	return "(direct)"
}

// ga4Metrics are the metrics that the simulator knows, with their types.
var ga4Metrics = map[string]struct {
	typ   string
	value func(m *kpi.Metrics) string
}{
	"sessions":           {"TYPE_INTEGER", func(m *kpi.Metrics) string { return strconv.FormatInt(m.Clicks, 10) }},
	"activeUsers":        {"TYPE_INTEGER", func(m *kpi.Metrics) string { return strconv.FormatInt(m.Clicks, 10) }},
	"keyEvents":          {"TYPE_FLOAT", func(m *kpi.Metrics) string { return m.Conversions.Decimal(0) }},
	"keyEvents:purchase": {"TYPE_FLOAT", func(m *kpi.Metrics) string { return m.Conversions.Decimal(0) }},
	"purchaseRevenue":    {"TYPE_CURRENCY", func(m *kpi.Metrics) string { return m.Revenue.Decimal(0) }},
	"totalRevenue":       {"TYPE_CURRENCY", func(m *kpi.Metrics) string { return m.Revenue.Decimal(0) }},
}

var ga4Day = regexp.MustCompile(`^\d{4}-\d\d-\d\d$`)

// check returns what is wrong with a question, "" for nothing.
func (q *ga4Question) check() string {
	for _, d := range q.Dimensions {
		if ga4Dimensions[d.Name] == nil {
			return "Field " + d.Name + " is not a valid dimension."
		}
	}
	for _, m := range q.Metrics {
		if ga4Metrics[m.Name].value == nil {
			return "Field " + m.Name + " is not a valid metric."
		}
	}
	limit, err := q.Limit.Int64()
	if offset, err2 := q.Offset.Int64(); err != nil || err2 != nil || limit < 1 || limit > 250_000 || offset < 0 {
		return "limit and offset"
	}
	if len(q.DateRanges) != 1 || !ga4Day.MatchString(q.DateRanges[0].StartDate) || !ga4Day.MatchString(q.DateRanges[0].EndDate) || len(q.Dimensions) > 9 || len(q.Metrics) > 10 {
		return "dateRanges, dimensions and metrics"
	}
	return ""
}

func (s *Simulator) ga4Report(c *call, property world.Account) answer {
	var q ga4Question
	if err := json.Unmarshal(c.body, &q); err != nil {
		return googleRefused(http.StatusBadRequest, "INVALID_ARGUMENT", "Invalid JSON payload received.", "")
	}
	if wrong := q.check(); wrong != "" {
		return googleRefused(http.StatusBadRequest, "INVALID_ARGUMENT", wrong, "")
	}
	from, _ := kpi.ParseDate(q.DateRanges[0].StartDate)
	to, _ := kpi.ParseDate(q.DateRanges[0].EndDate)
	hourly := slices.Contains(q.Dimensions, ga4Named{"dateHour"})
	figures := byClock(s.figures(c, &property, kpi.DateRange{From: from, To: to}, hourly))
	if len(q.OrderBys) > 0 { // else rows come in no useful order
		slices.SortStableFunc(figures, func(a, b figure) int { return cmp.Or(cmp.Compare(a.date, b.date), cmp.Compare(a.hour, b.hour)) })
	}
	offset, _ := q.Offset.Int64()
	limit, _ := q.Limit.Int64()
	first := min(int(offset), len(figures))
	last := min(first+min(int(limit), s.PageSize), len(figures))
	b := q.headers()
	for i := first; i < last; i++ {
		b = q.row(append(b, map[bool]string{true: `,"rows":[`, false: `,`}[i == first]...), &figures[i])
	}
	if last > first {
		b = append(b, ']')
	}
	b = fmt.Appendf(b, `,"rowCount":%d,"metadata":{"currencyCode":%q,"timeZone":%q,"subjectToThresholding":true}`, len(figures), property.Currency, property.Zone)
	if q.ReturnPropertyQuota {
		b = append(b, `,"propertyQuota":{"tokensPerDay":{"consumed":4,"remaining":199996},"tokensPerHour":{"consumed":4,"remaining":39996},"concurrentRequests":{"consumed":0,"remaining":10},`+
			`"serverErrorsPerProjectPerHour":{"consumed":0,"remaining":10},"potentiallyThresholdedRequestsPerHour":{"consumed":0,"remaining":120},"tokensPerProjectPerHour":{"consumed":4,"remaining":10500}}`...)
	}
	return jsonAnswer(http.StatusOK, append(b, `,"kind":"analyticsData#runReport"}`...))
}

func (q *ga4Question) headers() []byte {
	var dimensions, metrics []string
	for _, d := range q.Dimensions {
		dimensions = append(dimensions, fmt.Sprintf(`{"name":%q}`, d.Name))
	}
	for _, m := range q.Metrics {
		metrics = append(metrics, fmt.Sprintf(`{"name":%q,"type":%q}`, m.Name, ga4Metrics[m.Name].typ))
	}
	return fmt.Appendf(nil, `{"dimensionHeaders":[%s],"metricHeaders":[%s]`, strings.Join(dimensions, ","), strings.Join(metrics, ","))
}

func (q *ga4Question) row(b []byte, f *figure) []byte {
	b = append(b, `{"dimensionValues":[`...)
	for i, d := range q.Dimensions {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendValue(append(b, `{"value":`...), ga4Dimensions[d.Name](f), true), '}')
	}
	b = append(b, `],"metricValues":[`...)
	for i, m := range q.Metrics {
		if i > 0 {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, `{"value":%q}`, ga4Metrics[m.Name].value(&f.metrics))
	}
	return append(b, "]}"...)
}
