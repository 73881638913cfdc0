package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"adtop/kpi"
	"adtop/sources/simulator/world"
)

// The only credentials that Microsoft Advertising's part accepts. It takes no
// client secret: adtop signs in as an app on a desktop.
const (
	MicrosoftClientID       = "5imulated-0000-4000-8000-microsoft000"
	MicrosoftRefreshToken   = "M.C5simulatedRefreshToken"
	MicrosoftDeveloperToken = "5IMULATED0DEVELOPER0TOKEN"
	microsoftUser           = "123456789"
	microsoftCustomer       = "987654321"
)

// microsoftAds is the state of Microsoft's side: the reports that were asked for.
type microsoftAds struct {
	mu      sync.Mutex
	reports []microsoftReport
}

// microsoftReport is a submitted request.
type microsoftReport struct {
	ReportRequest struct {
		Type                   string
		Format                 string
		FormatVersion          string
		ReturnOnlyCompleteData bool
		ExcludeReportHeader    bool
		ExcludeReportFooter    bool
		Aggregation            string
		Columns                []string
		Scope                  struct{ AccountIds []string }
		Time                   struct {
			CustomDateRangeStart, CustomDateRangeEnd microsoftDate
			ReportTimeZone                           string
		}
	}
	account world.Account
	at      *call // when it was submitted
}

type microsoftDate struct{ Day, Month, Year int }

func (d microsoftDate) date() kpi.Date {
	parsed, err := kpi.ParseDate(fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day))
	if err != nil {
		return -1
	}
	return parsed
}

// microsoftZones are Microsoft's names of the zones of the conformance world.
var microsoftZones = map[string]string{
	"Europe/Berlin": "AmsterdamBerlinBernRomeStockholmVienna", "America/New_York": "EasternTimeUSCanada", "Asia/Tokyo": "OsakaSapporoTokyo",
}

// microsoftAds answers the reporting and the customer service, and hands out
// the files of reports, which need no sign-in: the link is signed.
func (s *Simulator) microsoftAds(c *call) answer {
	if c.path == tokenPath {
		return s.renew(c)
	}
	if id, found := strings.CutPrefix(c.path, "/files/"); found {
		return s.microsoftFile(c, strings.TrimSuffix(id, ".zip"))
	}
	var body struct{ ReportRequestId string }
	switch {
	case c.r.Method != http.MethodPost:
		return answer{http.StatusNotFound, http.Header{"Content-Type": {"text/plain"}}, []byte("Not found")}
	case !s.signedIn(c):
		return microsoftError(http.StatusUnauthorized, 109, "AuthenticationTokenExpired", "Authentication token expired. Please renew the token or obtain a new one.")
	case !equalSecret(c.r.Header.Get("DeveloperToken"), MicrosoftDeveloperToken):
		return microsoftError(http.StatusUnauthorized, 105, "InvalidCredentials", "Authentication failed. Either supplied credentials are invalid or the account is inactive")
	case json.Unmarshal(c.body, &body) != nil:
		return microsoftError(http.StatusBadRequest, 100, "NullRequest", "The request message is null.")
	}
	switch c.path {
	case "/CustomerManagement/v13/User/Query":
		return jsonAnswer(http.StatusOK, fmt.Appendf(nil, `{"User":{"CustomerId":%q,"Id":%q,"JobTitle":null,"UserLifeCycleStatus":"Active"},"CustomerRoles":[{"RoleId":41,"CustomerId":%q,"AccountIds":null}]}`, microsoftCustomer, microsoftUser, microsoftCustomer))
	case "/CustomerManagement/v13/Accounts/Search":
		return s.microsoftAccounts(c)
	}
	if c.r.Header.Get("CustomerId") != microsoftCustomer || c.r.Header.Get("CustomerAccountId") == "" {
		return microsoftError(http.StatusBadRequest, 116, "RequestMissingHeaders", "One or more headers are missing.")
	}
	switch c.path {
	case "/Reporting/v13/GenerateReport/Submit":
		return s.microsoftSubmit(c)
	case "/Reporting/v13/GenerateReport/Poll":
		return s.microsoftPoll(c, body.ReportRequestId)
	}
	return answer{http.StatusNotFound, http.Header{"Content-Type": {"text/plain"}}, []byte("Not found")}
}

func microsoftError(status, code int, name, message string) answer {
	return jsonAnswer(status, fmt.Appendf(nil, `{"TrackingId":"da934449-0000-4000-8000-000000000000","Type":"AdApiFaultDetail","Errors":[{"Code":%d,"Detail":null,"ErrorCode":%q,"Message":%q}]}`, code, name, message))
}

// microsoftRefusal is an error of the reporting service.
func microsoftRefusal(code int, name, message string) answer {
	return jsonAnswer(http.StatusBadRequest, fmt.Appendf(nil, `{"TrackingId":"3c87c4f2-0000-4000-8000-000000000000","Type":"ApiFaultDetail","BatchErrors":[],"OperationErrors":[{"Code":%d,"Details":"","ErrorCode":%q,"Message":%q}]}`, code, name, message))
}

