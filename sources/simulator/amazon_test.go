package simulator

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"adtop/sources/simulator/world"
)

// amazon asks below a region in the name of a profile.
func (r *rig) amazon(method, path, body string, header ...string) (int, http.Header, string) {
	r.t.Helper()
	status, answered, said := r.do(method, "/amazon_ads/"+path, body, append([]string{
		"Authorization", "Bearer " + r.renewed(world.Amazon), "Amazon-Advertising-API-ClientId", AmazonClientID,
		"Amazon-Advertising-API-Scope", "3312345678901231", "Content-Type", amazonRequestType,
	}, header...)...)
	return status, answered, string(said)
}

const amazonRequest = `{"name":"n","startDate":"2026-11-01","endDate":"2026-11-04","configuration":{"adProduct":"SPONSORED_PRODUCTS","groupBy":["campaign"],
	"columns":["date","campaignId","cost","purchases14d"],"reportTypeId":"spCampaigns","timeUnit":"DAILY","format":"GZIP_JSON"}}`

func TestAmazonAnswersAsRecorded(t *testing.T) {
	r := rigFor(t, world.Amazon)
	_, _, profiles := r.amazon("GET", "eu/v2/profiles?apiProgram=report&accessLevel=view", "")
	sameShape(t, []byte(profiles), fixture(t, "amazon_ads/profiles.json"), ".profileId", ".countryCode", ".currencyCode", ".timezone", ".accountInfo.name", ".accountInfo.type")
	_, _, submitted := r.amazon("POST", "eu/reporting/reports", amazonRequest)
	sameShape(t, []byte(submitted), fixture(t, "amazon_ads/create_sp_campaign_daily.json"), ".reportId", ".status", ".createdAt", ".startDate", ".configuration.columns", ".configuration.timeUnit")
	var report struct{ ReportID string }
	r.decode([]byte(submitted), &report)
	status, _, again := r.amazon("POST", "eu/reporting/reports", amazonRequest)
	if status != http.StatusTooEarly || !strings.Contains(again, "duplicate of : "+report.ReportID) {
		t.Errorf("the same again: %d %s", status, again)
	}
	sameShape(t, []byte(again), fixture(t, "amazon_ads/error_425_duplicate.json"), ".code", ".detail")
	_, _, told := r.amazon("GET", "eu/reporting/reports/"+report.ReportID, "")
	sameShape(t, []byte(told), fixture(t, "amazon_ads/status_completed_empty_file.json"), ".reportId", ".status", ".url")
}

func TestAmazonFilesArePackedListsWithoutSignIn(t *testing.T) {
	r := rigFor(t, world.Amazon)
	var report struct{ ReportID, URL string }
	_, _, submitted := r.amazon("POST", "eu/reporting/reports", amazonRequest)
	r.decode([]byte(submitted), &report)
	_, _, told := r.amazon("GET", "eu/reporting/reports/"+report.ReportID, "")
	r.decode([]byte(told), &report)
	if status, _, body := r.do("GET", report.URL, "", "Authorization", "Bearer x"); status != http.StatusForbidden || !strings.HasPrefix(string(body), "<?xml") {
		t.Errorf("a file was given to a request with credentials: %d %s", status, body)
	}
	_, _, packed := r.do("GET", report.URL, "")
	unpacked, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(unpacked)
	if err != nil || !strings.HasPrefix(string(text), `[{"date":"2026-11-01","campaignId":158410630682981,"cost":`) || strings.Contains(string(text), "158410630682982") {
		t.Errorf("%v, %.300s: want the campaigns of one product", err, text)
	}
}

func TestAmazonRefusesInItsWords(t *testing.T) {
	r := rigFor(t, world.Amazon)
	for says, change := range map[string][2]string{
		"range (32 days) must not exceed": {"2026-11-01", "2026-10-04"}, "columns includes invalid values: (purchases)": {"purchases14d", "purchases"},
		"within the last 95 days": {`"startDate":"2026-11-01","endDate":"2026-11-04"`, `"startDate":"2026-07-01","endDate":"2026-07-04"`}, "adProduct": {"spCampaigns", "sbCampaigns"}, "timeUnit": {"DAILY", "SUMMARY"},
	} {
		if status, _, body := r.amazon("POST", "eu/reporting/reports", strings.Replace(amazonRequest, change[0], change[1], 1)); status != 400 || !strings.Contains(body, says) {
			t.Errorf("%v: %d %s, want %s", change, status, body, says)
		}
	}
	for want, header := range map[int][]string{415: {"Content-Type", "application/json"}, 401: {"Amazon-Advertising-API-Scope", "3312345678901234"}} {
		if status, _, body := r.amazon("POST", "eu/reporting/reports", amazonRequest, header...); status != want {
			t.Errorf("%v: %d %s", header, status, body)
		}
	}
	for kind, says := range map[FaultKind]string{
		Throttle: `"429"`, Outage: `"503"`, Denied: "Not authorized to access scope", TooMuch: "32 days", WrongType: `"reportId":{}`, ExpiredToken: "Unauthorized", RevokedToken: "Unauthorized",
	} {
		r.Faults().Set(Fault{Kind: kind, Platform: world.Amazon, Path: "/reports", Times: 1, Wait: time.Minute})
		if _, header, body := r.amazon("POST", "eu/reporting/reports", amazonRequest); !strings.Contains(body, says) || kind == Throttle && header.Get("Retry-After") != "60" {
			t.Errorf("%s: %s, want %s", kind, body, says)
		}
	}
	if status, _, body := r.amazon("GET", "eu/reporting/reports/1", ""); status != 404 {
		t.Errorf("an unknown report: %d %s", status, body)
	}
}
