package httpkit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"adtop/sources"
)

// Options configure a Client. Env, Platform and Base are required.
type Options struct {
	Env      sources.Env
	Platform string   // as people call it, "Google Ads": it begins the sentences of errors
	Base     *url.URL // what Request.Path is relative to; see ParseBase

	// Header goes with every request; it is the place for a fixed token.
	Header http.Header
	// OAuth, when set, puts "Authorization: Bearer …" onto every request.
	OAuth *OAuth
	// Redact lists what must never be written: tokens, secrets, proofs derived
	// from them. What OAuth holds and is issued is added by itself.
	Redact []string

	// Classify recognises the platform's own errors, in answers of any status,
	// 200 included. It returns nil for a good answer and for what it does not
	// know; then the status decides. Errors that it wraps stay reachable to
	// errors.Is and errors.As.
	Classify func(*Response) *sources.Error

	// Private: good answers tell of persons, of their orders or calls. Errors about what
	// cannot be read of one quote nothing of it.
	Private bool

	// Pace, where it is set, is waited for before every attempt.
	Pace *Pace

	XML       bool          // answers are XML, also without its declaration: not everything in angle brackets is a web page
	UserAgent string        // in place of adtop's own, for platforms that want one that names its user
	Timeout   time.Duration // of one attempt, reading the answer included; 0 means a minute
}

const (
	maxBody = 32 << 20 // bytes of an unpacked answer
	tries   = 4        // attempts at one request while the platform is unavailable or throttles
)

// Client asks one platform with one set of credentials. It is safe for
// concurrent use and keeps no goroutine; idle connections are closed with Env.Life.
type Client struct {
	Options
	http    *http.Client
	tokens  *tokens
	secrets *redactor
}

// New returns a client. It does no I/O.
func New(o Options) (*Client, error) {
	if o.Base == nil || o.Base.Host == "" {
		return nil, fmt.Errorf("%s: no base URL", o.Platform)
	}
	if o.Timeout == 0 {
		o.Timeout = time.Minute
	}
	if o.Env.Log == nil {
		o.Env.Log = slog.New(slog.DiscardHandler)
	}
	if o.UserAgent == "" {
		o.UserAgent = userAgent
	}
	transport := newTransport()
	if o.Env.Life != nil {
		context.AfterFunc(o.Env.Life, transport.CloseIdleConnections)
	}
	c := &Client{
		Options: o,
		http:    &http.Client{Transport: introduced{transport, o.UserAgent}, CheckRedirect: checkRedirect},
		secrets: newRedactor(o.Redact),
	}
	if o.OAuth != nil {
		c.secrets.add(o.OAuth.ClientSecret, o.OAuth.RefreshToken)
		c.tokens = newTokens(*o.OAuth, c)
		c.http.Transport = tellRenewals{c.http.Transport, c, o.OAuth.TokenURL}
	}
	return c, nil
}

// introduced names adtop on every request, those for tokens included.
type introduced struct {
	next http.RoundTripper
	name string
}

func (i introduced) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("User-Agent", i.name)
	return i.next.RoundTrip(r)
}

func newTransport() *http.Transport {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.IdleConnTimeout = 30 * time.Second
	transport.MaxResponseHeaderBytes = 1 << 20
	return transport
}

// errElsewhere marks a redirect that would carry credentials to another place.
var errElsewhere = errors.New("redirected to another host")

func checkRedirect(r *http.Request, via []*http.Request) error {
	if !sameOrigin(r.URL, via[0].URL) || len(via) > 3 {
		return fmt.Errorf("%w, %s", errElsewhere, r.URL.Host)
	}
	return nil
}

