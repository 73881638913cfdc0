package stripe

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"

	"adtop/sources"
	"adtop/sources/httpkit"
)

// classify recognises Stripe's errors. Their words name the permission that a
// restricted key lacks.
func classify(r *httpkit.Response) *sources.Error {
	var answer struct {
		Error *struct {
			Type    string `json:"type"`
			Code    string `json:"code"`
			Message string `json:"message"`
			Param   string `json:"param"`
		} `json:"error"`
	}
	if r.Status/100 == 2 || json.Unmarshal(r.Body, &answer) != nil || answer.Error == nil {
		return nil
	}
	e := answer.Error
	refused := func(kind sources.Kind, next string) *sources.Error {
		refusal := sources.Errorf(kind, "HTTP %d %s: %s%s", r.Status, sources.Clean(cmp.Or(e.Code, e.Type)), sources.Clean(e.Message), request(r.Header))
		refusal.Next = next
		return refusal
	}
	// Where Stripe says whether asking again is of use, that wins.
	hopeless := r.Header.Get("Stripe-Should-Retry") == "false"
	switch {
	case r.Status == http.StatusUnauthorized:
		return refused(sources.Auth, "make a restricted key under Developers > API keys and replace key")
	case r.Status == http.StatusForbidden:
		return refused(sources.Permission, "give the restricted key read rights on charges, refunds, disputes, balance transactions and the account; for utm: checkout on checkout sessions too")
	case hopeless && r.Status != http.StatusTooManyRequests:
		return refused(sources.Invalid, "")
	case r.Status == http.StatusTooManyRequests && e.Code == "lock_timeout", r.Status == http.StatusConflict, r.Status >= 500:
		refusal := refused(sources.Unavailable, "")
		refusal.RetryAfter = httpkit.RetryAfter(r.Header)
		return refusal
	case r.Status == http.StatusTooManyRequests:
		refusal := refused(sources.QuotaKind, "")
		refusal.RetryAfter = httpkit.RetryAfter(r.Header)
		return refusal
	case r.Status == http.StatusNotFound:
		return refused(sources.Invalid, "check account and base_url")
	}
	return refused(sources.Invalid, "check version")
}

// request names the request as Stripe's log does.
func request(h http.Header) string {
	if id := sources.Clean(h.Get("Request-Id")); id != "" {
		return fmt.Sprintf(" (request %.60s)", id)
	}
	return ""
}
