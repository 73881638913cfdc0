package redditads

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"adtop/sources"
	"adtop/sources/httpkit"
)

// throttled is how long to stay away where Reddit does not say, and longest
// what is believed of what it says.
const (
	throttled = 30 * time.Second
	longest   = 24 * time.Hour
)

// classify explains a refusal: the status decides, the body has the words.
func classify(r *httpkit.Response) *sources.Error {
	if r.Status/100 == 2 {
		return nil
	}
	var body struct {
		Error *struct {
			Message string `json:"message"`
			Fields  []struct{ Field, Message string }
		} `json:"error"`
	}
	if json.Unmarshal(r.Body, &body) != nil || body.Error == nil {
		return nil
	}
	text := body.Error.Message
	for _, f := range body.Error.Fields {
		text += "; " + f.Field + ": " + f.Message
	}
	kind, next := meaning(r.Status)
	refusal := sources.Errorf(kind, "HTTP %d: %s", r.Status, sources.Clean(text))
	refusal.Next, refusal.RetryAfter = next, httpkit.RetryAfter(r.Header)
	if kind == sources.QuotaKind {
		// The header is that of Reddit's main API; whether it is sent here is not confirmed.
		if n, err := strconv.ParseFloat(r.Header.Get("X-Ratelimit-Reset"), 64); err == nil && n > 0 {
			refusal.RetryAfter = max(refusal.RetryAfter, time.Duration(min(n, longest.Seconds())*float64(time.Second)))
		}
		refusal.RetryAfter = max(throttled, refusal.RetryAfter)
	}
	return refusal
}

func meaning(status int) (kind sources.Kind, next string) {
	switch {
	case status == http.StatusUnauthorized:
		return sources.Auth, "sign in again and replace refresh_token"
	case status == http.StatusForbidden, status == http.StatusNotFound:
		return sources.Permission, "check accounts, and that the scope adsread was granted"
	case status == http.StatusGone:
		return sources.Invalid, "Reddit has switched this version of its API off: update adtop"
	case status == http.StatusTooManyRequests:
		return sources.QuotaKind, ""
	case status >= 500:
		return sources.Unavailable, ""
	}
	return sources.Invalid, "if the message names a field, choose another result"
}
