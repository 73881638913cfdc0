package pinterestads

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"adtop/sources"
	"adtop/sources/httpkit"
)

// throttled is how long to stay away where Pinterest does not say, and longest
// what is believed of what it says.
const (
	throttled = time.Minute
	longest   = 24 * time.Hour
)

var waitPattern = regexp.MustCompile(`(?i)retry after (\d{1,9}) second`)

// classify explains a refusal. Its code is Pinterest's own and says little: the
// status decides, and for a bad request the words, since some of those are
// refusals for too many calls or Pinterest's own trouble.
func classify(r *httpkit.Response) *sources.Error {
	if r.Status/100 == 2 {
		return nil
	}
	var body struct {
		Code    httpkit.Integer `json:"code"`
		Message string          `json:"message"`
	}
	if json.Unmarshal(r.Body, &body) != nil || body.Message == "" {
		return nil
	}
	told := waitPattern.FindStringSubmatch(body.Message)
	kind, next := meaning(r.Status, body.Code.Value, told != nil)
	refusal := sources.Errorf(kind, "HTTP %d code %d: %s", r.Status, body.Code.Value, sources.Clean(body.Message))
	refusal.Next, refusal.RetryAfter = next, httpkit.RetryAfter(r.Header)
	if kind == sources.QuotaKind {
		wait := r.Header.Get("X-RateLimit-Reset")
		if told != nil {
			wait = told[1]
		}
		if n, err := strconv.Atoi(wait); err == nil && n > 0 {
			refusal.RetryAfter = max(refusal.RetryAfter, min(time.Duration(n)*time.Second, longest))
		}
		if refusal.RetryAfter == 0 {
			refusal.RetryAfter = throttled
		}
	}
	return refusal
}

func meaning(status int, code int64, told bool) (kind sources.Kind, next string) {
	const permit = "check accounts, and that the signed-in person is owner, admin, analyst or campaign manager there"
	switch {
	case status == http.StatusUnauthorized:
		return sources.Auth, "sign in again and replace refresh_token"
	case status == http.StatusForbidden, status == http.StatusNotFound:
		return sources.Permission, permit
	case status == http.StatusTooManyRequests, status == http.StatusBadRequest && (told || code == 8):
		return sources.QuotaKind, ""
	case status >= 500, status == http.StatusBadRequest && code == 12:
		return sources.Unavailable, ""
	}
	return sources.Invalid, ""
}
