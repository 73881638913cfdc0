package impact

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"adtop/sources"
	"adtop/sources/httpkit"
)

// longest is how long the hourly limit can last.
const longest = time.Hour

// classify recognises Impact.com's errors. How long a throttle lasts stands in
// X-RateLimit-Reset, in seconds.
func classify(r *httpkit.Response) *sources.Error {
	var body struct {
		Status  string `json:"Status"`
		Message string `json:"Message"`
		Errors  []struct {
			Field   string `json:"Field"`
			Message string `json:"Message"`
		} `json:"Errors"`
	}
	if r.Status/100 == 2 || json.Unmarshal(r.Body, &body) != nil || body.Message == "" {
		return throttled(r)
	}
	said := body.Message
	for _, e := range body.Errors {
		said += "; " + e.Field + ": " + e.Message
	}
	refused := func(kind sources.Kind, next string) *sources.Error {
		refusal := sources.Errorf(kind, "HTTP %d: %s", r.Status, sources.Clean(said))
		refusal.Next = next
		return refusal
	}
	switch r.Status {
	case http.StatusUnauthorized:
		return refused(sources.Auth, "make a token under Settings > API and replace account_sid and auth_token")
	case http.StatusPaymentRequired:
		return refused(sources.Permission, "the account's plan lacks the API: ask Impact.com")
	case http.StatusForbidden:
		return refused(sources.Permission, "give the token the right to read actions and action updates")
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		return refused(sources.Invalid, "check account_sid and side")
	}
	return throttled(r)
}

// throttled is the refusal of too many calls; nil for anything else.
func throttled(r *httpkit.Response) *sources.Error {
	if r.Status != http.StatusTooManyRequests {
		return nil
	}
	refusal := sources.Errorf(sources.QuotaKind, "HTTP %d: the calls of this hour are used up", r.Status)
	refusal.RetryAfter = time.Minute
	if n, err := strconv.Atoi(r.Header.Get("X-RateLimit-Reset")); err == nil && n > 0 {
		refusal.RetryAfter = min(time.Duration(min(n, 1e6))*time.Second, longest)
	}
	return refusal
}