// Do sends a request and returns the good answer to it.
//
// An unavailable platform is asked again after a growing, jittered pause. A
// throttled request waits as long as the platform says, if that is at most a
// minute; a longer wait is returned as QuotaKind with RetryAfter. An answer of
// kind Auth has the access token renewed once, where there is OAuth. Whatever
// is left after four attempts is the error. When ctx ends Do returns at once,
// with an error that wraps ctx.Err.
func (c *Client) Do(ctx context.Context, r *Request) (*Response, error) {
	renewed := false
	for try := 1; ; try++ {
		if err := c.Pace.wait(ctx, c.Env); err != nil {
			return nil, fmt.Errorf("%s: %w", c.Platform, err)
		}
		response, err := c.attempt(ctx, r)
		if err == nil {
			return response, nil
		}
		if ctx.Err() != nil {
			return nil, fmt.Errorf("%s: %w", c.Platform, ctx.Err())
		}
		refusal := c.refusal(err)
		if refusal.Kind == sources.Auth && c.tokens != nil && !renewed && response != nil && !r.Bare {
			renewed = true
			try--
			c.tokens.forget(ctx, response.token)
			continue
		}
		pause, again := pauseAfter(refusal, try)
		if !again || try >= tries {
			return nil, refusal
		}
		c.Env.Log.Debug("waiting before another try", "source", c.Env.Name, "pause", pause, "try", try, "error", refusal.Error())
		if err := Wait(ctx, c.Env, pause); err != nil {
			return nil, fmt.Errorf("%s: %w", c.Platform, err)
		}
	}
}

// Redacted is a text without the secrets that the client knows, those that OAuth
// was issued among them.
func (c *Client) Redacted(text string) string { return c.secrets.clean(text) }

// JSON sends a request and decodes the answer into what into points to.
func (c *Client) JSON(ctx context.Context, r *Request, into any) error {
	response, err := c.Do(ctx, r)
	if err != nil {
		return err
	}
	return c.Decode(response, into)
}

// attempt asks once. A refused answer comes back together with its error.
func (c *Client) attempt(ctx context.Context, r *Request) (*Response, error) {
	attempt, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	request, err := c.build(attempt, r)
	if err != nil {
		return nil, err
	}
	token := ""
	if c.tokens != nil && !r.Bare {
		if token, err = c.tokens.current(attempt); err != nil {
			return nil, err
		}
		request.Header.Set("Authorization", "Bearer "+token)
	}
	began := time.Now()
	response, err := c.exchange(request)
	if err != nil {
		c.log(request, 0, 0, began, err)
		return nil, err
	}
	response.token = token
	if refusal := c.classify(response); refusal != nil {
		err = refusal
	}
	c.log(request, response.Status, len(response.Body), began, err)
	return response, err
}

// classify asks the adapter first and the status next.
func (c *Client) classify(r *Response) *sources.Error {
	if c.Classify != nil && !c.looksLikeHTML(r) {
		if refusal := c.Classify(r); refusal != nil {
			return refusal
		}
	}
	return c.byStatus(r)
}

// refusal makes a *sources.Error without secrets of any failed attempt.
func (c *Client) refusal(err error) *sources.Error {
	var known *sources.Error
	if !errors.As(err, &known) {
		known = &sources.Error{Kind: sources.Unavailable, Err: err}
	}
	clean := *known
	clean.Err = &cleaned{text: c.Platform + ": " + c.secrets.clean(known.Err.Error()), cause: known.Err}
	clean.Next = c.secrets.clean(known.Next)
	return &clean
}

func (c *Client) log(r *http.Request, status, size int, began time.Time, err error) {
	c.tell(r.Method, r.URL, status, int64(size), began, err)
	if !c.Env.Log.Enabled(r.Context(), slog.LevelDebug) {
		return
	}
	attributes := []any{
		"source", c.Env.Name, "method", r.Method, "url", c.secrets.clean(cleanURL(r.URL)),
		"status", status, "bytes", size, "took", time.Since(began).Round(time.Millisecond),
	}
	if err != nil {
		attributes = append(attributes, "error", c.secrets.clean(err.Error()))
	}
	c.Env.Log.Debug("asked", attributes...)
}
