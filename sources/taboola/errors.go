package taboola

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"net/http"
	"time"

	"adtop/sources"
	"adtop/sources/httpkit"
)

const checkCredentials = "check client_id and client_secret, on the page API Keys of Realize or with the account manager"

// throttled is how long to stay away from Taboola after too many calls; it does not
// say.
const throttled = time.Minute

// classify explains a refusal by its status. Taboola's own form is JSON; calls without a
// good token are refused in XML, and so may be others.
func classify(r *httpkit.Response) *sources.Error {
	var kind sources.Kind
	next := ""
	switch r.Status {
	case http.StatusUnauthorized:
		kind, next = sources.Auth, checkCredentials
	case http.StatusForbidden:
		kind, next = sources.Permission, "check accounts, and that the user of the credentials may see them"
	case http.StatusNotFound:
		kind, next = sources.Permission, "check accounts: they are names such as acme-us-sc, not numbers"
	case http.StatusBadRequest:
		kind = sources.Invalid
	case http.StatusTooManyRequests:
		kind = sources.QuotaKind
	default:
		return nil // by status
	}
	refusal := sources.Errorf(kind, "HTTP %d%s", r.Status, said(r.Body))
	refusal.Next = next
	if kind == sources.QuotaKind {
		refusal.RetryAfter = max(httpkit.RetryAfter(r.Header), throttled)
	}
	return refusal
}

// said are the words of a refusal, after a colon.
func said(body []byte) string {
	var refusal struct {
		Message string `json:"message" xml:"error_description"`
		Field   string `json:"offending_field" xml:"-"`
	}
	var err error
	if bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("<")) {
		err = xml.Unmarshal(body, &refusal)
	} else {
		err = json.Unmarshal(body, &refusal)
	}
	text := ""
	if err == nil && refusal.Message != "" {
		text = ": " + refusal.Message
	}
	if err == nil && refusal.Field != "" {
		text += " (" + refusal.Field + ")"
	}
	return sources.Clean(text)
}
