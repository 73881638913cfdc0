package klaviyo

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"adtop/sources"
	"adtop/sources/httpkit"
)

// classify explains an error in the form of JSON:API. A quota of a day that is gone
// comes with a wait of many hours.
func classify(r *httpkit.Response) *sources.Error {
	var body struct {
		Errors []struct {
			Code   string `json:"code"`
			Title  string `json:"title"`
			Detail string `json:"detail"`
		} `json:"errors"`
	}
	if r.Status/100 == 2 || json.Unmarshal(r.Body, &body) != nil || len(body.Errors) == 0 {
		return nil
	}
	kind, next := meaning(r.Status)
	first := body.Errors[0]
	refusal := sources.Errorf(kind, "HTTP %d %s: %s %s", r.Status, sources.Clean(first.Code), sources.Clean(first.Title), sources.Clean(first.Detail))
	refusal.Next, refusal.RetryAfter = next, httpkit.RetryAfter(r.Header)
	return refusal
}

func meaning(status int) (kind sources.Kind, next string) {
	switch {
	case status == http.StatusUnauthorized:
		return sources.Auth, "make a private key in Klaviyo under Settings > API keys and replace key"
	case status == http.StatusForbidden:
		return sources.Permission, "give the key read access to accounts, campaigns and metrics"
	case status == http.StatusTooManyRequests:
		return sources.QuotaKind, ""
	case status >= 500:
		return sources.Unavailable, ""
	}
	return sources.Invalid, ""
}

// limit reads a header such as "RateLimit-Limit: 3, 3;w=1, 60;w=60", whose first
// number is that of the window nearest to its end.
func limit(h http.Header, name string) (int, bool) {
	first, _, _ := strings.Cut(h.Get("RateLimit-"+name), ",")
	n, err := strconv.Atoi(strings.TrimSpace(first))
	return n, err == nil && n >= 0
}

// used is how much of the limit is gone.
func used(h http.Header) sources.Quota {
	whole, known := limit(h, "Limit")
	left, told := limit(h, "Remaining")
	if !known || !told || whole == 0 || left > whole {
		return sources.Quota{}
	}
	return sources.Quota{Used: 1 - float64(left)/float64(whole), Scope: "questions of the account a minute"}
}

// breather is how long to wait before the next question, when the last one was the
// last that the limit allows: no longer than the longest window.
func breather(h http.Header) time.Duration {
	left, told := limit(h, "Remaining")
	reset, known := limit(h, "Reset")
	if !told || left > 0 || !known {
		return 0
	}
	return min(time.Duration(reset)*time.Second, time.Minute)
}
