package simulator

import (
	"archive/zip"
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"adtop/sources/simulator/world"
)

// renewed exchanges the refresh token of a platform for an access token.
func (r *rig) renewed(platform string) string {
	r.t.Helper()
	app := oauthApps[platform]
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {app.refresh}, "client_id": {app.id}}
	if app.secret != "" {
		form.Set("client_secret", app.secret)
	}
	_, _, body := r.do("POST", "/"+platform+tokenPath, form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	var token struct {
		AccessToken string `json:"access_token"`
	}
	r.decode(body, &token)
	if token.AccessToken == "" {
		r.t.Fatalf("no access token: %s", body)
	}
	return token.AccessToken
}

// microsoft asks a service with the headers of an account.
func (r *rig) microsoft(path, body string) (int, string) {
	r.t.Helper()
	status, _, answer := r.do("POST", "/microsoft_ads"+path, body, "Authorization", "Bearer "+r.renewed(world.Microsoft),
		"DeveloperToken", MicrosoftDeveloperToken, "CustomerId", microsoftCustomer, "CustomerAccountId", "180535601")
	return status, string(answer)
}

const microsoftRequest = `{"ReportRequest":{"Type":"CampaignPerformanceReportRequest","Format":"Csv","FormatVersion":"2.0","Aggregation":"Hourly",
	"Columns":["TimePeriod","CampaignId","Spend"],"Scope":{"AccountIds":["180535601"]},
	"Time":{"CustomDateRangeStart":{"Day":1,"Month":11,"Year":2026},"CustomDateRangeEnd":{"Day":1,"Month":11,"Year":2026},"ReportTimeZone":"AmsterdamBerlinBernRomeStockholmVienna"}}}`

func TestMicrosoftAnswersAsRecorded(t *testing.T) {
	r := rigFor(t, world.Microsoft)
	_, accounts := r.microsoft("/CustomerManagement/v13/Accounts/Search", `{"Predicates":[{"Field":"UserId","Operator":"Equals","Value":"123456789"}],"PageInfo":{"Index":0,"Size":1000}}`)
	sameShape(t, []byte(accounts), fixture(t, "microsoft_ads/accounts_search.json"), ".Accounts.Id", ".Accounts.Name", ".Accounts.CurrencyCode", ".Accounts.TimeZone", ".Accounts.ParentCustomerId")
	_, user := r.microsoft("/CustomerManagement/v13/User/Query", `{"UserId":null}`)
	sameShape(t, []byte(user), fixture(t, "microsoft_ads/user_query.json"), ".User.Id")
	_, submitted := r.microsoft("/Reporting/v13/GenerateReport/Submit", microsoftRequest)
	sameShape(t, []byte(submitted), fixture(t, "microsoft_ads/submit_ok.json"), ".ReportRequestId")
	_, polled := r.microsoft("/Reporting/v13/GenerateReport/Poll", submitted)
	sameShape(t, []byte(polled), fixture(t, "microsoft_ads/poll_success.json"), ".ReportRequestStatus.Status", ".ReportRequestStatus.ReportDownloadUrl")
}

func TestMicrosoftFilesAreZippedTablesWithoutSignIn(t *testing.T) {
	r := rigFor(t, world.Microsoft)
	_, submitted := r.microsoft("/Reporting/v13/GenerateReport/Submit", microsoftRequest)
	var polled struct {
		Status struct {
			Link string `json:"ReportDownloadUrl"`
		} `json:"ReportRequestStatus"`
	}
	_, body := r.microsoft("/Reporting/v13/GenerateReport/Poll", submitted)
	r.decode([]byte(body), &polled)
	if status, _, _ := r.do("GET", polled.Status.Link, "", "Authorization", "Bearer x"); status != http.StatusBadRequest {
		t.Errorf("a file was given to a request with credentials: %d", status)
	}
	_, _, packed := r.do("GET", polled.Status.Link, "")
	archive, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil || len(archive.File) != 1 {
		t.Fatal(err)
	}
	file, err := archive.File[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(file)
	if err != nil || !strings.HasPrefix(string(text), "\ufeff\"Report Name: ") || !strings.Contains(string(text), "\"2026-11-01|00\",\"53101622") || !strings.HasSuffix(string(text), "All rights reserved. \"\r\n") {
		t.Errorf("%v, %.300s", err, text)
	}
}

func TestMicrosoftRefusesWithCodes(t *testing.T) {
	r := rigFor(t, world.Microsoft)
	for says, change := range map[string][2]string{
		`"Code":2003`: {`"180535601"`, `"1"`}, `"Code":2007`: {"Hourly", "Weekly"}, `"Code":2008`: {`"ReportTimeZone":"A`, `"ReportTimeZone":"B`}, `"Code":2015`: {"Spend", "Wish"},
	} {
		if status, body := r.microsoft("/Reporting/v13/GenerateReport/Submit", strings.Replace(microsoftRequest, change[0], change[1], 1)); status != 400 || !strings.Contains(body, says) {
			t.Errorf("%v: %d %s, want %s", change, status, body, says)
		}
	}
	for kind, says := range map[FaultKind]string{
		Throttle: `"Code":117`, Outage: `"Code":0`, Denied: `"Code":106`, TooMuch: `"Code":207`, Building: `"Pending"`, WrongType: `"ReportRequestStatus":7`, ExpiredToken: `"Code":109`,
	} {
		r.Faults().Set(Fault{Kind: kind, Platform: world.Microsoft, Path: "Poll", Times: 1})
		if _, body := r.microsoft("/Reporting/v13/GenerateReport/Poll", `{"ReportRequestId":"1"}`); !strings.Contains(body, says) {
			t.Errorf("%s: %s, want %s", kind, body, says)
		}
	}
	if status, _, body := r.do("POST", "/microsoft_ads/Reporting/v13/GenerateReport/Poll", "{}"); status != 401 || !strings.Contains(string(body), `"Code":109`) {
		t.Errorf("without sign-in: %d %s", status, body)
	}
}
