package simulator

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"adtop/sources/simulator/world"
)

const snapAccount = "8adc3db7-8148-4fbf-999c-8d2266369d71"

// snap asks a path below the version.
func (r *rig) snap(path string, change ...string) (int, string) {
	r.t.Helper()
	q := url.Values{
		"breakdown": {"campaign"}, "granularity": {"HOUR"}, "fields": {"impressions,swipes,spend"}, "omit_empty": {"true"}, "action_report_time": {"impression"},
		"start_time": {"2026-11-01T00:00:00.000+01:00"}, "end_time": {"2026-11-02T00:00:00.000+01:00"},
	}
	for i := 0; i < len(change); i += 2 {
		q.Set(change[i], change[i+1])
	}
	status, _, body := r.do("GET", "/snapchat_ads/v1/"+path+"?"+q.Encode(), "", "Authorization", "Bearer "+r.renewed(world.Snapchat))
	return status, string(body)
}

func TestSnapchatAnswersAsRecorded(t *testing.T) {
	r := rigFor(t, world.Snapchat)
	_, stats := r.snap("adaccounts/" + snapAccount + "/stats")
	var page struct {
		Stats []struct {
			Stat struct {
				Breakdown struct {
					Campaign json.RawMessage `json:"campaign"`
				} `json:"breakdown_stats"`
			} `json:"timeseries_stat"`
		} `json:"timeseries_stats"`
	}
	r.decode([]byte(stats), &page)
	var recorded struct {
		Stats []struct {
			Stat json.RawMessage `json:"timeseries_stat"`
		} `json:"timeseries_stats"`
	}
	r.decode(fixture(t, "snapchat_ads/airbyte_hour_raw_shape.json"), &recorded)
	sameShape(t, page.Stats[0].Stat.Breakdown.Campaign, recorded.Stats[0].Stat, ".id", ".type", ".granularity", ".timeseries.start_time", ".timeseries.end_time", ".timeseries.stats.swipes", ".timeseries.stats.spend")
	_, accounts := r.snap("organizations/" + snapOrganization + "/adaccounts")
	sameShape(t, []byte(accounts), fixture(t, "snapchat_ads/snapads4j_getSnapAllAdAccounts.json"),
		".request_status", ".adaccounts.sub_request_status", ".adaccounts.adaccount.id", ".adaccounts.adaccount.name", ".adaccounts.adaccount.currency", ".adaccounts.adaccount.timezone")
	_, campaigns := r.snap("adaccounts/" + snapAccount + "/campaigns")
	sameShape(t, []byte(campaigns), fixture(t, "snapchat_ads/snapads4j_getSnapAllCampaigns.json"), ".campaigns.campaign.id", ".campaigns.campaign.name", ".campaigns.campaign.status")
}

func TestSnapchatInsistsOnAlignedBounds(t *testing.T) {
	r := rigFor(t, world.Snapchat)
	for says, change := range map[string][]string{
		"beginning of an hour": {"start_time", "2026-11-01T00:30:00.000+01:00"},
		"start of day":         {"granularity", "DAY", "start_time", "2026-11-01T00:00:00.000+02:00"},
		"at most 7 days":       {"end_time", "2026-11-09T00:00:00.000+01:00"},
		"at most 31 days":      {"granularity", "DAY", "end_time", "2026-12-09T00:00:00.000+01:00"},
		"unknown field":        {"fields", "wish"},
	} {
		if status, body := r.snap("adaccounts/"+snapAccount+"/stats", change...); status != 400 || !strings.Contains(body, says) {
			t.Errorf("%v: %d %s", change, status, body)
		}
	}
	for kind, want := range map[FaultKind]int{Throttle: 429, Outage: 503, ExpiredToken: 401, Denied: 403, TooMuch: 200, WrongType: 200} {
		r.Faults().Set(Fault{Kind: kind, Platform: world.Snapchat, Path: "/stats", Times: 1})
		if status, body := r.snap("adaccounts/" + snapAccount + "/stats"); status != want || strings.Contains(body, "CAMPAIGN") {
			t.Errorf("%s: %d %s", kind, status, body)
		}
	}
	if status, body := r.snap("adaccounts/x/stats"); status != 404 {
		t.Errorf("an unknown account: %d %s", status, body)
	}
}
