package simulator

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"adtop/sources/simulator/world"
)

// pinterest asks a path of an account.
func (r *rig) pinterest(path string, change ...string) (int, string) {
	r.t.Helper()
	q := url.Values{
		"start_date": {"2026-11-01"}, "end_date": {"2026-11-02"}, "granularity": {"DAY"}, "campaign_ids": {"626735565831,626735565832"},
		"columns": {"SPEND_IN_DOLLAR,TOTAL_CLICKTHROUGH"}, "page_size": {"250"},
	}
	for i := 0; i < len(change); i += 2 {
		q.Set(change[i], change[i+1])
	}
	status, _, body := r.do("GET", "/pinterest_ads/v5/ad_accounts/"+path+"?"+q.Encode(), "", "Authorization", "Bearer "+r.pinterestToken())
	return status, string(body)
}

// pinterestToken signs in with id and secret in a header.
func (r *rig) pinterestToken() string {
	r.t.Helper()
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {PinterestRefreshToken}}
	_, _, body := r.do("POST", "/pinterest_ads"+tokenPath, form.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Authorization", "Basic MTQ4MDAwMDo1aW11bGF0ZWQwcGludGVyZXN0MHNlY3JldA==")
	var token struct {
		AccessToken string `json:"access_token"`
	}
	r.decode(body, &token)
	return token.AccessToken
}

func TestPinterestAnswersAsDocumented(t *testing.T) {
	r := rigFor(t, world.Pinterest)
	_, body := r.pinterest("549755885171/campaigns/analytics")
	sameShape(t, []byte(body), fixture(t, "pinterest_ads/openapi_campaign_analytics_example.json"), ".DATE", ".CAMPAIGN_ID", ".SPEND_IN_DOLLAR", ".TOTAL_CLICKTHROUGH")
	if !strings.HasPrefix(body, "[") || strings.Contains(body, "626735565833") {
		t.Errorf("answers %.200s", body)
	}
}

func TestPinterestRefusesWhatItDocuments(t *testing.T) {
	r := rigFor(t, world.Pinterest)
	for says, change := range map[string][]string{
		"Invalid ad account campaign analytics parameters.": {"start_date", "2026-01-01"},
		"Invalid column": {"columns", "WISH"},
	} {
		if status, body := r.pinterest("549755885171/campaigns/analytics", change...); status != 400 || !strings.Contains(body, says) {
			t.Errorf("%v: %d %s", change, status, body)
		}
	}
	for kind, want := range map[FaultKind]int{Throttle: 429, Outage: 503, ExpiredToken: 401, Denied: 403, TooMuch: 400, WrongType: 200} {
		r.Faults().Set(Fault{Kind: kind, Platform: world.Pinterest, Path: "analytics", Times: 1, Wait: time.Minute})
		if status, body := r.pinterest("549755885171/campaigns/analytics"); status != want || strings.Contains(body, "TOTAL_CLICKTHROUGH") {
			t.Errorf("%s: %d %s", kind, status, body)
		}
	}
	r.Faults().Set(Fault{Kind: Throttle, Platform: world.Pinterest, Path: "analytics", Times: 1, Wait: 3 * time.Hour})
	if status, body := r.pinterest("549755885171/campaigns/analytics"); status != 400 || !strings.Contains(body, "Retry after 10800 seconds") {
		t.Errorf("a long wait: %d %s", status, body)
	}
	if status, body := r.pinterest("1/campaigns"); status != 404 || !strings.Contains(body, "AdAccount not found.") {
		t.Errorf("an unknown account: %d %s", status, body)
	}
}
