package googleads

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"adtop/sources"
	"adtop/sources/httpkit"
)

// failure is Google's error object.
type failure struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Status  string `json:"status"`
	Details []struct {
		Type       string    `json:"@type"`
		Errors     []problem `json:"errors"` // of a GoogleAdsFailure
		RequestID  string    `json:"requestId"`
		RetryDelay string    `json:"retryDelay"` // of a RetryInfo
	} `json:"details"`
}

// problem is one entry of a GoogleAdsFailure. ErrorCode has one key: the family.
type problem struct {
	ErrorCode map[string]string `json:"errorCode"`
	Message   string            `json:"message"`
	Details   struct {
		Quota struct {
			RetryDelay string `json:"retryDelay"`
		} `json:"quotaErrorDetails"`
	} `json:"details"`
}

// expiredPage is the code for a page token that is too old: the query has to
// start over.
const expiredPage = "EXPIRED_PAGE_TOKEN"

// classify finds Google's error in an answer: an object of its own, or an
// element of the array that searchStream answers with.
func classify(r *httpkit.Response) *sources.Error {
	if r.Status == http.StatusOK && !bytes.Contains(r.Body, []byte(`"error"`)) {
		return nil
	}
	type wrapped struct {
		Error *failure `json:"error"`
	}
	var many []wrapped
	if json.Unmarshal(r.Body, &many) != nil {
		var one wrapped
		_ = json.Unmarshal(r.Body, &one) // what is no error object is left to the status
		many = []wrapped{one}
	}
	for _, w := range many {
		if w.Error != nil {
			return w.Error.refusal(r)
		}
	}
	return nil
}

// refusal is the first problem of the failure as an error by kind.
func (f *failure) refusal(r *httpkit.Response) *sources.Error {
	family, code, message, request := "", "", f.Message, r.Header.Get("request-id")
	var retry time.Duration
	for _, detail := range f.Details {
		retry = max(retry, delay(detail.RetryDelay))
		if !strings.HasSuffix(detail.Type, ".GoogleAdsFailure") {
			continue
		}
		request = detail.RequestID
		for _, p := range detail.Errors {
			retry = max(retry, delay(p.Details.Quota.RetryDelay))
			if keys := slices.Sorted(maps.Keys(p.ErrorCode)); family == "" && len(keys) > 0 {
				family, code, message = keys[0], p.ErrorCode[keys[0]], p.Message
			}
		}
	}
	kind, next := f.kind(r, family, code)
	words := strings.Join(strings.Fields(strings.Join([]string{f.Status, family, code}, " ")), " ")
	refusal := sources.Errorf(kind, "HTTP %d %s: %s (request %s)", r.Status, sources.Clean(words), sources.Clean(message), sources.Clean(request))
	refusal.Next = next
	if kind == sources.QuotaKind || kind == sources.Unavailable {
		refusal.RetryAfter = max(retry, httpkit.RetryAfter(r.Header))
	}
	if code == expiredPage {
		refusal.RetryAfter = 2 * time.Minute // asking for that page again is no use
	}
	if kind == sources.QuotaKind && refusal.RetryAfter == 0 && code == "RESOURCE_EXHAUSTED" {
		refusal.RetryAfter = time.Hour // a daily cap counts over 24 h that roll
	}
	return refusal
}

// kind decides by the family of the error, and by the status without one.
func (f *failure) kind(r *httpkit.Response, family, code string) (sources.Kind, string) {
	switch family {
	case "quotaError":
		return sources.QuotaKind, ""
	case "internalError":
		return sources.Unavailable, ""
	case "authorizationError":
		return sources.Permission, permissionNext(code)
	case "authenticationError":
		switch code {
		case "CUSTOMER_NOT_FOUND", "CLIENT_CUSTOMER_ID_INVALID":
			return sources.Permission, "check accounts and login_customer_id"
		case "NOT_ADS_USER":
			return sources.Auth, "sign in as a user of a Google Ads account"
		}
		return sources.Auth, "sign in again and replace refresh_token"
	case "requestError":
		if code == expiredPage {
			return sources.Unavailable, ""
		}
		if code == "UNSUPPORTED_VERSION" {
			return sources.Invalid, "adtop needs a newer API version: set version of this source to a living one, or update adtop"
		}
	}
	switch {
	case f.Status == "RESOURCE_EXHAUSTED", r.Status == http.StatusTooManyRequests:
		return sources.QuotaKind, ""
	case f.Status == "UNAUTHENTICATED", r.Status == http.StatusUnauthorized:
		return sources.Auth, "sign in again and replace refresh_token"
	case f.Status == "PERMISSION_DENIED", r.Status == http.StatusForbidden:
		return sources.Permission, ""
	case f.Status == "UNAVAILABLE", f.Status == "INTERNAL", f.Status == "DEADLINE_EXCEEDED", r.Status >= 500:
		return sources.Unavailable, ""
	}
	return sources.Invalid, ""
}

func permissionNext(code string) string {
	switch code {
	case "USER_PERMISSION_DENIED":
		return "set login_customer_id to the manager account, or sign in as a user of the account"
	case "CUSTOMER_NOT_ENABLED":
		return "the account is closed or not set up: leave it out of accounts"
	case "CLOUD_PROJECT_NOT_APPROVED_FOR_PRODUCTION", "DEVELOPER_TOKEN_NOT_APPROVED":
		return "ask Google for production access of the Cloud project that owns client_id"
	}
	return "check what the signed-in user may read"
}

// delay reads a duration such as "40591s"; 0 for anything else.
func delay(text string) time.Duration {
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0
	}
	return max(d, 0)
}
