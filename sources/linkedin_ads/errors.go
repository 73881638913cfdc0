package linkedinads

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"adtop/sources"
	"adtop/sources/httpkit"
)

// How long to stay away after a refusal for too much. The limit on values is
// counted over five minutes. Calls are limited by the UTC day, and which of the
// limits was hit is not said: an hour neither hammers nor loses a day.
const (
	valuesPause = 330 * time.Second
	callsPause  = time.Hour
)

// classify explains a refusal. The status decides; the body has the words.
func classify(r *httpkit.Response) *sources.Error {
	if r.Status/100 == 2 {
		return nil
	}
	var body struct {
		Message string          `json:"message"`
		Code    httpkit.Integer `json:"serviceErrorCode"`
	}
	if json.Unmarshal(r.Body, &body) != nil || body.Message == "" {
		return nil
	}
	kind, next := meaning(r.Status)
	refusal := sources.Errorf(kind, "HTTP %d code %d: %s", r.Status, body.Code.Value, sources.Clean(body.Message))
	refusal.Next, refusal.RetryAfter = next, httpkit.RetryAfter(r.Header)
	if kind == sources.QuotaKind && refusal.RetryAfter == 0 {
		refusal.RetryAfter = callsPause
		if words := strings.ToLower(body.Message); strings.Contains(words, "data request limit") || strings.Contains(words, "metric values") {
			refusal.RetryAfter = valuesPause
		}
	}
	return refusal
}

func meaning(status int) (kind sources.Kind, next string) {
	switch {
	case status == http.StatusUnauthorized:
		return sources.Auth, "sign in again and replace token; it ends after 60 days"
	case status == http.StatusForbidden:
		return sources.Permission, "check accounts, the scopes r_ads and r_ads_reporting, and the member's role in the account"
	case status == http.StatusUpgradeRequired:
		return sources.Invalid, "adtop needs a newer API version: set version of this source to a living one"
	case status == http.StatusTooManyRequests:
		return sources.QuotaKind, ""
	case status >= 500:
		return sources.Unavailable, ""
	}
	return sources.Invalid, ""
}
