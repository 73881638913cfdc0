package simulator

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"adtop/sources/simulator/world"
)

// vkToken asks for a token, with parameters added.
func (r *rig) vkToken(more ...string) (int, string, string) {
	r.t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {VKClientID}, "client_secret": {VKClientSecret}}
	for i := 0; i < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	status, _, body := r.do("POST", "/vk_ads"+tokenPath, form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	var token struct {
		AccessToken string `json:"access_token"`
	}
	r.decode(body, &token)
	return status, token.AccessToken, string(body)
}

func (r *rig) vk(token, path string) (int, string) {
	r.t.Helper()
	status, _, body := r.do("GET", "/vk_ads/api/v2/"+path, "", "Authorization", "Bearer "+token)
	return status, string(body)
}

const vkDays = "statistics/ad_plans/day.json?metrics=base,romi&date_from=2026-11-01&date_to=2026-11-04&id="

func TestVKAnswersAsRecorded(t *testing.T) {
	r := rigFor(t, world.VK)
	_, token, _ := r.vkToken()
	_, body := r.vk(token, vkDays+"8798771,8798776")
	sameShape(t, []byte(body), fixture(t, "vk_ads/client_test_ad_plans_day.json"), ".items.id", ".items.rows.date", ".items.rows.base.shows", ".items.rows.base.spent", ".items.rows.base.vk.goals")
	if strings.Count(body, `"date"`) != 8 || !strings.Contains(body, `"spent":"0"`) {
		t.Errorf("want every day of both campaigns, the removed one's zeros too: %.300s", body)
	}
}

func TestVKKeepsFiveTokensAlive(t *testing.T) {
	r := rigFor(t, world.VK)
	_, first, _ := r.vkToken()
	for range 4 {
		r.vkToken()
	}
	if status, _, body := r.vkToken(); status != http.StatusForbidden || !strings.Contains(body, `"token_limit_exceeded"`) {
		t.Errorf("a sixth token: %d %s", status, body)
	}
	status, renewed, _ := r.vkToken("grant_type", "refresh_token", "refresh_token", vkRefresh+"1")
	if status != http.StatusOK {
		t.Fatal("an old token is renewed however many are alive")
	}
	if status, _ := r.vk(renewed, "user.json"); status != http.StatusOK {
		t.Errorf("the renewed token: %d", status)
	}
	if status, body := r.vk(first, "user.json"); status != http.StatusUnauthorized || !strings.Contains(body, `"invalid_token"`) {
		t.Errorf("the one that it replaced: %d %s", status, body)
	}
}

func TestVKRefusesInItsShapes(t *testing.T) {
	r := rigFor(t, world.VK)
	_, token, _ := r.vkToken()
	for path, says := range map[string]string{
		vkDays + "1": "ERR_WRONG_ADPLANS", strings.Replace(vkDays, "2026-11-01", "2026-01-01", 1) + "8798771": "ERR_WRONG_DATE",
		strings.Replace(vkDays, "base", "all", 1) + "8798771": "ERR_WRONG_PARAMETER", "ad_plans.json?limit=500&offset=0": "ERR_WRONG_PARAMETER", "campaigns.json": "ERR_WRONG_RESOURCE",
	} {
		if status, body := r.vk(token, path); status/100 != 4 || !strings.Contains(body, says) {
			t.Errorf("%s: %d %s, want %s", path, status, body, says)
		}
	}
	for kind, says := range map[FaultKind]string{
		Throttle: `"limits":{"1":2}`, Outage: "ERR_INTERNAL", Denied: "ERR_ACCESS_DENIED", TooMuch: "ERR_LIMIT_EXCEEDED", WrongType: `"shows":{}`, RevokedToken: "revoked_token", ExpiredToken: "expired_token",
	} {
		r.Faults().Set(Fault{Kind: kind, Platform: world.VK, Path: "/statistics/", Times: 1, Wait: time.Second})
		if _, body := r.vk(token, vkDays+"8798771"); !strings.Contains(body, says) {
			t.Errorf("%s: %s, want %s", kind, body, says)
		}
	}
}
