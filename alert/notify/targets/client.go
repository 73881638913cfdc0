package targets

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"adtop/alert/notify"
	"adtop/sources"
	"adtop/sources/httpkit"
)

const (
	patience    = 10 * time.Second // with one message, answer included
	maxAnswer   = 4 << 20          // bytes; what comes after them is left unread
	maxPatience = time.Hour        // that a service may ask for: a page must not wait for a week
)

// client speaks HTTP with one service. No error of it names a secret.
type client struct {
	service string // as people call it: it begins the sentences of errors
	http    *http.Client
	clean   func(string) string // takes secrets out of text
}

func newClient(service string, secrets ...string) *client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.IdleConnTimeout = 30 * time.Second
	transport.MaxResponseHeaderBytes = 64 << 10
	clean, _ := httpkit.Redact(secrets...)
	return &client{service, &http.Client{Transport: transport, CheckRedirect: sameHost}, clean}
}

// sameHost lets no redirect carry a message, or a secret, to another place.
func sameHost(r *http.Request, via []*http.Request) error {
	if first := via[0].URL; r.URL.Host != first.Host || r.URL.Scheme != first.Scheme || len(via) > 3 {
		return fmt.Errorf("redirected to %s: if it moved there, change its address in the config", r.URL.Host)
	}
	return nil
}

// request is one call of a service.
type request struct {
	method, url string
	header      http.Header // may be nil
	body        []byte      // JSON; nil for none
}

// answer is what a service said, whatever it was.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// post sends value as JSON.
func (c *client) post(ctx context.Context, url string, header http.Header, value any) (answer, error) {
	body, err := encode(value)
	if err != nil {
		return answer{}, notify.Refused{Err: c.fail(err)}
	}
	return c.do(ctx, request{http.MethodPost, url, header, body})
}

// encode writes JSON without escapes that only a web page needs.
func encode(value any) ([]byte, error) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return bytes.TrimSuffix(body.Bytes(), []byte("\n")), err
}

// do asks once. An answer comes back with its error where the status is none
// of success: notify.Later where the service asks for patience, notify.Refused
// where asking again would not help.
func (c *client) do(ctx context.Context, r request) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	a, err := c.exchange(ctx, r)
	if err != nil {
		return a, c.fail(err)
	}
	if a.status/100 == 2 {
		return a, nil
	}
	err = c.fail(fmt.Errorf("HTTP %d%s", a.status, c.excerpt(a.body)))
	wait := httpkit.RetryAfter(a.header)
	switch {
	case wait > 0 && (a.status == http.StatusTooManyRequests || a.status >= 500):
		return a, notify.Later{After: min(wait, maxPatience), Err: err}
	case a.status == http.StatusTooManyRequests, a.status == http.StatusRequestTimeout, a.status == http.StatusTooEarly:
		return a, err
	case a.status/100 == 4:
		return a, notify.Refused{Err: err}
	}
	return a, err
}

func (c *client) exchange(ctx context.Context, r request) (answer, error) {
	asked, err := http.NewRequestWithContext(ctx, r.method, r.url, bytes.NewReader(r.body))
	if err != nil {
		return answer{}, bare(err)
	}
	if r.header != nil {
		asked.Header = r.header.Clone()
	}
	asked.Header.Set("User-Agent", "adtop")
	if r.body != nil {
		asked.Header.Set("Content-Type", "application/json")
	}
	got, err := c.http.Do(asked)
	if err != nil {
		return answer{}, bare(err)
	}
	defer got.Body.Close()
	body, err := io.ReadAll(io.LimitReader(got.Body, maxAnswer))
	return answer{got.StatusCode, got.Header, body}, err
}

// fail makes a sentence without secrets of what went wrong.
func (c *client) fail(err error) error {
	return errors.New(c.service + ": " + sources.Clean(c.clean(err.Error())))
}

// odd is the error of an answer of success that says something else.
func (c *client) odd(a answer) error {
	return c.fail(fmt.Errorf("HTTP %d, but not the answer of a success%s", a.status, c.excerpt(a.body)))
}

// bare takes the address out of an error: it may be a secret.
func bare(err error) error {
	var within *url.Error
	if errors.As(err, &within) {
		return within.Err
	}
	return err
}

// excerpt quotes the beginning of an answer, "" when it is empty. Secrets go
// first: half of one would not be recognised any more.
func (c *client) excerpt(body []byte) string {
	text := strings.TrimSpace(sources.Clean(c.clean(string(body[:min(len(body), 4096)]))))
	if text == "" {
		return ""
	}
	return fmt.Sprintf(": %q", fit(text, 300, characters, nil))
}

// address checks a URL of the config; the error does not repeat it, since it
// may be a secret.
func address(key, text string) error {
	u, err := url.Parse(text)
	switch {
	case text == "":
		return fmt.Errorf("%s is missing", key)
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return fmt.Errorf("%s: not an address, expected https://…", key)
	}
	return nil
}

// hidden lists what of an address must not be written: all of it, its path, the
// parts of that, what its parameters say, and a password.
func hidden(text string) []string {
	u, err := url.Parse(text)
	if err != nil {
		return []string{text}
	}
	parts := []string{text, u.RequestURI(), u.Path}
	for _, part := range strings.Split(u.Path, "/") {
		if len(part) >= 8 {
			parts = append(parts, part)
		}
	}
	for _, values := range u.Query() {
		parts = append(parts, values...)
	}
	if password, given := u.User.Password(); given {
		parts = append(parts, password)
	}
	return append(parts, u.User.Username())
}
