package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	"adtop/kpi"
	"adtop/sources/simulator/world"
)

// The only credentials that Amazon's part accepts.
const (
	AmazonClientID     = "amzn1.application-oa2-client.5imulated"
	AmazonClientSecret = "amzn1.oa2-cs.v1.5imulated0secret"
	AmazonRefreshToken = "Atzr|5imulatedRefreshToken"
)

const amazonRequestType = "application/vnd.createasyncreportrequest.v3+json"

// amazonRegions are the regions by currency: a profile is seen only on the
// host of its region.
var amazonRegions = map[kpi.Currency]string{"EUR": "eu", "USD": "na", "JPY": "fe"}

// amazonCountries are the countries by currency.
var amazonCountries = map[kpi.Currency]string{"EUR": "DE", "USD": "US", "JPY": "JP"}

// amazonKept is for how many days reports of a product reach back.
var amazonKept = map[string]kpi.Date{"SPONSORED_PRODUCTS": 95, "SPONSORED_BRANDS": 60, "SPONSORED_DISPLAY": 65}

// amazonReports are the types of report by product.
var amazonReports = map[string]string{"SPONSORED_PRODUCTS": "spCampaigns", "SPONSORED_BRANDS": "sbCampaigns", "SPONSORED_DISPLAY": "sdCampaigns"}

// amazonAds is the state of Amazon's side: the reports that were asked for.
type amazonAds struct {
	mu      sync.Mutex
	reports []*amazonReport
}

// amazonReport is a request for a report, and what became of it.
type amazonReport struct {
	Name          string `json:"name"`
	StartDate     string `json:"startDate"`
	EndDate       string `json:"endDate"`
	Configuration struct {
		AdProduct    string          `json:"adProduct"`
		Columns      []string        `json:"columns"`
		Filters      json.RawMessage `json:"filters"`
		Format       string          `json:"format"`
		GroupBy      []string        `json:"groupBy"`
		ReportTypeID string          `json:"reportTypeId"`
		TimeUnit     string          `json:"timeUnit"`
	} `json:"configuration"`

	id      string
	account world.Account
	at      *call // when it was asked for
	told    bool  // that it is ready
}

// amazonAds answers below the region's prefix, and hands out the files of
// reports, which need no sign-in: the link is signed.
func (s *Simulator) amazonAds(c *call) answer {
	if c.path == tokenPath {
		return s.renew(c)
	}
	if id, found := strings.CutPrefix(c.path, "/files/"); found {
		return s.amazonFile(c, strings.TrimSuffix(id, ".json.gz"))
	}
	region, path, _ := strings.Cut(strings.TrimPrefix(c.path, "/"), "/")
	switch {
	case !s.signedIn(c) || c.r.Header.Get("Amazon-Advertising-API-ClientId") != AmazonClientID:
		return amazonError(http.StatusUnauthorized, "Unauthorized")
	case path == "v2/profiles" && c.r.Method == http.MethodGet:
		return s.amazonProfiles(c, region)
	case !strings.HasPrefix(path, "reporting/reports"):
		return amazonError(http.StatusNotFound, "Could not find resource")
	}
	account, known := s.world.Account(world.Amazon, c.r.Header.Get("Amazon-Advertising-API-Scope"))
	if !known || amazonRegions[account.Currency] != region {
		return amazonError(http.StatusUnauthorized, "Not authorized to access scope "+c.r.Header.Get("Amazon-Advertising-API-Scope"))
	}
	id := strings.TrimPrefix(strings.TrimPrefix(path, "reporting/reports"), "/")
	if c.r.Method == http.MethodPost && id == "" {
		return s.amazonSubmit(c, account)
	}
	return s.amazonState(c, account, id)
}

func amazonError(status int, detail string) answer {
	return jsonAnswer(status, fmt.Appendf(nil, `{"code":"%d","detail":%q}`, status, detail))
}

