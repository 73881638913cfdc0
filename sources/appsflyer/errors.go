package appsflyer

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"adtop/sources"
	"adtop/sources/httpkit"
)

const checkApps = "check apps, and that the token is of the account that they belong to"

// classify explains a refusal by its status and its words: limits come with 400, 403 and
// 429, and none says how long it lasts. That is what wait tells.
func classify(r *httpkit.Response, wait func() time.Duration) *sources.Error {
	if r.Status/100 == 2 {
		return nil
	}
	text := said(r.Body)
	kind, next := meaning(r.Status, strings.ToLower(text))
	if kind == 0 {
		return nil // by status
	}
	if text != "" {
		text = ": " + text
	}
	refusal := sources.Errorf(kind, "HTTP %d%s", r.Status, text)
	refusal.Next = next
	if kind == sources.QuotaKind {
		refusal.RetryAfter = max(httpkit.RetryAfter(r.Header), wait())
	}
	return refusal
}

func meaning(status int, text string) (kind sources.Kind, next string) {
	limit := strings.Contains(text, "limit reached") || strings.Contains(text, "limit has been reached")
	switch {
	case status == http.StatusUnauthorized:
		return sources.Auth, "make a new API token V2 in the security centre of AppsFlyer: those from before 10 March 2026, 19:00 UTC were revoked"
	case status == http.StatusTooManyRequests, limit && (status == http.StatusBadRequest || status == http.StatusForbidden):
		return sources.QuotaKind, ""
	case status == http.StatusForbidden, status == http.StatusNotFound:
		return sources.Permission, checkApps + "; its plan must have the Pull API"
	case status == http.StatusBadRequest:
		return sources.Invalid, ""
	}
	return 0, ""
}

// longest bounds how much of a refusal in plain text is repeated.
const longest = 300

// said are the words of a refusal: an object, a bare JSON string, or plain text.
func said(body []byte) string {
	var object struct {
		Message string `json:"message"`
		Error   string `json:"error"`
	}
	var text string
	switch {
	case json.Unmarshal(body, &object) == nil:
		text = strings.TrimSpace(object.Message + " " + object.Error)
	case json.Unmarshal(body, &text) == nil:
	default:
		text = string(body[:min(len(body), longest)])
	}
	return strings.TrimSpace(sources.Clean(text))
}
