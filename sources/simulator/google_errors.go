package simulator

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

const googleRequestID = "V_YzUHhkv35zqntpPk9byg"

// googleRefusal is an error of the API; family and code are the only key of
// errorCode and its value.
type googleRefusal struct {
	status                         int
	statusName, family, code, text string
}

var (
	googleTokenExpired = googleRefusal{http.StatusUnauthorized, "UNAUTHENTICATED", "authenticationError", "OAUTH_TOKEN_EXPIRED", "OAuth token in the header has expired."}
	googleTokenRevoked = googleRefusal{http.StatusUnauthorized, "UNAUTHENTICATED", "authenticationError", "OAUTH_TOKEN_REVOKED", "OAuth token in the header has been revoked."}
	googleNotPermitted = googleRefusal{http.StatusForbidden, "PERMISSION_DENIED", "authorizationError", "USER_PERMISSION_DENIED", "User doesn't have permission to access customer. Note: If you're accessing a client customer, the manager's customer id must be set in the 'login-customer-id' header."}
	googleUnavailable  = googleRefusal{http.StatusServiceUnavailable, "UNAVAILABLE", "internalError", "TRANSIENT_ERROR", "A transient internal error."}
)

// The JSON of an error, as in fixtures of recorded answers.
type (
	googleErrorBody struct {
		Error googleErrorStatus `json:"error"`
	}
	googleErrorStatus struct {
		Code    int             `json:"code"`
		Message string          `json:"message"`
		Status  string          `json:"status"`
		Details []googleFailure `json:"details,omitempty"`
	}
	googleFailure struct {
		Type      string              `json:"@type"`
		Errors    []googleFailedEntry `json:"errors"`
		RequestID string              `json:"requestId"`
	}
	googleFailedEntry struct {
		ErrorCode map[string]string `json:"errorCode"`
		Message   string            `json:"message"`
		Details   *googleQuota      `json:"details,omitempty"`
	}
	googleQuota struct {
		Quota googleQuotaDetails `json:"quotaErrorDetails"`
	}
	googleQuotaDetails struct {
		RateScope  string `json:"rateScope"`
		RateName   string `json:"rateName"`
		RetryDelay string `json:"retryDelay"`
	}
)

// statusMessages are the general sentences beside a GoogleAdsFailure.
var statusMessages = map[string]string{
	"UNAUTHENTICATED":    "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential.",
	"PERMISSION_DENIED":  "The caller does not have permission",
	"INVALID_ARGUMENT":   "Request contains an invalid argument.",
	"RESOURCE_EXHAUSTED": "Resource has been exhausted (e.g. check quota).",
	"UNAVAILABLE":        "The service is currently unavailable.",
}

func googleError(c *call, refusal googleRefusal) answer { return googleErrorWith(c, refusal, nil) }

// googlePlainError has no GoogleAdsFailure, as from Google's front end.
func googlePlainError(status int, name, message string) answer {
	return googleErrorJSON(status, googleErrorBody{googleErrorStatus{Code: status, Message: message, Status: name}}, false)
}

func googleErrorWith(c *call, refusal googleRefusal, quota *googleQuota) answer {
	body := googleErrorBody{googleErrorStatus{Code: refusal.status, Message: refusal.text, Status: refusal.statusName}}
	if refusal.family != "" {
		body.Error.Message = statusMessages[refusal.statusName]
		body.Error.Details = []googleFailure{{
			Type:      "type.googleapis.com/google.ads.googleads." + GoogleVersion + ".errors.GoogleAdsFailure",
			Errors:    []googleFailedEntry{{map[string]string{refusal.family: refusal.code}, refusal.text, quota}},
			RequestID: googleRequestID,
		}}
	}
	return googleErrorJSON(refusal.status, body, strings.HasSuffix(c.path, ":searchStream"))
}

// googleErrorJSON wraps the error into an array where the method streams.
func googleErrorJSON(status int, body googleErrorBody, stream bool) answer {
	var tree any = body
	if stream {
		tree = []googleErrorBody{body}
	}
	text, err := json.Marshal(tree)
	if err != nil {
		panic(err) // plain strings and numbers always marshal
	}
	a := jsonAnswer(status, text)
	a.header.Set("Request-Id", googleRequestID)
	return a
}

// googleFailure answers a fault in Google's form.
func (s *Simulator) googleFailure(c *call) answer {
	switch c.fault.Kind {
	case Throttle:
		return googleThrottled(c)
	case Outage:
		return googleError(c, googleUnavailable)
	case Denied:
		return googleError(c, googleNotPermitted)
	case ExpiredToken:
		s.google.expire()
		return googleError(c, googleTokenExpired)
	case RevokedToken:
		if c.path == tokenPath {
			return googleInvalidGrant()
		}
		return googleError(c, googleTokenRevoked)
	}
	body := `[{"results":7,"fieldMask":"campaign.id","requestId":"` + googleRequestID + `"}]`
	if !strings.HasSuffix(c.path, ":searchStream") {
		body = `{"resourceNames":7,"results":7,"access_token":7}`
	}
	return jsonAnswer(http.StatusOK, []byte(body))
}

// googleThrottled is the daily quota when the wait is long, else the quota of
// queries per second.
func googleThrottled(c *call) answer {
	delay := c.fault.Wait.Round(time.Second)
	refusal := googleRefusal{http.StatusTooManyRequests, "RESOURCE_EXHAUSTED", "quotaError", "RESOURCE_TEMPORARILY_EXHAUSTED", "Too many requests. Retry in " + seconds(delay) + " seconds."}
	details := googleQuotaDetails{"ACCOUNT", "Requests per customer", seconds(delay) + "s"}
	if delay > 15*time.Minute {
		refusal.code = "RESOURCE_EXHAUSTED"
		details.RateScope, details.RateName = "DEVELOPER", "Number of operations for explorer access"
	}
	return googleErrorWith(c, refusal, &googleQuota{details})
}
