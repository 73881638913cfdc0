package httpkit

import (
	"io"
	"net/http"
	"net/url"
	"time"

	"adtop/sources"
)

// maxProblem is how many bytes of an error an Exchange carries.
const maxProblem = 300

// tell reports one request and what came of it, without any secret.
func (c *Client) tell(method string, address *url.URL, status int, size int64, began time.Time, err error) {
	if c.Env.Exchanged == nil {
		return
	}
	e := sources.Exchange{Request: method + " " + c.secrets.clean(cleanURL(address)), Status: status, Bytes: size, Took: time.Since(began)}
	if err != nil {
		e.Problem = sources.Clean(c.secrets.clean(err.Error()))
		if len(e.Problem) > maxProblem {
			e.Problem = sources.Clean(e.Problem[:maxProblem]) + "…"
		}
	}
	c.Env.Exchanged(e)
}

// tellRenewals reports what is asked of the token endpoint, which the rest of
// the client does not see. What it answers is not read: all of it is secret.
type tellRenewals struct {
	next   http.RoundTripper
	client *Client
	token  *url.URL
}

func (t tellRenewals) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path != t.token.Path || r.URL.Host != t.token.Host {
		return t.next.RoundTrip(r)
	}
	began := time.Now()
	answer, err := t.next.RoundTrip(r)
	if err != nil {
		t.client.tell(r.Method, r.URL, 0, 0, began, unreached(err))
		return nil, err
	}
	answer.Body = &counted{ReadCloser: answer.Body, done: func(size int64) {
		var refused error
		if answer.StatusCode/100 != 2 {
			refused = sources.Errorf(sources.Auth, "the token endpoint refuses")
		}
		t.client.tell(r.Method, r.URL, answer.StatusCode, size, began, refused)
	}}
	return answer, nil
}

// counted says at its end how much was read of it.
type counted struct {
	io.ReadCloser
	size int64
	done func(size int64)
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.size += int64(n)
	return n, err
}

func (c *counted) Close() error {
	if c.done != nil {
		c.done(c.size)
		c.done = nil
	}
	return c.ReadCloser.Close()
}
