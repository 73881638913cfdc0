package simulator

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"adtop/sources/simulator/world"
)

// serviceAssertion signs claims as Google wants them, with some of the text changed.
func serviceAssertion(t *testing.T, scope string, change ...string) string {
	t.Helper()
	now := time.Now().Unix()
	claims := fmt.Sprintf(`{"iss":%q,"scope":%q,"aud":"https://oauth2.googleapis.com/token","iat":%d,"exp":%d}`, ServiceAccountEmail, scope, now, now+600)
	encode := base64.RawURLEncoding.EncodeToString
	text := encode(fmt.Appendf(nil, `{"alg":"RS256","typ":"JWT","kid":%q}`, serviceKeyID)) + "." + encode([]byte(strings.NewReplacer(change...).Replace(claims)))
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, serviceKey(), crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + encode(signature)
}

func (r *rig) serviceToken(platform, assertion string) (int, string) {
	r.t.Helper()
	form := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {assertion}}
	status, _, body := r.do("POST", "/"+platform+tokenPath, form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	var token struct {
		AccessToken string `json:"access_token"`
	}
	r.decode(body, &token)
	return status, token.AccessToken
}

func (r *rig) ga4(method, path, body string) (int, string) {
	r.t.Helper()
	_, token := r.serviceToken(world.GA4, serviceAssertion(r.t, ga4Scope))
	status, _, said := r.do(method, "/ga4/v1beta/"+path, body, "Authorization", "Bearer "+token)
	return status, string(said)
}

const ga4Request = `{"dateRanges":[{"startDate":"2026-11-02","endDate":"2026-11-03"}],"dimensions":[{"name":"date"}],"metrics":[{"name":"activeUsers"}],"limit":"100","offset":"0"}`

func TestGA4AnswersAsRecorded(t *testing.T) {
	r := rigFor(t, world.GA4)
	_, report := r.ga4("POST", "properties/213025501:runReport", ga4Request)
	sameShape(t, []byte(report), fixture(t, "ga4/run_report_by_date.json"), ".dimensionHeaders.name", ".metricHeaders.type", ".rows.dimensionValues.value",
		".rows.metricValues.value", ".rowCount", ".metadata.currencyCode", ".metadata.timeZone", ".kind")
	_, report = r.ga4("POST", "properties/213025503:runReport", ga4Request)
	sameShape(t, []byte(report), fixture(t, "ga4/run_report_without_rows.json"), ".rowCount", ".metadata.timeZone")
	if strings.Contains(report, `"rows"`) {
		t.Errorf("without visits: %s", report)
	}
}

func TestGA4TakesOnlyAssertionsThatAreSignedAsTheyHaveToBe(t *testing.T) {
	r := rigFor(t, world.GA4)
	if status, token := r.serviceToken(world.GA4, serviceAssertion(t, ga4Scope)); status != 200 || token == "" {
		t.Fatalf("a good assertion: %d", status)
	}
	later := fmt.Sprint(time.Now().Unix() + 600)
	for name, assertion := range map[string]string{
		"nothing": "", "another scope": serviceAssertion(t, "email"), "another account": serviceAssertion(t, ga4Scope, "adtop@", "x@"),
		"over": serviceAssertion(t, ga4Scope, later, "1000"), "too long": serviceAssertion(t, ga4Scope, later, fmt.Sprint(time.Now().Unix()+7200)),
		"changed after it was signed": strings.Replace(serviceAssertion(t, ga4Scope), ".", ".e", 1),
	} {
		if status, token := r.serviceToken(world.GA4, assertion); status != 400 || token != "" {
			t.Errorf("%s: %d", name, status)
		}
	}
}

func TestGA4RefusesWhatItDocuments(t *testing.T) {
	r := rigFor(t, world.GA4)
	for says, change := range map[string][2]string{
		"not a valid dimension": {`"date"}`, `"campaign"}`}, "not a valid metric": {"activeUsers", "clicks"}, "limit": {`"100"`, `"250001"`}, "dateRanges": {"2026-11-02", "02.11.2026"}, "JSON": {`"dateRanges"`, "x"},
	} {
		if status, body := r.ga4("POST", "properties/213025501:runReport", strings.Replace(ga4Request, change[0], change[1], 1)); status != 400 || !strings.Contains(body, says) {
			t.Errorf("%v: %d %s, want %s", change, status, body, says)
		}
	}
	for path, want := range map[string]int{"properties/1": 403, "properties/213025501:runReport": 404, "accountSummaries?pageSize=0": 400, "properties/213025501": 200} {
		if status, body := r.ga4("GET", path, ""); status != want {
			t.Errorf("%s: %d %s, want %d", path, status, body, want)
		}
	}
	for kind, says := range map[FaultKind]string{
		Throttle: "concurrent", Outage: "UNAVAILABLE", Denied: "sufficient permissions", TooMuch: "SERVICE_DISABLED", WrongType: `"dimensionValues":7`, ExpiredToken: "UNAUTHENTICATED", RevokedToken: "UNAUTHENTICATED",
	} {
		r.Faults().Set(Fault{Kind: kind, Platform: world.GA4, Path: ":runReport", Times: 1})
		if _, body := r.ga4("POST", "properties/213025501:runReport", ga4Request); !strings.Contains(body, says) {
			t.Errorf("%s: %s, want %s", kind, body, says)
		}
	}
}