// microsoftFailure answers a fault in Microsoft's form.
func (s *Simulator) microsoftFailure(c *call) answer {
	switch c.fault.Kind {
	case Throttle:
		return microsoftError(http.StatusTooManyRequests, 117, "CallRateExceeded", "You have exceeded the number of calls that are allowed in a minute.")
	case Outage:
		return microsoftError(http.StatusInternalServerError, 0, "InternalError", "An internal error has occurred.")
	case ExpiredToken:
		s.oauth.expire(c.platform)
		return microsoftError(http.StatusUnauthorized, 109, "AuthenticationTokenExpired", "Authentication token expired. Please renew the token or obtain a new one.")
	case RevokedToken:
		if c.path == tokenPath {
			return invalidGrant()
		}
		return microsoftError(http.StatusUnauthorized, 105, "InvalidCredentials", "Authentication failed.")
	case Denied:
		return microsoftError(http.StatusBadRequest, 106, "UserIsNotAuthorized", "The user does not represent a authorized user.")
	case TooMuch:
		return microsoftRefusal(207, "ConcurrentRequestOverLimit", "The number of concurrent report requests is over the limit.")
	case Building:
		if strings.HasSuffix(c.path, "/Poll") {
			return jsonAnswer(http.StatusOK, []byte(`{"ReportRequestStatus":{"Status":"Pending","ReportDownloadUrl":null}}`))
		}
	}
	return jsonAnswer(http.StatusOK, []byte(`{"ReportRequestId":7.5,"ReportRequestStatus":7,"User":7,"Accounts":7}`))
}

func (s *Simulator) microsoftAccounts(c *call) answer {
	var request struct {
		Predicates []struct{ Field, Operator, Value string }
		PageInfo   struct{ Index, Size int }
	}
	if err := json.Unmarshal(c.body, &request); err != nil || len(request.Predicates) != 1 || request.Predicates[0].Field != "UserId" || request.Predicates[0].Value != microsoftUser {
		return microsoftError(http.StatusBadRequest, 100, "InvalidPredicate", "expected UserId")
	}
	all := s.world.Accounts(world.Microsoft)
	size := min(request.PageInfo.Size, 2) // small pages, so that there are several
	start := min(request.PageInfo.Index*request.PageInfo.Size, len(all))
	if request.PageInfo.Size > 2 {
		size = request.PageInfo.Size
	}
	b := []byte(`{"Accounts":[`)
	for i, a := range all[start:min(start+size, len(all))] {
		if i > 0 {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, `{"Id":%q,"Number":"F149%d","CurrencyCode":%q,"TimeZone":%q,"ParentCustomerId":%q,"AccountLifeCycleStatus":"Active","PauseReason":null,"Name":`,
			a.ID, i, a.Currency, microsoftZones[a.Zone.String()], microsoftCustomer)
		b = append(appendValue(b, a.Name, true), '}')
	}
	return jsonAnswer(http.StatusOK, append(b, "]}"...))
}

func (s *Simulator) microsoftSubmit(c *call) answer {
	report := microsoftReport{at: c}
	if err := json.Unmarshal(c.body, &report); err != nil {
		return microsoftError(http.StatusBadRequest, 100, "NullRequest", "The request message is null.")
	}
	r, found := report.ReportRequest, false
	if len(r.Scope.AccountIds) == 1 {
		report.account, found = s.world.Account(world.Microsoft, r.Scope.AccountIds[0])
	}
	switch {
	case !found:
		return microsoftRefusal(2003, "ReportingServiceAccountIdNotAuthorized", "The account is not authorized.")
	case r.Type != "CampaignPerformanceReportRequest" || r.Format != "Csv" || r.FormatVersion != "2.0" || (r.Aggregation != "Daily" && r.Aggregation != "Hourly"):
		return microsoftRefusal(2007, "ReportingServiceInvalidReportAggregation", "The report is not simulated.")
	case r.Time.CustomDateRangeStart.date() < 0 || r.Time.CustomDateRangeEnd.date() < r.Time.CustomDateRangeStart.date():
		return microsoftRefusal(2008, "ReportingServiceInvalidReportTimeSelection", "The time is not valid.")
	case r.Time.ReportTimeZone != microsoftZones[report.account.Zone.String()]:
		return microsoftRefusal(2008, "ReportingServiceInvalidReportTimeSelection", "Days in another zone than the account's are not simulated.")
	case r.ReturnOnlyCompleteData:
		return microsoftRefusal(2004, "ReportingServiceNoCompleteDataAvaliable", "No complete data is available.")
	}
	for _, name := range r.Columns {
		if microsoftColumns[name] == nil {
			return microsoftRefusal(2015, "ReportingServiceRequiredColumnsNotSelected", "unknown column "+name)
		}
	}
	s.microsoft.mu.Lock()
	defer s.microsoft.mu.Unlock()
	s.microsoft.reports = append(s.microsoft.reports, report)
	return jsonAnswer(http.StatusOK, fmt.Appendf(nil, `{"ReportRequestId":"3000001%06d"}`, len(s.microsoft.reports)))
}

// microsoftFind finds a submitted report.
func (s *Simulator) microsoftFind(id string) (microsoftReport, bool) {
	n, err := strconv.Atoi(strings.TrimPrefix(id, "3000001"))
	s.microsoft.mu.Lock()
	defer s.microsoft.mu.Unlock()
	if err != nil || n < 1 || n > len(s.microsoft.reports) {
		return microsoftReport{}, false
	}
	return s.microsoft.reports[n-1], true
}

// microsoftPoll has every report ready at once; a Building fault delays it. A
// report without rows has no file.
func (s *Simulator) microsoftPoll(c *call, id string) answer {
	report, found := s.microsoftFind(id)
	if !found {
		return microsoftRefusal(2100, "ReportingServiceInvalidReportId", "The report id is not valid.")
	}
	if len(s.microsoftRows(c, report)) == 0 {
		return jsonAnswer(http.StatusOK, []byte(`{"ReportRequestStatus":{"Status":"Success","ReportDownloadUrl":null}}`))
	}
	link := "http://" + c.r.Host + c.prefix + "/files/" + id + ".zip?sv=2023-11-03&se=in5minutes&sig=5imulated0signature"
	return jsonAnswer(http.StatusOK, fmt.Appendf(nil, `{"ReportRequestStatus":{"Status":"Success","ReportDownloadUrl":%q}}`, link))
}