// amazonFailure answers a fault in Amazon's form.
func (s *Simulator) amazonFailure(c *call) answer {
	switch c.fault.Kind {
	case Throttle:
		a := amazonError(http.StatusTooManyRequests, "Too Many Requests")
		a.header.Set("Retry-After", seconds(c.fault.Wait))
		return a
	case Outage:
		return amazonError(http.StatusServiceUnavailable, "Internal server error")
	case ExpiredToken:
		s.oauth.expire(c.platform)
		return amazonError(http.StatusUnauthorized, "Unauthorized")
	case RevokedToken:
		if c.path == tokenPath {
			return invalidGrant()
		}
		return amazonError(http.StatusUnauthorized, "Unauthorized")
	case Denied:
		return amazonError(http.StatusUnauthorized, "Not authorized to access scope 1")
	case TooMuch:
		return amazonError(http.StatusBadRequest, "startDate to endDate range (32 days) must not exceed maximum range (31 days)")
	case Building:
		if _, id, found := strings.Cut(c.path, "/reporting/reports/"); found {
			if report := s.amazonFind(id); report != nil {
				return report.answer("PENDING", "")
			}
		}
	}
	if strings.HasSuffix(c.path, "/profiles") {
		return jsonAnswer(http.StatusOK, []byte(`[{"profileId":{},"currencyCode":7}]`))
	}
	return jsonAnswer(http.StatusOK, []byte(`{"reportId":{},"status":7,"url":[]}`))
}

// amazonProfiles lists the profiles of a region, and an agency's in each.
func (s *Simulator) amazonProfiles(c *call, region string) answer {
	if c.r.URL.Query().Get("accessLevel") != "view" {
		return jsonAnswer(http.StatusOK, []byte(`[]`)) // nothing may be edited
	}
	b := fmt.Appendf(nil, `[{"profileId":4412345678901230,"countryCode":"US","currencyCode":"USD","timezone":"America/Los_Angeles","accountInfo":{"id":"ENTITY0","type":"agency","name":"Agency"}}`)
	for _, a := range s.world.Accounts(world.Amazon) {
		if amazonRegions[a.Currency] != region {
			continue
		}
		b = fmt.Appendf(b, `,{"profileId":%s,"countryCode":%q,"currencyCode":%q,"timezone":%q,"accountInfo":{"marketplaceStringId":"A1PA6795UKMFR9","id":"ENTITY1","type":"seller","validPaymentMethod":true,"name":`,
			a.ID, amazonCountries[a.Currency], a.Currency, a.Zone)
		b = append(appendValue(b, a.Name, true), "}}"...)
	}
	return jsonAnswer(http.StatusOK, append(b, ']'))
}

// amazonColumns writes the columns of campaign reports. Money is in units of the
// currency.
var amazonColumns = map[string]func(f *figure, currency kpi.Currency) string{
	"date":                       func(f *figure, _ kpi.Currency) string { return `"` + f.date.String() + `"` },
	"campaignId":                 func(f *figure, _ kpi.Currency) string { return f.campaign.ID },
	"campaignName":               func(f *figure, _ kpi.Currency) string { return string(appendValue(nil, f.campaign.Name, true)) },
	"campaignStatus":             func(f *figure, _ kpi.Currency) string { return `"` + f.campaign.Status + `"` },
	"campaignBudgetCurrencyCode": func(_ *figure, currency kpi.Currency) string { return `"` + string(currency) + `"` },
	"impressions":                func(f *figure, _ kpi.Currency) string { return strconv.FormatInt(f.metrics.Impressions, 10) },
	"clicks":                     func(f *figure, _ kpi.Currency) string { return strconv.FormatInt(f.metrics.Clicks, 10) },
	"cost":                       func(f *figure, _ kpi.Currency) string { return f.metrics.Cost.Decimal(0) },
	"purchases":                  amazonOrders,
	"purchasesClicks": func(f *figure, _ kpi.Currency) string {
		return (f.metrics.Conversions - f.metrics.ViewThrough).Decimal(0)
	},
	"sales":        amazonSales,
	"purchases14d": amazonOrders,
	"sales14d":     amazonSales,
	"purchases7d":  amazonOrders,
	"sales7d":      amazonSales,
}

func amazonOrders(f *figure, _ kpi.Currency) string { return f.metrics.Conversions.Decimal(0) }
func amazonSales(f *figure, _ kpi.Currency) string  { return f.metrics.Revenue.Decimal(0) }

