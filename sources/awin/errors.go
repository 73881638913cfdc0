package awin

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"adtop/sources"
	"adtop/sources/httpkit"
)

// throttled is how long Awin's limit lasts; no header tells.
const throttled = time.Minute

// classify explains a refusal by its status. The words are taken from whatever of
// error, description and message there is.
func classify(r *httpkit.Response) *sources.Error {
	if r.Status/100 == 2 {
		return nil
	}
	var body struct {
		Error       json.RawMessage `json:"error"`
		Description json.RawMessage `json:"description"`
		Message     json.RawMessage `json:"message"`
	}
	said := ""
	if json.Unmarshal(r.Body, &body) == nil {
		var words []string
		for _, raw := range []json.RawMessage{body.Error, body.Description, body.Message} {
			var text string
			if json.Unmarshal(raw, &text) == nil && text != "" {
				words = append(words, text)
			}
		}
		said = ": " + strings.Join(words, ": ")
	}
	refused := func(kind sources.Kind, next string) *sources.Error {
		refusal := sources.Errorf(kind, "HTTP %d%s", r.Status, sources.Clean(said))
		refusal.Next = next
		return refusal
	}
	switch r.Status {
	case http.StatusUnauthorized:
		return refused(sources.Auth, "make a token at ui.awin.com/awin-api and replace token")
	case http.StatusForbidden:
		return refused(sources.Permission, "have the account's owner invite the token's user, or leave the account out of accounts; an advertiser needs the plan Accelerate or Advanced")
	case http.StatusNotFound:
		return refused(sources.Invalid, "check accounts and side")
	case http.StatusTooManyRequests:
		refusal := refused(sources.QuotaKind, "")
		refusal.RetryAfter = max(httpkit.RetryAfter(r.Header), throttled)
		return refusal
	}
	return nil // by status
}
