package simulator

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
	"time"

	"adtop/sources/simulator/world"
)

// impact asks a list of the partner, or of the brand; pairs change the parameters.
func (r *rig) impact(list string, ofBrand bool, pairs ...string) (int, string) {
	r.t.Helper()
	start, end := "ActionDateStart", "ActionDateEnd"
	if list == "ActionUpdates" {
		start, end = "StartDate", "EndDate"
	}
	q := url.Values{start: {"2026-03-10T00:00:00Z"}, end: {"2026-03-12T23:59:59Z"}, "PageSize": {"20000"}}
	root, sid, version := "Mediapartners/", "IRpartner1", "16"
	if ofBrand {
		root, sid, version = "Advertisers/", ImpactBrand, "14"
		q.Set("CampaignId", ImpactProgram)
	}
	for i := 0; i < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	status, _, body := r.do("GET", "/impact/"+root+sid+"/"+list+"?"+q.Encode(), "", "Accept", "application/json", "IR-Version", version,
		"Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(sid+":"+ImpactToken)))
	return status, string(body)
}

func TestImpactAnswersAsDocumented(t *testing.T) {
	r := rigFor(t, world.Impact)
	element := func(body, list string) []byte {
		_, rest, _ := strings.Cut(body, `"`+list+`":`)
		return []byte(strings.TrimSuffix(rest, "}"))
	}
	_, actions := r.impact("Actions", false)
	sameShape(t, element(actions, "Actions"), append(append([]byte("["), fixture(t, "impact/partner_action.json")...), ']'), ".Id", ".State", ".Payout", ".Amount", ".Currency", ".EventDate", ".IntendedPayout", ".SubId1", ".CampaignId", ".PromoCode")
	_, ofBrand := r.impact("Actions", true)
	sameShape(t, element(ofBrand, "Actions"), append(append([]byte("["), fixture(t, "impact/brand_action.json")...), ']'), ".Id", ".State", ".Payout", ".ClientCost", ".MediaPartnerId", ".Amount", ".EventDate", ".CustomerStatus")
	_, updates := r.impact("ActionUpdates", false)
	sameShape(t, element(updates, "ActionUpdates"), append(append([]byte("["), fixture(t, "impact/partner_action_update.json")...), ']'), ".ActionId", ".ActionDate", ".State", ".UpdateDate", ".DeltaPayout")
}

func TestImpactRefusesWhatItDocuments(t *testing.T) {
	r := rigFor(t, world.Impact)
	for says, pairs := range map[string][]string{"ActionDateStart": {"ActionDateStart", "2026-01-01T00:00:00Z"}, "PageSize": {"PageSize", "100"}, "wish": {"wish", "1"}} {
		if status, body := r.impact("Actions", false, pairs...); status != 400 || !strings.Contains(body, says) {
			t.Errorf("%v: %d %s", pairs, status, body)
		}
	}
	if status, body := r.impact("Actions", true, "CampaignId", ""); status != 400 || !strings.Contains(body, "CampaignId") {
		t.Errorf("a brand without its program: %d %s", status, body)
	}
	if status, _, body := r.do("GET", "/impact/Mediapartners/IRpartner1/Actions", ""); status != 401 {
		t.Errorf("without a token: %d %s", status, body)
	}
	for kind, want := range map[FaultKind]int{Throttle: 429, Outage: 503, ExpiredToken: 401, RevokedToken: 401, Denied: 403, WrongType: 200} {
		r.Faults().Set(Fault{Kind: kind, Platform: world.Impact, Times: 1, Wait: time.Minute})
		if status, body := r.impact("Actions", false); status != want || strings.Contains(body, "IntendedPayout") {
			t.Errorf("%s: %d %s", kind, status, body)
		}
	}
}
