package simulator

import (
	"net/url"
	"strings"
	"testing"

	"adtop/sources/simulator/world"
)

// taboola asks a path with a good token.
func (r *rig) taboola(path string, parameters ...string) (int, string) {
	r.t.Helper()
	q := url.Values{}
	for i := 0; i < len(parameters); i += 2 {
		q.Set(parameters[i], parameters[i+1])
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {TaboolaClientID}, "client_secret": {TaboolaClientSecret}}
	_, _, body := r.do("POST", "/taboola"+tokenPath, form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	var token struct {
		AccessToken string `json:"access_token"`
	}
	r.decode(body, &token)
	status, _, body := r.do("GET", "/taboola/api/1.0/"+path+"?"+q.Encode(), "", "Authorization", "Bearer "+token.AccessToken)
	return status, string(body)
}

const taboolaHours = "acme-berlin-sc/reports/campaign-summary/dimensions/campaign_hour_breakdown"

func TestTaboolaAnswersInTheDocumentedForm(t *testing.T) {
	r := rigFor(t, world.Taboola)
	_, body := r.taboola(taboolaHours, "start_date", "2026-11-02T00:00:00", "end_date", "2026-11-03T23:59:59")
	for _, part := range []string{`"last-used-rawdata-update-time":"2026-11-04 11:40:00.0"`, `"timezone":"CET"`, `"results":[null,{`, `{"date":"2026-11-02 00:00:00.0","campaign":"3310420`} {
		if !strings.Contains(body, part) {
			t.Errorf("%s is not in %.600s", part, body)
		}
	}
	if _, body := r.taboola("acme-empty-sc/reports/campaign-summary/dimensions/campaign_day_breakdown", "start_date", "2026-11-02", "end_date", "2026-11-03"); !strings.Contains(body, `"results":null`) {
		t.Errorf("nothing to report: %s", body)
	}
	if _, body := r.taboola("users/current/allowed-accounts"); !strings.Contains(body, `"type":"NETWORK"`) || strings.Contains(body, "acme-us-sc") {
		t.Errorf("accounts of the user: %s", body)
	}
	if _, body := r.taboola("acme-network/advertisers"); !strings.Contains(body, `"time_zone_name":"US/Eastern"`) || strings.Contains(body, "acme-berlin-sc") {
		t.Errorf("advertisers of the network: %s", body)
	}
}

func TestTaboolaRefusesWhatItDocuments(t *testing.T) {
	r := rigFor(t, world.Taboola)
	for says, span := range map[string][2]string{
		"longer than 48 hours":           {"2026-11-01T00:00:00", "2026-11-03T23:59:59"},
		`"offending_field":"start_date"`: {"yesterday", "2026-11-01T23:59:59"},
		`"offending_field":"end_date"`:   {"2026-11-02T00:00:00", "2026-11-01"},
	} {
		if status, body := r.taboola(taboolaHours, "start_date", span[0], "end_date", span[1]); status != 400 || !strings.Contains(body, says) {
			t.Errorf("%v: %d %s", span, status, body)
		}
	}
	if status, body := r.taboola(strings.Replace(taboolaHours, "acme-berlin-sc", "1234568", 1)); status != 404 || !strings.Contains(body, `"http_status":404`) {
		t.Errorf("the number of an account: %d %s", status, body)
	}
	if status, _, body := r.do("GET", "/taboola/api/1.0/users/current/allowed-accounts", ""); status != 401 || !strings.HasPrefix(string(body), "<UnauthorizedException><error>unauthorized</error>") {
		t.Errorf("without a token: %d %s", status, body)
	}
	if status, _, body := r.do("POST", "/taboola"+tokenPath, "grant_type=client_credentials&client_id=x&client_secret=y"); status != 400 || !strings.HasPrefix(string(body), "<BadClientCredentialsException><error>invalid_client</error>") {
		t.Errorf("wrong credentials: %d %s", status, body)
	}
	for kind, want := range map[FaultKind]int{Throttle: 429, Outage: 503, ExpiredToken: 401, Denied: 403, TooMuch: 400, WrongType: 200} {
		r.Faults().Set(Fault{Kind: kind, Platform: world.Taboola, Path: "/reports/", Times: 1})
		if status, body := r.taboola(taboolaHours, "start_date", "2026-11-02T00:00:00", "end_date", "2026-11-02T23:59:59"); status != want || strings.Contains(body, "recordCount") {
			t.Errorf("%s: %d %s", kind, status, body)
		}
	}
}
