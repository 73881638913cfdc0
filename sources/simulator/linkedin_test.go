package simulator

import (
	"strings"
	"testing"

	"adtop/sources/simulator/world"
)

const linkedinQuery = "q=analytics&pivot=CAMPAIGN&timeGranularity=DAILY&dateRange=(start:(year:2026,month:11,day:1),end:(year:2026,month:11,day:2))&accounts=List(urn%3Ali%3AsponsoredAccount%3A508720451)&fields=dateRange,pivotValues,impressions,clicks,costInUsd"

// linkedin asks a path with a query in LinkedIn's notation.
func (r *rig) linkedin(path, query string, header ...string) (int, string) {
	r.t.Helper()
	header = append([]string{"Authorization", "Bearer " + r.renewed(world.LinkedIn), "LinkedIn-Version", LinkedInVersion, "X-Restli-Protocol-Version", "2.0.0"}, header...)
	status, _, body := r.do("GET", "/linkedin_ads/rest/"+path+"?"+query, "", header...)
	return status, string(body)
}

func TestLinkedInAnswersAsRecorded(t *testing.T) {
	r := rigFor(t, world.LinkedIn)
	_, body := r.linkedin("adAnalytics", linkedinQuery)
	sameShape(t, []byte(body), fixture(t, "linkedin_ads/airbyte_ad_campaign_analytics_response_1.json"),
		".elements.clicks", ".elements.impressions", ".elements.pivotValues", ".elements.costInUsd", ".elements.dateRange.start.year", ".elements.dateRange.end.day", ".paging.count")
}

func TestLinkedInRefusesWhatItCannotRead(t *testing.T) {
	r := rigFor(t, world.LinkedIn)
	for name, test := range map[string]struct {
		query  string
		header []string
		status int
	}{
		"encoded brackets":     {strings.NewReplacer("(", "%28", ")", "%29").Replace(linkedinQuery), nil, 400},
		"colons in an id":      {strings.ReplaceAll(linkedinQuery, "%3A", ":"), nil, 400},
		"a version that ended": {linkedinQuery, []string{"LinkedIn-Version", "202501"}, 426},
		"no protocol":          {linkedinQuery, []string{"X-Restli-Protocol-Version", "1.0.0"}, 400},
		"another token":        {linkedinQuery, []string{"Authorization", "Bearer x"}, 401},
		"no token":             {linkedinQuery, []string{"Authorization", ""}, 401},
	} {
		if status, body := r.linkedin("adAnalytics", test.query, test.header...); status != test.status || !strings.Contains(body, `"message":`) {
			t.Errorf("%s: %d %s, want %d", name, status, body, test.status)
		}
	}
	for kind, want := range map[FaultKind]int{Throttle: 429, Outage: 503, ExpiredToken: 401, Denied: 200, TooMuch: 414, WrongType: 200} {
		r.Faults().Set(Fault{Kind: kind, Platform: world.LinkedIn, Path: "adAnalytics", Times: 1})
		if status, body := r.linkedin("adAnalytics", linkedinQuery); status != want || strings.Contains(body, "sponsoredCampaign") {
			t.Errorf("%s: %d %s", kind, status, body)
		}
	}
	if status, body := r.linkedin("adAccounts/1", ""); status != 404 {
		t.Errorf("an unknown account: %d %s", status, body)
	}
}
