package ga4

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

// classify explains an error of Google's APIs.
func classify(r *httpkit.Response) *sources.Error {
	var body struct {
		Error *struct {
			Message string `json:"message"`
			Status  string `json:"status"`
			Details []struct {
				Reason string `json:"reason"`
			} `json:"details"`
		} `json:"error"`
	}
	if r.Status/100 == 2 || json.Unmarshal(r.Body, &body) != nil || body.Error == nil {
		return nil
	}
	disabled := false
	for _, detail := range body.Error.Details {
		disabled = disabled || detail.Reason == "SERVICE_DISABLED"
	}
	kind, next := meaning(r.Status, disabled)
	refusal := sources.Errorf(kind, "HTTP %d %s: %s", r.Status, sources.Clean(body.Error.Status), sources.Clean(body.Error.Message))
	refusal.Next, refusal.RetryAfter = next, httpkit.RetryAfter(r.Header)
	if kind == sources.QuotaKind && refusal.RetryAfter == 0 {
		refusal.RetryAfter = pause(strings.ToLower(body.Error.Message), answered(r.Header))
	}
	return refusal
}

func meaning(status int, disabled bool) (kind sources.Kind, next string) {
	switch {
	case disabled:
		return sources.Permission, "enable the Google Analytics Data API and the Google Analytics Admin API in the Cloud project of the service account"
	case status == http.StatusUnauthorized:
		return sources.Auth, "make a new key for the service account and replace key"
	case status == http.StatusForbidden, status == http.StatusNotFound:
		return sources.Permission, "check properties, and that the e-mail address of the service account is a Viewer there"
	case status == http.StatusTooManyRequests:
		return sources.QuotaKind, ""
	case status >= 500:
		return sources.Unavailable, ""
	}
	return sources.Invalid, ""
}

// answered is when an answer was given, by the clock of Google.
func answered(h http.Header) time.Time {
	if at, err := http.ParseTime(h.Get("Date")); err == nil {
		return at
	}
	return time.Now()
}

// pause is how long to stay away. Only the words of a refusal tell which limit was
// met: the day's begins anew at midnight in California.
func pause(message string, at time.Time) time.Duration {
	switch {
	case strings.Contains(message, "per day"):
		zone, err := time.LoadLocation("America/Los_Angeles")
		if err != nil {
			return 24 * time.Hour
		}
		return kpi.DateOf(at, zone).End(zone).Sub(at)
	case strings.Contains(message, "concurrent"):
		return 30 * time.Second
	case strings.Contains(message, "thresholded"):
		return time.Hour
	case strings.Contains(message, "hour"):
		return 30 * time.Minute
	}
	return time.Minute
}
