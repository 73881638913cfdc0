package httpkit

import (
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"sync"
)

const redacted = "[redacted]"

// Redact returns a function that takes secrets out of text, in every form in which
// they travel, and one that makes more of them known: for adapters that write what
// no Client has cleaned.
func Redact(secrets ...string) (clean func(string) string, add func(secrets ...string)) {
	r := newRedactor(secrets)
	return r.clean, r.add
}

// redactor takes known secrets out of text.
type redactor struct {
	mu    sync.RWMutex
	forms []string // longest first, so that a secret within another leaves nothing behind
}

func newRedactor(secrets []string) *redactor {
	r := &redactor{}
	r.add(secrets...)
	return r
}

// add makes secrets known, in the forms in which they travel: as they are, in
// a query, in a path and in JSON. What has fewer than four characters is no
// secret and would garble every text.
func (r *redactor) add(secrets ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, secret := range secrets {
		if len(secret) < 4 {
			continue
		}
		for _, form := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret), inJSON(secret, true), inJSON(secret, false)} {
			if !slices.Contains(r.forms, form) {
				r.forms = append(r.forms, form)
			}
		}
	}
	slices.SortFunc(r.forms, func(a, b string) int { return len(b) - len(a) })
}

// inJSON writes a secret as it stands within a JSON string; encoders differ in
// whether they escape <, > and &.
func inJSON(secret string, escapeHTML bool) string {
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(escapeHTML)
	_ = encoder.Encode(secret) // a string always encodes
	return strings.TrimSuffix(strings.TrimPrefix(text.String(), `"`), "\"\n")
}

func (r *redactor) clean(text string) string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, form := range r.forms {
		text = strings.ReplaceAll(text, form, redacted)
	}
	return text
}

// cleanURL renders an address without the values of parameters that carry
// credentials, known to the redactor or not.
func cleanURL(address *url.URL) string {
	query := address.Query()
	for name := range query {
		if secretName(name) {
			query.Set(name, redacted)
		}
	}
	shown := *address
	shown.User = nil
	shown.RawQuery = query.Encode()
	return shown.String()
}

// secretName says whether a parameter, form field or JSON key of that name
// carries a credential.
func secretName(name string) bool {
	name = strings.ToLower(name)
	for _, part := range []string{"token", "secret", "password", "proof", "api_key", "apikey", "consumer_key", "assertion", "signature"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return name == "code" || name == "key" || name == "sig" // the last signs links to files
}

// cleaned is an error whose text was redacted. Its cause can be tested for,
// but is not handed out.
type cleaned struct {
	text  string
	cause error
}

func (e *cleaned) Error() string { return e.text }

// Is and As look into the cause on behalf of errors.Is and errors.As.
func (e *cleaned) Is(target error) bool { return errors.Is(e.cause, target) }

// As implements errors.As.
func (e *cleaned) As(target any) bool { return errors.As(e.cause, target) }
