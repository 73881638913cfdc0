package httpkit

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"adtop/sources"
)

// userAgent names adtop; some platforms pack answers only for agents that say
// "gzip".
const userAgent = "adtop (gzip)"

// Request is one question to the platform.
type Request struct {
	Method string      // GET when empty
	Base   *url.URL    // another host of the platform, in place of Options.Base
	Path   string      // relative to the base, as in "v26/customers:listAccessibleCustomers"
	Query  url.Values  // may be nil
	Raw    string      // instead of Query: a query that is encoded already
	Link   string      // instead of Path and Query: an absolute URL from an answer, such as the next page
	Header http.Header // besides Options.Header and over it
	Body   any         // sent as JSON when not nil
	Plain  []byte      // instead of Body: sent as it is, with a Content-Type in Header

	// Bare sends no credentials: for a Link that carries its own. Such a link
	// may also lead to the https hosts whose names end in one of Hosts.
	Bare  bool
	Hosts []string
}

// Response is one answer, whole and unpacked.
type Response struct {
	Status int
	Header http.Header
	Body   []byte

	token string // access token that it was asked with
}

// ParseBase reads a base_url option, or fallback when it is empty. Plain http
// is for what the user wrote down himself: fallbacks are https.
func ParseBase(option, fallback string) (*url.URL, error) {
	if option == "" {
		option = fallback
	}
	base, err := url.Parse(option)
	if err != nil || base.Host == "" || (base.Scheme != "https" && base.Scheme != "http") || base.User != nil || base.RawQuery != "" || base.Fragment != "" {
		return nil, fmt.Errorf("expected a URL such as %s, without user, query and fragment", fallback)
	}
	return base, nil
}

func sameOrigin(a, b *url.URL) bool { return a.Scheme == b.Scheme && strings.EqualFold(a.Host, b.Host) }

// address is where the request goes. A link to another origin is refused: it
// would be sent the credentials.
func (c *Client) address(r *Request) (*url.URL, error) {
	base := cmp.Or(r.Base, c.Base)
	if r.Link == "" {
		address := base.JoinPath(r.Path)
		if address.RawQuery = r.Query.Encode(); r.Raw != "" {
			address.RawQuery = r.Raw
		}
		return address, nil
	}
	link, err := url.Parse(r.Link)
	if err != nil {
		return nil, sources.Errorf(sources.Malformed, "the answer holds a link that is no URL")
	}
	if sameOrigin(link, base) || r.Bare && link.Scheme == "https" && slices.ContainsFunc(r.Hosts, func(end string) bool {
		return strings.HasSuffix(strings.ToLower(link.Hostname()), end)
	}) {
		return link, nil
	}
	return nil, sources.Errorf(sources.Malformed, "the answer links to %s://%s, which is not %s://%s", link.Scheme, link.Host, base.Scheme, base.Host)
}

func (c *Client) build(ctx context.Context, r *Request) (*http.Request, error) {
	address, err := c.address(r)
	if err != nil {
		return nil, err
	}
	var body io.Reader
	if r.Body != nil {
		encoded, err := json.Marshal(r.Body)
		if err != nil {
			return nil, sources.Errorf(sources.Invalid, "request cannot be encoded: %w", err)
		}
		body = bytes.NewReader(encoded)
	} else if r.Plain != nil {
		body = bytes.NewReader(r.Plain)
	}
	request, err := http.NewRequestWithContext(ctx, r.Method, address.String(), body)
	if err != nil {
		return nil, sources.Errorf(sources.Invalid, "request cannot be made: %w", err)
	}
	request.Header.Set("Accept", "application/json")
	if r.Body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if !r.Bare {
		maps.Copy(request.Header, c.Header.Clone())
	}
	maps.Copy(request.Header, r.Header.Clone())
	return request, nil
}

// exchange sends the request and reads the bounded answer.
func (c *Client) exchange(request *http.Request) (*Response, error) {
	answer, err := c.http.Do(request)
	if err != nil {
		return nil, unreached(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxBody+1))
	if err != nil {
		return nil, sources.Errorf(sources.Unavailable, "answer broke off after %d bytes: %w", len(body), err)
	}
	if len(body) > maxBody {
		return nil, sources.Errorf(sources.Malformed, "answer is larger than %d MiB", maxBody>>20)
	}
	return &Response{Status: answer.StatusCode, Header: answer.Header, Body: body}, nil
}

// unreached explains why there was no answer. The address is left out: it
// stands in the log.
func unreached(err error) *sources.Error {
	if errors.Is(err, errElsewhere) {
		refusal := sources.Errorf(sources.Invalid, "%w; not followed, since credentials would go there", errElsewhere)
		refusal.Next = "check base_url"
		return refusal
	}
	var failed *url.Error
	if errors.As(err, &failed) {
		if failed.Timeout() {
			return sources.Errorf(sources.Unavailable, "no answer in time")
		}
		err = failed.Err
	}
	return sources.Errorf(sources.Unavailable, "not reached: %w", err)
}
