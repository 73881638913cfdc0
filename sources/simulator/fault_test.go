package simulator

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"adtop/sources/simulator/world"
)

func TestEachPlatformFailsInItsOwnForm(t *testing.T) {
	for _, test := range []struct {
		kind     FaultKind
		platform string
		status   int
		says     string
	}{
		{Throttle, world.Google, 429, `"retryDelay":"90s"`},
		{Throttle, world.Meta, 400, `"error_subcode":2446079`},
		{Throttle, shopify, 200, "THROTTLED"},
		{Outage, world.Google, 503, "UNAVAILABLE"},
		{Outage, world.Meta, 503, `"is_transient":true`},
		{Outage, shopify, 503, `"errors":"`},
		{HTML, world.Google, 502, "<html>"},
		{NotJSON, world.Meta, 200, "OK, "},
		{WrongType, world.Google, 200, `"results":7`},
		{WrongType, world.Meta, 200, `"data":7`},
		{WrongType, shopify, 200, `"orders":7`},
		{ExpiredToken, world.Google, 401, "OAUTH_TOKEN_EXPIRED"},
		{ExpiredToken, world.Meta, 400, `"error_subcode":463`},
		{ExpiredToken, shopify, 401, "Invalid API key"},
		{RevokedToken, world.Meta, 400, `"error_subcode":458`},
		{Denied, world.Google, 403, "USER_PERMISSION_DENIED"},
		{Denied, world.Meta, 403, `"code":200`},
		{Denied, shopify, 200, "ACCESS_DENIED"},
		{TooMuch, world.Meta, 500, "reduce the amount of data"},
		{TooMuch, shopify, 200, "MAX_COST_EXCEEDED"},
	} {
		t.Run(string(test.kind)+" "+test.platform, func(t *testing.T) {
			r := newRig(t)
			token := r.signIn()
			r.Faults().Set(Fault{Kind: test.kind, Platform: test.platform, Times: 1, Wait: 90 * time.Second})
			status, body := r.ask(test.platform, token)
			if status != test.status || !strings.Contains(string(body), test.says) {
				t.Errorf("%d %s, want %d with %s", status, body, test.status, test.says)
			}
			status, body = r.ask(test.platform, r.signIn())
			if status != http.StatusOK || strings.Contains(string(body), test.says) {
				t.Errorf("the fault outlasts its request: %d %.200s", status, body)
			}
		})
	}
}

// ask sends a good request to a platform.
func (r *rig) ask(platform, token string) (int, []byte) {
	r.t.Helper()
	switch platform {
	case world.Google:
		return r.gaql(token, "4440000000", "4440000001", daily())
	case world.Meta:
		status, _, body := r.meta("act_900000000000001/insights", insights())
		return status, body
	}
	return r.graphQL(ordersQuery, map[string]any{"q": "updated_at:>=2026-11-01"})
}

func TestExpiredTokenIsGoodForNothingUntilRefreshed(t *testing.T) {
	r := newRig(t)
	old := r.signIn()
	r.Faults().Set(Fault{Kind: ExpiredToken, Platform: world.Google, Times: 1})
	for range 2 {
		if status, _ := r.ask(world.Google, old); status != http.StatusUnauthorized {
			t.Errorf("the expired token is answered %d", status)
		}
	}
	if status, body := r.ask(world.Google, r.signIn()); status != http.StatusOK {
		t.Errorf("the new token is answered %d %.200s", status, body)
	}
}

func TestRevokedTokenCannotBeRefreshed(t *testing.T) {
	r := newRig(t)
	r.Faults().Set(Fault{Kind: RevokedToken, Platform: world.Google})
	status, _, body := r.do("POST", "/google_ads/oauth/token", "grant_type=refresh_token")
	if status != http.StatusBadRequest || !strings.Contains(string(body), "invalid_grant") {
		t.Errorf("%d %s", status, body)
	}
	r.Faults().Clear()
	r.signIn()
}

func TestFaultWaitsForItsTurnAndItsPath(t *testing.T) {
	r := newRig(t)
	r.Faults().Set(Fault{Kind: Outage, Platform: world.Meta, Path: "insights", After: 1, Times: 2})
	var statuses []int
	for range 4 {
		if status, _, _ := r.meta("me/adaccounts", nil); status != http.StatusOK {
			t.Errorf("the fault hits another path: %d", status)
		}
		status, _ := r.ask(world.Meta, "")
		statuses = append(statuses, status)
	}
	if want := [4]int{200, 503, 503, 200}; [4]int(statuses) != want {
		t.Errorf("answered %v, want %v", statuses, want)
	}
}

func TestBrokenBodies(t *testing.T) {
	r := newRig(t)
	_, whole := r.ask(world.Meta, "")
	r.Faults().Set(Fault{Kind: Truncated, Platform: world.Meta, Times: 1})
	if _, body := r.ask(world.Meta, ""); string(body) != string(whole[:len(whole)/2]) || json.Valid(body) {
		t.Errorf("truncated to %d of %d bytes", len(body), len(whole))
	}
	r.Faults().Set(Fault{Kind: Oversized, Platform: world.Meta, Times: 1, Bytes: 1 << 20})
	if _, body := r.ask(world.Meta, ""); len(body) < 1<<20 || !json.Valid(body) {
		t.Errorf("oversized to %d bytes", len(body))
	}
	r.Faults().Set(Fault{Kind: HTML, Platform: world.Meta, Times: 1, Status: 200})
	if status, body := r.ask(world.Meta, ""); status != 200 || !strings.Contains(string(body), "<html>") {
		t.Errorf("%d %.80s", status, body)
	}
	r.Faults().Set(Fault{Kind: Dropped, Platform: world.Meta, Times: 1})
	request, _ := http.NewRequest("GET", r.url+"/meta_ads/v26.0/act_900000000000001/insights?"+insights().Encode(), nil)
	request.Header.Set("Authorization", "Bearer "+MetaToken)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if _, err := io.ReadAll(response.Body); err == nil {
		t.Error("a dropped connection ends like a good one")
	}
}

func TestUnknownFieldsLeaveTheFiguresAlone(t *testing.T) {
	r := newRig(t)
	before, _ := r.metaPages("act_900000000000001/insights", insights())
	r.Faults().Set(Fault{Kind: UnknownFields, Platform: world.Meta})
	_, body := r.ask(world.Meta, "")
	if !strings.Contains(string(body), "notYetDocumented") {
		t.Errorf("nothing unknown in %.200s", body)
	}
	after, _ := r.metaPages("act_900000000000001/insights", insights())
	if len(before) != len(after) || before[0].Spend != after[0].Spend {
		t.Error("figures changed")
	}
	r.Faults().Set(Fault{Kind: UnknownFields, Platform: world.Google})
	if _, body := r.ask(world.Google, r.signIn()); !strings.Contains(string(body), "HIBERNATING") || !strings.Contains(string(body), "HOLOGRAM") {
		t.Errorf("no unknown enum values in %.300s", body)
	}
}

func TestSlowAnswerEndsWithItsRequest(t *testing.T) {
	r := newRig(t)
	r.Faults().Set(Fault{Kind: Slow, Platform: world.Meta, Wait: time.Hour})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	request, _ := http.NewRequestWithContext(ctx, "GET", r.url+"/meta_ads/v26.0/me/adaccounts?"+url.Values{}.Encode(), nil)
	if _, err := http.DefaultClient.Do(request); err == nil {
		t.Error("an answer that takes an hour came at once")
	}
}
