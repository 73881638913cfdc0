package simulator

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"adtop/sources/simulator/world"
)

// appleSecret signs claims as Apple wants them, with some of the text changed.
func appleSecret(t *testing.T, change ...string) string {
	t.Helper()
	now := time.Now().Unix()
	claims := fmt.Sprintf(`{"iss":%q,"sub":%q,"aud":"https://appleid.apple.com","iat":%d,"exp":%d}`, AppleTeamID, AppleClientID, now, now+3600)
	encode := base64.RawURLEncoding.EncodeToString
	text := encode(fmt.Appendf(nil, `{"alg":"ES256","kid":%q}`, AppleKeyID)) + "." + encode([]byte(strings.NewReplacer(change...).Replace(claims)))
	sum := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, appleKey(), sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + encode(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
}

func (r *rig) appleToken(secret string) (int, string) {
	r.t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {"searchadsorg"}, "client_id": {AppleClientID}, "client_secret": {secret}}
	status, _, body := r.do("POST", "/apple_ads"+tokenPath, form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	var token struct {
		AccessToken string `json:"access_token"`
	}
	r.decode(body, &token)
	return status, token.AccessToken
}

func (r *rig) apple(method, path, body string, header ...string) (int, http.Header, string) {
	r.t.Helper()
	_, token := r.appleToken(appleSecret(r.t))
	status, answered, said := r.do(method, "/apple_ads/v1/"+path, body, append([]string{"Authorization", "Bearer " + token, "X-AP-Context", "adAccountId=123456781"}, header...)...)
	return status, answered, string(said)
}

const appleRequest = `{"timeRange":{"start":"2026-11-02","end":"2026-11-03","timeZone":"ORTZ","granularity":"DAILY"},
	"filters":[{"field":"campaignId","operator":"IN","value":[555666771,555666772]}],"pagination":{"offset":0,"pageSize":100}}`

func TestAppleAnswersAsDocumented(t *testing.T) {
	r := rigFor(t, world.Apple)
	_, _, accounts := r.apple("GET", "acls", "")
	sameShape(t, []byte(accounts), fixture(t, "apple_ads/platform_acls.json"), ".result.acls.adAccount.id", ".result.acls.adAccount.name")
	_, header, report := r.apple("POST", "reports/apps/campaigns/query", appleRequest)
	sameShape(t, []byte(report), fixture(t, "apple_ads/platform_campaign_report_daily_abridged.json"), ".result.rows.metadata.id", ".result.rows.metadata.name",
		".result.rows.totalMetrics.localSpend.amount", ".result.rows.granularMetrics.date", ".result.rows.granularMetrics.taps", ".result.rows.granularMetrics.totalInstalls")
	if header.Get("RateLimit-Remaining") == "" || strings.Contains(report, "555666773") {
		t.Errorf("%v %.300s", header, report)
	}
}

func TestAppleTakesOnlySecretsThatAreSignedAsTheyHaveToBe(t *testing.T) {
	r := rigFor(t, world.Apple)
	if status, token := r.appleToken(appleSecret(t)); status != http.StatusOK || token == "" {
		t.Fatalf("a good secret: %d", status)
	}
	later := fmt.Sprint(time.Now().Unix() + 3600)
	for name, secret := range map[string]string{
		"nothing": "", "another team": appleSecret(t, AppleTeamID, "x"), "another audience": appleSecret(t, "appleid", "example"),
		"over": appleSecret(t, later, "1000"), "half a year and more": appleSecret(t, later, fmt.Sprint(time.Now().Unix()+181*24*3600)),
		"changed after it was signed": strings.Replace(appleSecret(t), ".", ".e", 1),
	} {
		if status, token := r.appleToken(secret); status != http.StatusBadRequest || token != "" {
			t.Errorf("%s: %d", name, status)
		}
	}
}

func TestAppleRefusesWhatItDocuments(t *testing.T) {
	r := rigFor(t, world.Apple)
	for says, change := range map[string][2]string{
		"too old": {"2026-11-02", "2026-07-02"}, "granularity": {"2026-11-02", "2026-11-03"}, "campaignId filter": {"campaignId", "adGroupId"}, "campaignId 111222333": {"555666772", appleMaps}, "timeRange": {"ORTZ", "UTC"}, "pageSize": {"100}", "9000}"},
	} {
		if status, _, body := r.apple("POST", "reports/apps/campaigns/query", strings.Replace(appleRequest, change[0], change[1], 1)); status != 400 || !strings.Contains(body, says) {
			t.Errorf("%v: %d %s, want %s", change, status, body, says)
		}
	}
	if status, _, body := r.apple("POST", "reports/apps/campaigns/query", strings.NewReplacer("DAILY", "HOURLY", "2026-11-02", "2026-10-20").Replace(appleRequest)); status != 400 || !strings.Contains(body, "too old") {
		t.Errorf("hours of two weeks ago: %d %s", status, body)
	}
	for want, header := range map[int][]string{403: {"X-AP-Context", "adAccountId=1"}, 400: {"X-AP-Context", "orgId=123456781"}, 401: {"Authorization", "Bearer x"}} {
		if status, _, body := r.apple("POST", "reports/apps/campaigns/query", appleRequest, header...); status != want {
			t.Errorf("%v: %d %s, want %d", header, status, body, want)
		}
	}
	for kind, says := range map[FaultKind]string{
		Throttle: "rate_limit_exceeded", Outage: "SERVICE_UNAVAILABLE", Denied: "FORBIDDEN", TooMuch: "VALIDATION_ERROR", WrongType: `"id":{}`, ExpiredToken: "UNAUTHORIZED", RevokedToken: "UNAUTHORIZED",
	} {
		r.Faults().Set(Fault{Kind: kind, Platform: world.Apple, Path: "/reports/", Times: 1, Wait: time.Minute})
		if _, header, body := r.apple("POST", "reports/apps/campaigns/query", appleRequest); !strings.Contains(body, says) || kind == Throttle && header.Get("RateLimit-Reset") != "60" {
			t.Errorf("%s: %s, want %s", kind, body, says)
		}
	}
}

func TestAppleListsDeletedCampaignsOnlyWhenAsked(t *testing.T) {
	r := rigFor(t, world.Apple)
	for filters, want := range map[string]string{`[]`: `"totalCount":6`, `[{"field":"deleted","operator":"IN","value":[true,false]}]`: `"totalCount":7`} {
		if status, _, body := r.apple("POST", "campaigns/query", `{"filters":`+filters+`,"pagination":{"offset":0,"pageSize":1000}}`); status != 200 || !strings.Contains(body, want) || !strings.Contains(body, "BUSINESS_BRAND") {
			t.Errorf("%s: %d %s, want %s", filters, status, body, want)
		}
	}
}
