package vkads

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"adtop/sources"
	"adtop/sources/httpkit"
)

// shortest is how long to stay away at least once the calls of an hour or a day
// are spent.
const shortest = time.Minute

// classify explains a refusal, whose body has one of several shapes: a code at
// the top, a code within error, error as a word, or texts by field.
func classify(r *httpkit.Response) *sources.Error {
	if r.Status/100 == 2 {
		return nil
	}
	code, message, known := said(r.Body)
	if !known && r.Status != http.StatusTooManyRequests {
		return nil
	}
	kind, next := meaning(r.Status, code)
	refusal := sources.Errorf(kind, "HTTP %d %s: %s", r.Status, sources.Clean(code), sources.Clean(message))
	refusal.Next, refusal.RetryAfter = next, httpkit.RetryAfter(r.Header)
	if kind == sources.QuotaKind {
		refusal.RetryAfter = max(refusal.RetryAfter, spent(r.Header))
	}
	return refusal
}

// said finds the code and the message in any of the shapes.
func said(text []byte) (code, message string, known bool) {
	var body map[string]json.RawMessage
	if json.Unmarshal(text, &body) != nil {
		return "", "", false
	}
	word := func(key string) (value string) {
		_ = json.Unmarshal(body[key], &value) // what is no string stays ""
		return value
	}
	var inner struct{ Code, Message string }
	switch {
	case word("error") != "":
		return word("error"), word("error_description"), true
	case json.Unmarshal(body["error"], &inner) == nil && inner.Code != "":
		return inner.Code, inner.Message, true
	case word("code") != "":
		return word("code"), word("message"), true
	}
	return "", string(text[:min(len(text), 200)]), len(body) > 0
}

func meaning(status int, code string) (kind sources.Kind, next string) {
	switch {
	case status == http.StatusTooManyRequests, code == "throttled":
		return sources.QuotaKind, ""
	case code == "token_limit_exceeded":
		return sources.Auth, "wait until one of the five tokens ends, a day at most, and see that token_file is kept"
	case status == http.StatusUnauthorized, strings.HasSuffix(code, "_token"), code == "invalid_grant":
		return sources.Auth, "check client_id and client_secret in VK Ads, settings, access to the API"
	case code == "ERR_ACCESS_DENIED", status == http.StatusForbidden:
		return sources.Permission, "check that the client may read ads (scope read_ads)"
	case code == "ERR_INTERNAL", status >= 500:
		return sources.Unavailable, ""
	case code == "ERR_LIMIT_EXCEEDED":
		return sources.Invalid, "make ids_at_once or days_at_once smaller"
	}
	return sources.Invalid, ""
}

// spent is how long to stay away when the calls of the hour or of the day are
// used up: until the next hour begins, or the next day in Moscow. That the day
// of the limit is Moscow's is an assumption. 0 when it was a burst of calls.
func spent(h http.Header) time.Duration {
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	moscow := now.Add(3 * time.Hour).UTC()
	switch {
	case h.Get("X-RateLimit-Daily-Remaining") == "0":
		return max(shortest, moscow.Truncate(24*time.Hour).Add(24*time.Hour).Sub(moscow))
	case h.Get("X-RateLimit-Hourly-Remaining") == "0":
		return max(shortest, now.Truncate(time.Hour).Add(time.Hour).Sub(now))
	}
	return 0
}

// used reads from the headers of an answer how much of the narrowest limit is
// gone.
func used(h http.Header) (q sources.Quota) {
	for _, span := range []string{"Hourly", "Daily"} {
		limit, err := strconv.ParseFloat(h.Get("X-RateLimit-"+span+"-Limit"), 64)
		left, err2 := strconv.ParseFloat(h.Get("X-RateLimit-"+span+"-Remaining"), 64)
		if err != nil || err2 != nil || limit <= 0 || left < 0 || left > limit {
			continue
		}
		if share := 1 - left/limit; share >= q.Used {
			q = sources.Quota{Used: share, Scope: strings.ToLower(span) + " calls of the account"}
		}
	}
	return q
}
