package simulator

import (
	"encoding/json"
	"net/url"
	"testing"

	"adtop/sources/simulator/world"
)

// awinReport asks for the report of an advertiser's publishers; pairs change the
// parameters.
func (r *rig) awinReport(path string, pairs ...string) (int, string) {
	r.t.Helper()
	q := url.Values{"startDate": {"2026-11-01"}, "endDate": {"2026-11-02"}, "timezone": {"US/Eastern"}}
	for i := 0; i < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	status, _, body := r.do("GET", "/awin_clicks/"+path+"?"+q.Encode(), "", "Authorization", "Bearer "+AwinToken)
	return status, string(body)
}

const awinPublishers, awinAdvertisers = "advertisers/7052/reports/publisher", "publishers/7052/reports/advertiser"

func TestAwinReportsAnswerAsDocumented(t *testing.T) {
	r := rigFor(t, world.AwinClicks)
	for path, pairs := range map[string][]string{awinPublishers: nil, awinAdvertisers: {"region", "DE"}} {
		status, body := r.awinReport(path, pairs...)
		if status != 200 {
			t.Fatalf("%s: %d %s", path, status, body)
		}
		sameShape(t, []byte(body), fixture(t, "awin/report_advertiser.json"), ".advertiserId", ".advertiserName", ".publisherId", ".publisherName", ".impressions", ".clicks", ".currency", ".bonusNo")
	}
}

// TestAwinReportAddsDaysUp: whoever asks for two days does not learn which of them a
// click was on.
func TestAwinReportAddsDaysUp(t *testing.T) {
	r := rigFor(t, world.AwinClicks)
	clicks := func(from, to string) (sum int) {
		_, body := r.awinReport(awinPublishers, "startDate", from, "endDate", to)
		var rows []struct{ Clicks int }
		if err := json.Unmarshal([]byte(body), &rows); err != nil || len(rows) == 0 {
			t.Fatalf("%s, %v", body, err)
		}
		for _, row := range rows {
			sum += row.Clicks
		}
		return sum
	}
	if one, other, both := clicks("2026-11-01", "2026-11-01"), clicks("2026-11-02", "2026-11-02"), clicks("2026-11-01", "2026-11-02"); both != one+other || one == 0 || other == 0 {
		t.Errorf("%d and %d clicks, together %d", one, other, both)
	}
}

func TestAwinReportsRefuseWhatTheyDocument(t *testing.T) {
	r := rigFor(t, world.AwinClicks)
	for name, rule := range map[string]struct {
		status int
		path   string
		pairs  []string
	}{
		"no day":               {400, awinPublishers, []string{"startDate", "yesterday"}},
		"a span that runs out": {400, awinPublishers, []string{"endDate", "2026-10-01"}},
		"no zone":              {400, awinPublishers, []string{"timezone", "America/New_York"}},
		"a wish":               {400, awinPublishers, []string{"interval", "day"}},
		"no region":            {400, awinAdvertisers, nil},
		"another account":      {403, "advertisers/1/reports/publisher", nil},
		"another report":       {404, "advertisers/7052/reports/advertiser", nil},
		"no report":            {404, "advertisers/7052/clicks", nil},
	} {
		if status, body := r.awinReport(rule.path, rule.pairs...); status != rule.status {
			t.Errorf("%s: %d %s, want %d", name, status, body, rule.status)
		}
	}
	if status, _, body := r.do("GET", "/awin_clicks/accounts", ""); status != 401 {
		t.Errorf("without a token: %d %s", status, body)
	}
}
