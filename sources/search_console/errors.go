package searchconsole

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"adtop/sources"
	"adtop/sources/httpkit"
)

// overload is how long Google wants questions to stop when the load is too high.
const overload = 15 * time.Minute

// classify explains an error. Its reason decides over its status.
func classify(r *httpkit.Response) *sources.Error {
	var body struct {
		Error *struct {
			Message string `json:"message"`
			Errors  []struct {
				Reason string `json:"reason"`
			} `json:"errors"`
		} `json:"error"`
	}
	if r.Status/100 == 2 || json.Unmarshal(r.Body, &body) != nil || body.Error == nil {
		return nil
	}
	reason := ""
	if len(body.Error.Errors) > 0 {
		reason = body.Error.Errors[0].Reason
	}
	kind, next := meaning(r.Status, reason)
	refusal := sources.Errorf(kind, "HTTP %d %s: %s", r.Status, sources.Clean(reason), sources.Clean(body.Error.Message))
	refusal.Next, refusal.RetryAfter = next, httpkit.RetryAfter(r.Header)
	if kind == sources.QuotaKind && refusal.RetryAfter == 0 {
		refusal.RetryAfter = overload
	}
	return refusal
}

func meaning(status int, reason string) (kind sources.Kind, next string) {
	switch {
	case status == http.StatusTooManyRequests, slices.Contains([]string{"quotaExceeded", "rateLimitExceeded", "userRateLimitExceeded", "dailyLimitExceeded"}, reason):
		return sources.QuotaKind, ""
	case reason == "accessNotConfigured":
		return sources.Permission, "enable the Google Search Console API in the Cloud project of the service account"
	case status == http.StatusUnauthorized:
		return sources.Auth, "make a new key for the service account and replace key"
	case status == http.StatusForbidden, status == http.StatusNotFound:
		return sources.Permission, "check sites, and that the e-mail address of the service account is a user of the site in Search Console"
	case status >= 500:
		return sources.Unavailable, ""
	}
	return sources.Invalid, ""
}
