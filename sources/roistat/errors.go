package roistat

import (
	"bytes"
	"encoding/json"
	"net/http"
	"regexp"
	"time"

	"adtop/sources"
	"adtop/sources/httpkit"
)

// throttled is how long a limit lasts; no header tells.
const throttled = time.Minute

// The beginnings of a good answer, so that it is not read twice.
var good = [][]byte{[]byte(`{"data":[`), []byte(`{"projects":[`)}

// address recognises the words of a refusal of the caller's address.
var address = regexp.MustCompile(`(?i)\bIP\b|IP-адрес|white ?list`)

// classify reads the code of an error, which comes with any status: a refused key has
// HTTP 200 where Use-Http-Code is not heeded.
func classify(r *httpkit.Response) *sources.Error {
	for _, beginning := range good {
		if r.Status == http.StatusOK && bytes.HasPrefix(r.Body, beginning) {
			return nil
		}
	}
	var body struct {
		Status      string `json:"status"`
		Code        string `json:"error"`
		Description string `json:"description"`
		Message     string `json:"message"`
		Details     json.RawMessage
	}
	if json.Unmarshal(r.Body, &body) != nil || body.Status != "error" && body.Code == "" {
		return limited(r, "")
	}
	said := body.Code
	for _, words := range []string{body.Description, body.Message} {
		if words != "" {
			said += ": " + words
		}
	}
	var details struct{ Option string }
	if json.Unmarshal(body.Details, &details) == nil && details.Option != "" {
		said += " (" + details.Option + ")"
	}
	if refusal := limited(r, body.Code); refusal != nil {
		return refusal
	}
	kind, next := meaning(r.Status, body.Code)
	if (kind == sources.Auth || kind == sources.Permission) && address.MatchString(said) {
		kind, next = sources.Permission, "let the address of this computer in: Roistat refuses it, or the network in between does"
	}
	refusal := sources.Errorf(kind, "HTTP %d: %s", r.Status, sources.Clean(said))
	refusal.Next = next
	return refusal
}

// limited is the refusal of too many calls; nil for anything else.
func limited(r *httpkit.Response, code string) *sources.Error {
	if r.Status != http.StatusTooManyRequests && code != "request_limit_error" {
		return nil
	}
	refusal := sources.Errorf(sources.QuotaKind, "HTTP %d: the project's calls are used up, which all its integrations share", r.Status)
	refusal.RetryAfter = max(throttled, httpkit.RetryAfter(r.Header))
	return refusal
}

// meaning is the kind of a code.
func meaning(status int, code string) (kind sources.Kind, next string) {
	switch code {
	case "authentication_failed":
		return sources.Auth, "copy the API key under Profile > Settings in Roistat, replace api_key, and check that its user sees the project"
	case "access_denied":
		return sources.Permission, "give the key's user access to the project, or leave it out of projects"
	case "authorization_failed":
		return sources.Permission, "sign in to the CRM again within the Roistat project: Roistat does not reach it"
	case "option_not_paid", "option_not_available", "option_not_enabled":
		return sources.Permission, "the project's plan lacks what the message names: switch it on in Roistat"
	case "insufficient_funds", "project_frozen":
		return sources.Permission, "pay for the project, or leave it out of projects"
	case "integration_error":
		return sources.Permission, "connect a CRM to the project: without one it has no deals"
	case "resource_not_found":
		return sources.Invalid, "check projects and base_url"
	case "internal_error", "unknown_error":
		return sources.Unavailable, ""
	}
	switch {
	case status == http.StatusUnauthorized:
		return sources.Auth, "copy the API key under Profile > Settings in Roistat and replace api_key"
	case status == http.StatusForbidden, status == http.StatusPaymentRequired:
		return sources.Permission, "give the key's user access to the project, or leave it out of projects"
	case status >= http.StatusInternalServerError:
		return sources.Unavailable, ""
	}
	return sources.Invalid, ""
}
