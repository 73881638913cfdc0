package simulator

import (
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"adtop/sources/simulator/world"
)

// rigFor is a simulator of the world of one platform.
func rigFor(t *testing.T, platform string) *rig {
	r := &rig{t: t, now: world.ConformanceAutumn}
	r.Simulator = New(world.ConformanceFor(platform), func() time.Time { return r.now })
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	r.url = server.URL
	return r
}

// tiktok asks the report with some parameters changed.
func (r *rig) tiktok(change ...string) (int, string) {
	r.t.Helper()
	q := url.Values{
		"advertiser_id": {"7000000000000000001"}, "service_type": {"AUCTION"}, "report_type": {"BASIC"}, "data_level": {"AUCTION_CAMPAIGN"},
		"dimensions": {`["campaign_id","stat_time_hour"]`}, "metrics": {`["campaign_name","spend","impressions","clicks","conversion"]`},
		"start_date": {"2026-11-01"}, "end_date": {"2026-11-01"}, "page_size": {"1000"},
	}
	for i := 0; i < len(change); i += 2 {
		q.Set(change[i], change[i+1])
	}
	status, _, body := r.do("GET", "/tiktok_ads/open_api/v1.3/report/integrated/get/?"+q.Encode(), "", "Access-Token", TikTokToken)
	return status, string(body)
}

func TestTikTokAnswersAsRecorded(t *testing.T) {
	r := rigFor(t, world.TikTok)
	_, body := r.tiktok()
	sameShape(t, []byte(body), fixture(t, "tiktok_ads/airbyte_campaigns_reports_hourly.json"),
		".code", ".message", ".data.list.dimensions.stat_time_hour", ".data.list.dimensions.campaign_id",
		".data.list.metrics.campaign_name", ".data.list.metrics.spend", ".data.list.metrics.impressions", ".data.list.metrics.clicks")
}

func TestTikTokRefusesWithCodesInStatus200(t *testing.T) {
	r := rigFor(t, world.TikTok)
	for says, change := range map[string][]string{
		`"code":40001`:           {"advertiser_id", "1"},
		`"code":40002`:           {"metrics", `["wish"]`},
		`max time span is 1 day`: {"end_date", "2026-11-02"},
		`max time span is 30`:    {"dimensions", `["campaign_id","stat_time_day"]`, "end_date", "2026-12-02"},
		`1 and 1000`:             {"page_size", "1001"},
		`YYYY-MM-DD`:             {"start_date", "today"},
	} {
		if status, body := r.tiktok(change...); status != 200 || !strings.Contains(body, says) {
			t.Errorf("%v: %d %s, want %s", change, status, body, says)
		}
	}
	for kind, says := range map[FaultKind]string{
		Throttle: `"code":40100`, Outage: `"code":50002`, ExpiredToken: `"code":40102`, RevokedToken: `"code":40105`, Denied: `"code":40001`, WrongType: `"list":7`,
	} {
		r.Faults().Set(Fault{Kind: kind, Platform: world.TikTok, Times: 1, Wait: time.Minute})
		if status, body := r.tiktok(); status != 200 || !strings.Contains(body, says) {
			t.Errorf("%s: %d %s, want %s", kind, status, body, says)
		}
	}
	if status, _, body := r.do("GET", "/tiktok_ads/open_api/v1.3/advertiser/info/", ""); status != 200 || !strings.Contains(string(body), `"code":40104`) {
		t.Errorf("without a token: %d %s", status, body)
	}
}
