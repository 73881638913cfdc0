package appleads

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"adtop/sources"
	"adtop/sources/httpkit"
)

// longest is how long a wait is believed in.
const longest = 24 * time.Hour

// classify finds Apple's error in an answer of any status: one of 200 may hold
// an error too.
func classify(r *httpkit.Response) *sources.Error {
	if r.Status/100 == 2 && !bytes.Contains(r.Body[:min(len(r.Body), 4096)], []byte(`"error"`)) {
		return nil
	}
	var body struct {
		Error *struct {
			Code    string `json:"code"`
			Message string `json:"message"`
			Details []struct {
				Code    string `json:"code"`
				Message string `json:"message"`
			} `json:"details"`
		} `json:"error"`
	}
	if json.Unmarshal(r.Body, &body) != nil || body.Error == nil {
		return nil
	}
	text := body.Error.Message
	for i, detail := range body.Error.Details {
		if i < 3 {
			text += "; " + strings.TrimSpace(detail.Code+" "+detail.Message)
		}
	}
	kind, next := meaning(r.Status, strings.ToUpper(body.Error.Code))
	refusal := sources.Errorf(kind, "HTTP %d %s: %s", r.Status, sources.Clean(body.Error.Code), sources.Clean(text))
	refusal.Next, refusal.RetryAfter = next, httpkit.RetryAfter(r.Header)
	if kind == sources.QuotaKind {
		refusal.RetryAfter = max(refusal.RetryAfter, reset(r.Header))
	}
	return refusal
}

// meaning goes by the status, and by the code where the status says that all
// is well.
func meaning(status int, code string) (kind sources.Kind, next string) {
	said := func(words ...string) bool {
		for _, word := range words {
			if strings.Contains(code, word) {
				return true
			}
		}
		return false
	}
	good := status/100 == 2
	switch {
	case status == http.StatusUnauthorized, good && said("UNAUTHORIZED", "UNAUTHENTICATED"):
		return sources.Auth, "check client_id, team_id, key_id and private_key"
	case status == http.StatusForbidden, good && said("FORBIDDEN", "PERMISSION"):
		return sources.Permission, "check accounts, and the role of the API user in them"
	case status == http.StatusTooManyRequests, said("RATE_LIMIT"):
		return sources.QuotaKind, ""
	case status >= 500, good && said("INTERNAL", "UNAVAILABLE", "TIMEOUT"):
		return sources.Unavailable, ""
	}
	return sources.Invalid, ""
}

// reset is how long the window of the limit still lasts.
func reset(h http.Header) time.Duration {
	n, err := strconv.Atoi(h.Get("RateLimit-Reset"))
	if err != nil || n < 0 {
		return 0
	}
	return min(time.Duration(n)*time.Second, longest)
}

// used reads how much of the window is gone.
func used(h http.Header) sources.Quota {
	limit, err := strconv.ParseFloat(h.Get("RateLimit-Limit"), 64)
	left, err2 := strconv.ParseFloat(h.Get("RateLimit-Remaining"), 64)
	if err != nil || err2 != nil || limit <= 0 || left < 0 || left > limit {
		return sources.Quota{}
	}
	return sources.Quota{Used: 1 - left/limit, Scope: "calls of the API user"}
}