// refusal checks a request as Amazon does.
func (r *amazonReport) refusal(today kpi.Date) string {
	from, err := kpi.ParseDate(r.StartDate)
	to, err2 := kpi.ParseDate(r.EndDate)
	configured := r.Configuration
	kept := amazonKept[configured.AdProduct]
	switch {
	case err != nil || err2 != nil || to < from:
		return "startDate and endDate must be dates"
	case to-from >= 31:
		return fmt.Sprintf("startDate to endDate range (%d days) must not exceed maximum range (31 days)", to-from+1)
	case kept == 0 || amazonReports[configured.AdProduct] != configured.ReportTypeID || !slices.Equal(configured.GroupBy, []string{"campaign"}):
		return "configuration adProduct, reportTypeId or groupBy is invalid"
	case from < today-kept:
		return fmt.Sprintf("startDate must be within the last %d days", kept)
	case configured.TimeUnit != "DAILY" || configured.Format != "GZIP_JSON" || !slices.Contains(configured.Columns, "date"):
		return "configuration timeUnit, format or columns is invalid"
	}
	for _, name := range configured.Columns {
		windowed := strings.HasSuffix(name, "d") && name != "campaignId" && strings.ContainsAny(name, "0123456789")
		bare := name == "purchases" || name == "purchasesClicks" || name == "sales"
		if amazonColumns[name] == nil || windowed && configured.AdProduct != "SPONSORED_PRODUCTS" || bare && configured.AdProduct == "SPONSORED_PRODUCTS" {
			return "configuration columns includes invalid values: (" + name + ")"
		}
	}
	return ""
}

// amazonSubmit takes a request. While the same one is being built, that is until
// somebody was told that it is ready, it is a duplicate.
func (s *Simulator) amazonSubmit(c *call, account world.Account) answer {
	report := &amazonReport{account: account, at: c}
	if c.r.Header.Get("Content-Type") != amazonRequestType {
		return amazonError(http.StatusUnsupportedMediaType, "Unsupported media type")
	}
	if json.Unmarshal(c.body, report) != nil {
		return amazonError(http.StatusBadRequest, "malformed request")
	}
	if says := report.refusal(kpi.DateOf(c.now, account.Zone)); says != "" {
		return amazonError(http.StatusBadRequest, says)
	}
	s.amazon.mu.Lock()
	defer s.amazon.mu.Unlock()
	for _, other := range s.amazon.reports {
		if !other.told && other.account.ID == account.ID && other.StartDate == report.StartDate && other.EndDate == report.EndDate && reflect.DeepEqual(other.Configuration, report.Configuration) {
			return amazonError(http.StatusTooEarly, "The Request is a duplicate of : "+other.id)
		}
	}
	report.id = fmt.Sprintf("b09d780d-44d8-425c-a3fc-%012d", len(s.amazon.reports)+1)
	s.amazon.reports = append(s.amazon.reports, report)
	return report.answer("PENDING", "")
}

// answer is what Amazon says of a report.
func (r *amazonReport) answer(status, link string) answer {
	said := map[string]any{
		"reportId": r.id, "name": r.Name, "startDate": r.StartDate, "endDate": r.EndDate, "status": status, "failureReason": nil, "fileSize": nil,
		"url": nil, "urlExpiresAt": nil, "generatedAt": nil, "createdAt": r.at.now.UTC().Format("2006-01-02T15:04:05.000Z"), "configuration": r.Configuration,
	}
	if link != "" {
		said["url"] = link
	}
	body, err := json.Marshal(said)
	if err != nil {
		panic(err) // its parts came from JSON
	}
	return jsonAnswer(http.StatusOK, body)
}

func (s *Simulator) amazonFind(id string) *amazonReport {
	s.amazon.mu.Lock()
	defer s.amazon.mu.Unlock()
	i := slices.IndexFunc(s.amazon.reports, func(r *amazonReport) bool { return r.id == id })
	if i < 0 {
		return nil
	}
	return s.amazon.reports[i]
}

// amazonState has every report ready at once; a Building fault delays it.
func (s *Simulator) amazonState(c *call, account world.Account, id string) answer {
	report := s.amazonFind(id)
	if report == nil || report.account.ID != account.ID {
		return amazonError(http.StatusNotFound, "Report not found")
	}
	s.amazon.mu.Lock()
	report.told = true
	s.amazon.mu.Unlock()
	root := strings.TrimSuffix(c.r.URL.Path, c.path)
	return report.answer("COMPLETED", "http://"+c.r.Host+root+"/files/"+id+".json.gz?X-Amz-Expires=3600&X-Amz-Signature=5imulated0signature")
}
