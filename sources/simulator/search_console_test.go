package simulator

import (
	"strings"
	"testing"

	"adtop/sources/simulator/world"
)

func (r *rig) search(method, path, body string) (int, string) {
	r.t.Helper()
	_, token := r.serviceToken(world.SearchConsole, serviceAssertion(r.t, searchScope))
	status, _, said := r.do(method, "/search_console/webmasters/v3/sites"+path, body, "Authorization", "Bearer "+token)
	return status, string(said)
}

const searchRequest = `{"startDate":"2026-11-01","endDate":"2026-11-03","dimensions":["date"],"type":"web","dataState":"all","rowLimit":100,"startRow":0}`

func TestSearchConsoleAnswersAsRecorded(t *testing.T) {
	r := rigFor(t, world.SearchConsole)
	_, sites := r.search("GET", "", "")
	sameShape(t, []byte(sites), fixture(t, "search_console/sites_list.json"), ".siteEntry.siteUrl", ".siteEntry.permissionLevel")
	_, days := r.search("POST", "/sc-domain%3Atests.example/searchAnalytics/query", searchRequest)
	sameShape(t, []byte(days), fixture(t, "search_console/query_by_date_device.json"), ".rows.keys", ".rows.clicks", ".rows.impressions", ".rows.ctr", ".rows.position")
	_, hours := r.search("POST", "/sc-domain%3Atests.example/searchAnalytics/query", strings.NewReplacer(`"date"`, `"hour"`, `"all"`, `"hourly_all"`).Replace(searchRequest))
	sameShape(t, []byte(hours), fixture(t, "search_console/hourly_query_blog_sample.json"), ".rows.keys", ".rows.clicks")
	if !strings.Contains(hours, `T00:00:00-07:00"`) || !strings.Contains(hours, "first_incomplete_hour") || !strings.Contains(days, "first_incomplete_date") {
		t.Errorf("%.300s", hours)
	}
}

func TestSearchConsoleRefusesWhatItDocuments(t *testing.T) {
	r := rigFor(t, world.SearchConsole)
	for says, change := range map[string][2]string{
		"dimensions": {`"date"`, `"query"`}, "dataState": {`"all"`, `"hourly_all"`}, "rowLimit": {`100`, `25001`}, "startDate": {"2026-11-01", "2026-11-04"}, "JSON": {`"type"`, "x"},
	} {
		if status, body := r.search("POST", "/sc-domain:tests.example/searchAnalytics/query", strings.Replace(searchRequest, change[0], change[1], 1)); status != 400 || !strings.Contains(body, says) {
			t.Errorf("%v: %d %s, want %s", change, status, body, says)
		}
	}
	older := strings.NewReplacer(`"date"`, `"hour"`, `"all"`, `"hourly_all"`, "2026-11-01", "2026-10-20").Replace(searchRequest)
	if status, body := r.search("POST", "/sc-domain:tests.example/searchAnalytics/query", older); status != 400 || !strings.Contains(body, "ten days") {
		t.Errorf("older hours: %d %s", status, body)
	}
	if status, _ := r.search("POST", "/sc-domain:other.example/searchAnalytics/query", searchRequest); status != 403 {
		t.Errorf("another site: %d", status)
	}
	for kind, says := range map[FaultKind]string{
		Throttle: "rateLimitExceeded", Outage: "backendError", Denied: "forbidden", TooMuch: "accessNotConfigured", WrongType: `"keys":7`, ExpiredToken: "authError", RevokedToken: "authError",
	} {
		r.Faults().Set(Fault{Kind: kind, Platform: world.SearchConsole, Path: "/searchAnalytics/", Times: 1})
		if _, body := r.search("POST", "/sc-domain:tests.example/searchAnalytics/query", searchRequest); !strings.Contains(body, says) {
			t.Errorf("%s: %s, want %s", kind, body, says)
		}
	}
}
