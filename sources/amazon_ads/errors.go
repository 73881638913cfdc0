package amazonads

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"adtop/sources"
	"adtop/sources/httpkit"
)

// duplicate says that the same report is being built already.
type duplicate struct{ id string }

func (d *duplicate) Error() string { return "report " + d.id + " is the same" }

var duplicatePattern = regexp.MustCompile(`(?i)duplicate of ?: ?([0-9a-f]{8}-[0-9a-f-]{27,})`)

// classify explains a refusal. Amazon's guides differ in the key of the text.
func classify(r *httpkit.Response) *sources.Error {
	if r.Status/100 == 2 {
		return nil
	}
	var body struct {
		Code    json.RawMessage `json:"code"` // a string, and once documented as a number
		Detail  string          `json:"detail"`
		Details string          `json:"details"`
		Message string          `json:"message"`
	}
	if json.Unmarshal(r.Body, &body) != nil {
		return nil
	}
	text := cmp.Or(body.Detail, body.Details, body.Message)
	if text == "" && len(body.Code) == 0 {
		return nil
	}
	kind, next := meaning(r.Status, text)
	if found := duplicatePattern.FindStringSubmatch(text); r.Status == http.StatusTooEarly && found != nil {
		return &sources.Error{Kind: sources.Invalid, Err: fmt.Errorf("HTTP %d: %w", r.Status, &duplicate{strings.ToLower(found[1])})}
	}
	refusal := sources.Errorf(kind, "HTTP %d %s: %s", r.Status, sources.Clean(strings.Trim(string(body.Code), `"`)), sources.Clean(text))
	refusal.Next = next
	if kind == sources.QuotaKind || kind == sources.Unavailable {
		refusal.RetryAfter = httpkit.RetryAfter(r.Header)
	}
	return refusal
}

// meaning goes by the status. For a sign-in that is good but does not reach the
// profile the status is that of a bad sign-in; the words tell them apart.
func meaning(status int, text string) (kind sources.Kind, next string) {
	const permit = "check accounts and regions, and that the signed-in user may view this profile"
	text = strings.ToLower(text)
	switch {
	case status == http.StatusUnauthorized && (strings.Contains(text, "scope") || strings.Contains(text, "advertiser")):
		return sources.Permission, permit
	case status == http.StatusUnauthorized:
		return sources.Auth, "sign in with Amazon again and replace refresh_token"
	case status == http.StatusForbidden:
		return sources.Permission, permit + "; the app itself needs Amazon's approval for the API"
	case status == http.StatusTooManyRequests:
		return sources.QuotaKind, ""
	case status == http.StatusTooEarly, status >= 500:
		return sources.Unavailable, ""
	}
	return sources.Invalid, ""
}
