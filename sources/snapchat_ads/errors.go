package snapchatads

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"adtop/sources"
	"adtop/sources/httpkit"
)

// throttled is how long to stay away after a refusal for too many calls:
// Snapchat counts by the second and does not say.
const throttled = 30 * time.Second

// classify explains an answer that says of itself that it failed. The status
// decides on the kind; the text stands in one of two fields.
func classify(r *httpkit.Response) *sources.Error {
	if r.Status/100 == 2 {
		return nil
	}
	var body struct {
		Status  string `json:"request_status"`
		Request string `json:"request_id"`
		Debug   string `json:"debug_message"`
		Message string `json:"msg"`
		Code    string `json:"error_code"`
	}
	if json.Unmarshal(r.Body, &body) != nil || body.Status == "" {
		return nil
	}
	kind, next := meaning(r.Status)
	refusal := sources.Errorf(kind, "HTTP %d %s: %s (request %s)", r.Status, sources.Clean(body.Code), sources.Clean(cmp.Or(body.Debug, body.Message)), sources.Clean(body.Request))
	refusal.Next, refusal.RetryAfter = next, httpkit.RetryAfter(r.Header)
	if kind == sources.QuotaKind {
		refusal.RetryAfter = max(throttled, refusal.RetryAfter)
	}
	return refusal
}

func meaning(status int) (kind sources.Kind, next string) {
	switch {
	case status == http.StatusUnauthorized:
		return sources.Auth, "sign in again and replace refresh_token"
	case status == http.StatusForbidden, status == http.StatusNotFound:
		return sources.Permission, "check accounts, and the member's role in them"
	case status == http.StatusTooManyRequests:
		return sources.QuotaKind, ""
	case status >= 500:
		return sources.Unavailable, ""
	}
	return sources.Invalid, ""
}

// failed is the error of a part of an answer that did not succeed, nil for one
// that did. The word has been seen in capitals and in small letters.
func failed(status, reason string) error {
	if strings.EqualFold(status, "success") || status == "" {
		return nil
	}
	return sources.Errorf(sources.Unavailable, "%s: a part of the answer is %s: %s", platform, sources.Clean(status), sources.Clean(reason))
}
