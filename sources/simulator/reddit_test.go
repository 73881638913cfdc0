package simulator

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"adtop/sources/simulator/world"
)

const redditRequest = `{"data":{"starts_at":"2026-11-01T00:00:00Z","ends_at":"2026-11-02T00:00:00Z","time_zone_id":"Europe/Berlin","breakdowns":["DATE","CAMPAIGN_ID"],"fields":["IMPRESSIONS","CLICKS","SPEND","CPC","CTR"]}}`

// reddit asks for a report.
func (r *rig) reddit(body string, header ...string) (int, string) {
	r.t.Helper()
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {RedditRefreshToken}}
	_, _, signedIn := r.do("POST", "/reddit_ads"+tokenPath, form.Encode(), "Content-Type", "application/x-www-form-urlencoded", "User-Agent", "adtop/1.0 (by /u/acme)",
		"Authorization", "Basic NWltdWxhdGVkMHJlZGRpdDBpZDo1aW11bGF0ZWQwcmVkZGl0MHNlY3JldA==")
	var token struct {
		AccessToken string `json:"access_token"`
	}
	r.decode(signedIn, &token)
	header = append([]string{"Authorization", "Bearer " + token.AccessToken, "User-Agent", "adtop/1.0 (by /u/acme)"}, header...)
	status, _, answer := r.do("POST", "/reddit_ads/api/v3/ad_accounts/a2_conformance1/reports", body, header...)
	return status, string(answer)
}

func TestRedditAnswersAsRecorded(t *testing.T) {
	r := rigFor(t, world.Reddit)
	_, body := r.reddit(redditRequest)
	sameShape(t, []byte(body), fixture(t, "reddit_ads/report_page.json"),
		".data.metrics.date", ".data.metrics.impressions", ".data.metrics.clicks", ".data.metrics.spend", ".data.metrics.ctr", ".data.metrics.cpc", ".data.metrics_updated_at")
}

func TestRedditRefusesWithFields(t *testing.T) {
	r := rigFor(t, world.Reddit)
	for says, change := range map[string][2]string{"data/fields/1": {"CLICKS", "WISH"}, "data/breakdowns": {`"DATE"`, `"HOUR"`}, "data/starts_at": {"T00:00:00Z", "T00:30:00Z"}} {
		if status, body := r.reddit(strings.Replace(redditRequest, change[0], change[1], 1)); status != 400 || !strings.Contains(body, says) {
			t.Errorf("%v: %d %s", change, status, body)
		}
	}
	for kind, want := range map[FaultKind]int{Throttle: 429, Outage: 503, ExpiredToken: 401, Denied: 403, TooMuch: 400, WrongType: 200} {
		r.Faults().Set(Fault{Kind: kind, Platform: world.Reddit, Path: "reports", Times: 1, Wait: time.Minute})
		if status, body := r.reddit(redditRequest); status != want || strings.Contains(body, "campaign_id") {
			t.Errorf("%s: %d %s", kind, status, body)
		}
	}
	if status, _ := r.reddit(redditRequest, "User-Agent", "Go-http-client/1.1"); status != 429 {
		t.Errorf("nobody in particular: %d", status)
	}
}
