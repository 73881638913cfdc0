package simulator

import (
	"encoding/csv"
	"net/url"
	"strings"
	"testing"

	"adtop/sources/simulator/world"
)

// appsflyer asks for a report of an app.
func (r *rig) appsflyer(app string, change ...string) (int, string) {
	r.t.Helper()
	q := url.Values{"from": {"2026-11-02"}, "to": {"2026-11-03"}, "timezone": {"Europe/Berlin"}, "currency": {"preferred"}}
	for i := 0; i < len(change); i += 2 {
		q.Set(change[i], change[i+1])
	}
	status, _, body := r.do("GET", "/appsflyer/api/agg-data/export/app/"+app+"/partners_by_date_report/v5?"+q.Encode(), "", "Authorization", "Bearer "+AppsFlyerToken)
	return status, string(body)
}

func TestAppsFlyerAnswersAsRecorded(t *testing.T) {
	r := rigFor(t, world.AppsFlyer)
	_, report := r.appsflyer("com.acme.shop")
	table, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(report, "\ufeff"))).ReadAll()
	if err != nil || len(table) < 10 {
		t.Fatalf("%d lines, %v", len(table), err)
	}
	header := strings.Join(table[0], ",")
	totals, _, _ := strings.Cut(string(fixture(t, "appsflyer/partners_report_v5.csv")), "\n")
	events, _, _ := strings.Cut(string(fixture(t, "appsflyer/partners_by_date_report_v5.csv")), "\n")
	if !strings.HasPrefix(header, "Date,"+totals+",") {
		t.Errorf("has the columns %s, recorded are %s", header, totals)
	}
	if triple := events[strings.Index(events, "Installs,")+len("Installs,"):]; !strings.HasSuffix(header, strings.NewReplacer("af_start_trial", "af_purchase", "GBP", "EUR").Replace(triple)) {
		t.Errorf("ends with other columns than %s: %s", triple, header)
	}
	for _, part := range []string{"\ufeffDate,", "\r\n2026-11-02,None,googleadwords_int,Spring,", ",Organic,None,N/A,N/A,N/A,", `,googleadwords_int,"Line`} {
		if !strings.Contains(report, part) {
			t.Errorf("%q is not in %.500s", part, report)
		}
	}
	_, _, apps := r.do("GET", "/appsflyer/api/mng/apps?limit=1000&offset=0", "", "Authorization", "Bearer "+AppsFlyerToken)
	sameShape(t, apps, fixture(t, "appsflyer/app_list.json"), ".data.id", ".data.attributes.currency", ".data.attributes.time_zone", ".links.self", ".meta.total_items")
}

func TestAppsFlyersDaysAreThoseOfUTCUnlessTheAppsOwnZoneIsNamed(t *testing.T) {
	r := rigFor(t, world.AppsFlyer)
	_, own := r.appsflyer("id1234567890", "timezone", "Asia/Tokyo")
	_, other := r.appsflyer("id1234567890", "timezone", "Europe/Berlin")
	_, none := r.appsflyer("id1234567890", "timezone", "")
	if own == other || other != none {
		t.Errorf("own zone %.300s, another %.300s, none %.300s", own, other, none)
	}
}

func TestAppsFlyerRefusesWhatItDocuments(t *testing.T) {
	r := rigFor(t, world.AppsFlyer)
	if status, body := r.appsflyer("com.acme.shop", "from", "yesterday"); status != 400 || !strings.Contains(body, "Invalid date range") {
		t.Errorf("no date: %d %s", status, body)
	}
	if status, body := r.appsflyer("com.acme.elsewhere"); status != 404 || !strings.HasPrefix(body, "<html>") {
		t.Errorf("another account's app: %d %s", status, body)
	}
	if status, _, body := r.do("GET", "/appsflyer/api/mng/apps?api_token="+AppsFlyerToken, ""); status != 401 || !strings.Contains(string(body), "Supplied API token is invalid") {
		t.Errorf("a token as V1 had it: %d %s", status, body)
	}
	for n := range 25 {
		status, body := r.appsflyer("com.acme.shop", "from", "2026-10-20")
		if spent := n >= 24; spent != (status == 403 && body == "Limit reached for partners-daily-report") {
			t.Fatalf("question %d about many days: %d %.100s", n+1, status, body)
		}
	}
	if status, _ := r.appsflyer("com.acme.shop"); status != 200 {
		t.Errorf("two days on a spent day: %d", status)
	}
	if status, _ := r.appsflyer("com.acme.us", "from", "2026-10-20"); status != 200 {
		t.Errorf("another app: %d", status)
	}
	for kind, want := range map[FaultKind]int{Throttle: 400, Outage: 503, ExpiredToken: 401, Denied: 403, TooMuch: 403, WrongType: 200} {
		r.Faults().Set(Fault{Kind: kind, Platform: world.AppsFlyer, Path: "/agg-data/", Times: 1})
		if status, body := r.appsflyer("com.acme.shop"); status != want || strings.Contains(body, "Installs") {
			t.Errorf("%s: %d %s", kind, status, body)
		}
	}
}
